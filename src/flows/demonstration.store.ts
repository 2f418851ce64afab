import type { Session } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** One process at a time creates a demonstration's history: a lock of the session, which a process that dies lets go. */
export async function tryLockHistory(conn: Session): Promise<boolean> {
  const { rows } = await statement<{ locked: boolean }>('flows.tryLockHistory')`
    SELECT pg_try_advisory_lock(hashtextextended('demonstration history', 0)) AS locked`.execute(conn);
  return rows[0]?.locked === true;
}

export async function unlockHistory(conn: Session): Promise<void> {
  await statement(
    'flows.unlockHistory',
  )`SELECT pg_advisory_unlock(hashtextextended('demonstration history', 0))`.execute(conn);
}

/** One process at a time moves a simulated clock on. It is let go of with the session. */
export async function tryLockClock(conn: Session): Promise<boolean> {
  const { rows } = await statement<{ locked: boolean }>('flows.tryLockClock')`
    SELECT pg_try_advisory_lock(hashtextextended('simulated clock', 0)) AS locked`.execute(conn);
  return rows[0]?.locked === true;
}

export async function unlockClock(conn: Session): Promise<void> {
  await statement('flows.unlockClock')`SELECT pg_advisory_unlock(hashtextextended('simulated clock', 0))`.execute(conn);
}
