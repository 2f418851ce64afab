import type { Queryable, Database } from '../../platform/database/database.ts';
import { readWatermark, resourceTopics } from '../../platform/changes.ts';
import { monthStatus } from '../finality/attestations.ts';
import { dayOf } from '../period.ts';
import { hasUnattributedFacts, lockDays } from '../store.ts';
import * as store from './usage-months.store.ts';
import { holdUsageStore, openUsageStore } from '../records/open.ts';
import type { KindMonth } from '../records/usage-store.ts';

// Retention: a kind's month whose days are all older than it is rolled up, one exact sum per
// deployment, and then its records are removed. Each month is decided by one transaction; the
// removal after it can be stopped anywhere and goes on with the next run.

/** How many kinds' months one run retires at most; the next goes on. */
const monthsMax = 1_000;
/** How many late facts are listed at once. */
const lateFactsMax = 1_000;

interface RetentionOptions {
  readonly now: Temporal.Instant;
  /** Only say what would be done. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (month: RetiredMonth) => void;
}

interface RetiredMonth {
  readonly kind: string;
  /** 2024-05 */
  readonly month: string;
  /** `retired`: rolled up and removed; `due`: would be; `kept`: it is not final. */
  readonly outcome: 'retired' | 'due' | 'kept';
  /** Records that were rolled up. */
  readonly records: number | null;
  /** Why it is kept. */
  readonly reason: string | null;
}

/**
 * Retires what is past its retention at `now`, oldest months first; what is not final is kept, and
 * every later month of its kind with it.
 * @throws ArcadiaError usage_store_failed, usage_store_unreachable
 */
export async function applyRetention(db: Database, options: RetentionOptions): Promise<RetiredMonth[]> {
  const { now, dryRun = false, signal, onProgress } = options;
  if (!dryRun) await purge(db, signal);
  const done: RetiredMonth[] = [];
  const kept = new Set<string>();
  const report = (month: RetiredMonth) => {
    done.push(month);
    onProgress?.(month);
  };
  while (done.length < monthsMax) {
    const expired = (await store.selectExpiredMonths(db, dayOf(now))).filter((month) => !kept.has(month.kind));
    if (expired.length === 0) break;
    for (const month of expired) {
      signal?.throwIfAborted();
      const name = { kind: month.kind, month: month.month.toPlainYearMonth().toString() };
      const records = dryRun ? await whyKept(db, month, now) : await retire(db, month, now);
      if (typeof records === 'string') report({ ...name, outcome: 'kept', records: null, reason: records });
      else report({ ...name, outcome: dryRun ? 'due' : 'retired', records, reason: null });
      // A dry run changes nothing, so the same month would be found again.
      if (dryRun || typeof records === 'string') kept.add(month.kind);
    }
    if (!dryRun) await purge(db, signal);
  }
  return done;
}

/** Facts about times whose records are gone, newest first: nothing is metered from them. */
export async function listLateFacts(
  db: Queryable,
  { limit = 100, cursor = null }: { readonly limit?: number; readonly cursor?: string | null } = {},
): Promise<{ items: store.LateFact[]; nextCursor: string | null }> {
  const most = Math.min(limit, lateFactsMax);
  const rows = await store.selectLateFacts(db, cursor === null ? null : Number(cursor), most + 1);
  const items = rows.slice(0, most);
  return { items, nextCursor: rows.length > most ? String(items.at(-1)?.changeId) : null };
}

/** Rolls a month up, unless it is not final; returns how many records it was, or why it is kept. */
async function retire(db: Database, month: KindMonth, now: Temporal.Instant): Promise<number | string> {
  const changeId = await readWatermark(db, resourceTopics);
  const usageStore = await openUsageStore(db);
  return db.transaction().execute(async (trx) => {
    await holdUsageStore(trx, usageStore);
    await lockDays(trx, { from: month.month, to: month.month.add({ months: 1 }) });
    const reason = await whyKept(trx, month, now, changeId);
    if (reason !== null) return reason;
    const records = await usageStore.rollUp(trx, month);
    await store.insertRetiredMonth(trx, month, { changeId, records, now });
    return records;
  });
}

async function whyKept(
  db: Queryable,
  month: KindMonth,
  now: Temporal.Instant,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<string | null> {
  if (await hasUnattributedFacts(db, upTo)) return 'There are facts that are not attributed yet.';
  const status = await monthStatus(db, { month: month.month.toPlainYearMonth(), now });
  if (status.kinds.find((kind) => kind.kind === month.kind)?.final === true) return null;
  const own = status.blockers.find((blocker) => blocker.kind === null || blocker.kind === month.kind);
  return own?.message ?? 'The month is not final.';
}

/** Removes the records of months that are rolled up. */
async function purge(db: Database, signal?: AbortSignal): Promise<void> {
  const usageStore = await openUsageStore(db);
  for (const month of await store.selectMonthsToPurge(db)) {
    signal?.throwIfAborted();
    await usageStore.drop(db, month, signal);
    await db.transaction().execute((trx) => store.updatePurged(trx, month));
  }
}
