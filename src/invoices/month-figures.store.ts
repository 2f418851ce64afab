import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';

/** What a month comes to by currency, before tax: exact amounts with their currency's digits. */
export interface DeploymentMonth {
  /** 0: lines of no deployment. */
  readonly deploymentId: number;
  readonly currency: string;
  readonly toDate: string;
  readonly forecast: string;
  readonly lastSameDay: string;
  readonly lastMonth: string;
}

export interface MoneyDay {
  readonly day: Temporal.PlainDate;
  readonly currency: string;
  /** What the month came to at the day's end. */
  readonly toDate: string;
}

/** What a month earns of a kind of line, by plan and billing kind. */
export interface RevenueRow {
  readonly customerId: number;
  /** Null: of the customer as a whole. */
  readonly deploymentId: number | null;
  readonly currency: string;
  readonly kind: 'base' | 'usage' | 'adjustment' | 'manual';
  readonly plan: string | null;
  readonly billingKind: string | null;
  /** Of cost that is passed on, as the provider's bills name it. */
  readonly product: string | null;
  readonly amount: string;
}

export interface RatingFailure {
  /** The external id. */
  readonly customer: string;
  readonly reason: string;
}

/** When a month was rated, and up to what. */
export interface RatedMonthRow {
  readonly changeId: number;
  readonly documents: string;
  readonly meteredThrough: Temporal.PlainDate;
  readonly ratedAt: Temporal.Instant;
  readonly failures: readonly RatingFailure[];
}

/** Lets one at a time rate months, until the end of the transaction. */
export async function lockFigures(trx: UnitOfWork): Promise<void> {
  await statement('invoices.lockFigures')`LOCK TABLE rated_months IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

export async function selectRatedMonth(db: Queryable, month: Temporal.PlainDate): Promise<RatedMonthRow | null> {
  const { rows } = await preparedStatement<RatedMonthRow>('invoices.selectRatedMonth')`
    SELECT change_id AS "changeId", documents, metered_through AS "meteredThrough", rated_at AS "ratedAt", failures
    FROM rated_months WHERE month = ${month}`.execute(db);
  return rows[0] ?? null;
}

/** Tells apart which manual lines and decided corrections there are of two months, by the later one's first day. */
export async function selectDocumentsStamp(db: Queryable, month: Temporal.PlainDate): Promise<string> {
  const before = month.subtract({ months: 1 });
  const { rows } = await statement<{ stamp: string }>('invoices.selectDocumentsStamp')`
    SELECT (SELECT coalesce(md5(string_agg(l::text, ' ' ORDER BY manual_line_id)), '') FROM manual_lines l
            WHERE month IN (${month}, ${before})) || ' ' ||
           (SELECT coalesce(md5(string_agg(c::text, ' ' ORDER BY correction_id)), '') FROM corrections c
            WHERE target_month IN (${month}, ${before})) AS stamp`.execute(db);
  return rows[0]?.stamp ?? '';
}

/** What the log has behind a position on which a month's amount, or that of the one before, may rest. */
export interface NewChanges {
  /** Of prices, subscriptions or deployments. */
  readonly isRepriced: boolean;
  /** The first day whose usage is other; null: no usage is. */
  readonly usageFrom: Temporal.PlainDate | null;
}

export async function selectNewChanges(
  db: Queryable,
  changeId: number,
  month: Temporal.PlainDate,
): Promise<NewChanges> {
  const [from, to] = [month.subtract({ months: 1 }), month.add({ months: 1 })];
  const { rows } = await statement<NewChanges>('invoices.selectNewChanges')`
    SELECT EXISTS (SELECT FROM changes WHERE change_id > ${changeId} AND topic IN ('pricing', 'deployment')) AS "isRepriced",
           (SELECT (min(greatest(valid_from, ${from}::timestamptz - interval '12 months')) AT TIME ZONE 'UTC')::date FROM changes
            WHERE change_id > ${changeId} AND topic = 'usage' AND valid_from < ${to}::timestamptz
              -- Allowances are carried over from months before.
              AND valid_to > ${from}::timestamptz - interval '12 months') AS "usageFrom"`.execute(db);
  return rows[0] ?? { isRepriced: true, usageFrom: null };
}

export async function updatePosition(trx: UnitOfWork, month: Temporal.PlainDate, changeId: number): Promise<void> {
  await statement('invoices.updatePosition')`
    UPDATE rated_months SET change_id = ${changeId} WHERE month = ${month} AND change_id < ${changeId}`.execute(trx);
}

/** Puts the figures of a month in place of those that are there. */
export async function replaceFigures(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  rated: RatedMonthRow,
  figures: {
    readonly deployments: readonly DeploymentMonth[];
    readonly days: readonly MoneyDay[];
    readonly revenue: readonly RevenueRow[];
  },
): Promise<void> {
  await statement('invoices.replaceFigures.rated_months')`
    INSERT INTO rated_months (month, change_id, documents, metered_through, rated_at, failures)
    VALUES (${month}, ${rated.changeId}, ${rated.documents}, ${rated.meteredThrough}, ${rated.ratedAt},
            ${JSON.stringify(rated.failures)}::jsonb)
    ON CONFLICT (month) DO UPDATE SET change_id = excluded.change_id, documents = excluded.documents,
      metered_through = excluded.metered_through, rated_at = excluded.rated_at, failures = excluded.failures`.execute(
    trx,
  );
  await statement('invoices.replaceFigures.delete_deployment_months')`
    DELETE FROM deployment_months WHERE month = ${month}`.execute(trx);
  await statement('invoices.replaceFigures.deployment_months')`
    INSERT INTO deployment_months (month, deployment_id, currency, to_date, forecast, last_same_day, last_month)
    SELECT ${month}, "deploymentId", currency, "toDate", forecast, "lastSameDay", "lastMonth"
    FROM jsonb_to_recordset(${JSON.stringify(figures.deployments)}::jsonb) AS f ("deploymentId" bigint, currency text,
      "toDate" numeric, forecast numeric, "lastSameDay" numeric, "lastMonth" numeric)`.execute(trx);
  await statement('invoices.replaceFigures.delete_money_days')`
    DELETE FROM money_days WHERE month = ${month}`.execute(trx);
  await statement('invoices.replaceFigures.money_days')`
    INSERT INTO money_days (day, currency, month, to_date)
    SELECT day, currency, ${month}, "toDate"
    FROM jsonb_to_recordset(${JSON.stringify(figures.days)}::jsonb) AS f (day date, currency text, "toDate" numeric)`.execute(
    trx,
  );
  await statement('invoices.replaceFigures.delete_month_revenue')`
    DELETE FROM month_revenue WHERE month = ${month}`.execute(trx);
  await statement('invoices.replaceFigures.month_revenue')`
    INSERT INTO month_revenue (month, customer_id, deployment_id, currency, kind, plan, billing_kind, product, amount)
    SELECT ${month}, "customerId", "deploymentId", currency, kind, plan, "billingKind", product, amount
    FROM jsonb_to_recordset(${JSON.stringify(figures.revenue)}::jsonb) AS f ("customerId" bigint, "deploymentId" bigint,
      currency text, kind text, plan text, "billingKind" text, product text, amount numeric)`.execute(trx);
  await statement('invoices.replaceFigures.delete_month_totals')`
    DELETE FROM month_totals WHERE month = ${month}`.execute(trx);
  await statement('invoices.replaceFigures.month_totals')`
    INSERT INTO month_totals (month, currency, deployments, to_date, forecast, last_same_day, last_month, revenue)
    SELECT ${month}, currency, sum(deployments), sum(to_date), sum(forecast), sum(last_same_day), sum(last_month), sum(revenue)
    FROM (SELECT currency, 1 AS deployments, to_date, forecast, last_same_day, last_month, NULL::numeric AS revenue
          FROM deployment_months WHERE month = ${month}
          UNION ALL
          SELECT currency, 0, NULL, NULL, NULL, NULL, amount FROM month_revenue WHERE month = ${month}) AS parts
    GROUP BY currency`.execute(trx);
}

/** What a month comes to in all, by currency: that of most deployments first. */
export async function selectMonthTotals(
  db: Queryable,
  month: Temporal.PlainDate,
): Promise<Omit<DeploymentMonth, 'deploymentId'>[]> {
  const { rows } = await preparedStatement<Omit<DeploymentMonth, 'deploymentId'>>('invoices.selectMonthTotals')`
    SELECT currency, to_date::text AS "toDate", forecast::text AS forecast, last_same_day::text AS "lastSameDay", last_month::text AS "lastMonth"
    FROM month_totals WHERE month = ${month} AND deployments > 0 ORDER BY deployments DESC, currency`.execute(db);
  return rows;
}

export async function selectMoneyDays(db: Queryable, month: Temporal.PlainDate): Promise<MoneyDay[]> {
  const { rows } = await preparedStatement<MoneyDay>('invoices.selectMoneyDays')`
    SELECT day, currency, to_date::text AS "toDate" FROM money_days WHERE month = ${month} ORDER BY currency, day`.execute(
    db,
  );
  return rows;
}

export interface MoverRow {
  readonly deployment: string;
  readonly name: string;
  readonly currency: string;
  readonly amount: string;
  /** On the month before by the same day. */
  readonly change: string;
}

/** The deployments whose amounts differ most from the month before by the same day, up and down. */
export async function selectMovers(db: Queryable, month: Temporal.PlainDate, limit: number): Promise<MoverRow[]> {
  const { rows } = await preparedStatement<MoverRow>('invoices.selectMovers')`
    SELECT d.slug AS deployment, d.name, m.currency, m.to_date::text AS amount, (m.to_date - m.last_same_day)::text AS change
    FROM deployment_months m JOIN deployments_list d USING (deployment_id)
    WHERE m.month = ${month} AND m.to_date <> m.last_same_day
    ORDER BY abs(m.to_date - m.last_same_day) DESC, d.slug, m.currency LIMIT ${limit}`.execute(db);
  return rows;
}

export interface DocumentCount {
  readonly state: 'draft' | 'approved' | 'issued';
  readonly currency: string;
  readonly documents: number;
  readonly total: string;
}

/** A month's invoices by state and currency, tax included. */
export async function countInvoices(db: Queryable, month: Temporal.PlainDate): Promise<DocumentCount[]> {
  const { rows } = await preparedStatement<DocumentCount>('invoices.countInvoices')`
    SELECT state, currency, count(*) AS documents, sum(total)::text AS total
    FROM invoices WHERE month = ${month} AND kind = 'invoice' AND cancelled_at IS NULL GROUP BY state, currency
    ORDER BY state, currency`.execute(db);
  return rows;
}
