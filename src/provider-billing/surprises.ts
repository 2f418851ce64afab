import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { stageCosts, stageItems, stagePairs, stageRules } from './reconciliation/expected-cost.store.ts';
import { stageBackups } from './reconciliation/outcomes.store.ts';
import { createJudged } from './reconciliation/judged.store.ts';
import { stageCharges, stageLevels, stageLives, stagePrices } from './reconciliation/stage-charges.store.ts';
import {
  type BillMonth,
  monthStart,
  stageAccounts,
  stageLines,
  stageMatches,
} from './reconciliation/stage-lines.store.ts';
import * as store from './surprises.store.ts';

// What a day cost by Insights against what was expected of it: a surprise is known the next morning, not with the bill.

/**
 * Looks at the days of a payer's Insights that nobody has looked at, or that read otherwise since: of after the first of its
 * accounts was connected. Each day's rows are held against what the resources of their names should cost on it by their
 * history, the price book and the billing rules; what has no such resource, or no price, against the seven days before.
 * @returns how many days were looked at, and how many rows cost more than expected
 */
export async function findSurprises(
  db: Database,
  payerId: number,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<{ readonly days: number; readonly surprises: number }> {
  let surprises = 0;
  const days = await store.selectUncheckedDays(db, payerId);
  for (const { insightDayId, day } of days) {
    signal?.throwIfAborted();
    surprises += await db.transaction().execute(async (trx) => {
      const expected = await store.stageExpected(trx);
      for (const moment of [day, day.add({ days: 1 })]) await addExpected(trx, expected, payerId, day, moment);
      return store.writeSurprises(trx, insightDayId, expected, now);
    });
  }
  return { days: days.length, surprises };
}

/** What should be charged from the beginning of a day's month up to a moment: what a day costs is the difference of two. */
async function addExpected(
  trx: UnitOfWork,
  expected: store.StagedExpected,
  payerId: number,
  day: Temporal.PlainDate,
  moment: Temporal.PlainDate,
): Promise<void> {
  const until = moment.toZonedDateTime('UTC').toInstant();
  const bills: BillMonth = { payerId, month: day.with({ day: 1 }), until, bills: [] };
  if (until.equals(monthStart(bills))) return;
  const accounts = await stageAccounts(trx, bills);
  const judged = await createJudged(trx);
  const lines = await stageLines(trx, bills, judged);
  const matches = await stageMatches(trx, lines, accounts, judged);
  const lives = await stageLives(trx, bills, accounts);
  const levels = await stageLevels(trx, bills, { accounts, lives, judged: null });
  const prices = await stagePrices(trx, bills, { there: levels, accounts });
  const charges = await stageCharges(trx, bills, { levels, prices, accounts });
  const pairs = await stagePairs(trx, { lines, matches, charges });
  const items = await stageItems(trx, bills, { lines, matches, charges, pairs, prices, accounts });
  const rules = await stageRules(trx, bills, {});
  const costs = await stageCosts(trx, bills, { items, rules });
  const backups = await stageBackups(trx, bills, { lines, matches, accounts, items, rules, costs, judged });
  await store.insertExpected(trx, expected, { items, costs, backups, isEnd: !moment.equals(day) });
}
