import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import * as store from './currency-rule.store.ts';
import type { PlanVersion } from './plan.ts';
import { listPlanVersions } from './plans.ts';

// An invoice is in one currency, the customer's. Whatever would put a customer on prices in another is refused: a plan by
// command, API or import, a version of a plan, and another currency of the customer.

/**
 * Of the version of a plan that holds on a day and of all later ones, a currency that is not the wanted one.
 * @param versions all of the plan, the oldest first
 */
export function otherCurrency(
  versions: readonly Pick<PlanVersion, 'from' | 'currency'>[],
  day: Temporal.PlainDate,
  wanted: string,
): string | undefined {
  const held = versions.findLastIndex((version) => Temporal.PlainDate.compare(version.from, day) <= 0);
  return versions.slice(Math.max(0, held)).find(({ currency }) => currency !== wanted)?.currency;
}

/**
 * Refuses a plan whose prices are, or will be, in another currency than the customer of a deployment pays in.
 * @throws ArcadiaError conflict, with `details.customer` and `details.plan`, the two currencies
 */
export async function assertBillable(
  db: Queryable,
  { deployment, plan, from }: { readonly deployment: string; readonly plan: string; readonly from: Temporal.PlainDate },
): Promise<void> {
  const currency = await store.selectCustomerCurrency(db, deployment);
  if (currency === undefined) return;
  const other = otherCurrency(await listPlanVersions(db, plan), from, currency);
  if (other === undefined) return;
  throw new ArcadiaError(
    'conflict',
    `The customer of "${deployment}" pays in ${currency}, and plan "${plan}" is in ${other}.`,
    {
      todo: `Take a plan in ${currency}, or change the customer's currency while none of its deployments is on a plan.`,
      next: { operation: 'plan list' },
      details: { customer: currency, plan: other },
    },
  );
}

/** A deployment that is, or will be, on a plan in another currency than its customer is to pay in. */
type Unbillable = store.UnbillableRow;

/** Of customers and the currencies that they are to pay in, each deployment that stands against it. */
export async function findUnbillable(
  db: Queryable,
  customers: readonly { readonly externalId: string; readonly currency: string }[],
  now: Temporal.Instant,
): Promise<readonly Unbillable[]> {
  return customers.length === 0 ? [] : store.selectUnbillable(db, customers, now);
}
