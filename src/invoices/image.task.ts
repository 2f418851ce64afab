import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import type { TaskWork } from '../platform/workers/task.ts';
import type { Normalised } from './image.ts';
import { normalisedImage } from './logo.ts';

/** As documents draw it, to its end: pdfkit reads pixels after it was handed over, where no caller can catch what it throws. */
export const run: TaskWork<Uint8Array, Normalised> = async (bytes) => {
  const image = normalisedImage(bytes);
  if ('fault' in image) return image;
  const doc = new PDFDocument();
  const drawn = buffer(doc);
  doc.image(Buffer.from(image.bytes), 0, 0);
  doc.end();
  await drawn;
  return image;
};
