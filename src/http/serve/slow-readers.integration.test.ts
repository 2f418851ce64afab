import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Operation,
  staff,
} from '../../platform/declare/operation.ts';

const generous = { timeout: 30_000 };
/** More than the buffers of any connection between here and the server take. */
const muchBytes = 64 * 2 ** 20;
const line = 'x'.repeat(1023);

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const common = { tag: 'jobs', roles: staff } as const;
let made = 0;
let hasEnded = false;

const operations: readonly Operation[] = [
  declareOperation({
    ...common,
    method: 'GET',
    path: '/large',
    name: 'test large',
    operationId: 'large',
    summary: 'Large',
    response: z.object({ text: z.string() }),
    run: async () => ({ text: 'x'.repeat(muchBytes) }),
  }),
  declareList({
    ...common,
    path: '/rows',
    name: 'test list-rows',
    operationId: 'listRows',
    summary: 'Many',
    row: z.object({ text: z.string() }),
    search: { none: 'a test' },
    sort: { none: 'a test' },
    total: { none: 'a test' },
    run: async (_call, { limit, cursor }) => ({
      items: Array.from({ length: limit }, () => ({ text: line })),
      nextCursor: String(Number(cursor ?? 0) + 1),
    }),
  }),
  declareDocument({
    ...common,
    path: '/pieces',
    name: 'test pieces',
    operationId: 'pieces',
    summary: 'In pieces, out of a transaction',
    produces: ['text/plain'],
    async run({ db }) {
      async function* pieces() {
        const transaction = await db.startTransaction().execute();
        try {
          for (made = 0; made < muchBytes; made += line.length) {
            yield (await sql<{ text: string }>`SELECT repeat('x', 65536) AS text`.execute(transaction)).rows[0]?.text ??
              '';
          }
        } finally {
          await transaction.rollback().execute();
          hasEnded = true;
        }
      }
      return { type: 'text/plain', body: pieces() };
    },
  }),
  declareDocument({
    ...common,
    path: '/slowly-made',
    name: 'test slowly-made',
    operationId: 'slowlyMade',
    summary: 'Takes longer to make than to read',
    produces: ['text/plain'],
    async run() {
      async function* pieces() {
        for (const piece of ['a', 'b', 'c']) {
          yield piece;
          await sleep(400);
        }
      }
      return { type: 'text/plain', body: pieces() };
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/quick',
    name: 'test quick',
    operationId: 'quick',
    summary: 'At once',
    response: z.object({ text: z.string() }),
    run: async () => ({ text: 'done' }),
  }),
];

async function serve(stalledMsMax: number, requestsMax = 1): Promise<TestApi> {
  const api = await startTestApi(database, { operations, limits: { requestsMax, stalledMsMax } });
  onTestFinished(() => api.close());
  return api;
}

/** Asks, for several things at once, and reads nothing. */
async function ask(api: TestApi, ...paths: string[]): Promise<Socket> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  const token = await api.token('owner');
  socket.write(
    paths.map((path) => `GET /api/v1${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`).join(''),
  );
  return socket;
}

const sessions = async () =>
  (
    await sql`SELECT FROM pg_stat_activity WHERE application_name = 'arcadia api' AND datname = current_database()
              AND state <> 'idle'`.execute(database.db)
  ).rows.length;

test.each(['/large', '/rows.csv', '/pieces'])(
  'who takes nothing of %s is cut off, and its place is free',
  async (path) => {
    hasEnded = path !== '/pieces';
    const api = await serve(500);
    await ask(api, path);
    const told = () => api.lines.find((each) => String(path).startsWith(String(each.path).replace('/api/v1', '')));
    await expect.poll(told, generous).toMatchObject({ status: 499, err: { message: 'its reader took nothing' } });
    await expect.poll(async () => (await api.fetch('/quick')).status, generous).toBe(200);
    await expect.poll(() => hasEnded, generous).toBe(true);
    expect(await sessions()).toBe(0);
  },
);

test('who reads slowly gets all of it', async () => {
  const api = await serve(1_000);
  const socket = await ask(api, '/large');
  let bytes = 0;
  // Longer on the whole than a reader may take nothing.
  for await (const chunk of socket.resume()) {
    bytes += (chunk as Buffer).length;
    if (bytes >= muchBytes) break;
    await sleep(2);
  }
  expect(bytes).toBeGreaterThanOrEqual(muchBytes);
});

test('what waits behind another answer of its connection does not count against the reader of that one', async () => {
  const api = await serve(1_000, 2);
  const socket = await ask(api, '/large', '/quick');
  let bytes = 0;
  let last = '';
  for await (const chunk of socket.resume()) {
    bytes += (chunk as Buffer).length;
    last = (last + String(chunk)).slice(-100);
    if (last.endsWith('{"text":"done"}')) break;
    await sleep(2);
  }
  expect(bytes).toBeGreaterThan(muchBytes);
});

test('who waits for what is still being made is not cut off', async () => {
  const api = await serve(150);
  expect(await (await api.fetch('/slowly-made')).text()).toBe('abc');
});

test('a large answer is whole, with its length', async () => {
  const api = await serve(60_000);
  const answer = await api.fetch('/large', { headers: { 'accept-encoding': 'identity' } });
  const text = await answer.text();
  expect(Number(answer.headers.get('content-length'))).toBe(text.length);
  expect(JSON.parse(text)).toEqual({ text: 'x'.repeat(muchBytes) });
});
