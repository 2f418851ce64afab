import { CronExpressionParser } from 'cron-parser';
import { ArcadiaError } from '../platform/errors.ts';

/**
 * The first instant strictly after `after` at which a cron expression (five fields, UTC) fires.
 * Errors: invalid_config where the expression is none.
 */
export function nextRun(cron: string, after: Temporal.Instant): Temporal.Instant {
  try {
    const expression = CronExpressionParser.parse(cron, { currentDate: after.epochMilliseconds, tz: 'UTC' });
    return Temporal.Instant.fromEpochMilliseconds(expression.next().getTime());
  } catch (cause) {
    throw new ArcadiaError('invalid_config', `"${cron}" is no cron expression: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Is an entry due that was last found due at `tickedAt`? One answer for any number of missed
 * occurrences. A tick that lies in the future means that the clock went back: then it is due, for
 * a run too many changes nothing, and waiting for the clock to catch up would miss a day.
 */
export function isDue(cron: string, tickedAt: Temporal.Instant, now: Temporal.Instant): boolean {
  if (Temporal.Instant.compare(tickedAt, now) > 0) return true;
  return Temporal.Instant.compare(nextRun(cron, tickedAt), now) <= 0;
}
