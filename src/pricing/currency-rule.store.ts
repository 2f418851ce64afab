import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** Undefined: nobody pays for it. */
export async function selectCustomerCurrency(db: Queryable, deployment: string): Promise<string | undefined> {
  const { rows } = await statement<{ currency: string | null }>('pricing.selectCustomerCurrency')`
    SELECT currency FROM deployments_list WHERE slug = ${deployment}`.execute(db);
  return rows[0]?.currency ?? undefined;
}

export interface UnbillableRow {
  readonly customer: string;
  readonly deployment: string;
  readonly plan: string;
  readonly currency: string;
}

/** Deployments of these customers that are on a plan, at an instant or later, in another currency than is named. */
export async function selectUnbillable(
  db: Queryable,
  customers: readonly { readonly externalId: string; readonly currency: string }[],
  now: Temporal.Instant,
): Promise<readonly UnbillableRow[]> {
  const { rows } = await statement<UnbillableRow>('pricing.selectUnbillable')`
    WITH wanted AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(customers)}::jsonb) AS w("externalId" text, currency text)
    ), subscribed AS (
      SELECT d.customer_external_id AS customer, d.slug AS deployment, w.currency AS wanted, s.plan_id, s.valid_to,
             (greatest(s.valid_from, ${now}) AT TIME ZONE 'UTC')::date AS since
      FROM wanted w JOIN deployments_list d ON d.customer_external_id = w."externalId"
      JOIN subscriptions s USING (deployment_id)
      WHERE s.superseded_at = 'infinity' AND s.valid_to > ${now}
    )
    SELECT DISTINCT s.customer, s.deployment, p.slug AS plan, v.currency
    FROM subscribed s JOIN plans p USING (plan_id) JOIN plan_versions v USING (plan_id)
    WHERE v.currency <> s.wanted AND v.from_day::timestamp AT TIME ZONE 'UTC' < s.valid_to AND (
      v.from_day > s.since OR v.from_day = (
        SELECT max(w.from_day) FROM plan_versions w WHERE w.plan_id = v.plan_id AND w.from_day <= s.since))
    ORDER BY 1, 2, 3, 4 LIMIT 1000`.execute(db);
  return rows;
}
