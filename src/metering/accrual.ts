import { roundedRatio } from '../platform/quantity.ts';
import { startOfDay, startOfMonth } from './period.ts';

/**
 * Accrual in whole numbers, as the design states it. The same formula stands in SQL
 * (`accrued` in migrations/0004_metering.sql), where metering runs; here it explains single
 * figures and is what tests hold the SQL against.
 */

export type Accrual = 'hours' | 'month';

/**
 * How the levels of a calendar month become its quantity. sum: added up over time, as above. peak: the
 * highest level that was held. percentile: the same without a share of the month's time, that of the
 * highest levels. raises.store.ts has the latter two.
 */
export type Aggregation = 'sum' | 'peak' | 'percentile';

/** A share of an owner set: `[before, before + weight)` of `total`. */
export interface Share {
  readonly before: number;
  readonly weight: number;
  readonly total: number;
}

export const wholeShare: Share = { before: 0, weight: 1, total: 1 };

const hourMicroseconds = 3_600_000_000n;

function microseconds(instant: Temporal.Instant): bigint {
  return instant.epochNanoseconds / 1000n;
}

/** U of the formula: one hour, or the length of the month that holds `day`; in microseconds. */
export function accrualUnit(accrual: Accrual, day: Temporal.PlainDate): bigint {
  if (accrual === 'hours') return hourMicroseconds;
  const month = startOfMonth(day);
  return microseconds(startOfDay(month.add({ months: 1 }))) - microseconds(startOfDay(month));
}

/**
 * R(t): what a level (in billionths) has accrued `elapsed` microseconds into its month, in
 * billionths of the unit, rounded once, half away from zero.
 */
function runningTotal(level: bigint, weight: bigint, weightTotal: bigint, unit: bigint, elapsed: bigint): bigint {
  return roundedRatio(level * weight, elapsed, weightTotal * unit);
}

/**
 * What a share of a level accrues over `[from, to)`, an interval within one UTC month:
 * differences of R over time and over the running sum of shares, so that any split adds up.
 * @param level in billionths, not negative
 * @returns billionths of the kind's unit
 */
export function accrued(
  accrual: Accrual,
  level: bigint,
  share: Share,
  from: Temporal.Instant,
  to: Temporal.Instant,
): bigint {
  const month = startOfMonth(from.toZonedDateTimeISO('UTC').toPlainDate());
  const unit = accrualUnit(accrual, month);
  const monthStart = microseconds(startOfDay(month));
  const total = BigInt(share.total);
  const at = (instant: Temporal.Instant, weight: number) =>
    runningTotal(level, BigInt(weight), total, unit, microseconds(instant) - monthStart);
  const { before, weight } = share;
  return at(to, before + weight) - at(to, before) - at(from, before + weight) + at(from, before);
}
