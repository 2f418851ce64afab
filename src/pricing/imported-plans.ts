import { listDeployments } from '../deployments/deployments.ts';
import { dayOf } from '../metering/period.ts';
import type { Database } from '../platform/database/database.ts';
import { subscribe } from './subscriptions.ts';

/**
 * Puts imported deployments on their plans, each from the day on which it starts.
 * @param by who, for the record
 * @returns how many that changed
 * @throws ArcadiaError as `subscribe` does
 */
export async function subscribeImported(
  db: Database,
  plans: readonly { readonly deployment: string; readonly plan: string }[],
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  if (plans.length === 0) return 0;
  const starts = new Map((await listDeployments(db)).map(({ slug, startsAt }) => [slug, startsAt]));
  let changed = 0;
  for (const { deployment, plan } of plans) {
    const from = dayOf(starts.get(deployment) ?? now);
    if ((await subscribe(db, { deployment, plan, from }, by, now)).changed) changed += 1;
  }
  return changed;
}
