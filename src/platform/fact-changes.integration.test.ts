import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import type { Transaction } from './database/database.ts';
import { readFactWatermark } from './fact-changes.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

async function append(trx: Transaction): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    INSERT INTO fact_changes (resource_id, valid_from, valid_to, cause, recorded_at)
    VALUES (1, '2026-05-01', '2026-05-02', 'test', '2026-05-03') RETURNING fact_change_id AS id`.execute(trx);
  return rows[0]?.id as number;
}

test('the position waits for a writer that drew a lower id and commits later', async () => {
  expect(await readFactWatermark(db)).toBe(0);
  const slow = Promise.withResolvers<void>();
  const drawn = Promise.withResolvers<number>();
  const writing = db.transaction().execute(async (trx) => {
    drawn.resolve(await append(trx));
    await slow.promise;
  });
  const low = await drawn.promise;
  const high = await db.transaction().execute(append);
  expect(high).toBeGreaterThan(low);

  let read = false;
  const reading = readFactWatermark(db).then((position) => {
    read = true;
    return position;
  });
  // It waits on a lock by now, or never will.
  for (;;) {
    const { rows } = await sql`SELECT FROM pg_locks WHERE NOT granted AND relation = 'fact_changes'::regclass`.execute(
      db,
    );
    if (rows.length > 0 || read) break;
  }
  expect(read).toBe(false);
  slow.resolve();
  await writing;
  expect(await reading).toBe(high);
});
