import { ArcadiaError } from '../../platform/errors.ts';
import { parseRange } from '../engine/range.ts';

/** The first day of the month of --month. */
export function monthArgument(month: string): Temporal.PlainDate {
  const range = parseRange({ month }, null);
  if (range === null) throw new ArcadiaError('invalid_argument', 'Give a month: --month 2026-05.');
  return range.from;
}

/** `May 2026` */
export function monthName(month: Temporal.PlainDate): string {
  return month.toLocaleString('en', { month: 'long', year: 'numeric' });
}
