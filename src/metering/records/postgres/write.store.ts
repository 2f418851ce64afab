import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../../../platform/database/database.ts';
import type { DayRange, Granularity } from '../../period.ts';
import { startOfDay } from '../../period.ts';
import { recordsOf } from './expected.store.ts';
import { countRows, type KindOfDay, type Scope, type Scopes } from '../../store.ts';
import type { Differences } from '../../diff.store.ts';
import type { DayReplacement, KindMonth, Written } from '../usage-store.ts';
import { statement } from '../../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../../platform/database/temporary-table.ts';

// How PostgreSQL replaces a day: a new partition where there is none, else what differs.

/** The name of the partition that holds a day's records of one granularity. */
function partitionName(granularity: Granularity, day: Temporal.PlainDate): string {
  return `usage_records_${granularity}_${day.toString().replaceAll('-', '')}`;
}

export async function partitionExists(
  db: Queryable,
  granularity: Granularity,
  day: Temporal.PlainDate,
): Promise<boolean> {
  const { rows } = await statement<{ found: boolean }>('metering.partitionExists')`
    SELECT to_regclass(${partitionName(granularity, day)}) IS NOT NULL AS found`.execute(db);
  return rows[0]?.found ?? false;
}

/** A day as a range. */
export function onlyDay(day: Temporal.PlainDate): DayRange {
  return { from: day, to: day.add({ days: 1 }) };
}

const primaryKey = sql`PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`;

/** Will the day have any record of these kinds? There is one wherever a level overlaps the day. */
export async function anyExpected(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  kinds: readonly KindOfDay[],
): Promise<boolean> {
  const enabled = kinds.filter((kind) => kind.enabled).map((kind) => kind.billingKindId);
  const { rows } = await statement<{ found: boolean }>('metering.anyExpected')`
    SELECT EXISTS (SELECT FROM metered_levels
                   WHERE billing_kind_id = ANY (${enabled}::smallint[])
                     AND valid_from < ${startOfDay(day.add({ days: 1 }))} AND valid_to > ${startOfDay(day)}) AS found`.execute(
    trx,
  );
  return rows[0]?.found ?? false;
}

/**
 * What the partition of a day holds: said in a CHECK, attaching need not read it. That neither is
 * null says the primary key.
 */
function boundsOf(day: Temporal.PlainDate, granularity: Granularity): RawBuilder<unknown> {
  const from = sql.lit(startOfDay(day).toString());
  const to = sql.lit(startOfDay(day.add({ days: 1 })).toString());
  return sql`CONSTRAINT bounds CHECK (granularity = ${sql.lit(granularity)} AND period_start >= ${from} AND period_start < ${to})`;
}

/**
 * Fills a day that has no partition yet. CREATE TABLE AS reads in parallel, and is two thirds of the
 * time of an INSERT; the table is indexed after, attached last: the lock on the parent, which other
 * days' workers need too, is held for the attaching only. Returns the number of records.
 */
export async function insertFirstRecords(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  granularity: Granularity,
  kinds: readonly KindOfDay[],
  revision: number,
): Promise<number> {
  const expected = recordsOf(onlyDay(day), { kinds, granularity });
  if (expected === null) return 0;
  const partition = sql.table(partitionName(granularity, day));
  await statement('metering.insertFirstRecords.select_deployment_id')`
    CREATE TABLE ${partition} AS
    SELECT deployment_id, resource_id, period_start, ${sql.lit(revision)}::bigint AS revision, billing_kind_id, granularity,
           quantity, NULL::jsonb AS sub_attribution
    FROM ${expected} AS r`.execute(trx);
  await statement('metering.insertFirstRecords.set_not')`
    ALTER TABLE ${partition} ALTER revision SET NOT NULL, ALTER quantity SET NOT NULL,
      ADD ${primaryKey}, ADD ${boundsOf(day, granularity)}`.execute(trx);
  return countRows(trx, partition);
}

/** Makes a filled table, or with `create` an empty one, a partition of usage_records. */
export async function attachPartition(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  granularity: Granularity,
  create = false,
): Promise<void> {
  const partition = sql.table(partitionName(granularity, day));
  if (create) {
    await statement(
      'metering.attachPartition.bounds',
    )`CREATE TABLE ${partition} (LIKE usage_records, ${primaryKey}, ${boundsOf(day, granularity)})`.execute(trx);
  }
  const from = sql.lit(startOfDay(day).toString());
  const to = sql.lit(startOfDay(day.add({ days: 1 })).toString());
  await statement('metering.attachPartition')`
    ALTER TABLE ${sql.table(`usage_records_${granularity}`)}
    ATTACH PARTITION ${partition} FOR VALUES FROM (${from}) TO (${to})`.execute(trx);
  await statement('metering.attachPartition.drop_bounds')`ALTER TABLE ${partition} DROP CONSTRAINT bounds`.execute(trx);
}

/** Which records a comparison is about: whole kinds, or what the scopes name of other kinds. */
export interface DiffScope {
  readonly whole: readonly KindOfDay[];
  readonly scoped: readonly KindOfDay[];
  readonly scopes: Scopes;
}

const noRecords = sql`
  (SELECT deployment_id, resource_id, period_start, billing_kind_id, granularity, quantity FROM usage_records WHERE false)`;

/**
 * Where the stored records of days of one month differ in the scope from what they should be, and how many
 * differences there are. Of a single day where a kind is a peak or a percentile.
 */
export async function prepareDiff(
  trx: UnitOfWork,
  days: DayRange,
  { whole, scoped, scopes }: DiffScope,
): Promise<{ readonly diff: TemporaryTable<'meter_diff'>; readonly count: number }> {
  const from = startOfDay(days.from);
  const to = startOfDay(days.to);
  const ids = (kinds: readonly KindOfDay[]) => sql`${kinds.map((kind) => kind.billingKindId)}::smallint[]`;
  // A record of a resource can only stand under a deployment that was once believed to own it.
  const recordsIn = (scope: Scope, kinds: readonly KindOfDay[]) => sql`
          SELECT u.* FROM (
            SELECT resource_id, deployment_id FROM ${scope} JOIN deployments_owners_ever USING (resource_id)
            UNION
            SELECT resource_id, deployment_id FROM ${scope}, deployments_list WHERE slug = 'unattributed') AS e
          JOIN usage_records u USING (deployment_id, resource_id)
          WHERE u.period_start >= ${from} AND u.period_start < ${to} AND u.billing_kind_id = ANY (${ids(kinds)})`;
  const raising = scoped.filter((kind) => kind.raising !== null);
  const ofDay = recordsIn(
    scopes.day,
    scoped.filter((kind) => kind.raising === null),
  );
  const ofMonth =
    scopes.month === null || raising.length === 0 ? sql`` : sql`UNION ALL ${recordsIn(scopes.month, raising)}`;
  const diff = await createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareDiff', table: 'meter_diff', analyze: true },
    sql`
      SELECT deployment_id, resource_id, period_start, billing_kind_id, granularity,
             old.quantity AS old_quantity, old.revision AS old_revision, new.quantity AS new_quantity
      FROM (SELECT * FROM usage_records
            WHERE period_start >= ${from} AND period_start < ${to} AND billing_kind_id = ANY (${ids(whole)})
            UNION ALL
            ${ofDay} ${ofMonth}) AS old
      FULL JOIN (SELECT * FROM ${recordsOf(days, { kinds: whole }) ?? noRecords} AS w
                 UNION ALL
                 SELECT * FROM ${recordsOf(days, { kinds: scoped, scopes }) ?? noRecords} AS s) AS new
        USING (deployment_id, resource_id, period_start, billing_kind_id, granularity)
      WHERE old.quantity IS DISTINCT FROM new.quantity`,
  );
  return { diff, count: await countRows(trx, diff) };
}

/** Whose records differ. */
export const changedDeployments = (diff: TemporaryTable<'meter_diff'>): RawBuilder<unknown> =>
  sql`SELECT deployment_id FROM ${diff}`;

/** The days that records will be inserted of, and that have no partition of daily records. */
export async function daysToAttach(trx: UnitOfWork, diff: TemporaryTable<'meter_diff'>): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ day: Temporal.PlainDate }>('metering.daysToAttach')`
    SELECT day FROM (SELECT DISTINCT (period_start AT TIME ZONE 'UTC')::date AS day FROM ${diff}
                     WHERE old_quantity IS NULL) AS d
    WHERE to_regclass('usage_records_day_' || to_char(day, 'YYYYMMDD')) IS NULL ORDER BY 1`.execute(trx);
  return rows.map((row) => row.day);
}

/** Which granularities records will be inserted of. */
export async function granularitiesToInsert(
  trx: UnitOfWork,
  diff: TemporaryTable<'meter_diff'>,
): Promise<Granularity[]> {
  const { rows } = await statement<{ granularity: Granularity }>('metering.granularitiesToInsert')`
    SELECT DISTINCT granularity FROM ${diff} WHERE old_quantity IS NULL ORDER BY granularity`.execute(trx);
  return rows.map((row) => row.granularity);
}

/**
 * Carries out the differences, and keeps what they replaced in usage_changes, except the mere
 * appearance of a kind's first records.
 */
export async function applyDiff(
  trx: UnitOfWork,
  diff: TemporaryTable<'meter_diff'>,
  days: DayRange,
  revision: number,
  { cause, touched, scopes }: Pick<DayReplacement, 'cause' | 'touched' | 'scopes'>,
): Promise<Written> {
  const logInsertions = cause !== 'first';
  const scope =
    scopes.month === null || touched.every((kind) => kind.raising === null)
      ? scopes.day
      : sql`(SELECT * FROM ${scopes.day}
             UNION ALL SELECT * FROM ${scopes.month} WHERE resource_id NOT IN (SELECT resource_id FROM ${scopes.day}))`;
  await statement('metering.applyDiff.insert_usage_changes')`
    INSERT INTO usage_changes (revision, deployment_id, billing_kind_id, resource_id, period_start, granularity,
                               old_quantity, old_revision, new_quantity, cause)
    SELECT ${revision}, deployment_id, billing_kind_id, resource_id, period_start, granularity,
           old_quantity, old_revision, new_quantity, coalesce(s.cause, ${cause})
    FROM ${diff} LEFT JOIN ${scope} AS s USING (resource_id)
    WHERE old_quantity IS NOT NULL OR ${logInsertions}`.execute(trx);
  // The bounds say it again for the planner: without them every partition would be read and locked.
  const sameRecord = sql`
    u.period_start >= ${startOfDay(days.from)} AND u.period_start < ${startOfDay(days.to)} AND u.deployment_id = d.deployment_id AND u.billing_kind_id = d.billing_kind_id AND u.resource_id = d.resource_id
    AND u.period_start = d.period_start AND u.granularity = d.granularity`;
  const deleted = await statement('metering.applyDiff.delete_usage_records')`
    DELETE FROM usage_records u USING ${diff} d WHERE ${sameRecord} AND d.new_quantity IS NULL`.execute(trx);
  const changed = await statement('metering.applyDiff.update_usage_records')`
    UPDATE usage_records u SET quantity = d.new_quantity, revision = ${revision}
    FROM ${diff} d WHERE ${sameRecord} AND d.new_quantity IS NOT NULL`.execute(trx);
  const inserted = await statement('metering.applyDiff.insert_usage_records')`
    INSERT INTO usage_records (deployment_id, resource_id, period_start, billing_kind_id, granularity, quantity, revision)
    SELECT deployment_id, resource_id, period_start, billing_kind_id, granularity, new_quantity, ${revision}
    FROM ${diff} WHERE old_quantity IS NULL`.execute(trx);
  return {
    inserted: Number(inserted.numAffectedRows ?? 0n),
    changed: Number(changed.numAffectedRows ?? 0n),
    deleted: Number(deleted.numAffectedRows ?? 0n),
  };
}

/** Adds up the differences of a day. */
export async function addDifferences(
  trx: UnitOfWork,
  diff: TemporaryTable<'meter_diff'>,
  differences: Differences,
): Promise<void> {
  await statement('metering.addDifferences.insert_usage_differences')`
    INSERT INTO ${differences} (deployment_id, billing_kind_id, resource_id, before, after, inserted, changed, deleted)
    SELECT deployment_id, billing_kind_id, resource_id, coalesce(sum(old_quantity), 0), coalesce(sum(new_quantity), 0),
           count(*) FILTER (WHERE old_quantity IS NULL),
           count(*) FILTER (WHERE old_quantity IS NOT NULL AND new_quantity IS NOT NULL),
           count(*) FILTER (WHERE new_quantity IS NULL)
    FROM ${diff} GROUP BY 1, 2, 3`.execute(trx);
}

// Removing ----------------------------------------------------------------------------------------

/** So many rows are deleted at once: a moment's work, and a moment's locks. */
const deleteBatch = 10_000;

/** The days of a range that have a partition. */
export async function daysWithRecords(db: Queryable, range: DayRange): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ day: Temporal.PlainDate }>('metering.daysWithRecords')`
    SELECT day::date AS day FROM generate_series(${range.from}::date, ${range.to}::date - 1, interval '1 day') AS day
    WHERE to_regclass('usage_records_day_' || to_char(day, 'YYYYMMDD')) IS NOT NULL
       OR to_regclass('usage_records_hour_' || to_char(day, 'YYYYMMDD')) IS NOT NULL
    ORDER BY 1`.execute(db);
  return rows.map((row) => row.day);
}

/** Deletes some of a kind's records of a day; false: there are none left. */
export async function deleteSomeRecords(trx: UnitOfWork, day: Temporal.PlainDate, kindId: number): Promise<boolean> {
  let deleted = 0n;
  for (const granularity of ['day', 'hour'] as const) {
    if (!(await partitionExists(trx, granularity, day))) continue;
    const partition = sql.table(partitionName(granularity, day));
    const { numAffectedRows } = await statement('metering.deleteSomeRecords')`
      DELETE FROM ${partition} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${partition} WHERE billing_kind_id = ${kindId} LIMIT ${deleteBatch}))`.execute(trx);
    deleted += numAffectedRows ?? 0n;
  }
  return deleted > 0n;
}

/** Drops all of a day's records. */
export async function dropPartitions(trx: UnitOfWork, day: Temporal.PlainDate): Promise<void> {
  for (const granularity of ['day', 'hour'] as const) {
    await statement(
      'metering.dropPartitions',
    )`DROP TABLE IF EXISTS ${sql.table(partitionName(granularity, day))}`.execute(trx);
  }
}

/** Deletes some of what a month's records replaced; false: there is none left. */
export async function deleteSomeChanges(db: Queryable, { billingKindId, month }: KindMonth): Promise<boolean> {
  const { numAffectedRows } = await statement('metering.deleteSomeChanges')`
    DELETE FROM usage_changes WHERE usage_change_id = ANY (ARRAY(
      SELECT usage_change_id FROM usage_changes
      WHERE billing_kind_id = ${billingKindId} AND period_start >= ${startOfDay(month)}
        AND period_start < ${startOfDay(month.add({ months: 1 }))}
      LIMIT ${deleteBatch}))`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}
