import { type SyncAllResult, syncAll } from '../inventory/index.ts';
import { type BroughtDraftsUpToDate, bringDraftsUpToDate, rateMonths } from '../invoices/index.ts';
import { type MeteredDay, meterOutstanding } from '../metering/index.ts';
import { assertClocksAgree, databaseClock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { type FlowContext, silent } from './context.ts';

interface MeteredAndDrafted {
  /** The days that were looked at. */
  readonly metered: readonly MeteredDay[];
  readonly drafts: BroughtDraftsUpToDate;
}

interface BroughtUpToDate extends MeteredAndDrafted {
  /** Runs of each account and kind, and the accounts of which nothing could be read. */
  readonly synced: SyncAllResult;
}

/**
 * Brings everything up to date in the order in which it follows from each other: what the providers
 * list, who owns it, what it used, what is owed. What cannot be read or rated now keeps nothing else
 * from being done, and is in the answer. It can be stopped and run again at any time; the same facts
 * again write nothing but the runs of the sync.
 *
 * Errors: cancelled, clock_skewed; what the database or the usage store says.
 */
export async function bringUpToDate(
  db: Database,
  { secretKey }: { readonly secretKey: SecretKey },
  context: FlowContext,
): Promise<BroughtUpToDate> {
  const { signal, progress = silent } = context;
  const synced = await progress.step('Reading the accounts', (report) =>
    syncAll(db, {
      secretKey,
      signal,
      onProgress: ({ account, kind, seen }) => report(`${account}, ${kind}: ${seen.toLocaleString('en')} seen`),
    }),
  );
  signal?.throwIfAborted();
  // Reading took its time, and moved the clock where the accounts are simulated.
  const now = await databaseClock(db).now();
  const done = await meterAndDraft(db, { ...context, now });
  await progress.step('Rating the month', () => rateMonths(db, { now, ...(signal && { signal }) }));
  return { synced, ...done };
}

/** The part of it that asks no provider: from what is known at `now`, metered usage and drafts. */
export async function meterAndDraft(
  db: Database,
  { now, signal, progress = silent }: Omit<FlowContext, 'principal'>,
): Promise<MeteredAndDrafted> {
  await assertClocksAgree(db);
  const metered = await progress.step('Metering', (report) =>
    meterOutstanding(db, {
      now,
      ...(signal && { signal }),
      onProgress: ({ day }, done, of) => report(`${day} (${done} of ${of} days)`),
    }),
  );
  const drafts = await progress.step('Drafting invoices', () => bringDraftsUpToDate(db, { now, signal }));
  return { metered, drafts };
}
