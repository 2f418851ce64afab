import type { Database } from '../platform/database/database.ts';
import { passingDeployments, replaceDeploymentCosts } from '../pricing/index.ts';
import * as store from './costs.store.ts';

/**
 * Says what deployments whose plans pass cost on cost in a month, by the bills that count: of the final ones, else of the
 * preview. What a bill gives back of an earlier month is of the bill's month. A month without a reconciled bill says nothing.
 * @returns how many deployments cost something else than was said before
 */
export async function passCostsOn(db: Database, month: Temporal.PlainDate, now: Temporal.Instant): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const bills = await store.selectCountingBills(trx, month);
    if (bills === null) return 0;
    // Those first: of one that comes onto such a plan meanwhile nothing is said.
    const deployments = await passingDeployments(trx, month);
    const costs = await store.selectDeploymentCosts(trx, month, deployments);
    return replaceDeploymentCosts(trx, month, costs, { ...bills, deployments, now });
  });
}
