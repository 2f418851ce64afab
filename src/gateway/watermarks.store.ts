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

/** Those that have confirmed nothing yet, in their order. */
export async function selectOpenWatermarks(trx: UnitOfWork, accountId: number): Promise<Watermark[]> {
  const { rows } = await statement<Watermark>('gateway.selectOpenWatermarks')`
    SELECT gateway_event_id AS "eventId", through, counts FROM gateway_watermarks
    WHERE account_id = ${accountId} AND applied_at IS NULL ORDER BY through, gateway_event_id`.execute(trx);
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

/** Hours of which a source has said how many events it sent, and of which another number came. */
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
    FROM unnest(${hours}::timestamptz[], ${hours.map((hour) => watermark.counts[hour])}::bigint[]) AS said (hour, sent)
    CROSS JOIN LATERAL (
      SELECT count(*) AS received FROM gateway_events e
      WHERE e.account_id = ${accountId} AND e.event_time >= hour AND e.event_time < hour + interval '1 hour'
        AND e.type NOT IN (${watermarkType}, ${retractType})) AS came
    WHERE sent <> received ORDER BY hour`.execute(db);
  return rows;
}

/** Sources that confirm by time alone: they have sent no watermark, and no more came for so many hours. */
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
