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

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** A cron expression (five fields, UTC) in words where it is a usual one, else as it is: `every 15 minutes`, `daily at 04:52`. */
export function describeCron(cron: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.trim().split(/\s+/);
  const isNumber = (text: string) => /^\d{1,2}$/.test(text);
  if (month !== '*') return cron;
  const isEveryDay = day === '*' && weekday === '*';
  const step = /^\*\/(\d{1,2})$/;
  if (isEveryDay && hour === '*' && minute === '*') return 'every minute';
  const minutes = step.exec(minute)?.[1];
  if (isEveryDay && hour === '*' && minutes !== undefined) return `every ${minutes} minutes`;
  if (!isNumber(minute)) return cron;
  const past = minute.padStart(2, '0');
  if (isEveryDay && hour === '*') return `hourly at :${past}`;
  const hours = step.exec(hour)?.[1];
  if (isEveryDay && hours !== undefined) return `every ${hours} hours at :${past}`;
  if (!isNumber(hour)) return cron;
  const at = `at ${hour.padStart(2, '0')}:${past}`;
  if (isEveryDay) return `daily ${at}`;
  if (day === '*' && isNumber(weekday)) return `every ${weekdays[parseInt(weekday, 10) % 7]} ${at}`;
  if (weekday === '*' && isNumber(day)) return `monthly on day ${day} ${at}`;
  return cron;
}
