import type { Queryable } from '../platform/database/database.ts';
import { type Unbilled, unbilledOf } from '../pricing/index.ts';
import { selectDeployments } from './drafts.store.ts';
import type { Invoice } from './invoices.ts';

/** What is used in the month of an invoice that is not issued yet, and billed neither on it nor to anybody. */
export async function unbilledBeside(db: Queryable, invoice: Invoice, now: Temporal.Instant): Promise<Unbilled[]> {
  if (invoice.kind !== 'invoice' || (invoice.state !== 'draft' && invoice.state !== 'approved')) return [];
  const deployments = (await selectDeployments(db, [invoice.customerId])).map(({ deploymentId }) => deploymentId);
  const unbilled = await unbilledOf(db, { deployments, month: invoice.month.toPlainYearMonth(), now });
  return unbilled.filter(({ currency }) => currency === invoice.currency);
}
