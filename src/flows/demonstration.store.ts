import { sql } from 'kysely';
import type { Session } from '../platform/database/database.ts';

/** One process at a time creates a demonstration's history: a lock of the session, which a process that dies lets go. */
export async function tryLockHistory(conn: Session): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    SELECT pg_try_advisory_lock(hashtextextended('demonstration history', 0)) AS locked`.execute(conn);
  return rows[0]?.locked === true;
}

export async function unlockHistory(conn: Session): Promise<void> {
  await sql`SELECT pg_advisory_unlock(hashtextextended('demonstration history', 0))`.execute(conn);
}
