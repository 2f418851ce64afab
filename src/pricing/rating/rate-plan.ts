import { formatMoney } from '../../platform/money.ts';
import { Exact } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import type { RatedTier } from './rate.ts';
import {
  type AdjustmentLine,
  type RatedLine,
  type RatedMonth,
  rateMonth,
  type UsageLine,
  wholeMonth,
} from './rate-month.ts';

/** What one billing kind costs. Money has its currency's digits; quantities are exact decimals. */
export interface QuoteLine {
  readonly kind: string;
  readonly quantity: string;
  /** The part of a month's usage that the base fee covers; '0' too where the plan has no price for the kind. */
  readonly allowance: string;
  /** Only where the item's allowance is carried over: what earlier months left, and what the next one can use. */
  readonly carriedIn?: string;
  readonly carriedOut?: string;
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
  readonly cause: AdjustmentLine['kind'];
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

/** Rates a calendar month's usage (billing kind to decimal quantity, zero or more) on a plan. */
export function ratePlan(plan: PlanVersion, usage: ReadonlyMap<string, string>, month: Temporal.PlainYearMonth): Quote {
  return quoteOf(plan, rateMonth(wholeMonth(plan, usage, month)));
}

/** A rated month of one plan version as an estimate. */
export function quoteOf(plan: PlanVersion, rated: RatedMonth): Quote {
  const of = <Kind extends RatedLine['kind']>(...kinds: Kind[]) =>
    rated.lines.filter((line): line is Extract<RatedLine, { kind: Kind }> => kinds.includes(line.kind as Kind));
  const sum = (lines: readonly { readonly amount: string }[]) =>
    formatMoney(
      lines.reduce((total, { amount }) => total.plus(amount), new Exact(0)),
      plan.currency,
    );
  const adjustments = rated.lines.filter(
    (line): line is AdjustmentLine => line.kind !== 'base_fee' && line.kind !== 'usage',
  );
  return {
    plan: plan.plan,
    currency: plan.currency,
    base: sum(of('base_fee')),
    lines: of('usage').map(quoteLine),
    overage: sum(of('usage')),
    ...(adjustments.length > 0 && {
      adjustments: adjustments.map(({ kind, amount }) => ({ cause: kind, amount })),
    }),
    total: sum(rated.lines),
  };
}

function quoteLine(line: UsageLine): QuoteLine {
  return {
    kind: line.billingKind,
    quantity: line.quantity,
    allowance: line.allowance,
    ...(line.carriedIn !== null && { carriedIn: line.carriedIn }),
    ...(line.carriedOut !== null && { carriedOut: line.carriedOut }),
    billable: line.billable,
    unitPrice: line.unitPrice,
    amount: line.amount,
    ...(line.unitPrice === null && line.model !== null && { model: line.model }),
    ...(line.tiers.length > 0 && { tiers: line.tiers }),
    ...(line.limitedBy && { limitedBy: line.limitedBy }),
  };
}
