import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SyncRunFilters } from './store.ts';

// Runs that are old and say nothing any more become sums by day. What still says something stays as it is.

const writes: readonly (readonly [table: string, column: string])[] = [
  ...['resource_states', 'project_memberships', 'resource_settings', 'provider_prices'].flatMap(
    (table) =>
      [
        [table, 'sync_run_id'],
        [table, 'superseded_by_run'],
      ] as const,
  ),
  ['provider_actions', 'applied_by_run'],
  ['end_candidates_before', 'sync_run_id'],
];

/** Whether a run wrote something, or a life ended when it began. */
function wrote(run: string): RawBuilder<unknown> {
  const id = sql.ref(`${run}.sync_run_id`);
  const refers = writes.map(
    ([table, column]) =>
      sql`EXISTS (SELECT FROM ${sql.table(table)} w WHERE ${sql.ref(`w.${column}`)} = ${id} OFFSET 0)`,
  );
  const ended = sql`EXISTS (
    SELECT FROM resource_states w WHERE w.superseded_at = 'infinity' AND w.valid_to = ${sql.ref(`${run}.started_at`)}
      AND w.account_id = ${sql.ref(`${run}.account_id`)} OFFSET 0)`;
  return sql`(${sql.join([...refers, ended], sql` OR `)})`;
}

/** The newest of its account and kind: of those that stand, and of those that are complete. */
const newest = sql`(
  r.sync_run_id = (SELECT n.sync_run_id FROM sync_runs n WHERE n.account_id = r.account_id AND n.kind = r.kind AND n.outcome <> 'reverted'
                   ORDER BY n.started_at DESC, n.sync_run_id DESC LIMIT 1)
  OR (r.outcome = 'complete' AND NOT EXISTS (
    SELECT FROM sync_runs n WHERE n.account_id = r.account_id AND n.kind = r.kind AND n.outcome = 'complete'
      AND (n.started_at, n.sync_run_id) > (r.started_at, r.sync_run_id))))`;

/** The last complete listing before one that wrote: between them lies the time in which nobody saw an end. */
const opensGap = sql`(r.outcome = 'complete' AND EXISTS (
  SELECT FROM sync_runs k
  WHERE k.account_id = r.account_id AND k.kind = r.kind AND k.started_at > r.started_at
    AND k.started_at <= (SELECT min(n.started_at) FROM sync_runs n WHERE n.account_id = r.account_id AND n.kind = r.kind
                         AND n.outcome = 'complete' AND n.started_at > r.started_at)
    AND ${wrote('k')}))`;

/**
 * A sighting of a kind between which and the next an action may still have to be applied: the log is read again from
 * three days before its position on, and what is in progress or not applied is known.
 */
const boundsActions = sql`(r.unread IS NOT NULL AND r.started_at >= coalesce((
  SELECT max(s.started_at) FROM sync_runs s
  WHERE s.account_id = r.account_id AND s.kind = r.kind AND s.unread IS NOT NULL AND s.outcome <> 'reverted' AND s.started_at < l.since),
  '-infinity'))`;

interface Pruned {
  readonly looked: number;
  readonly pruned: number;
  /** The last run that was looked at; null: there was none. */
  readonly last: number | null;
}

/** Sums up those of some runs that say nothing any more, from the run `after` on. */
export async function pruneBatch(
  trx: UnitOfWork,
  before: Temporal.Instant,
  after: number,
  limit: number,
): Promise<Pruned> {
  const { rows } = await statement<Pruned>('inventory.pruneBatch')`
    WITH logs AS MATERIALIZED (
      SELECT a.account_id, least(
        coalesce((SELECT r.read_through FROM sync_runs r WHERE r.account_id = a.account_id AND r.kind = 'action' AND r.outcome = 'complete'
                  ORDER BY r.started_at DESC LIMIT 1), least(a.connected_at, a.metered_from)) - interval '72 hours',
        (SELECT min(least(p.started_at, p.completed_at)) FROM provider_actions p
         WHERE p.account_id = a.account_id AND (p.status = 'in-progress' OR (p.applied_at IS NULL AND p.status = 'completed')))) AS since
      FROM accounts a
    ), looked AS MATERIALIZED (
      SELECT * FROM sync_runs WHERE sync_run_id > ${after} AND started_at < ${before} ORDER BY sync_run_id LIMIT ${limit}
    ), going AS MATERIALIZED (
      SELECT r.* FROM looked r JOIN logs l USING (account_id)
      WHERE r.outcome IN ('complete', 'partial', 'failed')
        AND NOT ${newest} AND NOT ${boundsActions} AND NOT ${wrote('r')} AND NOT ${opensGap}
    ), gone AS (
      DELETE FROM sync_runs r USING going g WHERE r.sync_run_id = g.sync_run_id
    ), summed AS (
      INSERT INTO sync_run_days AS d
      SELECT account_id, kind, ${dayOfRun}, ${sums}, max(sync_run_id) FROM going GROUP BY 1, 2, 3
      ON CONFLICT (account_id, kind, day) DO UPDATE SET ${sql.join(
        summedColumns.map((name) => sql`${sql.ref(name)} = d.${sql.ref(name)} + excluded.${sql.ref(name)}`),
      )}, last_run_id = greatest(d.last_run_id, excluded.last_run_id)
    )
    SELECT (SELECT count(*) FROM looked) AS looked, (SELECT count(*) FROM going) AS pruned,
           (SELECT max(sync_run_id) FROM looked) AS last`.execute(trx);
  return rows[0]!;
}

const summedColumns = ['complete', 'partial', 'failed', 'seen', 'new', 'changed', 'ended', 'requests', 'seconds'];
const dayOfRun = sql`(started_at AT TIME ZONE 'UTC')::date`;
const sums = sql`
  count(*) FILTER (WHERE outcome = 'complete') AS complete, count(*) FILTER (WHERE outcome = 'partial') AS partial,
  count(*) FILTER (WHERE outcome = 'failed') AS failed, sum(seen)::bigint AS seen, sum(new)::bigint AS new,
  sum(changed)::bigint AS changed, sum(ended)::bigint AS ended, sum(requests)::bigint AS requests,
  sum(extract(epoch FROM finished_at - started_at)) AS seconds`;

/** What the runs of a kind that ended and stand did in a UTC day, those that were summed up among them. */
export interface SyncDayRow {
  readonly day: Temporal.PlainDate;
  /** An account's slug. */
  readonly account: string;
  readonly kind: string;
  readonly runs: number;
  readonly complete: number;
  readonly partial: number;
  readonly failed: number;
  readonly seen: number;
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
  readonly requests: number;
  /** How long they took together. */
  readonly seconds: number;
}

/** The newest days first, beyond the row `after`. */
export async function selectSyncDays(
  db: Queryable,
  { account, kind }: Pick<SyncRunFilters, 'account' | 'kind'>,
  after: Pick<SyncDayRow, 'day' | 'account' | 'kind'> | null,
  limit: number,
): Promise<SyncDayRow[]> {
  const { rows } = await statement<SyncDayRow>('inventory.selectSyncDays')`
    WITH days AS (
      SELECT account_id, kind, day, ${sql.join(summedColumns.map((name) => sql.ref(name)))} FROM sync_run_days
      UNION ALL
      SELECT account_id, kind, ${dayOfRun}, ${sums} FROM sync_runs
      WHERE outcome IN ('complete', 'partial', 'failed') GROUP BY 1, 2, 3
    )
    SELECT d.day, a.slug AS account, d.kind, sum(complete + partial + failed)::bigint AS runs,
           ${sql.join(summedColumns.slice(0, -1).map((name) => sql`sum(${sql.ref(name)})::bigint AS ${sql.ref(name)}`))},
           sum(seconds)::float8 AS seconds
    FROM days d JOIN accounts a USING (account_id)
    WHERE (${account ?? null}::text IS NULL OR a.slug = ${account ?? null}) AND (${kind ?? null}::text IS NULL OR d.kind = ${kind ?? null})
      AND (${after?.day ?? null}::date IS NULL OR d.day < ${after?.day ?? null}
        OR (d.day = ${after?.day ?? null} AND (a.slug, d.kind) > (${after?.account ?? ''}, ${after?.kind ?? ''})))
    GROUP BY 1, 2, 3 ORDER BY d.day DESC, a.slug, d.kind LIMIT ${limit}`.execute(db);
  return rows;
}
