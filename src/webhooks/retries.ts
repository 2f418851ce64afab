import { randomInt } from 'node:crypto';

// When a message is sent again: ten attempts, 0, 5 s, 5:05, 35:05, 2:35:05 ... 75:35:05 hours after it was written, as
// Standard Webhooks has them. Each wait is up to a tenth longer, so that what failed together does not come back together.

const waitSeconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;

export const attemptsMax: number = waitSeconds.length + 1;

/** Nothing but failures for so long, and an endpoint is disabled. */
export const failingHoursMax = 120;

/**
 * When the next attempt is due after `attempts` of them failed, not before the receiver wants it; null: that was the last.
 */
export function nextAttemptAt(
  now: Temporal.Instant,
  attempts: number,
  retryAfterSeconds: number | null,
): Temporal.Instant | null {
  const wait = waitSeconds[attempts - 1];
  if (wait === undefined) return null;
  const jitterMs = randomInt(wait * 100 + 1);
  const milliseconds = Math.max(wait * 1000 + jitterMs, (retryAfterSeconds ?? 0) * 1000);
  return now.add({ milliseconds });
}
