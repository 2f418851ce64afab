import { afterEach, beforeEach, expect, test } from 'vitest';
import { getResource } from '../../src/inventory/resources.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// A new operator's account syncs from the first hour: empty lists in every shape, the edge's own errors,
// and buckets that cannot be measured.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

test.each(['absent', 'null', 'object'])('an account whose empty lists are %s syncs whole', async (as) => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', backups: 'weekly' });
  await cloud.upset({ fault: 'empty_shape', path: '/v2', as });
  const results = await cloud.sync();
  expect(results.filter(({ outcome }) => outcome !== 'complete')).toEqual([]);
  expect(results.find(({ kind }) => kind === 'app')).toMatchObject({ seen: 0, reason: null });
});

test.each([520, 522, 524])('%i from the edge is asked again', async (status) => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await cloud.upset({ fault: 'server_error', path: '/v2/droplets', status, count: 2 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 1 });
});

test('buckets that cannot be measured are there, keep the size that was known, and keep no other alive', async () => {
  const create = (name: string) => [
    { type: 'create_bucket', name, region: 'fra1' } as const,
    { type: 'set_bucket_size', bucket: name, bytes: 2 ** 30 } as const,
  ];
  await cloud.happen(...create('known'), ...create('gone'));
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({ outcome: 'complete', seen: 2 });
  await cloud.happen(...create('new'), { type: 'destroy', kind: 'bucket', id: 'gone' });
  await cloud.upset(
    { fault: 'no_next_page', path: '/_spaces/known' },
    { fault: 'refuse', path: '/_spaces/new', status: 403 },
  );
  await cloud.advance({ days: 1 });
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({
    outcome: 'partial',
    reason: expect.stringMatching(/bucket known: .*without a token.*bucket new: 403/),
    seen: 2,
    new: 1,
    ended: 1,
  });
  const sizes = async (name: string) =>
    (await getResource(database.db, `spaces_bucket:${name}`)).states.map(({ attributes }) => attributes.size_gb);
  expect([await sizes('known'), await sizes('new')]).toEqual([[1], [undefined]]);
});

test("Spaces that refuse this machine's time say so", async () => {
  await cloud.upset({ fault: 'time_skewed', path: '/_spaces' });
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({
    outcome: 'failed',
    reason: expect.stringContaining("this machine's clock is off"),
  });
});
