import { tmpdir } from 'node:os';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { startApi } from '../src/http/start.ts';
import { openReadiness } from '../src/http/health/readiness.ts';
import { recountFleet } from '../src/deployments/fleet.ts';
import { keepUnassigned } from '../src/deployments/unassigned-money.ts';
import { sumDays } from '../src/metering/day-sums.ts';
import { draftMonth } from '../src/invoices/drafts.ts';
import { rateMonths } from '../src/invoices/month-figures.ts';
import { program } from '../src/modules.ts';
import { followSimulatedClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import type { Database } from '../src/platform/database/database.ts';
import { createLog } from '../src/platform/log.ts';
import { issueToken } from '../src/platform/secrets/issue-token.ts';
import { seedBusiness } from './business.ts';
import { deployments, resources, seedFleet, seedUsage } from './fleet.ts';
import { measureInteractions } from './interactions.ts';
import { percentile99, type Row, row, say, timed, withBenchDatabase } from './support.ts';

// What the dashboard's views read, as an owner asks for it over HTTP, one request after the other: the 99th percentile of
// each against its limit: 300 ms for what is summed over the whole fleet while somebody waits; and how soon the
// Inventory paints what is done there. BENCH_RESOURCES=100000 makes
// the fleet smaller, BENCH_RUNS the number of requests of each read, BENCH_JOBS and BENCH_ENTRIES that of finished jobs and
// of entries of the audit log.
//
// Reached on 2026-12-01 with 1,000,000 resources and 31,000,000 records, quiet, in ms: first page 22, search 22, a life 11, facets
// 51 and 36, pages of the inventory 13 to 16, unassigned 231 and 121, deployments by amount 133, month of a deployment 153, invoices
// of a month 96. Not at their limits: the usage grid (633), the summary of invoices (847), the audit log verified (713).

const month = Temporal.PlainDate.from('2026-05-01');
const now = Temporal.Instant.from('2026-06-01T06:00:00Z');
const numberFrom = (name: string, usually: number) => Number(process.env[name] ?? usually);
const runs = numberFrom('BENCH_RUNS', 200);
/** A connection plans a statement that it keeps anew in each of its first five runs, and there are several connections. */
const warmUps = 30;
const finishedJobs = numberFrom('BENCH_JOBS', 1_000_000);
const entries = numberFrom('BENCH_ENTRIES', 1_000_000);

interface Read {
  readonly name: string;
  readonly limitMs: number;
  /** Of the nth request: others each time, where there are others. */
  path(n: number): string;
  readonly body?: unknown;
}

const one = (n: number, of: number) => 1 + ((n * 7_919) % of);
const needles = [
  (n: number) => `resource-${one(n, resources)}`,
  (n: number) => `${one(n, resources)}`,
  (n: number) => `d${one(n, deployments)}`,
  (n: number) => `ource-${one(n, 999)}`,
  () => 'nothing-is-called-so',
];

const reads: readonly Read[] = [
  { name: 'overview', limitMs: 50, path: () => '/overview?month=2026-05' },
  {
    name: 'search',
    limitMs: 60,
    path: (n) => `/search?q=${needles[n % needles.length]?.(n)}`,
  },
  { name: 'life of a resource', limitMs: 30, path: (n) => `/resources/${one(n, resources)}/life` },
  { name: 'inventory, a page', limitMs: 50, path: () => '/resources?limit=50' },
  { name: 'inventory, a page by name', limitMs: 50, path: () => '/resources?limit=50&sort=name' },
  {
    name: 'inventory, a page of one kind and state',
    limitMs: 50,
    path: () => '/resources?limit=50&kind=droplet&status=active',
  },
  {
    name: 'inventory, a page of one owner by name',
    limitMs: 50,
    path: (n) => `/resources?limit=50&sort=name&owner=d${one(n, deployments)}`,
  },
  { name: 'inventory, facets', limitMs: 300, path: () => '/resources/summary' },
  { name: 'inventory, facets of one kind', limitMs: 300, path: () => '/resources/summary?kind=droplet' },
  { name: 'unassigned, a page', limitMs: 300, path: () => '/unattributed-resources?limit=100' },
  { name: 'unassigned, summary', limitMs: 300, path: () => '/unattributed-resources/summary' },
  {
    name: 'deployments by amount',
    limitMs: 300,
    path: () => '/deployment-months?month=2026-05&sort=amountToDate&order=desc',
  },
  {
    name: 'month of a deployment',
    limitMs: 300,
    path: (n) => `/deployments/d${one(n, deployments)}/month?month=2026-05`,
  },
  {
    name: 'usage grid',
    limitMs: 300,
    path: () => '/usage/grid?from=2026-05-01&to=2026-06-01&by=deployment&kind=droplet_hours',
  },
  { name: 'invoices of a month', limitMs: 300, path: () => '/invoices?month=2026-05&sort=change&order=desc' },
  { name: 'invoices, summary', limitMs: 300, path: () => '/invoices/summary?month=2026-05' },
  { name: 'accounts', limitMs: 50, path: () => '/account-status' },
  { name: 'jobs, a page', limitMs: 50, path: () => '/jobs?limit=50' },
  { name: 'jobs, dead ones', limitMs: 50, path: () => '/jobs?limit=50&state=dead' },
  { name: 'jobs, summary', limitMs: 300, path: () => '/jobs/summary' },
  { name: 'what happened', limitMs: 50, path: () => '/happened' },
  { name: 'audit log, a page', limitMs: 50, path: () => '/audit-log?limit=50' },
  { name: 'audit log, verified', limitMs: 200, path: () => '/audit-log/verification', body: { recent: true } },
];

/** A hundredth of the resources has no owner. */
async function seedUnassigned(db: Database): Promise<void> {
  await sql`
    INSERT INTO owner_sets (weight_total, signature)
    SELECT 1, deployment_id || ':1' FROM deployments WHERE slug = 'unattributed' ON CONFLICT DO NOTHING`.execute(db);
  await sql`
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT s.owner_set_id, d.deployment_id, 0, 1 FROM deployments d JOIN owner_sets s ON s.signature = d.deployment_id || ':1'
    WHERE d.slug = 'unattributed' ON CONFLICT DO NOTHING`.execute(db);
  await db.transaction().execute(async (trx) => {
    // History is superseded, never edited; this one was never so.
    await sql`ALTER TABLE attributions DISABLE TRIGGER USER`.execute(trx);
    await sql`
      UPDATE attributions SET owner_set_id = (
        SELECT s.owner_set_id FROM deployments d JOIN owner_sets s ON s.signature = d.deployment_id || ':1' WHERE d.slug = 'unattributed')
      WHERE resource_id % 100 = 0`.execute(trx);
    await sql`CALL arm_triggers()`.execute(trx);
  });
}

async function seedJobs(db: Database): Promise<void> {
  await sql`
    INSERT INTO pgboss.job (name, state, created_on, started_on, completed_on, data)
    SELECT (ARRAY['default', 'metering', 'cloud_sync_fast', 'cloud_sync_full'])[1 + n % 4],
           (CASE WHEN n % 5000 = 0 THEN 'failed' WHEN n % 1000 = 0 THEN 'cancelled' ELSE 'completed' END)::pgboss.job_state,
           at, at, at + interval '1 second', jsonb_build_object('job', 'meter_day', 'arguments', jsonb_build_object('day', n))
    FROM generate_series(1, ${finishedJobs}::int) AS n, LATERAL (SELECT now() - n * interval '0.6 seconds' AS at) AS moment`.execute(
    db,
  );
  await sql`
    INSERT INTO job_attempts (job_id, claim, attempt, queue, job, started_at, ended_at, outcome)
    SELECT id, 0, 1, name, 'meter_day', started_on, completed_on, 'completed' FROM pgboss.job`.execute(db);
}

/** Of an account whose provider says nothing of requests that are left, as many as a year of syncs leaves. */
async function seedRuns(db: Database): Promise<void> {
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    SELECT account_id, (ARRAY['droplet', 'snapshot', 'volume', 'dns_zone'])[1 + n % 4], at, at + interval '1 second', 'complete'
    FROM accounts, generate_series(1, 140000) AS n, LATERAL (SELECT ${now}::timestamptz - n * interval '15 minutes' AS at) AS moment`.execute(
    db,
  );
}

/** As the triggers chain them. */
async function seedEntries(db: Database): Promise<void> {
  await sql`
    WITH head AS (SELECT position, hash FROM audit_log ORDER BY position DESC LIMIT 1), added AS (
      SELECT position + n AS place, hash AS head, jsonb_build_object('customer_id', n) AS key,
             jsonb_build_object('customer_id', n, 'name', 'Customer ' || n, 'currency', 'USD') AS after
      FROM head, generate_series(1, ${entries}::int) AS n
    ), chained AS (
      SELECT *, audit_chain(head, audit_log_content(place, timestamptz '2026-05-01', 'bench', 'api', NULL, NULL, 'customers',
                                                    'insert', key, NULL, after)) OVER (ORDER BY place) AS hash FROM added
    )
    INSERT INTO audit_log
    SELECT place, timestamptz '2026-05-01', 'bench', 'api', NULL, NULL, 'customers', 'insert', key, NULL, after,
           coalesce(lag(hash) OVER (ORDER BY place), head), hash
    FROM chained ORDER BY place`.execute(db);
}

async function seed(db: Database): Promise<void> {
  say(`Seeding ${deployments} deployments with ${resources} resources, and a month of their usage ...`);
  await seedFleet(db, deployments / 2);
  await sql`UPDATE accounts SET simulated = true`.execute(db);
  await followSimulatedClock(db, now);
  await seedUnassigned(db);
  await seedRuns(db);
  await seedBusiness(db, month);
  await seedUsage(db, month, month.daysInMonth);
  say('Drafting and rating the month ...');
  await draftMonth(db, { month, now });
  await rateMonths(db, { now });
  say(`Counting the fleet took ${Math.round(await timed(() => recountFleet(db, now)))} ms.`);
  await keepUnassigned(db, now);
  say(`Summing the month's days took ${Math.round(await timed(() => sumDays(db)))} ms.`);
  say(`Seeding ${finishedJobs} jobs and ${entries} entries of the audit log ...`);
  await seedJobs(db);
  await seedEntries(db);
  await sql`VACUUM ANALYZE`.execute(db);
}

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db, connectionString) => {
    const env = {
      DATABASE_URL: connectionString,
      ARCADIA_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => 1 + at)).toString('base64'),
      ARCADIA_JWT_SECRET: '0123456789abcdef'.repeat(4),
      ARCADIA_REQUESTS_PER_MINUTE: '10000000',
    };
    const config = loadConfig({ env, cwd: tmpdir() }, program.settings);
    const stopping = new AbortController();
    const api = await startApi({
      host: '127.0.0.1',
      port: 0,
      db,
      connectionString,
      config,
      log: createLog({ level: 'info', format: 'json', stream: { write: () => true } }),
      program,
      readiness: openReadiness({ db, program, stopping: stopping.signal }),
      withPage: true,
      registry: new Registry(),
    });
    const expiresIn = Temporal.Duration.from({ hours: 24 * 400 });
    const token = await issueToken(config, { role: 'owner', customer: null, subject: 'bench', expiresIn });
    const ask = async (path: string, body?: unknown) => {
      const answer = await fetch(`${api.url}/api/v1${path}`, {
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
    };
    try {
      await seed(db);
      const rows: Row[] = [];
      const whole = await timed(() => ask('/audit-log/verification', {}));
      rows.push(row(`reads: all ${entries} entries of the audit log, verified`, whole, 'limit of 60 s', 60_000, 1));
      for (const { name, limitMs, path, body } of reads) {
        for (let n = 0; n < warmUps; n += 1) await ask(path(n), body);
        const p99 = await percentile99(runs, (n) => ask(path(n + warmUps), body));
        say(`${p99 > limitMs ? 'OVER ' : ''}${name}: ${p99.toFixed(1)} ms, limit ${limitMs}`);
        rows.push(row(`reads: ${name}, p99`, p99, `limit of ${limitMs} ms`, limitMs, 1));
      }
      return [...rows, ...(await measureInteractions(api.url, token))];
    } finally {
      await api.close();
    }
  });
}
