import { roundedRatio } from '../platform/quantity.ts';
import { startOfDay, startOfMonth } from './period.ts';

/**
 * Accrual in whole numbers, as the design states it. The same formula stands in SQL
 * (`accrued` in migrations/0004_metering.sql), where metering runs; here it explains single
 * figures and is what tests hold the SQL against.
 */

/** events: levels are impulses, each of which counts as itself whatever the time (measured-levels.store.ts). */
export type Accrual = 'hours' | 'month' | 'events';

/**
 * How the levels of a calendar month become its quantity. sum: added up over time, as above. peak: the
 * highest level that was held. percentile: the same without a share of the month's time, that of the
 * highest levels. raises.store.ts has the latter two. unique: impulses are added up, and each key makes
 * one per owner and month.
 */
export type Aggregation = 'sum' | 'peak' | 'percentile' | 'unique';

/** Whether a month's figure is a level that was held, whose raises its records are. */
export function isRaised(aggregation: Aggregation): boolean {
  return aggregation === 'peak' || aggregation === 'percentile';
}

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

/**
 * U of the formula: one hour, or the length of the month that holds `day`; in microseconds. Of events the microsecond that
 * an impulse lasts.
 */
export function accrualUnit(accrual: Accrual, day: Temporal.PlainDate): bigint {
  if (accrual === 'hours') return hourMicroseconds;
  if (accrual === 'events') return 1n;
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
 * differences of R over time and over the running sum of shares, so that any split adds up. An impulse accrues its
 * share, and no time is multiplied with it.
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
  if (accrual === 'events') {
    const part = (upTo: number) => runningTotal(level, BigInt(upTo), total, 1n, 1n);
    return part(before + weight) - part(before);
  }
  return at(to, before + weight) - at(to, before) - at(from, before + weight) + at(from, before);
}
