import { type DayRange, startOfDay } from '../../metering/index.ts';
import { ArcadiaError } from '../../platform/errors.ts';

const firstYear = 2000;
const lastYear = 2999;

/** Reads one UTC day, `2026-05-01`. `name` says in an error which argument it was. */
function parseDay(text: string, name: string): Temporal.PlainDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    throw new ArcadiaError('invalid_argument', `${name} ${quote(text)} is not a day; write it as 2026-05-01 (UTC).`);
  }
  return parseCalendar(`${name} ${quote(text)}`, text);
}

/** Reads an instant, `2026-05-01T06:00:00Z`, or a day, which stands for its first moment. */
export function parseInstant(text: string, name: string): Temporal.Instant {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return startOfDay(parseDay(text, name));
  try {
    return Temporal.Instant.from(text);
  } catch {
    throw new ArcadiaError(
      'invalid_argument',
      `${name} ${quote(text)} is not a moment; write it as 2026-05-01T06:00:00Z or as a day, 2026-05-01 (UTC).`,
    );
  }
}

function parseCalendar(what: string, text: string): Temporal.PlainDate {
  let day: Temporal.PlainDate;
  try {
    day = Temporal.PlainDate.from(text);
  } catch {
    throw new ArcadiaError('invalid_argument', `${what} is not in the calendar.`);
  }
  if (day.year < firstYear || day.year > lastYear) {
    throw new ArcadiaError('invalid_argument', `${what} is not between the years ${firstYear} and ${lastYear}.`);
  }
  return day;
}

/** The UTC calendar month that holds a day. */
export function monthOf(day: Temporal.PlainDate): DayRange {
  const from = day.with({ day: 1 });
  return { from, to: from.add({ months: 1 }) };
}

type Day = Temporal.PlainDate | string;

/** For a heading: `May 2026 (UTC)` for a whole month, `2026-05-01 to 2026-05-11 (UTC)` else. */
export function describeRange(range: { readonly from: Day; readonly to: Day }): string {
  const from = Temporal.PlainDate.from(range.from);
  const to = Temporal.PlainDate.from(range.to);
  const month = monthOf(from);
  if (month.from.equals(from) && month.to.equals(to)) {
    return `${from.toLocaleString('en', { month: 'long', year: 'numeric' })} (UTC)`;
  }
  return `${from} to ${to}, not included (UTC)`;
}

/** `metered through 31 May 2026`; `nothing metered yet` where no day of the range is. `meteredThrough`: the first that is not. */
export function meteredText({ from, meteredThrough }: { readonly from: Day; readonly meteredThrough: Day }): string {
  const first = Temporal.PlainDate.from(meteredThrough);
  if (Temporal.PlainDate.compare(first, Temporal.PlainDate.from(from)) <= 0) return 'nothing metered yet';
  const last = first.subtract({ days: 1 });
  return `metered through ${last.day} ${last.toLocaleString('en', { month: 'long', year: 'numeric' })}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
