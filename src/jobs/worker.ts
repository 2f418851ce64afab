import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresDialect } from 'kysely';
import { type Db, fromKysely } from 'pg-boss';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { type Registry, register } from 'prom-client';
import { databaseClock, type Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { type Database, openPool, fromDialect } from '../platform/database/database.ts';
import type { Pools } from '../platform/database/pools.ts';
import type { JobDeclaration } from '../platform/declare/job.ts';
import type { QueueDeclaration, ScheduleDeclaration } from '../platform/declare/module.ts';
import type { Program } from '../platform/declare/program.ts';
import type { Listener } from '../platform/listen.ts';
import { type AbortReason, CancelledByPerson, TimeUp, type Verdict, verdictOf, WorkerStops } from './attempt.ts';
import { AttemptLog } from './attempt-log.ts';
import { writeLostAttempts } from './attempts.store.ts';
import { listenToWorkers, type Message } from './channel.ts';
import { type Engine, leaseSeconds, openEngine, preparedStatements } from './engine.ts';
import { enqueueThrough, Jobs } from './jobs.ts';
import { fencedDatabase, LeaseLost } from './lease.ts';
import { QueueRunner } from './queue-runner.ts';
import { configureQueues, effectiveControl } from './queues.ts';
import { overrideSchedule, tick, writeSchedule } from './schedule.ts';
import { Completions, settledIds } from './settlements.ts';
import * as store from './store.ts';
import { inJobSpan, openTelemetry, type Outcome, type Telemetry } from './telemetry.ts';
import { jobsSettings } from './settings.ts';

// One worker: a runner per queue, and beside them four loops.
//
//   heartbeat  keeps the leases of what runs here, and aborts what has lost its own
//   sweep      gives away the leases of workers that fell silent, here or elsewhere
//   poll       looks for work and for decisions that no notification told of
//   schedule   enqueues what is due by the database's clock

const heartbeatMs = 3_000;
const sweepMs = 2_000;
const pollMs = 1_000;
const scheduleMs = 1_000;
/** What waits for an instant of a simulated clock is promoted when that comes; by itself it looks no sooner. */
const standingSeconds = 3_600;

/**
 * What bounds the locks of a worker that hangs: the server ends a transaction, and a session, that
 * says nothing for this long. About the lease, so that it does not hold up a rescue.
 */
const handlerSettings = {
  idle_in_transaction_session_timeout: '10s',
  idle_session_timeout: '15s',
  lock_timeout: '60s',
};

/**
 * A claim or settlement that a crash of the database forgets has not happened: the job runs again,
 * as after a worker's own crash. So these, unlike what handlers write, do not wait for the disk.
 */
const ownSettings = { idle_in_transaction_session_timeout: '5s', synchronous_commit: 'off' };

export interface WorkerOptions {
  readonly db: Database;
  readonly connectionString: string;
  readonly config: Config;
  readonly log: Logger;
  /** Whose jobs it runs, on whose queues, by whose schedule. */
  readonly program: Program;
  /** The queues it serves; all of them by default. */
  readonly queues?: readonly string[];
  /** What operators call it; the configuration's, or the host's name by default. */
  readonly name?: string;
  readonly registry?: Registry;
  /** Of the process: where the worker's pools are counted in. */
  readonly pools?: Pools;
}

export interface Worker {
  readonly name: string;
  readonly jobs: Jobs;
  /** Runs a schedule tick now, e.g. after a simulated clock moved. Returns the names found due. */
  tick(): Promise<readonly string[]>;
  /**
   * Claims nothing more, waits for what runs until the deadline, then aborts it, and hands back
   * what has not ended: it runs elsewhere at once, without having spent an attempt.
   */
  stop(options?: { readonly deadlineSeconds?: number }): Promise<void>;
}

interface Claim extends store.AttemptKey {
  readonly queue: string;
  readonly data: store.JobData;
  readonly startedAt: Temporal.Instant;
  readonly waitMs: number;
}

interface Attempt {
  readonly claim: Claim;
  readonly controller: AbortController;
  /** By performance.now(): when the lease was last known to hold. */
  heldAt: number;
}

/**
 * Starts a worker: what `arcadia start` runs, alone or beside the API. Errors: invalid_config for a
 * schedule or limits that name what is not there; what the database says.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { log, program } = options;
  const settings = jobsSettings.of(options.config);
  const name = options.name ?? settings.workerName ?? hostname();
  const schedule = overrideSchedule(program.schedule, settings.schedule);
  const queues = configureQueues(program.queues, settings.queueLimits);
  const engine = await openEngine({
    connectionString: options.connectionString,
    queues: program.queues,
    worker: name,
    onError: (error) => log.warn({ err: error }, 'pg-boss'),
  });
  await writeSchedule(options.db, program.schedule, schedule, await databaseClock(options.db).now());
  const served = queues.filter((queue) => options.queues === undefined || options.queues.includes(queue.name));
  const worker = new RunningWorker(options, name, engine, schedule, served);
  await worker.start();
  return worker;
}

class RunningWorker implements Worker {
  readonly name: string;
  readonly jobs: Jobs;
  readonly #options: WorkerOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #telemetry: Telemetry;
  readonly #declarations: ReadonlyMap<string, JobDeclaration>;
  readonly #schedule: readonly ScheduleDeclaration[];
  readonly #served: readonly QueueDeclaration[];
  /** Claims and settlements. */
  readonly #db: Database;
  /** The same, for pg-boss's own statements. */
  readonly #prepared: Db;
  /** What handlers write through, always fenced. */
  readonly #handlerPool: Pool;
  readonly #runners = new Map<string, QueueRunner<Claim>>();
  readonly #completions = new Map<string, Completions>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #attemptLog = new AttemptLog();
  #losesAttempts = false;
  /** Queues whose jobs have started or ended here since that was last told. */
  readonly #changed = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #giveUp = new AbortController();
  #channel: Listener | null = null;
  #loops: Promise<void>[] = [];
  #stopped: Promise<void> | null = null;

  constructor(
    options: WorkerOptions,
    name: string,
    engine: Engine,
    schedule: readonly ScheduleDeclaration[],
    served: readonly QueueDeclaration[],
  ) {
    this.name = name;
    this.#options = options;
    this.#log = options.log.child({ worker: name });
    this.#clock = databaseClock(options.db);
    this.#engine = engine;
    this.#schedule = schedule;
    this.#served = served;
    this.#telemetry = openTelemetry(this.#log, options.registry ?? register);
    this.#declarations = new Map(options.program.jobs.map((job) => [job.name, job]));
    const { connectionString } = options;
    const pools = options.pools === undefined ? {} : { pools: options.pools };
    const own = { max: 6, applicationName: 'arcadia worker', settings: ownSettings };
    const pool = openPool({ connectionString, ...own, ...pools });
    this.#db = fromDialect(new PostgresDialect({ pool }));
    this.#prepared = preparedStatements(pool);
    this.#handlerPool = openPool({
      connectionString,
      ...pools,
      max: 30,
      applicationName: 'arcadia job',
      settings: { ...handlerSettings, 'arcadia.actor': `worker ${this.name}`, 'arcadia.origin': 'job' },
    });
    this.jobs = new Jobs({
      db: options.db,
      clock: this.#clock,
      program: options.program,
      queueLimits: jobsSettings.of(options.config).queueLimits,
      enqueue: enqueueThrough(engine, options.program),
    });
  }

  async start(): Promise<void> {
    const controls = await store.readControls(this.#options.db, this.name);
    for (const queue of this.#served) {
      this.#completions.set(queue.name, new Completions(this.#engine.boss, this.#prepared, queue.name));
      const runner = new QueueRunner<Claim>({
        ...this.#controlOf(queue, controls),
        claim: (count) => this.#claim(queue, count),
        run: (claim) => this.#run(claim),
        onClaimError: (error) => this.#log.warn({ err: error, queue: queue.name }, 'cannot claim jobs; trying again'),
      });
      this.#runners.set(queue.name, runner);
    }
    this.#channel = listenToWorkers(
      this.#options.connectionString,
      (message) => this.#receive(message),
      () => this.#wakeAll(),
    );
    this.#loops = [
      this.#loop(heartbeatMs, () => this.#heartbeat()),
      this.#loop(sweepMs, () => this.#sweep()),
      this.#loop(pollMs, () => this.#poll()),
      this.#loop(scheduleMs, () => this.tick()),
    ];
    this.#wakeAll();
  }

  async tick(): Promise<readonly string[]> {
    const { db } = this.#options;
    const ticked = await tick(db, this.#clock, this.#schedule, (trx, job, args) => this.jobs.enqueue(trx, job, args));
    const pulled = await store.promote(db, await this.#clock.now());
    if (pulled.length > 0) await db.transaction().execute((trx) => store.publishWork(trx, pulled));
    return ticked;
  }

  stop({ deadlineSeconds = 30 }: { readonly deadlineSeconds?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(deadlineSeconds);
    return this.#stopped;
  }

  async #stop(deadlineSeconds: number): Promise<void> {
    this.#stopping.abort();
    const drained = Promise.all([...this.#runners.values()].map((runner) => runner.drain()));
    const inTime = await Promise.race([drained.then(() => true), sleep(deadlineSeconds * 1000, false, { ref: false })]);
    if (!inTime) {
      for (const attempt of this.#attempts.values()) attempt.controller.abort(new WorkerStops());
      // Handlers get a moment to obey. What does not is handed back from under them: the fence
      // keeps them from writing.
      await Promise.race([drained, sleep(2_000, undefined, { ref: false })]);
      await Promise.all(
        [...this.#attempts.values()].map(async ({ claim }) => {
          await this.#handBack(claim);
          this.#attemptLog.end({ jobId: claim.id, claim: claim.retryCount }, 'handed_back', 'the worker stopped');
        }),
      );
    }
    this.#giveUp.abort();
    await Promise.all(this.#loops);
    // Only a hint: who watches looks again by themselves.
    await this.#attemptLog.flush(this.#db).catch(() => {});
    await this.#publishChanges().catch(() => {});
    await this.#channel?.close();
    await this.#engine.close();
    await this.#db.destroy();
    await this.#handlerPool.end();
  }

  // Claiming

  async #claim(queue: QueueDeclaration, count: number): Promise<Claim[]> {
    const jobs =
      queue.exclusive === true
        ? await this.#claimExclusively(queue.name)
        : await this.#fetch(queue.name, count, this.#prepared);
    const heldAt = performance.now();
    if (jobs.length > 0) this.#changed.add(queue.name);
    for (const claim of jobs) this.#attempts.set(claim.id, { claim, controller: new AbortController(), heldAt });
    return jobs;
  }

  /** pg-boss's group limit alone lets two processes that look at the same time claim one each. */
  #claimExclusively(queue: string): Promise<Claim[]> {
    return this.#db.transaction().execute(async (trx) => {
      await store.lockClaims(trx, queue);
      return this.#fetch(queue, 1, fromKysely(trx), 1);
    });
  }

  async #fetch(queue: string, count: number, db: Db, groupConcurrency?: number): Promise<Claim[]> {
    const rows = await this.#engine.boss.fetch<store.JobData>(queue, {
      batchSize: count,
      includeMetadata: true,
      db,
      ...(groupConcurrency !== undefined && { groupConcurrency }),
    });
    return rows.map((row) => {
      // Through our own connection instants arrive as Temporal.Instant, whatever pg-boss's types say.
      const { createdOn, startAfter, startedOn } = row as unknown as Record<
        'createdOn' | 'startAfter' | 'startedOn',
        Temporal.Instant
      >;
      const ready = Math.max(createdOn.epochMilliseconds, startAfter.epochMilliseconds);
      return {
        id: row.id,
        retryCount: row.retryCount,
        queue,
        data: row.data,
        startedAt: startedOn,
        waitMs: Math.max(0, startedOn.epochMilliseconds - ready),
      };
    });
  }

  // Running

  /** Runs a claim to its recorded end. Never rejects. */
  async #run(claim: Claim): Promise<void> {
    const attempt = this.#attempts.get(claim.id);
    if (attempt === undefined) return;
    const number = claim.retryCount + 1 - (claim.data.unspent ?? 0);
    const { queue, id, data } = claim;
    const identity = { queue, job: data.job, id, attempt: number };
    const startedMs = performance.now();
    const logged = { jobId: id, claim: claim.retryCount };
    const { startedAt } = claim;
    this.#attemptLog.begin({ ...logged, attempt: number, queue, job: data.job, worker: this.name, startedAt });
    try {
      await inJobSpan(
        { ...identity, trace: data.trace },
        async () => {
          const verdict = await this.#handle(attempt, number);
          const runMs = Math.round(performance.now() - startedMs);
          const outcome = await this.#settle(claim, verdict);
          this.#changed.add(queue);
          const reason = 'reason' in verdict ? verdict.reason : undefined;
          this.#attemptLog.end(logged, outcome, reason ?? null);
          this.#telemetry.report({
            ...identity,
            waitMs: claim.waitMs,
            runMs,
            outcome,
            ...(reason !== undefined && { reason }),
          });
          return { outcome, ...(reason !== undefined && { reason }) };
        },
        (result) => result,
      );
    } catch (error) {
      // Not recorded: the lease runs out, and the job runs again.
      this.#log.error({ err: error, ...identity }, 'the end of a job could not be recorded');
      this.#attemptLog.end(logged, 'lost', 'its end could not be recorded');
    } finally {
      // A revived job can be claimed here again while its cancelled attempt still runs.
      if (this.#attempts.get(id) === attempt) this.#attempts.delete(id);
    }
  }

  async #handle(attempt: Attempt, number: number): Promise<Verdict> {
    const { claim, controller } = attempt;
    if (this.#stopping.signal.aborted) return { verdict: 'hand back', reason: 'the worker stops' };
    const job = this.#declarations.get(claim.data.job);
    // Of a newer version, or a part that is gone: another worker may know it.
    if (job === undefined) return { verdict: 'fail', reason: `this worker knows no job ${claim.data.job}` };
    const parsed = job.arguments.safeParse(claim.data.arguments);
    if (!parsed.success) return { verdict: 'cancel', reason: `its arguments do not fit: ${parsed.error.message}` };

    const endsAt = performance.now() + job.timeoutSeconds * 1000;
    const timer = setTimeout(() => controller.abort(new TimeUp(job.timeoutSeconds)), job.timeoutSeconds * 1000);
    const { signal } = controller;
    const { queue, id, retryCount } = claim;
    const lease = { queue, id, retryCount, signal, remainingMs: () => endsAt - performance.now() };
    // Made when asked for: a short job may need neither.
    let db: Database | undefined;
    let log: Logger | undefined;
    const pool = this.#handlerPool;
    const workerLog = this.#log;
    try {
      await job.run({
        id,
        arguments: parsed.data,
        attempt: number,
        signal,
        get db() {
          return (db ??= fencedDatabase(pool, lease));
        },
        clock: this.#clock,
        config: this.#options.config,
        get log() {
          return (log ??= workerLog.child({ job: job.name, id, attempt: number }));
        },
        report: (text) => this.#attemptLog.say({ jobId: id, claim: retryCount }, text),
        enqueue: async (trx, next, args) => {
          await this.jobs.enqueue(trx, next, args);
        },
      });
      // It went on to its end all the same; but its time was up, or the lease gone.
      return signal.aborted ? verdictOf(null, signal.reason as AbortReason) : { verdict: 'complete' };
    } catch (error) {
      return verdictOf(error, signal.aborted ? (signal.reason as AbortReason) : null);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Records the verdict, as often as it takes while the database is away and the lease may hold. */
  async #settle(claim: Claim, verdict: Verdict): Promise<Outcome> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#settleOnce(claim, verdict);
      } catch (error) {
        if (this.#giveUp.signal.aborted || tries >= 60) throw error;
        await sleep(Math.min(2_000, 100 * 2 ** tries), undefined, { signal: this.#giveUp.signal }).catch(() => {});
      }
    }
  }

  async #settleOnce(claim: Claim, verdict: Verdict): Promise<Outcome> {
    const { queue } = claim;
    const db = this.#db;
    switch (verdict.verdict) {
      case 'complete':
        return (await this.#completions.get(queue)?.complete(claim)) === true ? 'completed' : 'lost';
      case 'fail': {
        const held = settledIds(
          await this.#engine.boss.fail(queue, claim, { message: verdict.reason }, { db: this.#prepared }),
        );
        if (!held.has(claim.id)) return 'lost';
        const [row] = await store.readJobs(db, { ids: [claim.id] }, 1);
        return row?.state === 'dead' ? 'dead' : 'failed';
      }
      case 'snooze':
        return (await this.#snooze(claim, verdict)) ? 'snoozed' : 'lost';
      case 'cancel':
        return (await store.cancelAttempt(db, queue, claim, verdict.reason)) ? 'cancelled' : 'lost';
      case 'hand back':
        return (await this.#handBack(claim)) ? 'handed_back' : 'lost';
      case 'cancelled':
        return 'cancelled';
      case 'none':
        return 'lost';
    }
  }

  async #snooze(
    claim: Claim,
    { seconds, until, reason }: Extract<Verdict, { readonly verdict: 'snooze' }>,
  ): Promise<boolean> {
    const db = this.#db;
    if (!(await store.isSimulated(db))) return store.release(db, claim.queue, claim, seconds, reason, null);
    const notBefore = until ?? (await this.#clock.now()).add({ milliseconds: Math.ceil(seconds * 1000) });
    const realSeconds = until === null ? seconds : Math.max(seconds, standingSeconds);
    return store.release(db, claim.queue, claim, realSeconds, reason, notBefore);
  }

  #handBack(claim: Claim): Promise<boolean> {
    return store.release(this.#db, claim.queue, claim, 0, 'handed back: the worker stopped', null);
  }

  // Loops

  async #loop(everyMs: number, work: () => Promise<unknown>): Promise<void> {
    let failing = false;
    while (!this.#giveUp.signal.aborted) {
      try {
        await work();
        failing = false;
      } catch (error) {
        if (!failing) this.#log.warn({ err: error }, 'the worker cannot reach the database; trying again');
        failing = true;
      }
      await sleep(everyMs, undefined, { signal: this.#giveUp.signal }).catch(() => {});
    }
  }

  async #heartbeat(): Promise<void> {
    // First what is known without the database: a lease that could not be renewed in time is lost.
    for (const attempt of this.#attempts.values()) {
      if (performance.now() - attempt.heldAt > leaseSeconds * 1000) attempt.controller.abort(new LeaseLost());
    }
    for (const queue of this.#served) {
      const attempts = [...this.#attempts.values()].filter(({ claim }) => claim.queue === queue.name);
      if (attempts.length === 0) continue;
      const askedAt = performance.now();
      const response = await this.#engine.boss.touch(
        queue.name,
        attempts.map(({ claim }) => claim),
        { db: this.#prepared },
      );
      const held = settledIds(response);
      for (const attempt of attempts) {
        if (held.has(attempt.claim.id)) attempt.heldAt = askedAt;
        else attempt.controller.abort(new LeaseLost());
      }
    }
  }

  /** Of all queues, not only those served here: the workers of another may all be gone. */
  async #sweep(): Promise<void> {
    const rescued = await this.#db.transaction().execute(async (trx) => {
      const lost = await store.lockLostAttempts(
        trx,
        this.#options.program.queues.map((queue) => queue.name),
      );
      for (const attempt of lost) {
        const message = attempt.silent ? 'its worker fell silent' : 'took longer than it may';
        await this.#engine.boss.fail(attempt.queue, attempt, { message }, { db: fromKysely(trx) });
      }
      const reasonOf = (silent: boolean) => (silent ? 'its worker fell silent' : 'took longer than it may');
      await writeLostAttempts(
        trx,
        lost.map(({ id, retryCount, silent }) => ({ id, retryCount, reason: reasonOf(silent) })),
      );
      return lost;
    });
    for (const { queue, job, id, silent } of rescued) {
      this.#changed.add(queue);
      this.#telemetry.rescued({
        queue,
        job,
        id,
        reason: silent ? 'its worker fell silent' : 'took longer than it may',
      });
    }
  }

  async #poll(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await this.#keepAttempts();
    await this.#publishChanges();
    await this.#followControls();
    this.#wakeAll();
    for (const [queue, { limit, running, paused }] of this.#runners)
      this.#telemetry.queue({ queue, limit, running, paused });
  }

  /** For whoever looks: what goes wrong with it keeps no job and no decision waiting. */
  async #keepAttempts(): Promise<void> {
    try {
      await this.#attemptLog.flush(this.#db);
      this.#losesAttempts = false;
    } catch (error) {
      if (!this.#losesAttempts) this.#log.warn({ err: error }, 'attempts of jobs cannot be written; trying again');
      this.#losesAttempts = true;
    }
  }

  /** Of thousands of jobs a second, whoever watches hears once. */
  async #publishChanges(): Promise<void> {
    if (this.#changed.size === 0) return;
    const queues = [...this.#changed];
    this.#changed.clear();
    await store.publishChanges(this.#db, queues);
  }

  async #followControls(): Promise<void> {
    const controls = await store.readControls(this.#db, this.name);
    for (const queue of this.#served) this.#runners.get(queue.name)?.control(this.#controlOf(queue, controls));
  }

  #controlOf(queue: QueueDeclaration, controls: readonly store.ControlRow[]): { limit: number; paused: boolean } {
    const of = (worker: string) => controls.find((row) => row.queue === queue.name && row.worker === worker);
    return effectiveControl(queue, of('*'), of(this.name));
  }

  #wakeAll(): void {
    for (const runner of this.#runners.values()) runner.wake();
  }

  #receive(message: Message): void {
    if ('wake' in message) this.#runners.get(message.wake)?.wake();
    else if ('control' in message) void this.#followControls().catch(() => {});
    else
      for (const id of message.cancel) this.#attempts.get(id)?.controller.abort(new CancelledByPerson(message.reason));
  }
}
