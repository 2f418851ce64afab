import type { Queryable } from './database/database.ts';
import { statement } from './database/statement.ts';

export interface AuditEntry {
  readonly position: number;
  /** The server's own time. */
  readonly recordedAt: Temporal.Instant;
  readonly actor: string;
  readonly origin: string;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly table: string;
  readonly operation: 'insert' | 'update' | 'delete';
  /** The primary key of the row. */
  readonly key: Readonly<Record<string, unknown>>;
  /** The row as it was, null for a new one; as it became, null where it is gone. */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** In hexadecimal digits. */
  readonly hash: string;
}

export interface AuditFilter {
  readonly table?: string | undefined;
  /** A value of the row's primary key, as text. */
  readonly key?: string | undefined;
  readonly actor?: string | undefined;
  readonly requestId?: string | undefined;
  readonly from?: Temporal.Instant | undefined;
  readonly to?: Temporal.Instant | undefined;
}

/** Newest first; before a position, if one is given. */
export async function selectEntries(
  db: Queryable,
  filter: AuditFilter,
  limit: number,
  before: number | null,
): Promise<AuditEntry[]> {
  const { table = null, key = null, actor = null, requestId = null, from = null, to = null } = filter;
  const { rows } = await statement<AuditEntry>('platform.selectEntries')`
    SELECT position, recorded_at AS "recordedAt", actor, origin, address, request_id AS "requestId", table_name AS table,
           operation, key, before, after, encode(hash, 'hex') AS hash
    FROM audit_log
    WHERE (${table}::text IS NULL OR table_name = ${table})
      AND (${key}::text IS NULL OR EXISTS (SELECT FROM jsonb_each_text(key) AS k WHERE k.value = ${key}))
      AND (${actor}::text IS NULL OR actor = ${actor})
      AND (${requestId}::text IS NULL OR request_id = ${requestId})
      AND (${from}::timestamptz IS NULL OR recorded_at >= ${from}) AND (${to}::timestamptz IS NULL OR recorded_at < ${to})
      AND (${before}::bigint IS NULL OR position < ${before})
    ORDER BY position DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface AuditHead {
  readonly position: number;
  readonly hash: string;
}

/** The entry at a position, or the last one. */
export async function selectHead(db: Queryable, position: number | null): Promise<AuditHead | null> {
  const { rows } = await statement<AuditHead>('platform.selectHead')`
    SELECT position, encode(hash, 'hex') AS hash FROM audit_log
    WHERE ${position}::bigint IS NULL OR position = ${position} ORDER BY position DESC LIMIT 1`.execute(db);
  return rows[0] ?? null;
}

export interface BrokenLink {
  readonly position: number;
  /** changed: the content is not what its hash says, or not what it was when it was verified. unlinked: it does not follow the entry before. missing: entries before it, or itself, are gone. */
  readonly what: 'changed' | 'unlinked' | 'missing';
}

interface Stretch {
  /** null: from the first entry on. */
  readonly after: AuditHead | null;
  readonly upTo: number;
  readonly limit: number;
}

/** The first places at which the chain does not hold, oldest first. */
export async function selectBrokenLinks(db: Queryable, { after, upTo, limit }: Stretch): Promise<BrokenLink[]> {
  const { rows } = await statement<BrokenLink>('platform.selectBrokenLinks')`
    SELECT position, what FROM (
      SELECT position, hash <> audit_log_hash(a) AS changed,
             previous_hash <> lag(hash, 1, coalesce(decode(${after?.hash ?? null}, 'hex'), sha256(''))) OVER chain AS unlinked,
             position <> 1 + lag(position, 1, ${after?.position ?? 0}::bigint) OVER chain AS missing
      FROM audit_log a WHERE position > ${after?.position ?? 0}::bigint AND position <= ${upTo} WINDOW chain AS (ORDER BY position)) AS links,
      LATERAL (VALUES ('missing', missing), ('unlinked', unlinked AND NOT missing), ('changed', changed)) AS v (what, is_so)
    WHERE is_so ORDER BY position, what LIMIT ${limit}`.execute(db);
  return rows;
}

/** How far the log was found to hold. */
export interface VerifiedUpTo extends AuditHead {
  /** When all of it up to there was verified last; the server's own time. */
  readonly verifiedAt: Temporal.Instant;
}

export async function selectVerified(db: Queryable): Promise<VerifiedUpTo | null> {
  const { rows } = await statement<VerifiedUpTo>('platform.selectVerified')`
    SELECT position, encode(hash, 'hex') AS hash, verified_at AS "verifiedAt" FROM audit_verified`.execute(db);
  return rows[0] ?? null;
}

export async function forgetVerified(db: Queryable): Promise<void> {
  await statement('platform.forgetVerified')`DELETE FROM audit_verified`.execute(db);
}

/** Keeps how far the log holds. With `isWhole` all of it was looked at; else what is behind what was kept before. */
export async function keepVerified(db: Queryable, { position, hash }: AuditHead, isWhole: boolean): Promise<void> {
  await statement('platform.keepVerified')`
    INSERT INTO audit_verified (position, hash, verified_at) VALUES (${position}, decode(${hash}, 'hex'), clock_timestamp())
    ON CONFLICT (singleton) DO UPDATE SET position = excluded.position, hash = excluded.hash,
      verified_at = CASE WHEN ${isWhole} THEN excluded.verified_at ELSE audit_verified.verified_at END
    WHERE audit_verified.position < excluded.position OR ${isWhole}`.execute(db);
}
