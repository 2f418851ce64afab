import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDir } from '../embedded/embedded.ts';
import { ArcadiaError } from '../errors.ts';

/** What a key file holds; null where it is not there. Errors: invalid_config. */
export function readKeyFile(path: string): string | null {
  try {
    const content = readFileSync(path, 'utf8');
    assertPrivate(path);
    return content;
  } catch (cause) {
    if (cause instanceof ArcadiaError) throw cause;
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null;
    throw new ArcadiaError('invalid_config', `The key file ${path} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

/** A key that others of the machine could have read is no key any more. */
function assertPrivate(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new ArcadiaError(
    'invalid_config',
    `The key file ${path} has mode 0${mode.toString(8)}: other users of this machine can read it.`,
    { todo: `Run: chmod 600 ${path}. If others may have read it, replace the key.` },
  );
}

/** Makes or replaces a key file in whole: a crash leaves the old one or the new one. */
export function replaceKeyFile(path: string, content: string): void {
  const half = `${path}.${process.pid}`;
  writeFileSync(half, `${content}\n`, { mode: 0o600, flush: true });
  renameSync(half, path);
}

/** Written aside and linked in whole, so that of two processes that make it both read the first one's. */
function makeKeyFile(path: string, content: string): void {
  const half = `${path}.${process.pid}`;
  makeDataDir(join(path, '..'));
  writeFileSync(half, `${content}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(half, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(half, { force: true });
  }
}

/**
 * What a key file holds. One that is not there is made (mode 0600) with what `generate` returns;
 * where that fails, `explain` says, given the reason, what to do instead. Errors: invalid_config.
 */
export function readOrMakeKeyFile(path: string, generate: () => string, explain: (reason: string) => string): string {
  const there = readKeyFile(path);
  if (there !== null) return there.trim();
  try {
    makeKeyFile(path, generate());
  } catch (cause) {
    throw new ArcadiaError('invalid_config', explain((cause as Error).message), { cause });
  }
  return (readKeyFile(path) ?? '').trim();
}
