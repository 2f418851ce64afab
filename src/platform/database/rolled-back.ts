import type { Database, UnitOfWork } from './database.ts';
import { inSnapshot } from './in-snapshot.ts';

/** Takes an answer out of a transaction that must not be committed. */
class RolledBack<Result> extends Error {
  readonly result: Result;
  constructor(result: Result) {
    super('rolled back');
    this.result = result;
  }
}

/**
 * Does the work in a transaction as of one instant (`inSnapshot`), keeps nothing of what it wrote, and returns what it
 * answers: a preview that is made of the real work.
 */
export async function rolledBack<Result>(db: Database, work: (trx: UnitOfWork) => Promise<Result>): Promise<Result> {
  try {
    return await inSnapshot(db, async (trx): Promise<never> => {
      throw new RolledBack(await work(trx));
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.result as Result;
    throw error;
  }
}
