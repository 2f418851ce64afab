import { hash } from 'node:crypto';
import { type ListedMembership, resourceKinds } from '../cloud/index.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import {
  appliedEnd,
  applyListing,
  endUnchanged,
  examineListing,
  firstProjectGraceHours,
  isWhole,
  joinReasons,
  type ListingOutcome,
  listingOutcome,
  nothingApplied,
  observe,
  type ReadListing,
  readListing,
  stageKind,
} from './listing.ts';
import {
  finishUnchangedProjects,
  lockHistory,
  type Observation,
  rewriteMemberships,
  selectStagedProjects,
  selectUnlistableKinds,
  stageMemberships,
  stageMoves,
  stageUnlistable,
  stageUnshown,
  writeMemberIdentities,
} from './sync.store.ts';
import { recordRun, type Run, type SyncContext, type SyncResult, stagePages } from './sync-run.ts';

/**
 * Reads the projects and what each holds, and brings both in line: the run counts as complete only
 * if both were. Kinds that the provider cannot list are known from here alone, as by a listing of
 * their own. In the result, seen, new and ended count projects and such resources; changed counts
 * those that are other than before, and every resource that moved to another project.
 */
export function syncProjects(session: SyncContext): Promise<SyncResult> {
  return recordRun(session, 'project', async (run) => {
    const { conn, account, provider, clock, signal, staging } = session;
    const ofProjects = observe(session, run, ['project']);
    const projects = await readListing(session, ofProjects, 'project');
    const listed = listingOutcome(projects.end, projects.pages);
    if (listed.outcome === 'failed') return run.finish(conn, { ...listed, ...nothingApplied }, await clock.now());

    const listable: readonly string[] = [...provider.kinds, ...resourceKinds];
    const ids = projects.held?.resources.map(({ externalId }) => externalId);
    // Staged with the first members that are: until then all of it may be what is believed already.
    let stagedProjects = ids === undefined ? await stageKind(session, ofProjects, 'project', projects) : null;
    let held: readonly MemberRow[] = [];
    const stage = async (rows: readonly MemberRow[]) => {
      stagedProjects ??= await stageKind(session, ofProjects, 'project', projects);
      if (rows.length > 0) await stageMemberships(conn, staging, toStorableJson(rows));
      return stagedProjects;
    };
    // By a name of its own: as 'project' its count would stand where the projects' is.
    const members = await stagePages(
      session,
      'project memberships',
      provider.listMemberships(
        ids === undefined ? await selectStagedProjects(conn, staging) : [...new Set(ids)].sort(),
        signal,
      ),
      async (batch: readonly ListedMembership[], first, isLast) => {
        const rows = batch.map((member, index) => toRow(member, projects.items + first + index, listable));
        if (first === 0 && isLast) held = rows;
        else await stage(rows);
      },
    );
    const outcome = projects.end.outcome === 'complete' ? joinOutcomes(listed, listingOutcome(members.end, 1)) : listed;
    if (stagedProjects === null && isWhole(members.end)) {
      const found = { rows: held, listable, outcome };
      if (await endUnchangedProjects(session, run, ofProjects, projects, found)) return;
    }
    const staged = { ...(await stage(held)), rows: projects.items + members.items };
    const unlistable = await selectUnlistableKinds(conn, staging, account.accountId, listable);
    const observation = observe(session, run, ['project', ...unlistable]);
    if (unlistable.length > 0) await stageUnlistable(conn, observation);
    // What only projects show is not missing where projects or what they hold could not be read.
    const ofMembers = projects.end.outcome === 'complete' ? members.end.absence : projects.end.absence;
    const areWhole = projects.end.outcome === 'complete' && members.end.outcome === 'complete';
    const findings = await examineListing(session, observation, staged, (kind) =>
      kind === 'project' ? projects.end.absence : ofMembers,
    );
    const now = await clock.now();
    await conn.transaction().execute(async (trx) => {
      await lockHistory(trx, account.accountId);
      const applied = await applyListing(trx, observation, findings, now);
      await writeMemberIdentities(trx, observation);
      const moves = await stageMoves(trx, observation, areWhole, firstProjectGraceHours);
      const unshown = areWhole ? await stageUnshown(trx, observation) : 0;
      if (moves.staged + unshown > 0) await rewriteMemberships(trx, observation, now);
      await run.finish(trx, appliedEnd(outcome, { ...applied, changed: applied.changed + moves.moved }), now);
    });
  });
}

interface HeldMembers {
  readonly rows: readonly MemberRow[];
  readonly listable: readonly string[];
  /** How the run ends with them. */
  readonly outcome: ListingOutcome;
}

/** Ends the run if projects and what they hold are what is believed already; whether it did. */
function endUnchangedProjects(
  session: SyncContext,
  run: Run,
  observation: Observation,
  projects: ReadListing,
  { rows, listable, outcome }: HeldMembers,
): Promise<boolean> {
  const onlyShown = rows.filter(({ kind }) => kind === 'project' || !listable.includes(kind));
  const unchanged = { ...outcome, ...nothingApplied, seen: projects.items + onlyShown.length };
  return endUnchanged(session, run, projects, unchanged, (listed, end, now) => {
    const shown = { projects: listed, members: toStorableJson(rows), listable };
    return finishUnchangedProjects(session.conn, observation, shown, firstProjectGraceHours, end, now);
  });
}

function joinOutcomes(projects: ListingOutcome, members: ListingOutcome): ListingOutcome {
  return { ...members, reason: joinReasons(members.reason, projects.reason) };
}

/** A member as it is sent to the database. */
type MemberRow = ReturnType<typeof toRow>;

/** Only what its project alone tells of needs the payload. */
function toRow(member: ListedMembership, ord: number, listable: readonly string[]) {
  const { projectExternalId, urn, kind, externalId, payload } = member;
  return {
    ord,
    project_external_id: projectExternalId,
    urn,
    kind,
    external_id: externalId,
    ...(!listable.includes(kind) && { payload, sha256: hash('sha256', toStorableJson(payload)) }),
  };
}
