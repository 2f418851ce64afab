import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { getJob, jobFailed, listJobs } from '../../jobs/index.ts';
import { jobName } from '../../platform/declare/job.ts';
import type { Program } from '../../platform/declare/program.ts';
import type { Session } from './session.ts';
import type { Surface } from './surface.ts';

// What a change has jobs do on a server, watched until it is done.

type Job = z.output<typeof listJobs.row>;

/** Between two looks at a job that has not ended, and between two requests of any kind: a server counts them. */
const pollMs = 1_000;
const requestMs = 100;

const ended: ReadonlySet<string> = new Set(['completed', 'cancelled', 'dead'] satisfies Job['state'][]);

/**
 * Waits until these jobs of a server have ended, and those that they enqueued. One look a second; what is waited for is
 * said on stderr. Errors: job_failed; cancelled, which leaves the jobs to go on; those of reading jobs.
 */
export async function followJobs(
  session: Session,
  surface: Surface,
  program: Program,
  ids: readonly string[],
): Promise<void> {
  const { signal } = session;
  const waiting = [...ids];
  const known = new Set(ids);
  const failed: Job[] = [];
  await session.progress.step('Waiting for jobs of the server', async (report) => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const job = await endOf(id, report);
      if (job.state !== 'completed') failed.push(job);
      for (const next of await successorsOf(job)) {
        if (known.has(next.jobId)) continue;
        known.add(next.jobId);
        waiting.push(next.jobId);
      }
    }
    report(`${known.size} ended`);
  });
  if (failed.length === 0) return;
  const reasons = failed.map(({ job, state, reason }) => `${job} is ${state}${reason === null ? '' : ` (${reason})`}`);
  throw jobFailed(`Not every job has done its work: ${reasons.join('; ')}.`, {
    next: { operation: 'job show', arguments: { jobId: failed[0]?.jobId ?? '' } },
  });

  async function endOf(id: string, report: (text: string) => void): Promise<Job> {
    for (;;) {
      await pause(requestMs);
      const job = (await surface.act(getJob, { params: { jobId: id }, query: {}, body: undefined })) as Job;
      if (ended.has(job.state)) return job;
      report(`${job.job} is ${job.state}${waiting.length === 0 ? '' : `, ${waiting.length} more`}`);
      await pause(pollMs);
    }
  }

  /** What was enqueued while it ran, or was there already, for the same as it was. */
  async function successorsOf(job: Job): Promise<Job[]> {
    const names = program.jobs.find(({ name }) => name === job.job)?.followedBy?.map(jobName) ?? [];
    const found: Job[] = [];
    for (const name of names) {
      await pause(requestMs);
      const query = { job: name, limit: 1_000 };
      const page = await surface.page(listJobs, { params: {}, query, body: undefined });
      found.push(...(page.items as Job[]).filter((next) => follows(next, job)));
    }
    return found;
  }

  function pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function follows(next: Job, job: Job): boolean {
  const isLater =
    !ended.has(next.state) || next.endedAt === null || job.startedAt === null || next.endedAt >= job.startedAt;
  return isLater && Object.entries(next.arguments).every(([name, value]) => (job.arguments[name] ?? value) === value);
}
