import { z } from 'zod';
import { declareSettings, matching, table } from '../platform/declare/settings.ts';

interface JobsSettings {
  /** Other times for entries of the schedule, by their names: a cron expression (UTC), or null to leave one out. */
  readonly schedule: Readonly<Record<string, string | null>>;
  /** Jobs that one process runs at a time, by queue. */
  readonly queueLimits: Readonly<Record<string, number>>;
  /** What operators call this worker process; null: the host's name. */
  readonly workerName: string | null;
}

export const jobsSettings = declareSettings<JobsSettings>({
  schedule: {
    env: 'ARCADIA_SCHEDULE',
    purpose: 'times of your own for entries of the schedule; null: never',
    usually: 'as `schedule list` shows',
    allowed:
      'entries of the schedule, each with a cron expression in quotes or null: {"spaces": "5 2 * * *", "backups": null}',
    schema: table(z.string().nullable()),
    fallback: () => ({}),
  },
  queueLimits: {
    env: 'ARCADIA_QUEUE_LIMITS',
    purpose: 'how many jobs of a queue one process runs at a time',
    usually: 'as `queue list` shows',
    allowed: 'queues, each with a whole number from 0 to 1000: {"metering": 4}',
    schema: table(z.int().min(0).max(1000)),
    fallback: () => ({}),
  },
  workerName: {
    env: 'ARCADIA_WORKER_NAME',
    purpose: 'what this worker is called when queues are paused on it alone',
    usually: "the host's name",
    allowed: 'letters, digits, dots, hyphens and underscores',
    schema: matching(/^[\w.-]{1,63}$/),
    fallback: () => null,
  },
});
