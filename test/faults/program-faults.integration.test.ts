import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openProvider } from '../../src/cloud/open.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { syncAccount } from '../../src/inventory/sync.ts';
import { openJobs } from '../../src/jobs/jobs.ts';
import { meterRange, outstandingDays } from '../../src/metering/meter.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { openTestDatabase } from '../database.ts';
import { until, untilDrained } from '../jobs/worker-fixture.ts';
import { startWorkerProcess, type WorkerProcess } from './processes.ts';
import { program } from '../../src/modules.ts';

const dataDir = '/tmp/arcadia-test-unused';

test('kill -9 in the middle of a sync, and of a metering run: the next worker ends both, and the figures are what they should be', async () => {
  const database = await openTestDatabase();
  const { db, connectionString } = database;
  const env = { ARCADIA_DATA_DIR: dataDir, ARCADIA_SECRET_KEY: generateSecretKey() };
  const secretKey = await openSecretKey(db, loadConfig({ env }, program.settings));
  const clock = databaseClock(db);
  const simulator = await startSimulator({ fleet: 'agency', seed: 1 });
  const details = { apiUrl: simulator.url, credentials: { token: 'any' } };
  const provider = await openProvider('digitalocean', details);
  const workers: WorkerProcess[] = [];
  const start = async (name: string) => {
    const worker = await startWorkerProcess(connectionString, name, 'program-process.ts', env);
    workers.push(worker);
    return worker;
  };
  const jobs = await openJobs({ db, connectionString, clock, program });
  const count = async (from: ReturnType<typeof sql.table>) =>
    (await sql<{ n: number }>`SELECT count(*)::int AS n FROM ${from}`.execute(db)).rows[0]?.n ?? 0;
  try {
    const request = { slug: 'agency', provider: 'digitalocean', ...details, secretKey };
    const account = await connectAccount(db, request, await provider.identify(), simulator.start);

    const control = (path: string, body: object) =>
      fetch(`${simulator.url}/_simulator${path}`, { method: 'POST', body: JSON.stringify(body) });
    // Its clock stands still while workers work: a minute's requests would be spent for good, and be waited for.
    await control('/limits', { perHour: null, perMinute: null });
    // Droplets are refused for now: however late this looks, there is something left to do.
    await control('/faults', { fault: 'server_error', path: '/v2/droplets' });
    const first = await start('first');
    await jobs.runNow('sync_projects', { account: 'agency' });
    await until(async () => (await count(sql.table('resources'))) > 0, 'a part of the fleet is read');
    await first.end('SIGKILL');
    await fetch(`${simulator.url}/_simulator/faults`, { method: 'DELETE' });
    const second = await start('second');
    await until(() => second.said.some((line) => line.includes('"job":"sync_')), 'the second has taken over');
    await untilDrained(db);
    // What the killed sync left is whole: nothing is new or changed for whoever reads again.
    const kinds = provider.kinds.filter((kind) => kind !== 'snapshot' && kind !== 'droplet_backup');
    const again = await syncAccount(db, account, provider, { clock, kinds });
    expect(
      again.map(({ kind, outcome, new: fresh, changed, ended }) => ({ kind, outcome, fresh, changed, ended })),
    ).toEqual(again.map(({ kind }) => ({ kind, outcome: 'complete', fresh: 0, changed: 0, ended: 0 })));
    await second.end('SIGKILL');

    const now = simulator.start.add({ hours: 20 * 24 });
    simulator.advanceTo(now);
    await followSimulatedClock(db, now);
    await syncAccount(db, account, provider, { clock });
    const third = await start('third');
    await jobs.runNow('meter', {});
    await until(async () => (await count(sql.table('metered_days'))) > 0, 'some days are metered');
    await third.end('SIGKILL');
    await start('fourth');
    await untilDrained(db);
    expect(await outstandingDays(db, now)).toEqual([]);
    const from = simulator.start.toZonedDateTimeISO('UTC').toPlainDate();
    const verified = await meterRange(db, { from, to: from.add({ days: 20 }), now, verify: true });
    expect(verified.map(({ inserted, changed, deleted }) => inserted + changed + deleted)).toEqual(Array(20).fill(0));
    const { rows } = await sql<{ doubled: number }>`
      SELECT count(*)::int AS doubled FROM (
        SELECT FROM usage_records GROUP BY deployment_id, billing_kind_id, resource_id, period_start HAVING count(*) > 1) AS twice`.execute(
      db,
    );
    expect(rows).toEqual([{ doubled: 0 }]);
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
    await jobs.close();
    await provider.close();
    await simulator.close();
    await database.close();
  }
});
