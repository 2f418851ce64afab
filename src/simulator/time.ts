/**
 * A fleet's instants are whole seconds, kept as epoch milliseconds: a hundred thousand resources
 * hold several each, and a number costs a tenth of an object. Instants at the edges.
 */
export type Ms = number;

export const SECOND: Ms = 1_000;
export const MINUTE: Ms = 60 * SECOND;
export const HOUR: Ms = 60 * MINUTE;
export const DAY: Ms = 24 * HOUR;

export function ms(text: string): Ms {
  return Temporal.Instant.from(text).epochMilliseconds;
}

export function instantOf(at: Ms): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(at);
}

/** RFC 3339 in UTC, as the provider writes it: `2026-05-01T00:00:00Z`. */
export function rfc3339(at: Ms): string {
  return instantOf(at).toString();
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The form of the HTTP header `date` (RFC 9110, IMF-fixdate). */
export function httpDate(at: Ms): string {
  const t = instantOf(at).toZonedDateTimeISO('UTC');
  const two = (n: number) => String(n).padStart(2, '0');
  return (
    `${weekdays[t.dayOfWeek - 1]}, ${two(t.day)} ${months[t.month - 1]} ${t.year} ` +
    `${two(t.hour)}:${two(t.minute)}:${two(t.second)} GMT`
  );
}
