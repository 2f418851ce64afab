import { Decimal, roundHalfAwayFromZero } from '../../platform/quantity.ts';

/** A half-open interval `[from, to)`. */
export interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** Kept by the month itself: gone with it. */
const monthSpans = new WeakMap<Temporal.PlainYearMonth, Span>();

/** The UTC calendar month. Remembered: of one month many deployments are rated. */
export function monthSpan(month: Temporal.PlainYearMonth): Span {
  const known = monthSpans.get(month);
  if (known) return known;
  const start = (of: Temporal.PlainYearMonth) => of.toPlainDate({ day: 1 }).toZonedDateTime('UTC').toInstant();
  const span = { from: start(month), to: start(month.add({ months: 1 })) };
  monthSpans.set(month, span);
  return span;
}

/** The UTC calendar month that holds an instant. */
export function monthOfInstant(instant: Temporal.Instant): Temporal.PlainYearMonth {
  return instant.toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth();
}

/** What two intervals share; null: nothing. An end of null is none. */
export function overlap(
  a: { readonly from: Temporal.Instant; readonly to: Temporal.Instant | null },
  b: Span,
): Span | null {
  const from = Temporal.Instant.compare(a.from, b.from) > 0 ? a.from : b.from;
  const to = a.to !== null && Temporal.Instant.compare(a.to, b.to) < 0 ? a.to : b.to;
  return Temporal.Instant.compare(from, to) < 0 ? { from, to } : null;
}

/**
 * The part of a period's amount or allowance that falls to some of its time, by exact duration,
 * rounded to `digits` after the point: R(to) - R(from), where R(t) is the rounded part for the time
 * from the period's beginning to t. So parts add up to the whole, however a period is split.
 * @param shares of the whole, the period has one: 12 for a year's fee over a calendar month
 * @param before how many shares there were before the period: the running total goes through all of
 *   them, so that the twelve months of a year add up to its fee
 */
export function prorate(whole: Decimal, part: Span, period: Span, digits: number, shares = 1, before = 0): Decimal {
  if (shares === 1 && part.from.equals(period.from) && part.to.equals(period.to)) {
    return roundHalfAwayFromZero(whole, digits);
  }
  const length = microseconds(period.from, period.to);
  const begin = microseconds(period.from, part.from);
  const end = microseconds(period.from, part.to);
  if (begin.isNegative() || begin.gt(end) || end.gt(length)) {
    throw new RangeError(`[${part.from}, ${part.to}) is not within [${period.from}, ${period.to})`);
  }
  // Of what is not exactly half, 200 digits never make a half: the divisor is below 10^16.
  const until = (elapsed: Decimal) =>
    roundHalfAwayFromZero(whole.times(length.times(before).plus(elapsed)).div(length.times(shares)), digits);
  return until(end).minus(until(begin));
}

export function microseconds(from: Temporal.Instant, to: Temporal.Instant): Decimal {
  return new Decimal(((to.epochNanoseconds - from.epochNanoseconds) / 1000n).toString());
}
