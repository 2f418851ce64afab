import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { textArray } from '../platform/database/text-array.ts';
import type { Fault, SentEvent } from './cloud-event.ts';

/** An event as it is stored: with what is wrong with it by now. */
export interface ReceivedEvent extends SentEvent {
  readonly fault: Fault | null;
}

/** The last number that an event of the source can have: all of its events up to there are committed and visible. */
export async function selectSettledId(trx: UnitOfWork, accountId: number): Promise<number> {
  await statement('gateway.selectSettledId.lock')`
    SELECT pg_advisory_xact_lock(hashtext('gateway intake'), ${accountId}::int)`.execute(trx);
  const { rows } = await statement<{ id: number }>('gateway.selectSettledId')`
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM gateway_event_ids`.execute(trx);
  return rows[0]?.id ?? 0;
}

/**
 * Stores those that are not there yet; of several with the same id the first. Returns their numbers. One statement, and a
 * transaction of its own: what is acknowledged is on disk, whatever the connection or the database is set to; and whoever
 * waits for what is under way of this source (`selectSettledId`) waits for it, because no row has a number before its lock.
 */
export async function insertEvents(
  db: Queryable,
  accountId: number,
  events: readonly ReceivedEvent[],
  receivedAt: Temporal.Instant,
): Promise<number[]> {
  const all = (of: (event: ReceivedEvent) => string | null) => {
    const column = events.map(of);
    // What no event has is null for all of them: a shorter column is filled up.
    return sql`${textArray(column.every((value) => value === null) ? [] : column)}::text[]`;
  };
  // The data as it was written: PostgreSQL reads its numbers, and no other number ever is. In one order whoever sends them, so
  // that two who send the same wait for each other once.
  const { rows } = await preparedStatement<{ ids: number[] }>('gateway.insertEvents')`
    WITH held AS MATERIALIZED (
      SELECT set_config('synchronous_commit', 'on', true), pg_advisory_xact_lock_shared(hashtext('gateway intake'), ${accountId}::int)
    ), stored AS (
      INSERT INTO gateway_events (account_id, received_at, event_time, origin, event_id, type, subject, attributes, data, digest,
                                  fault, raw)
      SELECT ${accountId}::int, ${receivedAt}::timestamptz, at::timestamptz, o, i, t, s, a::jsonb, d::jsonb, decode(g, 'hex'), f, r
      FROM (
        SELECT DISTINCT ON (o COLLATE "C", i COLLATE "C") *
        FROM unnest(${all(({ origin }) => origin)}, ${all(({ id }) => id)}, ${all(({ type }) => type)}, ${all(({ subject }) => subject)},
                    ${all(({ time }) => time?.toString() ?? null)}, ${all(({ attributes }) => attributes)}, ${all(({ data }) => data)},
                    ${all(({ digest }) => digest)}, ${all(({ fault }) => fault)}, ${all((event) => (event.isSound ? null : event.payload))})
          WITH ORDINALITY AS e (o, i, t, s, at, a, d, g, f, r, n)
        ORDER BY o COLLATE "C", i COLLATE "C", n
      ) AS sent CROSS JOIN held
      ON CONFLICT (account_id, origin, event_id) DO NOTHING
      RETURNING gateway_event_id AS id
    )
    SELECT coalesce(json_agg(id), '[]') AS ids FROM stored`.execute(db);
  return rows[0]?.ids ?? [];
}

interface StoredEvent {
  readonly id: number;
  readonly origin: string;
  readonly eventId: string;
  readonly digest: string;
}

/**
 * What is stored under ids. A statement of its own after the insertion: what another connection has just stored is not
 * visible to the one that met it.
 */
export async function selectStored(
  db: Queryable,
  accountId: number,
  events: readonly SentEvent[],
): Promise<StoredEvent[]> {
  const { rows } = await statement<StoredEvent>('gateway.selectStored')`
    SELECT e.gateway_event_id AS id, e.origin, e.event_id AS "eventId", encode(e.digest, 'hex') AS digest
    FROM unnest(${events.map(({ origin }) => origin)}::text[], ${events.map(({ id }) => id)}::text[]) AS asked (origin, event_id)
    JOIN gateway_events e ON e.account_id = ${accountId} AND e.origin = asked.origin AND e.event_id = asked.event_id`.execute(
    db,
  );
  return rows;
}

/** Keeps, on disk, what came under a known id and is something else. */
export async function insertConflicts(
  db: Queryable,
  accountId: number,
  events: readonly SentEvent[],
  receivedAt: Temporal.Instant,
): Promise<void> {
  await statement('gateway.insertConflicts')`
    WITH held AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true))
    INSERT INTO gateway_conflicts (account_id, origin, event_id, digest, payload, received_at)
    SELECT DISTINCT ON (origin, event_id, digest) ${accountId}::int, origin, event_id, decode(digest, 'hex'), payload, ${receivedAt}::timestamptz
    FROM unnest(${events.map(({ origin }) => origin)}::text[], ${events.map(({ id }) => id)}::text[],
                ${events.map(({ digest }) => digest)}::text[], ${events.map(({ payload }) => payload)}::text[])
      AS c (origin, event_id, digest, payload) CROSS JOIN held
    ORDER BY origin, event_id, digest
    ON CONFLICT DO NOTHING`.execute(db);
}

/** Whether at least so many events of a source wait to be interpreted. */
export async function hasBacklog(db: Queryable, accountId: number, most: number): Promise<boolean> {
  const { rows } = await statement<{ full: boolean }>('gateway.hasBacklog')`
    SELECT CASE WHEN (SELECT last_value FROM gateway_event_ids) - through_id < ${most} THEN false
           ELSE (SELECT count(*) FROM (SELECT FROM gateway_events WHERE account_id = ${accountId} AND gateway_event_id > through_id
                                       LIMIT ${most}) AS waiting) >= ${most} END AS full
    FROM gateway_progress WHERE account_id = ${accountId}`.execute(db);
  return rows[0]?.full ?? false;
}
