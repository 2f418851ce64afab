import { type RawBuilder, sql } from 'kysely';
import { resourceChanges } from '../../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import type { DayRange } from '../period.ts';
import { startOfDay } from '../period.ts';
import type { KindMonth, UsageScope } from '../records/usage-store.ts';
import { statement } from '../../platform/database/statement.ts';

// Months whose records are past their retention: what is left of them, and which they are.

/** What is left of one deployment's records of a kind and month. */
export interface MonthSum {
  readonly deploymentId: number;
  readonly quantity: string;
  /** Of each of the month's days, from the first to the last; null: without any record. */
  readonly days: readonly (string | null)[];
  readonly records: number;
  /**
   * SHA-256, in hex, of a line `<epoch seconds> <granularity> <digest>` per period, in the order of
   * time; its digest is that of a line `<resource id> <billionths>` per record, in the order of ids.
   * Lines are joined by a newline, with none at the end.
   */
  readonly digest: string;
}

/** Rolls up the records that are in PostgreSQL. */
export async function rollUpRecords(trx: UnitOfWork, { billingKindId, month }: KindMonth): Promise<number> {
  const digest = (lines: RawBuilder<unknown>) => sql`encode(sha256(convert_to(${lines}, 'UTF8')), 'hex')`;
  const { rows } = await statement<{ records: number }>('metering.rollUpRecords')`
    WITH periods AS (
      SELECT deployment_id, period_start, granularity, sum(quantity) AS quantity, count(*) AS records,
             ${digest(sql`string_agg(concat_ws(' ', resource_id, trim_scale(quantity * 1000000000)), E'\\n' ORDER BY resource_id)`)} AS digest
      FROM usage_records
      WHERE billing_kind_id = ${billingKindId}
        AND period_start >= ${startOfDay(month)} AND period_start < ${startOfDay(month.add({ months: 1 }))}
      GROUP BY deployment_id, period_start, granularity
    ), days AS (
      SELECT deployment_id, array_agg(quantity ORDER BY day) AS days
      FROM (SELECT DISTINCT deployment_id FROM periods) AS p
      CROSS JOIN generate_series(${month}::date, ${month.add({ months: 1 })}::date - 1, interval '1 day') AS day
      LEFT JOIN (SELECT deployment_id, date_trunc('day', period_start, 'UTC') AT TIME ZONE 'UTC' AS day, sum(quantity) AS quantity
                 FROM periods GROUP BY 1, 2) AS d USING (deployment_id, day)
      GROUP BY deployment_id
    ), inserted AS (
      INSERT INTO usage_months (deployment_id, billing_kind_id, month, quantity, days, records, digest)
      SELECT deployment_id, ${billingKindId}, ${month}, sum(quantity), min(days), sum(records),
             ${digest(sql`string_agg(concat_ws(' ', extract(epoch FROM period_start)::bigint, granularity, digest), E'\\n' ORDER BY period_start, granularity)`)}
      FROM periods JOIN days USING (deployment_id) GROUP BY deployment_id RETURNING records
    )
    SELECT coalesce(sum(records), 0)::bigint AS records FROM inserted`.execute(trx);
  return rows[0]?.records ?? 0;
}

/** Stores what another store has rolled up. */
export async function insertMonths(
  trx: UnitOfWork,
  { billingKindId, month }: KindMonth,
  sums: readonly MonthSum[],
): Promise<void> {
  await statement('metering.insertMonths')`
    INSERT INTO usage_months (deployment_id, billing_kind_id, month, quantity, days, records, digest)
    SELECT deployment_id, ${billingKindId}, ${month}, quantity, days::numeric[], records, digest
    FROM unnest(${sums.map((sum) => sum.deploymentId)}::bigint[], ${sums.map((sum) => sum.quantity)}::numeric[],
                ${sums.map((sum) => `{${sum.days.map((day) => day ?? 'NULL').join()}}`)}::text[],
                ${sums.map((sum) => sum.records)}::bigint[], ${sums.map((sum) => sum.digest)}::text[])
      AS s (deployment_id, quantity, days, records, digest)`.execute(trx);
}

/** Is any kind's usage of the day still kept in records? */
export async function isMetered(trx: UnitOfWork, day: Temporal.PlainDate): Promise<boolean> {
  const { rows } = await statement<{ found: boolean }>('metering.isMetered')`
    SELECT EXISTS (SELECT FROM metered_days WHERE day = ${day}) AS found`.execute(trx);
  return rows[0]?.found ?? false;
}

// Retiring ----------------------------------------------------------------------------------------

/** The oldest month of each kind that is still kept in records and is past its retention on a day. */
export async function selectExpiredMonths(db: Queryable, today: Temporal.PlainDate): Promise<KindMonth[]> {
  const { rows } = await statement<KindMonth>('metering.selectExpiredMonths')`
    SELECT k.billing_kind_id AS "billingKindId", k.slug AS kind, m.month
    FROM billing_kinds k
    CROSS JOIN LATERAL (SELECT date_trunc('month', min(day)::timestamp)::date AS month FROM metered_days
                        WHERE billing_kind_id = k.billing_kind_id) AS m
    CROSS JOIN LATERAL (SELECT retention_days FROM metering_config
                        WHERE billing_kind_id = k.billing_kind_id AND from_day <= ${today}
                        ORDER BY from_day DESC LIMIT 1) AS c
    WHERE (m.month + interval '1 month')::date + c.retention_days <= ${today}
    ORDER BY m.month, k.slug`.execute(db);
  return rows;
}

/** Says that a month's records are rolled up: from now on, nothing of it is metered or read from records. */
export async function insertRetiredMonth(
  trx: UnitOfWork,
  { billingKindId, month }: KindMonth,
  retired: { readonly changeId: number; readonly records: number; readonly now: Temporal.Instant },
): Promise<void> {
  await statement('metering.insertRetiredMonth.insert_usage_retired_months')`
    INSERT INTO usage_retired_months (billing_kind_id, month, change_id, records, retired_at)
    VALUES (${billingKindId}, ${month}, ${retired.changeId}, ${retired.records}, ${retired.now})`.execute(trx);
  await statement('metering.insertRetiredMonth.delete_metered_days')`
    DELETE FROM metered_days
    WHERE billing_kind_id = ${billingKindId} AND day < (${month}::date + interval '1 month')::date`.execute(trx);
  for (const table of ['usage_day_sums', 'usage_kind_days'])
    await statement('metering.insertRetiredMonth.delete_sums')`
      DELETE FROM ${sql.table(table)} WHERE billing_kind_id = ${billingKindId} AND day < (${month}::date + interval '1 month')::date`.execute(
      trx,
    );
}

/** Months that are rolled up and whose records are not all gone. */
export async function selectMonthsToPurge(db: Queryable): Promise<KindMonth[]> {
  const { rows } = await statement<KindMonth>('metering.selectMonthsToPurge')`
    SELECT r.billing_kind_id AS "billingKindId", k.slug AS kind, r.month
    FROM usage_retired_months r JOIN billing_kinds k USING (billing_kind_id)
    WHERE NOT r.purged ORDER BY r.month, k.slug LIMIT 1000`.execute(db);
  return rows;
}

/** Nothing is left of the month but its sums; nor of the levels that ended by then. */
export async function updatePurged(trx: UnitOfWork, { billingKindId, month }: KindMonth): Promise<void> {
  await statement('metering.updatePurged.delete_metered_levels')`
    DELETE FROM metered_levels
    WHERE billing_kind_id = ${billingKindId} AND valid_to <= ${startOfDay(month.add({ months: 1 }))}`.execute(trx);
  await statement('metering.updatePurged.update_usage_retired_months')`
    UPDATE usage_retired_months SET purged = true
    WHERE billing_kind_id = ${billingKindId} AND month = ${month}`.execute(trx);
}

// Reading -----------------------------------------------------------------------------------------

/** Of kinds that have retired months at or after a day: the first day that is still kept in records. */
export async function selectFloors(
  db: Queryable,
  from: Temporal.PlainDate,
): Promise<{ kind: string; floor: Temporal.PlainDate }[]> {
  const { rows } = await statement<{ kind: string; floor: Temporal.PlainDate }>('metering.selectFloors')`
    SELECT k.slug AS kind, (max(r.month) + interval '1 month')::date AS floor
    FROM usage_retired_months r JOIN billing_kinds k USING (billing_kind_id)
    GROUP BY k.slug HAVING (max(r.month) + interval '1 month')::date > ${from}`.execute(db);
  return rows;
}

/** Sums of retired months by deployment and kind, of the days in the range; `records` are those of whole months. */
export async function selectMonthSums(
  db: Queryable,
  scope: UsageScope,
  { from, to }: DayRange,
): Promise<{ deploymentId: number; kind: string; quantity: string; records: number }[]> {
  const own =
    scope === 'all'
      ? sql``
      : 'deploymentId' in scope
        ? sql`AND m.deployment_id = ${scope.deploymentId}`
        : 'deploymentIds' in scope
          ? sql`AND m.deployment_id = ANY (${scope.deploymentIds}::bigint[])`
          : sql`AND m.deployment_id = ANY (ARRAY(
            SELECT deployment_id FROM deployments_list WHERE customer_id = ${scope.customerId}))`;
  const { rows } = await statement<{ deploymentId: number; kind: string; quantity: string; records: number }>(
    'metering.selectMonthSums',
  )`
    SELECT m.deployment_id AS "deploymentId", k.slug AS kind, trim_scale(sum(part.quantity)) AS quantity,
           sum(m.records)::bigint AS records
    FROM usage_months m JOIN billing_kinds k USING (billing_kind_id)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN m.month >= ${from}::date AND m.month + interval '1 month' <= ${to}::date THEN m.quantity
                  ELSE (SELECT sum(day) FROM unnest(m.days[greatest(${from}::date - m.month, 0) + 1 : ${to}::date - m.month]) AS day)
             END AS quantity) AS part
    WHERE m.month >= date_trunc('month', ${from}::date::timestamp)::date AND m.month < ${to}::date AND part.quantity IS NOT NULL ${own}
    GROUP BY m.deployment_id, k.slug ORDER BY m.deployment_id, k.slug`.execute(db);
  return rows;
}

/** What is left of a deployment's records of one kind and month, and what the days asked for have of it. */
export interface RolledUpMonth {
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  /** Of the days asked for. */
  readonly quantity: string;
  readonly monthQuantity: string;
  readonly records: number;
  /** As in MonthSum. */
  readonly digest: string;
  readonly rolledUpAt: Temporal.Instant;
}

export async function selectRolledUpMonths(
  db: Queryable,
  { deploymentId, billingKindId, range }: { deploymentId: number; billingKindId: number; range: DayRange },
): Promise<RolledUpMonth[]> {
  const { from, to } = range;
  const { rows } = await statement<RolledUpMonth>('metering.selectRolledUpMonths')`
    SELECT m.month, trim_scale(part.quantity)::text AS quantity, trim_scale(m.quantity)::text AS "monthQuantity",
           m.records, m.digest, r.retired_at AS "rolledUpAt"
    FROM usage_months m JOIN usage_retired_months r USING (billing_kind_id, month)
    CROSS JOIN LATERAL (
      SELECT sum(day) AS quantity FROM unnest(m.days[greatest(${from}::date - m.month, 0) + 1 : ${to}::date - m.month]) AS day
    ) AS part
    WHERE m.deployment_id = ${deploymentId} AND m.billing_kind_id = ${billingKindId}
      AND m.month >= date_trunc('month', ${from}::date::timestamp)::date AND m.month < ${to}::date
      AND part.quantity IS NOT NULL
    ORDER BY m.month`.execute(db);
  return rows;
}

/** A fact that came when the records of its time were gone already. */
export interface LateFact {
  readonly changeId: number;
  readonly resourceId: number;
  readonly resourceKind: string;
  readonly externalId: string;
  readonly cause: string;
  readonly from: Temporal.Instant;
  /** null: to this day. */
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  /** Billing kinds that it would have changed, and the first month of them. */
  readonly kinds: readonly string[];
  readonly firstMonth: Temporal.PlainDate;
}

export async function selectLateFacts(db: Queryable, before: number | null, limit: number): Promise<LateFact[]> {
  const { rows } = await statement<LateFact>('metering.selectLateFacts')`
    SELECT f.change_id AS "changeId", f.resource_id AS "resourceId", s.kind AS "resourceKind",
           s.external_id AS "externalId", f.cause, f.valid_from AS "from", f.valid_to AS "to",
           f.recorded_at AS "recordedAt", late.kinds, late."firstMonth"
    FROM ${resourceChanges} AS f
    JOIN inventory_resources s USING (resource_id)
    CROSS JOIN LATERAL (
      SELECT array_agg(DISTINCT k.slug::text ORDER BY k.slug::text) AS kinds, min(r.month) AS "firstMonth"
      FROM usage_retired_months r JOIN billing_kinds k USING (billing_kind_id)
      JOIN billing_kind_definitions d USING (billing_kind_id)
      WHERE r.change_id < f.change_id AND d.resource_kind = s.kind
        AND r.month::timestamp AT TIME ZONE 'UTC' < f.valid_to
        AND (r.month + interval '1 month') AT TIME ZONE 'UTC' > f.valid_from) AS late
    WHERE f.change_id > (SELECT min(change_id) FROM usage_retired_months)
      AND (${before}::bigint IS NULL OR f.change_id < ${before})
      AND f.valid_from < (SELECT (max(month) + interval '1 month') AT TIME ZONE 'UTC' FROM usage_retired_months)
      AND late.kinds IS NOT NULL
    ORDER BY f.change_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}
