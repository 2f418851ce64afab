import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { runAs, type ServerUser } from './embedded-binaries.ts';
import { ArcadiaError } from '../errors.ts';

// One PostgreSQL server over one folder: makes its cluster, finds it, starts it, stops it. Whoever
// calls holds the folder's lock (see embedded.ts); nothing here is safe against itself.

export interface ServerFolder {
  readonly binaries: string;
  readonly user: ServerUser;
  /** PostgreSQL's own data directory. */
  readonly cluster: string;
  /** Of its superuser, and of the user whom programs connect as. */
  readonly passwordFile: string;
  readonly ownerPasswordFile: string;
  /** The port of last time, so that whoever lost a server finds it again at the same address. */
  readonly portFile: string;
  readonly log: string;
  /** Server settings over our own, e.g. fsync=off. */
  readonly settings: Readonly<Record<string, string>>;
}

export function serverFolder(
  folder: string,
  binaries: string,
  user: ServerUser,
  settings: Readonly<Record<string, string>> = {},
): ServerFolder {
  return {
    binaries,
    user,
    settings,
    cluster: join(folder, 'cluster'),
    passwordFile: join(folder, 'password'),
    ownerPasswordFile: join(folder, 'owner-password'),
    portFile: join(folder, 'port'),
    log: join(folder, 'postgres.log'),
  };
}

/** Makes databases and roles, and is used for nothing else. */
export const superuser = 'arcadia';

/** Who the server is, by the file that it keeps while it runs; null where none runs. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: 'starting' | 'ready' | 'stopping';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A pid may long be another process's. A postmaster works in its data directory and names it when it starts. */
function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  if (existsSync('/proc/self/cwd')) {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
    } catch {
      return false;
    }
  }
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(cluster);
}

export function findPostmaster(server: ServerFolder): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(join(server.cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isPostmasterOf(pid, server.cluster)) return null;
  const status = lines[7]?.trim();
  return {
    pid,
    port: Number(lines[3] ?? 0),
    status: status === 'ready' || status === 'stopping' ? status : 'starting',
  };
}

function logSize(server: ServerFolder): number {
  return statSync(server.log, { throwIfNoEntry: false })?.size ?? 0;
}

function logSince(server: ServerFolder, offset: number): string {
  const length = Math.min(logSize(server) - offset, 1 << 20);
  if (length <= 0) return '';
  const file = openSync(server.log, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, length, offset));
  } finally {
    closeSync(file);
  }
}

/** What a person should read of what PostgreSQL wrote. */
function gist(output: string): string {
  const lines = output.trim().split('\n');
  const grave = lines
    .filter((line) => /FATAL|PANIC|error:|ERROR:/.test(line))
    .map((line) => line.replace(/^.*?(FATAL|PANIC|ERROR): +/, ''));
  return (grave.length > 0 ? grave : lines).slice(-3).join('; ');
}

function failure(what: string, output: string, log: string): ArcadiaError {
  const full = /No space left on device|Disk quota exceeded/.test(output);
  return new ArcadiaError(full ? 'database_full' : 'database_embedded', `${what}: ${gist(output)} (log: ${log})`, {
    details: { log },
  });
}

/** Makes the cluster where there is none: whole or not at all. */
export function makeCluster(server: ServerFolder): void {
  if (existsSync(server.cluster)) return;
  const half = `${server.cluster}.new`;
  rmSync(half, { recursive: true, force: true });
  makePassword(server.passwordFile, server.user);
  const initdb = spawnSync(
    join(server.binaries, 'bin', 'initdb'),
    [
      '-D',
      half,
      '-U',
      superuser,
      '-A',
      'scram-sha-256',
      `--pwfile=${server.passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(server.settings.fsync === 'off' ? ['--no-sync'] : []),
    ],
    { ...runAs(server.user), encoding: 'utf8' },
  );
  if (initdb.status !== 0) {
    const output = `${initdb.stdout ?? ''}${initdb.stderr ?? ''}${initdb.error?.message ?? ''}`;
    writeFileSync(server.log, output, { flag: 'a' });
    rmSync(half, { recursive: true, force: true });
    throw failure('The embedded database could not be made', output, server.log);
  }
  renameSync(half, server.cluster);
}

/** Writes a new password, which the server's user and ours alone can read. */
function makePassword(file: string, user: ServerUser): void {
  writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user) chownSync(file, user.uid, user.gid);
}

export function readPassword(server: ServerFolder): string {
  return readFileSync(server.passwordFile, 'utf8').trim();
}

/** Made where there is none yet; see `ensureOwner`. */
export function readOwnerPassword(server: ServerFolder): string {
  if (!existsSync(server.ownerPasswordFile)) makePassword(server.ownerPasswordFile, server.user);
  return readFileSync(server.ownerPasswordFile, 'utf8').trim();
}

function isFree(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

async function choosePort(server: ServerFolder): Promise<number> {
  let last = 0;
  try {
    last = Number(readFileSync(server.portFile, 'utf8'));
  } catch {
    // Never started before.
  }
  const port = (last > 0 ? await isFree(last) : null) ?? (await isFree(0));
  if (port === null)
    throw new ArcadiaError('database_embedded', 'No free port on 127.0.0.1 for the embedded database.');
  writeFileSync(server.portFile, String(port));
  return port;
}

/** For a laptop that runs this one program: quick on bulk work, and safe against a crash at any moment. */
function laptopSettings(): Record<string, string> {
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const memoryMb = Math.floor(Math.min(totalmem(), constrained) / 2 ** 20);
  const settings: Record<string, string> = {
    shared_buffers: `${Math.max(16, Math.min(512, Math.floor(memoryMb / 8)))}MB`,
    effective_cache_size: `${Math.max(64, Math.floor(memoryMb / 2))}MB`,
    work_mem: '64MB',
    maintenance_work_mem: '256MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    max_connections: '100',
    // A backup is restored in one transaction, which locks each table that it makes: two years of days are many.
    max_locks_per_transaction: '256',
    // Since when something in the catalogue is so.
    track_commit_timestamp: 'on',
    random_page_cost: '1.1',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %d %a ',
    // Nobody replicates an embedded database; new tables are then written once, not twice.
    wal_level: 'minimal',
    max_wal_senders: '0',
  };
  // Containers get 64 MB of shared memory, which one parallel query outgrows: it then fails as if the disk were full.
  const shm = existsSync('/dev/shm') ? statfsSync('/dev/shm') : null;
  if (shm && shm.bavail * shm.bsize < 2 ** 30) settings.dynamic_shared_memory_type = 'mmap';
  return settings;
}

const keptLogBytes = 16 << 20;

interface Attempt {
  readonly postmaster: Postmaster | null;
  /** What it wrote, where it did not come up. */
  readonly output: string;
}

async function attempt(server: ServerFolder, signal: AbortSignal | undefined): Promise<Attempt> {
  if (logSize(server) > keptLogBytes) renameSync(server.log, `${server.log}.1`);
  // No postmaster owns this file (else nobody would start one); its pid may by now be another
  // process's, which PostgreSQL would take for a running server. Its lock on shared memory still
  // guards against leftovers of the old one.
  const stale = join(server.cluster, 'postmaster.pid');
  if (existsSync(stale) && isAlive(Number(readFileSync(stale, 'utf8').split('\n')[0]))) rmSync(stale);

  const port = await choosePort(server);
  const offset = logSize(server);
  const log = openSync(server.log, 'a', 0o600);
  chmodSync(server.log, 0o600);
  const settings = {
    ...laptopSettings(),
    ...server.settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
  };
  // Detached: a Ctrl-C in our terminal is not the server's, and it outlives us while others use it.
  const child = spawn(
    join(server.binaries, 'bin', 'postgres'),
    ['-D', server.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...runAs(server.user), detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signalName) => {
    ended ??= `exit ${code ?? signalName}`;
  });
  child.unref();
  // Recovery after a crash takes its time; as long as the server lives, it is on its way.
  for (;;) {
    await sleep(15);
    const postmaster = findPostmaster(server);
    if (postmaster?.pid === child.pid && postmaster?.status === 'ready') return { postmaster, output: '' };
    if (ended !== null) return { postmaster: null, output: logSince(server, offset) || ended };
    if (signal?.aborted) {
      child.kill('SIGINT');
      while (ended === null) await sleep(15);
      throw new ArcadiaError('cancelled', 'Cancelled while the embedded database was starting.');
    }
  }
}

/** Starts the server and returns when it takes connections. */
export async function startPostmaster(server: ServerFolder, signal?: AbortSignal): Promise<Postmaster> {
  let output = '';
  for (let tries = 0; tries < 100; tries++) {
    const result = await attempt(server, signal);
    if (result.postmaster) return result.postmaster;
    output = result.output;
    if (/could not bind|Address already in use/.test(output)) {
      rmSync(server.portFile, { force: true });
    } else if (/shared memory block .* is still in use|another postmaster/i.test(output)) {
      // Processes of a server that was killed: they notice and end by themselves.
      await sleep(200);
    } else break;
  }
  throw failure('The embedded database did not start', output, server.log);
}

/** Stops the server: transactions under way are rolled back, what is committed is on disk. */
export async function stopPostmaster(server: ServerFolder): Promise<void> {
  const postmaster = findPostmaster(server);
  if (!postmaster) return;
  process.kill(postmaster.pid, 'SIGINT');
  while (isPostmasterOf(postmaster.pid, server.cluster)) await sleep(15);
}
