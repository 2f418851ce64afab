import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

/** Whose request a key names. */
export interface IdempotencyKey {
  readonly principal: string;
  readonly operationId: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

/** Until the transaction ends, nobody else gets this lock; false where somebody else has it. */
export async function tryLockKey(trx: UnitOfWork, { principal, operationId, key }: IdempotencyKey): Promise<boolean> {
  const { rows } = await statement<{ locked: boolean }>('http.tryLockKey')`
    SELECT pg_try_advisory_xact_lock(hashtextextended(
      ${JSON.stringify(['http idempotency', principal, operationId, key])}, 0)) AS locked`.execute(trx);
  return rows[0]?.locked === true;
}

/** Lets one transaction at a time change what is at this path; waits for the others. */
export async function lockPath(trx: UnitOfWork, path: string): Promise<void> {
  await statement('http.lockPath')`SELECT pg_advisory_xact_lock(hashtextextended(${`http path ${path}`}, 0))`.execute(
    trx,
  );
}

/** What was answered to this key, and to what request; undefined where nothing was, or not lately. */
export async function selectAnswer(
  db: Queryable,
  { principal, operationId, key }: IdempotencyKey,
  at: Temporal.Instant,
): Promise<(StoredAnswer & { digest: Uint8Array }) | undefined> {
  const { rows } = await statement<StoredAnswer & { digest: Uint8Array }>('http.selectAnswer')`
    SELECT digest, status, location, body FROM idempotency_keys
    WHERE principal = ${principal} AND operation_id = ${operationId} AND key = ${key} AND expires_at > ${at}`.execute(
    db,
  );
  return rows[0];
}

/** Keeps an answer. An old one of the same key has expired, or it would have been given. */
export async function insertAnswer(
  trx: UnitOfWork,
  { principal, operationId, key }: IdempotencyKey,
  answer: StoredAnswer & { readonly digest: Uint8Array },
  expiresAt: Temporal.Instant,
): Promise<void> {
  await statement('http.insertAnswer')`
    INSERT INTO idempotency_keys (principal, operation_id, key, digest, status, location, body, expires_at)
    VALUES (${principal}, ${operationId}, ${key}, ${answer.digest}, ${answer.status}, ${answer.location}, ${answer.body},
            ${expiresAt})
    ON CONFLICT (principal, operation_id, key) DO UPDATE
    SET digest = excluded.digest, status = excluded.status, location = excluded.location, body = excluded.body,
        expires_at = excluded.expires_at`.execute(trx);
}

/** Forgets some answers that have expired: a few with each new one, so that they never pile up. */
export async function deleteExpired(trx: UnitOfWork, at: Temporal.Instant, limit: number): Promise<void> {
  await statement('http.deleteExpired')`
    DELETE FROM idempotency_keys WHERE (principal, operation_id, key) IN (
      SELECT principal, operation_id, key FROM idempotency_keys WHERE expires_at <= ${at}
      ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`.execute(trx);
}
