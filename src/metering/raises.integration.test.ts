import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { at, createDeployments, insertAccount, storedUsage } from '../../test/fixtures/metering.ts';
import { insertResource, writeState } from '../../test/fixtures/inventory.ts';
import { assign } from '../deployments/assignments.ts';
import type { Database } from '../platform/database/database.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { diffUsage } from './diff.ts';
import { type ExplainQuery, explainUsage } from './explain/explain.ts';
import { periodStatus } from './finality/attestations.ts';
import { forecastUsage } from './forecast.ts';
import { addKind, addKinds, beginningOfHistory, changeKind, getKind, kindSchema } from './kinds.ts';
import { meterOutstanding, meterRange, outstandingDays } from './meter.ts';
import { openUsageStore } from './records/open.ts';
import { applyRetention } from './retention/retention.ts';
import { selectDeploymentId } from './store.ts';
import { unmeteredKinds, unmeteredUsage } from './unmetered.ts';
import { usageForPeriod } from './usage.ts';

// Worked examples, in June 2026: 30 days, 720 hours. The 95th percentile discards 36 hours of it, the 90th 72.

const day = (text: string) => Temporal.PlainDate.from(text);
const june = { from: day('2026-06-01'), to: day('2026-07-01') };
const afterJune = at('2026-07-01');

let db: Database;
let close: () => Promise<void>;
let account: number;

const bucketKind = (kind: string, aggregation: object) =>
  kindSchema.parse({
    kind,
    title: kind,
    resourceKind: 'spaces_bucket',
    accrual: 'month',
    unit: 'GiB',
    weight: { attribute: 'size_gb' },
    ...aggregation,
  });
const peak = bucketKind('bucket_peak', { aggregation: 'peak' });
const p95 = bucketKind('bucket_p95', { aggregation: 'percentile', percentile: '95.000' });
const p90 = bucketKind('bucket_p90', { aggregation: 'percentile', percentile: 90 });

const buckets: Record<string, number> = {};

/** Sizes of a bucket from each moment on; null: it is gone. */
async function sizes(name: string, of: Record<string, number | null>): Promise<void> {
  const [first = ''] = Object.keys(of);
  buckets[name] ??= await insertResource(db, account, 'spaces_bucket', name, at(first));
  for (const [from, size] of Object.entries(of)) {
    const state = size === null ? null : { name, attributes: { size_gb: size } };
    await writeState(db, buckets[name], state, at(from), null, afterJune);
  }
}

const own = (name: string, slugs: readonly string[], from: string) =>
  assign(
    db,
    { resourceIds: [buckets[name] ?? 0], owners: slugs.map((slug) => ({ slug, weight: 1 })), from: at(from) },
    'test',
    afterJune,
  );

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-06-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch', 'cedar'], at('2026-01-01'));
  // Nothing else is metered.
  await sql`UPDATE metering_config SET enabled = false`.execute(db);
  await addKinds(db, [peak, p95, p90]);
  for (const { kind } of [peak, p95, p90]) await changeKind(db, kind, beginningOfHistory(), { enabled: true });

  await sizes('two days', { '2026-05-01': 40, '2026-06-11': 100, '2026-06-13': 40 });
  await sizes('one day', { '2026-05-01': 40, '2026-06-11': 100, '2026-06-12': 40 });
  await sizes('exactly', { '2026-05-01': 40, '2026-06-11': 100, '2026-06-12T12:00:00Z': 40 });
  await sizes('longer', { '2026-05-01': 40, '2026-06-11': 100, '2026-06-12T12:00:00.000001Z': 40 });
  await sizes('brief', { '2026-06-20': 40, '2026-06-21': null });
  // Moved before the raise, and after it.
  for (const [name, moved] of [
    ['before', '2026-06-10'],
    ['after', '2026-06-12'],
  ] as const) {
    await sizes(name, { '2026-05-01': 40, '2026-06-11': 100, '2026-06-21': 40 });
    await own(name, ['ash'], '2026-05-01');
    await own(name, ['birch'], moved);
  }
  await sizes('shared', { '2026-05-01': 40, '2026-06-11': 100 });
  await own('shared', ['ash', 'birch', 'cedar'], '2026-05-01');
  await meterRange(db, { ...june, now: afterJune });
});
afterAll(() => close());

/** Peak, 95th and 90th percentile that a deployment has of a bucket. */
async function figures(name: string, owner = 'unattributed', to = '2026-07-01'): Promise<(string | undefined)[]> {
  const usage = await storedUsage(db, '2026-06-01', to);
  return [peak, p95, p90].map(({ kind }) => usage[`${owner} ${kind} ${buckets[name]}`]);
}

/** On which days a figure of a bucket was raised, by how much, and whose it is. */
async function raises(name: string, kind: string): Promise<Record<string, string>> {
  const { rows } = await sql<{
    deployment_id: number;
    slug: string;
  }>`SELECT deployment_id, slug FROM deployments`.execute(db);
  const store = await openUsageStore(db);
  const records = await store.listRecords(
    db,
    { scope: 'all', range: june },
    { kind, resourceId: buckets[name] },
    { limit: 1000 },
  );
  return Object.fromEntries(
    records
      .filter((record) => record.quantity !== '0')
      .map((record) => [
        `${record.periodStart.toString().slice(0, 10)} ${rows.find((row) => row.deployment_id === record.deploymentId)?.slug}`,
        record.quantity,
      ]),
  );
}

const explain = (kind: string, deployment: string, query: Partial<ExplainQuery> = {}) =>
  explainUsage(db, { deployment, kind, ...june, audience: 'customer', ...query });

describe('of a bucket of 40 GiB', () => {
  test('that held 100 for two days, 48 hours are more than 36, and less than 72', async () => {
    expect(await figures('two days')).toEqual(['100', '100', '40']);
    // The peak rises at once. A percentile does once its hours are over: 36 after the 1st, and in the second half of the 12th.
    expect(await raises('two days', 'bucket_peak')).toEqual({
      '2026-06-01 unattributed': '40',
      '2026-06-11 unattributed': '60',
    });
    expect(await raises('two days', 'bucket_p95')).toEqual({
      '2026-06-02 unattributed': '40',
      '2026-06-12 unattributed': '60',
    });
    expect(await raises('two days', 'bucket_p90')).toEqual({ '2026-06-04 unattributed': '40' });
  });

  test('that held 100 for one day, 24 hours are discarded', async () => {
    expect(await figures('one day')).toEqual(['100', '40', '40']);
  });

  test('exactly 36 hours are not more than 36, and a microsecond more is', async () => {
    expect(await figures('exactly')).toEqual(['100', '40', '40']);
    expect(await figures('longer')).toEqual(['100', '100', '40']);
  });

  test('that lived for a day, the time in which it is not there counts as 0, and only that day has records', async () => {
    expect(await figures('brief')).toEqual(['40', '0', '0']);
    expect(await figures('brief', 'unattributed', '2026-06-20')).toEqual([undefined, undefined, undefined]);
  });
});

describe('of a bucket that changes hands', () => {
  test('a raise is of whoever owns it then', async () => {
    expect([await figures('before', 'ash'), await figures('before', 'birch')]).toEqual([
      ['40', '40', '40'],
      ['60', '60', '60'],
    ]);
    expect(await figures('after', 'ash')).toEqual(['100', '40', '40']);
    // Birch owns it since the 12th: the peak was raised on the 11th, the percentiles 36 and 72 hours later.
    expect(await figures('after', 'birch')).toEqual(['0', '60', '60']);
    expect(await raises('after', 'bucket_p95')).toEqual({ '2026-06-02 ash': '40', '2026-06-12 birch': '60' });
  });

  test('shares of a raise add up to it', async () => {
    const thirds = await Promise.all(['ash', 'birch', 'cedar'].map((owner) => figures('shared', owner)));
    expect(thirds.map(([of]) => of)).toEqual(['33.333333333', '33.333333334', '33.333333333']);
  });
});

describe('an explanation', () => {
  test('says which level, held how long, how much time above it is discarded, and when it was raised', async () => {
    const explanation = await explain('bucket_p95', 'birch', { audience: 'staff' });
    expect(explanation).toMatchObject({
      aggregation: 'percentile',
      percentile: '95',
      unit: 'GiB',
      quantity: '153.333333334',
      pending: '0',
    });
    const after = explanation.resources.find((resource) => resource.name === 'after');
    expect(after?.quantity).toBe('60');
    expect(after?.months).toEqual([
      {
        month: '2026-06',
        from: '2026-06-01T00:00:00Z',
        to: '2026-07-01T00:00:00Z',
        before: '0',
        level: '100',
        discardedSeconds: '129600',
        heldSeconds: '864000',
        aboveSeconds: '0',
        raises: [{ at: '2026-06-12T12:00:00Z', before: '40', level: '100', share: null, quantity: '60' }],
        more: null,
      },
    ]);
    expect(after?.intervals.map(({ from, level, quantity }) => [from, level, quantity])).toEqual([
      ['2026-06-12T00:00:00Z', '100', '60'],
      ['2026-06-21T00:00:00Z', '40', '0'],
    ]);
    expect(
      (await explain('bucket_p95', 'unattributed')).resources.find(({ name }) => name === 'one day')?.months,
    ).toMatchObject([{ level: '40', discardedSeconds: '129600', heldSeconds: '2592000', aboveSeconds: '86400' }]);
  });

  test('adds up, over days and parts of the month too', async () => {
    for (const [kind, from, to] of [
      ['bucket_peak', '2026-06-01', '2026-07-01'],
      ['bucket_p90', '2026-06-10', '2026-06-13'],
      ['bucket_p95', '2026-05-20', '2026-06-12'],
      ['bucket_p95', '2026-06-12', '2026-07-10'],
    ] as const) {
      for (const deployment of ['ash', 'birch', 'unattributed']) {
        const found = await explain(kind, deployment, { from: day(from), to: day(to) });
        expect([found.explained, found.pending]).toEqual([found.quantity, '0']);
        expect(sumQuantities(found.resources.map((resource) => resource.quantity))).toBe(found.quantity);
        for (const { quantity, intervals, months } of found.resources) {
          expect(sumQuantities(intervals.map((interval) => interval.quantity))).toBe(quantity);
          expect(sumQuantities(months.flatMap((month) => month.raises.map((raise) => raise.quantity)))).toBe(quantity);
        }
      }
    }
  });
});

describe('what else rests on raises', () => {
  test('a forecast is what metering finds if nothing changes', async () => {
    const ids = await Promise.all(['ash', 'birch'].map((slug) => selectDeploymentId(db, slug)));
    const rest = { from: day('2026-06-12'), to: june.to };
    const forecasts = await forecastUsage(db, ids as number[], rest);
    for (const [index, slug] of ['ash', 'birch'].entries()) {
      const { usage } = await usageForPeriod(db, slug, rest.from, rest.to);
      expect(Object.fromEntries(forecasts.get(ids[index] as number) ?? [])).toEqual(usage);
    }
  });

  test('a kind that is not enabled would have had what enabling it meters', async () => {
    await addKind(db, bucketKind('bucket_p99', { aggregation: 'percentile', percentile: '99' }));
    await changeKind(db, 'bucket_p99', day('2026-06-15'), { enabled: true });
    await meterOutstanding(db, { now: afterJune });
    const ash = (await selectDeploymentId(db, 'ash')) ?? 0;
    const before = (await usageForPeriod(db, 'ash', june.from, june.to)).usage.bucket_p99 ?? '0';
    // From the 15th on 40 and 100 GiB of two buckets are another's, a third of 100 is theirs.
    expect(before).toBe('33.333333333');
    const off = (await unmeteredKinds(db, june)).filter((kind) => kind.kind === 'bucket_p99');
    const missed = (await unmeteredUsage(db, [ash], june, off)).get(ash)?.get('bucket_p99');
    await changeKind(db, 'bucket_p99', beginningOfHistory(), { enabled: true });
    await meterOutstanding(db, { now: afterJune });
    const after = (await usageForPeriod(db, 'ash', june.from, june.to)).usage.bucket_p99 ?? '0';
    expect(sumQuantities([before, missed ?? '0'])).toBe(after);
    expect(after).toBe('173.333333333'); // 40 of one, 100 of the other, a third of 100
    await changeKind(db, 'bucket_p99', beginningOfHistory(), { enabled: false });
  });
});

describe('what changes afterwards', () => {
  test('a fact of the 3rd has the days from it to the end of the month looked at, and those of no other month', async () => {
    await meterOutstanding(db, { now: at('2026-07-03') });
    await writeState(
      db,
      buckets['two days'] ?? 0,
      { name: 'two days', attributes: { size_gb: 100 } },
      at('2026-06-03'),
      at('2026-06-04'),
      at('2026-07-03'),
    );
    expect((await outstandingDays(db, at('2026-07-03'))).map(String)).toEqual(
      Array.from({ length: 28 }, (_, index) => day('2026-06-03').add({ days: index }).toString()),
    );
    const { blockers } = await periodStatus(db, {
      from: day('2026-06-20'),
      to: day('2026-06-21'),
      now: at('2026-07-03'),
    });
    expect(blockers.map((blocker) => blocker.reason)).toContain('changes_pending');
    const foretold = await diffUsage(db, { now: at('2026-07-03') });
    const metered = await meterOutstanding(db, { now: at('2026-07-03') });
    // 24 of 36 hours were held by then; the rest of the raise is 24 hours earlier on the 11th.
    expect(metered.filter((one) => one.revision !== null).map((one) => one.day)).toEqual([
      '2026-06-03',
      '2026-06-11',
      '2026-06-12',
    ]);
    expect(foretold.deployments).toMatchObject([
      { kind: 'bucket_p95', change: '0', changed: 2 },
      { kind: 'bucket_peak', change: '0', changed: 2 },
    ]);
    expect(await raises('two days', 'bucket_peak')).toEqual({
      '2026-06-01 unattributed': '40',
      '2026-06-03 unattributed': '60',
    });
    expect(await raises('two days', 'bucket_p95')).toEqual({
      '2026-06-02 unattributed': '40',
      '2026-06-11 unattributed': '60',
    });
    const { rows } = await sql<{ cause: string }>`
      SELECT DISTINCT cause FROM usage_changes WHERE resource_id = ${buckets['two days']}
        AND revision = (SELECT max(revision) FROM metering_runs)`.execute(db);
    expect(rows).toEqual([{ cause: 'state' }]);
  });

  test('levels count from the day on which the kind is enabled, and not on days on which it is not', async () => {
    await changeKind(db, 'bucket_peak', june.from, { enabled: false });
    await changeKind(db, 'bucket_peak', day('2026-06-13'), { enabled: true });
    await meterOutstanding(db, { now: afterJune });
    expect((await figures('one day'))[0]).toBe('40');
    expect(await raises('one day', 'bucket_peak')).toEqual({ '2026-06-13 unattributed': '40' });
    // It was enabled from the 11th on: the days from the 13th, metered as they are configured, are looked at as well.
    await changeKind(db, 'bucket_peak', day('2026-06-11'), { enabled: true });
    expect((await usageForPeriod(db, 'ash', june.from, june.to)).meteredThrough).toBe('2026-06-11');
    await meterOutstanding(db, { now: afterJune });
    expect(await raises('one day', 'bucket_peak')).toEqual({ '2026-06-11 unattributed': '100' });
    expect((await usageForPeriod(db, 'ash', june.from, june.to)).meteredThrough).toBe('2026-07-01');
    await changeKind(db, 'bucket_peak', june.from, { enabled: true });
    await meterOutstanding(db, { now: afterJune });
    expect(await figures('one day')).toEqual(['100', '40', '40']);
  });

  test('a month that is past its retention keeps the figure', async () => {
    await sql`
      INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
      SELECT account_id, 'spaces_bucket', '2026-08-01', '2026-08-01', 'complete' FROM accounts`.execute(db);
    const { usage } = await usageForPeriod(db, 'birch', june.from, june.to);
    await changeKind(db, 'bucket_p95', beginningOfHistory(), { retentionDays: 31 });
    expect(await applyRetention(db, { now: at('2026-08-01') })).toMatchObject([
      { kind: 'bucket_p95', month: '2026-06', outcome: 'retired' },
    ]);
    expect((await usageForPeriod(db, 'birch', june.from, june.to)).usage).toEqual(usage);
    expect(await explain('bucket_p95', 'birch')).toMatchObject({
      quantity: '153.333333334',
      rolledUp: '153.333333334',
      resources: [],
    });
  });
});

test('a kind says what it is of a level, or is refused with a reason', async () => {
  expect(await getKind(db, 'bucket_p95', june.from)).toMatchObject({
    aggregation: 'percentile',
    percentile: '95',
    unit: 'GiB',
  });
  expect(await addKind(db, p95)).toEqual({ added: false });
  await expect(addKind(db, { ...p95, percentile: '94' })).rejects.toMatchObject({ code: 'kind_exists' });
  expect((await getKind(db, 'droplet_hours', june.from)).aggregation).toBe('sum');
  const refused = (fields: object) =>
    kindSchema
      .safeParse({ ...peak, ...fields })
      .error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  expect(refused({ accrual: 'hours' })).toEqual([
    'accrual must be month: a peak is a level that was held, not a level times hours',
  ]);
  expect(refused({ aggregation: 'percentile' })).toEqual(["percentile is missing: which percentile, such as '95'"]);
  expect(refused({ percentile: '95' })).toEqual([
    'percentile has no meaning beside the aggregation peak: say percentile',
  ]);
  for (const percentile of ['0', '0.000', '100.001', '95.0001', '-1', '1e2', 101, Number.NaN]) {
    expect(refused({ aggregation: 'percentile', percentile })).toHaveLength(1);
  }
  for (const percentile of ['100', '0.001', 99.9])
    expect(refused({ aggregation: 'percentile', percentile })).toBeUndefined();
});
