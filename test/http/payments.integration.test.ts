import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import type { Role } from '../../src/platform/declare/operation.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { addDeployment, at, day, openBusiness, settle } from '../fixtures/invoices.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Payments over real HTTP: recorded, imported, listed, and what of it a customer sees.

let database: TestDatabase;
let api: TestApi;
const now = at('2026-02-25');
const numbers: Record<string, string> = {};

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  await openBusiness(db);
  await addDeployment(db, { customer: 'acme', slug: 'shop' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  const feb5 = at('2026-02-05');
  await settle(db, feb5);
  await draftMonth(db, { month: day('2026-01-01'), now: feb5 });
  for (const { invoiceId, customer } of (await listInvoices(db, {}, { limit: 10, cursor: null })).items) {
    await approveInvoice(db, invoiceId, { by: 'ann', now: feb5 });
    numbers[customer] = (await issueInvoice(db, invoiceId, { by: 'ann', now: feb5 })).number;
  }
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

type As = { readonly as?: Role; readonly customer?: string };

async function get(path: string, as: As = { as: 'finance' }): Promise<any> {
  const response = await api.fetch(path, as);
  expect([response.status, response.ok ? '' : await response.clone().text()]).toEqual([200, '']);
  return response.json();
}

const post = (path: string, body: unknown, as: Role = 'finance') => api.fetch(path, { ...json('POST', body), as });
const file = (csv: string, query = '') =>
  api.fetch(`/payments/import${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
    as: 'finance',
  });

const paid = (change: object = {}) => ({
  provider: 'bank',
  payment: 'tx-1',
  invoice: numbers.acme,
  amount: '20.00',
  currency: 'USD',
  paidAt: '2026-02-20T00:00:00Z',
  ...change,
});

test('a payment is recorded by owner and finance alone, once, and said with the invoice', async () => {
  for (const role of ['operator', 'viewer'] as const) expect((await post('/payments', paid(), role)).status).toBe(403);
  const first = await post('/payments', paid({ note: 'by hand' }));
  expect([first.status, await first.json()]).toMatchObject([
    200,
    { changed: true, amount: '20.00', paymentState: 'overdue', owed: '50.00', paid: '20.00', balance: '30.00' },
  ]);
  expect(await (await post('/payments', paid())).json()).toMatchObject({ changed: false });
  const other = await post('/payments', paid({ amount: '21.00' }));
  expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([409, 'payment_conflict']);
  const euros = await post('/payments', paid({ payment: 'tx-2', currency: 'EUR' }));
  expect([euros.status, ((await euros.json()) as { code: string }).code]).toEqual([409, 'payment_currency']);
});

test('a file is imported whole or not at all, and again without any effect', async () => {
  const head = 'provider,payment,invoice,amount,currency,paidAt,kind\r\n';
  const sound = `${head}bank,f-1,${numbers.acme},30.00,USD,2026-02-21,\r\nbank,f-2,${numbers.beta},50.00,USD,2026-02-21T08:00:00+01:00,payment\r\n`;
  const bad = await file(
    `${sound}bank,f-3,${numbers.beta},1.001,USD,2026-02-21,refund\r\nbank,f-4,INV-9,1,USD,soon,\r\n`,
  );
  const problem = (await bad.json()) as { detail: string };
  expect([bad.status, problem.detail]).toEqual([400, expect.stringContaining('line 5, paidAt')]);
  expect(await (await file(sound, '?dryRun=true')).json()).toMatchObject({ written: false, recorded: 2, known: 0 });
  expect((await get('/payments')).items).toHaveLength(1);
  expect(await (await file(sound)).json()).toEqual({ written: true, recorded: 2, known: 0, problems: [] });
  expect(await (await file(sound)).json()).toEqual({ written: true, recorded: 0, known: 2, problems: [] });
  const refused = await file(`${head}bank,f-5,INV-9,1.00,USD,2026-02-21,\r\n`);
  expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
    409,
    expect.stringContaining('line 2: '),
  ]);
  expect((await get('/invoices?payment=paid')).items.map((one: any) => [one.customer, one.balance])).toEqual([
    ['beta', '0.00'],
    ['acme', '0.00'],
  ]);
});

test('the list as CSV is imported again without any effect', async () => {
  await post('/payments', paid({ payment: 'rf-1', kind: 'refund', amount: '5.00' }));
  const csv = await (await api.fetch('/payments.csv', { as: 'finance' })).text();
  expect(csv).toContain('-5.00');
  expect(await (await file(csv)).json()).toEqual({ written: true, recorded: 0, known: 4, problems: [] });
  await post('/payments', paid({ payment: 'tx-9', amount: '5.00' }));
});

test('payments are found by number, or by id', async () => {
  const { invoiceId } = await get(`/invoices/${numbers.beta}`);
  for (const query of [`invoice=${numbers.beta}`, `invoiceId=${invoiceId}`])
    expect((await get(`/payments?${query}`)).items.map((one: any) => one.payment)).toEqual(['f-2']);
  expect((await get(`/payments?invoice=${invoiceId}`)).items).toEqual([]);
  expect((await post('/payments', paid({ payment: 'tx-8', invoice: String(invoiceId) }))).status).toBe(404);
  expect((await post('/payments', paid({ payment: 'tx-8', invoice: 'F 2026 17' }))).status).toBe(404);
});

test('a customer sees their own payments and the state of their invoices, and nothing of ours', async () => {
  const acme = { as: 'customer', customer: 'acme' } as const;
  const { items } = await get('/payments', acme);
  expect(items.map((one: any) => [one.payment, one.invoice, one.note, one.recordedBy])).toEqual([
    ['tx-9', numbers.acme, null, null],
    ['rf-1', numbers.acme, null, null],
    ['f-1', numbers.acme, null, null],
    ['tx-1', numbers.acme, null, null],
  ]);
  expect((await get(`/payments?invoice=${numbers.beta}`, acme)).items).toEqual([]);
  expect(await get(`/invoices/${numbers.acme}`, acme)).toMatchObject({ paymentState: 'paid', paid: '50.00' });
  expect((await get('/invoices?payment=paid', acme)).items).toMatchObject([{ customer: 'acme', paid: '50.00' }]);
  expect((await api.fetch('/payments', { ...json('POST', paid()), ...acme })).status).toBe(403);
  expect((await get('/payments?provider=bank&kind=payment')).items).toMatchObject([
    { recordedBy: expect.any(String) },
    {},
    {},
    { note: 'by hand' },
  ]);
});
