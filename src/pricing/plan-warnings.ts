import { Exact, formatQuantity } from '../platform/quantity.ts';
import type { PlanItem, PlanVersion } from './plan.ts';
import { cappedHours, cappedKinds, providerPriceOf } from './provider-prices.ts';
import { unitPriceOf } from './rating/models.ts';

/** Why a plan may lose money, or surprise. It may be applied all the same. */
export interface PlanWarning {
  readonly code:
    | 'hours_without_cap'
    | 'off_is_free'
    | 'below_provider_price'
    | 'allowance_above_base'
    | 'no_price'
    | 'in_the_past';
  /** Within the plan: ['items', 2], or [] for the whole of it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Where a plan version would lose money, as far as it can be told without its customers: prices are
 * compared with what the provider publishes, in USD. `today`: whose prices to compare with, where
 * the version begins earlier.
 */
export function warnAbout(plan: PlanVersion, today: Temporal.PlainDate): PlanWarning[] {
  const day = Temporal.PlainDate.compare(plan.from, today) > 0 ? plan.from : today;
  return [
    ...plan.items.flatMap((item, index) => warnAboutItem(plan, item, ['items', index], day)),
    ...warnAboutOff(plan),
    ...warnAboutAllowances(plan, day),
  ];
}

function warnAboutItem(
  plan: PlanVersion,
  item: PlanItem,
  path: PlanWarning['path'],
  day: Temporal.PlainDate,
): PlanWarning[] {
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
  const price = plan.currency === 'USD' ? providerPriceOf(item.kind, day) : null;
  const least = leastUnitPrice(item);
  if (price !== null && least !== null && least.lt(price.unitPrice)) {
    warnings.push({
      code: 'below_provider_price',
      path,
      message: `${item.kind} costs ${formatQuantity(least)} a unit here, and ${price.what} costs ${price.unitPrice} at DigitalOcean.`,
    });
  }
  return warnings;
}

/** Units are met whether a droplet runs or not; the provider charges for both. */
function warnAboutOff(plan: PlanVersion): PlanWarning[] {
  const kinds = plan.items.map((item) => item.kind);
  const running = kinds.indexOf('droplet_hours');
  const whatEver = ['droplet_provisioned_hours', 'vcpu_hours', 'memory_gb_hours'];
  if (running < 0 || whatEver.some((kind) => kinds.includes(kind))) return [];
  return [
    {
      code: 'off_is_free',
      path: ['items', running],
      message:
        'A droplet that is off costs nothing here, and at DigitalOcean as much as one that runs: ' +
        'droplet_hours stand still then. droplet_provisioned_hours go on.',
    },
  ];
}

/** What the provider asks for all that the base fee covers. */
function warnAboutAllowances(plan: PlanVersion, day: Temporal.PlainDate): PlanWarning[] {
  if (plan.currency !== 'USD') return [];
  const cost = plan.items.reduce(
    (sum, item) => sum.plus(new Exact(item.allowance).times(providerPriceOf(item.kind, day)?.unitPrice ?? 0)),
    new Exact(0),
  );
  const base = new Exact(plan.base).div(plan.baseEvery === 'year' ? 12 : 1);
  if (cost.lte(base)) return [];
  return [
    {
      code: 'allowance_above_base',
      path: [],
      message: `The allowances cost ${cost.toFixed(2)} a month at DigitalOcean's prices, and the base fee is ${base.toFixed(2)}.`,
    },
  ];
}

/** The price of a unit, or of one in the cheapest tier; null where no unit has a price of its own. */
function leastUnitPrice(item: PlanItem): Exact | null {
  if (item.model === 'package') return new Exact(item.properties.packagePrice).div(item.properties.packageSize);
  if (item.model === 'graduated' || item.model === 'volume') {
    // A tier whose flat fee covers its units has no price per unit to compare.
    const prices = item.properties.tiers
      .filter((tier) => new Exact(tier.flatFee).isZero())
      .map((tier) => new Exact(tier.unitPrice));
    return prices.length === 0 ? null : Exact.min(...prices);
  }
  return unitPriceOf(item);
}

/** What deployments on the plan used, and the plan has no price for. */
export function warnAboutUnpriced(kinds: readonly string[]): PlanWarning[] {
  return kinds.map((kind) => ({
    code: 'no_price',
    path: [],
    message: `${kind} was used by deployments on this plan, and the plan has no price for it.`,
  }));
}

/** A version that holds in months that are over: what was billed for them becomes a matter of corrections. */
export function warnAboutPast(plan: PlanVersion, today: Temporal.PlainDate): PlanWarning[] {
  if (Temporal.PlainDate.compare(plan.from, today.with({ day: 1 })) >= 0) return [];
  return [
    {
      code: 'in_the_past',
      path: ['from'],
      message: `It holds from ${plan.from}: months that are over are rated anew, and what was issued for them is to be corrected.`,
    },
  ];
}
