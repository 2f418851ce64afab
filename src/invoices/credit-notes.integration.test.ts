import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { Exact } from '../platform/quantity.ts';
import { endSubscription } from '../pricing/subscriptions.ts';
import { issueCreditNote } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { getInvoice, invoicesOfMonth, listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice, voidInvoice } from './issue.ts';
import { setTaxRate } from './tax-rates.ts';

const january = day('2026-01-01');
const now = at('2026-02-05');

let test: TestDatabase;
beforeEach(async () => {
  test = await openTestDatabase();
  await openBusiness(test.db);
  const rate = { entity: null, category: 'standard', percent: '20', title: 'VAT', from: january };
  await setTaxRate(test.db, rate, 'ann', now);
});
afterEach(() => test.close());

/** Issues the invoices of January and returns the numbers. */
async function bill(month = january, on = now): Promise<string[]> {
  await settle(test.db, on);
  await draftMonth(test.db, { month, now: on });
  const numbers: string[] = [];
  for await (const { invoiceId } of invoicesOfMonth(test.db, month, 'draft')) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now: on });
    numbers.push((await issueInvoice(test.db, invoiceId, { by: 'ann', now: on })).number);
  }
  return numbers;
}

async function end(deployment: string, from: string): Promise<void> {
  await endSubscription(test.db, { deployment, from: at(from) }, 'ann', now);
}

const credit = (deployment: string, month = january, on = now) =>
  issueCreditNote(test.db, { deployment, month, by: 'ann', now: on });

/** What stands of an invoice and its credit notes: net, tax and total. */
async function standing(): Promise<{ net: string; tax: string; total: string }> {
  const { items } = await listInvoices(test.db, { state: 'issued' }, { limit: 100, cursor: null });
  const sum = (pick: (invoice: { subtotal: string; tax: string; total: string }) => string) =>
    items.reduce((total, invoice) => total.plus(pick(invoice)), new Exact(0)).toFixed(2);
  return { net: sum((one) => one.subtotal), tax: sum((one) => one.tax), total: sum((one) => one.total) };
}

describe('several credit notes of an invoice', () => {
  it('give back all of its tax with the last line, and never more', async () => {
    const fees = { a: '68.33', b: '68.33', c: '57.50', d: '85.00' };
    for (const [slug, base] of Object.entries(fees)) {
      await makePlan(test.db, { plan: `plan-${slug}`, base });
      await addDeployment(test.db, { customer: 'acme', slug, plan: `plan-${slug}` });
    }
    const [number] = await bill();
    expect(await getInvoice(test.db, number as string)).toMatchObject({ total: '334.99' });
    const laws = new MoneyLaws(test.db);
    for (const slug of Object.keys(fees)) {
      await end(slug, '2026-01-01');
      await credit(slug);
      await laws.hold();
    }
    expect(await standing()).toEqual({ net: '0.00', tax: '0.00', total: '0.00' });
  });

  it('leave the tax of what is left of it, however many they are', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '0.93' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    await bill();
    const days = [31, 30, 29, 28, 27, 26];
    for (const last of days) {
      await end('shop', `2026-01-${last}`);
      await credit('shop');
    }
    expect(await standing()).toEqual({ net: '0.75', tax: '0.15', total: '0.90' });
  });

  it('are void from the last on, for its tax is rounded with that of those before', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '0.93' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    await bill();
    await end('shop', '2026-01-31');
    const first = await credit('shop');
    await end('shop', '2026-01-01');
    const second = await credit('shop');
    const take = (invoiceId: number) => voidInvoice(test.db, invoiceId, { reason: 'not sent', by: 'ann', now });
    await expect(take(first.invoiceId)).rejects.toThrow('void CN-000002 first');
    await take(second.invoiceId);
    await take(first.invoiceId);
    expect(await standing()).toEqual({ net: '0.93', tax: '0.19', total: '1.12' });
    await credit('shop');
    expect(await standing()).toEqual({ net: '0.00', tax: '0.00', total: '0.00' });
  });
});
