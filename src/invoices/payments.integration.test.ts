import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { draftMonth } from './drafts.ts';
import { getInvoice, listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { addLine } from './manual-lines.ts';
import {
  paymentPage,
  type PaymentKind,
  readStandings,
  recordPayment,
  recordPayments,
  type SaidPayment,
} from './payments.ts';

// Three customers, each with an invoice of 50.00 USD for January that is issued on 5 February and due on 19 February.

const january = day('2026-01-01');
const feb5 = at('2026-02-05');

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  await openBusiness(test.db);
  for (const customer of ['acme', 'beta', 'cedar', 'dune'])
    await addDeployment(test.db, { customer, slug: `${customer}-shop` });
  await settle(test.db, feb5);
  await draftMonth(test.db, { month: january, now: feb5 });
  for (const { invoiceId, customer } of await all()) {
    if (customer !== 'dune') await issue(invoiceId);
  }
});
afterAll(() => test.close());

async function issue(invoiceId: number): Promise<void> {
  await approveInvoice(test.db, invoiceId, { by: 'ann', now: feb5 });
  await issueInvoice(test.db, invoiceId, { by: 'ann', now: feb5 });
}

async function all() {
  return (await listInvoices(test.db, { month: january, kind: 'invoice' }, { limit: 100, cursor: null })).items;
}

async function invoiceOf(customer: string): Promise<string> {
  const found = (await all()).find((one) => one.customer === customer);
  if (found === undefined) throw new Error(`no invoice of ${customer}`);
  return found.number ?? String(found.invoiceId);
}

async function said(customer: string, change: Partial<SaidPayment> = {}): Promise<SaidPayment> {
  return {
    provider: 'bank',
    payment: 'tx-1',
    kind: 'payment',
    invoice: await invoiceOf(customer),
    invoiceId: null,
    amount: '50.00',
    currency: 'USD',
    paidAt: at('2026-02-10'),
    note: null,
    ...change,
  };
}

async function record(customer: string, change: Partial<SaidPayment> = {}) {
  return recordPayment(test.db, await said(customer, change), { by: 'ann', now: at('2026-02-11') });
}

/** `state paid balance` of a customer's invoice at an instant. */
async function standing(customer: string, now = at('2026-02-11')): Promise<string> {
  const invoice = await getInvoice(test.db, await invoiceOf(customer));
  const one = (await readStandings(test.db, [invoice], now)).get(invoice.invoiceId);
  return `${one?.paymentState} ${one?.paid} ${one?.balance}`;
}

it('an invoice is open until it is due, and overdue from the first moment of the day after', async () => {
  expect(await standing('acme')).toBe('open 0.00 50.00');
  expect(await standing('acme', at('2026-02-19').add({ hours: 23, minutes: 59 }))).toBe('open 0.00 50.00');
  expect(await standing('acme', at('2026-02-20'))).toBe('overdue 0.00 50.00');
});

it('nothing is to be paid of a draft, and nothing can be', async () => {
  expect(await standing('dune')).toBe('null null null');
  await expect(record('dune', { payment: 'tx-draft' })).rejects.toMatchObject({ code: 'not_found' });
});

it('an id names no invoice: it could be the number of another', async () => {
  const { invoiceId, number } = await getInvoice(test.db, await invoiceOf('acme'));
  await expect(record('acme', { invoice: String(invoiceId) })).rejects.toMatchObject({ code: 'not_found' });
  await expect(record('acme', { invoice: number ?? '', invoiceId: invoiceId + 1 })).rejects.toMatchObject({
    code: 'not_found',
  });
});

it('parts add up exactly; the same again is known, and something else under its id is refused', async () => {
  expect((await record('acme', { payment: 'a-1', amount: '0.10' })).status).toBe('recorded');
  expect((await record('acme', { payment: 'a-2', amount: '0.20' })).status).toBe('recorded');
  expect(await standing('acme')).toBe('part_paid 0.30 49.70');
  expect(await standing('acme', at('2026-02-20'))).toBe('overdue 0.30 49.70');
  expect((await record('acme', { payment: 'a-1', amount: '0.1' })).status).toBe('known');
  expect((await record('acme', { payment: 'a-1', amount: '0.1', paidAt: null })).status).toBe('known');
  for (const other of [{ amount: '0.11' }, { paidAt: at('2026-02-09') }, { invoice: await invoiceOf('beta') }])
    await expect(record('acme', { payment: 'a-1', amount: '0.10', ...other })).rejects.toMatchObject({
      code: 'payment_conflict',
    });
  await record('acme', { payment: 'a-3', amount: '49.70' });
  expect(await standing('acme')).toBe('paid 50.00 0.00');
  expect(await standing('acme', at('2027-01-01'))).toBe('paid 50.00 0.00');
});

it('what is given back is below zero, whatever it is called, and has an id of its own', async () => {
  await record('beta', { payment: 'b-1', amount: '60.00' });
  expect(await standing('beta')).toBe('credit 60.00 -10.00');
  const back = async (kind: PaymentKind, amount: string) => record('beta', { payment: `b-1-${kind}`, kind, amount });
  await expect(record('beta', { payment: 'b-1', kind: 'refund', amount: '10.00' })).rejects.toMatchObject({
    code: 'payment_conflict',
  });
  expect((await back('refund', '10.00')).payment.amount).toBe('-10.00');
  expect(await standing('beta')).toBe('paid 50.00 0.00');
  await expect(record('beta', { payment: 'b-9', kind: 'chargeback', amount: '50.01' })).rejects.toMatchObject({
    code: 'conflict',
  });
  await back('chargeback', '50.00');
  expect(await standing('beta')).toBe('open 0.00 50.00');
  await back('failed', '50.00');
  expect(await standing('beta')).toBe('open 0.00 50.00');
  await record('beta', { payment: 'b-2', amount: '5.00' });
  await record('beta', { payment: 'b-2', amount: '5.00', kind: 'reversal' });
  expect(await standing('beta')).toBe('open 0.00 50.00');
});

it.each<[string, Partial<SaidPayment>, string]>([
  ['another currency', { currency: 'EUR' }, 'payment_currency'],
  ['an unknown invoice', { invoice: 'INV-999999' }, 'not_found'],
  ['more than a day ahead', { paidAt: at('2026-02-12').add({ hours: 1 }) }, 'invalid_argument'],
  ['nothing', { amount: '0' }, 'invalid_argument'],
  ['less than nothing', { amount: '-1.00' }, 'invalid_argument'],
  ['parts of a cent', { amount: '1.001' }, 'invalid_argument'],
])('refused: %s', async (_, change, code) => {
  await expect(record('cedar', { payment: 'refused', ...change })).rejects.toMatchObject({ code });
});

it('a credit note lessens what is owed, and cannot be paid; what was paid of what is cancelled is in credit', async () => {
  const number = await invoiceOf('cedar');
  const { invoiceId } = await getInvoice(test.db, number);
  await cancelInvoice(test.db, invoiceId, { reason: 'wrong', by: 'ann', now: feb5 });
  expect(await standingOf(number)).toBe('null 0.00 0.00');
  await recordPayment(
    test.db,
    { ...(await said('acme')), payment: 'c-1', invoice: number },
    { by: 'ann', now: at('2026-02-11') },
  );
  expect(await standingOf(number)).toBe('credit 50.00 -50.00');
  const note = (await getInvoice(test.db, number)).cancelledBy ?? '';
  // The invoice has it in what it owes: counted with both it would count twice.
  expect(await standingOf(note)).toBe('null null null');
  await expect(
    recordPayment(
      test.db,
      { ...(await said('acme')), payment: 'c-2', invoice: note },
      { by: 'ann', now: at('2026-02-11') },
    ),
  ).rejects.toMatchObject({ code: 'invalid_argument' });
});

async function standingOf(number: string): Promise<string> {
  const invoice = await getInvoice(test.db, number);
  const one = (await readStandings(test.db, [invoice], feb5)).get(invoice.invoiceId);
  return `${one?.paymentState} ${one?.paid} ${one?.balance}`;
}

it('a reversal is the opposite of what was recorded under its id, as a whole and once', async () => {
  await record('beta', { payment: 'e-1', amount: '40.00' });
  await record('beta', { payment: 'e-2', kind: 'refund', amount: '10.00' });
  expect(await standing('beta')).toBe('part_paid 30.00 20.00');
  const reverse = async (change: Partial<SaidPayment>) => record('beta', { kind: 'reversal', ...change });
  await expect(reverse({ payment: 'e-3', amount: '40.00' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(reverse({ payment: 'e-1', amount: '400.00' })).rejects.toMatchObject({ code: 'payment_conflict' });
  await expect(reverse({ payment: 'e-1', amount: '40.00', invoice: await invoiceOf('acme') })).rejects.toMatchObject({
    code: 'payment_conflict',
  });
  expect((await reverse({ payment: 'e-2', amount: '10.00' })).payment.amount).toBe('10.00');
  expect(await standing('beta')).toBe('part_paid 40.00 10.00');
  expect((await reverse({ payment: 'e-2', amount: '10.00' })).status).toBe('known');
  expect((await reverse({ payment: 'e-1', amount: '40.00' })).payment.amount).toBe('-40.00');
  expect(await standing('beta')).toBe('open 0.00 50.00');
});

it('of many, each is recorded or refused for itself, and one that is named twice is recorded once', async () => {
  const one = await said('beta', { payment: 'm-1', amount: '1.00' });
  const done = await test.db.transaction().execute((trx) =>
    recordPayments(trx, [one, one, { ...one, amount: '2.00' }, { ...one, payment: 'm-2', currency: 'EUR' }], {
      by: 'ann',
      now: at('2026-02-11'),
    }),
  );
  expect(done.map((each) => ('code' in each ? each.code : each.status))).toEqual([
    'recorded',
    'known',
    'payment_conflict',
    'payment_currency',
  ]);
});

it('of two who record the same at once, one records it', async () => {
  const one = await said('beta', { payment: 'twice', amount: '3.00' });
  const done = await Promise.all(
    [1, 2, 3].map(() => recordPayment(test.db, one, { by: 'ann', now: at('2026-02-11') })),
  );
  expect(done.map(({ status }) => status).sort()).toEqual(['known', 'known', 'recorded']);
});

it('a payment never changes, and its customer is told, without what is ours', async () => {
  await expect(sql`UPDATE invoice_payments SET amount = 1`.execute(test.db)).rejects.toThrow(/kept as it is/);
  await expect(sql`DELETE FROM invoice_payments`.execute(test.db)).rejects.toThrow(/kept as it is/);
  const { rows } = await sql<{ customer: string }>`
    SELECT DISTINCT external_id AS customer FROM event_outbox JOIN customers USING (customer_id)
    WHERE type = 'payment.changed' ORDER BY 1`.execute(test.db);
  expect(rows.map(({ customer }) => customer)).toEqual(['acme', 'beta', 'cedar']);
  const { customerId } = await getInvoice(test.db, await invoiceOf('acme'));
  const request = { sort: 'paymentId', order: 'asc', cursor: null, limit: 100, q: null } as const;
  const { items } = await paymentPage(test.db, {}, request, { customerId });
  expect(items.map(({ payment, recordedBy, note }) => [payment, recordedBy, note])).toEqual([
    ['a-1', null, null],
    ['a-2', null, null],
    ['a-3', null, null],
  ]);
});

it('a list is filtered by how payment stands on a day', async () => {
  const found = async (state: 'open' | 'overdue' | 'paid', on: string) =>
    (await listInvoices(test.db, { payment: { state, on: day(on) } }, { limit: 100, cursor: null })).items.map(
      ({ customer }) => customer,
    );
  expect(await found('paid', '2026-02-19')).toEqual(['acme']);
  expect(await found('open', '2026-02-19')).toEqual([]);
  expect(await found('overdue', '2026-02-20')).toEqual(['beta']);
});

it('an invoice in the favour of the customer is settled by what is given back', async () => {
  const dune = await getInvoice(test.db, await invoiceOf('dune'));
  const line = { description: 'Goodwill', quantity: '1', unitPrice: '-80.00' };
  await addLine(test.db, dune.invoiceId, line, 'ann', feb5);
  await issue(dune.invoiceId);
  expect(await standing('dune')).toBe('credit 0.00 -30.00');
  await record('dune', { payment: 'd-1', kind: 'refund', amount: '30.00' });
  expect(await standing('dune')).toBe('paid -30.00 0.00');
});
