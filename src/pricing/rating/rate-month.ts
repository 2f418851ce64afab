import { currencyDigits, formatMoney, roundMoney } from '../../platform/money.ts';
import { Exact, formatQuantity, sumQuantities } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { type BaseFee, feesOfMonth } from './base-fees.ts';
import { type AllowanceUse, CarriedAllowances } from './carry-over.ts';
import { rateCharge, unitPriceOf } from './models.ts';
import { monthSpan, type Span } from './proration.ts';
import { formatTiers, type RatedTier } from './rate.ts';
import { ownAllowance, type Section, sectionsOf, type UsedMonth, type UsedPiece } from './sections.ts';
import { versionKey } from './timeline.ts';

/** What every shown line has. Amounts are signed, rounded once, with their currency's digits. */
interface LineOf<Kind extends string> {
  readonly kind: Kind;
  /** The same line of the same month has the same key whenever it is rated, and no other line has it. */
  readonly key: string;
  readonly plan: string;
  readonly planName: string;
  /** The first day of the plan's version. */
  readonly planFrom: Temporal.PlainDate;
  readonly currency: string;
  /** The service period, half-open; of several active times on one version, from the first to the last. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly amount: string;
}

export interface BaseFeeLine extends LineOf<'base_fee'> {
  readonly every: PlanVersion['baseEvery'];
  readonly due: PlanVersion['baseDue'];
}

/** What one billing kind costs. Quantities are exact decimals. */
export interface UsageLine extends LineOf<'usage'> {
  readonly billingKind: string;
  readonly quantity: string;
  /** The part of the usage that the base fee covers, prorated; '0' too where the plan has no price for the kind. */
  readonly allowance: string;
  /** What earlier months left of theirs; null where the item carries nothing over. */
  readonly carriedIn: string | null;
  /** What the next month can use; null where the item carries nothing over. */
  readonly carriedOut: string | null;
  /** How much of both was used. */
  readonly allowanceUsed: string;
  /** What lies beyond both. */
  readonly billable: string;
  /** The price of a billable unit, with at least the currency's digits; null where units differ, or have none. */
  readonly unitPrice: string | null;
  /** Null where the plan has no price for the kind. */
  readonly model: PlanItem['model'] | null;
  /** The tiers that were reached, not rounded; empty for models without tiers. */
  readonly tiers: readonly RatedTier[];
  /** Which of the item's own limits decided the amount. */
  readonly limitedBy: 'minimum' | 'cap' | null;
}

/** What applies to all that a month costs on one plan version, in this order. */
export type AdjustmentLine = LineOf<'minimum' | 'cap' | 'discount'>;

export type RatedLine = BaseFeeLine | UsageLine | AdjustmentLine;

/** Usage that no plan charges: of paused time, or of time on no plan. Shown, never billed. */
export interface UnchargedUsage extends Span {
  readonly reason: 'paused' | 'no_plan';
  readonly billingKind: string;
  readonly quantity: string;
}

export interface RatedMonth {
  readonly month: Temporal.PlainYearMonth;
  /** By plan version in order of first use: its base fees, its items in their order and then what it has no price for, its adjustments. */
  readonly lines: readonly RatedLine[];
  /** Per currency, the sum of its lines' amounts; by currency. Nothing on any plan: none. */
  readonly totals: readonly { readonly currency: string; readonly total: string }[];
  readonly uncharged: readonly UnchargedUsage[];
}

export interface RateMonthInput extends UsedMonth {
  /** The base fees to show: `feesBilled` on a bill, `feesOfMonth` for what the month itself costs. */
  readonly fees: readonly BaseFee[];
  /** The months before, oldest first and without a gap: `monthsToLookBack` of them. */
  readonly earlier: readonly UsedMonth[];
}

/**
 * Rates a calendar month of one deployment: for quote, preview, invoice and correction alike.
 *
 * A line's amount is exact until it is rounded, once, half away from zero, to the currency's
 * minor unit; everything else is a sum of amounts shown. Minimum, cap and discount of a plan are
 * reckoned on what the month itself costs (its own base fee, whenever that is billed, and usage).
 */
export function rateMonth({ month, pieces, fees, earlier }: RateMonthInput): RatedMonth {
  const sections = sectionsOf({ month, pieces });
  const uses = new CarriedAllowances(earlier).settle(month, sections);
  const ownFees = feesOfMonth(pieces, month);
  const shownFees = new Set<BaseFee>();
  const lines: RatedLine[] = sections.flatMap((section, index) => {
    const { version } = section;
    const of = (fee: BaseFee) => versionKey(fee.version) === versionKey(version);
    const feeLines = fees.filter(of).map((fee) => {
      shownFees.add(fee);
      return feeLine(fee);
    });
    const usageLines = rateSection(section, uses[index] ?? new Map<PlanItem, AllowanceUse>());
    const due = [...ownFees.filter(of), ...usageLines].reduce((sum, { amount }) => sum.plus(amount), new Exact(0));
    return [...feeLines, ...usageLines, ...adjust(section, due, month)];
  });
  // Fees of other months: of the next one's version, or of a year that began or ended here.
  lines.push(...fees.filter((fee) => !shownFees.has(fee)).map(feeLine));
  return { month, lines, totals: totalsOf(lines), uncharged: unchargedOf(pieces) };
}

function totalsOf(lines: readonly RatedLine[]): RatedMonth['totals'] {
  const sums = new Map<string, Exact>();
  for (const { currency, amount } of lines) sums.set(currency, (sums.get(currency) ?? new Exact(0)).plus(amount));
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, sum]) => ({ currency, total: formatMoney(sum, currency) }));
}

function unchargedOf(pieces: readonly UsedPiece[]): UnchargedUsage[] {
  return pieces.flatMap(({ state, from, to, usage }) =>
    state === 'active'
      ? []
      : [...usage]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([billingKind, quantity]) => ({
            reason: state,
            billingKind,
            quantity: sumQuantities([quantity]),
            from,
            to,
          })),
  );
}

function common<Kind extends string>(
  kind: Kind,
  version: PlanVersion,
  { from, to }: Span,
  suffix: string,
  amount: Exact,
) {
  return {
    kind,
    key: `${kind} ${versionKey(version)}${suffix}`,
    plan: version.plan,
    planName: version.name,
    planFrom: version.from,
    currency: version.currency,
    from,
    to,
    amount: formatMoney(amount, version.currency),
  };
}

function feeLine({ version, amount, ...span }: BaseFee): BaseFeeLine {
  return {
    ...common('base_fee', version, span, ` ${span.from}`, amount),
    every: version.baseEvery,
    due: version.baseDue,
  };
}

function hull(section: Section): Span {
  return { from: (section.spans[0] as Span).from, to: (section.spans.at(-1) as Span).to };
}

function rateSection(section: Section, uses: ReadonlyMap<PlanItem, AllowanceUse>): UsageLine[] {
  const { version, usage } = section;
  const priced = new Set(version.items.map((item) => item.kind));
  return [
    ...version.items.map((item) => rateItem(section, item, uses.get(item))),
    ...[...usage.keys()]
      .filter((kind) => !priced.has(kind))
      .sort()
      .map((kind) => unpricedLine(section, kind)),
  ];
}

/** The nearest amount within the limits, and which limit made it so. */
function limit(amount: Exact, { minimum, cap }: { readonly minimum: Exact | null; readonly cap: Exact | null }) {
  if (minimum !== null && amount.lt(minimum)) return { amount: minimum, limitedBy: 'minimum' } as const;
  if (cap !== null && amount.gt(cap)) return { amount: cap, limitedBy: 'cap' } as const;
  return { amount, limitedBy: null };
}

/** A whole month's minimum and cap as they are for the section's part of it. */
function limitsOf(
  section: Section,
  { minimum, cap }: { readonly minimum: string | null; readonly cap: string | null },
) {
  const digits = currencyDigits(section.version.currency);
  const part = (whole: string | null) => (whole === null ? null : section.part(whole, digits));
  return { minimum: part(minimum), cap: part(cap) };
}

function rateItem(section: Section, item: PlanItem, use: AllowanceUse | undefined): UsageLine {
  const { version } = section;
  const quantity = section.usage.get(item.kind) ?? new Exact(0);
  const allowance = use?.own ?? ownAllowance(section, item);
  const billable = use?.billable ?? Exact.max(quantity.minus(allowance), 0);
  const charged = rateCharge(item, billable);
  const { amount, limitedBy } = limit(charged.amount, limitsOf(section, item));
  return {
    ...common('usage', version, hull(section), ` ${item.kind}`, amount),
    billingKind: item.kind,
    quantity: formatQuantity(quantity),
    allowance: formatQuantity(allowance),
    carriedIn: use ? formatQuantity(use.carriedIn) : null,
    carriedOut: use ? formatQuantity(use.carriedOut) : null,
    allowanceUsed: formatQuantity(quantity.minus(billable)),
    billable: formatQuantity(billable),
    unitPrice: shownUnitPrice(item, version.currency),
    model: item.model,
    tiers: formatTiers(charged.tiers),
    limitedBy,
  };
}

const unitPrices = new WeakMap<PlanItem, string | null>();

/** With at least the currency's digits; null where units differ in price. Remembered: an item is rated many times. */
function shownUnitPrice(item: PlanItem, currency: string): string | null {
  const known = unitPrices.get(item);
  if (known !== undefined) return known;
  const price = unitPriceOf(item);
  const shown = price && price.toFixed(Math.max(currencyDigits(currency), price.decimalPlaces()));
  unitPrices.set(item, shown);
  return shown;
}

function unpricedLine(section: Section, kind: string): UsageLine {
  const quantity = formatQuantity(section.usage.get(kind) ?? new Exact(0));
  return {
    ...common('usage', section.version, hull(section), ` ${kind}`, new Exact(0)),
    billingKind: kind,
    quantity,
    allowance: '0',
    carriedIn: null,
    carriedOut: null,
    allowanceUsed: '0',
    billable: quantity,
    unitPrice: null,
    model: null,
    tiers: [],
    limitedBy: null,
  };
}

/** Minimum or cap first; the discount is on what they leave, and never more than that. */
function adjust(section: Section, due: Exact, month: Temporal.PlainYearMonth): AdjustmentLine[] {
  const { version } = section;
  const lines: AdjustmentLine[] = [];
  const line = (kind: AdjustmentLine['kind'], amount: Exact) => {
    if (!amount.isZero()) lines.push(common(kind, version, hull(section), '', amount));
  };
  const { amount: limited, limitedBy } = limit(due, limitsOf(section, version));
  if (limitedBy) line(limitedBy, limited.minus(due));

  const { discount } = version;
  const firstDay = month.toPlainDate({ day: 1 });
  if (discount && (discount.until === null || Temporal.PlainDate.compare(firstDay, discount.until) < 0)) {
    const off =
      discount.percent === undefined
        ? Exact.min(section.part(discount.amount ?? '0', currencyDigits(version.currency)), limited)
        : roundMoney(limited.times(discount.percent).div(100), version.currency);
    line('discount', off.negated());
  }
  return lines;
}

/** A whole month on one plan version with its usage, and nothing before: what an estimate rates. */
export function wholeMonth(
  version: PlanVersion,
  usage: ReadonlyMap<string, string>,
  month: Temporal.PlainYearMonth,
): RateMonthInput {
  const pieces: UsedPiece[] = [{ ...monthSpan(month), state: 'active', version, usage }];
  return { month, pieces, fees: feesOfMonth(pieces, month), earlier: [] };
}
