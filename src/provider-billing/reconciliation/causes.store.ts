import { sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { StagedAllocations } from './allocation.store.ts';
import type { StagedDecisions } from './decisions.store.ts';
import type { Staged, StagedBackups, StagedReplays, StagedVariants } from './outcomes.store.ts';
import { plainOf, type StagedJudged } from './judged.store.ts';
import { outcomeValues, type ResultTables } from './result-tables.store.ts';
import { sharedColumns, type StagedShared } from './shares.store.ts';
import type { BillMonth } from './stage-lines.store.ts';

/** What differs by so much at most is told as rounding. */
const tolerance = sql`0.01`;
/** So many lines of a bill, of two things at least, have the same part taken off: that is a discount. */
const discountedMin = 5;

type StagedCauses = TemporaryTable<'staged_bill_causes'>;

/**
 * What each line that is for something was expected to be, and the first of the causes that explains the difference to
 * the cent. What only the line's own times, duration or words can mean comes before what any amount could mean.
 */
export function stageCauses(
  trx: UnitOfWork,
  {
    replays,
    variants,
    backups,
    judged,
  }: { replays: StagedReplays; variants: StagedVariants; backups: StagedBackups; judged: StagedJudged },
): Promise<StagedCauses> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageCauses',
      table: 'staged_bill_causes',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      WITH parts AS (
        SELECT bill_id, round(100 * (1 - amount / cost)) AS percent, count(*) AS lines, count(DISTINCT subject) AS subjects
        FROM ${replays} WHERE cost >= 1 AND amount < cost AND NOT is_doubled
          AND abs(amount - round(cost * (1 - round(100 * (1 - amount / cost)) / 100), 2)) <= ${tolerance}
        GROUP BY 1, 2
      ), discounts AS (
        SELECT DISTINCT ON (p.bill_id) p.bill_id, p.percent FROM parts p
        WHERE p.percent BETWEEN 1 AND 99 AND p.lines >= ${discountedMin} AND p.subjects > 1
          AND 2 * p.lines >= (SELECT count(*) FROM ${replays} r WHERE r.bill_id = p.bill_id AND r.cost >= 1)
                             + (SELECT count(*) FROM ${plainOf(judged)} o JOIN provider_bill_versions v USING (bill_version_id) WHERE v.bill_id = p.bill_id AND o.expected >= 1)
        ORDER BY p.bill_id, p.lines DESC
      ), judged AS (
        SELECT r.*, coalesce(v.variants, '{}') AS variants,
               CASE WHEN r.is_doubled OR x.is_stray THEN 0.00 ELSE r.cost END AS expected,
               CASE
                 WHEN x.is_stray THEN 'outside_life'
                 WHEN r.is_doubled THEN 'doubled'
                 WHEN r.cost IS NULL THEN 'unpriced'
                 WHEN r.amount = r.cost THEN 'none'
                 WHEN r.is_outside AND NOT r.by_words AND r.amount = r.theirs THEN 'outside_life'
                 WHEN abs(r.theirs_s - r.seconds) > 1 AND r.amount IN (r.theirs, r.longer) THEN 'hours'
                 WHEN r.amount = r.uncapped THEN 'cap'
                 WHEN r.amount = r.least THEN 'minimum'
                 WHEN abs(r.amount - round(r.cost * (1 - d.percent / 100), 2)) <= ${tolerance} THEN 'discount'
                 WHEN abs(r.amount - r.cost) <= ${tolerance} THEN 'rounding'
                 WHEN v.line_id IS NOT NULL THEN 'other_rule'
                 WHEN abs(r.theirs_s - r.seconds) <= 1 OR r.by_words THEN 'price'
                 ELSE 'unknown' END AS cause
        FROM ${replays} r LEFT JOIN ${variants} v USING (line_id) LEFT JOIN discounts d USING (bill_id)
        CROSS JOIN LATERAL (SELECT r.charge_id IS NULL AND r.resource_id IS NOT NULL AND NOT r.by_words AS is_stray) x
      )
      SELECT line_id, expected, cause, since, until, monthly, units, subject, variants FROM judged
      UNION ALL
      SELECT b.line_id, CASE WHEN b.is_doubled THEN 0.00 ELSE b.cost END,
             CASE WHEN b.is_doubled THEN 'doubled' WHEN b.cost IS NULL THEN 'unpriced' WHEN b.amount = b.cost THEN 'none'
                  WHEN NOT b.is_made THEN 'outside_life'
                  WHEN abs(b.amount - round(b.cost * (1 - d.percent / 100), 2)) <= ${tolerance} THEN 'discount'
                  WHEN abs(b.amount - b.cost) <= ${tolerance} THEN 'rounding' ELSE 'price' END,
             NULL, NULL, NULL, NULL, NULL, '{}'
      FROM ${backups} b LEFT JOIN discounts d USING (bill_id) WHERE b.line_id IS NOT NULL`,
  );
}

/** Why a line's amount differs, where nothing that it could be replayed with says so. */
const causeTold = sql`
  CASE WHEN outcome NOT IN ('matched', 'from_bill') THEN 'none' WHEN amount < 0 THEN 'refund'
       WHEN cause IS NULL AND amount = 0 THEN 'none'
       -- Known by its project alone: nobody saw when it was there.
       WHEN coalesce(cause, 'outside_life') = 'outside_life' AND ours IS NOT NULL AND NOT EXISTS (
         SELECT FROM inventory_sync_runs s WHERE s.account_id = our_account AND s.kind = our_kind AND s.outcome = 'complete')
         THEN 'not_visible'
       WHEN cause IS NULL THEN 'outside_life' ELSE cause END`;

/**
 * The outcome of every line that is not plain, once. A line of a resource that is known is matched; one of which only the
 * bill knows is from the bill: of before the account was connected, of between two listings, of a kind that no listing
 * shows. What is left is allocated by the first rule that fits, or unexplained.
 */
export async function insertOutcomes(
  trx: UnitOfWork,
  bills: BillMonth,
  results: ResultTables,
  { lines, matches, accounts }: Staged,
  staged: { causes: StagedCauses; allocations: StagedAllocations; decisions: StagedDecisions; shared: StagedShared },
): Promise<void> {
  const { causes, allocations, decisions, shared } = staged;
  await statement('providerBilling.insertOutcomes')`
    WITH known AS (
      SELECT l.*, m.resource_id AS ours, m.account_id AS our_account, m.kind AS our_kind, m.rule AS match_rule, c.expected, c.cause, c.since, c.until, c.monthly, c.units, c.subject,
             coalesce(c.variants, '{}') AS variants, c.line_id IS NOT NULL AND l.class = 'spaces' AND c.expected IS NOT NULL AS is_account,
             p.method, p.deployment_id AS by_rule, d.deployment_id AS decided, d.deployment_id IS NOT NULL AS is_decided,
             CASE WHEN m.resource_id IS NOT NULL OR l.class IN ('spaces', 'bucket') OR l.class IS NULL THEN NULL
                  WHEN l.begins < (SELECT min(connected_at) FROM ${accounts}) THEN 'before_connection'
                  WHEN EXISTS (SELECT FROM inventory_sync_runs s JOIN ${accounts} USING (account_id)
                               WHERE s.kind = l.resource_kind AND s.outcome = 'complete' AND s.started_at >= l.begins AND s.started_at < l.ends) THEN NULL
                  WHEN EXISTS (SELECT FROM inventory_sync_runs s JOIN ${accounts} USING (account_id)
                               WHERE s.kind = l.resource_kind AND s.outcome = 'complete' AND s.started_at >= l.ends) THEN 'between_syncs'
                  WHEN EXISTS (SELECT FROM inventory_sync_runs s JOIN ${accounts} USING (account_id)
                               WHERE s.kind = l.resource_kind AND s.outcome = 'complete') THEN 'not_yet_synced'
                  ELSE 'not_visible' END AS from_bill
      FROM ${lines} l LEFT JOIN ${matches} m USING (line_id) LEFT JOIN ${causes} c USING (line_id)
      LEFT JOIN LATERAL (
        SELECT a.method, a.deployment_id FROM ${allocations} a
        WHERE m.resource_id IS NULL AND fits_pattern(l.product, a.product) AND fits_pattern(l.description, a.description) AND fits_pattern(l.project_name, a.project)
          AND (a.resource IS NULL OR a.resource IN (l.resource_uuid, l.external_id))
        ORDER BY a.position, a.rule_id LIMIT 1) p ON true
      LEFT JOIN ${decisions} d USING (bill_version_id, position)
    ), judged AS (
      SELECT *, CASE WHEN is_decided THEN 'allocated'
                     WHEN ours IS NOT NULL AND class <> 'bucket' OR is_account THEN 'matched'
                     WHEN ours IS NOT NULL THEN 'allocated'
                     WHEN from_bill IS NOT NULL THEN 'from_bill'
                     WHEN method IS NOT NULL THEN 'allocated' ELSE 'unexplained' END AS outcome,
             CASE WHEN amount < 0 THEN 0.00 WHEN cause IS NULL THEN CASE WHEN class = 'bucket' THEN NULL ELSE 0.00 END ELSE expected END AS due
      FROM known
    ), told AS MATERIALIZED (
      SELECT line_id, bill_id, bill_version_id, position, amount, begins, ends, product, outcome,
             CASE WHEN is_decided THEN 'decision' WHEN ours IS NOT NULL THEN match_rule WHEN is_account THEN 'account'
                  WHEN outcome = 'from_bill' THEN from_bill WHEN outcome = 'allocated' THEN method
                  WHEN class IS NULL THEN 'unknown_product' ELSE 'never_seen' END AS rule,
             CASE WHEN is_decided THEN 'deployment' WHEN ours IS NOT NULL THEN NULL ELSE method END AS method,
             CASE WHEN is_decided THEN decided ELSE by_rule END AS deployment_id, ours AS resource_id,
             CASE WHEN outcome IN ('matched', 'from_bill') THEN due END AS expected,
             CASE WHEN outcome IN ('matched', 'from_bill') THEN amount - coalesce(due, 0.00) ELSE 0.00 END AS difference,
             ${causeTold} AS cause,
             since, until, monthly, units, subject, CASE WHEN outcome IN ('matched', 'from_bill') THEN variants ELSE '{}' END AS variants,
             array_remove(ARRAY[
               CASE WHEN ours IS NOT NULL AND match_rule = 'name' AND class <> 'bucket' THEN
                 CASE WHEN num_nonnulls(resource_uuid, external_id) = 0 THEN 'no_id' ELSE 'wrong_id' END END,
               CASE WHEN ours IS NOT NULL AND NOT is_known_product THEN 'unknown_product' END],
               NULL) AS remarks,
             outcome = 'from_bill' OR coalesce(begins < first_connected, false) AS from_bill
      FROM judged CROSS JOIN (
        SELECT min(a.connected_at) AS first_connected FROM bill_payer_accounts c JOIN inventory_accounts a USING (account_id)
        WHERE c.payer_id = ${bills.payerId} AND c.superseded_at = 'infinity') f
    ), written AS (
      INSERT INTO ${results.outcomes} (reconciliation_id, ${outcomeValues})
      SELECT g.reconciliation_id, position, outcome, rule, resource_id, expected, difference, cause, since, until, monthly, units, subject, variants, remarks
      FROM told JOIN ${results.targets} g USING (bill_id)
    )
    INSERT INTO ${shared} (${sharedColumns})
    SELECT line_id, bill_id, position, amount, product, from_bill, outcome, rule, method, deployment_id, resource_id, begins, ends FROM told`.execute(
    trx,
  );
  await statement('providerBilling.analyzeShared')`ANALYZE ${shared}`.execute(trx);
}
