import { formatMoney } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { type Cliff, cliffOf } from './cliffs.ts';
import { monthSpan } from './proration.ts';
import type { RatedTier } from './rate.ts';
import type { UsedMonth } from './line-groups.ts';
import {
  type AdjustmentLine,
  estimatedMonth,
  type RatedMonth,
  rateMonth,
  type UsageLine,
  wholeMonth,
} from './rate-month.ts';

/** What one billing kind costs. Money has its currency's digits; quantities are exact decimals. */
interface QuoteLine {
  readonly kind: string;
  readonly quantity: string;
  /** The part of a month's usage that the base fee covers; '0' too where the plan has no price for the kind. */
  readonly allowance: string;
  /** Only there where an earlier version of the plan in the month left something of its allowance. */
  readonly fromEarlierPhase?: string;
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
  /** Only there in a month with several plans or times: which it is of. */
  readonly plan?: string;
  readonly from?: Temporal.Instant;
  readonly to?: Temporal.Instant;
}

/** A base fee with its time, where it is not simply the month's. */
interface QuoteBaseFee {
  readonly plan: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly amount: string;
}

/** A product of the provider with its price. */
interface QuotePassed {
  readonly product: string;
  readonly amount: string;
  readonly final: boolean;
}

/** What applies to a month as a whole, in this order. Each amount is signed and rounded. */
interface QuoteAdjustment {
  readonly cause: AdjustmentLine['kind'];
  readonly amount: string;
}

/** What a month's usage costs. Binds nobody. */
export interface Quote {
  /** Of several, the last. */
  readonly plan: string;
  readonly currency: string;
  readonly base: string;
  /** Only there where the base is not simply the month's fee: which fees it is the sum of. */
  readonly baseFees?: readonly QuoteBaseFee[];
  /** One per item of the plan, in its order, used or not; then what was used and has no price, by kind. */
  readonly lines: readonly QuoteLine[];
  /** Only there where the plan passes on cost: what the provider's products come to, and whether its bill is final. */
  readonly passThrough?: readonly QuotePassed[];
  /** The sum of the lines' amounts, and of what is passed on. */
  readonly overage: string;
  /** Only there where the plan's own minimum, cap or discount changes the total. */
  readonly adjustments?: readonly QuoteAdjustment[];
  /** The sum of all that is shown: base, overage and adjustments. */
  readonly total: string;
  /** Only there where a plan of the month is in another currency: its totals, which are in none of the figures above. */
  readonly otherTotals?: RatedMonth['totals'];
  /** Only there where something was used while paused or on no plan. */
  readonly uncharged?: RatedMonth['uncharged'];
  /** Only there where more of something would cost less. */
  readonly cliffs?: readonly Cliff[];
}

/** Rates a calendar month's usage (billing kind to decimal quantity, zero or more) on a plan. */
export function ratePlan(plan: PlanVersion, usage: ReadonlyMap<string, string>, month: Temporal.PlainYearMonth): Quote {
  return quoteOf(rateMonth(wholeMonth(plan, usage, month)), [plan]);
}

/**
 * Rates a calendar month in which a plan begins, changes or is paused: what its own time costs, by currency. Of base fees
 * in advance or by the year it has the month's own part, and nothing is carried over into it.
 */
export function rateSegments(month: UsedMonth): RatedMonth['totals'] {
  return rateMonth(estimatedMonth(month)).totals;
}

/**
 * A rated month as an estimate, in the currency of the last of its plans.
 * @param versions the plan versions of the month, in order
 */
export function quoteOf(rated: RatedMonth, versions: readonly PlanVersion[]): Quote {
  const last = versions.at(-1);
  if (last === undefined) throw new RangeError('a month on no plan has no estimate');
  const { currency } = last;
  const lines = rated.lines.filter((line) => line.currency === currency);
  const fees = lines.filter((line) => line.kind === 'base_fee');
  const usage = lines.filter((line) => line.kind === 'usage');
  const passed = lines.filter((line) => line.kind === 'pass_through');
  const adjustments = lines.filter(
    (line): line is AdjustmentLine => line.kind === 'minimum' || line.kind === 'cap' || line.kind === 'discount',
  );
  const sum = (of: readonly { readonly amount: string }[]) =>
    formatMoney(
      of.reduce((total, { amount }) => total.plus(amount), new Decimal(0)),
      currency,
    );
  const whole = monthSpan(rated.month);
  const simple = lines.every((line) => line.from.equals(whole.from) && line.to.equals(whole.to));
  const otherTotals = rated.totals.filter((total) => total.currency !== currency);
  const cliffs = usage.flatMap((line) => {
    const version = versions.find(({ plan, from }) => plan === line.plan && from.equals(line.planFrom));
    const item = version?.items.find(({ kind }) => kind === line.billingKind);
    if (version === undefined || item === undefined) return [];
    const isOfVersion = (one: { readonly plan: string; readonly planFrom: Temporal.PlainDate }) =>
      one.plan === line.plan && one.planFrom.equals(line.planFrom);
    const due = [...fees, ...usage, ...passed]
      .filter(isOfVersion)
      .reduce((all, { amount }) => all.plus(amount), new Decimal(0));
    const minimum = rated.minimums.find((one) => one.version === version)?.minimum ?? new Decimal(0);
    return cliffOf(version, item, line.billable, { due, minimum }) ?? [];
  });
  return {
    plan: last.plan,
    currency,
    base: sum(fees),
    ...(!simple && { baseFees: fees.map(({ plan, from, to, amount }) => ({ plan, from, to, amount })) }),
    lines: usage.map((line) => ({
      ...quoteLine(line),
      ...(!simple && { plan: line.plan, from: line.from, to: line.to }),
    })),
    ...(passed.length > 0 && {
      passThrough: passed.map(({ product, amount, isFinal }) => ({ product, amount, final: isFinal })),
    }),
    overage: sum([...usage, ...passed]),
    ...(adjustments.length > 0 && {
      adjustments: adjustments.map(({ kind, amount }) => ({ cause: kind, amount })),
    }),
    total: sum(lines),
    ...(otherTotals.length > 0 && { otherTotals }),
    ...(rated.uncharged.length > 0 && { uncharged: rated.uncharged }),
    ...(cliffs.length > 0 && { cliffs }),
  };
}

function quoteLine(line: UsageLine): QuoteLine {
  return {
    kind: line.billingKind,
    quantity: line.quantity,
    allowance: line.allowance,
    ...(line.fromEarlierPhase !== null && { fromEarlierPhase: line.fromEarlierPhase }),
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
