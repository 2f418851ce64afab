import { describe, expect, test } from 'vitest';
import type { DayRange } from '../../metering/period.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { describeRange, parseDay, parseInstant, parseRange, type RangeOptions } from './range.ts';

function parsed(options: RangeOptions): DayRange {
  const range = parseRange(options, null);
  if (range === null) throw new Error('no range was given');
  return range;
}

function rangeOf(options: RangeOptions): [string, string] {
  const { from, to } = parsed(options);
  return [from.toString(), to.toString()];
}

function errorOf(options: RangeOptions): ArcadiaError {
  try {
    parsed(options);
  } catch (error) {
    if (error instanceof ArcadiaError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(options)} was accepted`);
}

describe('a range of days', () => {
  test('is half-open, as given', () => {
    expect(rangeOf({ from: '2026-05-01', to: '2026-05-11' })).toEqual(['2026-05-01', '2026-05-11']);
  });

  test.each([
    ['2026-02', '2026-02-01', '2026-03-01'],
    ['2028-02', '2028-02-01', '2028-03-01'],
    ['2026-12', '2026-12-01', '2027-01-01'],
  ])('a month %s is its own days', (month, from, to) => {
    expect(rangeOf({ month })).toEqual([from, to]);
  });

  test('where none is given, the command says what it means', () => {
    expect(parseRange({}, 'outstanding')).toBe('outstanding');
  });

  test('a leap year is the longest', () => {
    expect(rangeOf({ from: '2028-01-01', to: '2029-01-01' })).toEqual(['2028-01-01', '2029-01-01']);
    const error = errorOf({ from: '2028-01-01', to: '2029-01-02' });
    expect(error.code).toBe('range_too_large');
    expect(error.message).toContain('367 days');
  });

  test.each<[string, RangeOptions, string, string]>([
    ['reversed', { from: '2026-05-11', to: '2026-05-01' }, 'range_reversed', '2026-05-11 to 2026-05-01'],
    ['empty', { from: '2026-05-01', to: '2026-05-01' }, 'range_reversed', '2026-05-01 to 2026-05-01'],
    ['without an end', { from: '2026-05-01' }, 'invalid_argument', '--to is missing'],
    ['without a beginning', { to: '2026-05-01' }, 'invalid_argument', '--from is missing'],
    ['given twice', { from: '2026-05-01', to: '2026-05-02', month: '2026-05' }, 'invalid_argument', 'not both'],
    ['not a date', { from: 'yesterday', to: '2026-05-02' }, 'invalid_argument', '--from "yesterday" is not a day'],
    ['an instant', { from: '2026-05-01T00:00Z', to: '2026-05-02' }, 'invalid_argument', 'is not a day'],
    ['a day that no month has', { from: '2026-02-30', to: '2026-05-02' }, 'invalid_argument', 'not in the calendar'],
    ['a month that no year has', { month: '2026-13' }, 'invalid_argument', 'not in the calendar'],
    ['not a month', { month: 'May' }, 'invalid_argument', '--month "May" is not a month'],
    ['before the database can hold it', { month: '0000-01' }, 'invalid_argument', 'between the years'],
  ])('%s is refused', (_, options, code, message) => {
    const error = errorOf(options);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test('is named in words', () => {
    expect(describeRange(parsed({ month: '2026-05' }))).toBe('May 2026 (UTC)');
    expect(describeRange(parsed({ from: '2026-05-01', to: '2026-05-11' }))).toBe(
      '2026-05-01 to 2026-05-11, not included (UTC)',
    );
  });
});

test('a day and a moment', () => {
  expect(parseDay('2026-05-01', '--day').toString()).toBe('2026-05-01');
  expect(parseInstant('2026-05-01', '--at').toString()).toBe('2026-05-01T00:00:00Z');
  expect(parseInstant('2026-05-01T02:00:00+02:00', '--at').toString()).toBe('2026-05-01T00:00:00Z');
  expect(() => parseInstant('noon', '--at')).toThrow('--at "noon" is not a moment');
});
