import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateSecretKey } from './crypto.ts';
import { loadSecretKey, secretKeyFile } from './secret-key.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'arcadia-key-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('the key file is made once, for its owner alone', () => {
  const dataDir = join(parent, 'new');
  const made = loadSecretKey({ secretKey: null, dataDir });
  expect(statSync(secretKeyFile(dataDir)).mode & 0o777).toBe(0o600);
  expect(loadSecretKey({ secretKey: null, dataDir }).key.equals(made.key)).toBe(true);
  expect(readFileSync(secretKeyFile(dataDir), 'utf8').trim()).toBe(made.key.toString('base64'));
});

test('a key that is set makes no file', () => {
  const secretKey = generateSecretKey();
  expect(loadSecretKey({ secretKey, dataDir: join(parent, 'none') }).key.toString('base64')).toBe(secretKey);
  expect(statSync(join(parent, 'none'), { throwIfNoEntry: false })).toBeUndefined();
});

test('where no file can be made, the error says what to do', () => {
  // Below a file nobody can make a folder, root included.
  writeFileSync(join(parent, 'file'), '');
  expect(() => loadSecretKey({ secretKey: null, dataDir: join(parent, 'file', 'below') })).toThrow(
    /cannot be made .*ARCADIA_SECRET_KEY/,
  );
});

test('a damaged key file is never replaced', () => {
  writeFileSync(secretKeyFile(parent), 'not a key');
  chmodSync(secretKeyFile(parent), 0o600);
  expect(() => loadSecretKey({ secretKey: null, dataDir: parent })).toThrow(/does not hold 32 bytes/);
  expect(readFileSync(secretKeyFile(parent), 'utf8')).toBe('not a key');
});
