import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../../../test/clickhouse/server.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { moveUsage } from '../move/move.ts';
import { type ClickHouse, clusterSettings } from './connection.ts';
import { monthSums } from './read.store.ts';
import { createTables, creationOf, droppingOf, emptyingOf } from './schema.store.ts';
import { counts } from './write.store.ts';
import { describeUsageStore } from '../../../../test/fixtures/usage-store-conformance.ts';
import { useClickHouse } from '../open.ts';
import { selectVisibleRevisions } from '../move/shipment.store.ts';

describeUsageStore('ClickHouse', async () => {
  const server = await startClickHouse();
  const database = await openTestDatabase();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(database.db, clickHouse, { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  return {
    db: database.db,
    async close() {
      await close();
      await database.close();
      await server.close();
    },
  };
});

describe('what ClickHouse is asked', () => {
  let server: ClickHouseServer;
  let url: string;
  let clickHouse: ClickHouse;
  let close: () => Promise<void>;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await startClickHouse();
    url = await server.createDatabase();
    ({ clickHouse, close } = await useClickHouse(url));
    database = await openTestDatabase();
  });
  afterAll(async () => {
    await close();
    await database.close();
    await server.close();
  });
  const from = Temporal.PlainDate.from('2026-05-01');
  const to = Temporal.PlainDate.from('2026-05-04');

  test('names the revisions that count, and no other: with gaps, of several days, up to one, 100,000 of them', async () => {
    const { db } = database;
    const counted = async (asOf: number | null) => {
      const visible = await selectVisibleRevisions(db, { from, to }, asOf);
      const rows = await clickHouse.rows<{ revision: number }>(
        `SELECT number AS revision FROM numbers(210000) WHERE ${counts(visible)} ORDER BY revision`,
      );
      return { revisions: rows.map((row) => row.revision), spans: visible.length };
    };
    await sql`
      INSERT INTO usage_visible_revisions (day, revision, records, quantity)
      SELECT date '2026-05-01' + (i % 4)::int, r, 1, 1
      FROM unnest('{1,2,3,5,6,9,20,21,22}'::int[]) WITH ORDINALITY AS v (r, i)`.execute(db);
    // 3 and 20 are of 4 May, which is not asked for.
    expect(await counted(null)).toEqual({ revisions: [1, 2, 5, 6, 9, 21, 22], spans: 4 });
    expect((await counted(5)).revisions).toEqual([1, 2, 5]);
    await sql`
      INSERT INTO usage_visible_revisions (day, revision, records, quantity)
      SELECT date '2026-05-01', 10 + 2 * i, 1, 1 FROM generate_series(1000, 100999) AS i`.execute(db);
    expect((await counted(null)).revisions).toHaveLength(100_007);
  });

  test('sums of a month to roll up are all of them, however many deployments are read at a time', async () => {
    await createTables(clickHouse);
    await server.ask(
      url,
      `INSERT INTO usage_records
       SELECT 1 + number % 5, 1, number, toDateTime('2026-05-01 00:00:00', 'UTC') + 86400 * (number % 3), 'day', 7, false, number, ''
       FROM numbers(45)`,
    );
    const asked = { from, to: from.add({ months: 1 }), deployments: null, visible: [{ first: 7, last: 7 }], kindId: 1 };
    const read = async (atOnce: number) => (await Array.fromAsync(monthSums(clickHouse, asked, atOnce))).flat();
    const all = await read(100);
    expect(all.map(({ deploymentId, records }) => [deploymentId, records])).toEqual(
      [1, 2, 3, 4, 5].map((id) => [id, 9]),
    );
    for (const atOnce of [1, 2, 5]) expect(await read(atOnce)).toEqual(all);
  });

  // No engine in this process is a cluster: of what is sent to one, the language and the settings are checked here.
  test('of a cluster, statements are in its language and settings are known to it', async () => {
    const cluster = { cluster: 'usage-eu' };
    const tables = ['usage_records', 'metered_levels'] as const;
    const statements = tables.flatMap((table) => [
      ...creationOf(cluster, table),
      emptyingOf(cluster, table),
      droppingOf(cluster, table, '20260501'),
    ]);
    for (const each of statements) {
      const read = await server.ask(url, `SELECT formatQuerySingleLine($sql$${each}$sql$)`);
      expect(read).toContain('ON CLUSTER `usage-eu`');
    }
    await expect(server.ask(url, 'SELECT formatQuery($sql$CREATE TABLE t ON CLUSTER (x)$sql$)')).rejects.toThrow(
      'Syntax',
    );
    const names = Object.keys(clusterSettings);
    const known = await server.ask(
      url,
      `SELECT count() FROM system.settings WHERE name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    );
    expect(Number(known)).toBe(names.length);
  });
});
