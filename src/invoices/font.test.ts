import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { fontFault, fontType } from './font.ts';

const good = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Oblique.ttf'));

/** The font with a table of which nothing is left as it was. */
function withoutTable(tag: string): Buffer {
  const font = Buffer.from(good);
  for (let entry = 12; entry < 12 + font.readUInt16BE(4) * 16; entry += 16) {
    if (font.toString('latin1', entry, entry + 4) !== tag) continue;
    const from = font.readUInt32BE(entry + 8);
    return font.fill(0xff, from, from + font.readUInt32BE(entry + 12));
  }
  throw new RangeError(`There is no table ${tag}.`);
}

it('is told by how it begins', () => {
  expect(fontType(good)).toBe('font/ttf');
  expect(fontType(Buffer.from('OTTO'))).toBe('font/otf');
  expect(fontType(Buffer.from('ttcf'))).toBeNull();
});

it('is taken whole', async () => {
  expect(await fontFault(good, { what: 'The font' })).toBeNull();
});

it.each([
  ['of four bytes', good.subarray(0, 4)],
  ['of its directory alone', good.subarray(0, 400)],
  ['without its last byte', good.subarray(0, -4)],
])('is refused where it breaks off: %s', async (_, font) => {
  expect(await fontFault(font, { what: 'The font' })).toBe('breaks off before its end');
});

it.each(['head', 'cmap', 'glyf', 'loca'])('is refused with a broken table %s', async (tag) => {
  expect(await fontFault(withoutTable(tag), { what: 'The font' })).toMatch(/^is damaged: it cannot be set with /);
});
