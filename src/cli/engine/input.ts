import { readFile } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';
import { ArcadiaError } from '../../platform/errors.ts';

/** The text of a file that somebody named; `-` is stdin. */
export async function readInput(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

/** The bytes of a file that somebody named; `-` is stdin. */
export async function readBytes(file: string): Promise<Uint8Array> {
  if (file === '-') return buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
