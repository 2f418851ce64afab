import { sql } from 'kysely';
import type { Database, Queryable, UnitOfWork } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { BackupHeader, BackupSequence } from './file.ts';

// What there is to back up is read from the catalog, so that no module has to say it. Relations are called as
// regclass writes them: quoted where need be, with their schema where it is not the program's own.

/** The schemas of the program: its own and the queue's. What an extension made in them is not ours. */
const ours = sql`(current_schema(), 'pgboss')`;

export interface TableRow {
  readonly name: string;
  /** Without those that are computed. */
  readonly columns: readonly string[];
}

/** Every table that keeps rows for good: no views, nothing temporary or unlogged; of a partitioned one its partitions. */
export async function selectTables(db: Queryable): Promise<TableRow[]> {
  const { rows } = await statement<TableRow>('platform.selectTables')`
    SELECT c.oid::regclass::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE n.nspname IN ${ours} AND c.relkind = 'r' AND c.relpersistence = 'p'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    GROUP BY c.oid ORDER BY 1`.execute(db);
  return rows;
}

/** Nobody drops or empties them until the transaction ends. */
export async function lockTables(trx: UnitOfWork, names: readonly string[]): Promise<void> {
  await statement('platform.lockTables')`LOCK TABLE ${sql.raw(names.join(', '))} IN ACCESS SHARE MODE`.execute(trx);
}

/** Which table refers to which; of partitioned ones each partition. */
export async function selectReferences(db: Queryable): Promise<{ child: string; parent: string }[]> {
  const { rows } = await statement<{ child: string; parent: string }>('platform.selectReferences')`
    SELECT DISTINCT f.conrelid::regclass::text AS child, coalesce(t.relid, f.confrelid)::regclass::text AS parent
    FROM pg_constraint f JOIN pg_namespace n ON n.oid = f.connamespace
    LEFT JOIN LATERAL pg_partition_tree(f.confrelid) t ON t.isleaf
    WHERE f.contype = 'f' AND n.nspname IN ${ours} AND f.conrelid <> f.confrelid`.execute(db);
  return rows;
}

/** Every partition, those first that are partitioned again. */
export async function selectPartitions(db: Queryable): Promise<BackupHeader['partitions']> {
  const { rows } = await statement<BackupHeader['partitions'][number]>('platform.selectPartitions')`
    SELECT c.oid::regclass::text AS name, i.inhparent::regclass::text AS parent,
           pg_get_expr(c.relpartbound, c.oid) AS bounds,
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partitionedBy"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE n.nspname IN ${ours} AND c.relispartition AND c.relkind IN ('r', 'p')
    ORDER BY (SELECT count(*) FROM pg_partition_ancestors(c.oid)), 1`.execute(db);
  return rows;
}

/** What each sequence has drawn last. They are beside the snapshot: read after it, they are behind none of its rows. */
export async function selectSequences(db: Queryable): Promise<BackupSequence[]> {
  const { rows } = await statement<BackupSequence>('platform.selectSequences')`
    SELECT c.oid::regclass::text AS name, pg_sequence_last_value(c.oid)::text AS last
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ${ours} AND c.relkind = 'S' AND c.relpersistence = 'p' ORDER BY 1`.execute(db);
  return rows;
}

/** Sets a sequence to what it had drawn last; one that had drawn nothing begins anew. */
export async function setSequence(trx: UnitOfWork, { name, last }: BackupSequence): Promise<void> {
  await statement('platform.setSequence')`
    SELECT setval(${name}::regclass, coalesce(${last}::bigint, seqstart), ${last}::bigint IS NOT NULL)
    FROM pg_sequence WHERE seqrelid = ${name}::regclass`.execute(trx);
}

export async function selectServerVersion(db: Queryable): Promise<string> {
  const { rows } = await statement<{ version: string }>('platform.selectServerVersion')`
    SELECT current_setting('server_version') AS version`.execute(db);
  return rows[0]!.version;
}

export function copyOutStatement(db: Database, { name, columns }: TableRow): string {
  return statement(
    'platform.copyOut',
  )`COPY ${sql.raw(name)} (${sql.join(columns.map((column) => sql.id(column)))}) TO STDOUT`.compile(db).sql;
}

export function copyInStatement(db: Database, { name, columns }: TableRow): string {
  return statement(
    'platform.copyIn',
  )`COPY ${sql.raw(name)} (${sql.join(columns.map((column) => sql.id(column)))}) FROM STDIN`.compile(db).sql;
}

/** One restore at a time; the lock goes with the transaction. */
export async function lockRestore(trx: UnitOfWork): Promise<void> {
  await statement('platform.lockRestore')`SELECT pg_advisory_xact_lock(hashtextextended('arcadia restore', 0))`.execute(
    trx,
  );
}

/** What stands in the program's schemas: the names of a few, and how many there are. */
export async function selectWhatIsThere(db: Queryable): Promise<{ names: readonly string[]; count: number }> {
  const { rows } = await statement<{ names: string[]; count: number }>('platform.selectWhatIsThere')`
    SELECT coalesce((array_agg(name ORDER BY kind, name))[1:3], '{}') AS names, count(*) AS count FROM (
      SELECT 1 AS kind, c.oid::regclass::text AS name, 'pg_class'::regclass AS class, c.oid, c.relnamespace AS namespace
      FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      UNION ALL SELECT 2, p.oid::regproc::text, 'pg_proc'::regclass, p.oid, p.pronamespace FROM pg_proc p
      UNION ALL SELECT 3, t.oid::regtype::text, 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type t WHERE t.typtype IN ('d', 'e')
    ) AS things JOIN pg_namespace n ON n.oid = things.namespace
    WHERE n.nspname IN ${ours}
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = things.class AND d.objid = things.oid AND d.deptype = 'e')`.execute(
    db,
  );
  return rows[0]!;
}

/** What migrations have put off until the commit is done now, and nothing is put off from here on. */
export async function settleConstraints(trx: UnitOfWork): Promise<void> {
  await statement('platform.settleConstraints')`SET CONSTRAINTS ALL IMMEDIATE`.execute(trx);
}

export async function dropPartition(trx: UnitOfWork, name: string): Promise<void> {
  await statement('platform.dropPartition')`DROP TABLE ${sql.raw(name)}`.execute(trx);
}

export async function createPartition(
  trx: UnitOfWork,
  { name, parent, bounds, partitionedBy }: BackupHeader['partitions'][number],
): Promise<void> {
  const by = partitionedBy === null ? sql`` : sql`PARTITION BY ${sql.raw(partitionedBy)}`;
  await statement('platform.createPartition')`
    CREATE TABLE ${sql.raw(name)} PARTITION OF ${sql.raw(parent)} ${sql.raw(bounds)} ${by}`.execute(trx);
}

/** What migrations have put into the tables comes back with the rows. */
export async function truncateTables(trx: UnitOfWork, names: readonly string[]): Promise<void> {
  await statement('platform.truncateTables')`TRUNCATE ${sql.raw(names.join(', '))}`.execute(trx);
}

/** The tables on which triggers of ours stand. */
export async function selectTablesWithTriggers(db: Queryable): Promise<string[]> {
  const { rows } = await statement<{ name: string }>('platform.selectTablesWithTriggers')`
    SELECT DISTINCT t.tgrelid::regclass::text AS name
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND n.nspname IN ${ours} AND c.relpersistence = 'p'`.execute(db);
  return rows.map((row) => row.name);
}

/** Rows that come back are no changes: nothing records, publishes or refuses them. Foreign keys are checked all the same. */
export async function disableTriggers(trx: UnitOfWork, table: string): Promise<void> {
  await statement('platform.disableTriggers')`ALTER TABLE ${sql.raw(table)} DISABLE TRIGGER USER`.execute(trx);
}

export async function armTriggers(trx: UnitOfWork): Promise<void> {
  await statement('platform.armTriggers')`CALL arm_triggers()`.execute(trx);
}

/** For the planner: nobody has looked at the tables yet. */
export async function analyze(db: Database): Promise<void> {
  await statement('platform.analyze')`ANALYZE`.execute(db);
}
