import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertTwoCustomers, type TwoCustomers } from '../access/two-customers.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';
import type { Role } from '../../src/platform/declare/operation.ts';

let database: TestDatabase;
let api: TestApi;
let made: TwoCustomers;

beforeAll(async () => {
  database = await openTestDatabase();
  made = await insertTwoCustomers(database.db);
  api = await startTestApi(database);
});

afterAll(async () => {
  await api.close();
  await database.close();
});

interface Found {
  readonly groups: readonly {
    readonly group: string;
    readonly shownBy: string;
    readonly hits: readonly {
      readonly hitId: string;
      readonly title: string;
      readonly detail: string;
      readonly match: string;
    }[];
    readonly more: boolean;
  }[];
}

async function search(q: string, as: { as?: Role; customer?: string } = {}, limit = 8): Promise<Found['groups']> {
  const answer = await api.fetch(`/search?q=${encodeURIComponent(q)}&limit=${limit}`, as);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Found).groups;
}

async function hits(q: string, as?: { as?: Role; customer?: string }): Promise<string[]> {
  const groups = await search(q, as);
  return groups.flatMap(({ group, hits: of }) => of.map(({ hitId, match }) => `${group} ${hitId} ${match}`));
}

test('a name finds what begins with it before what has it inside', async () => {
  expect(await hits('alpha')).toEqual([
    'customer alpha exact',
    'deployment alpha-shop prefix',
    `resource ${made.alphasDroplet} prefix`,
    'plan alpha-plan prefix',
  ]);
  const droplets = await search('droplet');
  expect(droplets.map(({ group, hits: of }) => [group, of.map(({ title, match }) => `${title} ${match}`)])).toEqual([
    ['resource', ['alpha-droplet within', 'bravo-droplet within', 'shared-droplet within']],
  ]);
});

test.each([
  ['BRAVO-SHOP', 'deployment bravo-shop exact'],
  ['Alpha Ltd', 'customer alpha exact'],
  ['bravo-plan', 'plan bravo-plan exact'],
  ['bravo-team', 'account bravo-team exact'],
])('%s is found by its whole name, whatever the capitals', async (q, expected) => {
  expect((await hits(q))[0]).toBe(expected);
});

test('a resource is found by our id, its own, and its URN; a renamed one by its name of now', async () => {
  const resource = `resource ${made.alphasDroplet} exact`;
  for (const q of [String(made.alphasDroplet), 'alpha-droplet', 'droplet:alpha-droplet', 'do:droplet:alpha-droplet'])
    expect([q, (await hits(q)).includes(resource)]).toEqual([q, true]);
  expect((await search('bravo-renamed')).flatMap(({ hits: of }) => of.map(({ title }) => title))).toEqual([
    'bravo-renamed',
  ]);
});

test('an invoice is found by its number, its beginning, and our id', async () => {
  const { number } = (await (await api.fetch(`/invoices/${made.alphasInvoice}`)).json()) as { number: string };
  expect(await hits(number.toLowerCase())).toEqual([`invoice ${made.alphasInvoice} exact`]);
  expect((await hits(number.slice(0, 3))).filter((hit) => hit.startsWith('invoice'))).toHaveLength(2);
  expect(await hits(String(made.alphasDraft))).toContain(`invoice ${made.alphasDraft} exact`);
});

test('what patterns mean is looked for as it stands', async () => {
  expect(await hits('%')).toEqual([]);
  expect(await hits('alpha_shop')).toEqual([]);
  expect(await hits('\\')).toEqual([]);
});

test('there is more than the limit, and that is said', async () => {
  const [resources] = await search('droplet', {}, 2);
  expect([resources?.hits.length, resources?.more]).toEqual([2, true]);
});

test('a customer does not search', async () => {
  expect((await api.fetch('/search?q=alpha', { as: 'customer', customer: 'alpha' })).status).toBe(403);
});

test('every group names an operation, and is for those alone who may call it', async () => {
  for (const as of ['owner', 'finance', 'operator', 'viewer'] as const) {
    const { may } = (await (await api.fetch('/me', { as })).json()) as { may: string[] };
    for (const q of ['alpha', '1', 'droplet', 'INV'])
      for (const { shownBy } of await search(q, { as })) expect([as, may.includes(shownBy)]).toEqual([as, true]);
  }
});
