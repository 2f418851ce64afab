import { sql } from 'kysely';
import { databaseClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { parseSecretKey, type SecretKey } from '../../src/platform/secrets/crypto.ts';
import { type Delivering, deliverDue } from '../../src/webhooks/deliver.ts';
import { addEndpoint, type NewEndpoint } from '../../src/webhooks/endpoints.ts';
import { writeMessages } from '../../src/webhooks/messages.ts';
import type { SigningKey } from '../../src/webhooks/signing.ts';
import { resolveName } from '../../src/webhooks/target.ts';
import { testSecretKey } from '../http/api-fixture.ts';

/** Receivers of tests are on this machine. */
export const networks = ['127.0.0.0/8'];

export const sealedBy = parseSecretKey(testSecretKey) as SecretKey;

/** From then on the clock of a database stands where it is set. */
export async function setClock(db: Database, instant: Temporal.Instant): Promise<void> {
  await sql`
    INSERT INTO simulated_clock (instant) VALUES (${instant})
    ON CONFLICT (singleton) DO UPDATE SET instant = excluded.instant`.execute(db);
}

export async function add(
  db: Database,
  now: Temporal.Instant,
  endpoint: Pick<NewEndpoint, 'webhook' | 'url'> & Partial<NewEndpoint>,
): Promise<SigningKey> {
  const wanted: NewEndpoint = { types: null, signature: 'v1', owner: null, ...endpoint };
  return (await addEndpoint(db, wanted, { by: 'test', now, key: sealedBy, networks })).key;
}

/** Messages that a day was metered, one for each of so many days from 1 May 2026 on. */
export async function writeDays(db: Database, days: number, now: Temporal.Instant): Promise<void> {
  const first = Temporal.PlainDate.from('2026-05-01');
  const messages = Array.from({ length: days }, (_, n) => ({
    customerId: null,
    data: { day: first.add({ days: n }), cause: 'first', inserted: 1, changed: 0, deleted: 0 },
  }));
  await db.transaction().execute((trx) => writeMessages(trx, 'day.metered', messages, now));
}

/** Sends what is due, as the job does. Returns how many attempts that took, and when it is to be looked for again. */
export async function deliver(
  db: Database,
  options: Partial<Delivering> = {},
): Promise<{ attempts: number; wakes: readonly Temporal.Instant[] }> {
  const wakes: Temporal.Instant[] = [];
  const { attempts } = await deliverDue({
    db,
    clock: databaseClock(db),
    log: createLog({ level: 'silent', format: 'json' }),
    signal: new AbortController().signal,
    jobId: 'a job',
    key: sealedBy,
    networks,
    resolve: resolveName,
    wakeAt: async (_, at) => void wakes.push(at),
    ...options,
  });
  return { attempts, wakes };
}

export interface DeliveryState {
  readonly webhook: string;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly sequence: number | null;
  readonly nextAt: Temporal.Instant;
  readonly claimed: boolean;
}

export async function deliveries(db: Database): Promise<DeliveryState[]> {
  const { rows } = await sql<DeliveryState>`
    SELECT e.slug AS webhook, d.state, d.attempts, d.sequence, d.next_at AS "nextAt", d.claimed_by IS NOT NULL AS claimed
    FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id) ORDER BY d.delivery_id`.execute(db);
  return rows;
}

export interface WrittenMessage {
  readonly type: string;
  readonly customerId: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What was written, of a type or of all, in its order. */
export async function messages(db: Database, type: string | null = null): Promise<WrittenMessage[]> {
  const { rows } = await sql<WrittenMessage>`
    SELECT type, customer_id AS "customerId", data FROM webhook_messages WHERE ${type}::text IS NULL OR type = ${type}
    ORDER BY message_id`.execute(db);
  return rows;
}
