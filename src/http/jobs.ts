import { z } from 'zod';
import { declareJob } from '../platform/declare/job.ts';
import { pruneRevocations } from './access/revocations.ts';

/** By real time, as tokens are dated. */
export const pruneRevocationsJob = declareJob({
  name: 'prune_revocations',
  queue: 'default',
  title: 'Forgets revocations of tokens that have ended or are too old to be let in',
  arguments: z.strictObject({}),
  timeoutSeconds: 300,
  attemptsMax: 3,
  async run({ db, config, log }) {
    const pruned = await pruneRevocations(db, Temporal.Now.instant(), config.jwtHoursMax);
    if (pruned > 0) log.info({ pruned }, 'revocations forgotten');
  },
});
