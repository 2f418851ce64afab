import { z } from 'zod';
import { ArcadiaError } from '../../platform/errors.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { instantOut, line, recordOf } from '../../platform/declare/schemas.ts';
import { type JobFilter, type JobPosition, type JobRow, jobStates } from '../jobs.ts';
import { argumentValue, assertQueue, deciders, jobsOf, queueName } from './calls.ts';

const jobName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A kind of job', examples: ['meter_day'] });

const jobId = z.uuid().meta({ examples: ['0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e'] });

const jobState = z.enum(jobStates).meta({ description: 'A dead job has failed as often as it may' });

const jobArguments = recordOf(z.string().max(100), argumentValue, 50).meta({
  description: "The job's arguments",
  examples: [{ account: 'acme' }],
});

const job = z
  .object({
    jobId,
    queue: z.string(),
    job: z.string(),
    arguments: z.record(z.string(), argumentValue),
    state: jobState,
    attempt: z.int().meta({ description: '1 for the first; 0: not started' }),
    attemptsMax: z.int(),
    createdAt: instantOut,
    runAfter: instantOut.meta({ description: 'It runs no sooner' }),
    startedAt: instantOut.nullable(),
    endedAt: instantOut.nullable(),
    reason: z.string().nullable().meta({ description: 'Why it failed, waits again or was cancelled' }),
  })
  .meta({ id: 'Job' });

function jobAnswer({ id, ...row }: JobRow): z.input<typeof job> {
  return { jobId: id, ...row };
}

export const listJobs = declareList({
  path: '/jobs',
  name: 'job list',
  operationId: 'listJobs',
  tag: 'jobs',
  summary: 'Jobs, the newest first',
  description: 'Of those that have ended, the last week; dead ones for 90 days. Their times are real time.',
  // Finance as well: whoever starts a job may see how it ends.
  roles: staff,
  query: z.object({ queue: queueName.optional(), job: jobName.optional(), state: jobState.optional() }),
  row: job,
  search: { none: 'filters by queue, job and state are indexed; a text would read all jobs of a week' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'queue list counts them' },
  async run(call, { limit, cursor }) {
    const { queue, job: name, state } = call.query;
    assertQueue(call, queue);
    const filter: JobFilter = {
      ...(queue !== undefined && { queue }),
      ...(name !== undefined && { job: name }),
      ...(state !== undefined && { states: [state] }),
    };
    const rows = await jobsOf(call).list(filter, limit + 1, cursor === null ? null : readCursor(cursor));
    return pageOf(rows.map(jobAnswer), limit, ({ createdAt, jobId: of }) => `${createdAt} ${of}`);
  },
});

/** Only what this list has made comes back: the server seals it. */
function readCursor(cursor: string): JobPosition {
  const [createdAt = '', id = ''] = cursor.split(' ');
  return { createdAt: Temporal.Instant.from(createdAt), id };
}

export const getJob = declareOperation({
  method: 'GET',
  path: '/jobs/:jobId',
  name: 'job show',
  operationId: 'getJob',
  tag: 'jobs',
  summary: 'One job',
  roles: staff,
  params: z.object({ jobId }),
  response: job,
  run: async (call) => jobAnswer(await jobsOf(call).show(call.params.jobId)),
});

export const runJob = declareOperation({
  method: 'POST',
  path: '/jobs',
  name: 'job run',
  operationId: 'runJob',
  tag: 'jobs',
  summary: 'Run a job now',
  command: { positional: ['job'], flags: { arguments: 'argument' } },
  description: 'Enqueues it; where the same one waits already, that one runs now instead of later.',
  roles: deciders,
  body: z
    .strictObject({ job: jobName, arguments: jobArguments.default({}) })
    .meta({ examples: [{ job: 'attribute', arguments: {} }] }),
  response: z.object({ jobId, enqueued: z.boolean().meta({ description: 'false: it was there already' }) }),
  status: 202,
  location: (made) => `/jobs/${made.jobId}`,
  async run(call) {
    const { id, enqueued } = await jobsOf(call).runNow(call.body.job, call.body.arguments);
    return { jobId: id, enqueued };
  },
});

/** Never every job there is, for want of a filter. */
const chosen = z
  .strictObject({
    ids: z.array(jobId).min(1).max(1_000).optional(),
    queue: queueName.optional(),
    job: jobName.optional(),
    state: jobState.optional(),
    arguments: jobArguments.optional().meta({ description: 'What its arguments contain' }),
  })
  .meta({ description: 'All that match; at least one of these', examples: [{ job: 'attribute', state: 'dead' }] });

function filterOf({ ids, queue, job: name, state, arguments: args }: z.output<typeof chosen>): JobFilter {
  const filter: JobFilter = {
    ...(ids !== undefined && { ids }),
    ...(queue !== undefined && { queue }),
    ...(name !== undefined && { job: name }),
    ...(state !== undefined && { states: [state] }),
    ...(args !== undefined && { arguments: args }),
  };
  if (Object.keys(filter).length > 0) return filter;
  throw new ArcadiaError('invalid_argument', 'Which jobs? Give ids, queue, job, state or arguments.');
}

export const retryJobs = declareOperation({
  method: 'POST',
  path: '/jobs/retry',
  name: 'job retry',
  operationId: 'retryJobs',
  tag: 'jobs',
  summary: 'Run dead and cancelled jobs again, all that match',
  command: { positional: ['ids'], flags: { arguments: 'argument' } },
  description: 'They get all their attempts anew. Where the same job waits already, that one will do.',
  roles: deciders,
  body: chosen,
  response: z.object({ retried: z.int().meta({ description: 'How many will run again' }) }),
  async run(call) {
    assertQueue(call, call.body.queue);
    return { retried: await jobsOf(call).retry(filterOf(call.body)) };
  },
});

export const cancelJobs = declareOperation({
  method: 'POST',
  path: '/jobs/cancel',
  name: 'job cancel',
  operationId: 'cancelJobs',
  tag: 'jobs',
  summary: 'End what waits or runs, all that match',
  command: {
    positional: ['ids'],
    flags: { arguments: 'argument' },
    confirm: 'Cancel all of these jobs that wait or run?',
  },
  description: 'A running job is asked to stop; what it has not committed is not stored.',
  roles: deciders,
  body: chosen
    .extend({ reason: line.optional().meta({ description: 'For the record' }) })
    .meta({ description: 'All that match; at least one filter', examples: [{ job: 'attribute', state: 'waiting' }] }),
  response: z.object({ cancelled: z.int() }),
  async run(call) {
    assertQueue(call, call.body.queue);
    const { reason = `cancelled by ${call.principal.subject}`, ...which } = call.body;
    return { cancelled: await jobsOf(call).cancel(filterOf(which), reason) };
  },
});

export const jobOperations: readonly Operation[] = [listJobs, getJob, runJob, retryJobs, cancelJobs];
