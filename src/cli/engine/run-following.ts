import { jobFailed } from '../../jobs/index.ts';
import type { Action } from '../../platform/declare/answer.ts';
import { type JobArguments, type JobDeclaration, jobName } from '../../platform/declare/job.ts';
import type { OperationCall } from '../../platform/declare/operation.ts';
import { type ArcadiaError, toArcadiaError } from '../../platform/errors.ts';
import type { Session } from './session.ts';

/** A job that follows from what is under way. */
export interface Followed {
  readonly job: JobDeclaration<never>;
  readonly args: JobArguments;
}

/**
 * Runs in this process what follows from a change, and what that enqueues in turn. One that fails keeps no other from
 * running. Errors: those of the first that failed; job_failed where the job did not say it as one of the catalogue.
 */
export async function runFollowing(
  session: Session,
  call: OperationCall,
  action: Action,
  first: readonly Followed[],
): Promise<void> {
  const waiting = [...first];
  const known = new Set(waiting.map(keyOf));
  const failures: ArcadiaError[] = [];
  // Of 202 the jobs are the work itself; elsewhere they are its consequence, and done before anybody reads of them.
  const isWork = action.status === 202;
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    const { job, args } = at;
    const run = () => runOne(call, at, (next) => add(next, waiting, known));
    try {
      await (isWork ? session.progress.step(titleOf(job, args), run) : run());
    } catch (error) {
      session.signal.throwIfAborted();
      failures.push(asFailure(job, error));
    }
    session.signal.throwIfAborted();
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
}

/** As the queue does, it runs the same job with the same arguments once. */
function add(next: Followed, waiting: Followed[], known: Set<string>): void {
  const key = keyOf(next);
  if (known.has(key)) return;
  known.add(key);
  waiting.push(next);
}

function keyOf({ job, args }: Followed): string {
  return `${job.name} ${JSON.stringify(args)}`;
}

function titleOf({ title }: JobDeclaration<never>, args: JobArguments): string {
  const values = Object.values(args);
  return values.length === 0 ? title : `${title} (${values.join(', ')})`;
}

async function runOne(
  { requestId: id, ...call }: OperationCall,
  { job, args }: Followed,
  enqueue: (next: Followed) => void,
): Promise<void> {
  const jobs = new Map(call.program.jobs.map((one) => [one.name, one]));
  await job.run({
    ...call,
    id,
    arguments: args as never,
    attempt: 1,
    async enqueue(_, next, rest) {
      const found = jobs.get(jobName(next));
      if (found !== undefined) enqueue({ job: found as JobDeclaration<never>, args: rest });
    },
  });
}

function asFailure({ name }: JobDeclaration<never>, error: unknown): ArcadiaError {
  const known = toArcadiaError(error);
  if (known.code !== 'internal') return known;
  const reason = error instanceof Error ? error.message : String(error);
  return jobFailed(`Job ${name} failed: ${reason}`, { cause: error });
}
