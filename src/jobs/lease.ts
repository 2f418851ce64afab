import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';
import { boundDatabase, type PostgresConnection } from '../platform/database/bound-database.ts';
import type { Database } from '../platform/database/database.ts';
import { fenceSql } from './store.ts';

// The lease of one attempt and the database that is bound to it.
//
// A lease is the job's row while it is active with this attempt's number. It is taken by the
// claim, kept alive by heartbeats, and lost when the sweep gives the job to another. A worker that
// was paused past its lease does not know that; so nothing depends on its knowing. Each
// transaction begins by locking that row (FOR KEY SHARE: heartbeats pass, a take-over waits), and
// a transaction that cannot is rolled back before it has written.

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(reason = 'the lease of this attempt is lost: another one may have taken over') {
    super(reason);
  }
}

interface Lease {
  readonly queue: string;
  readonly id: string;
  /** pg-boss's number of the attempt: rises with every claim. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
  /** Milliseconds that the attempt has left: no statement may take longer. */
  remainingMs(): number;
}

/** Well below idle_session_timeout of whoever holds sessions. */
const keepAliveMs = 4_000;

/**
 * A database whose every transaction and single write holds the lease. Never destroy it: the pool
 * is shared.
 *
 * A handler may hold a session, with its advisory locks and temporary tables, while it waits for a
 * provider; the server ends sessions that say nothing, so that a paused process does not hold its
 * locks for ever. The binding keeps a live one's.
 */
export function fencedDatabase(pool: Pool, lease: Lease): Database {
  return boundDatabase(pool, {
    async begin(postgres, connection, settings) {
      await postgres.beginTransaction(connection, settings);
      if (settings.accessMode !== 'read only') await fence(connection, lease);
    },
    // Cancelled, or out of time, while the transaction ran.
    beforeCommit: () => lease.signal.throwIfAborted(),
    binds: writes,
    keepAliveMs,
  });
}

async function fence(connection: PostgresConnection, lease: Lease): Promise<void> {
  lease.signal.throwIfAborted();
  const timeoutMs = Math.max(1, Math.ceil(lease.remainingMs()));
  const { rows } = await connection.executeQuery(
    CompiledQuery.raw(fenceSql, [lease.queue, lease.id, lease.retryCount, String(timeoutMs)]),
  );
  if (rows.length === 0) throw new LeaseLost();
}

/** Anything that is not plainly a read counts as a write; WITH may hold either. */
function writes(statement: string): boolean {
  return !/^\s*(?:(?:--[^\n]*\n|\/\*.*?\*\/)\s*)*(?:select|values|show|table|set|explain)\b/is.test(statement);
}
