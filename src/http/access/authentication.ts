import type { JWTPayload } from 'jose';
import { findCustomerId } from '../../deployments/index.ts';
import type { Database } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import type { KeySetTimes } from './key-set.ts';
import { Revocations } from './revocations.ts';
import { roleOf } from './role.ts';
import { claimedBy, openTokenVerifier, readClaim } from './token.ts';
import type { TokenConfig } from '../../platform/secrets/token-secret.ts';

export interface Authenticator {
  /**
   * Who is asking, by the header Authorization. Errors: unauthenticated (no token, or not a valid
   * one), forbidden (a valid one without a role of ours, or of a customer that we do not know),
   * keys_unavailable. Why a token was refused is logged, with what it says of itself.
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /** The same of a token, for whoever asks what it would be. Nothing is logged. */
  examine(token: string): Promise<Examined>;
}

/** A token that lets its bearer in. */
interface Examined {
  readonly principal: Principal;
  readonly payload: JWTPayload;
  /** The name in the token that its role comes from; null: it is the default role. */
  readonly roleFrom: string | null;
  /** The customer's external id. */
  readonly customer: string | null;
}

interface AuthenticatorOptions {
  readonly config: TokenConfig;
  /** Sees every customer. */
  readonly db: Database;
  readonly log: Logger;
  readonly keySetTimes?: KeySetTimes;
}

/** A token's NumericDate may have a fraction, and lie beyond what an instant can say. */
const endOfTimeMs = 8.64e15;

export async function openAuthenticator({
  config,
  db,
  log,
  keySetTimes,
}: AuthenticatorOptions): Promise<Authenticator> {
  const verifier = await openTokenVerifier(config, log, keySetTimes);
  const customers = new CustomerIds(db);
  const revocations = new Revocations(db);

  async function examine(token: string): Promise<Examined> {
    const payload = await verifier.verify(token);
    const { sub: subject } = payload;
    const revocation = await revocations.find(payload);
    if (revocation !== undefined)
      throw new ArcadiaError('unauthenticated', 'The token was revoked.', {
        cause: new Error(`revocation ${revocation.revocation_id}: ${revocation.reason}`),
      });
    const expiresAt = Temporal.Instant.fromEpochMilliseconds(Math.trunc(Math.min(payload.exp * 1000, endOfTimeMs)));
    const found = roleOf(payload, config);
    if (typeof found === 'string') throw new ArcadiaError('forbidden', found);
    const { role, from: roleFrom } = found;
    if (role !== 'customer')
      return { principal: { subject, role, customerId: null, expiresAt }, payload, roleFrom, customer: null };
    const claim = readClaim(payload, config.jwtCustomerClaim);
    const customer = Number.isSafeInteger(claim) ? String(claim) : claim;
    const customerId = typeof customer === 'string' ? await customers.find(customer) : null;
    if (typeof customer !== 'string' || customerId === null) {
      throw new ArcadiaError(
        'forbidden',
        `The token has the role customer, and its claim ${config.jwtCustomerClaim} is not the id of a customer here.`,
      );
    }
    return { principal: { subject, role, customerId, expiresAt }, payload, roleFrom, customer };
  }

  return {
    examine,
    async authenticate(authorization) {
      const token = bearerToken(authorization);
      try {
        return (await examine(token)).principal;
      } catch (error) {
        if (error instanceof ArcadiaError && ['unauthenticated', 'forbidden'].includes(error.code))
          log.info({ ...claimedBy(token), code: error.code, reason: reasonOf(error) }, 'A token was refused.');
        throw error;
      }
    },
  };
}

/** Why a token was refused, more than its bearer is told. */
export function reasonOf({ message, cause }: ArcadiaError): string {
  return cause instanceof Error ? `${message} ${cause.message}` : message;
}

/** What a refused request is told in the header WWW-Authenticate (RFC 6750); null: nothing. */
export function challenge(error: ArcadiaError, authorization: string | undefined): string | null {
  if (error.code !== 'unauthenticated') return null;
  return authorization === undefined ? 'Bearer realm="arcadia"' : 'Bearer realm="arcadia", error="invalid_token"';
}

function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) throw new ArcadiaError('unauthenticated', 'A token is needed here.');
  const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
  if (token === undefined)
    throw new ArcadiaError('unauthenticated', 'The header Authorization has to be "Bearer" and a token.');
  return token;
}

const rememberedMax = 1_000;

/** Our ids of customers by external id, which never change. Who is not known yet is asked for each time. */
class CustomerIds {
  readonly #db: Database;
  /** In order of last use. */
  readonly #remembered = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  async find(externalId: string): Promise<number | null> {
    const known = this.#remembered.get(externalId) ?? (await findCustomerId(this.#db, externalId));
    if (known === null) return null;
    this.#remembered.delete(externalId);
    this.#remembered.set(externalId, known);
    if (this.#remembered.size > rememberedMax) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    return known;
  }
}
