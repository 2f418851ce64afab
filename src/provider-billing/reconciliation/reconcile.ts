import { readWatermark } from '../../platform/changes.ts';
import type { Database, UnitOfWork } from '../../platform/database/database.ts';
import { type AllocationChange, stageAllocationRules } from './allocation.store.ts';
import { insertOutcomes, stageCauses } from './causes.store.ts';
import { stageDecisions, type SupposedAssignment } from './decisions.store.ts';
import { stageCosts, stageItems, stagePairs, stageRules } from './expected-cost.store.ts';
import { stageBackups, stageReplays, stageVariants } from './outcomes.store.ts';
import {
  insertPlainLines,
  planAsWritten,
  stageDue,
  judgePlainLines,
  stageShapes,
  stageThings,
  stageTimes,
} from './plain-lines.store.ts';
import {
  lockReconciling,
  noteReckoned,
  reckonedTopics,
  type Results,
  selectInputs,
  selectIsCurrent,
  stageMissing,
  writeResults,
} from './results.store.ts';
import type { ResultTables } from './result-tables.store.ts';
import { createShared, createSums, insertSharesOf } from './shares.store.ts';
import { insertOtherPrices, stageCharges, stageLevels, stageLives, stagePrices } from './stage-charges.store.ts';
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
  /** false: nothing that it rests on has changed, and nothing was reckoned. */
  readonly reckoned: boolean;
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
  const change = await readWatermark(db, reckonedTopics);
  return db.transaction().execute(async (trx) => {
    await lockReconciling(trx, payerId);
    const bills = await selectBillMonth(trx, payerId, month);
    if (bills === null) return { bills: 0, changed: 0, reckoned: false };
    const inputs = await selectInputs(trx, bills);
    const reckoned = !(await selectIsCurrent(trx, bills, inputs));
    const changed = reckoned ? await writeResults(trx, bills, (tables) => reckon(trx, bills, tables), now) : 0;
    await noteReckoned(trx, bills, inputs, change);
    return { bills: bills.bills.length, changed, reckoned };
  });
}

/** What a month would be reckoned with in place of what is believed. */
export interface Supposed {
  /** Variants by rule. */
  readonly variants?: Readonly<Record<string, string>>;
  readonly allocation?: AllocationChange;
  readonly assignment?: SupposedAssignment;
}

/**
 * Reckons a month and writes what comes of its lines to tables, by way of temporary ones: plain lines first, then the others,
 * which take more.
 */
export async function reckon(
  trx: UnitOfWork,
  bills: BillMonth,
  tables: ResultTables,
  supposed: Supposed = {},
): Promise<Results> {
  const accounts = await stageAccounts(trx, bills);
  const decisions = await stageDecisions(trx, bills, supposed.assignment ?? null);
  const lives = await stageLives(trx, bills, accounts);
  const things = await planAsWritten(trx, () => stageThings(trx, bills, { accounts, lives }));
  const prices = await stagePrices(trx, bills, { there: things, accounts });
  const rules = await stageRules(trx, bills, supposed.variants ?? {});
  const shapes = await stageShapes(trx, { things, prices });
  const costs = await stageCosts(trx, bills, { items: shapes, rules });
  const times = await stageTimes(trx, bills, tables);
  const due = await stageDue(trx, { shapes, costs, accounts });
  const judged = await judgePlainLines(trx, bills, tables, { accounts, due, times, lives, decisions });
  const [shared, sums] = [await createShared(trx), await createSums(trx)];
  await insertPlainLines(trx, tables, { judged, due, times, shared, sums });

  const lines = await stageLines(trx, bills, judged);
  const matches = await stageMatches(trx, lines, accounts, judged);
  await updateClasses(trx, lines, matches);
  const levels = await stageLevels(trx, bills, { accounts, lives, judged });
  await insertOtherPrices(trx, bills, { lines, levels, prices, accounts });
  const charges = await stageCharges(trx, bills, { levels, prices, accounts });
  const pairs = await stagePairs(trx, { lines, matches, charges });
  const items = await stageItems(trx, bills, { lines, matches, charges, pairs, prices, accounts });
  const otherCosts = await stageCosts(trx, bills, { items, rules });
  const staged = { lines, matches, accounts, items, rules, costs: otherCosts, judged };
  const backups = await stageBackups(trx, bills, staged);
  const replays = await stageReplays(trx, bills, staged);
  const variants = await stageVariants(trx, staged);
  const causes = await stageCauses(trx, { replays, variants, backups, judged });
  const allocations = await stageAllocationRules(trx, monthStart(bills), supposed.allocation ?? null);
  await insertOutcomes(trx, bills, tables, staged, { causes, allocations, decisions, shared });

  await insertSharesOf(trx, bills, tables, { shared, sums, accounts });
  return { tables, judged, shared, sums, missing: await stageMissing(trx, staged, backups) };
}
