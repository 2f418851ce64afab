import { currencyDigits, formatMoney, roundMoney } from '../../platform/money.ts';
import { Exact, formatQuantity, parseQuantity } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { rateCharge, unitPriceOf } from './models.ts';
import { formatTiers, type RatedTier } from './rate.ts';

/** What one billing kind costs. Money has its currency's digits; quantities are exact decimals. */
export interface QuoteLine {
  readonly kind: string;
  readonly quantity: string;
  /** The part of a month's usage that the base fee covers; '0' too where the plan has no price for the kind. */
  readonly allowance: string;
  /** What lies beyond the allowance. */
  readonly billable: string;
  /**
   * The price of a billable unit, with at least the currency's digits. Null where units differ in
   * price (then `model` says how they are charged) and where the plan has no price for the kind
   * (then there is no `model`, and the amount is zero).
   */
  readonly unitPrice: string | null;
  /** Rounded once, here. */
  readonly amount: string;
  readonly model?: PlanItem['model'];
  /** The tiers that were reached, not rounded. */
  readonly tiers?: readonly RatedTier[];
  /** Which of the item's own limits decided the amount. */
  readonly limitedBy?: 'minimum' | 'cap';
}

/** What applies to a month as a whole, in this order. Each amount is signed and rounded. */
export interface QuoteAdjustment {
  readonly cause: 'minimum' | 'cap' | 'discount';
  readonly amount: string;
}

/** What a month's usage costs on a plan. Binds nobody. */
export interface Quote {
  readonly plan: string;
  readonly currency: string;
  readonly base: string;
  /** One per item of the plan, in its order, used or not; then what was used and has no price, by kind. */
  readonly lines: readonly QuoteLine[];
  /** The sum of the lines' amounts. */
  readonly overage: string;
  /** Only there where the plan's own minimum, cap or discount changes the total. */
  readonly adjustments?: readonly QuoteAdjustment[];
  /** The sum of all that is shown: base, overage and adjustments. */
  readonly total: string;
}

/**
 * Rates a calendar month's usage (billing kind to decimal quantity, zero or more) on a plan.
 *
 * A line's amount is exact until it is rounded, once, half away from zero, to the currency's
 * minor unit; everything else is a sum of amounts shown. The month matters for a discount's end.
 */
export function ratePlan(plan: PlanVersion, usage: ReadonlyMap<string, string>, month: Temporal.PlainYearMonth): Quote {
  const money = (amount: Exact) => formatMoney(amount, plan.currency);
  const priced = new Set(plan.items.map((item) => item.kind));
  const lines = [
    ...plan.items.map((item) => rateItem(item, parseQuantity(usage.get(item.kind) ?? '0'), plan.currency)),
    ...[...usage.keys()]
      .filter((kind) => !priced.has(kind))
      .sort()
      .map((kind) => unpricedLine(kind, parseQuantity(usage.get(kind) ?? '0'), plan.currency)),
  ];
  const overage = lines.reduce((sum, line) => sum.plus(line.amount), new Exact(0));
  const due = new Exact(plan.base).plus(overage);
  const adjustments = adjust(plan, due, month);
  return {
    plan: plan.plan,
    currency: plan.currency,
    base: money(new Exact(plan.base)),
    lines,
    overage: money(overage),
    ...(adjustments.length > 0 && {
      adjustments: adjustments.map(({ cause, amount }) => ({ cause, amount: money(amount) })),
    }),
    total: money(adjustments.reduce((sum, { amount }) => sum.plus(amount), due)),
  };
}

/** The nearest amount within the limits, and which limit made it so. */
function limit(amount: Exact, { minimum, cap }: { readonly minimum: string | null; readonly cap: string | null }) {
  if (minimum !== null && amount.lt(minimum)) return { amount: new Exact(minimum), limitedBy: 'minimum' } as const;
  if (cap !== null && amount.gt(cap)) return { amount: new Exact(cap), limitedBy: 'cap' } as const;
  return { amount, limitedBy: null };
}

function rateItem(item: PlanItem, quantity: Exact, currency: string): QuoteLine {
  const allowance = new Exact(item.allowance);
  const billable = Exact.max(quantity.minus(allowance), 0);
  const charged = rateCharge(item, billable);
  const { amount, limitedBy } = limit(charged.amount, item);
  const unitPrice = unitPriceOf(item);
  return {
    kind: item.kind,
    quantity: formatQuantity(quantity),
    allowance: formatQuantity(allowance),
    billable: formatQuantity(billable),
    unitPrice: unitPrice && unitPrice.toFixed(Math.max(currencyDigits(currency), unitPrice.decimalPlaces())),
    amount: formatMoney(amount, currency),
    ...(unitPrice === null && { model: item.model }),
    ...(charged.tiers.length > 0 && { tiers: formatTiers(charged.tiers) }),
    ...(limitedBy && { limitedBy }),
  };
}

function unpricedLine(kind: string, quantity: Exact, currency: string): QuoteLine {
  const used = formatQuantity(quantity);
  return {
    kind,
    quantity: used,
    allowance: '0',
    billable: used,
    unitPrice: null,
    amount: formatMoney(new Exact(0), currency),
  };
}

/** Minimum or cap first; the discount is on what they leave, and never more than that. */
function adjust(plan: PlanVersion, due: Exact, month: Temporal.PlainYearMonth) {
  const adjustments: { cause: QuoteAdjustment['cause']; amount: Exact }[] = [];
  const { amount: limited, limitedBy } = limit(due, plan);
  if (limitedBy) adjustments.push({ cause: limitedBy, amount: limited.minus(due) });

  const { discount } = plan;
  const firstDay = month.toPlainDate({ day: 1 });
  if (discount && (discount.until === null || Temporal.PlainDate.compare(firstDay, discount.until) < 0)) {
    const off =
      discount.percent === undefined
        ? Exact.min(new Exact(discount.amount ?? 0), limited)
        : roundMoney(limited.times(discount.percent).div(100), plan.currency);
    if (!off.isZero()) adjustments.push({ cause: 'discount', amount: off.negated() });
  }
  return adjustments;
}
