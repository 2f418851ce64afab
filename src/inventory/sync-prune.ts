import type { Database, Queryable } from '../platform/database/database.ts';
import { pruneBatch, selectSyncDays, type SyncDayRow } from './prune.store.ts';
import type { SyncRunFilters } from './store.ts';

/** Runs that one transaction looks at. */
const batchRuns = 2_000;

/**
 * Makes sums by day of the runs that began before an instant and say nothing any more. What stays: of each account and
 * kind the newest run and the newest complete one; whatever history, applied actions or counted absences refer to; the
 * last complete listing before each of these; listings of droplets that actions may still be applied between; and runs
 * that were reverted. No figure is another after it. Returns how many went.
 */
export async function pruneSyncRuns(db: Database, before: Temporal.Instant, signal?: AbortSignal): Promise<number> {
  let pruned = 0;
  let after = 0;
  for (;;) {
    signal?.throwIfAborted();
    const from = after;
    const batch = await db.transaction().execute((trx) => pruneBatch(trx, before, from, batchRuns));
    pruned += batch.pruned;
    if (batch.last === null || batch.looked < batchRuns) return pruned;
    after = batch.last;
  }
}

/** What syncs did by UTC day, the newest first: at most `limit` rows, beyond the row `after`. */
export function listSyncDays(
  db: Queryable,
  filters: Pick<SyncRunFilters, 'account' | 'kind'>,
  page: { readonly limit: number; readonly after: Pick<SyncDayRow, 'day' | 'account' | 'kind'> | null },
): Promise<SyncDayRow[]> {
  return selectSyncDays(db, filters, page.after, page.limit);
}
