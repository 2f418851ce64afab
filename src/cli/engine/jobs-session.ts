import { type Jobs, jobsSettings, openJobs } from '../../jobs/index.ts';
import type { Program } from '../../platform/declare/program.ts';
import type { Session } from './session.ts';

/** The jobs of the session's database. */
export async function openSessionJobs(session: Session, program: Program): Promise<Jobs> {
  const { db, connectionString, clock } = await session.database();
  const { queueLimits } = jobsSettings.of(await session.config());
  const jobs = await openJobs({ db, connectionString, clock, program, queueLimits });
  session.onClose(() => jobs.close());
  return jobs;
}
