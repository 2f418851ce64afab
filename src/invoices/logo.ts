import { imageType, type Normalised } from './image.ts';
import { normalisedJpeg } from './jpeg.ts';
import { normalisedPng } from './png.ts';

/** An image written anew, as it is kept and drawn; or why it cannot be. */
export function normalisedImage(bytes: Uint8Array): Normalised {
  const image = Buffer.from(bytes);
  return imageType(image) === 'image/png' ? normalisedPng(image) : normalisedJpeg(image);
}
