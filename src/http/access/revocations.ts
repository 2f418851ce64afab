import type { JWTPayload } from 'jose';
import type { Database, Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import * as store from './revocations.store.ts';

// Tokens that are refused although they are genuine and have not ended: one by its id (jti), all of a subject, or all that
// were issued before an instant. They are kept in the database, so that every process refuses them; each reads them
// anew every other second.

/** How many are in force at most: each is held in memory by every process. */
const revocationsMax = 10_000;

/** For so long a process may not know of one yet. */
const freshMs = 2_000;

export type Revocation = store.RevocationRow;

interface Asked {
  readonly jti?: string | undefined;
  readonly subject?: string | undefined;
  readonly issuedBefore?: Temporal.Instant | undefined;
  readonly expiresAt?: Temporal.Instant | undefined;
  readonly reason: string;
}

/**
 * Refuses tokens from now on. Of a subject these are the tokens issued so far: one that is issued later is good.
 * @param hoursMax how old a token may be at most, after which it need not be known any more; null: nobody knows
 * @throws ArcadiaError invalid_argument, where nothing says which; conflict, of too many
 */
export async function revokeTokens(
  db: Queryable,
  asked: Asked,
  { by, now, hoursMax }: { readonly by: string; readonly now: Temporal.Instant; readonly hoursMax: number | null },
): Promise<Revocation> {
  const { jti = null, subject = null, reason } = asked;
  const issuedBefore = asked.issuedBefore ?? (jti === null && subject !== null ? now : null);
  if (jti === null && subject === null && issuedBefore === null)
    throw new ArcadiaError('invalid_argument', 'Which tokens? Give a jti, a subject, or issuedBefore.');
  await pruneRevocations(db, now, hoursMax);
  if ((await store.selectRevocations(db, now, revocationsMax)).length >= revocationsMax)
    throw new ArcadiaError('conflict', `There are ${revocationsMax} revocations, the most that are kept.`, {
      todo: 'Revoke all that were issued before an instant instead, which is one.',
    });
  const lastIssuedAt = issuedBefore === null ? now : later(now, issuedBefore);
  const expiresAt = asked.expiresAt ?? (hoursMax === null ? null : lastIssuedAt.add({ hours: hoursMax, minutes: 2 }));
  const row = {
    jti,
    subject,
    issued_before: issuedBefore,
    revoked_at: now,
    revoked_by: by,
    reason,
    expires_at: expiresAt,
  };
  return { revocation_id: await store.insertRevocation(db, row), ...row };
}

const later = (one: Temporal.Instant, other: Temporal.Instant): Temporal.Instant =>
  Temporal.Instant.compare(one, other) < 0 ? other : one;

/**
 * Forgets those that no token can be under any more: it has ended, or would be older than any may be.
 * @param hoursMax as of `revokeTokens`; a revocation from before it was set is forgotten by it as well
 * @returns how many
 */
export function pruneRevocations(db: Queryable, now: Temporal.Instant, hoursMax: number | null): Promise<number> {
  return store.deleteEndedRevocations(
    db,
    now,
    hoursMax === null ? null : now.subtract({ hours: hoursMax, minutes: 2 }),
  );
}

/** Those in force, the oldest first. */
export function listRevocations(db: Queryable, now: Temporal.Instant): Promise<Revocation[]> {
  return store.selectRevocations(db, now, revocationsMax);
}

/** Whether a token is among them. One that does not say when it was issued counts as old. */
function concerns({ jti, subject, issued_before: before }: Revocation, payload: JWTPayload): boolean {
  if (jti !== null && payload.jti !== jti) return false;
  if (subject !== null && payload.sub !== subject) return false;
  return before === null || payload.iat === undefined || payload.iat * 1000 < before.epochMilliseconds;
}

/** What a process knows of them. */
export class Revocations {
  readonly #db: Database;
  #known: readonly Revocation[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The revocation that a token is under; undefined: none. Errors: those of the database: what is not known lets nobody in. */
  async find(payload: JWTPayload): Promise<Revocation | undefined> {
    if (performance.now() - this.#readAt > freshMs) await this.#read();
    return this.#known.find((revocation) => concerns(revocation, payload));
  }

  /** Several who ask at once share one reading. */
  #read(): Promise<void> {
    this.#reading ??= (async () => {
      const begunAt = performance.now();
      try {
        this.#known = await store.selectRevocations(this.#db, Temporal.Now.instant(), revocationsMax);
        this.#readAt = begunAt;
      } finally {
        this.#reading = null;
      }
    })();
    return this.#reading;
  }
}
