import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

export interface RevocationRow {
  readonly revocation_id: number;
  readonly jti: string | null;
  readonly subject: string | null;
  readonly issued_before: Temporal.Instant | null;
  readonly revoked_at: Temporal.Instant;
  readonly revoked_by: string;
  readonly reason: string;
  /** 'infinity' is null: nobody knows when the last of the tokens ends. */
  readonly expires_at: Temporal.Instant | null;
}

/** Those that still concern a token, by id. */
export async function selectRevocations(db: Queryable, now: Temporal.Instant, limit: number): Promise<RevocationRow[]> {
  const { rows } = await statement<RevocationRow>('http.selectRevocations')`
    SELECT revocation_id, jti, subject, issued_before, revoked_at, revoked_by, reason,
           nullif(expires_at, 'infinity') AS expires_at
    FROM revoked_tokens WHERE expires_at > ${now} ORDER BY revocation_id LIMIT ${limit}`.execute(db);
  return rows;
}

export async function insertRevocation(
  db: Queryable,
  { jti, subject, issued_before, revoked_at, revoked_by, reason, expires_at }: Omit<RevocationRow, 'revocation_id'>,
): Promise<number> {
  const { rows } = await statement<{ revocation_id: number }>('http.insertRevocation')`
    INSERT INTO revoked_tokens (jti, subject, issued_before, revoked_at, revoked_by, reason, expires_at)
    VALUES (${jti}, ${subject}, ${issued_before}, ${revoked_at}, ${revoked_by}, ${reason},
            coalesce(${expires_at}::timestamptz, 'infinity'))
    RETURNING revocation_id`.execute(db);
  return (rows[0] as { revocation_id: number }).revocation_id;
}

/**
 * Of tokens that have all ended by themselves, or that were all issued before `issuedAfter`, the earliest that a token may
 * say; null: it may say any. Returns how many.
 */
export async function deleteEndedRevocations(
  db: Queryable,
  now: Temporal.Instant,
  issuedAfter: Temporal.Instant | null,
): Promise<number> {
  const { numAffectedRows } = await statement('http.deleteEndedRevocations')`
    DELETE FROM revoked_tokens
    WHERE expires_at <= ${now} OR greatest(revoked_at, issued_before) < ${issuedAfter}::timestamptz`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
