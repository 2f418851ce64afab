import { findCustomerId } from '../../deployments/index.ts';
import type { Database } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { type Principal, type Role, roleNames } from '../../platform/declare/operation.ts';
import type { KeySetTimes } from './key-set.ts';
import { openTokenVerifier, readClaim } from './token.ts';
import type { TokenConfig } from '../../platform/secrets/token-secret.ts';

export interface Authenticator {
  /**
   * Who is asking, by the header Authorization. Errors: unauthenticated (no token, or not a valid
   * one), forbidden (a valid one without a role of ours, or of a customer that we do not know),
   * keys_unavailable.
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
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

  return {
    async authenticate(authorization) {
      const payload = await verifier.verify(bearerToken(authorization));
      const { sub: subject } = payload;
      const expiresAt = Temporal.Instant.fromEpochMilliseconds(Math.trunc(Math.min(payload.exp * 1000, endOfTimeMs)));
      const role = readClaim(payload, config.jwtRoleClaim);
      if (!isRole(role)) {
        throw new ArcadiaError(
          'forbidden',
          `The token's claim ${config.jwtRoleClaim} has to be one of ${roleNames.join(', ')}.`,
        );
      }
      if (role !== 'customer') return { subject, role, customerId: null, expiresAt };
      const externalId = readClaim(payload, config.jwtCustomerClaim);
      const customerId = typeof externalId === 'string' ? await customers.find(externalId) : null;
      if (customerId === null) {
        throw new ArcadiaError(
          'forbidden',
          `The token has the role customer, and its claim ${config.jwtCustomerClaim} is not the id of a customer here.`,
        );
      }
      return { subject, role, customerId, expiresAt };
    },
  };
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

function isRole(value: unknown): value is Role {
  return (roleNames as readonly unknown[]).includes(value);
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
