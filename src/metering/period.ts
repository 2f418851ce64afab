import { ArcadiaError } from '../platform/errors.ts';

export type Granularity = 'day' | 'hour';

/** A half-open range of UTC days, `[from, to)`. */
export interface DayRange {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** The longest range that usage, quotes and metering take: a leap year. */
const rangeDaysMax = 366;

/** The instant at which a UTC day begins. */
export function startOfDay(day: Temporal.PlainDate): Temporal.Instant {
  return day.toZonedDateTime('UTC').toInstant();
}

/** The UTC day that holds an instant. */
export function dayOf(instant: Temporal.Instant): Temporal.PlainDate {
  return instant.toZonedDateTimeISO('UTC').toPlainDate();
}

/** The first day of the UTC calendar month that holds a day: where its accrual begins. */
export function startOfMonth(day: Temporal.PlainDate): Temporal.PlainDate {
  return day.with({ day: 1 });
}

/** The UTC calendar month that holds a day. */
export function monthOf(day: Temporal.PlainDate): DayRange {
  const from = startOfMonth(day);
  return { from, to: from.add({ months: 1 }) };
}

/** The days of a range, in order. */
export function* daysOf(range: DayRange): Generator<Temporal.PlainDate> {
  for (let day = range.from; Temporal.PlainDate.compare(day, range.to) < 0; day = day.add({ days: 1 })) yield day;
}

/**
 * Refuses a range that nothing can be answered for.
 * @throws ArcadiaError range_reversed, range_too_large
 */
export function assertRange(range: DayRange): void {
  const days = range.from.until(range.to, { largestUnit: 'days' }).days;
  if (days <= 0) {
    throw new ArcadiaError('range_reversed', `The range from ${range.from} to ${range.to} holds no day.`);
  }
  if (days > rangeDaysMax) {
    throw new ArcadiaError(
      'range_too_large',
      `The range from ${range.from} to ${range.to} has ${days} days; at most ${rangeDaysMax} can be asked for at once.`,
    );
  }
}
