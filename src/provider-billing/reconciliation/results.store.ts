import { type RawBuilder, sql } from 'kysely';
import type { Topic } from '../../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { Staged, StagedBackups } from './outcomes.store.ts';
import type { StagedJudged } from './judged.store.ts';
import {
  keptTables,
  outcomeValues,
  type ResultTables,
  shareValues,
  type Target,
  temporaryTables,
} from './result-tables.store.ts';
import type { StagedShared, StagedSums } from './shares.store.ts';
import { type BillMonth, monthEnd, monthStart } from './stage-lines.store.ts';

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

/** Topics of the log of changes on which what a month comes to rests. */
export const reckonedTopics: readonly Topic[] = ['resource', 'level', 'ownership', 'price', 'deployment'];

/**
 * On what a month's reconciliation rests besides the facts in the log of changes, in short: its bills, its accounts,
 * beliefs, rules and decisions, and kinds that were listed since the bills end: a kind that was not may have had lives
 * that nobody has seen yet.
 */
export async function selectInputs(db: Queryable, month: BillMonth): Promise<string> {
  const { bills, until, payerId } = month;
  const at = monthStart(month);
  const { rows } = await statement<{ inputs: string }>('providerBilling.selectInputs')`
    WITH covered AS (
      SELECT DISTINCT a.account_id, a.connected_at FROM bill_payer_accounts c JOIN inventory_accounts a USING (account_id)
      WHERE c.payer_id = ${payerId} AND c.superseded_at = 'infinity' AND c.valid_from < ${monthEnd(month)}::timestamptz AND c.valid_to > ${at}::timestamptz
    )
    SELECT concat_ws(' ', array_to_string(${bills.map(({ versionId }) => versionId)}::bigint[], ','), ${until.toString()}::text,
      (SELECT md5(string_agg(a::text, ',' ORDER BY account_id)) FROM covered a),
      (SELECT md5(string_agg(account_id || kind, ',' ORDER BY account_id, kind)) FROM inventory_complete_syncs JOIN covered USING (account_id)
       WHERE started_at >= ${until}::timestamptz),
      (SELECT md5(string_agg(billing_rule_belief_id::text, ',' ORDER BY billing_rule_belief_id)) FROM billing_rule_beliefs
       WHERE superseded_at = 'infinity' AND valid_from <= ${at}::timestamptz AND valid_to > ${at}::timestamptz),
      (SELECT md5(string_agg(allocation_rule_id::text, ',' ORDER BY allocation_rule_id)) FROM allocation_rules
       WHERE superseded_at = 'infinity' AND valid_from <= ${at}::timestamptz AND valid_to > ${at}::timestamptz),
      (SELECT max(d.bill_decision_id) FROM bill_decisions d JOIN provider_bill_versions v USING (bill_version_id)
       WHERE v.bill_id = ANY (${bills.map(({ billId }) => billId)}::bigint[]) AND d.kind = 'assign')) AS inputs`.execute(
    db,
  );
  return rows[0]!.inputs;
}

/**
 * Whether a month was reckoned with these inputs, what came of it is there, and nothing that was appended to the log since
 * is about its time and its accounts: what happens in later months leaves it alone. Its time is the month's, and that of
 * lines that began earlier or end later: who bears these rests on their own time.
 */
export async function selectIsCurrent(db: Queryable, month: BillMonth, inputs: string): Promise<boolean> {
  const { rows } = await statement<{ current: boolean }>('providerBilling.selectIsCurrent')`
    SELECT NOT EXISTS (
      SELECT FROM changes c
      WHERE c.change_id > m.change_id AND c.topic = ANY (${[...reckonedTopics]}::text[])
        AND c.valid_from < lines.until AND c.valid_to > lines.since
        AND (c.subject IS NULL OR c.topic NOT IN ('resource', 'level', 'ownership') OR EXISTS (
          SELECT FROM inventory_resources r JOIN bill_payer_accounts a USING (account_id)
          WHERE r.resource_id = c.subject AND a.payer_id = m.payer_id AND a.superseded_at = 'infinity')))
      AND (SELECT count(DISTINCT r.bill_id) = ${month.bills.length} FROM reconciliations r
           WHERE r.bill_id = ANY (${month.bills.map(({ billId }) => billId)}::bigint[]) AND r.reopened_at IS NULL) AS current
    FROM reconciled_months m CROSS JOIN (
      SELECT least(${monthStart(month)}::timestamptz, min(l.start_time)) AS since, greatest(${month.until}::timestamptz, max(l.end_time)) AS until
      FROM provider_bill_lines l WHERE l.bill_version_id = ANY (${month.bills.map(({ versionId }) => versionId)}::bigint[])) lines
    WHERE m.payer_id = ${month.payerId} AND m.month = ${month.month}::date AND m.inputs = ${inputs}`.execute(db);
  return rows[0]?.current ?? false;
}

/** Notes what a month was reckoned with, and up to which change. */
export async function noteReckoned(
  trx: UnitOfWork,
  { payerId, month }: BillMonth,
  inputs: string,
  change: number,
): Promise<void> {
  await statement('providerBilling.noteReckoned')`
    INSERT INTO reconciled_months (payer_id, month, inputs, change_id) VALUES (${payerId}, ${month}::date, ${inputs}, ${change})
    ON CONFLICT (payer_id, month) DO UPDATE SET inputs = excluded.inputs, change_id = excluded.change_id
      WHERE (reconciled_months.inputs, reconciled_months.change_id) <> (excluded.inputs, excluded.change_id)`.execute(
    trx,
  );
}

/** What a month was reckoned to. */
export interface Results {
  readonly tables: ResultTables;
  readonly judged: StagedJudged;
  readonly shared: StagedShared;
  readonly sums: StagedSums;
  readonly missing: StagedMissing;
}

/**
 * Whoever reconciles a payer's bills takes turns until the end of the transaction. What the planner is told of temporary
 * tables is how many rows they have: histograms of each of their columns took longer than filling them. What is joined
 * stays in memory.
 */
export async function lockReconciling(trx: UnitOfWork, payerId: number): Promise<void> {
  await statement(
    'providerBilling.lockReconciling',
  )`SELECT pg_advisory_xact_lock(hashtextextended('reconciliations', ${payerId}::bigint)),
           set_config('default_statistics_target', '5', true), set_config('work_mem', '64MB', true)`.execute(trx);
}

/**
 * Keeps what a month comes to: of each bill whose results are others than those that are kept, a new open reconciliation
 * in place of the one before. A bill that was signed keeps what was signed; what differs from it is kept beside it. What
 * is missing is told with the month's first bill. Says how many bills have other results than before.
 *
 * Where these versions of the bills were never reckoned, which is most often so, there is nothing to compare with: then
 * results are written where they are kept, and else to temporary tables first.
 */
export async function writeResults(
  trx: UnitOfWork,
  { bills }: BillMonth,
  reckonTo: (tables: ResultTables) => Promise<Results>,
  now: Temporal.Instant,
): Promise<number> {
  if (await selectIsKept(trx, bills))
    return writeWhatDiffers(trx, bills, await reckonTo(await temporaryTables(trx, bills)), now);
  const targets: Target[] = [];
  for (const bill of bills) targets.push({ ...bill, reconciliationId: await insertReconciliation(trx, bill) });
  const results = await reckonTo(await keptTables(trx, targets));
  for (const [at, target] of targets.entries()) await completeReconciliation(trx, target, results, at === 0, now);
  return bills.length;
}

async function writeWhatDiffers(
  trx: UnitOfWork,
  bills: BillMonth['bills'],
  results: Results,
  now: Temporal.Instant,
): Promise<number> {
  let written = 0;
  for (const [at, bill] of bills.entries()) {
    const isFirst = at === 0;
    const same = await selectSame(trx, bill, results, isFirst);
    if (same !== null) {
      // What was signed needs nothing beside it then.
      if (same.isSigned) await deleteOpen(trx, bill.billId);
      continue;
    }
    const target = { ...bill, reconciliationId: await insertReconciliation(trx, bill) };
    await insertStaged(trx, target, results.tables);
    await completeReconciliation(trx, target, results, isFirst, now);
    written += 1;
  }
  return written;
}

type Bill = BillMonth['bills'][number];

const missingValues = sql`ordinal, resource_id, class, subject, valid_from, valid_to, expected`;
const stagedMissingValues = sql`ordinal, resource_id, class, subject, since, greatest(until, since), expected`;

/** Whether there are results of one of these versions, with which others would have to be compared. */
async function selectIsKept(trx: UnitOfWork, bills: BillMonth['bills']): Promise<boolean> {
  const { rows } = await statement<{ kept: boolean }>('providerBilling.selectIsKept')`
    SELECT EXISTS (SELECT FROM reconciliations
                   WHERE bill_version_id = ANY (${bills.map(({ versionId }) => versionId)}::bigint[]) AND reopened_at IS NULL) AS kept`.execute(
    trx,
  );
  return rows[0]!.kept;
}

/** How many rows there are, and the sum of their hashes, whatever their order: nothing is sorted, and nothing becomes text. */
function fingerprint(values: RawBuilder<unknown>, from: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(SELECT ROW(count(*), sum(hash_record_extended(ROW(${values}), 0))) FROM ${from})`;
}

/** The kept reconciliation of a bill's version that has these results, the signed one first; null: none has. */
async function selectSame(
  trx: UnitOfWork,
  { billId, versionId }: Bill,
  { tables, missing }: Results,
  isFirst: boolean,
): Promise<{ readonly isSigned: boolean } | null> {
  const [kept, staged] = [sql`WHERE reconciliation_id = r.reconciliation_id`, sql`WHERE reconciliation_id = ${billId}`];
  const { rows } = await statement<{ isSigned: boolean }>('providerBilling.selectSame')`
    SELECT r.signed_at IS NOT NULL AS "isSigned" FROM reconciliations r
    WHERE r.bill_id = ${billId} AND r.bill_version_id = ${versionId} AND r.reopened_at IS NULL
      AND ${fingerprint(outcomeValues, sql`bill_line_outcomes ${kept}`)}
        IS NOT DISTINCT FROM ${fingerprint(outcomeValues, sql`${tables.outcomes} ${staged}`)}
      AND ${fingerprint(shareValues, sql`bill_line_shares ${kept}`)}
        IS NOT DISTINCT FROM ${fingerprint(shareValues, sql`${tables.shares} ${staged}`)}
      AND ${fingerprint(missingValues, sql`bill_missing ${kept}`)}
        IS NOT DISTINCT FROM ${fingerprint(stagedMissingValues, sql`${missing} WHERE ${isFirst}`)}
    ORDER BY r.signed_at NULLS LAST LIMIT 1`.execute(trx);
  return rows[0] ?? null;
}

async function deleteOpen(trx: UnitOfWork, billId: number): Promise<void> {
  await statement('providerBilling.deleteOpen')`
    DELETE FROM reconciliations WHERE bill_id = ${billId} AND signed_at IS NULL`.execute(trx);
}

/** An open reconciliation of a bill in place of the one before, of which nothing is explained yet. */
async function insertReconciliation(trx: UnitOfWork, { billId, versionId }: Bill): Promise<number> {
  await deleteOpen(trx, billId);
  const { rows } = await statement<{ id: number }>('providerBilling.insertReconciliation')`
    INSERT INTO reconciliations (bill_id, bill_version_id, amount, expected, differences, allocated, unexplained, residual, made_at)
    SELECT ${billId}, bill_version_id, amount, 0.00, 0.00, 0.00, lines_amount, amount - lines_amount, 'infinity'
    FROM provider_bill_versions WHERE bill_version_id = ${versionId}
    RETURNING reconciliation_id AS id`.execute(trx);
  return rows[0]!.id;
}

/** Moves a bill's results from temporary tables to where they are kept. */
async function insertStaged(
  trx: UnitOfWork,
  { billId, reconciliationId }: Target,
  { outcomes, shares }: ResultTables,
): Promise<void> {
  await statement('providerBilling.insertStagedOutcomes')`
    INSERT INTO bill_line_outcomes (reconciliation_id, ${outcomeValues})
    SELECT ${reconciliationId}, ${outcomeValues} FROM ${outcomes} WHERE reconciliation_id = ${billId}`.execute(trx);
  await statement('providerBilling.insertStagedShares')`
    INSERT INTO bill_line_shares (reconciliation_id, ${shareValues})
    SELECT ${reconciliationId}, ${shareValues} FROM ${shares} WHERE reconciliation_id = ${billId}`.execute(trx);
}

/** The bridge of a bill whose outcomes and shares are kept, what each bears by product, and what is missing. */
async function completeReconciliation(
  trx: UnitOfWork,
  { billId, reconciliationId }: Target,
  { shared, sums, missing }: Results,
  isFirst: boolean,
  now: Temporal.Instant,
): Promise<void> {
  await statement('providerBilling.updateTotals')`
    WITH own AS (
      SELECT coalesce(sum(expected), 0.00) AS expected, coalesce(sum(difference), 0.00) AS differences
      FROM bill_line_outcomes WHERE reconciliation_id = ${reconciliationId}
    ), other AS (
      SELECT coalesce(sum(amount) FILTER (WHERE outcome = 'allocated'), 0.00) AS allocated,
             coalesce(sum(amount) FILTER (WHERE outcome = 'unexplained'), 0.00) AS unexplained
      FROM ${shared} WHERE bill_id = ${billId}
    ), absent AS (
      SELECT coalesce(sum(expected), 0.00) AS expected FROM ${missing} WHERE ${isFirst}
    )
    UPDATE reconciliations SET expected = own.expected + absent.expected, differences = own.differences - absent.expected,
      allocated = other.allocated, unexplained = other.unexplained, made_at = ${now}::timestamptz
    FROM own, other, absent WHERE reconciliation_id = ${reconciliationId}`.execute(trx);
  await statement('providerBilling.insertCostSums')`
    INSERT INTO bill_cost_sums (reconciliation_id, target, deployment_id, product, from_bill, amount)
    SELECT ${reconciliationId}, target, deployment_id, product, from_bill, sum(amount) FROM ${sums} WHERE bill_id = ${billId}
    GROUP BY 2, 3, 4, 5`.execute(trx);
  if (!isFirst) return;
  await statement('providerBilling.insertMissing')`
    INSERT INTO bill_missing (reconciliation_id, ${missingValues}) SELECT ${reconciliationId}, ${stagedMissingValues} FROM ${missing}`.execute(
    trx,
  );
}

/** An open reconciliation with the results of one that was signed. */
export async function insertCopy(trx: UnitOfWork, reconciliationId: number): Promise<void> {
  const { rows } = await statement<{ id: number }>('providerBilling.insertCopy')`
    INSERT INTO reconciliations (bill_id, bill_version_id, amount, expected, differences, allocated, unexplained, residual, made_at)
    SELECT bill_id, bill_version_id, amount, expected, differences, allocated, unexplained, residual, made_at
    FROM reconciliations WHERE reconciliation_id = ${reconciliationId} RETURNING reconciliation_id AS id`.execute(trx);
  const { id } = rows[0]!;
  await statement('providerBilling.insertCopyOfOutcomes')`
    INSERT INTO bill_line_outcomes (reconciliation_id, ${outcomeValues}) SELECT ${id}, ${outcomeValues} FROM bill_line_outcomes WHERE reconciliation_id = ${reconciliationId}`.execute(
    trx,
  );
  await statement('providerBilling.insertCopyOfShares')`
    INSERT INTO bill_line_shares (reconciliation_id, ${shareValues}) SELECT ${id}, ${shareValues} FROM bill_line_shares WHERE reconciliation_id = ${reconciliationId}`.execute(
    trx,
  );
  await statement('providerBilling.insertCopyOfCostSums')`
    INSERT INTO bill_cost_sums (reconciliation_id, target, deployment_id, product, from_bill, amount)
    SELECT ${id}, target, deployment_id, product, from_bill, amount FROM bill_cost_sums WHERE reconciliation_id = ${reconciliationId}`.execute(
    trx,
  );
  await statement('providerBilling.insertCopyOfMissing')`
    INSERT INTO bill_missing (reconciliation_id, ${missingValues}) SELECT ${id}, ${missingValues} FROM bill_missing
    WHERE reconciliation_id = ${reconciliationId}`.execute(trx);
}
