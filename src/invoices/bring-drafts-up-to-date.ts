import { dayOf } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import type { ArcadiaError } from '../platform/errors.ts';
import { checkCorrections } from './corrections.ts';
import { type DraftedMonth, draftMonth } from './drafts.ts';
import { isOfOne } from './failures.ts';
import { findLateMonths } from './late-months.ts';

/** What was drafted, month by month, and what could not be rated. */
export interface BroughtDraftsUpToDate {
  readonly drafted: readonly DraftedMonth[];
  /** Issued months that were looked at again for corrections. */
  readonly corrected: number;
  /** What kept customers from being rated; all else was done. */
  readonly failures: readonly ArcadiaError[];
}

/**
 * Brings the drafts of the last month that ended, and those that earlier ones still have, up to date
 * with the facts, and drafts what was never billed of earlier ones; then looks which issued months
 * cost something else by now. The same facts again write nothing.
 * @throws ArcadiaError cancelled; what the database says
 */
export async function bringDraftsUpToDate(
  db: Database,
  { now, signal }: { readonly now: Temporal.Instant; readonly signal?: AbortSignal | undefined },
): Promise<BroughtDraftsUpToDate> {
  const last = dayOf(now).with({ day: 1 }).subtract({ months: 1 });
  const options = { now, ...(signal && { signal }) };
  const drafted: DraftedMonth[] = [];
  const failures: ArcadiaError[] = [];
  let corrected = 0;
  const step = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!isOfOne(error)) throw error;
      failures.push(error);
    }
  };
  await step(async () => void drafted.push(await draftMonth(db, { ...options, month: last })));
  for (const { month, customerIds } of await findLateMonths(db, last)) {
    await step(async () => void drafted.push(await draftMonth(db, { ...options, month, customerIds, remember: true })));
  }
  await step(async () => {
    corrected = await checkCorrections(db, signal && { signal });
  });
  return { drafted, corrected, failures };
}
