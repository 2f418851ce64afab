import { z } from 'zod';
import { declareJob } from '../platform/declare/job.ts';
import { bringAttributionsUpToDate } from './attribution.ts';

/** Turns what syncs and operators wrote into who owns what. */
export const attributeJob = declareJob({
  name: 'attribute',
  queue: 'default',
  title: 'Updates who owns what, by facts and rules',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 5,
  async run({ db, clock }) {
    await bringAttributionsUpToDate(db, await clock.now());
  },
});
