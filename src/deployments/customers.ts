import type { Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { currencyDigits } from '../platform/money.ts';
import { type Deployment, listDeployments } from './deployments.ts';
import {
  countCustomers,
  type CustomerRow,
  type CustomerSort,
  insertCustomer,
  readCustomerId,
  readCustomerName,
  readCustomerPage,
  readCustomers,
  updateCustomers,
} from './store.ts';

/** Who pays. `externalId` is arcadia-app's id; `currency` an ISO 4217 code in capitals. */
export interface NewCustomer {
  readonly externalId: string;
  readonly name: string;
  readonly currency: string;
}

/** `deployments` counts them. */
export type Customer = CustomerRow;

/** Throws conflict if the external id is taken, invalid_argument for an empty field or a currency that ISO 4217 does not have. */
export async function createCustomer(db: Database, customer: NewCustomer, now: Temporal.Instant): Promise<Customer> {
  if (customer.externalId === '' || customer.name === '') {
    throw new ArcadiaError('invalid_argument', 'A customer needs an external id and a name.');
  }
  currencyDigits(customer.currency);
  const made = await db.transaction().execute((trx) => insertCustomer(trx, customer, now));
  if (!made) throw new ArcadiaError('already_exists', `There is a customer ${customer.externalId} already.`);
  return readCustomer(db, customer.externalId);
}

/**
 * Gives a customer another name or currency; what was issued keeps what it has. Whether the currency may change is for
 * those to say who know what its deployments cost. Throws not_found.
 */
export async function changeCustomer(
  db: Database,
  externalId: string,
  change: { readonly name?: string | undefined; readonly currency?: string | undefined },
): Promise<Customer> {
  const before = await readCustomer(db, externalId);
  const { name = before.name, currency = before.currency } = change;
  await db.transaction().execute((trx) => updateCustomers(trx, [{ externalId, name, currency }]));
  return readCustomer(db, externalId);
}

async function readCustomer(db: Queryable, externalId: string): Promise<Customer> {
  const [customer] = await readCustomers(db, [externalId]);
  if (!customer) throw notFound('customer', externalId);
  return customer;
}

/** All customers by external id. */
export async function listCustomers(db: Queryable): Promise<Customer[]> {
  return readCustomers(db, null);
}

/** A page of customers, and how many there are in all. */
export async function customerPage(db: Queryable, page: PageRequest<CustomerSort>): Promise<Required<Page<Customer>>> {
  const rows = await readCustomerPage(db, { ...page, limit: page.limit + 1 });
  return { ...pageOf(rows, page.limit, cursorOf), total: await countCustomers(db, page.q) };
}

/** One customer with its deployments. Throws not_found. */
export async function getCustomer(
  db: Queryable,
  externalId: string,
): Promise<{ customer: Customer; deployments: Deployment[] }> {
  const customer = await readCustomer(db, externalId);
  return { customer, deployments: await listDeployments(db, { customer: externalId }) };
}

/** Those of these customers, by external id, that there are. */
export async function findCustomers(db: Queryable, externalIds: readonly string[]): Promise<Customer[]> {
  return readCustomers(db, externalIds);
}

/** Our own id of the customer whom others know by this external id; null where there is none. */
export async function findCustomerId(db: Queryable, externalId: string): Promise<number | null> {
  return readCustomerId(db, externalId);
}

/** The customer with this id of ours; null where there is none, or none that the caller may see. */
export function findCustomer(
  db: Queryable,
  customerId: number,
): Promise<{ readonly customer: string; readonly name: string } | null> {
  return readCustomerName(db, customerId);
}
