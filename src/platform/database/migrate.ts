import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database, Queryable } from './database.ts';
import { ArcadiaError, toArcadiaError } from '../errors.ts';
import { recordWritings } from '../guards/writings.ts';
import { migrationsFolder } from './migrations-folder.ts';
import { statement } from './statement.ts';

export interface MigrationFile {
  /** The file's name without .sql: 0001_platform. */
  readonly name: string;
  readonly text: string;
  /** Of the text with \n line ends, so that a checkout's line ends do not matter. */
  readonly sha256: string;
}

/** In the order in which they apply. */
export async function readMigrations(folder: string = migrationsFolder): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const text = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      return { name: file.slice(0, -'.sql'.length), text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/** Name to sha256 of what has been applied to this database; empty for one that never saw a migration. */
export async function readApplied(db: Queryable): Promise<ReadonlyMap<string, string>> {
  const { rows: tables } = await statement<{ there: boolean }>('platform.readApplied.select_to_regclass')`
    SELECT to_regclass('migration_checksums') IS NOT NULL AS there`.execute(db);
  if (!tables[0]?.there) return new Map();
  const { rows } = await statement<{ name: string; sha256: string }>('platform.readApplied.select_name')`
    SELECT name, sha256 FROM migration_checksums`.execute(db);
  return new Map(rows.map((row) => [row.name, row.sha256]));
}

export interface MigrationStatus {
  readonly name: string;
  /** changed: the file is not the one that was applied. unknown: applied, but this version has no such file. */
  readonly state: 'applied' | 'pending' | 'changed' | 'unknown';
}

/** Where this database stands, by name. Changes nothing. */
export async function migrationStatus(
  db: Queryable,
  folder: string = migrationsFolder,
): Promise<readonly MigrationStatus[]> {
  const applied = await readApplied(db);
  const files = await readMigrations(folder);
  const known = files.map(({ name, sha256 }): MigrationStatus => {
    const before = applied.get(name);
    return { name, state: before === undefined ? 'pending' : before === sha256 ? 'applied' : 'changed' };
  });
  const names = new Set(files.map((file) => file.name));
  const unknown = [...applied.keys()]
    .filter((name) => !names.has(name))
    .map((name): MigrationStatus => ({ name, state: 'unknown' }));
  return [...known, ...unknown].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The checksum goes in with the migration itself, in one transaction. `together`: those that are applied in it; the last
 * of them has it recorded which guards they wrote.
 */
function migrationOf(file: MigrationFile, together: readonly string[]): Migration {
  return {
    async up(db) {
      await statement(
        'platform.migrationOf.create_checksums',
      )`CREATE TABLE IF NOT EXISTS migration_checksums (name text PRIMARY KEY, sha256 text NOT NULL)`.execute(db);
      await statement('platform.migrationOf.select_set_config')`
        SELECT set_config('arcadia.actor', ${file.name}, true), set_config('arcadia.origin', 'migration', true)`.execute(
        db,
      );
      await sql.raw(file.text).execute(db);
      await statement(
        'platform.migrationOf.insert_migration_checksums',
      )`INSERT INTO migration_checksums (name, sha256) VALUES (${file.name}, ${file.sha256})`.execute(db);
      if (file.name === together.at(-1)) await recordWritings(db, 'migration', together);
    },
  };
}

/**
 * Brings the database up to this version's schema and returns the names of what it applied: all
 * of it or nothing, and under an advisory lock, so that many processes may call it at once.
 * Refuses a database that a newer version has migrated, and one whose migrations were other files.
 * With `through`, the name of one, those after it stay pending.
 *
 * The audit log then says which guards were written anew: first those that were since the last recording, which no
 * migration explains, then those that the migrations write.
 */
export async function migrate(
  db: Database,
  folder: string = migrationsFolder,
  through?: string,
): Promise<readonly string[]> {
  const status = await migrationStatus(db, folder);
  refuseForeign(status);
  const pending = status.filter(({ name, state }) => state === 'pending' && (through === undefined || name <= through));
  if (status.some(({ state }) => state === 'applied'))
    await db.transaction().execute((trx) => recordWritings(trx, 'unknown'));
  if (pending.length === 0) return [];

  const files = await readMigrations(folder);
  const together = pending.map(({ name }) => name);
  const migrations = Object.fromEntries(files.map((file) => [file.name, migrationOf(file, together)]));
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await (through === undefined ? migrator.migrateToLatest() : migrator.migrateTo(through));
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName;
    throw toArcadiaError(error, failed === undefined ? 'Migrating the database' : `Migration ${failed}`);
  }
  return (results ?? []).map((result) => result.migrationName);
}

/** Errors: schema_changed, schema_newer. */
export function refuseForeign(status: readonly MigrationStatus[]): void {
  const changed = status.filter((one) => one.state === 'changed').map((one) => one.name);
  if (changed.length > 0) {
    throw new ArcadiaError(
      'schema_changed',
      `Migrations were edited after they had been applied to this database: ${changed.join(', ')}.`,
    );
  }
  const unknown = status.filter((one) => one.state === 'unknown').map((one) => one.name);
  if (unknown.length > 0) {
    throw new ArcadiaError(
      'schema_newer',
      `This database has migrations that this version does not know: ${unknown.join(', ')}.`,
    );
  }
}
