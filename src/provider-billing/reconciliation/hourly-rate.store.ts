import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { stageLevels, stageLives, stagePrices } from './stage-charges.store.ts';
import { type BillMonth, stageAccounts } from './stage-lines.store.ts';

interface HourlyRate {
  /** Of all that has a price, exactly. */
  readonly hourlyRate: string;
  /** How many resources have no known price. */
  readonly unpriced: number;
}

/**
 * What an hour of what is there at an instant costs, by the price book: what has reached the limit of its month costs
 * nothing more. Backups, transfer and taxes are not in it. Assumes that the inventory is known at that instant.
 */
export async function selectHourlyRate(trx: UnitOfWork, payerId: number, at: Temporal.Instant): Promise<HourlyRate> {
  const day = at.subtract({ microseconds: 1 }).toZonedDateTimeISO('UTC').toPlainDate();
  const bills: BillMonth = { payerId, month: day.with({ day: 1 }), until: at, bills: [] };
  const accounts = await stageAccounts(trx, bills);
  const lives = await stageLives(trx, bills, accounts);
  const levels = await stageLevels(trx, bills, { accounts, lives, judged: null });
  const prices = await stagePrices(trx, bills, { there: levels, accounts });
  const { rows } = await statement<HourlyRate>('providerBilling.selectHourlyRate')`
    WITH there AS (
      SELECT l.account_id, l.subject, l.units, l.count, l.class,
             extract(epoch FROM ${at}::timestamptz - greatest(l.since, date_trunc('month', ${at}::timestamptz - interval '1 microsecond', 'UTC'))) AS lived
      FROM ${levels} l WHERE l.since < ${at}::timestamptz AND l.until >= ${at}::timestamptz
      UNION ALL
      SELECT s.account_id, 'spaces:subscription', 1::numeric, 1, 'spaces',
             extract(epoch FROM ${at}::timestamptz - greatest(min(s.valid_from), date_trunc('month', ${at}::timestamptz - interval '1 microsecond', 'UTC')))
      FROM inventory_states s JOIN ${accounts} a USING (account_id)
      WHERE s.kind = 'spaces_bucket' AND s.valid_from < ${at}::timestamptz AND s.valid_to >= ${at}::timestamptz GROUP BY s.account_id
    ), priced AS (
      SELECT t.*, p.monthly, p.per FROM there t
      LEFT JOIN ${prices} p ON p.account_id = t.account_id AND p.subject = t.subject AND p.since < ${at}::timestamptz AND p.until >= ${at}::timestamptz
    )
    SELECT coalesce(sum(monthly * units * count * 3600 / per) FILTER (WHERE lived < per), 0)::text AS "hourlyRate",
           count(*) FILTER (WHERE monthly IS NULL OR units IS NULL)::int AS unpriced
    FROM priced`.execute(trx);
  return rows[0]!;
}
