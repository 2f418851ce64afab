import type { Queryable, Database } from './database/database.ts';
import { statement } from './database/statement.ts';

// What changed, for those who watch. A row of event_outbox tells it in the transaction of the
// change; publishing numbers what has been committed. See migrations/0001_platform.sql.

/** PostgreSQL's channel: there is something to publish. */
export const eventsChannel = 'arcadia_events';

/** Events that are kept for those who come back. */
const keptEvents = 10_000;
/** Deleting costs a scan of what earlier deletions left: not for each event anew. */
const pruneAfter = 1_000;
const publishBatch = 5_000;

export interface Event {
  /** Rises by one from event to event. */
  readonly id: number;
  /** `sync.ended`, see src/http/event-types.ts. */
  readonly type: string;
  /** A slug, a day, a queue; '' where more changed than could be named. */
  readonly subject: string;
  /** Whose it is besides ours. */
  readonly customerId: number | null;
  /** Any customer may see it. */
  readonly forEveryone: boolean;
  /** Of the database's clock. */
  readonly at: Temporal.Instant;
}

/** Publishes a change, in its transaction. */
export async function publishEvent(trx: Queryable, type: string, subject: string): Promise<void> {
  await statement('platform.publishEvent')`SELECT publish_event(${type}, ${subject})`.execute(trx);
}

/**
 * Numbers what has been recorded and committed, the same thing once however often it was recorded. Any
 * number of processes may call it at any time: they take turns, so that an event that one of them
 * can see has no lower one that appears later.
 */
export async function publishEvents(db: Database): Promise<void> {
  while (await hasUnpublished(db)) {
    await db.transaction().execute(async (trx) => {
      await statement('platform.publishEvents.select_from')`SELECT FROM event_progress FOR UPDATE`.execute(trx);
      // A statement of its own: it sees what whoever held the row before has done.
      await statement('platform.publishEvents.select_last_event_id')`
        WITH taken AS (
          DELETE FROM event_outbox WHERE outbox_id IN (SELECT outbox_id FROM event_outbox ORDER BY outbox_id LIMIT ${publishBatch})
          RETURNING *
        ), merged AS (
          SELECT type, subject, customer_id, for_everyone, max(recorded_at) AS recorded_at,
                 row_number() OVER (ORDER BY max(outbox_id)) AS n
          FROM taken GROUP BY type, subject, customer_id, for_everyone
        ), published AS (
          INSERT INTO events (event_id, type, subject, customer_id, for_everyone, recorded_at)
          SELECT last_event_id + n, type, subject, customer_id, for_everyone, recorded_at FROM merged, event_progress
        )
        UPDATE event_progress SET last_event_id = last_event_id + (SELECT count(*) FROM merged)`.execute(trx);
      await statement('platform.publishEvents.delete_events')`
        WITH moved AS (
          UPDATE event_progress SET pruned_through = last_event_id - ${keptEvents}
          WHERE pruned_through + ${keptEvents + pruneAfter} < last_event_id RETURNING pruned_through
        )
        DELETE FROM events USING moved WHERE event_id <= moved.pruned_through`.execute(trx);
    });
  }
}

async function hasUnpublished(db: Queryable): Promise<boolean> {
  const { rows } = await statement('platform.hasUnpublished')`SELECT FROM event_outbox LIMIT 1`.execute(db);
  return rows.length > 0;
}

interface EventRange {
  /** The last published; 0 before the first. */
  readonly last: number;
  /** The last that is no longer kept. */
  readonly prunedThrough: number;
}

export async function readEventRange(db: Queryable): Promise<EventRange> {
  const { rows } = await statement<EventRange>('platform.readEventRange')`
    SELECT last_event_id AS last, pruned_through AS "prunedThrough" FROM event_progress`.execute(db);
  return rows[0] ?? { last: 0, prunedThrough: 0 };
}

/** Those after `after`, up to and with `through`, in order. */
export async function readEvents(db: Queryable, after: number, through: number, limit: number): Promise<Event[]> {
  const { rows } = await statement<Event>('platform.readEvents')`
    SELECT event_id AS id, type, subject, customer_id AS "customerId", for_everyone AS "forEveryone", recorded_at AS at
    FROM events WHERE event_id > ${after} AND event_id <= ${through} ORDER BY event_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** The newest events of some types that are published and still kept, before an id. */
export async function readLatestEvents(
  db: Queryable,
  types: readonly string[],
  { before, limit }: { readonly before: number | null; readonly limit: number },
): Promise<Pick<Event, 'id' | 'type' | 'subject' | 'at'>[]> {
  const { rows } = await statement<Pick<Event, 'id' | 'type' | 'subject' | 'at'>>('platform.readLatestEvents')`
    SELECT event_id AS id, type, subject, recorded_at AS at FROM events
    WHERE type = ANY (${[...types]}::text[]) AND (${before}::bigint IS NULL OR event_id < ${before})
    ORDER BY event_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}
