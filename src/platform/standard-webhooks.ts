import { createHmac, randomBytes } from 'node:crypto';

// Standard Webhooks (https://www.standardwebhooks.com), version v1: HMAC-SHA-256 of `id.timestamp.body` by the 32 bytes
// behind `whsec_`, over the exact bytes that are sent.

const prefix = 'whsec_';
const secretBytes = 32;

export function newWebhookSecret(): string {
  return `${prefix}${randomBytes(secretBytes).toString('base64')}`;
}

export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970, as the header says them. */
  readonly timestamp: string;
  readonly body: string | Uint8Array;
}

/** The signature of a message, without its version. */
export function webhookSignature(secret: string, { id, timestamp, body }: SignedMessage): Buffer {
  const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
