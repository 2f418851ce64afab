import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  chunk,
  chunksOf,
  frame,
  jpeg,
  jpegEnd,
  png,
  pngHead,
  pngHeader,
  scan,
  segment,
} from '../../test/fixtures/images.ts';
import { readAsset } from './assets.ts';
import { normalisedImage } from './logo.ts';

function faultOf(image: Uint8Array): string | null {
  const normalised = normalisedImage(image);
  return 'fault' in normalised ? normalised.fault : null;
}

function written(image: Uint8Array): Buffer {
  const normalised = normalisedImage(image);
  if ('fault' in normalised) throw new Error(normalised.fault);
  return Buffer.from(normalised.bytes);
}

/** Header and rows of a PNG that was written anew, its filters undone where there is one row or none. */
function read(image: Uint8Array) {
  const chunks = new Map(chunksOf(written(image)).map((each) => [each.toString('latin1', 4, 8), each.subarray(8, -4)]));
  const header = chunks.get('IHDR') as Buffer;
  return {
    types: [...chunks.keys()],
    bits: header[8],
    colour: header[9],
    interlace: header[12],
    palette: chunks.get('PLTE'),
    rows: [...inflateSync(chunks.get('IDAT') as Buffer)],
  };
}

/** Two rows of three transparent pixels. */
const pixels = Buffer.alloc(2 * (1 + 3 * 4));
const good = png({ width: 3, height: 2, pixels });
const palette = (...bytes: number[]) => chunk('PLTE', Uint8Array.from(bytes));
const transparency = (...bytes: number[]) => chunk('tRNS', Uint8Array.from(bytes));

describe('a PNG is written anew', () => {
  it('in eight bits and colours, whatever it was in', () => {
    const grey = png({ width: 9, height: 1, colour: 0, bits: 1, pixels: Buffer.from([0, 0b10100000, 0b10000000]) });
    expect(read(grey)).toMatchObject({ bits: 8, colour: 0, rows: [0, 255, 0, 255, 0, 0, 0, 0, 0, 255] });
    const deep = png({ width: 1, height: 1, colour: 2, bits: 16, pixels: Buffer.from([0, 255, 255, 128, 0, 0, 1]) });
    expect(read(deep)).toMatchObject({ bits: 8, colour: 2, rows: [0, 255, 128, 0] });
    const alpha = png({ width: 1, height: 1, colour: 4, pixels: Buffer.from([0, 7, 99]) });
    expect(read(alpha)).toMatchObject({ colour: 6, rows: [0, 7, 7, 7, 99] });
  });

  it('by its palette where that is opaque, and in colours with their opacity where it is not', () => {
    const four = { width: 2, height: 1, colour: 3, bits: 4, pixels: Buffer.from([0, 0x10]) };
    expect(read(png({ ...four, before: [palette(1, 2, 3, 4, 5, 6)] }))).toMatchObject({
      types: ['IHDR', 'PLTE', 'IDAT', 'IEND'],
      colour: 3,
      rows: [0, 1, 0],
    });
    expect(read(png({ ...four, before: [palette(1, 2, 3, 4, 5, 6), transparency(9)] }))).toMatchObject({
      types: ['IHDR', 'IDAT', 'IEND'],
      colour: 6,
      rows: [0, 4, 5, 6, 255, 1, 2, 3, 9],
    });
  });

  it('without the one colour that is not seen', () => {
    const keyed = png({ width: 2, height: 1, colour: 0, before: [transparency(0, 5)], pixels: Buffer.from([0, 5, 6]) });
    // Each sample less that to its left.
    expect(read(keyed).rows).toEqual([1, 5, 5, 5, 0, 1, 1, 1, 255]);
  });

  it('with its filters undone: left, above, the mean of both, and the nearest of three', () => {
    const rows = [
      [1, 10, 5],
      [2, 1, 1],
      [3, 1, 1],
      [4, 1, 1],
    ];
    const filtered = png({ width: 2, height: 4, colour: 0, pixels: Buffer.from(rows.flat()) });
    // By hand: 10 15; 11 16; 6 12; 7 13.
    const plain = [10, 15, 11, 16, 6, 12, 7, 13];
    const unpacked = written(png({ width: 8, height: 1, colour: 0, pixels: Buffer.from([0, ...plain]) }));
    const twice = [filtered, written(filtered)].map((image) => {
      const { rows: again } = read(image);
      return again;
    });
    expect(twice[0]).toEqual(twice[1]);
    expect(undone(twice[0] ?? [], 2)).toEqual(plain);
    expect(undone(read(unpacked).rows, 8)).toEqual(plain);
  });

  it('with the passes of an interlaced one put together', () => {
    // Of 3 x 2 the passes 1, 4 and 6 have a pixel each of the first row, the last one the second row.
    const passes = [0, 1, 0, 3, 0, 2, 0, 4, 5, 6];
    const image = png({ width: 3, height: 2, colour: 0, interlace: 1, pixels: Buffer.from(passes) });
    expect(read(image).interlace).toBe(0);
    expect(undone(read(image).rows, 3)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('without whatever else it holds, and the same again when it is read again', () => {
    const before = [chunk('tEXt', Buffer.alloc(300_000, 'a')), chunk('iCCP', Buffer.alloc(99))];
    const image = written(png({ width: 3, height: 2, pixels, before }));
    expect(chunksOf(image).map((each) => each.toString('latin1', 4, 8))).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect(written(image).equals(image)).toBe(true);
  });
});

/** The rows of one sample a pixel without their filters, by the definition (PNG, 9.2), for rows that are written here. */
function undone(rows: readonly number[], width: number): number[] {
  const found: number[] = [];
  for (let at = 0; at < rows.length; at += 1 + width) {
    for (let column = 0; column < width; column += 1) {
      const place = found.length;
      const left = column === 0 ? 0 : (found[place - 1] ?? 0);
      const up = found[place - width] ?? 0;
      const corner = column === 0 ? 0 : (found[place - width - 1] ?? 0);
      const nearest = [left, up, corner].toSorted(
        (a, b) => Math.abs(left + up - corner - a) - Math.abs(left + up - corner - b),
      )[0];
      const base = [0, left, up, (left + up) >> 1, nearest][rows[at] ?? 0] ?? 0;
      found.push(((rows[at + 1 + column] ?? 0) + base) & 0xff);
    }
  }
  return found;
}

function changed(image: Buffer, at: number): Buffer {
  const copy = Buffer.from(image);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

describe('a PNG is refused', () => {
  it('wherever a byte of it is another', () => {
    for (let at = 8; at < good.length; at += 1) expect([at, faultOf(changed(good, at))]).not.toEqual([at, null]);
  });

  it('wherever it breaks off', () => {
    for (let end = 8; end < good.length; end += 1)
      expect(faultOf(good.subarray(0, end))).toBe('breaks off before its end');
  });

  const [header, data, end] = chunksOf(good) as [Buffer, Buffer, Buffer];
  const of = (...chunks: Buffer[]) => Buffer.concat([pngHead, ...chunks]);
  const huge = pngHeader({ width: 2_147_483_647, height: 2_147_483_647 });

  it.each([
    ['with a row too few', png({ width: 3, height: 3, pixels }), 'not as many'],
    ['with a row too many', png({ width: 3, height: 1, pixels }), 'cannot be unpacked'],
    ['with a filter that there is not', png({ width: 3, height: 2, pixels: Buffer.alloc(26, 5) }), 'not as many'],
    ['without its palette', png({ width: 3, height: 1, colour: 3, pixels: Buffer.alloc(4) }), 'no palette'],
    ['of a colour type that there is not', png({ width: 3, height: 2, colour: 5, pixels }), 'header'],
    ['of no pixels', png({ width: 0, height: 2, pixels }), 'header'],
    ['of very many pixels', png({ width: 60_000, height: 60_000, pixels }), '60000 x 60000 pixels'],
    ['with a second header', of(header, huge, data, end), 'more than one IHDR'],
    ['with a second header behind its pixels', of(header, data, huge, end), 'more than one IHDR'],
    ['with its header not first', of(data, header, end), 'no header'],
    ['with pixels in two places', of(header, data, chunk('tEXt', Buffer.alloc(3)), data, end), 'not in one piece'],
    ['with a part that nobody knows', of(header, chunk('ABCD', Buffer.alloc(3)), data, end), 'ABCD'],
    ['with a part behind its pixels', of(header, data, transparency(1), end), 'behind its pixels'],
    ['without pixels', of(header, end), 'no pixels'],
  ])('%s', (_, image, words) => {
    expect(faultOf(image)).toContain(words);
  });

  it.each([
    ['a palette of no colours', [palette()]],
    ['a palette of half a colour', [palette(1, 2, 3, 4)]],
    ['more colours than a bit names', [palette(1, 2, 3, 4, 5, 6, 7, 8, 9)]],
    ['opacity of no colours', [palette(1, 2, 3), transparency()]],
    ['more opacity than colours', [palette(1, 2, 3), transparency(1, 2)]],
  ])('with %s', (_, before) => {
    expect(faultOf(png({ width: 1, height: 1, colour: 3, bits: 1, before, pixels: Buffer.alloc(2) }))).not.toBeNull();
  });
});

describe('a JPEG', () => {
  const thumbnail = segment(0xe1, [0xff, 0xd8, ...scan, 0xff, 0xd9]);
  const comment = segment(0xfe, [1, 2, 3]);

  it('keeps what showing it needs, and nothing else', () => {
    const plain = jpeg(frame(2, 3), scan, jpegEnd);
    expect(written(plain).equals(plain)).toBe(true);
    expect(written(jpeg(thumbnail, comment, frame(2, 3), scan, jpegEnd, [1, 2, 3])).equals(plain)).toBe(true);
    const tables = [...segment(0xdb, [0, 1]), ...segment(0xc4, [0, 1]), ...segment(0xee, [65])];
    const whole = jpeg(tables, frame(2, 3), scan, jpegEnd);
    expect(written(whole).equals(whole)).toBe(true);
  });

  it('stays turned as its Exif says, in either order of bytes', () => {
    const head = [0x45, 0x78, 0x69, 0x66, 0, 0];
    const big = [...head, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const little = [...head, 0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 9, 9, 9, 9];
    const turned = jpeg(segment(0xe1, big), frame(2, 3), scan, jpegEnd);
    expect(written(turned).equals(turned)).toBe(true);
    expect(written(jpeg(segment(0xe1, little), frame(2, 3), scan, jpegEnd)).equals(turned)).toBe(true);
  });

  it.each([
    ['without its end', jpeg(thumbnail, frame(2, 3), scan), 'breaks off'],
    ['without its header', jpeg(scan, jpegEnd), 'no header'],
    ['of no height', jpeg(frame(0, 3), scan, jpegEnd), 'header'],
    ['of nothing', jpeg(), 'no header'],
    ['with two headers', jpeg(frame(2, 3), frame(9, 9), scan, jpegEnd), 'more than one header'],
    ['without pixels', jpeg(frame(2, 3), jpegEnd), 'no pixels'],
    ['of a kind that documents cannot hold', jpeg(frame(2, 3, 0xc3), scan, jpegEnd), 'of a kind'],
    ['with something between its parts', jpeg(frame(2, 3), [1, 2], scan, jpegEnd), 'between its parts'],
  ])('is refused %s', (_, image, words) => {
    expect(faultOf(image)).toContain(words);
  });
});

it('is kept as it was written anew, once it could be drawn', async () => {
  const asset = await readAsset('logo', png({ width: 3, height: 2, pixels, before: [chunk('tEXt', Buffer.alloc(9))] }));
  expect(asset).toEqual({ type: 'image/png', bytes: written(good) });
  const attack = Buffer.concat([
    pngHead,
    pngHeader({ width: 1, height: 1 }),
    pngHeader({ width: 2_147_483_647, height: 2_147_483_647 }),
    chunk('IDAT', deflateSync(Buffer.alloc(5))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  await expect(readAsset('logo', attack)).rejects.toThrow('The logo is damaged: it has more than one IHDR.');
});
