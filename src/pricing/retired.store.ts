import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// Plans that take nobody new.

/** Since when each retired plan is, by its slug. */
export async function selectRetired(db: Queryable): Promise<{ plan: string; retiredAt: Temporal.Instant }[]> {
  const { rows } = await statement<{ plan: string; retiredAt: Temporal.Instant }>('pricing.selectRetired')`
    SELECT slug AS plan, retired_at AS "retiredAt" FROM plans WHERE retired_at IS NOT NULL`.execute(db);
  return rows;
}

/** Null: it takes subscriptions. What is retired stays so since when it is. Returns whether there is the plan. */
export async function updateRetired(
  trx: UnitOfWork,
  plan: string,
  retiredAt: Temporal.Instant | null,
): Promise<boolean> {
  const { rows } = await statement('pricing.updateRetired')`
    UPDATE plans SET retired_at = CASE WHEN ${retiredAt}::timestamptz IS NOT NULL THEN coalesce(retired_at, ${retiredAt}) END
    WHERE slug = ${plan} RETURNING 1`.execute(trx);
  return rows.length > 0;
}

/** How many deployments are on a plan at an instant, or will be. */
export async function countOnPlan(db: Queryable, plan: string, at: Temporal.Instant): Promise<number> {
  const { rows } = await statement<{ deployments: number }>('pricing.countOnPlan')`
    SELECT count(DISTINCT s.deployment_id) AS deployments FROM subscriptions s JOIN plans p USING (plan_id)
    WHERE p.slug = ${plan} AND s.superseded_at = 'infinity' AND s.valid_to > ${at}::timestamptz`.execute(db);
  return rows[0]?.deployments ?? 0;
}
