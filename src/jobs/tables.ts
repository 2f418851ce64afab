import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { makeQueueTables, selectQueueVersion } from './store.ts';

/** The queue's own tables, for whoever restores a backup of them. */
export const queueTables = {
  /** Their version; null: there are none yet. */
  version(db: Queryable): Promise<number | null> {
    return selectQueueVersion(db);
  },

  /** Makes them, empty, in the caller's transaction and not in one of their own. */
  async make(trx: UnitOfWork): Promise<void> {
    const { getConstructionPlans } = await import('pg-boss');
    const plan = getConstructionPlans('pgboss').replaceAll(/^\s*(?:BEGIN|COMMIT|SET LOCAL \w+ = \d+);$/gm, '');
    await makeQueueTables(trx, plan);
  },
};
