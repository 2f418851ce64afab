import type { Queryable } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { buildDocument, type InvoiceDocument, type Missing, missingFor } from './document.ts';
import { type LackingByRule, lackingByRules } from './legal-rules.ts';
import * as store from './invoices.store.ts';
import { accountVat, lackingRate } from './vat-accounting.ts';

export type Invoice = store.InvoiceRow;
export type ListedInvoice = store.ListedInvoiceRow;
export type InvoiceFilter = store.InvoiceFilter;

/** For whom something is told. */
export type Audience = 'staff' | 'customer';

/** Who reads. A customer finds what was issued to them, and what is ours alone is left out of it (null). */
export type Reader = 'staff' | { readonly customerId: number };

const newestFirst = { sort: 'invoiceId', order: 'desc', q: null } as const;

/** A page of invoices and credit notes, the newest first unless another order is asked for. */
export async function listInvoices(
  db: Queryable,
  filter: Omit<InvoiceFilter, 'q'>,
  page: Pick<PageRequest, 'limit' | 'cursor'> & Partial<PageRequest<store.InvoiceSort>>,
  reader: Reader = 'staff',
): Promise<Page<ListedInvoice>> {
  const { q, ...request } = { ...newestFirst, ...page, limit: page.limit + 1 };
  const rows = await store.selectInvoices(db, { ...filter, q }, request, customerOf(reader));
  return pageOf(rows, page.limit, cursorOf);
}

/** What all that a filter lets through comes to, by currency. */
export async function totalInvoices(
  db: Queryable,
  filter: InvoiceFilter,
  reader: Reader = 'staff',
): Promise<store.InvoiceTotalsRow[]> {
  const rows = await store.selectInvoiceTotals(db, filter, customerOf(reader));
  return rows.map(({ subtotal, tax, total, ...row }) => {
    const money = (amount: string) => formatMoney(new Decimal(amount), row.currency);
    return { ...row, subtotal: money(subtotal), tax: money(tax), total: money(total) };
  });
}

function customerOf(reader: Reader): number | null {
  return reader === 'staff' ? null : reader.customerId;
}

/** Invoices that are read at a time. */
const pageSize = 500;

/** All invoices of a month in a state, oldest first, as they come: what is done to one leaves the others. */
export async function* invoicesOfMonth(
  db: Queryable,
  month: Temporal.PlainDate,
  state: Invoice['state'],
): AsyncGenerator<Invoice> {
  for (let after = 0; ; ) {
    const page = await store.selectInvoicesOfMonth(db, { month, state }, after, pageSize);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last.invoiceId;
  }
}

/**
 * One by its id (`17`) or its number (`INV-000017`).
 * @throws ArcadiaError not_found; conflict where two legal entities use one number
 */
export async function getInvoice(db: Queryable, which: string, reader: Reader = 'staff'): Promise<Invoice> {
  const byNumber = await store.selectInvoice(db, { number: which }, customerOf(reader));
  if (byNumber.length > 1) {
    throw new ArcadiaError('conflict', `More than one seller has a document ${which}; name it by its id.`);
  }
  const id = /^\d{1,15}$/.test(which) ? Number(which) : null;
  const [found] =
    byNumber.length > 0 || id === null ? byNumber : await store.selectInvoice(db, { id }, customerOf(reader));
  if (!found) throw notFound('invoice', which);
  return found;
}

/** One by its id; undefined: there is none. */
export async function findInvoice(db: Queryable, id: number): Promise<Invoice | undefined> {
  return (await store.selectInvoice(db, { id }, null))[0];
}

/** What an invoice says, as it was issued or as a draft would be, and what it lacks to be issued. */
export async function readDocument(
  db: Queryable,
  invoice: Invoice,
): Promise<{
  readonly document: InvoiceDocument;
  readonly missing: readonly Missing[];
  /** What an electronic invoice would need beyond that; none of what is issued. */
  readonly lacking: readonly LackingByRule[];
}> {
  const stored = await store.selectDocument(db, invoice.invoiceId);
  if (stored !== null) return { document: JSON.parse(stored) as InvoiceDocument, missing: [], lacking: [] };
  const parties = await store.selectParties(db, invoice.invoiceId);
  const lines = await store.selectLines(db, invoice.invoiceId);
  const accounted = await accountVat(db, invoice, parties);
  const vatAccounting = accounted !== null && 'accounting' in accounted ? accounted.accounting : null;
  const rate = accounted !== null && 'lacks' in accounted ? [lackingRate(accounted.lacks)] : [];
  return {
    document: buildDocument(invoice, lines, parties, null, vatAccounting),
    missing: [...missingFor(parties, invoice), ...rate],
    lacking: lackingByRules(parties, invoice),
  };
}
