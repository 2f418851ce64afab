import { type RawBuilder, sql } from 'kysely';
import { appendChanges, type Topic } from '../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import { providerPrices } from './prices.store.ts';
import { settingsHistory } from './settings.store.ts';
import type { SyncRunRow } from './store.ts';
import { membershipHistory, stateHistory } from './sync.store.ts';

// What one run wrote, found again and taken back. The rows that it wrote bear its id, and those that it superseded too.

interface RevertedHistory {
  readonly history: HistoryTable;
  readonly topic: Topic;
}

/** All that runs write history in. */
const histories: readonly RevertedHistory[] = [
  { history: stateHistory, topic: 'resource' },
  { history: membershipHistory, topic: 'resource' },
  { history: settingsHistory, topic: 'settings' },
  { history: providerPrices, topic: 'price' },
];

export interface WrittenRun {
  readonly syncRunId: number;
  readonly accountId: number;
  readonly account: string;
  readonly kind: string;
  readonly startedAt: Temporal.Instant;
  readonly outcome: SyncRunRow['outcome'];
  readonly revertedAt: Temporal.Instant | null;
}

const runColumns = sql`
  r.sync_run_id AS "syncRunId", r.account_id AS "accountId", a.slug AS account, r.kind, r.started_at AS "startedAt", r.outcome,
  r.reverted_at AS "revertedAt"`;

export async function selectRun(db: Queryable, syncRunId: number): Promise<WrittenRun | null> {
  const { rows } = await statement<WrittenRun>('inventory.selectRun')`
    SELECT ${runColumns} FROM sync_runs r JOIN accounts a USING (account_id) WHERE r.sync_run_id = ${syncRunId}`.execute(
    db,
  );
  return rows[0] ?? null;
}

/** Keeps syncs of these kinds from beginning until the transaction ends; the first that is under way, or null: none is. */
export async function holdSyncs(trx: UnitOfWork, accountId: number, kinds: readonly string[]): Promise<string | null> {
  for (const kind of kinds) {
    // As tryLockSync.
    const { rows } = await statement<{ locked: boolean }>('inventory.holdSyncs')`
      SELECT pg_try_advisory_xact_lock(hashtextextended(${`inventory sync ${accountId} ${kind}`}, 0)) AS locked`.execute(
      trx,
    );
    if (!rows[0]!.locked) return kind;
  }
  return null;
}

/** Whether runs of its kind after it have become sums: they said nothing but that what it believed was so. */
export async function hasPrunedAfter(trx: UnitOfWork, { syncRunId, accountId, kind }: WrittenRun): Promise<boolean> {
  const { rows } = await statement<{ pruned: boolean }>('inventory.hasPrunedAfter')`
    SELECT EXISTS (SELECT FROM sync_run_days
                   WHERE account_id = ${accountId} AND kind = ${kind} AND last_run_id > ${syncRunId}) AS pruned`.execute(
    trx,
  );
  return rows[0]!.pruned;
}

/** The resources that some runs wrote about. */
function touched(runs: RawBuilder<unknown>): RawBuilder<unknown> {
  const of = (column: string) =>
    [stateHistory, membershipHistory, settingsHistory].map(
      ({ table }) =>
        sql`SELECT ${sql.ref(column)} AS run, resource_id FROM ${sql.table(table)} WHERE ${sql.ref(column)} IN (${runs})`,
    );
  return sql`(${sql.join([...of('sync_run_id'), ...of('superseded_by_run')], sql` UNION `)})`;
}

/**
 * The runs after this one whose own result rests on what it wrote, the last first: of the same kind, because each
 * compares with what the one before it believed; those that wrote about the same resources; and, of a kind that actions
 * correct, readings of the action log that applied some, because they apply what completed before a listing.
 */
export async function selectDependants(
  trx: UnitOfWork,
  { syncRunId }: WrittenRun,
  correctedKinds: readonly string[],
): Promise<WrittenRun[]> {
  const { rows } = await statement<WrittenRun>('inventory.selectDependants')`
    WITH reverted AS (SELECT * FROM sync_runs WHERE sync_run_id = ${syncRunId}),
    later AS MATERIALIZED (
      SELECT r.*, r.kind = c.kind AND r.outcome IN ('complete', 'partial') AS of_same_kind,
             c.kind = ANY (${[...correctedKinds]}::text[]) AND r.kind = 'action' AS of_actions
      FROM reverted c JOIN sync_runs r USING (account_id)
      WHERE r.written_order > c.written_order AND r.outcome <> 'reverted'
    ), mine AS MATERIALIZED (SELECT DISTINCT resource_id FROM ${touched(sql`${syncRunId}::bigint`)} AS t),
    theirs AS MATERIALIZED (
      SELECT DISTINCT run FROM ${touched(sql`SELECT sync_run_id FROM later`)} AS t JOIN mine USING (resource_id))
    SELECT ${runColumns} FROM later r JOIN accounts a USING (account_id)
    WHERE r.of_same_kind OR r.sync_run_id IN (SELECT run FROM theirs)
       OR (r.of_actions AND EXISTS (SELECT FROM provider_actions p WHERE p.applied_by_run = r.sync_run_id))
    ORDER BY r.written_order DESC`.execute(trx);
  return rows;
}

/** Those of some runs in the order in which they have to be reverted: the last that wrote first. */
export async function orderRuns(trx: UnitOfWork, syncRunIds: readonly number[]): Promise<WrittenRun[]> {
  const { rows } = await statement<WrittenRun>('inventory.orderRuns')`
    SELECT ${runColumns} FROM sync_runs r JOIN accounts a USING (account_id)
    WHERE r.sync_run_id = ANY (${[...syncRunIds]}::bigint[]) ORDER BY r.written_order DESC NULLS FIRST`.execute(trx);
  return rows;
}

/** Has histories say again what they said before a run, which is the last that wrote of what it wrote about. */
export async function restoreHistories(
  trx: UnitOfWork,
  run: WrittenRun,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  for (const { history, topic } of histories) {
    const restored = await stageRestored(trx, run, history, by);
    if (restored === null) continue;
    await appendRestored(trx, restored, run, history, topic, now);
    await rewriteHistory(trx, history, restored, now);
  }
}

/** Stages what the run superseded, and that nothing was where only it said anything; null: it wrote nothing here. */
async function stageRestored(
  trx: UnitOfWork,
  { syncRunId }: WrittenRun,
  history: HistoryTable,
  by: string,
): Promise<TemporaryTable<'run_restored'> | null> {
  const table = sql.table(history.table);
  const id = sql.ref(history.id);
  const key = list(history.key, 't');
  const values = sql.join(
    history.values.map((name) =>
      name === 'recorded_by' ? sql`coalesce(t.recorded_by, ${by}::text) AS recorded_by` : sql.ref(`t.${name}`),
    ),
  );
  const restored = await createTemporaryTableAs(
    trx,
    { statement: 'inventory.stageRestored', table: 'run_restored' },
    sql`
    WITH taken AS (
      SELECT t.* FROM ${table} t
      WHERE t.superseded_by_run = ${syncRunId} AND t.sync_run_id IS DISTINCT FROM ${syncRunId}
        -- Not what it wrote and wrote over itself.
        AND NOT EXISTS (
          SELECT FROM ${table} o WHERE o.superseded_by_run = ${syncRunId} AND ${sameKey(history, 'o', 't')} AND o.${id} < t.${id}
            AND o.valid_from < t.valid_to AND o.valid_to > t.valid_from)
    ), written AS (
      SELECT ${key}, range_agg(tstzrange(t.valid_from, t.valid_to)) AS span
      FROM ${table} t WHERE t.sync_run_id = ${syncRunId} AND t.superseded_at = 'infinity' GROUP BY ${key}
    ), holes AS (
      SELECT w.*, unnest(w.span - coalesce(
        (SELECT range_agg(tstzrange(t.valid_from, t.valid_to)) FROM taken t WHERE ${sameKey(history, 't', 'w')}), '{}')) AS hole
      FROM written w
    )
    SELECT ${key}, ${values}, t.valid_from, t.valid_to, true AS asserted FROM taken t
    UNION ALL
    SELECT ${list(history.key, 'h')}, ${list(history.values, 'n')}, lower(hole), upper(hole), false
    FROM holes h LEFT JOIN ${table} n ON false`,
  );
  const { rows } = await statement<{ staged: boolean }>('inventory.stageRestored.count')`
    SELECT EXISTS (SELECT FROM ${restored}) AS staged`.execute(trx);
  return rows[0]!.staged ? restored : null;
}

/** Appends over what is other again: what a row of before has in common with what is left of it is not. */
async function appendRestored(
  trx: UnitOfWork,
  restored: TemporaryTable<'run_restored'>,
  { syncRunId }: WrittenRun,
  history: HistoryTable,
  topic: Topic,
  now: Temporal.Instant,
): Promise<void> {
  const subject = topic === 'price' ? sql`NULL::bigint` : sql`s.resource_id`;
  const query = sql`
    SELECT ${subject} AS subject, lower(part) AS valid_from, upper(part) AS valid_to
    FROM (
      SELECT ${list(history.key, 's')}, unnest(range_agg(tstzrange(s.valid_from, s.valid_to)) - coalesce(
        (SELECT range_agg(tstzrange(t.valid_from, t.valid_to)) FROM ${sql.table(history.table)} t
         WHERE ${sameKey(history, 't', 's')} AND t.superseded_at = 'infinity' AND t.sync_run_id IS DISTINCT FROM ${syncRunId}),
        '{}')) AS part
      FROM ${restored} s GROUP BY ${list(history.key, 's')}) s`;
  await appendChanges(trx, topic, 'revert', now, query);
}

const list = (columns: readonly string[], of: string) => sql.join(columns.map((name) => sql.ref(`${of}.${name}`)));

const sameKey = ({ key }: HistoryTable, a: string, b: string) =>
  sql.join(
    key.map((name) => sql`${sql.ref(`${a}.${name}`)} = ${sql.ref(`${b}.${name}`)}`),
    sql` AND `,
  );

/** Forgets what is no history and the run wrote: candidates, applied actions, identities, and that answers are known. */
export async function restoreOthers(trx: UnitOfWork, run: WrittenRun): Promise<void> {
  const { syncRunId, accountId, startedAt } = run;
  await statement('inventory.restoreOthers.delete_candidates')`
    DELETE FROM end_candidates c USING end_candidates_before b
    WHERE b.sync_run_id = ${syncRunId} AND b.resource_id = c.resource_id`.execute(trx);
  await statement('inventory.restoreOthers.insert_candidates')`
    INSERT INTO end_candidates (resource_id, missing_since, last_counted_at, listings)
    SELECT resource_id, missing_since, last_counted_at, listings FROM end_candidates_before
    WHERE sync_run_id = ${syncRunId} AND listings > 0`.execute(trx);
  // The log says what it said; the next reading applies it anew.
  await statement('inventory.restoreOthers.unapply_actions')`
    UPDATE provider_actions SET applied_at = NULL, applied_by_run = NULL WHERE applied_by_run = ${syncRunId}`.execute(
    trx,
  );
  const mine = sql`
    SELECT resource_id FROM ${touched(sql`${syncRunId}::bigint`)} AS t
    UNION SELECT resource_id FROM resources WHERE account_id = ${accountId} AND first_seen_at = ${startedAt}`;
  // A life that was found to have begun earlier begins so again once a listing says it.
  await statement('inventory.restoreOthers.forget_creation')`
    UPDATE resources r SET provider_created_at = NULL
    FROM (SELECT resource_id, min(valid_from) AS since FROM resource_states
          WHERE superseded_at = 'infinity' AND resource_id IN (${mine}) GROUP BY 1) s
    WHERE s.resource_id = r.resource_id AND r.provider_created_at < s.since`.execute(trx);
  await statement('inventory.restoreOthers.mark_unseen')`
    UPDATE resources r SET unseen = true
    WHERE r.resource_id IN (${mine})
      AND NOT EXISTS (SELECT FROM resource_states s WHERE s.resource_id = r.resource_id AND s.superseded_at = 'infinity')
      AND NOT EXISTS (SELECT FROM project_memberships m WHERE m.resource_id = r.resource_id AND m.superseded_at = 'infinity')`.execute(
    trx,
  );
  await statement('inventory.restoreOthers.mark_unlisted')`
    UPDATE resources r SET unlisted = true
    WHERE r.resource_id IN (${mine}) AND NOT r.unseen
      AND NOT EXISTS (SELECT FROM resource_states s WHERE s.resource_id = r.resource_id AND s.superseded_at = 'infinity')`.execute(
    trx,
  );
  // The answer before is not kept: the same one again must be read again.
  await statement('inventory.restoreOthers.forget_answers')`
    UPDATE resource_payloads d SET digest = '', details_at = NULL
    FROM resources r
    WHERE r.resource_id = d.resource_id AND r.account_id = ${accountId}
      AND (d.seen_at = ${startedAt} OR d.details_at = ${startedAt})`.execute(trx);
}

export async function markReverted(
  trx: UnitOfWork,
  { syncRunId }: WrittenRun,
  reason: string,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('inventory.markReverted')`
    UPDATE sync_runs SET outcome = 'reverted', reverted_at = ${now}, reverted_by = ${by}, revert_reason = ${reason}
    WHERE sync_run_id = ${syncRunId}`.execute(trx);
}

/** A kind that was not listed completely since its last run was reverted. */
export interface RevertedSync {
  readonly account: string;
  readonly kind: string;
  readonly syncRunId: number;
  readonly startedAt: Temporal.Instant;
  readonly revertedAt: Temporal.Instant;
  readonly revertedBy: string;
}

export async function selectRevertedSyncs(db: Queryable): Promise<RevertedSync[]> {
  const { rows } = await statement<RevertedSync>('inventory.selectRevertedSyncs')`
    SELECT DISTINCT ON (a.slug, r.kind) a.slug AS account, r.kind, r.sync_run_id AS "syncRunId", r.started_at AS "startedAt",
           r.reverted_at AS "revertedAt", r.reverted_by AS "revertedBy"
    FROM sync_runs r JOIN accounts a USING (account_id)
    WHERE r.outcome = 'reverted' AND NOT EXISTS (
      SELECT FROM sync_runs n WHERE n.account_id = r.account_id AND n.kind = r.kind AND n.outcome = 'complete'
        AND n.sync_run_id > r.sync_run_id)
    ORDER BY a.slug, r.kind, r.sync_run_id DESC`.execute(db);
  return rows;
}
