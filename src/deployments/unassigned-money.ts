import { type MonthlyPrices, priceGroups } from '../inventory/index.ts';
import { readWatermark } from '../platform/changes.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import * as store from './unassigned-money.store.ts';

// How much is unassigned, for the first page: of ten thousand resources counting takes a tenth of a second, so it is kept
// until anything changes that it rests on.

/** Counts what is unassigned, where anything has changed since. Any number of processes may call it. */
export async function keepUnassigned(db: Database, now: Temporal.Instant): Promise<void> {
  // Before it is counted: what changes meanwhile makes it stale.
  const changeId = await readWatermark(db);
  if ((await store.selectKept(db, now)) !== null) return store.updatePosition(db, changeId);
  const groups = await store.sumUnassigned(db, now);
  await db.transaction().execute((trx) => store.replaceKept(trx, { countedAt: now, changeId, groups }));
}

/**
 * What lives and has no owner: how much, since when, and what it costs in a month by the price book of the day.
 * @param at now, or an instant before, of which nothing is kept
 */
export async function unassignedMoney(
  db: Queryable,
  at: Temporal.Instant,
): Promise<MonthlyPrices & { readonly oldest: Temporal.Instant | null }> {
  const groups = (await store.selectKept(db, at)) ?? (await store.sumUnassigned(db, at));
  const day = at.toZonedDateTimeISO('UTC').toPlainDate();
  const oldest = groups.map((group) => group.oldest).sort(Temporal.Instant.compare)[0] ?? null;
  return { ...(await priceGroups(db, groups, day)), oldest };
}
