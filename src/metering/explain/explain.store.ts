import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { accruedWithin, levelIn, meteredSpans } from '../accrual.store.ts';
import type { DayRange } from '../period.ts';
import { startOfDay } from '../period.ts';
import { statement } from '../../platform/database/statement.ts';
import { ownRaises, raisedShare, raisesWithin } from '../raises.store.ts';
import { type Accrual, type Aggregation, isRaised } from '../accrual.ts';

/** One sum: what a deployment used of a kind over a range of days. */
export interface Subject {
  readonly deploymentId: number;
  /** What nobody owns, or nobody yet. */
  readonly unattributed: boolean;
  readonly billingKindId: number;
  readonly aggregation: Aggregation;
  readonly range: DayRange;
}

/** What is explained, on a day of the range. */
export interface ExplainedKind {
  readonly billingKindId: number;
  readonly title: string;
  readonly unit: string;
  readonly accrual: Accrual;
  readonly aggregation: Aggregation;
  readonly percentile: string | null;
}

export async function selectKind(db: Queryable, slug: string, day: Temporal.PlainDate): Promise<ExplainedKind | null> {
  const { rows } = await statement<ExplainedKind>('metering.selectKind')`
    SELECT billing_kind_id AS "billingKindId", title, unit, accrual, aggregation, percentile FROM metering_kinds
    WHERE slug = ${slug} AND from_day <= ${day} ORDER BY from_day DESC LIMIT 1`.execute(db);
  return rows[0] ?? null;
}

/**
 * The levels `l` of the subject. A deployment is known by what it owns, which an index finds; what nobody owns has
 * no such way.
 */
function levelsOf({ deploymentId, unattributed, billingKindId, range }: Subject): RawBuilder<unknown> {
  const owned = unattributed
    ? sql``
    : sql`AND l.resource_id IN (
            SELECT a.resource_id FROM deployments_owners o JOIN deployments_attributions a USING (owner_set_id)
            WHERE o.deployment_id = ${deploymentId}
              AND a.valid_from < ${startOfDay(range.to)} AND a.valid_to > ${startOfDay(range.from)})`;
  return sql`l.deployment_id = ${deploymentId} AND l.billing_kind_id = ${billingKindId} AND ${levelIn(range)} ${owned}`;
}

const spansOfSubject = ({ range, billingKindId }: Subject) =>
  sql`spans AS MATERIALIZED (SELECT * FROM (${meteredSpans(range)}) AS every WHERE billing_kind_id = ${billingKindId})`;

/** CTEs: `spans`, and `pieces`: what each level of the subject accrued, or raised, on metered days. */
function piecesOf(subject: Subject): RawBuilder<unknown> {
  const piece = sql`l.resource_id, l.valid_from, l.valid_to, l.level, l.weight_before, l.weight, l.weight_total`;
  if (!isRaised(subject.aggregation)) {
    return sql`
      ${spansOfSubject(subject)},
      pieces AS (
        SELECT ${piece}, coalesce(sum(${accruedWithin()}), 0) AS quantity
        FROM metered_levels l
        LEFT JOIN spans s ON s.span_from < l.valid_to AND s.span_to > l.valid_from
        WHERE ${levelsOf(subject)}
        GROUP BY ${piece}
      )`;
  }
  return sql`
    ${spansOfSubject(subject)},
    own AS MATERIALIZED (SELECT l.* FROM metered_levels l WHERE ${levelsOf(subject)}),
    ${raisesWithin(sql`SELECT DISTINCT resource_id FROM own`)},
    pieces AS (
      SELECT ${piece}, coalesce(sum(${raisedShare}), 0) AS quantity
      FROM own l
      LEFT JOIN (raises r JOIN spans s ON s.span_from <= r.raised_at AND s.span_to > r.raised_at)
        ON r.resource_id = l.resource_id AND r.raised_at >= l.valid_from AND r.raised_at < l.valid_to
      GROUP BY ${piece}
    )`;
}

/** The figure of a resource in a month, or in the part of it that is explained: of the resource, whoever owned it. */
export interface ExplainedMonthRow {
  readonly resourceId: number;
  readonly month: Temporal.PlainDate;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  /** V at `from`, and at `to`. */
  readonly before: string;
  readonly level: string;
  /** Of the month up to `to`, how long a level was held that is at least `level`, and how long a greater one. */
  readonly heldSeconds: string;
  readonly aboveSeconds: string;
  readonly discardedSeconds: string;
}

/** By resource and month, where a level above 0 was held. */
export async function selectRaisedMonths(
  db: Queryable,
  subject: Subject,
  resourceIds: readonly number[],
): Promise<ExplainedMonthRow[]> {
  const seconds = (us: RawBuilder<unknown>) => sql`trim_scale(coalesce(${us}, 0) * 0.000001)::text`;
  const isHeld = sql`s.held_us > s.discarded_us`;
  const { rows } = await statement<ExplainedMonthRow>('metering.selectRaisedMonths')`
    WITH ${spansOfSubject(subject)}, ${raisesWithin(sql`SELECT unnest(${[...resourceIds]}::bigint[])`)}
    SELECT s.resource_id AS "resourceId", m.first_day AS month, m.window_from AS "from", m.window_to AS "to",
           trim_scale(coalesce(max(s.level) FILTER (WHERE s.before_us > s.discarded_us), 0))::text AS before,
           trim_scale(coalesce(max(s.level) FILTER (WHERE ${isHeld}), 0))::text AS level,
           ${seconds(sql`coalesce(min(s.held_us) FILTER (WHERE ${isHeld}), extract(epoch FROM m.window_to - m.month_start) * 1000000)`)} AS "heldSeconds",
           ${seconds(sql`max(s.held_us) FILTER (WHERE NOT ${isHeld})`)} AS "aboveSeconds",
           ${seconds(sql`s.discarded_us`)} AS "discardedSeconds"
    FROM steps s JOIN raised_months m USING (billing_kind_id, month_start)
    GROUP BY s.resource_id, m.first_day, m.month_start, m.window_from, m.window_to, s.discarded_us ORDER BY 1, 2`.execute(
    db,
  );
  return rows;
}

/** When a figure rose while the subject owned the resource, or a share of it. */
export interface ExplainedRaiseRow {
  readonly resourceId: number;
  readonly month: Temporal.PlainDate;
  readonly at: Temporal.Instant;
  readonly before: string;
  readonly level: string;
  readonly weight: number;
  readonly weightTotal: number;
  readonly quantity: string;
}

export async function selectOwnRaises(
  db: Queryable,
  subject: Subject,
  resourceIds: readonly number[],
): Promise<ExplainedRaiseRow[]> {
  const { rows } = await statement<ExplainedRaiseRow>('metering.selectOwnRaises')`
    WITH ${spansOfSubject(subject)}, ${raisesWithin(sql`SELECT unnest(${[...resourceIds]}::bigint[])`)}
    SELECT r.resource_id AS "resourceId", (r.month_start AT TIME ZONE 'UTC')::date AS month, r.raised_at AS at,
           trim_scale(min(r.lower))::text AS before, trim_scale(max(r.height))::text AS level, l.weight,
           l.weight_total AS "weightTotal", trim_scale(sum(${raisedShare}))::text AS quantity
    FROM ${ownRaises}
    WHERE l.deployment_id = ${subject.deploymentId}
    GROUP BY r.resource_id, r.month_start, r.raised_at, l.weight_before, l.weight, l.weight_total
    ORDER BY r.resource_id, r.raised_at, l.weight_before`.execute(db);
  return rows;
}

export interface ExplainedSum {
  readonly quantity: string;
  readonly resources: number;
}

/** What the levels say that the sum is, and of how many resources. */
export async function selectExplainedSum(db: Queryable, subject: Subject): Promise<ExplainedSum> {
  const { rows } = await statement<ExplainedSum>('metering.selectExplainedSum')`
    WITH ${piecesOf(subject)}
    SELECT trim_scale(coalesce(sum(quantity), 0))::text AS quantity, count(DISTINCT resource_id) AS resources
    FROM pieces`.execute(db);
  return rows[0] ?? { quantity: '0', resources: 0 };
}

export interface ExplainedResource {
  readonly resourceId: number;
  readonly resourceKind: string;
  readonly externalId: string;
  /** Its last name within the range. */
  readonly name: string | null;
  readonly quantity: string;
}

/** Where the page before ended. */
export interface ResourceCursor {
  readonly quantity: string;
  readonly resourceId: number;
}

/** The resources that the sum is made of, those that used most first. To a customer each has the last name that it had while it was theirs. */
export async function selectExplainedResources(
  db: Queryable,
  subject: Subject,
  after: ResourceCursor | null,
  limit: number,
  audience: 'staff' | 'customer',
): Promise<ExplainedResource[]> {
  const beyond =
    after === null
      ? sql``
      : sql`WHERE (quantity, -resource_id) < (${after.quantity}::numeric, -(${after.resourceId}::bigint))`;
  const { rows } = await statement<ExplainedResource>('metering.selectExplainedResources')`
    WITH ${piecesOf(subject)}
    SELECT r.resource_id AS "resourceId", r.kind AS "resourceKind", r.external_id AS "externalId", n.name,
           trim_scale(p.quantity)::text AS quantity
    FROM (SELECT * FROM (SELECT resource_id, sum(quantity) AS quantity FROM pieces GROUP BY resource_id) AS sums
          ${beyond} ORDER BY quantity DESC, resource_id LIMIT ${limit}) AS p
    JOIN inventory_resources r USING (resource_id)
    LEFT JOIN LATERAL (
      SELECT s.name FROM inventory_states s
      WHERE s.resource_id = p.resource_id AND s.valid_from < ${startOfDay(subject.range.to)}
        AND (${audience === 'staff'} OR EXISTS (
          SELECT FROM deployments_owners o JOIN deployments_attributions a USING (owner_set_id)
          WHERE o.deployment_id = ${subject.deploymentId} AND a.resource_id = p.resource_id
            AND a.valid_from < s.valid_to AND a.valid_to > s.valid_from))
      ORDER BY s.valid_from DESC LIMIT 1) AS n ON true
    ORDER BY p.quantity DESC, p.resource_id`.execute(db);
  return rows;
}

/** A stretch in which nothing changed about what a resource counts. */
export interface ExplainedInterval {
  readonly resourceId: number;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly level: string;
  readonly weight: number;
  readonly weightTotal: number;
  readonly quantity: string;
  readonly status: string | null;
  readonly attributes: Record<string, unknown> | null;
  readonly source: 'listing' | 'action' | 'operator' | 'assumed' | null;
}

/** How an interval is known, and why it is the deployment's: for the operator's own people. */
export interface IntervalCause {
  readonly resourceId: number;
  readonly from: Temporal.Instant;
  /** Since when, in the provider's or the operator's words, the state is so. */
  readonly stateSince: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string | null;
  readonly syncRunId: number | null;
  readonly syncKind: string | null;
  readonly syncStartedAt: Temporal.Instant | null;
  readonly actionId: string | null;
  readonly actionType: string | null;
  readonly actionCompletedAt: Temporal.Instant | null;
  /** `ash`, or `ash 1/3, birch 2/3`. */
  readonly owners: string | null;
  readonly ruleId: number | null;
  readonly ruleKind: string | null;
  readonly rulePattern: string | null;
  readonly ruleProject: string | null;
  readonly ruleBy: string | null;
  readonly ruleRecordedAt: Temporal.Instant | null;
  readonly assignedBy: string | null;
  readonly assignedAt: Temporal.Instant | null;
}

/** An interval beside how many the resource has, and what those after it contribute. */
export interface PlacedInterval extends ExplainedInterval {
  readonly total: number;
  readonly rest: string;
}

/** The first intervals of each of some resources, in order; they end where the kind's metering does. */
export async function selectIntervals(
  db: Queryable,
  subject: Subject,
  resourceIds: readonly number[],
  limitEach: number,
): Promise<PlacedInterval[]> {
  const { range } = subject;
  const { rows } = await statement<PlacedInterval>('metering.selectIntervals')`
    WITH ${piecesOf(subject)},
    placed AS (
      SELECT *, row_number() OVER w AS place, count(*) OVER (PARTITION BY resource_id) AS total,
             sum(quantity) OVER (PARTITION BY resource_id) - sum(quantity) OVER w AS rest
      -- What begins where metering has not been yet adds nothing.
      FROM pieces WHERE resource_id = ANY (${[...resourceIds]}::bigint[]) AND valid_from < (SELECT max(span_to) FROM spans)
      WINDOW w AS (PARTITION BY resource_id ORDER BY valid_from, weight_before)
    )
    SELECT p.resource_id AS "resourceId", greatest(p.valid_from, ${startOfDay(range.from)}) AS "from",
           least(p.valid_to, ${startOfDay(range.to)}, (SELECT max(span_to) FROM spans)) AS "to", trim_scale(p.level)::text AS level, p.weight,
           p.weight_total AS "weightTotal", trim_scale(p.quantity)::text AS quantity, p.total, trim_scale(p.rest)::text AS rest,
           s.status, s.attributes, s.source
    FROM placed p
    LEFT JOIN LATERAL (
      SELECT status, attributes, source FROM inventory_states s
      WHERE s.resource_id = p.resource_id AND s.valid_from <= p.valid_from AND s.valid_to > p.valid_from) AS s ON true
    WHERE p.place <= ${limitEach}
    ORDER BY p.resource_id, p.place`.execute(db);
  return rows;
}

/** What made some intervals what they are: the sync run or action, and the rule or assignment. */
export async function selectCauses(
  db: Queryable,
  intervals: readonly Pick<ExplainedInterval, 'resourceId' | 'from'>[],
): Promise<IntervalCause[]> {
  const asked = intervals.map(({ resourceId, from }) => ({ resource_id: resourceId, instant: from.toString() }));
  const { rows } = await statement<IntervalCause>('metering.selectCauses')`
    SELECT i.resource_id AS "resourceId", i.instant AS "from", s.valid_from AS "stateSince", s.recorded_at AS "recordedAt",
           s.recorded_by AS "recordedBy", u.sync_run_id AS "syncRunId", u.kind AS "syncKind", u.started_at AS "syncStartedAt",
           x.external_id AS "actionId", x.type AS "actionType", x.completed_at AS "actionCompletedAt", w.owners,
           a.rule_id AS "ruleId", l.kind AS "ruleKind", l.pattern AS "rulePattern", l.project AS "ruleProject",
           l.recorded_by AS "ruleBy", l.recorded_at AS "ruleRecordedAt",
           m.recorded_by AS "assignedBy", m.recorded_at AS "assignedAt"
    FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) AS i(resource_id bigint, instant timestamptz)
    JOIN inventory_resources r USING (resource_id)
    LEFT JOIN LATERAL (
      SELECT * FROM inventory_states s
      WHERE s.resource_id = i.resource_id AND s.valid_from <= i.instant AND s.valid_to > i.instant) AS s ON true
    LEFT JOIN inventory_sync_runs u ON u.sync_run_id = s.sync_run_id
    LEFT JOIN LATERAL (
      SELECT external_id, type, completed_at FROM inventory_actions x
      WHERE s.source = 'action' AND x.account_id = r.account_id AND x.resource_kind = r.kind
        AND x.resource_external_id = r.external_id AND x.completed_at = s.valid_from
      ORDER BY external_id DESC LIMIT 1) AS x ON true
    LEFT JOIN LATERAL (
      SELECT rule_id, owner_set_id FROM deployments_attributions a
      WHERE a.resource_id = i.resource_id AND a.valid_from <= i.instant AND a.valid_to > i.instant) AS a ON true
    LEFT JOIN LATERAL (
      SELECT string_agg(d.slug || CASE WHEN o.weight = o.weight_total THEN '' ELSE format(' %s/%s', o.weight, o.weight_total) END,
                        ', ' ORDER BY o.weight_before) AS owners
      FROM deployments_owners o JOIN deployments_list d USING (deployment_id)
      WHERE o.owner_set_id = a.owner_set_id) AS w ON true
    LEFT JOIN LATERAL (
      SELECT l.kind, l.pattern, p.external_id AS project, l.recorded_by, l.recorded_at
      FROM deployments_rules l LEFT JOIN inventory_resources p ON p.resource_id = l.project_id
      WHERE l.rule_id = a.rule_id
      ORDER BY l.valid_from <= i.instant AND l.valid_to > i.instant DESC, l.recorded_at DESC LIMIT 1) AS l ON true
    LEFT JOIN LATERAL (
      SELECT recorded_by, recorded_at FROM deployments_assignments m
      WHERE l.kind = 'manual' AND m.resource_id = i.resource_id AND m.valid_from <= i.instant AND m.valid_to > i.instant) AS m ON true
    ORDER BY 1, 2`.execute(db);
  return rows;
}

/** Where the usage of a resource is carried forward; `to` null: without end. */
export interface CarriedStretch {
  readonly resourceId: number;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
}

export async function selectCarriedStretches(db: Queryable, resourceIds: readonly number[]): Promise<CarriedStretch[]> {
  const { rows } = await statement<CarriedStretch>('metering.selectCarriedStretches')`
    SELECT r.resource_id AS "resourceId", greatest(o.confirmed_through, o.metered_from) AS "from", NULL::timestamptz AS "to"
    FROM inventory_resources r
    JOIN metering_observed o ON o.account_id = r.account_id AND o.resource_kind = r.kind
    WHERE r.resource_id = ANY (${[...resourceIds]}::bigint[])
    UNION ALL
    SELECT e.resource_id, e.carried_from, e.carried_to FROM metering_uncertain_ends e
    WHERE e.resource_id = ANY (${[...resourceIds]}::bigint[])
    ORDER BY 1, 2`.execute(db);
  return rows;
}
