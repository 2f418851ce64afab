import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { correctedKinds } from './apply-actions.ts';
import { syncRunBuiltOn } from './errors.ts';
import {
  hasPrunedAfter,
  holdSyncs,
  markReverted,
  orderRuns,
  restoreHistories,
  restoreOthers,
  type RevertedSync,
  selectDependants,
  selectRevertedSyncs,
  selectRun,
  type WrittenRun,
} from './revert.store.ts';
import { kindsOfSyncs } from './sync.ts';
import { lockHistory } from './sync.store.ts';

export type { RevertedSync } from './revert.store.ts';

/** Of the runs that stand in the way this many are named. */
const namedMax = 10;

/**
 * Takes back what a run wrote: history says again what it said before it, as a correction of now, and the run is
 * evidence of nothing. What was learned of the provider by later runs that rest on it must be reverted first, the last
 * first: each of them wrote only what differed from what it found, so that without this run it would have written
 * something else. With `andLater` they are reverted with it.
 *
 * Errors: not_found; conflict for a run that is reverted, or while the account is being synced; sync_run_built_on.
 * @param by who, for the record
 * @returns the runs that were reverted, the last first
 */
export function revertSyncRun(
  db: Database,
  { syncRunId, reason, andLater }: { readonly syncRunId: number; readonly reason: string; readonly andLater: boolean },
  by: string,
  now: Temporal.Instant,
): Promise<WrittenRun[]> {
  return db.transaction().execute(async (trx) => {
    const run = await holdRun(trx, syncRunId);
    const later = await findDependants(trx, run);
    if (later.length > 0 && !andLater) throw builtOn(run, later);
    const runs = await orderRuns(
      trx,
      [run, ...later].map((each) => each.syncRunId),
    );
    for (const each of runs) {
      await restoreHistories(trx, each, by, now);
      await restoreOthers(trx, each);
      await markReverted(trx, each, reason, by, now);
    }
    return runs;
  });
}

/** The run, with its account's syncs and history held until the transaction ends. */
async function holdRun(trx: UnitOfWork, syncRunId: number): Promise<WrittenRun> {
  const found = await selectRun(trx, syncRunId);
  if (found === null)
    throw new ArcadiaError('not_found', `There is no sync run ${syncRunId}.`, { next: { operation: 'sync runs' } });
  const busy = await holdSyncs(trx, found.accountId, kindsOfSyncs);
  if (busy !== null)
    throw new ArcadiaError('conflict', `${found.account} is being synced just now (${busy}).`, {
      todo: 'Try again when that has ended.',
    });
  await lockHistory(trx, found.accountId);
  const run = (await selectRun(trx, syncRunId)) ?? found;
  if (run.revertedAt !== null)
    throw new ArcadiaError('conflict', `Sync run ${syncRunId} was reverted at ${run.revertedAt}.`);
  if (run.outcome === 'running')
    throw new ArcadiaError('conflict', `Sync run ${syncRunId} has not ended.`, {
      todo: 'Its process died: the next sync of its kind closes it.',
    });
  if (await hasPrunedAfter(trx, run))
    throw new ArcadiaError(
      'conflict',
      `Sync run ${syncRunId} is too old: later ones that rest on it have become sums.`,
    );
  return run;
}

/** All runs that rest on a run, directly or by another. */
async function findDependants(trx: UnitOfWork, run: WrittenRun): Promise<WrittenRun[]> {
  const found = new Map<number, WrittenRun>();
  const open = [run];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const each of await selectDependants(trx, next, correctedKinds)) {
      if (found.has(each.syncRunId)) continue;
      found.set(each.syncRunId, each);
      open.push(each);
    }
  }
  return orderRuns(trx, [...found.keys()]);
}

function builtOn({ syncRunId }: WrittenRun, later: readonly WrittenRun[]): ArcadiaError {
  const named = later.slice(0, namedMax).map((each) => `${each.syncRunId} (${each.kind}, ${each.startedAt})`);
  const more = later.length > named.length ? `, and ${later.length - named.length} more` : '';
  return syncRunBuiltOn(`Sync run ${syncRunId} has later ones that rest on it: ${named.join(', ')}${more}.`, {
    details: { syncRuns: later.map((each) => each.syncRunId) },
  });
}

/** Kinds that were not listed completely since their last run was reverted. */
export function listRevertedSyncs(db: Queryable): Promise<RevertedSync[]> {
  return selectRevertedSyncs(db);
}
