import type { Database } from '../platform/database/database.ts';
import { deleteEventsBefore, movePrunedBefore } from './prune.store.ts';
import { listSources } from './sources.ts';

// Events are removed once they are older than they are kept. What they count as stays, for days are metered again long after;
// and so does what did something, or what somebody decided about.

/** Longer than any source may be late (366 days): what is removed is too old to be sent again and counted twice. */
export const retentionDaysMin = 368;

const batchSize = 10_000;
/** In one run; the next goes on. */
const eventsMax = 2_000_000;

/** Removes events with a time before an instant. Returns how many. */
export async function pruneEvents(db: Database, before: Temporal.Instant, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (const { accountId } of await listSources(db)) {
    // First, so that from then on nothing that old can be made to count.
    await db.transaction().execute((trx) => movePrunedBefore(trx, accountId, before));
    for (let more = true; more && removed < eventsMax; ) {
      signal.throwIfAborted();
      const count = await db.transaction().execute((trx) => deleteEventsBefore(trx, accountId, before, batchSize));
      removed += count;
      more = count === batchSize;
    }
  }
  return removed;
}
