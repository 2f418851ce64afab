import type { Database } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { getPlan } from './plans.ts';
import * as store from './store.ts';

export interface Subscription {
  readonly deployment: string;
  readonly plan: string;
  readonly from: Temporal.Instant;
  /** Null: until it is changed. */
  readonly to: Temporal.Instant | null;
}

/**
 * Puts a deployment on a plan from a day (UTC) on, until it is changed again: what was planned for
 * later days is replaced too. Doing it twice changes nothing.
 * @param by who, for the record
 * @returns whether anything changed
 * @throws ArcadiaError not_found (deployment, or the plan on that day), invalid_argument (a deployment without customer)
 */
export async function subscribe(
  db: Database,
  { deployment, plan, from }: { readonly deployment: string; readonly plan: string; readonly from: Temporal.PlainDate },
  by: string,
  now: Temporal.Instant,
): Promise<{ changed: boolean }> {
  const { deployment_id: deploymentId, customer_id } = await requireDeployment(db, deployment);
  if (customer_id === null) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${deployment}" is what nobody owns: nobody pays for it, it has no plan.`,
    );
  }
  await getPlan(db, plan, from);
  const planId = await store.selectPlanId(db, plan);
  if (planId === undefined) throw new RangeError(`plan ${plan} has a version but no id`);

  const subscription = { deploymentId, planId, from };
  return db.transaction().execute(async (trx) => {
    await store.lockSubscriptions(trx, deploymentId);
    if (await store.selectIsSubscribed(trx, subscription)) return { changed: false };
    await store.rewriteSubscription(trx, subscription, by, now);
    return { changed: true };
  });
}

/** What each deployment is on at an instant, by its slug. Those on no plan are not among them. */
export async function currentSubscriptions(db: Database, at: Temporal.Instant): Promise<Subscription[]> {
  const rows = await store.selectSubscriptionsAt(db, at);
  return rows.map((row) => ({ deployment: row.deployment, plan: row.plan, from: row.valid_from, to: row.valid_to }));
}

/**
 * The plan by which the days [from, to) are quoted: the last one that the deployment is on within them.
 * @throws ArcadiaError not_found
 */
export async function subscribedPlan(
  db: Database,
  deployment: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<string> {
  const { deployment_id } = await requireDeployment(db, deployment);
  const plan = await store.selectLastSubscription(db, deployment_id, from, to);
  if (plan === undefined) {
    throw new ArcadiaError(
      'not_found',
      `Deployment "${deployment}" is on no plan from ${from} to ${to}; name a plan to quote it on.`,
    );
  }
  return plan;
}

async function requireDeployment(db: Database, slug: string): Promise<store.DeploymentRow> {
  const row = await store.selectDeployment(db, slug);
  if (!row) throw new ArcadiaError('not_found', `There is no deployment "${slug}".`);
  return row;
}
