import type { Queryable } from '../platform/database/database.ts';
import { type FreshnessRow, selectFreshness } from './store.ts';

/** How well an account's kinds of resources are known. */
export interface Freshness {
  /** Those that were read longest ago, or never, first. */
  readonly kinds: readonly FreshnessRow[];
  /** Accounts of which the newest run of some kind did not end whole. */
  readonly accountsBroken: number;
  /** When anything was last listed whole; null: never. */
  readonly newestAt: Temporal.Instant | null;
}

/** When each kind of each account was last listed whole, at most `limit` of them, and what is wrong. */
export async function readFreshness(db: Queryable, limit: number): Promise<Freshness> {
  const all = await selectFreshness(db);
  const broken = new Set(
    all.filter(({ state }) => state === 'failed' || state === 'partial').map(({ account }) => account),
  );
  const newestAt = all.reduce<Temporal.Instant | null>(
    (newest, { syncedAt }) =>
      syncedAt !== null && (newest === null || Temporal.Instant.compare(syncedAt, newest) > 0) ? syncedAt : newest,
    null,
  );
  return { kinds: all.slice(0, limit), accountsBroken: broken.size, newestAt };
}
