import type { Normalised } from './image.ts';
import { normalisedJpeg } from './jpeg.ts';
import { normalisedPng } from './png.ts';

/** The media type of an image by how it begins; null: neither PNG nor JPEG. */
export function imageType(bytes: Uint8Array): 'image/png' | 'image/jpeg' | null {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (head === '\x89PNG\r\n\x1a\n') return 'image/png';
  return head.startsWith('\xff\xd8\xff') ? 'image/jpeg' : null;
}

/** An image written anew, as it is kept and drawn; or why it cannot be. */
export function normalisedImage(bytes: Uint8Array): Normalised {
  const image = Buffer.from(bytes);
  return imageType(image) === 'image/png' ? normalisedPng(image) : normalisedJpeg(image);
}
