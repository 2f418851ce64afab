import { createHash } from 'node:crypto';
import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import { InvalidRequest } from '../../platform/declare/invalid-input.ts';
import {
  deleteExpired,
  type IdempotencyKey,
  insertAnswer,
  selectAnswer,
  type StoredAnswer,
  tryLockKey,
} from './store.ts';

// A POST with an Idempotency-Key is done once. Its answer is written in the same transaction as its
// effect, and whoever is at it holds a lock of that transaction: there is no state between "not
// done" and "done and answered" for a crash to leave behind, and nothing to take over.
//
// Only what was done is kept: a request that was refused has changed nothing and may be sent again.

const keptHours = 24;
const forgottenAtATime = 20;

export interface IdempotentRequest extends IdempotencyKey {
  readonly digest: Buffer;
}

interface IdempotentCall {
  readonly header: string | string[] | undefined;
  readonly operationId: string;
  readonly principal: Principal;
  /** What makes it the same request: the values of the path, the query and the body, as they came. */
  readonly asked: unknown;
}

/** The key of a request; null where it has none. Errors: invalid_argument. */
export function readIdempotencyKey({
  header,
  operationId,
  principal,
  asked,
}: IdempotentCall): IdempotentRequest | null {
  if (header === undefined) return null;
  // The draft of the field wants a string in quotes; many clients send it bare.
  const key = typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : '';
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new InvalidRequest([
      { in: 'header', pointer: 'Idempotency-Key', detail: 'is not 1 to 255 visible characters without blanks' },
    ]);
  }
  return {
    principal: `${principal.role} ${principal.subject}`,
    operationId,
    key,
    digest: createHash('sha256').update(JSON.stringify(asked, sortKeys)).digest(),
  };
}

function sortKeys(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What this request was answered before; null where it was not. Errors: idempotency_key_reused. */
export async function findAnswer(
  db: Queryable,
  request: IdempotentRequest,
  at: Temporal.Instant,
): Promise<StoredAnswer | null> {
  const stored = await selectAnswer(db, request, at);
  if (stored === undefined) return null;
  if (!request.digest.equals(stored.digest)) {
    throw new ArcadiaError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request in the last 24 hours.',
    );
  }
  return stored;
}

/**
 * Does the work and keeps its answer, or finds the answer that another request got meanwhile.
 * Errors: idempotency_key_in_use, idempotency_key_reused.
 */
export async function answerOnce(
  trx: UnitOfWork,
  request: IdempotentRequest,
  at: Temporal.Instant,
  work: () => Promise<StoredAnswer>,
  kept: (answer: StoredAnswer) => StoredAnswer = (answer) => answer,
): Promise<{ readonly answer: StoredAnswer; readonly replayed: boolean }> {
  if (!(await tryLockKey(trx, request)))
    throw new ArcadiaError('idempotency_key_in_use', 'A request with this Idempotency-Key is under way.');
  const before = await findAnswer(trx, request, at);
  if (before !== null) return { answer: before, replayed: true };
  const answer = await work();
  await insertAnswer(trx, request, { ...kept(answer), digest: request.digest }, at.add({ hours: keptHours }));
  await deleteExpired(trx, at, forgottenAtATime);
  return { answer, replayed: false };
}
