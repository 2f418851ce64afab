import { projectSetting, type ResourceKind } from '../cloud/index.ts';
import {
  appliedEnd,
  applyListing,
  endUnchangedKind,
  examinedOutcome,
  examineListing,
  firstProjectGraceHours,
  listingOutcome,
  nothingApplied,
  observe,
  readListing,
  stageKind,
} from './listing.ts';
import { lockHistory, rewriteMemberships, stageSaidProjects } from './sync.store.ts';
import { recordRun, type SyncContext, type SyncResult } from './sync-run.ts';

/** Reads the listing of one kind and brings its history in line with it. */
export function syncKind(session: SyncContext, kind: ResourceKind): Promise<SyncResult> {
  return recordRun(session, kind, async (run) => {
    const { conn, account, clock } = session;
    const observation = observe(session, run, [kind]);
    const listing = await readListing(session, observation, kind);
    const { end, pages } = listing;
    const listed = listingOutcome(end, pages);
    if (listed.outcome === 'failed') return run.finish(conn, { ...listed, ...nothingApplied }, await clock.now());
    if (await endUnchangedKind(session, run, observation, kind, listing)) return;
    const staged = await stageKind(session, observation, kind, listing);
    const findings = await examineListing(session, observation, staged, () => end.absence);
    const now = await clock.now();
    await conn.transaction().execute(async (trx) => {
      await lockHistory(trx, account.accountId);
      const applied = await applyListing(trx, observation, findings, now);
      const saysProject = session.provider.scopedFields(kind).includes(projectSetting);
      if (saysProject && (findings.settings || applied.new + applied.changed > 0)) {
        const { staged } = await stageSaidProjects(trx, observation, firstProjectGraceHours);
        if (staged > 0) await rewriteMemberships(trx, observation, now);
      }
      await run.finish(trx, appliedEnd(examinedOutcome(listed, end, findings), applied), now);
    });
  });
}
