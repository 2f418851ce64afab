import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { readLastChange } from '../platform/changes.ts';
import { refreshLevelsWithin } from './levels.ts';
import { completeDays, type DayPlan, lockAndPlan, lookedAtUpTo, replacePlanned } from './meter.ts';
import { dayOf, type DayRange } from './period.ts';
import { postgresUsageStore, replaceDays } from './records/postgres/postgres.ts';
import { advanceMeteredDays, insertRun, prepareScope, selectOutstandingDays } from './store.ts';

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
 * Meters those of the days again that are not up to date with the facts up to a position of `settleWithin`; the days in
 * the order of time. Days on which some kind is still to be metered
 * as a whole are left as they are: to meter all of a fleet is a job's work. Only where usage is in PostgreSQL: what
 * is written elsewhere is not rolled back.
 * @returns how many days were left
 */
export async function meterWithin(
  trx: UnitOfWork,
  days: readonly Temporal.PlainDate[],
  { now, upTo }: { readonly now: Temporal.Instant; readonly upTo: number },
): Promise<number> {
  const [from, last] = [days[0], days.at(-1)];
  if (from === undefined || last === undefined) return 0;
  const outstanding = await selectOutstandingDays(trx, { from, to: last.add({ days: 1 }) }, upTo);
  const asked = new Set(days.map(String));
  const planned: PlannedDay[] = [];
  let left = 0;
  for (const day of outstanding.filter((one) => asked.has(one.toString()))) {
    const plan = await lockAndPlan(trx, day, upTo);
    if (plan.first.length + plan.reconfigured.length > 0) left += 1;
    else planned.push({ day, plan });
  }
  for (const run of runsOf(planned)) {
    if (canBeAtOnce(run)) await replaceRun(trx, run, { now, upTo });
    else
      for (const { day, plan } of run)
        await replacePlanned(trx, postgresUsageStore, plan, { day, upTo, options: { now } });
  }
  return left;
}

/** A day on which no kind is to be metered as a whole. */
interface PlannedDay {
  readonly day: Temporal.PlainDate;
  readonly plan: DayPlan;
}

/** Days of one month, one after the other, on which the same kinds are metered in the same way. */
function runsOf(planned: readonly PlannedDay[]): PlannedDay[][] {
  const runs: PlannedDay[][] = [];
  for (const one of planned) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && goesOn(last, one)) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

function goesOn(last: PlannedDay, { day, plan }: PlannedDay): boolean {
  const wayOf = ({ upToDate }: DayPlan) =>
    JSON.stringify(upToDate.map((kind) => [kind.billingKindId, kind.granularity, kind.accrual, kind.definition]));
  return day.day > 1 && last.day.add({ days: 1 }).equals(day) && wayOf(last.plan) === wayOf(plan);
}

/** A peak rests on all of its month before it, and a kind of hours has 24 records a day: those go day by day. */
function canBeAtOnce(run: readonly PlannedDay[]): boolean {
  return run.every(({ plan }) => plan.upToDate.every((kind) => kind.raising === null && kind.granularity === 'day'));
}

async function replaceRun(
  trx: UnitOfWork,
  run: readonly PlannedDay[],
  { now, upTo }: { readonly now: Temporal.Instant; readonly upTo: number },
): Promise<void> {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return;
  const days = { from: first.day, to: last.day.add({ days: 1 }) };
  const after = Math.min(...run.map(({ plan }) => lookedAtUpTo(plan.upToDate, upTo)));
  const { scope, count } = await prepareScope(trx, days, after, upTo);
  const begin = () => insertRun(trx, first.day, 'changes', now);
  if (count > 0) await replaceDays(trx, days, { kinds: first.plan.upToDate, scope, begin });
  await advanceMeteredDays(trx, days, [], { upTo });
}
