import type { Database, UnitOfWork } from './database.ts';

const attemptsMax = 5;

/** serialization_failure and exclusion_violation: somebody else wrote after this snapshot was taken. */
const overtaken: readonly unknown[] = ['40001', '23P01'];

/**
 * Does the work in a transaction whose statements all see the database as of one instant. Where somebody else wrote
 * the same meanwhile, it is done again as of a later instant, five times in all: what waits for a lock may have
 * taken its snapshot before, as in a job, whose transactions begin by reading their lease.
 */
export async function inSnapshot<Result>(db: Database, work: (trx: UnitOfWork) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().setIsolationLevel('repeatable read').execute(work);
    } catch (error) {
      if (attempt === attemptsMax || !overtaken.includes((error as { code?: unknown }).code)) throw error;
    }
  }
}
