import { context, propagation } from '@opentelemetry/api';
import type { Clock } from '../platform/clock.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError, declareError, notFound } from '../platform/errors.ts';
import type { JobArguments, JobDeclaration, JobReference } from '../platform/declare/job.ts';
import type { QueueDeclaration } from '../platform/declare/module.ts';
import type { Program } from '../platform/declare/program.ts';
import { rolledBack } from '../platform/database/rolled-back.ts';
import { type AttemptRow, selectAttempts, selectThroughput } from './attempts.store.ts';
import { openEngine, type Engine } from './engine.ts';
import { configureQueues, effectiveControl } from './queues.ts';
import * as store from './store.ts';
import type { JobFilter, JobPosition, JobRow } from './store.ts';

export { jobStates } from './store.ts';
export type { JobFilter, JobPosition, JobRow } from './store.ts';

/** A worker adds this to the attempt's own time before the sweep ends it from outside. */
const graceSeconds = 30;

const keyLengthMax = 1000;

/** Of jobs that somebody waits for. */
export const jobFailed = declareError({
  code: 'job_failed',
  status: 500,
  todo: 'Read the reason. What the job had committed is kept; once the reason is mended, it can run again.',
});

/** Jobs that one decision of a person concerns at most, the oldest; the next takes the rest. */
const decidedMax = 10_000;

const attemptsShownMax = 100;

/** Names of a job and its arguments as one text, the same for the same arguments in any order. */
export function jobKey(job: string, args: JobArguments): string {
  const sorted = Object.keys(args)
    .sort()
    .map((name) => [name, args[name]]);
  const key = sorted.length === 0 ? job : `${job} ${JSON.stringify(Object.fromEntries(sorted))}`;
  if (key.length > keyLengthMax)
    throw new ArcadiaError(
      'invalid_argument',
      `The arguments of job ${job} are longer than ${keyLengthMax} characters.`,
    );
  return key;
}

interface EnqueueOptions {
  /** Not before so many seconds of real time. */
  readonly delaySeconds?: number;
  /** Higher runs first; 0 by default. */
  readonly priority?: number;
}

interface QueueStatus {
  readonly queue: string;
  /** Per process; `exclusive`: over all of them together. */
  readonly limit: number;
  readonly exclusive: boolean;
  readonly paused: boolean;
  readonly running: number;
  readonly waiting: number;
  readonly scheduled: number;
  readonly dead: number;
  /** How long the oldest of those that wait has waited. */
  readonly lagSeconds: number;
  /** Where a worker of this name has another limit or is paused. */
  readonly workers: readonly { readonly worker: string; readonly limit: number; readonly paused: boolean }[];
}

/**
 * Enqueues in the caller's transaction: the job exists if and when that commits. Returns its id;
 * null where the same job with the same arguments waits or runs already. Errors: invalid_argument.
 */
type Enqueue = <Arguments extends JobArguments>(
  trx: UnitOfWork,
  job: JobDeclaration<Arguments> | JobReference,
  args: Arguments,
  options?: EnqueueOptions,
) => Promise<string | null>;

interface JobsOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly program: Program;
  /** An operator's own, by the queue's name. */
  readonly queueLimits?: Readonly<Record<string, number>>;
  readonly enqueue: Enqueue;
}

/** What a person or a program does with jobs, from any process. Reads and decides; a worker runs. */
export class Jobs {
  readonly enqueue: Enqueue;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #queues: readonly QueueDeclaration[];
  readonly #declarations: ReadonlyMap<string, JobDeclaration>;

  constructor(options: JobsOptions) {
    this.enqueue = options.enqueue;
    this.#db = options.db;
    this.#clock = options.clock;
    this.#queues = configureQueues(options.program.queues, options.queueLimits ?? {});
    this.#declarations = new Map(options.program.jobs.map((job) => [job.name, job]));
  }

  /**
   * Enqueues in the caller's transaction. Returns the job's id, or that of the same one that waits or runs already; null
   * where that one ended just now.
   */
  async enqueueOrFind<Arguments extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments>,
    args: Arguments,
  ): Promise<string | null> {
    const id = await this.enqueue(trx, job, args);
    if (id !== null) return id;
    const filter: JobFilter = { job: job.name, arguments: args, states: ['waiting', 'scheduled', 'running'] };
    const key = jobKey(job.name, args);
    const found = await store.readJobs(trx, filter, 100);
    return found.find((row) => jobKey(row.job, row.arguments) === key)?.id ?? null;
  }

  /** Runs a job now: enqueues it, or promotes the one that waits. Errors: not_found, invalid_argument. */
  async runNow(name: string, args: JobArguments): Promise<{ id: string; enqueued: boolean }> {
    const job = this.#declaration(name);
    const now = await this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
      await store.insertDecision(
        trx,
        { decision: 'run', filter: { job: name, arguments: args }, jobs: 1, reason: null },
        now,
      );
      const id = await this.enqueue(trx, job, args);
      if (id !== null) return { id, enqueued: true };
      const waiting = await store.runNow(trx, job.queue, jobKey(name, job.arguments.parse(args)));
      await store.publishWork(trx, [job.queue]);
      // It ended in between: then this is the moment to enqueue it.
      if (waiting !== null) return { id: waiting, enqueued: false };
      throw new ArcadiaError('conflict', `Job ${name} ended just now; run it again.`);
    });
  }

  /** Newest first; those after `after` on that order, to go on where a page ended. */
  list(filter: JobFilter, limit = 100, after: JobPosition | null = null): Promise<JobRow[]> {
    return store.readJobs(this.#db, filter, limit, after);
  }

  /** Errors: not_found. */
  async show(id: string): Promise<JobRow> {
    const [row] = await store.readJobs(this.#db, { ids: [id] }, 1);
    if (row === undefined) throw notFound('job', id);
    return row;
  }

  /**
   * Cancels what waits or runs among those that match, 10,000 at most; a running one's signal aborts. Returns how many.
   * Errors: conflict where it would be another number than the expected one.
   */
  async cancel(filter: JobFilter, reason: string, expectedCount: number | null = null): Promise<number> {
    const now = await this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
      const found = await store.lockJobs(trx, 'cancel', filter, decidedMax);
      const ids = found.map((job) => job.id);
      assertExpected(ids.length, expectedCount, 'would be cancelled');
      await store.cancelJobs(trx, ids, reason);
      const running = found.filter((job) => job.state === 'running').map((job) => job.id);
      // A notification holds 8,000 bytes; whatever is left out notices with its next heartbeat.
      if (running.length > 0) await store.notify(trx, { cancel: running.slice(0, 100), reason: reason.slice(0, 500) });
      if (ids.length === 0) return 0;
      await store.publishWork(trx, [...new Set(found.map((job) => job.queue))]);
      await store.insertDecision(trx, { decision: 'cancel', filter, jobs: ids.length, reason }, now);
      return ids.length;
    });
  }

  /**
   * Runs dead and cancelled jobs that match again, 10,000 at most. Returns how many will; the same one waiting already
   * counts as no. Errors: conflict where it would be another number than the expected one.
   */
  async retry(filter: JobFilter, expectedCount: number | null = null): Promise<number> {
    const now = await this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
      // Asked for by their state, twins would be counted, and run, one by one.
      await store.settleDeadTwins(trx);
      const found = await store.lockJobs(trx, 'retry', filter, decidedMax);
      const revived = await store.reviveJobs(
        trx,
        found.map(({ id }) => id),
      );
      assertExpected(revived.length, expectedCount, 'would run again');
      if (revived.length === 0) return 0;
      await store.publishWork(trx, [...new Set(revived.map(({ queue }) => queue))]);
      await store.insertDecision(trx, { decision: 'retry', filter, jobs: revived.length, reason: null }, now);
      return revived.length;
    });
  }

  /** How many a retry or a cancel would concern now; nothing is written. */
  async countDecided(decision: 'retry' | 'cancel', filter: JobFilter): Promise<number> {
    return rolledBack(this.#db, async (trx) => {
      if (decision === 'retry') await store.settleDeadTwins(trx);
      const found = await store.lockJobs(trx, decision, filter, decidedMax);
      if (decision === 'cancel') return found.length;
      const ids = found.map(({ id }) => id);
      return (await store.reviveJobs(trx, ids)).length;
    });
  }

  /** Jobs that match, by state; of what is done or cancelled those since `countedSince`. */
  countByState(filter: JobFilter): ReturnType<typeof store.countByState> {
    return store.countByState(this.#db, filter);
  }

  /** What is kept of each job of the program, but for what was done; the busiest first is the reader's to say. */
  async countByJob(): Promise<(store.JobCounts & { readonly title: string })[]> {
    const counts = new Map((await store.countByJob(this.#db)).map((row) => [row.job, row]));
    return [...this.#declarations.values()].map(({ name, queue, title }) => ({
      waiting: 0,
      scheduled: 0,
      running: 0,
      cancelled: 0,
      dead: 0,
      ...counts.get(name),
      job: name,
      queue,
      title,
    }));
  }

  /** What began and ended in each of the last minutes, by queue, the oldest first; queues of which nothing did have none. */
  async throughput(minutes: number): Promise<{
    readonly asOf: Temporal.Instant;
    readonly queues: ReadonlyMap<string, Record<'started' | 'completed' | 'failed', number[]>>;
  }> {
    const { asOf, rows } = await selectThroughput(this.#db, minutes);
    const zeros = () => Array.from({ length: minutes }, () => 0);
    const queues = new Map<string, Record<'started' | 'completed' | 'failed', number[]>>();
    for (const { queue, minute, ...counts } of rows) {
      const series = queues.get(queue) ?? { started: zeros(), completed: zeros(), failed: zeros() };
      queues.set(queue, series);
      for (const what of ['started', 'completed', 'failed'] as const) series[what][minute] = counts[what];
    }
    return { asOf, queues };
  }

  /** The attempts of a job, the first first, and what it is for; of more than 100 the last ones. Errors: not_found. */
  async life(
    id: string,
  ): Promise<{ readonly job: JobRow; readonly title: string | null; readonly attempts: AttemptRow[] }> {
    const job = await this.show(id);
    const attempts = await selectAttempts(this.#db, id, attemptsShownMax);
    return { job, title: this.#declarations.get(job.job)?.title ?? null, attempts };
  }

  async queues(): Promise<QueueStatus[]> {
    const controls = await store.readControls(this.#db, null);
    const counts = new Map((await store.countJobs(this.#db)).map((row) => [row.queue, row]));
    return this.#queues.map((queue) => {
      const all = controls.find((row) => row.queue === queue.name && row.worker === '*');
      const own = controls.filter((row) => row.queue === queue.name && row.worker !== '*');
      const { running = 0, waiting = 0, scheduled = 0, dead = 0, lagSeconds = 0 } = counts.get(queue.name) ?? {};
      return {
        queue: queue.name,
        ...effectiveControl(queue, all, undefined),
        exclusive: queue.exclusive === true,
        running,
        waiting,
        scheduled,
        dead,
        lagSeconds: Math.round(lagSeconds),
        workers: own.map((row) => ({ worker: row.worker, ...effectiveControl(queue, all, row) })),
      };
    });
  }

  /**
   * Pauses, resumes or scales a queue on all workers, or on one by its name. Remembered; running
   * workers follow at once. What runs is not stopped. Errors: not_found, invalid_argument.
   */
  async control(queue: string, change: { paused?: boolean; limit?: number; worker?: string }): Promise<void> {
    const definition = this.#queues.find((one) => one.name === queue);
    if (definition === undefined) {
      throw notFound('queue', queue);
    }
    if (definition.exclusive === true && change.limit !== undefined && change.limit > 1) {
      throw new ArcadiaError(
        'invalid_argument',
        `Queue ${queue} runs one job at a time over all processes; its limit is 1, or 0.`,
      );
    }
    if (change.limit !== undefined && !(Number.isInteger(change.limit) && change.limit >= 0 && change.limit <= 1000)) {
      throw new ArcadiaError(
        'invalid_argument',
        `The limit of a queue is a whole number from 0 to 1000, not ${change.limit}.`,
      );
    }
    const now = await this.#clock.now();
    await this.#db.transaction().execute(async (trx) => {
      const { paused = null, limit = null, worker = '*' } = change;
      await store.writeControl(trx, { queue, worker, paused, limit }, now);
      await store.notify(trx, { control: queue });
    });
  }

  #declaration(name: string): JobDeclaration {
    const job = this.#declarations.get(name);
    if (job !== undefined) return job;
    throw new ArcadiaError(
      'not_found',
      `There is no job named ${name}; there are ${[...this.#declarations.keys()].join(', ')}.`,
    );
  }
}

/** Whoever decides about many has seen how many they are. Errors: conflict. */
function assertExpected(found: number, expected: number | null, what: string): void {
  if (expected === null || found === expected) return;
  throw new ArcadiaError('conflict', `${found} jobs ${what} now, not ${expected}.`, {
    details: { count: found, expectedCount: expected },
  });
}

/** Enqueues jobs of a program, references to them included. */
export function enqueueThrough(engine: Engine, { jobs }: Program): Enqueue {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const resolve = (job: JobDeclaration<never> | JobReference) => {
    if (!('refersTo' in job)) return job;
    const found = byName.get(job.refersTo);
    if (found === undefined) throw new RangeError(`There is no job ${job.refersTo} to refer to.`);
    return found;
  };
  return async (trx, given, args, options = {}) => {
    const job = resolve(given as JobDeclaration<never> | JobReference);
    const parsed = job.arguments.safeParse(args);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new ArcadiaError(
        'invalid_argument',
        `Arguments of job ${job.name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
      );
    }
    const trace: Record<string, string> = {};
    propagation.inject(context.active(), trace);
    const data: store.JobData = {
      job: job.name,
      arguments: parsed.data,
      ...(Object.keys(trace).length > 0 && { trace }),
    };
    const { fromKysely } = await import('pg-boss');
    const id = await engine.boss.send(job.queue, data, {
      db: fromKysely(trx),
      singletonKey: jobKey(job.name, parsed.data),
      group: { id: job.queue },
      retryLimit: job.attemptsMax - 1,
      expireInSeconds: job.timeoutSeconds + graceSeconds,
      ...(options.delaySeconds !== undefined && { startAfter: options.delaySeconds }),
      ...(options.priority !== undefined && { priority: options.priority }),
    });
    if (id !== null) await store.publishWork(trx, [job.queue]);
    return id;
  };
}

/** Jobs with a connection of their own to the queue. */
class OpenedJobs extends Jobs {
  readonly #engine: Engine;

  constructor(options: Omit<JobsOptions, 'enqueue'>, engine: Engine) {
    super({ ...options, enqueue: enqueueThrough(engine, options.program) });
    this.#engine = engine;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** Opens the jobs of a database for a process that enqueues, looks and decides. */
export async function openJobs(
  options: Omit<JobsOptions, 'enqueue'> & { readonly connectionString: string },
): Promise<OpenedJobs> {
  const { connectionString, program } = options;
  const engine = await openEngine({ connectionString, queues: program.queues, worker: null, onError: () => {} });
  return new OpenedJobs(options, engine);
}
