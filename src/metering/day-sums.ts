import { readWatermark } from '../platform/changes.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import * as store from './day-sums.store.ts';
import type { DayRange } from './period.ts';
import { holdUsageStore, openUsageStore } from './records/open.ts';
import type { DeploymentDaySum, DeploymentSum, KindSum, UsageQuery, UsageStore } from './records/usage-store.ts';
import { addSums } from './retention/usage-months.ts';

// What deployments used of each meter on each day, kept for whoever looks at all of them: summing the records of a month
// takes seconds where there are thirty million. A day whose records have changed since is summed from the records, so that
// what is kept is never other than the sums made anew. A ClickHouse sums records as fast; nothing is kept beside it.

/**
 * Sums each day whose records have changed since the last time. Any number of processes may call it, and it may be stopped
 * anywhere: the next goes on.
 * @returns how many days were summed
 * @throws LevelsMoved when usage was moved to another store meanwhile
 */
export async function sumDays(db: Database, signal?: AbortSignal): Promise<number> {
  const usage = await openUsageStore(db);
  if (usage.engine !== 'postgresql') {
    await db.transaction().execute(store.deleteSums);
    return 0;
  }
  // Before anything is summed: what changes meanwhile is summed the next time.
  const upTo = await readWatermark(db, ['usage']);
  const position = await store.selectPosition(db);
  if (position === upTo) return 0;
  const days = await store.selectTouchedDays(db, position, upTo);
  for (const day of days) {
    signal?.throwIfAborted();
    await db.transaction().execute(async (trx) => {
      await holdUsageStore(trx, usage);
      await store.lockSums(trx);
      await store.replaceDaySums(trx, day);
    });
  }
  await db.transaction().execute(async (trx) => {
    await holdUsageStore(trx, usage);
    await store.upsertPosition(trx, upTo);
  });
  return days.length;
}

type SumsQuery = Pick<UsageQuery, 'scope' | 'range' | 'floors' | 'kind'>;

/** Sums of usage as of now, as `UsageStore` has them. */
export interface UsageSums {
  sumByKind(query: SumsQuery): Promise<KindSum[]>;
  sumByKindAndDay(query: SumsQuery): Promise<store.KindDay[]>;
  sumByDeployment(query: SumsQuery): Promise<DeploymentSum[]>;
  sumByDeploymentAndDay(query: SumsQuery): Promise<DeploymentDaySum[]>;
}

/** Where more days than these are to be summed from records, all are: each is a statement of its own. */
const staleDaysMax = 10;

/** Sums that are kept, which staff alone may see, as far as they hold, and the rest from records. */
export async function openUsageSums(db: Queryable, { isStaff }: { readonly isStaff: boolean }): Promise<UsageSums> {
  const usage = await openUsageStore(db);
  const position = isStaff && usage.engine === 'postgresql' ? await store.selectPosition(db) : null;
  const known = new Map<string, Promise<Temporal.PlainDate[]>>();
  const staleOf = (range: DayRange) => {
    const key = `${range.from} ${range.to}`;
    const found = known.get(key) ?? store.selectStaleDays(db, range, position ?? 0);
    known.set(key, found);
    return found;
  };
  const summing =
    <Sum extends KindSum>(
      kept: (from: Queryable, query: store.KeptQuery) => Promise<Sum[]>,
      live: (from: Queryable, query: UsageQuery) => Promise<Sum[]>,
      keyOf: (sum: Sum) => string,
    ) =>
    async (query: SumsQuery): Promise<Sum[]> => {
      const { scope } = query;
      if (position === null || (scope !== 'all' && 'customerId' in scope)) return live(db, query);
      const stale = await staleOf(query.range);
      if (stale.length > staleDaysMax) return live(db, query);
      const parts: Sum[] = [];
      for (const day of stale)
        parts.push(...(await live(db, { ...query, range: { from: day, to: day.add({ days: 1 }) } })));
      return addSums(await kept(db, { ...query, scope, without: stale }), parts, keyOf);
    };
  const dayKey = ({ kind, day }: store.KindDay) => `${day} ${kind}`;
  return {
    sumByKind: summing(store.sumByKind, liveOf(usage, 'sumByKind'), ({ kind }) => kind),
    sumByKindAndDay: summing<store.KindDay>(store.sumByKindAndDay, liveOf(usage, 'sumByKindAndDay'), dayKey),
    sumByDeployment: summing(
      store.sumByDeployment,
      liveOf(usage, 'sumByDeployment'),
      (sum) => `${sum.deploymentId} ${sum.kind}`,
    ),
    sumByDeploymentAndDay: summing(
      store.sumByDeploymentAndDay,
      liveOf(usage, 'sumByDeploymentAndDay'),
      (sum) => `${sum.deploymentId} ${dayKey(sum)}`,
    ),
  };
}

function liveOf<Name extends keyof UsageSums>(usage: UsageStore, name: Name): UsageStore[Name] {
  return usage[name].bind(usage) as UsageStore[Name];
}
