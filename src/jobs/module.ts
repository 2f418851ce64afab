import { declareModule } from '../platform/declare/module.ts';
import { pruneJob, publishEventsJob, settleJob } from './housekeeping.ts';
import { jobFailed } from './jobs.ts';
import { jobOperations } from './operations/jobs.ts';
import { queueOperations } from './operations/queues.ts';
import { scheduleOperations } from './operations/schedule.ts';
import { jobsSettings } from './settings.ts';

export const jobsModule = declareModule({
  name: 'jobs',
  tags: [{ name: 'jobs', description: 'The work that runs itself: jobs, queues and the schedule.' }],
  operations: [...jobOperations, ...queueOperations, ...scheduleOperations],
  errors: [jobFailed],
  jobs: [pruneJob, settleJob, publishEventsJob],
  queues: [
    // For what needs no queue of its own.
    { name: 'default', limit: 5, position: 80 },
  ],
  schedule: [
    { name: 'prune', cron: '52 4 * * *', job: pruneJob, arguments: {} },
    { name: 'settle', cron: '*/10 * * * *', job: settleJob, arguments: {} },
    { name: 'events', cron: '47 * * * *', job: publishEventsJob, arguments: {} },
  ],
  events: [
    {
      type: 'job.changed',
      subject: 'queue',
      describes: 'jobs were enqueued, started or ended; once a second at most',
      reads: ['listJobs', 'getJob', 'listQueues', 'getJobsSummary'],
    },
    {
      type: 'queue.changed',
      subject: 'queue',
      describes: 'it was paused, resumed or scaled',
      reads: ['listQueues', 'getJobsSummary'],
    },
    {
      type: 'job.progress',
      subject: 'job',
      describes: 'a running job said how far it is; once a second at most',
      reads: ['getJob'],
    },
  ],
  settings: jobsSettings,
});
