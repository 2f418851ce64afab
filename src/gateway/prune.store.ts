import type { UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** Has nothing with a time before an instant count any more; it never moves back. */
export async function movePrunedBefore(trx: UnitOfWork, accountId: number, before: Temporal.Instant): Promise<void> {
  await statement('gateway.movePrunedBefore')`
    UPDATE gateway_progress SET pruned_before = ${before}
    WHERE account_id = ${accountId} AND (pruned_before IS NULL OR pruned_before < ${before})`.execute(trx);
}

/**
 * Removes interpreted events with a time before an instant that came before it, and what became of them; but not those
 * that did something or that somebody decided about, nor watermarks: what became of one says whether it still holds. Returns how many, `limit` at most.
 */
export async function deleteEventsBefore(
  trx: UnitOfWork,
  accountId: number,
  before: Temporal.Instant,
  limit: number,
): Promise<number> {
  const { rows } = await statement<{ events: number }>('gateway.deleteEventsBefore')`
    WITH old AS MATERIALIZED (
      SELECT e.gateway_event_id FROM gateway_events e JOIN gateway_progress p USING (account_id)
      WHERE e.account_id = ${accountId} AND e.event_time < ${before} AND e.received_at < ${before} AND e.gateway_event_id <= p.through_id
        AND NOT EXISTS (SELECT FROM gateway_effects x WHERE x.account_id = e.account_id AND x.gateway_event_id = e.gateway_event_id)
        AND NOT EXISTS (SELECT FROM gateway_watermarks w WHERE w.account_id = e.account_id AND w.gateway_event_id = e.gateway_event_id)
        AND NOT EXISTS (SELECT FROM gateway_decisions d WHERE d.account_id = e.account_id AND d.gateway_event_id = e.gateway_event_id)
      ORDER BY e.event_time LIMIT ${limit}
    ), outcomes AS (
      DELETE FROM gateway_outcomes o USING old WHERE o.account_id = ${accountId} AND o.gateway_event_id = old.gateway_event_id
    ), events AS (
      DELETE FROM gateway_events e USING old WHERE e.account_id = ${accountId} AND e.gateway_event_id = old.gateway_event_id
      RETURNING e.gateway_event_id
    )
    SELECT count(*) AS events FROM events`.execute(trx);
  return rows[0]?.events ?? 0;
}
