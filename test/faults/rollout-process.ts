import http from 'node:http';
import { flushCompileCache, syncBuiltinESMExports } from 'node:module';

// Attempts at one rollout, one after the other until it has come to rest, in a process of its own. Time between them is
// passed at the simulator. Without a rollout it is a worker. At the point whose number the environment says it kills, or stops, itself for real: the points
// are each look at the clock, which comes before whatever is stored, and each write that is about to connect.

const [connectionString = '', rollout = '', simulator = ''] = process.argv.slice(2);
const at = Number(process.env.ROLLOUT_POINT ?? '0');
const signal = process.env.ROLLOUT_SIGNAL === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL';
const sendsOnly = process.env.ROLLOUT_SENDS_ONLY !== undefined;
let points = 0;

function point(isSend: boolean): void {
  if (sendsOnly && !isSend) return;
  points += 1;
  if (points !== at) return;
  process.stdout.write(`${signal}\n`);
  process.kill(process.pid, signal);
}

// Writes alone are sent in this way.
const { request } = http;
http.request = ((...call: Parameters<typeof request>) => {
  point(true);
  return request(...call);
}) as typeof request;
syncBuiltinESMExports();

const { program } = await import('../../src/modules.ts');
const { databaseClock } = await import('../../src/platform/clock.ts');
const { loadConfig } = await import('../../src/platform/config.ts');
const { connect } = await import('../../src/platform/database/database.ts');
const { SnoozeJob } = await import('../../src/platform/declare/job.ts');
const { createLog } = await import('../../src/platform/log.ts');
const { runRollout } = await import('../../src/provisioning/run-rollout.ts');
flushCompileCache();

const db = connect({ connectionString, applicationName: 'rollout process' });
const { ARCADIA_SECRET_KEY } = process.env;
const config = loadConfig(
  { flags: {}, env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY } },
  program.settings,
);
const real = databaseClock(db);
const clock = {
  now() {
    point(false);
    return real.now();
  },
};
const log = createLog({ level: 'error', format: 'json' });
const run = { db, clock, config, log, signal: new AbortController().signal, report: () => {}, read: async () => {} };
if (rollout === '') {
  const { startWorker } = await import('../../src/jobs/worker.ts');
  const { Registry } = await import('prom-client');
  const only = { ...program, schedule: [] };
  const name = `worker ${process.pid}`;
  const registry = new Registry();
  await startWorker({ db, connectionString, config, log, program: only, queues: ['provisioning'], registry, name });
  process.stdout.write('started\n');
}
while (rollout !== '') {
  try {
    await runRollout(run, Number(rollout));
    break;
  } catch (error) {
    if (!(error instanceof SnoozeJob)) throw error;
    const advanceBy = `PT${Math.max(1, Math.ceil(error.seconds))}S`;
    await fetch(`${simulator}/_simulator/clock`, { method: 'POST', body: JSON.stringify({ advanceBy }) });
  }
}
if (rollout !== '') {
  process.stdout.write(`ended after ${points}\n`);
  await db.destroy();
}
