import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWholeFile } from './output-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadia-output-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name = 'export.csv') => join(folder, name);
const careful = { force: false };

async function* content(...chunks: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* chunks;
}

async function* failing(): AsyncGenerator<string> {
  yield 'half';
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toHaveLength(1);
  throw new Error('the database is gone');
}

test('text and bytes are one file, and nothing is left beside it', async () => {
  await writeWholeFile(path(), content('a,b\r\n', new Uint8Array([0xc3, 0xa9])), careful);
  expect(readFileSync(path(), 'utf8')).toBe('a,b\r\né');
  expect(readdirSync(folder)).toEqual(['export.csv']);
});

test('a file that is there stays, unless it may be replaced', async () => {
  writeFileSync(path(), 'old');
  await expect(writeWholeFile(path(), content('new'), careful)).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(path(), 'utf8')).toBe('old');
  await writeWholeFile(path(), content('new'), { force: true });
  expect(readFileSync(path(), 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['export.csv']);
});

test('one that somebody else puts there meanwhile stays too', async () => {
  async function* slow(): AsyncGenerator<string> {
    writeFileSync(path(), 'theirs');
    yield 'ours';
  }
  await expect(writeWholeFile(path(), slow(), careful)).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(path(), 'utf8')).toBe('theirs');
  expect(readdirSync(folder)).toEqual(['export.csv']);
});

test('what fails halfway leaves what was there, and no part of itself', async () => {
  writeFileSync(path('kept.csv'), 'old');
  await expect(writeWholeFile(path('kept.csv'), failing(), { force: true })).rejects.toThrow('the database is gone');
  expect(readFileSync(path('kept.csv'), 'utf8')).toBe('old');
  await expect(writeWholeFile(path(), failing(), careful)).rejects.toThrow('the database is gone');
  expect(readdirSync(folder)).toEqual(['kept.csv']);
});

test('behind a link, the file that it leads to is replaced', async () => {
  writeFileSync(path('real.csv'), 'old');
  symlinkSync('real.csv', path());
  await writeWholeFile(path(), content('new'), { force: true });
  expect(readFileSync(path('real.csv'), 'utf8')).toBe('new');
});

test('a device, and a folder that is not there, are refused', async () => {
  await expect(writeWholeFile('/dev/null', content('x'), { force: true })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
  expect(existsSync('/dev/null')).toBe(true);
  await expect(writeWholeFile(path('no/such/folder.csv'), content('x'), careful)).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});
