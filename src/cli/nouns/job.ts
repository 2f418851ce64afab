import { cancelJobs, getJob, getJobsSummary, listJobs, retryJobs, runJob } from '../../jobs/operations/jobs.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Job = RowOf<typeof listJobs>;
type Life = AnswerOf<typeof getJob>;
type Summary = AnswerOf<typeof getJobsSummary>;

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

const attemptColumns: readonly Column<Life['attempts'][number]>[] = [
  { header: 'attempt', value: (row) => count(row.attempt), align: 'right' },
  { header: 'worker', value: (row) => row.worker },
  { header: 'started', value: (row) => moment(row.startedAt) },
  { header: 'ended', value: (row) => moment(row.endedAt) },
  { header: 'outcome', value: (row) => row.outcome ?? 'running' },
  { header: 'reason', value: (row) => row.reason },
];

const queueColumns: readonly Column<Summary['queues'][number]>[] = [
  { header: 'queue', value: (row) => row.queue },
  { header: 'running', value: (row) => count(row.running), align: 'right' },
  { header: 'limit', value: (row) => count(row.limit), align: 'right' },
  { header: 'waiting', value: (row) => count(row.waiting), align: 'right' },
  { header: 'dead', value: (row) => count(row.dead), align: 'right' },
  { header: 'completed', value: (row) => count(row.completed), align: 'right' },
  { header: 'failed', value: (row) => count(row.failed), align: 'right' },
];

function summaryText({ minutes, queues, states }: Summary): string {
  const found = states.filter(({ jobs }) => jobs > 0).map(({ state, jobs }) => `${count(jobs)} ${state}`);
  return `Completed and failed in the last ${minutes} minutes:\n${table(queues, queueColumns)}\n\nJobs: ${found.join(', ') || 'none'}.`;
}

function jobText(row: Life): string {
  return `${jobFields(row)}${row.attempts.length === 0 ? '' : `\n\n${table(row.attempts, attemptColumns)}`}`;
}

function jobFields(row: Life): string {
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
    ...(row.progress === null ? [] : [['progress', row.progress.text] as const]),
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
    actionView(getJobsSummary, {
      example: `
$ arcadia job summary
Completed and failed in the last 60 minutes:
QUEUE     RUNNING  LIMIT  WAITING  DEAD  COMPLETED  FAILED
metering        1      2        0     0         12       1

Jobs: 1 running, 214 completed.`,
      text: summaryText,
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
      text: ({ retried, written }) => `${plural(retried, 'job')} ${written ? 'will' : 'would'} run again.`,
    }),
    actionView(cancelJobs, {
      details: 'A running job is stopped, and nothing that it has not yet committed is stored.',
      example: `
$ arcadia job cancel --job sync_resources --argument account=acme --yes
1 job cancelled.`,
      text: ({ cancelled, written }) => `${plural(cancelled, 'job')} ${written ? '' : 'would be '}cancelled.`,
    }),
  ],
};
