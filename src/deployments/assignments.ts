import type { Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { Rewritten } from '../platform/history.ts';
import { ownerSetFor } from './owner-sets.ts';
import { findUnknownResources, rewriteAssignments } from './store.ts';

interface Assignment {
  readonly resourceIds: readonly number[];
  /** Weights are whole numbers; one owner alone may have any. */
  readonly owners: readonly { readonly slug: string; readonly weight: number }[];
  /** null: from the beginning of history. May lie in the past. */
  readonly from: Temporal.Instant | null;
  /** Not included; absent or null: no end. */
  readonly to?: Temporal.Instant | null;
}

async function checkRange(db: Queryable, range: Omit<Assignment, 'owners'>): Promise<void> {
  if (range.from && range.to && Temporal.Instant.compare(range.from, range.to) >= 0) {
    throw new ArcadiaError(
      'range_reversed',
      `The assignment would end at ${range.to}, not after its start at ${range.from}.`,
    );
  }
  const unknown = await findUnknownResources(db, range.resourceIds);
  if (unknown.length > 0) {
    throw notFound('resource', unknown.join(', '));
  }
}

/**
 * Decides by hand who owns resources over an interval, before any other rule. What is assigned so
 * already is not written again; attributions follow with bringAttributionsUpToDate. Throws
 * range_reversed, not_found (a resource or a deployment), invalid_argument (weights).
 */
export async function assign(
  db: Database,
  assignment: Assignment,
  by: string,
  now: Temporal.Instant,
): Promise<Rewritten> {
  return db.transaction().execute(async (trx) => {
    await checkRange(trx, assignment);
    const ownerSetId = await ownerSetFor(
      trx,
      assignment.owners.map(({ slug, weight }) => ({ deployment: slug, weight })),
    );
    const range = { from: assignment.from, to: assignment.to ?? null };
    return rewriteAssignments(trx, assignment.resourceIds, ownerSetId, range, by, now);
  });
}

/** Takes manual assignments back over an interval: there the other rules decide again. Throws as `assign` does. */
export async function unassign(
  db: Database,
  assignment: Omit<Assignment, 'owners'>,
  by: string,
  now: Temporal.Instant,
): Promise<Rewritten> {
  return db.transaction().execute(async (trx) => {
    await checkRange(trx, assignment);
    const range = { from: assignment.from, to: assignment.to ?? null };
    return rewriteAssignments(trx, assignment.resourceIds, null, range, by, now);
  });
}
