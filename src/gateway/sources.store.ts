import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { EffectFamily } from './effect-types.ts';
import { isOpen } from './queues.store.ts';

/** How a source shows who it is. */
export type Dialect = 'standard' | 'bearer' | 'both';

/** Of the UTC day of an event, or of the next. */
type DayRule = 'same_day' | 'next_day';

/** What can be set of a source. */
export interface SourceLimits {
  readonly dialect: Dialect;
  /** External ids of the customers whose deployments its events may name; null: all. */
  readonly customers: string[] | null;
  readonly pastLimitHours: number;
  readonly futureLimitSeconds: number;
  /** Without watermarks usage is confirmed so much later; null: by an attestation only. */
  readonly graceHours: number | null;
  readonly maxEventsPerSecond: number;
  readonly maxNewSubjects: number;
  /** Families of events that may do something. */
  readonly effects: readonly EffectFamily[];
  /** Whom its payments may name as their provider beside itself. */
  readonly paymentProviders: readonly string[];
  /** When what an event does to a subscription begins. */
  readonly pausesOn: DayRule;
  readonly resumesOn: DayRule;
  readonly endsOn: DayRule;
  /** After so long without an event it is said to be silent; null: never. */
  readonly silentAfterHours: number | null;
  readonly paused: boolean;
  /** The broker's queue through which it may send beside HTTP, whoever writes into it; null: none. */
  readonly queue: string | null;
}

/** Who may send events. */
export interface Source extends SourceLimits {
  readonly accountId: number;
  readonly source: string;
  readonly name: string;
  readonly addedAt: Temporal.Instant;
  /** Nothing before it is metered. */
  readonly meteredFrom: Temporal.Instant;
  readonly disconnectedAt: Temporal.Instant | null;
  /** From when on none but owners were shown the secrets that hold; null: others know one. */
  readonly ownersAloneFrom: Temporal.Instant | null;
}

export async function selectSources(db: Queryable): Promise<Source[]> {
  const { rows } = await statement<Source>('gateway.selectSources')`
    SELECT s.account_id AS "accountId", a.slug AS source, a.name, a.connected_at AS "addedAt", a.metered_from AS "meteredFrom",
           a.disconnected_at AS "disconnectedAt", s.dialect, s.customers, s.past_limit_hours AS "pastLimitHours",
           s.future_limit_seconds AS "futureLimitSeconds", s.grace_hours AS "graceHours",
           s.max_events_per_second AS "maxEventsPerSecond", s.max_new_subjects AS "maxNewSubjects", s.effects, s.payment_providers AS "paymentProviders",
           s.pauses_on AS "pausesOn", s.resumes_on AS "resumesOn", s.ends_on AS "endsOn", s.silent_after_hours AS "silentAfterHours", s.paused, s.queue,
           s.owners_alone_from AS "ownersAloneFrom"
    FROM gateway_sources s JOIN inventory_accounts a USING (account_id) ORDER BY a.slug`.execute(db);
  return rows;
}

export async function insertSource(
  trx: UnitOfWork,
  accountId: number,
  limits: SourceLimits,
  ownersAloneFrom: Temporal.Instant | null,
): Promise<void> {
  await statement('gateway.insertSource')`
    INSERT INTO gateway_sources (account_id, dialect, customers, past_limit_hours, future_limit_seconds, grace_hours,
                                 max_events_per_second, max_new_subjects, effects, payment_providers, pauses_on, resumes_on, ends_on,
                                 silent_after_hours, paused, queue, owners_alone_from)
    VALUES (${accountId}, ${limits.dialect}, ${limits.customers}::text[], ${limits.pastLimitHours}, ${limits.futureLimitSeconds},
            ${limits.graceHours}::int, ${limits.maxEventsPerSecond}, ${limits.maxNewSubjects},
            ${[...limits.effects]}::text[], ${[...limits.paymentProviders]}::text[], ${limits.pausesOn}, ${limits.resumesOn}, ${limits.endsOn}, ${limits.silentAfterHours}::int, ${limits.paused},
            ${limits.queue}::text, ${ownersAloneFrom}::timestamptz)`.execute(trx);
  await statement('gateway.insertSource.insert_progress')`
    INSERT INTO gateway_progress (account_id, through_id) VALUES (${accountId}, 0)`.execute(trx);
}

export async function updateSource(trx: UnitOfWork, accountId: number, limits: SourceLimits): Promise<void> {
  await statement('gateway.updateSource')`
    UPDATE gateway_sources SET dialect = ${limits.dialect}, customers = ${limits.customers}::text[],
           past_limit_hours = ${limits.pastLimitHours}, future_limit_seconds = ${limits.futureLimitSeconds},
           grace_hours = ${limits.graceHours}::int, max_events_per_second = ${limits.maxEventsPerSecond},
           max_new_subjects = ${limits.maxNewSubjects}, effects = ${[...limits.effects]}::text[],
           payment_providers = ${[...limits.paymentProviders]}::text[], pauses_on = ${limits.pausesOn},
           resumes_on = ${limits.resumesOn}, ends_on = ${limits.endsOn}, silent_after_hours = ${limits.silentAfterHours}::int,
           paused = ${limits.paused}, queue = ${limits.queue}::text
    WHERE account_id = ${accountId}`.execute(trx);
}

export async function updateOwnersAlone(
  trx: UnitOfWork,
  accountId: number,
  from: Temporal.Instant | null,
): Promise<void> {
  await statement('gateway.updateOwnersAlone')`
    UPDATE gateway_sources SET owners_alone_from = ${from}::timestamptz WHERE account_id = ${accountId}`.execute(trx);
}

/** Of a source: what came, what of it waits, and how far its clock is off. */
interface SourceStatus {
  readonly accountId: number;
  /** When its last event came. */
  readonly lastReceivedAt: Temporal.Instant | null;
  /** Events that are not interpreted yet, the next one of which came then. */
  readonly backlog: number;
  readonly oldestAt: Temporal.Instant | null;
  /** Events, or meters of them, that count for nothing. */
  readonly dead: number;
  /** The median of received minus its time, over the last thousand events; null: none has a time. */
  readonly skewSeconds: number | null;
  /** Its newest watermark, and the newest that confirms. */
  readonly watermark: Temporal.Instant | null;
  readonly confirmedThrough: Temporal.Instant | null;
  /** Whether a server has its queue open, and when one last had; null: it has no queue, or none ever had. */
  readonly queueOpen: boolean | null;
  readonly queueOpenAt: Temporal.Instant | null;
  /** When and why a server last could not open its queue, or lost it. */
  readonly queueProblemAt: Temporal.Instant | null;
  readonly queueProblem: string | null;
  /** Messages of its queue that held no events, and of the last one when and why. */
  readonly rejected: number;
  readonly rejectedAt: Temporal.Instant | null;
  readonly rejectedReason: string | null;
}

const skewOver = 1_000;

/** Of each source, or of one. A backlog is counted up to `most`. */
export async function selectSourceStatus(
  db: Queryable,
  accountId: number | null,
  most: number,
): Promise<SourceStatus[]> {
  const { rows } = await statement<SourceStatus>('gateway.selectSourceStatus')`
    SELECT s.account_id AS "accountId", l.received_at AS "lastReceivedAt", b.backlog, o.received_at AS "oldestAt", d.dead,
           k.skew AS "skewSeconds", w.through AS watermark, y.started_at AS "confirmedThrough",
           CASE WHEN s.queue IS NOT NULL THEN ${isOpen} END AS "queueOpen", q.open_at AS "queueOpenAt",
           q.problem_at AS "queueProblemAt", q.problem AS "queueProblem", coalesce(q.rejected, 0) AS rejected,
           q.rejected_at AS "rejectedAt", q.rejected_reason AS "rejectedReason"
    FROM gateway_sources s JOIN gateway_progress p USING (account_id)
    LEFT JOIN LATERAL (SELECT received_at FROM gateway_events e WHERE e.account_id = s.account_id
                       ORDER BY gateway_event_id DESC LIMIT 1) AS l ON true
    CROSS JOIN LATERAL (SELECT count(*) AS backlog FROM (
      SELECT FROM gateway_events e WHERE e.account_id = s.account_id AND e.gateway_event_id > p.through_id LIMIT ${most}) AS waiting) AS b
    LEFT JOIN LATERAL (SELECT received_at FROM gateway_events e WHERE e.account_id = s.account_id AND e.gateway_event_id > p.through_id
                       ORDER BY gateway_event_id LIMIT 1) AS o ON true
    CROSS JOIN LATERAL (SELECT count(*) AS dead FROM gateway_outcomes x WHERE x.account_id = s.account_id AND x.outcome = 'dead') AS d
    CROSS JOIN LATERAL (
      SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM received_at - event_time)::float8))::numeric)::int AS skew
      FROM (SELECT received_at, event_time FROM gateway_events e WHERE e.account_id = s.account_id AND event_time IS NOT NULL
            ORDER BY gateway_event_id DESC LIMIT ${sql.lit(skewOver)}) AS newest) AS k
    CROSS JOIN LATERAL (SELECT max(through) AS through FROM gateway_watermarks x WHERE x.account_id = s.account_id) AS w
    LEFT JOIN inventory_complete_syncs y ON y.account_id = s.account_id AND y.kind = 'gateway'
    LEFT JOIN gateway_queues q ON q.account_id = s.account_id
    WHERE ${accountId}::int IS NULL OR s.account_id = ${accountId}
    ORDER BY s.account_id`.execute(db);
  return rows;
}
