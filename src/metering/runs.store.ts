import { sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import type { RunCause } from './store.ts';
import { statement } from '../platform/database/statement.ts';

/** One metering of one day that wrote something. */
export interface MeteringRun {
  /** Marks all that it wrote. */
  readonly revision: number;
  readonly day: Temporal.PlainDate;
  /** first: the day's first; changes: facts changed; config: a kind or its granularity did; verify: found by comparing everything. */
  readonly cause: RunCause;
  readonly startedAt: Temporal.Instant;
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
}

interface RunFilters {
  /** null: of all days. */
  readonly range: { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate } | null;
  /** Revisions beyond this one, and before that one; null: to the newest. */
  readonly after: number;
  readonly before: number | null;
}

/** Newest first. */
export async function selectRuns(
  db: Queryable,
  { range, after, before }: RunFilters,
  limit: number,
): Promise<MeteringRun[]> {
  const within = range === null ? sql`` : sql`AND day >= ${range.from} AND day < ${range.to}`;
  const { rows } = await statement<MeteringRun>('metering.selectRuns')`
    SELECT revision, day, cause, started_at AS "startedAt", inserted, changed, deleted
    FROM metering_runs WHERE revision > ${after} AND (${before}::bigint IS NULL OR revision < ${before}) ${within}
    ORDER BY revision DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** The run of a revision; null: no run has drawn it. */
export async function selectRun(db: Queryable, revision: number): Promise<MeteringRun | null> {
  const { rows } = await statement<MeteringRun>('metering.selectRun')`
    SELECT revision, day, cause, started_at AS "startedAt", inserted, changed, deleted
    FROM metering_runs WHERE revision = ${revision}`.execute(db);
  return rows[0] ?? null;
}
