import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

let database: TestDatabase;
let api: TestApi;
const born = Temporal.Instant.from('2026-05-01T00:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  await createCustomer(database.db, { externalId: 'c-1', name: '=cmd|calc', currency: 'USD' }, born);
  await createCustomer(database.db, { externalId: 'c-2', name: 'Two, "quoted"', currency: 'EUR' }, born);
  for (const slug of ['a', 'b', 'c', 'd', 'e'])
    await createDeployment(database.db, { slug, name: `Shop ${slug}`, customer: 'c-1', startsAt: born }, born);
  await createDeployment(database.db, { slug: 'z', name: 'Z', customer: 'c-2', startsAt: born }, born);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const slugs = (page: { items: { deployment: string }[] }) => page.items.map((item) => item.deployment);

test('what is there is answered as its schema says, with a request id', async () => {
  const answer = await api.fetch('/deployments/a', { headers: { 'x-request-id': 'mine-1' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-request-id')).toBe('mine-1');
  expect(await answer.json()).toEqual({
    deployment: 'a',
    name: 'Shop a',
    customer: 'c-1',
    customerName: '=cmd|calc',
    currency: 'USD',
    startsAt: '2026-05-01T00:00:00Z',
  });
});
