import { listKinds } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { Decimal, formatQuantity } from '../platform/quantity.ts';
import type { PlanItem, PlanVersion } from './plan.ts';
import { getPlan, listPlanVersions } from './plans.ts';
import { ratedMonth } from './rated-months.ts';
import { monthSpan } from './rating/proration.ts';
import { quoteOf, ratePlan } from './rating/rate-plan.ts';
import * as store from './store.ts';

// A plan as somebody looks at it: what each of its meters costs over what may be used, and how near its deployments are
// to what is included.

interface Curve {
  readonly kind: string;
  readonly title: string;
  readonly unit: string;
  /** What a month with a quantity costs for this meter alone, from 0 on. */
  readonly points: readonly { readonly quantity: string; readonly amount: string }[];
}

interface PlanSheet {
  readonly plan: PlanVersion;
  /** The oldest first. */
  readonly versions: readonly PlanVersion[];
  readonly curves: readonly Curve[];
  /** On it now. */
  readonly deployments: number;
}

const stepsOfCurve = 24;

/** A plan on a day, with its versions and its price curves. Throws not_found. */
export async function readPlanSheet(
  db: Queryable,
  slug: string,
  day: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<PlanSheet> {
  const plan = await getPlan(db, slug, day, null);
  const kinds = new Map((await listKinds(db, day)).map((kind) => [kind.kind, kind]));
  return {
    plan,
    versions: await listPlanVersions(db, slug, null),
    curves: plan.items.map((item) => {
      const { title = item.kind, unit = '' } = kinds.get(item.kind) ?? {};
      return { kind: item.kind, title, unit, points: pointsOf(plan, item, day.toPlainYearMonth()) };
    }),
    deployments: await store.countSubscribers(db, slug, now),
  };
}

/** Rated by the same function as a month's bill, without the plan's own fee, limits and discount. */
function pointsOf(plan: PlanVersion, item: PlanItem, month: Temporal.PlainYearMonth): Curve['points'] {
  const alone: PlanVersion = { ...plan, base: '0', minimum: null, cap: null, discount: null, items: [item] };
  const most = mostOf(item);
  return Array.from({ length: stepsOfCurve + 1 }, (_, step) => {
    const quantity = formatQuantity(most.times(step).div(stepsOfCurve));
    return { quantity, amount: ratePlan(alone, new Map([[item.kind, quantity]]), month).total };
  });
}

/** Far enough to see what lies beyond the allowance and beyond the last tier. */
function mostOf({ allowance, ...item }: PlanItem): Decimal {
  const { tiers = [] } = item.properties as { readonly tiers?: readonly { readonly upTo: string | null }[] };
  const bounds = tiers.flatMap(({ upTo }) => (upTo === null ? [] : [new Decimal(upTo)]));
  const last = bounds.reduce((most, bound) => Decimal.max(most, bound), new Decimal(0));
  const most = new Decimal(allowance).times(2);
  return Decimal.max(most, last.times('1.5').plus(allowance), most.isZero() ? 100 : 0);
}

interface PlanDeployment {
  readonly deployment: string;
  readonly currency: string;
  /** Of the month, as its bill is now. */
  readonly total: string;
  readonly meters: readonly {
    readonly kind: string;
    readonly quantity: string;
    readonly allowance: string;
    /** allowance less quantity: below 0 it is beyond. */
    readonly left: string;
  }[];
}

/** Deployments that are on a plan in a month, by their ids after one, with how near each is to what is included. */
export async function planDeployments(
  db: Queryable,
  {
    plan,
    month,
    after,
    limit,
  }: {
    readonly plan: string;
    readonly month: Temporal.PlainYearMonth;
    readonly after: number;
    readonly limit: number;
  },
): Promise<{ readonly rows: PlanDeployment[]; readonly next: number | null }> {
  const { from, to } = monthSpan(month);
  const more = await store.selectSubscribers(db, plan, from, to, after, limit + 1);
  const ids = more.slice(0, limit);
  const rated = await ratedMonth(db, { deployments: ids, month });
  const rows = rated.flatMap(({ deployment, rated: one, versions }) => {
    if (versions.length === 0) return [];
    const { currency, total, lines } = quoteOf(one, versions);
    const own = lines.filter((line) => (line.plan ?? plan) === plan);
    return {
      deployment,
      currency,
      total,
      meters: own.map(({ kind, quantity, allowance }) => ({
        kind,
        quantity,
        allowance,
        left: formatQuantity(new Decimal(allowance).minus(quantity)),
      })),
    };
  });
  return { rows, next: more.length > limit ? (ids.at(-1) ?? null) : null };
}

/** How many are on it at some time of a month. */
export async function countPlanDeployments(
  db: Queryable,
  plan: string,
  month: Temporal.PlainYearMonth,
): Promise<number> {
  const { from, to } = monthSpan(month);
  return store.countSubscribersIn(db, plan, from, to);
}
