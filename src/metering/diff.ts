import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { formatQuantity, parseQuantity, sumQuantities } from '../platform/quantity.ts';
import * as diffStore from './diff.store.ts';
import { assertComplete, findTouched, planDay, settleFacts } from './meter.ts';
import { assertRange, type DayRange, dayOf, daysOf } from './period.ts';
import * as store from './store.ts';
import { holdUsageStore, openUsageStore } from './records/open.ts';
import {
  LevelsMoved,
  type RecordFilter,
  recordsMax,
  type UsageQuery,
  type UsageRecord,
  type UsageStore,
} from './records/usage-store.ts';

// What metering would write, and does not. It compares as metering does, day by day, and reads
// only: levels and attributions, which are derived, are brought up to date first; usage stays.

export interface DiffOptions {
  readonly now: Temporal.Instant;
  /** UTC days; every complete day unless given. */
  readonly range?: DayRange | undefined;
  /** Compare everything, even where no fact says that anything changed. */
  readonly verify?: boolean | undefined;
  /** Resources at most, those that change most first; 100 unless given. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each day, with how many of how many are compared. */
  readonly onProgress?: ((day: Temporal.PlainDate, done: number, of: number) => void) | undefined;
}

/** Sums over the range: as they are, and as metering would leave them. */
export interface UsageDifference {
  readonly deployment: string;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
  /** after less before; '0' where only the granularity changes, or what one day loses another gains. */
  readonly change: string;
  /** Where usage of earlier days of the range is rolled up: the first day that is in `before` and `after`. */
  readonly recordsFrom: string | null;
  /** Records that would be inserted, changed and deleted. */
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
}

export interface ResourceDifference extends UsageDifference {
  readonly resourceId: number;
  readonly resourceKind: string;
  readonly externalId: string;
  readonly name: string | null;
}

export interface UsageDiff {
  /** null: there is nothing that could be metered yet. */
  readonly from: string | null;
  readonly to: string | null;
  /** Days that were compared: those that facts or configuration have touched since they were metered. */
  readonly days: number;
  /** Whether metering would write anything. */
  readonly differs: boolean;
  /** By deployment and kind; at most 1000. */
  readonly deployments: readonly UsageDifference[];
  readonly deploymentsTotal: number;
  readonly resources: readonly ResourceDifference[];
  readonly resourcesTotal: number;
}

const deploymentsMax = 1000;
const attemptsMax = 5;

/**
 * What metering a range of complete days would change, before and after, by deployment, kind and
 * resource. Writes no usage, and holds no lock that metering waits for.
 * @throws ArcadiaError range_reversed, range_too_large, period_incomplete; what the signal aborts with
 */
export async function diffUsage(db: Database, options: DiffOptions): Promise<UsageDiff> {
  const { now, verify = false } = options;
  if (options.range !== undefined) {
    assertRange(options.range);
    assertComplete(options.range, now);
  }
  const upTo = await settleFacts(db, now);
  const range = await metered(db, options.range ?? null, now);
  if (range === null) return nothing(options.range ?? null);
  const days = verify ? [...daysOf(range)] : await store.selectOutstandingDays(db, range, upTo);
  for (let attempt = 1; ; attempt += 1) {
    const usageStore = await openUsageStore(db);
    await usageStore.prepare(db);
    try {
      return await db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((trx) => compareDays(trx, usageStore, range, days, upTo, options));
    } catch (error) {
      if (!(error instanceof LevelsMoved) || attempt === attemptsMax) throw error;
    }
  }
}

/** The part of a range, or of all time, that can be metered. */
async function metered(db: Queryable, range: DayRange | null, now: Temporal.Instant): Promise<DayRange | null> {
  const first = await store.selectFirstDay(db);
  if (first === null) return null;
  const from = range === null || Temporal.PlainDate.compare(range.from, first) < 0 ? first : range.from;
  const to = range?.to ?? dayOf(now);
  return Temporal.PlainDate.compare(from, to) < 0 ? { from, to } : null;
}

function nothing(range: DayRange | null): UsageDiff {
  return {
    from: range?.from.toString() ?? null,
    to: range?.to.toString() ?? null,
    days: 0,
    differs: false,
    deployments: [],
    deploymentsTotal: 0,
    resources: [],
    resourcesTotal: 0,
  };
}

async function compareDays(
  trx: UnitOfWork,
  usageStore: UsageStore,
  range: DayRange,
  days: readonly Temporal.PlainDate[],
  upTo: number,
  { verify = false, limit = 100, signal, onProgress }: DiffOptions,
): Promise<UsageDiff> {
  await holdUsageStore(trx, usageStore);
  const differences = await diffStore.createDifferences(trx);
  for (const [index, day] of days.entries()) {
    signal?.throwIfAborted();
    const plan = planDay(await store.selectKindsOfDay(trx, day, upTo));
    const { touched: found, scopes } = await findTouched(trx, day, plan, upTo);
    const whole = verify ? plan.kinds : [...plan.first, ...plan.reconfigured];
    const touched = found.filter((kind) => !whole.includes(kind));
    await usageStore.compareDay(trx, { day, whole, touched, scopes, upTo }, differences);
    onProgress?.(day, index + 1, days.length);
  }

  const deployments = await diffStore.selectDeploymentDifferences(trx, differences, deploymentsMax);
  const resources = await diffStore.selectResourceDifferences(trx, differences, limit);
  const kept = (await store.selectUsageBounds(trx, range)).floors;
  const floors = new Map(Object.entries(kept).map(([kind, floor]) => [kind, Temporal.PlainDate.from(floor)]));
  const stored = new Map(
    (await usageStore.sumByDeployment(trx, { scope: 'all', range, floors })).map((sum) => [
      `${sum.deploymentId} ${sum.kind}`,
      sum.quantity,
    ]),
  );
  const shown: ResourceDifference[] = [];
  for (const row of resources) {
    const { deploymentId, resourceId, kind, resourceKind, externalId, name } = row;
    const before = await storedSum(trx, usageStore, { scope: { deploymentId }, range, floors }, { kind, resourceId });
    shown.push({ resourceId, resourceKind, externalId, name, ...differenceOf(row, before, kept) });
  }
  return {
    from: range.from.toString(),
    to: range.to.toString(),
    days: days.length,
    differs: deployments.length > 0,
    deployments: deployments.map((row) =>
      differenceOf(row, stored.get(`${row.deploymentId} ${row.kind}`) ?? '0', kept),
    ),
    deploymentsTotal: deployments[0]?.total ?? 0,
    resources: shown,
    resourcesTotal: resources[0]?.total ?? 0,
  };
}

/** The sum of some records, page by page: a range of many years by the hour has many. */
async function storedSum(
  trx: UnitOfWork,
  usageStore: UsageStore,
  query: UsageQuery,
  filter: RecordFilter,
): Promise<string> {
  let sum = '0';
  let after: UsageRecord | undefined;
  for (;;) {
    const records = await usageStore.listRecords(trx, query, filter, { after, limit: recordsMax });
    sum = sumQuantities([sum, ...records.map((record) => record.quantity)]);
    after = records.at(-1);
    if (records.length < recordsMax) return sum;
  }
}

function differenceOf(
  { deployment, kind, change, inserted, changed, deleted }: diffStore.DifferenceRow,
  before: string,
  floors: Readonly<Record<string, string>>,
): UsageDifference {
  const after = formatQuantity(parseQuantity(before).plus(parseQuantity(change)));
  const recordsFrom = floors[kind] ?? null;
  return { deployment, kind, before, after, change, recordsFrom, inserted, changed, deleted };
}
