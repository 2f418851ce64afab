import { sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import type { DayRange } from './period.ts';
import { startOfDay, startOfMonth } from './period.ts';
import { statement } from '../platform/database/statement.ts';
import { ownRaises, raisedShare, raisesWithin } from './raises.store.ts';

/**
 * What the levels that are known accrue, or raise, over days of one calendar month, by deployment and kind: the
 * sum that metering these days will find if no fact changes any more. Kinds that are enabled on the
 * first of the days: all, or those of events alone, and of each of these only days that are not metered.
 */
export async function selectAccruals(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
  { ofEventsNotMetered }: { readonly ofEventsNotMetered: boolean } = { ofEventsNotMetered: false },
): Promise<{ deploymentId: number; kind: string; quantity: string }[]> {
  const month = startOfDay(startOfMonth(range.from));
  const next = startOfDay(startOfMonth(range.from).add({ months: 1 }));
  const [from, to] = [startOfDay(range.from), startOfDay(range.to)];
  const own = sql`
    l.deployment_id = ANY (${[...deploymentIds]}::bigint[]) AND l.valid_from < ${to} AND l.valid_to > ${from}`;
  const { rows } = await statement<{ deploymentId: number; kind: string; quantity: string }>('metering.selectAccruals')`
    WITH kinds AS (
      SELECT k.billing_kind_id, k.slug,
             CASE d.accrual WHEN 'hours' THEN 3600000000 WHEN 'events' THEN 1
                            ELSE extract(epoch FROM ${next}::timestamptz - ${month}::timestamptz) * 1000000 END AS unit_us,
             discarded_us(d.aggregation, d.percentile, ${startOfMonth(range.from)}::date) AS discarded_us
      FROM billing_kinds k
      CROSS JOIN LATERAL (SELECT accrual, aggregation, percentile FROM billing_kind_definitions
                          WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${range.from}
                          ORDER BY from_day DESC LIMIT 1) AS d
      CROSS JOIN LATERAL (SELECT enabled FROM metering_config
                          WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${range.from}
                          ORDER BY from_day DESC LIMIT 1) AS c
      WHERE c.enabled AND (NOT ${ofEventsNotMetered}::boolean OR d.accrual = 'events')
    ), spans AS MATERIALIZED (
      SELECT billing_kind_id, ${month}::timestamptz AS month_start, discarded_us, ${from}::timestamptz AS span_from,
             ${to}::timestamptz AS span_to
      FROM kinds
    ), ${raisesWithin(sql`
      SELECT DISTINCT l.resource_id FROM metered_levels l JOIN kinds k USING (billing_kind_id)
      WHERE k.discarded_us IS NOT NULL AND ${own}`)},
    sums AS (
      SELECT deployment_id, billing_kind_id, sum(quantity) AS quantity
      FROM (SELECT l.deployment_id, l.billing_kind_id,
                   CASE WHEN k.discarded_us IS NULL
                        THEN accrued(l.level, l.weight_before, l.weight, l.weight_total, k.unit_us::numeric,
                                     CASE WHEN k.unit_us = 1 THEN 0 ELSE
                                       (extract(epoch FROM greatest(l.valid_from, ${from}) - ${month}::timestamptz) * 1000000)::numeric END,
                                     CASE WHEN k.unit_us = 1 THEN 1 ELSE
                                       (extract(epoch FROM least(l.valid_to, ${to}) - ${month}::timestamptz) * 1000000)::numeric END)
                        ELSE 0 END AS quantity
            FROM metered_levels l JOIN kinds k USING (billing_kind_id)
            WHERE ${own} AND (NOT ${ofEventsNotMetered}::boolean OR NOT EXISTS (
              SELECT FROM metered_days d
              WHERE d.billing_kind_id = l.billing_kind_id AND d.day = (l.valid_from AT TIME ZONE 'UTC')::date))
            UNION ALL
            SELECT l.deployment_id, l.billing_kind_id, ${raisedShare} FROM ${ownRaises}
            WHERE l.deployment_id = ANY (${[...deploymentIds]}::bigint[])) AS pieces
      GROUP BY deployment_id, billing_kind_id
    )
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(s.quantity) AS quantity
    FROM sums s JOIN kinds k USING (billing_kind_id)`.execute(db);
  return rows;
}
