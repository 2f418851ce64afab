import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { readMonthStatus } from '../flows/month.ts';
import { setExchangeRate } from '../pricing/exchange-rates.ts';
import { cancelInvoice } from './cancel.ts';
import { documentCsv } from './csv.ts';
import { draftMonth } from './drafts.ts';
import { updateEntity } from './entities.ts';
import { getInvoice, listInvoices, readDocument } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { accountingLines } from './pdf-words.ts';
import { setTaxRate } from './tax-rates.ts';

// A seller whose VAT is in euros: `anna` is billed 60.00 USD and 12.00 of VAT a month, `eve` the same in euros.

const may = day('2026-05-01');
const now = at('2026-06-05');

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  const { db } = test;
  await openBusiness(db, '2026-05-31');
  await updateEntity(db, 'default', { vatCurrency: 'EUR' }, { from: may, by: 'ann', now });
  await setTaxRate(db, { entity: null, category: 'standard', percent: '20', title: 'VAT', from: may }, 'ann', now);
  await makePlan(db, { plan: 'flat', from: '2026-02-01', base: '60.00', items: [] });
  await makePlan(db, { plan: 'flat-eur', from: '2026-02-01', base: '60.00', currency: 'EUR', items: [] });
  await addDeployment(db, { customer: 'anna', slug: 'anna', plan: 'flat', from: '2026-05-01' });
  await addDeployment(db, { customer: 'eve', slug: 'eve', plan: 'flat-eur', from: '2026-05-01', currency: 'EUR' });
  await settle(db, now);
  await draftMonth(db, { month: may, now });
});
afterAll(() => test.close());

const invoiceOf = async (customer: string) => {
  const { items } = await listInvoices(test.db, { month: may, customer, kind: 'invoice' }, { limit: 2, cursor: null });
  return items[0]?.invoiceId ?? 0;
};
const rate = (on: string, value: string) =>
  setExchangeRate(test.db, { base: 'USD', counter: 'EUR', day: day(on), rate: value, source: 'ECB' }, 'ann', now);
const held = async () =>
  (await readMonthStatus(test.db, may, now)).items.find(({ code }) => code === 'no_exchange_rate');
const documentOf = async (which: string) => (await readDocument(test.db, await getInvoice(test.db, which))).document;

it('an invoice in the seller’s own currency needs no rate', async () => {
  const id = await invoiceOf('eve');
  await approveInvoice(test.db, id, { by: 'ann', now });
  const { number } = await issueInvoice(test.db, id, { by: 'ann', now });
  expect(await documentOf(number)).not.toHaveProperty('vatAccounting');
});

it('one in another is not issued without a rate, and the month says so', async () => {
  const id = await invoiceOf('anna');
  // Older than a week on the last day of the month.
  await rate('2026-05-23', '0.9');
  const next = { operation: 'exchange-rate set', arguments: { base: 'USD', counter: 'EUR', day: '2026-05-31' } };
  expect(await held()).toMatchObject({ count: 1, holds: 1, details: [{ about: '', next }] });
  await approveInvoice(test.db, id, { by: 'ann', now });
  const issued = issueInvoice(test.db, id, { by: 'ann', now, incomplete: true });
  await expect(issued).rejects.toMatchObject({ code: 'exchange_rate_missing', next });
  await expect(issued).rejects.toThrow('no exchange rate of USD in EUR for 2026-05-31');
  expect((await readDocument(test.db, await getInvoice(test.db, String(id)))).missing).toHaveLength(1);
});

it('rate, day, source and VAT are frozen in the document, and a cancellation has the same rate', async () => {
  const id = await invoiceOf('anna');
  await rate('2026-05-29', '0.9154');
  expect(await held()).toBeUndefined();
  const { number } = await issueInvoice(test.db, id, { by: 'ann', now });
  const document = await documentOf(number);
  const frozen = { base: 'USD', counter: 'EUR', rate: '0.9154', day: '2026-05-29', source: 'ECB' };
  // 12.00 at 0.9154 is 10.9848.
  expect(document.vatAccounting).toMatchObject({
    currency: 'EUR',
    rate: frozen,
    taxes: [{ amount: '10.98' }],
    tax: '10.98',
  });
  expect(accountingLines(document)).toEqual([
    'VAT 20 %: 12.00 USD = 10.98 EUR at 1 USD = 0.9154 EUR (ECB, 2026-05-29)',
  ]);
  expect(documentCsv(document).split('\r\n').at(-2)).toMatch(/,60\.00,,,EUR,10\.98,0\.9154,2026-05-29,ECB$/);
  await rate('2026-05-29', '0.5');
  await updateEntity(test.db, 'default', { vatCurrency: null }, { from: may, by: 'ann', now });
  expect((await documentOf(number)).vatAccounting).toEqual(document.vatAccounting);
  const note = await cancelInvoice(test.db, id, { reason: 'wrong customer', by: 'ann', now });
  expect((await documentOf(note.number)).vatAccounting).toMatchObject({ rate: frozen, tax: '-10.98' });
});
