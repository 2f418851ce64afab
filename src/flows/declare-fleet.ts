import {
  applyRules,
  assign,
  createCustomer,
  createDeployment,
  listCustomers,
  listDeployments,
} from '../deployments/index.ts';
import { getResource } from '../inventory/index.ts';
import { billingHistory, getEntity, setBilling, updateEntity } from '../invoices/index.ts';
import { dayOf } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import { applyPlans, readSubscribed, startSubscriptions } from '../pricing/index.ts';
import type { FleetDeployment, SharedResource } from '../simulator/index.ts';

// What the operator of a demonstration's fleet declares of it, by the functions that every operation uses.

/** `by` of what a demonstration decides. */
export const decidedBy = 'demonstration';

type Customer = FleetDeployment['customer'];

type DeclaredDeployment = Omit<FleetDeployment, 'plan'> & { readonly plan: string };

export interface DeclaredFleet {
  readonly deployments: readonly DeclaredDeployment[];
  readonly sharedResources: readonly SharedResource[];
  /** Plans of its own, each in a file of its name. */
  readonly plans: readonly { readonly name: string; readonly text: string }[];
}

/**
 * Declares what the fleet's operator would by `now`: customers, deployments, what belongs to whom, and who is on which
 * plan; of a day that goes on nothing yet, for what it begins with may not be there. Once: what a person has changed since stays changed. The subscriptions come last, and in one transaction, so
 * that they say that all of it was done.
 */
export async function declareFleet(
  db: Database,
  fleet: DeclaredFleet,
  { now, end }: { readonly now: Temporal.Instant; readonly end: Temporal.Instant },
): Promise<void> {
  const began = now.equals(end) ? now : now.subtract({ hours: 24 });
  const deployments = fleet.deployments.filter(({ startsAt }) => Temporal.Instant.compare(startsAt, began) <= 0);
  const slugs = deployments.map(({ slug }) => slug);
  const subscribed = new Set((await readSubscribed(db, slugs)).map(({ deployment }) => deployment));
  const starting = deployments.filter(({ slug }) => !subscribed.has(slug));
  if (starting.length === 0) return;

  const customers = new Set((await listCustomers(db)).map((customer) => customer.externalId));
  const made = new Set((await listDeployments(db)).map((deployment) => deployment.slug));
  for (const { customer, slug, name, startsAt } of starting) {
    if (!customers.has(customer.externalId)) await createCustomer(db, customer, now);
    customers.add(customer.externalId);
    if (!made.has(slug)) await createDeployment(db, { slug, name, customer: customer.externalId, startsAt }, now);
  }
  await applyRules(db, { rules: starting.flatMap(rulesOf) }, decidedBy, now, { keepOthers: true });
  if (subscribed.size === 0) for (const shared of fleet.sharedResources) await assignShared(db, shared, now);
  await declareParties(db, [...new Map(starting.map(({ customer }) => [customer.externalId, customer])).values()], now);
  const files = fleet.plans.filter(({ name }) => starting.some(({ plan }) => name === `${plan}.yaml`));
  if (files.length > 0) await applyPlans(db, files, decidedBy, now);
  const plans = starting.map(({ slug, plan, startsAt }) => ({ deployment: slug, plan, from: dayOf(startsAt) }));
  await db.transaction().execute((trx) => startSubscriptions(trx, plans, decidedBy, now));
}

/** Who bills and who is billed, so that invoices can be issued at once; what a person has entered stays. */
async function declareParties(db: Database, customers: readonly Customer[], now: Temporal.Instant): Promise<void> {
  const seller = await getEntity(db, null);
  if (seller.name === null) {
    await updateEntity(
      db,
      seller.slug,
      {
        name: 'Example Hosting Ltd',
        address: ['1 Quay Street', 'Bristol BS1 4DJ', 'United Kingdom'],
        taxIds: ['VAT GB123456789'],
        email: 'billing@hosting.example',
        city: 'Bristol',
        postalCode: 'BS1 4DJ',
        country: 'GB',
        vatId: 'GB123456789',
        registrationId: '01234567',
        contact: 'Accounts',
        iban: 'GB82WEST12345698765432',
        paymentTerms: 'By bank transfer, with the number of the invoice.',
      },
      { by: decidedBy, now },
    );
  }
  for (const [index, { externalId, name, currency }] of customers.entries()) {
    if ((await billingHistory(db, externalId)).length > 0) continue;
    const email = `accounts@${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.example`;
    const place = currency === 'EUR' ? dublin : bristol(index);
    await setBilling(db, externalId, { email, ...place }, null, decidedBy, now);
  }
}

function bristol(index: number) {
  const postalCode = `BS1 ${1 + (index % 9)}AA`;
  const address = [`${index + 1} Market Street`, `Bristol ${postalCode}`, 'United Kingdom'];
  return { address, city: 'Bristol', postalCode, country: 'GB' };
}

const dublin = {
  address: ['1 Harbour Row', 'Dublin D02 X285', 'Ireland'],
  city: 'Dublin',
  postalCode: 'D02 X285',
  country: 'IE',
};

async function assignShared(
  db: Database,
  { kind, externalId, owners }: SharedResource,
  now: Temporal.Instant,
): Promise<void> {
  const { resourceId } = await getResource(db, `${kind}:${externalId}`);
  await assign(db, { resourceIds: [resourceId], owners, from: null }, decidedBy, now);
}

/** By its project where it has one of its own, and by the names of what no project holds. The tag deployment:<slug> needs no rule. */
function rulesOf({ slug, projectId, tag, namePattern }: DeclaredDeployment) {
  return [
    ...(projectId === undefined ? [] : [{ project: projectId, deployment: slug }]),
    ...(tag === undefined || tag === `deployment:${slug}` ? [] : [{ tag, deployment: slug }]),
    ...(namePattern === undefined ? [] : [{ name: namePattern, deployment: slug }]),
  ];
}
