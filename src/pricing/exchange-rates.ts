import type { Database, Queryable } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { Decimal, formatQuantity } from '../platform/quantity.ts';
import type { CurrencyPair, DatedRate } from './exchange-rate.ts';
import * as store from './exchange-rates.store.ts';

// What one currency is in another, by day. A rate is used in the direction in which it was entered: what comes of
// turning one round is a decision about digits, which is for whoever enters the other direction.

export type ExchangeRate = store.ExchangeRateRow;

/**
 * The rate of each pair on a day: the newest that is not after it, of that day or of the `rateAgeDaysMax` before.
 * Undefined: there is none. In the order of `wanted`, in one statement.
 */
export async function findExchangeRates(
  db: Queryable,
  wanted: readonly (CurrencyPair & { readonly on: Temporal.PlainDate })[],
): Promise<(DatedRate | undefined)[]> {
  if (wanted.length === 0) return [];
  const found = new Map((await store.selectExchangeRates(db, wanted)).map(({ place, ...rate }) => [place, rate]));
  return wanted.map((_, index) => found.get(index + 1));
}

/**
 * Enters a rate, or another one for a pair and day that has one. What was issued keeps the rate that it has.
 * @throws ArcadiaError invalid_argument (a currency in itself, not above zero)
 */
export async function setExchangeRate(
  db: Database,
  rate: DatedRate,
  by: string,
  now: Temporal.Instant,
): Promise<{ readonly changed: boolean }> {
  const problem = problemOf(rate);
  if (problem !== null) throw new ArcadiaError('invalid_argument', `The exchange rate ${problem}.`);
  return db.transaction().execute(async (trx) => ({
    changed: (await store.rewriteExchangeRates(trx, [plain(rate)], by, now)) > 0,
  }));
}

/** What is wrong with a rate, as the rest of a sentence; null: nothing. */
export function problemOf({ base, counter, rate }: Pick<DatedRate, 'base' | 'counter' | 'rate'>): string | null {
  if (base === counter) return `is of ${base} in itself, which is always 1`;
  return new Decimal(rate).gt(0) ? null : 'is not above zero';
}

/** With a decimal that has no zeros at its end. */
export function plain(rate: DatedRate): DatedRate {
  return { ...rate, rate: formatQuantity(new Decimal(rate.rate)) };
}

/** Takes a rate away. What was issued keeps it. @throws ArcadiaError not_found */
export async function removeExchangeRate(
  db: Database,
  pair: CurrencyPair,
  day: Temporal.PlainDate,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const removed = await db.transaction().execute((trx) => store.removeExchangeRate(trx, pair, day, by, now));
  if (!removed) {
    throw new ArcadiaError('not_found', `There is no exchange rate of ${pair.base} in ${pair.counter} for ${day}.`);
  }
}

/** A page of what is believed, and how many there are in all. */
export async function exchangeRatePage(
  db: Queryable,
  filter: Omit<store.ExchangeRateFilter, 'q'>,
  page: PageRequest<store.ExchangeRateSort>,
): Promise<Required<Page<ExchangeRate>>> {
  const wanted = { ...filter, q: page.q };
  const rows = await store.selectExchangeRatePage(db, wanted, { ...page, limit: page.limit + 1 });
  const { items, nextCursor } = pageOf(rows, page.limit, cursorOf);
  return { items, nextCursor, total: await store.countExchangeRates(db, wanted) };
}
