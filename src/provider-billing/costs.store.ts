import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { DeploymentCost } from '../pricing/index.ts';

interface CountingBills {
  readonly isFinal: boolean;
  readonly lastDay: Temporal.PlainDate;
}

/**
 * Whether the bills of a month that count are final, and the last day that they are about. Null: none was reconciled. They
 * are not where a signed one that is listed no more counts beside a listed one that nobody has signed: that may have taken
 * its place, and its cost would be there twice.
 */
export async function selectCountingBills(db: Queryable, month: Temporal.PlainDate): Promise<CountingBills | null> {
  const { rows } = await statement<CountingBills & { bills: number }>('providerBilling.selectCountingBills')`
    SELECT count(*) AS bills, coalesce(bool_and(kind = 'final' AND c.state <> 'doubtful'), false) AS "isFinal",
           least((${month}::date + interval '1 month' - interval '1 day')::date,
                 max(CASE kind WHEN 'preview' THEN (coalesce(v.updated_at, v.sealed_at) AT TIME ZONE 'UTC')::date END)) AS "lastDay"
    FROM provider_billing_counting c JOIN provider_bill_versions v USING (bill_version_id) WHERE c.month = ${month}`.execute(
    db,
  );
  const [row] = rows;
  return row === undefined || row.bills === 0 ? null : { isFinal: row.isFinal, lastDay: row.lastDay };
}

/** Which kind of resource a line `l` is charged for, of its resource `r`; '': none. */
export const chargedKind = sql`CASE WHEN r.kind = 'droplet' AND l.description ~ 'backups\\)$' THEN 'droplet_backup' ELSE coalesce(r.kind, '') END`;

/**
 * The meters of products, of a query with `product` and `charged`: all that measure what it charges for, however the bill
 * names it; of a product that nobody told us about, those of its line's resource.
 */
export function metersOf(products: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
      SELECT product, charged, ARRAY(
        SELECT DISTINCT k.slug::text FROM metering_kinds k
        WHERE k.slug = c.billing_kind OR k.resource_kind = ANY (c.kinds)
          AND (c.is_unknown OR k.slug NOT IN (SELECT o.billing_kind FROM bill_products o WHERE o.billing_kind IS NOT NULL))
        ORDER BY 1) AS meters
      FROM (
        -- A cluster is metered as its nodes, or as itself. A meter that is another product's own is not this one's.
        SELECT s.product, s.charged, b.product IS NULL AS is_unknown, b.billing_kind,
               CASE WHEN b.product IS NULL THEN ARRAY[s.charged] WHEN b.billing_kind IS NULL OR b.class = 'pool' THEN ARRAY[b.resource_kind] ELSE '{}' END
                 || ARRAY(SELECT o.resource_kind FROM metering_kinds o WHERE o.slug = b.billing_kind) AS kinds
        FROM (${products}) s LEFT JOIN bill_products b USING (product)) c`;
}

/** What deployments bear of a month's bills, by product and by the time that its lines are about. */
export async function selectDeploymentCosts(
  db: Queryable,
  month: Temporal.PlainDate,
  deployments: readonly number[],
): Promise<DeploymentCost[]> {
  const { rows } = await statement<DeploymentCost>('providerBilling.selectDeploymentCosts')`
    WITH spans AS (
      SELECT c.deployment_id, coalesce(c.product, '') AS product, coalesce(r.kind, b.resource_kind) AS resource_kind, c.currency, c.amount,
             ${chargedKind} AS charged,
             m.since, m.until, greatest(l.start_time, m.since) AS begins, least(l.end_time, m.until) AS ends
      FROM provider_billing_costs c
      JOIN provider_billing_counting n USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = n.bill_version_id AND l.position = c.position
      LEFT JOIN bill_products b ON b.product = c.product
      LEFT JOIN inventory_resources r ON r.resource_id = c.resource_id
      CROSS JOIN LATERAL (SELECT c.month::timestamp AT TIME ZONE 'UTC' AS since, (c.month + interval '1 month') AT TIME ZONE 'UTC' AS until) m
      WHERE c.month = ${month} AND c.target = 'deployment' AND c.amount <> 0
        AND c.deployment_id = ANY (${[...deployments]}::bigint[])
    ), meters AS (${metersOf(sql`SELECT DISTINCT product, charged FROM spans`)})
    SELECT deployment_id AS "deploymentId", product, resource_kind AS "resourceKind", meters AS "billingKinds", currency,
           CASE WHEN begins < ends THEN begins ELSE since END AS "from", CASE WHEN begins < ends THEN ends ELSE until END AS "to",
           sum(amount)::text AS amount
    FROM spans JOIN meters USING (product, charged) GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 6, 7, 3, 4`.execute(db);
  return rows;
}
