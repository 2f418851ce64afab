import { expect, test } from 'vitest';
import { readRateHeaders } from './rate-headers.ts';

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

test("the budget's reset is compared with the answer's own time, a simulator's before a server's before ours", () => {
  const date = 'Mon, 23 Nov 2026 10:00:00 GMT';
  expect(readRateHeaders(200, new Headers({ date }), 5).serverNowMs).toBe(at('2026-11-23T10:00:00Z'));
  expect(readRateHeaders(200, new Headers(), 5).serverNowMs).toBe(5);
  const simulated = readRateHeaders(200, new Headers({ date, 'x-simulated-clock': '2026-05-01T00:00:00Z' }), 5);
  expect(simulated.serverNowMs).toBe(at('2026-05-01T00:00:00Z'));
  expect(simulated.simulatedAt).toBe('2026-05-01T00:00:00Z');
});

test('headers that are not understood are as good as absent', () => {
  const headers = new Headers({
    'ratelimit-limit': 'many',
    'ratelimit-remaining': '-1',
    'ratelimit-reset': '1e9',
    'x-simulated-clock': 'noon',
  });
  expect(readRateHeaders(200, headers, 5)).toEqual({
    status: 200,
    limit: null,
    remaining: null,
    resetMs: null,
    retryAfterMs: null,
    serverNowMs: 5,
    simulatedAt: null,
    answeredAt: null,
  });
});
