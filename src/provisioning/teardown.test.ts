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
};

type Input = Parameters<typeof proposeTeardown>[0];

const teardown = (change: Partial<Input> = {}) =>
  proposeTeardown(
    {
      slug: 'beta-shop',
      owned: [droplet],
      shared: new Map(),
      others: [],
      project: null,
      members: [],
      protections: new Map(),
      snapshots: true,
      day: Temporal.PlainDate.from('2026-06-09'),
      ...change,
    },
    { book: new Map(), sizes: [] },
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
  const base: SeenResource = { ...inNetwork, kind: 'database', externalId: 'd-1', name: 'main' };
  const of = {
    owned: [inNetwork, network, base],
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
