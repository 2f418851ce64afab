import { type RawBuilder, sql } from 'kysely';
import type { Transaction } from '../platform/database.ts';
import type { Granularity } from './period.ts';
import { startOfDay, startOfMonth } from './period.ts';
import { kindOn } from './store.ts';

// The records that a day should have, in SQL: what its levels accrue. Rests on `meter_slots`, and
// for touched resources on `meter_scope`, temporary tables of the metering transaction.

/**
 * `meter_slots`: each kind to meter with each of its periods of the day (the day, or its 24
 * hours), and where they lie in the month, in microseconds.
 */
export async function prepareSlots(
  trx: Transaction,
  day: Temporal.PlainDate,
  kindIds: readonly number[],
): Promise<void> {
  const month = startOfMonth(day);
  const monthStart = startOfDay(month);
  const monthEnd = startOfDay(month.add({ months: 1 }));
  await sql`
    CREATE TEMPORARY TABLE meter_slots ON COMMIT DROP AS
    SELECT k.billing_kind_id, c.granularity, period_start, period_start + step AS period_end,
           CASE d.accrual WHEN 'hours' THEN 3600000000::numeric
                ELSE extract(epoch FROM ${monthEnd}::timestamptz - ${monthStart}::timestamptz) * 1000000 END AS unit_us,
           extract(epoch FROM period_start - ${monthStart}::timestamptz) * 1000000 AS from_us,
           extract(epoch FROM period_start + step - ${monthStart}::timestamptz) * 1000000 AS to_us
    FROM billing_kinds k ${kindOn(sql`${day}`)}
    CROSS JOIN LATERAL (SELECT CASE c.granularity WHEN 'day' THEN interval '1 day' ELSE interval '1 hour' END AS step) AS g
    CROSS JOIN LATERAL generate_series(${startOfDay(day)}::timestamptz,
                                       ${startOfDay(day.add({ days: 1 }))}::timestamptz - step, step) AS period_start
    WHERE c.enabled AND d.digest IS NOT NULL AND k.billing_kind_id = ANY (${[...kindIds]}::smallint[])`.execute(trx);
  await sql`ANALYZE meter_slots`.execute(trx);
}

/**
 * The records of a day: deployment, resource, period, kind, granularity, quantity.
 *
 * A level that stands all day with one owner is one record of each period, and nothing else can
 * add to it: no grouping, and what it accrues is computed once per distinct level (computing it
 * for each of a million rows took 9.6 s, this 3.3 s). All other levels are cut by the periods and
 * added up. One statement reads one snapshot, so that a derivation of levels that commits
 * meanwhile cannot show a resource in both parts or in neither.
 */
export function recordsOf(
  day: Temporal.PlainDate,
  where: { kinds: readonly number[]; granularity?: Granularity; scoped?: boolean },
): RawBuilder<unknown> {
  const from = startOfDay(day);
  const to = startOfDay(day.add({ days: 1 }));
  const slots = sql`
    (SELECT * FROM meter_slots WHERE billing_kind_id = ANY (${[...where.kinds]}::smallint[])
     ${where.granularity === undefined ? sql`` : sql`AND granularity = ${where.granularity}`})`;
  const chosen = where.scoped ? sql`AND resource_id IN (SELECT resource_id FROM meter_scope)` : sql``;
  const standing = sql`
    (SELECT * FROM metered_levels
     WHERE valid_from <= ${from} AND valid_to >= ${to} AND weight = weight_total ${chosen})`;
  return sql`
    (WITH quantities AS MATERIALIZED (
      SELECT p.billing_kind_id, d.level, p.granularity, p.period_start,
             accrued(d.level, 0, 1, 1, p.unit_us, p.from_us, p.to_us) AS quantity
      FROM (SELECT DISTINCT billing_kind_id, level FROM ${standing} AS l) AS d JOIN ${slots} AS p USING (billing_kind_id)
    )
    SELECT l.deployment_id, l.resource_id, q.period_start, l.billing_kind_id, q.granularity, q.quantity
    FROM ${standing} AS l JOIN quantities q USING (billing_kind_id, level)
    UNION ALL
    SELECT l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity,
           sum(accrued(l.level, l.weight_before, l.weight, l.weight_total, p.unit_us,
                       p.from_us + extract(epoch FROM greatest(l.valid_from, p.period_start) - p.period_start) * 1000000,
                       p.from_us + extract(epoch FROM least(l.valid_to, p.period_end) - p.period_start) * 1000000))
    FROM metered_levels l
    JOIN ${slots} AS p ON p.billing_kind_id = l.billing_kind_id AND p.period_start < l.valid_to AND p.period_end > l.valid_from
    WHERE l.valid_from < ${to} AND l.valid_to > ${from} ${chosen}
      AND NOT (l.valid_from <= ${from} AND l.valid_to >= ${to} AND l.weight = l.weight_total)
    GROUP BY l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity)`;
}
