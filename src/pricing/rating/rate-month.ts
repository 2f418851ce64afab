import { currencyDigits, formatMoney, roundMoney } from '../../platform/money.ts';
import { Decimal, formatQuantity, roundHalfAwayFromZero, sumQuantities } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { type BaseFee, feeBefore, feesOfMonth, limitOf, partOf } from './base-fees.ts';
import { type AllowanceUse, CarriedAllowances } from './carry-over.ts';
import { rateCharge, unitPriceOf } from './models.ts';
import { passedPrices, type PassedOn, type PassedPrice } from './pass-through.ts';
import { monthSpan, type Span } from './proration.ts';
import { formatTiers, type RatedTier } from './rate.ts';
import { type LineGroup, lineGroupsOf, type UsedMonth, type UsedSegment } from './line-groups.ts';
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

interface BaseFeeLine extends LineOf<'base_fee'> {
  /** The plan's whole fee, of a month or a year, and how much of one the line is for: decimals, the part with up to 18 digits. */
  readonly fee: string;
  readonly part: string;
  readonly every: PlanVersion['baseEvery'];
  readonly due: PlanVersion['baseDue'];
}

/** What one billing kind costs. Quantities are exact decimals. */
export interface UsageLine extends LineOf<'usage'> {
  readonly billingKind: string;
  readonly quantity: string;
  /** The part of the usage that the base fee covers, prorated; '0' too where the plan has no price for the kind. */
  readonly allowance: string;
  /** What the plan's earlier versions in the month left of the allowance; null where there was none. */
  readonly fromEarlierPhase: string | null;
  /** What earlier months left of theirs; null where nothing is carried over. */
  readonly carriedIn: string | null;
  /** What the next month can use, or carry in where the plan has another version in this one; null where the item carries nothing over. */
  readonly carriedOut: string | null;
  /** How much of all of these was used. */
  readonly allowanceUsed: string;
  /** What lies beyond them. */
  readonly billable: string;
  /** The price of a billable unit, with at least the currency's digits; null where units differ, or have none. */
  readonly unitPrice: string | null;
  /** Null where the plan has no price for the kind. */
  readonly model: PlanItem['model'] | null;
  /** The tiers that were reached, not rounded; empty for models without tiers. */
  readonly tiers: readonly RatedTier[];
  /** How many units make one of those that the tiers count: '1' unless the plan divides before the tiers. */
  readonly per: string;
  /** Whether invoices show each tier by itself. */
  readonly linePerTier: boolean;
  /** Which of the item's own limits decided the amount. */
  readonly limitedBy: 'minimum' | 'cap' | null;
}

/** What the provider charged for a product, with the plan's markup: what a customer sees is the product and its price. */
interface PassedLine extends LineOf<'pass_through'> {
  /** As the provider's bills name it. */
  readonly product: string;
  /** Whether the provider's bill of the month is final; else it is of its preview, and will be corrected. */
  readonly isFinal: boolean;
}

/** What applies to all lines of one plan version that are shown together, in this order. */
export type AdjustmentLine = LineOf<'minimum' | 'cap' | 'discount'>;

export type RatedLine = BaseFeeLine | UsageLine | PassedLine | AdjustmentLine;

/** Usage that no plan charges: of paused time, or of time on no plan. Shown, never billed. */
export interface UnchargedUsage extends Span {
  readonly reason: 'paused' | 'no_plan';
  readonly billingKind: string;
  readonly quantity: string;
}

export interface RatedMonth {
  readonly month: Temporal.PlainYearMonth;
  /**
   * By plan version in order of first use, then those that have nothing here but a base fee: its base
   * fees, its items in their order and then what it has no price for, its adjustments.
   */
  readonly lines: readonly RatedLine[];
  /** Per currency, the sum of its lines' amounts; by currency. Nothing on any plan: none. */
  readonly totals: readonly { readonly currency: string; readonly total: string }[];
  readonly uncharged: readonly UnchargedUsage[];
  /** The plan's minimum for the lines shown, whether it decides or not, of the versions that have one. */
  readonly minimums: readonly { readonly version: PlanVersion; readonly minimum: Decimal }[];
}

interface RateMonthInput extends UsedMonth {
  /** The base fees to show: `feesBilled` on a bill, `feesOfMonth` for what the month itself costs. */
  readonly fees: readonly BaseFee[];
  /** The months before, oldest first and without a gap: `monthsToLookBack` of them. */
  readonly earlier: readonly UsedMonth[];
  /** Prices of cost that is passed on. */
  readonly passed?: readonly PassedPrice[];
}

/**
 * Rates a calendar month of one deployment: for quote, preview, invoice and correction alike.
 *
 * A line's amount is exact until it is rounded, once, half away from zero, to the currency's
 * minor unit; everything else is a sum of amounts shown. Minimum, cap and discount of a plan version
 * are computed on the lines of that version that are shown here, and on no others.
 */
export function rateMonth({ month, segments, fees, earlier, passed = [] }: RateMonthInput): RatedMonth {
  const lineGroups = lineGroupsOf({ month, segments });
  const uses = new CarriedAllowances(earlier).settle(month, lineGroups);
  const used = lineGroups.map((lineGroup, index): VersionLines => {
    const { version } = lineGroup;
    const usage = rateLineGroup(lineGroup, uses[index] as ReadonlyMap<PlanItem, AllowanceUse>);
    const ownPrices = passed.filter((price) => price.plan === version.plan && price.planFrom.equals(version.from));
    const passedOn = passedPrices(lineGroup, ownPrices).map((price) => passedLine(lineGroup, price));
    return { version, lineGroup, fees: feesOf(fees, version), usage, passed: passedOn };
  });
  // Fees of other times: of the next month's version, or of a year that began or ended here.
  const others = versionsOf(fees).filter((version) => !used.some((one) => isSame(one.version, version)));
  const all = [
    ...used,
    ...others.map((version) => ({ version, lineGroup: null, fees: feesOf(fees, version), usage: [], passed: [] })),
  ];
  const lines: RatedLine[] = all.flatMap((one) => [
    ...one.fees.map(feeLine),
    ...one.usage,
    ...one.passed,
    ...adjust(one, month),
  ]);
  const minimums = all.flatMap((one) => {
    const { minimum } = planLimits(one);
    return minimum === null ? [] : [{ version: one.version, minimum }];
  });
  return { month, lines, totals: totalsOf(lines), uncharged: unchargedOf(segments), minimums };
}

/** All that is shown of one plan version, before its adjustments. */
interface VersionLines {
  readonly version: PlanVersion;
  /** Null: only fees of other times. */
  readonly lineGroup: LineGroup | null;
  readonly fees: readonly BaseFee[];
  readonly usage: readonly UsageLine[];
  readonly passed: readonly PassedLine[];
}

const isSame = (one: PlanVersion, other: PlanVersion) => versionKey(one) === versionKey(other);

function feesOf(fees: readonly BaseFee[], version: PlanVersion): BaseFee[] {
  return fees.filter((fee) => isSame(fee.version, version));
}

function versionsOf(fees: readonly BaseFee[]): PlanVersion[] {
  return [...new Map(fees.map(({ version }) => [versionKey(version), version])).values()];
}

function totalsOf(lines: readonly RatedLine[]): RatedMonth['totals'] {
  const sums = new Map<string, Decimal>();
  for (const { currency, amount } of lines) sums.set(currency, (sums.get(currency) ?? new Decimal(0)).plus(amount));
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, sum]) => ({ currency, total: formatMoney(sum, currency) }));
}

function unchargedOf(segments: readonly UsedSegment[]): UnchargedUsage[] {
  return segments.flatMap(({ state, from, to, usage }) =>
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
  amount: Decimal,
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

function feeLine(fee: BaseFee): BaseFeeLine {
  const { version, amount } = fee;
  return {
    ...common('base_fee', version, fee, ` ${fee.from}`, amount),
    fee: version.base,
    part: formatQuantity(roundHalfAwayFromZero(partOf(fee), 18)),
    every: version.baseEvery,
    due: version.baseDue,
  };
}

function hull(lineGroup: LineGroup): Span {
  return { from: (lineGroup.spans[0] as Span).from, to: (lineGroup.spans.at(-1) as Span).to };
}

function rateLineGroup(lineGroup: LineGroup, uses: ReadonlyMap<PlanItem, AllowanceUse>): UsageLine[] {
  const { version, usage } = lineGroup;
  const priced = new Set(version.items.map((item) => item.kind));
  return [
    ...version.items.map((item) => rateItem(lineGroup, item, uses.get(item) as AllowanceUse)),
    ...[...usage.keys()]
      .filter((kind) => !priced.has(kind))
      .sort()
      .map((kind) => unpricedLine(lineGroup, kind)),
  ];
}

function passedLine(lineGroup: LineGroup, { product, price, isFinal }: PassedOn): PassedLine {
  // Of one word, as the keys of all lines are.
  const key = ` product:${encodeURIComponent(product)}`;
  return { ...common('usage', lineGroup.version, hull(lineGroup), key, price), kind: 'pass_through', product, isFinal };
}

/** The nearest amount within the limits, and which limit made it so. */
function limit(amount: Decimal, { minimum, cap }: { readonly minimum: Decimal | null; readonly cap: Decimal | null }) {
  if (minimum !== null && amount.lt(minimum)) return { amount: minimum, limitedBy: 'minimum' } as const;
  if (cap !== null && amount.gt(cap)) return { amount: cap, limitedBy: 'cap' } as const;
  return { amount, limitedBy: null };
}

/** An item's minimum and cap as they are for the line group's part of the month. */
function itemLimits(lineGroup: LineGroup, { minimum, cap }: PlanItem) {
  const digits = currencyDigits(lineGroup.version.currency);
  const part = (whole: string | null) => (whole === null ? null : lineGroup.part(whole, digits));
  return { minimum: part(minimum), cap: part(cap) };
}

function rateItem(lineGroup: LineGroup, item: PlanItem, use: AllowanceUse): UsageLine {
  const { version } = lineGroup;
  const quantity = lineGroup.usage.get(item.kind) ?? new Decimal(0);
  const { own, earlier, carriedIn, carriedOut, billable } = use;
  const charged = rateCharge(item, billable);
  const { amount, limitedBy } = limit(charged.amount, itemLimits(lineGroup, item));
  return {
    ...common('usage', version, hull(lineGroup), ` ${item.kind}`, amount),
    billingKind: item.kind,
    quantity: formatQuantity(quantity),
    allowance: formatQuantity(own),
    fromEarlierPhase: earlier.isZero() ? null : formatQuantity(earlier),
    carriedIn: item.carryOver || !carriedIn.isZero() ? formatQuantity(carriedIn) : null,
    carriedOut: item.carryOver || !carriedOut.isZero() ? formatQuantity(carriedOut) : null,
    // Shares of a resource that moved can come to a billionth below zero.
    allowanceUsed: formatQuantity(Decimal.max(quantity.minus(billable), 0)),
    billable: formatQuantity(billable),
    unitPrice: shownUnitPrice(item, version.currency),
    model: item.model,
    tiers: formatTiers(charged.tiers),
    per: ('per' in item.properties && item.properties.per) || '1',
    linePerTier: 'linePerTier' in item.properties && item.properties.linePerTier === true,
    limitedBy,
  };
}

/** Kept by the item itself: gone with it. */
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

function unpricedLine(lineGroup: LineGroup, kind: string): UsageLine {
  const used = lineGroup.usage.get(kind) ?? new Decimal(0);
  return {
    ...common('usage', lineGroup.version, hull(lineGroup), ` ${kind}`, new Decimal(0)),
    billingKind: kind,
    quantity: formatQuantity(used),
    allowance: '0',
    fromEarlierPhase: null,
    carriedIn: null,
    carriedOut: null,
    allowanceUsed: '0',
    billable: formatQuantity(Decimal.max(used, 0)),
    unitPrice: null,
    model: null,
    tiers: [],
    per: '1',
    linePerTier: false,
    limitedBy: null,
  };
}

/** Minimum or cap first; the discount is on what they leave, and never more than that. */
function adjust(shown: VersionLines, month: Temporal.PlainYearMonth): AdjustmentLine[] {
  const { version } = shown;
  const due = sumOf([...shown.fees, ...shown.usage, ...shown.passed]);
  const lines: AdjustmentLine[] = [];
  const line = (kind: AdjustmentLine['kind'], amount: Decimal) => {
    if (!amount.isZero()) lines.push(common(kind, version, hullOf(shown), '', amount));
  };
  const { amount: limited, limitedBy } = limit(due, planLimits(shown));
  if (limitedBy) line(limitedBy, limited.minus(due));
  line('discount', discountOf(shown, limited.minus(due), month).negated());
  return lines;
}

/**
 * The plan's minimum and cap: of the time that the base fees shown are for, which is the month's own
 * in arrears and the next one's in advance. Where none is shown, in advance after the last, no minimum
 * is due, and the cap is of the line group's own part of the month.
 */
function planLimits({ version, lineGroup, fees }: VersionLines) {
  const { minimum, cap } = version;
  const part = (monthly: string | null) =>
    monthly === null || fees.length === 0 ? null : sumOf(fees.map((fee) => ({ amount: limitOf(fee, monthly, null) })));
  const capOfLineGroup = cap === null ? null : (lineGroup?.part(cap, currencyDigits(version.currency)) ?? null);
  return { minimum: part(minimum), cap: part(cap) ?? capOfLineGroup };
}

/**
 * What the discount takes off: of usage of months that have it, and of fees as far as their time has it.
 * @param limits what minimum or cap add or take; they count to what has the discount
 */
function discountOf(
  { version, fees, usage, passed }: VersionLines,
  limits: Decimal,
  month: Temporal.PlainYearMonth,
): Decimal {
  const { discount, currency } = version;
  if (discount === null) return new Decimal(0);
  const until = discount.until && discount.until.toZonedDateTime('UTC').toInstant();
  const hasUsage = until === null || Temporal.Instant.compare(monthSpan(month).from, until) < 0;
  const discountedFees = until === null ? fees : fees.filter(({ from }) => Temporal.Instant.compare(from, until) < 0);
  if (!hasUsage && discountedFees.length === 0) return new Decimal(0);
  const feeSum = sumOf(discountedFees.map((fee) => (until === null ? fee : { amount: feeBefore(fee, until) })));
  const base = Decimal.max(feeSum.plus(hasUsage ? sumOf([...usage, ...passed]) : 0).plus(limits), 0);
  const { percent, amount } = discount;
  if (percent !== undefined) return roundMoney(base.times(percent).div(100), currency);
  return Decimal.min(sumOf(fees.map((fee) => ({ amount: limitOf(fee, amount ?? '0', until) }))), base);
}

function sumOf(lines: readonly { readonly amount: Decimal | string }[]): Decimal {
  return lines.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
}

/** From the first to the last time of the lines. */
function hullOf({ lineGroup, fees }: VersionLines): Span {
  const spans = [...(lineGroup?.spans ?? []), ...fees];
  const froms = spans.map(({ from }) => from).sort(Temporal.Instant.compare);
  const tos = spans.map(({ to }) => to).sort(Temporal.Instant.compare);
  return { from: froms[0] as Temporal.Instant, to: tos.at(-1) as Temporal.Instant };
}

/** A month with what is used in each of its segments, and nothing before: what an estimate rates. */
export function estimatedMonth({ month, segments }: UsedMonth): RateMonthInput {
  return { month, segments, fees: feesOfMonth(segments, month), earlier: [] };
}

/** A whole month on one plan version with its usage, and nothing before. */
export function wholeMonth(
  version: PlanVersion,
  usage: ReadonlyMap<string, string>,
  month: Temporal.PlainYearMonth,
): RateMonthInput {
  return estimatedMonth({ month, segments: [{ ...monthSpan(month), state: 'active', version, usage }] });
}
