import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, addDroplet, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { startTestApi } from '../../test/http/api-fixture.ts';
import { changeSubscription } from '../pricing/subscriptions.ts';
import { draftMonth } from './drafts.ts';
import { listInvoices } from './invoices.ts';
import { addLine } from './manual-lines.ts';
import { composeFigures, rateMonths, readFigures } from './month-figures.ts';
import type * as store from './month-figures.store.ts';

// what you see is what you owe: what is kept of a month equals the same made anew, and sums done by hand. The plan
// studio is 50.00 a month with 1488 hours of droplets, 0.04 each beyond. Three droplets use 72 hours a day.

let database: TestDatabase;
let account: number;
const january = day('2026-01-01');
const february = day('2026-02-01');

beforeAll(async () => {
  database = await openTestDatabase();
  account = await openBusiness(database.db);
  await addDeployment(database.db, { customer: 'acme', slug: 'shop' });
  await addDeployment(database.db, { customer: 'beta', slug: 'wiki' });
  for (const name of ['a', 'b', 'c']) await addDroplet(database.db, account, name, ['shop'], '2026-01-01');
});
afterAll(() => database.close());

/** Kept figures equal those made anew. */
async function expectLaw(month: Temporal.PlainDate, now: Temporal.Instant): Promise<void> {
  const { db } = database;
  const kept = await readFigures(db, month);
  if (kept === null) throw new Error('it was not rated');
  const { days, deployments } = await composeFigures(db, { month, meteredThrough: kept.meteredThrough, now });
  expect(kept.days).toEqual(days.toSorted((a, b) => Temporal.PlainDate.compare(a.day, b.day)));
  const sum = (of: (row: store.DeploymentMonth) => string) =>
    deployments.reduce((cents, row) => cents + Number(of(row).replace('.', '')), 0);
  expect(kept.totals.map((row) => Number(row.toDate.replace('.', '')))).toEqual([sum((row) => row.toDate)]);
  expect(kept.totals.map((row) => Number(row.lastMonth.replace('.', '')))).toEqual([sum((row) => row.lastMonth)]);
}

test('a month under way: by day, to date, and at its end', async () => {
  const { db } = database;
  const now = at('2026-01-25T01:30:00Z');
  expect(await readFigures(db, january)).toBeNull();
  await settle(db, now);
  expect(await rateMonths(db, { now })).toEqual({ rated: ['2026-01', '2025-12'] });
  const kept = await readFigures(db, january);
  // 24 days are 1728 hours, 240 of them beyond: 9.60. At the month's end 2232, 744 beyond: 29.76. And two base fees.
  expect(kept?.totals).toEqual([
    { currency: 'USD', toDate: '109.60', forecast: '129.76', lastSameDay: '0.00', lastMonth: '0.00' },
  ]);
  expect(kept?.days.map(({ day: of, toDate }) => [of.day, toDate]).slice(18)).toEqual([
    [19, '100.00'],
    [20, '100.00'],
    // 21 days are 1512 hours: 24 beyond.
    [21, '100.96'],
    [22, '103.84'],
    [23, '106.72'],
    [24, '109.60'],
  ]);
  expect(kept?.movers.map(({ deployment, amount, change }) => [deployment, amount, change])).toEqual([
    ['shop', '59.60', '59.60'],
    ['wiki', '50.00', '50.00'],
  ]);
  await expectLaw(january, now);
});

test('what nothing has changed of is not rated again; usage, plans and manual lines are changes', async () => {
  const { db } = database;
  const now = at('2026-01-25T01:30:00Z');
  expect(await rateMonths(db, { now })).toEqual({ rated: [] });
  await settle(db, now);
  expect(await rateMonths(db, { now })).toEqual({ rated: [] });

  await draftMonth(db, { month: january, now });
  const { items } = await listInvoices(db, { month: january, customer: 'acme' }, { limit: 1, cursor: null });
  await addLine(db, items[0]?.invoiceId ?? 0, { description: 'Move', quantity: '1', unitPrice: '80.00' }, 'ann', now);
  expect(await rateMonths(db, { now })).toEqual({ rated: ['2026-01'] });
  expect((await readFigures(db, january))?.totals).toMatchObject([{ toDate: '189.60', forecast: '209.76' }]);

  await changeSubscription(db, { deployment: 'wiki', plan: 'atelier', from: at('2026-01-20') }, 'ann', now);
  expect((await rateMonths(db, { now })).rated).toContain('2026-01');
  await expectLaw(january, now);
});

test('the next month is compared with this one, by the same day; and all of it is one document', async () => {
  const { db } = database;
  const now = at('2026-02-05T01:30:00Z');
  await settle(db, now);
  expect((await rateMonths(db, { now })).rated).toEqual(['2026-02', '2026-01']);
  const shop = async (field: string) => {
    const figures = await composeFigures(db, { month: february, meteredThrough: day('2026-02-05'), now });
    const rows = figures.deployments.filter(({ toDate }) => toDate === '50.00');
    return rows.map((row) => row[field as keyof typeof row]);
  };
  // Of four days 288 hours; in February 2016 in all, 528 beyond: 21.12. In January 29.76 beyond.
  expect(await shop('forecast')).toEqual(['71.12']);
  expect(await shop('lastMonth')).toEqual(['79.76']);
  expect(await shop('lastSameDay')).toEqual(['50.00']);
  await expectLaw(february, now);
  await expectLaw(january, now);

  const api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
  const read = async (path: string) => (await (await api.fetch(path)).json()) as Record<string, any>;
  const kept = await readFigures(db, february);
  const overview = await read('/overview?month=2026-02');
  expect(overview.money).toMatchObject({ state: 'ok', reason: null, asOf: '2026-02-05T01:30:00Z', failuresTotal: 0 });
  expect(overview.money.currencies[0]).toMatchObject({
    revenueToDate: kept?.totals[0]?.toDate,
    revenueForecast: kept?.totals[0]?.forecast,
    lastMonth: kept?.totals[0]?.lastMonth,
    costToDate: null,
  });
  expect(overview.money.currencies[0].days.length).toBe(4);
  expect(overview).toMatchObject({
    month: '2026-02',
    clock: { simulated: false },
    metering: { state: 'ok', meteredThrough: '2026-02-05' },
    unowned: { resources: 0, costPerMonth: [], oldest: null, costToDate: null },
    invoices: { month: '2026-01', states: [{ state: 'draft', currency: 'USD', documents: 2 }] },
    corrections: { months: 0, totals: [] },
    alerts: { fired: 0 },
    accounts: { broken: 0 },
    jobs: { dead: 0, pausedQueues: [] },
    drift: { state: 'pending', asOf: null, findings: 0, groups: [] },
    lossMakers: null,
    notComparable: null,
  });
  const old = await read('/overview?month=2025-06');
  expect(old.money).toMatchObject({ state: 'pending', asOf: null, currencies: [] });
  expect(old.money.reason).toContain('not been rated');
  await api.close();
});

test('a day more leaves those before as they are; a late fact makes its own day and those after it anew', async () => {
  const { db } = database;
  const now = at('2026-02-07T01:30:00Z');
  await sql`UPDATE money_days SET to_date = 1.00 WHERE day IN ('2026-02-02', '2026-02-04')`.execute(db);
  await settle(db, now);
  expect((await rateMonths(db, { now })).rated).toContain('2026-02');
  const marked = async () =>
    (await readFigures(db, february))?.days.filter(({ toDate }) => toDate === '1.00').map(({ day: of }) => of.day);
  expect(await marked()).toEqual([2, 4]);

  await addDroplet(db, account, 'late', ['shop'], '2026-02-03T06:00:00Z');
  await settle(db, now);
  expect((await rateMonths(db, { now })).rated).toContain('2026-02');
  expect(await marked()).toEqual([2]);
  // A price that changed makes all of them anew.
  await changeSubscription(db, { deployment: 'wiki', plan: 'studio', from: at('2026-02-01') }, 'ann', now);
  await rateMonths(db, { now });
  expect(await marked()).toEqual([]);
  await expectLaw(february, now);
});
