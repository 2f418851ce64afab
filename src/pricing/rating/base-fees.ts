import { currencyDigits } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import { monthsOfFee, type PlanVersion } from '../plan.ts';
import { monthSpan, overlap, prorate, type Span } from './proration.ts';
import { type Segment, type Timeline, versionKey } from './timeline.ts';

/** A base fee for a time, rounded to its currency's digits. */
export interface BaseFee extends Span {
  readonly version: PlanVersion;
  readonly amount: Decimal;
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
 * - By the quarter, the year or any number of months: such a period runs from the term's beginning, or as
 *   many months after it, at the price of the version of that first day, prorated where the term ends
 *   earlier. In advance it is on the bill of the month in which the period begins, in arrears on that of
 *   the month in which its last moment lies.
 */
export function feesBilled(timeline: Timeline, month: Temporal.PlainYearMonth): BaseFee[] {
  return termsOf(timeline).flatMap((term) => {
    const { version } = term.phases[0] as Timeline[number];
    const { baseDue } = version;
    const months = monthsOfFee(version);
    if (months > 1) return periodicFees(term, months, baseDue, month);
    if (baseDue === 'arrears') return monthlyFees(term.phases, month);
    const { from, to } = monthSpan(month);
    const fees: BaseFee[] = [];
    if (Temporal.Instant.compare(term.from, from) >= 0) fees.push(...monthlyFees(term.phases, month));
    if (Temporal.Instant.compare(term.from, to) < 0) fees.push(...monthlyFees(term.phases, month.add({ months: 1 })));
    return fees;
  });
}

/**
 * The fee that a month's own active time costs, whenever it is billed; of a yearly fee a twelfth, of a
 * quarter's a third. These are differences of a running total over the calendar year, or over as many
 * months since the year 0: twelve twelfths are the fee.
 */
export function feesOfMonth(segments: readonly Segment[], month: Temporal.PlainYearMonth): BaseFee[] {
  const fees: BaseFee[] = [];
  for (const segment of segments) {
    if (segment.state !== 'active' || segment.version === null) continue;
    const shares = monthsOfFee(segment.version);
    pushFee(fees, segment.version, segment, { ...monthOf(month), shares, before: indexOf(month) % shares });
  }
  return fees;
}

/** How much of a whole fee a fee is: its time of the period's, of the period's share. Not rounded. */
export function partOf({ times, period }: BaseFee): Decimal {
  const lengthOf = ({ from, to }: Span) => new Decimal((to.epochNanoseconds - from.epochNanoseconds).toString());
  const length = times.reduce((sum, time) => sum.plus(lengthOf(time)), new Decimal(0));
  return length.div(lengthOf(period).times(period.shares));
}

/** The part of a fee that is for the time before an instant. */
export function feeBefore({ version, times, period }: BaseFee, until: Temporal.Instant): Decimal {
  return prorated(new Decimal(version.base), timesBefore(times, until), period, version);
}

/** The part of what each month has (a minimum, a cap, an amount of discount) that falls to a fee's time before an instant. */
export function limitOf({ version, times, period }: BaseFee, monthly: string, until: Temporal.Instant | null): Decimal {
  const whole = { ...period, shares: 1, before: 0 };
  return prorated(new Decimal(monthly).times(period.months), timesBefore(times, until), whole, version);
}

function timesBefore(times: readonly Span[], until: Temporal.Instant | null): readonly Span[] {
  return times.flatMap(({ from, to }) => overlap({ from, to: until }, { from, to }) ?? []);
}

function prorated(whole: Decimal, times: readonly Span[], period: FeePeriod, { currency }: PlanVersion): Decimal {
  const { shares, before } = period;
  return times.reduce(
    (sum, time) => sum.plus(prorate(whole, time, period, currencyDigits(currency), shares, before)),
    new Decimal(0),
  );
}

function monthOf(month: Temporal.PlainYearMonth): FeePeriod {
  return { ...monthSpan(month), months: 1, shares: 1, before: 0 };
}

interface Term {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly phases: Timeline;
}

function termsOf(timeline: Timeline): Term[] {
  const runs: Timeline[number][][] = [];
  for (const phase of timeline) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before?.to?.equals(phase.from) && rhythm(before.version) === rhythm(phase.version)) run.push(phase);
    else runs.push([phase]);
  }
  return runs.map((phases) => ({
    from: (phases[0] as Timeline[number]).from,
    to: (phases.at(-1) as Timeline[number]).to,
    phases,
  }));
}

function rhythm({ plan, currency, baseEvery, baseDue }: PlanVersion): string {
  return `${plan} ${currency} ${baseEvery} ${baseDue}`;
}

/** One per unbroken time on a version within the month, pauses left out. */
function monthlyFees(phases: Timeline, month: Temporal.PlainYearMonth): BaseFee[] {
  const period = monthOf(month);
  const fees: BaseFee[] = [];
  for (const phase of phases) {
    const span = phase.paused ? null : overlap(phase, period);
    if (span !== null) pushFee(fees, phase.version, span, period);
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
    amount: prorated(new Decimal(version.base), [span], period, version),
  };
  if (goesOn) fees[fees.length - 1] = fee;
  else fees.push(fee);
}

function periodicFees(
  term: Term,
  months: number,
  due: PlanVersion['baseDue'],
  month: Temporal.PlainYearMonth,
): BaseFee[] {
  const bill = monthSpan(month);
  const anchor = term.from.toZonedDateTimeISO('UTC');
  const beginning = (count: number) => anchor.add({ months: count * months }).toInstant();
  // The first period that can end within the month, and the last that can begin in it.
  const since = indexOf(month) - indexOf(anchor.toPlainDate().toPlainYearMonth());
  const fees: BaseFee[] = [];
  for (let count = Math.max(0, Math.floor(since / months) - 1); ; count += 1) {
    const period = { from: beginning(count), to: beginning(count + 1) };
    if (Temporal.Instant.compare(period.from, bill.to) >= 0) return fees;
    const held = overlap(term, period);
    if (held === null) continue;
    const isBilled =
      due === 'advance'
        ? Temporal.Instant.compare(held.from, bill.from) >= 0
        : Temporal.Instant.compare(held.to, bill.from) > 0 && Temporal.Instant.compare(held.to, bill.to) <= 0;
    const fee = isBilled ? periodicFee(term.phases, held, { ...period, months, shares: 1, before: 0 }) : null;
    if (fee) fees.push(fee);
  }
}

function periodicFee(phases: Timeline, held: Span, period: FeePeriod): BaseFee | null {
  const within = phases.filter((phase) => overlap(phase, held) !== null);
  const version = within[0]?.version;
  if (version === undefined) return null;
  const times = within.flatMap((phase) => (phase.paused ? [] : (overlap(phase, held) ?? [])));
  return { ...held, version, times, period, amount: prorated(new Decimal(version.base), times, period, version) };
}

/** Months since the year 0. */
function indexOf({ year, month }: Temporal.PlainYearMonth): number {
  return year * 12 + month - 1;
}
