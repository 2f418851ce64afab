import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// How attempts of jobs went. Times are real, as all of the queue's.

/** How an attempt ended; `lost`: its worker fell silent or was over its time, and another may have taken over. */
export const attemptOutcomes = ['completed', 'failed', 'dead', 'cancelled', 'snoozed', 'handed_back', 'lost'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export interface AttemptRecord {
  readonly jobId: string;
  /** The queue's count of claims. */
  readonly claim: number;
  readonly attempt: number;
  readonly queue: string;
  readonly job: string;
  readonly worker: string | null;
  readonly startedAt: Temporal.Instant;
  /** null: it runs. */
  readonly endedAt: Temporal.Instant | null;
  readonly outcome: AttemptOutcome | null;
  readonly reason: string | null;
  /** What the handler last said; null: nothing. */
  readonly progress: string | null;
}

/** Keeps attempts as they stand. One whose end is kept already stays as it is. */
export async function writeAttempts(db: Queryable, records: readonly AttemptRecord[]): Promise<void> {
  if (records.length === 0) return;
  await statement('jobs.writeAttempts')`
    INSERT INTO job_attempts (job_id, claim, attempt, queue, job, worker, started_at, ended_at, outcome, reason, progress, progress_at)
    SELECT "jobId", claim, attempt, queue, job, worker, "startedAt", "endedAt", outcome, reason, progress,
           CASE WHEN progress IS NOT NULL THEN pgboss.job_now() END
    FROM json_to_recordset(${JSON.stringify(records)}::json) AS record (
      "jobId" uuid, claim int, attempt int, queue text, job text, worker text, "startedAt" timestamptz,
      "endedAt" timestamptz, outcome text, reason text, progress text)
    ON CONFLICT (job_id, claim) DO UPDATE SET
      worker = coalesce(excluded.worker, job_attempts.worker), attempt = excluded.attempt,
      ended_at = excluded.ended_at, outcome = excluded.outcome, reason = excluded.reason,
      progress = coalesce(excluded.progress, job_attempts.progress),
      progress_at = coalesce(excluded.progress_at, job_attempts.progress_at)
    WHERE job_attempts.ended_at IS NULL`.execute(db);
}

/** Ends attempts whose worker was silent or over its time, as lost, with the reason. */
export async function writeLostAttempts(
  db: Queryable,
  lost: readonly { readonly id: string; readonly retryCount: number; readonly reason: string }[],
): Promise<void> {
  if (lost.length === 0) return;
  await statement('jobs.writeLostAttempts')`
    INSERT INTO job_attempts (job_id, claim, attempt, queue, job, worker, started_at, ended_at, outcome, reason)
    SELECT j.id, record."retryCount", record."retryCount" + 1 - coalesce((j.data ->> 'unspent')::int, 0), j.name, j.data ->> 'job',
           NULL, coalesce(j.started_on, pgboss.job_now()), pgboss.job_now(), 'lost', record.reason
    FROM json_to_recordset(${JSON.stringify(lost)}::json) AS record (id uuid, "retryCount" int, reason text)
    JOIN pgboss.job j ON j.id = record.id
    ON CONFLICT (job_id, claim) DO UPDATE SET
      ended_at = excluded.ended_at, outcome = excluded.outcome, reason = excluded.reason
    WHERE job_attempts.ended_at IS NULL`.execute(db);
}

/** Tells who watches that these jobs have said how far they are. */
export async function publishProgress(db: Queryable, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await statement('jobs.publishProgress')`
    SELECT publish_event('job.progress', id) FROM unnest(${jobIds}::text[]) AS id`.execute(db);
}

export interface AttemptRow extends Omit<AttemptRecord, 'jobId' | 'queue' | 'job' | 'claim'> {
  readonly progressAt: Temporal.Instant | null;
}

/** The attempts of a job, the first first; of more than `limit` the last ones. */
export async function selectAttempts(db: Queryable, jobId: string, limit: number): Promise<AttemptRow[]> {
  const { rows } = await statement<AttemptRow>('jobs.selectAttempts')`
    SELECT attempt, worker, started_at AS "startedAt", ended_at AS "endedAt", outcome, reason, progress, progress_at AS "progressAt"
    FROM job_attempts WHERE job_id = ${jobId} ORDER BY claim DESC LIMIT ${limit}`.execute(db);
  return rows.toReversed();
}

interface ThroughputRow {
  readonly queue: string;
  /** 0 for the oldest minute. */
  readonly minute: number;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
}

/** What began and ended in each of the last whole `minutes` and the present one, of the queues in which anything did. */
export async function selectThroughput(
  db: Queryable,
  minutes: number,
): Promise<{ readonly asOf: Temporal.Instant; readonly rows: ThroughputRow[] }> {
  const { rows: clock } = await statement<{ asOf: Temporal.Instant; first: Temporal.Instant }>(
    'jobs.selectThroughput.first',
  )`
    SELECT pgboss.job_now() AS "asOf",
           date_trunc('minute', pgboss.job_now()) - (${minutes}::int - 1) * interval '1 minute' AS first`.execute(db);
  const { asOf, first } = clock[0]!;
  const { rows } = await statement<ThroughputRow>('jobs.selectThroughput')`
    SELECT queue, floor(extract(epoch FROM at - ${first}::timestamptz) / 60)::int AS minute,
           count(*) FILTER (WHERE what = 'started') AS started,
           count(*) FILTER (WHERE what = 'completed') AS completed,
           count(*) FILTER (WHERE what = 'failed') AS failed
    FROM (
      SELECT queue, started_at AS at, 'started' AS what FROM job_attempts
      WHERE (ended_at >= ${first} OR ended_at IS NULL) AND started_at >= ${first}
      UNION ALL
      SELECT queue, ended_at, CASE WHEN outcome = 'completed' THEN 'completed' ELSE 'failed' END FROM job_attempts
      WHERE ended_at >= ${first} AND outcome IN ('completed', 'failed', 'dead', 'lost')
    ) AS happened
    WHERE at < ${first}::timestamptz + ${minutes}::int * interval '1 minute'
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
  return { asOf, rows };
}
