import { type MonthlyPrices, openMonthlyPrices, priceGroups } from '../inventory/index.ts';
import { readWatermark, type Topic } from '../platform/changes.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { neverMissedKinds } from './attribution/store.ts';
import * as store from './fleet.store.ts';
import { readSuggestions, replaceSuggestions } from './rules/store.ts';

// The fleet as an operator looks at it: what there is, whose it is, and what it costs in a month by the price book.

export type { FleetFilters, FleetOrder } from './fleet.store.ts';

export interface FleetResource extends store.FleetRow {
  /** By the price book of the day; null: nobody knows, or it is charged by more than a price. */
  readonly costPerMonth: { readonly currency: string; readonly amount: string } | null;
}

/** Resources beside their owners, in an order; beyond `after`. */
export async function listFleet(
  db: Queryable,
  filters: store.FleetFilters,
  order: store.FleetOrder,
  page: Parameters<typeof store.selectFleet>[3],
): Promise<FleetResource[]> {
  const rows = await store.selectFleet(db, filters, order, page);
  const accounts = new Set(rows.map(({ account }) => account));
  const priceOf = await openMonthlyPrices(db, accounts, dayOf(filters));
  return rows.map((row) => ({ ...row, costPerMonth: priceOf(row) }));
}

export interface FleetFacet {
  readonly value: string;
  readonly resources: number;
}

export interface FleetSummary extends MonthlyPrices {
  readonly byKind: readonly FleetFacet[];
  readonly byAccount: readonly FleetFacet[];
  readonly byStatus: readonly FleetFacet[];
  /** '' stands for none. */
  readonly byRegion: readonly FleetFacet[];
  /** Deployments' slugs, `none` and `several`; `ownersMax` of them at most. */
  readonly byOwner: readonly FleetFacet[];
  readonly ownersTotal: number;
  /** Of a fleet too large to be counted while somebody waits: when it was counted last; null: it was counted now. */
  readonly countedAt: Temporal.Instant | null;
}

/** Of owners as many as a person chooses from; `none` and `several` are always there. */
const ownersMax = 20;
/** Kinds, accounts, statuses and regions are few; nobody is shown more. */
const valuesMax = 200;

/**
 * Larger fleets are counted, and rules suggested for them, by a job: a million resources take seconds, and what their names
 * say takes longer.
 */
export const countedNowMax = 10_000;

/** Suggestions at most: more than a person chooses from. */
const suggestionsKept = 100;

/** Of the log of changes, what is counted rests on: what is measured of a resource is in no count. */
const topics: readonly Topic[] = ['resource', 'level', 'ownership', 'deployment'];

/** Counts the fleet for `summarizeFleet`, where anything has changed since, and suggests rules for a large one. */
export async function recountFleet(db: Database, now: Temporal.Instant, nowMax = countedNowMax): Promise<void> {
  // Before it is counted: what changes meanwhile is counted the next time.
  const changeId = await readWatermark(db, topics);
  if ((await store.selectCounted(db))?.changeId === changeId) return;
  await db.transaction().execute(async (trx) => {
    await store.replaceCounts(trx, { countedAt: now, changeId });
    const isLarge = ((await store.selectCounted(trx))?.resources ?? 0) > nowMax;
    await replaceSuggestions(trx, isLarge ? await readSuggestions(trx, suggestionsKept) : []);
  });
}

/** Whether nothing but facets filters what lives now. */
function isByFacets({
  at,
  ended = false,
  now: _,
  kind,
  account,
  status,
  region,
  owner,
  ...others
}: store.FleetFilters) {
  return at === null && !ended && Object.values(others).every((value) => value === undefined);
}

/** How many resources match, by what they could be narrowed by, and what they cost in a month. */
export async function summarizeFleet(
  db: Queryable,
  filters: store.FleetFilters,
  nowMax = countedNowMax,
): Promise<FleetSummary> {
  const last = isByFacets(filters) ? await store.selectCounted(db) : null;
  const isKept = last !== null && last.resources > nowMax;
  const { facets, owners, ownersTotal } = await store.countFleet(db, filters, { isKept, ownersMax });
  const counts = Map.groupBy(facets, ({ facet }) => facet);
  const shown = (rows: readonly store.FacetRow[] = []): FleetFacet[] =>
    rows.slice(0, valuesMax).map(({ value, resources }) => ({ value, resources }));
  const facet = (name: store.FacetRow['facet']) => shown(counts.get(name));
  const { unknown, monthly } = await priceGroups(db, await store.groupFleet(db, filters, isKept), dayOf(filters));
  return {
    resources: counts.get('all')?.[0]?.resources ?? 0,
    byKind: facet('kind'),
    byAccount: facet('account'),
    byStatus: facet('status'),
    byRegion: facet('region'),
    byOwner: shown(owners),
    ownersTotal,
    unknown,
    monthly,
    countedAt: isKept ? last.countedAt : null,
  };
}

function dayOf({ at, now }: store.FleetFilters): Temporal.PlainDate {
  return (at ?? now).toZonedDateTimeISO('UTC').toPlainDate();
}

/** Who owned a resource when, in order. */
export function ownersOfResource(db: Queryable, resourceId: number): Promise<store.OwnerInterval[]> {
  return store.selectOwners(db, resourceId);
}

/** Whether somebody misses an owner of a kind of resource that has none: nobody does of projects and private networks. */
export function expectsOwner(kind: string): boolean {
  return !neverMissedKinds.includes(kind);
}
