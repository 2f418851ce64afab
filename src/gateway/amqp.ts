import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AmqpError, Connection, EventContext, Message } from 'rhea';
import type { SentMessage, Settlement, Transport } from './transport.ts';

// AMQP 1.0, as RabbitMQ speaks it, with events as the AMQP binding of CloudEvents says: structured, or attributes as
// application properties. One connection for each queue: a broker ends the session of a queue that is not there.

/** A connection that says nothing for twice as long is lost. */
const idleMs = 30_000;
/** What is under way when the program ends is waited for so long. */
const closeMs = 5_000;
const prefix = /^cloudEvents[:_]/;

/** @param url amqp://user:password@host:port/vhost, or amqps */
export function amqpTransport(url: string): Transport {
  const { hostname, port, username, password, protocol, pathname } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTls = protocol === 'amqps:';
  const vhost = decodeURIComponent(pathname.slice(1));
  const connect = async () => {
    const { default: rhea } = await import('rhea');
    return rhea.create_container().connect({
      host,
      port: port === '' ? (isTls ? 5671 : 5672) : parseInt(port, 10),
      // An address is no name that a server is asked by; its certificate is held against it all the same.
      ...(isTls ? { transport: 'tls' as const, servername: isIP(host) === 0 ? host : '' } : {}),
      ...(username === '' ? {} : { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
      ...(vhost === '' ? {} : { hostname: `vhost:${vhost}` }),
      idle_time_out: idleMs,
      reconnect: false,
    });
  };
  return {
    address: `${host}${pathname === '/' ? '' : pathname}`,
    consume: async (queue, take, options) => consumeFrom(await connect(), queue, take, options),
  };
}

function consumeFrom(
  connection: Connection,
  queue: string,
  take: (message: SentMessage) => Promise<Settlement>,
  { signal, opened, messagesMax }: Parameters<Transport['consume']>[2],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lost = (error: unknown) => {
    connection.close();
    reject(errorOf(error, queue));
  };
  connection.on('connection_error', ({ error }: EventContext) => lost(error));
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
  const underWay = new Set<Promise<void>>();
  receiver.on('receiver_open', () => {
    // One at first: where it cannot be read, the connection is lost, and what came with it would count as delivered once more.
    receiver.add_credit(1);
    opened();
  });
  receiver.on('message', ({ message, delivery }: EventContext) => {
    if (message === undefined || delivery === undefined || signal.aborted) return;
    const one = take(sentIn(message))
      .then(
        (settlement) => {
          if (connection.is_closed()) return;
          if (settlement === 'stored') delivery.accept();
          else delivery.reject({ condition: 'amqp:decode-error', description: 'It holds no events.' });
        },
        (error: unknown) => {
          if (!signal.aborted) lost(error);
        },
      )
      .finally(() => {
        underWay.delete(one);
        // Only once all that was asked for has come: RabbitMQ would send what is under way once more than it may.
        if (signal.aborted || connection.is_closed() || receiver.has_credit()) return;
        const more = messagesMax() - underWay.size;
        if (more > 0) receiver.add_credit(more);
      });
    underWay.add(one);
  });
  const stop = async () => {
    await Promise.race([Promise.all(underWay), sleep(closeMs, undefined, { ref: false })]);
    connection.close();
    resolve();
  };
  const stopped = () => void stop();
  if (signal.aborted) stopped();
  else signal.addEventListener('abort', stopped, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', stopped));
}

function errorOf(error: unknown, queue: string): Error {
  if (error instanceof Error) return error;
  const { condition, description } = (error ?? {}) as Partial<AmqpError>;
  return new Error(`The queue ${queue} was lost: ${description ?? condition ?? 'the broker closed it'}.`);
}

/** Exported for tests: the message as HTTP would have brought it. */
export function sentIn({ content_type, application_properties, body }: Message): SentMessage {
  const attributes = Object.entries((application_properties ?? {}) as Record<string, unknown>)
    .filter(([name, value]) => prefix.test(name) && value !== null)
    .map(([name, value]) => [`ce-${name.replace(prefix, '').toLowerCase()}`, encodeURIComponent(textOf(value))]);
  return {
    headers: {
      ...Object.fromEntries(attributes),
      'content-type': content_type === undefined ? undefined : String(content_type),
    },
    body: bytesOf(body),
  };
}

/** Of a time, which AMQP has as a type of its own, as JSON has it; of a whole number beyond 2^53 its digits. */
function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.length === 8 ? String(value.readBigInt64BE()) : value.toString('base64');
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll('"', '');
}

/** Of data sections their bytes, of a value in its place its text. */
function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  const { content } = (body ?? {}) as { readonly content?: unknown };
  if (content instanceof Uint8Array) return content;
  return Array.isArray(content) ? Buffer.concat(content.filter((part) => part instanceof Uint8Array)) : Buffer.alloc(0);
}
