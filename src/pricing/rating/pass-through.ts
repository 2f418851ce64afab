import { currencyDigits } from '../../platform/money.ts';
import { Decimal, roundHalfAwayFromZero } from '../../platform/quantity.ts';
import type { LineGroup } from './line-groups.ts';
import { microseconds, overlap, type Span } from './proration.ts';

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

/** What a sum of parts is rounded to first, which were cut at 200 digits: three thirds are one. */
const exactDigits = 100;

/**
 * What falls to a line group's own time, by product: what the product costs from the first of its times to an instant is a
 * running total, rounded to the currency's digits, and a time's part is the difference of two. So the parts of a product
 * that several line groups share add up to what it costs.
 */
export function passedPrices({ version, spans }: LineGroup, prices: readonly PassedPrice[]): PassedOn[] {
  const digits = currencyDigits(version.currency);
  return [...Map.groupBy(prices, ({ product }) => product)]
    .flatMap(([product, own]) => {
      const met = own.filter((price) => spans.some((span) => overlap(span, price) !== null));
      if (met.length === 0) return [];
      const until = (instant: Temporal.Instant) => roundHalfAwayFromZero(costUntil(own, instant), digits);
      const price = spans.reduce((sum, { from, to }) => sum.plus(until(to)).minus(until(from)), new Decimal(0));
      return [{ product, price, isFinal: met.every(({ isFinal }) => isFinal) }];
    })
    .toSorted((a, b) => (a.product < b.product ? -1 : 1));
}

/** What prices come to from their beginnings to an instant, each evenly over its own time. */
function costUntil(prices: readonly PassedPrice[], instant: Temporal.Instant): Decimal {
  const sum = prices.reduce(
    (total, { price, from, to }) => total.plus(partUntil(new Decimal(price), { from, to }, instant)),
    new Decimal(0),
  );
  return roundHalfAwayFromZero(sum, exactDigits);
}

function partUntil(price: Decimal, { from, to }: Span, instant: Temporal.Instant): Decimal {
  if (Temporal.Instant.compare(instant, from) <= 0) return new Decimal(0);
  if (Temporal.Instant.compare(instant, to) >= 0) return price;
  return price.times(microseconds(from, instant)).div(microseconds(from, to));
}
