import {
  type DayRange,
  type Gap,
  type GapQuery,
  listGaps,
  listUnlistedKinds,
  type UnlistedKind,
  type Usage,
  usageForPeriod,
} from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal, formatQuantity, parseQuantity } from '../platform/quantity.ts';
import { quoteUsage } from './quotes.ts';
import { subscribedPlan } from './subscriptions.ts';

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
  const payers = new Map<string, Payer>();
  for (const slug of slugs) payers.set(slug, await openPayer(db, slug, from, to));

  const priced: PricedGap[] = [];
  for (const gap of gaps) {
    const amounts: CarriedAmount[] = [];
    for (const [deployment, carried] of byDeployment([gap])) {
      const payer = payers.get(deployment);
      if (payer !== undefined) amounts.push({ deployment, ...(await payer.costOf(carried)) });
    }
    priced.push({ ...gap, amounts });
  }

  const totals = new Map<string, Decimal>();
  for (const [deployment, carried] of byDeployment(gaps)) {
    const cost = await payers.get(deployment)?.costOf(carried);
    if (cost?.currency == null) continue;
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

interface Payer {
  costOf(carried: Usage): Promise<Cost>;
}

/** Somebody's month, ready to be quoted without some of its usage. */
async function openPayer(
  db: Queryable,
  deployment: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<Payer> {
  const plan = await subscribedPlan(db, deployment, from, to).catch((error: unknown) => {
    if (error instanceof ArcadiaError && error.code === 'not_found') return null;
    throw error;
  });
  if (plan === null) return { costOf: async () => ({ plan: null, currency: null, amount: null }) };
  const day = to.subtract({ days: 1 });
  const { usage } = await usageForPeriod(db, deployment, from, to);
  const whole = await quoteUsage(db, { plan, usage, day });
  return {
    async costOf(carried) {
      const without = await quoteUsage(db, { plan, usage: less(usage, carried), day });
      const { currency } = whole;
      return { plan, currency, amount: formatMoney(new Decimal(whole.total).minus(without.total), currency) };
    },
  };
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
