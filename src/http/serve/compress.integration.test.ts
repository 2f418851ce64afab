import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

interface Raw {
  readonly status: number | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
}

/** As it comes over the wire: fetch decompresses by itself. */
async function ask(path: string, encoding: string, more: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
  const headers = { authorization: `Bearer ${await api.token('owner')}`, 'accept-encoding': encoding, ...more };
  return new Promise((resolve, reject) => {
    const asked = request(`${api.url}/api/v1${path}`, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    asked.on('error', reject).end();
  });
}

test('a long answer is compressed for who takes gzip, and is the same', async () => {
  const plain = await ask('/prices?limit=100', 'identity');
  const small = await ask('/prices?limit=100', 'br;q=0, gzip');
  expect([plain.headers['content-encoding'], small.headers['content-encoding']]).toEqual([undefined, 'gzip']);
  expect(gunzipSync(small.bytes).equals(plain.bytes)).toBe(true);
  expect(small.headers['content-length']).toBe(String(small.bytes.length));
  expect(small.bytes.length).toBeLessThan(plain.bytes.length / 4);
  expect(small.headers.vary).toContain('accept-encoding');
  const refused = await ask('/prices?limit=100', 'gzip;q=0');
  expect(refused.headers['content-encoding']).toBeUndefined();
});

test('a short answer, a list as CSV and the stream of events are sent as they are', async () => {
  expect((await ask('/session', 'gzip')).headers['content-encoding']).toBeUndefined();
  const csv = await ask('/prices?limit=100', 'gzip', { accept: 'text/csv' });
  expect([csv.headers['content-type'], csv.headers['content-encoding']]).toEqual([
    expect.stringContaining('text/csv'),
    undefined,
  ]);
  const leave = new AbortController();
  const stream = await api.fetch('/events', { signal: leave.signal, headers: { 'accept-encoding': 'gzip' } });
  expect(stream.headers.get('content-encoding')).toBeNull();
  leave.abort();
});

test('the compressed answer has an ETag of its own, and either stands for what is there', async () => {
  const path = '/legal-entities/default';
  const edit = (city: string, etag: string) => api.fetch(path, json('PATCH', { city }, { 'if-match': etag }));
  const address = Array.from(
    { length: 10 },
    (_, at) => `${at + 1} Quay Street, behind the harbour office, third floor`,
  );
  expect((await api.fetch(path, json('PATCH', { address }, { 'if-match': '*' }))).status).toBe(200);
  const tags = async () =>
    (await Promise.all(['identity', 'gzip'].map((each) => ask(path, each)))).map(({ headers }) => String(headers.etag));
  const [plain = '', gzipped = ''] = await tags();
  expect(gzipped).toBe(`${plain.slice(0, -1)}-gzip"`);
  for (const encoding of ['identity', 'gzip'])
    for (const etag of [plain, gzipped])
      expect((await ask(path, encoding, { 'if-none-match': etag })).status).toBe(304);
  expect((await edit('Bristol', gzipped)).status).toBe(200);
  expect((await edit('Bath', gzipped)).status).toBe(412);
  expect((await edit('Bath', (await tags())[0] ?? '')).status).toBe(200);
});
