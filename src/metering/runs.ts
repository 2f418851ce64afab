import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { DayRange } from './period.ts';
import * as store from './runs.store.ts';
import { type DeploymentUsage, usageForPeriod } from './usage.ts';

// Every metering that wrote something has a revision. Usage can be had as it was at any of them.

/** The meterings that wrote something, newest first. `cursor`: what the page before gave. */
export async function listRuns(
  db: Queryable,
  {
    range = null,
    after = 0,
    limit = 100,
    cursor = null,
  }: {
    readonly range?: DayRange | null;
    /** Only revisions beyond this one. */
    readonly after?: number | undefined;
    readonly limit?: number;
    readonly cursor?: string | null;
  } = {},
): Promise<{ items: store.MeteringRun[]; nextCursor: string | null }> {
  const rows = await store.selectRuns(db, { range, after, before: cursor === null ? null : Number(cursor) }, limit + 1);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? String(items.at(-1)?.revision) : null };
}

/** The newest revision; 0: nothing has been metered. */
export async function newestRevision(db: Queryable): Promise<number> {
  const [run] = (await listRuns(db, { limit: 1 })).items;
  return run?.revision ?? 0;
}

/** Usage as it was believed to be once a revision had been written. */
interface UsageAsOf extends Omit<DeploymentUsage, 'meteredThrough'> {
  readonly asOfRevision: number;
  /** When the run of that revision began. */
  readonly asOf: string;
}

/**
 * What a deployment's usage of a range of days was believed to be once a revision had been written.
 * @throws ArcadiaError not_found (deployment, revision), range_reversed, range_too_large, usage_retired
 */
export async function usageAsOf(
  db: Queryable,
  slug: string,
  { from, to }: DayRange,
  revision: number,
): Promise<UsageAsOf> {
  const run = await store.selectRun(db, revision);
  if (run === null) {
    throw new ArcadiaError('not_found', `There is no revision ${revision}.`, { next: { operation: 'meter runs' } });
  }
  const { meteredThrough: _, ...usage } = await usageForPeriod(db, slug, from, to, { asOfRevision: revision });
  return { ...usage, asOfRevision: revision, asOf: run.startedAt.toString() };
}
