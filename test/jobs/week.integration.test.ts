import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openProvider } from '../../src/cloud/open.ts';
import { type Simulator, startSimulator } from '../../src/cloud/simulator/server.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { startWorker } from '../../src/jobs/house.ts';
import { meterRange, outstandingDays } from '../../src/metering/meter.ts';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { generateSecretKey } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import { loadSecretKey } from '../../src/platform/secret-key.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { Registry } from 'prom-client';
import { openTestDatabase } from '../database.ts';
import { untilDrained } from './worker-fixture.ts';

// A week of the schedule for fifty accounts, on the virtual clock. It moves in long steps: a tick
// means "bring this up to date", so that the schedule of each step stands for all it leapt over.

const accountCount = 50;
const stepHours = 24;
const days = 7;

test('a week for fifty accounts: none starves, none exceeds its budget, every day is metered once in effect', async () => {
  const database = await openTestDatabase();
  const { db, connectionString } = database;
  const config = loadConfig({
    env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY: generateSecretKey() },
  });
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level: 'warn', format: 'json', stream: { write: (text) => lines.push(JSON.parse(text)) } });
  const simulators: Simulator[] = [];
  try {
    const names = Array.from({ length: accountCount }, (_, index) => `account-${String(index + 1).padStart(2, '0')}`);
    for (const [index, slug] of names.entries()) {
      const simulator = await startSimulator({ fleet: 'pilot', seed: index + 1 });
      simulators.push(simulator);
      const details = { apiUrl: simulator.url, credentials: { token: slug } };
      const provider = await openProvider('digitalocean', details);
      const request = { slug, provider: 'digitalocean', ...details, secretKey: loadSecretKey(config) };
      await connectAccount(db, request, await provider.identify(), simulator.start);
      await provider.close();
    }
    const start = simulators[0]?.start ?? Temporal.Now.instant();
    await followSimulatedClock(db, start);
    const worker = await startWorker({ db, connectionString, config, log, registry: new Registry() });
    try {
      for (let hours = stepHours; hours <= days * 24; hours += stepHours) {
        const now = start.add({ hours });
        for (const simulator of simulators) simulator.advanceTo(now);
        await followSimulatedClock(db, now);
        await worker.tick();
        await untilDrained(db, 60);
        const { rows } = await sql<{ slug: string; kinds: string[] }>`
          SELECT slug, array_agg(DISTINCT kind ORDER BY kind) AS kinds FROM sync_runs JOIN accounts USING (account_id)
          WHERE started_at >= ${now} AND outcome = 'complete' GROUP BY slug ORDER BY slug`.execute(db);
        const kinds = [
          'action',
          'app',
          'database',
          'dns_zone',
          'droplet',
          'droplet_backup',
          'firewall',
          'kubernetes_cluster',
          'load_balancer',
          'project',
          'reserved_ip',
          'snapshot',
          'volume',
        ];
        expect(rows, `read completely at ${now}`).toEqual(names.map((slug) => ({ slug, kinds })));
      }
      await worker.jobs.runNow('meter', {});
      await untilDrained(db, 60);
    } finally {
      await worker.stop();
    }

    expect(
      lines.filter((line) => line.outcome !== undefined),
      'every job ended well',
    ).toEqual([]);
    const { rows: budgets } = await sql<{ most: number }>`
      SELECT coalesce(max(requests), 0)::int AS most FROM (
        SELECT sum(requests) AS requests FROM sync_runs GROUP BY account_id, date_trunc('hour', started_at)) AS hourly`.execute(
      db,
    );
    expect(budgets[0]?.most).toBeGreaterThan(0);
    expect(budgets[0]?.most).toBeLessThanOrEqual(5_000);

    const now = start.add({ hours: days * 24 });
    const from = start.toZonedDateTimeISO('UTC').toPlainDate();
    expect(await outstandingDays(db, now)).toEqual([]);
    const verified = await meterRange(db, { from, to: from.add({ days }), now, verify: true });
    expect(verified.map(({ inserted, changed, deleted }) => inserted + changed + deleted)).toEqual(Array(days).fill(0));
    const { rows: metered } = await sql<{
      days: number;
    }>`SELECT count(DISTINCT day)::int AS days FROM metered_days`.execute(db);
    expect(metered).toEqual([{ days }]);
  } finally {
    await Promise.all(simulators.map((simulator) => simulator.close()));
    await database.close();
  }
}, 300_000);
