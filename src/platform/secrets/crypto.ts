import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { ArcadiaError } from '../errors.ts';

// Secrets at rest: AES-256-GCM. A sealed value is
//   1 byte   version of this layout (2)
//   4 bytes  which key: the start of its SHA-256
//   12 bytes nonce, random
//   16 bytes authentication tag
//   rest     ciphertext
// The purpose is authenticated with it, so that what was sealed for one use cannot be passed off
// as another's. Each use (the first word of a purpose) has a key of its own, derived by HKDF: what
// is found out of one that callers see sealed texts of, such as cursors, opens nothing of another.

const version = 2;
const headerLength = 1 + 4;
const nonceLength = 12;
const tagLength = 16;

export interface SecretKey {
  readonly key: Buffer;
  /** Tells keys apart without telling anything of them. */
  readonly id: Buffer;
}

/** A new key: 32 random bytes in base64, as ARCADIA_SECRET_KEY and the key file hold it. */
export function generateSecretKey(): string {
  return randomBytes(32).toString('base64');
}

/** Fewer different ones among 32 or more random digits, even hexadecimal ones, do not happen. */
const distinctMin = 6;

/** Whether bytes are no random ones: one value, or a few, again and again. */
export function isWeak(bytes: Uint8Array): boolean {
  return new Set(bytes).size < distinctMin;
}

/** Reads 32 bytes in base64; null where it is anything else. */
export function parseSecretKey(base64: string): SecretKey | null {
  const text = base64.trim();
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32 || key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return null;
  return { key, id: createHash('sha256').update(key).digest().subarray(0, 4) };
}

/** A key of 32 bytes for one use. */
function derive({ key }: SecretKey, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, 'arcadia-cloud', label, 32));
}

function useOf(purpose: string): string {
  return purpose.split(' ', 1)[0] ?? '';
}

/** By which a database knows its key again: tells keys apart for certain, and nothing of them. */
export function fingerprintOf(secretKey: SecretKey): string {
  return derive(secretKey, 'fingerprint').subarray(0, 16).toString('hex');
}

/** The id of the key that a sealed value needs, in hexadecimal digits, which tells nothing of the key; null: it is not sealed. */
export function sealingKeyId(sealed: Uint8Array): string | null {
  if (sealed.length < headerLength + nonceLength + tagLength || sealed[0] !== version) return null;
  return Buffer.from(sealed.subarray(1, headerLength)).toString('hex');
}

/** Seals a text for one purpose, e.g. 'accounts.credentials'. */
export function seal(secretKey: SecretKey, purpose: string, plaintext: string): Buffer {
  return sealWith(randomBytes(nonceLength), secretKey, purpose, plaintext);
}

/**
 * The same, but what is equal is sealed to equal bytes: the nonce is a MAC of purpose and text, so that
 * none is used for two texts. For what callers may compare, never for what they must not tell apart.
 */
export function sealRepeatably(secretKey: SecretKey, purpose: string, plaintext: string): Buffer {
  const mac = createHmac('sha256', derive(secretKey, `nonces of ${useOf(purpose)}`))
    .update(JSON.stringify([purpose, plaintext]))
    .digest();
  return sealWith(mac.subarray(0, nonceLength), secretKey, purpose, plaintext);
}

function sealWith(nonce: Buffer, secretKey: SecretKey, purpose: string, plaintext: string): Buffer {
  const header = Buffer.concat([Buffer.of(version), secretKey.id]);
  const cipher = createCipheriv('aes-256-gcm', derive(secretKey, useOf(purpose)), nonce, { authTagLength: tagLength });
  cipher.setAAD(Buffer.concat([header, Buffer.from(purpose)]));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** Opens what seal made for the same purpose. Errors: secret_unreadable, for another key, purpose, or altered bytes. */
export function unseal(secretKey: SecretKey, purpose: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed);
  if (bytes.length < headerLength + nonceLength + tagLength || bytes[0] !== version) {
    throw new ArcadiaError(
      'secret_unreadable',
      `A stored secret (${purpose}) is not in a form that this version knows.`,
    );
  }
  const header = bytes.subarray(0, headerLength);
  if (!header.subarray(1).equals(secretKey.id)) {
    throw new ArcadiaError('secret_unreadable', `A stored secret (${purpose}) was sealed with another secret key.`);
  }
  const nonce = bytes.subarray(headerLength, headerLength + nonceLength);
  const tag = bytes.subarray(headerLength + nonceLength, headerLength + nonceLength + tagLength);
  const decipher = createDecipheriv('aes-256-gcm', derive(secretKey, useOf(purpose)), nonce, {
    authTagLength: tagLength,
  });
  decipher.setAAD(Buffer.concat([header, Buffer.from(purpose)]));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(headerLength + nonceLength + tagLength)),
      decipher.final(),
    ]).toString('utf8');
  } catch (cause) {
    throw new ArcadiaError('secret_unreadable', `A stored secret (${purpose}) was altered, or is another's.`, {
      cause,
    });
  }
}

/** A signature (HMAC-SHA-256) with a key of its own for each purpose, which tells nothing of the secret key. */
export function sign(secretKey: SecretKey, purpose: string, text: string): Buffer {
  const derived = Buffer.from(hkdfSync('sha256', secretKey.key, '', purpose, 32));
  return createHmac('sha256', derived).update(text).digest();
}

/** Whether `sign` made a signature for the same purpose and text. */
export function isSigned(secretKey: SecretKey, purpose: string, text: string, signature: Uint8Array): boolean {
  const expected = sign(secretKey, purpose, text);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
