import { insertBalance } from './history.store.ts';
import type { BillingReading } from './payers.ts';

/** Reads the balance, and keeps it where the provider has made it anew. Errors: those of BillingSource. */
export async function readBalance({ db, payer, source, signal, now }: BillingReading): Promise<void> {
  const balance = await source.balance(signal);
  if (balance !== null) await insertBalance(db, payer.payerId, balance, await now());
}
