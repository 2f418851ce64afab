import type { Command } from 'commander';
import { listAccounts, listSealedSecrets } from '../../inventory/index.ts';
import { usageStoreAddress } from '../../metering/index.ts';
import { queueTables } from '../../jobs/index.ts';
import type { Config } from '../../platform/config.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { BackupHeader } from '../../platform/backup/file.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { addCommand, type CommonOptions, withSession } from '../engine/command.ts';
import { count, plural } from '../engine/output.ts';
import type { Session } from '../engine/session.ts';

interface BackupOptions extends CommonOptions {
  readonly out?: string;
}

interface RestoreOptions extends CommonOptions {
  readonly withoutKey?: boolean;
}

export function addBackupCommands(db: Command): void {
  addCommand(db, 'backup', {
    summary: 'write all of the database to one file',
    details: `As of one instant, while everything goes on. The file holds what the database holds, and not the key that opens
its sealed credentials: keep that too, somewhere else. It replaces no file. docs/backup.md says all of it.
For s3:// set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL_S3, or a Spaces key with SPACES_REGIONS.`,
    example: `
$ arcadia db backup
Backed up the database arcadia to arcadia-2026-05-01T020000Z.backup: 71 tables, 61,204 rows, 2.1 MB.
...

$ arcadia db backup --out /var/backups/arcadia/
$ arcadia db backup --out s3://backups/arcadia/`,
  })
    .option('--out <place>', 'a file, a folder, or s3://bucket/name; unless given, a file in this folder')
    .action(withSession(backup));

  addCommand(db, 'restore <from>', {
    summary: 'fill an empty database from a backup',
    details: `All of it or nothing, and only into a database that holds nothing. What is sealed in the backup needs the
key that it was sealed with: in ARCADIA_SECRET_KEY, or as the key file of the data folder.`,
    example: `
$ DATABASE_URL=postgres://arcadia@db/arcadia_new arcadia db restore arcadia-2026-05-01T020000Z.backup
Restored the database arcadia_new: 71 tables, 61,204 rows, as of 2026-05-01T02:00:00Z.

$ arcadia db restore s3://backups/arcadia/arcadia-2026-05-01T020000Z.backup --database restored`,
  })
    .option('--without-key', 'restore although the key is missing: the accounts named have to be connected again')
    .action(withSession(restore));
}

async function backup(session: Session, options: BackupOptions): Promise<void> {
  const { backUp } = await import('../../platform/backup/backup.ts');
  const { placeForBackup } = await import('./backup-places.ts');
  const now = Temporal.Now.instant();
  const place = await placeForBackup(session, options.out, now);
  await place.assertFree();
  const { connectionString, database } = await session.database({ schema: 'any' });
  const { signal } = session;
  let bytes = 0;
  const { header, tables, rows } = await session.progress
    .step(`Backing up ${database}`, (report) =>
      backUp(
        {
          connectionString,
          database,
          program: packageJson.version,
          now,
          signal,
          describe,
          onProgress: (table, sofar) => report(`${count(sofar)} rows; ${table}`),
        },
        (content) => place.write(counted(content, (length) => (bytes += length))),
      ),
    )
    .catch((error: unknown) => {
      throw stopped(session, error, `nothing was written to ${place.address}`);
    });

  const key = await keyOf(header, await session.config());
  if (session.output.json) {
    const { madeAt, sealed, usageStore, audit } = header;
    const answer = { to: place.address, bytes, madeAt, database, tables, rows };
    return session.output.value({ ...answer, sealed, key: key.json, usageStore, auditIntact: audit.intact });
  }
  await session.output.text(
    `Backed up the database ${database} to ${place.address}: ${plural(tables, 'table')}, ${plural(rows, 'row')}, ${size(bytes)}.`,
  );
  await session.output.text(key.words);
  noteUsageStore(session, header, 'Its records are not in the backup: back that up as well, after this one.');
  if (!header.audit.intact) session.output.note('The audit log does not hold together: see arcadia audit verify.');
}

async function describe(
  db: Queryable,
): Promise<Pick<BackupHeader, 'sealed' | 'simulated' | 'usageStore' | 'queueVersion'>> {
  return {
    sealed: await listSealedSecrets(db),
    simulated: (await listAccounts(db))[0]?.simulated ?? null,
    usageStore: await usageStoreAddress(db),
    queueVersion: await queueTables.version(db),
  };
}

async function restore(session: Session, from: string, options: RestoreOptions): Promise<void> {
  const { BackupReader } = await import('../../platform/backup/file.ts');
  const { assertRestorable, restoreBackup } = await import('../../platform/backup/restore.ts');
  const { realDatabase, sandboxDatabase } = await import('../../platform/database/open-database.ts');
  const { placeOfBackup } = await import('./backup-places.ts');
  const reading = await BackupReader.open((await placeOfBackup(session, from)).read());
  session.onClose(() => reading.close());
  const { header } = reading;
  await assertRestorable(header);
  const unopened = await lookForKey(session, header, options.withoutKey === true);
  const usually = header.simulated === false ? realDatabase : sandboxDatabase;
  const { connectionString, database } = await session.database({ usually, schema: 'any' });
  const { signal } = session;
  const { tables, rows, migrated } = await session.progress
    .step(`Restoring ${database}`, (report) =>
      restoreBackup(reading, {
        connectionString,
        database,
        queue: queueTables,
        signal,
        onProgress: (table, sofar) => report(`${count(sofar)} rows; ${table}`),
      }),
    )
    .catch((error: unknown) => {
      throw stopped(session, error, 'nothing was changed');
    });

  const { madeAt, sealed, usageStore } = header;
  if (session.output.json) {
    const answer = { from, database, madeAt, tables, rows, migrated, sealed };
    return session.output.value({ ...answer, withoutKey: unopened.length > 0, usageStore });
  }
  await session.output.text(
    `Restored the database ${database}: ${plural(tables, 'table')}, ${plural(rows, 'row')}, as of ${madeAt}.`,
  );
  if (migrated.length > 0) session.output.note(`Migrations since: ${migrated.join(', ')}.`);
  if (unopened.length > 0)
    session.output.note(`Sealed with a key that is not here: ${unopened.join(', ')}. Connect these accounts again.`);
  noteUsageStore(session, header, 'Before anything is metered, read "Backup" in docs/usage-store.md.');
}

/** Names what cannot be opened with the key at hand. Errors: secret_unreadable, unless that is accepted. */
async function lookForKey(session: Session, { sealed }: BackupHeader, accepted: boolean): Promise<string[]> {
  const { readSecretKey, secretKeyFile } = await import('../../platform/secrets/secret-key.ts');
  const config = await session.config();
  const id = readSecretKey(config)?.id.toString('hex') ?? null;
  const unopened = sealed.filter(({ keyId }) => keyId !== id);
  const names = unopened.map(({ what }) => what);
  if (names.length === 0 || accepted) return names;
  const needed = [...new Set(unopened.map(({ keyId }) => keyId))].join(', ');
  const place = config.secretKey === null ? secretKeyFile(config.dataDir) : 'ARCADIA_SECRET_KEY';
  const here = id === null ? `there is no key at ${place}` : `the key of ${place} is ${id}`;
  throw new ArcadiaError(
    'secret_unreadable',
    `The backup needs key ${needed}, and ${here}. Without it nobody can open ${names.join(', ')}. Nothing was changed.`,
    {
      todo: `Put the key file that was kept for this backup at ${secretKeyFile(config.dataDir)}, or set ARCADIA_SECRET_KEY to what it holds. If it is lost, --without-key restores all the rest, and the accounts have to be connected again.`,
      details: { needed, sealed: names },
    },
  );
}

/** What has to be kept beside a backup, and apart from it. */
async function keyOf({ sealed }: BackupHeader, config: Config): Promise<{ words: string; json: unknown }> {
  const ids = [...new Set(sealed.map(({ keyId }) => keyId))];
  if (ids.length === 0) return { words: 'Nothing in it is sealed: it needs no key.', json: null };
  const { readSecretKey, secretKeyFile } = await import('../../platform/secrets/secret-key.ts');
  const here = readSecretKey(config)?.id.toString('hex') ?? null;
  const file = config.secretKey === null ? secretKeyFile(config.dataDir) : null;
  const place = file ?? 'the value of ARCADIA_SECRET_KEY';
  const needs = `without it nobody can open ${sealed.map(({ what }) => what).join(', ')}.`;
  const isHere = ids.every((id) => id === here);
  return {
    words: isHere
      ? `The key is not in it. Keep ${place} (key ${ids.join(', ')}) as well, apart from the backup: ${needs}`
      : `It needs key ${ids.join(', ')}, which is not ${place}. Find that key and keep it, apart from the backup: ${needs}`,
    json: { ids, file, isHere },
  };
}

function noteUsageStore(session: Session, { usageStore }: BackupHeader, what: string): void {
  if (usageStore !== null) session.output.note(`Usage records are in the ClickHouse at ${usageStore}. ${what}`);
}

/** What a person stopped has left nothing behind. */
function stopped(session: Session, error: unknown, what: string): unknown {
  if (!session.signal.aborted) return error;
  const cause = session.signal.reason as unknown;
  return new ArcadiaError('cancelled', `Stopped on request; ${what}.`, { cause, todo: 'Run it again.' });
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  add: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of content) {
    add(chunk.length);
    yield chunk;
  }
}

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
