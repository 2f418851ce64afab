import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { StagedOutcomes } from './causes.store.ts';
import type { Staged, StagedBackups } from './outcomes.store.ts';
import type { StagedShares } from './shares.store.ts';
import type { BillMonth } from './stage-lines.store.ts';

// What a reconciliation comes to, kept: once for each bill that is open, and unchanged where it is the same.

type StagedMissing = TemporaryTable<'staged_bill_missing'>;

/** What should have been charged and is on no line: by resource and time. */
export function stageMissing(
  trx: UnitOfWork,
  { items, costs }: Staged,
  backups: StagedBackups,
): Promise<StagedMissing> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageMissing', table: 'staged_bill_missing' },
    sql`
      SELECT row_number() OVER (ORDER BY resource_id, class, since, subject)::int AS ordinal, m.* FROM (
        SELECT i.resource_id, i.class, i.subject, i.since, i.until, c.cost AS expected
        FROM ${items} i JOIN ${costs} c USING (shape) WHERE i.line_id IS NULL AND c.rule IS NULL AND c.cost IS DISTINCT FROM 0
        UNION ALL
        SELECT resource_id, 'backup', NULL, first, first + interval '1 microsecond', cost FROM ${backups}
        WHERE line_id IS NULL AND cost IS DISTINCT FROM 0) m`,
  );
}

/**
 * On what a month's reconciliation rests, in short: as long as it is the same, so is what comes of it. Changes of the
 * log and decisions count as they were last appended; beliefs and rules by the rows that hold, because one that only ends
 * appends nothing.
 */
export async function selectInputs(db: Queryable, { bills, until }: BillMonth): Promise<string> {
  const versions = bills.map(({ versionId }) => versionId);
  const { rows } = await statement<{ inputs: string }>('providerBilling.selectInputs')`
    SELECT concat_ws(' ', array_to_string(${versions}::bigint[], ','), ${until.toString()}::text,
      (SELECT max(change_id) FROM changes WHERE topic IN ('resource', 'ownership', 'price', 'deployment')),
      (SELECT md5(string_agg(billing_rule_belief_id::text, ',' ORDER BY billing_rule_belief_id)) FROM billing_rule_beliefs WHERE superseded_at = 'infinity'),
      (SELECT md5(string_agg(allocation_rule_id::text, ',' ORDER BY allocation_rule_id)) FROM allocation_rules WHERE superseded_at = 'infinity'),
      (SELECT max(bill_decision_id) FROM bill_decisions WHERE bill_version_id = ANY (${versions}::bigint[]) AND kind = 'assign')) AS inputs`.execute(
    db,
  );
  return rows[0]!.inputs;
}

/** Whether each of a month's bills has a reconciliation that rests on these inputs. */
export async function selectIsCurrent(db: Queryable, { bills }: BillMonth, inputs: string): Promise<boolean> {
  const { rows } = await statement<{ current: boolean }>('providerBilling.selectIsCurrent')`
    SELECT count(DISTINCT r.bill_id) = ${bills.length} AS current FROM reconciliations r
    WHERE r.bill_id = ANY (${bills.map(({ billId }) => billId)}::bigint[]) AND r.inputs = ${inputs} AND r.reopened_at IS NULL`.execute(
    db,
  );
  return rows[0]!.current;
}

/** What a month was reckoned to, in temporary tables. */
export interface Results {
  readonly outcomes: StagedOutcomes;
  readonly shares: StagedShares;
  readonly missing: StagedMissing;
}

/**
 * Whoever reconciles a payer's bills takes turns until the end of the transaction. What the planner is told of temporary
 * tables is how many rows they have: histograms of each of their columns took longer than filling them.
 */
export async function lockReconciling(trx: UnitOfWork, payerId: number): Promise<void> {
  await statement(
    'providerBilling.lockReconciling',
  )`SELECT pg_advisory_xact_lock(hashtextextended('reconciliations', ${payerId}::bigint)),
           set_config('default_statistics_target', '5', true)`.execute(trx);
}

/**
 * Keeps what a month comes to: of each bill whose results are others than those that are kept, a new open reconciliation
 * in place of the one before. Where the results are the same, only what they rest on is noted. A bill that was signed
 * keeps what was signed; what differs from it is kept beside it. What is missing is told with the month's first bill.
 * Says how many bills have other results than before.
 */
export async function writeResults(
  trx: UnitOfWork,
  { bills }: BillMonth,
  inputs: string,
  results: Results,
  now: Temporal.Instant,
): Promise<number> {
  let written = 0;
  for (const [at, { billId, versionId }] of bills.entries()) {
    const totals = await selectTotals(trx, { billId, versionId, isFirst: at === 0 }, results);
    const kept = await selectKept(trx, billId);
    const same = kept.find(({ digest, bill }) => digest === totals.digest && bill === versionId);
    if (same !== undefined) {
      await settle(trx, billId, same, inputs);
      continue;
    }
    await deleteOpen(trx, billId);
    await insertReconciliation(trx, { billId, versionId, inputs, isFirst: at === 0 }, totals, results, now);
    written += 1;
  }
  return written;
}

interface Kept {
  readonly id: number;
  readonly digest: string;
  readonly bill: number;
  readonly isSigned: boolean;
}

async function selectKept(trx: UnitOfWork, billId: number): Promise<Kept[]> {
  const { rows } = await statement<Kept>('providerBilling.selectKept')`
    SELECT reconciliation_id AS id, digest, bill_version_id AS bill, signed_at IS NOT NULL AS "isSigned"
    FROM reconciliations WHERE bill_id = ${billId} AND reopened_at IS NULL ORDER BY signed_at NULLS LAST`.execute(trx);
  return rows;
}

/** The results are what they were. What was signed needs nothing beside it then. */
async function settle(trx: UnitOfWork, billId: number, same: Kept, inputs: string): Promise<void> {
  if (same.isSigned) await deleteOpen(trx, billId);
  else
    await statement('providerBilling.settle')`
      UPDATE reconciliations SET inputs = ${inputs} WHERE reconciliation_id = ${same.id} AND inputs <> ${inputs}`.execute(
      trx,
    );
}

async function deleteOpen(trx: UnitOfWork, billId: number): Promise<void> {
  await statement('providerBilling.deleteOpen')`
    DELETE FROM reconciliations WHERE bill_id = ${billId} AND signed_at IS NULL`.execute(trx);
}

interface Totals {
  readonly amount: string;
  readonly expected: string;
  readonly differences: string;
  readonly allocated: string;
  readonly unexplained: string;
  readonly residual: string;
  readonly digest: string;
}

interface BillOf {
  readonly billId: number;
  readonly versionId: number;
  readonly isFirst: boolean;
}

/** The bridge of a bill, and what tells its results from others. */
async function selectTotals(
  trx: UnitOfWork,
  { billId, versionId, isFirst }: BillOf,
  results: Results,
): Promise<Totals> {
  const { outcomes, shares, missing } = results;
  const { rows } = await statement<Totals>('providerBilling.selectTotals')`
    WITH own AS (SELECT * FROM ${outcomes} WHERE bill_id = ${billId}), absent AS (SELECT * FROM ${missing} WHERE ${isFirst}),
    sums AS (
      SELECT coalesce(sum(expected), 0.00) + (SELECT coalesce(sum(expected), 0.00) FROM absent) AS expected,
             coalesce(sum(difference), 0.00) - (SELECT coalesce(sum(expected), 0.00) FROM absent) AS differences,
             coalesce(sum(amount) FILTER (WHERE outcome = 'allocated'), 0.00) AS allocated,
             coalesce(sum(amount) FILTER (WHERE outcome = 'unexplained'), 0.00) AS unexplained
      FROM own
    ), texts AS (
      -- The sum of the rows' hashes, whatever their order: half the time of sorting and digesting them.
      SELECT concat_ws(' ', 'outcomes', count(*), sum(hashtextextended(ROW(position, outcome, rule, resource_id, expected, difference, cause,
                         since, until, monthly, units, subject, variants, remarks)::text, 0)::numeric)) AS told FROM own
      UNION ALL
      SELECT concat_ws(' ', 'shares', count(*), sum(hashtextextended(ROW(o.position, s.target, s.deployment_id, s.amount)::text, 0)::numeric))
      FROM own o JOIN ${shares} s USING (line_id)
      UNION ALL
      SELECT concat_ws(' ', 'missing', count(*), sum(hashtextextended(ROW(ordinal, resource_id, class, subject, since, until, expected)::text, 0)::numeric))
      FROM absent
    )
    SELECT v.amount, s.expected, s.differences, s.allocated, s.unexplained, v.amount - v.lines_amount AS residual,
           (SELECT encode(sha256(convert_to(coalesce(string_agg(told, '/' ORDER BY told), ''), 'UTF8')), 'hex') FROM texts) AS digest
    FROM provider_bill_versions v CROSS JOIN sums s WHERE v.bill_version_id = ${versionId}`.execute(trx);
  return rows[0]!;
}

/** An open reconciliation with the results of one that was signed. */
export async function insertCopy(trx: UnitOfWork, reconciliationId: number): Promise<void> {
  const { rows } = await statement<{ id: number }>('providerBilling.insertCopy')`
    INSERT INTO reconciliations (bill_id, bill_version_id, inputs, digest, amount, expected, differences, allocated, unexplained, residual, made_at)
    SELECT bill_id, bill_version_id, inputs, digest, amount, expected, differences, allocated, unexplained, residual, made_at
    FROM reconciliations WHERE reconciliation_id = ${reconciliationId} RETURNING reconciliation_id AS id`.execute(trx);
  const { id } = rows[0]!;
  await statement('providerBilling.insertCopyOfOutcomes')`
    INSERT INTO bill_line_outcomes (reconciliation_id, position, outcome, rule, resource_id, expected, difference, cause, valid_from, valid_to,
                                    monthly, units, subject, variants, remarks)
    SELECT ${id}, position, outcome, rule, resource_id, expected, difference, cause, valid_from, valid_to, monthly, units, subject, variants, remarks
    FROM bill_line_outcomes WHERE reconciliation_id = ${reconciliationId}`.execute(trx);
  await statement('providerBilling.insertCopyOfShares')`
    INSERT INTO bill_line_shares (reconciliation_id, position, target, deployment_id, amount)
    SELECT ${id}, position, target, deployment_id, amount FROM bill_line_shares WHERE reconciliation_id = ${reconciliationId}`.execute(
    trx,
  );
  await statement('providerBilling.insertCopyOfCostSums')`
    INSERT INTO bill_cost_sums (reconciliation_id, target, deployment_id, product, from_bill, amount)
    SELECT ${id}, target, deployment_id, product, from_bill, amount FROM bill_cost_sums WHERE reconciliation_id = ${reconciliationId}`.execute(
    trx,
  );
  await statement('providerBilling.insertCopyOfMissing')`
    INSERT INTO bill_missing (reconciliation_id, ordinal, resource_id, class, subject, valid_from, valid_to, expected)
    SELECT ${id}, ordinal, resource_id, class, subject, valid_from, valid_to, expected FROM bill_missing
    WHERE reconciliation_id = ${reconciliationId}`.execute(trx);
}

async function insertReconciliation(
  trx: UnitOfWork,
  { billId, versionId, isFirst, inputs }: BillOf & { readonly inputs: string },
  totals: Totals,
  { outcomes, shares, missing }: Results,
  now: Temporal.Instant,
): Promise<void> {
  const { amount, expected, differences, allocated, unexplained, residual, digest } = totals;
  const { rows } = await statement<{ id: number }>('providerBilling.insertReconciliation')`
    INSERT INTO reconciliations (bill_id, bill_version_id, inputs, digest, amount, expected, differences, allocated, unexplained, residual, made_at)
    VALUES (${billId}, ${versionId}, ${inputs}, ${digest}, ${amount}::numeric, ${expected}::numeric, ${differences}::numeric,
            ${allocated}::numeric, ${unexplained}::numeric, ${residual}::numeric, ${now}::timestamptz)
    RETURNING reconciliation_id AS id`.execute(trx);
  const { id } = rows[0]!;
  const ours: RawBuilder<unknown> = sql`bill_id = ${billId}`;
  await statement('providerBilling.insertOutcomes')`
    INSERT INTO bill_line_outcomes (reconciliation_id, position, outcome, rule, resource_id, expected, difference, cause, valid_from, valid_to,
                                    monthly, units, subject, variants, remarks)
    SELECT ${id}, position, outcome, rule, resource_id, expected, difference, cause, since, until, monthly, units, subject, variants, remarks
    FROM ${outcomes} WHERE ${ours}`.execute(trx);
  await statement('providerBilling.insertLineShares')`
    INSERT INTO bill_line_shares (reconciliation_id, position, target, deployment_id, amount)
    SELECT ${id}, o.position, s.target, s.deployment_id, s.amount FROM ${shares} s JOIN ${outcomes} o USING (line_id) WHERE o.${ours}`.execute(
    trx,
  );
  await statement('providerBilling.insertCostSums')`
    INSERT INTO bill_cost_sums (reconciliation_id, target, deployment_id, product, from_bill, amount)
    SELECT ${id}, s.target, s.deployment_id, o.product, o.outcome = 'from_bill' OR coalesce(o.begins < f.connected_at, false), sum(s.amount)
    FROM ${shares} s JOIN ${outcomes} o USING (line_id)
    CROSS JOIN (SELECT min(a.connected_at) AS connected_at
                FROM provider_bills b JOIN bill_payer_accounts c ON c.payer_id = b.payer_id AND c.superseded_at = 'infinity'
                JOIN inventory_accounts a ON a.account_id = c.account_id WHERE b.bill_id = ${billId}) f
    WHERE o.${ours} GROUP BY 2, 3, 4, 5`.execute(trx);
  if (!isFirst) return;
  await statement('providerBilling.insertMissing')`
    INSERT INTO bill_missing (reconciliation_id, ordinal, resource_id, class, subject, valid_from, valid_to, expected)
    SELECT ${id}, ordinal, resource_id, class, subject, since, greatest(until, since), expected FROM ${missing}`.execute(
    trx,
  );
}
