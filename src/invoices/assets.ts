import { ArcadiaError } from '../platform/errors.ts';
import { type RunOptions, runTask } from '../platform/workers/pool.ts';
import { fontFault, fontType } from './font.ts';
import { imageType } from './image.ts';
import { fontBytesMax, imageBytesMax, readImage } from './tasks.ts';

// What the documents of a legal entity are drawn with beside what all have: looked at as a whole
// before it is kept, so that no invoice finds out what is wrong with it.

/** The logo (PNG or JPEG), and a font (TrueType or OpenType) for what the built-in ones cannot print. */
export type AssetField = 'logo' | 'font';

export interface Asset {
  readonly type: 'image/png' | 'image/jpeg' | 'font/ttf' | 'font/otf';
  readonly bytes: Uint8Array;
}

export const assetBytesMax: Readonly<Record<AssetField, number>> = { logo: imageBytesMax, font: fontBytesMax };

/** An image is written anew, which can take more room: at most this much. */
const keptImageBytesMax = 4 * 1024 * 1024;

interface Kind {
  readonly what: string;
  /** Null: it is none. */
  typeOf(bytes: Uint8Array): Asset['type'] | null;
  /** What is kept of it; or why it cannot be drawn with, as the rest of a sentence. */
  read(bytes: Uint8Array, type: Asset['type'], options: RunOptions): Promise<Asset | { readonly fault: string }>;
}

const kinds: Readonly<Record<AssetField, Kind>> = {
  logo: {
    what: 'a PNG or JPEG image',
    typeOf: imageType,
    async read(bytes, _type, options) {
      const image = await runTask(readImage, bytes, options);
      if ('fault' in image || image.bytes.length <= keptImageBytesMax) return image;
      return {
        fault: `has ${image.bytes.length} bytes written anew; at most ${keptImageBytesMax} are kept. Make it smaller`,
      };
    },
  },
  font: {
    what: 'a TrueType or OpenType font',
    typeOf: fontType,
    async read(bytes, type, options) {
      const fault = await fontFault(bytes, options);
      return fault === null ? { type, bytes } : { fault };
    },
  },
};

/**
 * A file as what documents can be drawn with; an image is written anew. A font takes seconds: not to be done in a
 * transaction.
 * @throws ArcadiaError invalid_argument: it is no such file, damaged, or too large; too_costly, file_unreadable
 */
export async function readAsset(field: AssetField, bytes: Uint8Array, signal?: AbortSignal): Promise<Asset> {
  const { what, typeOf, read } = kinds[field];
  const type = typeOf(bytes);
  if (type === null) throw new ArcadiaError('invalid_argument', `The ${field} must be ${what}.`);
  const bytesMax = assetBytesMax[field];
  if (bytes.length > bytesMax) {
    throw new ArcadiaError(
      'invalid_argument',
      `The ${field} has ${bytes.length} bytes; at most ${bytesMax} are taken. Make it smaller.`,
    );
  }
  const asset = await read(bytes, type, { what: `The ${field}`, signal });
  if ('fault' in asset) throw new ArcadiaError('invalid_argument', `The ${field} ${asset.fault}.`);
  return asset;
}
