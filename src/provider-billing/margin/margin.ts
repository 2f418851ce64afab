import type { Queryable } from '../../platform/database/database.ts';
import { currencyDigits, formatMoney } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import { convertMoney, type CurrencyPair, type DatedRate, findExchangeRates } from '../../pricing/index.ts';
import * as store from './margin.store.ts';

/** Reasons at most that are named of one deployment's loss. */
const reasonsMax = 3;

/** Why a margin is not known. */
type NotKnown = 'no_bill' | 'not_rated' | 'no_exchange_rate';

interface Margin extends Omit<store.MarginRow, 'severalCurrencies' | 'base'> {
  /** Of the revenue, with one decimal; null: the margin is not known, or nothing is earned. */
  readonly marginPercent: string | null;
  readonly notKnown: NotKnown | null;
  /** What the month's base fee would have to be for the margin that is wanted; null: none is wanted, or it is not known. */
  readonly baseFeeNeeded: string | null;
  /** Of a loss, what most of it is for, in words. */
  readonly reasons: readonly string[];
  /** The months up to its own, the earliest first. */
  readonly trend: readonly { readonly month: Temporal.PlainDate; readonly margin: string | null }[];
  readonly group: number;
  readonly value: string;
  readonly key: string;
}

type Page = Parameters<typeof store.selectMargins>[2];

interface MarginPage extends Omit<Page, 'sort' | 'order' | 'after'>, Partial<Pick<Page, 'sort' | 'order' | 'after'>> {
  /** The margin that is wanted, as a part of the revenue: from 0, less than 1. */
  readonly target: Decimal | null;
  /** How many months before its own each row shows the margin of, too; none unless given. */
  readonly trendMonths?: number;
}

/** Margins of months, grouped, with the reasons of deployments that earn less than they cost. */
export async function listMargins(db: Queryable, filters: store.MarginFilters, page: MarginPage): Promise<Margin[]> {
  const rows = await store.selectMargins(db, filters, { sort: 'month', order: 'asc', after: null, ...page });
  const trends = await readTrends(db, filters, page, rows);
  const losses = rows.flatMap(({ month, deploymentId, margin }) =>
    deploymentId !== null && margin !== null && new Decimal(margin).isNegative() ? [{ month, deploymentId }] : [],
  );
  const reasons = losses.length === 0 ? [] : await store.selectLossReasons(db, losses, reasonsMax);
  const byLoss = Map.groupBy(reasons, ({ month, deploymentId }) => `${month} ${deploymentId}`);
  const isLoss = new Set(losses.map(({ month, deploymentId }) => `${month} ${deploymentId}`));
  return rows.map(({ severalCurrencies, base, ...row }) => {
    const key = `${row.month} ${row.deploymentId}`;
    const own = isLoss.has(key) ? (byLoss.get(key) ?? []) : [];
    return {
      ...row,
      ...moneyOf(row),
      notKnown: whyNotKnown({ ...row, severalCurrencies }),
      baseFeeNeeded: page.by === 'deployment' ? baseFeeNeeded({ ...row, base }, page.target) : null,
      reasons: own.map(inWords),
      trend: trends(row),
    };
  });
}

type Trend = Margin['trend'];
type OfMonth = Pick<store.MarginRow, 'month' | 'currency'> & { readonly key: string };

/** What each row's margin was in the months before. */
async function readTrends(
  db: Queryable,
  filters: store.MarginFilters,
  { by, trendMonths = 0 }: MarginPage,
  rows: readonly OfMonth[],
): Promise<(row: OfMonth) => Trend> {
  if (trendMonths === 0 || rows.length === 0) return () => [];
  const since = { ...filters, from: filters.from.subtract({ months: trendMonths }) };
  const keys = [...new Set(rows.map(({ key }) => key))];
  const known = new Map(
    (await store.selectMarginTrends(db, since, by, keys)).map(({ key, month, margin }) => [`${key} ${month}`, margin]),
  );
  return ({ key, month, currency }) =>
    Array.from({ length: trendMonths + 1 }, (_, at) => month.subtract({ months: trendMonths - at })).map((each) => {
      const margin = known.get(`${key} ${each}`) ?? null;
      return { month: each, margin: margin === null ? null : formatMoney(new Decimal(margin), currency) };
    });
}

type Known = Pick<store.MarginRow, 'currency' | 'revenue' | 'cost' | 'fromBill' | 'margin'>;

/** With the currency's digits, as they are shown. */
function moneyOf({ currency, revenue, cost, fromBill, margin }: Known) {
  const shown = (amount: string | null) => (amount === null ? null : formatMoney(new Decimal(amount), currency));
  const isPart = margin !== null && revenue !== null && !new Decimal(revenue).isZero();
  return {
    revenue: shown(revenue),
    cost: shown(cost),
    fromBill: shown(fromBill),
    margin: shown(margin),
    marginPercent: isPart ? new Decimal(margin).times(100).div(revenue).toFixed(1) : null,
  };
}

function whyNotKnown({
  revenue,
  cost,
  severalCurrencies,
}: Pick<store.MarginRow, 'revenue' | 'cost' | 'severalCurrencies'>): NotKnown | null {
  if (cost === null) return 'no_bill';
  if (revenue === null) return 'not_rated';
  return severalCurrencies ? 'no_exchange_rate' : null;
}

/** base + cost / (1 - target) - revenue: what usage earns stays what it is. */
function baseFeeNeeded(
  { part, base, cost, revenue, margin, currency }: Known & Pick<store.MarginRow, 'part' | 'base'>,
  target: Decimal | null,
): string | null {
  if (target === null || part !== 'customers' || margin === null || cost === null || revenue === null) return null;
  const needed = new Decimal(base).plus(new Decimal(cost).div(new Decimal(1).minus(target))).minus(revenue);
  return formatMoney(needed.isNegative() ? new Decimal(0) : needed, currency);
}

function inWords({ reason, name, days, amount, currency }: store.LossReason): string {
  const money = `${formatMoney(new Decimal(amount), currency)} ${currency}`;
  if (reason === 'product') return `${name ?? 'lines without a product'}, ${money}`;
  const many = new Decimal(days ?? 0);
  const time = `${many.toFixed()} ${many.eq(1) ? 'day' : 'days'}`;
  return reason === 'off' ? `droplet ${name} off ${time}, ${money}` : `volume ${name} unattached ${time}, ${money}`;
}

interface Total extends Known {
  readonly month: Temporal.PlainDate;
  readonly notKnown: NotKnown | null;
  readonly state: store.MarginRow['state'];
}

/** What all that the filters choose comes to, by month and currency: the sum of the rows, whatever they are grouped by. */
export async function readMarginTotals(db: Queryable, filters: store.MarginFilters): Promise<Total[]> {
  const rows = await store.selectMarginTotals(db, filters);
  return rows.map(({ severalCurrencies, ...row }) => ({
    ...row,
    ...moneyOf(row),
    notKnown: whyNotKnown({ ...row, severalCurrencies }),
  }));
}

/** All that a month earned and cost, in one currency. */
interface WholeMonth {
  readonly currency: string;
  /** Null: no bill is reconciled, or what it cost in another currency has no rate. */
  readonly cost: string | null;
  /** Null: the cost is not known, the month has not been rated, or what it earned in another currency has no rate. */
  readonly margin: string | null;
  /** By what amounts in other currencies were converted, each in total. */
  readonly rates: readonly DatedRate[];
  /** Those that there are none of. */
  readonly missing: readonly WantedRate[];
}

type WantedRate = CurrencyPair & { readonly on: Temporal.PlainDate };

/** Of a month's totals (`readMarginTotals`), what all of them come to in each of the currencies, one after the other. */
export async function convertTotals(
  db: Queryable,
  totals: readonly Total[],
  currencies: readonly string[],
  today: Temporal.PlainDate,
): Promise<WholeMonth[]> {
  const wanted = currencies.flatMap((counter) =>
    totals
      .filter((total) => total.currency !== counter && !isNothing(total))
      .map(({ currency: base, month }) => ({ base, counter, on: rateDay(month, today) })),
  );
  const found = await findExchangeRates(db, wanted);
  return currencies.map((currency) => {
    const isOwn = ({ counter }: CurrencyPair) => counter === currency;
    const rates = found.flatMap((rate) => (rate !== undefined && isOwn(rate) ? [rate] : []));
    const missing = wanted.filter((each, at) => isOwn(each) && found[at] === undefined);
    const [revenue, cost] = [sumIn('revenue', totals, currency, rates), sumIn('cost', totals, currency, rates)];
    return {
      currency,
      cost: cost === null ? null : formatMoney(cost, currency),
      margin: revenue === null || cost === null ? null : formatMoney(revenue.minus(cost), currency),
      rates,
      missing,
    };
  });
}

/** Null: one of the amounts is not known, or has no rate. */
function sumIn(
  field: 'revenue' | 'cost',
  totals: readonly Total[],
  currency: string,
  rates: readonly DatedRate[],
): Decimal | null {
  if (totals.length === 0) return null;
  let sum = new Decimal(0);
  for (const total of totals) {
    const amount = total[field];
    if (amount === null) return null;
    if (total.currency === currency) sum = sum.plus(amount);
    else if (!new Decimal(amount).isZero()) {
      const rate = rates.find(({ base }) => base === total.currency);
      if (rate === undefined) return null;
      sum = sum.plus(convertMoney(new Decimal(amount), rate));
    }
  }
  return sum;
}

function isNothing({ revenue, cost }: Total): boolean {
  return [revenue, cost].every((amount) => amount !== null && new Decimal(amount).isZero());
}

/** A month is converted at the rate of its last day, or of today where it is not over. */
function rateDay(month: Temporal.PlainDate, today: Temporal.PlainDate): Temporal.PlainDate {
  const last = month.add({ months: 1 }).subtract({ days: 1 });
  return Temporal.PlainDate.compare(last, today) < 0 ? last : today;
}

/** A month's accrued figures: of all customers, products and meters. */
const ofMonth = (month: Temporal.PlainDate): store.MarginFilters => ({
  from: month,
  to: month.add({ months: 1 }),
  basis: 'accrued',
});

/**
 * Deployments that cost more in a month than they earned, with what most of it is for: each in its customer's currency, by
 * the rate of the month's last day, or of today where it is not over. The greatest loss of each currency first, then the
 * second of each. `notComparable`: those with money in several currencies and no rate between them.
 */
export async function readLossMakers(
  db: Queryable,
  month: Temporal.PlainDate,
  { limit, today }: { readonly limit: number; readonly today: Temporal.PlainDate },
) {
  const all: store.LossMaker[] = [];
  for (const currency of await store.selectCustomerCurrencies(db)) {
    const { conversion } = await findConversion(db, ofMonth(month), currency, today);
    all.push(...(await store.selectLossMakers(db, { ...ofMonth(month), conversion }, { currency, limit })));
  }
  const known = all
    .filter(({ margin }) => margin !== null)
    .toSorted((a, b) => new Decimal(a.margin ?? 0).cmp(b.margin ?? 0));
  // Amounts of different currencies have no order: each currency takes its turn.
  const inTurn = [...Map.groupBy(known, ({ currency }) => currency).values()]
    .flatMap((rows) => rows.map((row, rank) => ({ row, rank })))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ row }) => row);
  const notComparable = all.flatMap(({ deployment, margin }) => (margin === null ? [deployment] : []));
  return {
    lossMakers: await withReasons(db, month, inTurn.slice(0, limit)),
    notComparable: [...new Set(notComparable)].toSorted().slice(0, limit),
  };
}

async function withReasons(db: Queryable, month: Temporal.PlainDate, rows: readonly store.LossMaker[]) {
  if (rows.length === 0) return [];
  const losses = rows.map(({ deploymentId }) => ({ month, deploymentId }));
  const reasons = await store.selectLossReasons(db, losses, reasonsMax);
  return rows.map(({ deploymentId, deployment, currency, margin }) => ({
    deployment,
    currency,
    margin: formatMoney(new Decimal(margin ?? 0), currency),
    reasons: reasons.filter((each) => each.deploymentId === deploymentId).map(inWords),
  }));
}

/** What nobody owned cost in a month, by currency. */
export async function readUnassignedCost(db: Queryable, month: Temporal.PlainDate) {
  const rows = await store.selectUnassignedCost(db, ofMonth(month));
  return rows.map(({ currency, amount }) => ({ currency, amount: formatMoney(new Decimal(amount), currency) }));
}

/** A rate by which a month was converted. */
interface UsedRate {
  readonly month: Temporal.PlainDate;
  readonly base: string;
  readonly day: Temporal.PlainDate;
  readonly rate: string;
  readonly source: string;
}

/**
 * By what months are converted into a currency: the rates of each month's last day, or of today where it is not over, of
 * that day or of the week before. What has no rate stays in its own currency.
 */
export async function findConversion(
  db: Queryable,
  filters: store.MarginFilters,
  currency: string,
  today: Temporal.PlainDate,
): Promise<{ readonly conversion: store.Conversion; readonly rates: readonly UsedRate[] }> {
  const there = (await store.selectCurrencies(db, filters)).filter((each) => each.currency !== currency);
  const wanted = there.map(({ month, currency: base }) => ({ base, counter: currency, on: rateDay(month, today) }));
  const found = await findExchangeRates(db, wanted);
  const rates = there.flatMap(({ month }, at) => {
    const rate = found[at];
    return rate === undefined ? [] : [{ month, base: rate.base, day: rate.day, rate: rate.rate, source: rate.source }];
  });
  const conversion = {
    currency,
    digits: currencyDigits(currency),
    rates: rates.map(({ month, base, rate }) => ({ month: month.toString(), base, rate })),
  };
  return { conversion, rates };
}
