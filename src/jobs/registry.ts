import { z } from 'zod';
import { attributeJob } from '../deployments/jobs.ts';
import { inventoryJobs } from '../inventory/jobs.ts';
import { draftMonthJob, invoiceDraftsJob } from '../invoices/jobs.ts';
import { meterDayJob, meterJob, usageRetentionJob } from '../metering/jobs.ts';
import { declareJob, type JobDeclaration } from '../platform/declare/job.ts';
import { publishEventsJob } from './events.ts';
import { checkAlertsJob } from '../pricing/jobs.ts';
import { overrideSchedule, type ScheduleEntry } from './schedule.ts';
import { deleteEnded } from './store.ts';
import { openWorker, type Worker, type WorkerOptions } from './worker.ts';

// All jobs of the house and when they run. A room declares its own; here they come together.

export const inventory = inventoryJobs(attributeJob);

/** Days that ended jobs are kept; dead ones longer, for somebody to look at. */
const endedDays = 7;
const deadDays = 90;
const pruneBatch = 5_000;

/** The history of jobs is real time's, whatever the database's clock says: it is about this machine. */
const pruneJob = declareJob({
  name: 'prune_jobs',
  queue: 'default',
  title: `Deletes jobs that ended more than ${endedDays} days ago, dead ones after ${deadDays}`,
  arguments: z.object({}),
  timeoutSeconds: 600,
  attemptsMax: 3,
  async run({ db, signal }) {
    while ((await deleteEnded(db, endedDays, deadDays, pruneBatch)) === pruneBatch) signal.throwIfAborted();
  },
});

export const declarations: readonly JobDeclaration[] = [
  ...inventory.all,
  attributeJob,
  meterJob,
  meterDayJob,
  checkAlertsJob,
  invoiceDraftsJob,
  draftMonthJob,
  usageRetentionJob,
  pruneJob,
  publishEventsJob,
];

const sync = (part: string) => ({ job: inventory.syncAccounts, arguments: { part } });

/** UTC. Each tick means "bring this up to date", never "do that hour". */
export const defaultSchedule: readonly ScheduleEntry[] = [
  // Projects, so that attribution is fresh; the job itself has the other resources follow.
  { name: 'resources', cron: '*/15 * * * *', ...sync('sync_projects') },
  { name: 'snapshots', cron: '33 * * * *', ...sync('sync_snapshots') },
  { name: 'backups', cron: '41 * * * *', ...sync('sync_backups') },
  { name: 'metering', cron: '10 1 * * *', job: meterJob, arguments: {} },
  { name: 'alerts', cron: '20 * * * *', job: checkAlertsJob, arguments: {} },
  { name: 'retention', cron: '17 2 * * *', job: usageRetentionJob, arguments: {} },
  { name: 'invoices', cron: '40 2 * * *', job: invoiceDraftsJob, arguments: {} },
  { name: 'spaces', cron: '27 3 * * *', ...sync('sync_spaces') },
  { name: 'prune', cron: '52 4 * * *', job: pruneJob, arguments: {} },
  { name: 'events', cron: '47 * * * *', job: publishEventsJob, arguments: {} },
];

/**
 * Starts a worker of this house: what `arcadia start` runs, alone or beside the API. Errors:
 * invalid_config for a schedule or limits that name what is not there; what the database says.
 */
export function startWorker(options: Omit<WorkerOptions, 'declarations' | 'schedule'>): Promise<Worker> {
  const schedule = overrideSchedule(defaultSchedule, options.config.schedule);
  return openWorker({ ...options, declarations, schedule });
}
