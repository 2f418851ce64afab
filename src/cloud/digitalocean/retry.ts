/**
 * When to try again: exponential backoff with full jitter (a uniform draw from zero to the
 * ceiling), so that many workers that failed together do not return together. A `retry-after`
 * is a floor: never sooner, and a little jitter beyond it.
 */

const BASE_MS = 500;
const CEILING_MS = 30_000;

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) failed.
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, random: number, retryAfterMs: number | null): number {
  const ceiling = Math.min(CEILING_MS, BASE_MS * 2 ** (attempt - 1));
  return retryAfterMs === null ? random * ceiling : retryAfterMs + random * BASE_MS;
}

/**
 * Answers that another attempt may change. 429 and 408 are the only client errors among them; 520, 522 and
 * 524 come from the edge in front of the API.
 */
const retryable: readonly number[] = [408, 429, 500, 502, 503, 504, 520, 522, 524];

export function isRetryableStatus(status: number): boolean {
  return retryable.includes(status);
}
