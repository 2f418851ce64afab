import type { ClickHouse } from './connection.ts';

/**
 * usage_records keeps every version of every record: a row with a later revision replaces the one
 * before it, and one that is `deleted` says that there is none. Nothing is ever updated, and merges
 * change nothing that is read. Quantities are whole billionths.
 *
 * metered_levels is what PostgreSQL's table of that name holds, in shipments. In the latest shipment
 * that names a resource are all of its levels; a row of billing_kind_id 0 only names it. Times are
 * microseconds since 1970, levels billionths.
 */
export async function createTables(clickHouse: ClickHouse): Promise<void> {
  await clickHouse.run(`
    CREATE TABLE IF NOT EXISTS usage_records (
      deployment_id   UInt64,
      billing_kind_id UInt16,
      resource_id     UInt64,
      period_start    DateTime('UTC'),
      granularity     Enum8('day' = 1, 'hour' = 2),
      revision        UInt64,
      deleted         Bool,
      billionths      Int128,
      cause           LowCardinality(String)
    ) ENGINE = MergeTree
    PARTITION BY toYYYYMMDD(period_start)
    ORDER BY (deployment_id, billing_kind_id, resource_id, period_start, granularity, revision)`);
  await clickHouse.run(`
    CREATE TABLE IF NOT EXISTS metered_levels (
      base            UInt64,
      shipment        UInt64,
      resource_id     UInt64,
      billing_kind_id UInt16,
      deployment_id   UInt64,
      valid_from      Int64,
      valid_to        Int64,
      weight_before   Int32,
      weight          Int32,
      weight_total    Int32,
      level           Int128
    ) ENGINE = MergeTree PARTITION BY base
    ORDER BY (shipment, deployment_id, billing_kind_id, resource_id)`);
}

/** Empties them: a move begins. */
export async function truncateTables(clickHouse: ClickHouse): Promise<void> {
  await clickHouse.run('TRUNCATE TABLE usage_records');
  await truncateLevels(clickHouse);
}

/** Empties the levels: all of them are shipped anew. */
export async function truncateLevels(clickHouse: ClickHouse): Promise<void> {
  await clickHouse.run('TRUNCATE TABLE metered_levels');
}

/** Drops all that there is of a day. */
export async function dropDay(clickHouse: ClickHouse, day: Temporal.PlainDate): Promise<void> {
  await clickHouse.run(`ALTER TABLE usage_records DROP PARTITION ${day.toString().replaceAll('-', '')}`);
}

export const levelColumns = [
  'base',
  'shipment',
  'resource_id',
  'billing_kind_id',
  'deployment_id',
  'valid_from',
  'valid_to',
  'weight_before',
  'weight',
  'weight_total',
  'level',
] as const;

export const recordColumns = [
  'deployment_id',
  'billing_kind_id',
  'resource_id',
  'period_start',
  'granularity',
  'revision',
  'deleted',
  'billionths',
  'cause',
] as const;
