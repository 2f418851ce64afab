import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { retractType, watermarkType } from './cloud-event.ts';

/** A source's word that it has sent everything before an instant. */
export interface Watermark {
  readonly eventId: number;
  readonly through: Temporal.Instant;
  /** How many events it has sent with a time in an hour, by the beginning of the hour. */
  readonly counts: Readonly<Record<string, string>>;
}

export async function insertWatermarks(
  trx: UnitOfWork,
  accountId: number,
  watermarks: readonly Watermark[],
): Promise<void> {
  for (const { eventId, through, counts } of watermarks) {
    await statement('gateway.insertWatermarks')`
      INSERT INTO gateway_watermarks (account_id, gateway_event_id, through, counts, applied_at)
      VALUES (${accountId}, ${eventId}, ${through}, ${JSON.stringify(counts)}::jsonb, NULL)
      ON CONFLICT DO NOTHING`.execute(trx);
  }
}

/** Whether a watermark `w` says something still: it was not retracted, corrected or dropped. */
const holds = sql`NOT EXISTS (
  SELECT FROM gateway_outcomes o WHERE o.account_id = w.account_id AND o.gateway_event_id = w.gateway_event_id
  AND o.outcome IN ('superseded', 'dropped'))`;

/** So many are looked at: those behind them wait for these. */
const openMax = 1_000;

/** Those that hold and have confirmed nothing yet, in their order. */
export async function selectOpenWatermarks(trx: UnitOfWork, accountId: number): Promise<Watermark[]> {
  const { rows } = await statement<Watermark>('gateway.selectOpenWatermarks')`
    SELECT gateway_event_id AS "eventId", through, counts FROM gateway_watermarks w
    WHERE account_id = ${accountId} AND applied_at IS NULL AND ${holds}
    ORDER BY through, gateway_event_id LIMIT ${openMax}`.execute(trx);
  return rows;
}

export async function updateApplied(
  trx: UnitOfWork,
  accountId: number,
  eventId: number,
  now: Temporal.Instant,
): Promise<void> {
  await statement('gateway.updateApplied')`
    UPDATE gateway_watermarks SET applied_at = ${now} WHERE account_id = ${accountId} AND gateway_event_id = ${eventId}`.execute(
    trx,
  );
}

/** Whether all that came of a source with a time before an instant is interpreted, and nothing of it is to be again. */
export async function isInterpreted(trx: UnitOfWork, accountId: number, through: Temporal.Instant): Promise<boolean> {
  const { rows } = await statement<{ interpreted: boolean }>('gateway.isInterpreted')`
    SELECT NOT EXISTS (SELECT FROM gateway_repeats r WHERE r.account_id = p.account_id)
       AND NOT EXISTS (SELECT FROM gateway_events e WHERE e.account_id = p.account_id AND e.gateway_event_id > p.through_id
                       AND e.event_time < ${through}) AS interpreted
    FROM gateway_progress p WHERE p.account_id = ${accountId}`.execute(trx);
  return rows[0]?.interpreted ?? false;
}

/** Hours of a watermark in which another number was interpreted than the source's newest word on the hour says it sent. */
export async function selectMiscounts(
  db: Queryable,
  accountId: number,
  watermark: Watermark,
): Promise<{ readonly hour: Temporal.Instant; readonly sent: number; readonly received: number }[]> {
  const hours = Object.keys(watermark.counts);
  const { rows } = await statement<{ hour: Temporal.Instant; sent: number; received: number }>(
    'gateway.selectMiscounts',
  )`
    SELECT hour, sent, received
    FROM unnest(${hours}::text[]) AS asked (name)
    CROSS JOIN LATERAL (
      SELECT name::timestamptz AS hour, (w.counts ->> name)::bigint AS sent FROM gateway_watermarks w
      WHERE w.account_id = ${accountId} AND w.counts ? name AND ${holds} ORDER BY w.gateway_event_id DESC LIMIT 1) AS said
    CROSS JOIN LATERAL (
      SELECT count(*) AS received FROM gateway_events e JOIN gateway_progress p USING (account_id)
      WHERE e.account_id = ${accountId} AND e.gateway_event_id <= p.through_id AND e.event_time >= hour AND e.event_time < hour + interval '1 hour'
        AND e.type NOT IN (${watermarkType}, ${retractType})) AS came
    WHERE sent <> received ORDER BY hour`.execute(db);
  return rows;
}

/** Sources that confirm by time alone: they have sent no watermark. */
export async function selectGracious(db: Queryable): Promise<
  {
    readonly accountId: number;
    readonly source: string;
    readonly graceHours: number;
    readonly meteredFrom: Temporal.Instant;
  }[]
> {
  const { rows } = await statement<{
    accountId: number;
    source: string;
    graceHours: number;
    meteredFrom: Temporal.Instant;
  }>('gateway.selectGracious')`
    SELECT account_id AS "accountId", a.slug AS source, s.grace_hours AS "graceHours", a.metered_from AS "meteredFrom"
    FROM gateway_sources s JOIN inventory_accounts a USING (account_id)
    WHERE s.grace_hours IS NOT NULL AND a.disconnected_at IS NULL
      AND NOT EXISTS (SELECT FROM gateway_watermarks w WHERE w.account_id = s.account_id)
    ORDER BY a.slug`.execute(db);
  return rows;
}
