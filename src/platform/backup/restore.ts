import { verifyChain } from '../audit.ts';
import { restoreAccess } from '../database/access.ts';
import type { Queryable, UnitOfWork } from '../database/database.ts';
import { migrate, readMigrations } from '../database/migrate.ts';
import { migrationsFolder } from '../database/migrations-folder.ts';
import { nestedDatabase } from '../database/nested-database.ts';
import { ArcadiaError } from '../errors.ts';
import { recordWritings } from '../guards/writings.ts';
import * as store from './backup.store.ts';
import { copyIn, type HeldConnection, onOneConnection } from './copy.ts';
import { type BackupHeader, type BackupReader, type BackupSection, unreadable } from './file.ts';
import { backupSettings } from './settings.ts';

/** The tables of the queue, which it makes itself. */
interface QueueTables {
  make(trx: UnitOfWork): Promise<void>;
  version(db: Queryable): Promise<number | null>;
}

export interface RestoreOptions {
  readonly connectionString: string;
  readonly database: string;
  readonly queue: QueueTables;
  readonly signal: AbortSignal;
  readonly onProgress: (table: string, rows: number) => void;
  /** Where this version's migrations are; unless given: its own. */
  readonly folder?: string;
}

export interface RestoreSummary {
  readonly tables: number;
  readonly rows: number;
  /** Migrations that this version has and the backup had not. */
  readonly migrated: readonly string[];
}

/**
 * Whether this version can restore a backup, as far as its header tells. Errors: schema_newer, schema_changed.
 */
export async function assertRestorable(
  { migrations, program }: BackupHeader,
  folder: string = migrationsFolder,
): Promise<void> {
  const known = await readMigrations(folder);
  const todo = `Restore it with version ${program} of arcadia, which made it, or a later one. Nothing was changed.`;
  const unknown = migrations.filter(({ name }) => !known.some((file) => file.name === name));
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(', ');
    throw new ArcadiaError('schema_newer', `The backup has migrations that this version does not know: ${names}.`, {
      todo,
    });
  }
  const changed = migrations.filter(
    ({ name, sha256 }, index) => known[index]?.name !== name || known[index].sha256 !== sha256,
  );
  if (changed.length > 0) {
    const names = changed.map(({ name }) => name).join(', ');
    throw new ArcadiaError('schema_changed', `The backup's migrations are not those of this version: ${names}.`, {
      todo,
    });
  }
}

/**
 * Restores a backup into a database that holds nothing, in one transaction: either all of it is there, or the database
 * is as empty as before, whatever is killed. The schema is made by the migrations of the backup; what this version has
 * beyond them is applied after the rows. The user becomes the owner, and need be no superuser.
 * Errors: database_not_empty, backup_unreadable, schema_newer, schema_changed, audit_broken, invalid_config.
 */
export async function restoreBackup(backup: BackupReader, options: RestoreOptions): Promise<RestoreSummary> {
  const { connectionString, signal } = options;
  await assertRestorable(backup.header, options.folder);
  const holding = { connectionString, applicationName: 'arcadia restore', settings: backupSettings, signal };
  return onOneConnection(holding, async (held) => {
    const summary = await held.db.transaction().execute(async (trx) => {
      await store.lockRestore(trx);
      await assertEmpty(trx, options.database);
      await makeSchema(trx, backup.header, options);
      const loaded = await loadTables(held, trx, backup, options);
      return { ...loaded, migrated: await complete(trx, backup.header, options) };
    });
    await store.analyze(held.db);
    return summary;
  }).catch((error: unknown) => {
    throw explained(error, backup.header);
  });
}

/** Errors: database_not_empty. */
async function assertEmpty(trx: UnitOfWork, database: string): Promise<void> {
  const { names, count } = await store.selectWhatIsThere(trx);
  if (count === 0) return;
  throw new ArcadiaError(
    'database_not_empty',
    `The database ${database} is not empty: it holds ${count} tables, views, sequences, functions and types (${names.join(', ')}, ...). Nothing was changed.`,
  );
}

async function makeSchema(trx: UnitOfWork, header: BackupHeader, { queue, folder }: RestoreOptions): Promise<void> {
  await migrate(nestedDatabase(trx), folder, header.migrations.at(-1)?.name);
  if (header.queueVersion !== null) {
    await queue.make(trx);
    const version = await queue.version(trx);
    if (version !== header.queueVersion) {
      throw unreadable(
        `The backup's jobs are in tables of version ${header.queueVersion} of the queue, and this version of arcadia makes version ${version}.`,
        `Restore it with version ${header.program} of arcadia, which made it; then update.`,
      );
    }
  }
  await store.settleConstraints(trx);
  await makePartitions(trx, header.partitions);
}

const relation = /^(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")(?:\.(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+"))?$/;
const bound = /^(?:DEFAULT|FOR VALUES (?:FROM|IN|WITH) [^;]+)$/;
const partitionKey = /^(?:RANGE|LIST|HASH) \([^;]+\)$/;

async function makePartitions(trx: UnitOfWork, wanted: BackupHeader['partitions']): Promise<void> {
  const there = await store.selectPartitions(trx);
  const names = new Set(wanted.map(({ name }) => name));
  for (const { name } of there.toReversed()) if (!names.has(name)) await store.dropPartition(trx, name);
  const made = new Set(there.map(({ name }) => name));
  for (const partition of wanted) {
    const { name, parent, bounds, partitionedBy } = partition;
    const isSound = relation.test(name) && relation.test(parent) && bound.test(bounds);
    if (!isSound || (partitionedBy !== null && !partitionKey.test(partitionedBy)))
      throw unreadable(`The backup is damaged: it describes a partition that cannot be (${name}).`);
    if (!made.has(name)) await store.createPartition(trx, partition);
  }
}

async function loadTables(
  held: HeldConnection,
  trx: UnitOfWork,
  backup: BackupReader,
  { onProgress }: RestoreOptions,
): Promise<{ tables: number; rows: number }> {
  const there = new Map((await store.selectTables(trx)).map((table) => [table.name, table]));
  const withTriggers = await store.selectTablesWithTriggers(trx);
  for (const table of withTriggers) await store.disableTriggers(trx, table);
  await store.truncateTables(trx, [...there.keys()]);
  const tables = there.size;
  let rows = 0;
  for await (const section of backup.sections()) {
    onProgress(section.table, rows);
    const table = there.get(section.table);
    if (table === undefined) throw unreadable(`The backup is damaged: it has no place for ${section.table}.`);
    there.delete(section.table);
    rows += await loadTable(held, table, section);
  }
  const [missing] = there.keys();
  if (missing !== undefined) throw unreadable(`The backup is damaged: the table ${missing} is missing.`);
  for (const sequence of backup.sequences) await store.setSequence(trx, sequence);
  await store.armTriggers(trx);
  return { tables, rows };
}

async function loadTable(
  held: HeldConnection,
  { name, columns }: { readonly name: string; readonly columns: readonly string[] },
  section: BackupSection,
): Promise<number> {
  if (columns.toSorted().join('\0') !== section.columns.toSorted().join('\0'))
    throw unreadable(`The backup is damaged: the table ${name} has other columns.`);
  const text = store.copyInStatement(held.db, { name, columns: section.columns });
  const restored = await copyIn(held, text, section.rows).catch((error: Error & { code?: string }) => {
    // 22: not a value of its type; 23: against a constraint.
    if (!/^2[23]/.test(error.code ?? '')) throw error;
    throw unreadable(`The backup is damaged: the rows of ${name} do not fit (${error.message}).`);
  });
  await section.verify(restored);
  return restored;
}

/** What this version has beyond the backup, the rights, and whether the chain of the audit log still holds. */
async function complete(
  trx: UnitOfWork,
  { audit }: BackupHeader,
  { folder }: RestoreOptions,
): Promise<readonly string[]> {
  // The log of the backup says who wrote the guards there, and not here.
  await recordWritings(trx, 'restore');
  const migrated = await migrate(nestedDatabase(trx), folder);
  await restoreAccess(nestedDatabase(trx));
  const verified = await verifyChain(trx, audit.head);
  if (audit.intact && !verified.intact) {
    throw new ArcadiaError(
      'audit_broken',
      'The audit log of the backup does not hold together, and did when it was made. Nothing was changed.',
      { todo: 'Keep the file as it is, and restore another copy or an earlier backup.', details: { ...verified } },
    );
  }
  return migrated;
}

function explained(error: unknown, { partitions }: BackupHeader): unknown {
  if ((error as { code?: unknown }).code !== '53200') return error;
  return new ArcadiaError(
    'invalid_config',
    `The server has too few locks for ${partitions.length} partitions in one transaction. Nothing was changed.`,
    {
      todo: `Raise max_locks_per_transaction (to ${Math.max(128, Math.ceil(partitions.length / 16))} or more), restart the server, and restore again.`,
      cause: error,
    },
  );
}
