import type { Attributes, ProviderAction } from '../cloud/index.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import {
  type BelievedRow,
  type DueDroplet,
  forgetActions,
  markApplied,
  selectActionPosition,
  selectBelieved,
  selectCompletedActions,
  selectDueDroplets,
  selectLastSighting,
  selectOpenActions,
  type Sighting,
  selectSightings,
  setReadThrough,
  stageCorrections,
  upsertActions,
} from './actions.store.ts';
import { correctByActions, tellingActions } from './droplet-timeline.ts';
import { listingOutcome, nothingApplied, observe } from './listing.ts';
import {
  rewriteSettings,
  selectBelievedSettings,
  stageSettingCorrections,
  stageSettingEnds,
} from './settings.store.ts';
import { correctSettings, settingActions } from './settings-timeline.ts';
import {
  holdHistory,
  lockHistory,
  type Observation,
  releaseHistory,
  rewriteMemberships,
  rewriteStates,
  stageMembershipEnds,
} from './sync.store.ts';
import { noteWriting } from './store.ts';
import { recordRun, type SyncContext, type SyncResult, stagePages, toStorableJson } from './sync-run.ts';

/**
 * The log is read from the newest action that was seen on, and not from when we looked: it may lag by
 * hours. The margin is for actions that are listed a little later than others that began after them;
 * once a UTC day it is a longer one. What is still in progress and older is asked for by its id.
 */
const reach = { marginMinutes: 60, dailyMarginHours: 72, openMax: 50 };

/** Droplets whose timelines are corrected in one transaction. */
const batchDroplets = 200;

/**
 * Reads the provider's action log since the last time, keeps it, and refines the droplets' history by
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
      await forgetActions(conn, account.accountId, gone);
    }
    await holdHistory(conn, account.accountId);
    try {
      const now = await clock.now();
      await applyActions(session, observation, now);
      // Of what broke off nobody knows what lies behind.
      if (listed.outcome === 'complete') await setReadThrough(conn, run.syncRunId, earlier(newest, run.observedAt));
      await run.finish(conn, { ...listed, ...nothingApplied, seen: items, ...counts }, now);
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

/** Brings the droplets' history in line with the actions that it does not know of yet, batch by batch. */
async function applyActions(
  { conn, account }: SyncContext,
  observation: Observation,
  now: Temporal.Instant,
): Promise<void> {
  const { accountId } = account;
  const sighted = await selectLastSighting(conn, accountId);
  if (sighted === null) return;
  let left = true;
  while (left) {
    left = await conn.transaction().execute(async (trx) => {
      await lockHistory(trx, accountId);
      const due = await selectDueDroplets(trx, accountId, sighted, appliedActions, batchDroplets);
      if (due.length === 0) return false;
      await noteWriting(trx, observation.syncRunId);
      await correctDroplets(trx, observation, due, now);
      const externalIds = due.map((droplet) => droplet.externalId);
      await markApplied(trx, observation, sighted, now, externalIds);
      return due.length === batchDroplets;
    });
  }
  // What is left is about nothing that a listing ever showed, or changes nothing that we keep.
  await markApplied(conn, observation, sighted, now);
}

const appliedActions = [...tellingActions, ...settingActions];

/** Corrects what some droplets were, and how they were configured, between the listings around their actions. */
async function correctDroplets(
  trx: UnitOfWork,
  observation: Observation,
  due: readonly DueDroplet[],
  now: Temporal.Instant,
): Promise<void> {
  const { accountId } = observation;
  const first = due.map((droplet) => droplet.first).reduce(earlier);
  const last = due.map((droplet) => droplet.last).reduce((a, b) => later(a, b));
  const sightings = await selectSightings(trx, accountId, first, last);
  const from = sightings.find(({ at }) => Temporal.Instant.compare(at, first) < 0)?.at ?? new Temporal.Instant(0n);
  const to = sightings.at(-1)?.at ?? last;
  const resourceIds = due.map((droplet) => droplet.resourceId);
  const externalIds = due.map((droplet) => droplet.externalId);
  const believed = Map.groupBy(await selectBelieved(trx, resourceIds, from, to), (row) => row.resourceId);
  const configured = Map.groupBy(await selectBelievedSettings(trx, resourceIds, from, to), (row) => row.resourceId);
  const actions = Map.groupBy(
    await selectCompletedActions(trx, accountId, externalIds, appliedActions, from, to),
    (action) => action.externalId,
  );
  const states: object[] = [];
  const settings: object[] = [];
  for (const { resourceId, externalId } of due) {
    const rows = believed.get(resourceId) ?? [];
    const seen = sightingsOf(rows, sightings);
    const done = actions.get(externalId) ?? [];
    const telling = done.filter(({ type }) => tellingActions.includes(type));
    const row = ({ from: validFrom, to: validTo }: Piece) => ({
      resource_id: resourceId,
      valid_from: validFrom,
      valid_to: validTo,
    });
    for (const piece of correctByActions(rows, seen, telling)) states.push({ ...piece.state, ...row(piece) });
    const own = configured.get(resourceId) ?? [];
    const shown = [...seen, ...own.flatMap(({ seenAt }) => seenAt ?? [])].sort(Temporal.Instant.compare);
    for (const piece of correctSettings(own, shown, done))
      settings.push({ settings: piece.settings, hidden: piece.hidden, ...row(piece) });
  }
  if (settings.length > 0) {
    await stageSettingCorrections(trx, observation, toStorableJson(settings));
    await rewriteSettings(trx, observation, now);
  }
  if (states.length > 0) {
    await stageCorrections(trx, observation, toStorableJson(states));
    await stageMembershipEnds(trx);
    await stageSettingEnds(trx);
    await rewriteStates(trx, observation, now);
    await rewriteMemberships(trx, observation, now);
    await rewriteSettings(trx, observation, now);
  }
}

interface Piece {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** When a droplet was seen: by the listings that could see it, and by any other that found something new in it. */
function sightingsOf(rows: readonly BelievedRow[], sightings: readonly Sighting[]): Temporal.Instant[] {
  const attributes = rows.at(-1)?.state.attributes ?? {};
  const lies = (part: Attributes) => Object.entries(part).every(([name, value]) => attributes[name] === value);
  const general = sightings.flatMap(({ at, unread }) => (unread.some(lies) ? [] : [at]));
  const own = rows.flatMap(({ seenAt }) => (seenAt === null ? [] : [seenAt]));
  return [...general, ...own].sort(Temporal.Instant.compare);
}
