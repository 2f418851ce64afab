import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { assign } from '../deployments/assignments.ts';
import { insertLiving, insertResource, writeState } from '../../test/fixtures/inventory.ts';
import { connectAccount } from '../inventory/accounts.ts';
import { generateSecretKey, parseSecretKey } from '../platform/secrets/crypto.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { readWatermark } from '../platform/changes.ts';
import { bringLevelsUpToDate } from './levels.ts';
import { meterDay, meterOutstanding, meterRange, outstandingDays } from './meter.ts';
import {
  at,
  createDeployments,
  expectedUsage,
  insertAccount,
  setGranularity,
  storedUsage,
} from '../../test/fixtures/metering.ts';
import { usageForPeriod, usageOfAll } from './usage.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const may = { from: day('2026-05-01'), to: day('2026-06-01') };
const afterMay = at('2026-06-01');

let db: Database;
let close: () => Promise<void>;
let account: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch', 'cedar'], at('2026-01-01'));
});
afterAll(() => close());

async function own(resource: number, slugs: readonly string[], from: string, to?: string): Promise<void> {
  const owners = slugs.map((slug) => ({ slug, weight: 1 }));
  const range = to === undefined ? { from: at(from) } : { from: at(from), to: at(to) };
  await assign(db, { resourceIds: [resource], owners, ...range }, 'test', afterMay);
}

async function changes(): Promise<number> {
  const { rows } = await sql<{ changes: number }>`
    SELECT (SELECT count(*) FROM usage_changes) + (SELECT count(*) FROM metering_runs) AS changes`.execute(db);
  return rows[0]?.changes ?? 0;
}

describe('a month', () => {
  let server: number;
  let shared: number;

  test('adds up to the hours, the GiB-months and the shares that were had', async () => {
    server = await insertLiving(db, account, 'droplet', 'server', {}, at('2026-04-10'));
    shared = await insertLiving(db, account, 'droplet', 'shared', {}, at('2026-05-01'));
    const brief = await insertLiving(db, account, 'droplet', 'brief', {}, at('2026-05-20T10:00:00Z'));
    const snapshot = await insertLiving(
      db,
      account,
      'snapshot',
      'snapshot',
      { attributes: { size_gb: 100 } },
      at('2026-04-01'),
    );
    await writeState(db, brief, null, at('2026-05-20T10:00:40Z'), null, at('2026-05-20T10:00:40Z'));
    await writeState(
      db,
      server,
      { status: 'off' },
      at('2026-05-05T12:00:00Z'),
      at('2026-05-07T06:00:00Z'),
      at('2026-05-07'),
    );
    for (const resource of [server, brief, snapshot]) await own(resource, ['ash'], '2026-04-01');
    await own(shared, ['ash', 'birch', 'cedar'], '2026-05-01');
    await meterRange(db, { ...may, now: afterMay });

    expect(await storedUsage(db, '2026-05-01', '2026-06-01')).toEqual({
      [`ash droplet_hours ${server}`]: '702', // 744 less 42 while off
      [`ash droplet_hours ${brief}`]: '0.011111111', // 40 s
      [`ash droplet_hours ${shared}`]: '248',
      [`birch droplet_hours ${shared}`]: '248',
      [`cedar droplet_hours ${shared}`]: '248',
      [`ash droplet_snapshot_gb_month ${snapshot}`]: '100',
    });
    expect(await usageForPeriod(db, 'ash', may.from, may.to)).toEqual({
      deployment: 'ash',
      from: '2026-05-01',
      to: '2026-06-01',
      meteredThrough: '2026-06-01',
      usage: { droplet_hours: '950.011111111', droplet_snapshot_gb_month: '100' },
    });
  });

  test('a day spent off is a record of 0', async () => {
    const { rows } = await sql<{ quantity: string }>`
      SELECT trim_scale(quantity) AS quantity FROM usage_records
      WHERE resource_id = ${server} AND period_start = '2026-05-06'`.execute(db);
    expect(rows).toEqual([{ quantity: '0' }]);
  });

  test('metered again, it writes nothing', async () => {
    const before = await changes();
    for (const metered of await meterRange(db, { ...may, now: afterMay })) expect(metered.cause).toBeNull();
    expect(await changes()).toBe(before);
  });

  test('a backdated move leaves nothing behind, touches no other record, and keeps what was there', async () => {
    await own(server, ['cedar'], '2026-05-30');
    expect((await outstandingDays(db, afterMay)).map(String)).toEqual(['2026-05-30', '2026-05-31']);
    const metered = await meterOutstanding(db, { now: afterMay });
    expect(metered.map(({ cause, inserted, changed, deleted }) => ({ cause, inserted, changed, deleted }))).toEqual([
      { cause: 'changes', inserted: 1, changed: 0, deleted: 1 },
      { cause: 'changes', inserted: 1, changed: 0, deleted: 1 },
    ]);
    const usage = await storedUsage(db, '2026-05-01', '2026-06-01');
    expect(usage[`ash droplet_hours ${server}`]).toBe('654');
    expect(usage[`cedar droplet_hours ${server}`]).toBe('48');
    const { rows } = await sql<{ old_quantity: string | null; new_quantity: string | null }>`
      SELECT trim_scale(old_quantity) AS old_quantity, trim_scale(new_quantity) AS new_quantity
      FROM usage_changes ORDER BY usage_change_id`.execute(db);
    expect(rows).toContainEqual({ old_quantity: '24', new_quantity: null });
    expect(rows).toContainEqual({ old_quantity: null, new_quantity: '24' });
  });

  test('by the hour it is the same, and back again', async () => {
    const daily = await storedUsage(db, '2026-05-01', '2026-06-01');
    await setGranularity(db, '2026-05-10', 'hour');
    for (const metered of await meterOutstanding(db, { now: afterMay })) expect(metered.cause).toBe('config');
    expect(await storedUsage(db, '2026-05-01', '2026-06-01')).toEqual(daily);
    const { rows } = await sql<{ granularity: string; records: number }>`
      SELECT granularity, count(*) AS records FROM usage_records WHERE resource_id = ${shared}
      GROUP BY 1 ORDER BY 1`.execute(db);
    expect(rows).toEqual([
      { granularity: 'day', records: 9 * 3 },
      { granularity: 'hour', records: 22 * 24 * 3 },
    ]);
    await setGranularity(db, '2026-05-10', 'day');
    await meterOutstanding(db, { now: afterMay });
    expect(await storedUsage(db, '2026-05-01', '2026-06-01')).toEqual(daily);
  });

  test('a kind that is enabled later is metered back to the beginning', async () => {
    await sql`
      UPDATE metering_config SET enabled = true WHERE billing_kind_id =
        (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'droplet_provisioned_hours')`.execute(db);
    await meterOutstanding(db, { now: afterMay });
    const usage = (await usageOfAll(db, may.from, may.to)).find((each) => each.deployment === 'cedar')?.usage;
    expect(usage).toEqual({ droplet_hours: '296', droplet_provisioned_hours: '296' });
    await sql`
      UPDATE metering_config SET enabled = false WHERE billing_kind_id =
        (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'droplet_provisioned_hours')`.execute(db);
    await meterOutstanding(db, { now: afterMay });
    expect(await usageForPeriod(db, 'cedar', may.from, may.to)).toMatchObject({ usage: { droplet_hours: '296' } });
  });

  test('one that changes owner, size and power within an hour is cut to the microsecond', async () => {
    const disk = await insertResource(db, account, 'snapshot', 'restless', at('2026-05-20'));
    const attributes = (size: number) => ({ attributes: { size_gb: size } });
    await writeState(db, disk, attributes(744), at('2026-05-20T08:00:00Z'), at('2026-05-20T08:30:00Z'), afterMay);
    await writeState(db, disk, attributes(1488), at('2026-05-20T08:30:00Z'), at('2026-05-20T09:00:00Z'), afterMay);
    await own(disk, ['ash'], '2026-05-20', '2026-05-20T08:15:00Z');
    await own(disk, ['birch'], '2026-05-20T08:15:00Z', '2026-05-20T08:45:00Z');
    await meterOutstanding(db, { now: afterMay });
    const usage = await storedUsage(db, '2026-05-01', '2026-06-01');
    expect(usage[`ash droplet_snapshot_gb_month ${disk}`]).toBe('0.25');
    expect(usage[`birch droplet_snapshot_gb_month ${disk}`]).toBe('0.75');
    expect(usage[`unattributed droplet_snapshot_gb_month ${disk}`]).toBe('0.5');
  });
});

describe('refusals', () => {
  test('a day that has not ended, a range that is reversed or too long, an unknown deployment', async () => {
    await expect(meterDay(db, day('2026-06-01'), { now: at('2026-06-01T23:59:59Z') })).rejects.toMatchObject({
      code: 'period_incomplete',
    });
    await expect(usageForPeriod(db, 'ash', may.to, may.from)).rejects.toMatchObject({ code: 'range_reversed' });
    await expect(usageForPeriod(db, 'ash', day('2026-01-01'), day('2027-01-03'))).rejects.toMatchObject({
      code: 'range_too_large',
    });
    await expect(usageForPeriod(db, 'nobody', may.from, may.to)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('nothing is metered before an account is', async () => {
    expect((await usageForPeriod(db, 'ash', day('2026-04-01'), day('2026-05-01'))).usage).toEqual({});
  });
});

test('a change that commits behind the watermark cuts no level that stood before', async () => {
  const droplet = await insertLiving(db, account, 'droplet', 'cut', {}, at('2026-05-02'));
  await meterOutstanding(db, { now: afterMay });
  await sql`DROP TABLE usage_records_day_20260503`.execute(db);
  await sql`DELETE FROM metered_days WHERE day = '2026-05-03'`.execute(db);
  await writeState(db, droplet, { status: 'off' }, at('2026-05-06T12:00:00Z'), null, afterMay);
  const watermark = await readWatermark(db);
  await writeState(db, droplet, { status: 'off' }, at('2026-05-04T12:00:00Z'), null, afterMay);
  await bringLevelsUpToDate(db, watermark);
  await meterOutstanding(db, { now: afterMay });
  const usage = await storedUsage(db, '2026-05-01', '2026-06-01');
  expect(usage[`unattributed droplet_hours ${droplet}`]).toBe('60');
  expect((await storedUsage(db, '2026-05-03', '2026-05-04'))[`unattributed droplet_hours ${droplet}`]).toBe('24');
});

test('a kind whose definition changed is not metered from old levels, and its days are metered again', async () => {
  const define = (filter: string) =>
    sql`UPDATE billing_kind_definitions SET filter = ${filter}::jsonb WHERE resource_kind = 'dns_zone'`.execute(db);
  const zone = await insertLiving(db, account, 'dns_zone', 'zone', { attributes: { ttl: 30 } }, at('2026-05-01'));
  await meterOutstanding(db, { now: afterMay });
  const key = `unattributed dns_zones ${zone}`;
  expect((await storedUsage(db, '2026-05-01', '2026-06-01'))[key]).toBe('1');
  await define('{"ttl": 31}');
  await meterOutstanding(db, { now: afterMay });
  expect((await storedUsage(db, '2026-05-01', '2026-06-01'))[key]).toBeUndefined();
  await define('{}');
  await meterOutstanding(db, { now: afterMay });
  expect((await storedUsage(db, '2026-05-01', '2026-06-01'))[key]).toBe('1');
});

test('a kind enabled while a range is being metered is metered for all of its days', async () => {
  const volume = await insertLiving(db, account, 'volume', 'volume', { attributes: { size_gb: 31 } }, at('2026-05-01'));
  const enable = (enabled: boolean) =>
    sql`UPDATE metering_config SET enabled = ${enabled} WHERE billing_kind_id =
        (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'volume_gb_month')`.execute(db);
  const range = { from: day('2026-05-01'), to: day('2026-05-04') };
  const enabling: Promise<unknown>[] = [];
  await meterRange(db, { ...range, now: afterMay, onProgress: () => enabling.push(enable(true)) });
  await Promise.all(enabling);
  await meterOutstanding(db, { now: afterMay });
  expect((await storedUsage(db, '2026-05-01', '2026-05-04'))[`unattributed volume_gb_month ${volume}`]).toBe('3');
  await enable(false);
  await meterOutstanding(db, { now: afterMay });
});

test('an account whose metered_from moves on, and back, is metered from there', async () => {
  const secretKey = parseSecretKey(generateSecretKey());
  if (secretKey === null) throw new Error('a generated key is a key');
  const identity = { accountId: 'team', name: 'Team', simulatedAt: null, answeredAt: null };
  const request = {
    provider: 'digitalocean',
    apiUrl: 'https://api.example.com',
    credentials: { token: 't' },
    secretKey,
  };
  const before = await storedUsage(db, '2026-05-01', '2026-06-01');
  await connectAccount(db, { ...request, meteredFrom: at('2026-05-08T12:00:00Z') }, identity, afterMay);
  await meterOutstanding(db, { now: afterMay });
  expect(await storedUsage(db, '2026-05-01', '2026-05-08')).toEqual({});
  expect(await storedUsage(db, '2026-05-01', '2026-06-01')).toEqual(
    await expectedUsage(db, '2026-05-01', '2026-06-01'),
  );
  await connectAccount(db, { ...request, meteredFrom: at('2026-05-01') }, identity, afterMay);
  await meterOutstanding(db, { now: afterMay });
  expect(await storedUsage(db, '2026-05-01', '2026-06-01')).toEqual(before);
});

test('days before all accounts are refused, and leave nothing outstanding', async () => {
  const outstanding = await outstandingDays(db, afterMay);
  const [first] = (await sql<{ day: string }>`SELECT min(metered_from)::date::text AS day FROM accounts`.execute(db))
    .rows;
  const before = day(first?.day ?? '').subtract({ days: 1 });
  const refused = { code: 'before_metering', details: { first: first?.day } };
  await expect(meterDay(db, before, { now: afterMay })).rejects.toMatchObject(refused);
  await expect(meterRange(db, { from: day('2001-01-01'), to: day('2001-01-02'), now: afterMay })).rejects.toMatchObject(
    refused,
  );
  expect(await outstandingDays(db, afterMay)).toEqual(outstanding);
});

test('what is metered through begins where metering does', async () => {
  const through = async (from: string, to: string) =>
    (await usageForPeriod(db, 'ash', day(from), day(to))).meteredThrough;
  expect(await through('2026-04-15', '2026-05-15')).toBe('2026-05-15');
  expect(await through('2026-05-15', '2026-06-15')).toBe('2026-06-01');
  expect(await through('2026-04-01', '2026-04-15')).toBe('2026-04-15');
});

test('no day that is still to come is metered, not even where nothing is to be metered', async () => {
  const through = async (on: Queryable, from: string, to: string) =>
    (await usageForPeriod(on, 'ash', day(from), day(to))).meteredThrough;
  expect(await through(db, '2026-12-01', '2027-01-01')).toBe('2026-12-01');
  const trx = await db.startTransaction().execute();
  try {
    await sql`INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
      SELECT billing_kind_id, '2026-05-20', false, 'day', 730 FROM billing_kinds`.execute(trx);
    expect(await through(trx, '2026-05-01', '2027-01-01')).toBe('2026-06-01');
  } finally {
    await trx.rollback().execute();
  }
});

test('workers that meter the same days at once leave what one would', async () => {
  await sql`DROP TABLE usage_records_day_20260511, usage_records_day_20260512`.execute(db);
  await sql`DELETE FROM metered_days WHERE day IN ('2026-05-11', '2026-05-12')`.execute(db);
  const range = { from: day('2026-05-11'), to: day('2026-05-13') };
  const runs = await Promise.all([1, 2, 3].map(() => meterRange(db, { ...range, now: afterMay })));
  expect(runs.flat().filter((metered) => metered.cause === 'first')).toHaveLength(2);
  for (const metered of await meterRange(db, { ...range, now: afterMay, verify: true }))
    expect(metered.revision).toBeNull();
});

test('the planner is told again of levels that are many more than when it looked', async () => {
  const known = async () => {
    const { rows } = await sql<{ levels: number; distinct: number }>`
      SELECT reltuples::int AS levels, (SELECT n_distinct FROM pg_stats
        WHERE tablename = 'metered_levels' AND attname = 'level' AND inherited)::float AS distinct
      FROM pg_class WHERE oid = 'metered_levels'::regclass`.execute(db);
    return rows[0];
  };
  const grow = async (count: number) => {
    for (let size = 1; size <= count; size += 1) {
      const of = { attributes: { size_gb: size } };
      await insertLiving(db, account, 'snapshot', `${count}:${size}`, of, at('2026-05-01'));
    }
    await meterDay(db, may.from, { now: afterMay });
    // As autovacuum does, which looks at partitions alone.
    await sql`ANALYZE metered_levels_open`.execute(db);
    await insertLiving(db, account, 'droplet', `${count}`, {}, at('2026-05-01'));
    await meterDay(db, may.from, { now: afterMay });
  };
  await grow(1);
  const before = await known();
  await grow(600);
  const grown = await known();
  expect(grown?.levels).toBeGreaterThanOrEqual((before?.levels ?? 0) + 600);
  expect(grown?.distinct).not.toBe(before?.distinct);
  await grow(2);
  expect(await known()).toEqual(grown);
});
