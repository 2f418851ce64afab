import { Registry } from 'prom-client';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openProvider } from '../../src/cloud/open.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { meterRange, outstandingDays } from '../../src/metering/meter.ts';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { openTestDatabase } from '../database.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { until } from './worker-fixture.ts';
import { program } from '../../src/modules.ts';

// A week of the schedule for fifty accounts (two days for three in `npm test`). The clock goes in steps of a quarter of an hour, as the
// schedule does. In the first hour each is waited for, so that the accounts spend on
// requests what they would; one of them has fewer than that takes. Then the clock runs ahead of the
// worker, for whom ticks that it has not seen become one, and waits for it once a day.

const accountCount = soaking ? 50 : 3;
const days = soaking ? 7 : 2;
const stepsPerHour = 4;
const stepsPerDay = 24 * stepsPerHour;
/**
 * A round of an account takes some fifteen requests, and once a day what its token may read as many again: the third
 * quarter of an hour is beyond this.
 */
const poorAccount = 'account-03';
const poorPerHour = 55;
const providerPerHour = 5_000;

/** Nothing could run now; what waits for the clock may. */
function untilIdle(db: Database): Promise<void> {
  const ready = sql`
    SELECT FROM pgboss.job WHERE state = 'active' OR state < 'active' AND start_after <= pgboss.job_now() LIMIT 1`;
  return until(async () => (await ready.execute(db)).rows.length === 0, 'jobs are left');
}

test(
  'a week for many accounts: none exceeds its budget, none starves, every day is metered once in effect',
  async () => {
    const database = await openTestDatabase();
    onTestFinished(() => database.close());
    const { db, connectionString } = database;
    const config = loadConfig(
      {
        env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY: generateSecretKey() },
      },
      program.settings,
    );
    const lines: Record<string, unknown>[] = [];
    const log = createLog({ level: 'info', format: 'json', stream: { write: (text) => lines.push(JSON.parse(text)) } });

    const accounts = new Map<string, Simulator>();
    for (let n = 1; n <= accountCount; n += 1) {
      const slug = `account-${String(n).padStart(2, '0')}`;
      const simulator = await startSimulator({ fleet: 'pilot', seed: n });
      onTestFinished(() => simulator.close());
      accounts.set(slug, simulator);
      const details = { apiUrl: simulator.url, credentials: { token: slug } };
      const provider = await openProvider('digitalocean', details);
      const request = { slug, provider: 'digitalocean', ...details, secretKey: await openSecretKey(db, config) };
      await connectAccount(db, request, await provider.identify(), simulator.start);
      await provider.close();
    }
    const names = [...accounts.keys()];
    const control = async (slug: string, path: string, body?: object): Promise<unknown> => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      return (await fetch(`${accounts.get(slug)?.url}/_simulator${path}`, init)).json();
    };
    await control(poorAccount, '/limits', { perHour: poorPerHour, perMinute: 250 });

    const start = (accounts.get(poorAccount) as Simulator).start;
    await followSimulatedClock(db, start);
    const worker = await startWorker({ db, connectionString, config, log, program, registry: new Registry() });
    const ofKind = async (since: Temporal.Instant) => {
      const { rows } = await sql<{ slug: string; kinds: string[] }>`
      SELECT slug, array_agg(DISTINCT kind ORDER BY kind) AS kinds FROM sync_runs JOIN accounts USING (account_id)
      WHERE started_at >= ${since} AND outcome = 'complete' GROUP BY slug ORDER BY slug`.execute(db);
      return new Map(rows.map(({ slug, kinds }) => [slug, kinds]));
    };
    // All of the provider's but buckets, which take keys of their own; and its log of actions.
    const kinds =
      'action app certificate custom_image database dns_zone droplet droplet_backup firewall kubernetes_cluster load_balancer project reserved_ip size snapshot volume vpc'.split(
        ' ',
      );

    const stepTo = async (step: number): Promise<Temporal.Instant> => {
      const now = start.add({ minutes: step * 15 });
      for (const simulator of accounts.values()) simulator.advanceTo(now);
      await followSimulatedClock(db, now);
      return now;
    };
    /** What the worker does each second by itself, at once. */
    const stepAndTick = async (step: number): Promise<Temporal.Instant> => {
      const now = await stepTo(step);
      await worker.tick();
      return now;
    };
    try {
      for (let step = 1; step <= stepsPerHour; step += 1) {
        await stepAndTick(step);
        await untilIdle(db);
        // In its share of the hour everybody has been read, but for who had no request left.
        const read = await ofKind(start.add({ minutes: step * 15 }));
        for (const slug of names.filter((name) => name !== poorAccount))
          expect(read.get(slug), `${slug} in step ${step}`).toEqual(
            expect.arrayContaining(['project', 'droplet', 'action']),
          );
      }
      let dayBegan = start;
      for (let day = 1; day <= days; day += 1) {
        const first = day === 1 ? stepsPerHour + 1 : (day - 1) * stepsPerDay + 1;
        for (let step = first; step < day * stepsPerDay; step += 1) await stepTo(step);
        const now = await stepAndTick(day * stepsPerDay);
        await untilIdle(db);
        expect(await ofKind(dayBegan), `read whole on day ${day}`).toEqual(new Map(names.map((slug) => [slug, kinds])));
        dayBegan = now;
      }
      // What waited for its account's next request, and the last day.
      await stepAndTick(days * stepsPerDay + stepsPerHour);
      await worker.jobs.runNow('meter', {});
      await untilIdle(db);
    } finally {
      await worker.stop();
    }

    // Budgets. What a provider let through in an hour is what it allows; the refusals tell who asked for more.
    for (const slug of names) {
      const { recent } = (await control(slug, '/requests')) as { recent: { status: number }[] };
      const refused = recent.filter(({ status }) => status === 429).length;
      if (slug !== poorAccount) expect(refused, `what ${slug} was refused`).toBe(0);
    }
    const { rows: hours } = await sql<{ slug: string; most: number }>`
    SELECT slug, max(requests)::int AS most FROM (
      SELECT account_id, sum(requests) AS requests FROM sync_runs GROUP BY account_id, date_trunc('hour', started_at)) AS hourly
    JOIN accounts USING (account_id) GROUP BY slug`.execute(db);
    expect(hours.length).toBe(accountCount);
    for (const { most } of hours) expect(most).toBeLessThanOrEqual(providerPerHour);

    // Who had no request left waited, and lost nothing by it but time.
    const ends = lines.filter((line) => line.outcome !== undefined && line.outcome !== 'completed');
    expect(ends.length).toBeGreaterThan(0);
    expect(ends.filter(({ outcome }) => outcome !== 'snoozed')).toEqual([]);
    for (const id of new Set(ends.map((line) => String(line.id)))) {
      const job = await worker.jobs.show(id);
      // A sync names the account, a reading of bills who pays.
      const { account, payer } = job.arguments as { account?: string; payer?: string };
      expect({ ...job, of: account ?? payer }).toMatchObject({ of: poorAccount, state: 'completed', attempt: 1 });
    }

    const now = start.add({ minutes: (days * stepsPerDay + stepsPerHour) * 15 });
    const from = start.toZonedDateTimeISO('UTC').toPlainDate();
    expect(await outstandingDays(db, now)).toEqual([]);
    const verified = await meterRange(db, { from, to: from.add({ days }), now, verify: true });
    expect(verified.map(({ inserted, changed, deleted }) => inserted + changed + deleted)).toEqual(Array(days).fill(0));
    const { rows: metered } = await sql<{ days: number }>`
    SELECT count(DISTINCT day)::int AS days FROM metered_days`.execute(db);
    expect(metered).toEqual([{ days }]);
    const { rows: doubled } = await sql`
    SELECT FROM usage_records GROUP BY deployment_id, billing_kind_id, resource_id, period_start HAVING count(*) > 1`.execute(
      db,
    );
    expect(doubled).toEqual([]);
  },
  timeoutOf(1_800_000),
);
