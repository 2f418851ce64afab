import type { BillingKind } from '../../metering/index.ts';
import { Decimal, formatQuantity, roundHalfAwayFromZero } from '../../platform/quantity.ts';
import { formatMoney } from '../../platform/money.ts';
import type { LineRow } from '../invoices.store.ts';
import {
  type ChargeCategory,
  type ChargeFrequency,
  decimalScale,
  type FocusRow,
  type JsonObject,
  noHost,
} from './columns.ts';
import { remember } from './remember.ts';
import { byHand, hostingPlan, type Service, serviceOf } from './services.ts';
import { countUnit, focusUnit } from './units.ts';

/** A line of an issued document, as it was issued. */
export type BilledLine = Omit<LineRow, 'deploymentId'>;

/** Half-open. */
export interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** By slug. */
export type BillingKinds = ReadonlyMap<string, Pick<BillingKind, 'title' | 'resourceKind'>>;

/**
 * Null unless a charge says otherwise. No charge is of one resource, region or set of tags: it is
 * for all that a deployment used of a kind, with one allowance.
 */
export const noCharge = {
  ConsumedQuantity: null,
  ConsumedUnit: null,
  ContractedUnitPrice: null,
  ListUnitPrice: null,
  PricingQuantity: null,
  PricingUnit: null,
  RegionId: null,
  RegionName: null,
  ResourceId: null,
  ResourceName: null,
  ResourceType: null,
  SkuId: null,
  SkuMeter: null,
  SkuPriceDetails: null,
  SkuPriceId: null,
  SubAccountId: null,
  SubAccountName: null,
  Tags: null,
  x_IncludedQuantity: null,
  x_PlanId: null,
} as const satisfies Partial<FocusRow>;

/** What differs from one kind of line to the next. */
export type Charge = Partial<Pick<FocusRow, keyof typeof noCharge | 'HostProviderName'>> &
  Pick<
    FocusRow,
    | 'BilledCost'
    | 'ChargeCategory'
    | 'ChargeClass'
    | 'ChargeDescription'
    | 'ChargeFrequency'
    | 'ChargePeriodEnd'
    | 'ChargePeriodStart'
    | 'ContractedCost'
    | 'ListCost'
    | 'ServiceCategory'
    | 'ServiceName'
    | 'ServiceSubcategory'
  >;

/** What a line is in FOCUS's words: one row or more, whose BilledCosts are its amount. */
export function chargesOf(line: BilledLine, currency: string, kinds: BillingKinds): Charge[] {
  switch (line.kind) {
    case 'base':
      return [planFee(line)];
    case 'usage':
      return usage(line, currency, kinds);
    case 'manual':
      return [handWritten(line)];
    case 'adjustment':
    case 'correction':
      return [unpriced(line, kinds)];
  }
}

/**
 * A row a price: one where all units cost the same, one a tier where they do not. What a minimum or a cap of the item
 * makes of that is a row of its own.
 */
function usage(line: BilledLine, currency: string, kinds: BillingKinds): Charge[] {
  const { billingKind, plan } = componentOf(line);
  const slug = billingKind ?? line.component;
  const common = {
    ...serviceColumns(serviceOf(kinds.get(slug), slug)),
    ...periodOf(line),
    ChargeClass: null,
    SkuId: slug,
    SkuMeter: kinds.get(slug)?.title ?? slug,
    x_PlanId: plan,
  } as const;
  const skuPriceId = plan === null ? slug : `${plan}/${slug}`;
  const parts = pricedParts(line);
  const charges: Charge[] = [];
  let exact = new Decimal(0);
  let billed = new Decimal(0);
  for (const [index, { quantity, unit, unitPrice, consumed, tier }] of parts.entries()) {
    exact = exact.plus(new Decimal(quantity).times(unitPrice));
    const total = new Decimal(formatMoney(exact, currency));
    charges.push({
      ...common,
      ...price({ quantity, unit, unitPrice }),
      BilledCost: formatMoney(total.minus(billed), currency),
      ChargeCategory: 'Usage',
      ChargeDescription: describe(`${line.description}, ${quantity} ${unit} at ${unitPrice} ${currency}`),
      ChargeFrequency: 'Usage-Based',
      ConsumedQuantity: consumed,
      ConsumedUnit: focusUnit(line.unit),
      SkuPriceDetails: plan === null && tier === null ? null : { x_PlanId: plan, ...tier?.details },
      SkuPriceId: tier === null ? skuPriceId : `${skuPriceId}/${tier.id}`,
      x_IncludedQuantity: index === 0 ? text(line.details.included) : null,
    });
    billed = total;
  }
  const limited = new Decimal(line.amount).minus(billed);
  if (!limited.isZero()) charges.push(limitOf(line, formatMoney(limited, currency), common));
  return charges;
}

/** What an item's minimum adds to the price of its units, or its cap takes off. */
function limitOf(
  line: BilledLine,
  amount: string,
  common: Pick<
    Charge,
    'ChargePeriodEnd' | 'ChargePeriodStart' | 'ServiceCategory' | 'ServiceName' | 'ServiceSubcategory'
  >,
): Charge {
  return {
    ...common,
    BilledCost: amount,
    ContractedCost: amount,
    ListCost: amount,
    ChargeCategory: 'Adjustment',
    ChargeClass: null,
    ChargeDescription: describe(`${line.description}, ${text(line.details.limitedBy) ?? 'rounding'}`),
    ChargeFrequency: 'Recurring',
  };
}

/** Units at one price. */
interface PricedPart extends Priced {
  /** How much was used for it: of the first part, what is included too. */
  readonly consumed: string;
  /** Null: the item has one price. */
  readonly tier: { readonly id: string; readonly details: JsonObject } | null;
}

function pricedParts(line: BilledLine): PricedPart[] {
  const quantity = line.quantity ?? '0';
  const used = text(line.details.used) ?? quantity;
  const unit = focusUnit(line.unit);
  const tiers = tiersOf(line.details.tiers);
  if (tiers.length > 0) return tierParts(line, tiers, new Decimal(used), new Decimal(quantity));
  const uniform = line.unitPrice ?? (line.details.model === null || new Decimal(quantity).isZero() ? '0' : null);
  // A price of packages or of a percentage is for the month's use as a whole.
  if (uniform === null) {
    return [{ quantity: '1', unit: countUnit, unitPrice: line.amount, consumed: used, tier: null }];
  }
  return [{ quantity, unit, unitPrice: uniform, consumed: used, tier: null }];
}

interface Tier {
  readonly from: string;
  readonly upTo: string | null;
  readonly units: string;
  readonly unitPrice: string;
  readonly flatFee: string;
}

/**
 * A tier's units at its price, and its flat fee, where it has one, as one unit. Where the plan divides before the
 * tiers, a unit is so many of those that are used. What is included counts as used for the first.
 */
function tierParts(line: BilledLine, tiers: readonly Tier[], used: Decimal, beyond: Decimal): PricedPart[] {
  const per = text(line.details.per) ?? '1';
  const unit = focusUnit(per === '1' ? line.unit : `${per} ${line.unit ?? countUnit}`);
  let left = beyond;
  return tiers.flatMap(({ from, upTo, units, unitPrice, flatFee }, index) => {
    // Of whole ones that are begun, what was used of them.
    const reached = index === tiers.length - 1 ? left : Decimal.min(left, new Decimal(units).times(per));
    left = left.minus(reached);
    const consumed = formatQuantity(index === 0 ? used.minus(beyond).plus(reached) : reached);
    const details = { x_TierFrom: from, x_TierUpTo: upTo };
    const part = { quantity: units, unit, unitPrice, consumed, tier: { id: `from-${from}`, details } };
    if (new Decimal(flatFee).isZero()) return [part];
    const fee = { quantity: '1', unit: countUnit, unitPrice: flatFee, consumed: '0' };
    return [part, { ...fee, tier: { id: `from-${from}/fee`, details } }];
  });
}

/** What is no product of a quantity and a price: what a plan's minimum, cap and discount do, and corrections. */
function unpriced(line: BilledLine, kinds: BillingKinds): Charge {
  const { kind, plan, billingKind } = componentOf(line);
  const { category, frequency } = unpricedKinds[kind ?? 'minimum'];
  const service = billingKind === null ? hostingPlan : serviceOf(kinds.get(billingKind), billingKind);
  const skuId = billingKind ?? (kind === 'base_fee' ? planSku(plan) : null);
  return {
    ...serviceColumns(service),
    ...periodOf(line),
    BilledCost: line.amount,
    ContractedCost: line.amount,
    ListCost: line.amount,
    ChargeCategory: category,
    ChargeClass: line.kind === 'correction' ? 'Correction' : null,
    ChargeDescription: describe(line.description),
    ChargeFrequency: frequency,
    SkuId: skuId,
    SkuMeter: billingKind === null ? skuId && baseFeeMeter : (kinds.get(billingKind)?.title ?? billingKind),
    x_PlanId: plan,
  };
}

const baseFeeMeter = 'Base fee';
const planSku = (plan: string | null) => `plan/${plan}`;

function planFee(line: BilledLine): Charge {
  const { plan } = componentOf(line);
  const fee = text(line.details.fee);
  const unit = feeUnit(text(line.details.every) ?? 'month');
  return {
    ...serviceColumns(hostingPlan),
    ...periodOf(line),
    ...(fee === null
      ? // Issued before lines said what the whole fee is: its part of it, as one.
        price({ quantity: line.quantity ?? '1', unit: countUnit, unitPrice: line.unitPrice ?? line.amount })
      : price({ quantity: text(line.details.part) ?? '1', unit, unitPrice: fee })),
    BilledCost: line.amount,
    ChargeCategory: 'Purchase',
    ChargeClass: null,
    ChargeDescription: describe(line.description),
    ChargeFrequency: 'Recurring',
    SkuId: planSku(plan),
    SkuMeter: baseFeeMeter,
    SkuPriceDetails: { x_PlanId: plan, x_Every: text(line.details.every) },
    SkuPriceId: `${planSku(plan)}/${text(line.details.every) ?? 'month'}`,
    x_PlanId: plan,
  };
}

/** `month`, `quarter`, `year` or a number of months such as `6 months`. */
function feeUnit(every: string): string {
  return every === 'quarter' ? focusUnit('3 months') : focusUnit(every);
}

/** What is taken off by hand is a credit: FOCUS knows no negative price. */
function handWritten(line: BilledLine): Charge {
  const common = {
    ...serviceColumns(byHand),
    ...periodOf(line),
    BilledCost: line.amount,
    HostProviderName: noHost,
    ChargeClass: null,
    ChargeDescription: describe(line.description),
    ChargeFrequency: 'One-Time',
  } as const;
  if (new Decimal(line.amount).isNegative()) {
    return { ...common, ChargeCategory: 'Credit', ContractedCost: line.amount, ListCost: line.amount };
  }
  const positive = (decimal: string | null, otherwise: string) =>
    formatQuantity(new Decimal(decimal ?? otherwise).abs());
  return {
    ...common,
    ...price({
      quantity: positive(line.quantity, '1'),
      unit: focusUnit(line.unit),
      unitPrice: positive(line.unitPrice, line.amount),
    }),
    ChargeCategory: 'Purchase',
    SkuId: 'manual',
    SkuMeter: byHand.name,
    SkuPriceId: 'manual',
  };
}

type ComponentKind = 'base_fee' | 'usage' | 'minimum' | 'cap' | 'discount';

const unpricedKinds: Readonly<Record<ComponentKind, { category: ChargeCategory; frequency: ChargeFrequency }>> = {
  base_fee: { category: 'Purchase', frequency: 'Recurring' },
  usage: { category: 'Usage', frequency: 'Usage-Based' },
  minimum: { category: 'Adjustment', frequency: 'Recurring' },
  cap: { category: 'Adjustment', frequency: 'Recurring' },
  discount: { category: 'Credit', frequency: 'Recurring' },
};

interface Component {
  /** Null: not one that rating names. */
  readonly kind: ComponentKind | null;
  readonly plan: string | null;
  readonly billingKind: string | null;
}

/** What a rated line is for, from its key (`RatedLine.key`): of a correction it is all that is known. */
function componentOf(line: BilledLine): Component {
  const match = /^(base_fee|usage|minimum|cap|discount) ([^\s@]+)@\S+(?: (\S+))?$/.exec(line.component);
  if (match === null) return { kind: null, plan: text(line.details.plan), billingKind: text(line.details.billingKind) };
  const kind = match[1] as ComponentKind;
  return { kind, plan: match[2] ?? null, billingKind: kind === 'usage' ? (match[3] ?? null) : null };
}

interface Priced {
  readonly quantity: string;
  readonly unit: string;
  readonly unitPrice: string;
}

/** Plans are what there is of price lists: what is agreed is what is listed. */
function price({ quantity, unit, unitPrice }: Priced) {
  const cost = fitting(new Decimal(quantity).times(unitPrice));
  const each = fittingPrice(unitPrice);
  return {
    ContractedCost: cost,
    ContractedUnitPrice: each,
    ListCost: cost,
    ListUnitPrice: each,
    PricingQuantity: fitting(new Decimal(quantity)),
    PricingUnit: unit,
  };
}

/** What a format can hold of a product or of a number that somebody wrote. */
function fitting(value: Decimal): string {
  return formatQuantity(roundHalfAwayFromZero(value, decimalScale));
}

const fittingPrice = remember(1_000, (price: string) => fitting(new Decimal(price)));

export function serviceColumns({ category, subcategory, name }: Service) {
  return { ServiceCategory: category, ServiceSubcategory: subcategory, ServiceName: name };
}

/** The time that a line is for: of what was rated its own, else the month. */
function periodOf(line: BilledLine) {
  const from = text(line.details.from);
  const to = text(line.details.to);
  const span =
    from === null || to === null ? monthSpan(line.serviceMonth) : { from: wholeSecond(from), to: wholeSecond(to) };
  // FOCUS tells seconds; what began and ended within one fills it.
  const end = span.to.equals(span.from) ? span.to.add({ seconds: 1 }) : span.to;
  return { ChargePeriodStart: span.from, ChargePeriodEnd: end };
}

const wholeSecond = remember(1_000, (instant: string) =>
  Temporal.Instant.from(instant).round({ smallestUnit: 'second', roundingMode: 'floor' }),
);

export function monthSpan(month: Temporal.PlainDate): Span {
  return spanOfMonth(month.toString());
}

const spanOfMonth = remember(1_000, (month: string): Span => {
  const first = Temporal.PlainDate.from(month);
  const begin = (day: Temporal.PlainDate) => day.toZonedDateTime('UTC').toInstant();
  return { from: begin(first), to: begin(first.add({ months: 1 })) };
});

/** As rating wrote them into the line. */
function tiersOf(tiers: unknown): readonly Tier[] {
  return Array.isArray(tiers) ? (tiers as Tier[]) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What a spreadsheet would take for a formula, in characters of either width. */
const formulaStart = /^[=+\-@\t\uff1d\uff0b\uff0d\uff20]/;

/**
 * A description is our own sentence, so it may be worded such that no spreadsheet runs it. Names and
 * ids are other people's, and FOCUS wants them as they are.
 */
export function describe(words: string): string {
  const line = words.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim();
  return formulaStart.test(line) ? `Charge: ${line}` : line;
}
