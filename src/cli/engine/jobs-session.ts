import type { Jobs } from '../../jobs/jobs.ts';
import type { JobArguments } from '../../platform/declare/job.ts';
import type { Program } from '../../platform/declare/program.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Session } from './session.ts';

/** The jobs of the session's database. */
export async function openSessionJobs(session: Session, program: Program): Promise<Jobs> {
  const { openJobs } = await import('../../jobs/jobs.ts');
  const { db, connectionString, clock } = await session.database();
  const { queueLimits } = await session.config();
  const jobs = await openJobs({ db, connectionString, clock, program, queueLimits });
  session.onClose(() => jobs.close());
  return jobs;
}

/** `--args '{"account": "acme"}'`. Errors: invalid_argument. */
export function parseJobArguments(text: string): JobArguments {
  const wrong = (why: string) =>
    new ArcadiaError(
      'invalid_argument',
      `--args must be a JSON object of texts, numbers, true, false and null: ${why}.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(text);
  const nested = Object.entries(value).find(([, item]) => typeof item === 'object' && item !== null);
  if (nested !== undefined) throw wrong(`${nested[0]} is not one of them`);
  return value as JobArguments;
}
