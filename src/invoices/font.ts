import { type RunOptions, runTask } from '../platform/workers/pool.ts';
import { readFont } from './tasks.ts';

// Whether a font can be set with. A font is read bit by bit as its letters are needed, so that one
// that is damaged somewhere would fail on whichever document is the first to need that. So all of
// its letters are set once, before it is kept.

/** The media type of a font by how it begins; null: neither TrueType nor OpenType, or several in one file. */
export function fontType(bytes: Uint8Array): 'font/ttf' | 'font/otf' | null {
  const head = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (head === 'OTTO') return 'font/otf';
  return head === '\x00\x01\x00\x00' || head === 'true' ? 'font/ttf' : null;
}

/** Why a font cannot be set with, as the rest of a sentence; null: it can. Errors: as of a task of the pool. */
export async function fontFault(bytes: Uint8Array, options: RunOptions): Promise<string | null> {
  return tablesFault(Buffer.from(bytes)) ?? runTask(readFont, bytes, options);
}

/** The directory of tables (OpenType, "Table Directory") says where each lies: all of them within the file. */
function tablesFault(font: Buffer): string | null {
  const headBytes = 12;
  const entryBytes = 16;
  const count = font.length < headBytes ? 0 : font.readUInt16BE(4);
  if (count === 0 || font.length < headBytes + count * entryBytes) return 'breaks off before its end';
  for (let entry = headBytes; entry < headBytes + count * entryBytes; entry += entryBytes) {
    if (font.readUInt32BE(entry + 8) + font.readUInt32BE(entry + 12) > font.length) return 'breaks off before its end';
  }
  return null;
}
