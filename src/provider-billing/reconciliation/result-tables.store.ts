import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../platform/database/temporary-table.ts';

// Where results are written as they are found.

/** By which id each bill's results are known in the tables. */
type StagedTargets = TemporaryTable<'staged_bill_targets'>;

/**
 * The tables in which results are kept, or temporary ones of the same columns, whose results are known by the ids of their
 * bills.
 */
export interface ResultTables {
  readonly outcomes: RawBuilder<unknown>;
  readonly shares: RawBuilder<unknown>;
  readonly targets: StagedTargets;
}

export interface Target {
  readonly billId: number;
  readonly versionId: number;
  readonly reconciliationId: number;
}

/** What both have besides the id, in one order. */
export const outcomeValues = sql`position, outcome, rule, resource_id, expected, difference, cause, valid_from, valid_to, monthly, units, subject, variants, remarks`;
export const shareValues = sql`position, target, deployment_id, amount`;

/** Those in which results are kept. */
export async function keptTables(trx: UnitOfWork, targets: readonly Target[]): Promise<ResultTables> {
  return {
    outcomes: sql`bill_line_outcomes`,
    shares: sql`bill_line_shares`,
    targets: await stageTargets(trx, targets),
  };
}

/** Empty temporary ones. */
export async function temporaryTables(
  trx: UnitOfWork,
  bills: readonly Omit<Target, 'reconciliationId'>[],
): Promise<ResultTables> {
  return {
    outcomes: await createTemporaryTable(
      trx,
      { statement: 'providerBilling.createOutcomes', table: 'staged_bill_outcomes' },
      sql`LIKE bill_line_outcomes`,
    ),
    shares: await createTemporaryTable(
      trx,
      { statement: 'providerBilling.createShares', table: 'staged_bill_line_shares' },
      sql`LIKE bill_line_shares`,
    ),
    targets: await stageTargets(
      trx,
      bills.map((bill) => ({ ...bill, reconciliationId: bill.billId })),
    ),
  };
}

function stageTargets(trx: UnitOfWork, targets: readonly Target[]): Promise<StagedTargets> {
  const column = (name: keyof Target) => targets.map((target) => target[name]);
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageTargets', table: 'staged_bill_targets', analyze: true },
    sql`
      SELECT * FROM unnest(${column('billId')}::bigint[], ${column('versionId')}::bigint[], ${column('reconciliationId')}::bigint[])
        AS t (bill_id, bill_version_id, reconciliation_id)`,
  );
}
