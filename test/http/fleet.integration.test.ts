import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { recountFleet, summarizeFleet } from '../../src/deployments/fleet.ts';
import { suggestOwners } from '../../src/deployments/suggestions.ts';
import { applyRules } from '../../src/deployments/rules.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { at, createDeployments, insertAccount } from '../fixtures/metering.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// The inventory as an operator looks at it: filters, sorts, owners, prices and counts.

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  const second = await insertAccount(db, 'other');
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  const droplet = { attributes: { size_slug: 's-1vcpu-1gb' } };
  await insertLiving(db, account, 'droplet', '11', { name: 'Ash-web', ...droplet }, at('2026-05-01'));
  await insertLiving(db, account, 'droplet', '12', { name: 'ash-db', status: 'off', ...droplet }, at('2026-05-02'));
  await insertLiving(db, second, 'droplet', '13', { name: 'stray', tags: ['Prod'], ...droplet }, at('2026-05-03'));
  await insertLiving(db, account, 'volume', '14', { name: 'data', attributes: { size_gb: 100 } }, at('2026-05-04'));
  const shared = await insertLiving(db, account, 'dns_zone', '15', { name: 'both.example' }, at('2026-05-05'));
  const gone = await insertLiving(db, account, 'droplet', '16', { name: 'ash-old', ...droplet }, at('2026-05-01'));
  await writeState(db, gone, null, at('2026-05-10'), null, at('2026-05-10'));
  await sql`UPDATE resources SET provider_created_at = '2026-04-01' WHERE external_id = '14'`.execute(db);
  await applyRules(db, { rules: [{ name: 'ash-*', deployment: 'ash' }] }, 'ben', at('2026-01-03'));
  const owners = ['ash', 'birch'].map((slug) => ({ slug, weight: 1 }));
  await assign(db, { resourceIds: [shared], owners, from: null }, 'ana', at('2026-05-05'));
  await bringAttributionsUpToDate(db, at('2026-05-20'));
  api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const read = async (path: string) => (await (await api.fetch(path)).json()) as Record<string, any>;
const ids = async (query: string) =>
  ((await read(`/resources?${query}`)).items as { externalId: string }[]).map(({ externalId }) => externalId);

test('a row says whose it is and what it costs in a month', async () => {
  const { items } = await read('/resources');
  expect(
    items.map((row: any) => [row.externalId, row.owners.map((one: any) => one.deployment), row.costPerMonth]),
  ).toEqual([
    // Names of rules compare with case: Ash-web is nobody's. A droplet of this size is 6.00, a GiB of a volume 0.10.
    ['11', [], { currency: 'USD', amount: '6.00' }],
    ['12', ['ash'], { currency: 'USD', amount: '6.00' }],
    ['13', [], { currency: 'USD', amount: '6.00' }],
    ['14', [], { currency: 'USD', amount: '10.00' }],
    ['15', ['ash', 'birch'], { currency: 'USD', amount: '0.00' }],
  ]);
  expect(items[4].owners[1]).toEqual({ deployment: 'birch', name: 'birch', weight: 1, weightTotal: 2 });
  expect(items[3]).toMatchObject({ createdAt: '2026-04-01T00:00:00Z', until: null, source: 'listing' });
});

test.each([
  ['q=ASH', ['11', '12']],
  ['q=13', ['13']],
  ['kind=volume&kind=dns_zone', ['14', '15']],
  ['account=other', ['13']],
  ['status=off', ['12']],
  ['tag=prod', ['13']],
  ['owner=none', ['11', '13', '14']],
  ['owner=several', ['15']],
  ['owner=ash', ['12']],
  ['customer=acme', ['12', '15']],
  ['createdTo=2026-04-02T00:00:00Z', ['14']],
  ['sinceFrom=2026-05-03T00:00:00Z&sinceTo=2026-05-04T00:00:00Z', ['13']],
  ['source=assumed', []],
  ['ended=true', ['16']],
  ['at=2026-05-02T12:00:00Z', ['11', '12', '16']],
  ['sort=name', ['12', '11', '15', '14', '13']],
  ['sort=since&order=desc', ['15', '14', '13', '12', '11']],
  ['sort=createdAt&kind=volume&kind=droplet', ['14', '11', '12', '13']],
  ['sort=kind&order=desc', ['14', '13', '12', '11', '15']],
])('%s', async (query, expected) => {
  expect(await ids(query)).toEqual(expected);
  // Page by page it is the same.
  const pages: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await read(`/resources?${query}&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
    pages.push(...page.items.map(({ externalId }: { externalId: string }) => externalId));
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  expect(pages).toEqual(expected);
  if (query.includes('sort=')) return;
  const { total } = await read(`/resources/summary?${query}`);
  expect(total).toBe(expected.length);
});

test('the rule that found the owner is a filter', async () => {
  const rule = (await read('/resources?owner=ash')).items[0].rule;
  expect(await ids(`rule=${rule}`)).toEqual(['12']);
});

test('each facet counts without its own filter, and all others with it', async () => {
  const summary = await read('/resources/summary?kind=droplet&owner=none');
  const facet = (name: string) => summary[name].map(({ value, resources }: any) => [value, resources]);
  expect(summary).toMatchObject({ total: 2, unpriced: 0, costPerMonth: [{ currency: 'USD', amount: '12.00' }] });
  expect(facet('byKind')).toEqual([
    ['droplet', 2],
    ['volume', 1],
  ]);
  expect(facet('byOwner')).toEqual([
    ['none', 2],
    ['ash', 1],
  ]);
  expect(facet('byAccount')).toEqual([
    ['other', 1],
    ['team', 1],
  ]);
  expect(facet('byStatus')).toEqual([['active', 2]]);
});

test('a project holds others: nobody misses its owner', async () => {
  const { db } = database;
  const { rows } = await sql<{ account_id: number }>`SELECT account_id FROM accounts WHERE slug = 'other'`.execute(db);
  await insertLiving(db, rows[0]!.account_id, 'project', '17', { name: 'Holder' }, at('2026-05-06'));
  await bringAttributionsUpToDate(db, at('2026-05-20'));
  expect((await read('/resources?kind=project')).items).toMatchObject([{ externalId: '17', owners: null }]);
  expect(await ids('owner=none')).toEqual(['11', '13', '14']);
  expect((await read('/resources/summary?kind=project')).byOwner).toEqual([]);
});

test('customers do not see it', async () => {
  for (const path of ['/resources', '/resources/summary'])
    expect((await api.fetch(path, { as: 'customer', customer: 'acme' })).status).toBe(403);
});

test('a fleet that was counted by the job is counted as it is now, by whatever facets', async () => {
  const { db } = database;
  const now = at('2026-05-20');
  await recountFleet(db, now, 0);
  expect(await suggestOwners(db, 50, 0)).toEqual(await suggestOwners(db, 50));
  const values = {
    kind: [undefined, ['droplet'], ['volume', 'dns_zone'], ['none']],
    account: [undefined, ['other']],
    status: [undefined, ['off'], ['active', 'off']],
    owner: [undefined, 'ash', 'none', 'several'],
  };
  for (const kind of values.kind)
    for (const account of values.account)
      for (const status of values.status)
        for (const owner of values.owner) {
          const filters = { at: null, now, kind, account, status, owner };
          const { countedAt, ...kept } = await summarizeFleet(db, filters, 0);
          expect(countedAt).toEqual(now);
          expect({ ...kept, countedAt: null }).toEqual(await summarizeFleet(db, filters));
        }
  // What the counts do not have is counted now, and so is a fleet that is small.
  expect((await summarizeFleet(db, { at: null, now, q: 'ash' }, 0)).countedAt).toBeNull();
  expect(await read('/resources/summary')).toMatchObject({ exact: true });

  // It is counted anew where something has changed, and only there.
  const later = at('2026-05-21');
  await recountFleet(db, later);
  const before = await summarizeFleet(db, { at: null, now: later }, 0);
  expect(before.countedAt).toEqual(now);
  const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts ORDER BY 1 LIMIT 1`.execute(db);
  await insertLiving(db, rows[0]?.id ?? 0, 'droplet', '17', { name: 'late' }, at('2026-05-20T12:00:00Z'));
  await bringAttributionsUpToDate(db, later);
  await recountFleet(db, later, 0);
  expect(await summarizeFleet(db, { at: null, now: later }, 0)).toMatchObject({
    countedAt: later,
    resources: before.resources + 1,
  });
  expect(await suggestOwners(db, 50, 0)).toEqual(await suggestOwners(db, 50));
});
