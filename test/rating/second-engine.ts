// A second engine of rating, slow and obvious: written from docs/pricing.md, with arithmetic of its own.
// It shares nothing with src/pricing/rating but the words of a plan, so that both can only agree where
// both do what the page says.

import type { PlanVersion } from '../../src/pricing/plan.ts';

// --- Fractions: nothing is ever rounded but where the page says so. ---

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}
const zero: Fraction = { n: 0n, d: 1n };

export function fraction(text: string): Fraction {
  const [, sign = '', whole = '0', digits = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  return { n: BigInt(`${sign}${whole}${digits}`), d: 10n ** BigInt(digits.length) };
}
const plus = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { n: -b.n, d: b.d });
const times = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.n, d: a.d * b.d });
const over = (a: Fraction, b: Fraction): Fraction => times(a, { n: b.d, d: b.n });
const whole = (n: number): Fraction => ({ n: BigInt(n), d: 1n });
const isLess = (a: Fraction, b: Fraction) => a.n * b.d < b.n * a.d;
const lesser = (a: Fraction, b: Fraction) => (isLess(a, b) ? a : b);
const greater = (a: Fraction, b: Fraction) => (isLess(a, b) ? b : a);
const isZero = ({ n }: Fraction) => n === 0n;
const sum = (all: readonly Fraction[]) => all.reduce(plus, zero);

/** Half away from zero. */
function round({ n, d }: Fraction, digits: number): Fraction {
  const scale = 10n ** BigInt(digits);
  const size = n < 0n ? -n : n;
  const rounded = (2n * size * scale + d) / (2n * d);
  return { n: n < 0n ? -rounded : rounded, d: scale };
}

/** The least whole number that is not below it; of none below zero. */
function ceiling({ n, d }: Fraction): Fraction {
  return { n: (n + d - 1n) / d, d: 1n };
}

export function text(value: Fraction, digits: number): string {
  const { n } = round(value, digits);
  const size = (n < 0n ? -n : n).toString().padStart(digits + 1, '0');
  const shown = digits === 0 ? size : `${size.slice(0, -digits)}.${size.slice(-digits)}`;
  return n < 0n ? `-${shown}` : shown;
}

/** Without zeros at its end. */
const quantityText = (value: Fraction) => text(value, 30).replace(/\.?0+$/, '');

// --- Time, in whole hours since 1970. ---

export type Hour = number;
interface Run {
  readonly from: Hour;
  readonly to: Hour;
}
export interface HeldPlan {
  readonly version: PlanVersion;
  readonly from: Hour;
  /** Null: until it is changed. */
  readonly to: Hour | null;
  readonly paused: boolean;
}
export interface History {
  /** In order of time. */
  readonly plans: readonly HeldPlan[];
  /** What was used of a kind in [from, to). */
  readonly used: (kind: string, from: Hour, to: Hour) => string;
  readonly kinds: readonly string[];
}

const hourOf = (time: Temporal.ZonedDateTime): Hour => time.epochMilliseconds / 3_600_000;
const timeOf = (hour: Hour) => Temporal.Instant.fromEpochMilliseconds(hour * 3_600_000).toZonedDateTimeISO('UTC');
const later = (hour: Hour, months: number) => hourOf(timeOf(hour).add({ months }));
/** A month is its number since January of the year 0. */
const monthOf = (hour: Hour) => timeOf(hour).year * 12 + timeOf(hour).month - 1;
const monthRuns = new Map<number, Run>();
function monthRun(month: number): Run {
  const known = monthRuns.get(month);
  if (known) return known;
  const first = Temporal.PlainDate.from({ year: Math.floor(month / 12), month: (month % 12) + 1, day: 1 });
  const run = {
    from: hourOf(first.toZonedDateTime('UTC')),
    to: hourOf(first.add({ months: 1 }).toZonedDateTime('UTC')),
  };
  monthRuns.set(month, run);
  return run;
}
function common(a: { readonly from: Hour; readonly to: Hour | null }, b: Run): Run[] {
  const run = { from: Math.max(a.from, b.from), to: Math.min(a.to ?? b.to, b.to) };
  return run.from < run.to ? [run] : [];
}
/** Times that touch are one. */
function joined(runs: readonly Run[]): Run[] {
  const all: Run[] = [];
  for (const run of runs) {
    const last = all.at(-1);
    if (last?.to === run.from) all[all.length - 1] = { from: last.from, to: run.to };
    else all.push(run);
  }
  return all;
}

/** Of a period's whole, what falls to some of its time: differences of a rounded running total. */
function prorated(amount: Fraction, runs: readonly Run[], period: Run, digits: number): Fraction {
  const until = (hour: Hour) =>
    round(over(times(amount, whole(hour - period.from)), whole(period.to - period.from)), digits);
  return sum(joined(runs).map(({ from, to }) => minus(until(to), until(from))));
}

// --- What a version says. ---

const digitsOf = ({ currency }: PlanVersion) => ({ JPY: 0, USD: 2, EUR: 2, KWD: 3 })[currency] ?? Number.NaN;
const nameOf = ({ plan, from }: PlanVersion) => `${plan}@${from}`;
const feeMonths = ({ baseEvery }: PlanVersion) =>
  baseEvery === 'month' ? 1 : baseEvery === 'quarter' ? 3 : baseEvery === 'year' ? 12 : Number(baseEvery.split(' ')[0]);
type Item = PlanVersion['items'][number];
const itemOf = (version: PlanVersion, kind: string) => version.items.find((item) => item.kind === kind);

// --- Parts of a month. ---

interface Part {
  readonly version: PlanVersion;
  readonly runs: readonly Run[];
}

function partsOf({ plans }: History, month: number): Part[] {
  const parts = new Map<string, { version: PlanVersion; runs: Run[] }>();
  for (const held of plans) {
    if (held.paused) continue;
    const part = parts.get(nameOf(held.version)) ?? { version: held.version, runs: [] };
    part.runs.push(...common(held, monthRun(month)));
    if (part.runs.length > 0) parts.set(nameOf(held.version), part);
  }
  return [...parts.values()];
}

const usedIn = ({ used }: History, { runs }: Part, kind: string) =>
  sum(runs.map(({ from, to }) => fraction(used(kind, from, to))));

// --- Allowances. ---

interface Remainder {
  readonly month: number;
  readonly left: Fraction;
}
type Rule = Item['carryOver'];

export interface Use {
  readonly own: Fraction;
  readonly earlierParts: Fraction;
  readonly carriedIn: Fraction;
  readonly beyond: Fraction;
  carriedOut: Fraction;
}

/** Those that may be used in a month: not too old, and the latest up to the limit. The latest first. */
function letOver(remainders: readonly Remainder[], rule: Rule, into: number): Remainder[] {
  if (rule === null) return [];
  let room = rule.limit === null ? null : fraction(rule.limit);
  return [...remainders]
    .sort((a, b) => b.month - a.month)
    .filter(({ month }) => into - month <= rule.months)
    .map(({ month, left }) => {
      const taken = room === null ? left : lesser(left, room);
      if (room !== null) room = minus(room, taken);
      return { month, left: taken };
    });
}

/** How a kind's allowance was used on one plan, by month and part, from the history's first month on. */
function usesOf(history: History, plan: string, kind: string, last: number): Map<number, (Use | null)[]> {
  const byMonth = new Map<number, (Use | null)[]>();
  let remainders: Remainder[] = [];
  let wentBy: Rule = null;
  for (let month = monthOf(history.plans[0]?.from ?? 0); month <= last; month += 1) {
    const parts = partsOf(history, month).filter(({ version }) => version.plan === plan);
    if (parts.length === 0) continue;
    remainders = letOver(remainders, wentBy, month);
    let ofMonth = zero;
    let before: Use | null = null;
    const uses = parts.map((part, index): Use | null => {
      const item = itemOf(part.version, kind);
      if (item === undefined) return null;
      if (index > 0 && item.carryOver !== null) remainders = letOver(remainders, item.carryOver, month);
      const digits = Math.max(9, item.allowance.split('.')[1]?.length ?? 0);
      const own = prorated(fraction(item.allowance), part.runs, monthRun(month), digits);
      const carriedIn = sum(remainders.map(({ left }) => left));
      if (before !== null) before.carriedOut = carriedIn;
      const earlierParts = ofMonth;
      let beyond = usedIn(history, part, kind);
      const ownLeft = greater(minus(own, beyond), zero);
      beyond = greater(minus(beyond, own), zero);
      const fromMonth = lesser(ofMonth, beyond);
      beyond = minus(beyond, fromMonth);
      ofMonth = plus(minus(ofMonth, fromMonth), ownLeft);
      remainders = remainders.map(({ month: of, left }) => {
        const taken = lesser(left, beyond);
        beyond = minus(beyond, taken);
        return { month: of, left: minus(left, taken) };
      });
      before = { own, earlierParts, carriedIn, beyond, carriedOut: zero };
      return before;
    });
    wentBy = itemOf((parts.at(-1) as Part).version, kind)?.carryOver ?? null;
    remainders = letOver([{ month, left: ofMonth }, ...remainders], wentBy, month + 1);
    const lastUse = uses.at(-1);
    if (lastUse) lastUse.carriedOut = sum(remainders.map(({ left }) => left));
    byMonth.set(month, uses);
  }
  return byMonth;
}

// --- Charge models. ---

interface Tier {
  readonly upTo: string | null;
  readonly unitPrice?: string;
  readonly flatFee: string;
}

function charge(item: Item, units: Fraction): Fraction {
  switch (item.model) {
    case 'standard':
      return times(units, fraction(item.properties.unitPrice));
    case 'cost-plus': {
      const { unitCost, markupPercent } = item.properties;
      return over(times(times(units, fraction(unitCost)), plus(whole(100), fraction(markupPercent))), whole(100));
    }
    case 'package': {
      const { packageSize, packagePrice } = item.properties;
      return times(ceiling(over(units, fraction(packageSize))), fraction(packagePrice));
    }
    case 'percentage': {
      const { percent, fixed, minimum, dueAtZero } = item.properties;
      if (isZero(units) && !dueAtZero) return zero;
      return greater(plus(over(times(units, fraction(percent)), whole(100)), fraction(fixed)), fraction(minimum));
    }
    case 'graduated':
    case 'volume':
    case 'stairstep':
      return chargeTiers(item, units);
  }
}

function chargeTiers(item: Extract<Item, { model: 'graduated' | 'volume' | 'stairstep' }>, used: Fraction): Fraction {
  const { per = '1', roundUp = false, dueAtZero } = item.properties;
  const tiers: readonly Tier[] = item.properties.tiers;
  const divided = over(used, fraction(per));
  const units = roundUp ? ceiling(divided) : divided;
  if (isZero(units) && !dueAtZero) return zero;
  const price = (tier: Tier, count: Fraction) =>
    plus(times(count, fraction(tier.unitPrice ?? '0')), fraction(tier.flatFee));
  if (item.model !== 'graduated') {
    const tier = tiers.find(({ upTo }) => upTo === null || !isLess(fraction(upTo), units)) as Tier;
    return price(tier, units);
  }
  let begin = zero;
  let amount = zero;
  for (const [index, tier] of tiers.entries()) {
    const end = tier.upTo === null ? units : lesser(units, fraction(tier.upTo));
    if (isLess(begin, units) || index === 0) amount = plus(amount, price(tier, minus(end, begin)));
    begin = tier.upTo === null ? units : fraction(tier.upTo);
  }
  return amount;
}

// --- Base fees. ---

interface Fee extends Run {
  readonly version: PlanVersion;
  readonly runs: readonly Run[];
  readonly period: Run;
}
const feeAmount = (fee: Fee) => prorated(fraction(fee.version.base), fee.runs, fee.period, digitsOf(fee.version));
/** Of what each month has, what falls to the time that a fee is for. */
const monthly = (fee: Fee, amount: string, runs: readonly Run[]) =>
  prorated(times(fraction(amount), whole(feeMonths(fee.version))), runs, fee.period, digitsOf(fee.version));

function termsOf({ plans }: History): HeldPlan[][] {
  const terms: HeldPlan[][] = [];
  const rhythm = ({ version: { plan, currency, baseEvery, baseDue } }: HeldPlan) =>
    [plan, currency, baseEvery, baseDue].join();
  for (const held of plans) {
    const before = terms.at(-1)?.at(-1);
    if (before && before.to === held.from && rhythm(before) === rhythm(held)) terms.at(-1)?.push(held);
    else terms.push([held]);
  }
  return terms;
}

function feesOnBill(history: History, month: number): Fee[] {
  const bill = monthRun(month);
  return termsOf(history).flatMap((term): Fee[] => {
    const [first] = term as [HeldPlan];
    const end = (term.at(-1) as HeldPlan).to;
    const months = feeMonths(first.version);
    const isAdvance = first.version.baseDue === 'advance';
    if (months === 1) {
      if (!isAdvance) return monthFees(term, month);
      return [
        ...(first.from >= bill.from ? monthFees(term, month) : []),
        ...(first.from < bill.to ? monthFees(term, month + 1) : []),
      ];
    }
    const fees: Fee[] = [];
    for (let count = 0; ; count += 1) {
      const period = { from: later(first.from, count * months), to: later(first.from, (count + 1) * months) };
      const [held] = common({ from: first.from, to: end }, period);
      if (held === undefined || period.from >= bill.to) return fees;
      const isHere = isAdvance ? held.from >= bill.from : held.to > bill.from && held.to <= bill.to;
      if (!isHere) continue;
      const { version } = term.find((one) => common(one, held).length > 0) as HeldPlan;
      const runs = term.flatMap((one) => (one.paused ? [] : common(one, held)));
      fees.push({ ...held, version, runs, period });
    }
  });
}

function monthFees(term: readonly HeldPlan[], month: number): Fee[] {
  const period = monthRun(month);
  const fees: Fee[] = [];
  for (const held of term) {
    for (const run of held.paused ? [] : common(held, period)) {
      const last = fees.at(-1);
      const goesOn = last !== undefined && last.to === run.from && nameOf(last.version) === nameOf(held.version);
      const span = goesOn ? { from: last.from, to: run.to } : run;
      if (goesOn) fees.pop();
      fees.push({ ...span, version: held.version, runs: [span], period });
    }
  }
  return fees;
}

// --- The month. ---

export interface BilledLine {
  /** `base_fee`, `usage kind`, `minimum`, `cap`, `discount`. */
  readonly what: string;
  readonly version: string;
  readonly amount: string;
  /** Of a fee, its time; of usage, how its allowance was used. */
  readonly details: string;
}

/** What is billed for a month, line by line; lines without use and amount left out. */
export function billOf(history: History, month: number): BilledLine[] {
  const parts = partsOf(history, month);
  const fees = feesOnBill(history, month);
  const versions = new Map<string, PlanVersion>();
  for (const { version } of [...parts, ...fees]) versions.set(nameOf(version), version);
  return [...versions.values()].flatMap((version) => {
    const part = parts.find((one) => nameOf(one.version) === nameOf(version));
    const own = fees.filter((fee) => nameOf(fee.version) === nameOf(version));
    return linesOf(history, month, version, part, own);
  });
}

function linesOf(
  history: History,
  month: number,
  version: PlanVersion,
  part: Part | undefined,
  fees: readonly Fee[],
): BilledLine[] {
  const digits = digitsOf(version);
  const line = (what: string, amount: Fraction, details = ''): BilledLine => ({
    what,
    version: nameOf(version),
    amount: text(amount, digits),
    details,
  });
  const usage = part === undefined ? [] : chargesOf(history, month, part);
  const lines = [
    ...fees.map((fee) =>
      line('base_fee', feeAmount(fee), `${timeOf(fee.from).toInstant()} ${timeOf(fee.to).toInstant()}`),
    ),
    ...usage.map(({ kind, amount, details }) => line(`usage ${kind}`, amount, details)),
  ];
  const usageSum = sum(usage.map(({ amount }) => amount));
  const due = plus(sum(fees.map(feeAmount)), usageSum);

  const ofFees = (amount: string) => sum(fees.map((fee) => monthly(fee, amount, fee.runs)));
  const least = version.minimum !== null && fees.length > 0 ? ofFees(version.minimum) : null;
  const most =
    version.cap === null
      ? null
      : fees.length > 0
        ? ofFees(version.cap)
        : prorated(fraction(version.cap), part?.runs ?? [], monthRun(month), digits);
  let limited = due;
  if (least !== null && isLess(due, least)) {
    limited = least;
    lines.push(line('minimum', minus(limited, due)));
  } else if (most !== null && isLess(most, due)) {
    limited = most;
    lines.push(line('cap', minus(limited, due)));
  }

  const off = discountOf(version, month, fees, usageSum, minus(limited, due));
  if (!isZero(off)) lines.push(line('discount', minus(zero, off)));
  return lines.filter(
    ({ what, amount, details }) => /[1-9]/.test(amount) || (what.startsWith('usage') && !details.startsWith('0 ')),
  );
}

function discountOf(
  { discount, ...version }: PlanVersion,
  month: number,
  fees: readonly Fee[],
  usage: Fraction,
  limits: Fraction,
): Fraction {
  if (discount === null) return zero;
  const digits = digitsOf({ discount, ...version });
  const end = discount.until === null ? Number.POSITIVE_INFINITY : hourOf(discount.until.toZonedDateTime('UTC'));
  const hasUsage = monthRun(month).from < end;
  const discounted = fees
    .filter((fee) => fee.from < end)
    .map((fee) => ({ ...fee, runs: fee.runs.flatMap((run) => common(run, { from: 0, to: end })) }));
  if (!hasUsage && discounted.length === 0) return zero;
  const base = greater(sum([...discounted.map(feeAmount), hasUsage ? usage : zero, limits]), zero);
  if (discount.percent !== undefined) return round(over(times(base, fraction(discount.percent)), whole(100)), digits);
  const amount = discount.amount ?? '0';
  return lesser(sum(discounted.map((fee) => monthly(fee, amount, fee.runs))), base);
}

function chargesOf(history: History, month: number, part: Part): { kind: string; amount: Fraction; details: string }[] {
  const { version } = part;
  const digits = digitsOf(version);
  const position = partsOf(history, month)
    .filter((one) => one.version.plan === version.plan)
    .findIndex((one) => nameOf(one.version) === nameOf(version));
  const priced = version.items.map((item) => {
    const use = usesOf(history, version.plan, item.kind, month).get(month)?.[position];
    if (!use) throw new RangeError(`no allowance of ${item.kind}`);
    const { own, earlierParts, carriedIn, beyond, carriedOut } = use;
    const ofPart = (amount: string) => prorated(fraction(amount), part.runs, monthRun(month), digits);
    let amount = charge(item, beyond);
    if (item.minimum !== null && isLess(amount, ofPart(item.minimum))) amount = ofPart(item.minimum);
    else if (item.cap !== null) amount = lesser(amount, ofPart(item.cap));
    const figures = [usedIn(history, part, item.kind), own, earlierParts, carriedIn, beyond, carriedOut];
    return { kind: item.kind, amount: round(amount, digits), details: figures.map(quantityText).join(' ') };
  });
  const unpriced = history.kinds
    .filter((kind) => itemOf(version, kind) === undefined)
    .map((kind) => ({ kind, amount: zero, details: quantityText(usedIn(history, part, kind)) }))
    .filter(({ details }) => details !== '0');
  return [...priced, ...unpriced];
}
