import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { insertAccount } from '../fixtures/metering.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// What can be applied or imported can be exported, and comes back the same; what has a name can be renamed.

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await openTestDatabase();
  await insertAccount(database.db);
  await makePlan(database.db, {
    plan: 'agreed',
    base: '30.00',
    cap: '900.00',
    discount: { percent: '10' },
    items: [
      { kind: 'droplet_hours', model: 'cost-plus', properties: { unitCost: '0.05', markupPercent: '60' } },
      {
        kind: 'dns_zones',
        allowance: '10',
        carryOver: { months: 1, limit: null },
        model: 'standard',
        properties: { unitPrice: '0.125' },
      },
    ],
  });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function answer(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await api.fetch(path, init);
  const body = (await response.json()) as object;
  expect(response.ok ? null : body).toBeNull();
  return body;
}

test('a plan that is exported and applied again is unchanged, and under another name the same but for that', async () => {
  const text = await (await api.fetch('/plans/agreed/export')).text();
  expect(text).not.toContain('null,');
  const files = [{ name: 'agreed.yaml', text }];
  expect(await answer('/plans/preview', json('POST', { files }))).toMatchObject({
    changes: [{ plan: 'agreed', status: 'unchanged', differences: [] }],
  });
  const copy = [{ name: 'copy.yaml', text: text.replace('plan: "agreed"', 'plan: "copy"') }];
  expect(await answer('/plans', json('POST', { files: copy }))).toMatchObject({ written: 1 });
  const { plan: _, ...there } = (await answer('/plans/agreed')) as { plan: string };
  expect(await answer('/plans/copy')).toEqual({ plan: 'copy', ...there });
});

test('meters that are exported and imported again are unchanged', async () => {
  const file = parse(await (await api.fetch('/kinds/export')).text()) as { kinds: object[] };
  const { items } = (await answer('/kinds?limit=1000')) as { items: { kind: string }[] };
  expect(file.kinds).toHaveLength(items.length);
  expect(await answer('/kinds/import', json('POST', file))).toEqual({ added: [] });
});

test('customers and deployments are renamed; their ids stay', async () => {
  await answer('/customers', json('POST', { customer: 'c-17', name: 'Acme Ltd', currency: 'USD' }));
  await answer(
    '/deployments',
    json('POST', { deployment: 'acme', customer: 'c-17', startsAt: '2026-05-01T00:00:00Z' }),
  );
  const any = { 'if-match': '*' };
  expect(await answer('/customers/c-17', json('PATCH', { name: 'Acme Holding' }, any))).toMatchObject({
    customer: 'c-17',
    name: 'Acme Holding',
    currency: 'USD',
  });
  expect(await answer('/deployments/acme', json('PATCH', { name: 'Shop' }, any))).toMatchObject({
    deployment: 'acme',
    name: 'Shop',
    startsAt: '2026-05-01T00:00:00Z',
  });
  const moved = { startsAt: '2026-05-03T00:00:00Z' };
  expect(await answer('/deployments/acme', json('PATCH', moved, any))).toMatchObject({ name: 'Shop', ...moved });
  expect((await api.fetch('/deployments/acme', json('PATCH', {}, any))).status).toBe(400);
  expect((await api.fetch('/customers/c-18', json('PATCH', { name: 'Nobody' }, any))).status).toBe(404);
});
