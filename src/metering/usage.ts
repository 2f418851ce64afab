import type { Queryable } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import { selectAccruals } from './forecast.store.ts';
import type { DayRange } from './period.ts';
import { assertRange, dayOf } from './period.ts';
import * as store from './store.ts';
import { addSums, countRetiredRecords, type Floors, retiredSums } from './retention/usage-months.ts';
import { openUsageStore } from './records/open.ts';
import type { DeploymentSum, KindSum, UsageScope } from './records/usage-store.ts';

/** Decimal usage by billing kind, as decimal strings without trailing zeros, e.g. `{"droplet_hours": "480"}`. */
export type Usage = Readonly<Record<string, string>>;

export interface DeploymentUsage {
  readonly deployment: string;
  /** UTC days, half-open. */
  readonly from: string;
  readonly to: string;
  /** Every day before this one is in the sums; `to` when all are, `from` when none is. */
  readonly meteredThrough: string;
  readonly usage: Usage;
}

/**
 * What a deployment used in `[from, to)`: the sums of its metered records, whatever part of the
 * period has been metered, and of what retention has left of them. A kind without any record is
 * not listed.
 * @throws ArcadiaError not_found, range_reversed, range_too_large, usage_retired
 */
export async function usageForPeriod(
  db: Queryable,
  slug: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
  { asOfRevision }: { readonly asOfRevision?: number | undefined } = {},
): Promise<DeploymentUsage> {
  const range = { from, to };
  assertRange(range);
  const scope = { deploymentId: await requireDeployment(db, slug) };
  // First: a metering that commits in between may add to the sums, never take from what is claimed.
  const { bounds, floors } = await boundsOf(db, range);
  const retired = await retiredSums(db, scope, range, floors, asOfRevision);
  const kept = await (await openUsageStore(db)).sumByKind(db, { scope, range, floors, asOfRevision });
  const sums = addSums<KindSum>(kept, retired, (sum) => sum.kind);
  return { deployment: slug, ...bounds, usage: Object.fromEntries(sums.map((sum) => [sum.kind, sum.quantity])) };
}

/**
 * What events have come to in a range on days that are not metered yet for their kind, as far as they are interpreted, by kind.
 * @param meteredThrough that of the range's usage: before it, every kind is metered
 */
export async function runningUsage(
  db: Queryable,
  slug: string,
  { from, to, meteredThrough }: DayRange & { readonly meteredThrough: Temporal.PlainDate },
  now: Temporal.Instant,
): Promise<Usage> {
  const deploymentId = await requireDeployment(db, slug);
  const later = (a: Temporal.PlainDate, b: Temporal.PlainDate) => (Temporal.PlainDate.compare(a, b) > 0 ? a : b);
  const tomorrow = dayOf(now).add({ days: 1 });
  const end = Temporal.PlainDate.compare(to, tomorrow) < 0 ? to : tomorrow;
  const sums: KindSum[] = [];
  for (let day = later(from, meteredThrough); Temporal.PlainDate.compare(day, end) < 0; ) {
    const next = day.with({ day: 1 }).add({ months: 1 });
    const until = Temporal.PlainDate.compare(next, end) < 0 ? next : end;
    sums.push(...(await selectAccruals(db, [deploymentId], { from: day, to: until }, { ofEventsNotMetered: true })));
    day = until;
  }
  const kinds = addSums<KindSum>([], sums, (sum) => sum.kind);
  return Object.fromEntries(kinds.map(({ kind, quantity }) => [kind, quantity]));
}

/**
 * The same for every deployment of the reader's that has any record in the period, `unattributed`
 * included; by slug.
 * @throws ArcadiaError range_reversed, range_too_large
 */
export async function usageOfAll(
  db: Queryable,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
  scope: UsageScope = 'all',
): Promise<DeploymentUsage[]> {
  const range = { from, to };
  assertRange(range);
  const { bounds, floors } = await boundsOf(db, range);
  const retired = await retiredSums(db, scope, range, floors);
  const kept = await (await openUsageStore(db)).sumByDeployment(db, { scope, range, floors });
  const sums = addSums<DeploymentSum>(kept, retired, (sum) => `${sum.deploymentId} ${sum.kind}`);
  const slugs = await store.selectDeploymentSlugs(db, [...new Set(sums.map((sum) => sum.deploymentId))]);
  const byDeployment = new Map<string, Record<string, string>>();
  for (const { deploymentId, kind, quantity } of sums) {
    const slug = slugs.get(deploymentId);
    // Row-level security hides it from this reader.
    if (slug === undefined) continue;
    const usage = byDeployment.get(slug) ?? {};
    usage[kind] = quantity;
    byDeployment.set(slug, usage);
  }
  return [...byDeployment].sort(bySlug).map(([deployment, usage]) => ({ deployment, ...bounds, usage }));
}

/** What one deployment used of one kind. */
export interface UsageOfKind extends KindSum {
  readonly deployment: string;
  readonly meteredThrough: string;
}

/** About as many kinds as a deployment uses. */
const kindsOfOne = 8;
/** However few of them have used anything, no more are looked at together. */
const deploymentsAtOnceMax = 10_000;

/**
 * The same as a list by slug, then by kind: up to `limit` behind one, whether that is still there or
 * not. Of the records only those of the page's own deployments are read, and a few more.
 * @throws ArcadiaError range_reversed, range_too_large
 */
export async function usagePage(
  db: Queryable,
  range: DayRange,
  {
    customerId,
    after,
    limit,
  }: {
    /** null: every customer's. */
    readonly customerId: number | null;
    readonly after: Pick<UsageOfKind, 'deployment' | 'kind'> | null;
    readonly limit: number;
  },
): Promise<UsageOfKind[]> {
  assertRange(range);
  const { bounds, floors } = await boundsOf(db, range);
  const usageStore = await openUsageStore(db);
  const rows: UsageOfKind[] = [];
  let slug = after?.deployment ?? '';
  let count = Math.ceil(limit / kindsOfOne);
  for (;;) {
    const found = await store.selectDeploymentsFrom(db, { customerId, slug, limit: count + 1 });
    const deployments = found.slice(0, count);
    const scope = { deploymentIds: deployments.map(({ deploymentId }) => deploymentId) };
    const retired = await retiredSums(db, scope, range, floors);
    const kept = await usageStore.sumByDeployment(db, { scope, range, floors });
    const sums = Map.groupBy(
      addSums<DeploymentSum>(kept, retired, (sum) => `${sum.deploymentId} ${sum.kind}`),
      (sum) => sum.deploymentId,
    );
    for (const { deploymentId, slug: deployment } of deployments) {
      const isFirst = deployment === after?.deployment;
      const own = (sums.get(deploymentId) ?? []).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
      for (const { kind, quantity } of own) {
        if (isFirst && kind <= after.kind) continue;
        rows.push({ deployment, kind, quantity, meteredThrough: bounds.meteredThrough });
      }
    }
    const next = found[count];
    if (next === undefined || rows.length >= limit) return rows.slice(0, limit);
    slug = next.slug;
    count = Math.min(count * 2, deploymentsAtOnceMax);
  }
}

/**
 * How many usage records a deployment has in `[from, to)`, or had before they were rolled up.
 * @throws ArcadiaError not_found, range_reversed, range_too_large, usage_retired
 */
export async function countUsageRecords(
  db: Queryable,
  slug: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<number> {
  const range = { from, to };
  assertRange(range);
  const scope = { deploymentId: await requireDeployment(db, slug) };
  const { floors } = await boundsOf(db, range);
  const retired = await countRetiredRecords(db, scope, range, floors);
  return retired + (await (await openUsageStore(db)).countRecords(db, { scope, range, floors }));
}

function bySlug(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

async function requireDeployment(db: Queryable, slug: string): Promise<number> {
  const deploymentId = await store.selectDeploymentId(db, slug);
  if (deploymentId === null) throw notFound('deployment', slug);
  return deploymentId;
}

async function boundsOf(
  db: Queryable,
  { from, to }: DayRange,
): Promise<{ bounds: Pick<DeploymentUsage, 'from' | 'to' | 'meteredThrough'>; floors: Floors }> {
  const { meteredThrough, floors } = await store.selectUsageBounds(db, { from, to });
  return {
    bounds: { from: from.toString(), to: to.toString(), meteredThrough: (meteredThrough ?? from).toString() },
    floors: new Map(Object.entries(floors).map(([kind, floor]) => [kind, Temporal.PlainDate.from(floor)])),
  };
}
