import type { Database } from '../platform/database/database.ts';
import * as store from './late-months.store.ts';
import * as usage from './usage-states.store.ts';

export type LateMonth = store.LateMonth;

/**
 * The months before one that are to be drafted, and whose: who has a draft there, and who may have
 * to be billed and never was. A month of which `draftMonth` remembers that nothing else is due is
 * not among them until its usage, its plans, or a start have changed.
 */
export async function findLateMonths(db: Database, before: Temporal.PlainDate): Promise<readonly LateMonth[]> {
  const windows = await db
    .transaction()
    .execute(async (trx) => usage.insertUsageWindows(trx, await usage.selectRememberedMonths(trx, 'draft_checks')));
  await db.transaction().execute(async (trx) => {
    await store.lockDraftChecks(trx);
    await usage.prepareExamined(trx, 'draft_checks', windows, null);
    await store.deleteChangedDraftChecks(trx, before);
    await usage.advanceExamined(trx, 'draft_checks');
  });
  return store.selectLateMonths(db, before);
}
