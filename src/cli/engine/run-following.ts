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
  while (waiting.length > 0) {
    const { job } = waiting[0] as Followed;
    const run = (report: (text: string) => void) => runSame(job, report);
    await (isWork ? session.progress.step(job.title, run) : run(() => {}));
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;

  /** Those that stand first and are the same job, as one step of what is said of the work. */
  async function runSame(job: Followed['job'], report: (text: string) => void): Promise<void> {
    for (let done = 0; waiting[0]?.job === job; done += 1) {
      const at = waiting.shift() as Followed;
      const title = titleOf(at, done, waiting);
      if (title !== '') report(title);
      const said = (text: string) => report(title === '' ? text : `${title}: ${text}`);
      try {
        await runOne(call, at, said, (next) => add(next, waiting, known));
      } catch (error) {
        session.signal.throwIfAborted();
        failures.push(asFailure(job, error));
      }
      session.signal.throwIfAborted();
    }
  }
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

/** What it is run for, and how many of how many that is. */
function titleOf({ job, args }: Followed, done: number, waiting: readonly Followed[]): string {
  const behind = waiting.findIndex((next) => next.job !== job);
  const total = done + 1 + (behind === -1 ? waiting.length : behind);
  const values = Object.values(args).join(', ');
  return total === 1 ? values : `${values} (${done + 1} of ${total})`;
}

async function runOne(
  { requestId: id, ...call }: OperationCall,
  { job, args }: Followed,
  report: (text: string) => void,
  enqueue: (next: Followed) => void,
): Promise<void> {
  const jobs = new Map(call.program.jobs.map((one) => [one.name, one]));
  await job.run({
    ...call,
    id,
    arguments: args as never,
    attempt: 1,
    report,
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
