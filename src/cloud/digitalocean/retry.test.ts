import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, isRetryableStatus } from './retry.ts';

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the ceiling doubles from half a second to half a minute, and the draw is from zero to it', () => {
  expect([1, 2, 3, 6, 7, 60].map((attempt) => backoffMs(attempt, 0.5, null))).toEqual([
    250, 500, 1_000, 8_000, 15_000, 15_000,
  ]);
  expect(backoffMs(4, 0, null)).toBe(0);
});

test('no wait is longer than half a minute, or shorter than a retry-after', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      draw,
      fc.integer({ min: 0, max: 3_600_000 }),
      (attempt, random, after) => {
        expect(backoffMs(attempt, random, null)).toBeLessThanOrEqual(30_000);
        expect(backoffMs(attempt, random, after)).toBeGreaterThanOrEqual(after);
        expect(backoffMs(attempt, random, after)).toBeLessThanOrEqual(after + 500);
      },
    ),
  );
});

test('what the client did wrong is not tried again', () => {
  expect([400, 401, 403, 404, 422, 501].filter(isRetryableStatus)).toEqual([]);
  expect([408, 429, 500, 502, 503, 504].every(isRetryableStatus)).toBe(true);
});
