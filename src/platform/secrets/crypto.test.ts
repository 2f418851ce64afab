import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fingerprintOf,
  generateSecretKey,
  parseSecretKey,
  seal,
  sealRepeatably,
  type SecretKey,
  unseal,
} from './crypto.ts';

const newKey = () => parseSecretKey(generateSecretKey()) as SecretKey;
const key = newKey();

test('what was sealed opens with the same key and purpose', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string(),
      (text, purpose) => unseal(key, purpose, seal(key, purpose, text)) === text,
    ),
  );
});

test('sealing the same twice shows no likeness', () => {
  expect(seal(key, 'p', 'secret').equals(seal(key, 'p', 'secret'))).toBe(false);
});

test('neither another key, nor another purpose, nor a single flipped bit opens it', () => {
  const sealed = seal(key, 'accounts.credentials', 'dop_v1_x');
  expect(() => unseal(newKey(), 'accounts.credentials', sealed)).toThrow(/another secret key/);
  expect(() => unseal(key, 'accounts.other', sealed)).toThrow(/altered/);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const altered = Buffer.from(sealed);
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => unseal(key, 'accounts.credentials', altered)).toThrow(
      expect.objectContaining({ code: 'secret_unreadable' }),
    );
  }
  expect(() => unseal(key, 'accounts.credentials', sealed.subarray(0, 10))).toThrow(/not in a form/);
});

test('what callers see sealed is sealed with another key than what nobody sees', () => {
  // The bytes of both, with every other part of the layout the same, never open each other.
  const cursor = sealRepeatably(key, 'http.cursor list', 'x');
  expect(() => unseal(key, 'accounts.credentials', cursor)).toThrow(/altered/);
  const raw = (sealed: Buffer, purpose: string) => {
    const decipher = createDecipheriv('aes-256-gcm', key.key, sealed.subarray(5, 17));
    decipher.setAAD(Buffer.concat([sealed.subarray(0, 5), Buffer.from(purpose)]));
    decipher.setAuthTag(sealed.subarray(17, 33));
    return () => Buffer.concat([decipher.update(sealed.subarray(33)), decipher.final()]);
  };
  expect(raw(cursor, 'http.cursor list')).toThrow(/unable to authenticate/);
  expect(raw(seal(key, 'accounts.credentials', 'x'), 'accounts.credentials')).toThrow(/unable to authenticate/);
  expect(fingerprintOf(key)).toMatch(/^[0-9a-f]{32}$/);
  expect(fingerprintOf(key)).not.toBe(fingerprintOf(newKey()));
});

test('a key is 32 bytes in base64 and nothing else', () => {
  expect(parseSecretKey(`${generateSecretKey()}\n`)).not.toBeNull();
  for (const text of [
    '',
    'short',
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    '!'.repeat(44),
  ]) {
    expect(parseSecretKey(text)).toBeNull();
  }
});
