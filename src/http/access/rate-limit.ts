// How often somebody may ask, counted in this process: per token's subject, and per address what
// comes without a valid token. The fields are those of draft-ietf-httpapi-ratelimit-headers-10.

interface Quota {
  /** As the RateLimit fields name it. */
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
}

interface Allowance {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until the quota is whole again. */
  readonly resetSeconds: number;
}

/** Beyond so many who ask in one window, the longest silent are forgotten. */
const knownMax = 50_000;

/** Counts in windows that begin with a key's first request. */
export class RateLimiter {
  readonly quota: Quota;
  readonly #windows = new Map<string, { endsAt: number; used: number }>();

  constructor(quota: Quota) {
    this.quota = quota;
  }

  /** Takes one of what a key has left. `nowMs` is a clock that never goes back. */
  take(key: string, nowMs: number): Allowance {
    const { limit, windowSeconds } = this.quota;
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= nowMs) {
      window = { endsAt: nowMs + windowSeconds * 1000, used: 0 };
      this.#windows.delete(key);
      this.#windows.set(key, window);
      this.#forget(nowMs);
    }
    window.used += 1;
    return {
      allowed: window.used <= limit,
      remaining: Math.max(0, limit - window.used),
      resetSeconds: Math.ceil((window.endsAt - nowMs) / 1000),
    };
  }

  /** Windows stand in the order in which they end, so what is over is in front. */
  #forget(nowMs: number): void {
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > nowMs && this.#windows.size <= knownMax) return;
      this.#windows.delete(key);
    }
  }
}

/** The response fields that tell of a quota and what is left of it. */
export function rateLimitFields(quota: Quota, allowance: Allowance): Record<string, string> {
  return {
    'ratelimit-policy': `"${quota.name}";q=${quota.limit};w=${quota.windowSeconds}`,
    ratelimit: `"${quota.name}";r=${allowance.remaining};t=${allowance.resetSeconds}`,
  };
}
