import { projectSetting, type ResourceKind } from '../cloud/index.ts';
import {
  appliedEnd,
  applyListing,
  examinedOutcome,
  examineListing,
  firstProjectGraceHours,
  listingOutcome,
  nothingApplied,
  observe,
  stageKind,
} from './listing.ts';
import { clearStaging, lockHistory, rewriteMemberships, stageSaidProjects } from './sync.store.ts';
import { recordRun, type SyncContext, type SyncResult } from './sync-run.ts';

/** Reads the listing of one kind and brings its history in line with it. */
export function syncKind(session: SyncContext, kind: ResourceKind): Promise<SyncResult> {
  return recordRun(session, kind, async (run) => {
    const { conn, account, clock, staging } = session;
    const observation = observe(session, run, [kind]);
    await clearStaging(conn, staging);
    const { end, pages, items, settings, details } = await stageKind(session, observation, kind);
    const listed = listingOutcome(end, pages);
    if (listed.outcome === 'failed') return run.finish(conn, { ...listed, ...nothingApplied }, await clock.now());
    const findings = await examineListing(session, observation, { rows: items, settings, details }, () => end.absence);
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
