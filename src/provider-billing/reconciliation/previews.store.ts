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
export async function selectSums(trx: UnitOfWork, { outcomes, missing }: Results): Promise<Sums> {
  const { rows } = await statement<Sums>('providerBilling.selectSums')`
    WITH absent AS (SELECT coalesce(sum(expected), 0.00) AS expected FROM ${missing})
    SELECT coalesce(sum(o.expected), 0.00) + a.expected AS expected, coalesce(sum(o.difference), 0.00) - a.expected AS differences,
           coalesce(sum(o.amount) FILTER (WHERE o.outcome = 'allocated'), 0.00) AS allocated,
           coalesce(sum(o.amount) FILTER (WHERE o.outcome = 'unexplained'), 0.00) AS unexplained
    FROM absent a LEFT JOIN ${outcomes} o ON true GROUP BY a.expected`.execute(trx);
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
