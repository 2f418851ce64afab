import { sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { rateAgeDaysMax } from './exchange-rate.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';

export interface DeploymentCost {
  readonly deploymentId: number;
  /** As the bill names it. */
  readonly product: string;
  readonly resourceKind: string | null;
  /** The meters of it: where a plan has a price for one, customers pay by that. */
  readonly billingKinds: readonly string[];
  readonly currency: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly amount: string;
}

interface PassedPriceRow {
  readonly id: number;
  readonly plan: string;
  readonly planFrom: Temporal.PlainDate;
  readonly product: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly price: string | null;
  readonly isFinal: boolean;
  readonly costCurrency: string;
  readonly lastDay: Temporal.PlainDate;
}

/** Prices under every plan version that passes the cost on; null: there is no exchange rate. */
export async function selectPassedPrices(
  db: Queryable,
  month: Temporal.PlainDate,
  deployments: readonly number[],
): Promise<PassedPriceRow[]> {
  const { rows } = await statement<PassedPriceRow>('pricing.selectPassedPrices')`
    SELECT x.deployment_id AS id, p.slug AS plan, v.from_day AS "planFrom", x.product, x.valid_from AS "from", x.valid_to AS "to",
           x.price::text AS price, x.is_final AS "isFinal", x.currency AS "costCurrency", x.last_day AS "lastDay"
    FROM passed_prices x JOIN plan_versions v USING (plan_version_id) JOIN plans p USING (plan_id)
    WHERE x.month = ${month} AND x.deployment_id = ANY (${[...deployments]}::bigint[])
    ORDER BY x.deployment_id, x.product, x.valid_from, x.valid_to, x.price`.execute(db);
  return rows;
}

/** Of which prices: all that rest on a plan version, on a month's costs, or on exchange rates. */
interface PricesOf {
  readonly planVersionId?: number;
  readonly month?: Temporal.PlainDate;
  readonly isConverted?: true;
}

/**
 * Derives prices anew. What a plan version has a meter's price for is not passed on; of its `passThrough` the first that fits
 * decides, Taxes and Credits only by their whole names.
 */
export async function replacePassedPrices(
  trx: UnitOfWork,
  { planVersionId, month, isConverted }: PricesOf,
): Promise<void> {
  const asked = sql`(${planVersionId ?? null}::bigint IS NULL OR v.plan_version_id = ${planVersionId ?? null})
    AND (${month ?? null}::date IS NULL OR c.month = ${month ?? null}::date) AND (${isConverted !== true} OR c.currency <> v.currency)`;
  await statement('pricing.replacePassedPrices.delete')`
    DELETE FROM passed_prices c USING plan_versions v WHERE v.plan_version_id = c.plan_version_id AND ${asked}`.execute(
    trx,
  );
  await statement('pricing.replacePassedPrices.insert')`
    INSERT INTO passed_prices (month, deployment_id, plan_version_id, product, valid_from, valid_to, price, currency, is_final, last_day)
    SELECT c.month, c.deployment_id, v.plan_version_id, c.product, c.valid_from, c.valid_to,
           c.amount * (100 + i.markup_percent) / 100 * x.rate, c.currency, m.is_final, m.last_day
    FROM deployment_costs c JOIN cost_months m USING (month) CROSS JOIN plan_versions v
    CROSS JOIN LATERAL (
      SELECT k.markup_percent FROM plan_pass_through t JOIN plan_markups k USING (plan_version_id, position)
      WHERE t.plan_version_id = v.plan_version_id
        AND (t.resource_kind = c.resource_kind OR lower(t.product) = lower(c.product)
             OR c.product NOT IN ('Taxes', 'Credits') AND t.product IS NOT NULL AND fits_pattern(c.product, t.product))
      ORDER BY t.position LIMIT 1) i
    LEFT JOIN LATERAL (
      SELECT 1::numeric AS rate WHERE c.currency = v.currency
      UNION ALL
      (SELECT r.rate FROM exchange_rates r
       WHERE r.superseded_at = 'infinity' AND r.base_currency = c.currency AND r.counter_currency = v.currency
         AND r.valid_from <= m.last_day::timestamptz AND r.valid_from >= (m.last_day - ${rateAgeDaysMax}::int)::timestamptz
       ORDER BY r.valid_from DESC LIMIT 1)
      LIMIT 1) x ON true
    WHERE ${asked} AND NOT EXISTS (SELECT FROM plan_items k JOIN metering_kinds b USING (billing_kind_id)
                                   WHERE k.plan_version_id = v.plan_version_id AND b.slug = ANY (c.billing_kinds))`.execute(
    trx,
  );
}

/** Derives prices in other currencies than the cost's anew: exchange rates have changed. */
export async function replaceConvertedPrices(trx: UnitOfWork, now: Temporal.Instant): Promise<void> {
  const converted = sql`
    SELECT x.deployment_id, x.month, x.plan_version_id, x.product, x.valid_from, x.valid_to, x.price
    FROM passed_prices x JOIN plan_versions v USING (plan_version_id) WHERE x.currency <> v.currency`;
  const before = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.replaceConvertedPrices', table: 'staged_converted_prices' },
    converted,
  );
  await replacePassedPrices(trx, { isConverted: true });
  await appendChanges(
    trx,
    'pricing',
    'exchange_rate',
    now,
    sql`SELECT DISTINCT deployment_id AS subject, month::timestamptz AS valid_from, (month + interval '1 month')::timestamptz AS valid_to
        FROM ((${converted} EXCEPT SELECT * FROM ${before}) UNION ALL (SELECT * FROM ${before} EXCEPT (${converted}))) AS d`,
  );
}

/** Deployments on a plan that passes cost on at some time of a month. */
export async function selectPassing(db: Queryable, month: Temporal.PlainDate): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('pricing.selectPassing')`
    SELECT DISTINCT deployment_id AS id FROM pricing_passing
    WHERE valid_from < (${month}::date + interval '1 month') AT TIME ZONE 'UTC' AND valid_to > ${month}::date::timestamp AT TIME ZONE 'UTC'
    ORDER BY 1`.execute(db);
  return rows.map(({ id }) => id);
}

/** Whoever replaces costs takes turns until the end of the transaction. */
export async function lockCosts(trx: UnitOfWork): Promise<void> {
  await statement('pricing.lockCosts')`LOCK TABLE cost_months IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

/** Of deployments whose costs differ the rows; how many those are. */
export async function rewriteCosts(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  costs: readonly DeploymentCost[],
  {
    deployments,
    isFinal,
    lastDay,
    now,
  }: {
    readonly deployments: readonly number[];
    readonly isFinal: boolean;
    readonly lastDay: Temporal.PlainDate;
    readonly now: Temporal.Instant;
  },
): Promise<number> {
  const { rows } = await statement<{ flipped: boolean }>('pricing.rewriteCosts.cost_months')`
    WITH held AS (SELECT is_final FROM cost_months WHERE month = ${month}), written AS (
      INSERT INTO cost_months AS m (month, is_final, last_day, recorded_at) VALUES (${month}, ${isFinal}, ${lastDay}, ${now}::timestamptz)
      ON CONFLICT (month) DO UPDATE SET is_final = excluded.is_final, last_day = excluded.last_day, recorded_at = excluded.recorded_at
      WHERE (m.is_final, m.last_day) <> (excluded.is_final, excluded.last_day)
    )
    SELECT coalesce((SELECT is_final FROM held) <> ${isFinal}, false) AS flipped`.execute(trx);
  await rewriteCostDeployments(trx, month, deployments);
  const columns = sql`deployment_id, product, resource_kind, billing_kinds, currency, valid_from, valid_to, amount`;
  const said = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.rewriteCosts.said', table: 'staged_deployment_costs' },
    sql`
      SELECT "deploymentId" AS deployment_id, product, "resourceKind" AS resource_kind, "billingKinds" AS billing_kinds, currency,
             "from" AS valid_from, "to" AS valid_to, trim_scale(amount) AS amount
      FROM jsonb_to_recordset(${JSON.stringify(costs)}::jsonb) AS c ("deploymentId" bigint, product text, "resourceKind" text,
        "billingKinds" text[], currency text, "from" timestamptz, "to" timestamptz, amount numeric)`,
  );
  const changed = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.rewriteCosts.changed', table: 'staged_changed_costs' },
    sql`
      SELECT DISTINCT deployment_id FROM (
        (SELECT ${columns} FROM ${said} EXCEPT SELECT ${columns} FROM deployment_costs WHERE month = ${month})
        UNION ALL
        (SELECT ${columns} FROM deployment_costs WHERE month = ${month} EXCEPT SELECT ${columns} FROM ${said})
        UNION ALL
        SELECT ${columns} FROM ${said} WHERE ${rows[0]?.flipped ?? false}
      ) AS different`,
  );
  await statement('pricing.rewriteCosts.delete_deployment_costs')`
    DELETE FROM deployment_costs WHERE month = ${month} AND deployment_id IN (SELECT deployment_id FROM ${changed})`.execute(
    trx,
  );
  await statement('pricing.rewriteCosts.deployment_costs')`
    INSERT INTO deployment_costs (month, ${columns})
    SELECT ${month}, ${columns} FROM ${said} WHERE deployment_id IN (SELECT deployment_id FROM ${changed})`.execute(
    trx,
  );
  await replacePassedPrices(trx, { month });
  await appendChanges(
    trx,
    'pricing',
    'cost',
    now,
    sql`SELECT deployment_id AS subject, ${month}::date::timestamptz AS valid_from,
               (${month}::date + interval '1 month')::timestamptz AS valid_to FROM ${changed}`,
  );
  const { rows: counted } = await statement<{ count: number }>('pricing.rewriteCosts.count')`
    SELECT count(*) AS count FROM ${changed}`.execute(trx);
  return counted[0]?.count ?? 0;
}

/** Notes of which deployments a month's costs are. */
async function rewriteCostDeployments(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  deployments: readonly number[],
): Promise<void> {
  await statement('pricing.rewriteCostDeployments.delete')`
    DELETE FROM cost_deployments WHERE month = ${month} AND deployment_id <> ALL (${[...deployments]}::bigint[])`.execute(
    trx,
  );
  await statement('pricing.rewriteCostDeployments.insert')`
    INSERT INTO cost_deployments (month, deployment_id) SELECT ${month}::date, unnest(${[...deployments]}::bigint[])
    ON CONFLICT DO NOTHING`.execute(trx);
}

/** Customers with a deployment that passes cost on in the month, and of which no final bill has said what it costs. */
export async function selectWithoutBill(
  db: Queryable,
  month: Temporal.PlainDate,
  customer: string | null,
): Promise<string[]> {
  const { rows } = await statement<{ customer: string }>('pricing.selectWithoutBill')`
    SELECT DISTINCT c.external_id AS customer
    FROM pricing_passing p JOIN deployments_list d USING (deployment_id) JOIN deployments_customers c USING (customer_id)
    WHERE p.valid_from < (${month}::date + interval '1 month') AT TIME ZONE 'UTC' AND p.valid_to > ${month}::date::timestamp AT TIME ZONE 'UTC'
      AND (${customer}::text IS NULL OR c.external_id = ${customer})
      AND NOT EXISTS (SELECT FROM cost_months m JOIN cost_deployments o USING (month)
                      WHERE m.month = ${month} AND m.is_final AND o.deployment_id = p.deployment_id)`.execute(db);
  return rows.map((row) => row.customer);
}
