import { ArcadiaError } from '../platform/errors.ts';
import { fontFault, fontType } from './font.ts';
import { imageFault, imageType } from './logo.ts';

// What the documents of a legal entity are drawn with beside what all have: looked at as a whole
// before it is kept, so that no invoice finds out what is wrong with it.

/** The logo (PNG or JPEG), and a font (TrueType or OpenType) for what the built-in ones cannot print. */
export type AssetField = 'logo' | 'font';

export interface Asset {
  readonly type: 'image/png' | 'image/jpeg' | 'font/ttf' | 'font/otf';
  readonly bytes: Uint8Array;
}

export const assetBytesMax: Readonly<Record<AssetField, number>> = {
  logo: 512 * 1024,
  font: 24 * 1024 * 1024,
};

interface Kind {
  readonly what: string;
  /** Null: it is none. */
  typeOf(bytes: Uint8Array): Asset['type'] | null;
  /** Why it cannot be drawn with, as the rest of a sentence; null: it can. */
  faultOf(bytes: Uint8Array): Promise<string | null>;
}

const kinds: Readonly<Record<AssetField, Kind>> = {
  logo: { what: 'a PNG or JPEG image', typeOf: imageType, faultOf: imageFault },
  font: { what: 'a TrueType or OpenType font', typeOf: fontType, faultOf: fontFault },
};

/**
 * A file as what documents can be drawn with. A font takes seconds: not to be done in a transaction.
 * @throws ArcadiaError invalid_argument: it is no such file, damaged, or too large
 */
export async function readAsset(field: AssetField, bytes: Uint8Array): Promise<Asset> {
  const { what, typeOf, faultOf } = kinds[field];
  const type = typeOf(bytes);
  if (type === null) throw new ArcadiaError('invalid_argument', `The ${field} must be ${what}.`);
  const bytesMax = assetBytesMax[field];
  if (bytes.length > bytesMax) {
    throw new ArcadiaError(
      'invalid_argument',
      `The ${field} has ${bytes.length} bytes; at most ${bytesMax} are taken. Make it smaller.`,
    );
  }
  const fault = await faultOf(bytes);
  if (fault !== null) throw new ArcadiaError('invalid_argument', `The ${field} ${fault}.`);
  return { type, bytes };
}
