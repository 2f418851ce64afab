import {
  type Deployment,
  findCustomerId,
  findDeployment,
  getCustomer,
  setDeploymentEnd,
} from '../deployments/index.ts';
import { draftFinalBill, listUnissued, type UnissuedInvoice } from '../invoices/index.ts';
import { dayOf } from '../metering/index.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { endSubscription, type NotBilled, notBilled } from '../pricing/index.ts';
import type { FlowContext } from './context.ts';

/** What became of a customer's deployments that were ended. */
export interface Ended {
  readonly customer: string;
  /** By slug: those that were to end. */
  readonly deployments: readonly string[];
  readonly endsAt: Temporal.Instant;
  /** False: all of it was so already. */
  readonly changed: boolean;
  /** What the customer is still to be billed, of all its deployments. Issued months follow as corrections. */
  readonly unissued: readonly UnissuedInvoice[];
  /** What ran in the current month after the end, and whether it runs still. */
  readonly runsOn: readonly NotBilled[];
}

type Context = Pick<FlowContext, 'now' | 'principal'>;

/**
 * Ends a deployment: its subscription ends with it, whatever was planned for later, and its customer's drafts say so.
 * What it owns stays its own, is metered, and is not billed.
 * @param endsAt the beginning of a UTC day
 * @throws ArcadiaError not_found; invalid_argument (an instant within a day, `unattributed`); range_reversed (before its
 *   start); what keeps the customer from being rated
 */
export async function endDeployment(
  db: Database,
  { deployment, endsAt }: { readonly deployment: string; readonly endsAt: Temporal.Instant },
  context: Context,
): Promise<Ended> {
  const { customerExternalId } = await findDeployment(db, deployment);
  if (customerExternalId === null) throw new ArcadiaError('invalid_argument', `${deployment} has no end.`);
  return end(db, customerExternalId, [deployment], endsAt, context);
}

/**
 * Ends all deployments of a customer that have not ended before.
 * @throws ArcadiaError as `endDeployment`; conflict (a customer without deployments)
 */
export async function closeCustomer(
  db: Database,
  { customer, endsAt }: { readonly customer: string; readonly endsAt: Temporal.Instant },
  context: Context,
): Promise<Ended> {
  const { deployments } = await getCustomer(db, customer);
  if (deployments.length === 0) {
    throw new ArcadiaError('conflict', `Customer ${customer} has no deployment that could end.`);
  }
  const runs = (one: Deployment) => one.endsAt === null || Temporal.Instant.compare(one.endsAt, endsAt) > 0;
  return end(
    db,
    customer,
    deployments.filter(runs).map(({ slug }) => slug),
    endsAt,
    context,
  );
}

async function end(
  db: Database,
  customer: string,
  deployments: readonly string[],
  endsAt: Temporal.Instant,
  { now, principal }: Context,
): Promise<Ended> {
  const customerId = await findCustomerId(db, customer);
  if (customerId === null) throw new RangeError(`customer ${customer} is gone`);
  const changed = await db.transaction().execute(async (trx) => {
    let any = false;
    for (const deployment of deployments) {
      const subscription = { deployment, from: endsAt };
      const ended = await endSubscription(nestedDatabase(trx), subscription, principal.subject, now);
      any = (await setDeploymentEnd(trx, deployment, endsAt, now)) || ended.changed || any;
    }
    return any;
  });
  await draftFinalBill(db, customerId, { from: endsAt, now });
  const month = dayOf(now).toPlainYearMonth();
  return {
    customer,
    deployments,
    endsAt,
    changed,
    unissued: await listUnissued(db, customer),
    runsOn: (await notBilled(db, { month, now, deployments })).filter(({ reason }) => reason === 'ended'),
  };
}

/**
 * Takes the end of a deployment back. It is on no plan: its subscription is to be started again.
 * @throws ArcadiaError not_found; invalid_argument (`unattributed`)
 */
export async function reopenDeployment(
  db: Database,
  deployment: string,
  now: Temporal.Instant,
): Promise<{ changed: boolean }> {
  return db.transaction().execute(async (trx) => ({ changed: await setDeploymentEnd(trx, deployment, null, now) }));
}
