import { type RawBuilder, sql } from 'kysely';
import type { DayRange } from './period.ts';
import { startOfDay } from './period.ts';

// What levels accrue over any stretch of metered days. Records are differences of running totals,
// so that what a level accrued over a stretch is one difference, however its records are cut.

/**
 * Stretches of days of a range for which a kind is metered, or was until the records were retired,
 * each within one month:
 * (billing_kind_id, month_start, unit_us, discarded_us, span_from, span_to). `discarded_us` is NULL of what
 * accrues; of a peak or a percentile, see `raisesWithin`.
 */
export function meteredSpans(range: DayRange): RawBuilder<unknown> {
  return spansOf(sql`
    SELECT day, billing_kind_id FROM metered_days WHERE day >= ${range.from} AND day < ${range.to}
    UNION ALL
    SELECT d::date, r.billing_kind_id FROM usage_retired_months r
    CROSS JOIN LATERAL generate_series(r.month::timestamp, r.month + interval '1 month' - interval '1 day',
                                       interval '1 day') AS d
    WHERE d >= ${range.from}::date AND d < ${range.to}::date`);
}

/** The same of any days of kinds: a query of (day, billing_kind_id). */
export function spansOf(days: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT billing_kind_id, month_start, lower(span) AS span_from, upper(span) AS span_to,
           CASE accrual WHEN 'hours' THEN 3600000000::numeric WHEN 'events' THEN 1
                ELSE extract(epoch FROM (month_start AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' - month_start) * 1000000
           END AS unit_us,
           discarded_us(aggregation, percentile, (month_start AT TIME ZONE 'UTC')::date) AS discarded_us
    FROM (SELECT m.billing_kind_id, d.accrual, d.aggregation, d.percentile, date_trunc('month', m.day::timestamp) AT TIME ZONE 'UTC' AS month_start,
                 range_agg(tstzrange(m.day::timestamp AT TIME ZONE 'UTC', (m.day + 1)::timestamp AT TIME ZONE 'UTC')) AS spans
          FROM (${days}) AS m
          CROSS JOIN LATERAL (SELECT accrual, aggregation, percentile FROM billing_kind_definitions d
                              WHERE d.billing_kind_id = m.billing_kind_id AND d.from_day <= m.day
                              ORDER BY d.from_day DESC LIMIT 1) AS d
          GROUP BY 1, 2, 3, 4, 5) AS months,
         unnest(spans) AS span`;
}

/**
 * What the level `l`, of a kind that accrues, does within the span `s`, over [from, to) where that is given. An impulse,
 * whose unit is a microsecond, counts as itself.
 */
export function accruedWithin(from?: RawBuilder<unknown>, to?: RawBuilder<unknown>): RawBuilder<unknown> {
  const begin = from === undefined ? sql`` : sql`, ${from}`;
  const end = to === undefined ? sql`` : sql`, ${to}`;
  return sql`
    accrued(l.level, l.weight_before, l.weight, l.weight_total, s.unit_us,
            CASE WHEN s.unit_us = 1 THEN 0 ELSE extract(epoch FROM greatest(l.valid_from, s.span_from ${begin}) - s.month_start) * 1000000 END,
            CASE WHEN s.unit_us = 1 THEN 1 ELSE extract(epoch FROM least(l.valid_to, s.span_to ${end}) - s.month_start) * 1000000 END)`;
}

/** Whether the level `l` lies anywhere in a range of days. */
export function levelIn(range: DayRange): RawBuilder<unknown> {
  return sql`l.valid_from < ${startOfDay(range.to)} AND l.valid_to > ${startOfDay(range.from)}`;
}
