import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { expect, test, type TestContext } from 'vitest';
import { openProvider } from '../../src/cloud/open.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { openTestDatabase } from '../database.ts';
import { until, untilDrained } from './worker-fixture.ts';
import { program } from '../../src/modules.ts';

/** A program with one account, whose provider takes so many requests an hour. */
async function openScene({ onTestFinished }: TestContext) {
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
  const details = { apiUrl: simulator.url, credentials: { token: 'acme' } };
  const provider = await openProvider('digitalocean', details);
  const request = { slug: 'acme', provider: 'digitalocean', ...details, secretKey: await openSecretKey(db, config) };
  await connectAccount(db, request, await provider.identify(), simulator.start);
  await provider.close();
  await followSimulatedClock(db, simulator.start);
  const control = async (path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(`${simulator.url}/_simulator${path}`, init)).json();
  };
  const log = createLog({ level: 'silent', format: 'json' });
  const worker = await startWorker({ db, connectionString, config, log, program, registry: new Registry() });
  onTestFinished(() => worker.stop());
  return {
    db,
    worker,
    limit: (perHour: number) => control('/limits', { perHour, perMinute: null }),
    async refused() {
      const { recent } = (await control('/requests')) as { recent: { status: number; url: string }[] };
      return recent.filter(({ status }) => status === 429).map(({ url }) => url);
    },
    async advance(hours: number) {
      const now = simulator.start.add({ hours });
      simulator.advanceTo(now);
      await followSimulatedClock(db, now);
      await worker.tick();
    },
    async jobs() {
      const found = await worker.jobs.list({ arguments: { account: 'acme' } });
      return Object.fromEntries(found.map((job) => [job.job, job]));
    },
  };
}

// They mostly wait for the account's next request; so they wait together.

test.concurrent('a listing that runs out of requests ends partial, its job waits without spending an attempt, and then does it all', async (context) => {
  const scene = await openScene(context);
  // Enough to say who it is, and a few of the kinds.
  await scene.limit(8);
  await scene.worker.jobs.runNow('sync_resources', { account: 'acme' });
  await until(async () => (await scene.jobs()).sync_resources?.state === 'scheduled', 'it waits');
  const { sync_resources: waiting } = await scene.jobs();
  expect(waiting).toMatchObject({ attempt: 0, attemptsMax: 3, reason: expect.stringContaining('429') });
  const { rows } = await sql<{ kind: string; outcome: string; reason: string }>`
    SELECT kind, outcome, reason FROM sync_runs WHERE outcome <> 'complete'`.execute(scene.db);
  expect(rows, 'one kind met it, and no other was tried in vain').toEqual([
    {
      kind: expect.any(String),
      outcome: expect.stringMatching(/^(partial|failed)$/),
      reason: expect.stringContaining('429'),
    },
  ]);
  const kind = rows[0]?.kind;
  expect(new Set(await scene.refused()).size, 'nor asked for again and again').toBe(1);

  await scene.limit(5_000);
  await scene.advance(1);
  await untilDrained(scene.db);
  expect((await scene.jobs()).sync_resources).toMatchObject({ id: waiting?.id, state: 'completed', attempt: 1 });
  const { rows: last } = await sql<{ outcome: string }>`
    SELECT outcome FROM sync_runs WHERE kind = ${kind} ORDER BY started_at DESC, sync_run_id DESC LIMIT 1`.execute(
    scene.db,
  );
  expect(last).toEqual([{ outcome: 'complete' }]);
});

test.concurrent('an account with hardly a request left costs its jobs nothing but time', async (context) => {
  const scene = await openScene(context);
  await scene.limit(1);
  await scene.worker.jobs.runNow('sync_projects', { account: 'acme' });
  for (let round = 1; round <= 2; round += 1) {
    await until(async () => {
      const { sync_projects: job } = await scene.jobs();
      return job?.state === 'scheduled' && (await scene.refused()).length > 0;
    }, `it waits, round ${round}`);
    expect((await scene.jobs()).sync_projects).toMatchObject({ attempt: 0, attemptsMax: 3 });
    if (round < 2) await scene.advance(round);
  }
  await scene.limit(5_000);
  await scene.advance(3);
  await untilDrained(scene.db);
  expect((await scene.jobs()).sync_projects).toMatchObject({ state: 'completed', attempt: 1 });
});
