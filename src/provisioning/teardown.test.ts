import { expect, test } from 'vitest';
import type { SeenResource } from './seen.ts';
import { proposeTeardown } from './teardown.ts';

const droplet: SeenResource = {
  kind: 'droplet',
  externalId: '17',
  name: 'web-1',
  region: 'fra1',
  status: 'active',
  tags: [],
  parents: [],
  attributes: { size_slug: 's-2vcpu-4gb', disk_gb: 80 },
  settings: {},
  address: null,
  hosts: [],
};

const price = { amount: '15.15', currency: 'USD', unit: 'node-month', source: 'operator' } as const;

type Input = Parameters<typeof proposeTeardown>[0];

const teardown = (change: Partial<Input> = {}) =>
  proposeTeardown(
    {
      slug: 'beta-shop',
      owned: [droplet],
      unseen: [],
      shared: new Map(),
      others: [],
      project: null,
      members: [],
      protections: new Map(),
      snapshots: true,
      day: Temporal.PlainDate.from('2026-06-09'),
      ...change,
    },
    { book: new Map([['database:db-s-1vcpu-1gb', price]]), sizes: [] },
  );

test("the last snapshot of a droplet has a name that is its step's own: an earlier one is not taken for it", () => {
  const step = teardown().steps.find(({ key }) => key === 'snapshot of droplet 17');
  expect(step?.work).toMatchObject({ act: { do: 'snapshot', name: { $name: 'beta-shop-web-1-2026-06-09' } } });
});

const project: SeenResource = { ...droplet, kind: 'project', externalId: 'p-1', name: 'beta-shop', attributes: {} };
const network: SeenResource = { ...droplet, kind: 'vpc', externalId: 'n-1', name: 'beta-shop', attributes: {} };
const inNetwork: SeenResource = { ...droplet, settings: { vpc: 'n-1' } };

const keysOf = ({ steps }: ReturnType<typeof teardown>) => steps.map(({ key }) => key).slice(-4);

test('a deployment ends before its project and its network go, which can take for ever', () => {
  const of = { owned: [inNetwork, network], others: [project], project: 'p-1', members: ['droplet:17'] };
  const made = teardown({ ...of, snapshots: false });
  expect(keysOf(made)).toEqual(['destroy droplet 17', 'end', 'destroy project p-1', 'destroy network n-1']);
  expect(made.stays).toEqual([]);
});

test('a project or a network in which something stays is left, and said to stay', () => {
  const cluster: SeenResource = { ...inNetwork, kind: 'database', externalId: 'd-1', name: 'main' };
  const of = {
    owned: [inNetwork, network, cluster],
    others: [project],
    project: 'p-1',
    // Of a bucket no listing tells.
    members: ['droplet:17', 'database:d-1', 'spaces_bucket:media'],
  };
  const made = teardown({ ...of, snapshots: false });
  expect(keysOf(made)).toEqual(['shut down droplet 17', 'power off droplet 17', 'destroy droplet 17', 'end']);
  expect(
    made.stays.filter(({ what }) => !what.startsWith('database')).map(({ what, why }) => `${what}: ${why}`),
  ).toEqual([
    'vpc n-1 beta-shop: it holds database d-1 main',
    'project p-1 beta-shop: it holds database d-1 main, spaces_bucket media',
  ]);
  expect([...made.goes]).toEqual(['droplet:17']);
});

test('what stays is all that is left, with what it costs', () => {
  const of = (kind: string, externalId: string, attributes: Record<string, unknown> = {}, parents: string[] = []) => ({
    ...droplet,
    kind,
    externalId,
    name: externalId,
    attributes,
    parents,
  });
  const made = teardown({
    snapshots: false,
    owned: [
      droplet,
      of('database', 'main', { size_slug: 'db-s-1vcpu-1gb', nodes: 2 }),
      of('reserved_ip', '2001:db8::1', { ip_version: 6, assigned: true }),
      // Those of a droplet that goes go with it.
      of('droplet_backup', 'b-1', { size_gb: 9 }, ['droplet:17']),
      of('droplet_backup', 'b-2', { size_gb: 9 }, ['droplet:99']),
      of('snapshot', 's-1', { size_gb: 9 }, ['droplet:17']),
    ],
    unseen: [{ kind: 'spaces_bucket', externalId: 'fra1/media', name: 'media' }],
  });
  expect(made.stays).toEqual([
    { what: 'database main', why: 'no rollout destroys what is of this kind', monthly: '30.30' },
    { what: 'reserved_ip 2001:db8::1', why: 'no rollout destroys an IPv6 address', monthly: null },
    { what: 'droplet_backup b-2', why: 'snapshots and backups are kept', monthly: '0.00' },
    { what: 'snapshot s-1', why: 'snapshots and backups are kept', monthly: null },
    { what: 'spaces_bucket fra1/media media', why: 'it could not be listed, and may be there', monthly: null },
  ]);
  expect(made.steps.map(({ key }) => key)).not.toContain('destroy reserved IP 2001:db8::1');
});

test('a network in which a hidden database may be stays', () => {
  const made = teardown({
    owned: [inNetwork, network],
    unseen: [{ kind: 'database', externalId: 'd-1', name: 'main' }],
  });
  expect(made.stays.map(({ what, why }) => `${what}: ${why}`)).toContain(
    'vpc n-1 beta-shop: it holds database d-1 main',
  );
  expect(keysOf(made)).toEqual(['power off droplet 17', 'snapshot of droplet 17', 'destroy droplet 17', 'end']);
});

test('what a Kubernetes cluster has made stays with it: it would be made anew', () => {
  const parents = ['kubernetes_cluster:c-1'];
  const worker: SeenResource = { ...droplet, externalId: '18', name: 'pool-1', parents };
  const volume: SeenResource = {
    ...droplet,
    kind: 'volume',
    externalId: 'v-1',
    name: 'pvc-1',
    attributes: { size_gb: 5 },
    parents,
  };
  const made = teardown({ owned: [droplet, worker, volume] });
  expect([...made.goes]).toEqual(['droplet:17']);
  const why = 'its Kubernetes cluster, which no rollout destroys, would make it anew';
  expect(made.stays.filter((each) => each.why === why).map(({ what }) => what)).toEqual([
    'droplet 18 pool-1',
    'volume v-1 pvc-1',
  ]);
});

test("a load balancer of which all droplets are a cluster's stays, and one that has another droplet too goes", () => {
  const worker: SeenResource = { ...droplet, externalId: '18', parents: ['kubernetes_cluster:c-1'] };
  const balancer = (externalId: string, droplets: readonly string[]): SeenResource => ({
    ...droplet,
    kind: 'load_balancer',
    externalId,
    name: externalId,
    attributes: { nodes: 1 },
    settings: { droplets },
  });
  const owned = [droplet, balancer('of-cluster', ['18']), balancer('of-both', ['17', '18']), balancer('of-none', [])];
  // The workers may be in no deployment, or in another one.
  const made = teardown({ owned, others: [worker] });
  expect([...made.goes]).toEqual(['droplet:17', 'load_balancer:of-both', 'load_balancer:of-none']);
  expect(made.stays.map(({ what, why }) => `${what}: ${why}`)).toContain(
    'load_balancer of-cluster: its Kubernetes cluster, which no rollout destroys, would make it anew',
  );
});
