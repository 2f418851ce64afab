import { soaking, soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../test/clickhouse/server.ts';
import { discarded, type Held, naiveRecords, sortedPercentile, valueAt } from '../../test/fixtures/naive-peaks.ts';
import { build, fact, windows } from '../../test/metering/histories.ts';
import type { Database } from '../platform/database/database.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { diffUsage } from './diff.ts';
import { addKind, beginningOfHistory, changeKind, kindSchema } from './kinds.ts';
import { meterOutstanding, meterRange, outstandingDays } from './meter.ts';
import { moveUsage } from './records/move/move.ts';
import { openUsageStore, useClickHouse } from './records/open.ts';
import { type UsageRecord, recordsMax } from './records/usage-store.ts';

// Laws of peaks and percentiles, over levels, owners, shares, starts, days without metering and definitions that
// change behind the meter. What is stored is compared with the definition of V itself, not with the way it is found.

const hour = 3_600_000_000n;
const levels = fc
  .array(
    fc.tuple(
      fc.bigInt({ min: 0n, max: 4n }),
      fc.bigInt({ min: 1n, max: 40n * hour }),
      fc.bigInt({ min: 0n, max: 9n * hour }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((pieces) => {
    const held: Held[] = [];
    let from = 0n;
    for (const [level, length, gap] of pieces) {
      held.push({ level, from: from + gap, to: from + gap + length });
      from += gap + length;
    }
    return held;
  });
const percentiles = fc.integer({ min: 1, max: 100_000 });

test('V never falls, and at the end of the month it is the percentile of its sorted samples', () => {
  fc.assert(
    fc.property(levels, percentiles, fc.constantFrom(28n, 29n, 30n, 31n), (held, thousandths, days) => {
      const month = days * 24n * hour;
      const discard = discarded(month, thousandths);
      expect(valueAt(month, held, discard)).toBe(sortedPercentile(month, held, discard));
      let before = 0n;
      for (let t = 0n; t <= month; t += 7n * hour) {
        const value = valueAt(t, held, discard);
        expect(value >= before).toBe(true);
        before = value;
      }
      expect(valueAt(month, held, 0n)).toBe(held.reduce((most, { level }) => (level > most ? level : most), 0n));
    }),
    { numRuns: soakRuns(200) },
  );
});

/** A kind of each sort: by a size, a percentile of it, and by a state. */
const kindsAt = (thousandths: number) => [
  {
    slug: 'peak_gib',
    thousandths: 100_000,
    of: { resourceKind: 'volume', aggregation: 'peak', weight: { attribute: 'size_gb' } },
  },
  {
    slug: 'percentile_gib',
    thousandths,
    of: {
      resourceKind: 'snapshot',
      aggregation: 'percentile',
      percentile: String(thousandths / 1000),
      weight: { attribute: 'size_gb' },
    },
  },
  {
    slug: 'percentile_running',
    thousandths,
    of: {
      resourceKind: 'droplet',
      aggregation: 'percentile',
      percentile: String(thousandths / 1000),
      statuses: ['active'],
    },
  },
];
const kindSlugs = ['peak_gib', 'percentile_gib', 'percentile_running'] as const;

const configure = fc.record({
  type: fc.constant('configure' as const),
  kind: fc.constantFrom(...kindSlugs),
  day: fc.nat(5),
  change: fc.oneof(
    fc.record({ enabled: fc.boolean() }),
    fc.record({ granularity: fc.constantFrom('day' as const, 'hour' as const) }),
    fc.record({ statuses: fc.constantFrom<(string[] | null)[]>(null, ['active'], ['off']) }),
  ),
});
const step = fc.oneof({ weight: 6, arbitrary: fact }, { weight: 1, arbitrary: configure });
const histories = fc.record({
  window: fc.constantFrom(...windows),
  thousandths: fc.constantFrom(100_000, 99_500, 97_123, 95_000, 92_500),
  steps: fc.array(step, { minLength: 6, maxLength: 14 }),
  behind: fc.array(step, { minLength: 1, maxLength: 6 }),
});

let server: ClickHouseServer | undefined;
afterAll(() => server?.close());

async function moveToClickHouse(db: Database): Promise<{ close(): Promise<void> }> {
  server ??= await startClickHouse();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(db, clickHouse, { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  return { close };
}

/** ClickHouse, which takes minutes, in a soak only: the conformance suite holds it to the same definition each time. */
const stores = [
  { store: 'PostgreSQL', numRuns: soakRuns(2), use: async (_: Database) => ({ async close() {} }) },
  ...(soaking ? [{ store: 'ClickHouse', numRuns: soakRuns(1), use: moveToClickHouse }] : []),
];

test.each(stores)(
  'in $store, records are what the definition says, whatever changes behind the meter, and add up',
  async ({ numRuns, use }) => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ window, thousandths, steps, behind }) => {
        const { db, world, close } = await build(window);
        const used = await use(db);
        try {
          const kinds = kindsAt(thousandths);
          for (const { slug, of } of kinds) {
            await addKind(db, kindSchema.parse({ kind: slug, title: slug, accrual: 'month', unit: 'GiB', ...of }));
            await changeKind(db, slug, beginningOfHistory(), { enabled: true });
          }
          const range = { from: Temporal.PlainDate.from(window.from), to: Temporal.PlainDate.from(window.to) };
          const apply = async (one: (typeof steps)[number]) => {
            if (one.type !== 'configure') await world.apply(one);
            else await changeKind(db, one.kind, range.from.add({ days: one.day }), one.change);
          };
          const read = async () => {
            const { listRecords } = await openUsageStore(db);
            return (await listRecords(db, { scope: 'all', range }, {}, { limit: recordsMax })).filter((record) =>
              kinds.some(({ slug }) => slug === record.kind),
            );
          };
          const names = await deploymentNames(db);
          for (const one of steps) await apply(one);
          await meterRange(db, { ...range, now: world.now });
          expect(byKey(await read(), names)).toEqual(await naiveRecords(db, window, kinds));

          // What has changed since is found by itself, and nothing but that.
          for (const one of behind) await apply(one);
          const foretold = await diffUsage(db, { range, now: world.now });
          const before = await read();
          await meterOutstanding(db, { now: world.now });
          const records = await read();
          expect(byKey(records, names)).toEqual(await naiveRecords(db, window, kinds));
          const written = records.filter(
            (record) => !before.some((old) => old.revision === record.revision && isSame(old, record)),
          );
          if (written.length > 0) expect(foretold.differs).toBe(true);
          for (const record of written)
            expect(before.find((old) => isSame(old, record))?.quantity).not.toBe(record.quantity);
          expect(
            (await outstandingDays(db, world.now)).filter((day) => Temporal.PlainDate.compare(day, range.to) < 0),
          ).toEqual([]);
          for (const day of await meterRange(db, { ...range, now: world.now, verify: true }))
            expect(day.revision).toBeNull();

          // By the other granularity it is the same, on every day.
          for (const { slug } of kinds) await changeKind(db, slug, beginningOfHistory(), { granularity: 'hour' });
          await meterRange(db, { ...range, now: world.now });
          expect(byDay(await read(), names)).toEqual(byDay(records, names));
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

async function deploymentNames(db: Database): Promise<Map<number, string>> {
  const rows = await db
    .selectFrom('deployments' as never)
    .select(['deployment_id', 'slug'] as never)
    .execute();
  return new Map((rows as { deployment_id: number; slug: string }[]).map((row) => [row.deployment_id, row.slug]));
}

function isSame(a: UsageRecord, b: UsageRecord): boolean {
  return (
    a.deploymentId === b.deploymentId &&
    a.kind === b.kind &&
    a.resourceId === b.resourceId &&
    a.granularity === b.granularity &&
    a.periodStart.equals(b.periodStart)
  );
}

function byKey(records: readonly UsageRecord[], names: ReadonlyMap<number, string>): Record<string, string> {
  return Object.fromEntries(
    records.map(({ deploymentId, kind, resourceId, periodStart, granularity, quantity }) => [
      `${names.get(deploymentId)} ${kind} ${resourceId} ${periodStart.epochNanoseconds / 1000n} ${granularity}`,
      quantity,
    ]),
  );
}

function byDay(records: readonly UsageRecord[], names: ReadonlyMap<number, string>): Record<string, string> {
  const sums: Record<string, string> = {};
  for (const { deploymentId, kind, resourceId, periodStart, quantity } of records) {
    const key = `${names.get(deploymentId)} ${kind} ${resourceId} ${periodStart.toString().slice(0, 10)}`;
    sums[key] = sumQuantities([sums[key] ?? '0', quantity]);
  }
  return sums;
}
