import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';

// The conventions hold for whatever arrives on the socket, also what no HTTP client would send.

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

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends these bytes and reads until the server closes. */
async function send(...parts: readonly (string | Uint8Array)[]): Promise<Answer> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  for (const part of parts) socket.write(part);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = fields
    .map((field) => field.split(/:\s*/, 2))
    .map(([name = '', value = '']) => [name.toLowerCase(), value]);
  return { status: Number(line.split(' ')[1]), headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}

async function head(line: string, fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const all = {
    host: 'localhost',
    authorization: `Bearer ${await api.token('owner')}`,
    connection: 'close',
    ...fields,
  };
  return `${line} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

async function request(
  line: string,
  fields: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Promise<Answer> {
  const bytes = Buffer.from(body);
  return send(
    await head(line, bytes.length === 0 ? fields : { 'content-length': String(bytes.length), ...fields }),
    bytes,
  );
}

function expectProblem({ status, headers, body }: Answer, code: string, wanted: number): void {
  expect({ status, type: headers['content-type'] }).toEqual({ status: wanted, type: 'application/problem+json' });
  expect(JSON.parse(body)).toEqual({
    type: `urn:arcadia-cloud:problem:${code}`,
    title: expect.any(String),
    status: wanted,
    code,
    detail: expect.any(String),
    todo: expect.any(String),
    requestId: headers['x-request-id'],
  });
}

describe('what never becomes a request is refused as a problem', () => {
  const path = '/api/v1/deployments';
  test.each<readonly [what: string, status: number, code: string, bytes: string]>([
    ['a method that there is not', 501, 'method_unknown', `FROBNICATE ${path} HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'a method that nothing here has',
      501,
      'method_unknown',
      `PROPFIND ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    ],
    ['a tunnel', 501, 'method_unknown', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
    [
      'a control character in a header',
      400,
      'malformed_request',
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-A: b\u0001c\r\n\r\n`,
    ],
    ['a control character in the address', 400, 'malformed_request', `GET ${path}\u0001 HTTP/1.1\r\nHost: a\r\n\r\n`],
    [
      'headers that are too large',
      431,
      'headers_too_large',
      `GET ${path} HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`,
    ],
    [
      'two lengths',
      400,
      'malformed_request',
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['what is no HTTP', 400, 'malformed_request', '\u0016\u0003\u0001 hello\r\n\r\n'],
    ['no host', 400, 'malformed_request', `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`],
    [
      'an expectation',
      417,
      'expectation_failed',
      `GET ${path} HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n`,
    ],
  ])('%s', async (_, status, code, bytes) => {
    const answer = await send(bytes);
    expectProblem(answer, code, status);
    expect(answer.headers.connection).toBe('close');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('but never in place of the answer of a request before it', async () => {
    const first = await head('GET /api/v1/customers', { connection: 'keep-alive' });
    const { status } = await send(first, 'GARBAGE /x HTTP/1.1\r\n\r\n');
    // Closed without a word, or answered after the first: never a problem as the answer of the first.
    expect(Number.isNaN(status) || status === 200).toBe(true);
  });

  test('and is logged, without what it said', async () => {
    const { headers } = await send('GET / HTTP/1.1\r\nHost: a\r\nX-A: sec\u0001ret\r\n\r\n');
    const { 'x-request-id': id } = headers;
    expect(api.lines).toContainEqual(
      expect.objectContaining({ request_id: id, status: 400, code: 'malformed_request' }),
    );
    expect(JSON.stringify(api.lines)).not.toContain('sec');
  });
});

describe('a HEAD', () => {
  test.each(['/api/v1/customers.csv', '/api/v1/events'])('of what is streamed states no length: %s', async (path) => {
    const answer = await request(`HEAD ${path}`);
    expect([answer.status, answer.headers['content-length'], answer.body]).toEqual([200, undefined, '']);
  });

  test('of what has a length states the length of its GET', async () => {
    const path = '/api/v1/kinds/droplet_hours';
    const answer = await request(`HEAD ${path}`);
    const { body } = await request(`GET ${path}`);
    expect([answer.status, answer.headers['content-length'], answer.body]).toEqual([200, String(body.length), '']);
  });
});

test('TRACE is no method of anything', async () => {
  const answer = await request('TRACE /api/v1/customers');
  expectProblem(answer, 'method_not_allowed', 405);
  expect(answer.headers.allow).toBe('GET, HEAD, POST');
});

test.each<[string, string, Record<string, string>]>([
  ['with content', '{}', { 'content-type': 'application/json' }],
  ['with content of no media type', '{}', {}],
  ['with nothing', '', {}],
])('QUERY is no method of anything, %s', async (_, body, fields) => {
  const answer = await request('QUERY /api/v1/customers', fields, body);
  expectProblem(answer, 'method_not_allowed', 405);
  expect(answer.headers.allow).toBe('GET, HEAD, POST');
  const nowhere = await request('QUERY /api/v1/nothing', fields, body);
  expect([nowhere.status, JSON.parse(nowhere.body)]).toEqual(
    'content-type' in fields
      ? [404, expect.objectContaining({ code: 'not_found' })]
      : [415, expect.objectContaining({ code: 'unsupported_media_type' })],
  );
});

test.each(METHODS.filter((method) => method !== 'CONNECT'))(
  '%s is answered, and never with a failure of ours',
  async (method) => {
    for (const path of ['/api/v1/customers', '/api/v1/nothing', '/nothing', '/livez']) {
      const { status } = await request(`${method} ${path}`);
      expect([200, 400, 404, 405, 415, 501]).toContain(status);
    }
  },
);

describe('a body', () => {
  const customer = (name: string) => JSON.stringify({ customer: 'c-1', name, currency: 'USD' });
  const json = 'application/json';

  test('that is compressed is refused, and the answer says how to send it', async () => {
    const fields = { 'content-type': json, 'content-encoding': 'gzip' };
    const answer = await request('POST /api/v1/customers', fields, gzipSync(customer('One')));
    expectProblem(answer, 'unsupported_media_type', 415);
    expect(answer.headers['accept-encoding']).toBe('identity');
    const plain = await request(
      'POST /api/v1/customers',
      { 'content-type': json, 'content-encoding': 'identity' },
      customer('One'),
    );
    expect(plain.status).toBe(201);
  });

  test('of another media type is refused, and the answer says which would do', async () => {
    const post = await request('POST /api/v1/customers', { 'content-type': 'text/plain' }, 'a=b');
    expectProblem(post, 'unsupported_media_type', 415);
    expect([post.headers.accept, post.headers['accept-patch']]).toEqual([json, undefined]);
    const none = await request('POST /api/v1/customers', {}, customer('One'));
    expectProblem(none, 'unsupported_media_type', 415);
    expect(none.headers.accept).toBe(json);
    const patch = await request('PATCH /api/v1/kinds/droplet_hours', { 'content-type': 'text/plain' }, 'a=b');
    expectProblem(patch, 'unsupported_media_type', 415);
    expect([patch.headers.accept, patch.headers['accept-patch']]).toEqual([undefined, json]);
    const file = await request('POST /api/v1/customers/import', { 'content-type': json }, '{}');
    expect([file.status, file.headers.accept]).toEqual([415, 'text/csv']);
  });

  test.each(['iso-8859-1', 'utf-16', '"latin1"'])('in %s is refused', async (charset) => {
    const fields = { 'content-type': `${json}; charset=${charset}` };
    expectProblem(await request('POST /api/v1/customers', fields, customer('Two')), 'unsupported_media_type', 415);
    const csv = { 'content-type': `text/csv; charset=${charset}` };
    expect((await request('POST /api/v1/customers/import?dryRun=true', csv, 'a')).status).toBe(415);
  });

  test.each(['utf-8', 'UTF-8', '"utf8"'])('in %s is taken', async (charset) => {
    const fields = { 'content-type': `${json}; charset=${charset}` };
    const answer = await request(
      'POST /api/v1/customers',
      fields,
      customer('Zoë').replace('c-1', `c-${charset.length}${charset[0] === 'U'}`),
    );
    expect([answer.status, (JSON.parse(answer.body) as { name: string }).name]).toEqual([201, 'Zoë']);
  });

  test('with bytes that are no UTF-8 is refused, never stored with holes', async () => {
    const bytes = Buffer.from(customer('Zo\u00eb'), 'latin1');
    expectProblem(await request('POST /api/v1/customers', { 'content-type': json }, bytes), 'invalid_argument', 400);
    const csv = Buffer.from('customer_external_id,customer_name\r\nc-9,Zo\u00eb\r\n', 'latin1');
    const answer = await request('POST /api/v1/customers/import?dryRun=true', { 'content-type': 'text/csv' }, csv);
    expect([answer.status, (JSON.parse(answer.body) as { detail: string }).detail]).toEqual([
      400,
      expect.stringMatching(/^The body is not UTF-8: line 2 reads "c-9,Zo/),
    ]);
  });
});
