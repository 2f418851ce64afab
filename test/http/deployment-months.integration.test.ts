import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sumAmounts } from '../../src/invoices/lines.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { previewDeployment } from '../../src/invoices/preview.ts';
import { usageByDay } from '../../src/metering/usage-days.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { sumQuantities } from '../../src/platform/quantity.ts';
import { pauseSubscription } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { addDeployment, addDroplet, at, day, openBusiness, settle, writeState } from '../fixtures/invoices.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// What each deployment's and customer's month comes to, and usage day by day, as the screens read them: each figure
// equals the one that invoices and metering say. studio is 50.00 a month with 1488 hours of droplets, 0.04 each beyond.

let database: TestDatabase;
let api: TestApi;
const now = at('2026-03-19T01:30:00Z');
const march = { from: day('2026-03-01'), to: day('2026-04-01') };

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  await addDeployment(db, { customer: 'acme', slug: 'shop' });
  await addDeployment(db, { customer: 'acme', slug: 'blog', plan: 'atelier' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  await addDeployment(db, { customer: 'late', slug: 'ahead', from: '2026-04-01' });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await addDroplet(db, account, name, ['shop'], '2026-01-01');
  await addDroplet(db, account, 'shared', ['blog', 'wiki'], '2026-02-10');
  const gone = await addDroplet(db, account, 'gone', ['wiki'], '2026-01-01');
  await writeState(db, gone, null, at('2026-03-05T12:00:00Z'), null, at('2026-03-05T12:00:00Z'));
  await pauseSubscription(db, { deployment: 'wiki', from: at('2026-03-10'), to: null }, 'test', now);
  await settle(db, now);
  await rateMonths(db, { now });
  api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

type Asked = Parameters<TestApi['fetch']>[1];
const read = async (path: string, asked?: Asked) =>
  (await (await api.fetch(path, asked)).json()) as Record<string, any>;
const inMarch = 'month=2026-03';

describe('the months of deployments', () => {
  test('each amount is what the preview of its invoice says, and the totals are their sums', async () => {
    const { items, totals, total } = await read(`/deployment-months?${inMarch}`);
    expect(total).toBe(4);
    expect(items.map(({ deployment }: any) => deployment)).toEqual(['ahead', 'blog', 'shop', 'wiki']);
    for (const { deployment, amountToDate } of items) {
      const { invoices, slugs } = await previewDeployment(database.db, deployment, march.from, now);
      const own = invoices.flatMap(({ lines }) => lines.filter((one) => slugs[one.deploymentId ?? 0] === deployment));
      expect([deployment, amountToDate]).toEqual([deployment, own.length === 0 ? null : sumAmounts(own, 'USD')]);
    }
    // 18 days of 5 droplets are 2160 hours, 672 beyond: 26.88.
    expect(items[2]).toMatchObject({
      plan: 'studio',
      amountToDate: '76.88',
      resources: 5,
    });
    expect(items[3]).toMatchObject({ paused: true, resources: 1 });
    const sum = (field: string) =>
      sumAmounts(
        items.flatMap((row: any) => (row[field] === null ? [] : [{ amount: row[field] }])),
        'USD',
      );
    const fields = ['amountToDate', 'forecast', 'lastMonthSameDay', 'lastMonth', 'change'];
    expect(totals).toEqual([
      { currency: 'USD', deployments: 3, ...Object.fromEntries(fields.map((field) => [field, sum(field)])) },
    ]);
  });

  test.each([
    ['', ['ahead', 'blog', 'shop', 'wiki']],
    ['sort=name&order=desc', ['wiki', 'shop', 'blog', 'ahead']],
    ['sort=amountToDate&order=desc', ['blog', 'shop', 'wiki', 'ahead']],
    ['sort=amountToDate', ['wiki', 'shop', 'blog', 'ahead']],
    ['q=WI', ['wiki']],
    ['customer=acme', ['blog', 'shop']],
    ['plan=studio', ['shop', 'wiki']],
    ['state=paused', ['wiki']],
    ['state=no_plan', ['ahead']],
    ['state=active', ['blog', 'shop']],
  ])('%s: in order, page by page the same, and the totals are of the filter', async (query, expected) => {
    const pages: string[] = [];
    let totals: unknown;
    for (let cursor: string | null = null; ; ) {
      const page = await read(
        `/deployment-months?${inMarch}&${query}&limit=1${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      pages.push(...page.items.map(({ deployment }: any) => deployment));
      totals ??= page.totals;
      expect(page.totals).toEqual(totals);
      expect(page.total).toBe(expected.length);
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    expect(pages).toEqual(expected);
  });

  test('of a month that is not rated no amount is known, and it says so', async () => {
    const { items, totals, ratedAt, meteredThrough } = await read('/deployment-months?month=2025-03');
    expect({ totals, ratedAt, meteredThrough }).toEqual({ totals: [], ratedAt: null, meteredThrough: null });
    expect(items.map(({ amountToDate }: any) => amountToDate)).toEqual([null, null, null, null]);
  });

  test('a customer sees their own alone, whatever they ask for', async () => {
    const asBeta = { as: 'customer', customer: 'beta' } as const;
    for (const query of ['', '&customer=acme', '&q=shop']) {
      const { items, totals } = await read(`/deployment-months?${inMarch}${query}`, asBeta);
      const isOwn = query === '';
      expect(items.map(({ deployment }: any) => deployment)).toEqual(isOwn ? ['wiki'] : []);
      expect(totals.length).toBe(isOwn ? 1 : 0);
    }
    expect((await api.fetch(`/customer-months?${inMarch}`, asBeta)).status).toBe(403);
  });
});

test("a customer's month is the sum of the deployments'", async () => {
  const { items, total } = await read(`/customer-months?${inMarch}`);
  expect([total, items.map(({ customer }: any) => customer)]).toEqual([3, ['acme', 'beta', 'late']]);
  for (const { customer, amountToDate, forecast, deployments } of items) {
    const own = await read(`/deployment-months?${inMarch}&customer=${customer}`);
    const [sum] = own.totals;
    expect([customer, deployments]).toEqual([customer, own.total]);
    expect([amountToDate, forecast]).toEqual([sum?.amountToDate ?? null, sum?.forecast ?? null]);
  }
  expect((await read(`/customer-months?${inMarch}&sort=amountToDate&order=desc&limit=1`)).items[0].customer).toBe(
    'acme',
  );
});

describe("a deployment's month", () => {
  test('has each meter as metering sums it, beside what its plan says of it', async () => {
    const { meters, money, status, quoted } = await read(`/deployments/shop/month?${inMarch}`);
    const { usage } = await usageForPeriod(database.db, 'shop', march.from, march.to);
    const quote = await read(`/deployments/shop/quote?${inMarch}`);
    const forecast = await read(`/deployments/shop/forecast?${inMarch}`);
    for (const { kind, quantity, allowance, billable, amount, forecast: ahead, days } of meters) {
      expect([kind, quantity]).toEqual([kind, usage[kind] ?? '0']);
      const of = ({ lines }: any) => lines.find((line: any) => line.kind === kind);
      expect({ allowance, billable, amount }).toEqual({
        allowance: of(quote).allowance,
        billable: of(quote).billable,
        amount: of(quote).amount,
      });
      expect(ahead).toBe(of(forecast.forecast).quantity);
      expect(days.length).toBe(31);
      expect(sumQuantities(days.map((one: string | null) => one ?? '0'))).toBe(quantity);
    }
    expect(meters[0]).toMatchObject({ kind: 'droplet_hours', quantity: '2160', billable: '672', amount: '26.88' });
    expect(meters[0].days[18]).toBeNull();
    expect(money).toMatchObject([{ currency: 'USD', amountToDate: quote.total }]);
    expect([quoted.state, status.obstacles.length > 0]).toEqual(['ok', true]);
  });

  test("says why it cannot be priced, and is nobody else's", async () => {
    const { quoted, meters, money } = await read('/deployments/ahead/month?month=2026-02');
    expect([quoted.state, money]).toEqual(['unavailable', []]);
    expect(quoted.reason).toMatch(/ahead/);
    expect(meters).toEqual([]);
    const own = await read(`/deployments/wiki/month?${inMarch}`, { as: 'customer', customer: 'beta' });
    expect(own).toMatchObject({ deployment: 'wiki', alerts: null, status: null, resources: 1 });
    const path = `/deployments/shop/month?${inMarch}`;
    expect((await api.fetch(path, { as: 'customer', customer: 'beta' })).status).toBe(404);
  });
});

describe('the grid of usage', () => {
  const range = 'from=2026-03-01&to=2026-04-01';

  test("has a row for each deployment, and each cell is what the deployment's day says", async () => {
    const grid = await read(`/usage/grid?${range}&by=deployment&kind=droplet_hours&compare=previous`);
    expect(grid.items.map(({ key }: any) => key)).toEqual(['shop', 'wiki', 'blog']);
    for (const { key, total, days, previousTotal } of grid.items) {
      const own = (await usageByDay(database.db, key, march.from, march.to)).filter(
        ({ kind }) => kind === 'droplet_hours',
      );
      const byDay = new Map(own.map(({ day: of, quantity }) => [of, quantity]));
      expect(days).toEqual(
        Array.from({ length: 31 }, (_, index) => byDay.get(march.from.add({ days: index }).toString()) ?? null),
      );
      expect(total).toBe(sumQuantities(own.map(({ quantity }) => quantity)));
      // 18 days are metered: the first 18 of February are what they are compared with.
      const before = await usageForPeriod(database.db, key, day('2026-02-01'), day('2026-02-19'));
      expect(previousTotal).toBe(before.usage.droplet_hours ?? '0');
    }
    expect(grid.previous).toEqual({ from: '2026-02-01', to: '2026-02-19' });
    expect(grid.quantity).toBe(sumQuantities(grid.items.map(({ total }: any) => total)));
    expect(grid.dayTotals.map((one: string | null, at: number) => [at, one])).toEqual(
      grid.dayTotals.map((_: unknown, at: number) => {
        const cells = grid.items.flatMap(({ days }: any) => days[at] ?? []);
        return [at, cells.length === 0 ? null : sumQuantities(cells)];
      }),
    );
    expect(grid.items[0].marks).toBe(`${'.'.repeat(18)}${'-'.repeat(13)}`);
  });

  test('of customers and of meters, with the same sums, in pages', async () => {
    const customers = await read(`/usage/grid?${range}&by=customer&kind=droplet_hours`);
    expect(customers.items.map(({ key, name }: any) => [key, name])).toEqual([
      ['acme', 'acme Ltd'],
      ['beta', 'beta Ltd'],
    ]);
    const meters = await read(`/usage/grid?${range}&customer=acme`);
    expect(meters.items.find(({ key }: any) => key === 'droplet_hours').total).toBe(customers.items[0].total);
    const first = await read(`/usage/grid?${range}&by=deployment&kind=droplet_hours&sort=name&order=asc&limit=2`);
    const next = `${range}&by=deployment&kind=droplet_hours&sort=name&order=asc&limit=2&cursor=${first.nextCursor}`;
    const second = await read(`/usage/grid?${next}`);
    expect([...first.items, ...second.items].map(({ key }: any) => key)).toEqual(['blog', 'shop', 'wiki']);
    expect([first.quantity, first.total, second.nextCursor]).toEqual([second.quantity, 3, null]);
  });

  test('of a customer has their own alone, and nothing of what we are not sure of', async () => {
    const asBeta = { as: 'customer', customer: 'beta' } as const;
    const query = `${range}&by=deployment&kind=droplet_hours`;
    expect((await read(`/usage/grid?${query}`, asBeta)).items.map(({ key }: any) => key)).toEqual(['wiki']);
    expect((await read(`/usage/grid?${query}&customer=acme`, asBeta)).items).toEqual([]);
    expect((await api.fetch(`/usage/grid?${query}&deployment=shop`, asBeta)).status).toBe(404);
  });

  test('marks the days that no complete listing has confirmed, to staff', async () => {
    await sql`UPDATE sync_runs SET outcome = 'partial' WHERE kind = 'droplet'`.execute(database.db);
    const query = `${range}&by=deployment&kind=droplet_hours&deployment=wiki`;
    const marks = async (asked?: Asked) => (await read(`/usage/grid?${query}`, asked)).items[0].marks;
    expect(await marks()).toBe(`${'c'.repeat(18)}${'-'.repeat(13)}`);
    expect(await marks({ as: 'customer', customer: 'beta' })).toBe(`${'.'.repeat(18)}${'-'.repeat(13)}`);
  });

  test('refuses what it cannot show', async () => {
    expect((await api.fetch(`/usage/grid?${range}&by=deployment`)).status).toBe(400);
    expect((await api.fetch('/usage/grid?from=2026-01-01&to=2026-06-01')).status).toBe(400);
  });
});
