import type { Database, UnitOfWork } from './database.ts';
import { inSnapshot } from './in-snapshot.ts';
import { nestedDatabase } from './nested-database.ts';

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
export function rolledBack<Result>(db: Database, work: (trx: UnitOfWork) => Promise<Result>): Promise<Result> {
  return answerOf((attempt) => inSnapshot(db, attempt), work);
}

/** The same in a transaction that goes on afterwards: not as of one instant, but as each statement sees things. */
export function rolledBackWithin<Result>(trx: UnitOfWork, work: (trx: UnitOfWork) => Promise<Result>): Promise<Result> {
  return answerOf((attempt) => nestedDatabase(trx).transaction().execute(attempt), work);
}

async function answerOf<Result>(
  begin: (attempt: (trx: UnitOfWork) => Promise<never>) => Promise<never>,
  work: (trx: UnitOfWork) => Promise<Result>,
): Promise<Result> {
  try {
    return await begin(async (trx) => {
      throw new RolledBack(await work(trx));
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.result as Result;
    throw error;
  }
}
