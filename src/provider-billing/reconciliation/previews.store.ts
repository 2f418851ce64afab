import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { Results } from './results.store.ts';

// What a month would come to, in money.

export interface Sums {
  readonly expected: string;
  readonly differences: string;
  readonly allocated: string;
  readonly unexplained: string;
}

/** The bridge of a month that was reckoned, over all its bills. */
export async function selectSums(trx: UnitOfWork, { tables, shared, missing }: Results): Promise<Sums> {
  const { rows } = await statement<Sums>('providerBilling.selectSums')`
    WITH own AS (
      SELECT coalesce(sum(expected), 0.00) AS expected, coalesce(sum(difference), 0.00) AS differences FROM ${tables.outcomes}
    ), other AS (
      SELECT coalesce(sum(amount) FILTER (WHERE outcome = 'allocated'), 0.00) AS allocated,
             coalesce(sum(amount) FILTER (WHERE outcome = 'unexplained'), 0.00) AS unexplained
      FROM ${shared}
    ), absent AS (SELECT coalesce(sum(expected), 0.00) AS expected FROM ${missing})
    SELECT own.expected + absent.expected AS expected, own.differences - absent.expected AS differences, other.allocated, other.unexplained
    FROM own CROSS JOIN other CROSS JOIN absent`.execute(trx);
  return rows[0]!;
}

export interface BearerSum {
  readonly target: 'deployment' | 'operator' | 'not_cost';
  readonly deployment: string | null;
  readonly amount: string;
}

/** What each deployment would bear of a month that was reckoned. */
export async function selectBearers(trx: UnitOfWork, { sums }: Results): Promise<BearerSum[]> {
  const { rows } = await statement<BearerSum>('providerBilling.selectBearers')`
    SELECT s.target, d.slug AS deployment, sum(s.amount) AS amount FROM ${sums} s LEFT JOIN deployments_list d USING (deployment_id)
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(trx);
  return rows;
}
