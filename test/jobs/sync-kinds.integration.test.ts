import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { openProvider } from '../../src/cloud/open.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { syncedKinds } from '../../src/inventory/sync.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { createLog } from '../../src/platform/log.ts';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase } from '../database.ts';
import { untilDrained } from './worker-fixture.ts';

test('the schedule reads every kind that the provider lists', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const { db, connectionString } = database;
  const config = loadConfig(
    {
      env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY: generateSecretKey() },
    },
    program.settings,
  );
  const simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
  onTestFinished(() => simulator.close());
  const spaces = { accessKeyId: 'key', secretAccessKey: 'secret', regions: [], endpoint: simulator.s3Endpoint };
  const details = { apiUrl: simulator.url, credentials: { token: 'acme', spaces } };
  const provider = await openProvider('digitalocean', details);
  onTestFinished(() => provider.close());
  const request = { slug: 'acme', provider: 'digitalocean', ...details, secretKey: await openSecretKey(db, config) };
  await connectAccount(db, request, await provider.identify(), simulator.start);
  await followSimulatedClock(db, simulator.start);
  const log = createLog({ level: 'silent', format: 'json' });
  const worker = await startWorker({ db, connectionString, config, log, program, registry: new Registry() });
  onTestFinished(() => worker.stop());

  for (const { job, arguments: args } of program.schedule) {
    if (job.name === 'sync_accounts') await worker.jobs.runNow(job.name, args);
    await untilDrained(db);
  }

  const { rows } = await sql<{ kind: string }>`SELECT DISTINCT kind FROM sync_runs`.execute(db);
  expect(syncedKinds(provider)).toContain('spaces_bucket');
  expect(rows.map(({ kind }) => kind).toSorted()).toEqual(syncedKinds(provider).toSorted());
});
