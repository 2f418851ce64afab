import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { readLastChange } from '../platform/changes.ts';
import { refreshLevelsWithin } from './levels.ts';
import { completeDays, lockAndPlan, replacePlanned } from './meter.ts';
import { dayOf, type DayRange } from './period.ts';
import { postgresUsageStore } from './records/postgres/postgres.ts';

// Metering within a transaction that is rolled back: what days would hold by facts that it has just written.

/** Complete days, from the first that can be metered on; null: there are none. */
export async function completeRange(db: Queryable, now: Temporal.Instant): Promise<DayRange | null> {
  const [from] = await completeDays(db, now);
  return from === undefined ? null : { from, to: dayOf(now) };
}

/**
 * Brings the levels up to date with the facts up to a position, as far as the transaction sees them; their attributions
 * must have been written.
 * @param position all that it sees unless given
 * @returns the position, up to which `meterWithin` can meter
 */
export async function settleWithin(trx: UnitOfWork, position?: number): Promise<number> {
  const upTo = position ?? (await readLastChange(trx));
  await refreshLevelsWithin(trx, upTo);
  return upTo;
}

/**
 * Meters days again by the facts up to a position of `settleWithin`. Days on which some kind is still to be metered
 * as a whole are left as they are: to meter all of a fleet is a job's work. Only where usage is in PostgreSQL: what
 * is written elsewhere is not rolled back.
 * @returns how many days were left
 */
export async function meterWithin(
  trx: UnitOfWork,
  days: readonly Temporal.PlainDate[],
  { now, upTo }: { readonly now: Temporal.Instant; readonly upTo: number },
): Promise<number> {
  let left = 0;
  for (const day of days) {
    const plan = await lockAndPlan(trx, day, upTo);
    if (plan.first.length + plan.reconfigured.length > 0) {
      left += 1;
      continue;
    }
    await replacePlanned(trx, postgresUsageStore, plan, { day, upTo, options: { now } });
  }
  return left;
}
