import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { Decimal } from '../platform/quantity.ts';
import type { Line } from './lines.ts';
import { balanceOf, type PaymentState, paymentStateOn } from './payments.store.ts';
import { type Buyer, plainBuyer, plainSeller, type Seller } from './party.ts';
import type { LineTax, TaxTotal } from './taxes.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { statement } from '../platform/database/statement.ts';

// Invoices and credit notes: reading them, and the steps of their lives.

/** Cancelled: issued, and credited in full since. */
export type InvoiceState = 'draft' | 'approved' | 'issued' | 'cancelled';

export interface InvoiceRow {
  readonly invoiceId: number;
  readonly kind: 'invoice' | 'credit_note';
  readonly state: InvoiceState;
  readonly number: string | null;
  /** A legal entity's slug. */
  readonly entity: string;
  /** The customer's external id and name. */
  readonly customer: string;
  readonly customerName: string;
  readonly customerId: number;
  readonly currency: string;
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  readonly subtotal: string;
  readonly tax: string;
  readonly total: string;
  readonly taxes: readonly TaxTotal[];
  readonly usageRevision: number;
  readonly draftedAt: Temporal.Instant;
  readonly approvedAt: Temporal.Instant | null;
  readonly approvedBy: string | null;
  readonly overrideReason: string | null;
  readonly issuedAt: Temporal.Instant | null;
  readonly issuedBy: string | null;
  /** Null: not issued, or nothing is to be paid. */
  readonly dueOn: Temporal.PlainDate | null;
  /** sha256 of the document, in hexadecimal. */
  readonly documentDigest: string | null;
  readonly cancelledAt: Temporal.Instant | null;
  /** The number of the credit note that cancels it. */
  readonly cancelledBy: string | null;
  /** Why it was cancelled; of the credit note that cancels an invoice, why that was. */
  readonly cancelReason: string | null;
  /** The number of the invoice that a credit note takes back, wholly or in part. */
  readonly credits: string | null;
}

/** Whether anything is to be paid: a credit note and a total below zero are in the customer's favour. */
export function isOwed({ kind, total }: Pick<InvoiceRow, 'kind' | 'total'>): boolean {
  return kind === 'invoice' && new Decimal(total).gt(0);
}

const stateOf = sql`CASE WHEN i.cancelled_at IS NULL THEN i.state ELSE 'cancelled' END`;

// What customers may not read (migrations/0006_invoices.sql) is null for them: their policy hides the columns, so
// that a customer's list must not name them.
const columns = (staff: boolean) => sql`
  i.invoice_id AS "invoiceId", i.kind, ${stateOf} AS state, i.number, ${staff ? sql`e.slug` : sql`''`} AS entity,
  c.external_id AS customer, c.name AS "customerName", i.customer_id AS "customerId", i.currency, i.month,
  i.subtotal::text AS subtotal, i.tax::text AS tax, i.total::text AS total, i.taxes, i.usage_revision AS "usageRevision",
  i.drafted_at AS "draftedAt", i.approved_at AS "approvedAt", ${staff ? sql`i.approved_by` : sql`NULL`} AS "approvedBy",
  ${staff ? sql`i.override_reason` : sql`NULL`} AS "overrideReason", i.issued_at AS "issuedAt",
  ${staff ? sql`i.issued_by` : sql`NULL`} AS "issuedBy", CASE WHEN i.kind = 'invoice' AND i.total > 0 THEN i.due_on END AS "dueOn", encode(i.document_digest, 'hex') AS "documentDigest",
  i.cancelled_at AS "cancelledAt", n.number AS "cancelledBy", o.number AS credits,
  CASE i.invoice_id WHEN o.cancelling_note_id THEN o.cancel_reason ELSE i.cancel_reason END AS "cancelReason"`;
const tables = (staff: boolean) => sql`
  invoices i JOIN deployments_customers c USING (customer_id) LEFT JOIN invoices o ON o.invoice_id = i.credits_invoice_id
  LEFT JOIN invoices n ON n.invoice_id = i.cancelling_note_id
  ${staff ? sql`JOIN legal_entities e ON e.legal_entity_id = i.legal_entity_id` : sql``}`;

/** Of an invoice `i`: whether a customer may read it; null: everybody else may. */
const isReadableBy = (customerId: number | null) =>
  sql`(${customerId}::bigint IS NULL OR (i.customer_id = ${customerId} AND i.issued_at IS NOT NULL))`;

export interface InvoiceFilter {
  readonly month?: Temporal.PlainDate | undefined;
  readonly state?: InvoiceState | undefined;
  /** The customer's external id. */
  readonly customer?: string | undefined;
  readonly entity?: string | undefined;
  readonly kind?: 'invoice' | 'credit_note' | undefined;
  readonly currency?: string | undefined;
  /** With tax, both ends included. */
  readonly totalMin?: string | undefined;
  readonly totalMax?: string | undefined;
  /** UTC days of the issue: from the first, before the second. */
  readonly issuedFrom?: Temporal.PlainDate | undefined;
  readonly issuedTo?: Temporal.PlainDate | undefined;
  readonly dueBefore?: Temporal.PlainDate | undefined;
  /** How its payment stands on a UTC day. */
  readonly payment?: { readonly state: PaymentState; readonly on: Temporal.PlainDate } | undefined;
  readonly q?: string | null | undefined;
}

/** Of an invoice `i` of a customer `c`: whether a filter lets it through. */
const isFiltered = (filter: InvoiceFilter, customerId: number | null) => sql`
  (${filter.month ?? null}::date IS NULL OR i.month = ${filter.month ?? null}::date)
  AND (${filter.state ?? null}::text IS NULL OR ${stateOf} = ${filter.state ?? null})
  AND (${filter.customer ?? null}::text IS NULL OR c.external_id = ${filter.customer ?? null})
  AND (${filter.kind ?? null}::text IS NULL OR i.kind = ${filter.kind ?? null})
  AND (${filter.currency ?? null}::text IS NULL OR i.currency = ${filter.currency ?? null})
  AND (${filter.totalMin ?? null}::numeric IS NULL OR i.total >= ${filter.totalMin ?? null}::numeric)
  AND (${filter.totalMax ?? null}::numeric IS NULL OR i.total <= ${filter.totalMax ?? null}::numeric)
  AND (${filter.issuedFrom ?? null}::date IS NULL OR i.issued_at >= ${filter.issuedFrom ?? null}::date::timestamp AT TIME ZONE 'UTC')
  AND (${filter.issuedTo ?? null}::date IS NULL OR i.issued_at < ${filter.issuedTo ?? null}::date::timestamp AT TIME ZONE 'UTC')
  AND (${filter.dueBefore ?? null}::date IS NULL OR i.due_on < ${filter.dueBefore ?? null}::date)
  AND ${isReadableBy(customerId)} AND ${holds(filter.q ?? null, sql`i.number`, sql`c.external_id`, sql`c.name`)}
  ${filter.payment === undefined ? sql`` : sql`AND (SELECT ${paymentStateOn(filter.payment.on)} FROM ${balanceOf}) = ${filter.payment.state}`}
  ${filter.entity === undefined ? sql`` : sql`AND e.slug = ${filter.entity}`}`;

export interface InvoiceTotalsRow {
  readonly currency: string;
  readonly invoices: number;
  readonly subtotal: string;
  readonly tax: string;
  readonly total: string;
}

/** What all documents that a filter lets through come to, by currency. */
export async function selectInvoiceTotals(
  db: Queryable,
  filter: InvoiceFilter,
  customerId: number | null,
): Promise<InvoiceTotalsRow[]> {
  const { rows } = await statement<InvoiceTotalsRow>('invoices.selectInvoiceTotals')`
    SELECT i.currency, count(*)::int AS invoices, sum(i.subtotal)::text AS subtotal, sum(i.tax)::text AS tax,
           sum(i.total)::text AS total
    FROM ${tables(customerId === null)}
    WHERE ${isFiltered(filter, customerId)}
    GROUP BY i.currency ORDER BY i.currency`.execute(db);
  return rows;
}

/**
 * How far a document `i` is from the invoice of the month before, `p`, as a part of that; -1: there is none to compare it
 * with. Something after nothing is farther than any part.
 */
const changeOf = sql`CASE WHEN p.subtotal IS NULL THEN -1 WHEN p.subtotal <> 0 THEN round(abs(i.subtotal - p.subtotal) / abs(p.subtotal), 9)
  WHEN i.subtotal = 0 THEN 0 ELSE 'Infinity' END`;

const newestKey: SortKey = { of: sql`i.invoice_id`, type: 'bigint' };
const invoiceSorts = {
  invoiceId: newestKey,
  number: { of: sql`coalesce(i.number, '') COLLATE "C"`, type: 'text' },
  customer: { of: sql`c.external_id COLLATE "C"`, type: 'text' },
  customerName: { of: sql`lower(c.name)`, type: 'text' },
  month: { of: sql`i.month`, type: 'date' },
  total: { of: sql`i.total`, type: 'numeric' },
  issuedAt: { of: sql`coalesce(i.issued_at, 'infinity')`, type: 'timestamptz' },
  dueOn: { of: sql`coalesce(i.due_on, 'infinity')`, type: 'date' },
  change: { of: changeOf, type: 'numeric' },
} as const satisfies Record<string, SortKey>;

export type InvoiceSort = keyof typeof invoiceSorts;

/** An invoice in a list. */
export interface ListedInvoiceRow extends InvoiceRow {
  /** Subtotal of the month before in the currency, drafts included; null: there was none, or a customer asks. */
  readonly previous: string | null;
  readonly manualLines: number;
  /** Lines that correct other months. */
  readonly corrections: number;
}

const linesOf = (kind: 'manual' | 'correction') =>
  sql`(SELECT count(*)::int FROM invoice_lines l WHERE l.invoice_id = i.invoice_id AND l.kind = ${kind})`;

/** `limit` at most. With a customer's id: what was issued to them, without what they may not read. */
export async function selectInvoices(
  db: Queryable,
  filter: InvoiceFilter,
  { sort, limit, ...request }: Omit<PageRequest<InvoiceSort>, 'q'>,
  customerId: number | null,
): Promise<(ListedInvoiceRow & Sorted)[]> {
  const staff = customerId === null;
  const { columns: place, beyond, by } = keyset(invoiceSorts[sort], newestKey, request);
  const { rows } = await statement<ListedInvoiceRow & Sorted>('invoices.selectInvoices')`
    SELECT ${columns(staff)}, p.subtotal::text AS previous, ${linesOf('manual')} AS "manualLines",
           ${linesOf('correction')} AS corrections, ${place}
    FROM ${tables(staff)} LEFT JOIN invoices p
      ON ${staff} AND i.kind = 'invoice' AND p.kind = 'invoice' AND p.cancelled_at IS NULL AND p.customer_id = i.customer_id
      AND p.currency = i.currency AND p.month = (i.month - interval '1 month')::date
    WHERE ${isFiltered(filter, customerId)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

/** Which of a month's invoices: in a state, and of those some alone (`only`), or all but some. */
export interface MonthChoice {
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  readonly state: InvoiceState;
  readonly only?: readonly number[] | undefined;
  readonly except?: readonly number[] | undefined;
}

const isChosen = ({ month, state, only, except = [] }: MonthChoice) => sql`
  i.kind = 'invoice' AND i.month = ${month} AND i.state = ${state} AND i.cancelled_at IS NULL
  AND (${only === undefined} OR i.invoice_id = ANY (${[...(only ?? [])]}::bigint[])) AND NOT i.invoice_id = ANY (${[...except]}::bigint[])`;

/** Invoices of a month in a state, oldest first, after one by its id. */
export async function selectInvoicesOfMonth(
  db: Queryable,
  choice: MonthChoice,
  after: number,
  limit: number,
): Promise<InvoiceRow[]> {
  const { rows } = await statement<InvoiceRow>('invoices.selectInvoicesOfMonth')`
    SELECT ${columns(true)} FROM ${tables(true)}
    WHERE ${isChosen(choice)} AND i.invoice_id > ${after}
    ORDER BY i.invoice_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** What those come to with tax, by currency. */
export async function selectChosenTotals(
  db: Queryable,
  choice: MonthChoice,
): Promise<{ readonly currency: string; readonly invoices: number; readonly total: string }[]> {
  const { rows } = await statement<{ currency: string; invoices: number; total: string }>(
    'invoices.selectChosenTotals',
  )`
    SELECT i.currency, count(*)::int AS invoices, sum(i.total)::text AS total
    FROM invoices i WHERE ${isChosen(choice)} GROUP BY i.currency ORDER BY i.currency`.execute(db);
  return rows;
}

/** What some invoices come to in a currency, and what those of a step are. */
export interface StepRow {
  readonly currency: string;
  readonly invoices: number;
  readonly total: string;
  /** Of those, which the step leaves to the next. */
  readonly restInvoices: number;
  readonly restTotal: string;
  readonly step: readonly { readonly invoiceId: number; readonly customer: string; readonly total: string }[];
}

/** The chosen beyond one by its id, of which a step takes the oldest, `limit` at most; all as of one instant. */
export async function selectStep(db: Queryable, choice: MonthChoice, after: number, limit: number): Promise<StepRow[]> {
  const { rows } = await statement<StepRow>('invoices.selectStep')`
    WITH chosen AS (
      SELECT i.invoice_id, i.customer_id, i.currency, i.total, row_number() OVER (ORDER BY i.invoice_id) > ${limit} AS later
      FROM invoices i WHERE ${isChosen(choice)} AND i.invoice_id > ${after}
    )
    SELECT i.currency, count(*)::int AS invoices, sum(i.total)::text AS total,
           count(*) FILTER (WHERE i.later)::int AS "restInvoices",
           coalesce(sum(i.total) FILTER (WHERE i.later), 0)::text AS "restTotal",
           coalesce(json_agg(json_build_object('invoiceId', i.invoice_id, 'customer', c.external_id, 'total', i.total::text))
             FILTER (WHERE NOT i.later), '[]') AS step
    FROM chosen i JOIN deployments_customers c USING (customer_id) GROUP BY i.currency ORDER BY i.currency`.execute(db);
  return rows;
}

export interface StateTotalsRow extends InvoiceTotalsRow {
  readonly kind: 'invoice' | 'credit_note';
  readonly state: InvoiceState;
}

/** What a month's documents come to, by kind, state and currency. */
export async function selectStateTotals(db: Queryable, month: Temporal.PlainDate): Promise<StateTotalsRow[]> {
  const { rows } = await statement<StateTotalsRow>('invoices.selectStateTotals')`
    SELECT i.kind, ${stateOf} AS state, i.currency, count(*)::int AS invoices, sum(i.subtotal)::text AS subtotal,
           sum(i.tax)::text AS tax, sum(i.total)::text AS total
    FROM invoices i WHERE i.month = ${month} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`.execute(db);
  return rows;
}

export interface InvoiceMoverRow {
  readonly invoiceId: number;
  readonly customer: string;
  readonly customerName: string;
  readonly currency: string;
  readonly previous: string;
  readonly subtotal: string;
}

/** The invoices of a month that are furthest from the month before, in their own currency; at most `limit`. */
export async function selectInvoiceMovers(
  db: Queryable,
  month: Temporal.PlainDate,
  limit: number,
): Promise<InvoiceMoverRow[]> {
  const { rows } = await statement<InvoiceMoverRow>('invoices.selectInvoiceMovers')`
    SELECT i.invoice_id AS "invoiceId", c.external_id AS customer, c.name AS "customerName", i.currency,
           p.subtotal::text AS previous, i.subtotal::text AS subtotal
    FROM invoices i JOIN invoices p ON p.kind = 'invoice' AND p.cancelled_at IS NULL AND p.customer_id = i.customer_id
      AND p.currency = i.currency AND p.month = ${month.subtract({ months: 1 })}
    JOIN deployments_customers c ON c.customer_id = i.customer_id
    WHERE i.kind = 'invoice' AND i.cancelled_at IS NULL AND i.month = ${month} AND i.subtotal <> p.subtotal
    ORDER BY abs(i.subtotal - p.subtotal) DESC, i.invoice_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** Invoices of a month that are not issued yet, oldest first, after one by its id. */
export async function selectUnissuedOfMonth(
  db: Queryable,
  month: Temporal.PlainDate,
  after: number,
  limit: number,
): Promise<InvoiceRow[]> {
  const { rows } = await statement<InvoiceRow>('invoices.selectUnissuedOfMonth')`
    SELECT ${columns(true)} FROM ${tables(true)}
    WHERE i.kind = 'invoice' AND i.month = ${month} AND i.state IN ('draft', 'approved') AND i.invoice_id > ${after}
    ORDER BY i.invoice_id LIMIT ${limit}`.execute(db);
  return rows;
}

export interface BilledBeforeRow {
  readonly customerId: number;
  readonly customer: string;
  readonly customerName: string;
  readonly currency: string;
  readonly subtotal: string;
}

/** What some customers were billed in a month, by currency, drafts included and before tax. */
export async function selectBilledIn(
  db: Queryable,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
): Promise<BilledBeforeRow[]> {
  const { rows } = await statement<BilledBeforeRow>('invoices.selectBilledIn')`
    SELECT i.customer_id AS "customerId", c.external_id AS customer, c.name AS "customerName", i.currency, i.subtotal::text AS subtotal
    FROM invoices i JOIN deployments_customers c USING (customer_id)
    WHERE i.kind = 'invoice' AND i.cancelled_at IS NULL AND i.month = ${month} AND i.customer_id = ANY (${[...customerIds]}::bigint[])`.execute(
    db,
  );
  return rows;
}

/** Who drafts are yet to be created for, and in which currency. */
type Drafted = readonly { readonly customerId: number; readonly currency: string }[];

const goneFrom = (month: Temporal.PlainDate, drafted: Drafted) => sql`invoices b
    WHERE b.kind = 'invoice' AND b.cancelled_at IS NULL AND b.month = ${month.subtract({ months: 1 })} AND b.subtotal <> 0
      AND NOT EXISTS (SELECT FROM invoices i WHERE i.kind = 'invoice' AND i.cancelled_at IS NULL AND i.month = ${month}
                      AND i.customer_id = b.customer_id AND i.currency = b.currency)
      AND NOT EXISTS (SELECT FROM unnest(${drafted.map((one) => one.customerId)}::bigint[],
                                         ${drafted.map((one) => one.currency)}::text[]) AS d (customer_id, currency)
                      WHERE d.customer_id = b.customer_id AND d.currency = b.currency)`;

/** Whom the month before billed, and a month does not, in that currency; by customer. At most `limit`. */
export async function selectGone(
  db: Queryable,
  month: Temporal.PlainDate,
  drafted: Drafted,
  limit: number,
): Promise<BilledBeforeRow[]> {
  const { rows } = await statement<BilledBeforeRow>('invoices.selectGone')`
    SELECT g.customer_id AS "customerId", c.external_id AS customer, c.name AS "customerName", g.currency,
           g.subtotal::text AS subtotal
    FROM (SELECT b.customer_id, b.currency, b.subtotal FROM ${goneFrom(month, drafted)}) AS g
    JOIN deployments_customers c USING (customer_id)
    ORDER BY c.external_id COLLATE "C", g.currency LIMIT ${limit}`.execute(db);
  return rows;
}

/** How many those are, and what the month before billed them before tax: by currency. */
export async function sumGone(
  db: Queryable,
  month: Temporal.PlainDate,
  drafted: Drafted,
): Promise<{ readonly currency: string; readonly customers: number; readonly subtotal: string }[]> {
  const { rows } = await statement<{ currency: string; customers: number; subtotal: string }>('invoices.sumGone')`
    SELECT b.currency, count(*)::int AS customers, sum(b.subtotal)::text AS subtotal
    FROM ${goneFrom(month, drafted)} GROUP BY 1 ORDER BY b.currency COLLATE "C"`.execute(db);
  return rows;
}

export interface IssuedOfMonthRow {
  readonly entity: string;
  readonly currency: string;
  readonly invoices: number;
  readonly total: string;
}

/** How many invoices of a month are issued, and what they come to with tax, by seller and currency. */
export async function selectIssuedOfMonth(db: Queryable, month: Temporal.PlainDate): Promise<IssuedOfMonthRow[]> {
  const { rows } = await statement<IssuedOfMonthRow>('invoices.selectIssuedOfMonth')`
    SELECT e.slug AS entity, i.currency, count(*)::int AS invoices, sum(i.total)::text AS total
    FROM invoices i JOIN legal_entities e USING (legal_entity_id)
    WHERE i.kind = 'invoice' AND i.state = 'issued' AND i.cancelled_at IS NULL AND i.month = ${month}
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
  return rows;
}

/** How many documents of a seller are issued for months that end on a day (null: any) or later. */
export async function selectIssuedSince(
  db: Queryable,
  entity: string,
  from: Temporal.PlainDate | null,
): Promise<number> {
  const { rows } = await statement<{ issued: number }>('invoices.selectIssuedSince')`
    SELECT count(*)::int AS issued FROM invoices i JOIN legal_entities e USING (legal_entity_id)
    WHERE e.slug = ${entity} AND i.state = 'issued'
      AND (${from}::date IS NULL OR i.month + interval '1 month' - interval '1 day' >= ${from}::date)`.execute(db);
  return rows[0]?.issued ?? 0;
}

/** A draft, or an approved invoice. */
export interface UnissuedRow
  extends Pick<InvoiceRow, 'invoiceId' | 'currency' | 'month' | 'subtotal' | 'tax' | 'total'> {
  readonly state: 'draft' | 'approved';
}

/** A customer's invoices that are not issued yet, the oldest month first. */
export async function selectUnissued(db: Queryable, customer: string): Promise<UnissuedRow[]> {
  const { rows } = await statement<UnissuedRow>('invoices.selectUnissued')`
    SELECT i.invoice_id AS "invoiceId", i.state, i.currency, i.month, i.subtotal::text AS subtotal, i.tax::text AS tax,
           i.total::text AS total
    FROM invoices i JOIN deployments_customers c USING (customer_id)
    WHERE c.external_id = ${customer} AND i.kind = 'invoice' AND i.state IN ('draft', 'approved')
    ORDER BY i.month, i.currency, i.invoice_id LIMIT 1000`.execute(db);
  return rows;
}

/** Issued documents of a month, oldest first, after one by its id. */
export async function selectIssuedDocuments(
  db: Queryable,
  month: Temporal.PlainDate,
  after: number,
  limit: number,
): Promise<InvoiceRow[]> {
  const { rows } = await statement<InvoiceRow>('invoices.selectIssuedDocuments')`
    SELECT ${columns(true)} FROM ${tables(true)}
    WHERE i.month = ${month} AND i.issued_at IS NOT NULL AND i.invoice_id > ${after}
    ORDER BY i.invoice_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** By id or by number; several entities may have used one number. */
export async function selectInvoice(
  db: Queryable,
  which: { readonly id: number } | { readonly number: string },
  customerId: number | null,
): Promise<InvoiceRow[]> {
  const staff = customerId === null;
  const where = 'id' in which ? sql`i.invoice_id = ${which.id}` : sql`i.number = ${which.number}`;
  const { rows } = await statement<InvoiceRow>('invoices.selectInvoice')`
    SELECT ${columns(staff)} FROM ${tables(staff)} WHERE ${where} AND ${isReadableBy(customerId)}
    ORDER BY i.invoice_id LIMIT 2`.execute(db);
  return rows;
}

/** A line as it is written on a document. */
export interface LineRow extends Omit<Line, 'taxCategory' | 'charged' | 'details'> {
  /** Its number on the document, from 1. */
  readonly position: number;
  /** Slug and name; null: for the customer as a whole. */
  readonly deployment: string | null;
  readonly deploymentName: string | null;
  readonly tax: LineTax;
  readonly details: Readonly<Record<string, unknown>>;
}

export async function selectLines(db: Queryable, invoiceId: number): Promise<LineRow[]> {
  const { rows } = await statement<LineRow>('invoices.selectLines')`
    SELECT l.position, l.kind, l.deployment_id AS "deploymentId", d.slug AS deployment, d.name AS "deploymentName",
           l.service_month AS "serviceMonth", l.component, l.description, trim_scale(l.quantity)::text AS quantity, l.unit,
           l.unit_price::text AS "unitPrice", l.amount::text AS amount, l.tax, l.details
    FROM invoice_lines l LEFT JOIN deployments_list d USING (deployment_id)
    WHERE l.invoice_id = ${invoiceId} ORDER BY l.position`.execute(db);
  return rows;
}

/** The canonical JSON of an issued one. */
export async function selectDocument(db: Queryable, invoiceId: number): Promise<string | null> {
  const { rows } = await statement<{ document: string | null }>('invoices.selectDocument')`
    SELECT document FROM invoices WHERE invoice_id = ${invoiceId}`.execute(db);
  return rows[0]?.document ?? null;
}

export interface PartiesRow {
  readonly legalEntityId: number;
  readonly entity: string;
  readonly sellerName: string | null;
  readonly sellerAddress: string[];
  readonly sellerTaxIds: string[];
  readonly sellerEmail: string | null;
  readonly footer: string | null;
  readonly logo: string | null;
  readonly font: string | null;
  readonly numbering: 'own' | 'external';
  readonly invoicePrefix: string;
  readonly creditNotePrefix: string;
  readonly numberDigits: number;
  readonly graceDays: number;
  readonly termsDays: number;
  readonly buyerName: string;
  readonly buyerAddress: string[];
  readonly buyerTaxIds: string[];
  readonly poNumber: string | null;
  readonly buyerEmail: string | null;
  readonly seller: Seller;
  readonly buyer: Buyer;
  readonly taxTreatment: LineTax['treatment'];
  readonly sellerLater: KnownLater;
  readonly buyerLater: KnownLater;
}

/** What is told of a party for days after the month's last, by the first UTC day (`2026-06-10`) on which it is known. */
export interface KnownLater {
  /** Whether anything is told of it, for whatever day: a change without a day then counts from today. */
  readonly told: boolean;
  readonly name: string | null;
  readonly address: string | null;
  readonly taxId: string | null;
}

interface PartiesOfRow extends PartiesRow {
  readonly invoiceId: number;
}

/** `KnownLater` of the believed periods of a party in a table that keeps history. */
const knownLater = (table: string, of: RawBuilder<unknown>, name: string) => {
  const first = (known: RawBuilder<unknown>) =>
    sql`to_char(min(x.valid_from) FILTER (WHERE x.valid_from > i.month + interval '1 month' - interval '1 day' AND (${known})), 'YYYY-MM-DD')`;
  return sql`(
    SELECT jsonb_build_object(
      'told', count(*) > 0,
      'name', ${first(sql`x.${sql.ref(name)} IS NOT NULL`)},
      'address', ${first(sql`x.address <> '{}' OR x.party ->> 'city' IS NOT NULL`)},
      'taxId', ${first(sql`x.tax_ids <> '{}' OR x.party ->> 'vatId' IS NOT NULL`)})
    FROM ${sql.table(table)} x WHERE ${of} AND x.superseded_at = 'infinity')`;
};

/** Who bills whom on a document: as it is on the month's last day. */
export async function selectParties(db: Queryable, invoiceId: number): Promise<PartiesRow> {
  return (await selectPartiesOf(db, [invoiceId])).get(invoiceId) as PartiesRow;
}

/** The same of several documents, by their ids. */
export async function selectPartiesOf(
  db: Queryable,
  invoiceIds: readonly number[],
): Promise<ReadonlyMap<number, PartiesRow>> {
  const { rows } = await statement<PartiesOfRow>('invoices.selectPartiesOf')`
    SELECT i.invoice_id AS "invoiceId", e.legal_entity_id AS "legalEntityId", e.slug AS entity, p.name AS "sellerName",
           coalesce(p.address, '{}') AS "sellerAddress", coalesce(p.tax_ids, '{}') AS "sellerTaxIds", p.email AS "sellerEmail",
           ${JSON.stringify(plainSeller)}::jsonb || coalesce(p.party, '{}') AS seller,
           ${JSON.stringify(plainBuyer)}::jsonb || coalesce(b.party, '{}') AS buyer, e.footer, encode(e.logo_digest, 'hex') AS logo,
           encode(e.font_digest, 'hex') AS font, e.numbering, e.invoice_prefix AS "invoicePrefix",
           e.credit_note_prefix AS "creditNotePrefix", e.number_digits AS "numberDigits", e.grace_days AS "graceDays",
           coalesce(b.terms_days, e.terms_days) AS "termsDays", coalesce(b.legal_name, c.name) AS "buyerName",
           coalesce(b.address, '{}') AS "buyerAddress", coalesce(b.tax_ids, '{}') AS "buyerTaxIds",
           b.po_number AS "poNumber", b.email AS "buyerEmail", coalesce(b.tax_treatment, 'taxed') AS "taxTreatment",
           ${knownLater('legal_entity_parties', sql`x.legal_entity_id = i.legal_entity_id`, 'name')} AS "sellerLater",
           ${knownLater('customer_billing', sql`x.customer_id = i.customer_id`, 'legal_name')} AS "buyerLater"
    FROM invoices i JOIN legal_entities e USING (legal_entity_id) JOIN deployments_customers c USING (customer_id)
    LEFT JOIN customer_billing b ON b.customer_id = i.customer_id AND b.superseded_at = 'infinity'
      AND b.valid_from <= i.month + interval '1 month' - interval '1 day'
      AND b.valid_to > i.month + interval '1 month' - interval '1 day'
    LEFT JOIN legal_entity_parties p ON p.legal_entity_id = i.legal_entity_id AND p.superseded_at = 'infinity'
      AND p.valid_from <= i.month + interval '1 month' - interval '1 day'
      AND p.valid_to > i.month + interval '1 month' - interval '1 day'
    WHERE i.invoice_id = ANY (${[...invoiceIds]}::bigint[])`.execute(db);
  return new Map(rows.map(({ invoiceId, ...parties }) => [invoiceId, parties]));
}

// Steps -----------------------------------------------------------------------------------------

export interface LockedInvoice {
  readonly invoiceId: number;
  readonly kind: 'invoice' | 'credit_note';
  readonly state: InvoiceState;
  readonly number: string | null;
  readonly customerId: number;
  readonly customer: string;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
  readonly subtotal: string;
  readonly total: string;
  readonly inputsDigest: string;
}

/**
 * One at a time may decide about what a customer is billed; held until the end of the transaction.
 * Taken before anything of it is read, so that who waited sees what the other did.
 */
export async function lockCustomer(trx: UnitOfWork, customerId: number): Promise<void> {
  await statement(
    'invoices.lockCustomer',
  )`SELECT pg_advisory_xact_lock(hashtextextended('invoices', ${customerId}::bigint))`.execute(trx);
}

/** Up to which change of the facts an invoice is known to say what they say. */
export async function updateSeen(trx: UnitOfWork, invoiceId: number, changeId: number): Promise<void> {
  await statement(
    'invoices.updateSeen',
  )`UPDATE invoices SET change_id = ${changeId} WHERE invoice_id = ${invoiceId}`.execute(trx);
}

/** Whose invoice it is, and of which month, to lock both by: they never change. */
export async function selectOwnerOf(
  db: Queryable,
  invoiceId: number,
): Promise<{ customerId: number; month: Temporal.PlainDate } | undefined> {
  const { rows } = await statement<{ customerId: number; month: Temporal.PlainDate }>('invoices.selectOwnerOf')`
    SELECT customer_id AS "customerId", month FROM invoices WHERE invoice_id = ${invoiceId}`.execute(db);
  return rows[0];
}

export async function lockInvoice(trx: UnitOfWork, invoiceId: number): Promise<LockedInvoice | undefined> {
  const { rows } = await statement<LockedInvoice>('invoices.lockInvoice')`
    SELECT i.invoice_id AS "invoiceId", i.kind, ${stateOf} AS state, i.number, i.customer_id AS "customerId", c.external_id AS customer,
           i.currency, i.month, i.subtotal::text AS subtotal, i.total::text AS total, encode(i.inputs_digest, 'hex') AS "inputsDigest"
    FROM invoices i JOIN deployments_customers c USING (customer_id)
    WHERE i.invoice_id = ${invoiceId} FOR UPDATE OF i`.execute(trx);
  return rows[0];
}

export async function updateApproved(
  trx: UnitOfWork,
  invoiceId: number,
  overrideReason: string | null,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('invoices.updateApproved')`
    UPDATE invoices SET state = 'approved', approved_at = ${now}, approved_by = ${by}, override_reason = ${overrideReason}
    WHERE invoice_id = ${invoiceId}`.execute(trx);
}

/** An approved one that is to be approved again follows the facts again. */
export async function updateToDraft(trx: UnitOfWork, invoiceId: number): Promise<void> {
  await statement('invoices.updateToDraft')`
    UPDATE invoices SET state = 'draft', approved_at = NULL, approved_by = NULL, override_reason = NULL
    WHERE invoice_id = ${invoiceId} AND state = 'approved'`.execute(trx);
}

/** The next number of a series; whoever comes next waits until the end of this transaction. */
export async function takeNumber(
  trx: UnitOfWork,
  legalEntityId: number,
  kind: 'invoice' | 'credit_note',
): Promise<number> {
  const { rows } = await statement<{ number: number }>('invoices.takeNumber')`
    INSERT INTO number_series (legal_entity_id, kind, last_number) VALUES (${legalEntityId}, ${kind}, 1)
    ON CONFLICT (legal_entity_id, kind) DO UPDATE SET last_number = number_series.last_number + 1
    RETURNING last_number AS number`.execute(trx);
  return (rows[0] as { number: number }).number;
}

export async function selectNumberTaken(trx: UnitOfWork, legalEntityId: number, number: string): Promise<boolean> {
  const { rows } = await statement<{ taken: boolean }>('invoices.selectNumberTaken')`
    SELECT EXISTS (SELECT FROM invoices WHERE legal_entity_id = ${legalEntityId} AND number = ${number}) AS taken`.execute(
    trx,
  );
  return rows[0]?.taken ?? false;
}

export interface Issue {
  readonly number: string;
  readonly sequenceNumber: number | null;
  readonly dueOn: Temporal.PlainDate;
  /** Canonical JSON. */
  readonly document: string;
  /** Its sha256, in hexadecimal. */
  readonly digest: string;
}

export async function updateIssued(
  trx: UnitOfWork,
  invoiceId: number,
  issue: Issue,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('invoices.updateIssued')`
    UPDATE invoices SET state = 'issued', issued_at = ${now}, issued_by = ${by}, number = ${issue.number},
      sequence_number = ${issue.sequenceNumber}, due_on = ${issue.dueOn}, document = ${issue.document},
      document_digest = decode(${issue.digest}, 'hex')
    WHERE invoice_id = ${invoiceId}`.execute(trx);
}

/** An issued invoice that a credit note has given back in full is marked; else the database refuses. */
export async function updateCancelled(
  trx: UnitOfWork,
  invoiceId: number,
  { noteId, reason, by, now }: { noteId: number; reason: string; by: string; now: Temporal.Instant },
): Promise<void> {
  await statement('invoices.updateCancelled')`
    UPDATE invoices SET cancelled_at = ${now}, cancelled_by = ${by}, cancel_reason = ${reason}, cancelling_note_id = ${noteId}
    WHERE invoice_id = ${invoiceId}`.execute(trx);
}

// PDFs ------------------------------------------------------------------------------------------

export interface PdfRow {
  readonly bytes: Uint8Array;
  /** sha256 of the bytes, in hexadecimal. */
  readonly digest: string;
}

export async function selectPdf(db: Queryable, invoiceId: number): Promise<PdfRow | undefined> {
  const { rows } = await statement<PdfRow>('invoices.selectPdf')`
    SELECT bytes, encode(digest, 'hex') AS digest FROM invoice_pdfs WHERE invoice_id = ${invoiceId}`.execute(db);
  return rows[0];
}

/** Issued documents that have no PDF yet, by id, after one. */
export async function selectUndrawn(db: Queryable, after: number, limit: number): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('invoices.selectUndrawn')`
    SELECT i.invoice_id AS id FROM invoices i
    WHERE i.issued_at IS NOT NULL AND i.invoice_id > ${after}
      AND NOT EXISTS (SELECT FROM invoice_pdfs p WHERE p.invoice_id = i.invoice_id)
    ORDER BY i.invoice_id LIMIT ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** What is there already stays. */
export async function insertPdf(db: Queryable, invoiceId: number, bytes: Uint8Array): Promise<void> {
  const buffer = Buffer.from(bytes);
  await statement('invoices.insertPdf')`
    INSERT INTO invoice_pdfs (invoice_id, digest, bytes) VALUES (${invoiceId}, sha256(${buffer}), ${buffer})
    ON CONFLICT (invoice_id) DO NOTHING`.execute(db);
}

// Manual lines -----------------------------------------------------------------------------------

export interface NewManualLine {
  readonly customerId: number;
  readonly deploymentId: number | null;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string | null;
  readonly unitPrice: string;
  readonly taxCategory: string | null;
}

export async function insertManualLine(
  trx: UnitOfWork,
  line: NewManualLine,
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ id: number }>('invoices.insertManualLine')`
    INSERT INTO manual_lines (customer_id, deployment_id, currency, month, description, quantity, unit, unit_price,
                              tax_category, added_at, added_by)
    VALUES (${line.customerId}, ${line.deploymentId}, ${line.currency}, ${line.month}, ${line.description}, ${line.quantity},
            ${line.unit}, ${line.unitPrice}, ${line.taxCategory}, ${now}, ${by})
    RETURNING manual_line_id AS id`.execute(trx);
  return (rows[0] as { id: number }).id;
}

export interface ManualLineOwner {
  readonly customerId: number;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
  readonly removed: boolean;
}

export async function selectManualLineOwner(db: Queryable, id: number): Promise<ManualLineOwner | undefined> {
  const { rows } = await statement<ManualLineOwner>('invoices.selectManualLineOwner')`
    SELECT customer_id AS "customerId", currency, month, removed_at IS NOT NULL AS removed
    FROM manual_lines WHERE manual_line_id = ${id}`.execute(db);
  return rows[0];
}

export async function updateManualLineRemoved(
  trx: UnitOfWork,
  id: number,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('invoices.updateManualLineRemoved')`
    UPDATE manual_lines SET removed_at = ${now}, removed_by = ${by}
    WHERE manual_line_id = ${id} AND removed_at IS NULL`.execute(trx);
}

/** The invoice of a customer's month that is not cancelled, locked. */
export async function lockInvoiceOfMonth(
  trx: UnitOfWork,
  customerId: number,
  currency: string,
  month: Temporal.PlainDate,
): Promise<{ invoiceId: number; state: InvoiceState } | undefined> {
  const { rows } = await statement<{ invoiceId: number; state: InvoiceState }>('invoices.lockInvoiceOfMonth')`
    SELECT invoice_id AS "invoiceId", state FROM invoices
    WHERE kind = 'invoice' AND cancelled_at IS NULL AND customer_id = ${customerId} AND currency = ${currency} AND month = ${month}
    FOR UPDATE`.execute(trx);
  return rows[0];
}

/** Undefined: there is no such deployment, or nobody pays for it. */
export async function selectCustomerOfDeployment(db: Queryable, slug: string): Promise<number | undefined> {
  const { rows } = await statement<{ customer_id: number | null }>('invoices.selectCustomerOfDeployment')`
    SELECT customer_id FROM deployments_list WHERE slug = ${slug}`.execute(db);
  return rows[0]?.customer_id ?? undefined;
}

export interface PayingCustomer {
  readonly customerId: number;
  readonly customer: string;
  readonly name: string;
}

/** Who pays for deployments, in the order of the first deployment of each. */
export async function selectPayingCustomers(db: Queryable, deployments: readonly string[]): Promise<PayingCustomer[]> {
  const { rows } = await statement<PayingCustomer>('invoices.selectPayingCustomers')`
    SELECT c.customer_id AS "customerId", c.external_id AS customer, c.name
    FROM unnest(${[...deployments]}::text[]) WITH ORDINALITY AS wanted (slug, place)
    JOIN deployments_list d USING (slug) JOIN deployments_customers c USING (customer_id)
    GROUP BY c.customer_id, c.external_id, c.name ORDER BY min(place)`.execute(db);
  return rows;
}

/** Where customers' invoices of a month stand, by currency. */
export interface InvoiceStanding {
  readonly customerId: number;
  readonly currency: string;
  readonly invoiceId: number;
  readonly number: string | null;
  readonly state: Exclude<InvoiceState, 'cancelled'>;
}

export async function selectStandings(
  db: Queryable,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
): Promise<InvoiceStanding[]> {
  const { rows } = await statement<InvoiceStanding>('invoices.selectStandings')`
    SELECT customer_id AS "customerId", currency, invoice_id AS "invoiceId", number, state FROM invoices
    WHERE month = ${month} AND customer_id = ANY (${[...customerIds]}::bigint[]) AND kind = 'invoice' AND cancelled_at IS NULL`.execute(
    db,
  );
  return rows;
}

export async function selectDeploymentOfCustomer(
  db: Queryable,
  slug: string,
  customerId: number,
): Promise<number | undefined> {
  const { rows } = await statement<{ id: number }>('invoices.selectDeploymentOfCustomer')`
    SELECT deployment_id AS id FROM deployments_list WHERE slug = ${slug} AND customer_id = ${customerId}`.execute(db);
  return rows[0]?.id;
}
