import { cancelJobs, getJob, listJobs, retryJobs, runJob } from '../../jobs/operations/jobs.ts';
import { type Column, fields, moment, plural } from '../engine/output.ts';
import { actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Job = RowOf<typeof listJobs>;

const columns: readonly Column<Job>[] = [
  { header: 'id', value: (row) => row.jobId },
  { header: 'queue', value: (row) => row.queue },
  { header: 'job', value: (row) => row.job },
  { header: 'arguments', value: (row) => JSON.stringify(row.arguments) },
  { header: 'state', value: (row) => row.state },
  { header: 'attempt', value: (row) => `${row.attempt} of ${row.attemptsMax}` },
  { header: 'enqueued', value: (row) => moment(row.createdAt) },
  { header: 'reason', value: (row) => row.reason },
];

function jobText(row: Job): string {
  return fields([
    ['id', row.jobId],
    ['queue', row.queue],
    ['job', row.job],
    ['arguments', JSON.stringify(row.arguments)],
    ['state', row.state],
    ['attempt', `${row.attempt} of ${row.attemptsMax}`],
    ['enqueued', moment(row.createdAt)],
    ['not before', moment(row.runAfter)],
    ['started', moment(row.startedAt)],
    ['ended', moment(row.endedAt)],
    ['reason', row.reason],
  ]);
}

export const jobNoun: Noun = {
  name: 'job',
  summary: 'work that runs by itself',
  description: 'Work that runs by itself: see, retry, cancel, run.',
  views: [
    listView(listJobs, {
      example: `
$ arcadia job list --state dead
ID                                    QUEUE            JOB             ARGUMENTS           STATE  ATTEMPT  ENQUEUED              REASON
0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e  cloud_sync_full  sync_resources  {"account":"acme"}  dead   3 of 3   2026-05-01 06:00:00Z  no route to host`,
      columns,
      empty: 'No matching jobs.',
    }),
    actionView(getJob, {
      example: `
$ arcadia job show 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
id        0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
job       meter_day
state     completed`,
      text: jobText,
    }),
    actionView(runJob, {
      example: `
$ arcadia job run sync_resources --argument account=acme
sync_resources is enqueued as 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e.`,
      text({ jobId: id, enqueued }, { input }) {
        const { job } = input.body as { job: string };
        return enqueued ? `${job} is enqueued as ${id}.` : `${job} was enqueued already, as ${id}, and runs now.`;
      },
    }),
    actionView(retryJobs, {
      details: 'They get all their attempts again. Where the same job waits already, that one will do.',
      example: `
$ arcadia job retry --queue cloud_sync_full --state dead
2 jobs will run again.`,
      text: ({ retried }) => `${plural(retried, 'job')} will run again.`,
    }),
    actionView(cancelJobs, {
      details: 'A running job is stopped, and nothing that it has not yet committed is stored.',
      example: `
$ arcadia job cancel --job sync_resources --argument account=acme --yes
1 job cancelled.`,
      text: ({ cancelled }) => `${plural(cancelled, 'job')} cancelled.`,
    }),
  ],
};
