import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ensureDatabase, ensureOwner } from '../database/databases.ts';
import { chooseServerUser, closedFolder, locateBinaries, type ServerUser } from './embedded-binaries.ts';
import { ArcadiaError } from '../errors.ts';
import { keepAlive } from './keep-alive.ts';
import { exclusiveLock, tryExclusiveLock, trySharedLock } from './file-lock.ts';
import {
  findPostmaster,
  makeCluster,
  type Postmaster,
  readOwnerPassword,
  readPassword,
  type ServerFolder,
  serverFolder,
  startPostmaster,
  stopPostmaster,
  superuser,
} from './postmaster.ts';

// The embedded database: a real PostgreSQL that arcadia processes share. The first starts it,
// others join it, the last one out stops it, and whatever is killed, the next start finds its way.
//
// Two locks in the folder say who is there, and the kernel drops a dead process's:
//   gate     held alone while somebody looks, starts or stops;
//   clients  held together by all who use the server. Whoever can hold it alone is the last.

export interface EmbeddedDatabase {
  /**
   * The address of one database of the server, for `embeddedOwner`, who is no superuser and owns all databases but
   * `postgres`. It holds the password: never print it.
   */
  connectionString(database: string): string;
  /** The same for the server's superuser, with whom databases are made and dropped. */
  superuserConnectionString(database: string): string;
  /**
   * From now on starts the server again, at the same port, when it has died; for processes that stay up. Told after
   * each attempt: null when it is up again, else why it is not.
   */
  keepAlive(report: (error: Error | null) => void): void;
  /** Leaves; the last one out stops the server. Close every connection first. */
  release(): Promise<void>;
}

/** Whom programs connect as: the owner of the databases, with no rights on the server beyond them. */
export const embeddedOwner = 'arcadia_owner';

interface EmbeddedOptions {
  /** Holds everything; made where it is missing. */
  readonly dataDir: string;
  /** Made where it is missing. */
  readonly database: string;
  readonly signal?: AbortSignal;
  /** PostgreSQL settings over our own, for the one who starts the server, e.g. { fsync: 'off' } in tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Where the data lives unless somebody says otherwise. Root's home is closed to the server's user. */
export function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/arcadia-cloud';
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'arcadia-cloud');
}

/** Makes the data folder; a mistake in where it is names the folder at fault. */
export function makeDataDir(dataDir: string): string {
  const path = resolve(dataDir);
  // Root's is open to pass through, for the server's user. What is secret in it is closed itself.
  const mode = process.getuid?.() === 0 ? 0o755 : 0o700;
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
      chmodSync(made, mode);
  } catch (cause) {
    throw new ArcadiaError('database_embedded', `The data folder ${path} cannot be made: ${(cause as Error).message}`, {
      cause,
    });
  }
  return path;
}

function makeServerFolder(dataDir: string, user: ServerUser): string {
  const closed = closedFolder(resolve(dataDir), user);
  if (closed !== null) {
    throw new ArcadiaError(
      'database_embedded',
      `PostgreSQL does not run as root but as ${user?.name}, who may not enter ${closed}. Choose a data folder outside of it, such as /var/lib/arcadia-cloud (--data-dir or ARCADIA_DATA_DIR).`,
    );
  }
  const folder = join(makeDataDir(dataDir), 'postgres');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    if (user) chownSync(folder, user.uid, user.gid);
  } catch (cause) {
    throw new ArcadiaError(
      'database_embedded',
      `The data folder ${folder} cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
  return folder;
}

function superuserAddress(server: ServerFolder, port: number, database: string): string {
  return addressOf(superuser, readPassword(server), port, database);
}

function addressOf(user: string, password: string, port: number, database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** The port could be another program's: only a server that takes our password and keeps this cluster is ours. */
async function answers(server: ServerFolder, postmaster: Postmaster): Promise<void> {
  const client = new pg.Client({
    connectionString: superuserAddress(server, postmaster.port, 'postgres'),
    connectionTimeoutMillis: 30_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT');
  } catch (cause) {
    throw new ArcadiaError(
      'database_embedded',
      `The embedded database runs but does not answer: ${(cause as Error).message} (log: ${server.log})`,
      {
        cause,
      },
    );
  } finally {
    await client.end().catch(() => {});
  }
}

async function running(server: ServerFolder, signal: AbortSignal | undefined): Promise<Postmaster> {
  for (;;) {
    if (signal?.aborted) throw new ArcadiaError('cancelled', 'Cancelled while the embedded database was starting.');
    const found = findPostmaster(server);
    if (found === null) {
      makeCluster(server);
      return startPostmaster(server, signal);
    }
    // Starting: whoever started it was killed in the meantime. Stopping: the same.
    if (found.status === 'ready') return found;
    await sleep(20);
  }
}

/** For whoever holds a membership of a server that has died. Its connections know the port: another one is an error. */
async function startAgain(server: ServerFolder, gate: string, port: number, signal: AbortSignal): Promise<void> {
  const entering = await exclusiveLock(gate, signal);
  try {
    const postmaster = await running(server, signal);
    await answers(server, postmaster);
    if (postmaster.port === port) return;
    throw new ArcadiaError(
      'database_embedded',
      `Another program has taken the port ${port} of the embedded database, which now is at ${postmaster.port}: start arcadia again.`,
    );
  } finally {
    entering.release();
  }
}

/** Joins the server of this data folder, or starts it. About a second where the cluster exists. */
export async function openEmbeddedDatabase(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const user = chooseServerUser();
  const folder = makeServerFolder(options.dataDir, user);
  const gate = join(folder, 'gate');
  const clients = join(folder, 'clients');

  const entering = await lockGate(gate, options.signal);
  try {
    const membership = trySharedLock(clients);
    if (!membership)
      throw new ArcadiaError('database_embedded', `${clients} is locked by a program that is not arcadia.`);
    const server = serverFolder(folder, locateBinaries(user, join(folder, 'binaries')), user, options.settings);

    const stopIfLast = async (): Promise<void> => {
      membership.release();
      const last = tryExclusiveLock(clients);
      if (!last) return;
      try {
        await stopPostmaster(server);
      } finally {
        last.release();
      }
    };

    let port: number;
    try {
      const postmaster = await running(server, options.signal);
      await answers(server, postmaster);
      port = postmaster.port;
      const admin = superuserAddress(server, port, 'postgres');
      await ensureOwner(admin, embeddedOwner, readOwnerPassword(server));
      await ensureDatabase(admin, options.database, { owner: embeddedOwner });
    } catch (error) {
      await stopIfLast();
      throw error;
    }

    const leave = new AbortController();
    let kept: Promise<void> | null = null;
    let released: Promise<void> | null = null;
    const release = async (): Promise<void> => {
      leave.abort();
      await kept;
      const leaving = await exclusiveLock(gate);
      try {
        await stopIfLast();
      } finally {
        leaving.release();
      }
    };
    return {
      connectionString: (database) => addressOf(embeddedOwner, readOwnerPassword(server), port, database),
      superuserConnectionString: (database) => superuserAddress(server, port, database),
      keepAlive(report) {
        kept ??= keepAlive({
          isAlive: () => findPostmaster(server) !== null,
          start: (signal) => startAgain(server, gate, port, signal),
          report,
          signal: leave.signal,
        });
      },
      release: () => {
        released ??= release();
        return released;
      },
    };
  } finally {
    entering.release();
  }
}

async function lockGate(gate: string, signal: AbortSignal | undefined) {
  const made = existsSync(gate);
  try {
    return await exclusiveLock(gate, signal);
  } catch (cause) {
    if (cause instanceof ArcadiaError) throw cause;
    throw new ArcadiaError(
      'database_embedded',
      `${made ? 'Cannot open' : 'Cannot make'} ${gate}: ${(cause as Error).message}. Does ${dirname(gate)} belong to another user?`,
      { cause },
    );
  }
}
