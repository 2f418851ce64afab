import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { newWebhookSecret, type SignedMessage, webhookSignature } from '../platform/standard-webhooks.ts';

// The keys and headers of messages that are sent: signed as Standard Webhooks says, by HMAC-SHA256 (v1) or ed25519 (v1a).

export type Scheme = 'v1' | 'v1a';

export interface SigningKey {
  /** `whsec_...` of v1, `whsk_...` of v1a. */
  readonly secret: string;
  /** `whpk_...` of v1a; null of v1, whose secret both sides know. */
  readonly publicKey: string | null;
}

/** What stands before the 32 bytes of an ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A new key. */
export function generateKey(scheme: Scheme): SigningKey {
  if (scheme === 'v1') return { secret: newWebhookSecret(), publicKey: null };
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, point] = [d, x].map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer];
  return {
    secret: `whsk_${Buffer.concat([seed, point]).toString('base64')}`,
    publicKey: `whpk_${point.toString('base64')}`,
  };
}

function privateKeyOf(secret: string): KeyObject {
  const seed = Buffer.from(secret.slice('whsk_'.length), 'base64').subarray(0, 32);
  return createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: 'der', type: 'pkcs8' });
}

function signatureOf(secret: string, message: SignedMessage & { readonly body: string }): string {
  if (!secret.startsWith('whsk_')) return `v1,${webhookSignature(secret, message).toString('base64')}`;
  const content = Buffer.from(`${message.id}.${message.timestamp}.${message.body}`);
  return `v1a,${sign(null, content, privateKeyOf(secret)).toString('base64')}`;
}

interface Signed {
  readonly id: string;
  /** When this attempt is made, in real time: receivers refuse what is minutes off their own clock. */
  readonly at: Temporal.Instant;
  readonly body: string;
}

/** The headers of a message, signed by each of these secrets: during a rotation two. */
export function signedHeaders({ id, at, body }: Signed, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at.epochMilliseconds / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => signatureOf(secret, { id, timestamp, body })).join(' '),
  };
}
