import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Provider } from '../provider.ts';
import { createDigitalOcean } from './client.ts';
import { type TestApi, TestMachine, answer, readListing, startApi } from '../../../test/fixtures/digitalocean.ts';

const backup = (id: number) => ({
  id,
  name: `b${id}`,
  type: 'backup',
  size_gigabytes: 2.34,
  status: 'available',
  regions: ['nyc3'],
});
const droplet = (id: number, backupIds: number[]) => ({
  id,
  name: `d${id}`,
  status: 'active',
  size_slug: 's',
  vcpus: 1,
  memory: 1,
  disk: 1,
  backup_ids: backupIds,
});

let api: TestApi;
let provider: Provider;
let images: unknown[];
let droplets: unknown[];
let policiesStatus: number;

beforeAll(async () => {
  api = await startApi((_, response, url) => {
    switch (url.pathname) {
      case '/v2/images':
        return answer(response, 200, { images, meta: { total: images.length } });
      case '/v2/droplets/backups/policies': {
        const policies = {
          1: { droplet_id: 1, backup_enabled: true, backup_policy: { plan: 'daily' } },
          2: { droplet_id: 2 },
        };
        return answer(response, policiesStatus, { policies, meta: { total: 2 } });
      }
      default: {
        const listed = url.searchParams.has('type') ? [] : droplets;
        return answer(response, 200, { droplets: listed, meta: { total: listed.length } });
      }
    }
  });
});
afterAll(() => api.close());

beforeEach(() => {
  images = [{ id: 1, type: 'snapshot' }, backup(11), backup(12), { id: 2, type: 'custom' }];
  droplets = [droplet(1, [11]), droplet(2, [12])];
  policiesStatus = 200;
  api.asked.length = 0;
  provider = createDigitalOcean({ apiUrl: api.url, credentials: { token: 't' } }, { machine: new TestMachine() });
});

const paths = () => api.asked.map((path) => path.split('?')[0]);

test('a backup belongs to the droplet that names it, and knows its plan', async () => {
  const { items, end } = await readListing(provider.list('droplet_backup'));
  expect(items.map(({ externalId, parents, attributes }) => ({ externalId, parents, attributes }))).toEqual([
    { externalId: '11', parents: ['droplet:1'], attributes: { size_gb: 2.34, backup_plan: 'daily' } },
    { externalId: '12', parents: ['droplet:2'], attributes: { size_gb: 2.34 } },
  ]);
  expect(end).toMatchObject({ outcome: 'complete', requests: 4 });
  expect(paths()).toEqual(['/v2/images', '/v2/droplets/backups/policies', '/v2/droplets', '/v2/droplets']);
});

test('droplets that were just listed are not read again, unless a backup is new', async () => {
  await readListing(provider.list('droplet'));
  api.asked.length = 0;
  await readListing(provider.list('droplet_backup'));
  expect(paths()).toEqual(['/v2/images', '/v2/droplets/backups/policies']);
  images.push(backup(13));
  droplets = [droplet(1, [11, 13]), droplet(2, [12])];
  const { items } = await readListing(provider.list('droplet_backup'));
  expect(items.at(-1)?.parents).toEqual(['droplet:1']);
});

test('a backup whose droplet is gone keeps it as long as this process remembers, then does not tell', async () => {
  await readListing(provider.list('droplet_backup'));
  droplets = [droplet(1, [11])];
  expect((await readListing(provider.list('droplet_backup'))).items[1]?.parents).toEqual(['droplet:2']);
  const fresh = createDigitalOcean({ apiUrl: api.url, credentials: { token: 't' } }, { machine: new TestMachine() });
  const { items, end } = await readListing(fresh.list('droplet_backup'));
  expect(items[1]?.untold).toEqual(expect.arrayContaining(['parents', 'backup_plan']));
  expect(end.outcome).toBe('complete');
});

test('plans that cannot be read hide no backup: the listing says which plans are not told', async () => {
  policiesStatus = 403;
  const { items, end } = await readListing(provider.list('droplet_backup'));
  expect(
    items.map(({ externalId, parents, untold }) => ({ externalId, parents, plan: untold.includes('backup_plan') })),
  ).toEqual([
    { externalId: '11', parents: ['droplet:1'], plan: true },
    { externalId: '12', parents: ['droplet:2'], plan: true },
  ]);
  expect(end).toMatchObject({
    outcome: 'partial',
    problem: 'forbidden',
    reason: expect.stringContaining('droplet:read'),
    absence: { unread: [], certainty: 'evident' },
  });
});

test('an image of which nobody can tell what it is may be any backup that seems to be missing', async () => {
  images = [backup(11), { ...backup(12), type: null }];
  expect((await readListing(provider.list('droplet_backup'))).end).toMatchObject({
    outcome: 'partial',
    reason: expect.stringContaining('12: type: not understood'),
    absence: { certainty: 'unclear' },
  });
});

test('without backups nothing but the images is asked for', async () => {
  images = [{ id: 1, type: 'snapshot' }];
  expect((await readListing(provider.list('droplet_backup'))).end).toMatchObject({ outcome: 'complete', requests: 1 });
});
