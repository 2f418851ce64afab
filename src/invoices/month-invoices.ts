import { type HeldMonth, heldCustomers, startOfDay } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import type { NextOperation } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { customersWithoutBill } from '../pricing/index.ts';
import { missingFor } from './document.ts';
import * as store from './invoices.store.ts';
import { type LackingByRule, lackingByRules } from './legal-rules.ts';
import { type Accounted, accountVatOf, lackingRate } from './vat-accounting.ts';

// Which invoices of a month may be issued as they are, and what keeps the others: a few statements for some hundred.

/** Why an invoice is not issued with its month. */
export type HoldReason =
  /** Its customer's month is not final. */
  | 'not_final'
  /** Its seller's grace period for late facts is not over. */
  | 'in_grace'
  /** A name, an address or a tax id is missing. */
  | 'incomplete'
  /** There is no exchange rate to show its VAT in its seller's currency. */
  | 'no_exchange_rate'
  /** It differs by more than `differenceMax` from the month before. */
  | 'differs'
  /** Its number comes from the seller's accounting system. */
  | 'numbered_elsewhere';

interface Hold {
  readonly reason: HoldReason;
  readonly message: string;
  readonly next: Required<NextOperation>;
}

/** An invoice that is not issued yet. */
export interface MonthInvoice {
  readonly invoiceId: number;
  readonly state: 'draft' | 'approved';
  readonly customer: string;
  readonly customerName: string;
  /** The seller's slug. */
  readonly entity: string;
  readonly currency: string;
  readonly subtotal: string;
  readonly total: string;
  /** Subtotal of the month before; null: there was none in the currency. */
  readonly before: string | null;
  /** What keeps it; empty: it may be issued. Whoever approved it has decided about all but what is missing of it. */
  readonly holds: readonly Hold[];
  /** What it lacks to be an electronic invoice: it can be issued without. */
  readonly lacking: readonly LackingByRule[];
}

/** A part of the month before beyond which somebody looks at a draft before it is issued. */
const differenceMax = '0.2';

/** What whoever closes a month has decided of it. */
export interface Accepted {
  /** Why, although the month is not final or the grace period not over. */
  readonly override?: string | undefined;
  /** Although names, addresses or tax ids are missing. */
  readonly incomplete?: boolean | undefined;
  /** Although they differ from the month before. */
  readonly differing?: boolean | undefined;
}

/**
 * Invoices of a month that are not issued, by their ids after one, each with what keeps it. `held`: whose month is not
 * final, where it is known already.
 */
export async function readMonthInvoices(
  db: Queryable,
  {
    month,
    now,
    after,
    limit,
    held,
  }: {
    /** Its first day. */
    readonly month: Temporal.PlainDate;
    readonly now: Temporal.Instant;
    readonly after: number;
    readonly limit: number;
    readonly held?: HeldMonth;
  },
): Promise<MonthInvoice[]> {
  const rows = await store.selectUnissuedOfMonth(db, month, after, limit);
  return weigh(db, month, rows, now, held);
}

/** What keeps each of some invoices, by their ids; of what is issued nothing does. */
export async function holdsOfInvoices(
  db: Queryable,
  rows: readonly store.InvoiceRow[],
  now: Temporal.Instant,
): Promise<ReadonlyMap<number, readonly HoldReason[]>> {
  const unissued = rows.filter(({ kind, state }) => kind === 'invoice' && (state === 'draft' || state === 'approved'));
  const found = new Map<number, readonly HoldReason[]>();
  for (const some of Map.groupBy(unissued, ({ month }) => month.toString()).values()) {
    const [{ month }] = some as [store.InvoiceRow];
    for (const { invoiceId, holds } of await weigh(db, month, some, now))
      found.set(invoiceId, [...new Set(holds.map(({ reason }) => reason))]);
  }
  return found;
}

/** Invoices of one month, each with what keeps it. */
export async function weigh(
  db: Queryable,
  month: Temporal.PlainDate,
  rows: readonly store.InvoiceRow[],
  now: Temporal.Instant,
  held?: HeldMonth,
): Promise<MonthInvoice[]> {
  if (rows.length === 0) return [];
  const parties = await store.selectPartiesOf(
    db,
    rows.map(({ invoiceId }) => invoiceId),
  );
  const customerIds = rows.map(({ customerId }) => customerId);
  const billed = await store.selectBilledIn(db, month.subtract({ months: 1 }), customerIds);
  const before = new Map(billed.map((row) => [`${row.customerId} ${row.currency}`, row.subtotal]));
  const whose = held ?? (await heldCustomers(db, { month: month.toPlainYearMonth(), now }));
  const unbilled = await customersWithoutBill(db, month.toPlainYearMonth());
  const partiesOf = ({ invoiceId }: store.InvoiceRow) => parties.get(invoiceId) as store.PartiesRow;
  const accounted = await accountVatOf(
    db,
    rows.map((invoice) => ({ invoice, seller: partiesOf(invoice) })),
  );
  return rows.map((row, index) => {
    const own = partiesOf(row);
    const money = (amount: string) => formatMoney(new Decimal(amount), row.currency);
    const last = before.get(`${row.customerId} ${row.currency}`);
    return {
      invoiceId: row.invoiceId,
      state: row.state === 'approved' ? 'approved' : 'draft',
      customer: row.customer,
      customerName: row.customerName,
      entity: row.entity,
      currency: row.currency,
      subtotal: money(row.subtotal),
      total: money(row.total),
      before: last === undefined ? null : money(last),
      holds: [
        ...rateHolds(accounted[index] ?? null),
        ...holdsOf(row, own, last === undefined ? null : money(last), { ...whose, unbilled }, now),
      ],
      lacking: lackingByRules(own, row),
    };
  });
}

/** Whoever approves or closes cannot do without the rate: it is frozen in the document. */
function rateHolds(accounted: Accounted): Hold[] {
  if (accounted === null || 'accounting' in accounted) return [];
  return [{ reason: 'no_exchange_rate', ...lackingRate(accounted.lacks) }];
}

function holdsOf(
  row: store.InvoiceRow,
  parties: store.PartiesRow,
  before: string | null,
  { customers, unbilled }: HeldMonth & { readonly unbilled: ReadonlySet<string> },
  now: Temporal.Instant,
): Hold[] {
  const show = { operation: 'invoice show', arguments: { invoice: row.invoiceId } };
  const missing: Hold[] = missingFor(parties, row).map(({ message, next }) => ({
    reason: 'incomplete',
    message,
    next: { operation: next.operation, arguments: next.arguments ?? {} },
  }));
  const elsewhere: Hold = {
    reason: 'numbered_elsewhere',
    message: `"${parties.entity}" has its numbers from its accounting system: issue it by itself, with its number.`,
    next: { operation: 'invoice issue', arguments: { invoice: row.invoiceId } },
  };
  const holds = [...missing, ...(parties.numbering === 'external' ? [elsewhere] : [])];
  if (row.state === 'approved') return holds;
  const to = row.month.add({ months: 1 });
  if (unbilled.has(row.customer)) {
    const next = { operation: 'bill list', arguments: { month: row.month.toPlainYearMonth().toString() } };
    holds.unshift({ reason: 'not_final', message: withoutBill, next });
  }
  if (customers === 'all' || customers.has(row.customer)) {
    const next = { operation: 'usage status', arguments: { from: row.month.toString(), to: to.toString() } };
    holds.unshift({ reason: 'not_final', message: 'Usage of the month is not final.', next });
  }
  const graceEnd = startOfDay(to.add({ days: parties.graceDays }));
  if (Temporal.Instant.compare(now, graceEnd) < 0) {
    const message = `The grace period of "${parties.entity}", for late facts, ends at ${graceEnd}.`;
    const next = { operation: 'entity show', arguments: { entity: parties.entity } };
    holds.unshift({ reason: 'in_grace', message, next });
  }
  if (before !== null && differs(row.subtotal, before)) {
    const now_ = formatMoney(new Decimal(row.subtotal), row.currency);
    const message = `It comes to ${now_} ${row.currency} before tax; the month before came to ${before}.`;
    holds.push({ reason: 'differs', message, next: show });
  }
  return holds;
}

/** What keeps a month in which cost is passed on. */
export const withoutBill =
  'Cost of the month is passed on, and the final bill of the provider is not there yet, or was not reconciled since the plan changed.';

/** Whether an amount is more than `differenceMax` off the one before. */
function differs(amount: string, before: string): boolean {
  return new Decimal(amount).minus(before).abs().gt(new Decimal(before).abs().times(differenceMax));
}

/** What keeps an invoice once it is known what whoever closes the month accepts. */
export function heldBy({ holds }: MonthInvoice, accepted: Accepted): Hold[] {
  const overridden = (accepted.override ?? '').trim() !== '';
  return holds.filter(({ reason }) => {
    switch (reason) {
      case 'not_final':
      case 'in_grace':
        return !overridden;
      case 'incomplete':
        return accepted.incomplete !== true;
      case 'differs':
        return accepted.differing !== true;
      case 'numbered_elsewhere':
      case 'no_exchange_rate':
        return true;
    }
  });
}

/** Some invoices of one seller and currency. */
export interface SellerTotal {
  readonly entity: string;
  readonly currency: string;
  readonly invoices: number;
  /** With tax. */
  readonly total: string;
}

/** By seller, then currency. */
export function totalsBySeller(
  invoices: readonly Pick<MonthInvoice, 'entity' | 'currency' | 'total'>[],
): SellerTotal[] {
  return [...Map.groupBy(invoices, ({ entity, currency }) => `${entity} ${currency}`)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, own]) => {
      const { entity, currency } = own[0] as SellerTotal | MonthInvoice;
      const sum = own.reduce((total, one) => total.plus(one.total), new Decimal(0));
      return { entity, currency, invoices: own.length, total: formatMoney(sum, currency) };
    });
}
