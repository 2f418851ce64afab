import rhea, { type AmqpError, type Connection, type EventContext, type Message } from 'rhea';
import type { SentMessage, Settlement, Transport } from './transport.ts';

// AMQP 1.0, as RabbitMQ and others speak it, with events as the AMQP binding of CloudEvents says: structured, or attributes as
// application properties. One connection for each queue: a broker ends the session of a queue that is not there.

/** Messages that are taken and not settled yet. */
const inFlightMax = 100;
/** A connection that says nothing for twice as long is lost. */
const idleMs = 30_000;
const prefix = /^cloudEvents[:_]/;

/** @param url amqp://user:password@host:port/vhost, or amqps */
export function amqpTransport(url: string): Transport {
  const { hostname: host, port, username, password, protocol, pathname } = new URL(url);
  const isTls = protocol === 'amqps:';
  const vhost = decodeURIComponent(pathname.slice(1));
  const connect = () =>
    rhea.create_container().connect({
      host,
      port: port === '' ? (isTls ? 5671 : 5672) : parseInt(port, 10),
      ...(isTls ? { transport: 'tls' as const, servername: host } : {}),
      ...(username === '' ? {} : { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
      ...(vhost === '' ? {} : { hostname: `vhost:${vhost}` }),
      idle_time_out: idleMs,
      reconnect: false,
    });
  return {
    address: `${host}${pathname === '/' ? '' : pathname}`,
    consume: (queue, take, options) => consumeFrom(connect(), queue, take, options),
  };
}

function consumeFrom(
  connection: Connection,
  queue: string,
  take: (message: SentMessage) => Promise<Settlement>,
  { signal, opened }: { readonly signal: AbortSignal; opened(): void },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lost = (error: unknown) => {
    connection.close();
    reject(errorOf(error, queue));
  };
  connection.on('connection_error', () => lost(connection.error));
  connection.on('session_error', ({ session }: EventContext) => lost(session?.error));
  connection.on('receiver_error', ({ receiver }: EventContext) => lost(receiver?.error));
  connection.on('receiver_close', () => lost(undefined));
  connection.on('connection_close', () => lost(undefined));
  connection.on('disconnected', ({ error }: EventContext) => lost(error));
  // What the library cannot make sense of it says in this way, and would throw elsewhere.
  connection.on('error', lost);
  const receiver = connection.open_receiver({
    source: { address: `/amq/queue/${queue}` },
    credit_window: 0,
    autoaccept: false,
  });
  let settled = 0;
  receiver.on('receiver_open', () => {
    receiver.add_credit(inFlightMax);
    opened();
  });
  receiver.on('message', ({ message, delivery }: EventContext) => {
    if (message === undefined || delivery === undefined) return;
    take(sentIn(message)).then((settlement) => {
      if (connection.is_closed()) return;
      if (settlement === 'stored') delivery.accept();
      else delivery.reject({ condition: 'amqp:decode-error', description: 'It holds no events.' });
      settled += 1;
      // Only once all that was asked for has come: RabbitMQ would send what is under way once more than it may.
      if (receiver.has_credit()) return;
      receiver.add_credit(settled);
      settled = 0;
    }, lost);
  });
  const stop = () => {
    connection.close();
    resolve();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

function errorOf(error: unknown, queue: string): Error {
  if (error instanceof Error) return error;
  const { condition, description } = (error ?? {}) as Partial<AmqpError>;
  return new Error(`The queue ${queue} was lost: ${description ?? condition ?? 'the broker closed it'}.`);
}

/** Exported for tests: the message as HTTP would have brought it. */
export function sentIn({ content_type, application_properties, body }: Message): SentMessage {
  const attributes = Object.entries((application_properties ?? {}) as Record<string, unknown>)
    .filter(([name]) => prefix.test(name))
    .map(([name, value]) => [`ce-${name.replace(prefix, '').toLowerCase()}`, encodeURIComponent(textOf(value))]);
  return {
    headers: {
      ...Object.fromEntries(attributes),
      'content-type': content_type === undefined ? undefined : String(content_type),
    },
    body: bytesOf(body),
  };
}

/** Of a time, which AMQP has as a type of its own, as JSON has it. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value).replaceAll('"', '') : String(value);
}

/** Of data sections their bytes, of a value in its place its text. */
function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  const { content } = (body ?? {}) as { readonly content?: unknown };
  if (content instanceof Uint8Array) return content;
  return Array.isArray(content) ? Buffer.concat(content.filter((part) => part instanceof Uint8Array)) : Buffer.alloc(0);
}
