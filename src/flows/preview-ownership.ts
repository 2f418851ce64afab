import { type MovedOwnership, previewing, type StagedMove, stageMove } from '../deployments/index.ts';
import { type MonthAmount, payingCustomers, readMonthAmounts } from '../invoices/index.ts';
import {
  completeRange,
  type DayRange,
  dayOf,
  daysOf,
  meterWithin,
  settleWithin,
  usageStoreAddress,
} from '../metering/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import type { FlowContext } from './context.ts';

/** What something comes to as it is, and as it would be. Without tax, with the currency's digits. */
export interface Compared {
  readonly before: string;
  readonly after: string;
  /** after less before */
  readonly difference: string;
}

/** A customer's month that would come to something else, in a currency. */
export interface MovedMonth extends Compared {
  readonly customer: string;
  readonly customerName: string;
  /** `2026-05` */
  readonly month: string;
  readonly currency: string;
  readonly state: MonthAmount['state'];
  readonly invoiceId: number | null;
  readonly number: string | null;
  /** Of an issued month: what is to be corrected, before and after; `lines`: of it, after. */
  readonly correction: (Compared & { readonly lines: number }) | null;
}

/** What a change of ownership comes to, in months and money. */
export interface MovedMoney {
  /** Months in which ownership changes, `2026-05`, oldest first. */
  readonly months: readonly { readonly month: string; readonly over: boolean }[];
  /** All of its months together, of each customer whose amount changes. */
  readonly customers: readonly (Compared & Pick<MovedMonth, 'customer' | 'customerName' | 'currency'>)[];
  /** By month and customer; of too many those with the greatest differences. */
  readonly bills: readonly MovedMonth[];
  readonly billsTotal: number;
  /** Issued invoices of which something else is to be corrected; what is charged more and what is given back by it. */
  readonly corrections: {
    readonly invoices: number;
    readonly amounts: readonly { readonly currency: string; readonly more: string; readonly less: string }[];
  };
  /** What is not in the figures. */
  readonly leftOut: {
    /** Months that would take too long, `2026-05`. */
    readonly months: readonly string[];
    /** Customers beyond the first hundred. */
    readonly customers: number;
    /** Days that are still to be metered as a whole. */
    readonly days: number;
    /** Customers whose months cannot be rated, and why. */
    readonly notRated: readonly { readonly customer: string; readonly month: string; readonly message: string }[];
  };
}

export interface OwnershipPreview extends MovedOwnership {
  /** null: usage is in a ClickHouse, where nothing can be tried. */
  readonly money: MovedMoney | null;
}

interface PreviewContext extends Pick<FlowContext, 'now' | 'signal'> {
  /** How long metering may take, before the change and after it, in milliseconds; 10,000 unless given. */
  readonly meteringMsMax?: number;
}

const customersMax = 100;
const billsMax = 200;
const daysMax = 800;
/** Metering what is to be shown may take so long, before the change and after it, unless told. */
const meteringMs = 10_000;

/**
 * What a change of ownership would do: who gains and loses what, which months it touches, and what they come to
 * before and after. All of it is made (the change, the derivation of ownership, metering, rating) in one
 * transaction that is rolled back, so that it says what would be written. What would take too long is left out, the
 * oldest months first, and named.
 * @param change makes the change
 * @throws ArcadiaError what the change throws; too_costly (a step takes longer than ten seconds); cancelled
 */
export async function previewOwnership(
  db: Database,
  change: (trx: UnitOfWork) => Promise<unknown>,
  { now, signal, meteringMsMax = meteringMs }: PreviewContext,
): Promise<OwnershipPreview> {
  const limits = { what: 'To preview this', todo: 'Preview fewer resources at a time, or fewer months.', signal };
  const isHere = (await usageStoreAddress(db)) === null;
  return previewing(db, limits, async (trx) => {
    const move = await stageMove(trx, change, now);
    const { resources, totals, changes, changesTotal } = move;
    return {
      resources,
      totals,
      changes,
      changesTotal,
      money: isHere ? await moneyOf(trx, move, { now, signal, meteringMsMax }) : null,
    };
  });
}

async function moneyOf(
  trx: UnitOfWork,
  move: StagedMove<unknown>,
  context: PreviewContext & { readonly meteringMsMax: number },
): Promise<MovedMoney> {
  const { now } = context;
  const touched = touchedMonths(move, await completeRange(trx, now), now);
  // Those first who gain or lose most.
  const deployments = [...move.totals].sort((a, b) => b.gains + b.loses - a.gains - a.loses);
  const paying = await payingCustomers(
    trx,
    deployments.map(({ deployment }) => deployment),
  );
  const customers = paying.slice(0, customersMax);
  const metering = new Metering(trx, context);
  const possible = await metering.meter(touched, await settleWithin(trx, move.reached));
  const figures = (months: readonly TouchedMonth[]) =>
    readMonthAmounts(
      trx,
      allMonths(months, now),
      customers.map(({ customerId }) => customerId),
    );
  const before = await figures(possible);
  await move.write();
  const done = await metering.meter(possible, await settleWithin(trx));
  const after = await figures(done);
  const names = new Map(customers.map((one) => [one.customerId, one]));
  const bills = movedMonths(before.amounts, after.amounts, names, new Set(allMonths(done, now).map(monthText)));
  return {
    months: touched.map(({ month }) => ({ month: monthText(month), over: monthText(month) < monthText(dayOf(now)) })),
    customers: sumsOf(bills, (one) => `${one.customer} ${one.currency}`).map(
      ([{ customer, customerName, currency }, sum]) => ({
        customer,
        customerName,
        currency,
        ...sum,
      }),
    ),
    bills: bills.slice(0, billsMax).sort(byMonth),
    billsTotal: bills.length,
    corrections: correctionsOf(bills),
    leftOut: {
      months: touched.filter((one) => !done.includes(one)).map(({ month }) => monthText(month)),
      customers: paying.length - customers.length,
      days: metering.left,
      notRated: after.failures.map(({ customer, month, error }) => ({
        customer,
        month: monthText(month),
        message: error.message,
      })),
    },
  };
}

/** A month in which ownership changes, by its first day, and its complete days from there on. */
interface TouchedMonth {
  readonly month: Temporal.PlainDate;
  readonly days: readonly Temporal.PlainDate[];
}

/** Peaks and percentiles of a day rest on all of the month before it, so that a month is touched to its end. */
function touchedMonths(
  { times }: StagedMove<unknown>,
  complete: DayRange | null,
  now: Temporal.Instant,
): TouchedMonth[] {
  if (complete === null) return [];
  const firstDays = new Map<string, Temporal.PlainDate>();
  for (const { from, to } of times) {
    const begins = later(dayOf(from), complete.from);
    const last = dayOf(to === null || Temporal.Instant.compare(to, now) > 0 ? now : to.subtract({ nanoseconds: 1 }));
    for (let day = begins; Temporal.PlainDate.compare(day, earlier(last, complete.to)) <= 0; ) {
      const key = monthText(day);
      if (!firstDays.has(key)) firstDays.set(key, day);
      day = day.with({ day: 1 }).add({ months: 1 });
    }
  }
  return [...firstDays.values()].sort(Temporal.PlainDate.compare).map((from) => {
    const month = from.with({ day: 1 });
    const to = earlier(month.add({ months: 1 }), complete.to);
    return { month, days: Temporal.PlainDate.compare(from, to) < 0 ? [...daysOf({ from, to })] : [] };
  });
}

/** Meters months again, the newest first, as many as can be in time. */
class Metering {
  readonly #trx: UnitOfWork;
  readonly #context: PreviewContext & { readonly meteringMsMax: number };
  left = 0;

  constructor(trx: UnitOfWork, context: PreviewContext & { readonly meteringMsMax: number }) {
    this.#trx = trx;
    this.#context = context;
  }

  /** By the facts up to a position of `settleWithin`. Returns those that were metered, the oldest first. */
  async meter(months: readonly TouchedMonth[], upTo: number): Promise<TouchedMonth[]> {
    const { now, signal, meteringMsMax } = this.#context;
    const endsAt = performance.now() + meteringMsMax;
    const done: TouchedMonth[] = [];
    let days = 0;
    this.left = 0;
    for (const one of months.toReversed()) {
      signal?.throwIfAborted();
      days += one.days.length;
      if (days > daysMax || performance.now() >= endsAt) break;
      this.left += await meterWithin(this.#trx, one.days, { now, upTo });
      done.unshift(one);
    }
    return done;
  }
}

/** What is left of an allowance goes on into later months: all from the first that was metered to the current one. */
function allMonths([first]: readonly TouchedMonth[], now: Temporal.Instant): Temporal.PlainDate[] {
  const months: Temporal.PlainDate[] = [];
  if (first === undefined) return months;
  for (let { month } = first; Temporal.PlainDate.compare(month, dayOf(now)) <= 0; month = month.add({ months: 1 })) {
    months.push(month);
  }
  return months;
}

function movedMonths(
  before: readonly MonthAmount[],
  after: readonly MonthAmount[],
  names: ReadonlyMap<number, { readonly customer: string; readonly name: string }>,
  months: ReadonlySet<string>,
): MovedMonth[] {
  const keyOf = ({ customerId, month, currency }: MonthAmount) => `${customerId} ${month} ${currency}`;
  const pairs = new Map<string, readonly [MonthAmount | undefined, MonthAmount | undefined]>();
  for (const one of before) if (months.has(one.month)) pairs.set(keyOf(one), [one, undefined]);
  for (const one of after) pairs.set(keyOf(one), [pairs.get(keyOf(one))?.[0], one]);
  return [...pairs.values()]
    .flatMap(([old, young]): MovedMonth[] => {
      const one = (young ?? old) as MonthAmount;
      const { customerId, month, currency, state, invoiceId, number } = one;
      const sum = compared(old?.amount ?? '0', young?.amount ?? '0', currency);
      const isCorrected = old?.correction ?? young?.correction ?? null;
      const correction =
        isCorrected === null
          ? null
          : {
              ...compared(old?.correction?.amount ?? '0', young?.correction?.amount ?? '0', currency),
              lines: young?.correction?.lines ?? 0,
            };
      const { customer = '', name = '' } = names.get(customerId) ?? {};
      if (new Decimal(sum.difference).isZero() && (correction === null || new Decimal(correction.difference).isZero()))
        return [];
      return [{ customer, customerName: name, month, currency, state, invoiceId, number, ...sum, correction }];
    })
    .sort((a, b) => new Decimal(b.difference).abs().cmp(new Decimal(a.difference).abs()) || byMonth(a, b));
}

function byMonth(a: MovedMonth, b: MovedMonth): number {
  const [left, right] = [a, b].map(({ month, customer, currency }) => `${month} ${customer} ${currency}`) as [
    string,
    string,
  ];
  return left < right ? -1 : 1;
}

function correctionsOf(bills: readonly MovedMonth[]): MovedMoney['corrections'] {
  const corrected = bills.flatMap(({ correction, currency }) =>
    correction === null || new Decimal(correction.difference).isZero()
      ? []
      : [{ currency, amount: new Decimal(correction.difference) }],
  );
  const amounts = [...Map.groupBy(corrected, ({ currency }) => currency)].map(([currency, group]) => {
    const sum = (isLess: boolean) =>
      group.reduce(
        (total, { amount }) => (amount.isNegative() === isLess ? total.plus(amount) : total),
        new Decimal(0),
      );
    return { currency, more: formatMoney(sum(false), currency), less: formatMoney(sum(true), currency) };
  });
  return { invoices: corrected.length, amounts };
}

/** Groups with their sums, in the order in which they come. */
function sumsOf<One extends Compared & { readonly currency: string }>(
  all: readonly One[],
  keyOf: (one: One) => string,
): [One, Compared][] {
  return [...Map.groupBy(all, keyOf).values()].map((group) => {
    const first = group[0] as One;
    const sum = (what: 'before' | 'after') =>
      group.reduce((total, one) => total.plus(one[what]), new Decimal(0)).toFixed();
    return [first, compared(sum('before'), sum('after'), first.currency)];
  });
}

function compared(before: string, after: string, currency: string): Compared {
  const [a, b] = [new Decimal(before), new Decimal(after)];
  return {
    before: formatMoney(a, currency),
    after: formatMoney(b, currency),
    difference: formatMoney(b.minus(a), currency),
  };
}

function monthText(day: Temporal.PlainDate): string {
  return day.toPlainYearMonth().toString();
}

function later(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) > 0 ? a : b;
}

function earlier(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) < 0 ? a : b;
}
