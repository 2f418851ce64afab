import { createHmac, timingSafeEqual } from 'node:crypto';
import { webhookSignature } from '../platform/standard-webhooks.ts';

// How a sender shows who it is: by its secret as a bearer token, or by a signature of Standard Webhooks that is made with it.

const toleranceSeconds = 300;

/** One secret, and over which time it holds. */
interface Secret {
  readonly secret: string;
  readonly from: string;
  readonly to: string | null;
}

export function secretsAt(secrets: readonly Secret[], now: Temporal.Instant): string[] {
  return secrets
    .filter(({ to }) => to === null || Temporal.Instant.compare(now, Temporal.Instant.from(to)) < 0)
    .map(({ secret }) => secret);
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether the header Authorization bears one of the secrets. Digests are compared: how long it takes says nothing. */
export function bears(authorization: string | undefined, secrets: readonly string[]): boolean {
  const token = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
  if (token === undefined) return false;
  const digest = (text: string) => createHmac('sha256', 'bearer').update(text).digest();
  return secrets.filter((secret) => equal(digest(token), digest(secret))).length > 0;
}

export interface Signed {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/** Whether there is all of a signature, made at most five minutes from now: what can be known before there is a body. */
export function isTimely({ id, timestamp, signature }: Signed, now: Temporal.Instant): boolean {
  if (id === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp ?? '')) return false;
  const skew = Math.abs(parseInt(timestamp as string, 10) - Math.floor(now.epochMilliseconds / 1000));
  return skew <= toleranceSeconds;
}

/** Whether one of the signatures is of this body, made with one of the secrets, at most five minutes from now. */
export function isSignedBy(
  signed: Signed,
  body: Uint8Array,
  secrets: readonly string[],
  now: Temporal.Instant,
): boolean {
  const { id, timestamp, signature } = signed;
  if (id === undefined || timestamp === undefined || signature === undefined || !isTimely(signed, now)) return false;
  const given = signature
    .split(' ')
    .slice(0, 10)
    .flatMap((each) => (each.startsWith('v1,') ? [Buffer.from(each.slice('v1,'.length), 'base64')] : []));
  return secrets.some((secret) => {
    const expected = webhookSignature(secret, { id, timestamp, body });
    return given.some((each) => equal(each, expected));
  });
}
