import { readWatermark } from '../platform/changes.ts';
import type { Database } from '../platform/database/database.ts';
import { applyChanges } from './checks.store.ts';
import * as store from './late-months.store.ts';

type LateMonth = store.LateMonth;

/**
 * The months before one that are to be drafted, and whose: who has a draft there, and who may have
 * to be billed and never was. A month of which `draftMonth` remembers that nothing else is due is
 * not among them until its usage, its plans, or a start have changed.
 */
export async function findLateMonths(db: Database, before: Temporal.PlainDate): Promise<readonly LateMonth[]> {
  const watermark = await readWatermark(db);
  await db.transaction().execute(async (trx) => {
    await store.lockDraftChecks(trx);
    await store.deleteOldDraftChecks(trx, before);
    await applyChanges(trx, 'draft_checks', watermark, null, (touched) => store.deleteDraftChecks(trx, touched));
  });
  return store.selectLateMonths(db, before);
}
