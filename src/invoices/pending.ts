import type { UnitOfWork } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import * as store from './corrections.store.ts';
import { draftCustomer, hasBegun } from './drafts.ts';

// What was decided and is not issued holds nothing of the customer's money yet. Whoever decides the
// other way first takes it back: only what was issued is given back, and only what was given back is
// charged again.

/** A decision that was taken back, wholly or in part. */
export interface TakenBack {
  /** `2026-05`: on whose invoice it was to come; null: it had been waived. */
  readonly month: string | null;
  /** How much of it, with the currency's digits and signed. */
  readonly amount: string;
}

/** Of one pending decision, how much is taken back and how much of it is left. */
interface Taken {
  readonly row: store.PendingRow;
  readonly amount: Decimal;
}

/**
 * Sets proposed lines off against what is pending of the same line with the other sign.
 * @returns the proposals that are left, and what is taken back of what
 */
function setOff(
  proposals: readonly store.ProposalRow[],
  pending: readonly store.PendingRow[],
): { readonly left: store.ProposalRow[]; readonly taken: Taken[] } {
  const left: store.ProposalRow[] = [];
  const taken: Taken[] = [];
  for (const proposal of proposals) {
    let rest = new Decimal(proposal.amount);
    for (const row of pending) {
      const amount = new Decimal(row.amount);
      if (row.component !== proposal.component || rest.isZero() || amount.isNegative() === rest.isNegative()) continue;
      const part = Decimal.min(amount.abs(), rest.abs()).times(amount.isNegative() ? -1 : 1);
      taken.push({ row, amount: part });
      rest = rest.plus(part);
    }
    if (!rest.isZero()) left.push({ ...proposal, amount: formatMoney(rest, proposal.currency) });
  }
  return { left, taken };
}

interface Decider {
  readonly by: string;
  readonly now: Temporal.Instant;
}

/**
 * Takes back what is pending the other way, in the transaction that holds the customer's lock. The drafts
 * that it was to come on are drafted again; an approved invoice stays as it is, and is not issued any more.
 * @returns what is left to be decided; what was taken back; the months whose drafts are to be drafted again
 */
export async function takeBackPending(
  trx: UnitOfWork,
  proposals: readonly [store.ProposalRow, ...store.ProposalRow[]],
  { by, now }: Decider,
): Promise<{ left: store.ProposalRow[]; takenBack: TakenBack[]; months: Temporal.PlainDate[] }> {
  const { left, taken } = setOff(proposals, await store.selectPending(trx, proposals[0]));
  const rows = taken.map(({ row, amount }) => ({
    correctionId: row.correctionId,
    left: formatMoney(new Decimal(row.amount).minus(amount), proposals[0].currency),
  }));
  if (rows.length > 0) await store.withdrawPending(trx, rows, by, now);
  const byMonth = Map.groupBy(taken, ({ row }) => row.targetMonth?.toPlainYearMonth().toString() ?? null);
  const takenBack = [...byMonth].map(([month, parts]) => {
    const sum = parts.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
    return { month, amount: formatMoney(sum, proposals[0].currency) };
  });
  return { left, takenBack, months: taken.flatMap(({ row }) => row.targetMonth ?? []) };
}

/** Drafts a customer's months again, in their order, as the locks of months are taken. Those to come have no draft. */
export async function draftMonths(
  trx: UnitOfWork,
  customerId: number,
  months: readonly Temporal.PlainDate[],
  now: Temporal.Instant,
): Promise<void> {
  const distinct = [...new Map(months.map((month) => [month.toString(), month])).values()];
  for (const month of distinct.sort(Temporal.PlainDate.compare)) {
    if (hasBegun(month, now)) await draftCustomer(trx, customerId, month, now);
  }
}
