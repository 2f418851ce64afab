import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../../platform/database/database.ts';
import { statement } from '../../../platform/database/statement.ts';

// What PostgreSQL says that a ClickHouse holds.

export interface VisibleRevision {
  readonly day: Temporal.PlainDate;
  readonly revision: number;
  readonly records: number;
  /** In billionths, as text. */
  readonly sum: string;
}

/** The first days of the months of which revisions count. */
export async function selectVisibleMonths(db: Queryable): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ month: Temporal.PlainDate }>('metering.selectVisibleMonths')`
    SELECT DISTINCT date_trunc('month', day::timestamp)::date AS month FROM usage_visible_revisions ORDER BY 1`.execute(
    db,
  );
  return rows.map(({ month }) => month);
}

/** What counts of a month. */
export async function selectVisible(db: Queryable, month: Temporal.PlainDate): Promise<VisibleRevision[]> {
  const { rows } = await statement<VisibleRevision>('metering.selectVisible')`
    SELECT day, revision, records, trim_scale(quantity * 1000000000)::text AS sum FROM usage_visible_revisions
    WHERE day >= ${month} AND day < ${month.add({ months: 1 })} ORDER BY day, revision`.execute(db);
  return rows;
}

interface Shipped {
  readonly shipmentId: number;
  readonly baseId: number;
  readonly rows: number;
}

/** The shipments that together are the levels, the last one first. */
export async function selectShipped(db: Queryable): Promise<Shipped[]> {
  const { rows } = await statement<Shipped>('metering.selectShipped')`
    SELECT shipment_id AS "shipmentId", base_id AS "baseId", rows FROM usage_level_shipments
    WHERE base_id = (SELECT base_id FROM usage_level_shipments ORDER BY shipment_id DESC LIMIT 1)
    ORDER BY shipment_id DESC`.execute(db);
  return rows;
}

const sequences = {
  revisions: sql`pg_get_serial_sequence('metering_runs', 'revision')`,
  shipments: sql`pg_get_serial_sequence('usage_level_shipments', 'shipment_id')`,
} as const;

/** The last numbers that were given out. */
export async function selectGivenNumbers(db: Queryable): Promise<Record<keyof typeof sequences, number>> {
  const { rows } = await statement<Record<keyof typeof sequences, number>>('metering.selectGivenNumbers')`
    SELECT coalesce(pg_sequence_last_value(${sequences.revisions}), 0) AS revisions,
           coalesce(pg_sequence_last_value(${sequences.shipments}), 0) AS shipments`.execute(db);
  return rows[0] ?? { revisions: 0, shipments: 0 };
}

/** The next number is one that is greater. */
export async function goOnBehind(trx: UnitOfWork, of: keyof typeof sequences, last: number): Promise<void> {
  await statement('metering.goOnBehind')`SELECT setval(${sequences[of]}, ${last}::bigint)`.execute(trx);
}

/** Days count as never metered. */
export async function forgetDays(trx: UnitOfWork, days: readonly Temporal.PlainDate[]): Promise<void> {
  const listed = sql`${days.map((day) => day.toString())}::date[]`;
  await statement(
    'metering.forgetDays.visible',
  )`DELETE FROM usage_visible_revisions WHERE day = ANY (${listed})`.execute(trx);
  await statement('metering.forgetDays.metered')`DELETE FROM metered_days WHERE day = ANY (${listed})`.execute(trx);
}
