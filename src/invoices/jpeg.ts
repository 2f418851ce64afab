import { type Normalised, pixelsMax, tooLarge } from './image.ts';

// A JPEG written anew from those of its segments that showing it needs. Its pixels are decoded by whoever opens the
// document, not here: they go into it as they are.

const marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, exif: 0xe1 } as const;
/** Tables, restart interval, JFIF and Adobe's word on the colours: all that showing the pixels needs. */
const kept: ReadonlySet<number> = new Set([0xc4, 0xdb, 0xdd, 0xe0, 0xee]);
/** Start of frame: C0 to CF but for tables (C4), the reserved C8, and CC. */
const isFrame = (code: number) => code >= 0xc0 && code <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(code);
/** Baseline, extended and progressive, with Huffman codes: what a PDF may hold (ISO 32000-1, 7.4.8). */
const frames: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);

const damaged = (why: string) => ({ fault: `is damaged: ${why}` });
const brokenOff = { fault: 'breaks off before its end' };

/** The JPEG written anew; or why it cannot be. */
export function normalisedJpeg(image: Buffer): Normalised {
  const segments: Buffer[] = [];
  let orientation = 1;
  let hasFrame = false;
  let hasScan = false;
  for (let at = 2; ; ) {
    if (at + 2 > image.length) return hasFrame ? brokenOff : damaged('it has no header');
    const code = image[at + 1] ?? 0;
    if (image[at] !== 0xff)
      return damaged(hasFrame ? 'what stands between its parts is none of it' : 'it has no header');
    if (code === 0xff) {
      // Fill bytes may stand before a marker.
      at += 1;
      continue;
    }
    if (code === marker.eoi) break;
    const end = at + 4 <= image.length ? at + 2 + image.readUInt16BE(at + 2) : Infinity;
    if (end > image.length || end < at + 4) return hasFrame ? brokenOff : damaged('it has no header');
    const data = image.subarray(at + 4, end);
    at = end;
    if (isFrame(code)) {
      const fault = hasFrame ? damaged('it has more than one header') : frameFault(code, data);
      if (fault !== null) return fault;
      hasFrame = true;
    } else if (code === marker.sos) {
      if (!hasFrame) return damaged('it has no header');
      hasScan = true;
      const scanEnd = endOfScan(image, at);
      segments.push(segment(code, data), image.subarray(at, scanEnd));
      at = scanEnd;
      continue;
    } else if (code === marker.exif) orientation = orientationOf(data) ?? orientation;
    if (isFrame(code) || kept.has(code)) segments.push(segment(code, data));
  }
  if (!hasFrame) return damaged('it has no header');
  if (!hasScan) return damaged('it has no pixels');
  const turned = orientation === 1 ? [] : [segment(marker.exif, exifOf(orientation))];
  const bytes = Buffer.concat([
    Buffer.from([0xff, marker.soi]),
    ...turned,
    ...segments,
    Buffer.from([0xff, marker.eoi]),
  ]);
  return { type: 'image/jpeg', bytes };
}

function segment(code: number, data: Uint8Array): Buffer {
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, code, length >> 8, length & 0xff]), data]);
}

function frameFault(code: number, data: Buffer): { readonly fault: string } | null {
  const components = data[5] ?? 0;
  if (data.length < 6 || data.length !== 6 + 3 * components) return damaged('its header says what no JPEG is');
  const [height, width] = [data.readUInt16BE(1), data.readUInt16BE(3)];
  if (width * height > pixelsMax) return tooLarge(width, height);
  if (!frames.has(code) || data[0] !== 8) return { fault: 'is a JPEG of a kind that documents cannot hold' };
  return width * height === 0 || ![1, 3, 4].includes(components) ? damaged('its header says what no JPEG is') : null;
}

/** Where the coded pixels of a scan end: before the next marker that is neither a stuffed byte nor a restart. */
function endOfScan(image: Buffer, from: number): number {
  for (let at = image.indexOf(0xff, from); at >= 0; at = image.indexOf(0xff, at + 2)) {
    const code = image[at + 1] ?? 0;
    if (code !== 0 && !(code >= 0xd0 && code <= 0xd7)) return at;
  }
  return image.length;
}

const exifHead = Buffer.from('Exif\0\0', 'latin1');
const orientationTag = 0x0112;

/** How an image is turned (TIFF 6.0, 1 to 8), by the first directory of its Exif; null: it does not say. */
function orientationOf(data: Buffer): number | null {
  if (!data.subarray(0, exifHead.length).equals(exifHead)) return null;
  const tiff = data.subarray(exifHead.length);
  if (tiff.length < 8) return null;
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  for (let entry = 0; entry < short(directory); entry += 1) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > tiff.length) return null;
    const value = short(at + 8);
    if (short(at) === orientationTag) return value >= 1 && value <= 8 ? value : null;
  }
  return null;
}

/** An Exif that says how the image is turned, and nothing else. */
function exifOf(orientation: number): Buffer {
  const entry = [orientationTag >> 8, orientationTag & 0xff, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  return Buffer.concat([exifHead, Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0])]);
}
