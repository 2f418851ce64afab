import { randomUUID } from 'node:crypto';
import { type CryptoKey, SignJWT } from 'jose';
import { ArcadiaError } from '../errors.ts';
import type { Role } from '../declare/operation.ts';
import { type TokenConfig, tokenSecret } from './token-secret.ts';

/** Guardian's name for what opens an API, as against a refresh token: the claim typ. */
export const accessType = 'access';

export interface TokenRequest {
  readonly subject: string;
  readonly role: Role;
  /** The external id, with the role customer only. */
  readonly customer: string | null;
  readonly expiresIn: Temporal.Duration;
}

/**
 * Signs a token as Guardian would: HS512, with the configured secret or the development one.
 * Errors: invalid_argument where a role and a customer do not go together; invalid_config where
 * there is no secret to sign with, only public keys or nothing.
 */
export async function issueToken(config: TokenConfig, request: TokenRequest): Promise<string> {
  const { subject, role, customer, expiresIn } = request;
  if ((role === 'customer') !== (customer !== null)) {
    throw new ArcadiaError(
      'invalid_argument',
      role === 'customer'
        ? 'The role customer needs a customer (--customer).'
        : `A customer goes with the role customer only, not with ${role}.`,
    );
  }
  const secret = tokenSecret(config);
  if (secret === null) {
    throw new ArcadiaError(
      'invalid_config',
      config.jwtJwks === null
        ? 'There is no secret to sign a token with: set ARCADIA_JWT_SECRET, the same here and where the API runs.'
        : 'Tokens are verified with public keys (ARCADIA_JWT_JWKS), which nothing can be signed with; get the token from whoever holds the private one.',
    );
  }
  const issuedAt = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000);
  const claims: Record<string, unknown> = { typ: accessType };
  writeClaim(claims, config.jwtRoleClaim, role);
  if (customer !== null) writeClaim(claims, config.jwtCustomerClaim, customer);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
    .setIssuer(config.jwtIssuer)
    .setAudience(config.jwtAudience ?? config.jwtIssuer)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt - 1)
    .setExpirationTime(issuedAt + expiresIn.total('seconds'))
    .sign(await importTokenSecret(secret, 'sign'));
}

/** Puts a claim where `readClaim` finds it. An address as a name stands for itself. */
function writeClaim(claims: Record<string, unknown>, name: string, value: string): void {
  const path = name.includes('/') ? [name] : name.split('.');
  const last = path.pop() ?? name;
  let object = claims;
  for (const part of path) object = (object[part] ??= {}) as Record<string, unknown>;
  object[last] = value;
}

/** For HS512. Guardian uses the text itself as the key. */
export function importTokenSecret(secret: string, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-512' }, false, [use]);
}
