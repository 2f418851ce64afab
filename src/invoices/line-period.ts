import type { Line } from './lines.ts';

/** UTC days, half-open. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/**
 * The days that a line is for: of a fee its own, which lie in another month where it is due in advance or for a
 * year; of what began or ended within a day, that day too; else the line's month.
 */
export function linePeriod(line: Pick<Line, 'serviceMonth' | 'details'>): Period {
  const { from, to } = line.details;
  if (typeof from !== 'string' || typeof to !== 'string') {
    const month = line.serviceMonth.with({ day: 1 });
    return { from: month.toString(), to: month.add({ months: 1 }).toString() };
  }
  const last = dayBefore(to);
  return { from: dayOf(from), to: last.add({ days: 1 }).toString() };
}

function dayOf(instant: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO('UTC').toPlainDate().toString();
}

function dayBefore(end: string): Temporal.PlainDate {
  return Temporal.Instant.from(end).subtract({ nanoseconds: 1 }).toZonedDateTimeISO('UTC').toPlainDate();
}
