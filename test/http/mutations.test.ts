import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCustomerFile } from '../../src/deployments/import.ts';
import { readAsset } from '../../src/invoices/assets.ts';
import { ArcadiaError } from '../../src/platform/errors.ts';
import { readPlanFiles } from '../../src/pricing/read-files.ts';
import { chunk, chunksOf, frame, jpeg, jpegEnd, png, pngHead, scan, segment } from '../fixtures/images.ts';
import { soaking, soakRuns, timeoutOf } from '../soak.ts';

// Sound files of every kind that people hand in, and what becomes of them where bytes are changed, parts doubled,
// exchanged or left out. Whatever comes of it, the program goes on, and says in words of ours what is wrong or takes it.
// A thousand in `npm test`, a million in `npm run soak`.

type Reader = (file: Buffer) => Promise<unknown>;

/** Refusals that whoever handed it in can do something about. */
const declared: ReadonlySet<string> = new Set(['invalid_argument', 'too_costly', 'file_unreadable']);

async function outcomeOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => 'taken',
    (error: unknown) => (error instanceof ArcadiaError ? error.code : String(error)),
  );
}

const font = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Oblique.ttf'));
const plan = readFileSync(new URL('../../plans/studio.yaml', import.meta.url), 'utf8');
const pixels = Buffer.alloc(4 * (1 + 4 * 4), 1).map((byte, at) => (at % 17 === 0 ? at % 5 : byte));
const pngs = [
  png({ width: 4, height: 4, pixels }),
  png({ width: 3, height: 2, interlace: 1, pixels: Buffer.alloc(5 + 5 + 5 + 13) }),
  png({
    width: 8,
    height: 1,
    colour: 3,
    bits: 1,
    before: [chunk('PLTE', Buffer.alloc(6, 9)), chunk('tRNS', Buffer.alloc(1))],
    pixels: Buffer.from([0, 170]),
  }),
];
const jpegs = [jpeg(segment(0xdb, [0, 1, 2]), frame(2, 3), segment(0xc4, [0, 1, 2]), scan, jpegEnd)];
const csv = `customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at
c-1,"Acme, Ltd",EUR,acme,Acme,2026-05-01
c-1,"Acme, Ltd",EUR,beta,"Beta ""b""",2026-05-02T00:00:00Z
`;

/** Bytes changed, doubled, left out or put in, at places by seed. */
const edits = fc.array(
  fc.record({
    kind: fc.constantFrom('change', 'remove', 'double', 'insert', 'cut'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    length: fc.integer({ min: 1, max: 64 }),
    byte: fc.oneof(fc.constantFrom(0, 0xff, 0x7f, 0x80, 0x2a, 0x26, 0x5b, 0x7b, 0x2c, 0x22, 0x0a), fc.nat(255)),
  }),
  { minLength: 1, maxLength: 4 },
);
type Edits = typeof edits extends fc.Arbitrary<infer Value> ? Value : never;

function edited(file: Buffer, changes: Edits): Buffer {
  return changes.reduce((bytes, { kind, at, length, byte }) => {
    const place = Math.floor(at * bytes.length);
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
    if (kind === 'change') return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    if (kind === 'remove') return Buffer.concat([before, after.subarray(length)]);
    if (kind === 'double') return Buffer.concat([before, after.subarray(0, length), after]);
    if (kind === 'insert') return Buffer.concat([before, Buffer.alloc(length, byte), after]);
    return before;
  }, file);
}

/** Chunks with sound checksums, doubled, exchanged and changed: what a change of single bytes never gets past them with. */
const remadePng = fc
  .tuple(
    fc.constantFrom(...pngs),
    fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 3 }),
    edits,
    fc.boolean(),
  )
  .map(([image, moves, changes, repacked]) => {
    const chunks = chunksOf(image);
    for (const [from, to] of moves) {
      const original = chunks[from % chunks.length] ?? Buffer.alloc(12);
      const type = original.toString('latin1', 4, 8);
      const data = edited(original.subarray(8, -4), changes);
      chunks.splice(to % (chunks.length + 1), 0, chunk(type, repacked && type === 'IDAT' ? deflateSync(data) : data));
    }
    return Buffer.concat([pngHead, ...chunks]);
  });

const change = (...files: Buffer[]) => fc.tuple(fc.constantFrom(...files), edits).map(([file, by]) => edited(file, by));
const logo: Reader = (file) => readAsset('logo', file);

test.each<[string, number, fc.Arbitrary<Buffer>, Reader]>([
  ['PNG, chunk by chunk', 300, remadePng, logo],
  ['PNG, byte by byte', 100, change(...pngs), logo],
  ['JPEG', 150, change(...jpegs), logo],
  ['font', 50, change(font), (file) => readAsset('font', file)],
  [
    'YAML',
    200,
    change(Buffer.from(plan)),
    async (file) => readPlanFiles([{ name: 'p.yaml', text: file.toString() }], new Set(['droplet_hours'])),
  ],
  ['CSV', 200, change(Buffer.from(csv)), async (file) => readCustomerFile(file.toString())],
])(
  'whatever becomes of a %s, it is taken or refused in words of ours',
  { timeout: timeoutOf(600_000) },
  async (_, runs, files, read) => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(files, async (file) => {
        const outcome = await outcomeOf(read(file));
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        expect(['taken', ...declared]).toContain(outcome);
      }),
      { numRuns: soaking ? 50 * soakRuns(runs) : runs },
    );
    // Else nothing would have been tried.
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(runs);
  },
);
