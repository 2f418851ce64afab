import { expect, test } from 'vitest';
import { parseHttpDate, parseRetryAfter } from './http-headers.ts';

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

test('an HTTP date is read, anything else is not', () => {
  expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(at('1994-11-06T08:49:37Z'));
  expect(parseHttpDate('Sun, 06 Foo 1994 08:49:37 GMT')).toBeNull();
  expect(parseHttpDate('Sun, 31 Feb 1994 08:49:37 GMT')).toBeNull();
  expect(parseHttpDate('soon')).toBeNull();
  expect(parseHttpDate(null)).toBeNull();
});

test('retry-after is seconds or a date, never negative, and ignored when neither', () => {
  const now = at('2026-11-23T10:00:00Z');
  expect(parseRetryAfter('7', now)).toBe(7_000);
  expect(parseRetryAfter('Mon, 23 Nov 2026 10:00:05 GMT', now)).toBe(5_000);
  expect(parseRetryAfter('Mon, 23 Nov 2026 09:00:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('-3', now)).toBeNull();
  expect(parseRetryAfter('later', now)).toBeNull();
});
