import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArcadiaError } from '../../platform/errors.ts';

/** File systems that know no hard links answer so. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Writes a file whole or not at all: under a name of its own beside it, which becomes the file's
 * when everything is on the disk. A file that is there is left alone, unless `force`.
 *
 * `mode` is who may read it, as the system limits that further; `refusal` what to say beside where the file is there.
 *
 * Errors: conflict (it is there), invalid_argument (it cannot be written), and those of `content`.
 */
export async function writeWholeFile(
  path: string,
  content: AsyncIterable<string | Uint8Array>,
  {
    force,
    mode = 0o666,
    refusal = '--force replaces it',
  }: { readonly force: boolean; readonly mode?: number; readonly refusal?: string },
): Promise<void> {
  const there = await existing(path);
  if (there !== null && !force) throw refused(path, refusal);
  const target = there ?? path;
  const part = `${target}.${randomBytes(4).toString('hex')}.part`;
  const file = await open(part, 'wx', mode).catch((cause: Error) => {
    throw new ArcadiaError('invalid_argument', `${path} cannot be written in ${dirname(target)}: ${cause.message}.`, {
      cause,
    });
  });
  // Stopped at once, it leaves nothing half written behind.
  const removePart = () => rmSync(part, { force: true });
  process.on('exit', removePart);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await (force ? rename(part, target) : giveName(part, target, () => refused(path, refusal)));
  } finally {
    process.off('exit', removePart);
    await rm(part, { force: true });
  }
}

/** Where the file really is, behind links; null: nowhere yet. What is no file, such as a device, must not be replaced by one. */
async function existing(path: string): Promise<string | null> {
  try {
    if (!(await stat(path)).isFile()) {
      throw new ArcadiaError('invalid_argument', `${path} is not a file; to write to a pipe, give - and redirect.`);
    }
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A rename would replace what somebody else has put there meanwhile; a link does not. */
async function giveName(part: string, target: string, taken: () => ArcadiaError): Promise<void> {
  try {
    await link(part, target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') throw taken();
    if (!withoutLinks.has(code)) throw error;
    await rename(part, target);
  }
}

function refused(path: string, refusal: string): ArcadiaError {
  return new ArcadiaError('conflict', `${path} is there already; ${refusal}.`);
}
