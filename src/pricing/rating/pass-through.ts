import { Decimal } from '../../platform/quantity.ts';
import type { LineGroup } from './line-groups.ts';
import { overlap, prorate, type Span } from './proration.ts';

/** What cost comes to with the markup of a plan version that passes it on, in the plan's currency: exact. */
export interface PassedPrice extends Span {
  readonly plan: string;
  /** The first day of the plan's version. */
  readonly planFrom: Temporal.PlainDate;
  readonly product: string;
  readonly price: string;
  readonly isFinal: boolean;
}

export interface PassedOn {
  readonly product: string;
  readonly price: Decimal;
  readonly isFinal: boolean;
}

/** More digits than any currency has, so that parts of a price are rounded where they are shown, and there alone. */
const digits = 9;

/** What falls to a line group's own time, by product; a product's whole price goes to whoever has all of its time. */
export function passedPrices({ spans }: LineGroup, prices: readonly PassedPrice[]): PassedOn[] {
  const sums = new Map<string, PassedOn>();
  for (const { product, price, isFinal, from, to } of prices) {
    for (const span of spans) {
      const part = overlap(span, { from, to });
      if (part === null) continue;
      const before = sums.get(product);
      const own = prorate(new Decimal(price), part, { from, to }, digits);
      sums.set(product, {
        product,
        price: own.plus(before?.price ?? 0),
        isFinal: isFinal && (before?.isFinal ?? true),
      });
    }
  }
  return [...sums.values()].toSorted((a, b) => (a.product < b.product ? -1 : 1));
}
