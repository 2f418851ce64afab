import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { createCustomer } from '../../src/deployments/customers.ts';
import type { Role } from '../../src/platform/route.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Who bills and who is billed, over real HTTP, under the database's own roles.

let database: TestDatabase;
let api: TestApi;
const now = Temporal.Instant.from('2026-02-05T00:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(database.db);
  await createCustomer(database.db, { externalId: 'c-17', name: 'Acme Ltd', currency: 'USD' }, now);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function read(path: string, as: Role = 'viewer'): Promise<{ etag: string; answer: any }> {
  const response = await api.fetch(path, { as });
  expect(response.status).toBe(200);
  return { etag: response.headers.get('etag') ?? '', answer: await response.json() };
}

async function send(
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
  { as = 'finance', etag }: { as?: Role; etag?: string } = {},
): Promise<{ status: number; etag: string | null; answer: any }> {
  const headers: Record<string, string> = etag === undefined ? {} : { 'if-match': etag };
  const customer = as === 'customer' ? { customer: 'c-17' } : {};
  const response = await api.fetch(path, { ...json(method, body, headers), as, ...customer });
  return { status: response.status, etag: response.headers.get('etag'), answer: await response.json() };
}

describe('a legal entity', () => {
  test('is there from the start', async () => {
    const { answer } = await read('/legal-entities');
    expect(answer.items).toMatchObject([{ entity: 'default', isDefault: true, name: null, invoicePrefix: 'INV-' }]);
  });

  test('is made once, and found where the answer says', async () => {
    const made = await api.fetch('/legal-entities', {
      ...json('POST', { entity: 'oslo', name: 'Example AS', address: ['Karl Johans gate 1', '0154 Oslo'] }),
      as: 'finance',
    });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/legal-entities/oslo']);
    const { answer } = await read('/legal-entities/oslo');
    expect(answer).toEqual(await made.json());
    expect(answer).toMatchObject({ invoicePrefix: 'OSLO-', creditNotePrefix: 'OSLO-CN-', isDefault: false });
    expect((await send('POST', '/legal-entities', { entity: 'oslo' })).status).toBe(409);
  });

  test('is edited by whoever has seen it as it is', async () => {
    const path = '/legal-entities/oslo';
    const { etag } = await read(path);
    expect((await send('PATCH', path, { termsDays: 30 })).status).toBe(428);
    const edited = await send('PATCH', path, { termsDays: 30, footer: 'Org. 1\n\nIBAN 2' }, { etag });
    expect(edited).toMatchObject({
      status: 200,
      answer: { termsDays: 30, footer: 'Org. 1\n\nIBAN 2', name: 'Example AS' },
    });
    expect((await read(path)).etag).toBe(edited.etag);
    expect((await send('PATCH', path, { termsDays: 60 }, { etag })).status).toBe(412);
    expect((await read(path)).answer.termsDays).toBe(30);
    expect((await send('PATCH', '/legal-entities/rome', {}, { etag: '*' })).status).toBe(404);
  });

  test('becomes the default one instead of the other', async () => {
    expect((await send('PATCH', '/legal-entities/oslo', { isDefault: true }, { etag: '*' })).answer.isDefault).toBe(
      true,
    );
    const { items } = (await read('/legal-entities')).answer;
    expect(items.map((row: any) => [row.entity, row.isDefault])).toEqual([
      ['oslo', true],
      ['default', false],
    ]);
  });

  test('keeps the rules of numbers', async () => {
    const refused = await send('PATCH', '/legal-entities/oslo', { creditNotePrefix: 'OSLO-' }, { etag: '*' });
    expect(refused).toMatchObject({
      status: 400,
      answer: { detail: expect.stringContaining('prefixes of their own') },
    });
  });
});

describe('a tax', () => {
  test('is dated, and setting it again changes nothing', async () => {
    const vat = { entity: 'default', category: 'standard', title: 'VAT' };
    expect((await send('POST', '/tax-rates', { ...vat, percent: '20' })).answer).toEqual({ changed: true });
    const later = { ...vat, percent: '22.5', from: '2026-07-01' };
    expect((await send('POST', '/tax-rates', later)).answer).toEqual({ changed: true });
    expect((await send('POST', '/tax-rates', later)).answer).toEqual({ changed: false });
    expect((await read('/tax-rates')).answer.items).toEqual([
      { ...vat, percent: '20', from: null, to: '2026-07-01T00:00:00Z' },
      { ...vat, percent: '22.5', from: '2026-07-01T00:00:00Z', to: null },
    ]);
    expect((await read('/tax-rates?on=2026-06-30')).answer.items).toMatchObject([{ percent: '20' }]);
    expect((await read('/tax-rates?on=2026-07-01')).answer.items).toMatchObject([{ percent: '22.5' }]);
  });

  test('is a percentage, of a legal entity that there is', async () => {
    const tax = { category: 'standard', title: 'VAT' };
    expect((await send('POST', '/tax-rates', { ...tax, percent: '101' })).status).toBe(400);
    expect((await send('POST', '/tax-rates', { ...tax, percent: '20', entity: 'rome' })).status).toBe(404);
  });
});

describe("a customer's billing", () => {
  const path = '/customers/c-17/billing';

  test('is empty until something is told, then holds from the beginning, then from today', async () => {
    const { etag, answer } = await read(path);
    expect(answer).toEqual({ customer: 'c-17', history: [] });
    const first = await send('PATCH', path, { address: ['2 Hill Road', 'Bath'], entity: 'oslo' }, { etag });
    expect(first).toMatchObject({
      status: 200,
      answer: { history: [{ from: null, to: null, entity: 'oslo', taxTreatment: 'taxed', termsDays: null }] },
    });
    const second = await send('PATCH', path, { poNumber: 'PO-93', entity: null }, { etag: first.etag ?? '' });
    expect(second.answer.history).toMatchObject([
      { to: '2026-02-05T00:00:00Z', poNumber: null, entity: 'oslo' },
      { from: '2026-02-05T00:00:00Z', poNumber: 'PO-93', entity: null, address: ['2 Hill Road', 'Bath'] },
    ]);
    expect(second.answer.history[1].recordedBy).toBe('test finance null');
    expect((await send('PATCH', path, { poNumber: 'PO-94' }, { etag: first.etag ?? '' })).status).toBe(412);
    expect((await send('PATCH', path, { poNumber: 'PO-94' })).status).toBe(428);
    expect(await read(path)).toEqual({ etag: second.etag, answer: second.answer });
  });

  test('is told from a day on', async () => {
    const { answer } = await send('PATCH', path, { termsDays: 30, from: '2026-04-01' }, { etag: '*' });
    expect(answer.history.at(-1)).toMatchObject({ from: '2026-04-01T00:00:00Z', termsDays: 30, poNumber: 'PO-93' });
  });

  test('says why no tax is charged, and is of a customer that there is', async () => {
    const { answer, etag } = await read(path);
    expect((await send('PATCH', path, { taxTreatment: 'exempt' }, { etag })).status).toBe(400);
    expect((await read(path)).answer).toEqual(answer);
    expect((await api.fetch('/customers/nobody/billing')).status).toBe(404);
    expect((await send('PATCH', '/customers/nobody/billing', {}, { etag: '*' })).status).toBe(404);
  });
});

test('who only reads changes nothing, and a customer does not even read', async () => {
  for (const as of ['viewer', 'operator', 'customer'] as const) {
    const requests = [
      send('POST', '/legal-entities', { entity: 'rome' }, { as }),
      send('PATCH', '/legal-entities/default', { name: 'x' }, { as, etag: '*' }),
      send('POST', '/tax-rates', { category: 'standard', title: 'VAT', percent: '1' }, { as }),
      send('PATCH', '/customers/c-17/billing', { poNumber: 'x' }, { as, etag: '*' }),
    ];
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  }
  for (const path of ['/legal-entities', '/legal-entities/default', '/tax-rates', '/customers/c-17/billing']) {
    expect((await api.fetch(path, { as: 'customer', customer: 'c-17' })).status).toBe(403);
  }
});
