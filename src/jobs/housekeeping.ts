import { z } from 'zod';
import { publishEvents } from '../platform/events.ts';
import { declareJob } from '../platform/declare/job.ts';
import { deleteEnded, settleDeadTwins } from './store.ts';

// What keeps the tables of jobs and of events small.

/** Days that ended jobs are kept; dead ones longer, for somebody to look at. */
const endedDays = 7;
const deadDays = 90;
const pruneBatch = 5_000;

/** The history of jobs is real time's, whatever the database's clock says: it is about this machine. */
export const pruneJob = declareJob({
  name: 'prune_jobs',
  queue: 'default',
  title: `Deletes jobs that ended more than ${endedDays} days ago, dead ones after ${deadDays}`,
  arguments: z.strictObject({}),
  timeoutSeconds: 600,
  attemptsMax: 3,
  async run({ db, signal }) {
    while ((await deleteEnded(db, endedDays, deadDays, pruneBatch)) === pruneBatch) signal.throwIfAborted();
  },
});

export const settleJob = declareJob({
  name: 'settle_jobs',
  queue: 'default',
  title: 'Settles dead jobs of which the same was done or died later',
  arguments: z.strictObject({}),
  timeoutSeconds: 300,
  attemptsMax: 3,
  async run({ db, log }) {
    const settled = await settleDeadTwins(db);
    if (settled > 0) log.info({ settled }, 'dead jobs settled');
  },
});

/** Whoever watches publishes; where nobody does for long, what is told would pile up. */
export const publishEventsJob = declareJob({
  name: 'publish_events',
  queue: 'default',
  title: 'Numbers the events that nobody has watched, and lets go of the oldest',
  arguments: z.strictObject({}),
  timeoutSeconds: 300,
  attemptsMax: 3,
  run: ({ db }) => publishEvents(db),
});
