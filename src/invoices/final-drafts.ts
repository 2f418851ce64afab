import { dayOf } from '../metering/index.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { draftCustomer, hasBegun } from './drafts.ts';
import * as store from './invoices.store.ts';

/** An invoice that a customer is still to be sent. */
export interface UnissuedInvoice extends Omit<store.UnissuedRow, 'month'> {
  /** `2026-05` */
  readonly month: string;
}

/** Earlier months follow as corrections, or are drafted at night. */
const monthsDrafted = 36;

/**
 * Drafts a customer's months from the one of an instant on, up to the current one. Approved and issued invoices stay as
 * they are.
 * @throws ArcadiaError what keeps the customer from being rated
 */
export async function draftFinalBill(
  db: Database,
  customerId: number,
  { from, now }: { readonly from: Temporal.Instant; readonly now: Temporal.Instant },
): Promise<void> {
  const current = dayOf(now).with({ day: 1 });
  const earliest = current.subtract({ months: monthsDrafted - 1 });
  const first = dayOf(from).with({ day: 1 });
  let month = Temporal.PlainDate.compare(first, earliest) < 0 ? earliest : first;
  for (; hasBegun(month, now); month = month.add({ months: 1 })) {
    const drafted = month;
    await db.transaction().execute(async (trx) => {
      await store.lockCustomer(trx, customerId);
      await draftCustomer(trx, customerId, drafted, now);
    });
  }
}

/** What a customer is still to be billed, by the drafts that there are: the oldest month first. */
export async function listUnissued(db: Queryable, customer: string): Promise<UnissuedInvoice[]> {
  return (await store.selectUnissued(db, customer)).map(({ month, ...row }) => ({
    ...row,
    month: month.toPlainYearMonth().toString(),
  }));
}
