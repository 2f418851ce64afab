import { HOUR, MINUTE, type Ms } from './time.ts';

/** Requests at most; null: any number. */
interface Limits {
  readonly perHour: number | null;
  readonly perMinute: number | null;
}

/** As the provider has them. */
const providerLimits: Limits = { perHour: 5_000, perMinute: 250 };

export interface Verdict {
  readonly refused: 'burst' | 'hour' | null;
  readonly limit: number;
  readonly remaining: number;
  /** How long until the oldest request expires. */
  readonly resetInMs: Ms;
  /** How long a refused burst has to wait. */
  readonly retryAfterSeconds: number;
}

/** Tokens that are told apart; more would only come from a mistake, and share the last. */
const TOKENS_MAX = 1_000;

/**
 * Counts the requests of each token. Every request counts for one hour, and for one minute, from
 * its own moment on; what was refused does not count.
 */
export class RateLimiter {
  limits: Limits = providerLimits;
  readonly #tokens = new Map<string, { times: Ms[]; hour: number; minute: number }>();

  take(token: string, now: Ms): Verdict {
    const spent = this.#of(token);
    const { times } = spent;
    while (spent.hour < times.length && (times[spent.hour] as Ms) <= now - HOUR) spent.hour++;
    while (spent.minute < times.length && (times[spent.minute] as Ms) <= now - MINUTE) spent.minute++;
    if (spent.hour > 10_000) {
      times.splice(0, spent.hour);
      spent.minute -= spent.hour;
      spent.hour = 0;
    }
    const limit = this.limits.perHour ?? 5_000;
    const inHour = times.length - spent.hour;
    const inMinute = times.length - spent.minute;
    const overHour = this.limits.perHour !== null && inHour >= this.limits.perHour;
    const overMinute = this.limits.perMinute !== null && inMinute >= this.limits.perMinute;
    const refused = overHour ? 'hour' : overMinute ? 'burst' : null;
    if (refused === null) times.push(now);
    const oldest = times[spent.hour] ?? now;
    const burstEnds = (times[spent.minute] ?? now) + MINUTE;
    return {
      refused,
      limit,
      remaining: refused === null ? Math.max(0, this.limits.perHour === null ? limit - 1 : limit - inHour - 1) : 0,
      resetInMs: oldest + HOUR - now,
      retryAfterSeconds: Math.max(1, Math.ceil((burstEnds - now) / 1000)),
    };
  }

  #of(token: string) {
    const key = this.#tokens.size < TOKENS_MAX || this.#tokens.has(token) ? token : '';
    let spent = this.#tokens.get(key);
    if (spent === undefined) {
      spent = { times: [], hour: 0, minute: 0 };
      this.#tokens.set(key, spent);
    }
    return spent;
  }
}
