import type { Kind } from '../metering/index.ts';
import type { NextOperation } from '../platform/errors.ts';
import { Decimal, formatQuantity, roundQuantity } from '../platform/quantity.ts';
import { monthsOfFee, type PlanItem, type PlanVersion } from './plan.ts';
import { cappedHours, cappedKinds, type PriceBook } from './price-book.ts';
import { unitPriceOf } from './rating/models.ts';

/** Why a plan may lose money, or surprise. It may be applied all the same. */
export interface PlanWarning {
  readonly code:
    | 'hours_without_cap'
    | 'off_is_free'
    | 'below_provider_price'
    | 'allowance_above_base'
    | 'no_price'
    | 'not_metered'
    | 'in_the_past'
    | 'within_a_month'
    | 'cap_below_base';
  /** Within the plan: ['items', 2], or [] for the whole of it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The operation that helps; absent: the plan is to be changed, or nothing. */
  readonly next?: Required<NextOperation> | null;
}

/** What a warning must know of a billing kind. */
export type WarnedKind = Pick<Kind, 'kind' | 'resourceKind' | 'accrual' | 'statuses' | 'filter' | 'weight'>;

/** Whose prices a version is compared with: those of its first day, or of today where it begins earlier. */
export function priceDayOf({ from }: PlanVersion, today: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(from, today) > 0 ? from : today;
}

/**
 * Where a plan version would lose money, as far as it can be told without its customers: prices are
 * compared with what the provider charges, in the plan's currency, and of droplets with every size of `prices` that
 * the plan's kinds meet.
 * @param prices those of `priceDayOf`, in the plan's currency
 */
export function warnAbout(plan: PlanVersion, kinds: readonly WarnedKind[], prices: PriceBook): PlanWarning[] {
  const droplets = dropletItemsOf(plan, kinds);
  return [
    ...plan.items.flatMap((item, index) => warnAboutItem(item, ['items', index], prices)),
    ...warnAboutSizes(droplets.filter(isMetRunning), prices),
    ...warnAboutOff(droplets),
    ...warnAboutCap(plan),
    ...warnAboutAllowances(plan, droplets.filter(isMetRunning), prices),
  ];
}

function warnAboutItem(item: PlanItem, path: PlanWarning['path'], prices: PriceBook): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (cappedKinds.has(item.kind) && item.cap === null && item.model !== 'stairstep') {
    warnings.push({
      code: 'hours_without_cap',
      path,
      message:
        `${item.kind} is charged by the hour without a cap, while DigitalOcean stops counting at ${cappedHours} hours a month: ` +
        `a price taken from a month of 720 or 744 hours earns less than the provider charges in February, and for what ` +
        `lives only part of a month. Take the month's price over ${cappedHours}, or the same cap.`,
    });
  }
  const price = prices.unitPriceOf(item.kind);
  const least = leastUnitPrice(item);
  if (price !== null && least !== null && least.lt(price.amount)) {
    warnings.push({
      code: 'below_provider_price',
      path,
      message:
        `${item.kind} costs ${formatQuantity(least)} a unit here, and ${price.what} costs ${formatQuantity(price.amount)} ` +
        `at DigitalOcean, ${price.source}.`,
    });
  }
  return warnings;
}

/** An item that is charged for the hours of droplets. */
interface DropletItem {
  readonly item: PlanItem;
  readonly index: number;
  readonly kind: WarnedKind;
}

function dropletItemsOf(plan: PlanVersion, kinds: readonly WarnedKind[]): DropletItem[] {
  return plan.items.flatMap((item, index) => {
    const kind = kinds.find((one) => one.kind === item.kind);
    return kind?.resourceKind === 'droplet' && kind.accrual === 'hours' ? [{ item, index, kind }] : [];
  });
}

type DropletSize = PriceBook['sizes'][number];

/** How much an hour of a droplet of a size counts; null: it is not met, or nobody can tell by its size. */
function levelOf({ filter, weight }: WarnedKind, { attributes }: DropletSize): Decimal | null {
  if (!Object.entries(filter).every(([name, value]) => String(attributes[name]) === String(value))) return null;
  if (weight === null) return new Decimal(1);
  const value = attributes[weight.attribute];
  return typeof value === 'number' ? roundQuantity(new Decimal(value).div(weight.divisor)) : null;
}

/** Whether a droplet is met while it runs. */
const isMetRunning = ({ kind }: DropletItem) => kind.statuses?.includes('active') ?? true;

/** A running droplet is charged by all items together that meet it. */
function warnAboutSizes(droplets: readonly DropletItem[], prices: PriceBook): PlanWarning[] {
  const met = prices.sizes.flatMap((size) => {
    const charges = droplets.flatMap(({ item, kind }) => {
      const level = levelOf(kind, size);
      return level === null ? [] : [leastUnitPrice(item)?.times(level) ?? null];
    });
    // What has no price per unit cannot be compared, and it may be what covers the size.
    if (charges.length === 0 || charges.includes(null)) return [];
    return [{ size, charged: charges.reduce<Decimal>((sum, charge) => sum.plus(charge ?? 0), new Decimal(0)) }];
  });
  const losing = met
    .map(({ size, charged }) => ({ size, charged, lost: size.hourly.minus(charged) }))
    .filter(({ lost }) => lost.gt(0))
    .sort((a, b) => b.lost.cmp(a.lost));
  const [worst] = losing;
  if (worst === undefined) return [];
  const [only, ...others] = droplets;
  return [
    {
      code: 'below_provider_price',
      path: only && others.length === 0 ? ['items', only.index] : [],
      message:
        `Sizes of droplets in use that cost more at DigitalOcean than beyond the allowances here: ${losing.length} of ${met.length}. ` +
        `The worst is ${worst.size.slug}: an hour is ${formatQuantity(worst.charged)} here and ${formatQuantity(worst.size.hourly)} there.`,
    },
  ];
}

/** Units are met whether a droplet runs or not; the provider charges for both. */
function warnAboutOff(droplets: readonly DropletItem[]): PlanWarning[] {
  const [running] = droplets;
  if (running === undefined || droplets.some(({ kind }) => kind.statuses?.includes('off') ?? true)) return [];
  return [
    {
      code: 'off_is_free',
      path: ['items', running.index],
      message:
        'A droplet that is off costs nothing here, and at DigitalOcean as much as one that runs: ' +
        `${running.item.kind} stand still then. droplet_provisioned_hours go on.`,
    },
  ];
}

/** A base fee that is never charged whole. */
function warnAboutCap({ base, cap }: PlanVersion): PlanWarning[] {
  if (cap === null || new Decimal(cap).gte(base)) return [];
  return [{ code: 'cap_below_base', path: ['cap'], message: `The cap of ${cap} is below the base fee of ${base}.` }];
}

/** What the provider asks for all that the base fee covers, whichever sizes of droplets it is used for. */
function warnAboutAllowances(plan: PlanVersion, droplets: readonly DropletItem[], prices: PriceBook): PlanWarning[] {
  const others = plan.items.reduce(
    (sum, item) => sum.plus(new Decimal(item.allowance).times(prices.unitPriceOf(item.kind)?.amount ?? 0)),
    new Decimal(0),
  );
  const base = new Decimal(plan.base).div(monthsOfFee(plan));
  const bySize = prices.sizes.flatMap((size) => {
    const hours = droplets.flatMap(({ item, kind }) => {
      const level = levelOf(kind, size);
      return level === null || level.isZero() ? [] : [new Decimal(item.allowance).div(level)];
    });
    // An hour is free where all that charges for it has an allowance left.
    return hours.length === 0
      ? []
      : [
          {
            size,
            cost: size.hourly.times(Decimal.min(...hours)).plus(others),
          },
        ];
  });
  const dearer = bySize.filter(({ cost }) => cost.gt(base)).sort((a, b) => b.cost.cmp(a.cost));
  const [worst] = dearer;
  if (worst === undefined && others.lte(base)) return [];
  const message =
    worst === undefined || others.gt(base)
      ? `The allowances cost at least ${others.toFixed(2)} a month at DigitalOcean's prices, and the base fee is ${base.toFixed(2)}.`
      : `Sizes of droplets in use with which the allowances cost more a month at DigitalOcean than the base fee of ${base.toFixed(2)}: ` +
        `${dearer.length} of ${bySize.length}. The worst is ${worst.size.slug}: ${worst.cost.toFixed(2)}.`;
  return [{ code: 'allowance_above_base', path: [], message }];
}

/** The price of a unit, or of one in the cheapest tier; null where no unit has a price of its own. */
function leastUnitPrice(item: PlanItem): Decimal | null {
  if (item.model === 'package') return new Decimal(item.properties.packagePrice).div(item.properties.packageSize);
  if (item.model === 'graduated' || item.model === 'volume') {
    // A tier whose flat fee covers its units has no price per unit to compare.
    const prices = item.properties.tiers
      .filter((tier) => new Decimal(tier.flatFee).isZero())
      .map((tier) => new Decimal(tier.unitPrice).div(item.properties.per ?? 1));
    return prices.length === 0 ? null : Decimal.min(...prices);
  }
  return unitPriceOf(item);
}

/**
 * A version whose first day changes more than the months to come: in months that are over, what was issued
 * becomes a matter of corrections; a month that it splits is rated in two parts.
 */
export function warnAboutFirstDay({ from }: PlanVersion, today: Temporal.PlainDate): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (Temporal.PlainDate.compare(from, today.with({ day: 1 })) < 0) {
    warnings.push({
      code: 'in_the_past',
      path: ['from'],
      message: `It holds from ${from}: months that are over are rated anew, and what was issued for them is to be corrected.`,
    });
  }
  if (from.day !== 1) {
    warnings.push({
      code: 'within_a_month',
      path: ['from'],
      message:
        `It begins within ${from.toPlainYearMonth()}, which is rated in two parts: tiers, packages and flat fees apply to each ` +
        'part by itself, and allowance that the second part leaves is not for the first.',
    });
  }
  return warnings;
}
