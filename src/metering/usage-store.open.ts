import type { Database } from '../platform/database.ts';
import { postgresUsageStore } from './usage-store.postgres.ts';
import type { UsageStore } from './usage-store.ts';

/** The store that a database's usage is in. */
export async function openUsageStore(_db: Database): Promise<UsageStore> {
  return postgresUsageStore;
}
