import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../../../test/clickhouse/server.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { insertLiving } from '../../../../test/fixtures/inventory.ts';
import { at, createDeployments, insertAccount, insertSync } from '../../../../test/fixtures/metering.ts';
import { assign } from '../../../deployments/assignments.ts';
import type { Database } from '../../../platform/database/database.ts';
import { meterOutstanding, meterRange } from '../../meter.ts';
import { applyRetention } from '../../retention/retention.ts';
import { usageOfAll } from '../../usage.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import { moveUsage } from '../move/move.ts';
import { useClickHouse } from '../open.ts';
import { checkUsageStore, repairUsageStore } from './repair.ts';

// A ClickHouse whose data is lost, damaged, older or newer than PostgreSQL's, and what is metered after the repair.

const day = (text: string) => Temporal.PlainDate.from(text);
const range = { from: day('2026-05-27'), to: day('2026-06-01') };
const after = at('2026-06-01');

let server: ClickHouseServer;
let database: TestDatabase;
let db: Database;
let clickHouse: ClickHouse;
let url: string;
let close: () => Promise<void>;
let droplet: number;

beforeAll(async () => {
  server = await startClickHouse();
});
afterAll(() => server.close());

beforeEach(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  url = await server.createDatabase();
  ({ clickHouse, close } = await useClickHouse(url));
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-27'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  droplet = await insertLiving(db, account, 'droplet', 'server', {}, at('2026-04-10'));
  await insertLiving(db, account, 'snapshot', 'disk', { attributes: { size_gb: 0.1 } }, at('2026-04-10'));
  for (const kind of ['droplet', 'snapshot']) await insertSync(db, account, kind, at('2026-06-01'));
  await own('ash', '2026-04-10');
  await meterRange(db, { ...range, now: after });
  await moveUsage(db, clickHouse, { now: after });
  await own('birch', '2026-05-29'); // a second revision of two days
  await meterOutstanding(db, { now: after });
});
afterEach(async () => {
  await close();
  await database.close();
});

function own(slug: string, from: string): Promise<unknown> {
  return assign(db, { resourceIds: [droplet], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', after);
}

const usage = () => usageOfAll(db, range.from, range.to);
const found = async () =>
  (await checkUsageStore(db)).map(({ what, day: of }) => (of === null ? what : `${what} ${of}`));

/** After the repair both agree, and usage is what it was once days are metered again. */
async function expectRepaired(before: unknown, days: number): Promise<void> {
  expect((await repairUsageStore(db)).days).toBe(days);
  await meterOutstanding(db, { now: after });
  expect(await usage()).toEqual(before);
  expect(await found()).toEqual([]);
  expect(await repairUsageStore(db)).toEqual({ damage: [], days: 0 });
}

test('where both agree nothing is found, and nothing is changed', async () => {
  const before = await server.ask(url, 'SELECT * FROM usage_records ORDER BY ALL');
  expect(await found()).toEqual([]);
  expect(await repairUsageStore(db)).toEqual({ damage: [], days: 0 });
  expect(await server.ask(url, 'SELECT * FROM usage_records ORDER BY ALL')).toBe(before);
});

test('a ClickHouse that is empty, with and without its tables, is filled again', async () => {
  const before = await usage();
  await server.ask(url, 'TRUNCATE TABLE usage_records');
  await server.ask(url, 'TRUNCATE TABLE metered_levels');
  const all = ['27', '28', '29', '30', '31'].map((date) => `records 2026-05-${date}`);
  expect(await found()).toEqual([...all, 'levels']);
  await expectRepaired(before, 5);
  await server.ask(url, 'DROP TABLE usage_records SYNC');
  await server.ask(url, 'DROP TABLE metered_levels SYNC');
  expect(await found()).toEqual([...all, 'levels']);
  await expectRepaired(before, 5);
});

test('a day that lacks a revision, and one whose sum is another, are metered again, and no other', async () => {
  const before = await usage();
  const { rows } = await sql<{ last: number }>`
    SELECT max(revision) AS last FROM usage_visible_revisions WHERE day = '2026-05-29'`.execute(db);
  await server.ask(
    url,
    `ALTER TABLE usage_records DELETE WHERE revision = ${rows[0]?.last} SETTINGS mutations_sync = 2`,
  );
  await server.ask(
    url,
    `ALTER TABLE usage_records UPDATE billionths = billionths + 1 WHERE toDate(period_start) = '2026-05-27' SETTINGS mutations_sync = 2`,
  );
  expect(await usage()).not.toEqual(before);
  const [sums] = await checkUsageStore(db);
  expect(sums?.found).not.toBe(sums?.expected);
  expect(await found()).toEqual(['sums 2026-05-27', 'records 2026-05-29']);
  const kept = () =>
    server.ask(url, `SELECT * FROM usage_records WHERE toDate(period_start) = '2026-05-28' ORDER BY ALL`);
  const other = await kept();
  await expectRepaired(before, 2);
  expect(await kept()).toBe(other);
});

test('of a PostgreSQL that is older than the ClickHouse, no number is given twice', async () => {
  const numbers = async () => {
    const { rows } = await sql<{ runs: number; shipments: number }>`
      SELECT pg_sequence_last_value(pg_get_serial_sequence('metering_runs', 'revision')) AS runs,
             pg_sequence_last_value(pg_get_serial_sequence('usage_level_shipments', 'shipment_id')) AS shipments`.execute(
      db,
    );
    return rows[0]!;
  };
  const older = await numbers();
  const isOlder = await sql<{ revision: number }>`SELECT max(revision) AS revision FROM metering_runs`.execute(db);
  await own('ash', '2026-05-29');
  await meterOutstanding(db, { now: after });
  const newer = await numbers();
  // As it was: what was written since is not there, and the numbers begin where they were.
  const since = isOlder.rows[0]!.revision;
  await sql`DELETE FROM usage_visible_revisions WHERE revision > ${since}`.execute(db);
  await sql`DELETE FROM usage_level_shipments WHERE shipment_id > ${older.shipments}`.execute(db);
  await sql`SELECT setval(pg_get_serial_sequence('metering_runs', 'revision'), ${older.runs}),
                   setval(pg_get_serial_sequence('usage_level_shipments', 'shipment_id'), ${older.shipments})`.execute(
    db,
  );
  expect(await found()).toEqual(['revisions', 'shipments']);
  expect((await repairUsageStore(db)).days).toBe(0);
  expect(await numbers()).toEqual(newer);
  expect(await found()).toEqual([]);
});

test('what retention has removed of a day is no damage', async () => {
  await sql`UPDATE metering_config SET retention_days = 31
            WHERE billing_kind_id = (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'droplet_hours')`.execute(
    db,
  );
  const later = { now: at('2026-08-01') };
  const months = await applyRetention(db, later);
  expect(months.map(({ kind, outcome }) => `${kind} ${outcome}`)).toContain('droplet_hours retired');
  expect(await found()).toEqual([]);
});
