import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../test/clickhouse/server.ts';
import type { Database } from '../platform/database/database.ts';
import { toBillionths } from '../platform/quantity.ts';
import { build, fact, windows } from '../../test/metering/histories.ts';
import { meterRange, outstandingDays } from './meter.ts';
import { expectedUsage, setGranularity, storedBytes, storedUsage } from '../../test/fixtures/metering.ts';
import type { DayRange } from './period.ts';
import { moveUsage } from './records/move/move.ts';
import { openUsageStore, useClickHouse } from './records/open.ts';
import { recordsMax } from './records/usage-store.ts';

const histories = fc.record({
  window: fc.constantFrom(...windows),
  granularity: fc.constantFrom('day' as const, 'hour' as const),
  before: fc.array(fact, { maxLength: 12 }),
  behind: fc.array(fact, { minLength: 1, maxLength: 12 }),
});

let server: ClickHouseServer | undefined;
afterAll(() => server?.close());

async function noReturn(): Promise<void> {}

/** Moves usage back to PostgreSQL: what stands there, and what stood after each revision, is the same. */
async function moveBack(db: Database, range: DayRange): Promise<void> {
  const { rows } = await sql<{ last: number }>`SELECT max(revision) AS last FROM metering_runs`.execute(db);
  const revisions = Array.from({ length: rows[0]?.last ?? 0 }, (_, index) => index + 1);
  const versions = async () => {
    const store = await openUsageStore(db);
    return Promise.all(
      revisions.map((asOfRevision) =>
        store.listRecords(db, { scope: 'all', range, asOfRevision }, {}, { limit: recordsMax }),
      ),
    );
  };
  const before = await versions();
  await moveUsage(db, 'postgresql', { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  expect(await versions()).toEqual(before);
}

/** Each store with how often it is tried: ClickHouse takes a request where PostgreSQL takes a statement. */
const stores = [
  { store: 'PostgreSQL', numRuns: soakRuns(3), use: async (_db: Database) => ({ async close() {} }), leave: noReturn },
  { store: 'ClickHouse', numRuns: soakRuns(1), use: moveToClickHouse, leave: moveBack },
] as const;

async function moveToClickHouse(db: Database): Promise<{ close(): Promise<void> }> {
  server ??= await startClickHouse();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(db, clickHouse, { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  return { close };
}

test.each(stores)(
  'in $store, conservation, whole ownership, additivity and idempotence hold over histories that change behind the meter',
  async ({ numRuns, use, leave }) => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ window, granularity, before, behind }) => {
        const { db, world, close } = await build(window);
        const used = await use(db);
        try {
          await setGranularity(db, window.from, granularity);
          const range = { from: Temporal.PlainDate.from(window.from), to: Temporal.PlainDate.from(window.to) };
          for (const step of before) await world.apply(step);
          await meterRange(db, { ...range, now: world.now });
          for (const step of behind) await world.apply(step);
          await meterRange(db, { ...range, now: world.now });

          // What is stored is what a second, slow metering of the same facts says.
          const stored = await storedUsage(db, window.from, window.to);
          expect(stored).toEqual(await expectedUsage(db, window.from, window.to));
          expect(await fleetUsage(stored)).toEqual(await fleetUsage(await wholeOwnersUsage(db, window)));

          // Idempotence: nothing is outstanding, a verification finds nothing, no byte differs.
          const bytes = await storedBytes(db);
          const outstanding = await outstandingDays(db, world.now);
          expect(
            outstanding.filter(
              (day) =>
                Temporal.PlainDate.compare(day, range.from) >= 0 && Temporal.PlainDate.compare(day, range.to) < 0,
            ),
          ).toEqual([]);
          for (const day of await meterRange(db, { ...range, now: world.now, verify: true }))
            expect(day.revision).toBeNull();
          expect(await storedBytes(db)).toBe(bytes);

          // Additivity: the other granularity, side by side, gives the same sums.
          await setGranularity(db, window.from, granularity === 'day' ? 'hour' : 'day');
          await meterRange(db, { ...range, now: world.now });
          expect(await storedUsage(db, window.from, window.to)).toEqual(stored);

          await leave(db, range);
          for (const day of await meterRange(db, { ...range, now: world.now, verify: true }))
            expect(day.revision).toBeNull();
          expect(await storedUsage(db, window.from, window.to)).toEqual(stored);
        } finally {
          await used.close();
          await close();
        }
      }),
      { numRuns },
    );
  },
  300_000,
);

/** Sums by resource and kind, whoever owned it. */
async function fleetUsage(usage: Record<string, string>): Promise<Record<string, string>> {
  const sums: Record<string, bigint> = {};
  for (const [key, quantity] of Object.entries(usage)) {
    const resource = key.slice(key.indexOf(' ') + 1);
    sums[resource] = (sums[resource] ?? 0n) + toBillionths(quantity);
  }
  return Object.fromEntries(Object.entries(sums).map(([key, value]) => [key, value.toString()]));
}

/** The fleet's own usage: as if one owner had owned everything. */
async function wholeOwnersUsage(db: Database, window: { from: string; to: string }): Promise<Record<string, string>> {
  const kept = new Error('rolled back');
  let usage: Record<string, string> = {};
  await db
    .transaction()
    .execute(async (trx) => {
      await sql`DELETE FROM attributions`.execute(trx);
      await sql`
        INSERT INTO attributions (resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at)
        SELECT resource_id, (SELECT min(owner_set_id) FROM owner_sets), '-infinity', 'infinity', '2026-01-01', 'infinity'
        FROM resources`.execute(trx);
      usage = await expectedUsage(trx, window.from, window.to);
      throw kept;
    })
    .catch((error: unknown) => {
      if (error !== kept) throw error;
    });
  return usage;
}
