import { sql } from 'kysely';
import type { UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// What events count as is metered soon after they are interpreted, and once a minute at most: days that are over are metered
// again for each of them. By real time, however the clock of the accounts stands.

const isRecent = sql`coalesce(metering_asked_at > clock_timestamp() - interval '60 seconds', false)`;

/** Whether what a source's events count as is to be metered now; else it is due. */
export async function askMetering(trx: UnitOfWork, accountId: number): Promise<boolean> {
  const { rows } = await statement<{ now: boolean }>('gateway.askMetering')`
    UPDATE gateway_progress SET metering_due = ${isRecent},
           metering_asked_at = CASE WHEN ${isRecent} THEN metering_asked_at ELSE clock_timestamp() END
    WHERE account_id = ${accountId} RETURNING NOT metering_due AS now`.execute(trx);
  return rows[0]?.now ?? false;
}

/** Whether what was due of any source is to be metered now. */
export async function claimDueMetering(trx: UnitOfWork): Promise<boolean> {
  const { rows } = await statement('gateway.claimDueMetering')`
    UPDATE gateway_progress SET metering_due = false, metering_asked_at = clock_timestamp()
    WHERE metering_due AND NOT ${isRecent} RETURNING account_id`.execute(trx);
  return rows.length > 0;
}
