import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { accruedWithin, spansOf } from './accrual.store.ts';
import type { DayRange } from './period.ts';
import { monthOf, startOfDay, startOfMonth } from './period.ts';
import { raisedShare, raisesOf } from './raises.store.ts';
import { kindOn, levelsOf } from './store.ts';

export interface UnmeteredKindRow {
  readonly kindId: number;
  readonly kind: string;
  readonly unit: string;
  readonly resourceKind: string;
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  readonly isKnown: boolean;
  /** A peak or a percentile. */
  readonly isRaised: boolean;
}

/** Kinds that are defined and not enabled on days of a range: from the first of the days to the last. */
export async function selectUnmeteredKinds(db: Queryable, range: DayRange): Promise<UnmeteredKindRow[]> {
  const { rows } = await statement<UnmeteredKindRow>('metering.selectUnmeteredKinds')`
    SELECT k.billing_kind_id AS "kindId", k.slug AS kind, f.unit, f.resource_kind AS "resourceKind",
           min(days.day) AS from, max(days.day) + 1 AS to,
           NOT EXISTS (SELECT FROM inventory_accounts)
             OR EXISTS (SELECT FROM metering_observed o
                        WHERE o.resource_kind = f.resource_kind AND o.synced_at IS NOT NULL) AS "isKnown",
           f.aggregation <> 'sum' AS "isRaised"
    FROM (SELECT generate_series(${range.from}::date, ${range.to}::date - 1, interval '1 day')::date AS day) AS days
    CROSS JOIN billing_kinds k
    CROSS JOIN LATERAL (SELECT unit, resource_kind, aggregation FROM billing_kind_definitions
                        WHERE billing_kind_id = k.billing_kind_id ORDER BY from_day LIMIT 1) AS f
    ${kindOn(sql`days.day`)}
    -- What events would have counted, the gateway says.
    WHERE d.digest IS NOT NULL AND NOT coalesce(c.enabled, false) AND f.resource_kind <> 'gateway'
    GROUP BY k.billing_kind_id, k.slug, f.unit, f.resource_kind, f.aggregation
    ORDER BY k.slug`.execute(db);
  return rows;
}

/** What deployments' levels of kinds accrue over the days of a range on which the kind is not enabled. */
export async function selectUnmeteredAccruals(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
  kindIds: readonly number[],
): Promise<{ deploymentId: number; kind: string; quantity: string }[]> {
  const days = sql`
    SELECT days.day, k.billing_kind_id
    FROM (SELECT generate_series(${range.from}::date, ${range.to}::date - 1, interval '1 day')::date AS day) AS days
    CROSS JOIN billing_kinds k ${kindOn(sql`days.day`)}
    WHERE k.billing_kind_id = ANY (${[...kindIds]}::smallint[]) AND d.digest IS NOT NULL AND NOT coalesce(c.enabled, false)`;
  const { rows } = await statement<{
    deploymentId: number;
    kind: string;
    quantity: string;
  }>('metering.selectUnmeteredAccruals')`
    WITH spans AS MATERIALIZED (${spansOf(days)}), sums AS (
      SELECT l.deployment_id, l.billing_kind_id, sum(${accruedWithin()}) AS quantity
      FROM (SELECT resource_id, deployment_id, piece_from AS valid_from, piece_to AS valid_to, weight_before, weight,
                   weight_total, billing_kind_id, level
            FROM ${levelsOf(kindIds, null, { deploymentIds, range })} AS pieces) AS l
      JOIN spans s ON s.billing_kind_id = l.billing_kind_id AND l.valid_from < s.span_to AND l.valid_to > s.span_from
      WHERE l.deployment_id = ANY (${[...deploymentIds]}::bigint[])
      GROUP BY l.deployment_id, l.billing_kind_id
    )
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(s.quantity) AS quantity
    FROM sums s JOIN billing_kinds k USING (billing_kind_id)`.execute(db);
  return rows;
}

/**
 * By how much deployments' peaks and percentiles of a range would be greater, were the kinds enabled on all days of
 * its months: what all days raise, less what those on which they are enabled do.
 */
export async function selectUnmeteredRaises(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
  kindIds: readonly number[],
): Promise<{ deploymentId: number; kind: string; quantity: string }[]> {
  const months = { from: startOfMonth(range.from), to: monthOf(range.to.subtract({ days: 1 })).to };
  const utc = (day: RawBuilder<unknown>) => sql`${day}::timestamp AT TIME ZONE 'UTC'`;
  const raisesCounting = (counted: RawBuilder<unknown>) => sql`
    (WITH ${raisesOf({ months: sql`SELECT * FROM months`, counted, levels: sql`SELECT * FROM every WHERE weight_before = 0` })}
     SELECT l.deployment_id, l.billing_kind_id, ${raisedShare} AS quantity
     FROM raises r
     JOIN every l ON l.billing_kind_id = r.billing_kind_id AND l.resource_id = r.resource_id
      AND l.valid_from <= r.raised_at AND l.valid_to > r.raised_at
     WHERE l.deployment_id = ANY (${[...deploymentIds]}::bigint[]))`;
  const { rows } = await statement<{
    deploymentId: number;
    kind: string;
    quantity: string;
  }>('metering.selectUnmeteredRaises')`
    WITH months AS MATERIALIZED (
      SELECT k.billing_kind_id, ${utc(sql`m.first_day`)} AS month_start, ${utc(sql`m.next_day`)} AS month_end, m.first_day, m.next_day,
             discarded_us(d.aggregation, d.percentile, m.first_day) AS discarded_us,
             greatest(${utc(sql`m.first_day`)}, ${startOfDay(range.from)}) AS window_from,
             least(${utc(sql`m.next_day`)}, ${startOfDay(range.to)}) AS window_to
      FROM (SELECT month::date AS first_day, (month + interval '1 month')::date AS next_day
            FROM generate_series(${months.from}::timestamp, ${months.to}::timestamp - interval '1 day', interval '1 month') AS month) AS m
      CROSS JOIN billing_kinds k
      CROSS JOIN LATERAL (SELECT aggregation, percentile FROM billing_kind_definitions
                          WHERE billing_kind_id = k.billing_kind_id ORDER BY from_day LIMIT 1) AS d
      WHERE k.billing_kind_id = ANY (${[...kindIds]}::smallint[])
    ), every AS MATERIALIZED (
      SELECT resource_id, deployment_id, piece_from AS valid_from, piece_to AS valid_to, weight_before, weight, weight_total,
             billing_kind_id, level
      FROM ${levelsOf(kindIds, null, { deploymentIds, range: months, whole: true })} AS pieces
    ), sums AS (
      SELECT deployment_id, billing_kind_id, sum(quantity) AS quantity
      FROM (SELECT * FROM ${raisesCounting(sql`
              SELECT billing_kind_id, month_start, month_start AS counted_from, month_end AS counted_to FROM months`)} AS all_days
            UNION ALL
            SELECT deployment_id, billing_kind_id, -quantity FROM ${raisesCounting(sql`
              SELECT billing_kind_id, month_start, ${utc(sql`stretch_from`)} AS counted_from, ${utc(sql`stretch_to`)} AS counted_to
              FROM months CROSS JOIN LATERAL enabled_stretches(billing_kind_id, first_day, next_day)`)} AS enabled_days) AS raised
      GROUP BY deployment_id, billing_kind_id
    )
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(s.quantity) AS quantity
    FROM sums s JOIN billing_kinds k USING (billing_kind_id)`.execute(db);
  return rows;
}
