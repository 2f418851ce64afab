import { Random } from './random.ts';
import { DAY, HOUR, instantOf, type Ms } from './time.ts';

/** A backup is made some time within this after its hour. */
export const BACKUP_WINDOW_HOURS = 4;

/** How long the provider keeps backups, and how many that makes. */
export const backupPlans = {
  weekly: { retentionDays: 28, kept: 4 },
  daily: { retentionDays: 7, kept: 7 },
} as const;

/** The weekday (0 is Sunday) and the hour that the provider chose for a droplet. */
export function backupSchedule(seed: number, droplet: number): { weekday: number; hour: number } {
  const random = new Random(seed, 'backups', droplet);
  return { weekday: random.int(0, 6), hour: random.pick([0, 4, 8, 16, 20]) };
}

/** The first window that begins after an instant. */
export function nextBackupWindow(
  policy: { plan: 'weekly' | 'daily'; weekday: number; hour: number },
  after: Ms,
): { start: Ms; end: Ms } {
  let start = Math.floor(after / DAY) * DAY + policy.hour * HOUR;
  const isDue = () =>
    start > after &&
    (policy.plan === 'daily' || instantOf(start).toZonedDateTimeISO('UTC').dayOfWeek % 7 === policy.weekday);
  while (!isDue()) start += DAY;
  return { start, end: start + BACKUP_WINDOW_HOURS * HOUR };
}
