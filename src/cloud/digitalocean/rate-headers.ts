import { z } from 'zod';
import { parseCount, parseHttpDate, parseRetryAfter } from '../../platform/http-headers.ts';

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
