import { type Jobs, jobsSettings, openJobs } from '../../jobs/index.ts';
import type { Program } from '../../platform/declare/program.ts';
import type { Session, SessionDatabase } from './session.ts';

/** The jobs of a database that the session has opened. */
export async function openSessionJobs(session: Session, program: Program, database: SessionDatabase): Promise<Jobs> {
  const { db, connectionString, clock } = database;
  const { queueLimits } = jobsSettings.of(await session.config());
  const jobs = await openJobs({ db, connectionString, clock, program, queueLimits });
  session.onClose(() => jobs.close());
  return jobs;
}
