import { inject } from 'vitest';
import { sql } from 'kysely';
import { copyOutStatement, selectSequences, selectTables } from '../../src/platform/backup/backup.store.ts';
import { backUp, type BackupSummary } from '../../src/platform/backup/backup.ts';
import { copyOut, onOneConnection } from '../../src/platform/backup/copy.ts';
import { BackupReader } from '../../src/platform/backup/file.ts';
import { restoreBackup, type RestoreOptions, type RestoreSummary } from '../../src/platform/backup/restore.ts';
import { backupSettings } from '../../src/platform/backup/settings.ts';
import { listSealedSecrets } from '../../src/inventory/secret-key.ts';
import { queueTables } from '../../src/jobs/index.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../../src/platform/database/databases.ts';
import { createHash } from 'node:crypto';

export interface EmptyDatabase {
  readonly db: Database;
  readonly connectionString: string;
  close(): Promise<void>;
}

let opened = 0;

/** A database that holds nothing at all, on the run's server. */
export async function openEmptyDatabase(): Promise<EmptyDatabase> {
  const { admin, address: ofServer, owner } = inject('testDatabase');
  const name = `test_${process.pid}_${process.env.VITEST_WORKER_ID ?? 0}_empty_${opened++}`;
  await ensureDatabase(admin, name, { owner });
  const address = new URL(ofServer);
  address.pathname = `/${name}`;
  const db = connect({ connectionString: address.href, applicationName: 'test' });
  return {
    db,
    connectionString: address.href,
    async close() {
      await db.destroy();
      await dropDatabase(admin, name);
    },
  };
}

const never = new AbortController().signal;

/** A backup in memory. */
export async function backUpTo(connectionString: string): Promise<{ bytes: Buffer; summary: BackupSummary }> {
  const chunks: Uint8Array[] = [];
  const summary = await backUp(
    {
      connectionString,
      database: 'test',
      program: '0.0.0',
      now: Temporal.Instant.from('2026-06-10T00:00:00Z'),
      signal: never,
      describe: async (db) => ({
        sealed: await listSealedSecrets(db),
        simulated: null,
        usageStore: null,
        queueVersion: await queueTables.version(db),
      }),
      onProgress: () => {},
    },
    async (content) => {
      for await (const chunk of content) chunks.push(chunk);
    },
  );
  return { bytes: Buffer.concat(chunks), summary };
}

/** In pieces of a size that is no power of two, so that their borders lie anywhere. */
async function* pieces(bytes: Buffer, length = 7_919): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export async function restoreFrom(
  bytes: Buffer,
  connectionString: string,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreSummary> {
  const backup = await BackupReader.open(pieces(bytes));
  try {
    return await restoreBackup(backup, {
      connectionString,
      database: 'restored',
      queue: queueTables,
      signal: never,
      onProgress: () => {},
      ...options,
    });
  } finally {
    await backup.close();
  }
}

/** A row of the audit log, as COPY writes it, by which a restore says that it wrote the guards anew. */
const recordingOfRestore = /^.*\tguard_writings\t.*\{"cause": "restore"\}.*\n/gm;

/** Of every table a digest of what COPY says of it but for what restores add, and what its sequences have drawn. */
export async function contentOf(connectionString: string): Promise<Record<string, string>> {
  const holding = { connectionString, applicationName: 'test', settings: backupSettings, signal: never };
  return onOneConnection(holding, async (held) => {
    const digests: Record<string, string> = {};
    for (const table of await selectTables(held.db)) {
      const hash = createHash('sha256');
      const log: Uint8Array[] = [];
      for await (const chunk of copyOut(held, copyOutStatement(held.db, table)))
        if (table.name === 'audit_log') log.push(chunk);
        else hash.update(chunk);
      hash.update(Buffer.concat(log).toString().replaceAll(recordingOfRestore, ''));
      digests[table.name] = hash.digest('hex');
    }
    for (const { name, last } of await selectSequences(held.db)) digests[`sequence ${name}`] = last ?? 'nothing';
    return digests;
  });
}

/** Everything of the schema that a statement could trip over, and who may what, as text. */
export async function schemaOf(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ what: string }>`
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'pgboss'))
    SELECT format('column %s.%s %s %s %s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  a.attidentity, pg_get_expr(d.adbin, d.adrelid)) AS what
    FROM pg_class c JOIN ours ON ours.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v')
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN ours ON ours.oid = k.connamespace WHERE k.contype <> 'n' -- these are said with their columns
    UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes JOIN ours ON nspname = schemaname
    UNION ALL SELECT format('trigger %s %s', tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t
    JOIN pg_class c ON c.oid = tgrelid JOIN ours ON ours.oid = c.relnamespace WHERE NOT tgisinternal
    UNION ALL SELECT format('policy %s %s %s %s %s', tablename, policyname, roles, qual, with_check) FROM pg_policies
    UNION ALL SELECT format('relation %s %s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(c.relacl) x))
    FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
    UNION ALL SELECT format('function %s %s', p.oid::regprocedure, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(p.proacl) x))
    FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
    ORDER BY 1`.execute(db);
  return rows.map(({ what }) => what);
}
