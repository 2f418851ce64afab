import type { Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import * as store from './invoices.store.ts';
import { type HoldReason, readMonthInvoices } from './month-invoices.ts';

// How a month's invoices stand: what each state comes to, what it is beside the month before, and what is in the way.

interface Change {
  /** Before tax, of the month and the one before. */
  readonly subtotal: string;
  readonly previous: string;
  /** subtotal less previous */
  readonly change: string;
}

interface MonthSummary {
  /** `2026-05` */
  readonly month: string;
  /** By kind, state and currency; none where there is no such document. */
  readonly states: readonly store.StateTotalsRow[];
  /** Of all invoices that are not cancelled, by currency. */
  readonly changes: readonly (Change & { readonly currency: string; readonly invoices: number })[];
  /** What keeps invoices that are not issued, the most frequent first. */
  readonly holds: readonly { readonly reason: HoldReason; readonly invoices: number; readonly message: string }[];
  readonly movers: readonly (Change &
    Pick<store.InvoiceMoverRow, 'invoiceId' | 'customer' | 'customerName' | 'currency'>)[];
}

const moversMax = 5;
const pageSize = 500;

/** Of a calendar month, given by its first day. Nothing is written; amounts have their currency's digits. */
export async function readMonthSummary(
  db: Queryable,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<MonthSummary> {
  const rows = await store.selectStateTotals(db, month);
  const before = await store.selectStateTotals(db, month.subtract({ months: 1 }));
  const movers = await store.selectInvoiceMovers(db, month, moversMax);
  return {
    month: month.toPlainYearMonth().toString(),
    states: rows.map(({ subtotal, tax, total, ...row }) => {
      const money = (amount: string) => formatMoney(new Decimal(amount), row.currency);
      return { ...row, subtotal: money(subtotal), tax: money(tax), total: money(total) };
    }),
    changes: [...currenciesOf([...rows, ...before])].map((currency) => ({
      currency,
      invoices: billed(rows, currency).reduce((sum, { invoices }) => sum + invoices, 0),
      ...changeOf(subtotalOf(rows, currency), subtotalOf(before, currency), currency),
    })),
    holds: await countHolds(db, month, now),
    movers: movers.map(({ previous, subtotal, ...row }) => ({
      ...row,
      ...changeOf(new Decimal(subtotal), new Decimal(previous), row.currency),
    })),
  };
}

const billed = (rows: readonly store.StateTotalsRow[], currency: string) =>
  rows.filter((row) => row.kind === 'invoice' && row.state !== 'cancelled' && row.currency === currency);

function currenciesOf(rows: readonly store.StateTotalsRow[]): Set<string> {
  const own = rows.filter(({ kind, state }) => kind === 'invoice' && state !== 'cancelled');
  return new Set(own.map(({ currency }) => currency).sort());
}

function subtotalOf(rows: readonly store.StateTotalsRow[], currency: string): Decimal {
  return billed(rows, currency).reduce((sum, { subtotal }) => sum.plus(subtotal), new Decimal(0));
}

/** How a subtotal differs from the one before. */
function changeOf(subtotal: Decimal, previous: Decimal, currency: string): Change {
  const money = (amount: Decimal) => formatMoney(amount, currency);
  return { subtotal: money(subtotal), previous: money(previous), change: money(subtotal.minus(previous)) };
}

async function countHolds(
  db: Queryable,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<MonthSummary['holds']> {
  const counts = new Map<HoldReason, { invoices: number; message: string }>();
  for (let after = 0; ; ) {
    const page = await readMonthInvoices(db, { month, now, after, limit: pageSize });
    for (const { holds } of page) {
      const own = new Map(holds.map(({ reason, message }) => [reason, message]));
      for (const [reason, message] of own) {
        const { invoices, message: first } = counts.get(reason) ?? { invoices: 0, message };
        counts.set(reason, { invoices: invoices + 1, message: first });
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = last.invoiceId;
  }
  return [...counts].map(([reason, of]) => ({ reason, ...of })).sort((a, b) => b.invoices - a.invoices);
}

/** What a listed invoice is beside the month before: in money, and in percent with one digit where that is not 0. */
export function changeOfListed({ previous, subtotal, currency }: store.ListedInvoiceRow): {
  readonly previous: string | null;
  readonly change: string | null;
  readonly changePercent: string | null;
} {
  if (previous === null) return { previous: null, change: null, changePercent: null };
  const before = new Decimal(previous);
  const change = new Decimal(subtotal).minus(before);
  return {
    previous: formatMoney(before, currency),
    change: formatMoney(change, currency),
    changePercent: before.isZero() ? null : change.div(before.abs()).times(100).toFixed(1),
  };
}
