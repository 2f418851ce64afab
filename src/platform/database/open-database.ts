import pg from 'pg';
import type { Config } from '../config.ts';
import { connect, type Database } from './database.ts';
import { dropDatabase, ensureDatabase, relaxDurability } from './databases.ts';
import { type EmbeddedDatabase, embeddedOwner, openEmbeddedDatabase } from '../embedded/embedded.ts';
import { ArcadiaError, toArcadiaError } from '../errors.ts';
import { restoreAccess } from './access.ts';
import { migrate, migrationStatus, refuseForeign } from './migrate.ts';
import type { Pools } from './pools.ts';
import { statement } from './statement.ts';

// The embedded server holds several databases, because a database has one clock: real accounts
// live in one, simulated ones in another, demonstrations in their own.
export const realDatabase = 'arcadia';
export const sandboxDatabase = 'arcadia_sandbox';

export interface OpenedDatabase {
  readonly db: Database;
  /** Holds a password: never print it. */
  readonly connectionString: string;
  readonly kind: 'embedded' | 'url';
  /** The database's name. */
  readonly database: string;
  /** See EmbeddedDatabase; a database at an address is kept alive by whoever runs it. */
  keepAlive(report: (error: Error | null) => void): void;
  /** Closes the pool and leaves the embedded server, which the last one out stops. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** A database of the embedded server, or beside the one of DATABASE_URL, by name. Without it: see openDatabase. */
  readonly database?: string;
  /** Drops it first: for a demonstration that starts from nothing. Only with `database`. */
  readonly fresh?: boolean;
  /**
   * What of the schema: `current`, the default, refuses that of another version; `migrate` brings it up to this one, for
   * those who are asked to; `any` takes it as it is, for commands about the schema itself. One that has never been filled
   * is set up where it is embedded.
   */
  readonly schema?: 'current' | 'migrate' | 'any';
  /** false leaves rights and policies as they are: for what looks whether they are whole. */
  readonly restoreAccess?: boolean;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly max?: number;
  /** Session settings; see connect. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the process: where the pool is counted in. */
  readonly pools?: Pools;
  readonly signal?: AbortSignal;
}

function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

function databaseOf(connectionString: string): string {
  const url = new URL(connectionString);
  return decodeURIComponent(url.pathname.slice(1)) || url.username || 'postgres';
}

/**
 * A server that does not answer at all is found out in seconds, not when the network gives up.
 * Errors: invalid_config for a pooler that gives a client another session with each transaction: temporary tables
 * and advisory locks would vanish.
 */
async function reach(connectionString: string): Promise<void> {
  const [first, second] = [0, 1].map(() => new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })) as [
    pg.Client,
    pg.Client,
  ];
  const session = async (client: pg.Client) =>
    (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  try {
    for (const client of [first, second]) {
      client.on('error', () => {});
      await client.connect();
    }
    const before = await session(first);
    // A pooler of transactions now gives the second client the first one's session, or the first a new one.
    await second.query('BEGIN');
    const other = await session(second);
    if (other === before || (await session(first)) !== before) {
      throw new ArcadiaError(
        'invalid_config',
        'DATABASE_URL leads to a pooler that gives each transaction another session. Use a session-mode pool, or the database itself.',
      );
    }
  } finally {
    await Promise.all([first, second].map((client) => client.end().catch(() => {})));
  }
}

/** Whether anything real was ever connected to the database `arcadia`. */
async function hasAccounts(connectionString: string): Promise<boolean> {
  const db = connect({ connectionString, max: 1 });
  try {
    const { rows: tables } = await statement<{ there: boolean }>(
      'platform.hasAccounts.select_to_regclass',
    )`SELECT to_regclass('inventory_accounts') IS NOT NULL AS there`.execute(db);
    if (!tables[0]?.there) return false;
    const { rows } = await statement<{ any: boolean }>(
      'platform.hasAccounts.select_exists',
    )`SELECT EXISTS (SELECT FROM inventory_accounts) AS any`.execute(db);
    return rows[0]?.any ?? false;
  } finally {
    await db.destroy();
  }
}

async function make(admin: string, database: string, fresh: boolean, owner?: string): Promise<void> {
  if (fresh) await dropDatabase(admin, database);
  await ensureDatabase(admin, database, { owner });
  if (fresh || database === sandboxDatabase) await relaxDurability(admin, database);
}

/** Errors: schema_changed, schema_newer, schema_older. */
async function requireCurrentSchema(db: Database, kind: 'embedded' | 'url'): Promise<void> {
  const status = await migrationStatus(db);
  refuseForeign(status);
  const pending = status.filter(({ state }) => state === 'pending').map(({ name }) => name);
  if (pending.length === 0) return;
  const isEmpty = pending.length === status.length;
  if (isEmpty && kind === 'embedded') return void (await migrate(db));
  throw isEmpty
    ? new ArcadiaError('schema_older', 'This database has not been set up: it has no tables of arcadia.', {
        todo: 'Set it up with `db migrate`, or start the server on it, which does the same.',
      })
    : new ArcadiaError(
        'schema_older',
        `This database has the schema of an older version; it lacks ${pending.join(', ')}.`,
      );
}

async function open(
  connectionString: string,
  kind: 'embedded' | 'url',
  server: EmbeddedDatabase | null,
  options: OpenDatabaseOptions,
): Promise<OpenedDatabase> {
  const { applicationName, max, pools, settings } = options;
  const db = connect({
    connectionString,
    ...(settings === undefined ? {} : { settings }),
    ...(max === undefined ? {} : { max }),
    ...(pools === undefined ? {} : { pools }),
    ...(applicationName === undefined ? {} : { applicationName }),
  });
  const { schema = options.fresh === true ? 'migrate' : 'current' } = options;
  try {
    if (schema === 'migrate') await migrate(db);
    else if (schema === 'current') await requireCurrentSchema(db, kind);
    if (schema !== 'any' && options.restoreAccess !== false) await restoreAccess(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    db,
    connectionString,
    kind,
    database: databaseOf(connectionString),
    keepAlive: (report) => server?.keepAlive(report),
    async close() {
      await db.destroy();
      await server?.release();
    },
  };
}

/**
 * Opens the database of this run. Its schema must be this version's, unless `schema` says otherwise: a command of a newer
 * checkout that migrated would leave every process of the older one unable to work.
 *
 * With DATABASE_URL: that one. Else the embedded server's: `arcadia` if any account was ever
 * connected to it, else `arcadia_sandbox`; so that every command, without being told, speaks of
 * the real accounts where there are any, and of the simulated ones until then. A `database` by
 * name overrides both.
 *
 * Errors: database_unreachable, database_full, database_embedded, schema_changed, schema_newer,
 * schema_older, invalid_config.
 */
export async function openDatabase(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  options: OpenDatabaseOptions = {},
): Promise<OpenedDatabase> {
  const { database, fresh = false } = options;
  if (fresh && database === undefined)
    throw new ArcadiaError('invalid_argument', 'Only a named database can be recreated.');
  if (config.databaseUrl !== null) {
    const url = config.databaseUrl;
    try {
      await reach(url);
      if (database === undefined) return await open(url, 'url', null, options);
      await make(url, database, fresh);
      return await open(withDatabase(url, database), 'url', null, options);
    } catch (error) {
      throw toArcadiaError(error, `The database at ${new URL(url).host}`);
    }
  }
  const server = await openEmbeddedDatabase({
    dataDir: config.dataDir,
    database: realDatabase,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  try {
    const chosen =
      database ?? ((await hasAccounts(server.connectionString(realDatabase))) ? realDatabase : sandboxDatabase);
    await make(server.superuserConnectionString('postgres'), chosen, fresh, embeddedOwner);
    return await open(server.connectionString(chosen), 'embedded', server, options);
  } catch (error) {
    await server.release();
    throw toArcadiaError(error, 'The embedded database');
  }
}
