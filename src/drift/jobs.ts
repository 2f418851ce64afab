import { z } from 'zod';
import { declareJob } from '../platform/declare/job.ts';
import { sweep } from './sweep/sweep.ts';

/** Compares what is declared with what the provider shows: after every attribution, and every hour for what time changes. */
export const sweepDriftJob = declareJob({
  name: 'sweep_drift',
  queue: 'drift',
  title: 'Finds what differs from what was declared, and what is exposed, unprotected, idle or orphaned',
  arguments: z.strictObject({ full: z.literal(true).exactOptional() }),
  timeoutSeconds: 3_600,
  attemptsMax: 3,
  async run({ db, clock, log, arguments: { full = false } }) {
    const { whole, found, changed, resolved } = await sweep(db, await clock.now(), { full });
    if (found + changed + resolved > 0) log.info({ whole, found, changed, resolved }, 'drift swept');
  },
});
