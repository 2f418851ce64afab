import { type Clock, databaseClock } from '../platform/clock.ts';
import { readBalance } from './balances.ts';
import { readBills } from './bills.ts';
import { passCostsOn } from './costs.ts';
import { type BillingContext, ensurePayers, getPayer, readPart } from './payers.ts';
import { reconcileMonth } from './reconciliation/reconcile.ts';
import { selectBillMonths } from './reconciliation/stage-lines.store.ts';

/**
 * Reconciles the bills of a payer, of one month or of all, and passes costs on to plans that ask for it.
 *
 * Errors: not_found; what the database says.
 */
export async function reconcileMonths(
  { db, clock, report, signal }: Pick<BillingContext, 'db' | 'report' | 'signal'> & { readonly clock: Clock },
  slug: string,
  only: Temporal.PlainDate | null,
): Promise<void> {
  const { payerId } = await getPayer(db, slug);
  for (const month of only === null ? await selectBillMonths(db, payerId) : [only]) {
    signal.throwIfAborted();
    const { bills, changed } = await reconcileMonth(db, payerId, month, await clock.now());
    await passCostsOn(db, month, await clock.now());
    report(`${slug}: ${month.toString().slice(0, 7)}: ${changed} of ${bills} bills came to something else`);
  }
}

/**
 * Reads the balances and bills of every payer at once, one after the other, and reconciles them: what the schedule has
 * read by jobs. Insights are left to it.
 *
 * Errors: those of readPart; what the database says.
 */
export async function readBilling(
  context: BillingContext,
  { by, monthsBefore }: { readonly by: string; readonly monthsBefore: number },
): Promise<void> {
  const { db } = context;
  const clock = databaseClock(db);
  const now = await clock.now();
  for (const { slug } of await db.transaction().execute((trx) => ensurePayers(trx, by, now))) {
    await readPart(context, slug, 'balance', readBalance);
    await readPart(context, slug, 'bills', (reading) => readBills(reading, { monthsBefore, again: false, by }));
    await reconcileMonths({ ...context, clock }, slug, null);
  }
}
