import { afterEach, beforeEach, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { assign } from '../../src/deployments/assignments.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment, getDeployment } from '../../src/deployments/deployments.ts';
import { applyRules } from '../../src/deployments/rules.ts';
import { suggestOwners } from '../../src/deployments/suggestions.ts';
import { getResource } from '../../src/inventory/resources.ts';
import { changeKind, listBillingKinds } from '../../src/metering/kinds.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// Names and families: tags compare without case, as the provider's do, and what the provider makes for a
// resource (a cluster's workers, their volumes and load balancers) has that resource's owner.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  const { db } = database;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

/** What a deployment used in the first four days, by kind. */
async function usedBy(deployment: string): Promise<Readonly<Record<string, string>>> {
  const { db } = database;
  await cloud.advance({ days: 4 });
  await cloud.sync();
  const now = cloud.simulator.now();
  await bringAttributionsUpToDate(db, now);
  const from = Temporal.PlainDate.from('2026-05-01');
  const to = from.add({ days: 4 });
  await meterRange(db, { from, to, now });
  return (await usageForPeriod(db, deployment, from, to)).usage;
}

test('a deployment owns what carries its tag in any spelling', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', tags: ['Deployment:Acme'] },
    // The provider keeps the spelling that came first.
    { type: 'create_droplet', id: 7002, name: 'db', tags: ['deployment:acme'] },
  );
  await cloud.sync();
  expect((await usedBy('acme')).droplet_hours).toBe('192');
});

test("an operator's rule finds a tag in any spelling, also when it is made later", async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', tags: ['Team-Blue'] });
  await cloud.sync();
  await bringAttributionsUpToDate(db, cloud.simulator.now());
  await applyRules(db, { rules: [{ tag: 'team-blue', deployment: 'acme' }] }, 'test', cloud.simulator.now());
  expect((await usedBy('acme')).droplet_hours).toBe('96');
});

test("a cluster's workers, their volumes and a load balancer in front of them are its owner's", async () => {
  const { db } = database;
  const cluster = '3f1c6b52-9a04-4a6e-8d52-0d6f4f3a1c77';
  const tags = ['k8s', `k8s:${cluster}`, 'k8s:worker'];
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'pool-abc-1', tags },
    { type: 'create_droplet', id: 7002, name: 'pool-abc-2', tags },
    { type: 'create_droplet', id: 7003, name: 'pool-abc-3', tags },
    { type: 'create_kubernetes_cluster', id: cluster, name: 'prod', region: 'fra1', droplets: [7001, 7002, 7003] },
    { type: 'create_load_balancer', name: 'ingress', region: 'fra1', droplets: [7001, 7002, 7003] },
    { type: 'create_volume', name: 'pvc-1', sizeGb: 10, region: 'fra1', tags: [`k8s:${cluster}`] },
    { type: 'create_load_balancer', name: 'by-tag', region: 'fra1', tag: 'k8s:worker' },
  );
  await cloud.sync();
  await bringAttributionsUpToDate(db, cloud.simulator.now());
  // Nobody's yet; and nothing suggests a deployment "pool".
  expect((await suggestOwners(db)).map(({ rule }) => rule.deployment)).not.toContain('pool');
  const { resourceId } = await getResource(db, `kubernetes_cluster:${cluster}`);
  await assign(
    db,
    {
      resourceIds: [resourceId],
      owners: [{ slug: 'acme', weight: 1 }],
      from: Temporal.Instant.from('2026-05-01T00:00:00Z'),
    },
    'test',
    cloud.simulator.now(),
  );
  expect((await usedBy('acme')).droplet_hours).toBe('288');
  const { owned } = await getDeployment(db, 'acme', 100);
  expect(owned.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
    'droplet pool-abc-1',
    'droplet pool-abc-2',
    'droplet pool-abc-3',
    'kubernetes_cluster prod',
    'load_balancer by-tag',
    'load_balancer ingress',
    'volume pvc-1',
  ]);
});

test('an image that was uploaded is a resource, and its GiB are metered where that is enabled', async () => {
  const { db } = database;
  await cloud.happen(
    {
      type: 'create_custom_image',
      id: 9001,
      name: 'appliance',
      sizeGb: 12.5,
      region: 'fra1',
      tags: ['deployment:acme'],
    },
    { type: 'create_custom_image', id: 9002, name: 'old appliance', sizeGb: 4, region: 'fra1' },
  );
  await changeKind(db, 'custom_image_gb_month', Temporal.PlainDate.from('2026-05-01'), { enabled: true });
  await cloud.sync();
  await cloud.happen({ type: 'destroy', kind: 'custom_image', id: 9002 });
  // 12.5 GiB for 4 of the 31 days of May.
  expect((await usedBy('acme')).custom_image_gb_month).toBe('1.612903226');
  expect((await getResource(db, 'custom_image:9002')).states.at(-1)?.validTo).not.toBeNull();
});

test('load balancers of the types that have no size count as one node each', async () => {
  const { db } = database;
  await changeKind(db, 'load_balancer_hours', Temporal.PlainDate.from('2026-05-01'), { enabled: true });
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', tags: ['deployment:acme'] },
    { type: 'create_load_balancer', name: 'global', region: 'fra1', kind: 'GLOBAL', droplets: [7001] },
    { type: 'create_load_balancer', name: 'network', region: 'fra1', kind: 'REGIONAL_NETWORK', droplets: [7001] },
    { type: 'create_load_balancer', name: 'sized', region: 'fra1', nodes: 3, droplets: [7001] },
  );
  await cloud.sync();
  // Four days: 96 for each node.
  expect((await usedBy('acme')).load_balancer_hours).toBe('480');
});

test("snapshots are metered in the provider's units: droplets' in GB, volumes' in GiB, what is not told as droplets'", async () => {
  const { db } = database;
  const kinds = await listBillingKinds(db, Temporal.PlainDate.from('2026-05-01'));
  const units = new Map(kinds.map(({ slug, unit }) => [slug, unit]));
  expect(units.get('droplet_snapshot_gb_month')).toBe('GB-month');
  expect(units.get('volume_snapshot_gb_month')).toBe('GiB-month');
  const [, volume] = await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web' },
    { type: 'create_volume', name: 'data', sizeGb: 100 },
  );
  const ofVolume = { type: 'create_snapshot', resourceType: 'volume', resourceId: String(volume) } as const;
  const [, , untold] = await cloud.happen(
    { type: 'create_snapshot', resourceType: 'droplet', resourceId: 7001, name: 'a', sizeGb: 31 },
    { ...ofVolume, name: 'b', sizeGb: 62 },
    { ...ofVolume, name: 'c', sizeGb: 31 },
  );
  await cloud.upset({ fault: 'field', path: '/v2/snapshots', id: untold!, field: 'resource_type' });
  expect((await cloud.sync()).find(({ kind }) => kind === 'snapshot')?.reason).toContain('resource_type: missing');
  const usage = await usedBy('unattributed');
  // 31 GB and 31 of which it is not told; 62 GiB. For 4 of the 31 days of May.
  expect([usage.droplet_snapshot_gb_month, usage.volume_snapshot_gb_month]).toEqual(['8', '8']);
  await cloud.calm();
  await cloud.syncKind('snapshot');
  expect((await getResource(db, `snapshot:${untold}`)).states.at(-1)).toMatchObject({
    attributes: { source: 'volume' },
  });
});
