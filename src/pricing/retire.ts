import type { Database, Queryable } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import { planRetired } from './errors.ts';
import * as store from './retired.store.ts';

// A retired plan takes no deployment that is not on it. Who is on it stays, is billed by it and gets its new versions.

/** Since when each retired plan is, by its slug. */
export async function retiredPlans(db: Queryable): Promise<ReadonlyMap<string, Temporal.Instant>> {
  return new Map((await store.selectRetired(db)).map(({ plan, retiredAt }) => [plan, retiredAt]));
}

/**
 * Retires a plan, or with null has it take subscriptions again. One that is retired already stays so since then.
 * @returns how many deployments are on it, or will be
 * @throws ArcadiaError not_found
 */
export async function setRetired(
  db: Database,
  plan: string,
  retiredAt: Temporal.Instant | null,
  now: Temporal.Instant,
): Promise<number> {
  const isThere = await db.transaction().execute((trx) => store.updateRetired(trx, plan, retiredAt));
  if (!isThere) throw notFound('plan', plan);
  return store.countOnPlan(db, plan, now);
}

/** What is said of a deployment that is to be put on a retired plan. */
export function retiredError(plan: string) {
  return planRetired(`Plan "${plan}" is retired: it takes no new subscription.`, { next: { operation: 'plan list' } });
}
