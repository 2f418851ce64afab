import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// How the queues of sources stand, by the names of the sources. When a server has one open is real time, however the clock of
// the accounts stands: it says whether anybody reads it now.

/** Says that a server has the queues of these open. */
export async function recordOpen(db: Queryable, sources: readonly string[]): Promise<void> {
  await statement('gateway.recordOpen')`
    INSERT INTO gateway_queues (account_id, open_at)
    SELECT account_id, clock_timestamp() FROM inventory_accounts WHERE slug = ANY (${[...sources]}::text[]) ORDER BY 1
    ON CONFLICT (account_id) DO UPDATE SET open_at = excluded.open_at`.execute(db);
}

/** Says why a server has the queue of a source not open. */
export async function recordProblem(db: Queryable, source: string, problem: string): Promise<void> {
  await statement('gateway.recordProblem')`
    INSERT INTO gateway_queues (account_id, problem_at, problem)
    SELECT account_id, clock_timestamp(), ${problem} FROM inventory_accounts WHERE slug = ${source}
    ON CONFLICT (account_id) DO UPDATE SET problem_at = excluded.problem_at, problem = excluded.problem`.execute(db);
}

/** Counts a message that held no events. */
export async function countRejected(
  trx: UnitOfWork,
  accountId: number,
  reason: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('gateway.countRejected')`
    INSERT INTO gateway_queues AS q (account_id, rejected, rejected_at, rejected_reason)
    VALUES (${accountId}, 1, ${now}, ${reason})
    ON CONFLICT (account_id) DO UPDATE SET rejected = q.rejected + 1, rejected_at = excluded.rejected_at,
      rejected_reason = excluded.rejected_reason`.execute(trx);
}

/** A queue that no server has said for so long to have open is read by none: each says so once a minute. */
const openFor = sql`interval '3 minutes'`;

/** Whether a server has the queue of a row `q` of gateway_queues open. */
export const isOpen = sql`coalesce(q.open_at > clock_timestamp() - ${openFor}, false)`;
