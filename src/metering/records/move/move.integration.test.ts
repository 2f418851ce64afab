import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../../../test/clickhouse/server.ts';
import { openTestDatabase } from '../../../../test/database.ts';
import { assign } from '../../../deployments/assignments.ts';
import { insertLiving } from '../../../../test/fixtures/inventory.ts';
import type { Database } from '../../../platform/database/database.ts';
import { meterOutstanding, meterRange } from '../../meter.ts';
import { at, createDeployments, insertAccount } from '../../../../test/fixtures/metering.ts';
import { usageOfAll } from '../../usage.ts';
import { moveUsage } from './move.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import { openUsageStore, useClickHouse } from '../open.ts';
import type { UsageQuery, UsageRecord } from '../usage-store.ts';

const range = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-05-06') };
const after = at('2026-05-06');

let server: ClickHouseServer;
let db: Database;
let closeDatabase: () => Promise<void>;
let url: string;
let clickHouse: ClickHouse;
let close: () => Promise<void>;
let droplet: number;

beforeAll(async () => {
  server = await startClickHouse();
  ({ db, close: closeDatabase } = await openTestDatabase());
  url = await server.createDatabase();
  ({ clickHouse, close } = await useClickHouse(url));
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  droplet = await insertLiving(db, account, 'droplet', 'server', {}, at('2026-04-10'));
  await insertLiving(db, account, 'snapshot', 'disk', { attributes: { size_gb: 0.1 } }, at('2026-04-10'));
  await own('ash', '2026-04-10');
  await meterRange(db, { ...range, now: after });
});
afterAll(async () => {
  await close();
  await closeDatabase();
  await server.close();
});

const own = (slug: string, from: string) =>
  assign(db, { resourceIds: [droplet], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', after);

async function records(asOfRevision?: number): Promise<UsageRecord[]> {
  const query: UsageQuery = { scope: 'all', range, asOfRevision };
  return (await openUsageStore(db)).listRecords(db, query, {}, { limit: 1_000 });
}

describe('a move to ClickHouse', () => {
  test('that is stopped goes on from there, copies again what was metered meanwhile, and loses no version', async () => {
    const first = await records();
    const firstRevision = Math.max(...first.map((row) => row.revision));
    await own('birch', '2026-05-03');
    await meterOutstanding(db, { now: after });

    const stop = new AbortController();
    const stopped = moveUsage(db, clickHouse, {
      now: after,
      signal: stop.signal,
      onProgress: (_day, done) => (done === 2 ? stop.abort() : undefined),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect((await openUsageStore(db)).engine).toBe('postgresql');

    await own('birch', '2026-05-01T12:00:00Z'); // days that were copied differ again
    await meterOutstanding(db, { now: after });
    const before = await records();
    const usage = await usageOfAll(db, range.from, range.to);
    const revisions = await Promise.all([0, firstRevision, firstRevision + 1].map((revision) => records(revision)));
    expect(revisions[1]).toEqual(first);

    await sql`
      INSERT INTO usage_retired_months (billing_kind_id, month, change_id, records, retired_at, purged)
      SELECT billing_kind_id, '2026-01-01', 0, 0, ${after}, true FROM billing_kinds WHERE slug = 'droplet_hours'`.execute(
      db,
    );
    const moved = await moveUsage(db, clickHouse, { now: after });
    expect(moved).toMatchObject({ days: 5, already: false });
    const store = await openUsageStore(db);
    expect(store.engine).toBe('clickhouse');
    // Its records may have been copied before they were removed here: they are removed there.
    const { rows } = await sql<{ purged: boolean }>`SELECT purged FROM usage_retired_months`.execute(db);
    expect(rows).toEqual([{ purged: false }]);
    expect(await records()).toEqual(before);
    expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
    expect(await Promise.all([0, firstRevision, firstRevision + 1].map((revision) => records(revision)))).toEqual(
      revisions,
    );
  });

  test('is done once, and metering goes on there', async () => {
    expect(await moveUsage(db, clickHouse, { now: after })).toMatchObject({ already: true, days: 0 });
    for (const day of await meterRange(db, { ...range, now: after, verify: true })) expect(day.revision).toBeNull();
    await own('ash', '2026-05-05');
    expect((await meterOutstanding(db, { now: after })).map((day) => day.day)).toEqual(['2026-05-05']);
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM usage_records WHERE revision =
      (SELECT max(revision) FROM metering_runs)`.execute(db);
    expect(rows).toEqual([{ n: 0 }]);
  });

  test('rows of a run that never committed are not seen, whatever their revision', async () => {
    const before = await records();
    const { rows } = await sql<{ drawn: number }>`
      SELECT nextval(pg_get_serial_sequence('metering_runs', 'revision')) AS drawn`.execute(db);
    for (const revision of [rows[0]?.drawn, 999_999]) {
      const zombie = `(1, 1, ${droplet}, '2026-05-02 00:00:00', 'day', ${revision}, false, 5, 'first')`;
      await server.ask(url, `INSERT INTO usage_records VALUES ${zombie}`);
    }
    expect(await records()).toEqual(before);
    await own('ash', '2026-05-02'); // a later run of the same day makes it no more visible
    await meterOutstanding(db, { now: after });
    expect((await records()).map((row) => row.quantity)).not.toContain('0.000000005');
    for (const day of await meterRange(db, { ...range, now: after, verify: true })) expect(day.revision).toBeNull();
  });

  test('lost altogether, it is metered again to the same figures', async () => {
    const usage = await usageOfAll(db, range.from, range.to);
    await server.ask(url, 'DROP TABLE usage_records');
    await server.ask(url, 'DROP TABLE metered_levels');
    for (const table of ['metered_days', 'usage_visible_revisions', 'usage_level_shipments']) {
      await sql`DELETE FROM ${sql.table(table)}`.execute(db);
    }
    await meterOutstanding(db, { now: after });
    expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
  });

  test('a process that cannot reach it says so, by its address alone', async () => {
    await close();
    await expect(openUsageStore(db)).rejects.toMatchObject({
      code: 'usage_store_unreachable',
      message: expect.stringContaining(`${new URL(url).host}${new URL(url).pathname}`),
    });
    ({ clickHouse, close } = await useClickHouse(url));
    expect((await openUsageStore(db)).engine).toBe('clickhouse');
    const nowhere = await useClickHouse('http://someone:secret@127.0.0.1:1/usage');
    await expect(nowhere.clickHouse.rows('SELECT 1')).rejects.toMatchObject({
      code: 'usage_store_unreachable',
      message: expect.not.stringContaining('secret'),
    });
    await nowhere.close();
  });
});
