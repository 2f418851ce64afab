import type { ProviderAction } from '../cloud/index.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import {
  forgetActions,
  selectActionPosition,
  selectOpenActions,
  selectUnappliedWords,
  upsertActions,
} from './actions.store.ts';
import { applyActions } from './apply-actions.ts';
import { listingOutcome, nothingApplied, observe } from './listing.ts';
import { holdHistory, type Observation, releaseHistory } from './sync.store.ts';
import { recordRun, type SyncContext, type SyncResult, stagePages } from './sync-run.ts';

/**
 * The log is read from the newest action that was seen on, and not from when we looked: it may lag by
 * hours. The margin is for actions that are listed a little later than others that began after them;
 * once a UTC day it is a longer one. What is still in progress and older is asked for by its id.
 */
const reach = { marginMinutes: 60, dailyMarginHours: 72, openMax: 50 };

/**
 * Reads the provider's action log since the last time, keeps it, and refines the history of resources by
 * it. An action refines what lies between two complete listings, so it waits for the one after it.
 * In the result, seen, new and changed count actions.
 */
export function syncActions(session: SyncContext): Promise<SyncResult> {
  return recordRun(session, 'action', async (run) => {
    const { conn, account, provider, clock, signal } = session;
    const observation = observe(session, run, []);
    const dayStart = run.observedAt.toZonedDateTimeISO('UTC').startOfDay().toInstant();
    const { readThrough, readToday } = await selectActionPosition(conn, account.accountId, dayStart);
    const since = readThrough.subtract(
      readToday ? { minutes: reach.marginMinutes } : { hours: reach.dailyMarginHours },
    );
    const counts = { new: 0, changed: 0 };
    let newest = readThrough;
    const listedOpen: string[] = [];
    const keep = async (batch: readonly ProviderAction[], first: number) => {
      const written = await upsertActions(conn, observation, toStorableJson(toRows(batch, first)));
      counts.new += written.new;
      counts.changed += written.changed;
    };
    const { end, pages, items } = await stagePages(
      session,
      'action',
      provider.listActions(since, signal),
      async (batch: readonly ProviderAction[], first) => {
        for (const { externalId, status, startedAt } of batch) {
          newest = later(newest, startedAt);
          if (status === 'in-progress') listedOpen.push(externalId);
        }
        await keep(batch, first);
      },
    );
    const listed = listingOutcome(end, pages);
    if (listed.outcome !== 'failed') {
      const { found, gone } = await askForOpen(session, observation, listedOpen);
      await keep(found, items);
      if (gone.length > 0) await forgetActions(conn, account.accountId, gone);
    }
    const finish = async (now: Temporal.Instant) => {
      // Of what broke off nobody knows what lies behind.
      const readUntil = listed.outcome === 'complete' ? earlier(newest, run.observedAt) : null;
      await run.finish(conn, { ...listed, ...nothingApplied, seen: items, ...counts, readThrough: readUntil }, now);
    };
    // Nobody else keeps actions while this run holds its lock.
    const unapplied = await selectUnappliedWords(conn, account.accountId);
    if (unapplied.length === 0) return finish(await clock.now());
    await holdHistory(conn, account.accountId);
    try {
      const now = await clock.now();
      await applyActions(conn, observation, new Set(unapplied), now);
      await finish(now);
    } finally {
      await releaseHistory(conn, account.accountId).catch(() => {});
    }
  });
}

const earlier = (a: Temporal.Instant, b: Temporal.Instant) => (Temporal.Instant.compare(a, b) <= 0 ? a : b);
const later = (a: Temporal.Instant, b: Temporal.Instant | null) =>
  b === null || Temporal.Instant.compare(a, b) >= 0 ? a : b;

function toRows(batch: readonly ProviderAction[], first: number) {
  return batch.map((action, index) => ({
    ord: first + index,
    external_id: action.externalId,
    type: action.type,
    status: action.status,
    resource_kind: action.resourceKind,
    resource_external_id: action.resourceExternalId,
    region: action.region,
    started_at: action.startedAt,
    completed_at: action.completedAt,
    payload: action.payload,
  }));
}

/** What has become of actions that were in progress, which the listing does not show. */
async function askForOpen(
  { conn, provider, signal }: SyncContext,
  observation: Observation,
  listed: readonly string[],
): Promise<{ found: ProviderAction[]; gone: string[] }> {
  const found: ProviderAction[] = [];
  const gone: string[] = [];
  for (const externalId of await selectOpenActions(conn, observation, listed, reach.openMax)) {
    if (signal?.aborted) break;
    const answer = await provider.lookupAction(externalId, signal);
    if (answer === 'gone') gone.push(externalId);
    else if (answer !== 'unknown') found.push(answer);
  }
  return { found, gone };
}
