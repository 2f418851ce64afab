import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** What became of an event. It counts where at least one meter counts it. */
export type EventState = 'waiting' | 'counted' | 'no_meter' | 'applied' | 'superseded' | 'dead' | 'dropped';

/** Of the event `e` of a source whose progress is `p`. */
const stateOf: RawBuilder<unknown> = sql`
  CASE WHEN e.gateway_event_id > p.through_id THEN 'waiting'
       WHEN EXISTS (SELECT FROM gateway_usage u WHERE u.account_id = e.account_id AND u.gateway_event_id = e.gateway_event_id) THEN 'counted'
       ELSE coalesce((SELECT o.outcome FROM gateway_outcomes o WHERE o.account_id = e.account_id
                      AND o.gateway_event_id = e.gateway_event_id ORDER BY o.outcome LIMIT 1), 'waiting') END`;

export interface EventRow {
  readonly number: number;
  readonly source: string;
  readonly receivedAt: Temporal.Instant;
  /** null: it has none that can be read. */
  readonly time: Temporal.Instant | null;
  readonly origin: string;
  readonly eventId: string;
  readonly type: string;
  readonly subject: string | null;
  readonly state: EventState;
  /** Why it is dead, or a meter cannot count it; null: nothing is wrong. */
  readonly reason: string | null;
}

const eventColumns = sql`
  e.gateway_event_id AS number, a.slug AS source, e.received_at AS "receivedAt", e.event_time AS time, e.origin, e.event_id AS "eventId",
  e.type, e.subject, ${stateOf} AS state,
  (SELECT min(o.reason) FROM gateway_outcomes o WHERE o.account_id = e.account_id AND o.gateway_event_id = e.gateway_event_id
   AND o.outcome = 'dead') AS reason`;
const eventsFrom = sql`
  gateway_events e JOIN gateway_progress p USING (account_id) JOIN inventory_accounts a USING (account_id)`;

export interface EventFilters {
  readonly accountIds: readonly number[];
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
}

/** Before a number, the newest first. */
export async function selectEvents(
  db: Queryable,
  { accountIds, type, subject }: EventFilters,
  before: number | null,
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await statement<EventRow>('gateway.selectEvents')`
    SELECT ${eventColumns} FROM ${eventsFrom}
    WHERE e.account_id = ANY (${[...accountIds]}::int[]) AND (${before}::bigint IS NULL OR e.gateway_event_id < ${before})
      AND (${type ?? null}::text IS NULL OR e.type = ${type ?? null})
      AND (${subject ?? null}::text IS NULL OR e.subject = ${subject ?? null})
    ORDER BY e.gateway_event_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface EventDetails extends EventRow {
  readonly accountId: number;
  /** JSON, as text: its numbers are exact. */
  readonly attributes: string | null;
  readonly data: string | null;
  /** What is no sound event, as it was sent. */
  readonly raw: string | null;
}

export async function selectEvent(
  db: Queryable,
  accountIds: readonly number[],
  number: number,
): Promise<EventDetails | null> {
  const { rows } = await statement<EventDetails>('gateway.selectEvent')`
    SELECT ${eventColumns}, e.account_id AS "accountId", e.attributes::text AS attributes, e.data::text AS data, e.raw
    FROM ${eventsFrom}
    WHERE e.account_id = ANY (${[...accountIds]}::int[]) AND e.gateway_event_id = ${number}`.execute(db);
  return rows[0] ?? null;
}

/** What an event counts as. */
export interface EventUsage {
  readonly meter: string;
  readonly resourceId: number;
  readonly at: Temporal.Instant;
  readonly value: string;
  readonly key: string | null;
}

export async function selectEventUsage(
  db: Queryable,
  { accountId, number }: Pick<EventDetails, 'accountId' | 'number'>,
): Promise<EventUsage[]> {
  const { rows } = await statement<EventUsage>('gateway.selectEventUsage')`
    SELECT m.slug AS meter, u.resource_id AS "resourceId", u.at, trim_scale(u.value)::text AS value, u.unique_key AS key
    FROM gateway_usage u JOIN gateway_meters m USING (meter_id)
    WHERE u.account_id = ${accountId} AND u.gateway_event_id = ${number} ORDER BY 1`.execute(db);
  return rows;
}

export interface DeadLetter {
  readonly number: number;
  readonly source: string;
  readonly receivedAt: Temporal.Instant;
  readonly time: Temporal.Instant | null;
  readonly eventId: string;
  readonly type: string;
  readonly subject: string | null;
  /** The meter that cannot count it; null: none can. */
  readonly meter: string | null;
  readonly reason: string;
}

/** Before a place, the newest first. */
export async function selectDeadLetters(
  db: Queryable,
  { accountIds, reason }: { readonly accountIds: readonly number[]; readonly reason?: string | undefined },
  before: { readonly number: number; readonly meter: string } | null,
  limit: number,
): Promise<DeadLetter[]> {
  const { rows } = await statement<DeadLetter>('gateway.selectDeadLetters')`
    SELECT e.gateway_event_id AS number, a.slug AS source, e.received_at AS "receivedAt", e.event_time AS time, e.event_id AS "eventId",
           e.type, e.subject, m.slug AS meter, o.reason
    FROM gateway_outcomes o JOIN gateway_events e USING (account_id, gateway_event_id)
    JOIN inventory_accounts a USING (account_id) LEFT JOIN gateway_meters m USING (meter_id)
    WHERE o.outcome = 'dead' AND o.account_id = ANY (${[...accountIds]}::int[])
      AND (${reason ?? null}::text IS NULL OR o.reason = ${reason ?? null})
      AND (${before?.number ?? null}::bigint IS NULL
           OR (o.gateway_event_id, coalesce(m.slug, '')) < (${before?.number ?? null}::bigint, ${before?.meter ?? null}::text))
    ORDER BY o.gateway_event_id DESC, coalesce(m.slug, '') DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface Decision {
  readonly decision: 'replay' | 'drop';
  /** Only dead letters of this reason. */
  readonly reason: string;
  /** Only these events. */
  readonly numbers: readonly number[] | null;
  /** What is added to their time, in microseconds: of a clock that was two hours ahead -7,200,000,000. */
  readonly shiftUs: number;
  readonly why: string;
}

/** Decides about dead letters; what another meter counts is dropped of none. Returns their numbers. */
export async function upsertDecisions(
  trx: UnitOfWork,
  accountId: number,
  { decision, reason, numbers, shiftUs, why }: Decision,
  by: string,
  now: Temporal.Instant,
): Promise<number[]> {
  const { rows } = await statement<{ number: number }>('gateway.upsertDecisions')`
    INSERT INTO gateway_decisions (account_id, gateway_event_id, decision, shift, reason, recorded_at, recorded_by)
    SELECT DISTINCT account_id, gateway_event_id, ${decision}::text, ${shiftUs}::bigint * interval '1 microsecond', ${why}::text,
           ${now}::timestamptz, ${by}::text
    FROM gateway_outcomes o
    WHERE account_id = ${accountId} AND outcome = 'dead' AND reason = ${reason}
      AND NOT (${decision === 'drop'}::boolean AND EXISTS (
        SELECT FROM gateway_usage u WHERE u.account_id = o.account_id AND u.gateway_event_id = o.gateway_event_id))
      AND (${numbers === null}::boolean OR gateway_event_id = ANY (${[...(numbers ?? [])]}::bigint[]))
    ON CONFLICT (account_id, gateway_event_id) DO UPDATE SET
      decision = excluded.decision, shift = excluded.shift, reason = excluded.reason, recorded_at = excluded.recorded_at,
      recorded_by = excluded.recorded_by
    RETURNING gateway_event_id AS number`.execute(trx);
  return rows.map(({ number }) => number).sort((a, b) => a - b);
}

/** What events retract or correct of what is interpreted: by their numbers. */
export async function selectRetracted(
  trx: UnitOfWork,
  accountId: number,
  by: readonly number[],
  interpretedThrough: number,
): Promise<number[]> {
  const { rows } = await statement<{ number: number }>('gateway.selectRetracted')`
    SELECT e.gateway_event_id AS number FROM gateway_retractions r JOIN gateway_events e USING (account_id, origin, event_id)
    WHERE r.account_id = ${accountId} AND r.retracted_by = ANY (${[...by]}::bigint[]) AND e.gateway_event_id <= ${interpretedThrough}`.execute(
    trx,
  );
  return rows.map(({ number }) => number);
}

/** How many events of a source came with a time in a range, by what became of them. */
export async function selectStates(
  db: Queryable,
  accountId: number,
  range: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<{ readonly state: EventState; readonly events: number }[]> {
  const { rows } = await statement<{ state: EventState; events: number }>('gateway.selectStates')`
    SELECT ${stateOf} AS state, count(*) AS events
    FROM gateway_events e JOIN gateway_progress p USING (account_id)
    WHERE e.account_id = ${accountId} AND coalesce(e.event_time, e.received_at) >= ${range.from}
      AND coalesce(e.event_time, e.received_at) < ${range.to}
    GROUP BY 1 ORDER BY 1`.execute(db);
  return rows;
}

/** What events of a source count as in a range, by meter; not in units yet. */
export interface RangeSum {
  readonly meter: string;
  readonly events: number;
  /** Of the values: their sum, of a max and a gauge the greatest, of unique the distinct keys. */
  readonly value: string;
}

export async function selectRangeSums(
  db: Queryable,
  accountId: number,
  range: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<RangeSum[]> {
  const { rows } = await statement<RangeSum>('gateway.selectRangeSums')`
    SELECT m.slug AS meter, count(*) AS events,
           trim_scale(CASE m.aggregation WHEN 'unique' THEN count(DISTINCT u.unique_key)::numeric
                      WHEN 'max' THEN max(u.value) WHEN 'gauge' THEN max(u.value) ELSE sum(u.value) END)::text AS value
    FROM gateway_usage u JOIN gateway_meters m USING (meter_id)
    WHERE u.account_id = ${accountId} AND u.at >= ${range.from} AND u.at < ${range.to}
    GROUP BY m.meter_id, m.slug, m.aggregation ORDER BY 1`.execute(db);
  return rows;
}

export async function countConflicts(db: Queryable, accountId: number): Promise<number> {
  const { rows } = await statement<{ conflicts: number }>('gateway.countConflicts')`
    SELECT count(*) AS conflicts FROM gateway_conflicts WHERE account_id = ${accountId}`.execute(db);
  return rows[0]?.conflicts ?? 0;
}

export interface SubjectRow {
  readonly resourceId: number;
  readonly source: string;
  readonly subject: string;
  /** When its first event was interpreted. */
  readonly knownSince: Temporal.Instant;
  /** Deployments that own it now; empty: nobody. */
  readonly owners: string[];
}

/** Deployments that own, or owned, something that events of a source are about, by name. */
export async function selectSubjectOwners(db: Queryable, accountId: number): Promise<string[]> {
  const { rows } = await statement<{ slug: string }>('gateway.selectSubjectOwners')`
    SELECT DISTINCT l.slug::text AS slug
    FROM inventory_resources r JOIN deployments_attributions t USING (resource_id) JOIN deployments_owners o USING (owner_set_id)
    JOIN deployments_list l USING (deployment_id)
    WHERE r.kind = 'gateway' AND r.account_id = ${accountId} AND l.slug <> 'unattributed' ORDER BY 1`.execute(db);
  return rows.map(({ slug }) => slug);
}

/** Behind a resource, in their order; `unowned`: only those that nobody owns now. */
export async function selectSubjects(
  db: Queryable,
  {
    accountIds,
    unowned,
    q,
  }: { readonly accountIds: readonly number[]; readonly unowned: boolean; readonly q: string | null },
  { after, now, limit }: { readonly after: number; readonly now: Temporal.Instant; readonly limit: number },
): Promise<SubjectRow[]> {
  const { rows } = await statement<SubjectRow>('gateway.selectSubjects')`
    SELECT r.resource_id AS "resourceId", a.slug AS source, r.external_id AS subject, s.recorded_at AS "knownSince", w.owners
    FROM inventory_resources r JOIN inventory_accounts a USING (account_id) JOIN inventory_states s USING (resource_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(l.slug::text ORDER BY l.slug) FILTER (WHERE l.slug <> 'unattributed'), '{}') AS owners
      FROM deployments_attributions t JOIN deployments_owners o USING (owner_set_id) JOIN deployments_list l USING (deployment_id)
      WHERE t.resource_id = r.resource_id AND t.valid_from <= ${now} AND t.valid_to > ${now}) AS w
    WHERE r.kind = 'gateway' AND r.account_id = ANY (${[...accountIds]}::int[]) AND r.resource_id > ${after}
      AND (NOT ${unowned}::boolean OR w.owners = '{}')
      AND (${q}::text IS NULL OR strpos(lower(r.external_id), lower(${q}::text)) > 0)
    ORDER BY r.resource_id LIMIT ${limit}`.execute(db);
  return rows;
}
