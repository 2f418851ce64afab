import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { TestProject } from 'vitest/node';
import { keepTemporaryFilesThere, serverFolder } from './server-folder.ts';
import { keptShapes, type Shape } from './rows/shapes.ts';
import { connect, type Database } from '../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../src/platform/database/databases.ts';
import { embeddedOwner, openEmbeddedDatabase } from '../src/platform/embedded/embedded.ts';
import { migrate, readMigrations } from '../src/platform/database/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `admin` is a superuser, `address` the owner of the tests' databases: no superuser, as where people run us. */
    testDatabase: {
      admin: string;
      address: string;
      owner: string | undefined;
      template: string;
      /** In the names of the run's other templates, and its pid: a later run knows by it that it has ended. */
      run: number;
    };
    rowShapes: Readonly<Record<string, Shape>>;
  }
}

/** Templates of older schemas that stay: another checkout's run may be copying from one. */
const keptTemplates = 4;

/** Copies that a killed run left behind, and templates that nobody needs any more. */
async function sweep(db: Database, admin: string, template: string): Promise<void> {
  const { rows } = await sql<{ datname: string }>`
    SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%' OR datname LIKE 'template\\_%' ORDER BY oid DESC`.execute(
    db,
  );
  const names = rows.map((row) => row.datname);
  const copies = names.filter((name) => name.startsWith('test_'));
  const orphans = copies.filter((name) => !isRunning(Number(name.split('_')[1])));
  // While another run has copies open, its template stays, however old the schema is.
  const templates =
    copies.length > orphans.length
      ? []
      : names.filter((name) => name.startsWith('template_') && name !== template).slice(keptTemplates);
  for (const name of [...templates, ...orphans]) await dropDatabase(admin, name);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Made under another name and then renamed: a template is whole or is not there. */
async function ensureTemplate(db: Database, server: Server, template: string): Promise<void> {
  const admin = server.superuserConnectionString('postgres');
  const { rows } = await sql`SELECT FROM pg_database WHERE datname = ${template}`.execute(db);
  if (rows.length > 0) return;
  const half = `test_${process.pid}_template`;
  await ensureDatabase(admin, half, { owner: server.owner });
  const fresh = connect({ connectionString: server.connectionString(half), max: 1 });
  try {
    await migrate(fresh);
  } finally {
    await fresh.destroy();
  }
  try {
    await sql`ALTER DATABASE ${sql.id(half)} RENAME TO ${sql.id(template)}`.execute(db);
  } catch (error) {
    // Another run made the same one meanwhile.
    if ((error as { code?: string }).code !== '42P04') throw error;
    await dropDatabase(admin, half);
  }
}

/** What the files of a run have begun with. */
async function dropTemplatesOf(run: number, admin: string): Promise<void> {
  const db = connect({ connectionString: admin, max: 1 });
  try {
    const { rows } = await sql<{ datname: string }>`
      SELECT datname FROM pg_database WHERE starts_with(datname, ${`test_${run}_`})`.execute(db);
    for (const { datname } of rows) await dropDatabase(admin, datname);
  } finally {
    await db.destroy();
  }
}

interface Server {
  /** To whom databases belong; undefined: to the superuser. */
  readonly owner: string | undefined;
  /** Of a database of it. */
  connectionString(database: string): string;
  superuserConnectionString(database: string): string;
  release(): Promise<void>;
}

/** The server that TEST_DATABASE_URL names, as a superuser; without it an embedded one. */
async function openServer(): Promise<Server> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') {
    const connectionString = (database: string) => {
      const url = new URL(given);
      url.pathname = `/${database}`;
      return url.href;
    };
    return { owner: undefined, connectionString, superuserConnectionString: connectionString, async release() {} };
  }
  const embedded = await openEmbeddedDatabase({
    dataDir: serverFolder(),
    database: 'postgres',
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      // The tests of faults alone run a dozen workers, each with its pools, beside whatever else runs.
      max_connections: '400',
      // What is kept of the log is kept in memory.
      max_wal_size: '256MB',
    },
  });
  return { ...embedded, owner: embeddedOwner };
}

/**
 * One PostgreSQL server for the whole run, the embedded one in a folder of its own that later runs use again, and
 * in it a migrated template per content of migrations/. Nothing in it is worth an fsync.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer();
  const admin = server.superuserConnectionString('postgres');
  const digest = createHash('sha256').update(server.owner ?? '');
  for (const file of await readMigrations()) digest.update(`${file.name}\0${file.sha256}\0`);
  const template = `template_${digest.digest('hex').slice(0, 16)}`;
  const db = connect({ connectionString: admin, max: 1 });
  try {
    await sweep(db, admin, template);
    await ensureTemplate(db, server, template);
    const { rows } = await sql<{ version: string }>`SELECT current_setting('server_version') AS version`.execute(db);
    if (process.env.TEST_DATABASE_URL) console.warn(`The tests use PostgreSQL ${rows[0]?.version}.`);
  } catch (error) {
    await db.destroy();
    await server.release();
    throw error;
  }
  await db.destroy();
  project.provide('testDatabase', {
    admin,
    address: server.connectionString('postgres'),
    owner: server.owner,
    template,
    run: process.pid,
  });
  project.provide('rowShapes', keptShapes());
  const removeFiles = keepTemporaryFilesThere();
  return async () => {
    await dropTemplatesOf(process.pid, admin);
    await server.release();
    removeFiles();
  };
}
