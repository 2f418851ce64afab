import { insertBalance, selectHasBalance } from './history.store.ts';
import type { BillingReading } from './payers.ts';
import { selectHourlyRate } from './reconciliation/hourly-rate.store.ts';

/**
 * Reads the balance, and keeps it where the provider has made it anew: with what an hour of what was there then costs, to
 * hold the use against. Errors: those of BillingSource.
 */
export async function readBalance({ db, payer, source, signal, now }: BillingReading): Promise<void> {
  const { payerId } = payer;
  const balance = await source.balance(signal);
  if (balance === null || (await selectHasBalance(db, payerId, balance.generatedAt))) return;
  const readAt = await now();
  await db.transaction().execute(async (trx) => {
    const rate = await selectHourlyRate(trx, payerId, balance.generatedAt);
    await insertBalance(trx, payerId, balance, rate, readAt);
  });
}
