import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';

/** All that a sweep stages, each once. */
const stagedTables = [
  'drift_sight',
  'drift_news',
  'drift_questioned',
  'drift_reached',
  'drift_scope_1',
  'drift_actual',
  'drift_declared',
  'drift_bound',
  'drift_bindings_staged',
  'drift_found',
  'drift_compared',
  'drift_tagged',
  'drift_snapshots',
  'drift_behind',
  'drift_ignores',
  'drift_keyed',
  'drift_wanted',
  'drift_staged',
] as const;
type StagedTable = (typeof stagedTables)[number];

interface Staging<Name extends StagedTable> {
  /** `module.function` */
  readonly statement: string;
  readonly table: Name;
  readonly index?: { readonly on: string; readonly unique?: boolean };
  readonly analyze?: boolean | readonly string[];
}

/** Forgets what another sweep of the same transaction staged. */
export async function unstageAll(trx: UnitOfWork): Promise<void> {
  const tables = sql.join(stagedTables.map((table) => sql.id('pg_temp', table)));
  await statement('drift.unstageAll')`DROP TABLE IF EXISTS ${tables}`.execute(trx);
}

/** Stages the rows of a query for the rest of a sweep. */
export function stage<Name extends StagedTable>(
  trx: UnitOfWork,
  staging: Staging<Name>,
  query: RawBuilder<unknown>,
): Promise<TemporaryTable<Name>> {
  return createTemporaryTableAs(trx, { ...staging, drop: [] }, query);
}
