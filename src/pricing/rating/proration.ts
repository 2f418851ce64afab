import type { Exact } from '../../platform/quantity.ts';

/**
 * The part of a month's amount or allowance that falls to the days [from, to) of one calendar
 * month, rounded to `digits` after the point: R(to) - R(from), where R(day) is the rounded part
 * for the days before it. So parts add up to the whole, however a month is split.
 */
export function prorate(whole: Exact, from: Temporal.PlainDate, to: Temporal.PlainDate, digits: number): Exact {
  const first = from.with({ day: 1 });
  const days = first.until(to).days;
  if (Temporal.PlainDate.compare(from, to) > 0 || days > first.daysInMonth) {
    throw new RangeError(`[${from}, ${to}) is not within one calendar month`);
  }
  // Of what is not exactly half, 256 digits never make a half: the divisor is at most 31.
  const until = (count: number) => whole.times(count).div(first.daysInMonth).toDecimalPlaces(digits);
  return until(days).minus(until(from.day - 1));
}
