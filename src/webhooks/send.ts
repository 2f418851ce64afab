import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { parseRetryAfter } from '../platform/http-headers.ts';
import type { Reachable } from './networks.ts';
import { addressesOf, parseTarget, type Resolve, TargetRefused } from './target.ts';

// One attempt: a POST to a checked address. Redirects are not followed, no connection is kept, and neither a slow
// answer nor a long one costs more than its limit.

const timeoutMs = 15_000;
const answerBytesMax = 65_536;
const keptBytesMax = 1_024;
const retryAfterSecondsMax = 86_400;

interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as these bytes, which the signature is over. */
  readonly body: string;
}

/** What came of an attempt. */
export interface Outcome {
  /** null: there was no answer. */
  readonly status: number | null;
  /** Why it failed; null: it was received. */
  readonly error: string | null;
  /** The beginning of the answer's body. */
  readonly answer: string | null;
  readonly ms: number;
  /** How long the receiver asks to be left alone, 24 hours at most. */
  readonly retryAfterSeconds: number | null;
}

interface SendOptions {
  readonly networks: Reachable;
  readonly resolve: Resolve;
  readonly signal: AbortSignal;
}

/** Sends once. Whatever the receiver does is an outcome; throws only where `signal` aborts. */
export async function send(outgoing: Outgoing, { networks, resolve, signal }: SendOptions): Promise<Outcome> {
  const began = performance.now();
  const timeUp = AbortSignal.timeout(timeoutMs);
  const none = { status: null, answer: null, retryAfterSeconds: null };
  try {
    const url = parseTarget(outgoing.url, networks);
    const addresses = await raced(addressesOf(url, networks, resolve), timeUp);
    const response = await post(url, addresses, outgoing, AbortSignal.any([signal, timeUp]));
    return { ...(await outcomeOf(response)), ms: since(began) };
  } catch (error) {
    signal.throwIfAborted();
    const said = timeUp.aborted ? `no answer within ${timeoutMs / 1000} s` : sentenceOf(error);
    return { ...none, error: said, ms: since(began) };
  }
}

function since(began: number): number {
  return Math.round(performance.now() - began);
}

/** A lookup cannot be aborted: nobody waits for it any longer. */
async function raced<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof TargetRefused) return `not sent: ${error.message}`;
  if (error instanceof AggregateError && error.errors.length > 0) return sentenceOf(error.errors[0]);
  return error instanceof Error ? error.message.slice(0, 500) : String(error);
}

async function post(
  url: URL,
  addresses: readonly [LookupAddress, ...LookupAddress[]],
  { headers, body }: Outgoing,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const { Agent, request } = url.protocol === 'http:' ? await import('node:http') : await import('node:https');
  const sent = request(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    agent: new Agent({ keepAlive: false }),
    lookup: handOver(addresses),
    signal,
  });
  sent.once('response', answered.resolve);
  // More than one may come: of the request, and of its connection once there is an answer.
  sent.on('error', answered.reject);
  sent.end(body);
  return answered.promise;
}

/** In place of a resolution: the addresses that were checked, and no others. */
function handOver([first, ...others]: readonly [LookupAddress, ...LookupAddress[]]): LookupFunction {
  return (_name, { all }, done) => {
    if (all === true) done(null, [first, ...others]);
    else done(null, first.address, first.family);
  };
}

/** The answer is read to its end, or to the limit, so that its beginning can be shown. */
async function outcomeOf(response: IncomingMessage): Promise<Omit<Outcome, 'ms'>> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) break;
    chunks.push(chunk);
  }
  response.destroy();
  // A zero byte stands in no text of the database.
  const answer = Buffer.concat(chunks).subarray(0, keptBytesMax).toString('utf8').replaceAll('\0', '\ufffd');
  const tooLong = bytes > answerBytesMax ? `an answer of more than ${answerBytesMax / 1024} KiB` : null;
  const error = status >= 200 && status < 300 ? tooLong : failureOf(status);
  return { status, error, answer, retryAfterSeconds: retryAfter(response.headers['retry-after']) };
}

function failureOf(status: number): string {
  const redirects = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return `answered ${status}${redirects}`;
}

/** In seconds, 24 hours at most; null: it asks for nothing that can be read. A date is by real time, in which the receiver means it. */
export function retryAfter(header: string | undefined): number | null {
  const ms = parseRetryAfter(header?.trim() ?? null, Temporal.Now.instant().epochMilliseconds);
  return ms === null ? null : Math.min(retryAfterSecondsMax, Math.ceil(ms / 1000));
}
