import type { Database, UnitOfWork } from '../../platform/database/database.ts';
import { type AllocationChange, stageAllocationRules } from './allocation.store.ts';
import { stageCauses, stageOutcomes } from './causes.store.ts';
import { stageCosts, stageItems, stagePairs, stageRules } from './expected-cost.store.ts';
import { stageBackups, stageReplays, stageVariants } from './outcomes.store.ts';
import { lockReconciling, selectInputs, selectIsCurrent, stageMissing, writeResults } from './results.store.ts';
import { stageShares } from './shares.store.ts';
import { stageCharges, stageLevels, stagePrices } from './stage-charges.store.ts';
import {
  type BillMonth,
  monthStart,
  selectBillMonth,
  stageAccounts,
  stageLines,
  stageMatches,
  updateClasses,
} from './stage-lines.store.ts';

/** What came of reconciling a month: bills that were looked at, and those whose results are others than before. */
interface Reconciled {
  readonly bills: number;
  readonly changed: number;
}

/**
 * Reconciles a payer's bills of a month with the inventory's history, the price book and the billing rules, all in the
 * database. What rests on the same as before is not reckoned again, and the same results write nothing.
 */
export async function reconcileMonth(
  db: Database,
  payerId: number,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<Reconciled> {
  return db.transaction().execute(async (trx) => {
    await lockReconciling(trx, payerId);
    const bills = await selectBillMonth(trx, payerId, month);
    if (bills === null) return { bills: 0, changed: 0 };
    const inputs = await selectInputs(trx, bills);
    if (await selectIsCurrent(trx, bills, inputs)) return { bills: bills.bills.length, changed: 0 };
    return { bills: bills.bills.length, changed: await reconcile(trx, bills, inputs, now) };
  });
}

async function reconcile(trx: UnitOfWork, bills: BillMonth, inputs: string, now: Temporal.Instant): Promise<number> {
  const results = await reckon(trx, bills);
  return writeResults(trx, bills, inputs, results, now);
}

/** What a month would be reckoned with in place of what is believed. */
export interface Supposed {
  /** Variants by rule. */
  readonly variants?: Readonly<Record<string, string>>;
  readonly allocation?: AllocationChange;
}

/** Everything up to the results, in temporary tables. */
export async function reckon(trx: UnitOfWork, bills: BillMonth, supposed: Supposed = {}) {
  const accounts = await stageAccounts(trx, bills);
  const lines = await stageLines(trx, bills);
  const matches = await stageMatches(trx, lines, accounts);
  await updateClasses(trx, lines, matches);
  const levels = await stageLevels(trx, bills, accounts);
  const prices = await stagePrices(trx, bills, { lines, levels, accounts });
  const charges = await stageCharges(trx, bills, { levels, prices, accounts });
  const pairs = await stagePairs(trx, { lines, matches, charges });
  const items = await stageItems(trx, bills, { lines, matches, charges, pairs, prices, accounts });
  const rules = await stageRules(trx, bills, supposed.variants ?? {});
  const costs = await stageCosts(trx, bills, { items, rules });
  const staged = { lines, matches, accounts, items, rules, costs };
  const backups = await stageBackups(trx, bills, staged);
  const replays = await stageReplays(trx, bills, staged);
  const causes = await stageCauses(trx, replays, await stageVariants(trx, staged), backups);
  const allocations = await stageAllocationRules(trx, monthStart(bills), supposed.allocation ?? null);
  const outcomes = await stageOutcomes(trx, staged, causes, allocations);
  const shares = await stageShares(trx, bills, outcomes, accounts);
  return { outcomes, shares, missing: await stageMissing(trx, staged, backups) };
}
