import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { addDeployment, at, settle } from '../../../test/fixtures/invoices.ts';
import { makePlan } from '../../../test/fixtures/pricing.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { timeoutOf, soakRuns } from '../../../test/soak.ts';
import { assign } from '../../deployments/assignments.ts';
import { updateEntity } from '../../invoices/entities.ts';
import { rateMonths } from '../../invoices/month-figures.ts';
import { setExchangeRate } from '../../pricing/exchange-rates.ts';
import { Decimal } from '../../platform/quantity.ts';
import { groupings } from './margin.store.ts';

// The pilot's May: two droplets of 12.00 and 24.00, snapshots of 0.60, 0.84 and 1.44, its zones free: 38.88. The plan
// studio is 50.00 a month, and covers all of it. Besides a droplet of 6.00 that is nobody's, and one that is off all May.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openReconciledAccount(database, 'acme', { fleet: 'pilot', seed: 1, at: at('2026-05-01T00:00:00Z') });
  await account.opened.control('fleet', {
    events: [
      { type: 'create_droplet', id: 7, name: 'lost', size: 's-1vcpu-1gb', seconds: 1 },
      { type: 'create_droplet', id: 8, name: 'idle', size: 's-1vcpu-1gb', seconds: 1, tags: ['deployment:idle'] },
    ],
  });
  await account.advance({ minutes: 1 });
  await account.opened.control('fleet', { events: [{ type: 'power', droplet: 8, action: 'power_off', seconds: 1 }] });
  await updateEntity(
    db,
    'default',
    { name: 'Seller', address: ['1 Quay Street'] },
    { by: 'test', now: at('2026-05-01') },
  );
  await makePlan(db, { plan: 'year', base: '240.00', baseEvery: 'year' });
  await makePlan(db, { plan: 'euro', base: '10.00', currency: 'EUR' });
  await addDeployment(db, { customer: 'acme', slug: 'acme-studio', from: '2026-05-01' });
  await makePlan(db, { plan: 'free', base: '0.00' });
  await addDeployment(db, { customer: 'idle', slug: 'idle', plan: 'free', from: '2026-05-01' });
  await account.sync();
  await account.advance({ hours: 24 * 32 + 12 });
  await account.sync();
  await settle(db, now());
  await rateMonths(db, { now: now() });
  await account.reconcile();
  api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
}, timeoutOf(120_000));
afterAll(async () => {
  await api.close();
  await account.close();
  await database.close();
});

const now = () => account.opened.simulator.now();

interface Row {
  readonly month: string;
  readonly part: string;
  readonly deployment: string | null;
  readonly currency: string;
  readonly revenue: string | null;
  readonly cost: string | null;
  readonly margin: string | null;
  readonly customer: string | null;
  readonly plan: string | null;
  readonly kind: string | null;
  readonly product: string | null;
}
interface Answer {
  readonly items: readonly Row[];
  readonly totals: readonly Row[];
}

async function read<Body = Answer>(path: string): Promise<Body> {
  const answer = await api.fetch(path);
  const body = await answer.json();
  expect([path, answer.status, body]).toEqual([path, 200, body]);
  return body as Body;
}
const margins = (query = '') => read(`/margins?from=2026-05-01${query}`);

test('a customer of 50.00 whose systems cost 38.88 leaves 11.12, which is 22.2 %; for 50 % the fee would be 77.76', async () => {
  const { items, totals } = await margins('&target=50');
  // What no customer bears comes first.
  expect(items).toEqual([
    expect.objectContaining({
      part: 'unassigned',
      deployment: null,
      revenue: '0.00',
      cost: '6.00',
      baseFeeNeeded: null,
    }),
    expect.objectContaining({
      part: 'customers',
      deployment: 'acme-studio',
      customer: 'acme',
      revenue: '50.00',
      cost: '38.88',
      margin: '11.12',
      marginPercent: '22.2',
      baseFeeNeeded: '77.76',
      state: 'final',
      notKnown: null,
      reasons: [],
    }),
    expect.objectContaining({
      part: 'customers',
      deployment: 'idle',
      margin: '-6.00',
      marginPercent: null,
      baseFeeNeeded: '12.00',
      reasons: ['droplet idle off 31 days, 6.00 USD', 'Droplets, 6.00 USD'],
    }),
  ]);
  const [bill] = await account.bills('2026-05');
  expect(bill!.lines.map(({ amount }) => amount).toSorted()).toEqual([
    '0.60',
    '0.84',
    '1.44',
    '12.00',
    '24.00',
    '6.00',
    '6.00',
  ]);
  expect(bill!.bridge).toMatchObject({ unexplained: '0.00', residual: '0.00' });
  expect(totals).toMatchObject([{ currency: 'USD', revenue: '50.00', cost: '50.88', margin: '-0.88' }]);
  expect(await read('/margins/unattributed?month=2026-05')).toMatchObject({
    totals: [{ part: 'unassigned', cost: '6.00' }],
  });

  const shown = await read<{ kinds: Row[]; products: Row[] }>('/margins/acme-studio?month=2026-05');
  expect(shown.kinds.map(({ kind, revenue, cost }) => [kind, revenue, cost])).toEqual([
    [null, '50.00', '0.00'],
    ['droplet_hours', '0.00', '36.00'],
    ['droplet_snapshot_gb_month', '0.00', '2.88'],
  ]);
  const csv = await api.fetch('/margins?from=2026-05-01', { headers: { accept: 'text/csv' } });
  expect(await csv.text()).toContain('acme-studio,acme,,,,USD,50.00,38.88,11.12');
});

test('the overview has cost, margin and loss makers for owner and finance, and says why where it has none', async () => {
  const overview = await read<Record<string, any>>('/overview?month=2026-05');
  expect(overview).toMatchObject({
    cost: { state: 'ok', reason: null, bills: 'final', amounts: [{ currency: 'USD', amount: '50.88' }] },
    money: {
      currencies: [{ currency: 'USD', costToDate: '50.88', marginToDate: '-0.88', rates: [], notKnown: null }],
    },
    unowned: { costToDate: [{ currency: 'USD', amount: '6.00' }] },
    lossMakers: [
      { deployment: 'idle', margin: '-6.00', reasons: ['droplet idle off 31 days, 6.00 USD', 'Droplets, 6.00 USD'] },
    ],
  });
  const before = await read<Record<string, any>>('/overview?month=2026-03');
  expect(before.cost).toMatchObject({
    state: 'unavailable',
    reason: 'No provider bill of this month has been reconciled.',
  });
  const token = await api.token('operator');
  const seen = await api.fetch('/overview?month=2026-05', { headers: { authorization: `Bearer ${token}` } });
  expect(await seen.json()).toMatchObject({
    cost: { state: 'unavailable', reason: 'Cost is shown to the roles owner and finance.', amounts: [] },
    money: {
      currencies: [{ costToDate: null, marginToDate: null, notKnown: 'Cost is shown to the roles owner and finance.' }],
    },
    unowned: { costToDate: null },
    lossMakers: null,
  });
});

test('what is not known is null with its reason', async () => {
  // Nobody was on a bill in March, and nobody has rated it.
  expect(await read('/margins?from=2026-03-01')).toMatchObject({ items: [] });
  expect((await margins('&basis=billed')).items).toMatchObject([
    { part: 'unassigned' },
    { revenue: '0.00', cost: '38.88', margin: '-38.88' },
    { deployment: 'idle' },
  ]);
  const june = await read('/margins?from=2026-06-01');
  expect(await read('/margins')).toEqual(june);
  expect(june.items[1]).toMatchObject({
    deployment: 'acme-studio',
    revenue: '50.00',
    state: 'preview',
    notKnown: null,
  });
  await sql`DELETE FROM month_totals`.execute(database.db);
  await sql`DELETE FROM month_revenue`.execute(database.db);
  await sql`DELETE FROM deployment_months`.execute(database.db);
  await sql`DELETE FROM money_days`.execute(database.db);
  await sql`DELETE FROM rated_months`.execute(database.db);
  const [, row] = (await margins()).items;
  expect(row).toMatchObject({ revenue: null, cost: '38.88', margin: null, notKnown: 'not_rated' });
  await rateMonths(database.db, { now: now() });
});

test('it is sorted by an amount, what no customer bears first all the same, and goes on page by page', async () => {
  const order = async (query: string) => {
    const names: (string | null)[] = [];
    let cursor = '';
    for (;;) {
      const page = await read<Answer & { nextCursor: string | null }>(
        `/margins?from=2026-05-01&limit=1${query}${cursor}`,
      );
      names.push(...page.items.map(({ part, deployment }) => (part === 'customers' ? deployment : part)));
      if (page.nextCursor === null) return names;
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
  };
  const [first, second] = ['acme-studio', 'idle'];
  for (const query of ['', '&sort=cost&order=desc', '&sort=margin&order=desc', '&sort=revenue&order=desc'])
    expect([query, await order(query)]).toEqual([query, ['unassigned', first, second]]);
  for (const query of ['&sort=margin', '&sort=cost', '&sort=month&order=desc'])
    expect([query, await order(query)]).toEqual([query, ['unassigned', second, first]]);
});

test('a row shows what its margin was in the months before', async () => {
  const { items } = await read<{ items: (Row & { trend: unknown })[] }>('/margins?from=2026-06-01&trend=2');
  const { margin, trend } = items.find(({ deployment }) => deployment === 'acme-studio')!;
  expect(trend).toEqual([
    { month: '2026-04-01', margin: null },
    { month: '2026-05-01', margin: '11.12' },
    { month: '2026-06-01', margin },
  ]);
});

test("what a deployment bears of a meter's products, and what charged a resource, line by line", async () => {
  const of = (query: string) =>
    read<{ items: Record<string, any>[]; totals: unknown }>(`/bill-lines?month=2026-05&${query}`);
  const droplets = await of('deployment=acme-studio&kind=droplet_hours');
  expect(droplets.items.map(({ product, share, state }) => [product, share, state])).toEqual([
    ['Droplets', '12.00', 'final'],
    ['Droplets', '24.00', 'final'],
  ]);
  expect(droplets.totals).toEqual([{ currency: 'USD', lines: 2, amount: '36.00' }]);
  const all = await of('deployment=acme-studio');
  expect(all.totals).toEqual([{ currency: 'USD', lines: 5, amount: '38.88' }]);
  const [line] = droplets.items;
  const mine = await read<{ items: Record<string, any>[] }>(`/bill-lines?resource=${line!['resource']}`);
  // The newest first: June's preview, then May.
  expect(mine.items.map(({ month, state, position }) => [month, state, position])).toEqual([
    ['2026-06-01', 'preview', expect.any(Number)],
    ['2026-05-01', 'final', line!['position']],
  ]);
  expect((await of('deployment=idle&kind=droplet_snapshot_gb_month')).items).toEqual([]);
  // Of nothing in particular: all lines of a month, that of the last complete day unless told.
  expect((await read<{ totals: unknown }>('/bill-lines?month=2026-05')).totals).toEqual([
    { currency: 'USD', lines: 7, amount: '50.88' },
  ]);
  const june = await read<{ items: Record<string, any>[] }>('/bill-lines');
  expect(new Set(june.items.map(({ month }) => month))).toEqual(new Set(['2026-06-01']));
});

test('the use of a month stands beside what an hour of what is there costs', async () => {
  // 12 + 24 + 6 + 6 and snapshots of 2.88 are 50.88 a month of 672 hours.
  await account.readBalance();
  const { month, payers } = await read<{ month: string; payers: Record<string, any>[] }>('/balances/month');
  const [payer] = payers;
  expect([month, payers.length]).toEqual(['2026-06', 1]);
  expect(payer).toMatchObject({ payer: 'acme', currency: 'USD', hourlyRate: '0.07571', unpriced: 0 });
  const [point] = payer!['points'];
  const hours = at('2026-06-01').until(Temporal.Instant.from(point.at)).total('hours');
  expect(hours).toBeGreaterThan(0);
  const expected = new Decimal('50.88').times(hours).div(672).toFixed(2);
  expect(payer).toMatchObject({ expected, difference: new Decimal(payer!['used']).minus(expected).toFixed(2) });
  expect(new Decimal(payer!['forecast']).minus(payer!['used']).toFixed(2)).toBe(
    new Decimal('50.88')
      .times(672 - hours)
      .div(672)
      .toFixed(2),
  );
  expect(await read('/balances/month?month=2026-03')).toEqual({ month: '2026-03', payers: [] });
});

test('only owner and finance see it', async () => {
  for (const role of ['owner', 'finance', 'operator', 'viewer', 'customer'] as const) {
    const token = await api.token(role, ...(role === 'customer' ? ['acme'] : []));
    for (const path of [
      '/margins?from=2026-05-01',
      '/margins/acme-studio?month=2026-05',
      '/bill-lines?deployment=acme-studio',
      '/balances/month',
    ]) {
      const { status } = await api.fetch(path, { headers: { authorization: `Bearer ${token}` } });
      expect([role, path, status]).toEqual([role, path, role === 'owner' || role === 'finance' ? 200 : 403]);
    }
  }
});

const sum = (rows: readonly Row[], field: 'revenue' | 'cost', currency: string) =>
  rows
    .filter((row) => row.currency === currency)
    .reduce((total, row) => total.plus(row[field] ?? 0), new Decimal(0))
    .toFixed(2);

async function expectToAddUp(): Promise<void> {
  const whole = await margins('&by=month');
  const { rows } = await sql<{ amount: string }>`
    SELECT (SELECT sum(amount) FROM reconciliations r JOIN provider_bills USING (bill_id) WHERE period = '2026-05-01' AND kind = 'final' AND signed_at IS NULL)::text AS amount`.execute(
    database.db,
  );
  expect(sum(whole.items, 'cost', 'USD')).toBe(new Decimal(rows[0]!.amount).toFixed(2));
  for (const by of groupings) {
    const { items, totals } = await margins(`&by=${by}`);
    for (const currency of ['USD', 'EUR']) {
      for (const field of ['revenue', 'cost'] as const) {
        expect([by, field, sum(items, field, currency)]).toEqual([by, field, sum(whole.items, field, currency)]);
        expect([by, field, sum(totals, field, currency)]).toEqual([by, field, sum(whole.items, field, currency)]);
      }
    }
    if (by === 'month') continue;
    // Each value as a filter, and what has none: the parts of the whole.
    const none = items.filter((row) => row[by] === null);
    const values = new Set(items.flatMap((row) => row[by] ?? []));
    for (const grouped of groupings) {
      const parts: Row[] = [];
      for (const value of values) {
        const own = (await margins(`&by=${grouped}&${by}=${encodeURIComponent(value)}`)).items;
        // A meter or a product is of what no customer bears too, which the grouping shows as rows of their own.
        parts.push(...own.filter(({ part }) => part === 'customers'));
      }
      const all = [...parts, ...none];
      for (const field of ['revenue', 'cost'] as const)
        expect([by, grouped, field, sum(all, field, 'USD')]).toEqual([
          by,
          grouped,
          field,
          sum(whole.items, field, 'USD'),
        ]);
    }
  }
}

test(
  'whoever owns what, and whatever a bill has wrong: every grouping and filter adds up to the whole bill',
  async () => {
    const { db } = database;
    await addDeployment(db, { customer: 'beta', slug: 'beta', plan: 'year', from: '2026-05-01' });
    await addDeployment(db, { customer: 'euro', slug: 'euro', plan: 'euro', currency: 'EUR', from: '2026-05-01' });
    for (const mistake of [
      { mistake: 'ghost_line', amount: '12.00' },
      { mistake: 'header_off_by_cent' },
      { mistake: 'tax', percent: '6.25' },
      { mistake: 'credit', amount: '3.33' },
    ])
      await account.opened.control('billing/mistakes', { month: '2026-05', ...mistake });
    await account.reconcile();
    const { rows: resources } = await sql<{ id: number }>`
      SELECT resource_id AS id FROM resources WHERE kind IN ('droplet', 'snapshot') AND external_id NOT IN ('7', '8') ORDER BY 1`.execute(
      db,
    );
    const owners = fc.subarray(['acme-studio', 'beta', 'euro'], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(owners, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 })), {
          minLength: resources.length,
          maxLength: resources.length,
        }),
        async (given) => {
          for (const [index, [slugs, weights]] of given.entries()) {
            const whom = slugs.map((slug, place) => ({ slug, weight: weights[place] ?? 1 }));
            const of = { resourceIds: [resources[index]!.id], owners: whom, from: at('2026-05-01') };
            await assign(db, of, 'test', now());
          }
          await settle(db, now());
          await rateMonths(db, { now: now() });
          await account.reconcile(undefined, { read: false });
          await expectToAddUp();
        },
      ),
      { numRuns: soakRuns(2) },
    );
    const { items } = await margins();
    expect(items.find(({ part }) => part === 'unexplained')).toMatchObject({ cost: '12.00', margin: '-12.00' });
    expect(items.find(({ part }) => part === 'residual')).toMatchObject({ cost: '0.01' });
    // A year of 240.00 earns 20.00 in May, which its first month bills whole.
    expect(items.find(({ deployment }) => deployment === 'beta')).toMatchObject({ revenue: '20.00' });
  },
  timeoutOf(240_000),
);

test('no rate between currencies: both amounts, and no margin', async () => {
  const { db } = database;
  const { rows } = await sql<{
    id: number;
  }>`SELECT resource_id AS id FROM resources WHERE kind = 'droplet' ORDER BY 1`.execute(db);
  for (const { id } of rows)
    await assign(
      db,
      { resourceIds: [id], owners: [{ slug: 'euro', weight: 1 }], from: at('2026-05-01') },
      'test',
      now(),
    );
  await settle(db, now());
  await rateMonths(db, { now: now() });
  await account.reconcile(undefined, { read: false });
  const own = (await margins()).items.filter(({ deployment }) => deployment === 'euro');
  expect(own).toMatchObject([
    { currency: 'EUR', revenue: '10.00', cost: '0.00', margin: null, notKnown: 'no_exchange_rate' },
    { currency: 'USD', revenue: '0.00', margin: null, notKnown: 'no_exchange_rate' },
  ]);
});

const currencyMonths = async () =>
  (await read<Record<string, any>>('/overview?month=2026-05')).money.currencies as Record<string, any>[];

test('the overview names the rate that its margin would need, and keeps a cost that needs none', async () => {
  const [dollar, euro] = await currencyMonths();
  const { totals } = await margins('&by=month');
  expect(euro).toMatchObject({ currency: 'EUR', costToDate: null, marginToDate: null, rates: [] });
  expect(euro!.notKnown).toContain('No exchange rate of USD in EUR for 2026-05-31');
  const billed = totals.find(({ currency }) => currency === 'USD')?.cost;
  expect(dollar).toMatchObject({ currency: 'USD', costToDate: billed, marginToDate: null, rates: [] });
  expect(dollar!.notKnown).toContain('No exchange rate of EUR in USD for 2026-05-31');
  // Whether who has both loses is not known either, and is said.
  const { lossMakers, notComparable } = await read<Record<string, any>>('/overview?month=2026-05');
  expect(lossMakers.map(({ deployment }: { deployment: string }) => deployment)).not.toContain('euro');
  expect(notComparable).toEqual(['euro']);
});

test('asked in one currency, every grouping adds up to what its whole comes to in it', async () => {
  const { db } = database;
  // Without a rate it is what it was.
  expect((await margins('&currency=EUR')).items.filter(({ deployment }) => deployment === 'euro')).toHaveLength(2);
  const day = Temporal.PlainDate.from('2026-05-29');
  await setExchangeRate(db, { base: 'USD', counter: 'EUR', rate: '0.923958237', source: 'ECB', day }, 'test', now());
  const whole = await read<any>('/margins?from=2026-05-01&by=month');
  const usd = (field: 'revenue' | 'cost') => sum(whole.items, field, 'USD');
  const expected = {
    cost: new Decimal(usd('cost')).times('0.923958237').toDecimalPlaces(2, Decimal.ROUND_HALF_UP),
    revenue: new Decimal(usd('revenue')).times('0.923958237').toDecimalPlaces(2, Decimal.ROUND_HALF_UP),
  };
  for (const by of groupings) {
    const asked = await read<any>(`/margins?from=2026-05-01&by=${by}&currency=EUR`);
    expect(new Set(asked.items.map(({ currency }: Row) => currency))).toEqual(new Set(['EUR']));
    expect(asked.rates).toMatchObject([{ month: '2026-05-01', base: 'USD', day: '2026-05-29', source: 'ECB' }]);
    expect([by, sum(asked.items, 'cost', 'EUR')]).toEqual([by, expected.cost.toFixed(2)]);
    const revenue = expected.revenue.plus(sum(whole.items, 'revenue', 'EUR')).toFixed(2);
    expect([by, sum(asked.items, 'revenue', 'EUR')]).toEqual([by, revenue]);
    expect(sum(asked.totals, 'cost', 'EUR')).toBe(expected.cost.toFixed(2));
  }
  const { items } = await margins('&currency=EUR');
  const euro = items.filter(({ deployment }) => deployment === 'euro');
  expect(euro).toMatchObject([
    { currency: 'EUR', revenue: '10.00', margin: expect.stringMatching(/^-/), notKnown: null },
  ]);
});

test('the overview has the margin of all in one currency, and says by which rate', async () => {
  const { totals } = await margins('&by=month&currency=EUR');
  const [dollar, euro] = await currencyMonths();
  expect(euro).toMatchObject({
    currency: 'EUR',
    costToDate: totals[0]!.cost,
    marginToDate: totals[0]!.margin,
    rates: [{ base: 'USD', day: '2026-05-29', rate: '0.923958237', source: 'ECB' }],
    notKnown: null,
  });
  // So does who loses money, in the customer's own currency, by its margin there.
  const { lossMakers, notComparable } = await read<Record<string, any>>('/overview?month=2026-05');
  const [own] = (await margins('&currency=EUR&deployment=euro')).items;
  expect(lossMakers).toContainEqual(
    expect.objectContaining({ deployment: 'euro', currency: 'EUR', margin: own!.margin }),
  );
  expect(notComparable).toEqual([]);
  // What a euro is in dollars does not follow from what a dollar is in euros.
  expect(dollar).toMatchObject({ marginToDate: null, notKnown: expect.stringContaining('EUR in USD') });
});

test('the months before are in the same currency', async () => {
  const { items, rates } = await read<any>('/margins?from=2026-06-01&trend=1&currency=EUR');
  const own = items.find(({ deployment }: Row) => deployment === 'euro');
  const [before] = (await margins('&currency=EUR')).items.filter(({ deployment }) => deployment === 'euro');
  expect(before!.margin).toMatch(/^-/);
  expect(own.trend).toEqual([
    { month: '2026-05-01', margin: before!.margin },
    { month: '2026-06-01', margin: own.margin },
  ]);
  expect(rates.map(({ month }: { month: string }) => month)).toEqual(['2026-05-01', '2026-06-01']);
});
