import { crc32, inflateSync } from 'node:zlib';

// Whether an image can be drawn on a document. pdfkit reads a PNG's pixels after it was handed over,
// where an error is nobody's to catch: a broken image ends the process that draws it. So all that it
// relies on is looked at before one is kept.

/** Far more than a logo that is printed 5 cm wide needs; what decodes to more is refused undecoded. */
const pixelsMax = 4_000_000;

const pngHead = '\x89PNG\r\n\x1a\n';

/** Samples of a pixel, and how many bits each may have, by colour type (PNG, 11.2.2). */
const pngColours: Readonly<Record<number, { readonly samples: number; readonly bits: readonly number[] }>> = {
  0: { samples: 1, bits: [1, 2, 4, 8, 16] },
  2: { samples: 3, bits: [8, 16] },
  3: { samples: 1, bits: [1, 2, 4, 8] },
  4: { samples: 2, bits: [8, 16] },
  6: { samples: 4, bits: [8, 16] },
};

/** Where the passes of an interlaced PNG begin, and their steps: x, y, dx, dy (PNG, 8.2). */
const pngPasses = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The media type of an image by how it begins; null: neither PNG nor JPEG. */
export function imageType(bytes: Uint8Array): 'image/png' | 'image/jpeg' | null {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (head === pngHead) return 'image/png';
  return head.startsWith('\xff\xd8\xff') ? 'image/jpeg' : null;
}

/** Why an image cannot be drawn, as the rest of a sentence; null: it can. */
export async function imageFault(bytes: Uint8Array): Promise<string | null> {
  const image = Buffer.from(bytes);
  const fault = imageType(image) === 'image/png' ? pngFault(image) : jpegFault(image);
  if (fault !== null) return fault;
  // Not loaded with the commands and jobs that only read who bills.
  const { default: PDFDocument } = await import('pdfkit');
  try {
    new PDFDocument().image(image, 0, 0);
    return null;
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

function pngFault(image: Buffer): string | null {
  const chunks: { readonly type: string; readonly data: Buffer }[] = [];
  for (let at = pngHead.length; chunks.at(-1)?.type !== 'IEND'; ) {
    const end = at + 12 <= image.length ? at + 12 + image.readUInt32BE(at) : Infinity;
    if (end > image.length) return 'breaks off before its end';
    if (crc32(image.subarray(at + 4, end - 4)) !== image.readUInt32BE(end - 4))
      return 'is damaged: a checksum is wrong';
    chunks.push({ type: image.toString('latin1', at + 4, at + 8), data: image.subarray(at + 8, end - 4) });
    at = end;
  }
  const [header] = chunks;
  if (header?.type !== 'IHDR' || header.data.length !== 13) return 'is damaged: it has no header';
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)];
  if (width * height > pixelsMax) return tooLarge(width, height);
  const [bits = 0, colour = 0, compression, filter, interlace] = header.data.subarray(8);
  const { samples, bits: allowed } = pngColours[colour] ?? { samples: 0, bits: [] };
  if (width * height === 0 || !allowed.includes(bits) || compression !== 0 || filter !== 0 || (interlace ?? 2) > 1) {
    return 'is damaged: its header says what no PNG is';
  }
  if (colour === 3 && !chunks.some(({ type }) => type === 'PLTE')) return 'is damaged: it has no palette';
  const passes = interlace === 1 ? pngPasses : [[0, 0, 1, 1] as const];
  const rows = passes.flatMap(([x, y, dx, dy]) => {
    if (width <= x || height <= y) return [];
    const rowBytes = 1 + Math.ceil((Math.ceil((width - x) / dx) * samples * bits) / 8);
    return Array.from({ length: Math.ceil((height - y) / dy) }, () => rowBytes);
  });
  return pixelsFault(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)), rows);
}

/** Each row of pixels begins with the number of its filter, 0 to 4. */
function pixelsFault(deflated: Buffer, rows: readonly number[]): string | null {
  const length = rows.reduce((sum, row) => sum + row, 0);
  let pixels: Buffer;
  try {
    pixels = inflateSync(deflated, { maxOutputLength: length });
  } catch {
    return 'is damaged: its pixels cannot be unpacked';
  }
  let at = 0;
  const isWhole =
    pixels.length === length &&
    rows.every((row) => {
      const filter = pixels[at] ?? 5;
      at += row;
      return filter <= 4;
    });
  return isWhole ? null : 'is damaged: its pixels are not as many as its header says';
}

/** A JPEG goes into a document as it is: what has to be right are its frame header and that it ends. */
function jpegFault(image: Buffer): string | null {
  let at = 2;
  while (at + 10 <= image.length && image[at] === 0xff) {
    const marker = image[at + 1] ?? 0;
    // Start of frame: C0 to CF but for tables (C4), the reserved C8, and CC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const [height, width, components = 0] = [image.readUInt16BE(at + 5), image.readUInt16BE(at + 7), image[at + 9]];
      if (width * height > pixelsMax) return tooLarge(width, height);
      if (width * height === 0 || ![1, 3, 4].includes(components)) return 'is damaged: its header says what no JPEG is';
      const ends = image.lastIndexOf(Buffer.from([0xff, 0xd9]));
      return ends > Math.max(at, image.lastIndexOf(Buffer.from([0xff, 0xda]))) ? null : 'breaks off before its end';
    }
    // Fill bytes may stand before a marker; all else up to the frame says its length.
    at += marker === 0xff ? 1 : 2 + image.readUInt16BE(at + 2);
  }
  return 'is damaged: it has no header';
}

function tooLarge(width: number, height: number): string {
  return `has ${width} x ${height} pixels; at most ${pixelsMax} in all are taken. Make it smaller`;
}
