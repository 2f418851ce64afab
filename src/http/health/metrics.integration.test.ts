import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { makeSource } from '../../../test/fixtures/gateway.ts';
import { recordOpen } from '../../gateway/queues.store.ts';
import { openJobs } from '../../jobs/jobs.ts';
import { databaseClock, followSimulatedClock } from '../../platform/clock.ts';
import { connect, type Database, openPool } from '../../platform/database/database.ts';
import { Pools } from '../../platform/database/pools.ts';
import { openMetrics } from './metrics.ts';
import { startMetricsServer } from './metrics-server.ts';
import { openReadiness } from './readiness.ts';
import { program } from '../../modules.ts';

const { db, connectionString, close } = await openTestDatabase();
afterAll(close);
const clock = databaseClock(db);
const now = Temporal.Instant.from('2026-05-04T12:00:00Z');
await followSimulatedClock(db, now);

async function serve(database = db, { stopping = new AbortController(), pools = new Pools() } = {}) {
  const registry = new Registry();
  const metrics = openMetrics({ db: database, clock: databaseClock(database), program, registry, pools });
  const readiness = openReadiness({ db: database, program, stopping: stopping.signal, queues: ['metering'] });
  const server = await startMetricsServer({ port: 0, host: '127.0.0.1', metrics, readiness });
  onTestFinished(() => server.close());
  const get = async (path: string) => {
    const response = await fetch(new URL(path, server.url));
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  return { ...server, get, stopping };
}

test('a scrape tells of this process and of how things stand in the database', async () => {
  const jobs = await openJobs({ db, connectionString, clock, program });
  onTestFinished(() => jobs.close());
  await jobs.runNow('meter', {});
  await jobs.control('metering', { paused: true });
  await sql`
    WITH account AS (
      INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
      SELECT slug, slug, 'digitalocean', 'http://127.0.0.1:1', slug, true, '', ${now}, ${now} FROM unnest('{acme,beta}'::text[]) AS slug
      RETURNING account_id
    )
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    SELECT account_id, kind, ${now}::timestamptz - seconds * interval '1s', ${now}, outcome
    FROM account CROSS JOIN (VALUES ('droplet', 900, 'complete'), ('droplet', 1800, 'complete'), ('droplet', 10, 'partial'),
                                    ('volume', 60, 'complete')) AS run (kind, seconds, outcome)`.execute(db);
  await sql`
    INSERT INTO metered_days (day, billing_kind_id, granularity, definition, change_id, revision, metered_at)
    SELECT day::date, 1, 'day', '', 0, 0, ${now} FROM generate_series('2026-05-01'::date, '2026-05-03', interval '1 day') AS day`.execute(
    db,
  );

  await makeSource(db, 'edge', { now });
  await makeSource(db, 'queued', { now, limits: { queue: 'arcadia.gateway.queued' } });
  await recordOpen(db, ['queued']);
  await makeSource(db, 'unread', { now, limits: { queue: 'arcadia.gateway.unread' } });

  const pools = new Pools();
  const opened = [3, 4].map((max) => openPool({ connectionString, max, applicationName: 'of this test', pools }));
  for (const pool of opened) pools.countWaiting(pool, () => 2);
  const end = () => Promise.all(opened.splice(0).map((pool) => pool.end()));
  onTestFinished(async () => void (await end()));
  const { get } = await serve(db, { pools });
  const { status, type, text } = await get('/metrics');
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const lines = text.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'arcadia_database_up 1',
      `arcadia_clock_seconds ${now.epochMilliseconds / 1000}`,
      'arcadia_queue_jobs{queue="metering",state="waiting"} 1',
      'arcadia_queue_jobs{queue="cloud_billing",state="waiting"} 0',
      'arcadia_queue_paused{queue="metering"} 1',
      'arcadia_queue_paused{queue="default"} 0',
      'arcadia_sync_age_seconds{account="acme",kind="droplet"} 900',
      'arcadia_sync_age_seconds{account="acme",kind="volume"} 60',
      'arcadia_sync_age_seconds{account="beta",kind="droplet"} 900',
      'arcadia_metered_through_seconds 1777852800',
      'arcadia_pool_connections_max{pool="of this test"} 7',
      'arcadia_pool_waiting{pool="of this test"} 4',
      'arcadia_gateway_rejected_messages{source="edge"} 0',
      'arcadia_gateway_queue_open{source="queued"} 1',
      'arcadia_gateway_queue_open{source="unread"} 0',
    ]),
  );
  expect(text).not.toContain('arcadia_gateway_queue_open{source="edge"}');
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).toMatch(/^arcadia_queue_lag_seconds\{queue="metering"\} \d/m);
  expect(text).toMatch(/^arcadia_pool_connections\{pool="of this test",state="(used|idle)"\} \d/m);
  await end();
  expect(pools.usage()).toEqual([]);
});

test('without its database a scrape tells of the process all the same, and nothing old of the rest', async () => {
  const away = connect({ connectionString: 'postgres://nobody:none@127.0.0.1:1/none' });
  onTestFinished(() => away.destroy());
  const { get } = await serve(away);
  const { status, text } = await get('/metrics');
  expect(status).toBe(200);
  expect(text).toMatch(/^arcadia_database_up 0$/m);
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).not.toMatch(/^arcadia_sync_age_seconds\{/m);
  expect(await get('/livez')).toMatchObject({ status: 200 });
  const ready = await get('/readyz');
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.text)).toMatchObject({ status: 'unavailable', checks: { process: 'ok' } });
  expect(ready.text).not.toContain('nobody');
});

test('a process that stops is not ready any more, before anything else of it ends', async () => {
  const { get, stopping } = await serve();
  expect((await get('/readyz')).status).toBe(200);
  stopping.abort();
  const { status, text } = await get('/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({ checks: { process: 'This process is stopping.', database: 'ok' } });
  expect((await get('/metrics')).status).toBe(200);
});

test('however many ask at once whether it is ready, the database is asked once', async () => {
  const { get, stopping } = await serve();
  const held = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const holding = db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE pgboss.job, migration_checksums IN ACCESS EXCLUSIVE MODE`.execute(trx);
    held.resolve();
    await end.promise;
  });
  await held.promise;
  const waiting = async () =>
    (
      await sql`SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db)
    ).rows.length;
  const asked = Array.from({ length: 12 }, () => get('/readyz'));
  // The schema's state, and the queues'.
  await expect.poll(waiting, { timeout: 20_000 }).toBe(2);
  asked.push(get('/readyz'));
  expect(await waiting()).toBe(2);
  // Whoever is told to stop does not wait for a database that does not answer.
  stopping.abort();
  for (const { status, text } of await Promise.all(asked)) {
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({ status: 'unavailable', checks: { process: 'This process is stopping.' } });
  }
  expect(await waiting()).toBe(2);
  end.resolve();
  await holding;
});

test('what it found is told again for a moment', async () => {
  let statements = 0;
  const counting = db.withPlugin({
    transformQuery({ node }) {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const { get } = await serve(counting as Database);
  expect((await get('/readyz')).status).toBe(200);
  expect(statements).toBeGreaterThan(0);
  const before = statements;
  const again = await Promise.all(Array.from({ length: 12 }, () => get('/readyz')));
  expect(again.map(({ status }) => status)).toEqual(again.map(() => 200));
  // On a machine under load a moment may have passed.
  expect(statements).toBeLessThanOrEqual(3 * before);
});

test('a worker whose queues are far behind is not ready; who works others, or none, is', async () => {
  const jobs = await openJobs({ db, connectionString, clock, program });
  onTestFinished(() => jobs.close());
  await jobs.runNow('meter', {});
  await jobs.control('metering', { paused: false });
  await sql`UPDATE pgboss.job SET created_on = created_on - interval '1 hour', start_after = start_after - interval '1 hour'`.execute(
    db,
  );
  const check = (names?: readonly string[]) =>
    openReadiness({
      db,
      program,
      stopping: new AbortController().signal,
      ...(names === undefined ? {} : { queues: names }),
    }).check();
  expect(await check(['metering'])).toMatchObject({
    ready: false,
    report: { checks: { queues: expect.stringMatching(/^In metering the oldest job has waited 36\d\d s\.$/) } },
  });
  expect(await check(['default'])).toMatchObject({ ready: true, report: { checks: { queues: 'ok' } } });
  expect(await check()).toMatchObject({
    ready: true,
    report: { checks: { queues: expect.stringMatching(/^ok: in metering/) } },
  });
  await jobs.control('metering', { paused: true });
  expect(await check(['metering'])).toMatchObject({ ready: true });
});

test('a port that is taken is said to be', async () => {
  const { url } = await serve();
  const metrics = openMetrics({ db, clock, program, registry: new Registry(), pools: new Pools() });
  const readiness = openReadiness({ db, program, stopping: new AbortController().signal });
  const again = startMetricsServer({ port: Number(new URL(url).port), host: '127.0.0.1', metrics, readiness });
  await expect(again).rejects.toMatchObject({ code: 'port_in_use' });
});

test('nothing else is served there', async () => {
  const { url, get } = await serve();
  expect((await get('/')).status).toBe(404);
  expect((await get('/api/v1/accounts')).status).toBe(404);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
});
