import { hash } from 'node:crypto';
import type { RawBuilder } from 'kysely';
import type {
  Absence,
  Attributes,
  DetailedKind,
  ListedResource,
  ListingEnd,
  Provider,
  ResourceKind,
} from '../cloud/index.ts';
import { instantFor } from '../platform/clock.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import { isSuspicious, listingsApartMinutes, listingsToConfirm, lookUp, lookupsMax } from './absence.ts';
import {
  markDueDetails,
  restoreSettings,
  rewriteSettings,
  selectDueDetails,
  selectEmptiedSettings,
  stageDetails,
  stageEarlierSettings,
  stageSettingEnds,
  stageSettingPhases,
  stageSettings,
  writeDetailsRead,
} from './settings.store.ts';
import type { RunEnd } from './store.ts';
import { type ReadEnd, type Run, type SyncContext, stagePages } from './sync-run.ts';
import {
  analyzeStaging,
  clearCandidates,
  clearStaging,
  countListing,
  countUnsettled,
  dropRepeated,
  finishUnchanged,
  type KindSummary,
  type Observation,
  rewriteMemberships,
  rewriteStates,
  restoreFields,
  selectEmptied,
  selectMissing,
  settle,
  settleRefuted,
  settleRest,
  stageBirths,
  stageChanges,
  stageComebacks,
  stageEarlierBirths,
  stageEnds,
  stageMembershipEnds,
  stageMembershipRepairs,
  stageMissing,
  stagePayloads,
  stageResources,
  summarize,
  writeIdentities,
  writePayloads,
} from './sync.store.ts';

// A listing in three steps: staged as its pages come, examined when it has ended (what differs,
// what is missing, is that to be believed), applied in one transaction.

/**
 * A project that is found to hold a resource within this long of its first sight held it from the
 * beginning of its life: a new resource may be listed a little before its project shows it.
 */
export const firstProjectGraceHours = 24;

/** From here on the planner is told what was staged. */
const analyzedRows = 2_000;

export function observe(session: SyncContext, run: Run, kinds: readonly string[]): Observation {
  return {
    syncRunId: run.syncRunId,
    accountId: session.account.accountId,
    kinds,
    observedAt: run.observedAt,
    connectedAt: session.account.connectedAt,
    staging: session.staging,
  };
}

/** What a listing was staged as. */
interface Staged {
  readonly rows: number;
  /** Resources whose settings are other than what is believed, or not all told. */
  readonly settings: number;
  readonly details: DetailsRead | null;
}

/** Some of a listing, as it is sent to the database. */
interface Batch {
  readonly resources: readonly ListedResource[];
  /** How many are listed before them. */
  readonly first: number;
  readonly payloads: readonly string[];
  /** For stageResources. */
  readonly rows: string;
}

function describeBatch(
  { settingsVersion }: Provider,
  kind: ResourceKind,
  resources: readonly ListedResource[],
  first: number,
): Batch {
  const payloads = resources.map(({ payload }) => toStorableJson(payload));
  const rows = resources.map((resource, index) => ({
    ord: first + index,
    kind,
    external_id: resource.externalId,
    urn: resource.urn,
    name: resource.name,
    status: resource.status,
    created_at: resource.createdAt,
    region: resource.region,
    tags: resource.tags,
    parents: resource.parents,
    attributes: resource.attributes,
    untold: resource.untold,
    // What is read of the same answer may be more than it was.
    sha256: hash('sha256', `${settingsVersion} ${payloads[index]}`),
  }));
  return { resources, first, payloads, rows: toStorableJson(rows) };
}

/** Stages a batch; of how many the settings are other than what is believed, or not all told. */
async function stageBatch(
  { conn, provider, staging }: SyncContext,
  observation: Observation,
  kind: ResourceKind,
  { resources, first, payloads, rows }: Batch,
): Promise<number> {
  const wanted = await stageResources(conn, observation, rows);
  if (wanted.payloads.length > 0) {
    const news = wanted.payloads.map((ord) => `{"ord":${ord},"payload":${payloads[ord - first]}}`);
    await stagePayloads(conn, staging, `[${news.join(',')}]`);
  }
  const told = wanted.settings.flatMap((ord) => {
    const listed = resources[ord - first]!;
    const found = provider.settings(listed);
    const { externalId } = listed;
    return found === null ? [] : [{ ord, kind, external_id: externalId, settings: found.values, untold: found.untold }];
  });
  return told.length === 0 ? 0 : stageSettings(conn, observation, toStorableJson(told));
}

/** A listing that was read to its end: all of it staged, or held back because it is one batch. */
export interface ReadListing {
  readonly end: ListingEnd;
  readonly pages: number;
  readonly items: number;
  /** Null: it is staged. */
  readonly held: Batch | null;
  /** Of what is staged. */
  readonly settings: number;
}

/** Reads the listing of one kind. One that fits into a batch is not staged yet: most say what is believed already. */
export async function readListing(
  session: SyncContext,
  observation: Observation,
  kind: ResourceKind,
): Promise<ReadListing> {
  const { conn, provider, signal, staging } = session;
  let settings = 0;
  let held: Batch | null = null;
  const stage = async (resources: readonly ListedResource[], first: number, isLast: boolean) => {
    const batch = describeBatch(provider, kind, resources, first);
    if (first === 0 && isLast) {
      held = batch;
      return;
    }
    if (first === 0) await clearStaging(conn, staging);
    settings += await stageBatch(session, observation, kind, batch);
  };
  const read = await stagePages(session, kind, provider.list(kind, signal), stage);
  if (read.items === 0) held = describeBatch(provider, kind, [], 0);
  return { ...read, held, settings };
}

/** Ends the run of one kind if its listing says what is believed already, and nothing is left to do; whether it did. */
export function endUnchangedKind(
  session: SyncContext,
  run: Run,
  observation: Observation,
  kind: ResourceKind,
  listing: ReadListing,
): Promise<boolean> {
  const having = detailedKindOf(session.provider, kind)?.having;
  const details = having === undefined ? null : { having, dayStart: dayStartOf(observation) };
  const outcome = listingOutcome(listing.end, listing.pages);
  return endUnchanged(session, run, listing, { ...outcome, ...nothingApplied, seen: listing.items }, (rows, end, now) =>
    finishUnchanged(session.conn, { ...observation, kind }, rows, details, end, now),
  );
}

/**
 * Ends the run of a listing that was held back if `write`, which may do so in one statement, finds that nothing is other
 * than what is believed; whether it did. Only of one that is whole.
 */
export async function endUnchanged(
  { clock, stagesAll }: SyncContext,
  run: Run,
  { end, held }: Pick<ReadListing, 'end' | 'held'>,
  unchanged: ReadEnd,
  write: (rows: string, end: RunEnd, now: RawBuilder<unknown>) => Promise<boolean>,
): Promise<boolean> {
  if (held === null || stagesAll === true || !isWhole(end)) return false;
  const now = await instantFor(clock);
  return run.finishBy(unchanged, (whole) => write(held.rows, whole, now));
}

/** Whether all that there is was listed. */
export function isWhole(end: ListingEnd): boolean {
  return end.outcome === 'complete' && end.absence.unread.length === 0;
}

/** Stages what of a listing is not staged yet, and what is read beside it. */
export async function stageKind(
  session: SyncContext,
  observation: Observation,
  kind: ResourceKind,
  { pages, items, held, settings }: ReadListing,
): Promise<Staged> {
  if (held !== null) await clearStaging(session.conn, session.staging);
  const told = held === null || items === 0 ? settings : await stageBatch(session, observation, kind, held);
  const details = pages === 0 ? null : await stageDetailsOf(session, observation, kind, items);
  return { rows: items, settings: told + (details?.settings ?? 0), details };
}

/** Resources whose details are sent to the database at a time. */
const batchDetails = 100;

/** What was read beside a listing. */
interface DetailsRead {
  /** Resources whose settings are other than what is believed by it. */
  readonly settings: number;
  /** What could not be read, for a person; null: nothing. It says nothing of what there is. */
  readonly reason: string | null;
}

/** Reads settings that the kind's listing does not tell, of the resources of which there is reason to; null: there is none. */
async function stageDetailsOf(
  { conn, provider, signal, staging }: SyncContext,
  observation: Observation,
  kind: ResourceKind,
  rows: number,
): Promise<DetailsRead | null> {
  const detailed = detailedKindOf(provider, kind);
  if (detailed === undefined) return null;
  if (rows > analyzedRows) await analyzeStaging(conn, staging);
  const due = await markDueDetails(conn, staging, kind, detailed, dayStartOf(observation));
  if (due === 0) return null;
  const inBulk = detailed.beyond === 'all' && due > detailed.oneByOneMax;
  const of = inBulk ? 'all' : await selectDueDetails(conn, staging, kind, detailed);
  let settings = 0;
  let batch: object[] = [];
  const flush = async () => {
    if (batch.length > 0) settings += await stageDetails(conn, staging, kind, detailed.places, toStorableJson(batch));
    batch = [];
  };
  for await (const event of provider.listDetails(kind, of, signal)) {
    if (event.type === 'end') {
      await flush();
      const { outcome, reason } = event.end;
      return { settings, reason: outcome === 'complete' ? null : `settings that are read again next time: ${reason}` };
    }
    for (const { externalId, settings: read } of event.items)
      batch.push({ external_id: externalId, settings: read.values, untold: read.untold });
    if (batch.length >= batchDetails) await flush();
  }
  throw new Error(`the provider's listing of details of ${kind} had no end`);
}

function detailedKindOf({ detailedKinds }: Provider, kind: ResourceKind): DetailedKind | undefined {
  return Object.hasOwn(detailedKinds, kind) ? detailedKinds[kind] : undefined;
}

/** Details are read once a UTC day. */
function dayStartOf({ observedAt }: Observation): Temporal.Instant {
  return observedAt.toZonedDateTimeISO('UTC').startOfDay().toInstant();
}

/** What a staged listing says, before it is applied. */
interface Findings {
  readonly summaries: readonly KindSummary[];
  /** Kinds of which too much was missing to be believed at once. */
  readonly suspicious: readonly KindSummary[];
  readonly missing: boolean;
  /** Whether absences may be left that no look-up settled. */
  readonly unsettled: boolean;
  /** The fields that the token may not see, for a person; null: none that was known. */
  readonly hidden: string | null;
  /** Whether there may be settings that are other than what is believed. */
  readonly settings: boolean;
  readonly details: DetailsRead | null;
}

/** Compares what was staged with what is believed, and asks the provider about absences that prove nothing. */
export async function examineListing(
  session: SyncContext,
  observation: Observation,
  { rows, settings, details }: Staged,
  absenceOf: (kind: string) => Absence,
): Promise<Findings> {
  const { conn, staging } = session;
  const unread = observation.kinds.flatMap((kind) =>
    absenceOf(kind).unread.map((attributes) => ({ kind, attributes })),
  );
  if (rows > analyzedRows) await analyzeStaging(conn, staging);
  let summaries = await summarize(conn, observation, unread);
  if (summaries.some(({ repeated }) => repeated > 0)) {
    await dropRepeated(conn, staging);
    summaries = await summarize(conn, observation, unread);
  }
  const isChanged = summaries.some(({ changed }) => changed > 0);
  const hidden = isChanged || settings > 0 ? await keepHiddenFields(session, observation) : null;
  if (hidden !== null) summaries = await summarize(conn, observation, unread);
  const missing = summaries.filter((summary) => summary.missing > 0);
  const suspicious = missing.filter((summary) => isSuspicious(summary.alive, summary.missing));
  const asked = missing.filter(
    (summary) => !suspicious.includes(summary) && absenceOf(summary.kind).certainty !== 'evident',
  );
  if (missing.length > 0) {
    const kinds = (of: readonly KindSummary[]) => of.map(({ kind }) => kind);
    await stageMissing(conn, observation, unread, { suspicious: kinds(suspicious), asked: kinds(asked) });
  }
  const unsettled = suspicious.length + asked.length > 0;
  if (unsettled) {
    await askForMissing(session, observation);
    await settleRest(
      conn,
      staging,
      observation.kinds.filter((kind) => absenceOf(kind).certainty === 'unclear'),
    );
  }
  return { summaries, suspicious, missing: missing.length > 0, unsettled, hidden, settings: settings > 0, details };
}

/**
 * A field that a listing shows without what was in it may be one that the token cannot see: then it
 * keeps what was known. What is hidden, for a person; null: nothing that was known.
 */
async function keepHiddenFields(
  { conn, provider, signal }: SyncContext,
  observation: Observation,
): Promise<string | null> {
  const scoped = observation.kinds.map((kind) => ({ kind, fields: provider.scopedFields(kind) }));
  const emptied = await selectEmptied(conn, observation);
  const emptiedSettings = await selectEmptiedSettings(conn, observation, scoped);
  const told: string[] = [];
  for (const kind of observation.kinds) {
    const seemsEmpty = [...emptied, ...emptiedSettings].flatMap((found) => (found.kind === kind ? found.fields : []));
    if (seemsEmpty.length === 0) continue;
    const hidden = await provider.hiddenFields(kind, seemsEmpty, signal);
    if (hidden.length === 0) continue;
    const fields = hidden.flatMap((each) => each.fields);
    const kept = [
      await restoreFields(conn, observation, kind, fields),
      await restoreSettings(conn, observation, kind, fields),
    ];
    const names = hidden.map((each) => `${each.fields.join(' and ')} (${each.scope})`).join(', ');
    const known = Math.max(...kept);
    told.push(`the token may not see ${names}${known === 0 ? '' : `: ${known} of ${kind} keep what was known`}`);
  }
  return told.length === 0 ? null : told.join('; ');
}

/** Looks up those that seem to be missing, within the limit of a run. */
async function askForMissing(
  { conn, provider, signal, staging }: SyncContext,
  observation: Observation,
): Promise<void> {
  const suspected = await selectMissing(conn, observation, 'open', lookupsMax);
  const ofSuspicious = await lookUp(provider, suspected, { untilFound: true, signal });
  await settle(conn, staging, 'gone', ofSuspicious.gone);
  for (const { kind } of ofSuspicious.found) await settleRefuted(conn, staging, kind);
  const others = await selectMissing(conn, observation, 'asked', lookupsMax - suspected.length);
  const { gone, found } = await lookUp(provider, others, { untilFound: false, signal });
  await settle(conn, staging, 'gone', gone);
  await settle(
    conn,
    staging,
    'found',
    found.map(({ resourceId }) => resourceId),
  );
}

interface Applied {
  readonly seen: number;
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
  /** Why the listing cannot count as complete although all of it was read; null: it can. */
  readonly unconfirmed: string | null;
}

/** Writes what a staged and examined listing says. The caller holds the account's history lock. */
export async function applyListing(
  trx: UnitOfWork,
  observation: Observation,
  findings: Findings,
  recordedAt: Temporal.Instant,
): Promise<Applied> {
  const { summaries, suspicious, missing, unsettled: maybeUnsettled } = findings;
  const total = (count: (summary: KindSummary) => number) =>
    summaries.reduce((sum, summary) => sum + count(summary), 0);
  const born = total((summary) => summary.born);
  const changed = total((summary) => summary.changed);
  const back = total((summary) => summary.back);
  const dated = total((summary) => summary.dated);

  if (total((summary) => summary.news) > 0) {
    await writeIdentities(trx, observation);
    await writePayloads(trx, observation);
  }
  if (maybeUnsettled) await countListing(trx, observation, listingsToConfirm, listingsApartMinutes);
  if (born > 0) await stageBirths(trx, observation);
  if (changed > back) await stageChanges(trx, observation);
  if (back > 0) await stageComebacks(trx, observation);
  if (dated > 0) await stageEarlierBirths(trx, observation);
  const ended = missing ? await stageEnds(trx, observation) : 0;
  if (ended > 0) await stageMembershipEnds(trx, observation.staging);
  const settingsMoved = findings.settings || back + dated + ended > 0;
  if (findings.settings || back > 0) await stageSettingPhases(trx, observation);
  if (dated > 0) await stageEarlierSettings(trx, observation);
  if (ended > 0) await stageSettingEnds(trx, observation.staging);
  if (settingsMoved) await rewriteSettings(trx, observation, recordedAt);
  if (findings.details !== null) await writeDetailsRead(trx, observation);
  if (born + back + dated > 0) await stageMembershipRepairs(trx, observation, firstProjectGraceHours);
  if (born + changed + dated + ended > 0) await rewriteStates(trx, observation, recordedAt);
  if (born + back + dated + ended > 0) await rewriteMemberships(trx, observation, recordedAt);
  if (maybeUnsettled || total((summary) => summary.candidates) > 0) await clearCandidates(trx, observation);

  const unsettled = maybeUnsettled ? await countUnsettled(trx, observation.staging) : 0;
  return {
    seen: total((summary) => summary.seen),
    new: born,
    changed,
    ended,
    unconfirmed: unsettled === 0 ? null : describe(suspicious, unsettled),
  };
}

function describe(suspicious: readonly KindSummary[], unsettled: number): string {
  if (suspicious.length === 0) return `${unsettled} that it leaves out are kept until that is confirmed`;
  const listed = suspicious
    .map(({ kind, alive, missing }) => `${alive - missing} of ${alive} known (${kind})`)
    .join(', ');
  return `suspicious: it shows only ${listed}; ${unsettled} that it leaves out are kept until that is confirmed`;
}

export interface ListingOutcome {
  readonly outcome: RunEnd['outcome'];
  readonly reason: string | null;
  readonly unread: RunEnd['unread'];
}

/** How a run ends that read `end` in `pages` pages; nothing is applied where none could be read. */
export function listingOutcome(end: ListingEnd, pages: number): ListingOutcome {
  const { outcome, reason } = end;
  if (outcome === 'complete') return { outcome, reason, unread: [] };
  return { outcome: pages === 0 ? 'failed' : 'partial', reason, unread: pages === 0 ? null : readParts(end.absence) };
}

/** The parts that were not read, where of all others it was seen what there is; else null. */
function readParts({ unread, certainty }: Absence): readonly Attributes[] | null {
  const isWhole = unread.some((part) => Object.keys(part).length === 0);
  return isWhole || certainty === 'unclear' ? null : unread;
}

/**
 * A collection that the provider does not have for this token hides nothing, unless something of it
 * is known to live: without that, the listing is complete.
 */
export function examinedOutcome(listed: ListingOutcome, end: ListingEnd, findings: Findings): ListingOutcome {
  const { summaries, hidden, details } = findings;
  const reason = joinReasons(listed.reason, hidden, details?.reason ?? null);
  const nothingThere =
    end.outcome === 'partial' &&
    end.problem === 'not_offered' &&
    listed.unread !== null &&
    listed.unread.length > 0 &&
    summaries.every(({ unread }) => unread === 0);
  return nothingThere ? { outcome: 'complete', reason, unread: [] } : { ...listed, reason };
}

/** Several reasons, for a person, as one; null: none. */
export function joinReasons(...reasons: readonly (string | null)[]): string | null {
  const given = reasons.filter((reason) => reason !== null);
  return given.length === 0 ? null : given.join('; ');
}

/** The end of a run whose listing was applied. */
export function appliedEnd(listed: ListingOutcome, applied: Applied): Omit<RunEnd, 'requests' | 'budget'> {
  const { unconfirmed, ...counts } = applied;
  if (unconfirmed === null) return { ...listed, ...counts };
  return { outcome: 'partial', reason: joinReasons(unconfirmed, listed.reason), unread: null, ...counts };
}

export const nothingApplied = { seen: 0, new: 0, changed: 0, ended: 0 };
