import { bringAttributionsUpToDate } from '../deployments/index.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { writeMessages } from '../webhooks/index.ts';
import { beforeMetering } from './errors.ts';
import { readWatermark, resourceTopics } from '../platform/changes.ts';
import { bringLevelsUpToDate } from './levels.ts';
import type { DayRange } from './period.ts';
import { assertRange, dayOf, daysOf, startOfDay } from './period.ts';
import * as store from './store.ts';
import { holdUsageStore, openUsageStore } from './records/open.ts';
import { LevelsMoved, nothingReplaced, type UsageStore } from './records/usage-store.ts';

interface MeterOptions {
  readonly now: Temporal.Instant;
  /** Recompute and compare everything, even where no fact says that anything changed. */
  readonly verify?: boolean;
}

/**
 * What metering a day did. `cause` null: it was up to date, and nothing was written. `retired`: so it
 * was, and records of it are past their retention: what comes this late is reported, see `listLateFacts`.
 */
export interface MeteredDay {
  readonly day: string;
  readonly cause: store.RunCause | 'retired' | null;
  /** Marks the records that this run wrote; null when it wrote none. */
  readonly revision: number | null;
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
}

interface MeterRangeOptions extends MeterOptions, DayRange {
  readonly signal?: AbortSignal;
  /** Called after each day, with its result and how many of how many are done. */
  readonly onProgress?: (metered: MeteredDay, done: number, of: number) => void;
}

/** How often metering brings attributions up to date while facts keep coming, before it goes on. */
const attributionRoundsMax = 5;
/** How often a day is tried while what it is metered from, or where it is stored, is being changed. */
const attemptsMax = 10;

/**
 * Brings a complete UTC day up to date: every enabled billing kind, every resource. Days can be
 * metered in any order, again, and by several workers; the result is the same to the byte.
 * @throws ArcadiaError period_incomplete when the day has not ended at `now`; before_metering
 */
export async function meterDay(db: Database, day: Temporal.PlainDate, options: MeterOptions): Promise<MeteredDay> {
  await assertMeterable(db, { from: day, to: day.add({ days: 1 }) }, options.now);
  return meterDayWith(db, day, await settleFacts(db, options.now), options);
}

/**
 * Meters each day of a range, oldest first; stops between days when `signal` aborts.
 * @throws ArcadiaError range_reversed, range_too_large, period_incomplete, before_metering, cancelled
 */
export async function meterRange(db: Database, options: MeterRangeOptions): Promise<MeteredDay[]> {
  await assertMeterable(db, options, options.now);
  return meterDays(db, [...daysOf(options)], await settleFacts(db, options.now), options);
}

/** Meters every complete day that is not up to date; see `outstandingDays`. */
export async function meterOutstanding(
  db: Database,
  options: Omit<MeterRangeOptions, keyof DayRange>,
): Promise<MeteredDay[]> {
  const { days, upTo } = await findOutstanding(db, options.now);
  return meterDays(db, days, upTo, options);
}

/** Complete days, from the first that can be metered on, that are not up to date; oldest first. */
export async function outstandingDays(db: Database, now: Temporal.Instant): Promise<Temporal.PlainDate[]> {
  return (await findOutstanding(db, now)).days;
}

/** Every complete day from the first that can be metered on, oldest first. */
export async function completeDays(db: Queryable, now: Temporal.Instant): Promise<Temporal.PlainDate[]> {
  const from = await store.selectFirstDay(db);
  const to = dayOf(now);
  return from === null || Temporal.PlainDate.compare(from, to) >= 0 ? [] : [...daysOf({ from, to })];
}

async function findOutstanding(
  db: Database,
  now: Temporal.Instant,
): Promise<{ days: Temporal.PlainDate[]; upTo: number }> {
  const upTo = await settleFacts(db, now);
  const from = await store.selectFirstDay(db);
  const to = dayOf(now);
  if (from === null || Temporal.PlainDate.compare(from, to) >= 0) return { days: [], upTo };
  const days = await store.selectOutstandingDays(db, { from, to }, upTo);
  await store.advanceMeteredDays(db, { from, to }, days, { upTo, staysBehind: store.staysBehindMax });
  return { days, upTo };
}

async function meterDays(
  db: Database,
  days: readonly Temporal.PlainDate[],
  upTo: number,
  options: Omit<MeterRangeOptions, keyof DayRange>,
): Promise<MeteredDay[]> {
  const metered: MeteredDay[] = [];
  for (const day of days) {
    if (options.signal?.aborted) {
      throw new ArcadiaError(
        'cancelled',
        `Metering stopped before ${day}; ${metered.length} of ${days.length} days are done.`,
      );
    }
    const result = await meterDayWith(db, day, upTo, options);
    metered.push(result);
    options.onProgress?.(result, metered.length, days.length);
  }
  return metered;
}

/**
 * Refuses a range that cannot be metered at `now`. Days before all accounts would be metered as empty, and every day
 * between would be outstanding from then on.
 * @throws ArcadiaError range_reversed, range_too_large, period_incomplete, before_metering
 */
export async function assertMeterable(db: Queryable, range: DayRange, now: Temporal.Instant): Promise<void> {
  assertRange(range);
  assertComplete(range, now);
  const first = await store.selectFirstDay(db);
  if (first === null || Temporal.PlainDate.compare(range.from, first) >= 0) return;
  throw beforeMetering(`Nothing is metered before ${first}, and the range begins on ${range.from}.`, {
    details: { first: first.toString() },
  });
}

export function assertComplete(range: DayRange, now: Temporal.Instant): void {
  if (Temporal.Instant.compare(now, startOfDay(range.to)) >= 0) return;
  const first = Temporal.PlainDate.compare(range.from, dayOf(now)) > 0 ? range.from : dayOf(now);
  throw new ArcadiaError(
    'period_incomplete',
    `The day ${first} is not complete: it is ${now.round('second')}, and the day ends at ${startOfDay(first.add({ days: 1 }))}.`,
    { details: { day: first.toString() } },
  );
}

/** A position up to which all facts are committed, attributed and in the levels: what is metered now has seen them. */
export async function settleFacts(db: Database, now: Temporal.Instant): Promise<number> {
  let upTo = 0;
  for (let round = 0; round < attributionRoundsMax; round += 1) {
    await bringAttributionsUpToDate(db, now);
    upTo = await readWatermark(db, resourceTopics);
    if (!(await store.hasUnattributedFacts(db, upTo))) break;
    // When facts come faster than they are attributed, go on after a few rounds: attributing them
    // appends changes of its own behind this position, so those days are only looked at once more.
  }
  await bringLevelsUpToDate(db, upTo);
  return upTo;
}

export interface DayPlan {
  readonly kinds: readonly store.KindOfDay[];
  /** Never metered for this day. */
  readonly first: readonly store.KindOfDay[];
  /** Metered under another definition or granularity, or no longer enabled. */
  readonly reconfigured: readonly store.KindOfDay[];
  readonly upToDate: readonly store.KindOfDay[];
}

/** Which kinds of a day are to be looked at, and why. */
export function planDay(kinds: readonly store.KindOfDay[]): DayPlan {
  const sameAs = (kind: store.KindOfDay) =>
    kind.enabled &&
    kind.metered !== null &&
    kind.metered.granularity === kind.granularity &&
    kind.metered.definition === kind.definition;
  return {
    kinds,
    first: kinds.filter((kind) => kind.metered === null),
    reconfigured: kinds.filter((kind) => kind.metered !== null && !sameAs(kind)),
    upToDate: kinds.filter(sameAs),
  };
}

async function meterDayWith(
  db: Database,
  day: Temporal.PlainDate,
  upTo: number,
  options: MeterOptions,
): Promise<MeteredDay> {
  for (let attempt = 1; ; attempt += 1) {
    const usageStore = await openUsageStore(db);
    await usageStore.prepare(db);
    try {
      return await db.transaction().execute((trx) => replaceDay(trx, usageStore, day, upTo, options));
    } catch (error) {
      if (!(error instanceof LevelsMoved) || attempt === attemptsMax) throw error;
    }
  }
}

async function replaceDay(
  trx: UnitOfWork,
  usageStore: UsageStore,
  day: Temporal.PlainDate,
  upTo: number,
  options: MeterOptions,
): Promise<MeteredDay> {
  await holdUsageStore(trx, usageStore);
  const plan = await lockAndPlan(trx, day, upTo);
  return replacePlanned(trx, usageStore, plan, { day, upTo, options });
}

/** What is to be looked at on a day that nobody else meters until the transaction ends. */
export async function lockAndPlan(trx: UnitOfWork, day: Temporal.PlainDate, upTo: number): Promise<DayPlan> {
  await store.lockDay(trx, day);
  return planDay(await store.selectKindsOfDay(trx, day, upTo));
}

interface Replacing {
  readonly day: Temporal.PlainDate;
  readonly upTo: number;
  readonly options: MeterOptions;
}

/** Meters a day as it was planned, in the transaction of `lockAndPlan`. */
export async function replacePlanned(
  trx: UnitOfWork,
  usageStore: UsageStore,
  plan: DayPlan,
  { day, upTo, options }: Replacing,
): Promise<MeteredDay> {
  const { touched, scopes } = await findTouched(trx, day, plan, upTo);
  const whole = options.verify ? plan.kinds : [...plan.first, ...plan.reconfigured];
  if (whole.length === 0 && touched.length === 0) {
    const cause = (await store.isRetired(trx, day)) ? 'retired' : null;
    return { day: day.toString(), cause, ...nothingReplaced };
  }

  const cause = causeOf(plan, touched.length > 0);
  const replaced = await usageStore.replaceDay(trx, {
    day,
    whole,
    touched: touched.filter((kind) => !whole.includes(kind)),
    scopes,
    cause,
    now: options.now,
    upTo,
    begin: () => store.insertRun(trx, day, cause, options.now),
  });
  if (replaced.revision !== null) {
    await store.updateRun(trx, replaced.revision, replaced);
    const { inserted, changed, deleted } = replaced;
    const data = { day, cause, inserted, changed, deleted };
    await writeMessages(trx, 'day.metered', [{ customerId: null, data }], options.now);
  }
  await store.upsertMeteredDay(trx, day, plan.kinds, upTo, replaced.revision, options.now);
  const looked = replaced.revision !== null || cause === 'verify';
  return { day: day.toString(), cause: looked ? cause : null, ...replaced };
}

/**
 * The kinds that are up to date but for facts of resources: of the day, or of a peak or a percentile, of its month.
 * Which resources, the scopes hold.
 */
export async function findTouched(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  { upToDate }: DayPlan,
  upTo: number,
): Promise<{ readonly touched: store.KindOfDay[]; readonly scopes: store.Scopes }> {
  const after = lookedAtUpTo(upToDate, upTo);
  const ofDay = await store.prepareScope(trx, { from: day, to: day.add({ days: 1 }) }, after, upTo);
  const hasRaising = upToDate.some((kind) => kind.raising !== null);
  const ofMonth = hasRaising ? await store.prepareMonthScope(trx, day, after, upTo) : null;
  const touched = upToDate.filter((kind) => (kind.raising === null ? ofDay.count : (ofMonth?.count ?? 0)) > 0);
  return { touched, scopes: { day: ofDay.scope, month: ofMonth?.scope ?? null } };
}

/** Changes up to here have been looked at for all of the kinds, which are up to date otherwise. */
export function lookedAtUpTo(upToDate: readonly store.KindOfDay[], upTo: number): number {
  return Math.min(...upToDate.map((kind) => kind.metered?.changeId ?? 0), upTo);
}

function causeOf(plan: DayPlan, touched: boolean): store.RunCause {
  if (plan.first.length > 0) return 'first';
  if (plan.reconfigured.length > 0) return 'config';
  return touched ? 'changes' : 'verify';
}
