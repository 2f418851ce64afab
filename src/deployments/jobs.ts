import { z } from 'zod';
import { declareJob, referToJob } from '../platform/declare/job.ts';
import { bringAttributionsUpToDate } from './attribution.ts';

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
    await bringAttributionsUpToDate(db, await clock.now());
    await db.transaction().execute((trx) => enqueue(trx, sweepDriftJob, {}));
  },
});
