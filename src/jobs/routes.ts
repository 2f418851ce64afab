import { z } from 'zod';
import { ArcadiaError } from '../platform/errors.ts';
import { queueNames } from '../platform/declare/job.ts';
import { pageOf, pageOfAll } from '../platform/declare/pages.ts';
import { declareList, declareOperation, type OperationCall, type Operation } from '../platform/declare/operation.ts';
import { instantOut, line, recordOf } from '../platform/declare/schemas.ts';
import { declarations, defaultSchedule } from './registry.ts';
import { type JobFilter, type JobPosition, Jobs, jobStates } from './jobs.ts';
import { configureQueues } from './queues.ts';
import { overrideSchedule, readSchedule } from './schedule.ts';

// The same functions as `arcadia job`, `arcadia queue` and `arcadia schedule`.

const readers = ['owner', 'operator', 'viewer'] as const;
const deciders = ['owner', 'operator'] as const;

/** Jobs as this call may use them: in its own transaction, in its own name. */
function jobsOf({ db, clock, config, enqueue }: OperationCall<unknown, unknown, unknown>): Jobs {
  return new Jobs({ db, clock, enqueue, declarations, queues: configureQueues(config.queueLimits) });
}

const queueName = z.enum(queueNames).meta({ description: 'A queue', examples: ['metering'] });
const jobName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A kind of job', examples: ['meter_day'] });
const jobId = z.uuid().meta({ examples: ['0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e'] });
const jobState = z.enum(jobStates).meta({ description: 'A dead job has failed as often as it may' });
const argumentValue = z.union([z.string().max(500), z.number(), z.boolean(), z.null()]);
const jobArguments = recordOf(z.string().max(100), argumentValue, 50).meta({
  description: 'What the job is told',
  examples: [{ account: 'acme' }],
});

const job = z
  .object({
    id: jobId,
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

const listJobs = declareList({
  path: '/jobs',
  name: 'job list',
  operationId: 'listJobs',
  tag: 'jobs',
  summary: 'Jobs, the newest first',
  description: 'Of those that have ended, the last week; dead ones for 90 days. Their times are real time.',
  roles: readers,
  query: z.object({ queue: queueName.optional(), job: jobName.optional(), state: jobState.optional() }),
  row: job,
  async run(call, { limit, cursor }) {
    const { queue, job: name, state } = call.query;
    const filter: JobFilter = {
      ...(queue !== undefined && { queue }),
      ...(name !== undefined && { job: name }),
      ...(state !== undefined && { states: [state] }),
    };
    const rows = await jobsOf(call).list(filter, limit + 1, cursor === null ? null : readCursor(cursor));
    return pageOf(rows, limit, ({ createdAt, id }) => `${createdAt} ${id}`);
  },
});

/** Only what this list has made comes back: the server seals it. */
function readCursor(cursor: string): JobPosition {
  const [createdAt = '', id = ''] = cursor.split(' ');
  return { createdAt: Temporal.Instant.from(createdAt), id };
}

const getJob = declareOperation({
  method: 'GET',
  path: '/jobs/:id',
  name: 'job show',
  operationId: 'getJob',
  tag: 'jobs',
  summary: 'One job',
  roles: readers,
  params: z.object({ id: jobId }),
  response: job,
  run: (call) => jobsOf(call).show(call.params.id),
});

const runJob = declareOperation({
  method: 'POST',
  path: '/jobs',
  name: 'job run',
  operationId: 'runJob',
  tag: 'jobs',
  summary: 'Run a job now',
  description: 'Enqueues it; where the same one waits already, that one runs now instead of later.',
  roles: deciders,
  body: z.object({ job: jobName, arguments: jobArguments.default({}) }),
  response: z.object({ id: jobId, enqueued: z.boolean().meta({ description: 'false: it was there already' }) }),
  status: 202,
  location: ({ id }) => `/jobs/${id}`,
  run: (call) => jobsOf(call).runNow(call.body.job, call.body.arguments),
});

/** Never every job there is, for want of a filter. */
const chosen = z
  .object({
    ids: z.array(jobId).min(1).max(1_000).optional(),
    queue: queueName.optional(),
    job: jobName.optional(),
    state: jobState.optional(),
    arguments: jobArguments.optional().meta({ description: 'What its arguments contain' }),
  })
  .meta({ description: 'All that match; at least one of these' });

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

const retryJobs = declareOperation({
  method: 'POST',
  path: '/jobs/retry',
  name: 'job retry',
  operationId: 'retryJobs',
  tag: 'jobs',
  summary: 'Run dead and cancelled jobs again, all that match',
  description: 'They get all their attempts anew. Where the same job waits already, that one will do.',
  roles: deciders,
  body: chosen,
  response: z.object({ retried: z.int().meta({ description: 'How many will run again' }) }),
  async run(call) {
    return { retried: await jobsOf(call).retry(filterOf(call.body)) };
  },
});

const cancelJobs = declareOperation({
  method: 'POST',
  path: '/jobs/cancel',
  name: 'job cancel',
  operationId: 'cancelJobs',
  tag: 'jobs',
  summary: 'End what waits or runs, all that match',
  description: 'A running job is told to stop, and nothing that it has not yet committed is stored.',
  roles: deciders,
  body: chosen.extend({ reason: line.optional().meta({ description: 'For the record' }) }),
  response: z.object({ cancelled: z.int() }),
  async run(call) {
    const { reason = `cancelled by ${call.principal.subject}`, ...which } = call.body;
    return { cancelled: await jobsOf(call).cancel(filterOf(which), reason) };
  },
});

const queue = z
  .object({
    queue: z.string(),
    limit: z.int().meta({ description: 'Jobs that one process runs at a time; of `alone`, all processes together' }),
    alone: z.boolean(),
    paused: z.boolean(),
    running: z.int(),
    waiting: z.int(),
    scheduled: z.int().meta({ description: 'Waiting for a time' }),
    dead: z.int(),
    lagSeconds: z.int().meta({ description: 'How long the oldest of those that wait has waited' }),
    workers: z
      .array(z.object({ worker: z.string(), limit: z.int(), paused: z.boolean() }))
      .readonly()
      .meta({ description: 'Where it is otherwise on one worker' }),
  })
  .meta({ id: 'Queue' });

const listQueues = declareList({
  path: '/queues',
  name: 'queue list',
  operationId: 'listQueues',
  tag: 'jobs',
  summary: 'Queues by their name, with what waits and runs',
  roles: readers,
  row: queue,
  async run(call, page) {
    return pageOfAll(await jobsOf(call).queues(), page, (each) => [each.queue]);
  },
});

const controlQueue = declareOperation({
  method: 'PATCH',
  path: '/queues/:queue',
  name: 'queue set',
  operationId: 'controlQueue',
  tag: 'jobs',
  summary: 'Pause, resume or scale a queue',
  description: 'Running workers follow at once, and it is remembered. What runs is not stopped.',
  roles: deciders,
  params: z.object({ queue: queueName }),
  body: z.object({
    paused: z.boolean().optional(),
    limit: z.int().min(0).max(1_000).optional(),
    worker: z
      .string()
      .regex(/^[\w.-]{1,63}$/)
      .optional()
      .meta({ description: 'Only on the worker of this name, instead of all of them' }),
  }),
  response: queue,
  async run(call) {
    const { paused, limit, worker } = call.body;
    if (paused === undefined && limit === undefined)
      throw new ArcadiaError('invalid_argument', 'What about it? Give paused, limit or both.');
    const jobs = jobsOf(call);
    await jobs.control(call.params.queue, {
      ...(paused !== undefined && { paused }),
      ...(limit !== undefined && { limit }),
      ...(worker !== undefined && { worker }),
    });
    const found = (await jobs.queues()).find((each) => each.queue === call.params.queue);
    if (found === undefined) throw new ArcadiaError('not_found', `There is no queue ${call.params.queue}.`);
    return found;
  },
});

const scheduled = z
  .object({
    name: z.string(),
    cron: z.string().meta({ description: 'UTC', examples: ['*/15 * * * *'] }),
    job: z.string(),
    arguments: z.record(z.string(), argumentValue),
    queue: z.string(),
    next: instantOut.meta({ description: 'In the past while no worker runs' }),
    last: instantOut.nullable(),
  })
  .meta({ id: 'ScheduledJob' });

const listSchedule = declareList({
  path: '/schedule',
  name: 'schedule list',
  operationId: 'listSchedule',
  tag: 'jobs',
  summary: 'When jobs run by themselves, by name',
  description: 'By the clock of the database. A run brings things up to date, however many were missed.',
  roles: readers,
  row: scheduled,
  async run({ db, clock, config }, page) {
    const entries = overrideSchedule(defaultSchedule, config.schedule);
    return pageOfAll(await readSchedule(db, clock, entries), page, (entry) => [entry.name]);
  },
});

export const jobsRoutes: readonly Operation[] = [
  listJobs,
  getJob,
  runJob,
  retryJobs,
  cancelJobs,
  listQueues,
  controlQueue,
  listSchedule,
];
