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
