import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** Whether it is this transaction's to send that events count for nothing: nobody has since an instant. If not, it is still to be sent. */
export async function claimDeadNotice(
  trx: UnitOfWork,
  accountId: number,
  since: Temporal.Instant,
  now: Temporal.Instant,
): Promise<boolean> {
  const { rows } = await statement<{ isClaimed: boolean }>('gateway.claimDeadNotice')`
    UPDATE gateway_progress SET
      dead_announced_at = CASE WHEN dead_announced_at > ${since} THEN dead_announced_at ELSE ${now} END,
      dead_unannounced = coalesce(dead_announced_at > ${since}, false)
    WHERE account_id = ${accountId} RETURNING NOT dead_unannounced AS "isClaimed"`.execute(trx);
  return rows[0]?.isClaimed ?? false;
}

/** Sources of which it is still to be sent that events count for nothing, and of which nobody has sent it since an instant, by name. */
export async function claimUnannounced(
  trx: UnitOfWork,
  since: Temporal.Instant,
  now: Temporal.Instant,
): Promise<{ readonly accountId: number; readonly source: string }[]> {
  const { rows } = await statement<{ accountId: number; source: string }>('gateway.claimUnannounced')`
    UPDATE gateway_progress p SET dead_announced_at = ${now}, dead_unannounced = false FROM inventory_accounts a
    WHERE a.account_id = p.account_id AND p.dead_unannounced AND p.dead_announced_at <= ${since}
    RETURNING p.account_id AS "accountId", a.slug AS source`.execute(trx);
  return rows.sort((a, b) => (a.source < b.source ? -1 : 1));
}

interface Dead {
  readonly dead: number;
  readonly rejected: number;
}

/** Dead letters of a source, and messages of its queue that held no events. */
export async function countDead(db: Queryable, accountId: number): Promise<Dead> {
  const { rows } = await statement<Dead>('gateway.countDead')`
    SELECT (SELECT count(*) FROM gateway_outcomes WHERE account_id = ${accountId} AND outcome = 'dead') AS dead,
           coalesce((SELECT rejected FROM gateway_queues WHERE account_id = ${accountId}), 0) AS rejected`.execute(db);
  return rows[0] ?? { dead: 0, rejected: 0 };
}

/** Sources that were silent for as long as they were given and of which nobody has sent it, by name. */
export async function claimSilentNotices(
  trx: UnitOfWork,
  now: Temporal.Instant,
): Promise<{ readonly source: string; readonly lastReceivedAt: Temporal.Instant | null }[]> {
  const { rows } = await statement<{ source: string; lastReceivedAt: Temporal.Instant | null }>(
    'gateway.claimSilentNotices',
  )`
    WITH silent AS (
      SELECT s.account_id, a.slug AS source, l.received_at
      FROM gateway_sources s JOIN inventory_accounts a USING (account_id) JOIN gateway_progress p USING (account_id)
      LEFT JOIN LATERAL (SELECT received_at FROM gateway_events e WHERE e.account_id = s.account_id
                         ORDER BY gateway_event_id DESC LIMIT 1) AS l ON true
      WHERE s.silent_after_hours IS NOT NULL AND NOT s.paused AND a.disconnected_at IS NULL
        AND coalesce(l.received_at, a.connected_at) + s.silent_after_hours * interval '1 hour' <= ${now}
        AND (p.silent_announced_at IS NULL OR p.silent_announced_at < coalesce(l.received_at, a.connected_at))
    )
    UPDATE gateway_progress p SET silent_announced_at = ${now} FROM silent s WHERE p.account_id = s.account_id
    RETURNING s.source, s.received_at AS "lastReceivedAt"`.execute(trx);
  return rows.sort((a, b) => (a.source < b.source ? -1 : 1));
}
