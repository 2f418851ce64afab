import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { ArcadiaError } from '../../platform/errors.ts';
import { accessType, importTokenSecret } from '../../platform/secrets/issue-token.ts';
import type { Logger } from '../../platform/log.ts';
import { type TokenConfig, tokenSecret } from '../../platform/secrets/token-secret.ts';
import { KeySet, type KeySetTimes, type VerificationKey } from './key-set.ts';

// Access tokens (JWT, RFC 7519), as Guardian issues them for arcadia-app. RFC 8725 is what the
// checks follow: the algorithm belongs to the key and is never taken from the token, and nothing
// in a token's header leads anywhere (jku, x5u, jwk and x5c are not looked at).

/** Seconds by which an issuer's clock may differ from ours. */
const clockToleranceSeconds = 60;
const charactersMax = 8_192;

interface TokenVerifier {
  /**
   * The claims of a token that is genuine and valid now. Errors: unauthenticated, whose `cause`
   * says why, for the log; keys_unavailable.
   */
  verify(token: string): Promise<JWTPayload & { sub: string; exp: number }>;
}

function refuse(why: unknown, message = 'The token is not valid.'): ArcadiaError {
  return new ArcadiaError('unauthenticated', message, { cause: why });
}

/** Keys as configured; without any, every token is refused with a word on how to configure them. */
export async function openTokenVerifier(config: TokenConfig, log: Logger, times?: KeySetTimes): Promise<TokenVerifier> {
  const secret = tokenSecret(config);
  const secretKey: VerificationKey | null =
    secret === null ? null : { kid: null, algorithms: ['HS512'], key: await importTokenSecret(secret, 'verify') };
  const keySet = config.jwtJwks === null ? null : new KeySet(config.jwtJwks, log, times);

  async function keyFor(token: string): Promise<VerificationKey | null> {
    const { alg, kid } = decodeProtectedHeader(token);
    if (alg === 'HS512') return secretKey;
    if (kid !== undefined && typeof kid !== 'string') return null;
    return (await keySet?.find({ alg, kid })) ?? null;
  }

  async function genuine(token: string): Promise<JWTPayload> {
    try {
      const key = await keyFor(token);
      if (key === null) throw refuse(new Error('no key of ours has its algorithm and kid'));
      const { payload } = await jwtVerify(token, key.key, {
        algorithms: [...key.algorithms],
        issuer: config.jwtIssuer,
        ...(config.jwtAudience === null ? {} : { audience: config.jwtAudience }),
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      if (error instanceof ArcadiaError) throw error;
      // Only of a genuine token is it known that it has expired.
      if (error instanceof errors.JWTExpired) throw refuse(error, 'The token has expired.');
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw refuse(error);
      throw error;
    }
  }

  return {
    async verify(token) {
      if (secretKey === null && keySet === null) {
        throw refuse(
          new Error('no key is configured'),
          'This server cannot verify tokens yet: its operator has to set ARCADIA_JWT_SECRET or ARCADIA_JWT_JWKS.',
        );
      }
      if (token.length > charactersMax) throw refuse(new Error(`it is longer than ${charactersMax} characters`));
      const payload = await genuine(token);
      if (payload.typ !== accessType) throw refuse(new Error(`its typ is not "${accessType}"`));
      const { sub, exp } = payload;
      // It goes to the log and to the audit log.
      if (typeof sub !== 'string' || !/^[^\p{Cc}]{1,255}$/u.test(sub)) throw refuse(new Error('its sub is no name'));
      if (exp === undefined) throw refuse(new Error('it has no end'));
      assertAge(payload, config.jwtHoursMax ?? null);
      return { ...payload, sub, exp };
    },
  };
}

/** When it was issued: not in a time to come, and not longer ago than is allowed. */
function assertAge({ iat }: JWTPayload, hoursMax: number | null): void {
  if (iat === undefined) {
    if (hoursMax !== null) throw refuse(new Error('it does not say when it was issued (iat), and may not be old'));
    return;
  }
  const ageSeconds = Temporal.Now.instant().epochMilliseconds / 1000 - iat;
  if (ageSeconds < -clockToleranceSeconds) throw refuse(new Error('it was issued in a time to come (iat)'));
  if (hoursMax !== null && ageSeconds > hoursMax * 3600 + clockToleranceSeconds)
    throw refuse(new Error(`it was issued more than ${hoursMax} hours ago`), 'The token is too old.');
}

/** What a token says of itself, genuine or not: for the log, and for whoever asks why it was refused. */
export function claimedBy(token: string): { jti: string | null; subject: string | null; issuer: string | null } {
  const short = (value: unknown) => (typeof value === 'string' ? value.slice(0, 255) : null);
  try {
    const { jti, sub, iss } = token.length > charactersMax ? {} : decodeJwt(token);
    return { jti: short(jti), subject: short(sub), issuer: short(iss) };
  } catch {
    return { jti: null, subject: null, issuer: null };
  }
}

/** The claim of this name, or where there is none, what its dots lead to. */
export function readClaim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
