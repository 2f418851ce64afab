import type { ProviderSize } from '../cloud/index.ts';
import { instantFor } from '../platform/clock.ts';
import { isSuspicious } from './absence.ts';
import { joinReasons, type ListingOutcome, listingOutcome, nothingApplied } from './listing.ts';
import {
  applySizeListing,
  countMissingSizes,
  finishUnchangedSizes,
  type ListedPrice,
  lockPrices,
  type SizeListing,
} from './prices.store.ts';
import { recordRun, type SyncContext, type SyncResult, stagePages } from './sync-run.ts';

/** How the price book names a size of droplets. */
const subjectOf = (slug: string) => `droplet_size:${slug}`;

/**
 * Reads what sizes of droplets cost and brings the price book in line with it, from the UTC day of the
 * reading on. A size that a whole listing shows no longer keeps its last price, as one that is old. A listing
 * of fewer than half of those that were listed is not believed in that. In the result, `ended` counts sizes
 * that have become old, and `changed` those that cost something else, or are listed again.
 */
export function syncSizes(session: SyncContext): Promise<SyncResult> {
  return recordRun(session, 'size', async (run) => {
    const { conn, account, provider, clock, signal } = session;
    const sizes: ProviderSize[] = [];
    const { end, pages, items } = await stagePages(
      session,
      'size',
      provider.listSizes(signal),
      async (batch: readonly ProviderSize[]) => {
        sizes.push(...batch);
      },
    );
    const listed = listingOutcome(end, pages);
    if (listed.outcome === 'failed') return run.finish(conn, { ...listed, ...nothingApplied }, await clock.now());
    const listing: SizeListing = {
      provider: account.provider,
      accountId: account.accountId,
      from: run.observedAt.toZonedDateTimeISO('UTC').startOfDay().toInstant(),
      evidence: `the sizes that account ${account.slug} was shown`,
      syncRunId: run.syncRunId,
    };
    const prices = sizes.map(listedPrice);
    if (listed.outcome === 'complete' && session.stagesAll !== true) {
      const unchanged = { ...listed, ...nothingApplied, seen: items };
      const at = await instantFor(clock);
      if (await run.finishBy(unchanged, (whole) => finishUnchangedSizes(conn, listing, prices, whole, at))) return;
    }
    const now = await clock.now();
    await conn.transaction().execute(async (trx) => {
      await lockPrices(trx, listing.provider);
      const { known, missing } = await countMissingSizes(
        trx,
        listing,
        prices.map(({ subject }) => subject),
      );
      const outcome = isSuspicious(known, missing) ? doubted(listed, known, missing) : listed;
      const counts = await applySizeListing(trx, listing, prices, outcome.outcome === 'complete', now);
      await run.finish(trx, { ...outcome, seen: items, ...counts }, now);
    });
  });
}

function doubted(listed: ListingOutcome, known: number, missing: number): ListingOutcome {
  const reason = `${missing} of ${known} sizes are not listed; that is not believed`;
  return { outcome: 'partial', reason: joinReasons(listed.reason, reason), unread: null };
}

function listedPrice(size: ProviderSize): ListedPrice {
  const { vcpus, memoryMb, diskGb, transferTb, gpu } = size;
  return {
    subject: subjectOf(size.slug),
    amount: size.priceMonthly,
    hourly: size.priceHourly,
    attributes: { vcpus, memory_mb: memoryMb, disk_gb: diskGb, transfer_tb: transferTb, gpu },
  };
}
