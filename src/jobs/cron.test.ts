import { expect, test } from 'vitest';
import { describeCron, isDue, nextRun } from './cron.ts';

const at = (text: string) => Temporal.Instant.from(text);

test.each([
  ['*/15 * * * *', '2026-05-01T00:00:00Z', '2026-05-01T00:15:00Z'],
  ['*/15 * * * *', '2026-05-01T00:14:59.999Z', '2026-05-01T00:15:00Z'],
  ['33 * * * *', '2026-12-31T23:34:00Z', '2027-01-01T00:33:00Z'],
  ['10 1 * * *', '2026-02-28T01:10:00Z', '2026-03-01T01:10:00Z'],
])('%s after %s is %s, in UTC and strictly later', (cron, after, next) => {
  expect(nextRun(cron, at(after)).toString()).toBe(next);
});

test('what is no cron expression is named', () => {
  expect(() => nextRun('61 * * * *', at('2026-05-01T00:00:00Z'))).toThrow('"61 * * * *" is no cron expression');
});

test.each([
  ['a moment before', '2026-05-02T01:09:59Z', false],
  ['on time', '2026-05-02T01:10:00Z', true],
  ['a week late', '2026-05-09T00:00:00Z', true],
  ['on a clock that went back a day', '2026-04-30T01:10:00Z', true],
])('a daily entry last found due on 2026-05-01 is due %s', (_, now, due) => {
  expect(isDue('10 1 * * *', at('2026-05-01T01:10:00Z'), at(now))).toBe(due);
});

test.each([
  ['*/15 * * * *', 'every 15 minutes'],
  ['* * * * *', 'every minute'],
  ['33 * * * *', 'hourly at :33'],
  ['5 */6 * * *', 'every 6 hours at :05'],
  ['27 3 * * *', 'daily at 03:27'],
  ['0 6 * * 1', 'every Monday at 06:00'],
  ['10 2 3 * *', 'monthly on day 3 at 02:10'],
  ['0 6 1 1 *', '0 6 1 1 *'],
  ['1,31 * * * *', '1,31 * * * *'],
])('%s is %s', (cron, words) => {
  expect(describeCron(cron)).toBe(words);
});
