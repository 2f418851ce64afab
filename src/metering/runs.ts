import type { Database } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { assertRange, type DayRange } from './period.ts';
import * as store from './runs.store.ts';
import { selectDeploymentId } from './store.ts';
import type { Usage } from './usage.ts';
import { openUsageStore } from './usage-store.open.ts';

// Every metering that wrote something has a revision. Usage can be had as it was at any of them.

export type { MeteringRun } from './runs.store.ts';

/** The meterings that wrote something, newest first. `cursor`: what the page before gave. */
export async function listRuns(
  db: Database,
  {
    range = null,
    limit = 100,
    cursor = null,
  }: { readonly range?: DayRange | null; readonly limit?: number; readonly cursor?: string | null } = {},
): Promise<{ items: store.MeteringRun[]; nextCursor: string | null }> {
  const rows = await store.selectRuns(db, range, cursor === null ? null : Number(cursor), limit + 1);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? String(items.at(-1)?.revision) : null };
}

export interface UsageAsOf {
  readonly deployment: string;
  readonly from: string;
  readonly to: string;
  readonly asOfRevision: number;
  /** When the run of that revision began. */
  readonly asOf: string;
  readonly usage: Usage;
}

/**
 * What a deployment's usage of a range of days was believed to be once a revision had been written.
 * @throws ArcadiaError not_found (deployment, revision), range_reversed, range_too_large
 */
export async function usageAsOf(db: Database, slug: string, range: DayRange, revision: number): Promise<UsageAsOf> {
  assertRange(range);
  const deploymentId = await selectDeploymentId(db, slug);
  if (deploymentId === null) throw new ArcadiaError('not_found', `There is no deployment "${slug}".`);
  const run = await store.selectRun(db, revision);
  if (run === null) {
    throw new ArcadiaError('not_found', `There is no revision ${revision}; arcadia meter runs lists them.`);
  }
  const usageStore = await openUsageStore(db);
  const sums = await usageStore.sumByKind(db, { scope: { deploymentId }, range, asOfRevision: revision });
  return {
    deployment: slug,
    from: range.from.toString(),
    to: range.to.toString(),
    asOfRevision: revision,
    asOf: run.startedAt.toString(),
    usage: Object.fromEntries(sums.map(({ kind, quantity }) => [kind, quantity])),
  };
}
