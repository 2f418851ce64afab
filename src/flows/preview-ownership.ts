import { createHash } from 'node:crypto';
import { changeAfterLook, type MovedOwnership, previewing, type StagedMove, stageMove } from '../deployments/index.ts';
import { invoiceStandings, type MonthAmount, payingCustomers, readMonthAmounts } from '../invoices/index.ts';
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
import { ArcadiaError } from '../platform/errors.ts';
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

export interface PreviewContext extends Pick<FlowContext, 'now' | 'signal'> {
  /** How long its money may take, metering and rating before the change and after it, in milliseconds; 10,000 unless given. */
  readonly moneyMsMax?: number;
  /** How many changes of owners to show; 100 unless given. */
  readonly limit?: number;
  /** What `too_costly` says of it. */
  readonly words?: { readonly what: string; readonly todo: string };
}

const assigning = { what: 'To preview this', todo: 'Preview fewer resources at a time, or fewer months.' };
const changesShown = 100;
const customersMax = 100;
const billsMax = 200;
const daysMax = 800;
const moneyMs = 10_000;

/**
 * What a change of ownership would do: who gains and loses what, which months it touches, and what they come to
 * before and after. All of it is made (the change, the derivation of ownership, metering, rating) in one
 * transaction that is rolled back, so that it says what would be written. What would take too long is left out, the
 * oldest months first, and named.
 * @param change makes the change
 * @throws ArcadiaError what the change throws; too_costly (a step takes longer than ten seconds); cancelled
 */
export async function previewOwnership<Made>(
  db: Database,
  change: (trx: UnitOfWork) => Promise<Made>,
  { now, signal, moneyMsMax = moneyMs, limit = changesShown, words = assigning }: PreviewContext,
): Promise<OwnershipPreview & { readonly made: Made }> {
  const limits = { ...words, signal };
  const isHere = (await usageStoreAddress(db)) === null;
  return previewing(db, limits, async (trx) => {
    const move = await stageMove(trx, change, now, { limit });
    const { made, resources, totals, changes, changesTotal } = move;
    const digest = await digestOf(trx, move, now);
    return {
      made,
      resources,
      totals,
      changes,
      changesTotal,
      digest,
      money: isHere ? await moneyOf(trx, move, { now, signal, moneyMsMax }) : null,
    };
  });
}

/**
 * What a preview has said, in short: 32 hexadecimal digits of who changes owner when, and 32 of the invoices that are
 * issued of the months whose amounts this can change. Amounts are not in it: they move with every day that is metered.
 */
async function digestOf(trx: UnitOfWork, move: StagedMove<unknown>, now: Temporal.Instant): Promise<string> {
  const paying = await payingCustomers(
    trx,
    move.totals.map(({ deployment }) => deployment),
  );
  const customerIds = paying.map(({ customerId }) => customerId);
  const issued: string[] = [];
  for (const month of allMonths(touchedMonths(move, await completeRange(trx, now), now), now)) {
    for (const { state, invoiceId } of await invoiceStandings(trx, month, customerIds))
      if (state === 'issued') issued.push(String(invoiceId));
  }
  const documents = createHash('sha256').update(issued.sort().join(' ')).digest('hex');
  return move.digest.slice(0, digestHalf) + documents.slice(0, digestHalf);
}

const digestHalf = 32;

/**
 * Makes a change of ownership. With `expect`, the digest of a preview: where it still does what that said; nobody else
 * decides between that look and the change.
 *
 * Errors: what the change throws; conflict, which says what it would do now; too_costly.
 */
export function changeAsPreviewed<Made>(
  db: Database,
  change: (trx: UnitOfWork) => Promise<Made>,
  { expect, now, signal }: Pick<FlowContext, 'now' | 'signal'> & { readonly expect: string | undefined },
): Promise<Made> {
  const look = async (trx: UnitOfWork, move: StagedMove<unknown>) => {
    const found = await digestOf(trx, move, now);
    if (found !== expect) throw changedSince(move, found, expect ?? '');
  };
  return changeAfterLook(db, change, { look: expect === undefined ? null : look, now, signal });
}

/** Of the deployments that gain or lose as many as an error names. */
const namedMax = 5;

function changedSince({ resources, totals }: MovedOwnership, found: string, expected: string): ArcadiaError {
  const named = totals
    .slice(0, namedMax)
    .map(({ deployment, gains, loses }) => `${deployment} gains ${gains}, loses ${loses}`);
  const more = totals.length > namedMax ? [`and ${totals.length - namedMax} more deployments`] : [];
  const moved = `${resources} ${resources === 1 ? 'resource' : 'resources'} would change owner`;
  const would = resources === 0 ? 'no resource would change owner' : `${moved} (${[...named, ...more].join('; ')})`;
  const isSameMove = found.slice(0, digestHalf) === expected.slice(0, digestHalf);
  const since = isSameMove ? 'Invoices of its months were issued or cancelled since.' : `Now ${would}.`;
  return new ArcadiaError('conflict', `Nothing was written: the preview no longer holds. ${since}`, {
    todo: 'Look at the preview again, then decide with its digest.',
    details: { expected, found, resources, totals },
  });
}

async function moneyOf(trx: UnitOfWork, move: StagedMove<unknown>, context: MoneyContext): Promise<MovedMoney> {
  const { now, moneyMsMax } = context;
  const begun = performance.now();
  const touched = touchedMonths(move, await completeRange(trx, now), now);
  // Those first who gain or lose most.
  const deployments = [...move.totals].sort((a, b) => b.gains + b.loses - a.gains - a.loses);
  const paying = await payingCustomers(
    trx,
    deployments.map(({ deployment }) => deployment),
  );
  const customers = paying.slice(0, customersMax);
  const trial = new Trial(
    trx,
    customers.map(({ customerId }) => customerId),
    context,
  );
  // What stands is mostly there already: what is to come takes the time.
  const before = await trial.figures(touched, move.reached, begun + moneyMsMax / 2);
  await move.write();
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
