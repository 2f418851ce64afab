// What other servers say in the headers of an answer.

/** Seconds, or an HTTP date compared with the answer's own time; null when neither. */
export function parseRetryAfter(text: string | null, serverNowMs: number): number | null {
  const seconds = parseCount(text);
  if (seconds !== null) return seconds * 1000;
  const at = parseHttpDate(text);
  return at === null ? null : Math.max(0, at - serverNowMs);
}

/** A whole number; null: it is none. */
export function parseCount(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const httpDate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;

/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7; its two obsolete forms are not read), in milliseconds since 1970. */
export function parseHttpDate(text: string | null): number | null {
  const match = text === null ? null : httpDate.exec(text);
  if (match === null) return null;
  const [, day, monthName, year, time] = match;
  const month = String(months.indexOf(monthName ?? '') + 1).padStart(2, '0');
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${time}Z`).epochMilliseconds;
  } catch {
    return null;
  }
}
