import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { preparedStatement, statement } from '../../platform/database/statement.ts';
import { type BillState, leastState } from '../bill-state.store.ts';

// Revenue less cost. Both are cut into the same parts: (month, part, customer, deployment, plan, billing kind, product,
// currency). Every grouping sums them up and every filter chooses among them, so that all add up to the whole.

export const groupings = ['deployment', 'customer', 'plan', 'kind', 'product', 'month'] as const;
export type Grouping = (typeof groupings)[number];
/**
 * Whose money it is. customers: of somebody who pays; unassigned: of no deployment; operator: ours by an allocation rule;
 * unexplained: lines of bills that nothing explains; residual: what a bill's header differs by from its lines.
 */
export type Part = 'customers' | 'unassigned' | 'operator' | 'unexplained' | 'residual';
export type Basis = 'accrued' | 'billed';

/** What months' amounts are converted into, and by what: 1 of `base` is `rate` of the currency. */
export interface Conversion {
  readonly currency: string;
  readonly digits: number;
  readonly rates: readonly { readonly month: string; readonly base: string; readonly rate: string }[];
}

export interface MarginFilters {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  readonly basis: Basis;
  /** All in one currency, as far as there are rates; null: each amount in its own. */
  readonly conversion?: Conversion | undefined;
  readonly deployment?: string | undefined;
  readonly customer?: string | undefined;
  readonly plan?: string | undefined;
  readonly kind?: string | undefined;
  readonly product?: string | undefined;
}

export interface MarginRow {
  readonly month: Temporal.PlainDate;
  readonly part: Part;
  readonly deploymentId: number | null;
  readonly deployment: string | null;
  readonly customer: string | null;
  readonly plan: string | null;
  readonly kind: string | null;
  readonly product: string | null;
  readonly currency: string;
  /** Null: the month has not been rated. */
  readonly revenue: string | null;
  /** Of the revenue, base fees. */
  readonly base: string;
  /** Null: no bill of the month has been reconciled. */
  readonly cost: string | null;
  /** Of the cost, what nothing but a bill says: of before the account was connected, or of what no listing showed. */
  readonly fromBill: string | null;
  /** Null: one of them is not known, or it is in several currencies. */
  readonly margin: string | null;
  readonly severalCurrencies: boolean;
  /** Of the bills of the month that say least; null: none has been reconciled. */
  readonly state: BillState | null;
}

/** What no customer bears comes first. */
const ranks = sql`array_position('{unassigned,operator,unexplained,residual,customers}'::text[], l.part)`;

type Months = Pick<MarginFilters, 'from' | 'to' | 'basis'>;

/** Which months there are, and what is known of each. */
function months({ from, to, basis }: Months): RawBuilder<unknown> {
  return sql`
    months AS (
      SELECT g::date AS month, m.rated_at IS NOT NULL OR ${basis} = 'billed' AS is_rated, c.state
      FROM generate_series(${from}::date::timestamp, ${to}::date::timestamp - interval '1 day', interval '1 month') AS g
      LEFT JOIN invoices_rated_months m ON m.month = g::date
      LEFT JOIN (SELECT month, ${leastState(sql`state`)} AS state FROM provider_billing_counting GROUP BY month) c ON c.month = g::date
    )`;
}

const isWithin = ({ from, to }: Months, month: RawBuilder<unknown>) =>
  sql`${month} >= ${from}::date AND ${month} < ${to}::date`;

/** What no deployment bears: lines that nothing explains, by product, and what headers differ by from their lines. */
function unborne(asked: Months): { readonly unexplained: RawBuilder<unknown>; readonly residual: RawBuilder<unknown> } {
  return {
    unexplained: sql`
      SELECT r.month, l.product, r.currency, sum(l.amount) AS amount
      FROM provider_billing_counting r JOIN bill_line_outcomes o USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
      WHERE o.outcome = 'unexplained' AND ${isWithin(asked, sql`r.month`)} GROUP BY r.month, l.product, r.currency`,
    residual: sql`
      SELECT month, currency, sum(residual) AS amount FROM provider_billing_counting
      WHERE residual <> 0 AND ${isWithin(asked, sql`month`)} GROUP BY month, currency`,
  };
}

/** What is summed up: revenue and cost of the months, part by part. */
function leaves(asked: MarginFilters): RawBuilder<unknown> {
  const { basis, conversion } = asked;
  const { unexplained, residual } = unborne(asked);
  return sql`
    ${months(asked)}, single_products AS (
      SELECT billing_kind, min(product) AS product FROM bill_products WHERE billing_kind IS NOT NULL
      GROUP BY billing_kind HAVING count(*) = 1
    ), held AS (
      -- The plan that a deployment was on last in the month bears what it cost.
      SELECT DISTINCT ON (m.month, s.deployment_id) m.month, s.deployment_id, s.plan
      FROM months m JOIN pricing_subscriptions s
        ON s.valid_from < (m.month + interval '1 month') AT TIME ZONE 'UTC' AND s.valid_to > m.month::timestamp AT TIME ZONE 'UTC'
      ORDER BY m.month, s.deployment_id, s.valid_from DESC
    ), shares AS (
      SELECT month, target, deployment_id, product, currency, sum(amount) AS amount, CASE WHEN from_bill THEN sum(amount) END AS from_bill
      FROM provider_billing_sums
      WHERE ${isWithin(asked, sql`month`)} AND target <> 'not_cost' GROUP BY 1, 2, 3, 4, 5, from_bill
    ), costs AS (
      SELECT s.month, CASE WHEN s.target = 'operator' THEN 'operator' WHEN d.customer_id IS NULL THEN 'unassigned' ELSE 'customers' END AS part,
             d.customer_id, s.deployment_id, s.product, s.currency, s.amount, s.from_bill
      FROM shares s LEFT JOIN deployments_list d USING (deployment_id)
      UNION ALL
      SELECT month, 'unexplained', NULL, NULL, product, currency, amount, NULL FROM (${unexplained}) AS lines
      UNION ALL
      SELECT month, 'residual', NULL, NULL, NULL, currency, amount, NULL FROM (${residual}) AS rest
    ), amounts AS (
      SELECT r.month, 'customers' AS part, r.customer_id, r.deployment_id, r.plan, coalesce(r.billing_kind, k.billing_kind) AS kind, coalesce(r.product, p.product) AS product, r.currency,
             r.amount AS revenue, CASE r.kind WHEN 'base' THEN r.amount ELSE 0 END AS base, 0::numeric AS cost, NULL::numeric AS from_bill
      FROM invoices_revenue r LEFT JOIN single_products p USING (billing_kind) LEFT JOIN bill_products k ON k.product = r.product
      WHERE r.basis = ${basis} AND ${isWithin(asked, sql`r.month`)}
      UNION ALL
      SELECT c.month, c.part, c.customer_id, c.deployment_id, p.plan, b.billing_kind, c.product, c.currency, 0, 0, c.amount, c.from_bill
      FROM costs c LEFT JOIN bill_products b USING (product)
      LEFT JOIN held p ON p.month = c.month AND p.deployment_id = c.deployment_id AND c.part = 'customers'
    )${conversion === undefined ? sql`` : converted(conversion)}, leaves AS (
      SELECT a.*, d.slug AS deployment, u.external_id AS customer
      FROM ${conversion === undefined ? sql`amounts` : sql`converted`} a LEFT JOIN deployments_list d USING (deployment_id) LEFT JOIN deployments_customers u ON u.customer_id = a.customer_id
    )`;
}

/**
 * Amounts in one currency: each month's revenue and cost in a currency is converted in total, rounded once, and the total
 * divided like the amounts in the other currency were, by the largest remainder; so parts add up in both. An amount is
 * either revenue or cost, and whole: its base fee, or what the bill alone says, is all of it or none.
 */
function converted({ currency, digits, rates }: Conversion): RawBuilder<unknown> {
  const unit = sql`power(10::numeric, ${-digits}::int)`;
  const parts = sql`a.month, a.currency, a.cost = 0 AND a.from_bill IS NULL`;
  return sql`, exact AS (
      SELECT a.*, r.rate, (a.revenue + a.cost) * r.rate AS exact, trunc((a.revenue + a.cost) * r.rate, ${digits}::int) AS whole,
             round(sum(a.revenue + a.cost) OVER (PARTITION BY ${parts}) * r.rate, ${digits}::int)
               - sum(trunc((a.revenue + a.cost) * r.rate, ${digits}::int)) OVER (PARTITION BY ${parts}) AS rest
      FROM amounts a LEFT JOIN jsonb_to_recordset(${JSON.stringify(rates)}::jsonb) AS r (month date, base text, rate numeric)
        ON r.month = a.month AND r.base = a.currency
    ), placed AS (
      SELECT a.*, row_number() OVER (PARTITION BY ${parts}, sign(exact - whole)
                                     ORDER BY abs(exact - whole) DESC, part, deployment_id, customer_id, plan, kind, product, base, from_bill) AS place
      FROM exact a
    ), converted AS (
      SELECT month, part, customer_id, deployment_id, plan, kind, product, CASE WHEN rate IS NULL THEN currency ELSE ${currency} END AS currency,
             CASE WHEN cost = 0 AND from_bill IS NULL THEN v.value ELSE 0 END AS revenue, CASE WHEN base <> 0 THEN v.value ELSE 0 END AS base,
             CASE WHEN cost = 0 AND from_bill IS NULL THEN 0 ELSE v.value END AS cost, CASE WHEN from_bill IS NOT NULL THEN v.value END AS from_bill
      FROM placed CROSS JOIN LATERAL (
        SELECT CASE WHEN rate IS NULL THEN revenue + cost
                    WHEN sign(exact - whole) = sign(rest) AND place * ${unit} <= abs(rest) THEN whole + sign(rest) * ${unit}
                    ELSE whole END AS value) v
    )`;
}

function chosen({ deployment, customer, plan, kind, product }: MarginFilters): RawBuilder<unknown> {
  const is = (column: RawBuilder<unknown>, value: string | undefined) =>
    value === undefined ? sql`` : sql`AND ${column} = ${value}`;
  return sql`true ${is(sql`l.deployment`, deployment)} ${is(sql`l.customer`, customer)} ${is(sql`l.plan`, plan)}
    ${is(sql`l.kind`, kind)} ${is(sql`l.product`, product)}`;
}

/** By month and then by name, or by an amount within each month. */
export const marginSorts = ['month', 'revenue', 'cost', 'margin'] as const;
export type MarginSort = (typeof marginSorts)[number];

/** Where a row stands in its order. */
interface MarginPlace {
  readonly month: Temporal.PlainDate;
  /** 0: no customer bears it. */
  readonly group: number;
  /** What it is sorted by, turned round where the greatest comes first. */
  readonly value: string;
  /** What it is of, with its currency: the same in every month. */
  readonly key: string;
}

interface MarginPage {
  readonly by: Grouping;
  readonly limit: number;
  readonly sort: MarginSort;
  readonly order: 'asc' | 'desc';
  readonly after: MarginPlace | null;
}

/** As `named`: the rows of a grouping, with `key`. */
function rowsOf(filters: MarginFilters, by: Grouping): RawBuilder<unknown> {
  const own = (grouping: Grouping, column: RawBuilder<unknown>) =>
    by === grouping ? sql`CASE l.part WHEN 'customers' THEN ${column} END` : sql`NULL`;
  const customer = by === 'deployment' ? own('deployment', sql`l.customer`) : own('customer', sql`l.customer`);
  return sql`
    ${leaves(filters)}, cut AS (
      SELECT l.month, l.part, ${ranks} AS rank, ${own('deployment', sql`l.deployment_id`)}::bigint AS deployment_id,
             ${own('deployment', sql`l.deployment`)}::text AS deployment, ${customer}::text AS customer, ${own('plan', sql`l.plan`)}::text AS plan,
             ${own('kind', sql`l.kind`)}::text AS kind, ${own('product', sql`l.product`)}::text AS product, l.currency, l.revenue, l.base, l.cost, l.from_bill
      FROM leaves l WHERE ${chosen(filters)}
    ), sums AS (
      SELECT month, part, rank, deployment_id, deployment, customer, plan, kind, product, currency, sum(revenue) AS revenue, sum(base) AS base, sum(cost) AS cost, coalesce(sum(from_bill), 0.00) AS from_bill,
             count(*) OVER (PARTITION BY month, part, deployment, customer, plan, kind, product) > 1 AS several
      FROM cut GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ), named AS (
      SELECT s.month, s.part, s.deployment_id, s.deployment, s.customer, s.plan, s.kind, s.product, s.currency, s.base, s.several, m.state,
             CASE WHEN m.state IS NOT NULL THEN s.from_bill END AS from_bill,
             CASE WHEN m.is_rated THEN s.revenue END AS revenue, CASE WHEN m.state IS NOT NULL THEN s.cost END AS cost,
             CASE WHEN m.is_rated AND m.state IS NOT NULL AND NOT s.several THEN s.revenue - s.cost END AS margin,
             concat_ws(' ', s.rank, coalesce(s.deployment, s.plan, s.kind, s.product, ''), coalesce(s.customer, ''), s.currency) AS key
      FROM sums s JOIN months m USING (month)
    )`;
}

/**
 * Margins of months, grouped; what no customer bears is a row of its own for each part, in every grouping, and comes
 * first, whatever the rest is sorted by. What is not known comes last.
 */
export async function selectMargins(
  db: Queryable,
  filters: MarginFilters,
  { by, limit, sort, order, after }: MarginPage,
): Promise<(MarginRow & MarginPlace)[]> {
  const turned = order === 'asc' ? sql`` : sql`-`;
  const sorted =
    sort === 'month'
      ? sql`0`
      : sql`CASE part WHEN 'customers' THEN coalesce(${turned} ${sql.ref(sort)}, 'Infinity') ELSE 0 END`;
  const [beyond, direction] = order === 'asc' ? [sql`>`, sql`ASC`] : [sql`<`, sql`DESC`];
  const [later, months] = sort === 'month' ? [beyond, direction] : [sql`>`, sql`ASC`];
  const { rows } = await statement<MarginRow & MarginPlace>('providerBilling.selectMargins')`
    WITH ${rowsOf(filters, by)}, ordered AS (
      SELECT *, (part = 'customers')::int AS "group", ${sorted}::numeric AS value FROM named
    )
    SELECT month, part, deployment_id AS "deploymentId", deployment, customer, plan, kind, product, currency, revenue, base, cost, margin,
           several AS "severalCurrencies", state, from_bill AS "fromBill", "group", value::text AS value, key
    FROM ordered WHERE ${after === null} OR month ${later} ${after?.month ?? null}::date
       OR month = ${after?.month ?? null}::date AND (
         ("group", value) > (${after?.group ?? 0}::int, ${after?.value ?? '0'}::numeric)
         OR ("group", value) = (${after?.group ?? 0}::int, ${after?.value ?? '0'}::numeric) AND key COLLATE "C" ${beyond} ${after?.key ?? ''})
    ORDER BY month ${months}, "group", ordered.value, key COLLATE "C" ${direction} LIMIT ${limit}`.execute(db);
  return rows;
}

/** The margins of the rows with these keys, in all months that are asked for; null: not known. */
export async function selectMarginTrends(
  db: Queryable,
  filters: MarginFilters,
  by: Grouping,
  keys: readonly string[],
): Promise<{ readonly month: Temporal.PlainDate; readonly key: string; readonly margin: string | null }[]> {
  const { rows } = await statement<{ month: Temporal.PlainDate; key: string; margin: string | null }>(
    'providerBilling.selectMarginTrends',
  )`
    WITH ${rowsOf(filters, by)} SELECT month, key, margin FROM named WHERE key = ANY (${[...keys]}::text[]) ORDER BY key, month`.execute(
    db,
  );
  return rows;
}

export type MarginTotal = Pick<
  MarginRow,
  'month' | 'currency' | 'revenue' | 'cost' | 'fromBill' | 'margin' | 'severalCurrencies' | 'state'
>;

/** Whether all of the months is asked for, each amount in its own currency. */
function isWhole({ from: _from, to: _to, basis: _basis, ...others }: MarginFilters): boolean {
  return Object.values(others).every((value) => value === undefined);
}

/** The same in all, of what is kept of each month: no amount is looked up by what it is for. */
function wholes(asked: MarginFilters): RawBuilder<unknown> {
  const { unexplained, residual } = unborne(asked);
  return sql`
    ${months(asked)}, leaves AS (
      SELECT month, currency, amount AS revenue, 0::numeric AS cost, NULL::numeric AS from_bill
      FROM invoices_month_revenue r WHERE r.basis = ${asked.basis} AND ${isWithin(asked, sql`r.month`)}
      UNION ALL
      SELECT month, currency, 0, sum(amount), CASE WHEN from_bill THEN sum(amount) END
      FROM provider_billing_sums WHERE target <> 'not_cost' AND ${isWithin(asked, sql`month`)} GROUP BY month, currency, from_bill
      UNION ALL
      SELECT month, currency, 0, amount, NULL FROM (${unexplained}) AS lines
      UNION ALL
      SELECT month, currency, 0, amount, NULL FROM (${residual}) AS rest
    )`;
}

/** What all that the filters choose comes to, by month and currency. */
export async function selectMarginTotals(db: Queryable, filters: MarginFilters): Promise<MarginTotal[]> {
  const { rows } = await (isWhole(filters) ? preparedStatement : statement)<MarginTotal>(
    'providerBilling.selectMarginTotals',
  )`
    WITH ${isWhole(filters) ? wholes(filters) : leaves(filters)}, sums AS (
      SELECT l.month, l.currency, sum(l.revenue) AS revenue, sum(l.cost) AS cost,
             coalesce(sum(l.from_bill), 0.00) AS from_bill, count(*) OVER (PARTITION BY l.month) > 1 AS several
      FROM leaves l WHERE ${chosen(filters)} GROUP BY 1, 2
    )
    SELECT s.month, s.currency, CASE WHEN m.is_rated THEN s.revenue END AS revenue, CASE WHEN m.state IS NOT NULL THEN s.cost END AS cost,
           CASE WHEN m.state IS NOT NULL THEN s.from_bill END AS "fromBill",
           CASE WHEN m.is_rated AND m.state IS NOT NULL AND NOT s.several THEN s.revenue - s.cost END AS margin,
           s.several AS "severalCurrencies", m.state
    FROM sums s JOIN months m USING (month) ORDER BY s.month, s.currency COLLATE "C"`.execute(db);
  return rows;
}

export interface LossReason {
  readonly month: Temporal.PlainDate;
  readonly deploymentId: number;
  /** off, unattached: of a resource that costs money and does nothing; product: what costs most. */
  readonly reason: 'off' | 'unattached' | 'product';
  /** The resource's name, or the product. */
  readonly name: string | null;
  /** For how many days it was so, of off and unattached. */
  readonly days: string | null;
  readonly amount: string;
  readonly currency: string;
}

/** Of each deployment and month, what most of its cost is for: what does nothing first. */
export async function selectLossReasons(
  db: Queryable,
  of: readonly { readonly month: Temporal.PlainDate; readonly deploymentId: number }[],
  perDeployment: number,
): Promise<LossReason[]> {
  const asked = JSON.stringify(of.map(({ month, deploymentId }) => ({ month, id: deploymentId })));
  const { rows } = await statement<LossReason>('providerBilling.selectLossReasons')`
    WITH asked AS (SELECT month, id AS deployment_id FROM jsonb_to_recordset(${asked}::jsonb) AS a (month date, id bigint)),
    shares AS (
      SELECT c.*, b.class FROM provider_billing_costs c JOIN asked USING (month, deployment_id) LEFT JOIN bill_products b USING (product)
    ), idle AS (
      SELECT s.month, s.deployment_id, CASE s.class WHEN 'droplet' THEN 'off' ELSE 'unattached' END AS reason, s.resource_id, s.position, s.currency, s.amount,
             max(i.name) AS name,
             sum(extract(epoch FROM least(i.valid_to, l.end_time) - greatest(i.valid_from, l.start_time))) / 86400 AS days
      FROM shares s JOIN provider_billing_counting r USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = s.position
      JOIN inventory_states i ON i.resource_id = s.resource_id AND i.valid_from < l.end_time AND i.valid_to > l.start_time
      WHERE s.amount > 0 AND (s.class = 'droplet' AND i.status = 'off' OR s.class = 'volume' AND i.parents = '{}')
      GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), found AS (
      SELECT month, deployment_id, reason, max(name) AS name, sum(days) AS days, sum(amount) AS amount, currency
      FROM idle GROUP BY month, deployment_id, reason, resource_id, currency
      -- A reboot or a resize does not make it idle.
      HAVING sum(days) >= 1
      UNION ALL
      SELECT month, deployment_id, 'product', product, NULL, sum(amount), currency FROM shares GROUP BY 1, 2, 4, 7 HAVING sum(amount) > 0
    ), placed AS (
      SELECT *, row_number() OVER (PARTITION BY month, deployment_id ORDER BY reason = 'product', amount DESC, name COLLATE "C") AS place FROM found
    )
    SELECT month, deployment_id AS "deploymentId", reason, name, round(days, 1) AS days, amount, currency FROM placed
    WHERE place <= ${perDeployment} ORDER BY month, deployment_id, place`.execute(db);
  return rows;
}

export interface LossMaker {
  readonly deploymentId: number;
  readonly deployment: string;
  readonly currency: string;
  /** Null: it has money in several currencies, and there is no rate between them. */
  readonly margin: string | null;
}

/**
 * Of the deployments of customers with a currency, those that cost more than they earn, the greatest loss first, and those
 * of which that is not known.
 */
export async function selectLossMakers(
  db: Queryable,
  filters: MarginFilters,
  { currency, limit }: { readonly currency: string; readonly limit: number },
): Promise<LossMaker[]> {
  const { rows } = await statement<LossMaker>('providerBilling.selectLossMakers')`
    WITH ${leaves(filters)}, sums AS (
      SELECT l.month, l.deployment_id, l.deployment, min(l.currency) AS currency, sum(l.revenue) AS revenue, sum(l.cost) AS cost,
             min(l.currency) <> max(l.currency) AS several
      FROM leaves l JOIN deployments_list d USING (deployment_id)
      WHERE l.part = 'customers' AND d.currency = ${currency} AND (l.revenue <> 0 OR l.cost <> 0) AND ${chosen(filters)} GROUP BY 1, 2, 3
    ), ordered AS (
      SELECT *, row_number() OVER (PARTITION BY several ORDER BY revenue - cost, deployment COLLATE "C") AS place
      FROM sums JOIN months USING (month) WHERE is_rated AND state IS NOT NULL AND (several OR cost > revenue)
    )
    SELECT deployment_id AS "deploymentId", deployment, currency, CASE WHEN NOT several THEN revenue - cost END AS margin
    FROM ordered WHERE place <= ${limit} ORDER BY several, place`.execute(db);
  return rows;
}

/** The currencies of customers with deployments, also of ended ones: those may cost still. */
export async function selectCustomerCurrencies(db: Queryable): Promise<string[]> {
  const { rows } = await statement<{ currency: string }>('providerBilling.selectCustomerCurrencies')`
    SELECT DISTINCT currency FROM deployments_list WHERE currency IS NOT NULL ORDER BY 1`.execute(db);
  return rows.map(({ currency }) => currency);
}

/** What nobody owns cost, by currency. */
export async function selectUnassignedCost(
  db: Queryable,
  filters: MarginFilters,
): Promise<{ readonly currency: string; readonly amount: string }[]> {
  const { rows } = await statement<{ currency: string; amount: string }>('providerBilling.selectUnassignedCost')`
    WITH ${leaves(filters)} SELECT currency, sum(cost) AS amount FROM leaves WHERE part = 'unassigned' GROUP BY currency ORDER BY currency`.execute(
    db,
  );
  return rows;
}

/** Of months, the currencies that there are amounts in, revenue or cost. */
export async function selectCurrencies(
  db: Queryable,
  filters: MarginFilters,
): Promise<{ readonly month: Temporal.PlainDate; readonly currency: string }[]> {
  const { rows } = await statement<{ month: Temporal.PlainDate; currency: string }>('providerBilling.selectCurrencies')`
    SELECT month, currency FROM provider_billing_counting WHERE month >= ${filters.from}::date AND month < ${filters.to}::date
    UNION SELECT month, currency FROM invoices_revenue
    WHERE basis = ${filters.basis} AND month >= ${filters.from}::date AND month < ${filters.to}::date ORDER BY 1, 2`.execute(
    db,
  );
  return rows;
}
