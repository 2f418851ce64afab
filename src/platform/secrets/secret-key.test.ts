import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateSecretKey } from './crypto.ts';
import { loadSecretKey, readSecretKey, secretKeyFile } from './secret-key.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'arcadia-key-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

const nothing = async () => [];

test('the key file is made once, for its owner alone', async () => {
  const dataDir = join(parent, 'new');
  const made = await loadSecretKey({ secretKey: null, dataDir }, nothing);
  expect(statSync(secretKeyFile(dataDir)).mode & 0o777).toBe(0o600);
  expect((await loadSecretKey({ secretKey: null, dataDir }, nothing)).key.equals(made.key)).toBe(true);
  expect(readFileSync(secretKeyFile(dataDir), 'utf8').trim()).toBe(made.key.toString('base64'));
});

test('a key file that is missing while something is sealed is not replaced', async () => {
  const config = { secretKey: null, dataDir: parent };
  const sealed = async () => [{ what: 'the credentials of account acme', keyId: '01020304' }];
  await expect(loadSecretKey(config, sealed)).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: expect.stringMatching(/secret\.key is missing.*key 01020304\): the credentials of account acme/),
  });
  expect(readSecretKey(config)).toBeNull();
  const secretKey = generateSecretKey();
  expect((await loadSecretKey({ ...config, secretKey }, sealed)).key.toString('base64')).toBe(secretKey);
});

test('a key file that others can read, or that holds no random key, is refused with what to do', async () => {
  const config = { secretKey: null, dataDir: parent };
  writeFileSync(secretKeyFile(parent), generateSecretKey());
  for (const mode of [0o644, 0o640, 0o604]) {
    chmodSync(secretKeyFile(parent), mode);
    await expect(loadSecretKey(config, nothing)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(`mode 0${mode.toString(8)}`),
      todo: expect.stringContaining('chmod 600'),
    });
  }
  chmodSync(secretKeyFile(parent), 0o600);
  await loadSecretKey(config, nothing);
  writeFileSync(secretKeyFile(parent), Buffer.alloc(32, 'a').toString('base64'));
  await expect(loadSecretKey(config, nothing)).rejects.toThrow(/no random key/);
});

test('a key that is set makes no file', async () => {
  const secretKey = generateSecretKey();
  const loaded = await loadSecretKey({ secretKey, dataDir: join(parent, 'none') }, nothing);
  expect(loaded.key.toString('base64')).toBe(secretKey);
  expect(statSync(join(parent, 'none'), { throwIfNoEntry: false })).toBeUndefined();
});

test('where no file can be made, the error says what to do', async () => {
  // Below a file nobody can make a folder, root included.
  writeFileSync(join(parent, 'file'), '');
  await expect(loadSecretKey({ secretKey: null, dataDir: join(parent, 'file', 'below') }, nothing)).rejects.toThrow(
    /cannot be made .*ARCADIA_SECRET_KEY/,
  );
});

test('a damaged key file is never replaced', async () => {
  writeFileSync(secretKeyFile(parent), 'not a key');
  chmodSync(secretKeyFile(parent), 0o600);
  await expect(loadSecretKey({ secretKey: null, dataDir: parent }, nothing)).rejects.toThrow(/does not hold 32 bytes/);
  expect(readFileSync(secretKeyFile(parent), 'utf8')).toBe('not a key');
});
