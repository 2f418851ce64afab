import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// Months that nobody drafts any more as a whole: whose are to be drafted all the same.

export interface LateMonth {
  readonly month: Temporal.PlainDate;
  readonly customerIds: readonly number[];
}

/** So far back a month that was never billed is found. */
const monthsBack = sql`interval '36 months'`;

/**
 * Customers' months before one that are to be drafted: those that have a draft; and of the months since
 * the first account is metered, the last 36, those that may have to be billed and have no invoice. That is with a line by
 * hand or a decided correction; or on a plan, where it is not remembered that nothing is due: in a
 * currency in which they have none that is not cancelled.
 */
export async function selectLateMonths(db: Queryable, before: Temporal.PlainDate): Promise<LateMonth[]> {
  const { rows } = await statement<LateMonth>('invoices.selectLateMonths')`
    WITH months AS MATERIALIZED (
      SELECT m::date AS month
      FROM (SELECT date_trunc('month', min(metered_from) AT TIME ZONE 'UTC') AS month FROM inventory_accounts) AS metered,
        generate_series(greatest(metered.month, ${before}::date - ${monthsBack}), ${before}::date - interval '1 month', interval '1 month') AS m
      WHERE metered.month IS NOT NULL
    ), owed AS (
      SELECT d.customer_id, m.month, t.currency
      FROM pricing_terms t JOIN deployments_list d USING (deployment_id)
      JOIN months m ON greatest(t.valid_from, d.starts_at) < m.month + interval '1 month' AND t.valid_to > m.month::timestamptz
      WHERE d.customer_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM draft_checks k WHERE k.customer_id = d.customer_id AND k.month = m.month)
      UNION
      SELECT customer_id, month, currency FROM manual_lines JOIN months USING (month) WHERE removed_at IS NULL
      UNION
      SELECT c.customer_id, c.target_month, c.currency FROM corrections c JOIN months m ON m.month = c.target_month
      WHERE c.withdrawn_at IS NULL AND c.decision = 'invoice'
    ), late AS (
      SELECT o.customer_id, o.month FROM owed o
      WHERE NOT EXISTS (SELECT FROM invoices i WHERE i.customer_id = o.customer_id AND i.currency = o.currency
                          AND i.month = o.month AND i.kind = 'invoice' AND i.cancelled_at IS NULL)
      UNION
      SELECT customer_id, month FROM invoices WHERE state = 'draft' AND month < ${before}
    )
    SELECT month, jsonb_agg(customer_id ORDER BY customer_id) AS "customerIds" FROM late GROUP BY month ORDER BY month`.execute(
    db,
  );
  return rows;
}

/** What is remembered is written by turns; held until the end of the transaction. */
export async function lockDraftChecks(trx: UnitOfWork): Promise<void> {
  await statement(
    'invoices.lockDraftChecks',
  )`SELECT pg_advisory_xact_lock(hashtextextended('draft_checks', 0))`.execute(trx);
}

/** Remembers of customers' composed month that all that is due is drafted, up to a position in the log of changes. */
export async function upsertDraftChecks(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  changeId: number,
  customerIds: readonly number[],
): Promise<void> {
  await statement('invoices.upsertDraftChecks')`
    INSERT INTO draft_checks (customer_id, month, change_id)
    SELECT id, ${month}::date, ${changeId}::bigint FROM unnest(${[...customerIds]}::bigint[]) AS id
    ON CONFLICT (customer_id, month) DO UPDATE SET change_id = excluded.change_id`.execute(trx);
}

/** What changes have touched is to be drafted again. `touched`: see `applyChanges`. */
export async function deleteDraftChecks(trx: UnitOfWork, touched: RawBuilder<unknown>): Promise<void> {
  await statement('invoices.deleteDraftChecks')`
    DELETE FROM draft_checks k USING ${touched} AS t WHERE k.customer_id = t.customer_id AND k.month = t.month`.execute(
    trx,
  );
}

/** What is too old is not asked for. */
export async function deleteOldDraftChecks(trx: UnitOfWork, before: Temporal.PlainDate): Promise<void> {
  await statement(
    'invoices.deleteOldDraftChecks',
  )`DELETE FROM draft_checks WHERE month < ${before}::date - ${monthsBack}`.execute(trx);
}

/** A customer's month is to be drafted again, whatever is remembered of it. */
export async function deleteDraftCheck(
  trx: UnitOfWork,
  { customerId, month }: { readonly customerId: number; readonly month: Temporal.PlainDate },
): Promise<void> {
  await statement(
    'invoices.deleteDraftCheck',
  )`DELETE FROM draft_checks WHERE customer_id = ${customerId} AND month = ${month}`.execute(trx);
}
