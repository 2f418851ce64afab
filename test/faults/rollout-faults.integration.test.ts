import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJobs } from '../../src/jobs/jobs.ts';
import { program } from '../../src/modules.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { SEND_WITHIN_MS } from '../../src/provisioning/create-step.ts';
import { runRolloutJob } from '../../src/provisioning/rollout-jobs.ts';
import { testSecretKey } from '../http/api-fixture.ts';
import { liveOf, openRolloutScene, type RolloutScene, shop, wholeShop } from '../provisioning/rollout-fixture.ts';
import { soaking } from '../soak.ts';
import { scriptEnvironment } from './processes.ts';

// Real processes, really killed and stopped, while they carry out a rollout. What lives at the end is what was proposed,
// once.

let scene: RolloutScene;

beforeEach(async () => {
  scene = await openRolloutScene();
});
afterEach(() => scene.close());

/** A process that carries the rollout out, or a worker; `said` are the lines that it has printed. */
function startProcess(rolloutId: number | null, env: Readonly<Record<string, string>> = {}) {
  const script = fileURLToPath(new URL('rollout-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, scene.connectionString, String(rolloutId ?? ''), scene.cloud.simulator.url],
    { stdio: ['ignore', 'pipe', 'inherit'], env: scriptEnvironment({ ...env, ARCADIA_SECRET_KEY: testSecretKey }) },
  );
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => said.push(line));
  return { child, said, ended: once(child, 'close') };
}

async function runProcess(rolloutId: number, env: Readonly<Record<string, string>>): Promise<string[]> {
  const { said, ended } = startProcess(rolloutId, env);
  await ended;
  return said;
}

/** Every so many points a process is killed: one after the other falls on each kind of point. */
const strides = soaking ? [1, 2, 3, 5, 7, 9, 11, 13] : [41];

for (const stride of strides) {
  test(`killed after every ${stride} points, it is carried out once`, { timeout: 0 }, async () => {
    const rolloutId = await scene.begin(shop());
    let kills = 0;
    // A process does at least what comes before its first point, and the next one goes on further.
    for (let point = stride; ; point = Math.max(stride, (point % (stride + 20)) + 2)) {
      const said = await runProcess(rolloutId, { ROLLOUT_POINT: String(point) });
      if (said.some((line) => line.startsWith('ended'))) break;
      kills += 1;
      expect(said).toEqual(['SIGKILL']);
    }
    expect(kills).toBeGreaterThan(2);
    expect(await scene.rollout(rolloutId)).toMatchObject({ state: 'done', reason: null });
    expect(await liveOf(scene)).toEqual(wholeShop);
  });
}

test('killed between each intent and its send, it is carried out once', { timeout: 0 }, async () => {
  const rolloutId = await scene.begin(shop());
  let kills = 0;
  for (;;) {
    // Each process sends one write, or two, or three, and dies before the next; one more where time is short.
    const point = (soaking ? 2 : 3) + (kills % 3);
    const said = await runProcess(rolloutId, { ROLLOUT_POINT: String(point), ROLLOUT_SENDS_ONLY: 'yes' });
    if (said.some((line) => line.startsWith('ended'))) break;
    kills += 1;
  }
  expect(kills).toBeGreaterThan(2);
  expect(await scene.rollout(rolloutId)).toMatchObject({ state: 'done' });
  expect(await liveOf(scene)).toEqual(wholeShop);
});

test('a worker that is stopped between an intent and its send does not send when it goes on', {
  timeout: 0,
}, async () => {
  const { db, connectionString } = scene;
  const jobs = await openJobs({ db, connectionString, clock: databaseClock(db), program });
  try {
    const rolloutId = await scene.begin(shop());
    await db.transaction().execute((trx) => jobs.enqueue(trx, runRolloutJob, { rollout: rolloutId }));
    // Project, tag, network, firewall, what may be created later, and the volume: the first droplet.
    const env = { ROLLOUT_POINT: '8', ROLLOUT_SENDS_ONLY: 'yes', ROLLOUT_SIGNAL: 'SIGSTOP' };
    const stopped = startProcess(null, env);
    await until(() => stopped.said.includes('SIGSTOP'), 'it has stopped', passTime);
    expect(Object.values(await scene.steps(rolloutId))).toContain('intended');
    // Its lease is over long after it may send.
    const other = startProcess(null, {});
    await until(async () => (await scene.rollout(rolloutId)).state === 'done', 'another one has done it', passTime);
    expect(await liveOf(scene)).toEqual(wholeShop);
    const writes = await scene.writes();
    stopped.child.kill('SIGCONT');
    await sleep(SEND_WITHIN_MS / 5);
    for (const { child, ended } of [stopped, other]) {
      child.kill('SIGKILL');
      await ended;
    }
    expect(await scene.writes()).toEqual(writes);
    expect(await liveOf(scene)).toEqual(wholeShop);
    expect(await scene.rollout(rolloutId)).toMatchObject({ state: 'done' });
  } finally {
    await jobs.close();
  }
});

/** What waits for the clock of the simulator goes on. */
async function passTime(): Promise<void> {
  await scene.pass(5);
  await followSimulatedClock(scene.db, scene.cloud.simulator.now());
}

async function until(probe: () => boolean | Promise<boolean>, what: string, meanwhile: () => Promise<void>) {
  const deadline = performance.now() + 120_000;
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`still not so: ${what}`);
    await meanwhile();
    await sleep(200);
  }
}
