import { declareTask } from '../platform/workers/task.ts';
import type { InvoiceDocument } from './document.ts';
import type { Normalised } from './image.ts';

// What reads or draws for documents, in processes of the pool.

export const imageBytesMax = 512 * 1024;
export const fontBytesMax = 24 * 1024 * 1024;

/** Writes an image anew and draws it once. */
export const readImage = declareTask<Uint8Array, Normalised>({
  name: 'read_image',
  file: new URL('./image.task.ts', import.meta.url),
  inputBytesMax: imageBytesMax,
  msMax: 10_000,
});

/** Why a font cannot be set with, as the rest of a sentence; null: it can. Ten times what one of six thousand letters takes. */
export const readFont = declareTask<Uint8Array, string | null>({
  name: 'read_font',
  file: new URL('./font.task.ts', import.meta.url),
  inputBytesMax: fontBytesMax,
  msMax: 15_000,
});

export interface Drawing {
  readonly document: InvoiceDocument;
  readonly logo: Uint8Array | null;
  readonly font: Uint8Array | null;
  /** The instant that the file says it was made at. */
  readonly at: string;
}

/** The PDF of a document. One of ten thousand lines takes some ten seconds. */
export const drawDocument = declareTask<Drawing, Uint8Array>({
  name: 'draw_document',
  file: new URL('./pdf.task.ts', import.meta.url),
  inputBytesMax: 64 * 1024 * 1024,
  msMax: 30_000,
});
