import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../platform/database/temporary-table.ts';
import { type ResultTables, shareValues } from './result-tables.store.ts';
import { type BillMonth, monthStart, type StagedAccounts } from './stage-lines.store.ts';

// Who bears a line: its amount in shares by whole weights, with the largest remainder, so that they add up to it.

/** Shares of lines that no deployment is known to bear alone. */
type StagedShares = TemporaryTable<'staged_bill_shares'>;
/** What each bears of a bill, by product. */
export type StagedSums = TemporaryTable<'staged_bill_sums'>;
/**
 * The lines that no deployment is known to bear alone, with what came of them. `method`: how it is shared where no resource
 * says; `from_bill`: nothing but the bill says that it cost anything.
 */
export type StagedShared = TemporaryTable<'staged_bill_shared'>;

export const sharedColumns = sql`line_id, bill_id, position, amount, product, from_bill, outcome, rule, method, deployment_id, resource_id, begins, ends`;

const unattributed = sql`(SELECT deployment_id FROM deployments_list WHERE slug = 'unattributed')`;

/** No such line yet. */
export function createShared(trx: UnitOfWork): Promise<StagedShared> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.createShared', table: 'staged_bill_shared' },
    sql`line_id bigint, bill_id bigint, position int, amount numeric, product text, from_bill boolean, outcome text, rule text, method text,
        deployment_id bigint, resource_id bigint, begins timestamptz, ends timestamptz`,
  );
}

/** No sum yet. One of a bill, a bearer and a product may be in several parts. */
export function createSums(trx: UnitOfWork): Promise<StagedSums> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.createSums', table: 'staged_bill_sums' },
    sql`bill_id bigint, target text, deployment_id bigint, product text, from_bill boolean, amount numeric`,
  );
}

/**
 * The shares of every line whose owner is not known yet. One of a resource is borne by its owners, by time and share
 * within the line's interval; one that is allocated, as its rule says: what was matched in the month comes first, because
 * some are shared like it.
 */
export async function insertSharesOf(
  trx: UnitOfWork,
  bills: BillMonth,
  results: ResultTables,
  { shared, sums, accounts }: { shared: StagedShared; sums: StagedSums; accounts: StagedAccounts },
): Promise<void> {
  const shares = await createTemporaryTable(
    trx,
    { statement: 'providerBilling.stageShares', table: 'staged_bill_shares' },
    sql`line_id bigint NOT NULL, bill_id bigint NOT NULL, position int NOT NULL, target text NOT NULL, deployment_id bigint,
        amount amount NOT NULL, product text, from_bill boolean NOT NULL`,
  );
  await insertShares(trx, shares, shared, await stageOwners(trx, shared));
  await statement('providerBilling.insertSums')`INSERT INTO ${sums} ${sumsOf(sql`${shares} s`)}`.execute(trx);
  const weights = await stageAllocations(trx, bills, { shared, shares, sums, accounts });
  await insertShares(trx, shares, shared, weights);
  const allocated = sql`${shares} s WHERE EXISTS (SELECT FROM ${weights} w WHERE w.line_id = s.line_id)`;
  await statement('providerBilling.insertAllocatedSums')`INSERT INTO ${sums} ${sumsOf(allocated)}`.execute(trx);
  await statement('providerBilling.insertLineShares')`
    INSERT INTO ${results.shares} (reconciliation_id, ${shareValues})
    SELECT g.reconciliation_id, position, s.target, deployment_id, amount FROM ${shares} s JOIN ${results.targets} g USING (bill_id)`.execute(
    trx,
  );
}

function sumsOf(shares: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT bill_id, target, deployment_id, product, from_bill, sum(amount) AS amount FROM ${shares} GROUP BY 1, 2, 3, 4, 5`;
}

type StagedWeights = TemporaryTable<'staged_bill_weights'>;

/** Weights of owners: microseconds within the line's interval by whole shares. What nobody owned is unattributed. */
function stageOwners(trx: UnitOfWork, shared: StagedShared): Promise<StagedWeights> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageOwners', table: 'staged_bill_weights', analyze: true },
    sql`
      WITH owned AS MATERIALIZED (
        SELECT o.line_id, w.deployment_id, w.weight, w.weight_total,
               trunc(extract(epoch FROM least(a.valid_to, o.ends) - greatest(a.valid_from, o.begins)) * 1000000) AS held
        FROM (SELECT line_id, resource_id, begins, greatest(ends, begins + interval '1 microsecond') AS ends FROM ${shared} WHERE resource_id IS NOT NULL AND rule <> 'decision') o
        JOIN deployments_attributions a ON a.resource_id = o.resource_id AND a.valid_from < o.ends AND a.valid_to > o.begins
        JOIN deployments_owners w USING (owner_set_id)
      ), common AS (
        SELECT line_id, count(*) = 1 AS is_only, least_common_multiple(weight_total::numeric) AS total FROM owned GROUP BY line_id
      )
      -- One owner alone is the usual case: nothing is divided.
      SELECT line_id, 'deployment' AS target, deployment_id, sum(CASE WHEN is_only THEN 1 ELSE held * weight * div(total, weight_total) END) AS weight, is_only
      FROM owned JOIN common USING (line_id) GROUP BY line_id, deployment_id, is_only
      UNION ALL
      SELECT line_id, 'deployment', coalesce(CASE WHEN resource_id IS NULL THEN deployment_id END, ${unattributed}), 1, true FROM ${shared} o
      WHERE outcome IN ('matched', 'from_bill') AND rule <> 'account' AND NOT EXISTS (SELECT FROM owned w WHERE w.line_id = o.line_id)`,
  );
}

/** Weights of what is allocated. Where nothing weighs anything, it is unattributed. */
function stageAllocations(
  trx: UnitOfWork,
  bills: BillMonth,
  {
    shared,
    shares,
    sums,
    accounts,
  }: { shared: StagedShared; shares: StagedShares; sums: StagedSums; accounts: StagedAccounts },
): Promise<StagedWeights> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageAllocations', table: 'staged_bill_weights', analyze: true },
    sql`
      WITH outstanding AS (
        SELECT line_id, method, deployment_id FROM ${shared} o
        WHERE outcome <> 'unexplained' AND NOT EXISTS (SELECT FROM ${shares} s WHERE s.line_id = o.line_id)
      ), stored AS (
        SELECT w.deployment_id, w.weight, w.weight_total, round((s.attributes ->> 'size_gb')::numeric * 1000000000)
                 * trunc(extract(epoch FROM least(a.valid_to, s.valid_to, ${bills.until}::timestamptz)
                                          - greatest(a.valid_from, s.valid_from, ${monthStart(bills)}::timestamptz)) * 1000000) AS bytes_us
        FROM inventory_states s JOIN ${accounts} USING (account_id)
        JOIN deployments_attributions a ON a.resource_id = s.resource_id AND a.valid_from < s.valid_to AND a.valid_to > s.valid_from
        JOIN deployments_owners w USING (owner_set_id)
        WHERE s.kind = 'spaces_bucket' AND greatest(a.valid_from, s.valid_from) < ${bills.until}::timestamptz
          AND least(a.valid_to, s.valid_to) > ${monthStart(bills)}::timestamptz
      ), total AS (SELECT coalesce(least_common_multiple(weight_total::numeric), 1) AS total FROM stored), weights AS (
        SELECT 'spaces' AS method, deployment_id, sum(bytes_us * weight * div(total, weight_total)) AS weight
        FROM stored CROSS JOIN total GROUP BY deployment_id
        UNION ALL
        SELECT 'matched_cost', deployment_id, trunc(sum(amount) * 1000000) FROM ${sums} WHERE target = 'deployment'
        GROUP BY deployment_id HAVING sum(amount) > 0
      ), weighed AS (
        SELECT o.line_id, 'deployment' AS target, w.deployment_id, w.weight FROM outstanding o JOIN weights w USING (method) WHERE w.weight > 0
        UNION ALL
        SELECT line_id, CASE method WHEN 'deployment' THEN 'deployment' ELSE method END, deployment_id, 1 FROM outstanding
        WHERE method IN ('deployment', 'operator', 'not_cost')
      )
      SELECT *, false AS is_only FROM weighed
      UNION ALL
      SELECT line_id, 'deployment', ${unattributed}, 1, true FROM outstanding o WHERE NOT EXISTS (SELECT FROM weighed w WHERE w.line_id = o.line_id)`,
  );
}

/** Into how many digits an amount `o.amount` is divided. */
const digits = sql`greatest(2, scale(trim_scale(o.amount)))`;

/**
 * Splits amounts by weights in whole hundredths, or finer where the amount is: the whole part of each, and the rest one
 * by one to the largest remainders, equal ones by slug. A negative amount is split as the mirror of a positive one.
 */
async function insertShares(
  trx: UnitOfWork,
  shares: StagedShares,
  shared: StagedShared,
  weights: StagedWeights,
): Promise<void> {
  await statement('providerBilling.insertShares')`
    INSERT INTO ${shares} (line_id, target, deployment_id, amount, bill_id, position, product, from_bill)
    WITH whole AS MATERIALIZED (
      SELECT o.line_id, w.total, d.digits, trunc(abs(o.amount) * power(10::numeric, d.digits)) AS units, sign(o.amount) * power(10::numeric, -d.digits) AS unit
      FROM ${shared} o CROSS JOIN LATERAL (SELECT ${digits}) d (digits) JOIN (SELECT line_id, sum(weight) AS total FROM ${weights} WHERE NOT is_only GROUP BY line_id) w USING (line_id)
    ), divided AS (
      SELECT w.line_id, w.target, w.deployment_id, o.total, o.units, o.unit, o.digits, o.units * w.weight AS part, div(o.units * w.weight, o.total) AS base
      FROM ${weights} w JOIN whole o USING (line_id) WHERE NOT w.is_only
    ), parts AS (
      SELECT p.*, row_number() OVER (PARTITION BY p.line_id ORDER BY p.part - p.base * p.total DESC, d.slug COLLATE "C") AS place,
             p.units - sum(p.base) OVER (PARTITION BY p.line_id) AS rest
      FROM divided p LEFT JOIN deployments_list d USING (deployment_id)
    )
    SELECT p.line_id, p.target, p.deployment_id, round(p.unit * (p.base + CASE WHEN p.place <= p.rest THEN 1 ELSE 0 END), p.digits),
           o.bill_id, o.position, o.product, o.from_bill
    FROM parts p JOIN ${shared} o USING (line_id)
    UNION ALL
    SELECT o.line_id, w.target, w.deployment_id, round(o.amount, ${digits}), o.bill_id, o.position, o.product, o.from_bill
    FROM ${shared} o JOIN ${weights} w USING (line_id) WHERE w.is_only`.execute(trx);
}
