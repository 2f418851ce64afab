import { type RawBuilder, sql } from 'kysely';
import { resourceChanges } from '../../../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../../../platform/database/database.ts';
import { statement } from '../../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../../platform/database/temporary-table.ts';
import type { Scope } from '../../store.ts';

// PostgreSQL's side of a ClickHouse store: what has been shipped, what is visible, and the lines to ship.

/** What a shipment of levels holds: all facts up to a change, read by these definitions. */
export interface LevelsPosition {
  readonly changeId: number;
  readonly definitions: string;
}

/**
 * How far the levels in PostgreSQL are; null while there are none. Those of a kind that is enabled
 * nowhere stand still, and count for nothing: enabled again, it changes the definitions, and what
 * it has missed is shipped.
 */
export async function selectLevelsPosition(db: Queryable): Promise<LevelsPosition | null> {
  const { rows } = await statement<{ changeId: number | null; definitions: string | null }>(
    'metering.selectLevelsPosition',
  )`
    SELECT min(change_id) AS "changeId",
           md5(string_agg(billing_kind_id || ' ' || definitions, E'\\n' ORDER BY billing_kind_id)) AS definitions
    FROM metered_levels_progress
    WHERE billing_kind_id IN (SELECT billing_kind_id FROM metering_config WHERE enabled)`.execute(db);
  const { changeId = null, definitions = null } = rows[0] ?? {};
  return changeId === null || definitions === null ? null : { changeId, definitions };
}

/** The shipments that together are the levels: the base first. */
export interface Shipments extends LevelsPosition {
  readonly baseId: number;
  readonly baseRows: number;
  readonly ids: readonly number[];
}

export async function selectShipments(db: Queryable): Promise<Shipments | null> {
  const { rows } = await statement<Shipments>('metering.selectShipments')`
    SELECT l.base_id AS "baseId", l.change_id AS "changeId", l.definitions,
           (SELECT rows FROM usage_level_shipments WHERE shipment_id = l.base_id) AS "baseRows",
           (SELECT array_agg(shipment_id::int ORDER BY shipment_id) FROM usage_level_shipments
            WHERE base_id = l.base_id) AS ids
    FROM usage_level_shipments l ORDER BY shipment_id DESC LIMIT 1`.execute(db);
  return rows[0] ?? null;
}

/** Serialises shipments. LOCK takes no snapshot: that of the transaction begins after the wait. */
export async function lockShipments(trx: UnitOfWork): Promise<void> {
  await statement('metering.lockShipments')`LOCK TABLE usage_level_shipments IN EXCLUSIVE MODE`.execute(trx);
}

/** Begins a shipment upon a base, or, with null, a new base. Seen once the transaction commits. */
export async function insertShipment(
  trx: UnitOfWork,
  position: LevelsPosition,
  baseId: number | null,
): Promise<{ shipmentId: number; baseId: number }> {
  const { rows } = await statement<{ shipmentId: number; baseId: number }>('metering.insertShipment')`
    INSERT INTO usage_level_shipments (shipment_id, base_id, change_id, definitions, rows) OVERRIDING SYSTEM VALUE
    SELECT id, coalesce(${baseId}::bigint, id), ${position.changeId}::bigint, ${position.definitions}, 0
    FROM nextval(pg_get_serial_sequence('usage_level_shipments', 'shipment_id')) AS id
    RETURNING shipment_id AS "shipmentId", base_id AS "baseId"`.execute(trx);
  const row = rows[0];
  if (row === undefined) throw new Error('usage_level_shipments returned no id');
  return row;
}

export async function updateShipment(trx: UnitOfWork, shipmentId: number, rows: number): Promise<void> {
  await statement(
    'metering.updateShipment',
  )`UPDATE usage_level_shipments SET rows = ${rows} WHERE shipment_id = ${shipmentId}`.execute(trx);
}

/** Forgets all shipments: for a store that is filled anew. */
export async function deleteShipments(trx: UnitOfWork): Promise<void> {
  await statement('metering.deleteShipments')`DELETE FROM usage_level_shipments`.execute(trx);
}

/** The resources with a change behind a position: whose levels are shipped. */
export function prepareShippedResources(trx: UnitOfWork, after: number): Promise<TemporaryTable<'shipped_resources'>> {
  return createTemporaryTableAs(
    trx,
    { statement: 'metering.prepareShippedResources', table: 'shipped_resources', drop: [] },
    sql`SELECT DISTINCT resource_id FROM ${resourceChanges} AS c WHERE change_id > ${after}`,
  );
}

const microseconds = (instant: RawBuilder<unknown>) => sql`(extract(epoch FROM ${instant}) * 1000000)::bigint`;

/** Whose levels a shipment has; null: all. */
type Shipped = TemporaryTable<'shipped_resources'> | null;

function levelsToShip(shipped: Shipped): RawBuilder<unknown> {
  return shipped === null ? sql`metered_levels` : sql`metered_levels JOIN ${shipped} USING (resource_id)`;
}

interface LevelsFigures {
  readonly rows: number;
  readonly sum: string;
  readonly greatest: string;
  /** Of those that events make, to the unit. */
  readonly greatestImpulse: string;
}

/** How many rows the shipment must have, and the sum and the greatest of its levels. */
export async function selectLevelsFigures(trx: UnitOfWork, shipped: Shipped): Promise<LevelsFigures> {
  const named = shipped === null ? sql`0` : sql`(SELECT count(*) FROM ${shipped})`;
  const isImpulse = sql`billing_kind_id IN (SELECT billing_kind_id FROM billing_kind_definitions WHERE accrual = 'events')`;
  const { rows } = await statement<LevelsFigures>('metering.selectLevelsFigures')`
    SELECT count(*) + ${named} AS rows, coalesce(trim_scale(sum(level) * 1000000000), 0)::text AS sum,
           coalesce(max(level) FILTER (WHERE NOT ${isImpulse}), 0)::text AS greatest,
           coalesce(ceil(max(level) FILTER (WHERE ${isImpulse})), 0)::text AS "greatestImpulse"
    FROM ${levelsToShip(shipped)}`.execute(trx);
  return rows[0] ?? { rows: 0, sum: '0', greatest: '0', greatestImpulse: '0' };
}

const linesAtOnce = 20_000;

/** The lines of a shipment, tab-separated in the order of `levelColumns`, some thousands at a time. */
export async function* levelLines(
  trx: UnitOfWork,
  shipment: { readonly shipmentId: number; readonly baseId: number },
  shipped: Shipped,
): AsyncGenerator<string> {
  const heading = sql`${shipment.baseId}::bigint, ${shipment.shipmentId}::bigint`;
  const named =
    shipped === null
      ? sql``
      : sql`UNION ALL SELECT concat_ws(E'\\t', ${heading}, resource_id, 0, 0, 0, 0, 0, 0, 1, 0) FROM ${shipped}`;
  yield* readLines(
    trx,
    sql`
      SELECT concat_ws(E'\\t', ${heading}, resource_id, billing_kind_id, deployment_id, ${microseconds(sql`valid_from`)},
                       CASE WHEN valid_to = 'infinity' THEN 9223372036854775807 ELSE ${microseconds(sql`valid_to`)} END,
                       weight_before, weight, weight_total, trim_scale(level * 1000000000)) AS line
      FROM ${levelsToShip(shipped)} ${named}`,
  );
}

/** Reads `line` of a query through a cursor, so that a large answer is never held at once. */
export async function* readLines(trx: UnitOfWork, query: RawBuilder<unknown>): AsyncGenerator<string> {
  await statement('metering.readLines.declare')`DECLARE lines NO SCROLL CURSOR FOR ${query}`.execute(trx);
  for (;;) {
    const { rows } = await statement<{ line: string }>(
      'metering.readLines.fetch',
    )`FETCH ${sql.lit(linesAtOnce)} FROM lines`.execute(trx);
    if (rows.length === 0) break;
    yield `${rows.map((row) => row.line).join('\n')}\n`;
  }
  await statement('metering.readLines.close')`CLOSE lines`.execute(trx);
}

/** Revisions that follow on one another, both ends included. */
export interface RevisionSpan {
  readonly first: number;
  readonly last: number;
}

/** The revisions whose rows count, of a range of days: exactly they, in unbroken spans. */
export async function selectVisibleRevisions(
  db: Queryable,
  range: { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate },
  asOfRevision: number | null,
): Promise<RevisionSpan[]> {
  const { rows } = await statement<RevisionSpan>('metering.selectVisibleRevisions')`
    SELECT min(revision) AS first, max(revision) AS last
    FROM (SELECT revision, revision - row_number() OVER (ORDER BY revision) AS span
          FROM (SELECT DISTINCT revision FROM usage_visible_revisions
                WHERE day >= ${range.from} AND day < ${range.to}
                  AND (${asOfRevision}::bigint IS NULL OR revision <= ${asOfRevision})) AS visible) AS placed
    GROUP BY span ORDER BY first`.execute(db);
  return rows;
}

/** Makes a verified revision count, once the transaction commits. */
export async function insertVisibleRevision(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  revision: number,
  figures: { readonly records: number; readonly quantity: string },
): Promise<void> {
  await statement('metering.insertVisibleRevision')`
    INSERT INTO usage_visible_revisions (day, revision, records, quantity)
    VALUES (${day}, ${revision}, ${figures.records}, ${figures.quantity})`.execute(trx);
}

/** Says of a day's revisions what is left of them, of which rows were removed; one of which nothing is left no longer counts. */
export async function updateVisibleRevisions(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  left: readonly { readonly revision: number; readonly records: number; readonly sum: string }[],
): Promise<void> {
  await statement('metering.updateVisibleRevisions')`
    WITH kept AS (
      SELECT * FROM unnest(${left.map(({ revision }) => revision)}::bigint[], ${left.map(({ records }) => records)}::bigint[],
                           ${left.map(({ sum }) => sum)}::numeric[]) AS k (revision, records, sum)
    ), gone AS (
      DELETE FROM usage_visible_revisions WHERE day = ${day} AND revision NOT IN (SELECT revision FROM kept)
    )
    UPDATE usage_visible_revisions v SET records = k.records, quantity = 0.000000001 * k.sum
    FROM kept k WHERE v.day = ${day} AND v.revision = k.revision`.execute(trx);
}

/** Deployments by their ids, to be read FROM. */
export function listed(deploymentIds: readonly number[]): RawBuilder<unknown> {
  return sql`SELECT unnest(${[...deploymentIds]}::bigint[]) AS deployment_id`;
}

/** Of a day whose rows are gone. */
export async function deleteVisibleRevisions(trx: UnitOfWork, day: Temporal.PlainDate): Promise<void> {
  await statement('metering.deleteVisibleRevisions')`DELETE FROM usage_visible_revisions WHERE day = ${day}`.execute(
    trx,
  );
}

/** Of days of a range that are no longer metered, whose rows are gone: what a killed run has left. */
export async function deleteLeftRevisions(
  db: Queryable,
  range: { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate },
): Promise<void> {
  const left = sql`
    day >= ${range.from} AND day < ${range.to} AND day NOT IN (
      SELECT day FROM metered_days WHERE day >= ${range.from} AND day < ${range.to})`;
  await statement('metering.deleteLeftRevisions')`DELETE FROM usage_visible_revisions WHERE ${left}`.execute(db);
}

export interface Touched {
  readonly resource_id: number;
  readonly cause: string;
}

/** The resources that facts have touched, with the cause of each; null: there are more than `most`. */
export async function selectTouched(trx: UnitOfWork, scope: Scope, most: number): Promise<Touched[] | null> {
  const { rows } = await statement<Touched>('metering.selectTouched')`
    SELECT resource_id, cause FROM ${scope} ORDER BY resource_id LIMIT ${most + 1}`.execute(trx);
  return rows.length > most ? null : rows;
}

/** Kinds by id and by slug. */
export async function selectKindIds(db: Queryable): Promise<{ id: number; slug: string }[]> {
  const { rows } = await statement<{ id: number; slug: string }>('metering.selectKindIds')`
    SELECT billing_kind_id AS id, slug FROM billing_kinds ORDER BY slug`.execute(db);
  return rows;
}

export async function selectDeploymentsOfCustomer(db: Queryable, customerId: number): Promise<number[]> {
  const { rows } = await statement<{ deployment_id: number }>('metering.selectDeploymentsOfCustomer')`
    SELECT deployment_id FROM deployments_list WHERE customer_id = ${customerId} ORDER BY deployment_id`.execute(db);
  return rows.map((row) => row.deployment_id);
}

/** A worker's transaction may not be idle for long; another server may take longer. */
const heartbeatMs = 3_000;

/** Keeps the transaction's connection busy while another server works. */
export async function whileBeating<T>(trx: UnitOfWork, work: () => Promise<T>): Promise<T> {
  let beat: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    beat = beat.then(() => statement('metering.whileBeating')`SELECT 1`.execute(trx)).catch(() => {});
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await beat;
  }
}
