import { type RawBuilder, sql } from 'kysely';

// Peaks and percentiles. In a calendar month [m0, m1) of M microseconds let D, the discarded time, be
// floor(M x (100 - percentile) / 100): none for a peak. For t in (m0, m1] let
//
//   V(t) = the greatest level L such that the time in [m0, t) with a level >= L is more than D; 0: there is none.
//
// Time without a metered level counts as level 0. V never falls as t grows, and is the month's percentile
// at its end. It rises at instants: at a level from the level below, in the moment in which the time at or
// above it reaches D and it is held on. A record is V(b) - V(a): what was raised in [a, b), and each
// raise belongs to whoever owns the resource in its moment. So records add up however time is cut, and
// none rests on another record.

/** What raises are derived from: queries, or tables. */
interface RaiseSources {
  /**
   * (billing_kind_id, month_start, discarded_us, window_from, window_to): in which part of the month raises are
   * looked for. Levels are read from the beginning of the month to the end of the window.
   */
  readonly months: RawBuilder<unknown>;
  /** (billing_kind_id, month_start, counted_from, counted_to): when the kind is metered; levels of other times count as 0. */
  readonly counted: RawBuilder<unknown>;
  /** (billing_kind_id, resource_id, valid_from, valid_to, level): of each resource one level at a time, whoever owns it. */
  readonly levels: RawBuilder<unknown>;
}

const microseconds = (interval: RawBuilder<unknown>) => sql`extract(epoch FROM ${interval}) * 1000000`;

/**
 * CTEs:
 * - `steps`: of each month and resource the levels above 0 that were held, with the time at or above each (`held_us`)
 *   up to the end of the window, and up to its beginning (`before_us`), and the level below (`lower`);
 * - `raises`: (billing_kind_id, month_start, resource_id, lower, height, raised_at): where V rises in the
 *   window, by one step each.
 *
 * Steps are summed up first: then only levels that are raised in the window meet the pieces of time in it.
 */
export function raisesOf({ months, counted, levels }: RaiseSources): RawBuilder<unknown> {
  const key = sql`billing_kind_id, month_start, resource_id`;
  return sql`
    held AS MATERIALIZED (
      SELECT m.billing_kind_id, m.month_start, m.discarded_us::numeric AS discarded_us, m.window_from, l.resource_id, l.level,
             greatest(l.valid_from, c.counted_from) AS held_from, least(l.valid_to, c.counted_to, m.window_to) AS held_to
      FROM (${months}) AS m
      JOIN (${counted}) AS c ON c.billing_kind_id = m.billing_kind_id AND c.month_start = m.month_start AND c.counted_from < m.window_to
      JOIN (${levels}) AS l ON l.billing_kind_id = m.billing_kind_id AND l.valid_to > c.counted_from
       AND l.valid_from < least(c.counted_to, m.window_to)
      WHERE l.level > 0
    ), steps AS (
      SELECT ${key}, discarded_us, window_from, level, lag(level, 1, 0::numeric) OVER (PARTITION BY ${key} ORDER BY level) AS lower,
             sum(level_before_us) OVER highest AS before_us, sum(level_us) OVER highest AS held_us
      FROM (SELECT ${key}, discarded_us, window_from, level,
                   ${microseconds(sql`sum(greatest(least(held_to, window_from) - held_from, interval '0'))`)} AS level_before_us,
                   ${microseconds(sql`sum(held_to - held_from)`)} AS level_us
            FROM held GROUP BY ${key}, discarded_us, window_from, level) AS each_level
      WINDOW highest AS (PARTITION BY ${key} ORDER BY level DESC)
    ), reached AS (
      SELECT s.billing_kind_id, s.month_start, s.resource_id, s.lower, s.level, s.discarded_us, h.held_from, h.us,
             s.before_us - h.us
               + sum(h.us) OVER (PARTITION BY s.billing_kind_id, s.month_start, s.resource_id, s.level ORDER BY h.held_from) AS reached_us
      FROM steps s
      JOIN (SELECT ${key}, level, greatest(held_from, window_from) AS held_from,
                   ${microseconds(sql`(held_to - greatest(held_from, window_from))`)} AS us
            FROM held WHERE held_to > window_from) AS h
        ON h.billing_kind_id = s.billing_kind_id AND h.month_start = s.month_start AND h.resource_id = s.resource_id AND h.level >= s.level
      WHERE s.before_us <= s.discarded_us AND s.held_us > s.discarded_us
    ), raises AS (
      SELECT ${key}, lower, level AS height, held_from + (discarded_us - reached_us)::float8 * interval '1 microsecond' AS raised_at
      FROM reached WHERE reached_us <= discarded_us AND discarded_us < reached_us + us
    )`;
}

/** What the raise `r` adds to the share of the level `l`. */
export const raisedShare: RawBuilder<unknown> = sql`raised(r.lower, r.height, l.weight_before, l.weight, l.weight_total)`;

/**
 * The CTEs of `raisesOf` for resources (a query of their ids), over the CTE `spans` of `spansOf`: in each month from
 * the first span's beginning to the last one's end. Levels are counted on days on which the kind is enabled.
 */
export function raisesWithin(resources: RawBuilder<unknown>): RawBuilder<unknown> {
  const utc = (day: RawBuilder<unknown>) => sql`${day}::timestamp AT TIME ZONE 'UTC'`;
  return sql`
    raised_months AS MATERIALIZED (
      SELECT billing_kind_id, month_start, discarded_us, (month_start AT TIME ZONE 'UTC')::date AS first_day,
             min(span_from) AS window_from, max(span_to) AS window_to
      FROM spans WHERE discarded_us IS NOT NULL GROUP BY billing_kind_id, month_start, discarded_us
    ), ${raisesOf({
      months: sql`SELECT * FROM raised_months`,
      counted: sql`
        SELECT m.billing_kind_id, m.month_start, ${utc(sql`stretch_from`)} AS counted_from, ${utc(sql`stretch_to`)} AS counted_to
        FROM raised_months m
        CROSS JOIN LATERAL enabled_stretches(m.billing_kind_id, m.first_day, (m.first_day + interval '1 month')::date)`,
      levels: sql`
        SELECT * FROM levels_of_resources(ARRAY(SELECT DISTINCT billing_kind_id FROM raised_months), ARRAY(${resources}),
                                          (SELECT min(month_start) FROM raised_months), (SELECT max(window_to) FROM raised_months))`,
    })}`;
}

/** The raises of `raisesWithin` in the spans, by whose they were: beside each `r` its level `l` with a share of it. */
export const ownRaises: RawBuilder<unknown> = sql`
  raises r
  JOIN spans s ON s.billing_kind_id = r.billing_kind_id AND s.span_from <= r.raised_at AND s.span_to > r.raised_at
  JOIN metered_levels l ON l.billing_kind_id = r.billing_kind_id AND l.resource_id = r.resource_id
   AND l.valid_from <= r.raised_at AND l.valid_to > r.raised_at`;
