import { sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

/** A series each: beyond this many, a monitoring system should ask the API. */
const seriesMax = 10_000;

export interface SyncAge {
  readonly account: string;
  readonly kind: string;
  /** Of the database's clock, since the last complete listing began. */
  readonly seconds: number;
}

/** Of each connected account and kind the latest complete listing: found by leaping from one to the next in the index, not by reading them all. */
export async function readSyncAges(db: Queryable, now: Temporal.Instant): Promise<SyncAge[]> {
  const next = sql`
    SELECT account_id, kind, started_at FROM inventory_sync_runs r WHERE outcome = 'complete'`;
  const first = sql`ORDER BY account_id, kind, started_at DESC LIMIT 1`;
  const { rows } = await statement<SyncAge>('http.readSyncAges')`
    WITH RECURSIVE latest AS (
      (${next} ${first})
      UNION ALL
      SELECT n.* FROM latest l CROSS JOIN LATERAL (${next} AND (r.account_id, r.kind) > (l.account_id, l.kind) ${first}) n
    )
    SELECT a.slug AS account, l.kind, extract(epoch FROM ${now}::timestamptz - l.started_at)::float8 AS seconds
    FROM latest l JOIN inventory_accounts a USING (account_id)
    WHERE a.disconnected_at IS NULL
    ORDER BY a.slug, l.kind LIMIT ${seriesMax}`.execute(db);
  return rows;
}

/** The instant at which the last metered day ended; null: nothing has been metered. */
export async function readMeteredThrough(db: Queryable): Promise<Temporal.Instant | null> {
  const { rows } = await statement<{ through: Temporal.Instant | null }>('http.readMeteredThrough')`
    SELECT ((max(day) + 1)::timestamp AT TIME ZONE 'UTC') AS through FROM metering_days`.execute(db);
  return rows[0]?.through ?? null;
}
