import { expect, test } from 'vitest';
import { describeRange, meteredText, parseInstant } from './range.ts';

test('a range is named in words', () => {
  expect(describeRange({ from: '2026-05-01', to: '2026-06-01' })).toBe('May 2026 (UTC)');
  expect(describeRange({ from: '2026-05-01', to: '2026-05-11' })).toBe('2026-05-01 to 2026-05-11, not included (UTC)');
});

test('how far a range is metered is said by its last day', () => {
  expect(meteredText({ from: '2026-05-01', meteredThrough: '2026-06-01' })).toBe('metered through 31 May 2026');
  expect(meteredText({ from: '2026-12-01', meteredThrough: '2026-12-01' })).toBe('nothing metered yet');
});

test('a moment is an instant, or the first of a day', () => {
  expect(parseInstant('2026-05-01', '--at').toString()).toBe('2026-05-01T00:00:00Z');
  expect(parseInstant('2026-05-01T02:00:00+02:00', '--at').toString()).toBe('2026-05-01T00:00:00Z');
  expect(() => parseInstant('noon', '--at')).toThrow('--at "noon" is not a moment');
  expect(() => parseInstant('2026-02-30', '--at')).toThrow('not in the calendar');
  expect(() => parseInstant('0000-01-01', '--at')).toThrow('between the years');
});
