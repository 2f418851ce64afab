import type { OperationCall } from '../platform/declare/operation.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { deliverWebhooksJob } from './jobs.ts';
import { insertMessages, selectLastWaiting } from './messages.store.ts';
import { type WebhookData, type WebhookTypeName, webhookTypes } from './types.ts';

interface NewMessage<Type extends WebhookTypeName> {
  /** Whose it is besides ours; null: nobody's but ours. */
  readonly customerId: number | null;
  readonly data: WebhookData<Type>;
}

/**
 * Writes messages of a type in the transaction of the change that they are about, for each endpoint that has the type.
 * Where none has, nothing is written. They are sent by a job, within a minute; `sendSoon` has it begin at once.
 */
export async function writeMessages<Type extends WebhookTypeName>(
  trx: UnitOfWork,
  type: Type,
  messages: readonly NewMessage<Type>[],
  now: Temporal.Instant,
): Promise<void> {
  if (messages.length === 0) return;
  const { data: schema } = webhookTypes[type];
  const rows = messages.map(({ customerId, data }) => ({ customerId, data: JSON.stringify(schema.parse(data)) }));
  await insertMessages(trx, type, rows, now);
}

/** Has what this transaction wrote sent once it is committed: for whoever may enqueue, behind a change that may have written messages. */
export async function sendSoon({ db, enqueue }: Pick<OperationCall, 'db' | 'enqueue'>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const after = await selectLastWaiting(trx);
    if (after !== null) await enqueue(trx, deliverWebhooksJob, { after });
  });
}
