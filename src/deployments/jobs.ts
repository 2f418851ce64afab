import { z } from 'zod';
import { declareJob, referToJob } from '../platform/declare/job.ts';
import { bringAttributionsUpToDate } from './attribution.ts';
import { recountFleet } from './fleet.ts';
import { keepUnassigned } from './unassigned-money.ts';

/** What differs from what was declared follows from who owns what; finding it is another module's. */
const sweepDriftJob = referToJob('sweep_drift');

/** Turns what syncs and operators wrote into who owns what. */
export const attributeJob = declareJob({
  name: 'attribute',
  queue: 'default',
  title: 'Updates who owns what, by facts and rules',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 5,
  followedBy: [sweepDriftJob],
  async run({ db, clock, enqueue }) {
    const now = await clock.now();
    await bringAttributionsUpToDate(db, now);
    await keepUnassigned(db, now);
    await db.transaction().execute((trx) => enqueue(trx, sweepDriftJob, {}));
  },
});

/** For whoever looks at all of a large fleet. */
export const countFleetJob = declareJob({
  name: 'count_fleet',
  queue: 'default',
  title: 'Counts the fleet, where anything has changed, and suggests rules for a large one',
  arguments: z.strictObject({}),
  timeoutSeconds: 3_600,
  attemptsMax: 3,
  async run({ db, clock }) {
    await recountFleet(db, await clock.now());
  },
});
