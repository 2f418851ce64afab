import { type MonthAmount, payingCustomers, readMonthAmounts } from '../invoices/index.ts';
import { completeRange, type DayRange, dayOf, daysOf, meterWithin, settleWithin } from '../metering/index.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import type { FlowContext } from './context.ts';

// What a change comes to in money: months are metered and rated before it and after it, in one transaction that is rolled back.

/** What something comes to as it is, and as it would be. Without tax, with the currency's digits. */
interface Compared {
  readonly before: string;
  readonly after: string;
  /** after less before */
  readonly difference: string;
}

/** A customer's month that would come to something else, in a currency. */
interface MovedMonth extends Compared {
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

const customersMax = 100;
const billsMax = 200;
const daysMax = 800;

/** A change whose money is compared. */
export interface TriedChange {
  /** When something is otherwise. */
  readonly times: Parameters<typeof touchedMonths>[0];
  /** Deployments whose customers are shown, those first whose usage changes most. */
  readonly deployments: readonly string[];
  /** A position of the log of changes: the one of before the change; all that the transaction sees unless given. */
  readonly reached?: number;
  /** Makes the change, or writes what it does. */
  make(): Promise<void>;
}

/**
 * What months come to before and after a change that the transaction makes, metered and rated as far as there is time, the
 * newest first.
 */
export async function moneyOf(
  trx: UnitOfWork,
  { times, deployments, reached, make }: TriedChange,
  context: MoneyContext,
): Promise<MovedMoney> {
  const { now, moneyMsMax } = context;
  const begun = performance.now();
  const touched = touchedMonths(times, await completeRange(trx, now), now);
  const paying = await payingCustomers(trx, deployments);
  const customers = paying.slice(0, customersMax);
  const trial = new Trial(
    trx,
    customers.map(({ customerId }) => customerId),
    context,
  );
  // What stands is mostly there already: what is to come takes the time.
  const before = await trial.figures(touched, reached, begun + moneyMsMax / 2);
  await make();
  const after = await trial.figures(before.metered, undefined, begun + moneyMsMax);
  const isShown = ({ month }: { readonly month: string }) => before.rated.has(month) && after.rated.has(month);
  const names = new Map(customers.map((one) => [one.customerId, one]));
  const bills = movedMonths(before.amounts.filter(isShown), after.amounts.filter(isShown), names);
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
      months: touched.map(({ month }) => monthText(month)).filter((month) => !isShown({ month })),
      customers: paying.length - customers.length,
      days: after.daysLeft,
      notRated: after.failures.map(({ customer, month, error }) => ({
        customer,
        month: monthText(month),
        message: error.message,
      })),
    },
  };
}

/** A month in which something changes, by its first day, and its complete days from there on. */
interface TouchedMonth {
  readonly month: Temporal.PlainDate;
  readonly days: readonly Temporal.PlainDate[];
}

/** Peaks and percentiles of a day rest on all of the month before it, so that a month is touched to its end. */
export function touchedMonths(
  times: readonly { readonly from: Temporal.Instant; readonly to: Temporal.Instant | null }[],
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

type MoneyContext = Pick<FlowContext, 'now' | 'signal'> & { readonly moneyMsMax: number };

interface Figures {
  /** Months that were metered, oldest first. */
  readonly metered: TouchedMonth[];
  /** Days of them that are still to be metered as a whole. */
  readonly daysLeft: number;
  /** Months that were rated: `2026-05`. */
  readonly rated: ReadonlySet<string>;
  readonly amounts: MonthAmount[];
  readonly failures: Awaited<ReturnType<typeof readMonthAmounts>>['failures'];
}

/** Meters and rates months by what the transaction sees, the newest first, as many as can be in time. */
class Trial {
  readonly #trx: UnitOfWork;
  readonly #customerIds: readonly number[];
  readonly #context: MoneyContext;

  constructor(trx: UnitOfWork, customerIds: readonly number[], context: MoneyContext) {
    this.#trx = trx;
    this.#customerIds = customerIds;
    this.#context = context;
  }

  /**
   * @param position a position of the log of changes; all that the transaction sees unless given
   * @param endsAt no month is begun from here on, by performance.now()
   */
  async figures(months: readonly TouchedMonth[], position: number | undefined, endsAt: number): Promise<Figures> {
    const upTo = await settleWithin(this.#trx, position);
    // Half of the time is for rating.
    const { metered, daysLeft } = await this.#meter(months, upTo, (performance.now() + endsAt) / 2);
    const amounts: MonthAmount[] = [];
    const failures: Figures['failures'] = [];
    const rated = new Set<string>();
    for (const month of allMonths(metered, this.#context.now).reverse()) {
      if (this.#isOver(endsAt)) break;
      const found = await readMonthAmounts(this.#trx, [month], this.#customerIds);
      amounts.unshift(...found.amounts);
      failures.unshift(...found.failures);
      rated.add(monthText(month));
    }
    return { metered, daysLeft, rated, amounts, failures };
  }

  async #meter(
    months: readonly TouchedMonth[],
    upTo: number,
    endsAt: number,
  ): Promise<Pick<Figures, 'metered' | 'daysLeft'>> {
    const metered: TouchedMonth[] = [];
    let days = 0;
    let daysLeft = 0;
    for (const one of months.toReversed()) {
      days += one.days.length;
      if (days > daysMax || this.#isOver(endsAt)) break;
      daysLeft += await meterWithin(this.#trx, one.days, { now: this.#context.now, upTo });
      metered.unshift(one);
    }
    return { metered, daysLeft };
  }

  #isOver(endsAt: number): boolean {
    this.#context.signal?.throwIfAborted();
    return performance.now() >= endsAt;
  }
}

/** What is left of an allowance goes on into later months: all from the first to the current one. */
export function allMonths([first]: readonly TouchedMonth[], now: Temporal.Instant): Temporal.PlainDate[] {
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
): MovedMonth[] {
  const keyOf = ({ customerId, month, currency }: MonthAmount) => `${customerId} ${month} ${currency}`;
  const pairs = new Map<string, readonly [MonthAmount | undefined, MonthAmount | undefined]>();
  for (const one of before) pairs.set(keyOf(one), [one, undefined]);
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
