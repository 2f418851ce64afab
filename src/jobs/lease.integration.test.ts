import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { statement } from '../platform/database/statement.ts';
import { type Database, openPool } from '../platform/database/database.ts';
import { type Engine, openEngine } from './engine.ts';
import { fencedDatabase, LeaseLost } from './lease.ts';
import { lockLostAttempts } from './store.ts';
import { program } from '../modules.ts';

let database: TestDatabase;
let engine: Engine;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  database = await openTestDatabase();
  engine = await openEngine({
    connectionString: database.connectionString,
    queues: program.queues,
    worker: null,
    onError: () => {},
  });
  pool = openPool({ connectionString: database.connectionString });
  await sql`CREATE TABLE effects (what text NOT NULL)`.execute(database.db);
});
afterAll(async () => {
  await engine.close();
  await pool.end();
  await database.close();
});

let id: string;
let fenced: Database;
let abort: AbortController;

/** A claimed job, and the database as its first attempt may use it. */
beforeEach(async () => {
  await sql`TRUNCATE effects`.execute(database.db);
  await sql`DELETE FROM pgboss.job`.execute(database.db);
  await engine.boss.send('default', { job: 'x', arguments: {} });
  const [job] = await engine.boss.fetch('default');
  if (job === undefined) throw new Error('nothing to claim');
  id = job.id;
  abort = new AbortController();
  fenced = fencedDatabase(pool, {
    queue: 'default',
    id,
    retryCount: job.retryCount,
    signal: abort.signal,
    remainingMs: () => 60_000,
  });
});

const insert = sql`INSERT INTO effects VALUES ('done')`;
const count = async () => (await sql`SELECT FROM effects`.execute(database.db)).rows.length;

/** What the sweep and the next claim do. */
async function takeOver(): Promise<void> {
  await engine.boss.fail('default', id);
  await sql`UPDATE pgboss.job SET start_after = now()`.execute(database.db);
  expect(await engine.boss.fetch('default')).toHaveLength(1);
}

const writes: [string, (db: Database) => Promise<unknown>][] = [
  ['a single write', (db) => insert.execute(db)],
  ['a write in a transaction', (db) => db.transaction().execute((trx) => insert.execute(trx))],
  [
    'a write behind a WITH',
    (db) => sql`WITH x AS (INSERT INTO effects VALUES ('done') RETURNING 1) SELECT * FROM x`.execute(db),
  ],
  [
    'a write behind a comment',
    (db) =>
      sql`-- select
    INSERT INTO effects VALUES ('done')`.execute(db),
  ],
  ['a write under a name', (db) => statement('test.select')`INSERT INTO effects VALUES ('done')`.execute(db)],
  ['a copy', (db) => sql`CREATE TABLE IF NOT EXISTS copied AS TABLE effects`.execute(db)],
];

test.each(writes)('%s is stored while the lease holds', async (_, write) => {
  await write(fenced);
  expect(
    (await sql`SELECT to_regclass('copied') IS NOT NULL OR EXISTS (SELECT FROM effects) AS stored`.execute(database.db))
      .rows,
  ).toEqual([{ stored: true }]);
});

test.each(writes)('%s fails, and stores nothing, once another attempt took over', async (_, write) => {
  await takeOver();
  await expect(write(fenced)).rejects.toThrow(LeaseLost);
  expect(await count()).toBe(0);
});

test.each(writes)('%s fails once the job was cancelled', async (_, write) => {
  await engine.boss.cancel('default', id);
  await expect(write(fenced)).rejects.toThrow(LeaseLost);
  expect(await count()).toBe(0);
});

test('reading goes on without a lease', async () => {
  await takeOver();
  expect((await sql`SELECT 1 AS one`.execute(fenced)).rows).toEqual([{ one: 1 }]);
  expect((await statement('test.insert')`SELECT 1 AS one`.execute(fenced)).rows).toEqual([{ one: 1 }]);
  expect(
    await fenced
      .transaction()
      .setAccessMode('read only')
      .execute((trx) => sql`SELECT 1 AS one`.execute(trx)),
  ).toMatchObject({ rows: [{ one: 1 }] });
});

test('a transaction whose signal aborted before its commit is rolled back', async () => {
  const transaction = fenced.transaction().execute(async (trx) => {
    await insert.execute(trx);
    abort.abort(new LeaseLost('cut off'));
  });
  await expect(transaction).rejects.toThrow('cut off');
  expect(await count()).toBe(0);
});

test('heartbeats pass an open transaction; the sweep leaves it its lease until it ends', async () => {
  await sql`UPDATE pgboss.job SET heartbeat_on = now() - interval '1 hour'`.execute(database.db);
  const lost = () => database.db.transaction().execute((trx) => lockLostAttempts(trx, ['default']));
  expect(await lost()).toHaveLength(1);
  await fenced.transaction().execute(async (trx) => {
    await insert.execute(trx);
    expect(await lost()).toEqual([]);
    await engine.boss.touch('default', id);
    await sql`UPDATE pgboss.job SET heartbeat_on = now() - interval '1 hour'`.execute(database.db);
  });
  expect(await count()).toBe(1);
  expect(await lost()).toHaveLength(1);
});

test('no statement outlasts its attempt', async () => {
  const short = fencedDatabase(pool, {
    queue: 'default',
    id,
    retryCount: 0,
    signal: abort.signal,
    remainingMs: () => 50,
  });
  await expect(short.transaction().execute((trx) => sql`SELECT pg_sleep(60)`.execute(trx))).rejects.toThrow(
    'statement timeout',
  );
});
