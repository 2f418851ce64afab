import { currencyDigits, formatMoney } from '../../platform/money.ts';
import { Exact, formatQuantity, parseQuantity } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { rateCharge } from './models.ts';

/** More units would cost less: the next tier is cheaper for all of them. */
export interface Cliff {
  readonly kind: string;
  /** How many units more it takes. */
  readonly moreUnits: string;
  readonly amount: string;
  /** What it would cost with them. */
  readonly amountWithMore: string;
}

const least = new Exact('0.000000001');

/** Where the next unit, or one not far away, makes an item's whole amount less; null: nowhere. */
export function cliffOf(plan: Pick<PlanVersion, 'currency'>, item: PlanItem, billable: string): Cliff | null {
  if (item.model !== 'volume' && item.model !== 'stairstep') return null;
  const units = parseQuantity(billable);
  const cost = (of: Exact) => {
    const { amount } = rateCharge(item, of);
    const atLeast = item.minimum === null ? amount : Exact.max(amount, item.minimum);
    return (item.cap === null ? atLeast : Exact.min(atLeast, item.cap)).toDecimalPlaces(currencyDigits(plan.currency));
  };
  const now = cost(units);
  // A tier begins with the least unit beyond the end of the one before it.
  const beginnings = item.properties.tiers.flatMap(({ upTo }) => (upTo === null ? [] : [new Exact(upTo).plus(least)]));
  const cheaper = beginnings.filter((beginning) => beginning.gt(units) && cost(beginning).lt(now));
  const best = cheaper.reduce<Exact | null>(
    (found, one) => (found === null || cost(one).lt(cost(found)) ? one : found),
    null,
  );
  if (best === null) return null;
  return {
    kind: item.kind,
    moreUnits: formatQuantity(best.minus(units)),
    amount: formatMoney(now, plan.currency),
    amountWithMore: formatMoney(cost(best), plan.currency),
  };
}
