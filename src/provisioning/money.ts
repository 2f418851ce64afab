import type { ProviderSize } from '../cloud/index.ts';
import { chargeOf, factText, groupOfOne, type ProviderPrice, unitsOfMonth } from '../inventory/index.ts';
import type { Kind } from '../metering/index.ts';
import { formatMoney, roundMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import {
  type PlannedResource,
  type PlanVersion,
  ratePlan,
  rateSegments,
  type Segment,
  usageOfPlanned,
} from '../pricing/index.ts';
import type { Billable } from './billables.ts';
import { canonicalJson, digestOf } from './canonical.ts';
import type { CustomersMoney, OurMoney } from './proposal-document.ts';

/** The provider's hours of a month are at most so many: after them a month's price is reached. */
const hoursMax = 672;
/** What backups of a droplet cost, in percent of its own price. */
const backupPercent = { weekly: 20, daily: 30 } as const;

/** What everything costs in a month by the price book; amounts are not rounded. */
interface Charge {
  readonly what: string;
  readonly quantity: string;
  readonly amount: Decimal;
}

export interface PriceList {
  readonly book: ReadonlyMap<string, Pick<ProviderPrice, 'amount' | 'currency' | 'unit' | 'source'>>;
  readonly sizes: readonly ProviderSize[];
}

/** A droplet's price as the provider lists it now, unless an operator has set one. */
function priceOf({ book, sizes }: PriceList, subject: string): { amount: string; unit: string } | undefined {
  const own = book.get(subject);
  const size = sizes.find(({ slug }) => subject === `droplet_size:${slug}`);
  return own?.source === 'operator' || size === undefined ? own : { amount: size.priceMonthly, unit: 'month' };
}

/** null: nobody knows; empty: it is free. */
function chargesFor(billable: Billable, prices: PriceList): Charge[] | null {
  const { what, kind, backups } = billable;
  const charge = chargeOf(groupOfOne(billable));
  // Backups are a part of their droplet's price.
  if (charge === 'free' || kind === 'droplet_backup') return [];
  const price = charge === null ? undefined : priceOf(prices, charge.subject);
  if (charge === null || price === undefined || !unitsOfMonth.has(price.unit)) return null;
  const amount = new Decimal(price.amount).times(charge.quantity);
  const own = { what, quantity: `${charge.quantity} ${price.unit}`, amount };
  if (backups === null) return [own];
  const percent = backupPercent[backups];
  const ofBackups = amount.times(percent).div(100);
  return [own, { what: `${backups} backups of ${what}`, quantity: `${percent} %`, amount: ofBackups }];
}

/** What one thing costs in a month, its backups included; null: nobody knows. */
export function monthlyOf(billable: Billable, prices: PriceList): string | null {
  const currency = currencyOf(prices);
  const charges = chargesFor(billable, prices);
  if (charges === null) return null;
  const sum = charges.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
  return formatMoney(roundMoney(sum, currency), currency);
}

function currencyOf({ book }: PriceList): string {
  return book.values().next().value?.currency ?? 'USD';
}

function chargesOf(billables: readonly Billable[], prices: PriceList) {
  const charges: Charge[] = [];
  const unknown: string[] = [];
  for (const billable of billables) {
    const found = chargesFor(billable, prices);
    if (found === null) unknown.push(billable.what);
    else charges.push(...found);
  }
  const sum = charges.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
  return { charges, unknown, sum };
}

/** What a deployment costs us before and after, by the price book of the day. */
export function ourMoney(
  { before, after }: { readonly before: readonly Billable[]; readonly after: readonly Billable[] },
  prices: PriceList,
  now: Temporal.Instant,
): OurMoney {
  const currency = currencyOf(prices);
  const [was, is] = [chargesOf(before, prices), chargesOf(after, prices)];
  const money = (amount: Decimal) => formatMoney(roundMoney(amount, currency), currency);
  const difference = is.sum.minus(was.sum);
  const start = now.toZonedDateTimeISO('UTC');
  const begin = start.with({ day: 1 }).startOfDay();
  // Of a month's price each hour is a part, until the last that counts.
  const shareOf = (from: Temporal.ZonedDateTime, to: Temporal.ZonedDateTime) =>
    Decimal.min(1, new Decimal(hoursOf({ from: from.toInstant(), to: to.toInstant() })).div(hoursMax));
  const [added, gone] = [without(is.charges, was.charges), without(was.charges, is.charges)];
  const restOfMonth = added
    .times(shareOf(start, begin.add({ months: 1 })))
    // What is there has cost that much of its month already.
    .minus(gone.times(new Decimal(1).minus(shareOf(begin, start))));
  return {
    currency,
    monthly: { before: money(was.sum), after: money(is.sum), difference: money(difference) },
    restOfMonth: money(restOfMonth),
    lines: is.charges
      .filter(({ amount }) => !amount.isZero())
      .map(({ what, quantity, amount }) => ({ what, quantity, amount: money(amount) })),
    unknown: is.unknown,
  };
}

/** What some charges come to in a month, without those that are among others too. */
function without(charges: readonly Charge[], others: readonly Charge[]): Decimal {
  const keyOf = ({ what, quantity, amount }: Charge) => canonicalJson([what, quantity, amount.toFixed()]);
  const among = new Set(others.map(keyOf));
  return charges
    .filter((each) => !among.has(keyOf(each)))
    .reduce((total, { amount }) => total.plus(amount), new Decimal(0));
}

export interface PlanOfMonth {
  /** `2026-07` */
  readonly month: string;
  /** That holds at its end. */
  readonly version: PlanVersion;
  /** The meters as they stand then. */
  readonly kinds: readonly Kind[];
}

/** The month in which a proposal is made. */
export interface MonthUnderWay {
  readonly month: string;
  /** From when on what it changes is charged. */
  readonly from: Temporal.Instant;
  /** By the plans that it is on, or comes onto; its meters as they stand at its end. */
  readonly segments: readonly Segment[];
  readonly kinds: readonly Kind[];
}

interface Sides {
  /** null: it is new. */
  readonly before: readonly Billable[] | null;
  readonly after: readonly Billable[];
}

/**
 * What months cost a customer, before and after: whole ones, and what changes of the one that is under way.
 * @param underWay null: it is on no plan in it
 */
export function customersMoney(
  { before, after }: Sides,
  { months, underWay }: { readonly months: readonly PlanOfMonth[]; readonly underWay: MonthUnderWay | null },
  { ours, now }: { readonly ours: OurMoney; readonly now: Temporal.Instant },
): { readonly money: CustomersMoney; readonly notMetered: readonly string[] } {
  const notMetered = new Set<string>();
  const rated = months.map(({ month, version, kinds }) => {
    const of = (billables: readonly Billable[]) => {
      const whole = billables.map((billable) => ({ billable }));
      const usage = plannedUsage(whole, version, kinds, month);
      const billed = ratePlan(version, usage, Temporal.PlainYearMonth.from(month));
      return { usage, total: new Decimal(billed.total) };
    };
    const is = of(after);
    const was = before === null ? null : of(before);
    const priced = new Set(version.items.map(({ kind }) => kind));
    for (const { kind, enabled } of kinds) {
      const used = new Decimal(is.usage.get(kind) ?? 0);
      const usedBefore = new Decimal(was?.usage.get(kind) ?? 0);
      // What is there and not metered is not this proposal's doing.
      if (!enabled && priced.has(kind) && used.gt(usedBefore)) notMetered.add(kind);
    }
    return { month, version, is: is.total, was: was?.total ?? null };
  });
  // One that ends within the month has no whole one.
  const ending = underWay?.segments.findLast(({ version }) => version !== null)?.version;
  const currency = (months[0]?.version ?? ending)?.currency ?? 'USD';
  const money = (amount: Decimal) => formatMoney(amount, currency);
  const last = rated.at(-1);
  return {
    money: {
      currency,
      months: rated.map(({ month, version, is, was }) => ({
        month,
        plan: version.plan,
        // As it is written: a price that this deployment does not reach is a part of what was approved.
        version: digestOf(version).slice(0, 12),
        before: was === null ? null : money(was),
        after: money(is),
        difference: money(is.minus(was ?? 0)),
      })),
      margin:
        last === undefined || currency !== ours.currency || passesOn(last.version)
          ? null
          : money(last.is.minus(ours.monthly.after)),
      restOfMonth: underWay && restOfMonth({ before, after }, underWay, { currency, ours, now }),
    },
    notMetered: [...notMetered].sort(),
  };
}

/**
 * What the month under way costs the customer more, or less, for what changes from now on. What is there counts as
 * if it had been there since its beginning.
 */
function restOfMonth(
  { before, after }: Sides,
  underWay: MonthUnderWay,
  { currency, ours, now }: { readonly currency: string; readonly ours: OurMoney; readonly now: Temporal.Instant },
): CustomersMoney['restOfMonth'] {
  const month = Temporal.PlainYearMonth.from(underWay.month);
  const whole = { from: underWay.segments[0]?.from ?? now, to: underWay.segments.at(-1)?.to ?? now };
  const was = before?.map((billable): Held => ({ billable, ...whole })) ?? [];
  const costs = (held: readonly Held[]) => {
    const segments = underWay.segments.map((segment) => ({ ...segment, usage: usageWithin(segment, held, underWay) }));
    return new Decimal(rateSegments({ month, segments }).find((each) => each.currency === currency)?.total ?? 0);
  };
  const difference = costs(heldFrom(now, { before: before ?? [], after }, whole)).minus(
    before === null ? 0 : costs(was),
  );
  return {
    from: underWay.from.toString(),
    difference: formatMoney(difference, currency),
    margin:
      currency !== ours.currency || underWay.segments.some(({ version }) => version !== null && passesOn(version))
        ? null
        : formatMoney(difference.minus(ours.restOfMonth), currency),
  };
}

/** Whether a plan has the customer pay what the provider charges: how much that will be, only its bill says. */
export function passesOn({ passThrough }: Pick<PlanVersion, 'passThrough'>): boolean {
  return passThrough.length > 0;
}

/** Something that is charged for, and when it is there. */
interface Held extends Span {
  readonly billable: Billable;
}

interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** What is there all of a month, to now, and from now on. */
function heldFrom(
  now: Temporal.Instant,
  { before, after }: { readonly before: readonly Billable[]; readonly after: readonly Billable[] },
  month: Span,
): Held[] {
  const [was, is] = [before, after].map((billables) => new Set(billables.map(canonicalJson)));
  return [
    ...before.map((billable) => ({
      billable,
      from: month.from,
      to: is?.has(canonicalJson(billable)) ? month.to : now,
    })),
    ...after.flatMap((billable) => (was?.has(canonicalJson(billable)) ? [] : [{ billable, from: now, to: month.to }])),
  ];
}

/** What is used in a segment of a month: sums by its time, and what raises a peak where it begins. */
function usageWithin(
  { from, to, version }: Segment,
  held: readonly Held[],
  { month, kinds }: MonthUnderWay,
): ReadonlyMap<string, string> {
  if (version === null) return new Map();
  const during = held.flatMap(({ billable, ...span }) => {
    const shared = { from: later(span.from, from), to: earlier(span.to, to) };
    return Temporal.Instant.compare(shared.from, shared.to) < 0 ? [{ billable, hours: hoursOf(shared) }] : [];
  });
  const [sums, peaks] = [true, false].map((is) => kinds.filter(({ aggregation }) => (aggregation === 'sum') === is));
  const raised = (peaks ?? []).map((kind) => {
    const reachedBy = (until: Temporal.Instant) => {
      const begun = held.filter((each) => Temporal.Instant.compare(each.from, until) < 0);
      return reached(begun, (each) => new Decimal(plannedUsage([each], version, [kind], month).get(kind.kind) ?? 0));
    };
    return [kind.kind, reachedBy(to).minus(reachedBy(from)).toFixed()] as const;
  });
  return new Map([...plannedUsage(during, version, sums ?? [], month), ...raised]);
}

/**
 * What a peak or a percentile comes to: of each thing the greatest level at or above which it is for long enough.
 * @param usage of a thing that is so for some hours, or all of the month
 */
function reached(
  held: readonly Held[],
  usage: (of: { readonly billable: Billable; readonly hours?: string }) => Decimal,
): Decimal {
  let total = new Decimal(0);
  for (const spans of Map.groupBy(held, ({ billable }) => billable.what).values()) {
    const levels = spans.map((span) => ({ span, level: usage({ billable: span.billable }) }));
    const figures = levels.map(({ span: { billable }, level }) => {
      const above = levels.filter((each) => each.level.gte(level)).map(({ span }) => span);
      return usage({ billable, hours: hoursOf(...above) });
    });
    total = total.plus(Decimal.max(...figures));
  }
  return total;
}

function later(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? b : a;
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}

/** In spans that do not overlap. */
function hoursOf(...spans: readonly Span[]): string {
  const seconds = spans.map(({ from, to }) => new Decimal(from.until(to, { largestUnit: 'seconds' }).total('seconds')));
  return Decimal.sum(0, ...seconds)
    .div(3_600)
    .toFixed();
}

/** What billables would use in a month, or some hours of it, by the meters that are on or that the plan has a price for. */
function plannedUsage(
  billables: readonly { readonly billable: Billable; readonly hours?: string }[],
  version: PlanVersion,
  kinds: readonly Kind[],
  month: string,
): ReadonlyMap<string, string> {
  const priced = new Set(version.items.map(({ kind }) => kind));
  const counting = kinds.filter(({ kind, enabled }) => enabled || priced.has(kind));
  const planned = billables
    .map(({ billable, hours }) => ({ ...plannedOf(billable), ...(hours !== undefined && { hours }) }))
    .filter((each) => counting.some((kind) => isCounted(each, kind)));
  return usageOfPlanned(planned, counting, Temporal.PlainYearMonth.from(month));
}

function plannedOf({ kind, status, parents, attributes }: Billable): PlannedResource {
  const facts = Object.entries(attributes).flatMap(([name, value]) => {
    const text = factText(value);
    return text === null ? [] : [[name, text] as const];
  });
  const source = parents[0]?.split(':', 1)[0];
  return {
    kind,
    count: 1,
    status,
    attributes: { ...(source !== undefined && { source }), ...Object.fromEntries(facts) },
  };
}

function isCounted({ kind, attributes }: PlannedResource, { resourceKind, filter, weight }: Kind): boolean {
  const isIt = Object.entries(filter).every(([name, value]) => String(attributes[name]) === String(value));
  return kind === resourceKind && isIt && (weight === null || attributes[weight.attribute] !== undefined);
}
