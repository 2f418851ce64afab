import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { createLog } from '../../src/platform/log.ts';
import { deliverWebhooksJob } from '../../src/webhooks/jobs.ts';
import { insertTwoCustomers, now, plantedCost } from '../access/two-customers.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openReceiver, type Receiver } from '../webhooks/receiver.ts';
import { deliveries, messages, networks, setClock } from '../webhooks/webhooks-fixture.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Webhooks over HTTP, from the adding of one to what a receiver gets of what the modules do.

let database: TestDatabase;
let api: TestApi;
let receiver: Receiver;
beforeAll(async () => {
  database = await openTestDatabase();
  await setClock(database.db, now);
  api = await startTestApi(database, { env: { ARCADIA_WEBHOOK_NETWORKS: networks.join(',') } });
  receiver = await openReceiver();
});
afterAll(async () => {
  await receiver.close();
  await api.close();
  await database.close();
});

type Body = Record<string, unknown>;

async function ask(path: string, init: Parameters<TestApi['fetch']>[1] = {}): Promise<{ status: number; body: Body }> {
  const response = await api.fetch(path, init);
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Body) };
}

test('a secret is in the first answer, and nowhere else: not in the same answer again, the database or the log', async () => {
  const request = json('POST', { webhook: 'books', url: receiver.url }, { 'idempotency-key': 'add-books' });
  const added = await ask('/webhooks', request);
  expect(added).toMatchObject({ status: 201, body: { webhook: 'books', customer: null, disabledAt: null } });
  const { secret } = added.body as { secret: string };
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect((await ask('/webhooks', request)).body).toEqual({ ...added.body, secret: null });

  const rotation = { method: 'POST', headers: { 'idempotency-key': 'rotate' } };
  const rotated = await ask('/webhooks/books/rotate', rotation);
  expect(rotated.status).toBe(200);
  expect((await ask('/webhooks/books/rotate', rotation)).body).toEqual({ ...rotated.body, secret: null });
  const shown = await ask('/webhooks/books');
  expect(shown.body).not.toHaveProperty('secret');
  expect(shown.body.signedBy).toMatchObject([{ to: null }, { to: '2026-06-11T00:00:00Z' }]);

  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`.execute(
    database.db,
  );
  for (const { name } of rows) {
    const { rows: all } = await sql<{ text: string }>`SELECT t::text AS text FROM ${sql.table(name)} AS t`.execute(
      database.db,
    );
    const text = all.map((row) => row.text).join('\n');
    for (const each of [secret, rotated.body.secret as string])
      expect([name, text.includes(each)]).toEqual([name, false]);
  }
  expect(JSON.stringify(api.lines)).not.toContain('whsec_');
});

test('an address that is not public is refused when it is added', async () => {
  for (const url of [
    'http://example.com/',
    'https://10.0.0.1/',
    'https://0xa9fea9fe/',
    'https://[::ffff:10.0.0.1]/',
    'nonsense',
  ])
    expect(await ask('/webhooks', json('POST', { webhook: 'bad', url }))).toMatchObject({
      status: 422,
      body: { code: 'webhook_target_refused' },
    });
  expect((await ask('/webhooks', json('POST', { webhook: 'books', url: 'https://example.com/' }))).status).toBe(409);
  expect(
    (await ask('/webhooks', json('POST', { webhook: 'x', url: 'https://example.com/', customer: 'nobody' }))).status,
  ).toBe(404);
});

test('v1a has a public key, which is shown', async () => {
  const { body } = await ask(
    '/webhooks',
    json('POST', { webhook: 'pairs', url: 'https://example.com/', signature: 'v1a' }),
  );
  expect(body).toMatchObject({ secret: expect.stringMatching(/^whsk_/), publicKey: expect.stringMatching(/^whpk_/) });
  expect((await ask('/webhooks/pairs')).body.signedBy).toMatchObject([{ publicKey: body.publicKey }]);
  expect((await ask('/webhooks/pairs', { method: 'DELETE' })).status).toBe(204);
  expect((await ask('/webhooks/pairs')).status).toBe(404);
});

test('what the modules do reaches the receiver, each message as its schema says; customers see their own', async () => {
  await insertTwoCustomers(database.db);
  const { body } = await ask('/deployments/alpha-shop', { method: 'GET' });
  expect(body.name).toBe('alpha-shop');
  await ask('/deployments/alpha-shop', json('PATCH', { name: 'Renamed' }, { 'if-match': '*' }));
  const written = await messages(database.db);
  const count = (type: string) => written.filter((message) => message.type === type).length;
  expect([count('deployment.changed'), count('invoice.issued')]).toEqual([4, 2]);
  expect(count('day.metered')).toBeGreaterThanOrEqual(31);
  expect(written.find(({ type }) => type === 'invoice.issued')?.data).toMatchObject({
    customer: 'alpha',
    month: '2026-05',
    currency: 'USD',
    total: expect.stringMatching(/^\d+\.\d\d$/),
  });

  const log = createLog({ level: 'silent', format: 'json' });
  const { db, connectionString } = database;
  const only = { ...program, jobs: [deliverWebhooksJob], schedule: [] };
  const worker = await startWorker({
    db,
    connectionString,
    config: api.config,
    log,
    program: only,
    registry: new Registry(),
  });
  try {
    await expect.poll(() => receiver.received.length).toBe(written.length);
    expect((await ask('/webhooks/books/test', { method: 'POST' })).status).toBe(202);
    await expect.poll(() => receiver.received.length).toBe(written.length + 1);
    // Its names do not resolve here, or to nothing that is there: what is given up does not matter for this.
    await expect.poll(async () => (await deliveries(db)).filter(({ claimed }) => claimed)).toEqual([]);
  } finally {
    await worker.stop();
  }
  const { body: types } = await ask('/webhook-types?limit=100');
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  const schemas = new Map(
    (types.items as { type: string; schema: object }[]).map(({ type, schema }) => [type, ajv.compile(schema)]),
  );
  for (const { body: text } of receiver.received) {
    const message = JSON.parse(text) as { type: string };
    expect([message.type, schemas.get(message.type)?.(message)]).toEqual([message.type, true]);
  }

  const asAlpha = { as: 'customer', customer: 'alpha' } as const;
  expect(((await ask('/webhooks', asAlpha)).body.items as Body[]).map(({ webhook }) => webhook)).toEqual([
    'alpha-hook',
  ]);
  expect((await ask('/webhooks/alpha-hook', asAlpha)).status).toBe(200);
  for (const path of ['/webhooks/bravo-hook', '/webhooks/books', '/webhooks/bravo-hook/attempts'])
    expect([path, (await ask(path, asAlpha)).status]).toEqual([path, 404]);
  for (const [path, method] of [
    ['/webhooks', 'POST'],
    ['/webhooks/alpha-hook/rotate', 'POST'],
    ['/webhooks/alpha-hook', 'DELETE'],
  ] as const)
    expect([path, (await ask(path, { ...asAlpha, method })).status]).toEqual([path, 403]);
  const ours = (await ask('/webhooks/alpha-hook/attempts')).body.items as Body[];
  const theirs = (await ask('/webhooks/alpha-hook/attempts', asAlpha)).body.items as Body[];
  expect(ours.some(({ answer }) => answer === plantedCost)).toBe(true);
  expect(theirs).toEqual(ours.map((row) => ({ ...row, answer: null })));
  expect(theirs.length).toBeGreaterThan(0);
});

test('disabled, nothing is sent; recovered, what failed or was written meanwhile is', async () => {
  expect((await ask('/webhooks/books/disable', { method: 'POST' })).body).toEqual({ changed: true });
  expect((await ask('/webhooks/books/disable', { method: 'POST' })).body).toEqual({ changed: false });
  expect((await ask('/webhooks/books/test', { method: 'POST' })).status).toBe(409);
  await ask('/deployments/alpha-shop', json('PATCH', { name: 'Again' }, { 'if-match': '*' }));
  expect((await ask('/webhooks/books')).body).toMatchObject({ disabledReason: 'operator', pending: 0 });
  expect((await ask('/webhooks/books/enable', { method: 'POST' })).body).toEqual({ changed: true });
  const recover = json('POST', { from: now.toString() });
  expect((await ask('/webhooks/books/recover', recover)).body).toEqual({ messages: 1 });
  expect((await ask('/webhooks/books')).body).toMatchObject({ disabledAt: null, pending: 1 });
});
