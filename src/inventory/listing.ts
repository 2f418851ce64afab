import { hash } from 'node:crypto';
import type { ListedResource, ListingEnd, ResourceKind } from '../cloud/provider.ts';
import type { Transaction } from '../platform/database/database.ts';
import { isSuspicious, listingsApartMinutes, listingsToConfirm, lookUp, lookupsMax } from './absence.ts';
import type { RunEnd } from './store.ts';
import { type Run, type Session, stagePages, toStorableJson } from './sync-run.ts';
import {
  analyzeStaging,
  clearCandidates,
  countListing,
  countUnsettled,
  dropRepeated,
  type KindSummary,
  type Observation,
  rewriteMemberships,
  rewriteStates,
  selectUnsettled,
  settleGone,
  settleRefuted,
  stageBirths,
  stageChanges,
  stageComebacks,
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

export function observe(session: Session, run: Run, kinds: readonly string[]): Observation {
  return {
    syncRunId: run.syncRunId,
    accountId: session.account.accountId,
    kinds,
    observedAt: run.observedAt,
    connectedAt: session.account.connectedAt,
  };
}

/** Reads the listing of one kind into the staging tables. */
export function stageKind(session: Session, observation: Observation, kind: ResourceKind) {
  const { conn, provider, signal } = session;
  return stagePages(session, kind, provider.list(kind, signal), async (batch: readonly ListedResource[], first) => {
    const payloads = batch.map(({ payload }) => toStorableJson(payload));
    const rows = batch.map((resource, index) => ({
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
      sha256: hash('sha256', payloads[index]!),
    }));
    const wanted = await stageResources(conn, observation, toStorableJson(rows));
    if (wanted.length === 0) return;
    const news = wanted.map((ord) => `{"ord":${ord},"payload":${payloads[ord - first]}}`);
    await stagePayloads(conn, `[${news.join(',')}]`);
  });
}

/** What a staged listing says, before it is applied. */
export interface Findings {
  readonly summaries: readonly KindSummary[];
  /** Kinds of which too much was missing to be believed at once. */
  readonly suspicious: readonly KindSummary[];
  readonly missing: boolean;
}

/** Compares what was staged with what is believed, and asks the provider about suspicious absences. */
export async function examineListing(
  session: Session,
  observation: Observation,
  rows: number,
  complete: boolean,
): Promise<Findings> {
  const { conn, provider, signal } = session;
  if (rows > analyzedRows) await analyzeStaging(conn);
  let summaries = await summarize(conn, observation);
  if (summaries.some(({ repeated }) => repeated > 0)) {
    await dropRepeated(conn);
    summaries = await summarize(conn, observation);
  }
  // Only a complete listing says anything by leaving something out.
  const missing = complete && summaries.some((summary) => summary.missing > 0);
  const suspicious = missing ? summaries.filter((summary) => isSuspicious(summary.alive, summary.missing)) : [];
  if (missing) {
    await stageMissing(
      conn,
      observation,
      suspicious.map((summary) => summary.kind),
    );
    if (suspicious.length > 0) {
      const { gone, refuted } = await lookUp(provider, await selectUnsettled(conn, observation, lookupsMax), signal);
      await settleGone(conn, gone);
      if (refuted !== null) await settleRefuted(conn, refuted);
    }
  }
  return { summaries, suspicious, missing };
}

export interface Applied {
  readonly seen: number;
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
  /** Why the listing cannot count as complete although all of it was read; null: it can. */
  readonly unconfirmed: string | null;
}

/** Writes what a staged and examined listing says. The caller holds the account's history lock. */
export async function applyListing(
  trx: Transaction,
  observation: Observation,
  findings: Findings,
  recordedAt: Temporal.Instant,
): Promise<Applied> {
  const { summaries, suspicious, missing } = findings;
  const total = (count: (summary: KindSummary) => number) =>
    summaries.reduce((sum, summary) => sum + count(summary), 0);
  const born = total((summary) => summary.born);
  const changed = total((summary) => summary.changed);
  const back = total((summary) => summary.back);

  if (total((summary) => summary.news) > 0) {
    await writeIdentities(trx, observation);
    await writePayloads(trx, observation);
  }
  if (suspicious.length > 0) await countListing(trx, observation, listingsToConfirm, listingsApartMinutes);
  if (born > 0) await stageBirths(trx, observation);
  if (changed > back) await stageChanges(trx, observation);
  if (back > 0) await stageComebacks(trx, observation);
  const ended = missing ? await stageEnds(trx, observation) : 0;
  if (ended > 0) await stageMembershipEnds(trx);
  if (born + back > 0) await stageMembershipRepairs(trx, observation, firstProjectGraceHours);
  if (born + changed + ended > 0) await rewriteStates(trx, recordedAt);
  if (born + back + ended > 0) await rewriteMemberships(trx, recordedAt);
  if (suspicious.length > 0 || total((summary) => summary.candidates) > 0) await clearCandidates(trx);

  const unsettled = suspicious.length > 0 ? await countUnsettled(trx) : 0;
  return {
    seen: total((summary) => summary.seen),
    new: born,
    changed,
    ended,
    unconfirmed: unsettled === 0 ? null : describe(suspicious, unsettled),
  };
}

function describe(suspicious: readonly KindSummary[], unsettled: number): string {
  const listed = suspicious
    .map(({ kind, alive, missing }) => `${alive - missing} of ${alive} known (${kind})`)
    .join(', ');
  return `suspicious: it shows only ${listed}; ${unsettled} that it leaves out are kept until that is confirmed`;
}

export interface ListingOutcome {
  outcome: RunEnd['outcome'];
  reason: string | null;
}

/** How a run ends that read `end` in `pages` pages; nothing is applied where none could be read. */
export function listingOutcome(end: ListingEnd, pages: number): ListingOutcome {
  if (end.outcome === 'complete') return { outcome: 'complete', reason: null };
  return { outcome: pages === 0 ? 'failed' : 'partial', reason: end.reason };
}

/** The end of a run whose listing was applied. */
export function appliedEnd(listed: ListingOutcome, applied: Applied): Omit<RunEnd, 'requests'> {
  const { unconfirmed, ...counts } = applied;
  if (unconfirmed === null) return { ...listed, ...counts };
  return { outcome: 'partial', reason: unconfirmed, ...counts };
}

export const nothingApplied = { seen: 0, new: 0, changed: 0, ended: 0 };
