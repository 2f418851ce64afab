import { sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { QueueControl } from './queues.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';

// Statements over pg-boss's job table that pg-boss itself has no call for, and over our own
// tables. pgboss.job_now() is the engine's own clock: leases, delays and history are real time,
// whatever the clock of the domain says.

/** What pg-boss keeps for us with a job. */
export interface JobData {
  readonly job: string;
  readonly arguments: Readonly<Record<string, string | number | boolean | null>>;
  /** W3C trace context of whoever enqueued it. */
  readonly trace?: Readonly<Record<string, string>>;
  /** How often it was snoozed or handed back: claims that are not attempts. */
  readonly unspent?: number;
  /** Of a snoozed job in a simulated database: the instant of its clock to wait for. */
  readonly notBefore?: string;
}

export interface AttemptKey {
  readonly id: string;
  readonly retryCount: number;
}

/**
 * Holds the lease until the transaction ends, and bounds its statements. No row: the lease is lost.
 * $1 queue, $2 id, $3 attempt, $4 milliseconds.
 */
export const fenceSql = `
  SELECT set_config('statement_timeout', $4, true) FROM pgboss.job
  WHERE name = $1 AND id = $2 AND state = 'active' AND retry_count = $3 FOR KEY SHARE`;

/**
 * Attempts whose worker is silent or over its time, locked. Those in the middle of a transaction
 * of their own hold their lease: they are passed over until it ends, which
 * idle_in_transaction_session_timeout sees to.
 */
export async function lockLostAttempts(
  trx: UnitOfWork,
  queues: readonly string[],
): Promise<(AttemptKey & { queue: string; job: string; silent: boolean })[]> {
  const { rows } = await statement<AttemptKey & { queue: string; job: string; silent: boolean }>(
    'jobs.lockLostAttempts',
  )`
    SELECT id, retry_count AS "retryCount", name AS queue, data ->> 'job' AS job,
           heartbeat_on + heartbeat_seconds * interval '1s' < pgboss.job_now() AS silent
    FROM pgboss.job
    WHERE name = ANY (${queues}::text[]) AND state = 'active'
      AND (heartbeat_on + heartbeat_seconds * interval '1s' < pgboss.job_now()
           OR started_on + expire_seconds * interval '1s' < pgboss.job_now())
    LIMIT 1000 FOR UPDATE SKIP LOCKED`.execute(trx);
  return rows;
}

/**
 * Puts an attempt back to run after `seconds` without having spent it: one more claim is allowed.
 * False: the lease is lost.
 */
export async function release(
  db: Queryable,
  queue: string,
  attempt: AttemptKey,
  seconds: number,
  reason: string,
  notBefore: Temporal.Instant | null,
): Promise<boolean> {
  const { numAffectedRows } = await statement('jobs.release')`
    UPDATE pgboss.job SET
      state = 'retry',
      start_after = pgboss.job_now() + ${seconds} * interval '1s',
      retry_limit = retry_limit + 1,
      heartbeat_on = NULL,
      output = jsonb_build_object('message', ${reason}::text),
      data = data || jsonb_build_object('unspent', coalesce((data ->> 'unspent')::int, 0) + 1, 'notBefore', ${notBefore?.toString() ?? null}::text)
    WHERE name = ${queue} AND id = ${attempt.id} AND state = 'active' AND retry_count = ${attempt.retryCount}`.execute(
    db,
  );
  return numAffectedRows === 1n;
}

/** Ends an attempt for good, with the reason. False: the lease is lost. */
export async function cancelAttempt(
  db: Queryable,
  queue: string,
  attempt: AttemptKey,
  reason: string,
): Promise<boolean> {
  const { numAffectedRows } = await statement('jobs.cancelAttempt')`
    UPDATE pgboss.job SET state = 'cancelled', completed_on = pgboss.job_now(), output = jsonb_build_object('message', ${reason}::text)
    WHERE name = ${queue} AND id = ${attempt.id} AND state = 'active' AND retry_count = ${attempt.retryCount}`.execute(
    db,
  );
  return numAffectedRows === 1n;
}

/** Serializes the claims of a queue that runs one job at a time, until the transaction ends. */
export async function lockClaims(trx: UnitOfWork, queue: string): Promise<void> {
  await statement(
    'jobs.lockClaims',
  )`SELECT pg_advisory_xact_lock(hashtextextended(${`arcadia jobs ${queue}`}, 0))`.execute(trx);
}

/** Promotes what waits for an instant of a simulated clock that has come. Returns the queues concerned. */
export async function promote(db: Queryable, now: Temporal.Instant): Promise<string[]> {
  const { rows } = await statement<{ queue: string }>('jobs.promote')`
    UPDATE pgboss.job SET start_after = pgboss.job_now()
    WHERE state = 'retry' AND start_after > pgboss.job_now() AND (data ->> 'notBefore')::timestamptz <= ${now}
    RETURNING name AS queue`.execute(db);
  return [...new Set(rows.map((row) => row.queue))];
}

/** In the operator's words. */
export const jobStates = ['waiting', 'scheduled', 'running', 'completed', 'cancelled', 'dead'] as const;
export type JobState = (typeof jobStates)[number];

export interface JobRow {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly arguments: Readonly<Record<string, string | number | boolean | null>>;
  readonly state: JobState;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly createdAt: Temporal.Instant;
  /** Not before; then the last start, then the end. */
  readonly runAfter: Temporal.Instant;
  readonly startedAt: Temporal.Instant | null;
  readonly endedAt: Temporal.Instant | null;
  /** Why it failed, waits again or was cancelled. */
  readonly reason: string | null;
}

export interface JobFilter {
  readonly ids?: readonly string[];
  readonly queue?: string;
  readonly job?: string;
  readonly states?: readonly JobState[];
  /** Arguments that the job's contain. */
  readonly arguments?: Readonly<Record<string, string | number | boolean | null>>;
  /** The beginning of its id, or a part of one of its arguments; without case. */
  readonly q?: string;
  /** Enqueued at this instant or later. */
  readonly from?: Temporal.Instant;
  /** Enqueued before this instant. */
  readonly to?: Temporal.Instant;
}

const stateOf = sql`CASE
  WHEN state IN ('created', 'retry') THEN CASE WHEN start_after > pgboss.job_now() THEN 'scheduled' ELSE 'waiting' END
  WHEN state = 'active' THEN 'running' WHEN state = 'failed' THEN 'dead' ELSE state::text END`;

function matching(filter: JobFilter) {
  const q = filter.q?.toLowerCase() ?? null;
  return sql`(${filter.ids ?? null}::uuid[] IS NULL OR id = ANY (${filter.ids ?? null}::uuid[]))
    AND (${filter.queue ?? null}::text IS NULL OR name = ${filter.queue ?? null})
    AND (${filter.job ?? null}::text IS NULL OR data ->> 'job' = ${filter.job ?? null})
    AND (${filter.states ?? null}::text[] IS NULL OR ${stateOf} = ANY (${filter.states ?? null}::text[]))
    AND (${filter.arguments === undefined ? null : JSON.stringify(filter.arguments)}::jsonb IS NULL
         OR data -> 'arguments' @> ${filter.arguments === undefined ? null : JSON.stringify(filter.arguments)}::jsonb)
    AND (${filter.from ?? null}::timestamptz IS NULL OR created_on >= ${filter.from ?? null}::timestamptz)
    AND (${filter.to ?? null}::timestamptz IS NULL OR created_on < ${filter.to ?? null}::timestamptz)
    AND (${q}::text IS NULL OR starts_with(id::text, ${q}) OR EXISTS (
         SELECT FROM jsonb_each_text(data -> 'arguments') AS argument WHERE strpos(lower(argument.value), ${q}) > 0))`;
}

/** Not ended, or dead: what an index of the queue's own holds, by these words. */
const live = sql`state IN ('created', 'retry', 'active', 'failed')`;
const liveStates: readonly JobState[] = ['waiting', 'scheduled', 'running', 'dead'];

/** Where a page of jobs ended. */
export interface JobPosition {
  readonly createdAt: Temporal.Instant;
  readonly id: string;
}

/** Newest first. From each queue as many as the page holds, by its own index: of a million jobs a page takes no sort. */
export async function readJobs(
  db: Queryable,
  filter: JobFilter,
  limit: number,
  after: JobPosition | null = null,
): Promise<JobRow[]> {
  const isLive = filter.states !== undefined && filter.states.every((state) => liveStates.includes(state));
  const { rows } = await statement<JobRow>('jobs.readJobs')`
    SELECT id, name AS queue, data ->> 'job' AS job, data -> 'arguments' AS arguments, ${stateOf} AS state,
           CASE WHEN started_on IS NULL THEN 0 ELSE retry_count + 1 - coalesce((data ->> 'unspent')::int, 0) END AS attempt,
           retry_limit + 1 - coalesce((data ->> 'unspent')::int, 0) AS "attemptsMax",
           created_on AS "createdAt", start_after AS "runAfter", started_on AS "startedAt", completed_on AS "endedAt",
           output ->> 'message' AS reason
    FROM (SELECT name AS queue_name FROM pgboss.queue) AS queues, LATERAL (
      SELECT * FROM pgboss.job WHERE name = queue_name AND ${isLive ? live : sql`true`} AND ${matching(filter)}
        AND (${after?.id ?? null}::uuid IS NULL OR (created_on, id) < (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))
      ORDER BY created_on DESC, id DESC LIMIT ${limit}) AS newest
    ORDER BY created_on DESC, id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** Of what is done or cancelled as many of each queue are counted, the newest. */
const countedMax = 5_000;

type EndedFilter = { readonly [Key in 'from' | 'to' | 'queue']?: JobFilter[Key] | null };

/** The newest of each queue that are done or cancelled, one more than are counted. */
function newestEnded({ from = null, to = null, queue = null }: EndedFilter = {}) {
  return sql`(SELECT name AS queue_name FROM pgboss.queue WHERE ${queue}::text IS NULL OR name = ${queue}) AS queues, LATERAL (
      SELECT id, name, state, data, created_on, start_after, row_number() OVER (ORDER BY created_on DESC) AS place
      FROM pgboss.job WHERE name = queue_name AND state IN ('completed', 'cancelled')
        AND (${from}::timestamptz IS NULL OR created_on >= ${from}::timestamptz)
        AND (${to}::timestamptz IS NULL OR created_on < ${to}::timestamptz)
      ORDER BY created_on DESC LIMIT ${countedMax + 1}) AS newest`;
}

export interface StateCounts {
  readonly states: readonly { readonly state: JobState; readonly jobs: number }[];
  /** Since when all that were done or cancelled are counted; null: all are, or none of them was asked for. */
  readonly countedSince: Temporal.Instant | null;
}

/** How many match, by state; of what is done or cancelled among the newest of each queue. */
export async function countByState(db: Queryable, filter: JobFilter): Promise<StateCounts> {
  const asksEnded = filter.states?.every((state) => liveStates.includes(state)) !== true;
  const { rows } = await statement<{ state: JobState | null; jobs: number; since: Temporal.Instant | null }>(
    'jobs.countByState',
  )`
    WITH ended AS MATERIALIZED (SELECT newest.* FROM ${newestEnded(filter)})
    SELECT ${stateOf} AS state, count(*) AS jobs, NULL::timestamptz AS since
    FROM pgboss.job WHERE ${live} AND ${matching(filter)} GROUP BY 1
    UNION ALL
    SELECT state::text, count(*), NULL FROM ended WHERE place <= ${countedMax} AND ${matching(filter)} GROUP BY 1
    UNION ALL
    SELECT NULL, 0, max(created_on) FROM ended WHERE place = ${countedMax + 1} AND ${asksEnded}`.execute(db);
  return {
    states: rows.flatMap(({ state, jobs }) => (state === null ? [] : [{ state, jobs }])),
    countedSince: rows.find(({ state }) => state === null)?.since ?? null,
  };
}

export interface JobCounts {
  readonly job: string;
  readonly queue: string;
  readonly waiting: number;
  readonly scheduled: number;
  readonly running: number;
  readonly cancelled: number;
  readonly dead: number;
}

/** What is kept of each job, but for what was done; of what was cancelled, among the newest of each queue. */
export async function countByJob(db: Queryable): Promise<JobCounts[]> {
  const { rows } = await statement<JobCounts>('jobs.countByJob')`
    SELECT data ->> 'job' AS job, name AS queue,
           count(*) FILTER (WHERE state < 'active' AND start_after <= pgboss.job_now()) AS waiting,
           count(*) FILTER (WHERE state < 'active' AND start_after > pgboss.job_now()) AS scheduled,
           count(*) FILTER (WHERE state = 'active') AS running,
           count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE state = 'failed') AS dead
    FROM (
      SELECT name, state, data, start_after FROM pgboss.job WHERE ${live}
      UNION ALL
      SELECT name, state, data, start_after FROM ${newestEnded()} WHERE state = 'cancelled') AS kept
    GROUP BY 1, 2 ORDER BY 1`.execute(db);
  return rows;
}

/** What a decision of a person can still be about: jobs that have not ended, or that may run again. */
const decidable = {
  cancel: sql`state <= 'active'`,
  retry: sql`state IN ('failed', 'cancelled')`,
};

/**
 * The oldest jobs that match and that the decision can be about, locked for a change of state,
 * which need not wait for a running attempt's transaction.
 */
export async function lockJobs(
  trx: UnitOfWork,
  decision: keyof typeof decidable,
  filter: JobFilter,
  limit: number,
): Promise<{ id: string; queue: string; state: JobState }[]> {
  const { rows } = await statement<{ id: string; queue: string; state: JobState }>('jobs.lockJobs')`
    SELECT id, name AS queue, ${stateOf} AS state
    FROM pgboss.job WHERE ${decidable[decision]} AND ${matching(filter)}
    ORDER BY created_on, id LIMIT ${limit} FOR NO KEY UPDATE`.execute(trx);
  return rows;
}

/** A person's cancel: at once, whatever the job is doing. */
export async function cancelJobs(trx: UnitOfWork, ids: readonly string[], reason: string): Promise<void> {
  await statement('jobs.cancelJobs')`
    UPDATE pgboss.job SET state = 'cancelled', completed_on = pgboss.job_now(), output = jsonb_build_object('message', ${reason}::text)
    WHERE id = ANY (${ids}::uuid[]) AND state < 'completed'`.execute(trx);
}

/**
 * Lets dead and cancelled jobs run again, with all their attempts. Where the same job waits or runs already, that one
 * will do, and these stay as they are; of several of these that are the same, the oldest runs. Returns those that will,
 * with their queues. retry_count is never set back: it is what tells a stale worker's attempt from the next one.
 */
export async function reviveJobs(trx: UnitOfWork, ids: readonly string[]): Promise<{ id: string; queue: string }[]> {
  const { rows } = await statement<{ id: string; queue: string }>('jobs.reviveJobs')`
    UPDATE pgboss.job SET
      state = 'retry', completed_on = NULL, start_after = pgboss.job_now(),
      retry_limit = CASE WHEN started_on IS NULL THEN retry_limit ELSE retry_count + retry_limit + 1 - coalesce((data ->> 'unspent')::int, 0) END,
      data = data - 'notBefore' || jsonb_build_object('unspent', CASE WHEN started_on IS NULL THEN 0 ELSE retry_count + 1 END)
    WHERE id IN (
      SELECT DISTINCT ON (j.name, coalesce(j.singleton_key, j.id::text)) j.id FROM pgboss.job j
      WHERE j.id = ANY (${ids}::uuid[]) AND j.state IN ('failed', 'cancelled') AND NOT EXISTS (
        SELECT FROM pgboss.job other
        WHERE other.name = j.name AND other.singleton_key = j.singleton_key AND other.id <> j.id AND other.state <= 'active')
      ORDER BY j.name, coalesce(j.singleton_key, j.id::text), j.created_on, j.id)
    RETURNING id, name AS queue`.execute(trx);
  return rows;
}

/**
 * Settles dead jobs of which the same, by name and arguments, was done later or died later: of what has to be brought up
 * to date, the last word is the latest job's. Returns how many.
 */
export async function settleDeadTwins(db: Queryable): Promise<number> {
  const { numAffectedRows } = await statement('jobs.settleDeadTwins')`
    WITH twins AS (
      SELECT DISTINCT ON (dead.id) dead.id, later.id AS later_id, later.state AS later_state
      FROM pgboss.job dead JOIN pgboss.job later
        ON later.name = dead.name AND later.singleton_key = dead.singleton_key AND later.completed_on > dead.completed_on
       AND later.state IN ('completed', 'failed')
      WHERE dead.state = 'failed'
      ORDER BY dead.id, later.completed_on DESC
    )
    UPDATE pgboss.job j SET state = 'cancelled', output = jsonb_build_object('message',
      'the same job ' || CASE twins.later_state WHEN 'completed' THEN 'was done' ELSE 'died' END || ' later: ' || twins.later_id)
    FROM twins WHERE j.id = twins.id AND j.state = 'failed'`.execute(db);
  return Number(numAffectedRows);
}

/** Runs a waiting job now instead of later. The id of the one that has this key, if it waits or runs. */
export async function runNow(trx: UnitOfWork, queue: string, key: string): Promise<string | null> {
  const { rows } = await statement<{ id: string }>('jobs.runNow')`
    UPDATE pgboss.job SET start_after = least(start_after, pgboss.job_now())
    WHERE name = ${queue} AND singleton_key = ${key} AND state <= 'active' RETURNING id`.execute(trx);
  return rows[0]?.id ?? null;
}

export interface QueueCounts {
  readonly queue: string;
  readonly waiting: number;
  readonly scheduled: number;
  readonly running: number;
  readonly dead: number;
  /** How long the oldest of those that could run has waited. */
  readonly lagSeconds: number;
}

/** Has pg-boss made its schema? It does when a worker or a command first opens it. */
export async function isInstalled(db: Queryable): Promise<boolean> {
  const { rows } = await statement<{ there: boolean }>(
    'jobs.isInstalled',
  )`SELECT to_regclass('pgboss.job') IS NOT NULL AS there`.execute(db);
  return rows[0]?.there ?? false;
}

export async function countJobs(db: Queryable): Promise<QueueCounts[]> {
  const { rows } = await preparedStatement<QueueCounts>('jobs.countJobs')`
    SELECT name AS queue,
           count(*) FILTER (WHERE state < 'active' AND start_after <= pgboss.job_now()) AS waiting,
           count(*) FILTER (WHERE state < 'active' AND start_after > pgboss.job_now()) AS scheduled,
           count(*) FILTER (WHERE state = 'active') AS running,
           count(*) FILTER (WHERE state = 'failed') AS dead,
           coalesce(extract(epoch FROM pgboss.job_now() - min(greatest(created_on, start_after))
             FILTER (WHERE state < 'active' AND start_after <= pgboss.job_now())), 0)::float8 AS "lagSeconds"
    FROM pgboss.job WHERE ${live} GROUP BY name`.execute(db);
  return rows;
}

/** Deletes up to `batch` jobs that ended long ago: dead ones are kept longer, for somebody to look at. */
export async function deleteEnded(db: Queryable, endedDays: number, deadDays: number, batch: number): Promise<number> {
  const { rows } = await statement('jobs.deleteEnded')`
    WITH gone AS (
      DELETE FROM pgboss.job WHERE id IN (
        SELECT id FROM pgboss.job
        WHERE completed_on < pgboss.job_now() - CASE WHEN state = 'failed' THEN ${deadDays}::int ELSE ${endedDays}::int END * interval '1 day'
        LIMIT ${batch})
      RETURNING id
    ), attempts AS (
      DELETE FROM job_attempts WHERE job_id IN (SELECT id FROM gone)
    )
    SELECT FROM gone`.execute(db);
  return rows.length;
}

export interface ControlRow extends QueueControl {
  readonly queue: string;
  readonly worker: string;
}

/** Decisions for all workers ('*') and, where named, for one. */
export async function readControls(db: Queryable, worker: string | null): Promise<ControlRow[]> {
  const { rows } = await preparedStatement<ControlRow>('jobs.readControls')`
    SELECT queue, worker, paused, job_limit AS limit FROM queue_controls
    WHERE worker = '*' OR worker = ${worker} OR ${worker}::text IS NULL ORDER BY queue, worker`.execute(db);
  return rows;
}

/** Records a decision; null leaves that part as it is. One for all workers overrules earlier ones for one. */
export async function writeControl(
  trx: UnitOfWork,
  control: { queue: string; worker: string; paused: boolean | null; limit: number | null },
  changedAt: Temporal.Instant,
): Promise<void> {
  const { queue, worker, paused, limit } = control;
  await statement('jobs.writeControl.insert_queue_controls')`
    INSERT INTO queue_controls (queue, worker, paused, job_limit, changed_at) VALUES (${queue}, ${worker}, ${paused}, ${limit}, ${changedAt})
    ON CONFLICT (queue, worker) DO UPDATE SET
      paused = coalesce(excluded.paused, queue_controls.paused),
      job_limit = coalesce(excluded.job_limit, queue_controls.job_limit),
      changed_at = excluded.changed_at`.execute(trx);
  if (worker !== '*') return;
  await statement('jobs.writeControl.update_queue_controls')`
    UPDATE queue_controls SET
      paused = CASE WHEN ${paused}::boolean IS NULL THEN paused END,
      job_limit = CASE WHEN ${limit}::int IS NULL THEN job_limit END
    WHERE queue = ${queue} AND worker <> '*'`.execute(trx);
}

export interface Tick {
  readonly name: string;
  /** As the worker that started last has it; null: it leaves the entry out. */
  readonly cron: string | null;
  readonly tickedAt: Temporal.Instant;
  readonly lastRunAt: Temporal.Instant | null;
}

export async function readTicks(db: Queryable): Promise<Map<string, Tick>> {
  const { rows } = await statement<Tick>('jobs.readTicks')`
    SELECT name, cron, ticked_at AS "tickedAt", last_run_at AS "lastRunAt" FROM schedule_ticks`.execute(db);
  return new Map(rows.map((row) => [row.name, row]));
}

/** Keeps the schedule that a worker starts with, for whoever asks; the occurrences of a new entry count from here on. */
export async function writeSchedule(
  db: Queryable,
  entries: readonly { readonly name: string; readonly cron: string | null }[],
  now: Temporal.Instant,
): Promise<void> {
  await statement('jobs.writeSchedule')`
    INSERT INTO schedule_ticks (name, cron, ticked_at)
    SELECT name, cron, ${now} FROM json_to_recordset(${JSON.stringify(entries)}::json) AS entry (name text, cron text)
    ON CONFLICT (name) DO UPDATE SET cron = excluded.cron WHERE schedule_ticks.cron IS DISTINCT FROM excluded.cron`.execute(
    db,
  );
}

/** Moves the tick, unless another process has just done so. True: this process is the one to enqueue. */
export async function moveTick(
  trx: UnitOfWork,
  name: string,
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('jobs.moveTick')`
    UPDATE schedule_ticks SET ticked_at = ${to}, last_run_at = ${to} WHERE name = ${name} AND ticked_at = ${from}`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

/** Records what a person decided about jobs: the audit log tells who and from where. */
export async function insertDecision(
  trx: UnitOfWork,
  decision: {
    readonly decision: 'run' | 'retry' | 'cancel';
    readonly filter: JobFilter;
    readonly jobs: number;
    readonly reason: string | null;
  },
  decidedAt: Temporal.Instant,
): Promise<void> {
  await statement('jobs.insertDecision')`
    INSERT INTO job_decisions (decision, filter, jobs, reason, decided_at)
    VALUES (${decision.decision}, ${JSON.stringify(decision.filter)}, ${decision.jobs}, ${decision.reason}, ${decidedAt})`.execute(
    trx,
  );
}

/** Wakes the workers of queues, and tells who watches them, once the transaction commits. */
export async function publishWork(trx: UnitOfWork, queues: readonly string[]): Promise<void> {
  await statement('jobs.publishWork')`
    SELECT pg_notify('arcadia_jobs', json_build_object('wake', queue)::text), publish_event('job.changed', queue)
    FROM unnest(${queues}::text[]) AS queue`.execute(trx);
}

/** Tells who watches that jobs of these queues have started or ended. */
export async function publishChanges(db: Queryable, queues: readonly string[]): Promise<void> {
  await statement(
    'jobs.publishChanges',
  )`SELECT publish_event('job.changed', queue) FROM unnest(${queues}::text[]) AS queue`.execute(db);
}

/** Tells every worker, once the transaction commits. */
export async function notify(trx: Queryable, message: object): Promise<void> {
  await statement('jobs.notify')`SELECT pg_notify('arcadia_jobs', ${JSON.stringify(message)})`.execute(trx);
}

/** Does this database's clock stand for simulated accounts? */
export async function isSimulated(db: Queryable): Promise<boolean> {
  const { rows } = await statement('jobs.isSimulated')`SELECT FROM simulated_clock`.execute(db);
  return rows.length > 0;
}

/** Runs the statements that make the queue's own tables. */
export async function makeQueueTables(trx: UnitOfWork, statements: string): Promise<void> {
  await statement('jobs.makeQueueTables')`${sql.raw(statements)}`.execute(trx);
}

/** The version of the queue's own tables; null: there are none yet. */
export async function selectQueueVersion(db: Queryable): Promise<number | null> {
  const { rows: tables } = await statement<{ there: boolean }>('jobs.selectQueueVersion.select_to_regclass')`
    SELECT to_regclass('pgboss.version') IS NOT NULL AS there`.execute(db);
  if (tables[0]?.there !== true) return null;
  const { rows } = await statement<{ version: number }>('jobs.selectQueueVersion')`
    SELECT version::int AS version FROM pgboss.version`.execute(db);
  return rows[0]?.version ?? null;
}
