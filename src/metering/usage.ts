import type { Database } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { DayRange } from './period.ts';
import { assertRange } from './period.ts';
import * as store from './store.ts';
import { openUsageStore } from './usage-store.open.ts';

/** Exact usage by billing kind, as decimal strings without trailing zeros, e.g. `{"droplet_hours": "480"}`. */
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
 * period has been metered. A kind without any record is not listed.
 * @throws ArcadiaError not_found, range_reversed, range_too_large
 */
export async function usageForPeriod(
  db: Database,
  slug: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<DeploymentUsage> {
  const range = { from, to };
  assertRange(range);
  const deploymentId = await requireDeployment(db, slug);
  // First: a metering that commits in between may add to the sums, never take from what is claimed.
  const bounds = await period(db, range);
  const rows = await (await openUsageStore(db)).sumByKind(db, { scope: { deploymentId }, range });
  return {
    deployment: slug,
    ...bounds,
    usage: Object.fromEntries(rows.map((row) => [row.kind, row.quantity])),
  };
}

/** The same for every deployment that has any record in the period, `unattributed` included; by slug. */
export async function usageOfAll(
  db: Database,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<DeploymentUsage[]> {
  const range = { from, to };
  assertRange(range);
  const bounds = await period(db, range);
  const byDeployment = new Map<string, Record<string, string>>();
  const slugs = await store.selectDeploymentSlugs(db);
  for (const { deploymentId, kind, quantity } of await (await openUsageStore(db)).sumByDeployment(db, {
    scope: 'all',
    range,
  })) {
    const slug = slugs.get(deploymentId);
    if (slug === undefined) continue; // another reader's: row-level security hides it
    const usage = byDeployment.get(slug) ?? {};
    usage[kind] = quantity;
    byDeployment.set(slug, usage);
  }
  return [...byDeployment].sort(bySlug).map(([deployment, usage]) => ({ deployment, ...bounds, usage }));
}

/** How many usage records a deployment has in `[from, to)`. */
export async function countUsageRecords(
  db: Database,
  slug: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<number> {
  assertRange({ from, to });
  const deploymentId = await requireDeployment(db, slug);
  return (await openUsageStore(db)).countRecords(db, { scope: { deploymentId }, range: { from, to } });
}

function bySlug(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

async function requireDeployment(db: Database, slug: string): Promise<number> {
  const deploymentId = await store.selectDeploymentId(db, slug);
  if (deploymentId === null) throw new ArcadiaError('not_found', `There is no deployment "${slug}".`);
  return deploymentId;
}

async function period(db: Database, range: DayRange): Promise<{ from: string; to: string; meteredThrough: string }> {
  return {
    from: range.from.toString(),
    to: range.to.toString(),
    meteredThrough: (await meteredThrough(db, range)).toString(),
  };
}

/** Days before anything is metered have nothing to wait for. */
async function meteredThrough(db: Database, { from, to }: DayRange): Promise<Temporal.PlainDate> {
  const first = await store.selectFirstDay(db);
  if (first === null) return from;
  const begin = Temporal.PlainDate.compare(from, first) >= 0 ? from : first;
  return Temporal.PlainDate.compare(begin, to) >= 0 ? to : store.selectMeteredThrough(db, { from: begin, to });
}
