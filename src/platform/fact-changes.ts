import { sql } from 'kysely';
import type { Database } from './database/database.ts';

/**
 * Reads a position in fact_changes up to which nothing is missing: every change with an id at
 * or below it is committed and visible, and none can still appear there.
 *
 * The largest visible id alone is no such position: a writer that drew a lower id may commit
 * later. SHARE MODE waits for the writers under way (an INSERT holds ROW EXCLUSIVE from before
 * it draws its ids until it commits) and lets go at once, in a transaction of its own.
 *
 * Never call it inside a transaction that has itself appended changes.
 */
export async function readFactWatermark(db: Database): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE fact_changes IN SHARE MODE`.execute(trx);
    const { rows } = await sql<{ position: number }>`
      SELECT coalesce(max(fact_change_id), 0) AS position FROM fact_changes`.execute(trx);
    return rows[0]?.position ?? 0;
  });
}
