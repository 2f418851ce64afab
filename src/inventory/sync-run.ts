import { setTimeout as sleep } from 'node:timers/promises';
import type { ListingEnd, ListingEvent, Provider } from '../cloud/index.ts';
import { type Clock, instantFor } from '../platform/clock.ts';
import type { Session, Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { type Account, finishRun, insertRun, noteSeen, type RunEnd, tryLockSync, unlockSync } from './store.ts';
import type { Staging } from './sync.store.ts';

// One run: locked, recorded, ended. What is read in it and how that becomes history is in
// sync-kind.ts, sync-projects.ts and sync-actions.ts.

/** What one run of a sync did: a row of sync_runs, and an element of `arcadia sync --json`. */
export interface SyncResult {
  /** The account's slug. */
  readonly account: string;
  readonly kind: string;
  /** failed: no page could be read. partial: some could not, or a suspicious listing is not confirmed yet. */
  readonly outcome: 'complete' | 'partial' | 'failed';
  readonly reason: string | null;
  readonly seen: number;
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
  readonly requests: number;
}

export interface SyncProgress {
  readonly account: string;
  /** A kind, or what a listing of something else is called. */
  readonly kind: string;
  /** Read so far. */
  readonly seen: number;
}

/** What all runs of one account's sync share. */
export interface SyncContext {
  /** One connection: it holds the locks and the temporary tables. */
  readonly conn: Session;
  /** The kind whose lock it holds: of the run under way, or of the last one until the next has its own. */
  readonly lock: { kind: string | null };
  /** Of that connection: what a listing is staged in. */
  readonly staging: Staging;
  readonly account: Account;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  readonly stagesAll?: boolean | undefined;
}

/** A run under way: every observation of it carries `observedAt`, the clock when its listing began. */
export interface Run {
  readonly syncRunId: number;
  readonly kind: string;
  readonly observedAt: Temporal.Instant;
  /**
   * Ends the run. In the transaction that writes what it saw: then both are there or neither is.
   * `now` is when that was recorded.
   */
  finish(conn: Queryable, end: ReadEnd, now: Temporal.Instant): Promise<void>;
  /** Ends the run by a statement that may find that it cannot; whether it did. */
  finishBy(end: ReadEnd, write: (end: RunEnd) => Promise<boolean>): Promise<boolean>;
}

/** How a run ends, without what it asked of the provider. */
export type ReadEnd = Omit<RunEnd, 'requests' | 'budget'>;

const lockPollMs = 200;

/**
 * Does `work` as a recorded run, which must finish it. One run of a kind at a time in an account: a
 * second one waits for the first, so that whoever asked for a sync has what is so now, not what was
 * so when somebody else began. A run that throws is recorded as failed where that is still possible;
 * one whose process dies is closed as 'interrupted' by the next.
 */
export async function recordRun(
  session: SyncContext,
  kind: string,
  work: (run: Run) => Promise<void>,
): Promise<SyncResult> {
  const { conn, account, provider, clock } = session;
  await lockSync(session, kind);
  const requestsBefore = provider.requests;
  const { syncRunId, startedAt } = await insertRun(conn, account.accountId, kind, await instantFor(clock));
  // Another process may have moved the clock since this one last looked; what is read must be of that instant.
  if (account.simulated) provider.standAt(startedAt);
  let ended: RunEnd | undefined;
  const finishBy: Run['finishBy'] = async (end, write) => {
    const whole = { ...end, requests: provider.requests - requestsBefore, budget: provider.budget };
    const isEnded = await write(whole);
    if (isEnded) ended = whole;
    return isEnded;
  };
  const run: Run = {
    syncRunId,
    kind,
    observedAt: startedAt,
    finishBy,
    async finish(trx, end, finishedAt) {
      await finishBy(end, async (whole) => {
        await finishRun(trx, syncRunId, whole, finishedAt);
        return true;
      });
    },
  };
  try {
    await work(run);
  } catch (error) {
    // The first error is the one to tell; a database that is gone can record nothing.
    const reason = error instanceof Error ? error.message : String(error);
    const nothing = { unread: null, seen: 0, new: 0, changed: 0, ended: 0 };
    await run.finish(conn, { outcome: 'failed', reason, ...nothing }, startedAt).catch(() => {});
    throw error;
  }
  if (!ended) throw new Error(`the run of ${kind} did not finish`);
  const { unread: _, budget: __, readThrough: ___, ...result } = ended;
  return { account: account.slug, kind, ...result };
}

/** Waits for the kind's lock. */
async function lockSync({ conn, lock, account, signal }: SyncContext, kind: string): Promise<void> {
  for (;;) {
    lock.kind = (await tryLockSync(conn, account.accountId, kind, lock.kind)) ? kind : null;
    if (lock.kind !== null) return;
    if (signal?.aborted) throw new ArcadiaError('cancelled', `The sync of '${account.slug}' was cancelled.`);
    await sleep(lockPollMs);
  }
}

/** Lets go of the lock of the last run. */
export async function releaseLock({ conn, lock, account }: SyncContext): Promise<void> {
  if (lock.kind !== null) await unlockSync(conn, account.accountId, lock.kind).catch(() => {});
}

/** A listing says how far it is at most so often. */
const progressMs = 1_000;

/** Items sent to the database at a time: a page of the provider's is small. */
const batchItems = 500;

/** Reads a listing to its end and stages it in batches; `first` counts the items before one. */
export async function stagePages<T>(
  session: SyncContext,
  kind: string,
  events: AsyncIterable<ListingEvent<T>>,
  stage: (batch: readonly T[], first: number, isLast: boolean) => Promise<void>,
): Promise<{ end: ListingEnd; pages: number; items: number }> {
  let pages = 0;
  let staged = 0;
  let batch: T[] = [];
  let notedMs = performance.now();
  const flush = async (isLast: boolean) => {
    if (batch.length > 0) await stage(batch, staged, isLast);
    staged += batch.length;
    batch = [];
  };
  for await (const event of events) {
    if (event.type === 'end') {
      await flush(true);
      return { end: event.end, pages, items: staged };
    }
    pages++;
    batch.push(...event.items);
    if (batch.length >= batchItems) await flush(false);
    const seen = staged + batch.length;
    session.onProgress?.({ account: session.account.slug, kind, seen });
    if (performance.now() - notedMs < progressMs) continue;
    notedMs = performance.now();
    await noteSeen(session.conn, session.account, kind, seen);
  }
  throw new Error(`the provider's listing of ${kind} had no end`);
}
