import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { changeSubscription, endSubscription, pauseSubscription } from '../pricing/subscriptions.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { addDeployment, at, day, openBusiness, proposalsOf } from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth, listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';

const january = day('2026-01-01');
const now = at('2026-02-05');
const yearly = { plan: 'yearly', baseEvery: 'year', baseDue: 'advance' } as const;

let test: TestDatabase;
beforeEach(async () => {
  test = await openTestDatabase();
  await openBusiness(test.db, '2026-01-31');
  await makePlan(test.db, { ...yearly, from: '2023-01-01', base: '1200.00' });
});
afterEach(() => test.close());

async function bill(month: Temporal.PlainDate): Promise<string[]> {
  await draftMonth(test.db, { month, now });
  for await (const { invoiceId } of invoicesOfMonth(test.db, month, 'draft')) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now, override: 'The facts are known.' });
    await issueInvoice(test.db, invoiceId, { by: 'ann', now });
  }
  const { items } = await listInvoices(test.db, { month }, { limit: 10, cursor: null });
  return items.map((invoice) => invoice.total);
}

async function proposed(): Promise<string[]> {
  await checkCorrections(test.db);
  return (await proposalsOf(test.db)).map(({ month, amount }) => `${month} ${amount}`);
}

it('a year in advance is billed whole, although the plan has another version before it ends', async () => {
  await addDeployment(test.db, { customer: 'acme', slug: 'a', plan: 'yearly' });
  await makePlan(test.db, { ...yearly, from: '2026-07-01', base: '1300.00' });
  expect(await bill(january)).toEqual(['1200.00']);
  expect(await proposed()).toEqual([]);
});

it('a discount of a year in advance is on the invoice of the fee, and the months after have none', async () => {
  await makePlan(test.db, {
    ...yearly,
    plan: 'fifth-off',
    from: '2023-01-01',
    base: '120.00',
    discount: { percent: '20' },
  });
  await addDeployment(test.db, { customer: 'acme', slug: 'a', plan: 'fifth-off' });
  expect(await bill(january)).toEqual(['96.00']);
  expect(await bill(january.add({ months: 1 }))).toEqual([]);
});

it('a quarter in advance is billed whole, and a pause within it gives back its days', async () => {
  await makePlan(test.db, { ...yearly, plan: 'quarterly', baseEvery: 'quarter', from: '2023-01-01', base: '90.00' });
  await addDeployment(test.db, { customer: 'acme', slug: 'a', plan: 'quarterly' });
  expect(await bill(january)).toEqual(['90.00']);
  // From 1 January to 1 April there are 90 days.
  await pauseSubscription(test.db, { deployment: 'a', from: at('2026-03-25'), to: at('2026-04-05') }, 'ann', now);
  expect(await proposed()).toEqual(['2026-01 -7.00']);
});

it('a pause within a billed year gives back its days, and a later end the rest', async () => {
  await addDeployment(test.db, { customer: 'acme', slug: 'a', plan: 'yearly' });
  expect(await bill(january)).toEqual(['1200.00']);
  await pauseSubscription(test.db, { deployment: 'a', from: at('2026-03-15'), to: at('2026-03-20') }, 'ann', now);
  expect(await proposed()).toEqual(['2026-01 -16.44']);
  await endSubscription(test.db, { deployment: 'a', from: at('2026-12-02') }, 'ann', now);
  expect(await proposed()).toEqual(['2026-01 -115.07']);
});

it('a year that another version makes end is corrected, however late in it', async () => {
  await addDeployment(test.db, { customer: 'acme', slug: 'a', plan: 'yearly' });
  expect(await bill(january)).toEqual(['1200.00']);
  await makePlan(test.db, { plan: 'yearly', from: '2026-12-02', base: '100.00' });
  expect(await proposed()).toEqual(['2026-01 -98.63']);
});

it('where a term began is corrected in every later year of it', async () => {
  await addDeployment(test.db, { customer: 'acme', slug: 'a', from: '2023-01-01' });
  await changeSubscription(test.db, { deployment: 'a', plan: 'yearly', from: at('2023-02-01') }, 'ann', now);
  expect(await bill(day('2026-02-01'))).toEqual(['1200.00']);
  await changeSubscription(test.db, { deployment: 'a', plan: 'yearly', from: at('2023-01-01') }, 'ann', now);
  expect(await proposed()).toEqual(['2026-02 -1200.00']);
});

it('a deployment that starts later has no part in what was issued before', async () => {
  await addDeployment(test.db, { customer: 'acme', slug: 'a' });
  expect(await bill(january)).toEqual(['50.00']);
  await addDeployment(test.db, { customer: 'acme', slug: 'next', from: '2026-02-01' });
  expect(await checkCorrections(test.db)).toBe(0);
  await addDeployment(test.db, { customer: 'acme', slug: 'late', from: '2026-01-31' });
  expect(await checkCorrections(test.db)).toBe(1);
  expect(await proposed()).toHaveLength(1);
});
