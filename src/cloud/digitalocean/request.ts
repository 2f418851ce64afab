import type { ListingProblem, RequestBudget } from '../provider.ts';
import type { Machine } from './machine.ts';
import { readRateHeaders } from './rate-headers.ts';
import { backoffMs, isRetryableStatus } from './retry.ts';
import { startRequestSpan } from './spans.ts';
import { ClockBehind, type SimulatedFloor } from './simulated-floor.ts';
import { BudgetExhausted, type Throttle } from './throttle.ts';

/** A limit on everything that a request may cost. */
export interface RequestLimits {
  readonly attempts: number;
  readonly attemptMs: number;
  /** For all attempts and waits of one request together. */
  readonly totalMs: number;
  readonly bodyBytes: number;
}

export const requestLimits: RequestLimits = {
  attempts: 5,
  attemptMs: 30_000,
  totalMs: 300_000,
  bodyBytes: 64 * 1024 * 1024,
};

export interface RequestEvent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** null: no answer. */
  readonly status: number | null;
  readonly ms: number;
  readonly attempt: number;
}

interface RequesterOptions {
  /** Where the API answers: scheme, host and port, and a path before `/v2` where there is one. */
  readonly apiUrl: string;
  readonly token: string;
  readonly machine: Machine;
  readonly throttle: Throttle;
  readonly simulatedFloor: SimulatedFloor;
  readonly limits: RequestLimits;
  readonly onRequest: (event: RequestEvent) => void;
}

export type Query = Readonly<Record<string, string>>;

/** Names of fields whose numbers arrive as text, as they were written, and never as binary fractions. */
export type Decimals = readonly string[];

export interface Answer {
  readonly body: unknown;
  /** What the body was read from. */
  readonly text: string;
  /** The virtual instant of a simulator, as written; null at a real provider. */
  readonly simulatedAt: string | null;
  /** The answer's header `date`; null without one. */
  readonly answeredAt: Temporal.Instant | null;
}

interface Asked<T> {
  /** Path and query. */
  readonly target: string;
  readonly accept: string;
  /** What an answer means; throws RequestFailure. */
  readonly read: (answer: Attempt) => T;
}

interface Sent {
  readonly url: string;
  readonly target: string;
  readonly accept: string;
  /** 1 for the first. */
  readonly attempt: number;
}

/** A request that got no usable answer, after all the attempts that made sense. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  readonly problem: ListingProblem;
  /** The last answer's status; null without one. */
  readonly status: number | null;
  /** Whether another attempt may mend it, and no sooner than when. */
  readonly retry: { readonly afterMs: number | null } | null;

  constructor(
    problem: ListingProblem,
    message: string,
    about: { status?: number; retry?: { afterMs: number | null }; cause?: unknown } = {},
  ) {
    super(message, { cause: about.cause });
    this.problem = problem;
    this.status = about.status ?? null;
    this.retry = about.retry ?? null;
  }
}

interface Attempt {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly retryAfterMs: number | null;
  readonly simulatedAt: string | null;
  readonly answeredAt: Temporal.Instant | null;
}

/**
 * Reads from the provider's API: GET and nothing else. Every request passes the token's
 * throttle; failures that another attempt may mend are retried within the limits; redirects are
 * not followed, so the token never leaves for another host.
 */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #sent = 0;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#headers = { authorization: `Bearer ${options.token}` };
  }

  /** Requests sent so far, every attempt counted. */
  get sent(): number {
    return this.#sent;
  }

  /** What the provider said last of the token's budget. */
  get budget(): RequestBudget | null {
    return this.#options.throttle.budget;
  }

  get origin(): string {
    return new URL(this.#options.apiUrl).origin;
  }

  /**
   * `onSent` is told of every attempt, so that work that runs beside other work can count its own.
   * Throws RequestFailure, and nothing else.
   */
  get(
    path: string,
    query: Query = {},
    signal?: AbortSignal,
    onSent?: () => void,
    decimals: Decimals = [],
  ): Promise<Answer> {
    const search = new URLSearchParams(query).toString();
    const target = search === '' ? path : `${path}?${search}`;
    const read = (answer: Attempt) => understand(answer, target, decimals);
    return this.#ask({ target, accept: 'application/json', read }, signal, onSent);
  }

  /** What is no JSON, such as a PDF. Throws RequestFailure, and nothing else. */
  getFile(path: string, accept: string, signal?: AbortSignal): Promise<Uint8Array> {
    const read = (answer: Attempt): Uint8Array => {
      if (isGood(answer)) return answer.bytes;
      throw describeStatus(answer, path);
    };
    return this.#ask({ target: path, accept, read }, signal);
  }

  async #ask<T>({ target, accept, read }: Asked<T>, signal?: AbortSignal, onSent?: () => void): Promise<T> {
    const { machine, throttle, limits, apiUrl } = this.#options;
    const url = `${apiUrl.replace(/\/+$/, '')}${target}`;
    const deadlineMs = machine.monotonicMs() + limits.totalMs;

    for (let attempt = 1; ; attempt += 1) {
      let failure: RequestFailure;
      try {
        await throttle.acquire(deadlineMs, signal);
        this.#sent += 1;
        onSent?.();
        return read(await this.#attempt({ url, target, accept, attempt }, signal));
      } catch (error) {
        failure = describeError(error, target, signal);
      }
      if (failure.retry === null || attempt >= limits.attempts) throw failure;
      const waitMs = backoffMs(attempt, machine.random(), failure.retry.afterMs);
      if (machine.monotonicMs() + waitMs > deadlineMs) throw failure;
      await machine.sleep(waitMs, signal).catch(() => {});
      if (signal?.aborted) throw describeError(signal.reason, target, signal);
    }
  }

  /** One request that the throttle has let through. */
  async #attempt({ url, target, accept, attempt }: Sent, signal?: AbortSignal): Promise<Attempt> {
    const { machine, throttle, simulatedFloor, limits, onRequest } = this.#options;
    // A controller of our own: AbortSignal.any would pile up on a signal that outlives many requests.
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal?.reason);
    const timer = setTimeout(() => controller.abort(new TimedOut(limits.attemptMs)), limits.attemptMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const startedMs = machine.monotonicMs();
    const endSpan = startRequestSpan(url, target, attempt);
    let status: number | null = null;
    let settled = false;
    try {
      const headersSent = { ...this.#headers, accept };
      const response = await fetch(url, { headers: headersSent, redirect: 'manual', signal: controller.signal });
      status = response.status;
      const headers = readRateHeaders(response.status, response.headers, machine.epochMs());
      throttle.settle(headers);
      settled = true;
      const bytes = await readBody(response, limits.bodyBytes);
      simulatedFloor.check(headers.simulatedAt);
      const { retryAfterMs, simulatedAt, answeredAt } = headers;
      return { status, bytes, retryAfterMs, simulatedAt, answeredAt };
    } finally {
      if (!settled) throttle.settle(null);
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      endSpan(status);
      onRequest({ method: 'GET', path: target, status, ms: machine.monotonicMs() - startedMs, attempt });
    }
  }
}

/** The requests of one piece of work, counted by themselves and cancelled together. */
export class Reading {
  readonly #requester: Requester;
  readonly #signal: AbortSignal | undefined;
  #sent = 0;

  constructor(requester: Requester, signal?: AbortSignal) {
    this.#requester = requester;
    this.#signal = signal;
  }

  get sent(): number {
    return this.#sent;
  }

  get origin(): string {
    return this.#requester.origin;
  }

  /** Throws RequestFailure, and nothing else. */
  get(path: string, query: Query, decimals: Decimals = []): Promise<Answer> {
    const onSent = () => {
      this.#sent += 1;
    };
    return this.#requester.get(path, query, this.#signal, onSent, decimals);
  }
}

class TimedOut extends Error {
  constructor(ms: number) {
    super(`no complete answer within ${ms / 1000} s`);
  }
}

class TooLarge extends Error {
  constructor(bytes: number) {
    super(`the answer is larger than ${bytes} bytes`);
  }
}

async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const { headers, body } = response;
  const length = headers.get('content-length');
  // A stated length cannot be exceeded, save by what decompressing makes of it.
  if (length !== null && Number(length) <= bytesMax && !headers.has('content-encoding')) return response.bytes();
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body and with it the connection.
    if (bytes > bytesMax) throw new TooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function isGood({ status }: Attempt): boolean {
  return status >= 200 && status < 300;
}

/** As UTF-8, without the mark that may stand before it. */
function textOf({ bytes }: Attempt): string {
  return new TextDecoder().decode(bytes);
}

function understand(answer: Attempt, target: string, decimals: Decimals): Answer {
  if (!isGood(answer)) throw describeStatus(answer, target);
  try {
    const text = textOf(answer);
    const body = decimals.length === 0 ? JSON.parse(text) : parseWithDecimals(text, decimals);
    return { body, text, simulatedAt: answer.simulatedAt, answeredAt: answer.answeredAt };
  } catch (cause) {
    const message = `GET ${target} answered something that is not JSON`;
    throw new RequestFailure('malformed', message, { status: answer.status, retry: { afterMs: null }, cause });
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parseWithDecimals(text: string, decimals: Decimals): unknown {
  const asWritten: Reviver = (key, value, { source }) =>
    typeof value === 'number' && decimals.includes(key) ? source : value;
  // The types of JSON.parse do not know the third argument yet.
  return JSON.parse(text, asWritten as (key: string, value: unknown) => unknown);
}

function describeStatus(answer: Attempt, target: string): RequestFailure {
  const { status, retryAfterMs } = answer;
  const said = providerMessage(textOf(answer));
  const message = `GET ${target} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 401) return new RequestFailure('unauthorized', message, { status });
  if (status === 403) return new RequestFailure('forbidden', message, { status });
  if (status >= 300 && status < 400) {
    return new RequestFailure('provider_error', `${message}: a redirect, which is not followed`, { status });
  }
  const problem = status === 429 ? 'rate_limited' : 'provider_error';
  return new RequestFailure(problem, message, {
    status,
    ...(isRetryableStatus(status) && { retry: { afterMs: retryAfterMs } }),
  });
}

/** What the provider says in words: at most 200 characters, on one line. */
function providerMessage(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : '';
    return typeof message === 'string' ? message.replace(/\s+/g, ' ').slice(0, 200) : '';
  } catch {
    return '';
  }
}

function describeError(error: unknown, target: string, signal: AbortSignal | undefined): RequestFailure {
  if (error instanceof RequestFailure) return error;
  if (signal?.aborted) return new RequestFailure('cancelled', `GET ${target} was cancelled`, { cause: error });
  const message = `GET ${target}: ${describeNetworkError(error)}`;
  if (error instanceof BudgetExhausted) return new RequestFailure('rate_limited', message, { cause: error });
  if (error instanceof ClockBehind) return new RequestFailure('clock_behind', message, { cause: error });
  if (error instanceof TooLarge) return new RequestFailure('malformed', message, { cause: error });
  return new RequestFailure('unreachable', message, { retry: { afterMs: null }, cause: error });
}

/** fetch hides what happened (ECONNREFUSED, ENOTFOUND, ...) in its error's cause. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message || error.name;
  return describeNetworkError(error.cause);
}
