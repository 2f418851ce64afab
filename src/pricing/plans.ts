import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { planVersionFixed } from './errors.ts';
import { replacePassedPrices } from './pass-through.store.ts';
import { type PlanVersion, planSchema } from './plan.ts';
import * as store from './store.ts';

// With a customer's id: only the plans that deployments of theirs are or were on. Others are as good as none.

/** The version of each plan that holds on a day, by slug. A plan that begins later is not among them. */
export async function listPlans(
  db: Queryable,
  day: Temporal.PlainDate,
  customerId: number | null = null,
): Promise<PlanVersion[]> {
  return (await store.selectPlans(db, day, null, customerId)).map(toPlanVersion);
}

/**
 * Every version of a plan, the oldest first.
 * @throws ArcadiaError not_found
 */
export async function listPlanVersions(
  db: Queryable,
  slug: string,
  customerId: number | null = null,
): Promise<PlanVersion[]> {
  const rows = await store.selectPlanVersions(db, slug, customerId);
  if (rows.length === 0) throw notFound('plan', slug);
  return rows.map(toPlanVersion);
}

/**
 * The version of a plan that holds on a day.
 * @throws ArcadiaError not_found
 */
export async function getPlan(
  db: Queryable,
  slug: string,
  day: Temporal.PlainDate,
  customerId: number | null = null,
): Promise<PlanVersion> {
  const [row] = await store.selectPlans(db, day, slug, customerId);
  if (row) return toPlanVersion(row);
  const [first] = await store.selectVersionDays(db, slug, customerId);
  if (first) throw new ArcadiaError('not_found', `Plan "${slug}" begins on ${first}; it says nothing about ${day}.`);
  throw notFound('plan', slug);
}

/** What of the price lists a reader sees. */
export interface PlanSight {
  /** Whether a plan is among them. */
  readonly sees: (slug: string) => boolean;
  /** The last day of which they see prices; null: of any. */
  readonly lastDay: Temporal.PlainDate | null;
}

/** Of those who may see every price. */
export const wholeSight: PlanSight = { sees: () => true, lastDay: null };

/**
 * A customer sees what was agreed with them and holds: the plans that their deployments are or were on, by what is believed
 * now, up to today. What is planned, a plan or its prices, is not theirs to see yet.
 * @param customerId null: one of our own people, who sees all
 */
export async function planSightOf(
  db: Queryable,
  customerId: number | null,
  now: Temporal.Instant,
  today: Temporal.PlainDate,
): Promise<PlanSight> {
  if (customerId === null) return wholeSight;
  const begun = new Set(await store.selectPlansBegun(db, customerId, now));
  return { sees: (slug) => begun.has(slug), lastDay: today };
}

/** The same versions with their markups, which are 0 until somebody asks for them: not for customers. */
export async function withMarkups(db: Queryable, versions: readonly PlanVersion[]): Promise<PlanVersion[]> {
  const passing = versions.filter(({ passThrough }) => passThrough.length > 0);
  if (passing.length === 0) return [...versions];
  const known = await store.selectMarkups(db, passing);
  return versions.map((version) => {
    const own = known.find(({ plan, from }) => plan === version.plan && from.equals(version.from));
    const passThrough = version.passThrough.map((item, at) => ({ ...item, markupPercent: own?.markups[at] ?? '0' }));
    return { ...version, passThrough };
  });
}

/** Plan versions by id. */
export async function planVersionsById(db: Queryable, ids: readonly number[]): Promise<Map<number, PlanVersion>> {
  const rows = await store.selectPlansByVersion(db, ids);
  return new Map(rows.map((row) => [row.plan_version_id, toPlanVersion(row)]));
}

/**
 * Adds a version of a plan, which holds from its first day until the plan's next version. The plan
 * has passed `checkPlan`. A version is never changed: another one from the same day is refused.
 * @param by who, for the record
 * @throws ArcadiaError conflict: a version from that day is there, or deployments are on the plan in another currency
 */
export async function addPlanVersion(
  db: Database,
  plan: PlanVersion,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await db.transaction().execute((trx) => writePlanVersion(trx, plan, by, now));
}

/** The same in the caller's transaction. */
export async function writePlanVersion(
  trx: UnitOfWork,
  plan: PlanVersion,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const planId = await store.lockPlan(trx, plan.plan);
  const subscriber = await store.selectSubscriberInOtherCurrency(trx, planId, plan);
  if (subscriber) {
    throw planVersionFixed(
      `Plan "${plan.plan}" cannot change from ${subscriber.currency} to ${plan.currency}: deployment ` +
        `"${subscriber.deployment}" is on it. Give the prices in ${plan.currency} a plan of their own.`,
    );
  }
  const planVersionId = await store.insertPlanVersion(trx, planId, plan, by, now);
  if (planVersionId === null) {
    throw planVersionFixed(`Plan "${plan.plan}" has a version from ${plan.from} already; versions do not change.`);
  }
  const written = await store.insertPlanItems(trx, planVersionId, plan.items);
  if (written !== plan.items.length) throw new RangeError('a plan item has an unknown meter: see checkPlan');
  if (plan.passThrough.length > 0) {
    await store.insertPassThrough(trx, planVersionId, plan.passThrough);
    await replacePassedPrices(trx, { planVersionId });
  }
  await store.appendPlanChanges(trx, planId, plan.from, now);
}

/** The billing kinds that a plan may price. */
export async function billingKinds(db: Queryable): Promise<ReadonlySet<string>> {
  return new Set(await store.selectKinds(db));
}

function toPlanVersion(row: store.PlanRow): PlanVersion {
  const hasDiscount = row.discount_percent !== null || row.discount_amount !== null;
  return planSchema.parse({
    plan: row.plan,
    name: row.name,
    from: row.from_day.toString(),
    currency: row.currency,
    base: row.base_fee,
    baseEvery: row.base_every,
    baseDue: row.base_due,
    minimum: row.minimum,
    cap: row.cap,
    discount: hasDiscount
      ? {
          percent: row.discount_percent ?? undefined,
          amount: row.discount_amount ?? undefined,
          until: row.discount_until?.toString() ?? null,
        }
      : null,
    items: row.items,
    passThrough: row.pass_through,
  });
}
