// For tests of this room: customers with running systems, metered months, and facts that come late.
import { sql } from 'kysely';
import { assign } from '../deployments/assignments.ts';
import { createCustomer } from '../deployments/customers.ts';
import { createDeployment } from '../deployments/deployments.ts';
import { at, insertAccount, insertLiving, writeState } from '../deployments/inventory-fixture.ts';
import { meterOutstanding } from '../metering/meter.ts';
import type { Database } from '../platform/database.ts';
import { subscribe } from '../pricing/subscriptions.ts';
import { setBilling } from './billing.ts';
import { updateEntity } from './entities.ts';

export { at, insertAccount, writeState };

export const day = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text);

/** An account that is metered from the beginning of 2026, and a legal entity that can issue. */
export async function openBusiness(db: Database, meteredFrom = '2026-01-01'): Promise<number> {
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = ${meteredFrom}::date, connected_at = ${meteredFrom}::date`.execute(db);
  await updateEntity(db, 'default', {
    name: 'Example Hosting Ltd',
    address: ['1 Quay Street', 'Bristol BS1 4DJ', 'United Kingdom'],
    taxIds: ['VAT GB123456789'],
  });
  return account;
}

export interface FixtureDeployment {
  readonly customer: string;
  readonly slug: string;
  readonly plan?: string;
  readonly from?: string;
  readonly currency?: string;
}

/** A deployment of a customer (made if there is none), on a plan from its start on. */
export async function addDeployment(db: Database, given: FixtureDeployment): Promise<void> {
  const { customer, slug, plan = 'studio', from = '2026-01-01', currency = 'USD' } = given;
  const { rows } = await sql`SELECT FROM customers WHERE external_id = ${customer}`.execute(db);
  if (rows.length === 0) {
    await createCustomer(db, { externalId: customer, name: `${customer} Ltd`, currency }, at(from));
    await setBilling(db, customer, { address: ['2 Hill Road', 'Bath'] }, null, 'test', at(from));
  }
  await createDeployment(db, { slug, name: slug, customer, startsAt: at(from) }, at(from));
  await subscribe(db, { deployment: slug, plan, from: day(from) }, 'test', at(from));
}

/** A droplet from a moment on, owned by deployments in equal shares. */
export async function addDroplet(
  db: Database,
  account: number,
  name: string,
  owners: readonly string[],
  from: string,
): Promise<number> {
  const resource = await insertLiving(db, account, 'droplet', name, {}, at(from));
  await own(db, resource, owners, from);
  return resource;
}

export async function own(
  db: Database,
  resource: number,
  owners: readonly string[],
  from: string,
  now = from,
): Promise<void> {
  const shares = owners.map((slug) => ({ slug, weight: 1 }));
  await assign(db, { resourceIds: [resource], owners: shares, from: at(from) }, 'test', at(now));
}

/** Everything that has ended is listed completely and metered. */
export async function settle(db: Database, now: Temporal.Instant): Promise<void> {
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    SELECT account_id, kind, ${now}::timestamptz, ${now}::timestamptz, 'complete'
    FROM accounts, unnest('{droplet,snapshot,droplet_backup,spaces_bucket,dns_zone,volume,reserved_ip,load_balancer,project}'::text[]) AS kind`.execute(
    db,
  );
  await meterOutstanding(db, { now });
}
