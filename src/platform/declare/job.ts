import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database, UnitOfWork } from '../database/database.ts';

// What a module says about its jobs. The module that runs them (src/jobs) knows the queue library;
// this is all that the others know.

/** What a job is told: plain JSON, so that it reads the same in the table, in the log and in a filter. */
export type JobArguments = Readonly<Record<string, string | number | boolean | null>>;

export interface JobRun<Arguments extends JobArguments = JobArguments> {
  readonly id: string;
  readonly arguments: Arguments;
  /** 1 for the first. A snooze is not an attempt. */
  readonly attempt: number;
  /** Aborts when the job is cancelled, its time is up, its lease is lost, or the worker stops. */
  readonly signal: AbortSignal;
  /**
   * The database as this attempt may use it: every transaction and every single write first takes
   * a lock on the lease, and fails when it is lost. Nothing that an attempt writes after another
   * took over is ever stored.
   */
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
  /** Says how far it has come, to whoever watches it. */
  report(text: string): void;
  /** Enqueues in this transaction. */
  enqueue<Next extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Next> | JobReference,
    args: Next,
  ): Promise<void>;
}

/** A job of a module that this one may not import, by its name. */
export interface JobReference {
  readonly refersTo: string;
}

/**
 * A kind of job. The handler is told to bring something up to date: it finds out itself what is
 * outstanding, and may be run at any time, twice, or again after it was killed anywhere.
 *
 * What a handler throws decides: `SnoozeJob` runs it later without spending an attempt, `CancelJob`
 * ends it for good, anything else is a failed attempt. Among ArcadiaErrors provider_rate_limited
 * snoozes, and those that no retry mends (a bad token, a missing scope, a wrong argument) cancel.
 */
export interface JobDeclaration<Arguments extends JobArguments = JobArguments> {
  /** snake_case, unique in the program. */
  readonly name: string;
  /** A queue of some module. */
  readonly queue: string;
  /** One line for the operator. */
  readonly title: string;
  readonly arguments: z.ZodType<Arguments>;
  /** For one attempt; after it the signal aborts and the attempt has failed. */
  readonly timeoutSeconds: number;
  readonly attemptsMax: number;
  /** The jobs that it enqueues: whoever waits for it waits for these as well. The program is refused where one is missing. */
  readonly followedBy?: readonly (JobDeclaration | JobReference)[];
  run(job: JobRun<Arguments>): Promise<void>;
}

/** Declares a job with its arguments' type read from their schema. */
export function declareJob<Arguments extends JobArguments>(job: JobDeclaration<Arguments>): JobDeclaration<Arguments> {
  return job;
}

/** The name of a job or of a reference to one. */
export function jobName(job: JobDeclaration | JobReference): string {
  return 'refersTo' in job ? job.refersTo : job.name;
}

/** Refers to a job of another module; name it in `followedBy` of each job that enqueues it. */
export function referToJob(name: string): JobReference {
  return { refersTo: name };
}

/** "Not now": the provider asked to wait. The job runs again after `seconds`, no attempt is spent. */
export class SnoozeJob extends Error {
  override readonly name = 'SnoozeJob';
  readonly seconds: number;
  /** The instant of the database's clock to wait for, however long a simulated one stands; null: real time counts as well. */
  readonly until: Temporal.Instant | null;
  constructor(seconds: number, reason: string, until: Temporal.Instant | null = null) {
    super(reason);
    this.seconds = seconds;
    this.until = until;
  }
}

/** "Never": no retry mends this. The job ends as cancelled, with the reason. */
export class CancelJob extends Error {
  override readonly name = 'CancelJob';
}
