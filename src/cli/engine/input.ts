import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { decodeText } from '../../platform/decode-text.ts';
import { ArcadiaError } from '../../platform/errors.ts';

/** The text of a file that somebody named; `-` is stdin. Errors: invalid_argument where it is not UTF-8. */
export async function readInput(file: string): Promise<string> {
  return decodeText(await readBytes(file), file === '-' ? 'What stdin says' : file);
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
