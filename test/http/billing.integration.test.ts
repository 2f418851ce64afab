import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { createCustomer } from '../../src/deployments/customers.ts';
import { normalisedImage } from '../../src/invoices/logo.ts';
import type { Role } from '../../src/platform/declare/operation.ts';
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

/** One black pixel. */
function png(): Buffer {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const head = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const pixels = deflateSync(Buffer.alloc(2));
  return Buffer.concat([head, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

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

describe('a seller', () => {
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

/** As it is drawn: written anew from its pixels. */
function keptLogo(picture: Uint8Array): Uint8Array {
  const kept = normalisedImage(picture);
  if ('fault' in kept) throw new Error(kept.fault);
  return kept.bytes;
}

describe("a seller's logo and font", () => {
  const picture = png();
  const letters = readFileSync(
    createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Oblique.ttf'),
  );

  async function put(
    field: 'logo' | 'font',
    body: Uint8Array,
    {
      type = field === 'logo' ? 'image/png' : 'font/ttf',
      etag = '*',
      as = 'finance',
    }: { type?: string; etag?: string; as?: Role } = {},
  ) {
    return api.fetch(`/legal-entities/oslo/${field}`, {
      method: 'PUT',
      body: Buffer.from(body),
      headers: { 'content-type': type, ...(etag === '' ? {} : { 'if-match': etag }) },
      as,
    });
  }

  test.each([
    ['logo', picture, keptLogo(picture), 'image/png', 'oslo-logo.png'],
    ['font', letters, letters, 'font/ttf', 'oslo-font.ttf'],
  ] as const)(
    'a %s is given, read and taken away by whoever has seen the entity as it is',
    async (field, file, kept, type, name) => {
      const { etag } = await read('/legal-entities/oslo');
      expect((await put(field, file, { etag: '' })).status).toBe(428);
      const given = await put(field, file, { etag });
      const entity = (await given.json()) as Record<string, string>;
      expect([given.status, entity[field]]).toEqual([200, createHash('sha256').update(kept).digest('hex')]);
      expect((await put(field, file, { etag })).status).toBe(412);

      const got = await api.fetch(`/legal-entities/oslo/${field}`, { as: 'viewer' });
      expect([got.status, Buffer.from(await got.arrayBuffer()).equals(kept)]).toEqual([200, true]);
      expect(got.headers.get('content-type')).toBe(type);
      expect(got.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
      expect(got.headers.get('x-content-type-options')).toBe('nosniff');
      expect(got.headers.get('content-security-policy')).toContain("default-src 'none'");

      const seen = await read('/legal-entities/oslo');
      expect([given.headers.get('etag'), seen.answer]).toEqual([seen.etag, entity]);
      const take = (headers: Record<string, string>) =>
        api.fetch(`/legal-entities/oslo/${field}`, { method: 'DELETE', headers, as: 'finance' });
      expect((await take({ 'if-match': etag })).status).toBe(412);
      const taken = await take({ 'if-match': seen.etag });
      expect([taken.status, await taken.json()]).toEqual([200, { ...entity, [field]: null }]);
      expect((await api.fetch(`/legal-entities/oslo/${field}`)).status).toBe(404);
      const { rows } = await sql<{ actor: string }>`
      SELECT DISTINCT actor FROM audit_log WHERE table_name = 'legal_entities' AND operation = 'update'
        AND after ->> ${`${field}_digest`} IS DISTINCT FROM before ->> ${`${field}_digest`}`.execute(database.db);
      expect(rows).toEqual([{ actor: 'test finance null' }]);
    },
  );

  test.each([
    ['an image that breaks off', 'logo', picture.subarray(0, -5), {}, 400, /logo breaks off before its end/],
    ['what is no image', 'logo', letters, {}, 400, /logo must be a PNG or JPEG image/],
    ['a font that breaks off', 'font', letters.subarray(0, 100_000), {}, 400, /font breaks off before its end/],
    ['a font that is a page', 'font', Buffer.from('<html>'), {}, 400, /font must be a TrueType or OpenType font/],
    ['nothing', 'logo', Buffer.alloc(0), {}, 400, /is empty: it must be the file itself/],
    ['too much', 'logo', Buffer.alloc(600_000), {}, 413, /larger than this operation takes/],
    ['another media type', 'logo', picture, { type: 'image/svg+xml' }, 415, /takes image.png or image.jpeg/],
    ['who may not', 'logo', picture, { as: 'operator' as Role }, 403, /may not/],
  ] as const)('%s is refused', async (_, field, body, options, status, words) => {
    const answer = await put(field, body, options);
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      status,
      expect.stringMatching(words),
    ]);
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
    expect((await read('/tax-rates?at=2026-06-30')).answer.items).toMatchObject([{ percent: '20' }]);
    expect((await read('/tax-rates?at=2026-07-01')).answer.items).toMatchObject([{ percent: '22.5' }]);
  });

  test('is a percentage, of a seller that there is', async () => {
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

test('who only reads changes nothing, and a customer reads their own details alone', async () => {
  for (const as of ['viewer', 'operator', 'customer'] as const) {
    const requests = [
      send('POST', '/legal-entities', { entity: 'rome' }, { as }),
      send('PATCH', '/legal-entities/default', { name: 'x' }, { as, etag: '*' }),
      send('POST', '/tax-rates', { category: 'standard', title: 'VAT', percent: '1' }, { as }),
      send('PATCH', '/customers/c-17/billing', { poNumber: 'x' }, { as, etag: '*' }),
    ];
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  }
  for (const path of ['/legal-entities', '/legal-entities/default', '/tax-rates']) {
    expect((await api.fetch(path, { as: 'customer', customer: 'c-17' })).status).toBe(403);
  }
  const asCustomer = (path: string) => api.fetch(path, { as: 'customer', customer: 'c-17' });
  const own = (await (await asCustomer('/customers/c-17/billing')).json()) as { history: object[] };
  const ours = (await (await api.fetch('/customers/c-17/billing', {})).json()) as { history: object[] };
  expect(own.history).toEqual(ours.history.map((row) => ({ ...row, entity: null, recordedBy: null })));
  expect(((await (await asCustomer('/customers/c-17')).json()) as { customer: string }).customer).toBe('c-17');
  expect((await asCustomer('/customers/c-18/billing')).status).toBe(404);
  expect((await asCustomer('/customers/c-18')).status).toBe(404);
});
