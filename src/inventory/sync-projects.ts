import { hash } from 'node:crypto';
import { type ListedMembership, resourceKinds } from '../cloud/index.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import {
  appliedEnd,
  applyListing,
  examineListing,
  firstProjectGraceHours,
  joinReasons,
  type ListingOutcome,
  listingOutcome,
  nothingApplied,
  observe,
  stageKind,
} from './listing.ts';
import {
  clearStaging,
  lockHistory,
  rewriteMemberships,
  selectStagedProjects,
  selectUnlistableKinds,
  stageMemberships,
  stageMoves,
  stageUnlistable,
  stageUnshown,
  writeMemberIdentities,
} from './sync.store.ts';
import { recordRun, type SyncContext, type SyncResult, stagePages } from './sync-run.ts';

/**
 * Reads the projects and what each holds, and brings both in line: the run counts as complete only
 * if both were. Kinds that the provider cannot list are known from here alone, as by a listing of
 * their own. In the result, seen, new and ended count projects and such resources; changed counts
 * those that are other than before, and every resource that moved to another project.
 */
export function syncProjects(session: SyncContext): Promise<SyncResult> {
  return recordRun(session, 'project', async (run) => {
    const { conn, account, provider, clock, signal, staging } = session;
    await clearStaging(conn, staging);
    const projects = await stageKind(session, observe(session, run, ['project']), 'project');
    const listed = listingOutcome(projects.end, projects.pages);
    if (listed.outcome === 'failed') return run.finish(conn, { ...listed, ...nothingApplied }, await clock.now());

    const listable: readonly string[] = [...provider.kinds, ...resourceKinds];
    const members = await stagePages(
      session,
      'project',
      provider.listMemberships(await selectStagedProjects(conn, staging), signal),
      (batch: readonly ListedMembership[], first) =>
        stageMemberships(
          conn,
          staging,
          toStorableJson(batch.map((member, index) => toRow(member, projects.items + first + index, listable))),
        ),
    );
    const outcome = projects.end.outcome === 'complete' ? joinOutcomes(listed, listingOutcome(members.end, 1)) : listed;

    const unlistable = await selectUnlistableKinds(conn, staging, account.accountId, listable);
    const observation = observe(session, run, ['project', ...unlistable]);
    if (unlistable.length > 0) await stageUnlistable(conn, observation);
    const staged = { rows: projects.items + members.items, settings: projects.settings, details: projects.details };
    // What only projects show is not missing where projects or what they hold could not be read.
    const ofMembers = projects.end.outcome === 'complete' ? members.end.absence : projects.end.absence;
    const isWhole = projects.end.outcome === 'complete' && members.end.outcome === 'complete';
    const findings = await examineListing(session, observation, staged, (kind) =>
      kind === 'project' ? projects.end.absence : ofMembers,
    );
    const now = await clock.now();
    await conn.transaction().execute(async (trx) => {
      await lockHistory(trx, account.accountId);
      const applied = await applyListing(trx, observation, findings, now);
      await writeMemberIdentities(trx, observation);
      const moves = await stageMoves(trx, observation, isWhole, firstProjectGraceHours);
      const unshown = isWhole ? await stageUnshown(trx, observation) : 0;
      if (moves.staged + unshown > 0) await rewriteMemberships(trx, observation, now);
      await run.finish(trx, appliedEnd(outcome, { ...applied, changed: applied.changed + moves.moved }), now);
    });
  });
}

function joinOutcomes(projects: ListingOutcome, members: ListingOutcome): ListingOutcome {
  return { ...members, reason: joinReasons(members.reason, projects.reason) };
}

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
