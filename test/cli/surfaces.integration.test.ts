import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';

// The same command on the database and on a running server: the same bytes, the same refusals.

let database: TestDatabase;
let api: TestApi;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
  writeFileSync(join(folder.path, 'token'), await api.token('owner'), { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  await database.close();
  folder.remove();
});

const env = () => ({
  DATABASE_URL: database.connectionString,
  ARCADIA_DATA_DIR: folder.path,
  ARCADIA_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
});
const local = (...args: readonly string[]) => arcadia(args, { env: env(), cwd: folder.path });
const remote = (...args: readonly string[]) =>
  arcadia([...args, '--url', api.url, '--token-file', 'token'], { cwd: folder.path });

const alert = ['--threshold', '80', '--unit', 'absolute', '--currency', 'USD', '--json'];

test('what a server was asked to do is done there, and is seen from both', async () => {
  for (const threshold of ['10', '20', '30'])
    expect(await remote('alert', 'add', ...alert.with(1, threshold))).toMatchObject({ code: 0 });
  const there = await remote('alert', 'list', '--json');
  expect(answerOf(there)).toMatchObject({ items: [{ threshold: '10' }, {}, {}], nextCursor: null });
  expect(await local('alert', 'list', '--json')).toMatchObject({ stdout: there.stdout });
});

test('a page, its cursor, and all pages are the same bytes', async () => {
  const page = await remote('alert', 'list', '--limit', '2', '--json');
  expect(await local('alert', 'list', '--limit', '2', '--json')).toMatchObject({ stdout: page.stdout });
  const { nextCursor } = answerOf(page) as { nextCursor: string };
  const second = await local('alert', 'list', '--limit', '2', '--cursor', nextCursor, '--json');
  expect(answerOf(second)).toMatchObject({ items: [{ threshold: '30' }], nextCursor: null });
  const all = await remote('alert', 'list', '--limit', '1', '--all', '--json');
  expect((answerOf(all) as { items: unknown[] }).items).toHaveLength(3);
  expect(await local('alert', 'list', '--limit', '1', '--all', '--json')).toMatchObject({ stdout: all.stdout });
});

test('a refusal names the flag, the code and what to do, on both', async () => {
  for (const surface of [local, remote]) {
    const refused = await surface('alert', 'add', ...alert.with(3, 'many'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--unit');
    expect(refused.stderr).toContain('"code":"invalid_argument"');
    const missing = await surface('alert', 'remove', '99');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('not_found') });
  }
});

test('a server needs a token, and is not sent one in the clear', async () => {
  const without = await arcadia(['alert', 'list', '--url', api.url], { cwd: folder.path });
  expect(without).toMatchObject({ code: 4, stderr: expect.stringContaining('ARCADIA_TOKEN') });
  const wrong = await arcadia(['alert', 'list', '--url', api.url], {
    cwd: folder.path,
    env: { ARCADIA_TOKEN: 'x.y.z' },
  });
  expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining('unauthenticated') });
  const clear = await arcadia(['alert', 'list', '--url', 'http://arcadia.example', '--token-file', 'token'], {
    cwd: folder.path,
  });
  expect(clear).toMatchObject({ code: 1, stderr: expect.stringContaining('only sent over https') });
});
