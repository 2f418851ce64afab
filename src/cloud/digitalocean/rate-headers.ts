import { z } from 'zod';

/** What an answer's headers say about budgets and time; null where they are silent or not understood. */
export interface RateHeaders {
  readonly status: number;
  readonly limit: number | null;
  readonly remaining: number | null;
  /** When the oldest request expires, in milliseconds since 1970. Has been seen in the past. */
  readonly resetMs: number | null;
  /** How long to wait before the next request; never negative. */
  readonly retryAfterMs: number | null;
  /** The answer's own time, to compare `resetMs` with: the other side's clock, not ours. */
  readonly serverNowMs: number;
  /** The virtual instant of a simulator, as it was written. */
  readonly simulatedAt: string | null;
  /** The header `date`; null without one. */
  readonly answeredAt: Temporal.Instant | null;
}

const instant = z.iso.datetime({ offset: true });

export function readRateHeaders(status: number, headers: Headers, machineEpochMs: number): RateHeaders {
  const written = headers.get('x-simulated-clock');
  const simulatedAt = written !== null && instant.safeParse(written).success ? written : null;
  const dateMs = parseHttpDate(headers.get('date'));
  const serverNowMs =
    simulatedAt === null ? (dateMs ?? machineEpochMs) : Temporal.Instant.from(simulatedAt).epochMilliseconds;
  const resetSeconds = parseCount(headers.get('ratelimit-reset'));
  return {
    status,
    limit: parseCount(headers.get('ratelimit-limit')),
    remaining: parseCount(headers.get('ratelimit-remaining')),
    resetMs: resetSeconds === null ? null : resetSeconds * 1000,
    retryAfterMs: parseRetryAfter(headers.get('retry-after'), serverNowMs),
    serverNowMs,
    simulatedAt,
    answeredAt: dateMs === null ? null : Temporal.Instant.fromEpochMilliseconds(dateMs),
  };
}

/** Seconds, or an HTTP date compared with the answer's own time; null when neither. */
export function parseRetryAfter(text: string | null, serverNowMs: number): number | null {
  const seconds = parseCount(text);
  if (seconds !== null) return seconds * 1000;
  const at = parseHttpDate(text);
  return at === null ? null : Math.max(0, at - serverNowMs);
}

function parseCount(text: string | null): number | null {
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
