import { z } from 'zod';
import { declareJob, type JobRun, referToJob } from '../platform/declare/job.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { runRollout } from './run-rollout.ts';
import { sweepMarkers } from './sweep-markers.ts';

const syncProjectsJob = referToJob('sync_projects');
const syncSnapshotsJob = referToJob('sync_snapshots');

function readAccount(run: Pick<JobRun, 'enqueue'>) {
  return async (trx: UnitOfWork, account: string): Promise<void> => {
    await run.enqueue(trx, syncProjectsJob, { account });
    await run.enqueue(trx, syncSnapshotsJob, { account });
  };
}

/** Carries out one rollout, as far as can be done now; waits without holding a place. */
export const runRolloutJob = declareJob({
  name: 'run_rollout',
  queue: 'provisioning',
  title: 'Carries out a rollout',
  arguments: z.strictObject({ rollout: z.int() }),
  timeoutSeconds: 900,
  attemptsMax: 20,
  followedBy: [syncProjectsJob, syncSnapshotsJob],
  async run(run) {
    await runRollout({ ...pick(run), read: readAccount(run) }, run.arguments.rollout);
  },
});

function pick({ db, clock, config, signal, log, report }: Omit<JobRun, 'arguments' | 'enqueue'>) {
  return { db, clock, config, signal, log, report };
}

/** Finds what rollouts have made more than once, and has those go on whose job was lost. */
export const sweepMarkersJob = declareJob({
  name: 'sweep_markers',
  queue: 'provisioning',
  title: 'Looks for what rollouts have made more than once',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 3,
  followedBy: [runRolloutJob],
  async run(run) {
    const { db, log } = run;
    const { underWay, extras } = await sweepMarkers(pick(run));
    if (extras > 0) log.warn({ extras }, 'rollouts have made things more than once');
    await db.transaction().execute(async (trx) => {
      for (const rollout of underWay) await run.enqueue(trx, runRolloutJob, { rollout });
    });
  },
});
