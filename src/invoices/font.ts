import { Worker } from 'node:worker_threads';
import type { FontQuestion } from './font-worker.ts';

// Whether a font can be set with. A font is read bit by bit as its letters are needed, so that one
// that is damaged somewhere would fail on whichever document is the first to need that. So all of
// its letters are set once, before it is kept.

/** How long a font may take: ten times what one with six thousand letters does. */
const checkMsMax = 15_000;
const heapMbMax = 512;

/** The media type of a font by how it begins; null: neither TrueType nor OpenType, or several in one file. */
export function fontType(bytes: Uint8Array): 'font/ttf' | 'font/otf' | null {
  const head = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (head === 'OTTO') return 'font/otf';
  return head === '\x00\x01\x00\x00' || head === 'true' ? 'font/ttf' : null;
}

let checking: Promise<unknown> = Promise.resolve();

/** Why a font cannot be set with, as the rest of a sentence; null: it can. One is looked at a time. */
export async function fontFault(bytes: Uint8Array): Promise<string | null> {
  const font = Buffer.from(bytes);
  const fault = tablesFault(font);
  if (fault !== null) return fault;
  const checked = checking.then(() => settingFault(font));
  checking = checked.catch(() => {});
  return checked;
}

async function settingFault(font: Buffer): Promise<string | null> {
  // Of its own, so that others are answered meanwhile, and what never comes to an end is ended.
  const worker = new Worker(new URL('./font-worker.ts', import.meta.url), {
    workerData: { bytes: font } satisfies FontQuestion,
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    stderr: true,
  });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const timer = setTimeout(() => resolve('cannot be read in reasonable time'), checkMsMax);
  worker.once('message', resolve);
  worker.once('error', (error) => resolve(`cannot be read (${(error as Error).message})`));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
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
