import { currencyDigits, formatMoney } from '../../platform/money.ts';
import { Decimal, formatQuantity, parseQuantity } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { rateCharge } from './models.ts';

/** More units would cost less: the next tier is cheaper for all of them. */
export interface Cliff {
  readonly kind: string;
  /** How many units more it takes. */
  readonly moreUnits: string;
  /** With what the plan's minimum adds now. */
  readonly amount: string;
  /** What it would cost with them, and the plan's minimum add. */
  readonly amountWithMore: string;
}

const least = new Decimal('0.000000001');

/** What is beside the item: the sum of all that is due on its plan version, and the least that it comes to. */
interface CliffContext {
  readonly due: Decimal;
  readonly minimum: Decimal;
}

/**
 * Where the next unit, or one not far away, makes what an item costs, with what the plan's minimum adds,
 * less; null: nowhere.
 */
export function cliffOf(
  plan: Pick<PlanVersion, 'currency'>,
  item: PlanItem,
  billable: string,
  { due, minimum }: CliffContext,
): Cliff | null {
  if (item.model !== 'volume' && item.model !== 'stairstep') return null;
  const units = parseQuantity(billable);
  const cost = (of: Decimal) => {
    const { amount } = rateCharge(item, of);
    const atLeast = item.minimum === null ? amount : Decimal.max(amount, item.minimum);
    return (item.cap === null ? atLeast : Decimal.min(atLeast, item.cap)).toDecimalPlaces(
      currencyDigits(plan.currency),
    );
  };
  const now = cost(units);
  const others = due.minus(now);
  /** The item's cost, and what all that is due lacks to the minimum with it. */
  const withMinimum = (amount: Decimal) => Decimal.max(amount, minimum.minus(others));
  const best = tierBeginnings(item.properties)
    .filter((beginning) => beginning.gt(units))
    .reduce<Decimal | null>((found, one) => (cost(one).lt(found === null ? now : cost(found)) ? one : found), null);
  if (best === null || !withMinimum(cost(best)).lt(withMinimum(now))) return null;
  return {
    kind: item.kind,
    moreUnits: formatQuantity(best.minus(units)),
    amount: formatMoney(withMinimum(now), plan.currency),
    amountWithMore: formatMoney(withMinimum(cost(best)), plan.currency),
  };
}

/** The least units with which each tier but the first is reached: beyond the end of the one before it. */
function tierBeginnings({
  tiers,
  per = '1',
  roundUp = false,
}: Extract<PlanItem, { model: 'volume' | 'stairstep' }>['properties']): Decimal[] {
  return tiers.flatMap(({ upTo }) => {
    if (upTo === null) return [];
    const end = roundUp ? new Decimal(upTo).floor() : new Decimal(upTo);
    return [end.times(per).plus(least)];
  });
}
