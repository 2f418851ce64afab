import { isZero, money, quantity } from '../ui/decimal.ts';
import type { Plan, PlanItem } from './read.ts';

// A price list in words. What the models of prices mean is the server's to say: here are only their fields.

/** `50.00 USD a month, in advance` */
export function feeOf({ base, currency, baseEvery, baseDue }: Plan): string {
  const every = /^\d/.test(baseEvery) ? `for ${baseEvery}` : `a ${baseEvery}`;
  return `${money(base)} ${currency} ${every}${baseDue === 'advance' ? ', in advance' : ''}`;
}

/** What applies to the whole month beside the fee; empty: nothing. */
export function limitsOf({ minimum, cap, discount, currency }: Plan): string[] {
  const off =
    discount === null
      ? ''
      : `${discount.percent === undefined ? `${money(discount.amount ?? '0')} ${currency}` : `${discount.percent} %`} off`;
  return [
    ...(minimum === null ? [] : [`at least ${money(minimum)} ${currency} a month`]),
    ...(cap === null ? [] : [`at most ${money(cap)} ${currency} a month`]),
    ...(discount === null ? [] : [`${off}${discount.until === null ? '' : ` before ${discount.until}`}`]),
  ];
}

/** `744 included, the rest for 2 months` */
export function includedOf({ allowance, carryOver }: PlanItem): string {
  if (isZero(allowance)) return '–';
  const { months } = carryOver ?? { months: 0 };
  return `${quantity(allowance)}${carryOver === null ? '' : `, what is left for ${months} ${months === 1 ? 'month' : 'months'}`}`;
}

interface Tier {
  readonly upTo?: string | null;
  readonly unitPrice?: string;
  readonly flatFee?: string;
}

const shownTiers = 3;

/** What is charged beyond that: `0.04 each`, or its tiers. */
export function priceOf({ model, properties }: PlanItem): string {
  const { unitPrice, tiers } = properties as { readonly unitPrice?: string; readonly tiers?: readonly Tier[] };
  if (typeof unitPrice === 'string') return `${unitPrice} each`;
  if (!Array.isArray(tiers)) return model.replaceAll('-', ' ');
  const told = (tiers as readonly Tier[]).slice(0, shownTiers).map(({ upTo, unitPrice: price, flatFee }) => {
    const fee = flatFee === undefined || isZero(flatFee) ? '' : `${flatFee} flat`;
    const each = price === undefined ? '' : `${price} each`;
    return `${[each, fee].filter((text) => text !== '').join(' and ')}${upTo == null ? ' beyond' : ` up to ${quantity(upTo)}`}`;
  });
  return `${model.replaceAll('-', ' ')}: ${told.join(', ')}${tiers.length > shownTiers ? ', ...' : ''}`;
}

/** `Products named Database*`, `Every kubernetes cluster` */
export function passedOf({ product, resourceKind }: Plan['passThrough'][number]): string {
  if (product === null) return `Every ${(resourceKind ?? 'resource').replaceAll('_', ' ')}`;
  return product === '*' ? 'Every product but taxes and credits' : `Products named ${product}`;
}
