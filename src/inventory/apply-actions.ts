import type { Attributes } from '../cloud/index.ts';
import type { Session, UnitOfWork } from '../platform/database/database.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import {
  type BelievedRow,
  type DueResource,
  markApplied,
  markOthers,
  selectBelieved,
  selectCompletedActions,
  selectDueAnonymous,
  selectDueResources,
  selectEndedDroplets,
  selectLastSightings,
  selectLiving,
  selectSightings,
  type Sighting,
  stageCorrections,
  type Subject,
} from './actions.store.ts';
import { correctByActions, tellingActions } from './droplet-timeline.ts';
import { correctResource, matchAnonymous, tellingActionsOf } from './resource-timeline.ts';
import {
  rewriteSettings,
  selectBelievedSettings,
  stageSettingBeginnings,
  stageSettingCorrections,
  stageSettingEnds,
} from './settings.store.ts';
import { correctSettings, settingActions } from './settings-timeline.ts';
import {
  lockHistory,
  type Observation,
  rewriteMemberships,
  rewriteStates,
  stageMembershipBeginnings,
  stageMembershipEnds,
} from './sync.store.ts';
import { noteWriting } from './store.ts';
import { beginning, type CompletedAction, type Correction } from './timeline.ts';

// The action log, kept, becomes history: kind by kind, between the listings that have shown it.

/** Resources whose timelines are corrected in one transaction. */
const batchResources = 200;

const dropletActions = [...tellingActions, ...settingActions];

interface Corrected extends Subject {
  readonly types: readonly string[];
  /** Attributes of those of the kind of which actions tell no id; null: they tell it of all. */
  readonly anonymous: Attributes | null;
}

const others = (kind: string, word: string, anonymous: Attributes | null = null): Corrected => ({
  kind,
  word,
  types: tellingActionsOf(kind),
  anonymous,
});

/** What is corrected, droplets first: whether one has ended tells of what was attached to it. */
const subjects: readonly Corrected[] = [
  { kind: 'droplet', word: 'droplet', types: dropletActions, anonymous: null },
  others('reserved_ip', 'reserved_ip', { ip_version: 6 }),
  others('snapshot', 'image'),
  others('droplet_backup', 'image'),
  others('custom_image', 'image'),
  others('volume', 'volume', {}),
];
/** Kinds whose history actions correct. */
export const correctedKinds: readonly string[] = subjects.map(({ kind }) => kind);

const words = [...new Set(subjects.map(({ word }) => word))];

/**
 * Brings history in line with the actions that it does not know of yet, kind by kind and batch by batch.
 * @param unapplied the words for what these are about (see selectUnappliedWords)
 */
export async function applyActions(
  conn: Session,
  observation: Observation,
  unapplied: ReadonlySet<string | null>,
  now: Temporal.Instant,
): Promise<void> {
  const { accountId } = observation;
  const sightings = await selectLastSightings(
    conn,
    accountId,
    subjects.map(({ kind }) => kind),
  );
  for (const subject of subjects) {
    const sighted = sightings.get(subject.kind);
    if (sighted === undefined || !unapplied.has(subject.word)) continue;
    await applyNamed(conn, observation, subject, sighted, now);
    if (subject.anonymous !== null && sighted.unread.length === 0)
      await applyAnonymous(conn, observation, { ...subject, anonymous: subject.anonymous }, sighted, now);
  }
  for (const word of words) await markKnown(conn, observation, word, sightings, now);
  // What is left is about nothing that a listing ever showed, or changes nothing that we keep.
  const droplets = sightings.get('droplet');
  if (droplets !== undefined) await markOthers(conn, observation, words, droplets.at, now);
}

/** Of an image it is not told which kind it is of: all that have been listed have to be, since. */
async function markKnown(
  conn: Session,
  observation: Observation,
  word: string,
  sightings: ReadonlyMap<string, Sighting>,
  now: Temporal.Instant,
): Promise<void> {
  const listed = subjects.flatMap((subject) => {
    const sighting = sightings.get(subject.kind);
    return subject.word === word && sighting !== undefined ? [{ subject, sighting }] : [];
  });
  listed.sort((a, b) => Temporal.Instant.compare(a.sighting.at, b.sighting.at));
  const earliest = listed[0];
  if (earliest !== undefined) await markApplied(conn, observation, earliest.subject, earliest.sighting, now);
}

async function applyNamed(
  conn: Session,
  observation: Observation,
  subject: Corrected,
  sighted: Sighting,
  now: Temporal.Instant,
): Promise<void> {
  let last: DueResource | undefined;
  do {
    last = await conn.transaction().execute(async (trx) => {
      await lockHistory(trx, observation.accountId);
      const { accountId } = observation;
      const due = await selectDueResources(trx, accountId, subject, sighted, subject.types, last, batchResources);
      if (due.length > 0) {
        await noteWriting(trx, observation.syncRunId);
        await correct(trx, observation, subject, due, now);
      }
      return due.length === batchResources ? due.at(-1) : undefined;
    });
  } while (last !== undefined);
}

const earlier = (a: Temporal.Instant, b: Temporal.Instant) => (Temporal.Instant.compare(a, b) <= 0 ? a : b);
const later = (a: Temporal.Instant, b: Temporal.Instant) => (Temporal.Instant.compare(a, b) >= 0 ? a : b);

/** The listings around some actions: those from which they are corrected, and the time that these span. */
async function around(
  trx: UnitOfWork,
  accountId: number,
  kind: string,
  first: Temporal.Instant,
  last: Temporal.Instant,
) {
  const sightings = await selectSightings(trx, accountId, kind, first, last);
  const from = sightings.find(({ at }) => Temporal.Instant.compare(at, first) < 0)?.at ?? beginning();
  return { sightings, from, to: sightings.at(-1)?.at ?? last };
}

/** Corrects what some resources were, and how they were configured, between the listings around their actions. */
async function correct(
  trx: UnitOfWork,
  observation: Observation,
  { kind, word, types }: Corrected,
  due: readonly DueResource[],
  now: Temporal.Instant,
): Promise<void> {
  const { accountId } = observation;
  const first = due.map((resource) => resource.first).reduce(earlier);
  const last = due.map((resource) => resource.last).reduce(later);
  const { sightings, from, to } = await around(trx, accountId, kind, first, last);
  const resourceIds = due.map(({ resourceId }) => resourceId);
  const externalIds = due.map(({ externalId }) => externalId);
  const believed = Map.groupBy(await selectBelieved(trx, resourceIds, from, to), (row) => row.resourceId);
  const actions = Map.groupBy(
    await selectCompletedActions(trx, accountId, word, externalIds, types, from, to),
    (action) => action.externalId,
  );
  const timelines = due.map(({ resourceId, externalId, firstSeen }) => {
    const rows = believed.get(resourceId) ?? [];
    const seen = sightingsOf(rows, sightings);
    return { resourceId, firstSeen, rows, seen, done: actions.get(externalId) ?? [] };
  });
  if (kind === 'droplet') await correctDropletSettings(trx, observation, timelines, { from, to }, now);
  const corrections = timelines.map(({ resourceId, firstSeen, rows, seen, done }) => ({
    resourceId,
    pieces:
      kind === 'droplet'
        ? correctByActions(
            rows,
            seen,
            done.filter(({ type }) => tellingActions.includes(type)),
            from,
          )
        : correctResource(kind, rows, seen, done, { since: from, firstSeen }),
  }));
  await writeCorrections(trx, observation, kind, corrections, now);
}

interface Timeline {
  readonly resourceId: number;
  readonly firstSeen: Temporal.Instant;
  readonly rows: readonly BelievedRow[];
  readonly seen: readonly Temporal.Instant[];
  readonly done: readonly CompletedAction[];
}

/** Corrects what was on at some droplets. */
async function correctDropletSettings(
  trx: UnitOfWork,
  observation: Observation,
  timelines: readonly Timeline[],
  { from, to }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
  now: Temporal.Instant,
): Promise<void> {
  const resourceIds = timelines.map(({ resourceId }) => resourceId);
  const configured = Map.groupBy(await selectBelievedSettings(trx, resourceIds, from, to), (row) => row.resourceId);
  const settings = timelines.flatMap(({ resourceId, seen, done }) => {
    const own = configured.get(resourceId) ?? [];
    const shown = [...seen, ...own.flatMap(({ seenAt }) => seenAt ?? [])].sort(Temporal.Instant.compare);
    return correctSettings(own, shown, done, from).map((piece) => ({
      settings: piece.settings,
      hidden: piece.hidden,
      ...rowOf(resourceId, piece),
    }));
  });
  if (settings.length === 0) return;
  await stageSettingCorrections(trx, observation, toStorableJson(settings));
  await rewriteSettings(trx, observation, now);
}

function rowOf(resourceId: number, { from, to }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant }) {
  return { resource_id: resourceId, valid_from: from, valid_to: to };
}

/** Writes what some resources of a kind were, with what follows of it for their projects and settings. */
async function writeCorrections(
  trx: UnitOfWork,
  observation: Observation,
  kind: string,
  corrections: readonly { readonly resourceId: number; readonly pieces: readonly Correction[] }[],
  now: Temporal.Instant,
): Promise<void> {
  const states = corrections.flatMap(({ resourceId, pieces }) =>
    pieces.map((piece) => ({ ...piece.state, ...rowOf(resourceId, piece) })),
  );
  if (states.length === 0) return;
  await stageCorrections(trx, observation, kind, toStorableJson(states));
  await stageMembershipBeginnings(trx, observation);
  await stageMembershipEnds(trx, observation.staging);
  await stageSettingBeginnings(trx, observation);
  await stageSettingEnds(trx, observation.staging);
  await rewriteStates(trx, observation, now);
  await rewriteMemberships(trx, observation, now);
  await rewriteSettings(trx, observation, now);
}

/** Applies actions that do not say what they are about: where they can be meant of one resource only. */
async function applyAnonymous(
  conn: Session,
  observation: Observation,
  { kind, word, types, anonymous }: Corrected & { readonly anonymous: Attributes },
  sighted: Sighting,
  now: Temporal.Instant,
): Promise<void> {
  const { accountId } = observation;
  await conn.transaction().execute(async (trx) => {
    await lockHistory(trx, accountId);
    const due = await selectDueAnonymous(trx, accountId, word, types, sighted.at);
    if (due === null) return;
    await noteWriting(trx, observation.syncRunId);
    const { sightings, from, to } = await around(trx, accountId, kind, due.first, due.last);
    const actions = await selectCompletedActions(trx, accountId, word, null, types, from, to);
    const living = await selectLiving(trx, accountId, kind, anonymous, from, to);
    const believed = Map.groupBy(await selectBelieved(trx, living, from, to), (row) => row.resourceId);
    const suspects = [...believed].map(([resourceId, rows]) => ({
      resourceId,
      believed: rows,
      sightings: sightingsOf(rows, sightings),
    }));
    const ended = Map.groupBy(await selectEndedDroplets(trx, accountId, from, to), ({ droplet }) => droplet);
    const gone = (droplet: string, since: Temporal.Instant, until: Temporal.Instant) =>
      (ended.get(droplet) ?? []).some(
        ({ at }) => Temporal.Instant.compare(at, since) >= 0 && Temporal.Instant.compare(at, until) <= 0,
      );
    const matched = matchAnonymous(kind, suspects, actions, gone, from);
    const corrections = suspects.map(({ resourceId, believed: rows, sightings: seen }) => ({
      resourceId,
      pieces: correctResource(kind, rows, seen, matched.get(resourceId) ?? [], { since: from, others: actions }),
    }));
    await writeCorrections(trx, observation, kind, corrections, now);
  });
}

/** When a resource was seen: by the listings that could see it, and by any other that found something new in it. */
function sightingsOf(rows: readonly BelievedRow[], sightings: readonly Sighting[]): Temporal.Instant[] {
  const attributes = rows.at(-1)?.state.attributes ?? {};
  const lies = (part: Attributes) => Object.entries(part).every(([name, value]) => attributes[name] === value);
  const general = sightings.flatMap(({ at, unread }) => (unread.some(lies) ? [] : [at]));
  const own = rows.flatMap(({ seenAt }) => (seenAt === null ? [] : [seenAt]));
  return [...general, ...own].sort(Temporal.Instant.compare);
}
