import { connect as connectSocket, type Socket } from 'node:net';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { until } from '../../../test/jobs/worker-fixture.ts';
import { createCustomer } from '../../deployments/customers.ts';
import { loadConfig } from '../../platform/config.ts';
import { generateSecretKey } from '../../platform/secrets/crypto.ts';
import { publishEvents, readEventRange, publishEvent } from '../../platform/events.ts';
import { createLog } from '../../platform/log.ts';
import type { Principal, Role } from '../../platform/declare/operation.ts';
import { openAuthenticator } from '../access/authentication.ts';
import { openEventHub } from './event-hub.ts';
import { openEventStreams } from './event-streams.ts';
import { openReadiness } from '../health/readiness.ts';
import { type HttpServer, startHttpServer } from '../serve/server.ts';
import { issueToken } from '../../platform/secrets/issue-token.ts';
import { program } from '../../modules.ts';

const config = loadConfig(
  {
    env: {
      ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused',
      ARCADIA_SECRET_KEY: generateSecretKey(),
      ARCADIA_JWT_SECRET: 'a secret of thirty-two characters, at least',
    },
  },
  program.settings,
);
const log = createLog({ level: 'silent', format: 'json' });
const now = Temporal.Instant.from('2026-05-01T00:00:00Z');

let database: TestDatabase;
let server: HttpServer;
let customers: number[];

async function startServer(): Promise<HttpServer> {
  const { db, connectionString } = database;
  return startHttpServer({
    port: 0,
    db,
    connectionString,
    config,
    log,
    registry: new Registry(),
    program,
    page: null,
    readiness: openReadiness({ db, program, stopping: new AbortController().signal }),
    authenticator: await openAuthenticator({ config, db, log }),
    enqueue: () => Promise.reject(new Error('nothing is enqueued here')),
    enqueueOrFind: () => Promise.reject(new Error('nothing is enqueued here')),
  });
}

beforeAll(async () => {
  database = await openTestDatabase();
  const made = await Promise.all(
    ['cus_1', 'cus_2'].map((externalId) =>
      createCustomer(database.db, { externalId, name: externalId, currency: 'USD' }, now),
    ),
  );
  customers = made.map(({ customerId }) => customerId);
  await publishEvents(database.db);
  server = await startServer();
});
afterAll(async () => {
  await server.close();
  await database.close();
});

interface Message {
  readonly id?: string;
  readonly event?: string;
  readonly data?: Record<string, string>;
}

/** What a browser's EventSource does, and no more. */
class Reader {
  readonly messages: Message[] = [];
  lastId: string | null = null;
  ended = false;
  constructor(response: Response) {
    // Who leaves breaks it off.
    void this.#read(response)
      .catch(() => {})
      .finally(() => {
        this.ended = true;
      });
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    if (fields.id !== undefined) this.lastId = fields.id;
    if (fields.data === undefined) return;
    this.messages.push({ ...fields, data: JSON.parse(fields.data) as Record<string, string> });
  }

  get received(): string[] {
    return this.messages.map(({ event, data }) => `${event} ${data?.subject ?? data?.reason}`);
  }
}

async function ask(
  role: Role,
  options: { id?: string | null; customer?: string; subject?: string; at?: HttpServer } = {},
) {
  const token = await issueToken(config, {
    role,
    customer: options.customer ?? null,
    subject: options.subject ?? `${role} of ${expect.getState().currentTestName}`.slice(0, 200),
    expiresIn: Temporal.Duration.from({ hours: 1 }),
  });
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const aborter = new AbortController();
  onTestFinished(() => aborter.abort());
  const response = await fetch(`${(options.at ?? server).url}/api/v1/events`, {
    signal: aborter.signal,
    headers: options.id ? { ...headers, 'last-event-id': options.id } : headers,
  });
  return { response, leave: () => aborter.abort() };
}

/** A stream that has its place: what is told from now on is received. */
async function listenAs(role: Role, options: Parameters<typeof ask>[1] = {}) {
  const { response, leave } = await ask(role, options);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const reader = new Reader(response);
  await until(() => reader.lastId !== null, 'it has a place');
  return Object.assign(reader, { leave });
}

const publishFor = (type: string, subject: string, customerId: number | null, forEveryone = false) =>
  sql`SELECT publish_event(${type}, ${subject}, ${customerId}, ${forEveryone})`.execute(database.db);

test('what changes is received as it changes, with an id, and by whoever comes back what they missed', async () => {
  const reader = await listenAs('operator');
  await publishEvent(database.db, 'sync.ended', 'acme/droplet');
  await until(() => reader.messages.length === 1, 'the event');
  expect(reader.messages[0]).toMatchObject({
    id: reader.lastId,
    event: 'sync.ended',
    data: { type: 'sync.ended', subject: 'acme/droplet', at: expect.stringMatching(/^\d{4}-.*Z$/) },
  });
  reader.leave();
  await publishEvent(database.db, 'sync.ended', 'acme/volume');
  await publishEvent(database.db, 'queue.changed', 'metering');
  const again = await listenAs('operator', { id: reader.lastId });
  await publishEvent(database.db, 'sync.ended', 'acme/app');
  await until(() => again.messages.length === 3, 'all that was missed, and what came');
  expect(again.received).toEqual(['sync.ended acme/volume', 'queue.changed metering', 'sync.ended acme/app']);
});

test('two processes tell the same: in the same order, with the same ids', async () => {
  const other = await startServer();
  onTestFinished(() => other.close());
  const readers = await Promise.all([listenAs('owner'), listenAs('owner', { at: other })]);
  for (let n = 0; n < 30; n += 1) await publishEvent(database.db, 'sync.ended', `many/${n}`);
  await until(() => readers.every(({ messages }) => messages.length === 30), 'both have received all');
  expect(readers[1]?.messages).toEqual(readers[0]?.messages);
  const ids = readers[0]?.messages.map(({ id }) => Number(id)) ?? [];
  expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
});

test('a customer hears of its own and of everybody’s, and of nothing else; our people by their role', async () => {
  const [one = 0, two = 0] = customers;
  const first = await listenAs('customer', { customer: 'cus_1' });
  const second = await listenAs('customer', { customer: 'cus_2' });
  const finance = await listenAs('finance');
  const operator = await listenAs('operator');
  const places = [first.lastId, second.lastId];
  await publishFor('attribution.changed', 'one', one);
  await publishFor('attribution.changed', 'two', two);
  await publishFor('attribution.changed', 'unattributed', null);
  await publishFor('sync.ended', 'acme/droplet', null);
  await publishFor('plan.changed', 'gold', null);
  await publishFor('queue.changed', 'metering', null);
  await publishFor('unheard.of', 'secret', null, true);
  await publishFor('day.metered', '2026-04-30', null, true);
  const all = [first, second, finance, operator];
  await until(
    () => all.every(({ received }) => received.at(-1) === 'day.metered 2026-04-30'),
    'all have received the last',
  );
  expect(first.received).toEqual(['attribution.changed one', 'day.metered 2026-04-30']);
  expect(second.received).toEqual(['attribution.changed two', 'day.metered 2026-04-30']);
  const ours = ['attribution.changed one', 'attribution.changed two', 'attribution.changed unattributed'];
  // Queues are not for finance: GET /queues is not. All else is for both, as its GETs are.
  const both = ['sync.ended acme/droplet', 'plan.changed gold'];
  expect(finance.received).toEqual([...ours, ...both, 'day.metered 2026-04-30']);
  expect(operator.received).toEqual([...ours, ...both, 'queue.changed metering', 'day.metered 2026-04-30']);

  const again = await listenAs('customer', { customer: 'cus_1', id: places[0] ?? '' });
  await until(() => again.messages.length === 2, 'what was missed');
  expect(again.received, 'what it missed is as narrow').toEqual(first.received);
  const { rows } = await database.db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('role', 'arcadia_customer', true), set_config('arcadia.customer', ${String(one)}, true)`.execute(
      trx,
    );
    return sql<{ subject: string }>`SELECT subject FROM events WHERE event_id > ${places[0]} ORDER BY event_id`.execute(
      trx,
    );
  });
  expect(
    rows.map(({ subject }) => subject),
    'the database says the same',
  ).toEqual(['one', 'secret', '2026-04-30']);
});

test('whoever comes back too late is told to ask for everything anew', async () => {
  const reader = await listenAs('operator');
  reader.leave();
  await sql`INSERT INTO event_outbox (type, subject, for_everyone, recorded_at)
            SELECT 'sync.ended', 'flood/' || n, false, ${now} FROM generate_series(1, 12000) AS n`.execute(database.db);
  await publishEvent(database.db, 'sync.ended', 'the last');
  await publishEvents(database.db);
  const late = await listenAs('operator', { id: reader.lastId });
  // Once for what it missed; and once more where it came before this process had seen the flood itself.
  expect(new Set(late.messages.map(({ event }) => event))).toEqual(new Set(['reset']));
  const { last } = await readEventRange(database.db);
  await until(() => Number(late.lastId) === last, 'it stands at the end');
  const ahead = await listenAs('operator', { id: String(last + 5) });
  expect(ahead.messages, 'of a database that was put back').toMatchObject([{ event: 'reset' }]);
  const nonsense = await listenAs('operator', { id: 'abc' });
  expect(nonsense.messages).toEqual([]);
});

test('without a token, with a wrong role, and beyond the streams that one may have, it is refused', async () => {
  expect((await fetch(`${server.url}/api/v1/events`)).status).toBe(401);
  const open = await Promise.all(Array.from({ length: 10 }, () => listenAs('viewer', { subject: 'many tabs' })));
  const { response } = await ask('viewer', { subject: 'many tabs' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '10']);
  expect((await ask('viewer', { subject: 'somebody else' })).response.status).toBe(200);
  open[0]?.leave();
  await until(async () => {
    const { response: next, leave } = await ask('viewer', { subject: 'many tabs' });
    leave();
    return next.status === 200;
  }, 'a place is free again');
});

test('a server that stops says so and closes at once', async () => {
  const other = await startServer();
  const reader = await listenAs('owner', { at: other });
  await other.close();
  await until(() => reader.ended, 'the stream has ended');
  expect(reader.received).toEqual(['bye the server stops']);
});

// What takes long over HTTP, with the parts alone.

async function openParts(limits: Parameters<typeof openEventStreams>[0]['limits'] = {}) {
  const { db, connectionString } = database;
  const hub = await openEventHub({ db, connectionString, log });
  onTestFinished(() => hub.close());
  const registry = new Registry();
  return { hub, registry, streams: openEventStreams({ hub, events: program.events, log, registry, limits }) };
}

const principal = (more: Partial<Principal> = {}): Principal => ({
  subject: 'me',
  role: 'owner',
  customerId: null,
  ...more,
});

test('a stream ends with its token', async () => {
  const { streams } = await openParts();
  const expiresAt = Temporal.Now.instant().add({ milliseconds: 300 });
  const text = (await streams.open(principal({ expiresAt }), null, new AbortController().signal).toArray()).join('');
  expect(text).toMatch(
    /^retry: 3000\n\nid: \d+\n\nevent: bye\ndata: \{"type":"bye","reason":"the token has expired"\}\n\n$/,
  );
});

test('a reader that does not keep up is told so, and nothing is kept for it without end', async () => {
  const { hub, streams } = await openParts();
  const body = streams.open(principal(), null, new AbortController().signal);
  // It begins, and then nobody takes anything.
  body.read(0);
  await until(() => body.readableLength > 0, 'it has begun');
  await sql`INSERT INTO event_outbox (type, subject, for_everyone, recorded_at)
            SELECT 'sync.ended', repeat('x', 200) || n, false, ${now} FROM generate_series(1, 3000) AS n`.execute(
    database.db,
  );
  await publishEvents(database.db);
  const { last } = await readEventRange(database.db);
  await until(() => hub.position >= last, 'the hub has read them');
  const text = (await body.toArray()).join('');
  expect(text.endsWith('event: bye\ndata: {"type":"bye","reason":"too slow"}\n\n')).toBe(true);
  expect(text.match(/^event: sync.ended$/gm)?.length ?? 0).toBeLessThan(3_000);
});

test('a connection whose reader takes nothing is cut off', async () => {
  const { streams, registry } = await openParts({ stalledMsMax: 1_000 });
  const body = streams.open(principal(), null, new AbortController().signal);
  const failed = new Promise((resolve) => body.once('error', resolve));
  expect(await registry.metrics()).toContain('arcadia_event_streams 1');
  expect(await failed).toMatchObject({ message: 'its reader takes nothing' });
  await until(async () => (await registry.metrics()).includes('arcadia_event_streams 0'), 'its place is free');
});

test('no more streams are open than may be', async () => {
  const { streams } = await openParts({ streamsMax: 2 });
  const gone = new AbortController();
  for (const subject of ['a', 'b']) streams.open(principal({ subject }), null, gone.signal).resume();
  expect(() => streams.open(principal({ subject: 'c' }), null, gone.signal)).toThrow('Too many streams');
  gone.abort();
});

test('every type that the database tells is known here, so that somebody hears it', async () => {
  const { rows } = await sql<{ type: string }>`
    SELECT DISTINCT encode(split_part(encode(tgargs, 'escape'), '\\000', 1)::bytea, 'escape') AS type
    FROM pg_trigger WHERE tgfoid = 'publish_changed_rows'::regproc ORDER BY 1`.execute(database.db);
  expect(rows.length).toBeGreaterThan(5);
  for (const { type } of rows)
    expect(
      program.events.map((event) => event.type),
      `somebody receives ${type}`,
    ).toContain(type);
});

test('a HEAD of the stream ends', async () => {
  const token = await issueToken(config, {
    role: 'owner',
    customer: null,
    subject: 'head',
    expiresIn: Temporal.Duration.from({ hours: 1 }),
  });
  const { hostname, port } = new URL(server.url);
  const socket: Socket = connectSocket(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `HEAD /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
  );
  const text = (await socket.setEncoding('utf8').toArray()).join('');
  expect(text).toMatch(/^HTTP\/1.1 200 /);
});
