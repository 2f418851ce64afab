import type { Queryable } from '../../platform/database/database.ts';
import { meteredKinds } from './attestations.ts';
import { selectUnlisted } from './finality.store.ts';
import * as store from './gaps.store.ts';
import { assertRange, dayOf, type DayRange } from '../period.ts';

/** What one deployment used of one kind while nobody saw whether it was so. */
interface CarriedUsage {
  readonly deployment: string;
  readonly kind: string;
  readonly quantity: string;
}

/**
 * A stretch of time over which usage is carried forward: metered as if what was last seen had gone
 * on, and not confirmed since.
 */
export interface Gap {
  readonly account: string;
  readonly resourceKind: string;
  /** The start of the last complete listing before it. */
  readonly from: string;
  /** The listing that closed it and no longer showed what is listed here; null: it is open. */
  readonly to: string | null;
  /** Up to when usage may be carried forward; what lies beyond is not final by itself. */
  readonly limit: string;
  readonly beyondLimit: boolean;
  readonly resources: number;
  /** On the metered days of the range that was asked for. */
  readonly usage: readonly CarriedUsage[];
}

export interface GapQuery extends DayRange {
  readonly now: Temporal.Instant;
  /** The account's slug. */
  readonly account?: string | undefined;
  readonly resourceKind?: string | undefined;
  /** Gaps at most, the latest first; 100 unless given. */
  readonly limit?: number | undefined;
}

/** Most usage lines of one answer, over all its gaps. */
const usageLinesMax = 10_000;

/**
 * The gaps of a range of days with what was carried forward over them. A gap that a complete
 * listing closed without missing anything is confirmed by it, and is not among them.
 * @throws ArcadiaError range_reversed, range_too_large
 */
export async function listGaps(db: Queryable, query: GapQuery): Promise<Gap[]> {
  assertRange(query);
  const { now, account, resourceKind, limit = 100 } = query;
  const rows = await store.selectGaps(db, query, now, { account, resourceKind }, limit);
  if (rows.length === 0) return [];
  const usage = await store.selectGapUsage(db, query, rows, usageLinesMax);
  return rows.map((row, place) => {
    const own = usage.filter((line) => line.gap === place);
    const until = row.to ?? now;
    return {
      account: row.account,
      resourceKind: row.resourceKind,
      from: row.from.toString(),
      to: row.to?.toString() ?? null,
      limit: row.limit.toString(),
      beyondLimit: Temporal.Instant.compare(until, row.limit) > 0,
      resources: own.find((line) => line.deployment === null)?.resources ?? 0,
      usage: own.flatMap(({ deployment, kind, quantity }) =>
        deployment === null || kind === null ? [] : [{ deployment, kind, quantity }],
      ),
    };
  });
}

/** Accounts and kinds that have not been seen whole for longer than they may, and until when their usage is estimated. */
export async function openGaps(db: Queryable, now: Temporal.Instant): Promise<store.GapRow[]> {
  const today = dayOf(now);
  const gaps = await store.selectGaps(db, { from: today, to: today.add({ days: 1 }) }, now, {}, openGapsMax);
  return gaps.filter(({ to }) => to === null);
}

/** More accounts times kinds than anybody has. */
const openGapsMax = 10_000;

/** Resources of a metered kind that projects showed and no listing did: what they used is not metered. */
export interface UnlistedKind {
  readonly account: string;
  readonly resourceKind: string;
  readonly resources: number;
  /** The first of them, as the provider names them. */
  readonly urns: readonly string[];
  readonly since: string;
  /** null: a project shows them still. */
  readonly until: string | null;
}

/**
 * What keeps a range from being final because projects showed it and no listing did, by account and kind.
 * @throws ArcadiaError range_reversed, range_too_large
 */
export async function listUnlistedKinds(db: Queryable, query: GapQuery): Promise<UnlistedKind[]> {
  const kinds = await meteredKinds(db, query);
  const rows = await selectUnlisted(db, query, kinds, null);
  return rows
    .filter(({ account }) => query.account === undefined || account === query.account)
    .filter(({ resourceKind }) => query.resourceKind === undefined || resourceKind === query.resourceKind)
    .map(({ since, until, ...row }) => ({ ...row, since: since.toString(), until: until?.toString() ?? null }));
}
