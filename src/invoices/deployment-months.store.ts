import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { statement } from '../platform/database/statement.ts';

// What each deployment's month comes to, as it is kept (month-figures.store.ts), beside whose it is and what it is on.

export interface DeploymentMonthFilters {
  readonly month: Temporal.PlainDate;
  /** The moment whose plan is shown. */
  readonly at: Temporal.Instant;
  /** A part of the name, or of the slug. */
  readonly q: string | null;
  /** One deployment, by its slug. */
  readonly deployment?: string | undefined;
  /** A customer's external id. */
  readonly customer?: string | undefined;
  /** A customer, by our id: what they may see. */
  readonly customerId?: number | undefined;
  readonly plan?: string | undefined;
  readonly state?: 'active' | 'paused' | 'no_plan' | undefined;
}

export const monthSorts = ['name', 'amountToDate', 'change', 'forecast', 'lastMonth'] as const;
export type MonthPage = Pick<PageRequest<(typeof monthSorts)[number]>, 'sort' | 'order' | 'cursor' | 'limit'>;

const figures: Readonly<Record<Exclude<(typeof monthSorts)[number], 'name'>, RawBuilder<unknown>>> = {
  amountToDate: sql`f.to_date`,
  change: sql`f.to_date - f.last_same_day`,
  forecast: sql`f.forecast`,
  lastMonth: sql`f.last_month`,
};

/** How rows `f` are sorted: where nothing is due they come last either way. */
function sortedBy({ sort, order, cursor }: Pick<MonthPage, 'sort' | 'order' | 'cursor'>) {
  const least = order === 'asc' ? sql`'Infinity'` : sql`'-Infinity'`;
  const key: SortKey =
    sort === 'name'
      ? { of: sql`lower(f.name) COLLATE "C"`, type: 'text' }
      : { of: sql`coalesce(${figures[sort]}, ${least})`, type: 'numeric' };
  const tie: SortKey = { of: sql`(f.slug || ' ' || coalesce(f.currency, '')) COLLATE "C"`, type: 'text' };
  return keyset(key, tie, { order, cursor });
}

export interface DeploymentMonthRow extends Sorted {
  readonly deploymentId: number;
  readonly deployment: string;
  readonly name: string;
  readonly customer: string;
  readonly customerName: string;
  readonly startsAt: Temporal.Instant;
  readonly endsAt: Temporal.Instant | null;
  readonly plan: string | null;
  readonly paused: boolean;
  /** null: nothing is due of it, in this month and the one before. */
  readonly currency: string | null;
  readonly amountToDate: string | null;
  readonly forecast: string | null;
  readonly lastMonthSameDay: string | null;
  readonly lastMonth: string | null;
  readonly change: string | null;
}

/** Deployments `f` with their months' figures, by all filters. */
function found(filters: DeploymentMonthFilters): RawBuilder<unknown> {
  const { month, at, q, deployment, customer, customerId, plan, state } = filters;
  const conditions: RawBuilder<unknown>[] = [sql`d.customer_id IS NOT NULL`];
  conditions.push(holds(q, sql`d.name`, sql`d.slug`, sql`d.customer_name`));
  if (deployment !== undefined) conditions.push(sql`d.slug = ${deployment}`);
  if (customer !== undefined) conditions.push(sql`d.customer_external_id = ${customer}`);
  if (customerId !== undefined) conditions.push(sql`d.customer_id = ${customerId}`);
  if (plan !== undefined) conditions.push(sql`s.plan = ${plan}`);
  if (state !== undefined)
    conditions.push({ active: sql`NOT s.paused`, paused: sql`s.paused`, no_plan: sql`s.plan IS NULL` }[state]);
  return sql`(
    SELECT d.deployment_id, d.slug, d.name, d.customer_external_id, d.customer_name, d.starts_at, d.ends_at, s.plan,
           coalesce(s.paused, false) AS paused, m.currency, m.to_date, m.forecast, m.last_same_day, m.last_month
    FROM deployments_list d
    LEFT JOIN pricing_subscriptions s ON s.deployment_id = d.deployment_id AND s.valid_from <= ${at} AND s.valid_to > ${at}
    LEFT JOIN deployment_months m ON m.deployment_id = d.deployment_id AND m.month = ${month}
    WHERE ${sql.join(conditions, sql` AND `)}) AS f`;
}

/** In an order, beyond a place; a row for each currency of a deployment. */
export async function selectDeploymentMonths(
  db: Queryable,
  filters: DeploymentMonthFilters,
  page: MonthPage,
): Promise<DeploymentMonthRow[]> {
  const { columns, beyond, by } = sortedBy(page);
  const { rows } = await statement<DeploymentMonthRow>('invoices.selectDeploymentMonths')`
    SELECT f.deployment_id AS "deploymentId", f.slug AS deployment, f.name, f.customer_external_id AS customer,
           f.customer_name AS "customerName", f.starts_at AS "startsAt", f.ends_at AS "endsAt", f.plan, f.paused, f.currency,
           f.to_date::text AS "amountToDate", f.forecast::text, f.last_same_day::text AS "lastMonthSameDay",
           f.last_month::text AS "lastMonth", (f.to_date - f.last_same_day)::text AS change, ${columns}
    FROM ${found(filters)} WHERE ${beyond} ORDER BY ${by} LIMIT ${page.limit}`.execute(db);
  return rows;
}

export interface MonthTotal {
  readonly currency: string;
  readonly deployments: number;
  readonly amountToDate: string;
  readonly forecast: string;
  readonly lastMonthSameDay: string;
  readonly lastMonth: string;
  readonly change: string;
}

/** What all that match come to, by currency. */
export async function sumDeploymentMonths(db: Queryable, filters: DeploymentMonthFilters): Promise<MonthTotal[]> {
  const { rows } = await statement<MonthTotal>('invoices.sumDeploymentMonths')`
    SELECT f.currency, count(*) AS deployments, sum(f.to_date)::text AS "amountToDate", sum(f.forecast)::text AS forecast,
           sum(f.last_same_day)::text AS "lastMonthSameDay", sum(f.last_month)::text AS "lastMonth",
           sum(f.to_date - f.last_same_day)::text AS change
    FROM ${found(filters)} WHERE f.currency IS NOT NULL GROUP BY f.currency ORDER BY f.currency`.execute(db);
  return rows;
}

export interface CustomerMonthFilters {
  readonly month: Temporal.PlainDate;
  /** A part of the name, or of the external id. */
  readonly q: string | null;
}

/** Amounts are null where nothing is due. */
export interface CustomerMonthRow
  extends Sorted,
    Pick<DeploymentMonthRow, 'amountToDate' | 'forecast' | 'lastMonthSameDay' | 'lastMonth' | 'change'> {
  readonly customer: string;
  readonly name: string;
  readonly deployments: number;
  /** Of the amounts; the customer's own where nothing is due. */
  readonly currency: string;
}

/** Customers `f` with what their deployments' months come to, a row for each currency. */
function customersFound({ month, q }: CustomerMonthFilters): RawBuilder<unknown> {
  return sql`(
    SELECT c.external_id AS slug, c.name, coalesce(m.currency, c.currency) AS currency,
           (SELECT count(*) FROM deployments_list all_of WHERE all_of.customer_id = c.customer_id) AS deployments,
           sum(m.to_date) AS to_date, sum(m.forecast) AS forecast, sum(m.last_same_day) AS last_same_day,
           sum(m.last_month) AS last_month
    FROM deployments_customers c
    LEFT JOIN (deployments_list d JOIN deployment_months m ON m.deployment_id = d.deployment_id AND m.month = ${month})
      ON d.customer_id = c.customer_id
    WHERE ${holds(q, sql`c.name`, sql`c.external_id`)}
    GROUP BY c.customer_id, c.external_id, c.name, c.currency, m.currency) AS f`;
}

/** In an order, beyond a place. */
export async function selectCustomerMonths(
  db: Queryable,
  filters: CustomerMonthFilters,
  page: MonthPage,
): Promise<CustomerMonthRow[]> {
  const { columns, beyond, by } = sortedBy(page);
  const { rows } = await statement<CustomerMonthRow>('invoices.selectCustomerMonths')`
    SELECT f.slug AS customer, f.name, f.currency, f.deployments, f.to_date::text AS "amountToDate", f.forecast::text,
           f.last_same_day::text AS "lastMonthSameDay", f.last_month::text AS "lastMonth",
           (f.to_date - f.last_same_day)::text AS change, ${columns}
    FROM ${customersFound(filters)} WHERE ${beyond} ORDER BY ${by} LIMIT ${page.limit}`.execute(db);
  return rows;
}

/** How many customers match. */
export async function countCustomerMonths(db: Queryable, filters: CustomerMonthFilters): Promise<number> {
  const { rows } = await statement<{ count: number }>('invoices.countCustomerMonths')`
    SELECT count(DISTINCT f.slug) AS count FROM ${customersFound(filters)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** What all customers that match come to, by currency. */
export async function sumCustomerMonths(db: Queryable, filters: CustomerMonthFilters): Promise<MonthTotal[]> {
  const { rows } = await statement<MonthTotal>('invoices.sumCustomerMonths')`
    SELECT f.currency, sum(f.deployments)::bigint AS deployments, sum(f.to_date)::text AS "amountToDate", sum(f.forecast)::text AS forecast,
           sum(f.last_same_day)::text AS "lastMonthSameDay", sum(f.last_month)::text AS "lastMonth",
           sum(f.to_date - f.last_same_day)::text AS change
    FROM ${customersFound(filters)} WHERE f.to_date IS NOT NULL GROUP BY f.currency ORDER BY f.currency`.execute(db);
  return rows;
}

/** How many deployments match. */
export async function countDeploymentMonths(db: Queryable, filters: DeploymentMonthFilters): Promise<number> {
  const { rows } = await statement<{ count: number }>('invoices.countDeploymentMonths')`
    SELECT count(DISTINCT f.deployment_id) AS count FROM ${found(filters)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** What marks a deployment in a list: how much it owns, and what somebody should look at. */
export interface DeploymentFlags {
  readonly deploymentId: number;
  /** Living resources that it owns, or a share of. */
  readonly resources: number;
  /** Alerts that fired on the month. */
  readonly alerts: number;
}

/** Of some deployments, as many as there are on a page. What only staff may know is 0 to customers: the view has no row. */
export async function selectDeploymentFlags(
  db: Queryable,
  deploymentIds: readonly number[],
  month: Temporal.PlainDate,
  isStaff: boolean,
): Promise<DeploymentFlags[]> {
  const alerts = isStaff
    ? sql`(SELECT count(*) FROM pricing_alert_firings f WHERE f.deployment_id = d.id AND f.month = ${month})`
    : sql`0`;
  const { rows } = await statement<DeploymentFlags>('invoices.selectDeploymentFlags')`
    SELECT d.id AS "deploymentId", ${alerts} AS alerts, (
      SELECT count(DISTINCT a.resource_id) FROM deployments_owners w
      JOIN deployments_attributions a ON a.owner_set_id = w.owner_set_id AND a.valid_to = 'infinity'
      JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_to = 'infinity'
      WHERE w.deployment_id = d.id) AS resources
    FROM unnest(${[...deploymentIds]}::bigint[]) AS d (id)`.execute(db);
  return rows;
}

export interface Rating {
  readonly at: Temporal.Instant;
  /** Every day of the month before it is in the figures. */
  readonly meteredThrough: Temporal.PlainDate;
}

/** When a month was rated, of what customers may read of that. */
export async function selectRating(db: Queryable, month: Temporal.PlainDate): Promise<Rating | null> {
  const { rows } = await statement<Rating>('invoices.selectRating')`
    SELECT rated_at AS at, metered_through AS "meteredThrough" FROM rated_months WHERE month = ${month}`.execute(db);
  return rows[0] ?? null;
}
