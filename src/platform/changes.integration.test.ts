import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import type { UnitOfWork } from './database/database.ts';
import { readWatermark, type Topic } from './changes.ts';
import { nestedDatabase } from './database/nested-database.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

async function append(trx: UnitOfWork, topic: Topic): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
    VALUES (${topic}, 1, '2026-05-01', '2026-05-02', 'test', '2026-05-03') RETURNING change_id AS id`.execute(trx);
  return rows[0]?.id as number;
}

test('the position waits for a writer that drew a lower id and commits later', async () => {
  expect(await readWatermark(db)).toBe(0);
  const slow = Promise.withResolvers<void>();
  const drawn = Promise.withResolvers<number>();
  const writing = db.transaction().execute(async (trx) => {
    drawn.resolve(await append(trx, 'usage'));
    await slow.promise;
  });
  const low = await drawn.promise;
  const high = await db.transaction().execute((trx) => append(trx, 'resource'));
  expect(high).toBeGreaterThan(low);

  let read = false;
  const reading = readWatermark(db).then((position) => {
    read = true;
    return position;
  });
  // It waits on a lock by now, or never will.
  for (;;) {
    const { rows } = await sql`SELECT FROM pg_locks WHERE NOT granted AND relation = 'changes'::regclass`.execute(db);
    if (rows.length > 0 || read) break;
  }
  expect(read).toBe(false);
  slow.resolve();
  await writing;
  expect(await reading).toBe(high);
  expect(await readWatermark(db, ['usage'])).toBe(low);
  expect(await readWatermark(db, ['resource', 'ownership'])).toBe(high);
});

test('within a transaction that goes on, its reader holds up no writer', async () => {
  await db.transaction().execute(async (trx) => {
    const before = await readWatermark(nestedDatabase(trx));
    const after = await db.transaction().execute((other) => append(other, 'usage'));
    expect(after).toBeGreaterThan(before);
    expect(await readWatermark(nestedDatabase(trx))).toBe(after);
  });
});
