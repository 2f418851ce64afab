import { changeCustomer as change, getCustomer } from '../deployments/index.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { findUnbillable } from '../pricing/index.ts';

// A customer pays in one currency, and it stays while a deployment of theirs is, or will be, on a plan in it. What changes
// a customer, by command, API or file, asks here.

/** Of customers and the currencies that they are to pay in, why one may not; each customer once. */
export async function refusedCurrencies(
  db: Queryable,
  wanted: readonly { readonly externalId: string; readonly currency: string }[],
  now: Temporal.Instant,
): Promise<{ readonly customer: string; readonly deployment: string; readonly reason: string }[]> {
  const found = new Map((await findUnbillable(db, wanted, now)).toReversed().map((one) => [one.customer, one]));
  return [...found.values()].map(({ customer, deployment, plan, currency }) => ({
    customer,
    deployment,
    reason: `${deployment} is on plan ${plan} in ${currency}; end its subscription before its customer pays in another currency`,
  }));
}

/**
 * Gives a customer another name or currency.
 * @throws ArcadiaError not_found; conflict, for another currency while a deployment is on a plan in this one
 */
export async function changeCustomer(
  db: Database,
  externalId: string,
  { name, currency }: { readonly name?: string | undefined; readonly currency?: string | undefined },
  now: Temporal.Instant,
) {
  if (currency !== undefined && currency !== (await getCustomer(db, externalId)).customer.currency) {
    const [refused] = await refusedCurrencies(db, [{ externalId, currency }], now);
    if (refused !== undefined)
      throw new ArcadiaError('conflict', `${refused.reason}.`, {
        next: { operation: 'subscription show', arguments: { deployment: refused.deployment } },
      });
  }
  return change(db, externalId, { name, currency });
}
