import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../../../platform/database/database.ts';
import { type Granularity, startOfDay } from '../../period.ts';
import { preparedStatement, statement } from '../../../platform/database/statement.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../../platform/database/temporary-table.ts';

// PostgreSQL's record of where usage is, and of a move to elsewhere.

export interface CurrentStore {
  readonly engine: 'postgresql' | 'clickhouse';
  /** host:port/database of the ClickHouse; '' for PostgreSQL. */
  readonly address: string;
}

export async function selectCurrentStore(db: Queryable): Promise<CurrentStore> {
  const { rows } = await preparedStatement<CurrentStore>(
    'metering.selectCurrentStore',
  )`SELECT engine, address FROM usage_store`.execute(db);
  return rows[0] ?? { engine: 'postgresql', address: '' };
}

/** Where usage is; it stays there until the transaction ends. */
export async function holdCurrentStore(trx: UnitOfWork): Promise<CurrentStore> {
  await statement(
    'metering.holdCurrentStore',
  )`SELECT pg_advisory_xact_lock_shared(hashtext('arcadia usage store'))`.execute(trx);
  return selectCurrentStore(trx);
}

/** Nobody meters and nobody else moves until the transaction ends. */
export async function lockCurrentStore(trx: UnitOfWork): Promise<CurrentStore> {
  await statement('metering.lockCurrentStore')`SELECT pg_advisory_xact_lock(hashtext('arcadia usage store'))`.execute(
    trx,
  );
  return selectCurrentStore(trx);
}

export async function updateCurrentStore(trx: UnitOfWork, store: CurrentStore, now: Temporal.Instant): Promise<void> {
  await statement('metering.updateCurrentStore')`
    UPDATE usage_store SET engine = ${store.engine}, address = ${store.address}, switched_at = ${now}`.execute(trx);
}

/**
 * Has the records of retired months removed again: a copy made before they were retired has them.
 * Where there are none, nothing is removed.
 */
export async function resetPurged(trx: UnitOfWork): Promise<void> {
  await statement('metering.resetPurged')`UPDATE usage_retired_months SET purged = false WHERE purged`.execute(trx);
}

/** Has a move to this address begun? */
export async function hasMoved(db: Queryable, address: string): Promise<boolean> {
  const { rows } = await statement<{ found: boolean }>('metering.hasMoved')`
    SELECT EXISTS (SELECT FROM usage_moves WHERE address = ${address}) AS found`.execute(db);
  return rows[0]?.found ?? false;
}

/** A move is over: the next one copies every day anew. */
export async function deleteMoves(trx: UnitOfWork): Promise<void> {
  await statement('metering.deleteMoves')`DELETE FROM usage_moves`.execute(trx);
}

/** Forgets every move, and what PostgreSQL knows of a ClickHouse: a move begins with empty tables there. */
export async function forgetMoves(trx: UnitOfWork): Promise<void> {
  await deleteMoves(trx);
  await statement('metering.forgetMoves.delete_usage_visible_revisions')`DELETE FROM usage_visible_revisions`.execute(
    trx,
  );
  await statement('metering.forgetMoves.delete_usage_level_shipments')`DELETE FROM usage_level_shipments`.execute(trx);
}

/** Days that were metered since they were copied to an address, or never were copied; oldest first. */
export async function selectDaysToCopy(db: Queryable, address: string, limit: number): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ day: Temporal.PlainDate }>('metering.selectDaysToCopy')`
    SELECT r.day FROM metering_runs r LEFT JOIN usage_moves m ON m.day = r.day AND m.address = ${address}
    GROUP BY r.day, m.revision HAVING max(r.revision) > coalesce(m.revision, 0)
    ORDER BY r.day LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.day);
}

/** How many days there are to copy. */
export async function countDaysToCopy(db: Queryable, address: string): Promise<number> {
  const { rows } = await statement<{ days: number }>('metering.countDaysToCopy')`
    SELECT count(*) AS days FROM (
      SELECT FROM metering_runs r LEFT JOIN usage_moves m ON m.day = r.day AND m.address = ${address}
      GROUP BY r.day, m.revision HAVING max(r.revision) > coalesce(m.revision, 0)) AS behind`.execute(db);
  return rows[0]?.days ?? 0;
}

/** The last revision that was written of a day. */
export async function selectLastRevision(trx: UnitOfWork, day: Temporal.PlainDate): Promise<number> {
  const { rows } = await statement<{ revision: number }>('metering.selectLastRevision')`
    SELECT coalesce(max(revision), 0) AS revision FROM metering_runs WHERE day = ${day}`.execute(trx);
  return rows[0]?.revision ?? 0;
}

/** What was copied of a day: versions of records, and the sum of them all. */
export interface MovedFigures {
  readonly records: number;
  readonly quantity: string;
}

export async function upsertMovedDay(
  trx: UnitOfWork,
  address: string,
  day: Temporal.PlainDate,
  figures: MovedFigures & { readonly revision: number },
): Promise<void> {
  await statement('metering.upsertMovedDay')`
    INSERT INTO usage_moves (address, day, revision, records, quantity)
    VALUES (${address}, ${day}, ${figures.revision}, ${figures.records}, ${figures.quantity})
    ON CONFLICT (address, day) DO UPDATE SET
      revision = excluded.revision, records = excluded.records, quantity = excluded.quantity`.execute(trx);
}

const bounds = (day: Temporal.PlainDate) =>
  sql`period_start >= ${startOfDay(day)} AND period_start < ${startOfDay(day.add({ days: 1 }))}`;

/** Versions of a day's records on their way. */
export type Versions = TemporaryTable<'moved_versions'>;

/**
 * Every version of every record of a day, as ClickHouse keeps them: those that
 * stand, those that were replaced, and for each that is gone a row that says so.
 */
export async function prepareVersions(trx: UnitOfWork, day: Temporal.PlainDate): Promise<Versions> {
  return createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareVersions', table: 'moved_versions', drop: [] },
    sql`
      WITH replaced AS (SELECT * FROM usage_changes WHERE ${bounds(day)}),
      versions AS (
        SELECT deployment_id, billing_kind_id, resource_id, period_start, granularity, revision, false AS deleted, quantity
        FROM usage_records WHERE ${bounds(day)}
        UNION ALL
        SELECT deployment_id, billing_kind_id, resource_id, period_start, granularity, old_revision, false, old_quantity
        FROM replaced WHERE old_revision IS NOT NULL
        UNION ALL
        SELECT deployment_id, billing_kind_id, resource_id, period_start, granularity, revision, true, 0
        FROM replaced WHERE new_quantity IS NULL
      )
      SELECT v.*, coalesce(c.cause, r.cause, '') AS cause
      FROM versions v
      LEFT JOIN replaced c USING (deployment_id, billing_kind_id, resource_id, period_start, granularity, revision)
      LEFT JOIN metering_runs r USING (revision)`,
  );
}

/** Their lines, in the order of the table's columns there. */
export function versionLines(versions: Versions): RawBuilder<unknown> {
  return sql`
    SELECT concat_ws(E'\\t', deployment_id, billing_kind_id, resource_id, extract(epoch FROM period_start)::bigint,
                     granularity, revision, deleted, trim_scale(quantity * 1000000000), cause) AS line
    FROM ${versions}`;
}

/** Has their revisions count, in place of those that did of the day. */
export async function replaceVisibleRevisions(
  trx: UnitOfWork,
  versions: Versions,
  day: Temporal.PlainDate,
): Promise<MovedFigures> {
  await statement(
    'metering.replaceVisibleRevisions.delete_usage_visible_revisions',
  )`DELETE FROM usage_visible_revisions WHERE day = ${day}`.execute(trx);
  await statement('metering.replaceVisibleRevisions.insert_usage_visible_revisions')`
    INSERT INTO usage_visible_revisions (day, revision, records, quantity)
    SELECT ${day}, revision, count(*), sum(quantity) FROM ${versions} GROUP BY revision`.execute(trx);
  return selectVersionFigures(trx, versions);
}

export async function selectVersionFigures(trx: UnitOfWork, versions: Versions): Promise<MovedFigures> {
  const { rows } = await statement<MovedFigures>('metering.selectVersionFigures')`
    SELECT count(*) AS records, coalesce(trim_scale(sum(quantity)), 0)::text AS quantity FROM ${versions}`.execute(trx);
  return rows[0] ?? { records: 0, quantity: '0' };
}

// Back ---------------------------------------------------------------------------------------------

/** None yet. */
export async function createVersions(trx: UnitOfWork): Promise<Versions> {
  return createTemporaryTable(
    trx,
    { statement: 'metering.createVersions', table: 'moved_versions', drop: [] },
    sql`
      deployment_id bigint, billing_kind_id smallint, resource_id bigint, period_start timestamptz,
      granularity text COLLATE "C", revision bigint, deleted boolean, quantity numeric, cause text COLLATE "C"`,
  );
}

/** Adds tab-separated lines, in the order of the table's columns in ClickHouse. */
export async function insertVersions(trx: UnitOfWork, versions: Versions, lines: readonly string[]): Promise<void> {
  await statement('metering.insertVersions')`
    INSERT INTO ${versions}
    SELECT f[1]::bigint, f[2]::smallint, f[3]::bigint, to_timestamp(f[4]::bigint), f[5], f[6]::bigint, f[7]::boolean,
           0.000000001 * f[8]::numeric, f[9]
    FROM unnest(${[...lines]}::text[]) AS line, string_to_array(line, E'\\t') AS f`.execute(trx);
}

/** Deletes what is kept of a day's replaced records; its revisions find them, period_start would not. */
export async function deleteChanges(trx: UnitOfWork, day: Temporal.PlainDate): Promise<void> {
  await statement('metering.deleteChanges')`
    DELETE FROM usage_changes WHERE revision = ANY (ARRAY(SELECT revision FROM metering_runs WHERE day = ${day}))`.execute(
    trx,
  );
}

const ofRecord = sql`deployment_id, billing_kind_id, resource_id, period_start, granularity`;

/** The last version of each record, unless it says that there is none. */
const standing = (versions: Versions) => sql`
  (SELECT * FROM (SELECT DISTINCT ON (${ofRecord}) * FROM ${versions} ORDER BY ${ofRecord}, revision DESC) AS last
   WHERE NOT deleted)`;

export async function granularitiesThatStand(trx: UnitOfWork, versions: Versions): Promise<Granularity[]> {
  const { rows } = await statement<{ granularity: Granularity }>('metering.granularitiesThatStand')`
    SELECT DISTINCT granularity FROM ${standing(versions)} AS s ORDER BY 1`.execute(trx);
  return rows.map((row) => row.granularity);
}

/** Makes them the records of the day, whose partitions are there and empty. */
export async function insertStanding(trx: UnitOfWork, versions: Versions): Promise<void> {
  await statement('metering.insertStanding')`
    INSERT INTO usage_records (deployment_id, resource_id, period_start, revision, billing_kind_id, granularity, quantity)
    SELECT deployment_id, resource_id, period_start, revision, billing_kind_id, granularity, quantity
    FROM ${standing(versions)} AS s`.execute(trx);
}

/** And of every version what it replaced, as metering here would have kept it: first records, nothing. */
export async function insertReplaced(trx: UnitOfWork, versions: Versions): Promise<void> {
  await statement('metering.insertReplaced')`
    INSERT INTO usage_changes (revision, deployment_id, billing_kind_id, resource_id, period_start, granularity,
                               old_quantity, old_revision, new_quantity, cause)
    SELECT revision, deployment_id, billing_kind_id, resource_id, period_start, granularity,
           CASE WHEN NOT was_deleted THEN was_quantity END, CASE WHEN NOT was_deleted THEN was_revision END,
           CASE WHEN NOT deleted THEN quantity END, cause
    FROM (SELECT *, lag(quantity) OVER versions AS was_quantity, lag(revision) OVER versions AS was_revision,
                 lag(deleted) OVER versions AS was_deleted
          FROM ${versions} WINDOW versions AS (PARTITION BY ${ofRecord} ORDER BY revision)) AS v
    WHERE NOT was_deleted OR cause <> 'first'
    ORDER BY revision, ${ofRecord}`.execute(trx);
}
