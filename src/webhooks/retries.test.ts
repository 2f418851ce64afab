import { expect, test } from 'vitest';
import { attemptsMax, nextAttemptAt } from './retries.ts';
import { retryAfter } from './send.ts';

const now = Temporal.Instant.from('2026-06-01T00:00:00Z');

test('ten attempts: 0, 5 s, 5:05, 35:05, 2:35:05 ... 75:35:05, each wait up to a tenth longer', () => {
  const waits = Array.from({ length: attemptsMax }, (_, failed) => {
    const seen = Array.from({ length: 200 }, () => nextAttemptAt(now, failed + 1, null));
    if (seen.includes(null)) return null;
    const seconds = seen.map((at) => now.until(at as Temporal.Instant).total('seconds'));
    return { least: Math.min(...seconds), most: Math.max(...seconds) };
  });
  expect(waits.at(-1)).toBeNull();
  let soonest = 0;
  const at = waits.slice(0, -1).map((wait) => {
    const { least, most } = wait as { least: number; most: number };
    const exact = Math.floor(least / 5) * 5;
    expect(most).toBeLessThanOrEqual(exact * 1.1);
    // Of 200 draws over a tenth, the ends are nearly reached: there is a jitter.
    expect(most - least).toBeGreaterThan(exact * 0.05);
    soonest += [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].findLast((step) => step <= least) ?? 0;
    return Temporal.Duration.from({ seconds: soonest }).round({ largestUnit: 'hours' }).toString();
  });
  expect(at).toEqual([
    'PT5S',
    'PT5M5S',
    'PT35M5S',
    'PT2H35M5S',
    'PT7H35M5S',
    'PT17H35M5S',
    'PT31H35M5S',
    'PT51H35M5S',
    'PT75H35M5S',
  ]);
});

test('a receiver that asks to be left alone longer is, and one that asks for less is not asked sooner', () => {
  const wait = (seconds: number) => now.until(nextAttemptAt(now, 1, seconds) as Temporal.Instant).total('seconds');
  expect(wait(3_600)).toBe(3_600);
  expect(wait(1)).toBeGreaterThanOrEqual(5);
});

test('Retry-After is read in seconds and as a date, 24 hours at most', () => {
  expect([retryAfter('120'), retryAfter(' 7 '), retryAfter('999999999')]).toEqual([120, 7, 86_400]);
  expect([retryAfter(undefined), retryAfter('soon'), retryAfter('-5'), retryAfter('')]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(retryAfter('Thu, 41 Jan 1970 00:00:00 GMT')).toBeNull();
  expect(retryAfter('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0);
  expect(retryAfter('Fri, 01 Jan 2999 00:00:00 GMT')).toBe(86_400);
});
