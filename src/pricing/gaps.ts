import {
  type DayRange,
  type Gap,
  type GapQuery,
  listGaps,
  listUnlistedKinds,
  type UnlistedKind,
  type Usage,
} from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal, formatQuantity, parseQuantity } from '../platform/quantity.ts';
import type { PlanVersion } from './plan.ts';
import { getPlan } from './plans.ts';
import { ratePlan } from './rating/rate-plan.ts';
import { selectLastSubscriptions } from './subscriptions.store.ts';
import { UsageSums } from './usage-sums.ts';

/** What usage that is carried forward costs a deployment in its month. */
interface CarriedAmount {
  readonly deployment: string;
  /** null: it is on no plan, and pays nothing. */
  readonly plan: string | null;
  readonly currency: string | null;
  /** What the month costs with it, less what the month costs without it. */
  readonly amount: string | null;
}

interface PricedGap extends Gap {
  readonly amounts: readonly CarriedAmount[];
}

interface PricedGaps {
  readonly from: string;
  readonly to: string;
  readonly gaps: readonly PricedGap[];
  /**
   * By currency, what all of it together costs. Not the sum of the gaps' amounts: what one gap adds
   * may fit an allowance that both do not.
   */
  readonly totals: readonly { readonly currency: string; readonly amount: string }[];
  /** What projects showed and no listing did: what it used is in no gap. */
  readonly unlisted: readonly UnlistedKind[];
}

/**
 * The gaps of a calendar month with what the usage carried forward over them costs, each deployment
 * on its plan: the month's quote with it, less the month's quote without it.
 * @throws ArcadiaError range_too_large (limit)
 */
export async function gapsWithMoney(
  db: Queryable,
  { month, ...query }: Omit<GapQuery, keyof DayRange> & { readonly month: Temporal.PlainYearMonth },
): Promise<PricedGaps> {
  const from = month.toPlainDate({ day: 1 });
  const to = from.add({ months: 1 });
  const gaps = await listGaps(db, { ...query, from, to });
  const slugs = [...new Set(gaps.flatMap((gap) => gap.usage.map((line) => line.deployment)))].sort();
  const payers = await openPayers(db, slugs, { from, to });
  const costOf = (deployment: string, carried: Usage) => payers.get(deployment)?.(carried) ?? nothing;
  const priced = gaps.map((gap): PricedGap => {
    const amounts = [...byDeployment([gap])].map(
      ([deployment, carried]): CarriedAmount => ({ deployment, ...costOf(deployment, carried) }),
    );
    return { ...gap, amounts };
  });

  const totals = new Map<string, Decimal>();
  for (const [deployment, carried] of byDeployment(gaps)) {
    const cost = costOf(deployment, carried);
    if (cost.currency === null) continue;
    totals.set(cost.currency, (totals.get(cost.currency) ?? new Decimal(0)).plus(cost.amount));
  }
  return {
    from: from.toString(),
    to: to.toString(),
    gaps: priced,
    totals: [...totals]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, amount]) => ({ currency, amount: formatMoney(amount, currency) })),
    unlisted: await listUnlistedKinds(db, { ...query, from, to }),
  };
}

type Cost = { plan: string; currency: string; amount: string } | { plan: null; currency: null; amount: null };

/** Of who is on no plan. */
const nothing: Cost = { plan: null, currency: null, amount: null };

/**
 * What usage that is estimated costs, for each of these deployments that is on a plan: an outage touches them all, so
 * that plans and usage are read for all at once.
 */
async function openPayers(
  db: Queryable,
  deployments: readonly string[],
  range: DayRange,
): Promise<ReadonlyMap<string, (carried: Usage) => Cost>> {
  const day = range.to.subtract({ days: 1 });
  const subscribed = await selectLastSubscriptions(db, deployments, range);
  const versions = new Map<string, PlanVersion>();
  for (const plan of new Set(subscribed.map((one) => one.plan))) versions.set(plan, await getPlan(db, plan, day));
  const used = await new UsageSums(db).of(
    subscribed.map(({ deploymentId, deployment }) => ({ deploymentId, deployment, range })),
  );
  return new Map(
    subscribed.map(({ deployment, plan }, index) => {
      const version = versions.get(plan) as PlanVersion;
      const usage = Object.fromEntries(used[index] ?? []);
      const rated = (of: Usage) => ratePlan(version, new Map(Object.entries(of)), day.toPlainYearMonth());
      const { total, currency } = rated(usage);
      const costOf = (carried: Usage): Cost => {
        const without = rated(less(usage, carried)).total;
        return { plan, currency, amount: formatMoney(new Decimal(total).minus(without), currency) };
      };
      return [deployment, costOf] as const;
    }),
  );
}

/** Never below zero: what facts still have to change may be carried and not recorded yet. */
function less(usage: Usage, carried: Usage): Usage {
  return Object.fromEntries(
    Object.entries(usage).map(([kind, quantity]) => {
      const left = parseQuantity(quantity).minus(carried[kind] ?? 0);
      return [kind, formatQuantity(Decimal.max(left, 0))];
    }),
  );
}

function byDeployment(gaps: readonly Gap[]): Map<string, Record<string, string>> {
  const carried = new Map<string, Record<string, string>>();
  for (const { deployment, kind, quantity } of gaps.flatMap((gap) => gap.usage)) {
    const own = carried.get(deployment) ?? {};
    own[kind] = formatQuantity(new Decimal(own[kind] ?? 0).plus(quantity));
    carried.set(deployment, own);
  }
  return carried;
}
