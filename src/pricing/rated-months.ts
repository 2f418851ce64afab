import { dayOf, startOfDay, type UsageScope } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { carryOverMonthsMax, type PlanVersion } from './plan.ts';
import { listPlanVersions, planVersionsById } from './plans.ts';
import { type BaseFee, feesBilled, feesOfMonth } from './rating/base-fees.ts';
import { monthsToLookBack } from './rating/carry-over.ts';
import { monthSpan, overlap } from './rating/proration.ts';
import { type RatedMonth, rateMonth } from './rating/rate-month.ts';
import { type UsedMonth } from './rating/line-groups.ts';
import { type Segment, segmentsOf, type Phase, type Timeline } from './rating/timeline.ts';
import { readPassedPrices } from './pass-through.ts';
import * as store from './timelines.store.ts';
import { type UsagePeriod, type UsageSource, UsageSums } from './usage-sums.ts';

export interface RatedDeployment {
  readonly deploymentId: number;
  readonly deployment: string;
  readonly customerId: number;
  readonly rated: RatedMonth;
  /** The plan versions of the month, in the order in which it was on them; empty: it was on none. */
  readonly versions: readonly PlanVersion[];
}

export interface RatedMonthOptions {
  /** Ids; of one that does not exist, or has no customer, nothing is answered. */
  readonly deployments: readonly number[];
  readonly month: Temporal.PlainYearMonth;
  /** `billed`: the base fees that fall due on the month's bill; `own`: those of the month itself, for comparing. */
  readonly fees?: 'billed' | 'own';
  /** For many calls about one month: made once from the same `db`, so that the month is summed once. Or a forecast. */
  readonly sums?: UsageSource;
  /** What the timelines would be if something were decided; as they are, unless given. */
  readonly change?: (timeline: Timeline, deploymentId: number) => Timeline;
}

/** A month of deployments with all that its amounts rest on but usage: read once, rated with one usage or another. */
interface Rating {
  /** What is metered of them. */
  metered(): UsageSource;
  rate(sums: UsageSource): Promise<RatedDeployment[]>;
}

/**
 * Rates a calendar month of deployments, from what is believed now about their plans and from what
 * is metered of their usage: the same function for quote, preview, invoice and correction. A month
 * that is not over, or not metered to its end, is rated to where it is. A few statements, however
 * many deployments; by id.
 *
 * Usage is split where a plan, a version or a pause changes by whole UTC days, the unit in which it
 * is stored; subscriptions begin and end at no other instant. A deployment that starts within a day
 * has its usage of that day from its start on.
 */
export async function ratedMonth(db: Queryable, options: RatedMonthOptions): Promise<RatedDeployment[]> {
  const { sums, ...facts } = options;
  const rating = await openRating(db, facts);
  return rating.rate(sums ?? rating.metered());
}

interface Wanted {
  readonly period: UsagePeriod;
  readonly segment: Segment;
}

const noUsage: ReadonlyMap<string, string> = new Map([]);

/** See `ratedMonth`, for several usages of one month. */
export async function openRating(db: Queryable, options: Omit<RatedMonthOptions, 'sums'>): Promise<Rating> {
  const { month, fees = 'billed', change } = options;
  const deployments = await store.selectDeploymentsById(db, options.deployments);
  const timelines = await readTimelines(
    db,
    deployments.map((row) => row.deployment_id),
    month,
  );
  const wanted: Wanted[] = [];
  const want = (whose: Omit<UsagePeriod, 'range'>, timeline: Timeline, of: Temporal.PlainYearMonth) =>
    segmentsOf(timeline, of).map((segment) => {
      const range = { from: dayOf(segment.from), to: dayOf(segment.to) };
      const entry = { period: { ...whose, range }, segment };
      // A segment that ends before the day does, at the deployment's start, has no usage of that day.
      if (Temporal.PlainDate.compare(range.from, range.to) < 0) wanted.push(entry);
      return entry;
    });

  const plans = deployments.map(({ deployment_id: id, slug }) => {
    const whose = { deploymentId: id, deployment: slug };
    const known = timelines.get(id) ?? [];
    const timeline = change ? change(known, id) : known;
    const segments = want(whose, timeline, month);
    const plansOfMonth = new Set(
      segments.map(({ segment }) => (segment.state === 'active' ? segment.version?.plan : undefined)),
    );
    const carrying = phasesBefore(month, timeline).filter(({ version }) => plansOfMonth.has(version.plan));
    const earlier = monthsBefore(month, timeline, monthsToLookBack(carrying)).map((before) => ({
      month: before,
      segments: want(whose, timeline, before),
    }));
    return { timeline, segments, earlier };
  });
  const active = plans.map(({ segments }, index) => ({
    deployment: deployments[index] as store.RatedDeploymentRow,
    versions: segments.flatMap(({ segment }) => (segment.state === 'active' ? (segment.version ?? []) : [])),
  }));
  const passed = await readPassedPrices(db, month, active);

  const rate = async (sums: UsageSource): Promise<RatedDeployment[]> => {
    const answers = await sums.of(wanted.map(({ period }) => period));
    const usages = new Map(wanted.map((entry, index) => [entry, answers[index] ?? noUsage]));
    const used = (of: Temporal.PlainYearMonth, entries: readonly Wanted[]): UsedMonth => ({
      month: of,
      segments: entries.map((entry) => ({ ...entry.segment, usage: usages.get(entry) ?? noUsage })),
    });
    return deployments.map((row, index) => {
      const { timeline, segments, earlier } = plans[index] as (typeof plans)[number];
      const own = used(month, segments);
      const shown: BaseFee[] = fees === 'billed' ? feesBilled(timeline, month) : feesOfMonth(own.segments, month);
      return {
        deploymentId: row.deployment_id,
        deployment: row.slug,
        customerId: row.customer_id,
        versions: [...new Set(own.segments.flatMap(({ version }) => version ?? []))],
        rated: rateMonth({
          ...own,
          fees: shown,
          earlier: earlier.map((before) => used(before.month, before.segments)),
          passed: passed.get(row.deployment_id) ?? [],
        }),
      };
    });
  };
  return { metered: () => new UsageSums(db, scopeOf(deployments)), rate };
}

/** The customer that they are all of, if they are. */
function scopeOf(deployments: readonly store.RatedDeploymentRow[]): UsageScope {
  const [customerId, ...others] = new Set(deployments.map((row) => row.customer_id));
  return customerId === undefined || others.length > 0 ? 'all' : { customerId };
}

/** What the deployment was on in the months of which something can be left in this one. */
function phasesBefore(month: Temporal.PlainYearMonth, timeline: Timeline): Timeline {
  const span = { from: monthSpan(month.subtract({ months: carryOverMonthsMax })).from, to: monthSpan(month).from };
  return timeline.filter((phase) => overlap(phase, span) !== null);
}

/** The months before, oldest first, from the first in which the deployment was on a plan. */
function monthsBefore(month: Temporal.PlainYearMonth, timeline: Timeline, count: number): Temporal.PlainYearMonth[] {
  const months: Temporal.PlainYearMonth[] = [];
  for (let back = count; back > 0; back -= 1) {
    const before = month.subtract({ months: back });
    const { to } = monthSpan(before);
    if (timeline.some((phase) => Temporal.Instant.compare(phase.from, to) < 0)) months.push(before);
  }
  return months;
}

/** A calendar month of a deployment, cut where its plan, the plan's version or a pause changes, as it is decided now. */
export async function segmentsOfDeployment(
  db: Queryable,
  deploymentId: number,
  month: Temporal.PlainYearMonth,
): Promise<Segment[]> {
  return segmentsOf((await readTimelines(db, [deploymentId], month)).get(deploymentId) ?? [], month);
}

/** A calendar month of what comes onto a plan on a day and stays on it. Throws not_found. */
export async function segmentsOnPlan(
  db: Queryable,
  plan: string,
  from: Temporal.PlainDate,
  month: Temporal.PlainYearMonth,
): Promise<Segment[]> {
  const versions = await listPlanVersions(db, plan);
  const phases = versions.flatMap((version, index): Phase[] => {
    const begins = Temporal.PlainDate.compare(version.from, from) < 0 ? from : version.from;
    const next = versions[index + 1]?.from;
    if (next !== undefined && Temporal.PlainDate.compare(next, begins) <= 0) return [];
    return [{ version, from: startOfDay(begins), to: next === undefined ? null : startOfDay(next), paused: false }];
  });
  return segmentsOf(phases, month);
}

/**
 * Timelines up to where the last year that can begin in the month ends: a fee in advance is cut where
 * its term ends, and a phase ends where another version or a pause begins, which is no end of the term.
 * A deployment on no plan has none.
 */
async function readTimelines(
  db: Queryable,
  deploymentIds: readonly number[],
  month: Temporal.PlainYearMonth,
): Promise<Map<number, Phase[]>> {
  const rows = await store.selectStays(db, deploymentIds, monthSpan(month.add({ months: 12 })).to);
  const versions = await planVersionsById(db, [...new Set(rows.map((row) => row.plan_version_id))]);
  const timelines = new Map<number, Phase[]>();
  for (const row of rows) {
    const version = versions.get(row.plan_version_id);
    if (version === undefined) throw new RangeError(`plan version ${row.plan_version_id} is gone`);
    const phases = timelines.get(row.deployment_id) ?? [];
    phases.push({ version, from: row.valid_from, to: row.valid_to, paused: row.paused });
    timelines.set(row.deployment_id, phases);
  }
  return timelines;
}
