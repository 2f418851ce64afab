import type { UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { UsageSums } from '../pricing/index.ts';
import { costsOf } from './corrections.ts';
import * as corrections from './corrections.store.ts';
import { composeEach } from './drafts.ts';
import { selectBilledCustomers } from './drafts.store.ts';
import type { Failure } from './failures.ts';
import * as store from './invoices.store.ts';

/** What a customer's month comes to in a currency, by the facts that a transaction sees. */
export interface MonthAmount {
  readonly customerId: number;
  /** `2026-05` */
  readonly month: string;
  readonly currency: string;
  /** Of the invoice; open: there is none. */
  readonly state: 'open' | 'draft' | 'approved' | 'issued';
  readonly invoiceId: number | null;
  readonly number: string | null;
  /** Without tax, with the currency's digits: the subtotal of what would be drafted now. */
  readonly amount: string;
  /** Of an issued month: what is to be corrected by now, without tax, and on how many lines; null: not issued. */
  readonly correction: { readonly amount: string; readonly lines: number } | null;
}

/** Lines of corrections at most that are added up for a month. */
const linesMax = 10_000;

/**
 * What customers' months come to, and what is to be corrected of those that are issued: all rated anew, whatever was
 * looked at before. It writes what checks of corrections write: in a transaction that is rolled back.
 * @throws ArcadiaError too_costly (more corrected lines than can be added up)
 */
export async function readMonthAmounts(
  trx: UnitOfWork,
  months: readonly Temporal.PlainDate[],
  customerIds: readonly number[],
): Promise<{ readonly amounts: MonthAmount[]; readonly failures: Failure[] }> {
  const amounts: MonthAmount[] = [];
  const failures: Failure[] = [];
  for (const month of months) amounts.push(...(await amountsOf(trx, month, customerIds, failures)));
  return { amounts, failures };
}

async function amountsOf(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
  failures: Failure[],
): Promise<MonthAmount[]> {
  const billed = { after: 0, limit: customerIds.length, customerIds };
  const customers = await selectBilledCustomers(trx, month, billed);
  const composed = await composeEach(trx, month, customers, new UsageSums(trx), failures);
  const rated = composed.map(({ customer }) => customer.customerId);
  await corrections.replaceCosts(trx, month, 0, rated, composed.flatMap(costsOf));
  const proposed = await corrections.selectProposals(trx, { month, customerIds: rated }, linesMax);
  if (proposed.length === linesMax) {
    throw new ArcadiaError(
      'too_costly',
      `More than ${linesMax} lines of ${month.toPlainYearMonth()} are to be corrected.`,
    );
  }
  const standings = await store.selectStandings(trx, month, rated);
  const keyOf = (one: { customerId: number; currency: string }) => `${one.customerId} ${one.currency}`;
  const composedBy = new Map(composed.flatMap(({ invoices }) => invoices).map((one) => [keyOf(one), one.subtotal]));
  const standing = new Map(standings.map((one) => [keyOf(one), one]));
  const corrected = Map.groupBy(proposed, keyOf);
  return [...new Set([...composedBy.keys(), ...standing.keys()])].map((key) => {
    const [customerId, currency] = key.split(' ') as [string, string];
    const { state = 'open', invoiceId = null, number = null } = standing.get(key) ?? {};
    return {
      customerId: Number(customerId),
      month: month.toPlainYearMonth().toString(),
      currency,
      state,
      invoiceId,
      number,
      amount: composedBy.get(key) ?? formatMoney(new Decimal(0), currency),
      correction: state === 'issued' ? correctionOf(corrected.get(key) ?? [], currency) : null,
    };
  });
}

function correctionOf(
  rows: readonly corrections.ProposalRow[],
  currency: string,
): NonNullable<MonthAmount['correction']> {
  const amount = rows.reduce((sum, row) => sum.plus(row.amount), new Decimal(0));
  return { amount: formatMoney(amount, currency), lines: rows.length };
}
