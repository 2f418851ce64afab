import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { SendWindow } from '../provisioner.ts';
import type { Machine } from './machine.ts';
import { readRateHeaders } from './rate-headers.ts';
import { describeNetworkError, type RequestEvent } from './request.ts';
import { startRequestSpan } from './spans.ts';
import type { Throttle } from './throttle.ts';

/** A limit on everything that a write may cost. */
interface SendLimits {
  /** From the begin of its connection to the end of its answer. */
  readonly attemptMs: number;
  readonly bodyBytes: number;
}

export const sendLimits: SendLimits = { attemptMs: 60_000, bodyBytes: 4 * 1024 * 1024 };

export interface Write {
  readonly method: 'POST' | 'DELETE';
  /** Without a query. */
  readonly path: string;
  /** null: none. */
  readonly body: unknown;
}

/** How it ended, as HTTP has it. */
export type SendEnd =
  | { readonly end: 'answered'; readonly status: number; readonly body: unknown; readonly requestId: string | null }
  | { readonly end: 'not_sent'; readonly reason: string }
  | { readonly end: 'rate_limited'; readonly afterMs: number | null; readonly reason: string }
  | { readonly end: 'unclear'; readonly status: number | null; readonly reason: string };

interface SenderOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly machine: Machine;
  readonly throttle: Throttle;
  readonly limits: SendLimits;
  readonly onRequest: (event: RequestEvent) => void;
}

interface Raw {
  readonly response: IncomingMessage;
  readonly text: string;
}

/** Why nothing came back: before any byte of the request had left, or after. */
class SendFailure extends Error {
  override readonly name = 'SendFailure';
  readonly left: boolean;

  constructor(left: boolean, cause: unknown) {
    super(describeNetworkError(cause), { cause });
    this.left = left;
  }
}

/** One collection and one id, and whatever is under it; a name alone creates. Ids are escaped. */
const one = /^\/v2(?:\/[a-z_]+)+\/[^/?#]+(?:\/[^/?#]+)*$/;
const collection = /^\/v2(?:\/[\w%.:-]+)+$/;

/**
 * Writes to the provider's API: each write once, on a connection of its own. What got no byte out is `not_sent`;
 * from the first byte on its end is the provider's answer, or unclear. It has no way to destroy by tag, nor a droplet
 * with all that hangs on it: a DELETE is of one thing by its id.
 */
export class Sender {
  readonly #options: SenderOptions;
  #sent = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Writes of which bytes have left. */
  get sent(): number {
    return this.#sent;
  }

  /** Throws RangeError, before anything is sent, for what it does not write. */
  async send(write: Write, window: SendWindow): Promise<SendEnd> {
    assertOneThing(write);
    const { machine, throttle, onRequest } = this.#options;
    try {
      await throttle.acquire(window.beforeMs, window.signal);
    } catch (error) {
      return { end: 'not_sent', reason: describeNetworkError(error) };
    }
    const startedMs = machine.monotonicMs();
    const endSpan = startRequestSpan(this.#options.apiUrl, write.path, 1, write.method);
    let status: number | null = null;
    try {
      const { response, text } = await this.#attempt(write, window);
      status = response.statusCode ?? null;
      const headers = readRateHeaders(status ?? 0, headersOf(response), machine.epochMs());
      throttle.settle(headers);
      return endOf(write, status ?? 0, text, headers.retryAfterMs, response.headers['x-request-id']);
    } catch (error) {
      throttle.settle(null);
      // What fails without having been sent, and without an answer, never came as far as a connection.
      const { left, message } = error instanceof SendFailure ? error : new SendFailure(status !== null, error);
      const reason = `${write.method} ${write.path}: ${message}`;
      return left ? { end: 'unclear', status: null, reason } : { end: 'not_sent', reason };
    } finally {
      endSpan(status);
      onRequest({ method: write.method, path: write.path, status, ms: machine.monotonicMs() - startedMs, attempt: 1 });
    }
  }

  #attempt(write: Write, window: SendWindow): Promise<Raw> {
    const { apiUrl, token, limits, machine } = this.#options;
    const { signal } = window;
    const bytes = write.body === null ? null : Buffer.from(JSON.stringify(write.body));
    const url = new URL(apiUrl + write.path);
    const isSecure = url.protocol === 'https:';
    let left = false;
    return new Promise<Raw>((resolve, reject) => {
      const request = (isSecure ? requestSecure : requestPlain)(url, {
        method: write.method,
        // A connection that is kept may have been closed by the other side, which shows only once bytes have left.
        agent: false,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(bytes !== null && { 'content-type': 'application/json', 'content-length': bytes.length }),
        },
      });
      const cancel = (): void => {
        if (!left) request.destroy(new Error('cancelled before it was sent'));
      };
      const timer = setTimeout(
        () => request.destroy(new Error(`no complete answer within ${limits.attemptMs / 1_000} s`)),
        limits.attemptMs,
      );
      const unwatch = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
      const fail = (failure: SendFailure): void => {
        unwatch();
        reject(failure);
      };
      signal?.addEventListener('abort', cancel, { once: true });
      whenConnected(request, isSecure, () => {
        // A process, or all of its machine, may have been stopped since it was allowed to send: another may have sent meanwhile.
        if (machine.monotonicMs() > window.beforeMs || machine.epochMs() > window.beforeEpochMs) {
          request.destroy(new Error('too late to be sent'));
          return;
        }
        left = true;
        this.#sent += 1;
        request.end(bytes ?? undefined);
      });
      request.on('error', (error) => fail(new SendFailure(left, error)));
      request.on('response', (response) => {
        readText(response, limits.bodyBytes).then(
          (text) => {
            unwatch();
            resolve({ response, text });
          },
          (error: unknown) => {
            request.destroy();
            fail(new SendFailure(true, error));
          },
        );
      });
    });
  }
}

function whenConnected(request: ClientRequest, isSecure: boolean, then: () => void): void {
  request.once('socket', (socket) => socket.once(isSecure ? 'secureConnect' : 'connect', then));
}

async function readText(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
  }
  if (!response.complete) throw new Error('the answer was cut off');
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf({ headers }: IncomingMessage): Headers {
  const known = new Headers();
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') known.set(name, value);
  return known;
}

function assertOneThing({ method, path }: Write): void {
  const isMeant = method === 'DELETE' ? one.test(path) : collection.test(path);
  // A URL's dots lead elsewhere.
  if (!isMeant || /\/\.{1,2}(?:\/|$)/.test(path) || /\/(?:dangerous|selective)$/.test(path)) {
    throw new RangeError(`${method} ${path} is not a write of one thing`);
  }
}

function endOf(
  { method, path }: Write,
  status: number,
  text: string,
  afterMs: number | null,
  header: string | string[] | undefined,
): SendEnd {
  const said = `${method} ${path} answered ${status}`;
  if (status === 429) return { end: 'rate_limited', afterMs, reason: said };
  // What is neither done nor a client's error says nothing of what was done; 408 does not either.
  const isClear = (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 408);
  if (!isClear) return { end: 'unclear', status, reason: said };
  const body = parse(text);
  if (body === undefined && status < 300) return { end: 'unclear', status, reason: `${said} with what is not JSON` };
  const named = typeof header === 'string' ? header : null;
  const own = (body as { request_id?: unknown } | null | undefined)?.request_id;
  return { end: 'answered', status, body: body ?? null, requestId: typeof own === 'string' ? own : named };
}

/** null: nothing; undefined: something that is not JSON. */
function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
