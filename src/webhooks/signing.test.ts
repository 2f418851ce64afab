import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateKey, signedHeaders } from './signing.ts';

// The vectors that others publish: of Standard Webhooks, and of RFC 8032.

const vector = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: Temporal.Instant.fromEpochMilliseconds(1_614_265_330_000),
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

test('the published vector of Standard Webhooks', () => {
  expect(signedHeaders(vector, [vector.secret])).toEqual({
    'webhook-id': vector.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': vector.signature,
  });
});

test('each secret signs: the header holds all of them', () => {
  const { secret: other } = generateKey('v1');
  const signed = signedHeaders(vector, [other, vector.secret])['webhook-signature'] ?? '';
  const [first = '', second] = signed.split(' ');
  expect(second).toBe(vector.signature);
  expect(first).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  expect(first).not.toBe(vector.signature);
});

/** What stands before the 32 bytes of an ed25519 public key (RFC 8410). */
const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex');

function verifies(publicKey: Buffer, signature: string, content: string): boolean {
  const key = createPublicKey({ key: Buffer.concat([spkiHeader, publicKey]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(content), key, Buffer.from(signature.replace(/^v1a,/, ''), 'base64'));
}

test('v1a signs with the key pair of RFC 8032, test 1, which its public key verifies', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
  const publicKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
  const secret = `whsk_${Buffer.concat([seed, publicKey]).toString('base64')}`;
  const signature = signedHeaders(vector, [secret])['webhook-signature'] ?? '';
  expect(signature).toMatch(/^v1a,/);
  const content = `${vector.id}.1614265330.${vector.body}`;
  expect(verifies(publicKey, signature, content)).toBe(true);
  expect(verifies(publicKey, signature, `${content} `)).toBe(false);
});

test('a new key of v1a verifies what it signs, and no other does', () => {
  const [one, other] = [generateKey('v1a'), generateKey('v1a')];
  const signature = signedHeaders(vector, [one.secret])['webhook-signature'] ?? '';
  const content = `${vector.id}.1614265330.${vector.body}`;
  const publicKeyOf = (key: typeof one) => Buffer.from((key.publicKey ?? '').replace(/^whpk_/, ''), 'base64');
  expect(verifies(publicKeyOf(one), signature, content)).toBe(true);
  expect(verifies(publicKeyOf(other), signature, content)).toBe(false);
});
