import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openStoredFile } from '../../cloud/index.ts';
import { inventorySettings } from '../../inventory/index.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { writeWholeFile } from '../engine/output-file.ts';
import type { Session } from '../engine/session.ts';

/** Where a backup is, or is to be: a file of this machine or of a store that speaks S3. */
interface BackupPlace {
  /** As a person would write it. */
  readonly address: string;
  /** Errors: conflict where something is there already. */
  assertFree(): Promise<void>;
  /** Whole, or not at all. */
  write(content: AsyncIterable<Uint8Array>): Promise<void>;
  read(): AsyncIterable<Uint8Array>;
}

const refusal = 'a backup replaces nothing';

/** `--out`, with a name by the time where it says only a folder, a bucket, or nothing. */
export async function placeForBackup(
  session: Session,
  to: string | undefined,
  now: Temporal.Instant,
): Promise<BackupPlace> {
  const name = `arcadia-${now.round('second').toString().replaceAll(':', '')}.backup`;
  if (to?.startsWith('s3://')) {
    const address = /^s3:\/\/[^/]+$/.test(to) ? `${to}/${name}` : to.endsWith('/') ? `${to}${name}` : to;
    return storedPlace(session, address);
  }
  const isFolder = to !== undefined && (await stat(to).catch(() => null))?.isDirectory() === true;
  return filePlace(isFolder ? join(to, name) : (to ?? name));
}

/** Where a backup is to be read from. */
export async function placeOfBackup(session: Session, from: string): Promise<BackupPlace> {
  return from.startsWith('s3://') ? storedPlace(session, from) : filePlace(from);
}

function filePlace(path: string): BackupPlace {
  return {
    address: path,
    async assertFree() {
      if ((await stat(path).catch(() => null)) !== null)
        throw new ArcadiaError('conflict', `${path} is there already; ${refusal}.`);
    },
    write: (content) => writeWholeFile(path, content, { force: false, mode: 0o600, refusal }),
    async *read() {
      try {
        yield* createReadStream(path, { highWaterMark: 1 << 18 });
      } catch (cause) {
        const { code, message } = cause as NodeJS.ErrnoException;
        if (code === 'ENOENT') throw new ArcadiaError('not_found', `There is no file ${resolve(path)}.`, { cause });
        if (code === 'EISDIR' || code === 'EACCES')
          throw new ArcadiaError('invalid_argument', `${path} cannot be read: ${message}.`, { cause });
        throw cause;
      }
    },
  };
}

async function storedPlace(session: Session, address: string): Promise<BackupPlace> {
  const file = await openStoredFile(address, inventorySettings.of(await session.config()), process.env);
  session.onClose(async () => file.close());
  return {
    address,
    async assertFree() {
      if ((await file.size(session.signal)) !== null)
        throw new ArcadiaError('conflict', `${address} is there already; ${refusal}.`);
    },
    write: (content) => file.write(content, session.signal),
    read: () => file.read(session.signal),
  };
}
