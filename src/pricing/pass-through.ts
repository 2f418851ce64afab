import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { exchangeRateOfCostMissing } from './errors.ts';
import * as store from './pass-through.store.ts';
import type { PlanVersion } from './plan.ts';
import type { PassedPrice } from './rating/pass-through.ts';

// What the provider charged, passed on. Whoever reads its bills says what deployments cost; a plan says with which markup.

export type DeploymentCost = store.DeploymentCost;

/**
 * The prices of what plan versions pass on of a month's cost, by deployment. Reads nothing where none passes anything on.
 * @throws ArcadiaError exchange_rate_of_cost_missing: the cost is in another currency than the plan, and has no rate
 */
export async function readPassedPrices(
  db: Queryable,
  month: Temporal.PlainYearMonth,
  of: readonly {
    readonly deployment: { readonly deployment_id: number; readonly slug: string };
    readonly versions: readonly PlanVersion[];
  }[],
): Promise<ReadonlyMap<number, readonly PassedPrice[]>> {
  const passing = of.filter(({ versions }) => versions.some(({ passThrough }) => passThrough.length > 0));
  if (passing.length === 0) return new Map();
  const ids = passing.map(({ deployment }) => deployment.deployment_id);
  const prices = Map.groupBy(await store.selectPassedPrices(db, month.toPlainDate({ day: 1 }), ids), (row) => row.id);
  return new Map(
    passing.map(({ deployment, versions }): [number, PassedPrice[]] => [
      deployment.deployment_id,
      (prices.get(deployment.deployment_id) ?? []).flatMap(({ price, ...row }) => {
        const version = versions.find(({ plan, from }) => plan === row.plan && from.equals(row.planFrom));
        if (version === undefined) return [];
        if (price !== null) return [{ ...row, price }];
        throw exchangeRateOfCostMissing(
          `The cost of "${deployment.slug}" is in ${row.costCurrency} and its plan in ${version.currency}: there is no exchange rate of ${row.lastDay} or the week before.`,
        );
      }),
    ]),
  );
}

/** Deployments that are, or were, on a plan that passes cost on at some time of a month. */
export function passingDeployments(db: Queryable, month: Temporal.PlainDate): Promise<readonly number[]> {
  return store.selectPassing(db, month);
}

/**
 * Puts what deployments cost in a month in place of what was said before. Where it differs, and where a preview has become
 * final, the month is rated again: its drafts follow, and what was issued is corrected.
 * @param costs of deployments that pass cost on; amounts are exact, times half-open within the month
 * @param deployments of which they are: all of `passingDeployments`, also those that cost nothing
 * @param lastDay the last that the bills are about
 * @returns how many deployments have other costs than before
 */
export async function replaceDeploymentCosts(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  costs: readonly DeploymentCost[],
  about: {
    readonly deployments: readonly number[];
    readonly isFinal: boolean;
    readonly lastDay: Temporal.PlainDate;
    readonly now: Temporal.Instant;
  },
): Promise<number> {
  await store.lockCosts(trx);
  return store.rewriteCosts(trx, month, costs, about);
}

/**
 * Customers that pay cost which is passed on, and of which no final bill of the provider has said yet what it is in the
 * month: their external ids.
 */
export async function customersWithoutBill(
  db: Queryable,
  month: Temporal.PlainYearMonth,
  customer: string | null = null,
): Promise<ReadonlySet<string>> {
  return new Set(await store.selectWithoutBill(db, month.toPlainDate({ day: 1 }), customer));
}
