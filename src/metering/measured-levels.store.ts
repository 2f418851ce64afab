import { type RawBuilder, sql } from 'kysely';
import type { TemporaryTable } from '../platform/database/temporary-table.ts';

// Levels that events make. What adds up (a sum, a count, distinct keys) is an impulse: a level that is there for a
// microsecond and counts as itself, one per resource, owner and hour, at the first event of it; units are converted once,
// there. What is greatest (max) is a level of a microsecond that raises the month's peak. A gauge is a level from one event
// to the next. docs/gateway.md

type LevelScope = TemporaryTable<'level_scope'>;

const hourOf = (instant: RawBuilder<unknown>) => sql`date_trunc('hour', ${instant}, 'UTC')`;
const monthOf = (instant: RawBuilder<unknown>) => sql`date_trunc('month', ${instant}, 'UTC')`;
const unattributed = sql`(SELECT deployment_id FROM deployments_list WHERE slug = 'unattributed')`;
const microsecond = sql`interval '1 microsecond'`;

/** Kinds whose levels are there for a microsecond, by their ids. */
export const momentaryKinds: RawBuilder<unknown> = sql`
  SELECT billing_kind_id FROM billing_kinds JOIN gateway_kinds ON gateway_kinds.kind = billing_kinds.slug
  WHERE gateway_kinds.aggregation <> 'gauge'`;

/** From when on the momentary levels of what a scope names are derived anew: an impulse may lie before what was touched. */
export const touchedHour: RawBuilder<unknown> = hourOf(sql`x.touched_from`);

/** What events `m` of the scope's resources an aggregation rests on. */
function within(scope: LevelScope | null, since: RawBuilder<unknown> | null): RawBuilder<unknown> {
  if (scope === null) return sql``;
  return since === null
    ? sql`JOIN ${scope} x ON x.resource_id = m.resource_id`
    : sql`JOIN ${scope} x ON x.resource_id = m.resource_id AND m.at >= ${since}`;
}

/** Columns of an owner's share `o` at an instant; before it starts, it is nobody's. */
const ownerAt = (instant: RawBuilder<unknown>) => sql`
  CASE WHEN o.starts_at <= ${instant} THEN o.deployment_id ELSE ${unattributed} END AS deployment_id, o.weight_before, o.weight, o.weight_total`;

/**
 * The same columns as `levelsOf` of the kinds that events measure. With a `scope`, only of what it names, from the hour
 * of the touched instant on.
 */
export function measuredLevelsOf(kindIds: readonly number[], scope: LevelScope | null): RawBuilder<unknown> {
  const measured = (aggregations: RawBuilder<unknown>, since: RawBuilder<unknown> | null) => sql`
    SELECT m.resource_id, k.billing_kind_id, k.weight_divisor, m.at, m.value, m.unique_key
    FROM kinds k JOIN gateway_measurements m ON m.kind = k.slug AND m.at >= k.defined_from AND m.at < k.defined_to
    ${within(scope, since)}
    WHERE m.aggregation IN (${aggregations})`;
  const isTouched = (at: RawBuilder<unknown>) =>
    scope === null
      ? sql``
      : sql`WHERE ${at} >= (SELECT ${touchedHour} FROM ${scope} x WHERE x.resource_id = f.resource_id)`;
  return sql`
    (WITH kinds AS MATERIALIZED (
       SELECT k.billing_kind_id, k.slug, d.weight_divisor, d.from_day::timestamp AT TIME ZONE 'UTC' AS defined_from,
              coalesce(lead(d.from_day) OVER (PARTITION BY k.billing_kind_id ORDER BY d.from_day)::timestamp AT TIME ZONE 'UTC',
                       'infinity') AS defined_to
       FROM billing_kind_definitions d JOIN billing_kinds k USING (billing_kind_id)
       WHERE billing_kind_id = ANY (${[...kindIds]}::smallint[]) AND d.resource_kind = 'gateway'
     ), added AS MATERIALIZED (${measured(sql`'sum', 'count'`, touchedHour)}),
     ${addedUp}, ${firstOfKeys(measured(sql`'unique'`, monthOf(sql`x.touched_from`)), isTouched(sql`f.at`))},
     ${greatest(measured(sql`'max'`, touchedHour))}, ${gauges(scope)}
     SELECT * FROM sums UNION ALL SELECT * FROM keys UNION ALL SELECT * FROM raising UNION ALL SELECT * FROM standing)`;
}

/**
 * CTE `sums`, over `added`. Hours are added up first; only those in which the owner changes are looked at event by event:
 * joined to their owners one by one, a million events took three times as long.
 */
const addedUp: RawBuilder<unknown> = sql`
  hours AS MATERIALIZED (
    SELECT resource_id, billing_kind_id, weight_divisor, ${hourOf(sql`at`)} AS hour, min(at) AS first, max(at) AS last, sum(value) AS value
    FROM added GROUP BY 1, 2, 3, 4
  ), owned_hours AS MATERIALIZED (
    SELECT h.*, a.owner_set_id
    FROM hours h LEFT JOIN deployments_attributions a ON a.resource_id = h.resource_id AND a.valid_from <= h.first AND a.valid_to > h.last
     AND NOT EXISTS (SELECT FROM deployments_owners o WHERE o.owner_set_id = a.owner_set_id AND o.starts_at > h.first AND o.starts_at <= h.last)
  ), sums AS (
    SELECT h.resource_id, ${ownerAt(sql`h.first`)}, h.first AS piece_from, h.first + ${microsecond} AS piece_to,
           h.billing_kind_id, weighed_level(h.value, h.weight_divisor) AS level
    FROM owned_hours h JOIN deployments_owners o USING (owner_set_id)
    UNION ALL
    SELECT resource_id, deployment_id, weight_before, weight, weight_total, min(at), min(at) + ${microsecond}, billing_kind_id,
           weighed_level(sum(value), weight_divisor)
    FROM (SELECT f.resource_id, f.billing_kind_id, f.weight_divisor, f.at, f.value, h.hour, a.owner_set_id, ${ownerAt(sql`f.at`)}
          FROM owned_hours h
          JOIN added f ON f.resource_id = h.resource_id AND f.billing_kind_id = h.billing_kind_id AND f.weight_divisor = h.weight_divisor
           AND f.at >= h.first AND f.at <= h.last
          JOIN deployments_attributions a ON a.resource_id = f.resource_id AND a.valid_from <= f.at AND a.valid_to > f.at
          JOIN deployments_owners o ON o.owner_set_id = a.owner_set_id
          WHERE h.owner_set_id IS NULL) AS split
    GROUP BY resource_id, billing_kind_id, weight_divisor, hour, owner_set_id, deployment_id, weight_before, weight, weight_total
  )`;

/** CTE `keys`: of each owner and month the first event of each key, by hour. */
function firstOfKeys(measured: RawBuilder<unknown>, isTouched: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    firsts AS (
      SELECT DISTINCT ON (f.resource_id, f.billing_kind_id, o.deployment_id, o.starts_at <= f.at, ${monthOf(sql`f.at`)}, f.unique_key)
             f.resource_id, f.billing_kind_id, f.weight_divisor, f.at, a.owner_set_id, ${ownerAt(sql`f.at`)}
      FROM (${measured}) AS f
      JOIN deployments_attributions a ON a.resource_id = f.resource_id AND a.valid_from <= f.at AND a.valid_to > f.at
      JOIN deployments_owners o USING (owner_set_id)
      ORDER BY f.resource_id, f.billing_kind_id, o.deployment_id, o.starts_at <= f.at, ${monthOf(sql`f.at`)}, f.unique_key, f.at,
               o.weight_before
    ), keys AS (
      SELECT resource_id, deployment_id, weight_before, weight, weight_total, min(at) AS piece_from, min(at) + ${microsecond} AS piece_to,
             billing_kind_id, weighed_level(count(*), weight_divisor) AS level
      FROM firsts f ${isTouched}
      GROUP BY resource_id, billing_kind_id, weight_divisor, ${hourOf(sql`at`)}, owner_set_id, deployment_id, weight_before, weight, weight_total
    )`;
}

/** CTE `raising`: of each hour its first event and those that are greater than all before them; no other raises anything. */
function greatest(measured: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    moments AS (
      SELECT resource_id, billing_kind_id, weight_divisor, at, max(value) AS value FROM (${measured}) AS f GROUP BY 1, 2, 3, 4
    ), raising AS (
      SELECT f.resource_id, ${ownerAt(sql`f.at`)}, f.at AS piece_from, f.at + ${microsecond} AS piece_to, f.billing_kind_id,
             weighed_level(f.value, f.weight_divisor) AS level
      FROM (SELECT *, max(value) OVER (PARTITION BY resource_id, billing_kind_id, ${hourOf(sql`at`)} ORDER BY at
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM moments) AS f
      JOIN deployments_attributions a ON a.resource_id = f.resource_id AND a.valid_from <= f.at AND a.valid_to > f.at
      JOIN deployments_owners o USING (owner_set_id)
      WHERE f.before IS NULL OR f.value > f.before
    )`;
}

/** CTE `standing`: levels from one event of a gauge to the next; of two at the same instant the greater. */
function gauges(scope: LevelScope | null): RawBuilder<unknown> {
  const touched =
    scope === null
      ? sql``
      : sql`WHERE piece_to >= (SELECT x.touched_from FROM ${scope} x WHERE x.resource_id = pieces.resource_id)`;
  return sql`
    gauge AS (
      SELECT resource_id, slug, value, at AS valid_from, coalesce(lead(at) OVER (PARTITION BY resource_id, slug ORDER BY at), 'infinity') AS valid_to
      FROM (SELECT m.resource_id, m.kind AS slug, m.at, max(m.value) AS value
            FROM gateway_measurements m ${within(scope, null)}
            WHERE m.aggregation = 'gauge' AND m.kind IN (SELECT slug FROM kinds) GROUP BY 1, 2, 3) AS said
    ), held AS (
      SELECT g.resource_id, o.deployment_id, o.starts_at, o.weight_before, o.weight, o.weight_total, k.billing_kind_id,
             greatest(g.valid_from, a.valid_from, k.defined_from) AS held_from, least(g.valid_to, a.valid_to, k.defined_to) AS held_to,
             weighed_level(g.value, k.weight_divisor) AS level
      FROM gauge g
      JOIN kinds k ON k.slug = g.slug AND k.defined_from < g.valid_to AND k.defined_to > g.valid_from
      JOIN deployments_attributions a ON a.resource_id = g.resource_id AND a.valid_from < g.valid_to AND a.valid_to > g.valid_from
      JOIN deployments_owners o USING (owner_set_id)
      WHERE greatest(g.valid_from, a.valid_from, k.defined_from) < least(g.valid_to, a.valid_to, k.defined_to)
    ), standing AS (
      SELECT resource_id, deployment_id, weight_before, weight, weight_total, piece_from, piece_to, billing_kind_id, level
      FROM (SELECT resource_id, deployment_id, weight_before, weight, weight_total, greatest(held_from, starts_at) AS piece_from,
                   held_to AS piece_to, billing_kind_id, level
            FROM held WHERE greatest(held_from, starts_at) < held_to
            UNION ALL
            SELECT resource_id, ${unattributed}, weight_before, weight, weight_total, held_from, least(held_to, starts_at),
                   billing_kind_id, level
            FROM held WHERE held_from < least(held_to, starts_at)) AS pieces
      ${touched}
    )`;
}

/** The columns of the above, in their order. */
export const measuredColumns: RawBuilder<unknown> = sql`
  (resource_id, deployment_id, weight_before, weight, weight_total, valid_from, valid_to, billing_kind_id, level)`;
