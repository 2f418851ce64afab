import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// Insights, day by day, in revisions.

/** The newest day of which Insights are stored; null: none. */
export async function selectNewestInsightDay(
  db: Queryable,
  payerId: number,
  urn: string,
): Promise<Temporal.PlainDate | null> {
  const { rows } = await statement<{ day: Temporal.PlainDate | null }>('providerBilling.selectNewestInsightDay')`
    SELECT max(day) AS day FROM provider_insight_days WHERE payer_id = ${payerId} AND urn = ${urn}`.execute(db);
  return rows[0]?.day ?? null;
}

interface InsightDays {
  readonly payerId: number;
  readonly urn: string;
  /** Both included. */
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  /** All rows of these days, as jsonb_to_recordset reads them (`InsightRow`). */
  readonly rows: string;
}

/**
 * Keeps days that are new, and a new revision of those that read otherwise than before; the order of rows says nothing.
 * A day without rows is kept as well: it was read. Says how many days were written.
 */
export async function writeInsightDays(
  trx: UnitOfWork,
  { payerId, urn, from, to, rows: told }: InsightDays,
  now: Temporal.Instant,
): Promise<number> {
  await statement('providerBilling.writeInsightDays.lock')`
    SELECT pg_advisory_xact_lock(hashtextextended('provider_insights', ${payerId}::bigint))`.execute(trx);
  const { rows } = await statement<{ days: number }>('providerBilling.writeInsightDays')`
    WITH told AS (
      SELECT t.*, ROW(team_urn, sku, region, description, group_description, trim_scale(amount))::text AS content
      FROM jsonb_to_recordset(${told}::jsonb) AS t (day date, team_urn text, sku text, region text, description text,
                                                    group_description text, amount numeric)
    ), ordered AS (
      SELECT *, row_number() OVER (PARTITION BY day ORDER BY team_urn COLLATE "C", sku COLLATE "C", region COLLATE "C",
                                   group_description COLLATE "C", description COLLATE "C", amount) AS ordinal
      FROM told
    ), days AS (
      SELECT d.day::date AS day, count(o.day) AS rows, coalesce(sum(o.amount), 0) AS amount,
             md5(coalesce(string_agg(md5(o.content), '' ORDER BY md5(o.content) COLLATE "C"), '')) AS digest
      FROM generate_series(${from}::date::timestamp, ${to}::date::timestamp, interval '1 day') AS d (day)
      LEFT JOIN ordered o ON o.day = d.day::date GROUP BY d.day
    ), changed AS (
      SELECT d.*, coalesce((SELECT max(revision) FROM provider_insight_days k
                            WHERE k.payer_id = ${payerId} AND k.urn = ${urn} AND k.day = d.day), 0) + 1 AS revision
      FROM days d
      WHERE NOT EXISTS (SELECT FROM provider_insight_days k
                        WHERE k.payer_id = ${payerId} AND k.urn = ${urn} AND k.day = d.day AND k.superseded_at = 'infinity'
                          AND k.digest = d.digest)
    ), superseded AS (
      UPDATE provider_insight_days k SET superseded_at = ${now}::timestamptz FROM changed c
      WHERE k.payer_id = ${payerId} AND k.urn = ${urn} AND k.day = c.day AND k.superseded_at = 'infinity'
      RETURNING k.insight_day_id
    ), inserted AS (
      INSERT INTO provider_insight_days (payer_id, urn, day, revision, rows, amount, digest, read_at)
      SELECT ${payerId}, ${urn}, day, revision, rows, amount, digest, ${now}::timestamptz FROM changed
      WHERE (SELECT count(*) FROM superseded) >= 0
      RETURNING insight_day_id, day
    ), filled AS (
      INSERT INTO provider_insights (insight_day_id, ordinal, team_urn, sku, region, description, group_description, amount)
      SELECT i.insight_day_id, o.ordinal, o.team_urn, o.sku, o.region, o.description, o.group_description, o.amount
      FROM inserted i JOIN ordered o ON o.day = i.day
    )
    SELECT count(*) AS days FROM inserted`.execute(trx);
  return rows[0]!.days;
}

interface InsightRowOut {
  readonly payer: string;
  readonly urn: string;
  readonly day: Temporal.PlainDate;
  readonly revision: number;
  readonly readAt: Temporal.Instant;
  readonly ordinal: number;
  readonly teamUrn: string;
  readonly sku: string;
  readonly region: string;
  readonly description: string;
  readonly groupDescription: string;
  readonly amount: string;
}

interface InsightPage {
  readonly payer?: string | undefined;
  readonly from: Temporal.PlainDate;
  /** Not included. */
  readonly to: Temporal.PlainDate;
  readonly sku?: string | undefined;
  /** Every revision, not the current ones alone. */
  readonly all: boolean;
  readonly limit: number;
  readonly after: Pick<InsightRowOut, 'day' | 'payer' | 'urn' | 'revision' | 'ordinal'> | null;
}

/** Rows of Insights by day, payer and place. */
export async function selectInsights(db: Queryable, page: InsightPage): Promise<InsightRowOut[]> {
  const { payer = null, from, to, sku = null, all, limit, after } = page;
  const { rows } = await statement<InsightRowOut>('providerBilling.selectInsights')`
    SELECT p.slug AS payer, d.urn, d.day, d.revision, d.read_at AS "readAt", i.ordinal, i.team_urn AS "teamUrn", i.sku, i.region,
           i.description, i.group_description AS "groupDescription", i.amount
    FROM provider_insight_days d JOIN bill_payers p USING (payer_id) JOIN provider_insights i USING (insight_day_id)
    WHERE d.day >= ${from}::date AND d.day < ${to}::date AND (${all} OR d.superseded_at = 'infinity')
      AND (${payer}::text IS NULL OR p.slug = ${payer}) AND (${sku}::text IS NULL OR i.sku = ${sku})
      AND (${after === null} OR (d.day, p.slug, d.urn, d.revision, i.ordinal)
           > (${after?.day ?? null}::date, ${after?.payer ?? ''}, ${after?.urn ?? ''}, ${after?.revision ?? 0}::int, ${after?.ordinal ?? 0}::int))
    ORDER BY d.day, p.slug, d.urn, d.revision, i.ordinal LIMIT ${limit}`.execute(db);
  return rows;
}
