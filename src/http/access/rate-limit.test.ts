import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimiter, rateLimitFields } from './rate-limit.ts';

const quota = { name: 'default', limit: 3, windowSeconds: 60 };

test('lets in so many in a window that begins with the first, and as many in the next', () => {
  const limiter = new RateLimiter(quota);
  const take = (nowMs: number) => limiter.take('a', nowMs);
  expect([take(0), take(10_000), take(59_999)].map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
  ]);
  expect(take(59_999)).toEqual({ allowed: false, remaining: 0, resetSeconds: 1 });
  expect(take(60_000)).toEqual({ allowed: true, remaining: 2, resetSeconds: 60 });
  expect(limiter.take('b', 60_000).remaining).toBe(2);
});

test('never lets in more than the limit within any one window, whoever asks when', () => {
  const asks = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), afterMs: fc.nat(40_000) }), { maxLength: 60 });
  fc.assert(
    fc.property(asks, (requests) => {
      const limiter = new RateLimiter(quota);
      const windows = new Map<string, { from: number; allowed: number }>();
      let nowMs = 0;
      for (const { key, afterMs } of requests) {
        nowMs += afterMs;
        const { allowed, resetSeconds } = limiter.take(key, nowMs);
        const before = windows.get(key);
        const window = before !== undefined && nowMs - before.from < 60_000 ? before : { from: nowMs, allowed: 0 };
        window.allowed += allowed ? 1 : 0;
        windows.set(key, window);
        expect(window.allowed).toBeLessThanOrEqual(3);
        expect(allowed).toBe(window.allowed < 3 || allowed);
        expect(resetSeconds).toBe(Math.ceil((window.from + 60_000 - nowMs) / 1000));
      }
    }),
  );
});

test('forgets who asked first when too many ask', () => {
  const limiter = new RateLimiter({ ...quota, limit: 1 });
  for (let caller = 0; caller <= 50_000; caller += 1) limiter.take(`caller ${caller}`, 0);
  expect(limiter.take('caller 50000', 1).allowed).toBe(false);
  expect(limiter.take('caller 0', 1).allowed).toBe(true);
});

test('tells of it in the fields of the draft', () => {
  expect(rateLimitFields(quota, { allowed: true, remaining: 2, resetSeconds: 60 })).toEqual({
    'ratelimit-policy': '"default";q=3;w=60',
    ratelimit: '"default";r=2;t=60',
  });
});
