import type { ClickHouse } from './connection.ts';

type Layout = Pick<ClickHouse, 'cluster'>;

/**
 * usage_records keeps every version of every record: a row with a later revision replaces the one
 * before it, and one that is `deleted` says that there is none. Nothing is ever updated, and merges
 * change nothing that is read. Quantities are whole billionths.
 *
 * metered_levels is what PostgreSQL's table of that name holds, in shipments. In the latest shipment
 * that names a resource are all of its levels; a row of billing_kind_id 0 only names it. Times are
 * microseconds since 1970, levels billionths.
 */
const tables = {
  usage_records: {
    columns: `
      deployment_id   UInt64,
      billing_kind_id UInt16,
      resource_id     UInt64,
      period_start    DateTime('UTC'),
      granularity     Enum8('day' = 1, 'hour' = 2),
      revision        UInt64,
      deleted         Bool,
      billionths      Int128,
      cause           LowCardinality(String)`,
    order: `
    PARTITION BY toYYYYMMDD(period_start)
    ORDER BY (deployment_id, billing_kind_id, resource_id, period_start, granularity, revision)`,
  },
  metered_levels: {
    columns: `
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
      level           Int128`,
    order: `
    PARTITION BY base
    ORDER BY (shipment, deployment_id, billing_kind_id, resource_id)`,
  },
} as const;

type Table = keyof typeof tables;

/**
 * The table that holds the rows, as a statement that alters it names it. On a cluster that is a table of each shard, beside
 * the one of the same name without `_local` that is written and read.
 */
export function held({ cluster }: Layout, table: Table): string {
  return cluster === null ? table : `${table}_local ON CLUSTER \`${cluster}\``;
}

/** What makes a table: replicated and sharded by deployment on a cluster, whose replicas say by macros which they are. */
export function creationOf({ cluster }: Layout, table: Table): string[] {
  const { columns, order } = tables[table];
  const engine = cluster === null ? 'MergeTree' : 'ReplicatedMergeTree';
  const made = `CREATE TABLE IF NOT EXISTS ${held({ cluster }, table)} (${columns}
    ) ENGINE = ${engine} ${order}`;
  if (cluster === null) return [made];
  return [
    made,
    `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER \`${cluster}\` (${columns}
    ) ENGINE = Distributed('${cluster}', currentDatabase(), ${table}_local, intHash64(deployment_id))`,
  ];
}

export async function createTables(clickHouse: ClickHouse): Promise<void> {
  for (const table of ['usage_records', 'metered_levels'] as const)
    for (const statement of creationOf(clickHouse, table)) await clickHouse.run(statement);
}

/** Empties them: a move begins. */
export async function truncateTables(clickHouse: ClickHouse): Promise<void> {
  await clickHouse.run(emptyingOf(clickHouse, 'usage_records'));
  await truncateLevels(clickHouse);
}

/** Empties the levels: all of them are shipped anew. */
export async function truncateLevels(clickHouse: ClickHouse): Promise<void> {
  await clickHouse.run(emptyingOf(clickHouse, 'metered_levels'));
}

export function emptyingOf(layout: Layout, table: Table): string {
  return `TRUNCATE TABLE ${held(layout, table)} SYNC`;
}

/** Drops all that there is of a day. */
export async function dropDay(clickHouse: ClickHouse, day: Temporal.PlainDate): Promise<void> {
  await clickHouse.run(droppingOf(clickHouse, 'usage_records', day.toString().replaceAll('-', '')));
}

export function droppingOf(layout: Layout, table: Table, partition: string): string {
  return `ALTER TABLE ${held(layout, table)} DROP PARTITION ${partition}`;
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
