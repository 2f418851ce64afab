import { currencyDigits } from '../../platform/money.ts';
import { Exact } from '../../platform/quantity.ts';
import type { PlanVersion } from '../plan.ts';
import { monthSpan, overlap, prorate, type Span } from './proration.ts';
import { type Piece, type Timeline, versionKey } from './timeline.ts';

/** A base fee for a time, rounded to its currency's digits. */
export interface BaseFee extends Span {
  readonly version: PlanVersion;
  readonly amount: Exact;
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

/** The fee that a month's own active time costs, whenever it is billed; of a yearly fee a twelfth. */
export function feesOfMonth(pieces: readonly Piece[], month: Temporal.PlainYearMonth): BaseFee[] {
  const fees: BaseFee[] = [];
  for (const piece of pieces) {
    if (piece.state !== 'active' || piece.version === null) continue;
    pushFee(fees, piece.version, piece, monthSpan(month), piece.version.baseEvery === 'year' ? 12 : 1);
  }
  return fees;
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
  const period = monthSpan(month);
  const fees: BaseFee[] = [];
  for (const stay of stays) {
    const span = stay.paused ? null : overlap(stay, period);
    if (span !== null) pushFee(fees, stay.version, span, period, 1);
  }
  return fees;
}

/** Adds a fee, or lengthens the one before where the time goes on. */
function pushFee(fees: BaseFee[], version: PlanVersion, { from, to }: Span, period: Span, shares: number): void {
  const digits = currencyDigits(version.currency);
  const amount = prorate(new Exact(version.base), { from, to }, period, digits, shares);
  const last = fees.at(-1);
  if (last?.to.equals(from) && versionKey(last.version) === versionKey(version)) {
    fees[fees.length - 1] = { ...last, to, amount: last.amount.plus(amount) };
  } else {
    fees.push({ version, from, to, amount });
  }
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
  const whole = new Exact(version.base);
  const amount = within
    .filter((stay) => !stay.paused)
    .reduce(
      (sum, stay) => sum.plus(prorate(whole, overlap(stay, held) ?? held, year, currencyDigits(version.currency))),
      new Exact(0),
    );
  return { ...held, version, amount };
}
