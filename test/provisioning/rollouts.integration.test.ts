import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createCustomer,
  createDeployment,
  findDeployment,
  unattributedResources,
} from '../../src/deployments/index.ts';
import { disconnectAccount } from '../../src/inventory/accounts.ts';
import { listAccounts, openSecretKey } from '../../src/inventory/index.ts';
import { grantWriting, readWriteToken, revokeWriting } from '../../src/provisioning/grants.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { applyPlans, currentSubscriptions } from '../../src/pricing/index.ts';
import { extrasOf } from '../../src/provisioning/extras.ts';
import { decodeStep } from '../../src/provisioning/records.ts';
import { showRollout } from '../../src/provisioning/rollouts.ts';
import { selectSteps } from '../../src/provisioning/rollouts.store.ts';
import { sweepMarkers } from '../../src/provisioning/sweep-markers.ts';
import { json, startTestApi } from '../http/api-fixture.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';
import {
  liveOf,
  openRolloutScene,
  owned,
  type RolloutScene,
  shop,
  step,
  teardown,
  wholeShop,
  writeToken,
} from './rollout-fixture.ts';

class Killed extends Error {}

let scene: RolloutScene;

beforeEach(async () => {
  scene = await openRolloutScene();
});
afterEach(() => scene.close());

test('a proposal is carried out once, and begun again it is the same rollout, which writes nothing', async () => {
  const hash = await scene.propose(shop());
  const [one, other] = await Promise.all([scene.beginByHash(hash), scene.beginByHash(hash)]);
  expect(one.rolloutId).toBe(other.rolloutId);
  expect(one.begun).toBe(!other.begun);
  expect(await scene.drive(one.rolloutId)).toMatchObject({ state: 'done', steps: 9, done: 9, reason: null });
  expect(await liveOf(scene)).toEqual(wholeShop);
  const writes = await scene.writes();
  expect(writes.length).toBeLessThanOrEqual(20);
  expect(await scene.beginByHash(hash)).toEqual({ rolloutId: one.rolloutId, begun: false });
  expect(await scene.attempt(one.rolloutId)).toBeNull();
  expect(await scene.writes()).toEqual(writes);
});

test('a scope that is missing is said before anything costs', async () => {
  await scene.faults({ fault: 'missing_scope', scopes: ['load_balancer:create'] });
  const rolloutId = await scene.begin(shop());
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('load_balancer:create'),
  });
  expect(await liveOf(scene)).toEqual({ projects: 1, vpcs: 1, firewalls: 1 });
  await scene.faults();
  await scene.decide('resume', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  expect(await liveOf(scene)).toEqual(wholeShop);
});

test('a limit in the middle is held, and undone it leaves nothing; webhooks are sent both', async () => {
  await addHook(scene.db, scene.cloud.simulator.now(), { webhook: 'ops', url: 'https://127.0.0.1:1/' });
  await scene.faults({ fault: 'limit_reached', path: '/v2/load_balancers' });
  const rolloutId = await scene.begin(shop());
  const held = await scene.drive(rolloutId);
  expect(held).toMatchObject({ state: 'held', reason: expect.stringMatching(/^balancer: .*limit/) });
  await scene.faults();
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone', reason: null });
  expect(await liveOf(scene)).toEqual({});
  const { rows } = await sql`
    SELECT data FROM webhook_messages WHERE type = 'rollout.ended' ORDER BY message_id`.execute(scene.db);
  const of = { rollout: rolloutId, deployment: 'beta-shop', path: `/api/v1/rollouts/${rolloutId}` };
  expect(rows).toEqual([
    { data: { ...of, state: 'held', reason: held?.reason } },
    { data: { ...of, state: 'undone', reason: null } },
  ]);
});

test('429 at a write spends nothing and makes nothing twice', async () => {
  await scene.faults({ fault: 'refuse_before', path: '/v2/droplets', status: 429, count: 1 });
  const rolloutId = await scene.begin(shop());
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  expect(await liveOf(scene)).toEqual(wholeShop);
});

test('a deployment and its rule are there before anything costs; all that was made is its own, and its declaration', async () => {
  await createCustomer(scene.db, { externalId: 'cus_88', name: 'Beta', currency: 'EUR' }, scene.cloud.simulator.now());
  const rolloutId = await scene.begin(owned());
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  const deployment = await findDeployment(scene.db, 'beta-shop');
  const born = (await scene.cloud.all('/v2/volumes', 'volumes'))[0].created_at as string;
  expect(Temporal.Instant.compare(deployment.startsAt!, Temporal.Instant.from(born))).toBeLessThanOrEqual(0);
  const { resources } = await unattributedResources(scene.db, scene.cloud.simulator.now());
  expect(resources.map(({ name }) => name).filter((name) => name.startsWith('beta-shop'))).toEqual([]);
  const { rows } = await sql`
    SELECT d.slug, r.kind, count(DISTINCT r.resource_id)::int AS n
    FROM declared_resources c JOIN declarations d USING (declaration_id)
    JOIN resources r ON r.external_id = c.external_id AND r.kind = c.kind
    WHERE c.valid_to = 'infinity' GROUP BY d.slug, r.kind ORDER BY r.kind`.execute(scene.db);
  expect(rows).toEqual([
    { slug: 'beta-shop', kind: 'droplet', n: 2 },
    { slug: 'beta-shop', kind: 'firewall', n: 1 },
    { slug: 'beta-shop', kind: 'load_balancer', n: 1 },
    { slug: 'beta-shop', kind: 'volume', n: 1 },
  ]);
});

const zone = step('zone', {
  do: 'create',
  kind: 'dns_zone',
  spec: { name: 'beta.example' },
  marker: { name: 'beta.example' },
  mayAdopt: false,
});

test('a deployment that is there by then is not taken: undoing ends nothing that the rollout has not created', async () => {
  const { db, cloud } = scene;
  const now = cloud.simulator.now();
  await createCustomer(db, { externalId: 'cus_88', name: 'Beta', currency: 'USD' }, now);
  const rolloutId = await scene.begin(owned());
  await createDeployment(db, { slug: 'beta-shop', name: 'Beta', customer: 'cus_88', startsAt: now }, now);
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('deployment beta-shop is there, and this rollout has not created it'),
  });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone' });
  expect(await findDeployment(db, 'beta-shop')).toMatchObject({ endsAt: null });
});

test('what is done is in use: it is not undone, and the answer says how it is taken down', async () => {
  const rolloutId = await scene.begin(shop());
  await scene.drive(rolloutId);
  const writes = await scene.writes();
  await expect(scene.decide('undo', rolloutId)).rejects.toMatchObject({
    code: 'rollout_ended',
    next: { operation: 'proposal destroy', arguments: { deployment: 'beta-shop' } },
  });
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  expect(await scene.writes()).toEqual(writes);
});

test('undone weeks later, what was owed by then stays owed, and a volume that was in use stays protected', async () => {
  const { db, cloud } = scene;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'cus_88', name: 'Beta', currency: 'USD' }, start);
  await applyPlans(db, [{ name: 'studio.yaml', text: await readFile('plans/studio.yaml', 'utf8') }], 'test', start);
  const day = start.toZonedDateTimeISO('UTC').toPlainDate();
  const work = { do: 'record', what: 'subscription', plan: 'studio', from: day.toString() } as const;
  await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
  const rolloutId = await scene.begin([...owned(), step('subscription', work), zone]);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held' });
  await scene.pass(40 * 86_400);
  await followSimulatedClock(db, cloud.simulator.now());
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'undone',
    reason: expect.stringContaining('volume data stays: it is protected'),
  });
  expect(await liveOf(scene)).toEqual({ projects: 1, volumes: 1 });
  const plansAt = async (at: Temporal.Instant) => (await currentSubscriptions(db, at)).map(({ plan }) => plan);
  expect(await plansAt(start.add({ hours: 24 * 39 }))).toEqual(['studio']);
  expect(await plansAt(cloud.simulator.now().add({ hours: 24 }))).toEqual([]);
  expect((await findDeployment(db, 'beta-shop')).endsAt).not.toBeNull();
});

test('what an undoing writes down is recorded under whoever has asked for it, not under whoever began the rollout', async () => {
  const { db } = scene;
  await createCustomer(db, { externalId: 'cus_88', name: 'Beta', currency: 'USD' }, scene.cloud.simulator.now());
  await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
  const rolloutId = await scene.begin([...owned(), zone]);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', begunBy: 'owner', undoBy: null });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone', reason: null, undoBy: 'who asked for undo' });
  const { rows } = await sql`SELECT protected_by, ended_by FROM protections`.execute(db);
  expect(rows).toEqual([{ protected_by: 'owner', ended_by: 'who asked for undo' }]);
  const { rows: audited } = await sql`
    SELECT DISTINCT after ->> 'undo_by' AS by FROM audit_log
    WHERE table_name = 'rollouts' AND after ->> 'state' = 'undoing'`.execute(db);
  expect(audited).toEqual([{ by: 'who asked for undo' }]);
});

test('a volume that was attached to what lives stays, however far the rollout came', async () => {
  await scene.drive(await scene.begin(shop()));
  const [{ id }] = (await scene.cloud.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'beta-shop-web-2');
  await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
  const more = shop('beta-shop-more').find(({ key }) => key === 'volume data');
  const act = { on: 'volume', id: { $id: 'volume data' }, do: 'attach', droplet: String(id) } as const;
  const steps = [more!, step('attach', { do: 'act', act }, { undo: 'reverse' }), zone];
  const rolloutId = await scene.begin(steps, { purpose: 'change' });
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', done: 2 });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'undone',
    reason: 'volume data stays: it was in use, and may hold data',
  });
  expect(await liveOf(scene)).toEqual({ ...wholeShop, volumes: 2 });
});

test('a teardown takes and sees snapshots before it destroys, and killed after one it takes no second one', async () => {
  await scene.drive(await scene.begin(shop()));
  const rolloutId = await scene.begin(await teardown(scene), { purpose: 'destroy' });
  // Killed again and again: each attempt ends at its third look at the clock after something was sent.
  const real = databaseClock(scene.db);
  for (let attempt = 0; attempt < 60; attempt++) {
    let looks = 0;
    const clock = {
      now() {
        looks += 1;
        if (looks > 6) throw new Killed();
        return real.now();
      },
    };
    const seconds = await scene.attempt(rolloutId, { clock }).catch((error: unknown) => {
      if (error instanceof Killed) return 1;
      throw error;
    });
    await scene.pass(seconds ?? 1);
  }
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done', reason: null });
  expect(await liveOf(scene)).toEqual({});
  const snapshots = (await scene.live('snapshots')).filter((name) => name.startsWith('last-of-'));
  expect(snapshots.map((name) => name.replace(/-[0-9a-f]{6}$/, ''))).toEqual([
    'last-of-beta-shop-data',
    'last-of-beta-shop-web-1',
    'last-of-beta-shop-web-2',
  ]);
});

test('what was protected after it was proposed keeps all of a system from being destroyed', async () => {
  const { db, cloud } = scene;
  await createCustomer(db, { externalId: 'cus_88', name: 'Beta', currency: 'EUR' }, cloud.simulator.now());
  await scene.drive(await scene.begin(owned()));
  const rolloutId = await scene.begin(await teardown(scene), { purpose: 'destroy' });
  const before = await scene.writes();
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringMatching(/^volume .* is protected/),
  });
  expect(await scene.writes()).toEqual(before);
  await sql`UPDATE protections SET ended_at = ${cloud.simulator.now().toString()}::timestamptz, ended_by = 'owner'`.execute(
    db,
  );
  await scene.decide('resume', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  expect(await liveOf(scene)).toEqual({});
});

test('what is locked is waited for; an action that is stuck is held, and never sent again', async () => {
  await scene.drive(await scene.begin(shop()));
  const [{ id }] = (await scene.cloud.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'beta-shop-web-1');
  await scene.faults({ fault: 'action_stuck', path: '/v2/droplets', count: 1 });
  const steps = [
    step('off', { do: 'act', act: { on: 'droplet', id: String(id), do: 'power_off' } }, { undo: 'reverse' }),
  ];
  const rolloutId = await scene.begin(steps, { purpose: 'change' });
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', reason: expect.stringContaining('stuck') });
  expect((await scene.writes()).filter((write) => write.includes('/actions '))).toHaveLength(1);
});

test('a resize whose answer was lost is looked for by the size, and is not sent again', async () => {
  await scene.drive(await scene.begin(shop()));
  const [{ id }] = (await scene.cloud.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'beta-shop-web-1');
  const act = (key: string, what: Parameters<typeof step>[1] & { do: 'act' }) => step(key, what, { undo: 'reverse' });
  const droplet = { on: 'droplet', id: String(id) } as const;
  await scene.faults(
    { fault: 'create_then', path: `/v2/droplets/${id}/actions`, what: 'drop' },
    { fault: 'limit_reached', path: '/v2/domains' },
  );
  const rolloutId = await scene.begin(
    [
      act('off', { do: 'act', act: { ...droplet, do: 'power_off' } }),
      act('resize', { do: 'act', act: { ...droplet, do: 'resize', size: 's-2vcpu-4gb', growsDisk: false } }),
      act('on', { do: 'act', act: { ...droplet, do: 'power_on' } }),
      zone,
    ],
    { purpose: 'change' },
  );
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', done: 3 });
  expect((await scene.writes()).filter((write) => write.includes('/actions '))).toHaveLength(3);
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone' });
  const { body } = await scene.cloud.send(`/v2/droplets/${id}`);
  expect(body.droplet).toMatchObject({ size_slug: 's-1vcpu-1gb', status: 'active' });
});

test('cancelled, nothing more is sent, and what is under way is followed to its end', async () => {
  const rolloutId = await scene.begin(shop());
  await scene.faults(
    { fault: 'create_then', path: '/v2/volumes', what: 502 },
    { fault: 'late_listing', path: '/v2/volumes', seconds: 40 },
  );
  for (let attempt = 0; (await scene.steps(rolloutId))['volume data'] !== 'intended'; attempt++) {
    expect(attempt).toBeLessThan(100);
    await scene.pass((await scene.attempt(rolloutId)) ?? 0);
  }
  await scene.decide('cancel', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'cancelled', reason: null });
  expect((await scene.rollout(rolloutId)).endedAt).not.toBeNull();
  expect(await scene.steps(rolloutId)).toMatchObject({ 'volume data': 'done', 'droplet web-1': 'new' });
  await scene.faults();
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone', reason: null });
  expect(await liveOf(scene)).toEqual({});
});

test('of two rollouts of an account the second waits, and sends nothing once its proposal is stale', async () => {
  const customer = { externalId: 'cus_88', name: 'Beta', currency: 'USD' };
  await createCustomer(scene.db, customer, scene.cloud.simulator.now());
  const first = await scene.begin(shop());
  // Not what would be proposed of it now.
  const second = await scene.begin(shop('gamma'), { deployment: 'gamma', purpose: 'destroy' });
  await scene.attempt(first);
  expect(await scene.attempt(second)).toBeGreaterThan(0);
  expect(await scene.rollout(second)).toMatchObject({ state: 'waiting' });
  await scene.drive(first);
  const writes = await scene.writes();
  expect(await scene.drive(second)).toMatchObject({
    state: 'cancelled',
    reason: expect.stringContaining('its proposal has become stale while it waited'),
    endedAt: expect.anything(),
  });
  expect(await scene.writes()).toEqual(writes);
});

test('a deployment has one rollout at a time, and the one before it neither goes on nor is undone after it', async () => {
  const nowhere = { name: 'data', description: '', sizeGb: 10, region: 'nowhere', tags: [] };
  const marker = { name: 'data', region: 'nowhere', mark: { $mark: 'tag' } as const };
  const first = await scene.begin([
    step('volume', { do: 'create', kind: 'volume', spec: nowhere, marker, mayAdopt: false }),
  ]);
  await expect(scene.begin(shop())).rejects.toMatchObject({ code: 'rollout_under_way' });
  expect(await scene.drive(first)).toMatchObject({ state: 'failed' });
  const second = await scene.begin(
    shop().filter(({ key }) => key === 'tag'),
    { purpose: 'change' },
  );
  for (const what of ['resume', 'undo'] as const)
    await expect(scene.decide(what, first)).rejects.toMatchObject({ code: 'rollout_ended' });
  expect(await scene.drive(second)).toMatchObject({ state: 'done' });
  for (const what of ['resume', 'undo'] as const)
    await expect(scene.decide(what, first)).rejects.toMatchObject({ code: 'rollout_ended' });
});

const send = (path: string, method: string, body?: object) => scene.cloud.send(path, { method, ...(body && { body }) });
const idOf = async (kind: string, name: string) =>
  String((await scene.cloud.all(`/v2/${kind}`, kind)).find((each) => each.name === name)?.id);

test('an undoing passes what is gone, and leaves what is not its own any more', async () => {
  const record = (key: string, to: string) => {
    const marker = { zone: 'beta.example', type: 'A', name: key, data: { $address: to } };
    const spec = { ...marker, ttl: 300, priority: null };
    return step(`record ${key}`, { do: 'create', kind: 'dns_record', spec, marker, mayAdopt: false });
  };
  await scene.faults({ fault: 'limit_reached', path: '/v2/load_balancers' });
  const [balancer, assignment] = shop().slice(-2);
  const steps = [...shop().slice(0, -2), zone, record('www', 'droplet web-1'), balancer!, assignment!];
  const rolloutId = await scene.begin(steps);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held' });
  await send(`/v2/droplets/${await idOf('droplets', 'beta-shop-web-1')}`, 'DELETE');
  const other = await idOf('droplets', 'beta-shop-web-2');
  const { tags } = (await scene.cloud.send(`/v2/droplets/${other}`)).body.droplet;
  const resources = [{ resource_id: other, resource_type: 'droplet' }];
  for (const tag of tags.filter((each: string) => each.startsWith('arcadia-step:')))
    await send(`/v2/tags/${tag}/resources`, 'DELETE', { resources });
  await scene.pass(60);
  await scene.decide('undo', rolloutId);
  const undone = await scene.drive(rolloutId);
  expect(undone.reason).toContain(`droplet web-2 stays: ${other} does not carry the mark any more`);
  expect(undone).toMatchObject({ state: 'undone' });
  expect(await liveOf(scene)).toEqual({ projects: 1, vpcs: 1, droplets: 1 });
  expect(await scene.live('domains')).not.toContain('beta.example');
});

test('turning back what was done to something that is gone since is over', async () => {
  await scene.drive(await scene.begin(shop()));
  const [web, data] = [await idOf('droplets', 'beta-shop-web-1'), await idOf('volumes', 'beta-shop-data')];
  const act = (key: string, what: Parameters<typeof step>[1] & { do: 'act' }) => step(key, what, { undo: 'reverse' });
  await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
  const steps = [
    act('off', { do: 'act', act: { on: 'droplet', id: web, do: 'power_off' } }),
    act('detach', { do: 'act', act: { on: 'volume', id: data, do: 'detach', droplet: web } }),
    zone,
  ];
  const rolloutId = await scene.begin(steps, { purpose: 'change' });
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', done: 2 });
  await send(`/v2/droplets/${web}`, 'DELETE');
  await scene.pass(60);
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'undone',
    reason: expect.stringMatching(/^detach stays: /),
  });
});

test('what a person has made after a clear refusal is not the rollout’s own, and is not destroyed', async () => {
  await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
  const rolloutId = await scene.begin([zone]);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held' });
  await scene.faults();
  await send('/v2/domains', 'POST', { name: 'beta.example' });
  await scene.decide('resume', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('is there already'),
  });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone' });
  expect(await scene.live('domains')).toContain('beta.example');
});

test('an act under way when its rollout is cancelled is followed, and is turned back', async () => {
  await scene.drive(await scene.begin(shop()));
  const id = await idOf('droplets', 'beta-shop-web-1');
  const resize = { on: 'droplet', id, do: 'resize', size: 's-2vcpu-4gb', growsDisk: false } as const;
  const act = (key: string, what: Parameters<typeof step>[1] & { do: 'act' }) => step(key, what, { undo: 'reverse' });
  const rolloutId = await scene.begin(
    [act('off', { do: 'act', act: { on: 'droplet', id, do: 'power_off' } }), act('resize', { do: 'act', act: resize })],
    { purpose: 'change' },
  );
  for (let attempt = 0; (await scene.steps(rolloutId))['resize'] !== 'accepted'; attempt++) {
    expect(attempt).toBeLessThan(100);
    await scene.pass((await scene.attempt(rolloutId)) ?? 0);
  }
  await scene.decide('cancel', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'cancelled' });
  expect(await scene.steps(rolloutId)).toMatchObject({ resize: 'done' });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone', reason: null });
  expect((await scene.cloud.send(`/v2/droplets/${id}`)).body.droplet).toMatchObject({
    size_slug: 's-1vcpu-1gb',
    status: 'active',
  });
});

test('what destroys goes on by an owner alone', async () => {
  const api = await startTestApi(scene);
  try {
    await scene.faults({ fault: 'limit_reached', path: '/v2/domains' });
    const creating = await scene.begin([zone]);
    await scene.drive(creating);
    const resume = async (rolloutId: number, as: 'owner' | 'operator') =>
      (await api.fetch(`/rollouts/${rolloutId}/resume`, { as, ...json('POST', {}) })).status;
    expect(await resume(creating, 'operator')).toBe(202);
    expect(await scene.drive(creating)).toMatchObject({ state: 'held' });
    await scene.decide('cancel', creating);
    await scene.drive(creating);
    await revokeWriting(scene.db, 'acme');
    const gone = step('destroy zone', { do: 'destroy', kind: 'dns_zone', externalId: 'beta.example' });
    const destroying = await scene.begin([gone], { purpose: 'destroy' });
    expect(await scene.drive(destroying)).toMatchObject({ state: 'held' });
    expect(await resume(destroying, 'operator')).toBe(403);
    expect(await resume(destroying, 'owner')).toBe(202);
  } finally {
    await api.close();
  }
});

test('an account that is disconnected is not written to, and connected again not without another grant', async () => {
  const rolloutId = await scene.begin(shop());
  const [account] = await listAccounts(scene.db);
  await disconnectAccount(scene.db, 'acme', scene.cloud.simulator.now());
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('disconnected'),
  });
  expect(await scene.writes()).toEqual([]);
  const secretKey = await openSecretKey(scene.db, scene.config);
  await expect(readWriteToken(scene.db, account!, secretKey)).rejects.toMatchObject({ code: 'write_not_granted' });
});

test('what never shows in a listing is waited for two hours, then a person has to look', async () => {
  const rolloutId = await scene.begin(owned());
  await createCustomer(scene.db, { externalId: 'cus_88', name: 'Beta', currency: 'USD' }, scene.cloud.simulator.now());
  await scene.faults({ fault: 'late_listing', path: '/v2/projects', seconds: 40_000 });
  const begun = scene.cloud.simulator.now();
  expect(await scene.drive(rolloutId)).toMatchObject({
    state: 'held',
    reason: expect.stringContaining('not listed yet'),
  });
  expect(begun.until(scene.cloud.simulator.now()).total('hours')).toBeLessThan(2.1);
});

test('something of the same name that is not ours is never taken, and never destroyed', async () => {
  await scene.cloud.send('/v2/projects', {
    method: 'POST',
    body: { name: 'beta-shop', purpose: 'Web Application', environment: 'Production' },
  });
  const rolloutId = await scene.begin(shop());
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', reason: expect.stringMatching(/^project: /) });
  await scene.decide('undo', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'undone' });
  expect(await liveOf(scene)).toEqual({ projects: 1 });
});

test('a grant that is revoked holds a rollout, and granted again it goes on', async () => {
  const rolloutId = await scene.begin(shop());
  await revokeWriting(scene.db, 'acme');
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'held', reason: expect.stringContaining('write token') });
  expect(await scene.writes()).toEqual([]);
  const secretKey = await openSecretKey(scene.db, scene.config);
  const now = scene.cloud.simulator.now();
  await grantWriting(
    scene.db,
    { account: 'acme', token: writeToken, by: 'owner' },
    { secretKey, config: scene.config },
    now,
  );
  await scene.decide('resume', rolloutId);
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
});

test('what the mark is on twice is found, with what it costs', async () => {
  const rolloutId = await scene.begin(shop());
  await scene.drive(rolloutId);
  const [made] = (await scene.cloud.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'beta-shop-web-2');
  const { name, tags } = made;
  await scene.cloud.send('/v2/droplets', {
    method: 'POST',
    body: { name, tags, region: 'fra1', size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' },
  });
  const { extras } = await sweepMarkers(scene.run);
  expect(extras).toBe(1);
  const [extra, ...others] = await extrasOf(scene.db, await scene.rollout(rolloutId), scene.cloud.simulator.now());
  expect(others).toEqual([]);
  expect(extra).toMatchObject({ key: 'droplet web-2', monthly: '6.00', currency: 'USD' });
});

test('what carries a mark under which a step was tried before is found too', async () => {
  await scene.faults({ fault: 'action_errored', path: '/v2/droplets', count: 1 });
  const rolloutId = await scene.begin(shop());
  expect(await scene.drive(rolloutId)).toMatchObject({ state: 'done' });
  const rows = await selectSteps(scene.db, rolloutId);
  const [former] = rows.flatMap(({ record }) => decodeStep(record).history.formerMarks);
  expect(former).toBeDefined();
  const tags = [`arcadia-step:${former}`];
  const body = { name: 'late', tags, region: 'fra1', size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' };
  await send('/v2/droplets', 'POST', body);
  expect((await sweepMarkers(scene.run)).extras).toBe(1);
});

test('secrets are nowhere but where they are sealed', async () => {
  const secret = `user-data-${writeToken}`;
  const steps = shop().map((one) => {
    if (one.key !== 'droplet web-1' || one.work.do !== 'create' || one.work.kind !== 'droplet') return one;
    return { ...one, work: { ...one.work, spec: { ...one.work.spec, userData: { $secret: 'web' } } } };
  });
  await scene.faults({ fault: 'create_then', path: '/v2/droplets', what: 500 });
  const rolloutId = await scene.begin(steps, { secrets: { web: secret } });
  await scene.drive(rolloutId);
  const { rows: tables } = await sql<{ name: string }>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`.execute(scene.db);
  for (const { name } of tables) {
    const { rows } = await sql<{ found: boolean }>`
      SELECT coalesce(bool_or(t::text LIKE ${`%${writeToken}%`}), false) AS found FROM ${sql.raw(name)} AS t`.execute(
      scene.db,
    );
    expect([name, rows[0]?.found]).toEqual([name, false]);
  }
  expect(scene.lines.filter((line) => line.includes(writeToken))).toEqual([]);
  expect(JSON.stringify(await showRollout(scene.db, rolloutId))).not.toContain(writeToken);
});
