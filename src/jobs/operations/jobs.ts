import { z } from 'zod';
import { ArcadiaError } from '../../platform/errors.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { instant, instantOut, line, recordOf } from '../../platform/declare/schemas.ts';
import { type JobFilter, type JobPosition, type JobRow, jobStates } from '../jobs.ts';
import { attemptOutcomes } from '../attempts.store.ts';
import { argumentValue, assertQueue, deciders, jobsOf, queueName, readers } from './calls.ts';
import { queue } from './queues.ts';

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

/** What jobs are filtered by, besides their state. */
const filters = {
  queue: queueName.optional(),
  job: jobName.optional(),
  from: instant.optional().meta({ description: 'Enqueued at this instant or later' }),
  to: instant.optional().meta({ description: 'Enqueued before this instant' }),
};

export const listJobs = declareList({
  path: '/jobs',
  name: 'job list',
  operationId: 'listJobs',
  tag: 'jobs',
  summary: 'Jobs, the newest first',
  description: 'Of those that have ended, the last week; dead ones for 90 days. Their times are real time.',
  // Finance as well: whoever starts a job may see how it ends.
  roles: staff,
  query: z.object({ ...filters, state: jobState.optional() }),
  row: job,
  search: { in: 'the beginning of the id and the values of the arguments' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'getJobsSummary counts them by state' },
  async run(call, { limit, cursor, q }) {
    assertQueue(call, call.query.queue);
    const filter = filterOf({ ...call.query, ...(q === null ? {} : { q }) });
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
  summary: 'One job: its attempts, and how far it is',
  description: 'Of more than 100 attempts the last. Workers write them down once a second.',
  roles: staff,
  params: z.object({ jobId }),
  response: job
    .extend({
      title: z.string().nullable().meta({ description: 'What it is for; null: this program has no such job' }),
      attempts: z
        .array(
          z.object({
            attempt: z.int().meta({ description: 'Several have the same number where some did not count' }),
            worker: z.string().nullable().meta({ description: 'null: it was silent before it said so' }),
            startedAt: instantOut,
            endedAt: instantOut.nullable().meta({ description: 'null: it runs' }),
            outcome: z
              .enum(attemptOutcomes)
              .nullable()
              .meta({ description: 'lost: its worker fell silent or took too long. null: it runs' }),
            reason: z.string().nullable(),
          }),
        )
        .readonly(),
      progress: z
        .object({ text: z.string(), at: instantOut })
        .nullable()
        .meta({ description: 'What the running attempt said last; null: it does not run, or said nothing' }),
    })
    .meta({ id: 'JobWithAttempts' }),
  async run(call) {
    const { job: found, title, attempts } = await jobsOf(call).life(call.params.jobId);
    const running = attempts.findLast(({ endedAt }) => endedAt === null);
    const { progress = null, progressAt = null } = found.state === 'running' ? (running ?? {}) : {};
    return {
      ...jobAnswer(found),
      title,
      attempts: attempts.map(({ progress: _, progressAt: __, ...attempt }) => attempt),
      progress: progress === null || progressAt === null ? null : { text: progress, at: progressAt },
    };
  },
});

const perMinute = z
  .array(z.int())
  .readonly()
  .meta({ description: 'In each of the minutes, the oldest first; the last is not over' });

export const getJobsSummary = declareOperation({
  method: 'GET',
  path: '/jobs/summary',
  name: 'job summary',
  operationId: 'getJobsSummary',
  tag: 'jobs',
  summary: 'Queues with what they did in each minute, and how many jobs there are by state',
  description: 'Times are real time. What was done is kept for a week, what is dead for 90 days.',
  roles: readers,
  query: z.object({
    ...filters,
    q: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'As listJobs has it; the filters concern the counts by state alone', examples: ['acme'] }),
    minutes: z.coerce
      .number()
      .int()
      .min(5)
      .max(240)
      .default(60)
      .meta({ description: 'How many minutes of throughput' }),
  }),
  response: z
    .object({
      asOf: instantOut,
      minutes: z.int(),
      queues: z
        .array(
          queue.extend({
            startedPerMinute: perMinute,
            completedPerMinute: perMinute,
            failedPerMinute: perMinute.meta({ description: 'Attempts that failed, in each minute' }),
            completed: z.int().meta({ description: 'In all of these minutes' }),
            failed: z.int().meta({ description: 'Attempts that failed in all of these minutes' }),
          }),
        )
        .readonly(),
      totals: z.object({ running: z.int(), waiting: z.int(), dead: z.int(), completed: z.int(), failed: z.int() }),
      states: z
        .array(z.object({ state: jobState, jobs: z.int() }))
        .readonly()
        .meta({ description: 'Of the jobs that match, whatever their state; every state is there' }),
      matching: z.int().meta({ description: 'All states together' }),
      countedSince: instantOut.nullable().meta({
        description:
          'What is done or cancelled is counted among the newest 5,000 of each queue: since when all of it is. null: all is',
      }),
      jobs: z
        .array(
          z.object({
            job: z.string(),
            queue: z.string(),
            title: z.string(),
            waiting: z.int(),
            scheduled: z.int(),
            running: z.int(),
            cancelled: z.int(),
            dead: z.int(),
          }),
        )
        .readonly()
        .meta({ description: 'Every kind of job of the program' }),
    })
    .meta({ id: 'JobsSummary' }),
  async run(call) {
    const { minutes, ...asked } = call.query;
    assertQueue(call, asked.queue);
    const jobs = jobsOf(call);
    const [queues, { asOf, queues: series }, { states, countedSince }, byJob] = await Promise.all([
      jobs.queues(),
      jobs.throughput(minutes),
      jobs.countByState(filterOf(asked)),
      jobs.countByJob(),
    ]);
    const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
    const still = Array.from({ length: minutes }, () => 0);
    const rows = queues.map((each) => {
      const { started = still, completed = still, failed = still } = series.get(each.queue) ?? {};
      const perMinutes = { startedPerMinute: started, completedPerMinute: completed, failedPerMinute: failed };
      return { ...each, ...perMinutes, completed: sum(completed), failed: sum(failed) };
    });
    const total = (of: 'running' | 'waiting' | 'dead' | 'completed' | 'failed') => sum(rows.map((row) => row[of]));
    return {
      asOf,
      minutes,
      queues: rows,
      totals: {
        running: total('running'),
        waiting: total('waiting'),
        dead: total('dead'),
        completed: total('completed'),
        failed: total('failed'),
      },
      states: jobStates.map((state) => ({ state, jobs: states.find((row) => row.state === state)?.jobs ?? 0 })),
      matching: sum(states.map((row) => row.jobs)),
      countedSince,
      jobs: byJob,
    };
  },
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

const previewQuery = z.object({
  preview: z.boolean().default(false).meta({ description: 'Write nothing, and answer how many it would concern' }),
});

/** Never every job there is, for want of a filter. */
const chosen = z
  .strictObject({
    ids: z.array(jobId).min(1).max(1_000).optional(),
    queue: queueName.optional(),
    job: jobName.optional(),
    state: jobState.optional(),
    arguments: jobArguments.optional().meta({ description: 'What its arguments contain' }),
    q: line.optional().meta({ description: 'The beginning of the id, or a part of a value of the arguments' }),
    from: filters.from,
    to: filters.to,
    expectedCount: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Refused when it would be another number of jobs by now' }),
  })
  .meta({ description: 'All that match; at least one of these', examples: [{ job: 'attribute', state: 'dead' }] });

/** As a list is filtered. */
function filterOf(asked: Partial<Omit<z.output<typeof chosen>, 'expectedCount'>>): JobFilter {
  const { ids, queue: of, job: name, state, arguments: args, q, from, to } = asked;
  return {
    ...(ids !== undefined && { ids }),
    ...(of !== undefined && { queue: of }),
    ...(name !== undefined && { job: name }),
    ...(state !== undefined && { states: [state] }),
    ...(args !== undefined && { arguments: args }),
    ...(q !== undefined && { q }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

/** Never every job there is, for want of a filter. Errors: invalid_argument. */
function decidedFilterOf(asked: Parameters<typeof filterOf>[0]): JobFilter {
  const filter = filterOf(asked);
  if (Object.keys(filter).length > 0) return filter;
  throw new ArcadiaError('invalid_argument', 'Which jobs? Give ids, queue, job, state, arguments, q, from or to.');
}

export const retryJobs = declareOperation({
  method: 'POST',
  path: '/jobs/retry',
  name: 'job retry',
  operationId: 'retryJobs',
  tag: 'jobs',
  summary: 'Run dead and cancelled jobs again, all that match',
  command: { positional: ['ids'], flags: { arguments: 'argument', preview: 'dry-run' } },
  description: 'They get all their attempts anew. Where the same job waits already, that one will do.',
  roles: deciders,
  query: previewQuery,
  body: chosen,
  response: z.object({
    retried: z.int().meta({ description: 'How many will run again; of a preview, how many would' }),
    written: z.boolean().meta({ description: 'false: of a preview' }),
  }),
  // A preview rolls back a transaction of its own.
  async prepare(call) {
    if (!call.query.preview) return null;
    assertQueue(call, call.body.queue);
    return { retried: await jobsOf(call).countDecided('retry', decidedFilterOf(call.body)), written: false };
  },
  async run(call, found) {
    if (found !== null) return found;
    assertQueue(call, call.body.queue);
    const { expectedCount = null, ...which } = call.body;
    return { retried: await jobsOf(call).retry(decidedFilterOf(which), expectedCount), written: true };
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
    flags: { arguments: 'argument', preview: 'dry-run' },
    confirm: 'Cancel all of these jobs that wait or run?',
  },
  description: 'A running job is asked to stop; what it has not committed is not stored.',
  roles: deciders,
  query: previewQuery,
  body: chosen
    .extend({ reason: line.optional().meta({ description: 'For the record' }) })
    .meta({ description: 'All that match; at least one filter', examples: [{ job: 'attribute', state: 'waiting' }] }),
  response: z.object({
    cancelled: z.int().meta({ description: 'Of a preview, how many would be' }),
    written: z.boolean().meta({ description: 'false: of a preview' }),
  }),
  async prepare(call) {
    if (!call.query.preview) return null;
    assertQueue(call, call.body.queue);
    const { reason: _, ...which } = call.body;
    return { cancelled: await jobsOf(call).countDecided('cancel', decidedFilterOf(which)), written: false };
  },
  async run(call, found) {
    if (found !== null) return found;
    assertQueue(call, call.body.queue);
    const { reason = `cancelled by ${call.principal.subject}`, expectedCount = null, ...which } = call.body;
    return { cancelled: await jobsOf(call).cancel(decidedFilterOf(which), reason, expectedCount), written: true };
  },
});

export const jobOperations: readonly Operation[] = [listJobs, getJobsSummary, getJob, runJob, retryJobs, cancelJobs];
