import { formatMoney } from '../platform/money.ts';
import type { Decimal } from '../platform/quantity.ts';

/** Two currencies of ISO 4217, in a direction: what is known of EUR in USD says nothing of USD in EUR. */
export interface CurrencyPair {
  /** Of which one unit is given ... */
  readonly base: string;
  /** ... in this currency. */
  readonly counter: string;
}

/** 1 of `base` is `rate` of `counter`, as `source` published it for a UTC day. */
export interface DatedRate extends CurrencyPair {
  readonly day: Temporal.PlainDate;
  /** Exact decimal above zero. */
  readonly rate: string;
  readonly source: string;
}

/**
 * How many days a rate holds on after its own where none is newer. The longest that the ECB publishes none is five days,
 * over Easter and over Christmas; a week leaves no month-end without one and lets no forgotten import go unseen.
 */
export const rateAgeDaysMax = 7;

/** An amount of the base currency in the counter currency, rounded once, with its digits. */
export function convertMoney(amount: Decimal, { rate, counter }: Pick<DatedRate, 'rate' | 'counter'>): string {
  return formatMoney(amount.times(rate), counter);
}
