import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../platform/database/temporary-table.ts';
import type { StagedOutcomes } from './plain-lines.store.ts';
import { type BillMonth, monthStart, type StagedAccounts } from './stage-lines.store.ts';

// Who bears a line: its amount in shares by whole weights, with the largest remainder, so that they add up to it.

export type StagedShares = TemporaryTable<'staged_bill_shares'>;

const unattributed = sql`(SELECT deployment_id FROM deployments_list WHERE slug = 'unattributed')`;

/** Every share of a month: what one deployment bears alone stands with its line. */
export function everyShare({
  outcomes,
  shares,
}: {
  outcomes: StagedOutcomes;
  shares: StagedShares;
}): RawBuilder<unknown> {
  return sql`(SELECT bill_id, position, 'deployment' AS target, owner AS deployment_id, amount, product, outcome, begins
              FROM ${outcomes} WHERE owner IS NOT NULL
              UNION ALL
              SELECT o.bill_id, o.position, s.target, s.deployment_id, s.amount, o.product, o.outcome, o.begins
              FROM ${shares} s JOIN ${outcomes} o USING (line_id))`;
}

/**
 * The shares of every line whose owner is not known yet. One of a resource is borne by its owners, by time and share
 * within the line's interval; one that is allocated, as its rule says: what was matched in the month comes first, because
 * some are shared like it.
 */
export async function stageShares(
  trx: UnitOfWork,
  bills: BillMonth,
  outcomes: StagedOutcomes,
  accounts: StagedAccounts,
): Promise<StagedShares> {
  const shares = await createTemporaryTable(
    trx,
    { statement: 'providerBilling.stageShares', table: 'staged_bill_shares' },
    sql`line_id bigint NOT NULL, target text NOT NULL, deployment_id bigint, amount numeric NOT NULL`,
  );
  await insertShares(trx, shares, outcomes, await stageOwners(trx, outcomes));
  await insertShares(trx, shares, outcomes, await stageAllocations(trx, bills, { outcomes, shares, accounts }));
  return shares;
}

type StagedWeights = TemporaryTable<'staged_bill_weights'>;

/** Weights of owners: microseconds within the line's interval by whole shares. What nobody owned is unattributed. */
function stageOwners(trx: UnitOfWork, outcomes: StagedOutcomes): Promise<StagedWeights> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageOwners', table: 'staged_bill_weights', analyze: true },
    sql`
      WITH owned AS (
        SELECT o.line_id, w.deployment_id, w.weight, w.weight_total,
               least(a.valid_to, o.ends) - greatest(a.valid_from, o.begins) AS held
        FROM (SELECT line_id, resource_id, begins, greatest(ends, begins + interval '1 microsecond') AS ends FROM ${outcomes}
              WHERE resource_id IS NOT NULL AND rule <> 'decision' AND owner IS NULL) o
        JOIN deployments_attributions a ON a.resource_id = o.resource_id AND a.valid_from < o.ends AND a.valid_to > o.begins
        JOIN deployments_owners w USING (owner_set_id)
      ), single AS (SELECT line_id, min(deployment_id) AS deployment_id FROM owned GROUP BY line_id HAVING count(*) = 1
      ), common AS (SELECT line_id, least_common_multiple(weight_total::numeric) AS total FROM owned GROUP BY line_id HAVING count(*) > 1)
      -- One owner alone is the usual case: nothing is divided.
      SELECT line_id, 'deployment' AS target, deployment_id, 1::numeric AS weight, true AS is_only FROM single
      UNION ALL
      SELECT line_id, 'deployment' AS target, deployment_id, sum(trunc(extract(epoch FROM held) * 1000000) * weight * div(total, weight_total)) AS weight, false
      FROM owned JOIN common USING (line_id) GROUP BY line_id, deployment_id
      UNION ALL
      SELECT line_id, 'deployment', coalesce(CASE WHEN resource_id IS NULL THEN deployment_id END, ${unattributed}), 1, true FROM ${outcomes} o
      WHERE outcome IN ('matched', 'from_bill') AND rule <> 'account' AND owner IS NULL AND NOT EXISTS (SELECT FROM owned w WHERE w.line_id = o.line_id)`,
  );
}

/** Weights of what is allocated. Where nothing weighs anything, it is unattributed. */
function stageAllocations(
  trx: UnitOfWork,
  bills: BillMonth,
  { outcomes, shares, accounts }: { outcomes: StagedOutcomes; shares: StagedShares; accounts: StagedAccounts },
): Promise<StagedWeights> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageAllocations', table: 'staged_bill_weights', analyze: true },
    sql`
      WITH outstanding AS (
        SELECT line_id, method, deployment_id FROM ${outcomes} o
        WHERE outcome <> 'unexplained' AND owner IS NULL AND NOT EXISTS (SELECT FROM ${shares} s WHERE s.line_id = o.line_id)
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
        SELECT 'matched_cost', deployment_id, trunc(sum(amount) * 1000000) FROM ${everyShare({ outcomes, shares })} s WHERE target = 'deployment'
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

/**
 * Splits amounts by weights in whole hundredths, or finer where the amount is: the whole part of each, and the rest one
 * by one to the largest remainders, equal ones by slug. A negative amount is split as the mirror of a positive one.
 */
async function insertShares(
  trx: UnitOfWork,
  shares: StagedShares,
  outcomes: StagedOutcomes,
  weights: StagedWeights,
): Promise<void> {
  await statement('providerBilling.insertShares')`
    INSERT INTO ${shares}
    WITH whole AS (
      SELECT o.line_id, w.target, w.deployment_id, w.weight, sum(w.weight) OVER (PARTITION BY o.line_id) AS total,
             sign(o.amount) AS sign, u.digits, u.unit, div(abs(o.amount), u.unit) AS units
      FROM ${outcomes} o JOIN (SELECT * FROM ${weights} WHERE NOT is_only) w USING (line_id)
      CROSS JOIN LATERAL (SELECT digits, power(10::numeric, -digits) AS unit FROM (SELECT greatest(2, scale(trim_scale(o.amount))) AS digits) d) u
    ), parts AS (
      SELECT w.*, div(w.units * w.weight, w.total) AS base,
             row_number() OVER (PARTITION BY w.line_id ORDER BY mod(w.units * w.weight, w.total) DESC, d.slug COLLATE "C") AS place,
             w.units - sum(div(w.units * w.weight, w.total)) OVER (PARTITION BY w.line_id) AS rest
      FROM whole w LEFT JOIN deployments_list d USING (deployment_id)
    )
    SELECT line_id, target, deployment_id, round(sign * unit * (base + CASE WHEN place <= rest THEN 1 ELSE 0 END), digits) FROM parts
    UNION ALL
    SELECT o.line_id, w.target, w.deployment_id, round(o.amount, greatest(2, scale(trim_scale(o.amount))))
    FROM ${outcomes} o JOIN ${weights} w USING (line_id) WHERE w.is_only`.execute(trx);
}
