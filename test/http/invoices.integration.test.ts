import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { addDeployment, addDroplet, at, day, openBusiness, own, settle } from '../fixtures/invoices.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Invoices over real HTTP: from a draft to what a customer sees, under the database's own roles.

let database: TestDatabase;
let api: TestApi;
let droplet: number;
const others: number[] = [];
const now = at('2026-02-05');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  const account = await openBusiness(db);
  await addDeployment(db, { customer: 'acme', slug: 'shop' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  droplet = await addDroplet(db, account, 'a', ['shop'], '2026-01-01');
  for (const name of ['b', 'c']) others.push(await addDroplet(db, account, name, ['shop'], '2026-01-01'));
  await settle(db, now);
  await draftMonth(db, { month: day('2026-01-01'), now });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function get(
  path: string,
  as: { as?: 'finance' | 'viewer' | 'customer'; customer?: string } = { as: 'finance' },
): Promise<any> {
  const response = await api.fetch(path, as);
  expect([response.status, response.ok ? '' : await response.clone().text()]).toEqual([200, '']);
  return response.json();
}

async function post(path: string, body: unknown, status = 200): Promise<any> {
  const parts = body === undefined ? { method: 'POST' } : json('POST', body);
  const response = await api.fetch(path, { ...parts, as: 'finance' });
  if (response.status !== status) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

describe('a draft', () => {
  test('is listed to staff, with what it lacks, and a customer does not see it', async () => {
    const { items } = await get('/invoices?month=2026-01&state=draft&customer=acme');
    expect(items).toMatchObject([{ customer: 'acme', total: '79.76', number: null }]);
    expect(await get(`/invoices/${items[0].invoiceId}`)).toMatchObject({ missing: [], document: { total: '79.76' } });
    expect((await get('/invoices', { as: 'customer', customer: 'acme' })).items).toEqual([]);
    const hidden = await api.fetch(`/invoices/${items[0].invoiceId}`, { as: 'customer', customer: 'acme' });
    expect(hidden.status).toBe(404);
  });

  test('says what a preview says', async () => {
    const preview = await get('/deployments/shop/invoice-preview?month=2026-01');
    expect(preview.invoices[0]).toMatchObject({ total: '79.76', lines: [{ amount: '50.00' }, { amount: '29.76' }] });
  });

  test('takes manual lines, and gives them back', async () => {
    const { items } = await get('/invoices?month=2026-01&customer=acme');
    const path = `/invoices/${items[0].invoiceId}`;
    const { lineId } = await post(`${path}/lines`, { description: 'Set-up', quantity: '1', unitPrice: '100' }, 201);
    expect(await get(path)).toMatchObject({ total: '179.76' });
    const removed = await api.fetch(`/invoice-lines/${lineId}`, { method: 'DELETE', as: 'finance' });
    expect(removed.status).toBe(204);
    expect(await get(path)).toMatchObject({ total: '79.76' });
  });

  test('is drafted anew by a job', async () => {
    expect(await post('/invoices/drafts', { month: '2026-01' }, 202)).toEqual({
      month: '2026-01',
      drafts: 2,
    });
  });
});

describe('approved and issued', () => {
  test('by finance, not by who only reads', async () => {
    const { items } = await get('/invoices?month=2026-01&customer=acme');
    const path = `/invoices/${items[0].invoiceId}`;
    const refused = await api.fetch(`${path}/approve`, { ...json('POST', {}), as: 'viewer' });
    expect(refused.status).toBe(403);
    await post(`${path}/approve`, { expectedTotal: '79.75' }, 409);
    expect(await post(`${path}/approve`, { expectedTotal: '79.76' })).toMatchObject({ state: 'approved' });
    expect(await post(`${path}/issue`, {})).toMatchObject({ state: 'issued', number: 'INV-000001' });
    expect(await post(`${path}/issue`, {})).toMatchObject({ number: 'INV-000001' });
  });

  test("is the customer's to see: list, document, PDF, CSV and the lines, and nobody else's", async () => {
    const acme = { as: 'customer', customer: 'acme' } as const;
    const { items } = await get('/invoices', acme);
    expect(items).toMatchObject([{ number: 'INV-000001', total: '79.76' }]);
    const { document } = await get('/invoices/INV-000001', acme);
    expect(document.sections[0].lines).toHaveLength(2);
    const pdf = await api.fetch('/invoices/INV-000001/pdf', acme);
    expect(pdf.headers.get('content-type')).toContain('application/pdf');
    const again = await api.fetch('/invoices/INV-000001/pdf', { as: 'finance' });
    expect(Buffer.compare(Buffer.from(await pdf.arrayBuffer()), Buffer.from(await again.arrayBuffer()))).toBe(0);
    const etag = pdf.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
    const known = await api.fetch('/invoices/INV-000001/pdf', { ...acme, headers: { 'if-none-match': etag } });
    expect([known.status, await known.text(), known.headers.get('etag')]).toEqual([304, '', etag]);
    // Whoever issued it has it drawn by a job.
    expect((await get('/jobs?job=draw_documents', { as: 'viewer' })).items).toMatchObject([{ job: 'draw_documents' }]);
    expect(await (await api.fetch('/invoices/INV-000001/csv', acme)).text()).toContain('Droplet hours');
    const explained = await get('/invoices/INV-000001/lines/2', acme);
    expect(explained).toMatchObject({ changedSince: false, usage: { quantity: '2232' } });
    expect(explained.usage.resources[0].intervals[0].cause).toBeNull();

    const beta = { as: 'customer', customer: 'beta' } as const;
    expect((await get('/invoices', beta)).items).toEqual([]);
    for (const path of ['', '/pdf', '/csv', '/lines/2']) {
      expect((await api.fetch(`/invoices/INV-000001${path}`, beta)).status).toBe(404);
    }
    expect((await api.fetch('/corrections', beta)).status).toBe(403);
  });
});

test('a correction is found and decided, and what cancels the invoice gives back the rest', async () => {
  await own(database.db, droplet, ['wiki'], '2026-01-01', '2026-02-05');
  await settle(database.db, now);
  expect(await post('/corrections/check', undefined)).toEqual({ monthsRated: 1 });
  const { items } = await get('/corrections');
  expect(items).toMatchObject([{ deployment: 'shop', month: '2026-01', amount: '-29.76' }]);
  const request = { deployment: 'shop', month: '2026-01', expectedAmount: '-29.76' };
  expect(await post('/corrections/decide', { decision: 'credit_note', ...request })).toMatchObject({
    creditNotes: [{ number: 'CN-000001', credits: 'INV-000001', total: '-29.76' }],
    takenBack: [],
  });
  await post('/invoices/CN-000001/cancel', { reason: 'no' }, 409);
  const { invoice, creditNote } = await post('/invoices/INV-000001/cancel', { reason: 'wrong' });
  expect(invoice).toMatchObject({ state: 'cancelled', cancelledBy: 'CN-000002', cancelReason: 'wrong' });
  const left = (Number(invoice.total) - 29.76).toFixed(2);
  expect(creditNote).toMatchObject({ number: 'CN-000002', credits: 'INV-000001', total: `-${left}` });
  expect(await get('/invoices?state=cancelled')).toMatchObject({ items: [{ number: 'INV-000001' }] });
});

test('what is decided about an invoice by who names its ETag is decided about what they saw', async () => {
  const { items } = await get('/invoices?month=2026-01&customer=beta');
  const path = `/invoices/${items[0].invoiceId}`;
  const etag = async () => (await api.fetch(path)).headers.get('etag') ?? '';
  const decide = async (what: string, body: unknown, ifMatch: string) =>
    (await api.fetch(`${path}/${what}`, { ...json('POST', body, { 'if-match': ifMatch }), as: 'finance' })).status;
  const line = { description: 'Set-up', quantity: '1', unitPrice: '0' };
  const seen = await etag();
  expect(await decide('lines', line, '"another"')).toBe(412);
  expect(await decide('lines', line, seen)).toBe(201);
  expect(await decide('approve', {}, seen)).toBe(412);
  expect(await get(path)).toMatchObject({ state: 'draft' });
  expect(await decide('approve', {}, await etag())).toBe(200);
  expect(await decide('issue', {}, seen)).toBe(412);
  expect(await decide('cancel', { reason: 'no' }, seen)).toBe(412);
  expect(await get(path)).toMatchObject({ state: 'approved', total: '50.00' });
});

test('an approved invoice whose facts have changed says what it comes to, also where that is the same', async () => {
  const { items } = await get('/invoices?month=2026-01&customer=beta');
  const issue = async () => {
    const path = `/invoices/${items[0].invoiceId}`;
    const response = await api.fetch(`${path}/issue`, { ...json('POST', {}), as: 'finance' });
    return { status: response.status, detail: ((await response.json()) as { detail: string }).detail };
  };
  // Within the allowance either way.
  await own(database.db, droplet, ['shop'], '2026-01-01', '2026-02-05');
  await settle(database.db, now);
  expect(await issue()).toEqual({
    status: 409,
    detail: expect.stringContaining('was approved: its total is still 50.00 USD, but its lines have changed.'),
  });
  for (const other of [droplet, ...others]) await own(database.db, other, ['wiki'], '2026-01-01', '2026-02-05');
  await settle(database.db, now);
  expect(await issue()).toEqual({
    status: 409,
    detail: expect.stringContaining('was approved: its total is 79.76 USD now and was 50.00 USD when it was approved.'),
  });
});
