import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generateSecretKey, parseSecretKey, type SecretKey, seal, unseal } from './crypto.ts';

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
