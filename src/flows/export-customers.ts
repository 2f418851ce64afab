import { csvLine } from '../platform/csv.ts';
import type { Queryable } from '../platform/database/database.ts';
import { selectExported } from './export-customers.store.ts';

// Customers as the file that their import takes: what is exported and imported again changes nothing.

/** Lines that are read at a time. */
const pageSize = 500;

const header = [
  'customer_external_id',
  'customer_name',
  'currency',
  'deployment_slug',
  'deployment_name',
  'starts_at',
  'plan',
  'plan_from',
];

/**
 * All customers and their deployments that have not ended, a deployment a line, by their ids: with the plan that a
 * deployment is on, or else the next, and the UTC day since when. A customer without one has a line of its own.
 */
export async function* exportCustomers(db: Queryable, now: Temporal.Instant): AsyncGenerator<string> {
  yield csvLine(header);
  for (let after = { customer: '', slug: '' }; ; ) {
    const page = await selectExported(db, now, after, pageSize);
    for (const row of page) {
      const { customer, customerName, currency, slug, name, startsAt, plan, planFrom } = row;
      yield csvLine([customer, customerName, currency, slug, name, startsAt?.toString(), plan, planFrom]);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last;
  }
}
