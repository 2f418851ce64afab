import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { type Normalised, pixelsMax, tooLarge } from './image.ts';

// A PNG decoded, and its pixels written anew: one header, eight bits, no passes, and of chunks only what those pixels
// need. So whatever draws it meets what was written here, and nothing that was given: two parsers that read one file
// differently (a second header, a chunk that one of them knows) never see the same doubtful bytes.

const head = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Samples of a pixel, and how many bits each may have, by colour type (PNG, 11.2.2). */
const colours: Readonly<Record<number, { readonly samples: number; readonly bits: readonly number[] }>> = {
  0: { samples: 1, bits: [1, 2, 4, 8, 16] },
  2: { samples: 3, bits: [8, 16] },
  3: { samples: 1, bits: [1, 2, 4, 8] },
  4: { samples: 2, bits: [8, 16] },
  6: { samples: 4, bits: [8, 16] },
};
const indexed = 3;

/** Where the passes of an interlaced PNG begin, and their steps: x, y, dx, dy (PNG, 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

const damaged = (why: string) => ({ fault: `is damaged: ${why}` });

/** The PNG written anew; or why it cannot be. */
export function normalisedPng(image: Buffer): Normalised {
  const chunks = chunksOf(image);
  if ('fault' in chunks) return chunks;
  const [first] = chunks.found;
  if (first?.type !== 'IHDR' || first.data.length !== 13) return damaged('it has no header');
  const order = orderFault(chunks.found);
  if (order !== null) return damaged(order);
  const header = headerOf(first.data);
  if ('fault' in header) return header;
  const dataOf = (type: string) => chunks.found.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const [palette] = dataOf('PLTE');
  const [transparency] = dataOf('tRNS');
  const fault = paletteFault(header, palette, transparency);
  if (fault !== null) return damaged(fault);
  const pixels = rowsOf(header, Buffer.concat(dataOf('IDAT')));
  if ('fault' in pixels) return pixels;
  const written: Chunk[] = plainChunks(header, samplesOf(header, pixels.rows), palette, transparency);
  return { type: 'image/png', bytes: Buffer.concat([head, ...written.map(chunkBytes)]) };
}

function chunksOf(image: Buffer): { readonly found: readonly Chunk[] } | { readonly fault: string } {
  const found: Chunk[] = [];
  for (let at = head.length; found.at(-1)?.type !== 'IEND'; ) {
    const end = at + 12 <= image.length ? at + 12 + image.readUInt32BE(at) : Infinity;
    if (end > image.length) return { fault: 'breaks off before its end' };
    if (crc32(image.subarray(at + 4, end - 4)) !== image.readUInt32BE(end - 4)) return damaged('a checksum is wrong');
    found.push({ type: image.toString('latin1', at + 4, at + 8), data: image.subarray(at + 8, end - 4) });
    at = end;
  }
  return { found };
}

/** What stands twice, in another order than it may (PNG, 5.6), or cannot be left out unread. */
function orderFault(chunks: readonly Chunk[]): string | null {
  const types = chunks.map(({ type }) => type);
  for (const once of ['IHDR', 'PLTE', 'tRNS', 'IEND']) {
    if (types.indexOf(once) !== types.lastIndexOf(once)) return `it has more than one ${once}`;
  }
  // An upper-case first letter: whoever does not know it cannot show the image.
  const unknown = types.find((type) => /^[A-Z]/.test(type) && !['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(type));
  if (unknown !== undefined) return `it needs ${unknown.replaceAll(/[^A-Za-z]/g, '?')}, which no PNG has`;
  const [begin, end] = [types.indexOf('IDAT'), types.lastIndexOf('IDAT')];
  if (begin < 0) return 'it has no pixels';
  if (types.slice(begin, end).some((type) => type !== 'IDAT')) return 'its pixels are not in one piece';
  const early = ['PLTE', 'tRNS'].find((type) => types.indexOf(type) > begin);
  return early === undefined ? null : `its ${early} is behind its pixels`;
}

function headerOf(data: Buffer): Header | { readonly fault: string } {
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  if (width * height > pixelsMax) return tooLarge(width, height);
  const [bits = 0, colour = 0, compression, filter, interlace] = data.subarray(8);
  const isKnown = colours[colour]?.bits.includes(bits) === true && compression === 0 && filter === 0;
  if (width * height === 0 || !isKnown || (interlace ?? 2) > 1) return damaged('its header says what no PNG is');
  return { width, height, bits, colour, interlaced: interlace === 1 };
}

function paletteFault(
  { colour, bits }: Header,
  palette: Buffer | undefined,
  transparency: Buffer | undefined,
): string | null {
  if (colour === indexed && palette === undefined) return 'it has no palette';
  const entries = (palette?.length ?? 0) / 3;
  if (palette !== undefined && (!Number.isInteger(entries) || entries < 1 || entries > 256))
    return 'its palette is none';
  if (colour === indexed && entries > 2 ** bits) return 'its palette has more colours than its pixels can name';
  const bytes = transparency?.length;
  if (bytes === undefined) return null;
  const fits =
    colour === indexed ? bytes >= 1 && bytes <= entries : colour === 0 ? bytes === 2 : colour !== 2 || bytes === 6;
  return fits ? null : 'its transparency is not of its colours';
}

interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** Of a row, without the number of its filter. */
  readonly rowBytes: number;
}

function passesOf({ width, height, bits, colour, interlaced }: Header): Pass[] {
  const samples = colours[colour]?.samples ?? 0;
  return (interlaced ? passes : [[0, 0, 1, 1] as const]).flatMap(([x, y, dx, dy]) => {
    if (width <= x || height <= y) return [];
    const [across, down] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    return [{ x, y, dx, dy, width: across, height: down, rowBytes: Math.ceil((across * samples * bits) / 8) }];
  });
}

/** The rows of all passes, each begun by the number of its filter, 0 to 4. */
function rowsOf(header: Header, deflated: Buffer): { readonly rows: Buffer } | { readonly fault: string } {
  const parts = passesOf(header);
  const length = parts.reduce((sum, { rowBytes, height }) => sum + (1 + rowBytes) * height, 0);
  let rows: Buffer;
  try {
    rows = inflateSync(deflated, { maxOutputLength: length });
  } catch {
    return damaged('its pixels cannot be unpacked');
  }
  let at = 0;
  const areWhole =
    rows.length === length &&
    parts.every(({ rowBytes, height }) => {
      for (let row = 0; row < height; row += 1, at += 1 + rowBytes) if ((rows[at] ?? 5) > 4) return false;
      return true;
    });
  return areWhole ? { rows } : damaged('its pixels are not as many as its header says');
}

/** Each pixel's samples, of as many bits as they have, from the image's left to its right and down (PNG, 8 and 9). */
function samplesOf(header: Header, rows: Buffer): Uint16Array {
  const { width, height, bits, colour } = header;
  const samples = colours[colour]?.samples ?? 1;
  const pixelBytes = Math.max(1, (samples * bits) / 8);
  const found = new Uint16Array(width * height * samples);
  let at = 0;
  for (const pass of passesOf(header)) {
    let above: Buffer = Buffer.alloc(pass.rowBytes);
    for (let row = 0; row < pass.height; row += 1) {
      const line = rows.subarray(at + 1, at + 1 + pass.rowBytes);
      unfilter(rows[at] ?? 0, line, above, pixelBytes);
      for (let column = 0; column < pass.width; column += 1) {
        const place = ((pass.y + row * pass.dy) * width + pass.x + column * pass.dx) * samples;
        for (let sample = 0; sample < samples; sample += 1)
          found[place + sample] = sampleAt(line, column * samples + sample, bits);
      }
      above = line;
      at += 1 + pass.rowBytes;
    }
  }
  return found;
}

function sampleAt(line: Buffer, index: number, bits: number): number {
  if (bits === 8) return line[index] ?? 0;
  if (bits === 16) return ((line[2 * index] ?? 0) << 8) | (line[2 * index + 1] ?? 0);
  const bit = index * bits;
  return ((line[bit >> 3] ?? 0) >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
}

/** Undoes a row's filter in place (PNG, 9.2). */
function unfilter(filter: number, line: Buffer, above: Buffer, pixelBytes: number): void {
  if (filter === 0) return;
  for (let at = 0; at < line.length; at += 1) {
    const left = at < pixelBytes ? 0 : (line[at - pixelBytes] ?? 0);
    const up = above[at] ?? 0;
    const corner = at < pixelBytes ? 0 : (above[at - pixelBytes] ?? 0);
    line[at] = (line[at] ?? 0) + predicted(filter, left, up, corner);
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter === 0) return 0;
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** The image of eight bits: by its palette or in greys or colours where it is opaque, else in colours with their opacity. */
function plainChunks(
  header: Header,
  samples: Uint16Array,
  palette: Buffer | undefined,
  transparency: Buffer | undefined,
): Chunk[] {
  const { width, height, colour } = header;
  const isOpaque = [0, 2, indexed].includes(colour) && transparency === undefined;
  const written = isOpaque ? colour : 6;
  const pixels = isOpaque ? toEight(header, samples) : withOpacity(header, samples, palette, transparency);
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, written], 8);
  const filtered = filteredRows(pixels, width * (colours[written]?.samples ?? 1), written);
  return [
    { type: 'IHDR', data },
    ...(written === indexed && palette !== undefined ? [{ type: 'PLTE', data: palette }] : []),
    { type: 'IDAT', data: deflateSync(filtered, { level: 9 }) },
    { type: 'IEND', data: Buffer.alloc(0) },
  ];
}

/** Of a palette the same numbers; of greys and colours what they are of 255. */
function toEight({ bits, colour }: Header, samples: Uint16Array): Uint8Array {
  if (colour === indexed || bits === 8) return Uint8Array.from(samples);
  const most = 2 ** bits - 1;
  return Uint8Array.from(samples, (sample) => Math.round((sample * 255) / most));
}

function withOpacity(
  header: Header,
  samples: Uint16Array,
  palette: Buffer | undefined,
  transparency: Buffer | undefined,
): Uint8Array {
  const { width, height, colour } = header;
  const each = colours[colour]?.samples ?? 1;
  const eight = toEight(header, samples);
  const found = new Uint8Array(width * height * 4);
  // The one colour that is not seen, by its samples.
  const unseen =
    transparency === undefined || colour === indexed
      ? []
      : Array.from({ length: transparency.length / 2 }, (_, index) => transparency.readUInt16BE(2 * index));
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [from, to] = [pixel * each, pixel * 4];
    if (colour === indexed) {
      const entry = eight[from] ?? 0;
      found.set([palette?.[3 * entry] ?? 0, palette?.[3 * entry + 1] ?? 0, palette?.[3 * entry + 2] ?? 0], to);
      found[to + 3] = transparency?.[entry] ?? 255;
      continue;
    }
    const isGrey = each < 3;
    for (let sample = 0; sample < 3; sample += 1) found[to + sample] = eight[from + (isGrey ? 0 : sample)] ?? 0;
    const isUnseen = unseen.length > 0 && unseen.every((value, sample) => samples[from + sample] === value);
    found[to + 3] = isUnseen ? 0 : unseen.length > 0 ? 255 : (eight[from + each - 1] ?? 0);
  }
  return found;
}

/** Rows with the filter that leaves the smallest differences, by which they pack best (PNG, 12.7); a palette's with none. */
function filteredRows(pixels: Uint8Array, rowBytes: number, colour: number): Buffer {
  const pixelBytes = colours[colour]?.samples ?? 1;
  const height = pixels.length / rowBytes;
  const found = Buffer.alloc(height * (1 + rowBytes));
  const filters = colour === indexed ? [0] : [0, 1, 2, 4];
  const none = new Uint8Array(rowBytes);
  for (let row = 0; row < height; row += 1) {
    const line = pixels.subarray(row * rowBytes, (row + 1) * rowBytes);
    const above = row === 0 ? none : pixels.subarray((row - 1) * rowBytes, row * rowBytes);
    let best = { sum: Infinity, filter: 0, bytes: none };
    for (const filter of filters) {
      const bytes = new Uint8Array(rowBytes);
      let sum = 0;
      for (let at = 0; at < rowBytes; at += 1) {
        const left = at < pixelBytes ? 0 : (line[at - pixelBytes] ?? 0);
        const corner = at < pixelBytes ? 0 : (above[at - pixelBytes] ?? 0);
        const byte = ((line[at] ?? 0) - predicted(filter, left, above[at] ?? 0, corner)) & 0xff;
        bytes[at] = byte;
        sum += byte < 128 ? byte : 256 - byte;
      }
      if (sum < best.sum) best = { sum, filter, bytes };
    }
    found[row * (1 + rowBytes)] = best.filter;
    found.set(best.bytes, row * (1 + rowBytes) + 1);
  }
  return found;
}

function chunkBytes({ type, data }: Chunk): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
