import { sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { accruedWithin, spansOf } from './accrual.store.ts';
import type { DayRange } from './period.ts';
import { kindOn, levelsOf } from './store.ts';

export interface UnmeteredKindRow {
  readonly kindId: number;
  readonly kind: string;
  readonly unit: string;
  readonly resourceKind: string;
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  readonly isKnown: boolean;
}

/** Kinds that are defined and not enabled on days of a range: from the first of the days to the last. */
export async function selectUnmeteredKinds(db: Queryable, range: DayRange): Promise<UnmeteredKindRow[]> {
  const { rows } = await statement<UnmeteredKindRow>('metering.selectUnmeteredKinds')`
    SELECT k.billing_kind_id AS "kindId", k.slug AS kind, f.unit, f.resource_kind AS "resourceKind",
           min(days.day) AS from, max(days.day) + 1 AS to,
           NOT EXISTS (SELECT FROM inventory_accounts)
             OR EXISTS (SELECT FROM metering_observed o
                        WHERE o.resource_kind = f.resource_kind AND o.synced_at IS NOT NULL) AS "isKnown"
    FROM (SELECT generate_series(${range.from}::date, ${range.to}::date - 1, interval '1 day')::date AS day) AS days
    CROSS JOIN billing_kinds k
    CROSS JOIN LATERAL (SELECT unit, resource_kind FROM billing_kind_definitions
                        WHERE billing_kind_id = k.billing_kind_id ORDER BY from_day LIMIT 1) AS f
    ${kindOn(sql`days.day`)}
    WHERE d.digest IS NOT NULL AND NOT coalesce(c.enabled, false)
    GROUP BY k.billing_kind_id, k.slug, f.unit, f.resource_kind
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
            FROM ${levelsOf(kindIds, false, { deploymentIds, range })} AS pieces) AS l
      JOIN spans s ON s.billing_kind_id = l.billing_kind_id AND l.valid_from < s.span_to AND l.valid_to > s.span_from
      WHERE l.deployment_id = ANY (${[...deploymentIds]}::bigint[])
      GROUP BY l.deployment_id, l.billing_kind_id
    )
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(s.quantity) AS quantity
    FROM sums s JOIN billing_kinds k USING (billing_kind_id)`.execute(db);
  return rows;
}
