import type { ScopeReport } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SyncRunRow } from './store.ts';

/** How well a kind of an account is known. */
export interface KindStatus {
  readonly account: string;
  readonly kind: string;
  /** When the last listing began that showed all; null: none has. */
  readonly lastComplete: Temporal.Instant | null;
  readonly lastRun: {
    readonly syncRunId: number;
    readonly outcome: Exclude<SyncRunRow['outcome'], 'running'>;
    readonly reason: string | null;
    readonly requests: number;
    readonly startedAt: Temporal.Instant;
    readonly seconds: string;
  } | null;
  /** null: nothing reads it now. */
  readonly running: { readonly syncRunId: number; readonly startedAt: Temporal.Instant; readonly seen: number } | null;
  /** How many that listing showed; null: there was none. */
  readonly listed: number | null;
}

/** Of every connected account, each kind that was ever read, by account and kind. */
export async function selectKindStatus(db: Queryable): Promise<KindStatus[]> {
  const { rows } = await statement<{
    account: string;
    kind: string;
    lastComplete: Temporal.Instant | null;
    listed: number | null;
    lastId: number | null;
    outcome: Exclude<SyncRunRow['outcome'], 'running'> | null;
    reason: string | null;
    requests: number | null;
    startedAt: Temporal.Instant | null;
    seconds: string | null;
    runningId: number | null;
    runningSince: Temporal.Instant | null;
    seen: number | null;
  }>('inventory.selectKindStatus')`
    SELECT a.slug AS account, p.kind, c.started_at AS "lastComplete", c.seen AS listed,
           n.sync_run_id AS "lastId", n.outcome, n.reason, n.requests, n.started_at AS "startedAt",
           round(extract(epoch FROM n.finished_at - n.started_at), 1)::text AS seconds,
           g.sync_run_id AS "runningId", g.started_at AS "runningSince", g.seen
    FROM inventory_run_kinds p JOIN accounts a USING (account_id)
    LEFT JOIN LATERAL (
      SELECT sync_run_id, outcome, reason, requests, started_at, finished_at FROM sync_runs r
      WHERE r.account_id = p.account_id AND r.kind = p.kind AND r.outcome <> 'running'
      ORDER BY r.started_at DESC, r.sync_run_id DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (
      SELECT sync_run_id, started_at, seen FROM sync_runs r
      WHERE r.account_id = p.account_id AND r.kind = p.kind AND r.outcome = 'running'
      ORDER BY r.sync_run_id DESC LIMIT 1) g ON true
    LEFT JOIN LATERAL (
      SELECT started_at, seen FROM sync_runs r
      WHERE r.account_id = p.account_id AND r.kind = p.kind AND r.outcome = 'complete'
      ORDER BY r.started_at DESC, r.sync_run_id DESC LIMIT 1) c ON true
    WHERE a.disconnected_at IS NULL ORDER BY a.slug, p.kind`.execute(db);
  return rows.map(({ account, kind, lastComplete, listed, ...row }) => ({
    account,
    kind,
    lastComplete,
    listed,
    lastRun:
      row.lastId === null
        ? null
        : {
            syncRunId: row.lastId,
            outcome: row.outcome!,
            reason: row.reason,
            requests: row.requests!,
            startedAt: row.startedAt!,
            seconds: row.seconds!,
          },
    running:
      row.runningId === null ? null : { syncRunId: row.runningId, startedAt: row.runningSince!, seen: row.seen! },
  }));
}

/** What the provider said last of the requests that an account's token may still send. */
export interface BudgetRow {
  readonly account: string;
  readonly remaining: number;
  readonly limit: number | null;
  readonly resetAt: Temporal.Instant | null;
  readonly saidAt: Temporal.Instant;
}

/** Of accounts whose last ended run of any kind says so. */
export async function selectBudgets(db: Queryable): Promise<BudgetRow[]> {
  const { rows } = await statement<BudgetRow>('inventory.selectBudgets')`
    SELECT a.slug AS account, r.requests_left AS remaining, r.requests_limit AS limit, r.requests_reset_at AS "resetAt",
           r.finished_at AS "saidAt"
    FROM accounts a CROSS JOIN LATERAL (
      SELECT * FROM sync_runs r WHERE r.account_id = a.account_id AND r.requests_left IS NOT NULL
      ORDER BY r.sync_run_id DESC LIMIT 1) r
    WHERE a.disconnected_at IS NULL`.execute(db);
  return rows;
}

interface TokenCheck {
  readonly account: string;
  readonly checkedAt: Temporal.Instant;
  readonly missing: readonly ScopeReport[];
}

export async function selectTokenChecks(db: Queryable): Promise<TokenCheck[]> {
  const { rows } = await statement<TokenCheck>('inventory.selectTokenChecks')`
    SELECT a.slug AS account, c.checked_at AS "checkedAt", c.missing
    FROM account_checks c JOIN accounts a USING (account_id) WHERE a.disconnected_at IS NULL`.execute(db);
  return rows;
}

/** Of one account; undefined: its token was not checked yet. */
export async function selectTokenCheck(
  db: Queryable,
  accountId: number,
): Promise<Pick<TokenCheck, 'checkedAt' | 'missing'> | undefined> {
  const { rows } = await statement<Pick<TokenCheck, 'checkedAt' | 'missing'>>('inventory.selectTokenCheck')`
    SELECT checked_at AS "checkedAt", missing FROM account_checks WHERE account_id = ${accountId}`.execute(db);
  return rows[0];
}

export async function writeTokenCheck(
  db: Queryable,
  accountId: number,
  missing: readonly ScopeReport[],
  now: Temporal.Instant,
): Promise<void> {
  await statement('inventory.writeTokenCheck')`
    INSERT INTO account_checks (account_id, checked_at, missing)
    VALUES (${accountId}, ${now}, ${JSON.stringify(missing)}::jsonb)
    ON CONFLICT (account_id) DO UPDATE SET checked_at = excluded.checked_at, missing = excluded.missing`.execute(db);
}
