import { currencyDigits } from '../../platform/money.ts';
import { Exact } from '../../platform/quantity.ts';
import type { PlanVersion } from '../plan.ts';
import { monthSpan, overlap, prorate, type Span } from './proration.ts';
import { type Piece, type Timeline, versionKey } from './timeline.ts';

/** A base fee for a time, rounded to its currency's digits. */
export interface BaseFee extends Span {
  readonly version: PlanVersion;
  readonly amount: Exact;
  /** What it is for: the times of the period that it charges, paused time left out. */
  readonly times: readonly Span[];
  readonly period: FeePeriod;
}

/** The time over which an amount is prorated: a whole fee's own, or a calendar month that has a share of one. */
interface FeePeriod extends Span {
  /** How many months' minimum, cap and amount of discount it has. */
  readonly months: number;
  /** Of how many shares of the fee the period has one, and how many were before it. */
  readonly shares: number;
  readonly before: number;
}

/**
 * The base fees that the bill of a calendar month holds.
 *
 * A term is an unbroken time on one plan whose fee has one rhythm (`baseEvery`, `baseDue`); pauses
 * do not break it. Paused time costs no fee.
 * - Monthly in arrears: the month's own fee.
 * - Monthly in advance: the next month's, as far as the term that has begun lasts into it; and the
 *   month's own where the term began within it. A change in the next month, made after this
 *   month was billed, is therefore a correction of this month.
 * - Yearly: a year runs from the term's beginning, or its anniversary, at the price of the version
 *   of that first day, prorated where the term ends earlier. In advance it is on the bill of the month in which the
 *   year begins, in arrears on that of the month in which its last moment lies.
 */
export function feesBilled(timeline: Timeline, month: Temporal.PlainYearMonth): BaseFee[] {
  return termsOf(timeline).flatMap((term) => {
    const { baseEvery, baseDue } = (term.stays[0] as Timeline[number]).version;
    if (baseEvery === 'year') return yearlyFees(term, baseDue, monthSpan(month));
    if (baseDue === 'arrears') return monthlyFees(term.stays, month);
    const { from, to } = monthSpan(month);
    const fees: BaseFee[] = [];
    if (Temporal.Instant.compare(term.from, from) >= 0) fees.push(...monthlyFees(term.stays, month));
    if (Temporal.Instant.compare(term.from, to) < 0) fees.push(...monthlyFees(term.stays, month.add({ months: 1 })));
    return fees;
  });
}

/**
 * The fee that a month's own active time costs, whenever it is billed; of a yearly fee a twelfth. The
 * twelfths are differences of a running total over the calendar year: twelve of them are the fee.
 */
export function feesOfMonth(pieces: readonly Piece[], month: Temporal.PlainYearMonth): BaseFee[] {
  const fees: BaseFee[] = [];
  for (const piece of pieces) {
    if (piece.state !== 'active' || piece.version === null) continue;
    const shares = piece.version.baseEvery === 'year' ? 12 : 1;
    pushFee(fees, piece.version, piece, { ...monthOf(month), shares, before: (month.month - 1) % shares });
  }
  return fees;
}

/** The part of a fee that is for the time before an instant. */
export function feeBefore({ version, times, period }: BaseFee, until: Temporal.Instant): Exact {
  return prorated(new Exact(version.base), timesBefore(times, until), period, version);
}

/** The part of what each month has (a minimum, a cap, an amount of discount) that falls to a fee's time before an instant. */
export function limitOf({ version, times, period }: BaseFee, monthly: string, until: Temporal.Instant | null): Exact {
  const whole = { ...period, shares: 1, before: 0 };
  return prorated(new Exact(monthly).times(period.months), timesBefore(times, until), whole, version);
}

function timesBefore(times: readonly Span[], until: Temporal.Instant | null): readonly Span[] {
  return times.flatMap(({ from, to }) => overlap({ from, to: until }, { from, to }) ?? []);
}

function prorated(whole: Exact, times: readonly Span[], period: FeePeriod, { currency }: PlanVersion): Exact {
  const { shares, before } = period;
  return times.reduce(
    (sum, time) => sum.plus(prorate(whole, time, period, currencyDigits(currency), shares, before)),
    new Exact(0),
  );
}

function monthOf(month: Temporal.PlainYearMonth): FeePeriod {
  return { ...monthSpan(month), months: 1, shares: 1, before: 0 };
}

interface Term {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly stays: Timeline;
}

function termsOf(timeline: Timeline): Term[] {
  const runs: Timeline[number][][] = [];
  for (const stay of timeline) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before?.to?.equals(stay.from) && rhythm(before.version) === rhythm(stay.version)) run.push(stay);
    else runs.push([stay]);
  }
  return runs.map((stays) => ({
    from: (stays[0] as Timeline[number]).from,
    to: (stays.at(-1) as Timeline[number]).to,
    stays,
  }));
}

function rhythm({ plan, currency, baseEvery, baseDue }: PlanVersion): string {
  return `${plan} ${currency} ${baseEvery} ${baseDue}`;
}

/** One per unbroken time on a version within the month, pauses left out. */
function monthlyFees(stays: Timeline, month: Temporal.PlainYearMonth): BaseFee[] {
  const period = monthOf(month);
  const fees: BaseFee[] = [];
  for (const stay of stays) {
    const span = stay.paused ? null : overlap(stay, period);
    if (span !== null) pushFee(fees, stay.version, span, period);
  }
  return fees;
}

/** Adds a fee, or lengthens the one before where the time goes on. */
function pushFee(fees: BaseFee[], version: PlanVersion, { from, to }: Span, period: FeePeriod): void {
  const last = fees.at(-1);
  const goesOn = last !== undefined && last.to.equals(from) && versionKey(last.version) === versionKey(version);
  const span = goesOn ? { from: last.from, to } : { from, to };
  const fee = {
    ...span,
    version,
    times: [span],
    period,
    amount: prorated(new Exact(version.base), [span], period, version),
  };
  if (goesOn) fees[fees.length - 1] = fee;
  else fees.push(fee);
}

function yearlyFees(term: Term, due: PlanVersion['baseDue'], month: Span): BaseFee[] {
  const anchor = term.from.toZonedDateTimeISO('UTC');
  const anniversary = (years: number) => anchor.add({ years }).toInstant();
  // The first year that can end within the month, and the last that can begin in it.
  const first = Math.max(0, month.from.toZonedDateTimeISO('UTC').year - anchor.year - 1);
  const fees: BaseFee[] = [];
  for (let years = first; Temporal.Instant.compare(anniversary(years), month.to) < 0; years += 1) {
    const year = { from: anniversary(years), to: anniversary(years + 1) };
    const held = overlap(term, year);
    if (held === null) continue;
    const billed =
      due === 'advance'
        ? Temporal.Instant.compare(held.from, month.from) >= 0
        : Temporal.Instant.compare(held.to, month.from) > 0 && Temporal.Instant.compare(held.to, month.to) <= 0;
    if (!billed) continue;
    const fee = yearlyFee(term.stays, held, year);
    if (fee) fees.push(fee);
  }
  return fees;
}

function yearlyFee(stays: Timeline, held: Span, year: Span): BaseFee | null {
  const within = stays.filter((stay) => overlap(stay, held) !== null);
  const version = within[0]?.version;
  if (version === undefined) return null;
  const period = { ...year, months: 12, shares: 1, before: 0 };
  const times = within.flatMap((stay) => (stay.paused ? [] : (overlap(stay, held) ?? [])));
  return { ...held, version, times, period, amount: prorated(new Exact(version.base), times, period, version) };
}
