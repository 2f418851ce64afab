import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';

// Levels that events make. What adds up (a sum, a count, distinct keys) is an impulse: a level that is there for a
// microsecond and counts as itself, one per resource, owner and hour, at the first event of it; units are converted once,
// there. What is greatest (max) is a level of a microsecond that raises the month's peak. A gauge is a level from one event
// to the next. docs/gateway.md
//
// A kind's meter and times stand in the statement as constants, and owners in a table that was analyzed: where the planner
// knew neither how many events a kind has nor how many owners there are, a month of a million took twenty times as long.

type LevelScope = TemporaryTable<'level_scope'>;
type OwnerPieces = TemporaryTable<'owner_pieces'>;

const hourOf = (instant: RawBuilder<unknown>) => sql`date_trunc('hour', ${instant}, 'UTC')`;
const monthOf = (instant: RawBuilder<unknown>) => sql`date_trunc('month', ${instant}, 'UTC')`;
const microsecond = sql`interval '1 microsecond'`;

/** weighed_level(), written out: as a function it is not inlined. */
const weighed = (value: RawBuilder<unknown>, divisor: RawBuilder<unknown>) =>
  sql`0.000000001 * div(2000000000 * greatest(${value}, 0) + ${divisor}, 2 * ${divisor})`;

/** Kinds whose levels are there for a microsecond, by their ids. */
export const momentaryKinds: RawBuilder<unknown> = sql`
  SELECT billing_kind_id FROM billing_kinds JOIN gateway_kinds ON gateway_kinds.kind = billing_kinds.slug
  WHERE gateway_kinds.aggregation <> 'gauge'`;

/** From when on the momentary levels of what a scope names are derived anew: an impulse may lie before what was touched. */
export const touchedHour: RawBuilder<unknown> = hourOf(sql`x.touched_from`);

/** A kind that events measure, with its definitions. */
interface MeasuredKind {
  readonly billingKindId: number;
  readonly meterId: number;
  readonly aggregation: 'sum' | 'count' | 'max' | 'unique' | 'gauge';
  readonly definitions: readonly MeasuredDefinition[];
}

interface MeasuredDefinition {
  readonly divisor: string;
  readonly from: string;
  /** An instant, or `infinity`. */
  readonly to: string;
}

export async function selectMeasuredKinds(trx: UnitOfWork, ids: readonly number[]): Promise<MeasuredKind[]> {
  if (ids.length === 0) return [];
  const { rows } = await statement<MeasuredKind>('metering.selectMeasuredKinds')`
    SELECT billing_kind_id AS "billingKindId", g.meter_id AS "meterId", g.aggregation,
           json_agg(json_build_object('divisor', d.weight_divisor::text, 'from', d.since, 'to', d.until) ORDER BY d.since) AS definitions
    FROM billing_kinds k JOIN gateway_kinds g ON g.kind = k.slug
    JOIN (SELECT billing_kind_id, weight_divisor, from_day::timestamp AT TIME ZONE 'UTC' AS since,
                 coalesce(lead(from_day) OVER (PARTITION BY billing_kind_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC',
                          'infinity') AS until
          FROM billing_kind_definitions WHERE resource_kind = 'gateway') AS d USING (billing_kind_id)
    WHERE billing_kind_id = ANY (${[...ids]}::smallint[])
    GROUP BY billing_kind_id, g.meter_id, g.aggregation ORDER BY billing_kind_id`.execute(trx);
  return rows;
}

/** Whose what events name is, share by share, cut where an owner starts: before it, a share is nobody's. */
export function prepareOwnerPieces(trx: UnitOfWork, scope: LevelScope | null): Promise<OwnerPieces> {
  return createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareOwnerPieces', table: 'owner_pieces', analyze: true },
    sql`
    SELECT a.resource_id, a.owner_set_id, o.deployment_id AS owner_id, p.deployment_id, p.held_from, p.held_to,
           o.weight_before, o.weight, o.weight_total
    FROM inventory_resources r JOIN deployments_attributions a USING (resource_id) JOIN deployments_owners o USING (owner_set_id)
    ${scope === null ? sql`` : sql`JOIN ${scope} x ON x.resource_id = a.resource_id`}
    CROSS JOIN LATERAL (VALUES
      ((SELECT deployment_id FROM deployments_list WHERE slug = 'unattributed'), a.valid_from, least(a.valid_to, o.starts_at)),
      (o.deployment_id, greatest(a.valid_from, o.starts_at), a.valid_to)) AS p (deployment_id, held_from, held_to)
    WHERE r.kind = 'gateway' AND p.held_from < p.held_to`,
  );
}

interface Narrowed {
  readonly pieces: OwnerPieces;
  readonly scope: LevelScope | null;
}

/**
 * The columns `measuredColumns` of the kinds that events measure. With a `scope`, only of what it names, from the hour of
 * the touched instant on.
 */
export function measuredLevelsOf(kinds: readonly MeasuredKind[], within: Narrowed): RawBuilder<unknown> {
  const parts = kinds.flatMap((kind) => {
    if (kind.aggregation === 'gauge') return [standing(kind, within)];
    if (kind.aggregation === 'unique') return [firstOfKeys(kind, within)];
    const levels = kind.aggregation === 'max' ? raising : addedUp;
    return kind.definitions.map((definition) => levels(kind, definition, within));
  });
  return sql`(${sql.join(parts, sql` UNION ALL `)})`;
}

/** Events `m` under a definition, of the scope's resources from an instant on. */
function measured(
  kind: MeasuredKind,
  definition: MeasuredDefinition,
  scope: LevelScope | null,
  since: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`gateway_measurements m
    ${scope === null ? sql`` : sql`JOIN ${scope} x ON x.resource_id = m.resource_id AND m.at >= ${since}`}
    WHERE m.meter_id = ${kind.meterId}::smallint AND m.at >= ${definition.from}::timestamptz AND m.at < ${definition.to}::timestamptz`;
}

/** Whether the piece `p` of an owner holds at an instant of `of`'s resource. */
const heldAt = (of: RawBuilder<unknown>, at: RawBuilder<unknown>) =>
  sql`p.resource_id = ${of} AND p.held_from <= ${at} AND p.held_to > ${at}`;

const share = sql`p.deployment_id, p.weight_before, p.weight, p.weight_total`;

/** Hours are added up first; only those within which a piece begins or ends are looked at event by event. */
function addedUp(kind: MeasuredKind, definition: MeasuredDefinition, { pieces, scope }: Narrowed): RawBuilder<unknown> {
  const divisor = sql`${definition.divisor}::numeric`;
  const id = sql`${kind.billingKindId}::smallint`;
  const isWhole = sql`p.held_from <= h.first AND p.held_to > h.last`;
  return sql`
    (WITH hours AS MATERIALIZED (
       SELECT m.resource_id, ${hourOf(sql`m.at`)} AS hour, min(m.at) AS first, max(m.at) AS last, sum(m.value) AS value
       FROM ${measured(kind, definition, scope, touchedHour)} GROUP BY 1, 2
     )
     SELECT h.resource_id, ${share}, h.first, h.first + ${microsecond}, ${id}, ${weighed(sql`h.value`, divisor)}
     FROM hours h JOIN ${pieces} p ON p.resource_id = h.resource_id AND ${isWhole}
     UNION ALL
     SELECT h.resource_id, ${share}, min(part.first), min(part.first) + ${microsecond}, ${id}, ${weighed(sql`sum(part.value)`, divisor)}
     FROM hours h
     JOIN ${pieces} p ON p.resource_id = h.resource_id AND p.held_from <= h.last AND p.held_to > h.first AND NOT (${isWhole})
     CROSS JOIN LATERAL (
       SELECT min(m.at) AS first, sum(m.value) AS value FROM gateway_measurements m
       WHERE m.meter_id = ${kind.meterId}::smallint AND m.resource_id = h.resource_id AND m.at >= greatest(h.first, p.held_from) AND m.at <= h.last
         AND m.at < p.held_to) AS part
     WHERE part.first IS NOT NULL
     GROUP BY h.resource_id, h.hour, p.owner_set_id, ${share})`;
}

/** Of each owner and month the first event of each key, by hour. */
function firstOfKeys(kind: MeasuredKind, { pieces, scope }: Narrowed): RawBuilder<unknown> {
  const events = kind.definitions.map(
    (definition) => sql`
      SELECT m.resource_id, m.at, m.unique_key, ${definition.divisor}::numeric AS divisor
      FROM ${measured(kind, definition, scope, monthOf(sql`x.touched_from`))}`,
  );
  const isTouched =
    scope === null
      ? sql``
      : sql`WHERE f.at >= (SELECT ${touchedHour} FROM ${scope} x WHERE x.resource_id = f.resource_id)`;
  const isOwn = sql`p.deployment_id = p.owner_id`;
  return sql`
    (SELECT resource_id, deployment_id, weight_before, weight, weight_total, min(at), min(at) + ${microsecond},
            ${kind.billingKindId}::smallint, ${weighed(sql`count(*)`, sql`divisor`)}
     FROM (SELECT DISTINCT ON (m.resource_id, p.owner_id, ${isOwn}, ${monthOf(sql`m.at`)}, m.unique_key)
                  m.resource_id, m.at, m.divisor, p.owner_set_id, ${share}
           FROM (${sql.join(events, sql` UNION ALL `)}) AS m JOIN ${pieces} p ON ${heldAt(sql`m.resource_id`, sql`m.at`)}
           ORDER BY m.resource_id, p.owner_id, ${isOwn}, ${monthOf(sql`m.at`)}, m.unique_key, m.at, p.weight_before) AS f
     ${isTouched}
     GROUP BY resource_id, divisor, ${hourOf(sql`at`)}, owner_set_id, deployment_id, weight_before, weight, weight_total)`;
}

/** Of each hour its first event and those that are greater than all before them; no other raises anything. */
function raising(kind: MeasuredKind, definition: MeasuredDefinition, { pieces, scope }: Narrowed): RawBuilder<unknown> {
  return sql`
    (SELECT f.resource_id, ${share}, f.at, f.at + ${microsecond}, ${kind.billingKindId}::smallint,
            ${weighed(sql`f.value`, sql`${definition.divisor}::numeric`)}
     FROM (SELECT *, max(value) OVER (PARTITION BY resource_id, ${hourOf(sql`at`)} ORDER BY at
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
           FROM (SELECT m.resource_id, m.at, max(m.value) AS value
                 FROM ${measured(kind, definition, scope, touchedHour)} GROUP BY 1, 2) AS moments) AS f
     JOIN ${pieces} p ON ${heldAt(sql`f.resource_id`, sql`f.at`)}
     WHERE f.before IS NULL OR f.value > f.before)`;
}

/** Levels from one event of a gauge to the next; of two at the same instant the greater. */
function standing(kind: MeasuredKind, { pieces, scope }: Narrowed): RawBuilder<unknown> {
  const definitions = kind.definitions.map(
    ({ divisor, from, to }) => sql`(${divisor}::numeric, ${from}::timestamptz, ${to}::timestamptz)`,
  );
  const from = sql`greatest(g.at, p.held_from, d.defined_from)`;
  const to = sql`least(g.until, p.held_to, d.defined_to)`;
  return sql`
    (SELECT g.resource_id, ${share}, ${from}, ${to}, ${kind.billingKindId}::smallint, ${weighed(sql`g.value`, sql`d.divisor`)}
     FROM (SELECT *, coalesce(lead(at) OVER (PARTITION BY resource_id ORDER BY at), 'infinity') AS until
           FROM (SELECT m.resource_id, m.at, max(m.value) AS value FROM gateway_measurements m
                 ${scope === null ? sql`` : sql`JOIN ${scope} x ON x.resource_id = m.resource_id`}
                 WHERE m.meter_id = ${kind.meterId}::smallint GROUP BY 1, 2) AS said) AS g
     JOIN (VALUES ${sql.join(definitions)}) AS d (divisor, defined_from, defined_to) ON d.defined_from < g.until AND d.defined_to > g.at
     JOIN ${pieces} p ON p.resource_id = g.resource_id AND p.held_from < g.until AND p.held_to > g.at
     ${scope === null ? sql`` : sql`JOIN ${scope} x ON x.resource_id = g.resource_id AND ${to} >= x.touched_from`}
     WHERE ${from} < ${to})`;
}

/** The columns of the above, in their order. */
export const measuredColumns: RawBuilder<unknown> = sql`
  (resource_id, deployment_id, weight_before, weight, weight_total, valid_from, valid_to, billing_kind_id, level)`;
