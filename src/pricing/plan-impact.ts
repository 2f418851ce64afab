import type { Database, Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { monthsOfFee, type PlanVersion } from './plan.ts';
import { listPlanVersions } from './plans.ts';
import { ratedMonth, type RatedMonthOptions } from './rated-months.ts';
import { monthOfInstant, monthSpan } from './rating/proration.ts';
import type { RatedMonth } from './rating/rate-month.ts';
import type { Phase, Timeline } from './rating/timeline.ts';
import * as store from './store.ts';
import { UsageSums } from './usage-sums.ts';

/** What months cost as they are, and as if a version had held. Money in the plan's currency. */
interface Compared {
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

export interface PlanImpact {
  readonly currency: string;
  /** The last complete month, and the current one to date, as if the version had held in them. */
  readonly months: readonly {
    readonly month: Temporal.PlainYearMonth;
    readonly complete: boolean;
    readonly sum: Compared;
  }[];
  /** How many deployments are on the plan in these months. */
  readonly deployments: number;
  /** Those for whom it changes most, each with a figure per month. */
  readonly most: readonly { readonly deployment: string; readonly months: readonly Compared[] }[];
  /**
   * Each month up to the current one whose bill the version makes another, held from its first day on:
   * months that are issued, which are to be corrected then, and open ones. Oldest first.
   */
  readonly bills: readonly {
    readonly month: Temporal.PlainYearMonth;
    readonly complete: boolean;
    /** How many deployments have another bill. */
    readonly deployments: number;
    /** All of these together. */
    readonly sum: Compared;
  }[];
}

interface Pair {
  readonly before: Decimal;
  readonly after: Decimal;
}

/** The months in which a plan is looked at: the last complete one, and the current one. */
export function planMonths(now: Temporal.Instant): [Temporal.PlainYearMonth, Temporal.PlainYearMonth] {
  const current = monthOfInstant(now);
  return [current.subtract({ months: 1 }), current];
}

const batch = 1000;
const nothing: Pair = { before: new Decimal(0), after: new Decimal(0) };

/**
 * What a version would have cost everybody on its plan, had it held in the last complete month and until
 * now; and which bills it makes others.
 * @param limit deployments at most that are named
 */
export async function planImpact(
  db: Database,
  version: PlanVersion,
  { now, limit }: { readonly now: Temporal.Instant; readonly limit: number },
): Promise<PlanImpact> {
  const months = planMonths(now);
  const comparing = new Comparing(db, version);
  const total = months.map(() => nothing);
  let most: { deployment: string; months: Pair[] }[] = [];
  let deployments = 0;
  const asIfHeld = (phase: Phase) => [phase.version.plan === version.plan ? { ...phase, version } : phase];
  for await (const ids of subscribers(db, version.plan, months[0], now)) {
    const rows = new Map<string, Pair[]>();
    for (const [index, month] of months.entries()) {
      for (const { deployment, pair } of await comparing.month(ids, month, 'own', asIfHeld)) {
        total[index] = plus(total[index] ?? nothing, pair);
        rows.set(deployment, [...(rows.get(deployment) ?? []), pair]);
      }
    }
    deployments += rows.size;
    most = [...most, ...[...rows].map(([deployment, pairs]) => ({ deployment, months: pairs }))]
      .sort((a, b) => weight(b.months).cmp(weight(a.months)))
      .slice(0, limit);
  }
  const compared = (pair: Pair) => comparedIn(version.currency, pair);
  return {
    currency: version.currency,
    months: months.map((month, index) => ({ month, complete: index === 0, sum: compared(total[index] ?? nothing) })),
    deployments,
    most: most.map(({ deployment, months: pairs }) => ({ deployment, months: pairs.map(compared) })),
    bills: await changedBills(db, version, comparing, now),
  };
}

/** Bills hold fees of the next month in advance, and of a year those of the eleven after it. */
async function changedBills(
  db: Queryable,
  version: PlanVersion,
  comparing: Comparing,
  now: Temporal.Instant,
): Promise<PlanImpact['bills']> {
  const versions = await listPlanVersions(db, version.plan);
  const next = versions.find(({ from }) => Temporal.PlainDate.compare(from, version.from) > 0);
  const held = { from: startOf(version.from), to: next ? startOf(next.from) : null };
  const isMonthly = [version, ...versions].every((one) => monthsOfFee(one) === 1);
  const current = monthOfInstant(now);
  const bills: { month: Temporal.PlainYearMonth; pair: Pair; deployments: number }[] = [];
  const first = version.from.toPlainYearMonth().subtract({ months: isMonthly ? 1 : 12 });
  for (let month = first; Temporal.PlainYearMonth.compare(month, current) <= 0; month = month.add({ months: 1 })) {
    bills.push({ month, pair: nothing, deployments: 0 });
  }
  const change = (phase: Phase) => (phase.version.plan === version.plan ? replaced(phase, version, held) : [phase]);
  for await (const ids of subscribers(db, version.plan, version.from.toPlainYearMonth(), null)) {
    for (const bill of bills) {
      for (const { pair } of await comparing.month(ids, bill.month, 'billed', change)) {
        if (pair.before.eq(pair.after)) continue;
        bill.pair = plus(bill.pair, pair);
        bill.deployments += 1;
      }
    }
  }
  return bills
    .filter((bill) => bill.deployments > 0)
    .map(({ month, pair, deployments }) => ({
      month,
      complete: Temporal.PlainYearMonth.compare(month, current) < 0,
      deployments,
      sum: comparedIn(version.currency, pair),
    }));
}

/** Everybody who is on the plan from a month's beginning to before an instant (null: at all from then on), in batches. */
export async function* subscribers(
  db: Queryable,
  plan: string,
  first: Temporal.PlainYearMonth,
  before: Temporal.Instant | null,
): AsyncGenerator<readonly number[]> {
  for (let after = 0; ; ) {
    const ids = await store.selectSubscribers(db, plan, monthSpan(first).from, before, after, batch);
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
    yield ids;
  }
}

/** Rates months twice, with usage that is summed once. */
class Comparing {
  readonly #db: Database;
  readonly #version: PlanVersion;
  readonly #sums: UsageSums;

  constructor(db: Database, version: PlanVersion) {
    this.#db = db;
    this.#version = version;
    this.#sums = new UsageSums(db);
  }

  async month(
    deployments: readonly number[],
    month: Temporal.PlainYearMonth,
    fees: 'own' | 'billed',
    change: (phase: Phase) => readonly Phase[],
  ): Promise<{ deployment: string; pair: Pair }[]> {
    const options: RatedMonthOptions = { deployments, month, fees, sums: this.#sums };
    const before = await ratedMonth(this.#db, options);
    const after = await ratedMonth(this.#db, { ...options, change: (timeline: Timeline) => timeline.flatMap(change) });
    return before.map(({ deployment, rated }, index) => {
      const changed = after[index]?.rated ?? rated;
      const { currency } = this.#version;
      return {
        deployment,
        pair: { before: amountIn(rated, currency), after: amountIn(changed, currency) },
      };
    });
  }
}

/** A phase with another version for the part of it in which that holds. */
function replaced(phase: Phase, version: PlanVersion, held: Pick<Phase, 'from' | 'to'>): Phase[] {
  return [
    ...within(phase, phase.from, held.from),
    ...within({ ...phase, version }, held.from, held.to),
    ...(held.to === null ? [] : within(phase, held.to, null)),
  ];
}

/** The part of a phase that lies in [from, to); null: without end. */
function within(phase: Phase, from: Temporal.Instant, to: Temporal.Instant | null): Phase[] {
  const begins = Temporal.Instant.compare(phase.from, from) > 0 ? phase.from : from;
  const ends = to === null || (phase.to !== null && Temporal.Instant.compare(phase.to, to) < 0) ? phase.to : to;
  return ends === null || Temporal.Instant.compare(begins, ends) < 0 ? [{ ...phase, from: begins, to: ends }] : [];
}

function startOf(day: Temporal.PlainDate): Temporal.Instant {
  return day.toZonedDateTime('UTC').toInstant();
}

function plus(sum: Pair, { before, after }: Pair): Pair {
  return { before: sum.before.plus(before), after: sum.after.plus(after) };
}

function comparedIn(currency: string, { before, after }: Pair): Compared {
  return {
    before: formatMoney(before, currency),
    after: formatMoney(after, currency),
    difference: formatMoney(after.minus(before), currency),
  };
}

function weight(months: readonly Pair[]): Decimal {
  return months.reduce((sum, { before, after }) => sum.plus(after.minus(before).abs()), new Decimal(0));
}

function amountIn({ totals }: RatedMonth, currency: string): Decimal {
  return new Decimal(totals.find((sum) => sum.currency === currency)?.total ?? 0);
}
