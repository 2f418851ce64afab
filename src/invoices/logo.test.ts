import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageFault } from './logo.ts';

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

interface Png {
  readonly width: number;
  readonly height: number;
  readonly bits?: number;
  readonly colour?: number;
  readonly interlace?: number;
  readonly palette?: Uint8Array;
  readonly text?: number;
  /** Unpacked: each row with its filter. */
  readonly pixels: Uint8Array;
}

function png({ width, height, bits = 8, colour = 6, interlace = 0, palette, text, pixels }: Png): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colour, 0, 0, interlace], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(text === undefined ? [] : [chunk('tEXt', Buffer.alloc(text, 'a'))]),
    ...(palette === undefined ? [] : [chunk('PLTE', palette)]),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Two rows of three transparent pixels. */
const pixels = Buffer.alloc(2 * (1 + 3 * 4));
const good = png({ width: 3, height: 2, pixels });

function changed(image: Buffer, at: number): Buffer {
  const copy = Buffer.from(image);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

describe('a PNG', () => {
  it.each([
    ['with alpha', good],
    ['in colours', png({ width: 3, height: 1, colour: 2, pixels: Buffer.alloc(10) })],
    ['of one bit in grey', png({ width: 9, height: 2, colour: 0, bits: 1, pixels: Buffer.alloc(2 * 3) })],
    [
      'with a palette',
      png({ width: 3, height: 1, colour: 3, bits: 4, palette: Buffer.alloc(6), pixels: Buffer.alloc(3) }),
    ],
    // The passes 1, 4 and 6 have a pixel each, the last one the second row.
    ['interlaced', png({ width: 3, height: 2, interlace: 1, pixels: Buffer.alloc(5 + 5 + 5 + 13) })],
  ])('%s is taken', async (_, image) => {
    expect(await imageFault(image)).toBeNull();
  });

  it('is refused wherever a byte of it is another', async () => {
    for (let at = 8; at < good.length; at += 1)
      expect([at, await imageFault(changed(good, at))]).not.toEqual([at, null]);
  });

  it('is refused wherever it breaks off', async () => {
    for (let end = 8; end < good.length; end += 1) {
      expect(await imageFault(good.subarray(0, end))).toBe('breaks off before its end');
    }
  });

  it.each([
    ['with a row too few', png({ width: 3, height: 3, pixels }), 'not as many'],
    ['with a row too many', png({ width: 3, height: 1, pixels }), 'cannot be unpacked'],
    ['with a filter that there is not', png({ width: 3, height: 2, pixels: Buffer.alloc(26, 5) }), 'not as many'],
    ['without its palette', png({ width: 3, height: 1, colour: 3, pixels: Buffer.alloc(4) }), 'no palette'],
    ['of a colour type that there is not', png({ width: 3, height: 2, colour: 5, pixels }), 'header'],
    ['of no pixels', png({ width: 0, height: 2, pixels }), 'header'],
    ['of very many pixels', png({ width: 60_000, height: 60_000, pixels }), '60000 x 60000 pixels'],
    ['that pdfkit alone cannot read', png({ width: 3, height: 2, pixels, text: 500_000 }), 'cannot be read'],
  ])('%s is refused', async (_, image, words) => {
    expect(await imageFault(image)).toContain(words);
  });
});

describe('a JPEG', () => {
  const segment = (marker: number, data: readonly number[]) => [0xff, marker, 0, data.length + 2, ...data];
  const frame = (height: number, width: number) => segment(0xc0, [8, 0, height, 0, width, 1, 1, 0x11, 0]);
  const scan = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 1, 2, 3];
  const jpeg = (...parts: (readonly number[])[]) => Buffer.from([0xff, 0xd8, ...parts.flat()]);
  const thumbnail = segment(0xe1, [0xff, 0xd8, ...scan, 0xff, 0xd9]);

  it('is taken whole, with a thumbnail in it too', async () => {
    expect(await imageFault(jpeg(frame(2, 3), scan, [0xff, 0xd9]))).toBeNull();
    expect(await imageFault(jpeg(thumbnail, frame(2, 3), scan, [0xff, 0xd9]))).toBeNull();
  });

  it('is refused without its end or its header', async () => {
    expect(await imageFault(jpeg(thumbnail, frame(2, 3), scan))).toBe('breaks off before its end');
    expect(await imageFault(jpeg(scan, [0xff, 0xd9]))).toContain('no header');
    expect(await imageFault(jpeg(frame(0, 3), scan, [0xff, 0xd9]))).toContain('header');
    expect(await imageFault(jpeg())).toContain('no header');
  });
});
