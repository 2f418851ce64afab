import { confirmSent } from '../inventory/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { readMoment } from './cloud-event.ts';
import * as store from './watermarks.store.ts';

// When usage of a source is known to be whole. A watermark confirms it up to an instant, as a complete listing of a cloud
// provider would, once as many events came as the source says it has sent; without watermarks a time of grace does.

export type { Watermark } from './watermarks.store.ts';

/** What a watermark says; null: it is none. Hours may be written to the hour: `2026-05-03T10Z`. */
export function readWatermark(
  eventId: number,
  through: string | null,
  counts: Readonly<Record<string, string>> | null,
): store.Watermark | null {
  const instant = through === null ? null : readMoment(through);
  if (instant === null) return null;
  const hours: Record<string, string> = {};
  for (const [name, count] of Object.entries(counts ?? {})) {
    const hour = readMoment(name.replace(/^(\d{4}-\d\d-\d\dT\d\d)Z$/, '$1:00:00Z'));
    if (hour === null || !/^\d{1,15}$/.test(count)) return null;
    if (!hour.equals(hour.round({ smallestUnit: 'hour', roundingMode: 'trunc' }))) return null;
    hours[hour.toString()] = count;
  }
  return { eventId, through: instant, counts: hours };
}

/** Confirms what watermarks say, in their order, up to the first whose counts are not what came, or that lies ahead. */
export async function applyWatermarks(trx: UnitOfWork, accountId: number, now: Temporal.Instant): Promise<void> {
  for (const watermark of await store.selectOpenWatermarks(trx, accountId)) {
    if (Temporal.Instant.compare(watermark.through, now) > 0) return;
    if (!(await store.isInterpreted(trx, accountId, watermark.through))) return;
    if ((await store.selectMiscounts(trx, accountId, watermark)).length > 0) return;
    await confirmSent(trx, accountId, watermark.through, now);
    await store.updateApplied(trx, accountId, watermark.eventId, now);
  }
}

/** Confirms usage of sources without watermarks up to whole hours that are past their grace. */
export async function applyGrace(db: Database, now: Temporal.Instant): Promise<void> {
  for (const { accountId, graceHours, meteredFrom } of await store.selectGracious(db)) {
    const through = now.subtract({ hours: graceHours }).round({ smallestUnit: 'hour', roundingMode: 'trunc' });
    if (Temporal.Instant.compare(through, meteredFrom) <= 0) continue;
    await db.transaction().execute(async (trx) => {
      if (await store.isInterpreted(trx, accountId, through)) await confirmSent(trx, accountId, through, now);
    });
  }
}
