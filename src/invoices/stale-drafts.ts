import type { Database } from '../platform/database/database.ts';
import { selectDigests } from './drafts.store.ts';
import type { Failure } from './failures.ts';
import { previewMonth } from './preview.ts';

/** How a month's drafts stand to the facts. */
interface DraftsCheck {
  /** Invoices that drafting the month would create, change or remove. */
  readonly behind: number;
  /** Whose invoices it would create. */
  readonly created: readonly { readonly customerId: number; readonly currency: string }[];
  /** Customers that could not be rated, and why. */
  readonly failures: readonly Failure[];
}

/**
 * Composes a month as drafting would, and says how many drafts would be written. Writes nothing.
 * @throws ArcadiaError invalid_argument (a month to come)
 */
export async function checkDrafts(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<DraftsCheck> {
  const stored = new Map<string, Awaited<ReturnType<typeof selectDigests>>[number]>(
    (await selectDigests(db, month)).map((row) => [`${row.customerId} ${row.currency}`, row]),
  );
  const failures: Failure[] = [];
  const created: { customerId: number; currency: string }[] = [];
  let behind = 0;
  for await (const page of previewMonth(db, month, now)) {
    failures.push(...page.failures);
    for (const { customer, invoices } of page.customers) {
      for (const { currency, inputsDigest } of invoices) {
        const key = `${customer.customerId} ${currency}`;
        const found = stored.get(key);
        stored.delete(key);
        if (found === undefined) created.push({ customerId: customer.customerId, currency });
        if (found === undefined || (found.state === 'draft' && found.inputsDigest !== inputsDigest)) behind += 1;
      }
    }
  }
  const failed = new Set(failures.map(({ customer }) => customer));
  const gone = [...stored.values()].filter(({ state, customer }) => state === 'draft' && !failed.has(customer));
  return { behind: behind + gone.length, created, failures };
}
