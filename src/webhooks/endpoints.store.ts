import { sql } from 'kysely';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import type { Scheme } from './signing.ts';

/** operator: somebody disabled it. gone: it answered 410. failing: nothing but failures for five days. */
export type DisabledReason = 'operator' | 'gone' | 'failing';

export interface EndpointRow {
  readonly endpointId: number;
  readonly webhook: string;
  readonly customerId: number | null;
  readonly customer: string | null;
  readonly url: string;
  readonly types: string[];
  readonly signature: Scheme;
  readonly createdAt: Temporal.Instant;
  readonly disabledAt: Temporal.Instant | null;
  readonly disabledReason: DisabledReason | null;
  /** Still to be sent. */
  readonly pending: number;
  /** Given up. */
  readonly failed: number;
}

const columns = sql`
  e.endpoint_id AS "endpointId", e.slug AS webhook, e.customer_id AS "customerId", e.customer, e.url, e.types, e.signature,
  e.created_at AS "createdAt", e.disabled_at AS "disabledAt", e.disabled_reason AS "disabledReason", counts.pending, counts.failed`;

const counts = sql`
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.state = 'pending') AS pending, count(*) FILTER (WHERE d.state = 'failed') AS failed
    FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND d.state IN ('pending', 'failed')) AS counts`;

interface EndpointFilter {
  readonly webhook?: string;
  /** Only those of this customer; null: whoever's they are. */
  readonly customerId?: number | null;
}

/** By their slug: there are never many. */
export async function selectEndpoints(
  db: Queryable,
  { webhook, customerId = null }: EndpointFilter = {},
): Promise<EndpointRow[]> {
  const { rows } = await statement<EndpointRow>('webhooks.selectEndpoints')`
    SELECT ${columns} FROM webhook_endpoints e ${counts}
    WHERE ${webhook === undefined ? sql`true` : sql`e.slug = ${webhook}`}
      AND ${customerId === null ? sql`true` : sql`e.customer_id = ${customerId}`} ORDER BY e.slug`.execute(db);
  return rows;
}

/**
 * Locks an endpoint until the transaction ends, by its row of webhook_progress, as whoever sends does before anything else;
 * undefined: there is none.
 */
export async function lockEndpoint(trx: UnitOfWork, webhook: string): Promise<EndpointRow | undefined> {
  await statement('webhooks.lockEndpoint')`
    SELECT FROM webhook_progress p JOIN webhook_endpoints e USING (endpoint_id) WHERE e.slug = ${webhook}
    FOR NO KEY UPDATE OF p`.execute(trx);
  return (await selectEndpoints(trx, { webhook }))[0];
}

export interface NewEndpointRow {
  readonly webhook: string;
  readonly customerId: number | null;
  readonly customer: string | null;
  readonly url: string;
  readonly types: readonly string[];
  readonly signature: Scheme;
}

/** null: the slug is taken. */
export async function insertEndpoint(
  trx: UnitOfWork,
  endpoint: NewEndpointRow,
  by: string,
  now: Temporal.Instant,
): Promise<number | null> {
  const { rows } = await statement<{ endpointId: number }>('webhooks.insertEndpoint')`
    WITH added AS (
      INSERT INTO webhook_endpoints (slug, customer_id, customer, url, types, signature, created_at, created_by)
      VALUES (${endpoint.webhook}, ${endpoint.customerId}::bigint, ${endpoint.customer}::text, ${endpoint.url},
              ${[...endpoint.types]}::text[], ${endpoint.signature}, ${now}, ${by})
      ON CONFLICT (slug) DO NOTHING RETURNING endpoint_id
    ), begun AS (
      INSERT INTO webhook_progress (endpoint_id, last_sequence) SELECT endpoint_id, 0 FROM added
    )
    SELECT endpoint_id AS "endpointId" FROM added`.execute(trx);
  return rows[0]?.endpointId ?? null;
}

/** A new secret from now on; those that were valid without end are until `overlapsUntil`. */
export async function insertKey(
  trx: UnitOfWork,
  endpointId: number,
  key: { readonly sealed: Uint8Array; readonly publicKey: string | null },
  now: Temporal.Instant,
  overlapsUntil: Temporal.Instant,
): Promise<void> {
  await statement('webhooks.insertKey.end_former')`
    UPDATE webhook_keys SET valid_to = ${overlapsUntil} WHERE endpoint_id = ${endpointId} AND valid_to = 'infinity'`.execute(
    trx,
  );
  await statement('webhooks.insertKey.delete_expired')`
    DELETE FROM webhook_keys WHERE endpoint_id = ${endpointId} AND valid_to <= ${now}`.execute(trx);
  await statement('webhooks.insertKey')`
    INSERT INTO webhook_keys (endpoint_id, sealed, public_key, valid_from, valid_to)
    VALUES (${endpointId}, ${key.sealed}, ${key.publicKey}, ${now}, 'infinity')`.execute(trx);
}

/** Whether it was enabled. */
export async function updateDisabled(
  trx: UnitOfWork,
  endpointId: number,
  reason: DisabledReason,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('webhooks.updateDisabled')`
    UPDATE webhook_endpoints SET disabled_at = ${now}, disabled_reason = ${reason}
    WHERE endpoint_id = ${endpointId} AND disabled_at IS NULL`.execute(trx);
  return numAffectedRows === 1n;
}

/** Sends to it again, as if it had never failed. What waits is due now. Whether it was disabled. */
export async function updateEnabled(trx: UnitOfWork, endpointId: number, now: Temporal.Instant): Promise<boolean> {
  const { numAffectedRows } = await statement('webhooks.updateEnabled')`
    UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL
    WHERE endpoint_id = ${endpointId} AND disabled_at IS NOT NULL`.execute(trx);
  await statement('webhooks.updateEnabled.forget_failures')`
    UPDATE webhook_progress SET failing_since = NULL WHERE endpoint_id = ${endpointId}`.execute(trx);
  await statement('webhooks.updateEnabled.make_due')`
    UPDATE webhook_deliveries SET next_at = least(next_at, ${now}) WHERE endpoint_id = ${endpointId} AND state = 'pending'`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

export async function deleteEndpoint(trx: UnitOfWork, endpointId: number): Promise<void> {
  await statement('webhooks.deleteEndpoint')`DELETE FROM webhook_endpoints WHERE endpoint_id = ${endpointId}`.execute(
    trx,
  );
}

export interface SigningKeyRow {
  readonly publicKey: string | null;
  readonly from: Temporal.Instant;
  /** null: until it is rotated. */
  readonly to: Temporal.Instant | null;
}

/** By what an endpoint's messages are signed, without the secrets, the newest first. */
export async function selectSigningKeys(
  db: Queryable,
  endpointId: number,
  now: Temporal.Instant,
): Promise<SigningKeyRow[]> {
  const { rows } = await statement<SigningKeyRow>('webhooks.selectSigningKeys')`
    SELECT public_key AS "publicKey", valid_from AS "from", valid_to AS "to" FROM webhook_keys
    WHERE endpoint_id = ${endpointId} AND valid_to > ${now} ORDER BY webhook_key_id DESC`.execute(db);
  return rows;
}

/** Every sealed secret. */
export async function selectSealed(
  db: Queryable,
): Promise<{ webhookKeyId: number; slug: string; sealed: Uint8Array }[]> {
  const { rows } = await statement<{ webhookKeyId: number; slug: string; sealed: Uint8Array }>('webhooks.selectSealed')`
    SELECT k.webhook_key_id AS "webhookKeyId", e.slug, k.sealed FROM webhook_keys k JOIN webhook_endpoints e USING (endpoint_id)
    ORDER BY k.webhook_key_id`.execute(db);
  return rows;
}

export async function updateSealed(trx: UnitOfWork, webhookKeyId: number, sealed: Uint8Array): Promise<void> {
  await statement('webhooks.updateSealed')`
    UPDATE webhook_keys SET sealed = ${sealed} WHERE webhook_key_id = ${webhookKeyId}`.execute(trx);
}

export interface AttemptLogRow {
  readonly attemptId: number;
  readonly webhookId: string;
  readonly type: string;
  readonly sequence: number;
  readonly attemptedAt: Temporal.Instant;
  readonly ms: number;
  readonly status: number | null;
  readonly error: string | null;
  /** When it is sent again; null: it is not. */
  readonly nextAt: Temporal.Instant | null;
  readonly answer: string | null;
}

export interface AttemptFilter {
  readonly endpointId: number;
  readonly failed?: boolean | undefined;
  readonly q: string | null;
}

const attemptKey: SortKey = { of: sql`a.attempt_id`, type: 'bigint' };

const attemptsOf = ({ endpointId, failed, q }: AttemptFilter) => sql`
  FROM webhook_attempts a JOIN webhook_deliveries d USING (delivery_id) JOIN webhook_messages m USING (message_id)
  WHERE d.endpoint_id = ${endpointId} AND ${holds(q, sql`m.webhook_id`, sql`m.type`)}
    ${failed === undefined ? sql`` : failed ? sql`AND a.error IS NOT NULL` : sql`AND a.error IS NULL`}`;

/** The newest first. A customer does not read answers: they ask without. */
export async function selectAttempts(
  db: Queryable,
  filter: AttemptFilter,
  { limit, withAnswer, ...request }: Pick<PageRequest, 'limit' | 'cursor' | 'order'> & { readonly withAnswer: boolean },
): Promise<(AttemptLogRow & Sorted)[]> {
  const { columns: places, beyond, by } = keyset(attemptKey, attemptKey, request);
  const { rows } = await statement<AttemptLogRow & Sorted>('webhooks.selectAttempts')`
    SELECT a.attempt_id AS "attemptId", m.webhook_id AS "webhookId", m.type, d.sequence, a.attempted_at AS "attemptedAt", a.ms,
           a.status, a.error, CASE WHEN d.state = 'pending' AND a.error IS NOT NULL THEN d.next_at END AS "nextAt",
           ${withAnswer ? sql`a.answer` : sql`NULL::text AS answer`}, ${places}
    ${attemptsOf(filter)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countAttempts(db: Queryable, filter: AttemptFilter): Promise<number> {
  const { rows } = await statement<{ total: number }>('webhooks.countAttempts')`
    SELECT count(*) AS total ${attemptsOf(filter)}`.execute(db);
  return rows[0]?.total ?? 0;
}
