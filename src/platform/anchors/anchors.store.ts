import type { Queryable } from '../database/database.ts';
import { statement } from '../database/statement.ts';

export async function selectDatabaseName(db: Queryable): Promise<string> {
  const { rows } = await statement<{ name: string }>('platform.selectDatabaseName')`
    SELECT current_database()::text AS name`.execute(db);
  return rows[0]?.name ?? '';
}

interface HashRow {
  readonly position: number;
  readonly hash: string;
}

/** The hashes of the entries at these positions, as far as there are entries. */
export async function selectHashes(db: Queryable, positions: readonly number[]): Promise<HashRow[]> {
  const { rows } = await statement<HashRow>('platform.selectHashes')`
    SELECT position, encode(hash, 'hex') AS hash FROM audit_log WHERE position = ANY (${positions}::bigint[])`.execute(
    db,
  );
  return rows;
}
