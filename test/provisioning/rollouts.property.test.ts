import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseClock } from '../../src/platform/clock.ts';
import { Random } from '../../src/simulator/random.ts';
import { soaking } from '../soak.ts';
import { liveOf, openRolloutScene, type RolloutScene, stall, wholeStall } from './rollout-fixture.ts';

// Whole rollouts through every fault at random, in attempts that die at any look at the clock: before an intent, after a
// send, before what came of it is stored. The naive retry that must fail is beside the protocol alone, in
// src/provisioning/at-most-once.property.test.ts.

const runs = soaking ? 1_000 : 40;

let scene: RolloutScene;

beforeAll(async () => {
  scene = await openRolloutScene();
  const limits = { type: 'set_account_limits', droplets: 10_000, volumes: 10_000, reservedIps: 10_000 };
  await scene.cloud.control('fleet', { events: [limits] });
});
afterAll(() => scene.close());

class Killed extends Error {}

/** What is wrong with the provider during an attempt. */
function weather(random: Random): readonly object[] {
  const path = random.pick(['/v2/projects', '/v2/firewalls', '/v2/volumes', '/v2/droplets', '/v2/load_balancers']);
  const wrong: object[] = [];
  const draw = random.int(1, 100);
  if (draw <= 10) wrong.push({ fault: 'refuse_before', path, count: 1 });
  else if (draw <= 20) wrong.push({ fault: 'refuse_before', path, status: 429, count: 1 });
  else if (draw <= 50)
    wrong.push({ fault: 'create_then', path, what: random.pick([500, 502, 504, 'drop'] as const), count: 1 });
  else if (draw <= 53) wrong.push({ fault: 'create_lost', path: '/v2/droplets', seconds: 20, count: 1 });
  else if (draw <= 56) wrong.push({ fault: 'action_errored', path: '/v2/droplets', count: 1 });
  else if (draw <= 60) wrong.push({ fault: 'server_error', path, status: 503, count: 1 });
  if (random.chance(0.2)) wrong.push({ fault: 'late_listing', path: '/v2/volumes', seconds: 40 });
  if (random.chance(0.2)) wrong.push({ fault: 'late_tags', path: '/v2/droplets', seconds: 40 });
  if (random.chance(0.2)) wrong.push({ fault: 'not_yet', path, seconds: 8 });
  return wrong;
}

/** A rollout to its end; how many attempts were killed. */
async function rollOut(number: number): Promise<{ readonly rolloutId: number; readonly kills: number }> {
  const random = new Random('rollout', number);
  const rolloutId = await scene.begin(stall(`shop-${number}`), { deployment: `shop-${number}` });
  const real = databaseClock(scene.db);
  const clock = {
    now() {
      if (random.chance(0.01)) throw new Killed();
      return real.now();
    },
  };
  for (let kills = 0; ; ) {
    await scene.faults(...weather(random));
    try {
      const seconds = await scene.attempt(rolloutId, { clock });
      if (seconds === null) return { rolloutId, kills };
      await scene.pass(seconds);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      kills += 1;
      await scene.pass(random.int(1, 60));
    }
  }
}

test(`${runs} rollouts through every fault: what lives is what was proposed, once`, { timeout: 0 }, async () => {
  let killed = 0;
  for (let number = 0; number < runs; number++) {
    const { rolloutId, kills } = await rollOut(number);
    killed += kills;
    await scene.faults();
    expect(await scene.rollout(rolloutId)).toMatchObject({ state: 'done', reason: null });
  }
  await scene.pass(600);
  const wrong: unknown[] = [];
  for (let number = 0; number < runs; number++) {
    const live = await liveOf(scene, `shop-${number}`);
    if (JSON.stringify(live) !== JSON.stringify(wholeStall)) wrong.push({ number, live });
  }
  expect(wrong).toEqual([]);
  expect(killed).toBeGreaterThan(runs / 4);
});
