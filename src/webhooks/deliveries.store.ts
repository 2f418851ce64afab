import { sql } from 'kysely';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// A delivery is claimed by the job that sends it, two at a time of an endpoint over all processes. A claim whose job was
// killed is released when the job runs again, by its name; one whose job never does, once it is old.

const inFlightPerEndpoint = 2;
const claimMinutesMax = 2;

const isClaimed = (now: Temporal.Instant) =>
  sql`d.claimed_at IS NOT NULL AND d.claimed_at > ${now}::timestamptz - make_interval(mins => ${claimMinutesMax})`;
const isDue = (now: Temporal.Instant) => sql`d.state = 'pending' AND d.next_at <= ${now} AND NOT (${isClaimed(now)})`;

export interface ClaimedDelivery {
  readonly deliveryId: number;
  readonly endpointId: number;
  readonly endpoint: string;
  readonly url: string;
  readonly sequence: number;
  /** That failed before this one. */
  readonly attempts: number;
  readonly webhookId: string;
  readonly type: string;
  /** JSON, as it was written. */
  readonly data: string;
  readonly recordedAt: Temporal.Instant;
}

/** Releases what an earlier attempt of this job had claimed when it was killed. */
export async function releaseClaims(db: Queryable, jobId: string): Promise<void> {
  await statement('webhooks.releaseClaims')`
    UPDATE webhook_deliveries SET claimed_by = NULL, claimed_at = NULL WHERE claimed_by = ${jobId}`.execute(db);
}

/**
 * Claims what is due, the longest due first, `limit` at most and no more of an endpoint than may be in flight. The
 * endpoints are locked first and counted in a statement of its own, which sees what whoever held one before has claimed.
 */
export async function claimDue(
  db: Database,
  jobId: string,
  limit: number,
  now: Temporal.Instant,
): Promise<ClaimedDelivery[]> {
  return db.transaction().execute(async (trx) => {
    const endpoints = await lockDue(trx, limit, now);
    if (endpoints.length === 0) return [];
    const { rows } = await statement<ClaimedDelivery>('webhooks.claimDue')`
      WITH picked AS (
        SELECT d.delivery_id, d.endpoint_id, d.sequence, d.next_at,
               row_number() OVER (PARTITION BY d.endpoint_id ORDER BY d.next_at, d.delivery_id)
                 + (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND ${isClaimed(now)}) AS place
        FROM unnest(${endpoints}::int[]) AS e (endpoint_id)
        CROSS JOIN LATERAL (SELECT * FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND ${isDue(now)}
                            ORDER BY d.next_at, d.delivery_id LIMIT ${inFlightPerEndpoint}) d
      ), chosen AS (
        SELECT * FROM picked WHERE place <= ${inFlightPerEndpoint} ORDER BY next_at, delivery_id LIMIT ${limit}
      ), drawn AS (
        SELECT delivery_id, endpoint_id, row_number() OVER (PARTITION BY endpoint_id ORDER BY next_at, delivery_id) AS n
        FROM chosen WHERE sequence IS NULL
      ), counted AS (
        UPDATE webhook_progress p SET last_sequence = p.last_sequence + n.n
        FROM (SELECT endpoint_id, count(*) AS n FROM drawn GROUP BY endpoint_id) n WHERE p.endpoint_id = n.endpoint_id
        RETURNING p.endpoint_id, p.last_sequence - n.n AS before
      ), claimed AS (
        UPDATE webhook_deliveries d
        SET claimed_by = ${jobId}, claimed_at = ${now}, sequence = coalesce(d.sequence, f.before + w.n)
        FROM chosen c LEFT JOIN drawn w USING (delivery_id) LEFT JOIN counted f ON f.endpoint_id = w.endpoint_id
        WHERE d.delivery_id = c.delivery_id
        RETURNING d.delivery_id, d.endpoint_id, d.sequence, d.attempts, d.message_id
      )
      SELECT c.delivery_id AS "deliveryId", c.endpoint_id AS "endpointId", e.slug AS endpoint, e.url, c.sequence, c.attempts,
             m.webhook_id AS "webhookId", m.type, m.data::text AS data, m.recorded_at AS "recordedAt"
      FROM claimed c JOIN webhook_endpoints e USING (endpoint_id) JOIN webhook_messages m USING (message_id)
      ORDER BY c.delivery_id`.execute(trx);
    return rows;
  });
}

/**
 * Endpoints to which something is due and more may be sent, locked in the order of their ids. One that another job holds is
 * waited for, and not passed over: whoever found it held could be the last who looks.
 */
async function lockDue(trx: UnitOfWork, limit: number, now: Temporal.Instant): Promise<number[]> {
  const { rows } = await statement<{ endpointId: number }>('webhooks.lockDue')`
    WITH open AS MATERIALIZED (
      SELECT e.endpoint_id
      FROM webhook_endpoints e
      CROSS JOIN LATERAL (SELECT d.next_at FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND ${isDue(now)}
                          ORDER BY d.next_at LIMIT 1) AS due
      WHERE e.disabled_at IS NULL AND (
        SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND ${isClaimed(now)}) < ${inFlightPerEndpoint}
      ORDER BY due.next_at, e.endpoint_id LIMIT ${limit}
    )
    SELECT p.endpoint_id AS "endpointId" FROM webhook_progress p JOIN open USING (endpoint_id)
    ORDER BY p.endpoint_id FOR NO KEY UPDATE OF p`.execute(trx);
  return rows.map(({ endpointId }) => endpointId);
}

/** The sealed secrets of an endpoint that are valid at an instant, the newest first. */
export async function selectValidKeys(db: Queryable, endpointId: number, now: Temporal.Instant): Promise<Uint8Array[]> {
  const { rows } = await statement<{ sealed: Uint8Array }>('webhooks.selectValidKeys')`
    SELECT sealed FROM webhook_keys WHERE endpoint_id = ${endpointId} AND valid_from <= ${now} AND valid_to > ${now}
    ORDER BY webhook_key_id DESC`.execute(db);
  return rows.map(({ sealed }) => sealed);
}

export interface AttemptRow {
  readonly deliveryId: number;
  readonly attemptedAt: Temporal.Instant;
  readonly ms: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly answer: string | null;
}

export async function insertAttempt(trx: UnitOfWork, attempt: AttemptRow): Promise<void> {
  await statement('webhooks.insertAttempt')`
    INSERT INTO webhook_attempts (delivery_id, attempted_at, ms, status, error, answer)
    VALUES (${attempt.deliveryId}, ${attempt.attemptedAt}, ${attempt.ms}, ${attempt.status}, ${attempt.error}, ${attempt.answer})`.execute(
    trx,
  );
}

/** Locks an endpoint until the transaction ends: before its deliveries, as `claimDue` does and whoever decides about it. */
export async function lockProgress(trx: UnitOfWork, endpointId: number): Promise<void> {
  await statement('webhooks.lockProgress')`
    SELECT FROM webhook_progress WHERE endpoint_id = ${endpointId} FOR NO KEY UPDATE`.execute(trx);
}

/** Ends this job's claim of a delivery. False: another has taken it over, or it is gone with its endpoint. */
export async function settleDelivery(
  trx: UnitOfWork,
  { deliveryId, jobId }: { readonly deliveryId: number; readonly jobId: string },
  became: {
    readonly state: 'pending' | 'delivered' | 'failed';
    readonly attempts: number;
    readonly nextAt: Temporal.Instant | null;
  },
): Promise<boolean> {
  const { numAffectedRows } = await statement('webhooks.settleDelivery')`
    UPDATE webhook_deliveries
    SET state = ${became.state}, attempts = ${became.attempts}, next_at = coalesce(${became.nextAt}::timestamptz, next_at),
        claimed_by = NULL, claimed_at = NULL
    WHERE delivery_id = ${deliveryId} AND claimed_by = ${jobId}`.execute(trx);
  return numAffectedRows === 1n;
}

/** Notes how an endpoint's attempt ended. Returns since when there were nothing but failures; null: it succeeded. */
export async function noteOutcome(
  trx: UnitOfWork,
  endpointId: number,
  failed: boolean,
  now: Temporal.Instant,
): Promise<Temporal.Instant | null> {
  const { rows } = await statement<{ failingSince: Temporal.Instant | null }>('webhooks.noteOutcome')`
    UPDATE webhook_progress SET failing_since = CASE WHEN ${failed} THEN coalesce(failing_since, ${now}::timestamptz) END
    WHERE endpoint_id = ${endpointId} RETURNING failing_since AS "failingSince"`.execute(trx);
  return rows[0]?.failingSince ?? null;
}

/** Whether there is anything for this job to do: to send, or claims of its own to release. */
export async function hasDeliverable(db: Queryable, jobId: string, now: Temporal.Instant): Promise<boolean> {
  const { rows } = await statement<{ has: boolean }>('webhooks.hasDeliverable')`
    SELECT EXISTS (SELECT FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
                   WHERE e.disabled_at IS NULL AND ${isDue(now)})
        OR EXISTS (SELECT FROM webhook_deliveries d WHERE d.claimed_by = ${jobId}) AS has`.execute(db);
  return rows[0]?.has === true;
}
