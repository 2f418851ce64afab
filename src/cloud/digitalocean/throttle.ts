import { createHash } from 'node:crypto';
import type { RequestBudget } from '../provider.ts';
import type { Machine } from './machine.ts';
import type { RateHeaders } from './rate-headers.ts';

/**
 * One token's two budgets: 5,000 requests an hour and 250 a minute, both as sliding windows,
 * shared by all work on the token in this process, in the order in which it asked.
 *
 * What the provider says corrects what was counted here, because other processes may use the
 * same token: `ratelimit-limit` sizes the windows (the minute's is 5 % of the hour's, as the
 * provider documents), `ratelimit-remaining` caps what may be sent before `ratelimit-reset`, and
 * a 429 pauses everybody. A reset in the past, as has been seen, never makes a busy loop: after
 * a wait of PROBE_MS one request is let through to ask again.
 *
 * The windows run on the machine's monotonic time. A simulator, known by the header
 * `x-simulated-clock`, counts its budgets in virtual time, which may leap a day between two
 * requests and which only an answer can tell: there the windows kept here say nothing, its
 * answers alone decide, and no wait but a `retry-after` is longer than PROBE_MS.
 */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** The provider counts when a request arrives, we when it leaves: windows are this much longer here. */
const GUARD_MS = 1_000;
const PROBE_MS = 1_000;
/** The longest that `remaining: 0` holds us back before we ask again: it may be the minute's budget. */
const EMPTY_MS_MAX = MINUTE_MS;
const LIMIT_MAX = 1_000_000;
const requestsPerHour = 5_000;
const minuteShare = 0.05;

/** A wait that would outlast the caller's deadline: no budget within the time allowed. */
export class BudgetExhausted extends Error {
  override readonly name = 'BudgetExhausted';
  readonly waitMs: number;
  constructor(waitMs: number) {
    super(`no request may be sent for another ${Math.ceil(waitMs / 1000)} s`);
    this.waitMs = waitMs;
  }
}

/** The times of the last `limit` requests; the oldest of them decides when the next fits. */
class SlidingWindow {
  readonly #lengthMs: number;
  #times: Float64Array;
  #oldest = 0;

  constructor(limit: number, lengthMs: number) {
    this.#lengthMs = lengthMs;
    this.#times = new Float64Array(limit).fill(-Infinity);
  }

  get limit(): number {
    return this.#times.length;
  }

  waitMs(now: number): number {
    return Math.max(0, (this.#times[this.#oldest] as number) + this.#lengthMs - now);
  }

  take(now: number): void {
    this.#times[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#times.length;
  }

  resize(limit: number): void {
    const inOrder = [...this.#times.subarray(this.#oldest), ...this.#times.subarray(0, this.#oldest)];
    const kept = inOrder.slice(-limit);
    this.#times = new Float64Array(limit).fill(-Infinity);
    this.#times.set(kept, limit - kept.length);
    this.#oldest = 0;
  }
}

interface Waiter {
  readonly deadlineMs: number;
  readonly grant: () => void;
  readonly refuse: (reason: unknown) => void;
}

export class Throttle {
  readonly #machine: Machine;
  readonly #hour = new SlidingWindow(requestsPerHour, HOUR_MS + GUARD_MS);
  readonly #minute = new SlidingWindow(requestsPerHour * minuteShare, MINUTE_MS + GUARD_MS);
  #simulated = false;
  #pausedUntilMs = -Infinity;
  /** What the provider would still take until #remainingUntilMs; null while it has not said. */
  #remaining: number | null = null;
  #remainingUntilMs = -Infinity;
  #budget: RequestBudget | null = null;
  #inFlight = 0;
  readonly #waiters: Waiter[] = [];
  #sleep: AbortController | null = null;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Resolves when one request may be sent; then `settle` must be called exactly once. Rejects
   * with the signal's reason when aborted, with BudgetExhausted when the wait would go beyond
   * `deadlineMs` (the machine's monotonic time).
   */
  acquire(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const waitMs = this.#waitMs();
    if (waitMs === 0 && this.#waiters.length === 0) {
      this.#take();
      return Promise.resolve();
    }
    if (this.#machine.monotonicMs() + waitMs > deadlineMs) return Promise.reject(new BudgetExhausted(waitMs));
    return new Promise<void>((resolve, reject) => {
      const abandon = (reason: unknown): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        signal?.removeEventListener('abort', onAbort);
        reject(reason);
      };
      const onAbort = (): void => {
        abandon(signal?.reason);
        // Without waiters nobody is to be woken, and a timer would keep the process alive.
        if (this.#waiters.length === 0) this.#sleep?.abort();
      };
      const waiter: Waiter = {
        deadlineMs,
        grant: () => {
          this.#waiters.shift();
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        refuse: abandon,
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      if (this.#waiters.length === 1 && this.#sleep === null) void this.#serve();
    });
  }

  /** A request that `acquire` let through has ended: with these headers, or null without an answer. */
  settle(headers: RateHeaders | null): void {
    this.#inFlight -= 1;
    if (headers === null) return;
    this.#simulated = headers.simulatedAt !== null;
    const now = this.#machine.monotonicMs();
    const resetInMs = headers.resetMs === null ? MINUTE_MS : headers.resetMs - headers.serverNowMs;
    const waitMsMax = this.#simulated ? PROBE_MS : HOUR_MS;
    if (headers.status === 429) {
      const pauseMs = headers.retryAfterMs ?? clamp(resetInMs, PROBE_MS, waitMsMax);
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + Math.min(pauseMs, HOUR_MS));
    } else if (headers.status < 300) {
      this.#adoptLimit(headers.limit);
      if (headers.remaining !== null) {
        this.#budget = budgetOf(headers, headers.remaining);
        this.#remaining = headers.remaining - this.#inFlight;
        this.#remainingUntilMs = now + clamp(resetInMs, PROBE_MS, Math.min(waitMsMax, EMPTY_MS_MAX));
      }
    }
    // What was just learned may lengthen a wait or end it.
    this.#sleep?.abort();
  }

  /** What the provider said last; null: it has said nothing yet. */
  get budget(): RequestBudget | null {
    return this.#budget;
  }

  #take(): void {
    const now = this.#machine.monotonicMs();
    this.#hour.take(now);
    this.#minute.take(now);
    if (this.#remaining !== null) this.#remaining -= 1;
    this.#inFlight += 1;
  }

  #waitMs(): number {
    const now = this.#machine.monotonicMs();
    if (this.#remaining !== null && this.#remaining <= 0 && now >= this.#remainingUntilMs) {
      this.#remaining = 1;
      this.#remainingUntilMs = now + PROBE_MS;
    }
    return Math.max(
      this.#simulated ? 0 : this.#hour.waitMs(now),
      this.#simulated ? 0 : this.#minute.waitMs(now),
      this.#pausedUntilMs - now,
      this.#remaining !== null && this.#remaining <= 0 ? this.#remainingUntilMs - now : 0,
    );
  }

  async #serve(): Promise<void> {
    while (this.#waiters.length > 0) {
      const waitMs = this.#waitMs();
      if (waitMs === 0) {
        this.#take();
        this.#waiters[0]?.grant();
        continue;
      }
      const wakesMs = this.#machine.monotonicMs() + waitMs;
      for (const waiter of this.#waiters.filter(({ deadlineMs }) => deadlineMs < wakesMs)) {
        waiter.refuse(new BudgetExhausted(waitMs));
      }
      if (this.#waiters.length === 0) break;
      this.#sleep = new AbortController();
      await this.#machine.sleep(waitMs, this.#sleep.signal).catch(() => {});
    }
    this.#sleep = null;
  }

  #adoptLimit(limit: number | null): void {
    if (limit === null || limit < 1) return;
    const hourly = Math.min(limit, LIMIT_MAX);
    if (hourly === this.#hour.limit) return;
    this.#hour.resize(hourly);
    this.#minute.resize(Math.max(1, Math.floor(hourly * minuteShare)));
  }
}

function budgetOf({ limit, resetMs }: RateHeaders, remaining: number): RequestBudget {
  const resetAt = resetMs === null ? null : Temporal.Instant.fromEpochMilliseconds(resetMs);
  return { remaining, limit, resetAt };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** By machine, so that a test's time never meets the real one; then by account. */
const registry = new WeakMap<Machine, Map<string, Throttle>>();

/** The throttle of this token at this address. The token itself is not kept. */
export function throttleFor(apiUrl: string, token: string, machine: Machine): Throttle {
  let throttles = registry.get(machine);
  if (throttles === undefined) {
    throttles = new Map();
    registry.set(machine, throttles);
  }
  const key = createHash('sha256').update(`${apiUrl}\0${token}`).digest('base64');
  let throttle = throttles.get(key);
  if (throttle === undefined) {
    throttle = new Throttle(machine);
    throttles.set(key, throttle);
  }
  return throttle;
}
