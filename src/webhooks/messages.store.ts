import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

interface NewMessageRow {
  readonly customerId: number | null;
  /** JSON. */
  readonly data: string;
}

/** What receivers know a message by: unlike an id of ours it is never drawn again, in whatever database. */
const newWebhookId = sql`'msg_' || replace(gen_random_uuid()::text, '-', '')`;

/**
 * Messages, where any endpoint has their type, and their deliveries to those that are enabled. The endpoints are locked
 * against removal: one that is being removed is waited for and left out, so that it fails no change that is written about.
 */
export async function insertMessages(
  trx: UnitOfWork,
  type: string,
  messages: readonly NewMessageRow[],
  now: Temporal.Instant,
): Promise<void> {
  await statement('webhooks.insertMessages')`
    WITH subscribed AS (
      SELECT endpoint_id, customer_id, disabled_at FROM webhook_endpoints WHERE ${type} = ANY (types)
      ORDER BY endpoint_id FOR KEY SHARE
    ), written AS (
      INSERT INTO webhook_messages (webhook_id, type, customer_id, data, recorded_at)
      SELECT ${newWebhookId}, ${type}, m.customer_id, m.data::json, ${now}
      FROM unnest(${messages.map(({ customerId }) => customerId)}::bigint[], ${messages.map(({ data }) => data)}::text[])
        WITH ORDINALITY AS m (customer_id, data, place)
      WHERE EXISTS (SELECT FROM subscribed s WHERE s.customer_id IS NULL OR s.customer_id = m.customer_id)
      ORDER BY m.place
      RETURNING message_id, customer_id
    )
    INSERT INTO webhook_deliveries (message_id, endpoint_id, state, attempts, next_at)
    SELECT w.message_id, s.endpoint_id, 'pending', 0, ${now}
    FROM written w JOIN subscribed s ON s.customer_id IS NULL OR s.customer_id = w.customer_id
    WHERE s.disabled_at IS NULL
    ORDER BY w.message_id, s.endpoint_id`.execute(trx);
}

/** A message to one endpoint, whatever types it has. Returns what receivers know it by. */
export async function insertTest(
  trx: UnitOfWork,
  { endpointId, customerId, data }: NewMessageRow & { readonly endpointId: number },
  now: Temporal.Instant,
): Promise<string> {
  const { rows } = await statement<{ webhookId: string }>('webhooks.insertTest')`
    WITH written AS (
      INSERT INTO webhook_messages (webhook_id, type, customer_id, data, recorded_at)
      VALUES (${newWebhookId}, 'webhook.test', ${customerId}::bigint, ${data}::json, ${now}) RETURNING message_id, webhook_id
    ), addressed AS (
      INSERT INTO webhook_deliveries (message_id, endpoint_id, state, attempts, next_at)
      SELECT message_id, ${endpointId}, 'pending', 0, ${now} FROM written
    )
    SELECT webhook_id AS "webhookId" FROM written`.execute(trx);
  return rows[0]?.webhookId ?? '';
}

/** The last delivery that is to be sent, now or later; null: there is none. */
export async function selectLastWaiting(db: Queryable): Promise<number | null> {
  const { rows } = await statement<{ last: number | null }>('webhooks.selectLastWaiting')`
    SELECT max(d.delivery_id) AS last FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
    WHERE d.state = 'pending' AND d.claimed_by IS NULL AND e.disabled_at IS NULL`.execute(db);
  return rows[0]?.last ?? null;
}

/**
 * Has an endpoint's messages since an instant sent again that failed or never were, those that were written while it was
 * disabled among them; each keeps its id. Returns how many.
 */
export async function recoverDeliveries(
  trx: UnitOfWork,
  endpointId: number,
  from: Temporal.Instant,
  now: Temporal.Instant,
): Promise<number> {
  const { numAffectedRows = 0n } = await statement('webhooks.recoverDeliveries')`
    INSERT INTO webhook_deliveries AS d (message_id, endpoint_id, state, attempts, next_at)
    SELECT m.message_id, e.endpoint_id, 'pending', 0, ${now}
    FROM webhook_messages m JOIN webhook_endpoints e ON m.type = ANY (e.types) AND (e.customer_id IS NULL OR e.customer_id = m.customer_id)
    WHERE e.endpoint_id = ${endpointId} AND m.recorded_at >= ${from}
    ORDER BY m.message_id
    ON CONFLICT (message_id, endpoint_id) DO UPDATE SET state = 'pending', attempts = 0, next_at = excluded.next_at
    WHERE d.state = 'failed'`.execute(trx);
  return Number(numAffectedRows);
}

/** Forgets attempts and messages from before an instant; messages that are still to be sent stay. Returns how many messages. */
export async function deleteBefore(db: Queryable, before: Temporal.Instant): Promise<number> {
  await statement('webhooks.deleteBefore.attempts')`
    DELETE FROM webhook_attempts WHERE attempted_at < ${before}`.execute(db);
  const { numAffectedRows = 0n } = await statement('webhooks.deleteBefore.messages')`
    DELETE FROM webhook_messages m WHERE m.recorded_at < ${before}
      AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.message_id = m.message_id AND d.state = 'pending'
                      AND d.next_at >= ${before})`.execute(db);
  return Number(numAffectedRows);
}
