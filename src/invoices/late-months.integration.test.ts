import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { endSubscription, pauseSubscription, startSubscription, subscribe } from '../pricing/subscriptions.ts';
import { checkCorrections, correctOnNextInvoice, issueCreditNote, waiveCorrection } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { addDeployment, at, day, openBusiness, proposalsOf } from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth, listInvoices, readDocument } from './invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { invoiceDraftsJob } from './jobs.ts';
import { findLateMonths } from './late-months.ts';
import { setTaxRate } from './tax-rates.ts';

// What comes to a month that nobody drafts any more, and customers who cannot be rated.

const january = day('2026-01-01');
const april5 = at('2026-04-05');

let test: TestDatabase;
let db: Database;
beforeAll(async () => {
  test = await openTestDatabase();
  db = test.db;
  await openBusiness(db, '2026-01-31');
  await setTaxRate(
    db,
    { entity: null, category: 'standard', title: 'VAT', percent: '20', from: null },
    'ann',
    at('2026-01-01'),
  );
  await makePlan(db, { plan: 'eur', from: '2026-01-01', base: '45.00', currency: 'EUR' });
  for (const name of ['cancelled', 'ended', 'late', 'moved', 'taxed', 'waived']) {
    await addDeployment(db, { customer: name, slug: name });
  }
  await endSubscription(db, { deployment: 'late', from: at('2026-01-01') }, 'ann', at('2026-01-01'));
  for (const month of ['2026-01-01', '2026-02-01', '2026-03-01']) await bill(db, month);
});
afterAll(() => test.close());

async function bill(on: Database, month: string): Promise<void> {
  await draftMonth(on, { month: day(month), now: april5 });
  for await (const { invoiceId } of invoicesOfMonth(on, day(month), 'draft')) {
    await approveInvoice(on, invoiceId, { by: 'ann', now: april5, override: 'a test' });
    await issueInvoice(on, invoiceId, { by: 'ann', now: april5 });
  }
}

async function runJob(on: Database, now: Temporal.Instant): Promise<void> {
  const context = { db: on, clock: { now: async () => now }, signal: new AbortController().signal, log: { info() {} } };
  await invoiceDraftsJob.run(context as unknown as Parameters<typeof invoiceDraftsJob.run>[0]);
}

async function invoicesOf(on: Database, customer: string) {
  const { items } = await listInvoices(on, { customer }, { limit: 100, cursor: null });
  return items.toReversed();
}

async function draftsOf(on: Database, customer: string) {
  const drafts = (await invoicesOf(on, customer)).filter(({ state }) => state === 'draft');
  return drafts
    .map(({ month, subtotal, currency }) => [month.toString().slice(0, 7), subtotal, currency])
    .sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

it('an old month whose invoice is cancelled is drafted anew at once', async () => {
  const [first] = await invoicesOf(db, 'cancelled');
  await cancelInvoice(db, first?.invoiceId as number, { reason: 'wrong address', by: 'ann', now: april5 });
  expect(await draftsOf(db, 'cancelled')).toEqual([['2026-01', '50.00', 'USD']]);
});

it('an invoice of which a correction was waived is not cancelled before somebody takes it that it is billed', async () => {
  await subscribe(db, { deployment: 'waived', plan: 'atelier', from: january }, 'ann', april5);
  await waiveCorrection(db, { deployment: 'waived', month: january, by: 'ann', now: april5, reason: 'promised' });
  const [first] = await invoicesOf(db, 'waived');
  const request = { reason: 'wrong address', by: 'ann', now: april5 };
  await expect(cancelInvoice(db, first?.invoiceId as number, request)).rejects.toThrow(/130.00 USD .* was waived/);
  await cancelInvoice(db, first?.invoiceId as number, { ...request, dropWaivers: true });
  expect(await draftsOf(db, 'waived')).toEqual([['2026-01', '180.00', 'USD']]);
});

it('a correction comes on no month before the last complete one, and is drafted there, with a subscription or without', async () => {
  const june = at('2026-06-10');
  await subscribe(db, { deployment: 'ended', plan: 'atelier', from: january }, 'ann', june);
  await endSubscription(db, { deployment: 'ended', from: at('2026-02-01') }, 'ann', june);
  await checkCorrections(db);
  const request = { deployment: 'ended', month: january, by: 'ann', now: june };
  const { amount, month } = await correctOnNextInvoice(db, request);
  expect(month).toBe('2026-05');
  expect(await draftsOf(db, 'ended')).toEqual([['2026-05', amount, 'USD']]);
  await sql`DELETE FROM invoices WHERE state = 'draft' AND month = '2026-05-01'`.execute(db);
  await runJob(db, at('2026-07-11'));
  expect(await draftsOf(db, 'ended')).toEqual([['2026-05', amount, 'USD']]);
});

it('months that come to be owed late are drafted, in the currency in which they are', async () => {
  const april10 = at('2026-04-10');
  await startSubscription(db, { deployment: 'late', plan: 'studio', from: at('2026-01-01') }, 'ann', april10);
  await endSubscription(db, { deployment: 'late', from: at('2026-03-01') }, 'ann', april10);
  await subscribe(db, { deployment: 'moved', plan: 'eur', from: january }, 'ann', april10);
  await runJob(db, at('2026-05-02'));
  expect(await draftsOf(db, 'late')).toEqual([
    ['2026-01', '50.00', 'USD'],
    ['2026-02', '50.00', 'USD'],
  ]);
  expect((await draftsOf(db, 'moved')).slice(0, 3)).toEqual([
    ['2026-01', '45.00', 'EUR'],
    ['2026-02', '45.00', 'EUR'],
    ['2026-03', '45.00', 'EUR'],
  ]);
});

it('what is given back is taxed as it was charged, whatever is believed of the rate by now', async () => {
  const rate = { entity: null, category: 'standard', title: 'VAT', percent: '25', from: january };
  await setTaxRate(db, rate, 'ann', april5);
  await endSubscription(db, { deployment: 'taxed', from: at('2026-01-01') }, 'ann', april5);
  const request = { deployment: 'taxed', by: 'ann', now: april5 };
  expect(await issueCreditNote(db, { ...request, month: january })).toMatchObject({
    creditNotes: [{ total: '-60.00' }],
  });
  await correctOnNextInvoice(db, { ...request, month: day('2026-02-01') });
  const draft = (await invoicesOf(db, 'taxed')).find(
    ({ state, subtotal }) => state === 'draft' && subtotal === '-50.00',
  );
  const { document } = await readDocument(db, draft as NonNullable<typeof draft>);
  expect(document.taxes).toMatchObject([{ percent: '20', base: '-50.00', amount: '-10.00' }]);
});

it('months in which nothing is due are composed again only where usage, plans or starts have changed', async () => {
  const other = await openTestDatabase();
  try {
    await openBusiness(other.db, '2026-01-31');
    // Paid in January: nothing is due in the other months of the year.
    await makePlan(other.db, { plan: 'yearly', base: '365.00', baseEvery: 'year', baseDue: 'advance' });
    for (const name of ['quiet', 'changing'])
      await addDeployment(other.db, { customer: name, slug: name, plan: 'yearly' });
    await bill(other.db, '2026-01-01');
    const { rows } = await sql<{ id: number; name: string }>`
      SELECT customer_id AS id, external_id AS name FROM customers`.execute(other.db);
    const late = async () =>
      (await findLateMonths(other.db, day('2026-04-01'))).map(
        ({ month, customerIds }) =>
          `${month.toString().slice(0, 7)} ${rows
            .filter(({ id }) => customerIds.includes(id))
            .map(({ name }) => name)
            .sort()}`,
      );
    expect(await late()).toEqual(['2026-02 changing,quiet', '2026-03 changing,quiet']);
    await runJob(other.db, at('2026-05-02'));
    expect(await late()).toEqual([]);

    await addDeployment(other.db, { customer: 'changing', slug: 'second', plan: 'yearly', from: '2026-03-10' });
    expect(await late()).toEqual(['2026-03 changing']);
    await runJob(other.db, at('2026-05-02'));
    expect(await draftsOf(other.db, 'changing')).toEqual([['2026-03', '365.00', 'USD']]);
    await pauseSubscription(other.db, { deployment: 'quiet', from: at('2026-03-01'), to: null }, 'ann', april5);
    // A fee by the year rests on all of it.
    expect(await late()).toEqual(['2026-02 quiet', '2026-03 changing,quiet']);
    const [issued] = await invoicesOf(other.db, 'quiet');
    await cancelInvoice(other.db, issued?.invoiceId as number, { reason: 'wrong', by: 'ann', now: april5 });
    expect(await draftsOf(other.db, 'quiet')).toEqual([['2026-01', '59.00', 'USD']]);
  } finally {
    await other.close();
  }
});

it('a customer who cannot be rated keeps nobody else from being drafted or corrected, and is named', async () => {
  const other = await openTestDatabase();
  try {
    await openBusiness(other.db, '2026-01-31');
    for (const name of ['broken', 'whole']) await addDeployment(other.db, { customer: name, slug: name });
    await bill(other.db, '2026-01-01');
    for (const deployment of ['broken', 'whole']) {
      await subscribe(other.db, { deployment, plan: 'atelier', from: january }, 'ann', april5);
    }
    await sql`
      INSERT INTO manual_lines (customer_id, currency, month, description, quantity, unit_price, added_at, added_by)
      SELECT customer_id, 'USD', ${january}, 'no number', 'NaN', 1, ${april5}, 'ann'
      FROM customers WHERE external_id = 'broken'`.execute(other.db);
    const named = { code: 'invalid_argument', message: expect.stringContaining('"broken" for 2026-01') };
    await expect(checkCorrections(other.db)).rejects.toMatchObject(named);
    expect(await proposalsOf(other.db)).toMatchObject([{ customer: 'whole', month: '2026-01' }]);
    await expect(runJob(other.db, april5)).rejects.toMatchObject(named);
    expect((await draftsOf(other.db, 'whole')).map(([month]) => month)).toEqual(['2026-02', '2026-03']);
    const [issued] = await invoicesOf(other.db, 'broken');
    await cancelInvoice(other.db, issued?.invoiceId as number, { reason: 'wrong', by: 'ann', now: april5 });
    await expect(draftMonth(other.db, { month: january, now: april5 })).rejects.toMatchObject(named);
  } finally {
    await other.close();
  }
});

it('months before the first account is metered were billed elsewhere', async () => {
  const other = await openTestDatabase();
  try {
    await makePlan(other.db, { plan: 'hosting', from: '2024-01-01', base: '50.00' });
    await addDeployment(other.db, { customer: 'old', slug: 'old', plan: 'hosting', from: '2024-01-01' });
    expect(await findLateMonths(other.db, day('2026-03-01'))).toEqual([]);
    await openBusiness(other.db, '2026-02-10');
    expect((await findLateMonths(other.db, day('2026-03-01'))).map(({ month }) => `${month}`)).toEqual(['2026-02-01']);
  } finally {
    await other.close();
  }
});
