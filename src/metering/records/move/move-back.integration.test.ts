import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../../../test/clickhouse/server.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { assign } from '../../../deployments/assignments.ts';
import { insertLiving } from '../../../../test/fixtures/inventory.ts';
import type { Database } from '../../../platform/database/database.ts';
import { meterOutstanding, meterRange } from '../../meter.ts';
import {
  at,
  createDeployments,
  insertAccount,
  insertSync,
  setGranularity,
} from '../../../../test/fixtures/metering.ts';
import { applyRetention } from '../../retention/retention.ts';
import { usageOfAll } from '../../usage.ts';
import { moveUsage } from './move.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import { openUsageStore, useClickHouse } from '../open.ts';
import type { UsageRecord } from '../usage-store.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
/** The last days of a month. */
const range = { from: day('2026-05-27'), to: day('2026-06-01') };
const after = at('2026-06-01');

let server: ClickHouseServer;
beforeAll(async () => {
  server = await startClickHouse();
});
afterAll(() => server.close());

interface Moving {
  readonly db: Database;
  readonly droplet: number;
  readonly url: string;
  readonly clickHouse: ClickHouse;
  own(slug: string, from: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Two resources, metered for five days in PostgreSQL, and a ClickHouse to move to. */
async function openMoving(): Promise<Moving> {
  const database: TestDatabase = await openTestDatabase();
  const { db } = database;
  const url = await server.createDatabase();
  const { clickHouse, close } = await useClickHouse(url);
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-27'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  const droplet = await insertLiving(db, account, 'droplet', 'server', {}, at('2026-04-10'));
  await insertLiving(db, account, 'snapshot', 'disk', { attributes: { size_gb: 0.1 } }, at('2026-04-10'));
  const own = (slug: string, from: string) =>
    assign(db, { resourceIds: [droplet], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', after);
  await own('ash', '2026-04-10');
  for (const kind of ['droplet', 'snapshot']) await insertSync(db, account, kind, at('2026-06-01'));
  await meterRange(db, { ...range, now: after });
  return {
    db,
    droplet,
    url,
    clickHouse,
    own,
    async close() {
      await close();
      await database.close();
    },
  };
}

async function records(db: Database, asOfRevision?: number): Promise<UsageRecord[]> {
  return (await openUsageStore(db)).listRecords(db, { scope: 'all', range, asOfRevision }, {}, { limit: 1_000 });
}

/** What stands, and what stood after each revision that was ever written. */
async function history(db: Database): Promise<unknown> {
  const { rows } = await sql<{ last: number }>`SELECT max(revision) AS last FROM metering_runs`.execute(db);
  const revisions = Array.from({ length: (rows[0]?.last ?? 0) + 1 }, (_, revision) => revision);
  return {
    usage: await usageOfAll(db, range.from, range.to),
    now: await records(db),
    asOf: await Promise.all(revisions.map((revision) => records(db, revision))),
  };
}

/** Whose usage is recorded to have changed. */
async function changes(db: Database): Promise<unknown> {
  const { rows } = await sql`
    SELECT change_id, subject, valid_from, cause FROM changes WHERE topic = 'usage' ORDER BY change_id`.execute(db);
  return rows;
}

describe('a move back to PostgreSQL', () => {
  let moving: Moving;
  let db: Database;
  let versions: string;
  const versionsIn = (url: string, revisions: number) =>
    server.ask(url, `SELECT * FROM usage_records WHERE revision <= ${revisions} ORDER BY ALL`);

  beforeAll(async () => {
    moving = await openMoving();
    ({ db } = moving);
    await moving.own('birch', '2026-05-29'); // replaced before the move
    await meterOutstanding(db, { now: after });
    await moveUsage(db, moving.clickHouse, { now: after });
    await moving.own('birch', '2026-05-28'); // and in ClickHouse: on the other side of the move nothing is left
    await meterOutstanding(db, { now: after });
    await moving.own('ash', '2026-05-28'); // back again, over a row that says that there is none
    await setGranularity(db, '2026-05-30', 'hour');
    await meterOutstanding(db, { now: after });
    await setGranularity(db, '2026-05-31', 'day');
    await meterOutstanding(db, { now: after });
  });
  afterAll(() => moving.close());

  test('that is stopped goes on from there, copies again what was metered meanwhile, and loses no version', async () => {
    const stop = new AbortController();
    const stopped = moveUsage(db, 'postgresql', {
      now: after,
      signal: stop.signal,
      onProgress: (_day, done) => (done === 2 ? stop.abort() : undefined),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect((await openUsageStore(db)).engine).toBe('clickhouse');
    await moving.own('birch', '2026-05-27T12:00:00Z'); // days that were copied differ again
    await meterOutstanding(db, { now: after });

    // What a killed run has left there is not brought back.
    const { rows } = await sql<{ drawn: number }>`
      SELECT nextval(pg_get_serial_sequence('metering_runs', 'revision')) AS drawn`.execute(db);
    versions = await versionsIn(moving.url, rows[0]?.drawn ?? 0);
    const zombie = `(1, 1, ${moving.droplet}, '2026-05-28 00:00:00', 'day', ${rows[0]?.drawn}, false, 5, 'first')`;
    await server.ask(moving.url, `INSERT INTO usage_records VALUES ${zombie}`);
    await moving.own('ash', '2026-05-31T06:00:00Z');
    await meterOutstanding(db, { now: after });

    const before = await history(db);
    const recorded = await changes(db);
    expect(await moveUsage(db, 'postgresql', { now: after })).toMatchObject({
      engine: 'postgresql',
      address: '',
      days: 5,
      already: false,
    });
    expect((await openUsageStore(db)).engine).toBe('postgresql');
    expect(await history(db)).toEqual(before);
    expect(await changes(db)).toEqual(recorded);
  });

  test('is done once, and metering goes on here', async () => {
    expect(await moveUsage(db, 'postgresql', { now: after })).toMatchObject({ already: true, days: 0 });
    for (const metered of await meterRange(db, { ...range, now: after, verify: true })) {
      expect(metered.revision).toBeNull();
    }
    await moving.own('birch', '2026-05-31');
    expect((await meterOutstanding(db, { now: after })).map((metered) => metered.day)).toEqual(['2026-05-31']);
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM usage_records WHERE revision =
      (SELECT max(revision) FROM metering_runs)`.execute(db);
    expect(rows[0]?.n).toBeGreaterThan(0);
  });

  test('can be followed by another move: every version arrives as it left', async () => {
    const before = await history(db);
    const url = await server.createDatabase();
    const second = await useClickHouse(url);
    expect(await moveUsage(db, second.clickHouse, { now: after })).toMatchObject({ days: 5 });
    expect(await history(db)).toEqual(before);
    const last = Math.max(...versions.split('\n').map((line) => Number(line.split('\t')[5])));
    expect(await versionsIn(url, last)).toBe(versions);

    // From one ClickHouse to another there is no way but through PostgreSQL.
    await expect(moveUsage(db, moving.clickHouse, { now: after })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('by way of PostgreSQL'),
    });
    await moveUsage(db, 'postgresql', { now: after });
    await moveUsage(db, moving.clickHouse, { now: after }); // where an older copy stands
    expect(await history(db)).toEqual(before);
    await second.close();
  });

  test('that brings other figures than it found is refused, and usage stays where it is', async () => {
    const before = await history(db);
    await sql`
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.quantity := NEW.quantity + 0.000000001; RETURN NEW; END $$`.execute(db);
    await sql`CREATE TRIGGER spoil BEFORE INSERT ON usage_records FOR EACH ROW EXECUTE FUNCTION spoil()`.execute(db);
    await expect(moveUsage(db, 'postgresql', { now: after })).rejects.toMatchObject({
      code: 'usage_store_mismatch',
      message: expect.stringMatching(/2026-05-27 in PostgreSQL .* in place of /),
    });
    expect((await openUsageStore(db)).engine).toBe('clickhouse');
    expect(await history(db)).toEqual(before);
    await sql`DROP TRIGGER spoil ON usage_records`.execute(db);
    await moveUsage(db, 'postgresql', { now: after });
    expect(await history(db)).toEqual(before);
  });
});

test('what retention removes between the copy and the switch stays in neither place, there and back', async () => {
  const { db, url, clickHouse, close } = await openMoving();
  try {
    const usage = await usageOfAll(db, range.from, range.to);
    const kinds = ['droplet_hours', 'droplet_snapshot_gb_month'];
    const retain = async (kind: string | undefined, now: string) => {
      await sql`
        UPDATE metering_config SET retention_days = 31 WHERE billing_kind_id =
          (SELECT billing_kind_id FROM billing_kinds WHERE slug = ${kind ?? ''})`.execute(db);
      return (await applyRetention(db, { now: at(now) }))
        .filter((month) => month.outcome === 'retired')
        .map((month) => month.kind);
    };
    for (const target of [clickHouse, 'postgresql'] as const) {
      const kind = kinds.shift();
      const stop = new AbortController();
      await expect(
        moveUsage(db, target, {
          now: after,
          signal: stop.signal,
          onProgress: (_day, done) => (done === 4 ? stop.abort() : undefined),
        }),
      ).rejects.toMatchObject({ code: 'cancelled' });
      expect(await retain(kind, '2026-07-02')).toEqual([kind]);
      await moveUsage(db, target, { now: after });
      expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
      expect(await retain(kind, '2026-07-03')).toEqual([]);

      const { rows } = await sql<{ left: number }>`
        SELECT count(*) AS left FROM usage_records JOIN billing_kinds USING (billing_kind_id)
        WHERE slug = ${kind} AND period_start < '2026-06-01'`.execute(db);
      const there = await server.ask(url, `SELECT DISTINCT billing_kind_id FROM usage_records ORDER BY 1`);
      const { rows: ids } = await sql<{ id: number }>`
        SELECT billing_kind_id AS id FROM billing_kinds WHERE slug = ${kind}`.execute(db);
      if (target === 'postgresql') expect(rows).toEqual([{ left: 0 }]);
      else expect(there.split('\n')).not.toContain(String(ids[0]?.id));
      expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
    }
  } finally {
    await close();
  }
});
