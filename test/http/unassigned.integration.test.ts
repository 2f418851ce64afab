import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { at, createDeployments, insertAccount } from '../fixtures/metering.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// What is unassigned: what it costs, and whose it may be.

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  await createDeployments(db, ['hazel-bakery', 'birch-press'], at('2026-01-01'));
  // A droplet of this size is 6.00 a month, a GiB of a volume 0.10.
  const droplet = { attributes: { size_slug: 's-1vcpu-1gb' } };
  const insert = (id: string, name: string, tags: string[] = [], from = '2026-05-01') =>
    insertLiving(db, account, 'droplet', id, { name, tags, ...droplet }, at(from));
  for (const [id, name] of [
    ['11', 'hazel-bakery-web-01'],
    ['12', 'hazel-bakery-web-02'],
    ['13', 'hazel-bakery-db-01'],
  ] as const)
    await insert(id, name);
  await insert('21', 'mail', ['birch-press'], '2026-04-02');
  await insert('31', 'old-DO-NOT-DELETE', [], '2026-03-01');
  await insertLiving(
    db,
    account,
    'volume',
    '32',
    { name: 'data_100%', attributes: { size_gb: 100 } },
    at('2026-05-04'),
  );
  await insertLiving(
    db,
    account,
    'droplet',
    '33',
    { name: 'odd', attributes: { size_slug: 'no-such-size' } },
    at('2026-05-04'),
  );
  await insertLiving(db, account, 'vpc', '41', { name: 'hazel-bakery-net' }, at('2026-05-04'));
  const owned = await insert('51', 'birch-press-web');
  await assign(
    db,
    { resourceIds: [owned], owners: [{ slug: 'birch-press', weight: 1 }], from: null },
    'ana',
    at('2026-05-05'),
  );
  await bringAttributionsUpToDate(db, at('2026-05-20'));
  api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const read = async (path: string) => (await (await api.fetch(path)).json()) as Record<string, any>;

test('each row says what it costs and whose it may be', async () => {
  const { items, total } = await read('/unattributed-resources');
  const rows = items.map((row: any) => [
    row.externalId,
    row.costPerMonth?.amount ?? null,
    row.suggestion?.rule ?? null,
  ]);
  const hazel = { name: 'hazel-bakery-*', deployment: 'hazel-bakery' };
  expect([total, rows]).toEqual([
    7,
    [
      ['13', '6.00', hazel],
      ['11', '6.00', hazel],
      ['12', '6.00', hazel],
      ['21', '6.00', { tag: 'birch-press', deployment: 'birch-press' }],
      ['33', null, null],
      ['31', '6.00', null],
      ['32', '10.00', null],
    ],
  ]);
});

test('the summary counts each once, and its parts are the whole', async () => {
  const summary = await read('/unattributed-resources/summary');
  expect(summary).toMatchObject({
    resources: 7,
    oldest: '2026-03-01T00:00:00Z',
    costPerMonth: [{ currency: 'USD', amount: '40.00' }],
    unpriced: 1,
    unexplained: { resources: 3, costPerMonth: [{ currency: 'USD', amount: '16.00' }], unpriced: 1 },
  });
  const groups = summary.bySuggestion.map(({ rule, resources, costPerMonth, oldest }: any) => [
    rule.deployment,
    resources,
    costPerMonth[0].amount,
    oldest,
  ]);
  expect(groups.sort()).toEqual([
    ['birch-press', 1, '6.00', '2026-04-02T00:00:00Z'],
    ['hazel-bakery', 3, '18.00', '2026-05-01T00:00:00Z'],
  ]);
});

test('one suggestion can be asked for, or what has none, page by page', async () => {
  for (const [suggestion, expected] of [
    ['hazel-bakery', ['13', '11', '12']],
    ['birch-press', ['21']],
    ['none', ['33', '31', '32']],
  ] as const) {
    const pages: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await read(`/unattributed-resources?suggestion=${suggestion}&limit=2${next}`);
      expect(page.total).toBe(expected.length);
      pages.push(...page.items.map(({ externalId }: any) => externalId));
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    expect(pages).toEqual(expected);
  }
});

test('is for staff alone', async () => {
  const asked = { as: 'customer', customer: 'acme' } as const;
  for (const path of ['/unattributed-resources', '/unattributed-resources/summary'])
    expect((await api.fetch(path, asked)).status).toBe(403);
});
