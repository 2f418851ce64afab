import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { DeploymentCost } from '../pricing/index.ts';

interface CountingBills {
  readonly isFinal: boolean;
  readonly lastDay: Temporal.PlainDate;
}

/** Whether the bills of a month that count are final, and the last day that they are about. Null: none was reconciled. */
export async function selectCountingBills(db: Queryable, month: Temporal.PlainDate): Promise<CountingBills | null> {
  const { rows } = await statement<CountingBills & { bills: number }>('providerBilling.selectCountingBills')`
    SELECT count(*) AS bills, coalesce(bool_and(kind = 'final'), false) AS "isFinal",
           least((${month}::date + interval '1 month' - interval '1 day')::date,
                 max(CASE kind WHEN 'preview' THEN (coalesce(v.updated_at, v.sealed_at) AT TIME ZONE 'UTC')::date END)) AS "lastDay"
    FROM provider_billing_counting c JOIN provider_bill_versions v USING (bill_version_id) WHERE c.month = ${month}`.execute(
    db,
  );
  const [row] = rows;
  return row === undefined || row.bills === 0 ? null : { isFinal: row.isFinal, lastDay: row.lastDay };
}

/** What deployments that pass cost on bear of a month's bills, by product and by the time that its lines are about. */
export async function selectDeploymentCosts(db: Queryable, month: Temporal.PlainDate): Promise<DeploymentCost[]> {
  const { rows } = await statement<DeploymentCost>('providerBilling.selectDeploymentCosts')`
    WITH spans AS (
      SELECT c.deployment_id, coalesce(c.product, '') AS product, coalesce(r.kind, b.resource_kind) AS resource_kind, b.billing_kind, c.currency, c.amount,
             m.since, m.until, greatest(l.start_time, m.since) AS begins, least(l.end_time, m.until) AS ends
      FROM provider_billing_costs c
      JOIN provider_billing_counting n USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = n.bill_version_id AND l.position = c.position
      LEFT JOIN bill_products b ON b.product = c.product
      LEFT JOIN inventory_resources r ON r.resource_id = c.resource_id
      CROSS JOIN LATERAL (SELECT c.month::timestamp AT TIME ZONE 'UTC' AS since, (c.month + interval '1 month') AT TIME ZONE 'UTC' AS until) m
      WHERE c.month = ${month} AND c.target = 'deployment' AND c.amount <> 0
        AND c.deployment_id IN (SELECT p.deployment_id FROM pricing_passing p WHERE p.valid_from < m.until AND p.valid_to > m.since)
    )
    SELECT deployment_id AS "deploymentId", product, resource_kind AS "resourceKind", billing_kind AS "billingKind", currency,
           CASE WHEN begins < ends THEN begins ELSE since END AS "from", CASE WHEN begins < ends THEN ends ELSE until END AS "to",
           sum(amount)::text AS amount
    FROM spans GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 6, 7, 3, 4`.execute(db);
  return rows;
}
