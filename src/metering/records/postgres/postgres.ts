import type { UnitOfWork, Database } from '../../../platform/database/database.ts';
import type { Differences } from '../../diff.store.ts';
import type { DayRange, Granularity } from '../../period.ts';
import { appendUsageChanges, type KindOfDay, lockDay, type Scope } from '../../store.ts';
import * as months from '../../retention/usage-months.store.ts';
import * as read from './read.store.ts';
import * as write from './write.store.ts';
import {
  concernsAll,
  type DayComparison,
  type DayReplacement,
  type KindMonth,
  nothingReplaced,
  type Replaced,
  type UsageStore,
} from '../usage-store.ts';

/** The store that is there without any setting: the table usage_records, beside everything else. */
export const postgresUsageStore: UsageStore = {
  engine: 'postgresql',
  async prepare() {},
  replaceDay,
  compareDay,
  sumByKind: read.selectSumsByKind,
  sumByKindAndDay: read.selectSumsByKindAndDay,
  sumByDeployment: read.selectSumsByDeployment,
  sumByDeploymentAndDay: read.selectSumsByDeploymentAndDay,
  listRecords: read.selectRecords,
  countRecords: read.countRecords,
  rollUp: months.rollUpRecords,
  drop,
};

async function replaceDay(trx: UnitOfWork, replacement: DayReplacement): Promise<Replaced> {
  const { day, whole, touched } = replacement;
  const enabled = whole.filter((kind) => kind.enabled);
  const granularities = [...new Set(enabled.map((kind) => kind.granularity))].sort();
  const empty = touched.length === 0 && whole.every((kind) => kind.metered === null);
  return empty && !(await anyPartition(trx, day, granularities))
    ? fillDay(trx, replacement, granularities)
    : replaceDifferences(trx, replacement);
}

async function compareDay(
  trx: UnitOfWork,
  { day, whole, touched, scopes }: DayComparison,
  differences: Differences,
): Promise<void> {
  const { diff } = await write.prepareDiff(trx, write.onlyDay(day), { whole, scoped: touched, scopes });
  await write.addDifferences(trx, diff, differences);
}

async function anyPartition(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  granularities: readonly Granularity[],
): Promise<boolean> {
  for (const granularity of granularities) {
    if (await write.partitionExists(trx, granularity, day)) return true;
  }
  return false;
}

/** The day has no record yet: fill new partitions, with nothing to compare. */
async function fillDay(
  trx: UnitOfWork,
  replacement: DayReplacement,
  granularities: readonly Granularity[],
): Promise<Replaced> {
  const { day, whole, begin } = replacement;
  if (!(await write.anyExpected(trx, day, whole))) return nothingReplaced;
  const revision = await begin();
  let inserted = 0;
  for (const granularity of granularities) {
    inserted += await write.insertFirstRecords(trx, day, granularity, whole, revision);
  }
  // Last, because it locks the parent table until the commit.
  for (const granularity of granularities) await write.attachPartition(trx, day, granularity);
  await appendUsageChanges(trx, replacement, 'all');
  return { revision, inserted, changed: 0, deleted: 0 };
}

/** Compares what is stored with what should be, and replaces what differs. */
async function replaceDifferences(trx: UnitOfWork, replacement: DayReplacement): Promise<Replaced> {
  const { day, whole, touched, scopes, cause, begin } = replacement;
  const { diff, count } = await write.prepareDiff(trx, write.onlyDay(day), { whole, scoped: touched, scopes });
  if (count === 0) return nothingReplaced;
  const revision = await begin();
  for (const granularity of await write.granularitiesToInsert(trx, diff)) {
    if (!(await write.partitionExists(trx, granularity, day))) await write.attachPartition(trx, day, granularity, true);
  }
  const written = await write.applyDiff(trx, diff, write.onlyDay(day), revision, replacement);
  await appendUsageChanges(trx, replacement, concernsAll(cause) ? 'all' : write.changedDeployments(diff));
  return { revision, ...written };
}

/**
 * Compares and replaces days of one month at once, for what is rolled back: they are one run, and nobody learns of what
 * changed. Only of kinds that are metered by the day, and add up their levels.
 */
export async function replaceDays(
  trx: UnitOfWork,
  days: DayRange,
  { kinds, scope, begin }: { readonly kinds: readonly KindOfDay[]; readonly scope: Scope; begin(): Promise<number> },
): Promise<void> {
  const scopes = { day: scope, month: null };
  const { diff, count } = await write.prepareDiff(trx, days, { whole: [], scoped: kinds, scopes });
  if (count === 0) return;
  for (const day of await write.daysToAttach(trx, diff)) await write.attachPartition(trx, day, 'day', true);
  await write.applyDiff(trx, diff, days, await begin(), { cause: 'changes', touched: kinds, scopes });
}

/** Whole partitions where nothing else is metered that day; else some thousand records at a time. */
async function drop(db: Database, month: KindMonth, signal?: AbortSignal): Promise<void> {
  for (const day of await write.daysWithRecords(db, { from: month.month, to: month.month.add({ months: 1 }) })) {
    for (let left = true; left; ) {
      signal?.throwIfAborted();
      left = await db.transaction().execute(async (trx) => {
        await lockDay(trx, day);
        if (await months.isMetered(trx, day)) return write.deleteSomeRecords(trx, day, month.billingKindId);
        await write.dropPartitions(trx, day);
        return false;
      });
    }
  }
  while (await write.deleteSomeChanges(db, month)) signal?.throwIfAborted();
}
