import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import rhea, { type Connection, type Message } from 'rhea';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { amqpTransport } from '../../src/gateway/amqp.ts';
import type { SentBody } from '../../src/gateway/cloud-event.ts';
import { Queues } from '../../src/gateway/queues.ts';
import { createLog } from '../../src/platform/log.ts';
import { event } from '../fixtures/gateway.ts';
import { type Broker, definitionsOfDocs, moveBackOfDocs, startRabbitMq } from './rabbitmq.ts';

// What the program takes from a broker's queues, and what it leaves there, beside a store that answers as a test says.

const queue = 'arcadia.gateway.edge';
const source = 'edge';
let broker: Broker;
const started = startRabbitMq(definitionsOfDocs);
beforeAll(async () => {
  const there = await started;
  if (there !== null) broker = there;
}, 300_000);
afterAll(() => broker?.close());

let queues: Queues | null = null;
let connections: Connection[] = [];
beforeEach((context) => {
  if (broker === undefined) context.skip('no RabbitMQ on this machine: apt-get install rabbitmq-server');
});
afterEach(async () => {
  await queues?.close();
  queues = null;
  for (const connection of connections) connection.close();
  connections = [];
});

function connect(): Connection {
  const { hostname: host, port } = new URL(broker.url);
  const connection = rhea
    .create_container()
    .connect({ host, port: parseInt(port, 10), username: 'guest', password: 'guest', reconnect: false });
  for (const name of ['connection_error', 'error', 'disconnected']) connection.on(name, () => {});
  connections.push(connection);
  return connection;
}

/** Sends messages until the broker has accepted them. */
async function send(messages: readonly Message[]): Promise<void> {
  const sender = connect().open_sender(`/amq/queue/${queue}`);
  let accepted = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  sender.once('sendable', () => {
    for (const one of messages) sender.send(one);
  });
  sender.on('accepted', () => {
    accepted += 1;
    if (accepted === messages.length) resolve();
  });
  await promise;
}

const messageOf = (id: string): Message => ({
  durable: true,
  content_type: 'application/cloudevents+json',
  body: rhea.message.data_section(Buffer.from(JSON.stringify(event({ id })))) as unknown,
});

const unreadable: Message = {
  ...messageOf('x'),
  body: rhea.message.data_section(Buffer.from('{"id": ')) as unknown,
};

/** How many messages were put aside. It takes a second, in which nothing else is done here. */
const countUnusable = (): number =>
  parseInt(
    broker.evaluate(
      `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}.unusable">>)), element(2, rabbit_amqqueue:stat(Q)).`,
    ),
    10,
  );

/** What the queues have said of themselves: `opened ...`, `lost ...`, `rejected ...`. */
let told: string[] = [];
const rejections = () => told.filter((each) => each.startsWith('rejected'));

function open(store: (sent: SentBody) => Promise<void>, url = broker.url): string[] {
  const said: string[] = [];
  told = [];
  queues = new Queues({
    transport: amqpTransport(url),
    bodyBytesMax: 1_048_576,
    sources: async () => [{ source, queue }],
    store: async (_, read) => store(read()),
    opened: async (sources) => void told.push(`opened ${sources.join()}`),
    lost: async (name, problem) => void told.push(`lost ${name}: ${problem}`),
    rejected: async (name, reason) => {
      told.push(`rejected ${name}: ${reason}`);
      if (rejections().length === 1) throw new Error('the database is away');
    },
    log: createLog({ level: 'warn', format: 'json', stream: { write: (line) => said.push(line) } }),
  });
  return said;
}
const idsOf = ({ events }: SentBody) => events.map(({ id }) => id);

/** Sends, as one who speaks AMQP 0.9.1 can, what says that it is of AMQP 1.0 and cannot be read: properties that are no map. */
function sendUndecodable(): void {
  const properties = `{'P_basic', ${Array.from({ length: 14 }, (_, place) => (place === 10 ? '<<"amqp-1.0">>' : 'undefined')).join(', ')}}`;
  const body = '<<0, 16#53, 16#74, 16#40, 0, 16#53, 16#75, 16#a0, 2, 16#68, 16#69>>';
  broker.evaluate(
    `rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), <<"${queue}">>, ${properties}, ${body}).`,
  );
}

test('what is taken and not stored is no more than a few messages', async () => {
  const taken: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await send(Array.from({ length: 60 }, (_, place) => messageOf(`few-${place}`)));
  open(async (sent) => {
    taken.push(...idsOf(sent));
    // The first is stored: from then on as many come as may.
    if (taken.length > 1) await promise;
  });
  await expect.poll(() => taken.length).toBe(9);
  await sleep(500);
  expect(taken).toHaveLength(9);
  resolve();
  await expect.poll(() => taken.length).toBe(60);
  expect(new Set(taken).size).toBe(60);
});

test('a broker that is killed and comes back has each message stored once more at most, and the next ones come', async () => {
  let isStored = false;
  const stored: string[] = [];
  let tries = 0;
  await send([messageOf('before')]);
  open(async (sent) => {
    tries += 1;
    if (!isStored) throw new Error('the database is away');
    stored.push(...idsOf(sent));
  });
  await expect.poll(() => tries).toBeGreaterThan(0);
  await broker.restart();
  const before = tries;
  await expect.poll(() => tries).toBeGreaterThan(before);
  isStored = true;
  await send([messageOf('after')]);
  await expect.poll(() => stored).toContain('after');
  await sleep(1_500); // whoever still waited for the connection that was lost would have tried again
  expect(stored.toSorted()).toEqual(['after', 'before']);
});

test('what is under way when the program ends is stored and acknowledged', async () => {
  const taken: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await send([messageOf('last')]);
  open(async (sent) => {
    taken.push(...idsOf(sent));
    await promise;
  });
  await expect.poll(() => taken).toEqual(['last']);
  const closing = queues?.close();
  resolve();
  await closing;
  await send([messageOf('next')]);
  open(async (sent) => {
    taken.push(...idsOf(sent));
  });
  await expect.poll(() => taken).toContain('next');
  expect(taken).toEqual(['last', 'next']);
});

test('a broker that does not let it in is said to', async () => {
  const said = open(async () => {}, broker.url.replace('guest:guest', 'guest:wrong'));
  await expect.poll(() => said.join('')).toContain('authenticat');
  expect(told).toEqual([expect.stringMatching(/^lost edge: .*authenticat/)]);
});

test('a message without events is rejected once that is counted', async () => {
  const [before, stored] = [countUnusable(), [] as string[]];
  await send([unreadable, messageOf('sound')]);
  open(async (sent) => {
    stored.push(...idsOf(sent));
  });
  await expect.poll(() => stored).toEqual(['sound']);
  await expect.poll(rejections).toHaveLength(2);
  const rejected = expect.stringMatching(/^rejected edge: .*JSON/) as string;
  expect(rejections()).toEqual([rejected, rejected]);
  expect(told[0]).toBe('opened edge');
  await expect.poll(countUnusable, { interval: 500 }).toBe(before + 1);
});

test('over TLS a broker is taken from whose certificate is trusted, by name and by address, and no other', async () => {
  const stored: string[] = [];
  const store = async (sent: SentBody) => void stored.push(...idsOf(sent));
  const said = open(store, broker.tlsUrl);
  await expect.poll(() => said.join('')).toContain('self-signed certificate');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, broker.certificate]);
  try {
    for (const host of ['localhost', '127.0.0.1']) {
      await queues?.close();
      await send([messageOf(host)]);
      open(store, broker.tlsUrl.replace('localhost', host));
      await expect.poll(() => stored).toContain(host);
    }
  } finally {
    setDefaultCACertificates(trusted);
  }
  expect(stored).toEqual(['localhost', '127.0.0.1']);
});

test('the command of the documentation moves back what was put aside, and it is stored once it can be', async () => {
  const stored = new Set<string>();
  let isUnusable = true;
  await send([unreadable, messageOf('back-1'), messageOf('back-2')]);
  const store = async (sent: SentBody) => {
    const ids = idsOf(sent);
    if (isUnusable) throw Object.assign(new Error('no such number'), { code: '22003' });
    for (const id of ids) stored.add(id);
  };
  open(store);
  // The first is tried twice: it was not counted at once.
  await expect.poll(rejections).toHaveLength(4);
  isUnusable = false;
  broker.run(moveBackOfDocs);
  await expect.poll(() => [...stored].toSorted()).toEqual(['back-1', 'back-2']);
  // What still holds no events is rejected again.
  await expect.poll(() => rejections().length).toBeGreaterThan(4);
});

test('a message that cannot be decoded ends beside the queue, and what came with it is stored', async () => {
  const [before, stored] = [countUnusable(), [] as string[]];
  await send([messageOf('a')]);
  sendUndecodable();
  await send(Array.from({ length: 6 }, (_, place) => messageOf(`b${place}`)));
  const said = open(async (sent) => {
    stored.push(...idsOf(sent));
  });
  await expect.poll(() => new Set(stored).size).toBe(7);
  // It comes as often as the queue's limit says, and once more.
  const lost = () => said.filter((line) => line.includes('is tried again')).length;
  await expect.poll(lost, { timeout: 240_000 }).toBeGreaterThan(20);
  await expect.poll(countUnusable, { interval: 500 }).toBe(before + 1);
  expect(told).toContainEqual(expect.stringMatching(/^lost edge: /));
  expect(lost()).toBe(21);
});
