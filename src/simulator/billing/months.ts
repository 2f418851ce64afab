import { HOUR, instantOf, type Ms } from '../time.ts';

/** A billing period: a calendar month in UTC, `[start, end)`. */
export interface Month {
  /** `2026-05` */
  readonly name: string;
  readonly start: Ms;
  readonly end: Ms;
}

/** An invoice is made so long after the end of its month. */
export const INVOICE_DELAY = 2 * HOUR;

export function monthAt(at: Ms): Month {
  return monthFrom(instantOf(at).toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth());
}

/** `2026-05`; throws RangeError for what is no month. */
export function monthNamed(name: string): Month {
  return monthFrom(Temporal.PlainYearMonth.from(name));
}

export function monthAfter(month: Month): Month {
  return monthAt(month.end);
}

export function monthBefore(month: Month): Month {
  return monthAt(month.start - 1);
}

/** `May 2026` */
export function monthInWords({ name }: Month): string {
  return Temporal.PlainYearMonth.from(name).toPlainDate({ day: 1 }).toLocaleString('en-US', {
    month: 'long',
    year: 'numeric',
  });
}

function monthFrom(month: Temporal.PlainYearMonth): Month {
  const start = (of: Temporal.PlainYearMonth) => of.toPlainDate({ day: 1 }).toZonedDateTime('UTC').epochMilliseconds;
  return { name: month.toString(), start: start(month), end: start(month.add({ months: 1 })) };
}
