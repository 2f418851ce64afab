import { type RawBuilder, sql } from 'kysely';
import { appendChanges, resourceChanges } from '../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { Accrual } from './accrual.ts';
import {
  type DatedConfig,
  type DatedDefinition,
  type MeteredSpan,
  meteredThrough,
} from './finality/metered-through.ts';
import {
  measuredColumns,
  measuredLevelsOf,
  momentaryKinds,
  prepareOwnerPieces,
  selectMeasuredKinds,
  touchedHour,
} from './measured-levels.store.ts';
import type { DayRange, Granularity } from './period.ts';
import { startOfDay, startOfMonth } from './period.ts';
import type { Written } from './records/usage-store.ts';
import { preparedStatement, statement, unplanned } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';

// Which kinds to meter on a day ------------------------------------------------------------

/** All definitions of each kind in one text: what its levels are derived from. */
const definitionsOfKinds = sql`
  SELECT billing_kind_id, string_agg(d::text, E'\\n' ORDER BY from_day) AS definitions, bool_or(resource_kind = 'gateway') AS measured
  FROM billing_kind_definitions d GROUP BY billing_kind_id`;

/** The configuration `c` and the definition `d` of the kind `k` on a day; NULL where it has none yet. */
export function kindOn(day: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    LEFT JOIN LATERAL (SELECT enabled, granularity FROM metering_config
                       WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${day}
                       ORDER BY from_day DESC LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT accrual, aggregation, percentile,
                              CASE aggregation WHEN 'sum' THEN md5(definition::text)
                                   ELSE month_digest(definition.billing_kind_id, ${day}) END AS digest
                       FROM billing_kind_definitions definition
                       WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${day}
                       ORDER BY from_day DESC LIMIT 1) d ON true`;
}

/** Has retention removed the records of the kind `k` of a day? */
function retiredOn(day: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`EXISTS (SELECT FROM usage_retired_months retired WHERE retired.billing_kind_id = k.billing_kind_id
                     AND retired.month >= date_trunc('month', ${day}::timestamp)::date)`;
}

/** Has retention removed any kind's records of a day? */
export async function isRetired(db: Queryable, day: Temporal.PlainDate): Promise<boolean> {
  const { rows } = await statement<{ retired: boolean }>('metering.isRetired')`
    SELECT EXISTS (SELECT FROM usage_retired_months
                   WHERE month >= date_trunc('month', ${day}::date::timestamp)::date) AS retired`.execute(db);
  return rows[0]?.retired ?? false;
}

/** What of a month a day's peak, percentile or distinct keys rest on, beside the levels. */
export interface Raising {
  /** Of a peak or a percentile how much of the month's time, the highest levels first, does not count. */
  readonly discardedUs: number;
  /** The days of the month, up to the day, on which the kind is enabled: levels of other days count as 0. */
  readonly counted: readonly DayRange[];
}

/** A billing kind as it stands on a day, beside how that day was metered last, if it was. */
export interface KindOfDay {
  readonly billingKindId: number;
  readonly slug: string;
  readonly enabled: boolean;
  readonly granularity: Granularity;
  readonly accrual: Accrual;
  /** Of what rests on its month: a peak, a percentile, distinct keys; null: its levels are added up. */
  readonly raising: Raising | null;
  /** Digest of its definition; of a peak or a percentile, of what its month up to the day rests on. */
  readonly definition: string;
  readonly metered: { granularity: Granularity; definition: string; changeId: number } | null;
}

/**
 * Kinds that are enabled on the day, or were metered for it and no longer are. A kind whose levels
 * are not derived from its definitions of this moment and from all facts up to `upTo` is left out:
 * somebody has just changed it, and the next metering will find it.
 */
export async function selectKindsOfDay(db: Queryable, day: Temporal.PlainDate, upTo: number): Promise<KindOfDay[]> {
  interface Row {
    billing_kind_id: number;
    slug: string;
    enabled: boolean;
    granularity: Granularity;
    accrual: Accrual;
    definition: string;
    raises: boolean;
    metered_granularity: Granularity | null;
    metered_definition: string | null;
    change_id: number | null;
  }
  const { rows } = await preparedStatement<Row>('metering.selectKindsOfDay')`
    SELECT k.billing_kind_id, k.slug, e.enabled, coalesce(c.granularity, 'day') AS granularity,
           coalesce(d.accrual, 'hours') AS accrual, coalesce(d.digest, '') AS definition,
           coalesce(d.aggregation <> 'sum', false) AS raises, m.granularity AS metered_granularity,
           m.definition AS metered_definition, m.change_id
    FROM billing_kinds k ${kindOn(sql`${day}`)}
    CROSS JOIN LATERAL (SELECT coalesce(c.enabled, false) AND d.digest IS NOT NULL AS enabled) AS e
    LEFT JOIN metered_days m ON m.billing_kind_id = k.billing_kind_id AND m.day = ${day}
    LEFT JOIN metered_levels_progress p ON p.billing_kind_id = k.billing_kind_id
    LEFT JOIN (${definitionsOfKinds}) AS a ON a.billing_kind_id = k.billing_kind_id
    WHERE CASE WHEN e.enabled THEN p.definitions = a.definitions AND p.change_id >= ${upTo} ELSE m.day IS NOT NULL END
      AND NOT ${retiredOn(sql`${day}`)}
    ORDER BY k.billing_kind_id`.execute(db);
  const raisings = rows.some((row) => row.raises) ? await selectRaisings(db, day) : new Map<number, Raising>();
  return rows.map((row) => ({
    billingKindId: row.billing_kind_id,
    slug: row.slug,
    enabled: row.enabled,
    granularity: row.granularity,
    accrual: row.accrual,
    raising: raisings.get(row.billing_kind_id) ?? null,
    definition: row.definition,
    metered:
      row.metered_granularity === null || row.metered_definition === null || row.change_id === null
        ? null
        : {
            granularity: row.metered_granularity,
            definition: row.metered_definition,
            changeId: row.change_id,
          },
  }));
}

/** What peaks and percentiles of a day rest on, by kind. Asked for apart: the planner takes longer over it than over all kinds. */
async function selectRaisings(db: Queryable, day: Temporal.PlainDate): Promise<Map<number, Raising>> {
  const month = startOfMonth(day);
  const { rows } = await statement<{
    billing_kind_id: number;
    discarded_us: number;
    counted: { from: string; to: string }[];
  }>('metering.selectRaisings')`
    SELECT k.billing_kind_id, coalesce(discarded_us(d.aggregation, d.percentile, ${month}::date), 0)::bigint AS discarded_us,
           (SELECT coalesce(json_agg(json_build_object('from', stretch_from, 'to', stretch_to) ORDER BY stretch_from), '[]')
            FROM enabled_stretches(k.billing_kind_id, ${month}::date, ${day}::date + 1)) AS counted
    FROM billing_kinds k ${kindOn(sql`${day}`)} WHERE d.aggregation <> 'sum'`.execute(db);
  return new Map(
    rows.map((row) => [
      row.billing_kind_id,
      { discardedUs: row.discarded_us, counted: row.counted.map(({ from, to }) => daysBetween(from, to)) },
    ]),
  );
}

function daysBetween(from: string, to: string): DayRange {
  return { from: Temporal.PlainDate.from(from), to: Temporal.PlainDate.from(to) };
}

/** The driver reports no row count for CREATE TABLE AS. */
export async function countRows(trx: UnitOfWork, table: RawBuilder<unknown>): Promise<number> {
  const { rows } = await statement<{ count: number }>(
    'metering.countRows',
  )`SELECT count(*) AS count FROM ${table}`.execute(trx);
  return rows[0]?.count ?? 0;
}

// Levels: what a day is metered from --------------------------------------------------------

/**
 * Serialises the derivation of levels, over all processes, until the transaction ends. LOCK takes
 * no snapshot: that of a repeatable read transaction begins after the wait.
 */
export async function lockLevels(trx: UnitOfWork): Promise<void> {
  await statement('metering.lockLevels')`LOCK TABLE metered_levels_progress IN EXCLUSIVE MODE`.execute(trx);
}

/** Where the derivation of the levels of each kind that was ever enabled stands. */
export interface LevelsOfKind {
  readonly billingKindId: number;
  /** What its definitions are, all in one; differs from `derivedFrom` when levels must be derived anew. */
  readonly definitions: string;
  readonly derivedFrom: string | null;
  readonly changeId: number;
  /** Its levels are those of events. */
  readonly measured: boolean;
}

export async function selectLevelsProgress(db: Queryable): Promise<LevelsOfKind[]> {
  const { rows } = await statement<LevelsOfKind>('metering.selectLevelsProgress')`
    SELECT d.billing_kind_id AS "billingKindId", d.definitions, p.definitions AS "derivedFrom",
           coalesce(p.change_id, 0) AS "changeId", d.measured
    FROM (${definitionsOfKinds}) AS d
    LEFT JOIN metered_levels_progress p USING (billing_kind_id)
    WHERE billing_kind_id IN (SELECT billing_kind_id FROM metering_config WHERE enabled)
    ORDER BY 1`.execute(db);
  return rows;
}

/**
 * Resources with a change behind a position, each from the earliest instant
 * touched on. All that this snapshot sees, however new: what is derived rests on them all, and a
 * piece that a change left out here has cut would be lost. And how many of them there are: with states, and that events are about.
 */
export async function prepareLevelScope(
  trx: UnitOfWork,
  after: number,
): Promise<{ readonly scope: LevelScope; readonly ofStates: number; readonly ofEvents: number }> {
  const scope = await createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareLevelScope', table: 'level_scope', analyze: true },
    sql`
      SELECT resource_id, min(valid_from) AS touched_from FROM ${resourceChanges} AS c
      WHERE change_id > ${after} GROUP BY resource_id`,
  );
  const { rows } = await statement<{ ofStates: number; ofEvents: number }>('metering.prepareLevelScope.count')`
    SELECT count(*) FILTER (WHERE r.kind <> 'gateway') AS "ofStates", count(*) FILTER (WHERE r.kind = 'gateway') AS "ofEvents"
    FROM ${scope} JOIN inventory_resources r USING (resource_id)`.execute(trx);
  return { scope, ...(rows[0] ?? { ofStates: 0, ofEvents: 0 }) };
}

type LevelScope = TemporaryTable<'level_scope'>;

/**
 * Levels of kinds as facts have them now, but for those that events measure (`measuredLevelsOf`): states, cut by the validity of the kind's definitions,
 * by attributions, by the account's metered_from, and by the owner's starts_at, before which the
 * share is nobody's. With a `scope`, only what it names, from the touched instant on. With `of`,
 * only what matters to these deployments, with what is unassigned until they start; `whole`: all of the resources that
 * they owned anything of, whoever else did.
 */
export function levelsOf(
  kindIds: readonly number[],
  scope: LevelScope | null,
  of?: { readonly deploymentIds: readonly number[]; readonly range: DayRange; readonly whole?: boolean },
): RawBuilder<unknown> {
  const ids = sql`${[...(of?.deploymentIds ?? [])]}::bigint[]`;
  const theirs = of?.whole
    ? sql`s.resource_id IN (SELECT own.resource_id FROM deployments_owners JOIN deployments_attributions own USING (owner_set_id)
                            WHERE deployment_id = ANY (${ids}))`
    : sql`o.deployment_id = ANY (${ids})`;
  const narrowed = of
    ? sql`WHERE ${theirs}
            AND s.valid_from < ${startOfDay(of.range.to)} AND s.valid_to > ${startOfDay(of.range.from)}`
    : sql``;
  const held = sql`
    SELECT s.resource_id, o.deployment_id, o.starts_at, o.weight_before, o.weight, o.weight_total, k.billing_kind_id,
           greatest(s.valid_from, a.valid_from, c.metered_from, k.defined_from) AS held_from,
           least(s.valid_to, a.valid_to, k.defined_to) AS held_to,
           CASE WHEN k.statuses IS NOT NULL AND NOT s.status = ANY (k.statuses) THEN 0
                WHEN k.weight_attribute IS NULL THEN 1
                WHEN jsonb_typeof(s.attributes -> k.weight_attribute) = 'number'
                -- weighed_level(), written out: as a function it is not inlined.
                THEN 0.000000001 * div(2000000000 * greatest((s.attributes ->> k.weight_attribute)::numeric, 0) + k.weight_divisor,
                                       2 * k.weight_divisor)
                ELSE 0 END AS level
           ${scope ? sql`, x.touched_from` : sql``}
    FROM inventory_states s
    ${scope ? sql`JOIN ${scope} x ON x.resource_id = s.resource_id AND x.touched_from <= s.valid_to` : sql``}
    JOIN (SELECT *, from_day::timestamp AT TIME ZONE 'UTC' AS defined_from,
                 coalesce(lead(from_day) OVER (PARTITION BY billing_kind_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC',
                          'infinity') AS defined_to
          FROM billing_kind_definitions WHERE billing_kind_id = ANY (${[...kindIds]}::smallint[]) AND resource_kind <> 'gateway') AS k
      ON k.resource_kind = s.kind AND (k.filter = '{}' OR s.attributes @> k.filter)
     AND k.defined_from < s.valid_to AND k.defined_to > s.valid_from
    JOIN inventory_accounts c ON c.account_id = s.account_id
    JOIN deployments_attributions a ON a.resource_id = s.resource_id
     AND a.valid_from < s.valid_to AND a.valid_to > s.valid_from ${scope ? sql`AND a.valid_to >= x.touched_from` : sql``}
    JOIN deployments_owners o USING (owner_set_id)
    ${narrowed}`;
  // A piece that now ends where the change begins was, until then, part of a longer one.
  const touched = (to: RawBuilder<unknown>) => (scope ? sql`AND ${to} >= touched_from` : sql``);
  return sql`
    (WITH held AS MATERIALIZED (${held})
     SELECT resource_id, deployment_id, greatest(held_from, starts_at) AS piece_from, held_to AS piece_to,
            weight_before, weight, weight_total, billing_kind_id, level
     FROM held WHERE greatest(held_from, starts_at) < held_to ${touched(sql`held_to`)}
     UNION ALL
     SELECT resource_id, (SELECT deployment_id FROM deployments_list WHERE slug = 'unattributed'), held_from,
            least(held_to, starts_at), weight_before, weight, weight_total, billing_kind_id, level
     FROM held WHERE held_from < least(held_to, starts_at) ${touched(sql`least(held_to, starts_at)`)})`;
}

const levelColumns = sql`(resource_id, deployment_id, valid_from, valid_to, weight_before, weight, weight_total,
                          billing_kind_id, level)`;

/** Kinds whose levels are derived together: those of states, and those of events. */
interface DerivedKinds {
  readonly ids: readonly number[];
  readonly measured: readonly number[];
}

/** Derives all levels of kinds anew: in the order in which records are indexed and read. */
export async function rebuildLevels(trx: UnitOfWork, { ids, measured }: DerivedKinds): Promise<void> {
  await statement(
    'metering.rebuildLevels.delete_metered_levels',
  )`DELETE FROM metered_levels WHERE billing_kind_id = ANY (${[...ids, ...measured]}::smallint[])`.execute(trx);
  if (ids.length > 0)
    await statement(
      'metering.rebuildLevels.insert_metered_levels',
    )`INSERT INTO metered_levels ${levelColumns} ${levelsOf(ids, null)}
      ORDER BY deployment_id, billing_kind_id, resource_id`.execute(trx);
  await insertMeasured(trx, measured, null);
}

/** Derives anew what a scope names. */
export async function refreshLevels(
  trx: UnitOfWork,
  scope: LevelScope,
  { ids, measured }: DerivedKinds,
): Promise<void> {
  if (ids.length > 0) {
    await statement('metering.refreshLevels.delete_metered_levels')`
      DELETE FROM metered_levels l USING ${scope} x
      WHERE l.resource_id = x.resource_id AND l.valid_to >= x.touched_from
        AND l.billing_kind_id = ANY (${[...ids]}::smallint[])`.execute(trx);
    await statement(
      'metering.refreshLevels.insert_metered_levels',
    )`INSERT INTO metered_levels ${levelColumns} ${levelsOf(ids, scope)}`.execute(trx);
  }
  if (measured.length === 0) return;
  await statement('metering.refreshLevels.delete_measured_levels')`
    DELETE FROM metered_levels l USING ${scope} x
    WHERE l.resource_id = x.resource_id AND l.valid_to >= ${touchedHour}
      AND CASE WHEN l.billing_kind_id IN (${momentaryKinds}) THEN l.valid_from >= ${touchedHour} ELSE l.valid_to >= x.touched_from END
      AND l.billing_kind_id = ANY (${[...measured]}::smallint[])`.execute(trx);
  await insertMeasured(trx, measured, scope);
}

async function insertMeasured(trx: UnitOfWork, ids: readonly number[], scope: LevelScope | null): Promise<void> {
  const kinds = await selectMeasuredKinds(trx, ids);
  if (kinds.length === 0) return;
  const pieces = await prepareOwnerPieces(trx, scope);
  // By their ends first: those of a day lie together, and hardly two are the same, so that one column decides.
  await statement('metering.insertMeasured')`
    INSERT INTO metered_levels ${measuredColumns}
    SELECT * FROM ${measuredLevelsOf(kinds, { pieces, scope })} AS l ${measuredColumns}
    ORDER BY valid_to, deployment_id, billing_kind_id, resource_id`.execute(trx);
}

export async function upsertLevelsProgress(
  trx: UnitOfWork,
  kinds: readonly LevelsOfKind[],
  upTo: number,
): Promise<void> {
  await statement('metering.upsertLevelsProgress')`
    INSERT INTO metered_levels_progress (billing_kind_id, change_id, definitions)
    SELECT id, ${upTo}, definitions
    FROM unnest(${kinds.map((kind) => kind.billingKindId)}::smallint[], ${kinds.map((kind) => kind.definitions)}::text[])
      AS k (id, definitions)
    ON CONFLICT (billing_kind_id) DO UPDATE SET
      change_id = excluded.change_id, definitions = excluded.definitions`.execute(trx);
}

/**
 * After a large change the planner must know what levels there are, also how many different ones: it is by this that a day
 * is computed once for each level (Memoize) and not for each resource, which takes four times as long.
 */
export async function analyzeLevels(trx: UnitOfWork): Promise<void> {
  await statement('metering.analyzeLevels')`ANALYZE metered_levels`.execute(trx);
}

/** Whether there are more than twice the levels that the planner knows of: no autovacuum looks at a partitioned table as a whole. */
export async function haveLevelsGrown(trx: UnitOfWork): Promise<boolean> {
  const { rows } = await statement<{ grown: boolean }>('metering.haveLevelsGrown')`
    SELECT sum(part.reltuples) > 2 * greatest(whole.reltuples, 0) AS grown
    FROM pg_class whole JOIN pg_inherits i ON i.inhparent = whole.oid JOIN pg_class part ON part.oid = i.inhrelid
    WHERE whole.oid = 'metered_levels'::regclass AND part.reltuples > 0 GROUP BY whole.reltuples`.execute(trx);
  return rows[0]?.grown ?? false;
}

// What a metering works from: temporary tables of one transaction ----------------------------

/** Serialises the meterings of one day, over all processes, until the transaction ends. */
export async function lockDay(trx: UnitOfWork, day: Temporal.PlainDate): Promise<void> {
  await statement('metering.lockDay')`
    SELECT pg_advisory_xact_lock(hashtext('arcadia metering'), (${day}::date - date '2000-01-01')::int)`.execute(trx);
}

/** The same of every day of a range. */
export async function lockDays(trx: UnitOfWork, range: DayRange): Promise<void> {
  await statement('metering.lockDays')`
    SELECT pg_advisory_xact_lock(hashtext('arcadia metering'), day - (date '2000-01-01' - date '1970-01-01'))
    FROM generate_series(${epochDay(range.from)}::int, ${epochDay(range.to)}::int - 1) AS day`.execute(trx);
}

function epochDay(day: Temporal.PlainDate): number {
  return startOfDay(day).epochMilliseconds / 86_400_000;
}

/** Resources that facts have touched, each with the cause of the newest. */
export type Scope = TemporaryTable<'meter_scope' | 'meter_month_scope'>;

/** Those that facts have touched on a day; and in its month up to the day, where there are kinds that rest on that. */
export interface Scopes {
  readonly day: Scope;
  readonly month: Scope | null;
}

interface PreparedScope {
  readonly scope: Scope;
  readonly count: number;
}

/** The resources with a change in (after, upTo] that touches the days, each with the cause of its newest one. */
export async function prepareScope(
  trx: UnitOfWork,
  days: DayRange,
  after: number,
  upTo: number,
): Promise<PreparedScope> {
  return createScope(trx, 'meter_scope', days, after, upTo);
}

/** The same of all changes from the beginning of the day's month to its end, on which a day's peaks and percentiles rest. */
export async function prepareMonthScope(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  after: number,
  upTo: number,
): Promise<PreparedScope> {
  return createScope(trx, 'meter_month_scope', { from: startOfMonth(day), to: day.add({ days: 1 }) }, after, upTo);
}

async function createScope(
  trx: UnitOfWork,
  table: 'meter_scope' | 'meter_month_scope',
  { from, to }: DayRange,
  after: number,
  upTo: number,
): Promise<PreparedScope> {
  const scope = await createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareScope', table, analyze: true },
    sql`
    SELECT DISTINCT ON (resource_id) resource_id, cause
    FROM ${resourceChanges} AS c
    WHERE change_id > ${after} AND change_id <= ${upTo}
      AND valid_from < ${startOfDay(to)} AND valid_to > ${startOfDay(from)}
    ORDER BY resource_id, change_id DESC`,
  );
  return { scope, count: await countRows(trx, scope) };
}

// Bookkeeping ---------------------------------------------------------------------------------

export type RunCause = 'first' | 'changes' | 'config' | 'verify';

/** Begins a run: its revision marks all that it writes. */
export async function insertRun(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  cause: RunCause,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ revision: number }>('metering.insertRun')`
    INSERT INTO metering_runs (day, cause, started_at, inserted, changed, deleted)
    VALUES (${day}, ${cause}, ${now}, 0, 0, 0) RETURNING revision`.execute(trx);
  const revision = rows[0]?.revision;
  if (revision === undefined) throw new Error('metering_runs returned no revision');
  return revision;
}

export async function updateRun(trx: UnitOfWork, revision: number, written: Written): Promise<void> {
  await statement('metering.updateRun')`
    UPDATE metering_runs SET inserted = ${written.inserted}, changed = ${written.changed}, deleted = ${written.deleted}
    WHERE revision = ${revision}`.execute(trx);
}

/**
 * What a run wrote is another usage of the day: of the deployments of a query (`deployment_id`), or of
 * all of them. By deployment and day, so that the log stays small however many records there are.
 */
export async function appendUsageChanges(
  trx: UnitOfWork,
  { day, cause, now }: { readonly day: Temporal.PlainDate; readonly cause: RunCause; readonly now: Temporal.Instant },
  deployments: RawBuilder<unknown> | 'all',
): Promise<void> {
  const subjects =
    deployments === 'all'
      ? sql`SELECT NULL::bigint AS subject`
      : sql`SELECT DISTINCT deployment_id AS subject FROM (${deployments}) AS d`;
  const query = sql`
    SELECT subject, ${startOfDay(day)}::timestamptz AS valid_from, ${startOfDay(day.add({ days: 1 }))}::timestamptz AS valid_to
    FROM (${subjects}) AS s`;
  await appendChanges(trx, 'usage', cause, now, query);
}

/** Remembers with which facts, and how, the kinds of a day have been metered. */
export async function upsertMeteredDay(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  kinds: readonly KindOfDay[],
  changeId: number,
  revision: number | null,
  now: Temporal.Instant,
): Promise<void> {
  const enabled = kinds.filter((kind) => kind.enabled);
  await statement('metering.upsertMeteredDay.insert_metered_days')`
    INSERT INTO metered_days (day, billing_kind_id, granularity, definition, change_id, revision, metered_at)
    SELECT ${day}, k.id, k.granularity, k.definition, ${changeId}, coalesce(${revision}::bigint, 0), ${now}
    FROM unnest(${enabled.map((kind) => kind.billingKindId)}::smallint[], ${enabled.map((kind) => kind.granularity)}::text[],
                ${enabled.map((kind) => kind.definition)}::text[]) AS k (id, granularity, definition)
    ON CONFLICT (day, billing_kind_id) DO UPDATE SET
      granularity = excluded.granularity, definition = excluded.definition,
      change_id = excluded.change_id, metered_at = excluded.metered_at,
      revision = CASE WHEN ${revision}::bigint IS NULL THEN metered_days.revision ELSE excluded.revision END`.execute(
    trx,
  );
  const disabled = kinds.filter((kind) => !kind.enabled).map((kind) => kind.billingKindId);
  await statement(
    'metering.upsertMeteredDay.delete_metered_days',
  )`DELETE FROM metered_days WHERE day = ${day} AND billing_kind_id = ANY (${disabled}::smallint[])`.execute(trx);
}

/**
 * The first day that anything is, or could be, metered for; null without accounts. Days before a
 * metered_from that was moved on are still to be cleared.
 */
export async function selectFirstDay(db: Queryable): Promise<Temporal.PlainDate | null> {
  const { rows } = await preparedStatement<{ day: Temporal.PlainDate | null }>('metering.selectFirstDay')`
    SELECT least((SELECT min(metered_from)::date FROM inventory_accounts), (SELECT min(day) FROM metered_days)) AS day`.execute(
    db,
  );
  return rows[0]?.day ?? null;
}

/** CTEs over a range of days: `wanted`, the kinds to meter on each, and `metered`, those that are, and how. */
export function wantedAndMetered(range: DayRange): RawBuilder<unknown> {
  return sql`
    days AS (
      SELECT generate_series(${range.from}::date, ${range.to}::date - 1, interval '1 day')::date AS day
    ), wanted AS (
      SELECT days.day, k.billing_kind_id, c.granularity, d.digest AS definition
      FROM days CROSS JOIN billing_kinds k ${kindOn(sql`days.day`)}
      WHERE c.enabled AND d.digest IS NOT NULL AND NOT ${retiredOn(sql`days.day`)}
    ), metered AS (
      SELECT * FROM metered_days WHERE day >= ${range.from} AND day < ${range.to}
    )`;
}

/**
 * Days of a range that are not up to date: an enabled kind not metered yet, metered otherwise
 * than it is now configured, or with facts up to `upTo` that the metering has not seen. Each fact
 * is looked at once, with the days that it touches.
 */
export async function selectOutstandingDays(
  db: Queryable,
  range: DayRange,
  upTo: number,
): Promise<Temporal.PlainDate[]> {
  const from = startOfDay(range.from);
  const to = startOfDay(range.to);
  const { rows } = await statement<{ day: Temporal.PlainDate }>('metering.selectOutstandingDays')`
    WITH ${wantedAndMetered(range)}
    SELECT day FROM wanted w FULL JOIN metered m USING (day, billing_kind_id)
    WHERE w.granularity IS DISTINCT FROM m.granularity OR w.definition IS DISTINCT FROM m.definition
    UNION
    SELECT d::date FROM ${resourceChanges} AS f
    CROSS JOIN LATERAL generate_series(
      date_trunc('day', greatest(f.valid_from, ${from}::timestamptz), 'UTC') AT TIME ZONE 'UTC',
      (least(f.valid_to, ${to}::timestamptz) - interval '1 microsecond') AT TIME ZONE 'UTC', interval '1 day') AS d
    WHERE f.change_id > (SELECT min(change_id) FROM metered) AND f.change_id <= ${upTo}
      AND f.valid_from < ${to} AND f.valid_to > ${from}
      AND EXISTS (SELECT FROM metered m WHERE m.day = d::date AND m.change_id < f.change_id)
    UNION
    SELECT t.day FROM ${touchedMonths(range, upTo)} AS t
    ORDER BY 1`.execute(db);
  return rows.map((row) => row.day);
}

/**
 * A query of `day`, over the CTE `metered`: days of which a peak or a percentile has not seen a fact (up to `upTo`),
 * which may lie on any earlier day of the month. Where there is no such kind, no fact is read.
 */
export function touchedMonths(range: DayRange, upTo: number | null): RawBuilder<unknown> {
  const from = startOfDay(range.from);
  const to = startOfDay(range.to);
  return sql`
    (WITH raised AS MATERIALIZED (
       SELECT m.day, min(m.change_id) AS change_id FROM metered m
       WHERE billing_kind_id IN (SELECT billing_kind_id FROM billing_kind_definitions WHERE aggregation <> 'sum') GROUP BY m.day)
     SELECT DISTINCT raised.day
     FROM ${resourceChanges} AS f
     CROSS JOIN LATERAL (
       SELECT date_trunc('month', f.valid_to - interval '1 microsecond', 'UTC') + interval '1 month' AS reaches_to OFFSET 0) AS r
     JOIN raised ON raised.day >= (f.valid_from AT TIME ZONE 'UTC')::date AND raised.day < (r.reaches_to AT TIME ZONE 'UTC')::date
      AND raised.change_id < f.change_id
     WHERE f.change_id > (SELECT min(change_id) FROM raised) AND f.change_id <= coalesce(${upTo}::bigint, f.change_id)
       AND f.valid_from < ${to} AND r.reaches_to > ${from})`;
}

/** Facts are looked at again until there are so many: rewriting all days for each of them takes longer. */
export const staysBehindMax = 200;

/**
 * Remembers that the other days of a range have nothing to do with any fact up to `upTo`, so that
 * the next search begins there. A worker that has gone further meanwhile is left alone, and so is what is no more than so
 * many changes behind.
 */
export async function advanceMeteredDays(
  db: Queryable,
  range: DayRange,
  outstanding: readonly Temporal.PlainDate[],
  { upTo, staysBehind = 0 }: { readonly upTo: number; readonly staysBehind?: number },
): Promise<void> {
  await statement('metering.advanceMeteredDays')`
    UPDATE metered_days SET change_id = ${upTo}
    WHERE day >= ${range.from} AND day < ${range.to} AND change_id < ${upTo - staysBehind}
      AND NOT day = ANY (${outstanding.map(String)}::date[])`.execute(db);
}

/** Is there a fact up to `upTo` that has not been turned into attributions? */
export async function hasUnattributedFacts(db: Queryable, upTo: number): Promise<boolean> {
  const { rows } = await preparedStatement<{ found: boolean }>('metering.hasUnattributedFacts')`
    SELECT EXISTS (SELECT FROM changes WHERE change_id > (SELECT change_id FROM deployments_progress)
                     AND change_id <= ${upTo} AND topic = 'resource') AS found`.execute(db);
  return rows[0]?.found ?? false;
}

// Reading -------------------------------------------------------------------------------------

export async function selectDeploymentId(db: Queryable, slug: string): Promise<number | null> {
  const { rows } = await preparedStatement<{ deployment_id: number }>('metering.selectDeploymentId')`
    SELECT deployment_id FROM deployments_list WHERE slug = ${slug}`.execute(db);
  return rows[0]?.deployment_id ?? null;
}

export async function selectDeploymentSlugs(db: Queryable, ids: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await statement<{ deployment_id: number; slug: string }>('metering.selectDeploymentSlugs')`
    SELECT deployment_id, slug FROM deployments_list WHERE deployment_id = ANY (${[...ids]}::bigint[])`.execute(db);
  return new Map(rows.map((row) => [row.deployment_id, row.slug]));
}

/** Some deployments, by their slug from one on; a customer's, or everybody's (null). */
export async function selectDeploymentsFrom(
  db: Queryable,
  { customerId, slug, limit }: { readonly customerId: number | null; readonly slug: string; readonly limit: number },
): Promise<{ deploymentId: number; slug: string }[]> {
  const { rows } = await statement<{ deploymentId: number; slug: string }>('metering.selectDeploymentsFrom')`
    SELECT deployment_id AS "deploymentId", slug FROM deployments_list
    WHERE slug >= ${slug} AND (${customerId}::bigint IS NULL OR customer_id = ${customerId})
    ORDER BY slug LIMIT ${limit}`.execute(db);
  return rows;
}

/** What is known of a range before any record is read. */
export interface UsageBounds {
  /** Every day of the range before this one is metered as it is configured; null: nothing ever can be. */
  readonly meteredThrough: Temporal.PlainDate | null;
  /** Kinds whose records of the range's first days are retired, and the first day that is not. */
  readonly floors: Readonly<Record<string, string>>;
}

/**
 * How far a range is metered, and what of it is retired. Small tables read as they are: put together
 * in SQL, the planning alone took as long as a deployment's sums.
 */
export async function selectUsageBounds(db: Queryable, range: DayRange): Promise<UsageBounds> {
  interface Row {
    first_day: Temporal.PlainDate | null;
    configs: DatedConfig[];
    definitions: DatedDefinition[];
    months: DatedDefinition[];
    spans: MeteredSpan[];
    floors: { kindId: number; slug: string; floor: string }[];
    first_unknown: Temporal.PlainDate | null;
  }
  const [from, to] = [unplanned(range.from, 'date'), unplanned(range.to, 'date')];
  const list = (row: RawBuilder<unknown>, from: RawBuilder<unknown>) =>
    sql`(SELECT coalesce(json_agg(json_build_object(${row})), '[]') FROM ${from})`;
  const { rows } = await preparedStatement<Row>('metering.selectUsageBounds')`
    SELECT least((SELECT min(metered_from)::date FROM inventory_accounts), (SELECT min(day) FROM metered_days)) AS first_day,
           (SELECT max(day) + 1 FROM metered_days) AS first_unknown,
           ${list(
             sql`'kindId', billing_kind_id, 'fromDay', from_day, 'enabled', enabled, 'granularity', granularity`,
             sql`metering_config`,
           )} AS configs,
           ${list(
             sql`'kindId', billing_kind_id, 'fromDay', from_day, 'digest', md5(definition::text)`,
             sql`billing_kind_definitions definition WHERE aggregation = 'sum'`,
           )} AS definitions,
           ${list(
             sql`'kindId', billing_kind_id, 'fromDay', from_day, 'digest', month_digest(billing_kind_id, from_day)`,
             sql`(${datesOfRaisedKinds(range)}) AS dated`,
           )} AS months,
           ${list(
             sql`'kindId', billing_kind_id, 'granularity', granularity, 'digest', definition, 'from', lower(span), 'to', upper(span)`,
             sql`(SELECT billing_kind_id, granularity, definition, unnest(range_agg(daterange(day, day + 1))) AS span
                  FROM metered_days WHERE day >= ${from} AND day < ${to}
                  GROUP BY billing_kind_id, granularity, definition) AS metered`,
           )} AS spans,
           ${list(
             sql`'kindId', billing_kind_id, 'slug', slug, 'floor', floor`,
             sql`(SELECT billing_kind_id, (max(month) + interval '1 month')::date AS floor
                  FROM usage_retired_months GROUP BY billing_kind_id) AS f
                 JOIN billing_kinds USING (billing_kind_id) WHERE floor > ${from}`,
           )} AS floors`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error('a SELECT without FROM returned no row');
  const through = (firstDay: Temporal.PlainDate) =>
    meteredThrough(range.from.toString(), range.to.toString(), {
      ...row,
      definitions: [...row.definitions, ...row.months],
      firstDay: firstDay.toString(),
      floors: new Map(row.floors.map(({ kindId, floor }) => [kindId, floor])),
    });
  return {
    meteredThrough:
      row.first_day === null
        ? null
        : withinKnown(Temporal.PlainDate.from(through(row.first_day)), row.first_unknown, range),
    floors: Object.fromEntries(row.floors.map(({ slug, floor }) => [slug, floor])),
  };
}

/** Where no kind is to be metered nothing is missing, and of days that are still to come nothing is known all the same. */
function withinKnown(
  through: Temporal.PlainDate,
  firstUnknown: Temporal.PlainDate | null,
  { from }: DayRange,
): Temporal.PlainDate {
  const later = (a: Temporal.PlainDate, b: Temporal.PlainDate) => (Temporal.PlainDate.compare(a, b) > 0 ? a : b);
  const known = firstUnknown === null ? from : later(from, firstUnknown);
  return later(through, known) === through ? known : through;
}

/** (billing_kind_id, from_day): days on which what a peak or a percentile rests on may change: months begin, and what is dated. */
function datesOfRaisedKinds(range: DayRange): RawBuilder<unknown> {
  const [month, to] = [unplanned(startOfMonth(range.from), 'date'), unplanned(range.to, 'date')];
  return sql`
    SELECT k.billing_kind_id, c.from_day
    FROM (SELECT DISTINCT billing_kind_id FROM billing_kind_definitions WHERE aggregation <> 'sum') AS k
    CROSS JOIN LATERAL (
      SELECT generate_series(${month}, ${to} - 1, interval '1 month')::date AS from_day
      UNION
      SELECT from_day FROM (SELECT billing_kind_id, from_day FROM billing_kind_definitions
                            UNION ALL SELECT billing_kind_id, from_day FROM metering_config) AS dated
      WHERE dated.billing_kind_id = k.billing_kind_id AND from_day > ${month} AND from_day < ${to}) AS c`;
}

export interface BillingKind {
  readonly slug: string;
  readonly title: string;
  readonly unit: string;
  readonly resourceKind: string;
  readonly accrual: Accrual;
}

/** The billing kinds as they stand on a day. */
export async function selectBillingKinds(db: Queryable, day: Temporal.PlainDate): Promise<BillingKind[]> {
  const { rows } = await statement<BillingKind>('metering.selectBillingKinds')`
    SELECT DISTINCT ON (slug) slug, title, unit, resource_kind AS "resourceKind", accrual
    FROM metering_kinds WHERE from_day <= ${day} ORDER BY slug, from_day DESC`.execute(db);
  return rows;
}
