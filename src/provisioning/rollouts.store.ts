import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { toStorableJson } from '../platform/storable-json.ts';

/** Its states; `held` waits for a person. */
export const rolloutStates = [
  'waiting',
  'running',
  'held',
  'done',
  'failed',
  'cancelled',
  'undoing',
  'undone',
] as const;
export type RolloutState = (typeof rolloutStates)[number];

export interface RolloutRow {
  readonly rolloutId: number;
  readonly proposalId: number;
  readonly hash: string;
  readonly purpose: 'create' | 'change' | 'destroy';
  /** The slug. */
  readonly deployment: string;
  readonly accountId: number;
  /** The slug. */
  readonly account: string;
  readonly state: RolloutState;
  readonly reason: string | null;
  readonly begunAt: Temporal.Instant;
  readonly begunBy: string;
  /** Who has asked for it to be undone; null: nobody. */
  readonly undoBy: string | null;
  /** When it, or one of its steps, last changed. */
  readonly changedAt: Temporal.Instant;
  readonly endedAt: Temporal.Instant | null;
  readonly steps: number;
  /** How many of them are done. */
  readonly done: number;
}

const columns = sql`
  r.rollout_id AS "rolloutId", r.proposal_id AS "proposalId", p.hash, p.purpose, p.deployment, r.account_id AS "accountId",
  a.slug AS account, r.state, r.reason, r.begun_at AS "begunAt", r.begun_by AS "begunBy", r.undo_by AS "undoBy",
  greatest(r.changed_at, s.changed_at) AS "changedAt", r.ended_at AS "endedAt", s.steps, s.done`;

const joined = sql`
  JOIN proposals p USING (proposal_id) JOIN inventory_accounts a ON a.account_id = r.account_id
  CROSS JOIN LATERAL (
    SELECT count(*) AS steps, count(*) FILTER (WHERE state = 'done') AS done, max(changed_at) AS changed_at
    FROM rollout_steps WHERE rollout_id = r.rollout_id) s`;

/** More rollouts than a database has. */
const listedMax = 100_000;

/** The newest first. */
export async function selectRollouts(
  db: Queryable,
  { rolloutId, underWay = false }: { readonly rolloutId?: number; readonly underWay?: boolean } = {},
): Promise<RolloutRow[]> {
  const { rows } = await statement<RolloutRow>('provisioning.selectRollouts')`
    SELECT ${columns} FROM rollouts r ${joined}
    WHERE ${rolloutId === undefined ? sql`true` : sql`r.rollout_id = ${rolloutId}`}
      AND ${underWay ? sql`r.ended_at IS NULL` : sql`true`}
    ORDER BY r.rollout_id DESC LIMIT ${listedMax}`.execute(db);
  return rows;
}

/** The rollout of a proposal that has none. */
export async function insertRollout(
  trx: UnitOfWork,
  { proposalId, accountId }: { readonly proposalId: number; readonly accountId: number },
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ rolloutId: number }>('provisioning.insertRollout')`
    INSERT INTO rollouts (proposal_id, account_id, state, begun_at, begun_by, changed_at)
    VALUES (${proposalId}, ${accountId}, 'waiting', ${now}, ${by}, ${now})
    RETURNING rollout_id AS "rolloutId"`.execute(trx);
  return (rows[0] as { rolloutId: number }).rolloutId;
}

export async function selectRolloutOf(db: Queryable, proposalId: number): Promise<number | undefined> {
  const { rows } = await statement<{ rolloutId: number }>('provisioning.selectRolloutOf')`
    SELECT rollout_id AS "rolloutId" FROM rollouts WHERE proposal_id = ${proposalId}`.execute(db);
  return rows[0]?.rolloutId;
}

/** In the order of the keys, each with a mark of its own. */
export async function insertSteps(
  trx: UnitOfWork,
  rolloutId: number,
  keys: readonly string[],
  record: object,
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.insertSteps')`
    INSERT INTO rollout_steps (rollout_id, position, key, mark, state, record, changed_at)
    SELECT ${rolloutId}, position, key, gen_random_uuid(), 'new', ${JSON.stringify(record)}::jsonb, ${now}
    FROM unnest(${keys}::text[]) WITH ORDINALITY AS s (key, position)`.execute(trx);
}

export interface StepRow {
  readonly stepId: number;
  readonly position: number;
  readonly key: string;
  readonly mark: string;
  readonly state: string;
  readonly record: unknown;
  readonly externalId: string | null;
  readonly adopted: boolean;
  readonly undo: unknown;
  readonly changedAt: Temporal.Instant;
}

/** In their order. */
export async function selectSteps(db: Queryable, rolloutId: number): Promise<StepRow[]> {
  const { rows } = await statement<StepRow>('provisioning.selectSteps')`
    SELECT rollout_step_id AS "stepId", position, key, mark, state, record, external_id AS "externalId", adopted, undo,
           changed_at AS "changedAt"
    FROM rollout_steps WHERE rollout_id = ${rolloutId} ORDER BY position`.execute(db);
  return rows;
}

/** Has whoever decides about a rollout, or sends for it, wait for each other; undefined: there is none. */
export async function lockRollout(
  trx: UnitOfWork,
  rolloutId: number,
): Promise<{ readonly state: RolloutState; readonly endedAt: Temporal.Instant | null } | undefined> {
  const { rows } = await statement<{ state: RolloutState; endedAt: Temporal.Instant | null }>(
    'provisioning.lockRollout',
  )`SELECT state, ended_at AS "endedAt" FROM rollouts WHERE rollout_id = ${rolloutId} FOR UPDATE`.execute(trx);
  return rows[0];
}

/** What is stored in this transaction is on disk once it is committed, whatever the connection or the database is set to. */
export async function beDurable(trx: UnitOfWork): Promise<void> {
  await statement('provisioning.beDurable')`SELECT set_config('synchronous_commit', 'on', true)`.execute(trx);
}

/** Has the rollouts of an account wait for each other until the transaction ends. */
export async function lockPlace(trx: UnitOfWork, accountId: number): Promise<void> {
  await statement('provisioning.lockPlace')`
    SELECT pg_advisory_xact_lock(hashtextextended('provisioning.rollouts', ${accountId}))`.execute(trx);
}

/** Whether another rollout of the account is being carried out, or undone. What is held leaves its place to others. */
export async function isPlaceTaken(trx: UnitOfWork, accountId: number, rolloutId: number): Promise<boolean> {
  const { rows } = await statement('provisioning.isPlaceTaken')`
    SELECT FROM rollouts WHERE account_id = ${accountId} AND rollout_id <> ${rolloutId} AND ended_at IS NULL
      AND state IN ('running', 'undoing', 'cancelled') LIMIT 1`.execute(trx);
  return rows.length > 0;
}

/** Another rollout of a deployment that has not ended; undefined: there is none. */
export async function selectUnended(
  trx: UnitOfWork,
  deployment: string,
): Promise<{ readonly rolloutId: number; readonly state: RolloutState } | undefined> {
  const { rows } = await statement<{ rolloutId: number; state: RolloutState }>('provisioning.selectUnended')`
    SELECT r.rollout_id AS "rolloutId", r.state FROM rollouts r JOIN proposals p USING (proposal_id)
    WHERE p.deployment = ${deployment} AND r.ended_at IS NULL ORDER BY r.rollout_id LIMIT 1`.execute(trx);
  return rows[0];
}

/** A rollout of the same deployment that was begun after one, and was not undone; undefined: there is none. */
export async function selectLaterRollout(
  trx: UnitOfWork,
  rolloutId: number,
  deployment: string,
): Promise<number | undefined> {
  const { rows } = await statement<{ rolloutId: number }>('provisioning.selectLaterRollout')`
    SELECT r.rollout_id AS "rolloutId" FROM rollouts r JOIN proposals p USING (proposal_id)
    WHERE p.deployment = ${deployment} AND r.rollout_id > ${rolloutId} AND r.state <> 'undone'
    ORDER BY r.rollout_id LIMIT 1`.execute(trx);
  return rows[0]?.rolloutId;
}

/** Whether something has become of another rollout of the account since an instant. */
export async function hasAnotherMoved(
  trx: UnitOfWork,
  accountId: number,
  rolloutId: number,
  since: Temporal.Instant,
): Promise<boolean> {
  const { rows } = await statement('provisioning.hasAnotherMoved')`
    SELECT FROM rollouts r WHERE account_id = ${accountId} AND rollout_id <> ${rolloutId}
      AND greatest(changed_at, (SELECT max(changed_at) FROM rollout_steps s WHERE s.rollout_id = r.rollout_id)) > ${since}
    LIMIT 1`.execute(trx);
  return rows.length > 0;
}

export async function updateRollout(
  trx: UnitOfWork,
  rolloutId: number,
  {
    state,
    reason,
    endedAt,
  }: { readonly state: RolloutState; readonly reason: string | null; readonly endedAt: Temporal.Instant | null },
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.updateRollout')`
    UPDATE rollouts SET state = ${state}, reason = ${reason}, ended_at = ${endedAt}, changed_at = ${now}
    WHERE rollout_id = ${rolloutId}`.execute(trx);
}

export async function updateUndoBy(trx: UnitOfWork, rolloutId: number, by: string): Promise<void> {
  await statement('provisioning.updateUndoBy')`
    UPDATE rollouts SET undo_by = ${by} WHERE rollout_id = ${rolloutId}`.execute(trx);
}

interface StepChange {
  readonly mark: string;
  readonly state: string;
  readonly record: object;
  readonly externalId: string | null;
  readonly adopted: boolean;
  readonly undo: object | null;
}

export async function updateStep(
  trx: Queryable,
  stepId: number,
  { mark, state, record, externalId, adopted, undo }: StepChange,
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.updateStep')`
    UPDATE rollout_steps
    SET mark = ${mark}, state = ${state}, record = ${toStorableJson(record)}::jsonb, external_id = ${externalId},
        adopted = ${adopted}, undo = ${undo === null ? null : toStorableJson(undo)}::jsonb, changed_at = ${now}
    WHERE rollout_step_id = ${stepId}`.execute(trx);
}

export interface SentRequest {
  readonly sentAt: Temporal.Instant;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly ms: number;
}

export async function insertRequests(
  db: Queryable,
  rolloutId: number,
  requests: readonly SentRequest[],
): Promise<void> {
  await statement('provisioning.insertRequests')`
    INSERT INTO provisioning_requests (rollout_id, sent_at, method, path, status, request_id, ms)
    SELECT ${rolloutId}, r.* FROM jsonb_to_recordset(${toStorableJson(requests)}::jsonb)
      AS r ("sentAt" timestamptz, method text, path text, status int, "requestId" text, ms int)`.execute(db);
}

export interface ExtraRow {
  readonly stepId: number;
  /** The step's. */
  readonly key: string;
  readonly externalId: string;
  readonly foundAt: Temporal.Instant;
}

/** What is there more than once, by step. */
export async function selectExtras(db: Queryable, rolloutId: number | null = null): Promise<ExtraRow[]> {
  const { rows } = await statement<ExtraRow>('provisioning.selectExtras')`
    SELECT rollout_step_id AS "stepId", s.key, e.external_id AS "externalId", e.found_at AS "foundAt"
    FROM rollout_extras e JOIN rollout_steps s USING (rollout_step_id)
    WHERE e.gone_at IS NULL AND (${rolloutId}::bigint IS NULL OR s.rollout_id = ${rolloutId})
    ORDER BY s.rollout_id, s.position, e.external_id`.execute(db);
  return rows;
}

/** What a look at a step's mark has shown beside what the step created; what it does not show any more is gone. */
export async function rewriteExtras(
  trx: UnitOfWork,
  stepId: number,
  externalIds: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.rewriteExtras')`
    WITH gone AS (
      UPDATE rollout_extras SET gone_at = ${now}
      WHERE rollout_step_id = ${stepId} AND gone_at IS NULL AND external_id <> ALL (${externalIds}::text[]))
    INSERT INTO rollout_extras (rollout_step_id, external_id, found_at)
    SELECT ${stepId}, external_id, ${now} FROM unnest(${externalIds}::text[]) AS e (external_id)
    ON CONFLICT (rollout_step_id, external_id) DO UPDATE SET gone_at = NULL WHERE rollout_extras.gone_at IS NOT NULL`.execute(
    trx,
  );
}

/** Rollouts that have created something, or changed, since an instant; the newest first, `limit` at most. */
export async function selectRecentRollouts(db: Queryable, since: Temporal.Instant, limit: number): Promise<number[]> {
  const { rows } = await statement<{ rolloutId: number }>('provisioning.selectRecentRollouts')`
    SELECT r.rollout_id AS "rolloutId" FROM rollouts r
    WHERE greatest(r.changed_at, (SELECT max(changed_at) FROM rollout_steps s WHERE s.rollout_id = r.rollout_id)) >= ${since}
    ORDER BY r.rollout_id DESC LIMIT ${limit}`.execute(db);
  return rows.map(({ rolloutId }) => rolloutId);
}

/** How much was asked of the provider for a rollout. */
export async function countRequests(
  db: Queryable,
  rolloutId: number,
): Promise<{ readonly requests: number; readonly writes: number }> {
  const { rows } = await statement<{ requests: number; writes: number }>('provisioning.countRequests')`
    SELECT count(*) AS requests, count(*) FILTER (WHERE method <> 'GET') AS writes
    FROM provisioning_requests WHERE rollout_id = ${rolloutId}`.execute(db);
  return rows[0] ?? { requests: 0, writes: 0 };
}

/** Whether a rollout goes on by itself: it waits for its turn or for the provider, not for a person. */
export async function isRollingOut(db: Queryable): Promise<boolean> {
  const { rows } = await statement<{ found: boolean }>('provisioning.isRollingOut')`
    SELECT EXISTS (SELECT FROM rollouts WHERE ended_at IS NULL AND state <> 'held') AS found`.execute(db);
  return rows[0]?.found === true;
}

/** How many rollouts there are that have not ended, by state, and how much is there more than once. */
export async function selectStanding(db: Queryable): Promise<{
  readonly states: readonly { readonly state: RolloutState; readonly rollouts: number }[];
  readonly extras: number;
}> {
  const { rows } = await statement<{ state: RolloutState; rollouts: number }>('provisioning.selectStanding')`
    SELECT state, count(*) AS rollouts FROM rollouts WHERE ended_at IS NULL GROUP BY state ORDER BY state`.execute(db);
  const { rows: counted } = await statement<{ extras: number }>('provisioning.selectStanding.extras')`
    SELECT count(*) AS extras FROM rollout_extras WHERE gone_at IS NULL`.execute(db);
  return { states: rows, extras: counted[0]?.extras ?? 0 };
}
