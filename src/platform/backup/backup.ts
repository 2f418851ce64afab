import { verifyChain } from '../audit.ts';
import type { Queryable, UnitOfWork } from '../database/database.ts';
import { migrationStatus, readApplied, refuseForeign } from '../database/migrate.ts';
import { ArcadiaError } from '../errors.ts';
import * as store from './backup.store.ts';
import { copyOut, type HeldConnection, onOneConnection } from './copy.ts';
import { type BackupHeader, BackupWriter, compress } from './file.ts';
import { backupSettings } from './settings.ts';

/** What a backup says of itself that only modules know. */
type Contents = Pick<BackupHeader, 'sealed' | 'simulated' | 'usageStore' | 'queueVersion'>;

export interface BackupOptions {
  readonly connectionString: string;
  readonly database: string;
  /** The program's version. */
  readonly program: string;
  readonly now: Temporal.Instant;
  readonly signal: AbortSignal;
  /** Asked as of the backup's instant. */
  readonly describe: (db: Queryable) => Promise<Contents>;
  readonly onProgress: (table: string, rows: number) => void;
}

export interface BackupSummary {
  readonly header: BackupHeader;
  readonly tables: number;
  readonly rows: number;
}

/**
 * Backs up all that the program keeps in a database, as of one instant, while others go on working. `write` is given
 * the file's bytes as they come, and keeps the file only where it ends without an error. Needs the tables' owner, and
 * nothing that the server would have to bring along. Changes nothing, the schema included.
 * Errors: not_found for a database that holds nothing of ours, schema_newer, schema_changed, database_forbidden.
 */
export async function backUp(
  options: BackupOptions,
  write: (content: AsyncIterable<Uint8Array>, header: BackupHeader) => Promise<void>,
): Promise<BackupSummary> {
  const { connectionString, signal } = options;
  const holding = { connectionString, applicationName: 'arcadia backup', settings: backupSettings, signal };
  let failure: unknown;
  return onOneConnection(holding, async (held) =>
    held.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => {
        const tables = await holdTables(trx);
        const header = await describeDatabase(trx, options);
        const writer = new BackupWriter();
        await write(compress(contentOf(held, trx, tables, writer, header, options)), header).catch((error: unknown) => {
          failure = error;
          throw error;
        });
        return { header, ...writer.totals };
      }),
  ).catch((error: unknown) => {
    // Left half-way, the connection is cut off: that the transaction then cannot end well is no news.
    throw signal.aborted ? error : (failure ?? error);
  });
}

const undefinedTable = '42P01';

/** All tables in their order, held so that nobody drops one while those before it are read. */
async function holdTables(trx: UnitOfWork): Promise<store.TableRow[]> {
  const tables = inOrderOfReference(await store.selectTables(trx), await store.selectReferences(trx));
  if (tables.length > 0) {
    const names = tables.map(({ name }) => name);
    await store.lockTables(trx, names).catch((error: Error & { code?: string }) => {
      if (error.code !== undefinedTable) throw error;
      const message = 'A table was dropped just as the backup began, as retention does. Nothing was written.';
      throw new ArcadiaError('conflict', message, { todo: 'Run it again.', cause: error });
    });
  }
  return tables;
}

async function describeDatabase(trx: UnitOfWork, options: BackupOptions): Promise<BackupHeader> {
  const { program, now, database, describe } = options;
  const applied = await readApplied(trx);
  if (applied.size === 0)
    throw new ArcadiaError(
      'not_found',
      `The database ${database} holds nothing of arcadia's: there is nothing to back up.`,
    );
  refuseForeign(await migrationStatus(trx));
  const { intact, head } = await verifyChain(trx, null);
  return {
    program,
    madeAt: now.round('second').toString(),
    server: await store.selectServerVersion(trx),
    database,
    migrations: [...applied].map(([name, sha256]) => ({ name, sha256 })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    partitions: await store.selectPartitions(trx),
    audit: { head, intact },
    ...(await describe(trx)),
  };
}

async function* contentOf(
  held: HeldConnection,
  trx: UnitOfWork,
  tables: readonly store.TableRow[],
  writer: BackupWriter,
  header: BackupHeader,
  { onProgress, signal }: BackupOptions,
): AsyncGenerator<Buffer, void, undefined> {
  yield writer.begin(header);
  for (const table of tables) {
    signal.throwIfAborted();
    onProgress(table.name, writer.totals.rows);
    yield writer.beginTable(table.name, table.columns);
    const copying = copyOut(held, store.copyOutStatement(held.db, table));
    try {
      let next = await copying.next();
      for (; next.done !== true; next = await copying.next()) yield writer.rows(next.value);
      yield writer.endTable(next.value);
    } finally {
      await copying.return(0);
    }
  }
  yield writer.end(await store.selectSequences(trx));
}

/** What is referred to comes before what refers to it. */
function inOrderOfReference<Table extends { readonly name: string }>(
  tables: readonly Table[],
  references: readonly { readonly child: string; readonly parent: string }[],
): Table[] {
  const parents = Map.groupBy(references, ({ child }) => child);
  const byName = new Map(tables.map((table) => [table.name, table]));
  const ordered = new Set<Table>();
  const visit = (name: string, children: readonly string[]): void => {
    const table = byName.get(name);
    if (table === undefined || ordered.has(table)) return;
    if (children.includes(name)) throw new Error(`tables refer to each other in a circle: ${children.join(', ')}`);
    for (const { parent } of parents.get(name) ?? []) visit(parent, [...children, name]);
    ordered.add(table);
  };
  for (const { name } of tables) visit(name, []);
  return [...ordered];
}
