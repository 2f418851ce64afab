import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { formatQuantity, parseQuantity, sumQuantities } from '../../platform/quantity.ts';
import { unknownKind } from '../kinds.ts';
import * as store from './explain.store.ts';
import { assertRange, type DayRange, dayOf, startOfDay } from '../period.ts';
import { selectDeploymentId, selectUsageBounds } from '../store.ts';
import { usageForPeriod } from '../usage.ts';
import { selectRolledUpMonths } from '../retention/usage-months.store.ts';
import { openUsageStore } from '../records/open.ts';
import { recordsMax, type UsageRecord } from '../records/usage-store.ts';
import { explainRaises, type RaisedMonth } from './raised-months.ts';
import type { Accrual, Aggregation } from '../accrual.ts';

// Where a sum comes from: records of days, intervals in which nothing changed, and what made each
// interval what it is. Whatever is shown adds up: the days of a resource to its records, the
// intervals of all resources, with what is pending and what is rolled up, to the sum.

export interface ExplainQuery extends DayRange {
  readonly deployment: string;
  readonly kind: string;
  /**
   * Staff see by which sync run, action, person and rule an interval is so, and what is carried
   * forward. A customer sees what was there, when, in which state and share, and what it came to.
   */
  readonly audience: 'staff' | 'customer';
  /** Resources on a page, those that used most first: 1 to 100; 20 unless given. */
  readonly limit?: number | undefined;
  /** Where the page before said that the next one begins. */
  readonly cursor?: string | null | undefined;
}

/** Confirmed by a complete listing or an attestation, or carried forward over a gap. */
export type Observation = 'confirmed' | 'carried forward';

/** The records of one UTC day, hours added up. */
export interface ExplainedDay {
  readonly day: string;
  readonly records: number;
  readonly quantity: string;
  /** The newest run that wrote any of them. */
  readonly revision: number;
  /** null where the audience is not told. */
  readonly observation: Observation | null;
}

/** What made an interval so. Fields that do not apply are null. */
export interface ExplainedCause {
  readonly stateSince: string | null;
  readonly recordedAt: string | null;
  readonly recordedBy: string | null;
  readonly syncRun: { readonly syncRunId: number; readonly kind: string; readonly startedAt: string } | null;
  readonly action: { readonly actionId: string; readonly type: string; readonly completedAt: string } | null;
  /** Who owned it, with shares where there are several: `ash 1/3, birch 2/3`. */
  readonly owners: string | null;
  readonly rule: {
    readonly ruleId: number;
    readonly kind: string;
    readonly pattern: string | null;
    /** The project's id at the provider. */
    readonly project: string | null;
    readonly recordedBy: string | null;
    readonly recordedAt: string | null;
  } | null;
  /** Where the rule is "manual". */
  readonly assignment: { readonly by: string; readonly at: string } | null;
}

/** A stretch in which nothing changed that the quantity rests on, cut to the part of the range that is metered. */
export interface ExplainedInterval {
  readonly from: string;
  readonly to: string;
  /** What counts at each instant: 1, a size, 0 while it is off. */
  readonly level: string;
  /** The deployment's part of it, `1/3`; null: all of it. */
  readonly share: string | null;
  /** What it adds to the sum, on the days that are metered; of a peak or a percentile, what was raised in it. */
  readonly quantity: string;
  readonly status: string | null;
  readonly attributes: Readonly<Record<string, unknown>> | null;
  /** Who said so: a listing, the provider's action log, an operator; assumed: nobody, before the account was connected. */
  readonly source: 'listing' | 'action' | 'operator' | 'assumed' | null;
  /** From when on it is carried forward; null: it is confirmed, or the audience is not told. */
  readonly carriedForwardFrom: string | null;
  readonly cause: ExplainedCause | null;
}

export interface ExplainedResource {
  readonly resourceId: number;
  readonly resourceKind: string;
  readonly externalId: string;
  readonly name: string | null;
  /** The sum of its records. */
  readonly quantity: string;
  /** What its records hold beyond what its intervals say; '0' unless facts have changed since. */
  readonly pending: string;
  readonly days: readonly ExplainedDay[];
  /** Of a peak or a percentile, how each month's figure came about; of a sum there is none. */
  readonly months: readonly RaisedMonth[];
  /** At most `intervalsMax`. */
  readonly intervals: readonly ExplainedInterval[];
  /** Intervals beyond those, and what they add. */
  readonly more: { readonly intervals: number; readonly quantity: string } | null;
}

/**
 * What is left of a month whose records were past their retention: they were added up and removed, so
 * that nothing says any more by which resources and intervals it came about.
 */
export interface ExplainedMonth {
  /** 2028-02 */
  readonly month: string;
  /** Its days that the range has. */
  readonly from: string;
  readonly to: string;
  /** Of these days: what it adds to the sum. */
  readonly quantity: string;
  /** Of the whole month, and how many records that was. */
  readonly monthQuantity: string;
  readonly records: number;
  readonly rolledUpAt: string;
  /** SHA-256 of the records, in hex: with a copy of them it proves that the sum is theirs. */
  readonly digest: string;
  /** All of this in a sentence. */
  readonly note: string;
}

export interface UsageExplanation {
  readonly deployment: string;
  readonly kind: string;
  readonly title: string;
  readonly unit: string;
  /** hours: level times hours. month: level times the part of the month. */
  readonly accrual: Accrual;
  readonly aggregation: Aggregation;
  readonly percentile: string | null;
  readonly from: string;
  readonly to: string;
  readonly meteredThrough: string;
  /** The sum that is explained. */
  readonly quantity: string;
  /** What of it lies before `recordsFrom`, in months that are rolled up: the sum of theirs. */
  readonly rolledUp: string;
  readonly rolledUpMonths: readonly ExplainedMonth[];
  /** What all intervals of all resources add up to. */
  readonly explained: string;
  /** quantity less rolledUp and explained: '0' unless facts have changed since the days were metered. */
  readonly pending: string;
  /** The first day whose records are kept, where those of earlier days of the range are retired. */
  readonly recordsFrom: string | null;
  readonly resourcesTotal: number;
  readonly resources: readonly ExplainedResource[];
  readonly nextCursor: string | null;
}

/** Intervals of one resource that an explanation names; more are added up. */
export const intervalsMax = 200;
const limitDefault = 20;
const limitMax = 100;

/**
 * Explains what a deployment used of a billing kind over a range of days.
 * @throws ArcadiaError not_found (deployment, kind), range_reversed, range_too_large,
 *   invalid_argument (limit, cursor)
 */
export async function explainUsage(db: Queryable, query: ExplainQuery): Promise<UsageExplanation> {
  assertRange(query);
  const { deployment, from, to, limit = limitDefault } = query;
  const range = { from, to };
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new ArcadiaError('invalid_argument', `A page holds 1 to ${limitMax} resources, not ${limit}.`);
  }
  const after = parseCursor(query.cursor ?? null);
  const deploymentId = await selectDeploymentId(db, deployment);
  if (deploymentId === null) throw notFound('deployment', deployment);
  const kind = await store.selectKind(db, query.kind, to.subtract({ days: 1 }));
  if (kind === null) {
    throw unknownKind(query.kind);
  }

  const unattributed = deployment === 'unattributed';
  const { meteredThrough, usage } = await usageForPeriod(db, deployment, from, to);
  const quantity = usage[query.kind] ?? '0';
  const recordsFrom = (await selectUsageBounds(db, range)).floors[query.kind] ?? null;
  const floor = recordsFrom === null ? from : Temporal.PlainDate.from(recordsFrom);
  const rolledUpMonths =
    recordsFrom === null
      ? []
      : await explainMonths(db, { deploymentId, billingKindId: kind.billingKindId, range }, kind);
  const rolledUp = sumQuantities(rolledUpMonths.map((month) => month.quantity));
  const { billingKindId, title, unit, accrual, aggregation, percentile } = kind;
  const subject = { deploymentId, unattributed, billingKindId, aggregation, range: { from: floor, to } };
  const isRolledUp = Temporal.PlainDate.compare(floor, to) >= 0;
  const sum = isRolledUp ? { quantity: '0', resources: 0 } : await store.selectExplainedSum(db, subject);
  const rows = isRolledUp ? [] : await store.selectExplainedResources(db, subject, after, limit + 1, query.audience);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    deployment,
    kind: query.kind,
    title,
    unit,
    accrual,
    aggregation,
    percentile,
    from: from.toString(),
    to: to.toString(),
    meteredThrough,
    quantity,
    rolledUp,
    rolledUpMonths,
    explained: sum.quantity,
    pending: difference(difference(quantity, rolledUp), sum.quantity),
    recordsFrom,
    resourcesTotal: sum.resources,
    resources: await explainResources(db, subject, query, page),
    nextCursor: rows.length > limit && last !== undefined ? `${last.quantity}:${last.resourceId}` : null,
  };
}

async function explainMonths(
  db: Queryable,
  rolledUp: { readonly deploymentId: number; readonly billingKindId: number; readonly range: DayRange },
  { unit }: store.ExplainedKind,
): Promise<ExplainedMonth[]> {
  const { from, to } = rolledUp.range;
  return (await selectRolledUpMonths(db, rolledUp)).map(({ month, rolledUpAt, ...kept }) => {
    const next = month.add({ months: 1 });
    const name = month.toPlainYearMonth().toString();
    return {
      month: name,
      from: (Temporal.PlainDate.compare(month, from) > 0 ? month : from).toString(),
      to: (Temporal.PlainDate.compare(next, to) < 0 ? next : to).toString(),
      ...kept,
      rolledUpAt: rolledUpAt.toString(),
      note: `The month ${name} was rolled up on ${dayOf(rolledUpAt)}, when its retention had passed: its ${kept.records} records were added up, to ${kept.monthQuantity} ${unit} in all, and removed. The sum of each day is kept, and the SHA-256 of the records: ${kept.digest}.`,
    };
  });
}

function parseCursor(cursor: string | null): store.ResourceCursor | null {
  if (cursor === null) return null;
  const [, quantity, resourceId] = /^(-?\d+(?:\.\d+)?):(\d{1,15})$/.exec(cursor) ?? [];
  if (quantity === undefined || resourceId === undefined) {
    throw new ArcadiaError('invalid_argument', `'${cursor}' is not a cursor of this list.`);
  }
  return { quantity, resourceId: Number(resourceId) };
}

async function explainResources(
  db: Queryable,
  subject: store.Subject,
  { kind, audience }: ExplainQuery,
  page: readonly store.ExplainedResource[],
): Promise<ExplainedResource[]> {
  if (page.length === 0) return [];
  const ids = page.map((resource) => resource.resourceId);
  const intervals = await store.selectIntervals(db, subject, ids, intervalsMax);
  const staff = audience === 'staff';
  const stretches = staff ? await store.selectCarriedStretches(db, ids) : [];
  const causes = new Map(
    (staff ? await store.selectCauses(db, intervals) : []).map((cause) => [placeOf(cause), cause]),
  );
  const usageStore = await openUsageStore(db);
  const { deploymentId, range } = subject;
  const months = await explainRaises(db, subject, ids);

  const explained: ExplainedResource[] = [];
  for (const resource of page) {
    const { resourceId } = resource;
    const own = stretches.filter((stretch) => stretch.resourceId === resourceId);
    const carried = (from: Temporal.Instant, to: Temporal.Instant) => (staff ? firstCarried(own, from, to) : null);
    const query = { scope: { deploymentId }, range };
    const records = await usageStore.listRecords(db, query, { kind, resourceId }, { limit: recordsMax });
    const quantity = sumQuantities(records.map((record) => record.quantity));
    const placed = intervals.filter((interval) => interval.resourceId === resourceId);
    const last = placed.at(-1);
    explained.push({
      resourceId,
      resourceKind: resource.resourceKind,
      externalId: resource.externalId,
      name: resource.name,
      quantity,
      pending: difference(quantity, resource.quantity),
      days: daysOf(records, (from, to) => (staff ? observationOf(carried(from, to)) : null)),
      months: months.get(resourceId) ?? [],
      intervals: placed.map((interval) => ({
        from: interval.from.toString(),
        to: interval.to.toString(),
        level: interval.level,
        share: interval.weight === interval.weightTotal ? null : `${interval.weight}/${interval.weightTotal}`,
        quantity: interval.quantity,
        status: interval.status,
        attributes: interval.attributes,
        source: interval.source,
        carriedForwardFrom: carried(interval.from, interval.to)?.toString() ?? null,
        cause: causeOf(causes.get(placeOf(interval))),
      })),
      more:
        last !== undefined && last.total > placed.length
          ? { intervals: last.total - placed.length, quantity: last.rest }
          : null,
    });
  }
  return explained;
}

function placeOf({ resourceId, from }: { readonly resourceId: number; readonly from: Temporal.Instant }): string {
  return `${resourceId} ${from}`;
}

function observationOf(carriedFrom: Temporal.Instant | null): Observation {
  return carriedFrom === null ? 'confirmed' : 'carried forward';
}

/** The first moment of an interval that is carried forward. */
function firstCarried(
  stretches: readonly store.CarriedStretch[],
  from: Temporal.Instant,
  to: Temporal.Instant,
): Temporal.Instant | null {
  for (const stretch of stretches) {
    if (Temporal.Instant.compare(stretch.from, to) >= 0) continue;
    if (stretch.to !== null && Temporal.Instant.compare(stretch.to, from) <= 0) continue;
    return Temporal.Instant.compare(stretch.from, from) > 0 ? stretch.from : from;
  }
  return null;
}

function daysOf(
  records: readonly UsageRecord[],
  observe: (from: Temporal.Instant, to: Temporal.Instant) => Observation | null,
): ExplainedDay[] {
  const byDay = new Map<string, UsageRecord[]>();
  for (const record of records) {
    const day = dayOf(record.periodStart).toString();
    const own = byDay.get(day);
    if (own) own.push(record);
    else byDay.set(day, [record]);
  }
  return [...byDay].map(([text, own]) => {
    const day = Temporal.PlainDate.from(text);
    return {
      day: text,
      records: own.length,
      quantity: sumQuantities(own.map((record) => record.quantity)),
      revision: Math.max(...own.map((record) => record.revision)),
      observation: observe(startOfDay(day), startOfDay(day.add({ days: 1 }))),
    };
  });
}

function causeOf(cause: store.IntervalCause | undefined): ExplainedCause | null {
  if (cause === undefined) return null;
  const { syncRunId, syncKind, syncStartedAt, actionId, actionType, actionCompletedAt } = cause;
  const { ruleId, ruleKind, assignedBy, assignedAt } = cause;
  return {
    stateSince: cause.stateSince?.toString() ?? null,
    recordedAt: cause.recordedAt?.toString() ?? null,
    recordedBy: cause.recordedBy,
    syncRun:
      syncRunId === null || syncKind === null || syncStartedAt === null
        ? null
        : { syncRunId, kind: syncKind, startedAt: syncStartedAt.toString() },
    action:
      actionId === null || actionType === null || actionCompletedAt === null
        ? null
        : { actionId, type: actionType, completedAt: actionCompletedAt.toString() },
    owners: cause.owners,
    rule:
      ruleId === null || ruleKind === null
        ? null
        : {
            ruleId,
            kind: ruleKind,
            pattern: cause.rulePattern,
            project: cause.ruleProject,
            recordedBy: cause.ruleBy,
            recordedAt: cause.ruleRecordedAt?.toString() ?? null,
          },
    assignment: assignedBy === null || assignedAt === null ? null : { by: assignedBy, at: assignedAt.toString() },
  };
}

function difference(a: string, b: string): string {
  return formatQuantity(parseQuantity(a).minus(parseQuantity(b)));
}
