import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import rhea, { type Connection, type EventContext, type Message, type Sender } from 'rhea';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/platform/database/database.ts';
import { type Broker, definitionsOfDocs, startRabbitMq } from '../brokers/rabbitmq.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { freePort, startRestarting } from '../faults/gateway-processes.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// One suite over every way on which events come: HTTP, and a broker's queue.

const now = instant('2026-05-05');
const queue = 'arcadia.gateway.edge';
/** An event's body, with its media type; of binary mode also its attributes. */
interface Sent {
  readonly type: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Way {
  /** Sends until it is acknowledged. */
  send(sent: Sent): Promise<void>;
  /** Sends what holds no events. Answers once that is refused. */
  refused(sent: Sent): Promise<void>;
  close(): Promise<void>;
}

const structured = (events: object | readonly object[]): Sent => ({
  type: Array.isArray(events) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
  body: JSON.stringify(events),
});

function overHttp(url: () => string, secret: string): Way {
  const post = async ({ type, attributes = {}, body }: Sent): Promise<number | null> => {
    const ce = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURIComponent(value)] as const);
    const sent = await fetch(`${url()}/api/v1/gateway/sources/edge/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': type, ...Object.fromEntries(ce) },
      body,
    }).catch(() => null);
    return sent?.status ?? null;
  };
  return {
    async send(sent) {
      for (let status = await post(sent); status !== 200 && status !== 409; status = await post(sent)) await sleep(20);
    },
    async refused(sent) {
      expect(await post(sent)).toBeOneOf([400, 415]);
    },
    async close() {},
  };
}

/** A publisher with an outbox: what is not accepted by the broker is sent again, on a new connection. */
function overAmqp(url: string): Way {
  const { hostname: host, port } = new URL(url);
  const outbox = new Map<Message, () => void>();
  const underWay = new Map<object, Message>();
  let connection: Connection;
  let sender: Sender;
  const flush = () => {
    for (const message of outbox.keys())
      if (sender.sendable() && ![...underWay.values()].includes(message)) underWay.set(sender.send(message), message);
  };
  const connect = () => {
    underWay.clear();
    connection = rhea
      .create_container()
      .connect({ host, port: parseInt(port, 10), username: 'guest', password: 'guest', reconnect: false });
    sender = connection.open_sender(`/amq/queue/${queue}`);
    sender.on('sendable', flush);
    sender.on('accepted', ({ delivery }: EventContext) => {
      const message = underWay.get(delivery as object) as Message;
      underWay.delete(delivery as object);
      outbox.get(message)?.();
      outbox.delete(message);
      flush();
    });
    for (const name of ['connection_error', 'session_error', 'sender_error', 'error']) connection.on(name, () => {});
    connection.on('disconnected', () => setTimeout(connect, 50));
  };
  connect();
  const send = ({ type, attributes = {}, body }: Sent) =>
    new Promise<void>((resolve) => {
      const properties = Object.entries(attributes).map(([name, value]) => [`cloudEvents:${name}`, value]);
      const message = {
        durable: true,
        content_type: type,
        application_properties: Object.fromEntries(properties) as Record<string, string>,
        body: rhea.message.data_section(Buffer.from(body)) as unknown,
      };
      outbox.set(message, resolve);
      flush();
    });
  return {
    send,
    async refused(sent) {
      await send(sent);
      const receiver = connection.open_receiver({ source: `/amq/queue/${queue}.unusable`, autoaccept: true });
      const context = await new Promise<EventContext>((resolve) => receiver.once('message', resolve));
      const body = context.message?.body as { readonly content: Buffer } | undefined;
      expect(body?.content.toString()).toBe(sent.body);
      receiver.close();
    },
    async close() {
      connection.removeAllListeners('disconnected');
      connection.close();
    },
  };
}

let broker: Broker | null = null;
beforeAll(async () => {
  broker = await startRabbitMq(definitionsOfDocs);
}, 300_000);
afterAll(() => broker?.close());

test('the queues of the documentation are of the kind that keeps what it has accepted', () => {
  expect(definitionsOfDocs.queues).toEqual([
    expect.objectContaining({
      name: queue,
      durable: true,
      arguments: expect.objectContaining({ 'x-queue-type': 'quorum', 'x-delivery-limit': 20 }) as unknown,
    }),
    expect.objectContaining({ name: `${queue}.unusable`, arguments: { 'x-queue-type': 'quorum' } }),
  ]);
});

describe.each(['HTTP', 'AMQP 1.0'] as const)('over %s', (name) => {
  let database: TestDatabase;
  let db: Database;
  let api: TestApi | null = null;
  let url: string;
  let way: Way;
  const isThere = () => name === 'HTTP' || broker !== null;
  const ofBroker = (): Record<string, string> => (broker === null ? {} : { ARCADIA_GATEWAY_AMQP_URL: broker.url });

  beforeEach(async (context) => {
    if (!isThere()) context.skip('no RabbitMQ on this machine: apt-get install rabbitmq-server');
    database = await openTestDatabase();
    db = database.db;
    await setClock(db, now);
    const limits = { maxEventsPerSecond: 1_000_000, ...(name === 'HTTP' ? {} : { queue }) };
    const secret = await makeSource(db, 'edge', { now, limits });
    await makeMeters(db, [requests], now);
    api = await startTestApi(database, { env: { ARCADIA_GATEWAY_BACKLOG_MAX: '1000', ...ofBroker() } });
    url = api.url;
    way = name === 'HTTP' ? overHttp(() => url, secret) : overAmqp(broker?.url ?? '');
  });
  afterEach(async () => {
    if (!isThere()) return;
    await way.close();
    await api?.close();
    await database.close();
  });

  const count = async (table: 'gateway_events' | 'gateway_usage' | 'gateway_conflicts') =>
    (await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)}`.execute(db)).rows[0]?.n ?? 0;
  const untilStored = (events: number) => expect.poll(() => count('gateway_events'), { timeout: 60_000 }).toBe(events);
  const states = async () => {
    const { rows } = await sql<{ id: string; state: string }>`
      SELECT e.event_id AS id, coalesce(o.outcome || ' ' || o.reason, u.value::text) AS state
      FROM gateway_events e LEFT JOIN gateway_outcomes o USING (account_id, gateway_event_id)
      LEFT JOIN gateway_usage u USING (account_id, gateway_event_id)`.execute(db);
    return Object.fromEntries(rows.map(({ id, state }) => [id, state]));
  };

  test('events come one by one, in batches and in binary mode, with their numbers as they were written', async () => {
    await way.send(structured(event({ id: 'one', data: { requests: 12 } })));
    await way.send(structured([event({ id: 'two' }), event({ id: 'three', time: undefined })]));
    const { data, ...attributes } = event({ id: 'b%41 ü', type: 'request' });
    expect(data).toEqual({ requests: 1 });
    const binary = { type: 'application/json', attributes: attributes as Record<string, string> };
    await way.send({ ...binary, body: '{"requests": 0.12345678901234567890}' });
    await untilStored(4);
    await interpretAll(db, now);
    expect(await states()).toEqual({
      one: '12',
      two: '1',
      three: 'dead time_required',
      'b%41 ü': '0.12345678901234567890',
    });
  });

  test('the same again counts once, and another content under a known id never', async () => {
    const one = event({ id: 'e1', data: { requests: 30 } });
    await way.send(structured(one));
    await way.send(structured([one, one]));
    await way.send(structured({ ...one, data: { requests: 31 } }));
    await expect.poll(() => count('gateway_conflicts'), { timeout: 30_000 }).toBe(1);
    await interpretAll(db, now);
    expect(await states()).toEqual({ e1: '30' });
  });

  test('what holds no events is refused, and keeps nothing else from coming', async () => {
    await way.refused({ type: 'application/cloudevents+json', body: '{"specversion": ' });
    await way.refused({ type: 'text/plain', body: 'hello' });
    await way.send(structured(event()));
    await untilStored(1);
  });

  test.runIf(name === 'AMQP 1.0')('messages without events are counted and announced', async () => {
    await addHook(db, now, { webhook: 'ops', url: 'https://127.0.0.1:1/' });
    await way.refused({ type: 'application/cloudevents+json', body: '{"specversion": ' });
    await way.refused({ type: 'text/plain', body: 'hello' });
    const shown = (await (await api?.fetch('/gateway/sources/edge'))?.json()) as object;
    expect(shown).toMatchObject({ queueOpen: true, rejected: 2, rejectedAt: '2026-05-05T00:00:00Z' });
    expect(shown).toMatchObject({ rejectedReason: expect.stringContaining('Events are sent as') as string });
    const { rows } = await sql`SELECT type, data FROM webhook_messages WHERE type LIKE 'gateway.%'`.execute(db);
    expect(rows).toMatchObject([{ type: 'gateway.dead', data: { source: 'edge', dead: 0, rejected: 1 } }]);
  });

  test('a pause and a backlog keep what is sent waiting, and lose none of it', async () => {
    const set = (body: object) => api?.fetch('/gateway/sources/edge', json('PATCH', body, { 'if-match': '*' }));
    await set({ paused: true });
    await sleep(1_100); // the intake looks at a source once a second
    const first = way.send(structured(event()));
    await sleep(500);
    expect(await count('gateway_events')).toBe(0);
    await set({ paused: false });
    await first;
    await untilStored(1);
    await way.send(structured(Array.from({ length: 1_000 }, () => event())));
    await untilStored(1_001);
    await sleep(1_100);
    const later = way.send(structured(event()));
    await sleep(500);
    expect(await count('gateway_events')).toBe(1_001);
    await interpretAll(db, now);
    await later;
    await untilStored(1_002);
  }, 60_000);

  test(
    'a server that is killed in the midst of it loses nothing and doubles nothing',
    async () => {
      const events = soaking ? 100_000 : 2_000;
      const batch = soaking ? 50 : 5;
      // In place of the one in this process.
      await api?.close();
      api = null;
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const args = [database.connectionString, 'serve', now.toString(), '0', 'before', port];
      const server = startRestarting(args, ofBroker());
      try {
        const sending = Array.from({ length: 20 }, async (_, client) => {
          for (let at = client * batch; at < events; at += 20 * batch)
            await way.send(structured(Array.from({ length: batch }, (__, place) => event({ id: `${at + place}` }))));
        });
        for (const part of [0.3, 0.6]) {
          while ((await count('gateway_events')) < events * part) await sleep(5);
          await server.restart();
        }
        await Promise.all(sending);
        await expect.poll(() => count('gateway_events'), { timeout: timeoutOf(60_000) || 600_000 }).toBe(events);
      } finally {
        await server.close();
      }
      await interpretAll(db, now);
      const { rows } = await sql`
        SELECT count(*) AS counted, count(DISTINCT gateway_event_id) AS events, sum(value)::int AS sum FROM gateway_usage`.execute(
        db,
      );
      expect(rows).toEqual([{ counted: events, events, sum: events }]);
    },
    timeoutOf(180_000),
  );
});
