import type { Queryable } from '../platform/database/database.ts';
import type { DayRange } from './period.ts';
import { startOfDay, startOfMonth } from './period.ts';
import { statement } from '../platform/database/statement.ts';

/**
 * What the levels that are known accrue over days of one calendar month, by deployment and kind: the
 * sum that metering these days will find if no fact changes any more. Kinds that are enabled on the
 * first of the days.
 */
export async function selectAccruals(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
): Promise<{ deploymentId: number; kind: string; quantity: string }[]> {
  const month = startOfDay(startOfMonth(range.from));
  const next = startOfDay(startOfMonth(range.from).add({ months: 1 }));
  const [from, to] = [startOfDay(range.from), startOfDay(range.to)];
  const { rows } = await statement<{ deploymentId: number; kind: string; quantity: string }>('metering.selectAccruals')`
    WITH kinds AS (
      SELECT k.billing_kind_id, k.slug,
             CASE d.accrual WHEN 'hours' THEN 3600000000
                            ELSE extract(epoch FROM ${next}::timestamptz - ${month}::timestamptz) * 1000000 END AS unit_us
      FROM billing_kinds k
      CROSS JOIN LATERAL (SELECT accrual FROM billing_kind_definitions
                          WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${range.from}
                          ORDER BY from_day DESC LIMIT 1) AS d
      CROSS JOIN LATERAL (SELECT enabled FROM metering_config
                          WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${range.from}
                          ORDER BY from_day DESC LIMIT 1) AS c
      WHERE c.enabled
    ), sums AS (
      SELECT l.deployment_id, l.billing_kind_id, sum(accrued(l.level, l.weight_before, l.weight, l.weight_total, k.unit_us::numeric,
        (extract(epoch FROM greatest(l.valid_from, ${from}) - ${month}::timestamptz) * 1000000)::numeric,
        (extract(epoch FROM least(l.valid_to, ${to}) - ${month}::timestamptz) * 1000000)::numeric)) AS quantity
      FROM metered_levels l JOIN kinds k USING (billing_kind_id)
      WHERE l.deployment_id = ANY (${[...deploymentIds]}::bigint[]) AND l.valid_from < ${to} AND l.valid_to > ${from}
      GROUP BY l.deployment_id, l.billing_kind_id
    )
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(s.quantity) AS quantity
    FROM sums s JOIN kinds k USING (billing_kind_id)`.execute(db);
  return rows;
}
