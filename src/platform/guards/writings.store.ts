import type { Queryable } from '../database/database.ts';
import { statement } from '../database/statement.ts';

// Recordings of who wrote the guards are entries of the audit log, and in no table of their own: so they are as hard to
// forge as the log. Each says in `after` which transaction wrote what differed from the recordings before it.

export async function hasAuditLog(db: Queryable): Promise<boolean> {
  const { rows } = await statement<{ there: boolean }>('platform.hasAuditLog')`
    SELECT to_regclass('audit_log') IS NOT NULL AS there`.execute(db);
  return rows[0]?.there === true;
}

/** Processes that start at once take turns, and the second finds what the first has recorded. */
export async function lockRecordings(trx: Queryable): Promise<void> {
  await statement('platform.lockRecordings')`
    SELECT pg_advisory_xact_lock(hashtextextended('arcadia guard writings', 0))`.execute(trx);
}

interface Recording {
  readonly cause: string;
  readonly migrations: readonly string[];
  /** A time before all of it was written; null: not known. */
  readonly writtenAfter: Temporal.Instant | null;
  /** Guards by guardKey to the transaction that wrote each. */
  readonly writings: Readonly<Record<string, string>>;
}

export async function insertRecording(trx: Queryable, recording: Recording): Promise<void> {
  const { cause, migrations, writtenAfter, writings } = recording;
  const after = { migrations, written_after: writtenAfter?.toString() ?? null, writings };
  const entries = JSON.stringify([{ key: { cause }, before: null, after }]);
  await statement('platform.insertRecording')`
    INSERT INTO audit_pending (table_name, entries) VALUES ('guard_writings', ${entries}::jsonb)`.execute(trx);
}

export interface RewritingRow {
  /** The entry of the log. */
  readonly position: number;
  readonly recordedAt: Temporal.Instant;
  readonly actor: string;
  /** restore, access (rights were missing), unknown, or migration, where migrations are named that the log has had before. */
  readonly cause: string;
  readonly writtenAfter: Temporal.Instant | null;
  /** How many guards were written anew. */
  readonly count: number;
  /** Which: the first of them in alphabetical order. */
  readonly guards: readonly string[];
}

/** Recordings that no migration explains, the newest first. A migration explains one: its first. */
export async function selectRewritings(
  db: Queryable,
  { migrations, limit, guardsMax }: { migrations: readonly string[]; limit: number; guardsMax: number },
): Promise<RewritingRow[]> {
  const { rows } = await statement<RewritingRow>('platform.selectRewritings')`
    WITH recordings AS (
      SELECT position, recorded_at, actor, coalesce(key ->> 'cause', '') AS cause, after ->> 'written_after' AS written_after,
             CASE jsonb_typeof(after -> 'migrations') WHEN 'array' THEN after -> 'migrations' ELSE '[]' END AS migrations,
             CASE jsonb_typeof(after -> 'writings') WHEN 'object' THEN after -> 'writings' ELSE '{}' END AS writings
      FROM audit_log WHERE table_name = 'guard_writings'
    )
    SELECT r.position, r.recorded_at AS "recordedAt", r.actor, r.cause, r.written_after::timestamptz AS "writtenAfter",
           g.count::int AS count, g.guards[1:${guardsMax}::int] AS guards
    FROM recordings r
    CROSS JOIN LATERAL (SELECT count(*), coalesce(array_agg(name ORDER BY name COLLATE "C"), '{}') AS guards
                        FROM jsonb_object_keys(r.writings) AS name) AS g
    WHERE r.cause <> 'migration' OR r.migrations = '[]' OR NOT r.migrations <@ to_jsonb(${migrations}::text[])
       OR EXISTS (SELECT FROM recordings e, jsonb_array_elements_text(r.migrations) AS name WHERE e.position < r.position AND e.migrations ? name)
    ORDER BY r.position DESC LIMIT ${limit}`.execute(db);
  return rows;
}
