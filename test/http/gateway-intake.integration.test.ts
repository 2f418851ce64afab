import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { createDeployments } from '../fixtures/metering.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// The address that gateways send to: who may, in which forms, and what it answers.

let database: TestDatabase;
let api: TestApi;
let secret: string;
const now = instant('2026-05-05');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await setClock(db, now);
  await createDeployments(db, ['acme-shop'], instant('2026-01-01'));
  secret = await makeSource(db, 'edge', { now });
  await makeMeters(db, [requests], now);
  api = await startTestApi(database, { limits: { anonymousPerMinute: 40 } });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const structured = 'application/cloudevents+json';

function send(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  { source = 'edge', signed = false }: { readonly source?: string; readonly signed?: boolean } = {},
): Promise<Response> {
  return fetch(`${api.url}/api/v1/gateway/sources/${source}/events`, {
    method: 'POST',
    headers: { ...(signed ? {} : { authorization: `Bearer ${secret}` }), 'content-type': structured, ...headers },
    body: body as string,
  });
}

/** As Standard Webhooks says, from its text: HMAC-SHA-256 of id.timestamp.body by what is behind whsec_. */
function signature(body: string, { id = 'msg_1', by = secret, at = now }): Record<string, string> {
  const timestamp = String(Math.floor(at.epochMilliseconds / 1000));
  const key = Buffer.from(by.replace('whsec_', ''), 'base64');
  const made = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,AAAA v1,${made}` };
}

test('what is acknowledged is on disk, whatever the database is set to', async () => {
  const { db } = database;
  await sql`CREATE TABLE seen_commit (setting text NOT NULL)`.execute(db);
  await sql`
    CREATE FUNCTION see_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO seen_commit VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`.execute(db);
  await sql`CREATE TRIGGER see_commit AFTER INSERT ON gateway_events FOR EACH STATEMENT EXECUTE FUNCTION see_commit()`.execute(
    db,
  );
  await sql`ALTER ROLE CURRENT_USER IN DATABASE ${sql.id(new URL(database.connectionString).pathname.slice(1))}
            SET synchronous_commit = off`.execute(db);
  const other = await startTestApi(database);
  try {
    const sent = await fetch(`${other.url}/api/v1/gateway/sources/edge/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': structured },
      body: JSON.stringify(event()),
    });
    expect(sent.status).toBe(200);
  } finally {
    await other.close();
    await sql`ALTER ROLE CURRENT_USER IN DATABASE ${sql.id(new URL(database.connectionString).pathname.slice(1))}
              RESET synchronous_commit`.execute(db);
  }
  const { rows } = await sql<{ setting: string }>`SELECT DISTINCT setting FROM seen_commit`.execute(db);
  expect(rows).toEqual([{ setting: 'on' }]);
  await sql`DROP TRIGGER see_commit ON gateway_events`.execute(db);
});

test('a secret, or a signature made with it, lets in; anything else is 401 and stores nothing', async () => {
  const body = JSON.stringify(event({ id: 'signed' }));
  const count = async () =>
    (await sql<{ n: number }>`SELECT count(*) AS n FROM gateway_events`.execute(database.db)).rows[0]?.n;
  const before = await count();
  const refused = [
    await send(body, { authorization: 'Bearer whsec_wrong' }),
    await send(body, {}, { source: 'nobody' }),
    await send(body, {}, { signed: true }),
    await send(body, signature(`${body} `, {}), { signed: true }),
    await send(body, signature(body, { by: 'whsec_AAAA' }), { signed: true }),
    await send(body, signature(body, { at: now.subtract({ minutes: 6 }) }), { signed: true }),
    await send(body, { authorization: `Bearer ${await api.token('owner')}` }),
  ];
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401));
  expect(await count()).toBe(before);
  expect((await send(body, signature(body, {}), { signed: true })).status).toBe(200);
  expect((await send(body)).status).toBe(200);
  expect(await count()).toBe((before ?? 0) + 1);
});

test('a secret is rotated: both let in for a while, then the new one alone', async () => {
  const rotated = await api.fetch('/gateway/sources/edge/rotate', json('POST', { keepHours: 1 }));
  const { secret: fresh } = (await rotated.json()) as { secret: string };
  await sleep(1_100);
  for (const each of [secret, fresh])
    expect((await send(JSON.stringify(event()), { authorization: `Bearer ${each}` })).status).toBe(200);
  await setClock(database.db, now.add({ hours: 2 }));
  expect((await send(JSON.stringify(event()))).status).toBe(401);
  secret = fresh;
  expect((await send(JSON.stringify(event()))).status).toBe(200);
  await setClock(database.db, now);
});

test('all three content modes say the same, and are told apart by the media type whatever its case', async () => {
  const one = event({ id: 'modes', subject: 'host:ü.example.com', datacontenttype: 'application/json' });
  const text = JSON.stringify(one);
  const status = async (answer: Response) => {
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { results: { status: string }[] }).results.map((each) => each.status);
  };
  expect(await status(await send(text, { 'content-type': 'Application/CloudEvents+JSON; Charset=UTF-8' }))).toEqual([
    'accepted',
  ]);
  expect(await status(await send(`[${text}]`, { 'content-type': 'application/cloudevents-batch+json' }))).toEqual([
    'duplicate',
  ]);
  expect(await status(await send(text, { 'content-type': 'application/json' }))).toEqual(['duplicate']);
  expect(await status(await send(`[${text}, ${text}]`, { 'content-type': 'application/json' }))).toEqual([
    'duplicate',
    'duplicate',
  ]);
  const binary = {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': '"modes"',
    'ce-source': '/gateways/1',
    'ce-type': 'request',
    'ce-subject': 'host:%C3%BC.example.com',
    'ce-time': '2026-05-03T10:00:00Z',
  };
  expect(await status(await send('{ "requests": 1 }', binary))).toEqual(['duplicate']);
  expect((await send('{}', { ...binary, 'ce-subject': '%C0%A0' })).status).toBe(400);
});

test("a body as Kong's metering plugin sends it is taken as it is", async () => {
  const kong = {
    specversion: '1.0',
    id: '8f6d7b0e-5f0e-4f0b-9a6a-1d2c3b4a5e6f',
    source: 'kong',
    type: 'request',
    time: '2026-05-03T10:15:00.123Z',
    subject: 'consumer-1',
    data: { method: 'GET', route: 'orders', status: 200, requests: 1 },
  };
  expect((await send(JSON.stringify(kong), { prefer: 'return=minimal' })).status).toBe(204);
});

test('numbers arrive to the last digit', async () => {
  const data = '{"requests":123456789012.123456789123456789,"small":1e-30}';
  const text = JSON.stringify(event({ id: 'digits', data: 0 })).replace('"data":0', `"data":${data}`);
  expect((await send(text)).status).toBe(200);
  await interpretAll(database.db, now);
  const { rows } = await sql<{
    id: number;
  }>`SELECT gateway_event_id AS id FROM gateway_events WHERE event_id = 'digits'`.execute(database.db);
  const shown = (await (await api.fetch(`/gateway/events/${rows[0]?.id}`)).json()) as { data: string; usage: unknown };
  expect(shown.data).toContain('123456789012.123456789123456789');
  expect(shown.usage).toMatchObject([{ meter: 'gateway_requests', value: '123456789012.123456789123456789' }]);
});

test('what is no CloudEvent in a sound batch is a dead letter; what is no body is refused', async () => {
  const bad: [string, object | null][] = [
    ['not_an_object', null],
    ['bad_id', event({ id: '' })],
    ['bad_id', event({ id: 1 })],
    ['bad_id', event({ id: 'x'.repeat(257) })],
    ['bad_source', event({ source: undefined })],
    ['bad_specversion', event({ specversion: '0.3' })],
    ['bad_type', event({ type: undefined })],
    ['bad_subject', event({ subject: 'x'.repeat(256) })],
    ['time_required', event({ time: null })],
    ['bad_time', event({ time: 'yesterday' })],
    ['too_large', event({ data: 'x'.repeat(70_000) })],
    ['too_deep', event({ data: JSON.parse(`${'['.repeat(30)}1${']'.repeat(30)}`) as unknown })],
    ['bad_text', event({ data: 'a\0b' })],
    ['bad_text', event({ data: '\ud800' })],
  ];
  const answer = await send(JSON.stringify(bad.map(([, one]) => one)), {
    'content-type': 'application/cloudevents-batch+json',
  });
  const { results } = (await answer.json()) as { results: { status: string; reason: string }[] };
  expect(results.map(({ reason }) => reason)).toEqual(bad.map(([reason]) => reason));
  const huge = JSON.stringify(event({ data: 0 })).replace('"data":0', '"data":1e400');
  expect(await (await send(huge)).json()).toMatchObject({ results: [{ status: 'dead', reason: 'bad_number' }] });

  const many = JSON.stringify(Array.from({ length: 1_001 }, () => event()));
  const refused = [
    await send('{"id": 1'),
    await send(JSON.stringify(event()).replace('"id"', '"type":"a","id"')),
    await send('['.repeat(100_000)),
    await send(new Uint8Array([0x7b, 0xff, 0x7d])),
    await send(many, { 'content-type': 'application/cloudevents-batch+json' }),
    await send(' '.repeat(1_048_577)),
    await send('{}', { 'content-encoding': 'gzip' }),
    await send('a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
    await send('<a/>', { 'content-type': 'application/cloudevents+xml' }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 413, 413, 415, 415, 415]);
});

test('whoever tries it out is answered with what is wrong, and nothing is stored', async () => {
  const one = JSON.stringify(event({ id: 'strict', time: undefined }));
  const refused = await send(one, { prefer: 'handling=strict' });
  expect(await refused.json()).toMatchObject({ status: 422, code: 'event_unusable' });
  expect(await (await send(one)).json()).toMatchObject({ dead: 1, results: [{ reason: 'time_required' }] });
});

test('a paused source is answered with 503 and when to come again', async () => {
  await api.fetch('/gateway/sources/edge', json('PATCH', { paused: true }, { 'if-match': '*' }));
  await sleep(1_100);
  const paused = await send(JSON.stringify(event()));
  expect([paused.status, paused.headers.get('retry-after')]).toEqual([503, '5']);
  await api.fetch('/gateway/sources/edge', json('PATCH', { paused: false }, { 'if-match': '*' }));
  await sleep(1_100);
  expect((await send(JSON.stringify(event()))).status).toBe(200);
});

test('where the disk of the embedded database has too little space left, nothing is taken', async () => {
  const full = await startTestApi(database, {
    env: { DATABASE_URL: '', ARCADIA_DATA_DIR: import.meta.dirname, ARCADIA_GATEWAY_DISK_FREE_MIN: '1000000000' },
  });
  try {
    const refused = await fetch(`${full.url}/api/v1/gateway/sources/edge/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': structured },
      body: JSON.stringify(event()),
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ code: 'gateway_disk_full' });
  } finally {
    await full.close();
  }
});

test('a source whose queue no server reads says so', async () => {
  await makeSource(database.db, 'queued', { now, limits: { queue: 'arcadia.gateway.queued' } });
  const shown = async (source: string) => (await api.fetch(`/gateway/sources/${source}`)).json();
  const unread = { queueOpen: false, queueOpenAt: null, queueProblem: null, rejected: 0 };
  expect(await shown('queued')).toMatchObject(unread);
  expect(await shown('edge')).toMatchObject({ queueOpen: null });
});

test('a source has a quota of its own in events, and its requests are not counted as anonymous ones', async () => {
  const { db } = database;
  const slow = await makeSource(db, 'slow', { now, limits: { maxEventsPerSecond: 10 } });
  const batch = () =>
    fetch(`${api.url}/api/v1/gateway/sources/slow/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slow}`, 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(Array.from({ length: 990 }, () => event())),
    });
  expect((await batch()).status).toBe(200);
  const refused = await batch();
  expect(refused.status).toBe(429);
  expect(parseInt(refused.headers.get('retry-after') ?? '0', 10)).toBeGreaterThan(90);
  // Far more than the 40 a minute of an address.
  const answers = await Promise.all(Array.from({ length: 60 }, () => send(JSON.stringify(event()))));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
});

test('OPTIONS answers the handshake of CloudEvents, and no other method is of the address', async () => {
  const url = `${api.url}/api/v1/gateway/sources/edge/events`;
  const handshake = await fetch(url, { method: 'OPTIONS', headers: { 'webhook-request-origin': 'gateway.example' } });
  expect([
    handshake.status,
    handshake.headers.get('webhook-allowed-origin'),
    handshake.headers.get('webhook-allowed-rate'),
  ]).toEqual([200, 'gateway.example', '600000']);
  expect((await fetch(url)).status).toBe(405);
  // Who is not admitted does not learn which sources there are.
  const unknown = await fetch(`${api.url}/api/v1/gateway/sources/nobody/events`, {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'gateway.example' },
  });
  const shown = ({ status, headers }: Response) => [status, headers.get('webhook-allowed-rate'), headers.get('allow')];
  expect(shown(unknown)).toEqual(shown(handshake));
});

test('who guesses secrets is slowed down', async () => {
  const guesses: number[] = [];
  for (let times = 0; times < 45; times += 1)
    guesses.push((await send('{}', { authorization: 'Bearer whsec_guess' })).status);
  expect(new Set(guesses)).toEqual(new Set([401, 429]));
  expect((await send(JSON.stringify(event()))).status).toBe(200);
});

test('an account that sends is asked for nothing', async () => {
  expect((await api.fetch('/accounts/edge/check')).status).toBe(409);
  expect((await api.fetch('/sync-runs', json('POST', { account: 'edge' }))).status).toBeGreaterThanOrEqual(400);
  const accounts = (await (await api.fetch('/accounts')).json()) as { items: { account: string; provider: string }[] };
  expect(accounts.items.find(({ account }) => account === 'edge')?.provider).toBe('gateway');
});
