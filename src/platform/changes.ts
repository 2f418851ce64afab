import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Database } from './database/database.ts';
import { statement } from './database/statement.ts';

// The log of changes: whoever changes what others derive from appends to it in the same transaction.
// A consumer keeps the last change that it has seen and asks for those behind it, up to a watermark.

/**
 * What a change is about, which says what its subject is. A change without a subject is one of all.
 *
 * | topic        | subject       | what is different over the time                                        |
 * | ------------ | ------------- | ---------------------------------------------------------------------- |
 * | `resource`   | resource_id   | a fact about a resource, on which its owner or its usage rests         |
 * | `level`      | resource_id   | its status, region or attributes alone: no owner rests on these        |
 * | `measurement`| resource_id   | what events say that it used                                           |
 * | `settings`   | resource_id   | what is configured on a resource: nobody's owner or usage rests on it    |
 * | `ownership`  | resource_id   | which deployments own it: derived from facts                           |
 * | `usage`      | deployment_id | its metered usage of a day                                             |
 * | `pricing`    | deployment_id | its plan, or what is on it                                             |
 * | `deployment` | deployment_id | whether it has started: from the earlier of both starts on             |
 * | `billing`    | customer_id   | how the customer is billed and taxed                                   |
 * | `price`      | none          | what the provider charges                                              |
 */
export type Topic =
  | 'resource'
  | 'level'
  | 'measurement'
  | 'settings'
  | 'ownership'
  | 'usage'
  | 'pricing'
  | 'deployment'
  | 'billing'
  | 'price';

/** Changes of what resources' usage rests on, by resource_id; to be read FROM. */
export const resourceChanges: RawBuilder<unknown> = sql`
  (SELECT change_id, subject AS resource_id, valid_from, valid_to, cause, recorded_at
   FROM changes WHERE topic IN ('resource', 'level', 'ownership', 'measurement'))`;

/** The topics of `resourceChanges`. */
export const resourceTopics: readonly Topic[] = ['resource', 'level', 'ownership', 'measurement'];

/** Appends a change for each row of a query with `subject`, `valid_from` and `valid_to`. */
export async function appendChanges(
  trx: UnitOfWork,
  topic: Topic,
  cause: string,
  recordedAt: Temporal.Instant,
  query: RawBuilder<unknown>,
): Promise<void> {
  await statement('platform.appendChanges')`${insertOfChanges(topic, cause, recordedAt, query)}`.execute(trx);
}

/** As appendChanges, as a part of a statement; the topic may be a column of the query. */
export function insertOfChanges(
  topic: Topic | RawBuilder<Topic>,
  cause: string,
  recordedAt: Temporal.Instant,
  query: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
    SELECT ${topic}, subject, valid_from, valid_to, ${cause}, ${recordedAt}::timestamptz FROM (${query}) AS c`;
}

/**
 * Reads a position in the log up to which nothing is missing: every change with an id at or below
 * it is committed and visible, and none can still appear there.
 *
 * The largest visible id alone is no such position: a writer that drew a lower id may commit
 * later. SHARE MODE waits for the writers under way: an INSERT holds ROW EXCLUSIVE from before
 * it draws its ids until it commits. What took the lock is rolled back, which lets go of it at once,
 * also where it is a savepoint of a transaction that goes on.
 *
 * Never call it inside a transaction that has itself appended changes, nor in one whose snapshot
 * was taken before: that one would not see all up to the position.
 * @param topics the last change of these; of any topic unless given
 */
export async function readWatermark(db: Database, topics?: readonly Topic[]): Promise<number> {
  const chosen = topics === undefined ? sql`true` : sql`topic = ANY (${[...topics]}::text[])`;
  let position = 0;
  const read = new Error('read');
  const reading = db.transaction().execute(async (trx) => {
    await statement('platform.readWatermark.lock_changes')`LOCK TABLE changes IN SHARE MODE`.execute(trx);
    const { rows } = await statement<{ position: number }>('platform.readWatermark.select_coalesce')`
      SELECT coalesce(max(change_id), 0) AS position FROM changes WHERE ${chosen}`.execute(trx);
    position = rows[0]?.position ?? 0;
    throw read;
  });
  await reading.catch((error: unknown) => {
    if (error !== read) throw error;
  });
  return position;
}

/** The last change that this transaction sees, its own among them: only for work that is rolled back. */
export async function readLastChange(trx: UnitOfWork): Promise<number> {
  const { rows } = await statement<{ position: number }>('platform.readLastChange')`
    SELECT coalesce(max(change_id), 0) AS position FROM changes`.execute(trx);
  return rows[0]?.position ?? 0;
}
