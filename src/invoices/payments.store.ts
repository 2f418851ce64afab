import { type RawBuilder, sql } from 'kysely';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { PageRequest } from '../platform/declare/operation.ts';

// What was paid of invoices, and what an invoice's payment comes to.

export const paymentKinds = ['payment', 'refund', 'chargeback', 'reversal', 'failed'] as const;
/** `reversal` is the opposite of what was recorded under its id in error; `failed` is an attempt that brought nothing. */
export type PaymentKind = (typeof paymentKinds)[number];

export const paymentStates = ['open', 'part_paid', 'paid', 'overdue', 'credit'] as const;
export type PaymentState = (typeof paymentStates)[number];

/** What the payments and credit notes of an invoice `i` come to: `b.owed`, `b.paid`. */
export const balanceOf: RawBuilder<unknown> = sql`LATERAL (
  SELECT i.total + coalesce((SELECT sum(n.total) FROM invoices n WHERE n.credits_invoice_id = i.invoice_id AND n.issued_at IS NOT NULL), 0) AS owed,
         coalesce((SELECT sum(y.amount) FROM invoice_payments y WHERE y.invoice_id = i.invoice_id), 0) AS paid) AS b`;

/**
 * The payment state on a UTC day of an invoice `i` with its balance `b`; NULL: of what is not issued, of a credit note, and
 * of what was cancelled before anything was paid.
 */
export function paymentStateOn(today: Temporal.PlainDate): RawBuilder<unknown> {
  return sql`CASE
    WHEN i.kind <> 'invoice' OR i.issued_at IS NULL OR (i.cancelled_at IS NOT NULL AND b.owed = b.paid) THEN NULL
    WHEN b.paid > b.owed THEN 'credit'
    WHEN b.paid = b.owed THEN 'paid'
    WHEN i.due_on < ${today}::date THEN 'overdue'
    WHEN b.paid > 0 THEN 'part_paid'
    ELSE 'open' END`;
}

export interface StandingRow {
  readonly invoiceId: number;
  /** null: nothing is to be paid of it: it is not issued, a credit note, or was cancelled before anything was paid. */
  readonly state: PaymentState | null;
  /** Its total less what was credited. null, as `paid`: of a credit note, and of what is not issued. */
  readonly owed: string | null;
  readonly paid: string | null;
}

/** How invoices stand on a UTC day. */
export async function selectStandingsOn(
  db: Queryable,
  invoiceIds: readonly number[],
  today: Temporal.PlainDate,
): Promise<StandingRow[]> {
  const { rows } = await statement<StandingRow>('invoices.selectStandingsOn')`
    SELECT i.invoice_id AS "invoiceId", ${paymentStateOn(today)} AS state, b.owed::text AS owed, b.paid::text AS paid
    FROM invoices i LEFT JOIN ${balanceOf} ON i.kind = 'invoice' AND i.issued_at IS NOT NULL
    WHERE i.invoice_id = ANY (${[...invoiceIds]}::bigint[])`.execute(db);
  return rows;
}

/** An invoice that a payment names. */
export interface NamedInvoiceRow {
  /** As it was named: by its number. */
  readonly named: string;
  readonly invoiceId: number;
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
  readonly customerId: number;
  readonly customer: string;
}

/** Documents by their numbers, locked so that whoever else records a payment of them waits. */
export async function lockNamed(trx: UnitOfWork, names: readonly string[]): Promise<NamedInvoiceRow[]> {
  const { rows } = await statement<NamedInvoiceRow>('invoices.lockNamed')`
    SELECT n.named, i.invoice_id AS "invoiceId", i.kind, i.number, i.currency, i.month, i.customer_id AS "customerId", c.external_id AS customer
    FROM (SELECT DISTINCT named FROM unnest(${[...names]}::text[]) AS w (named)) AS n
    JOIN invoices i ON lower(i.number) COLLATE "C" = lower(n.named) AND i.number = n.named AND i.number IS NOT NULL
    JOIN deployments_customers c ON c.customer_id = i.customer_id
    ORDER BY i.invoice_id FOR NO KEY UPDATE OF i`.execute(trx);
  return rows;
}

/** A payment as it is stored: what is given back below zero. */
export interface NewPayment {
  readonly provider: string;
  readonly payment: string;
  readonly kind: PaymentKind;
  readonly invoiceId: number;
  readonly customerId: number;
  readonly currency: string;
  readonly amount: string;
  readonly paidAt: Temporal.Instant;
  readonly note: string | null;
}

export type PaymentKey = Pick<NewPayment, 'provider' | 'payment' | 'kind'>;

/** Stores those whose key is new and whose id is of nothing else; of several with one key the first. Returns which these are. */
export async function insertPayments(
  trx: UnitOfWork,
  payments: readonly NewPayment[],
  by: string,
  now: Temporal.Instant,
): Promise<PaymentKey[]> {
  const all = <Name extends keyof NewPayment>(name: Name) => payments.map((one) => one[name]);
  const { rows } = await statement<PaymentKey>('invoices.insertPayments')`
    INSERT INTO invoice_payments (provider, payment, kind, invoice_id, customer_id, currency, amount, paid_at, note, recorded_at,
                                  recorded_by)
    SELECT provider, payment, kind, invoice_id, customer_id, currency, amount, paid_at, note, ${now}::timestamptz, ${by}::text
    FROM (
      SELECT DISTINCT ON (provider, payment, kind) *
      FROM unnest(${all('provider')}::text[], ${all('payment')}::text[], ${all('kind')}::text[], ${all('invoiceId')}::bigint[],
                  ${all('customerId')}::bigint[], ${all('currency')}::text[], ${all('amount')}::numeric[],
                  ${all('paidAt').map(String)}::timestamptz[], ${all('note')}::text[]) WITH ORDINALITY
        AS s (provider, payment, kind, invoice_id, customer_id, currency, amount, paid_at, note, n)
      ORDER BY provider, payment, kind, n) AS first
    ORDER BY provider, payment, kind
    ON CONFLICT DO NOTHING
    RETURNING provider, payment, kind`.execute(trx);
  return rows;
}

export interface PaymentRow extends PaymentKey {
  readonly paymentId: number;
  readonly invoiceId: number;
  readonly invoice: string;
  readonly customer: string;
  readonly customerName: string;
  readonly currency: string;
  readonly amount: string;
  readonly paidAt: Temporal.Instant;
  /** null for a customer. */
  readonly note: string | null;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string | null;
}

const columns = (staff: boolean) => sql`
  p.invoice_payment_id AS "paymentId", p.provider, p.payment, p.kind, p.invoice_id AS "invoiceId", i.number AS invoice,
  c.external_id AS customer, c.name AS "customerName", p.currency, p.amount::text AS amount, p.paid_at AS "paidAt",
  ${staff ? sql`p.note` : sql`NULL`} AS note, p.recorded_at AS "recordedAt", ${staff ? sql`p.recorded_by` : sql`NULL`} AS "recordedBy"`;
const tables = sql`invoice_payments p JOIN invoices i USING (invoice_id) JOIN deployments_customers c ON c.customer_id = p.customer_id`;

/** What is stored under keys: a statement of its own after the insertion, to see what another connection has just stored. */
export async function selectPaymentsByKey(trx: UnitOfWork, keys: readonly PaymentKey[]): Promise<PaymentRow[]> {
  const { rows } = await statement<PaymentRow>('invoices.selectPaymentsByKey')`
    SELECT ${columns(true)}
    FROM (SELECT DISTINCT * FROM unnest(${keys.map(({ provider }) => provider)}::text[], ${keys.map(({ payment }) => payment)}::text[],
                                        ${keys.map(({ kind }) => kind)}::text[]) AS k (provider, payment, kind)) AS k
    JOIN invoice_payments p USING (provider, payment, kind) JOIN invoices i USING (invoice_id)
    JOIN deployments_customers c ON c.customer_id = p.customer_id`.execute(trx);
  return rows;
}

/** What reversals take back: what was recorded under their ids. */
export async function selectReversed(
  trx: UnitOfWork,
  reversals: readonly Pick<PaymentKey, 'provider' | 'payment'>[],
): Promise<PaymentRow[]> {
  const { rows } = await statement<PaymentRow>('invoices.selectReversed')`
    SELECT ${columns(true)}
    FROM (SELECT DISTINCT * FROM unnest(${reversals.map(({ provider }) => provider)}::text[],
                                        ${reversals.map(({ payment }) => payment)}::text[]) AS k (provider, payment)) AS k
    JOIN invoice_payments p USING (provider, payment) JOIN invoices i USING (invoice_id)
    JOIN deployments_customers c ON c.customer_id = p.customer_id
    WHERE p.kind IN ('payment', 'refund', 'chargeback')`.execute(trx);
  return rows;
}

export interface PaymentFilter {
  /** An invoice's number. */
  readonly invoice?: string | undefined;
  readonly invoiceId?: number | undefined;
  /** The customer's external id. */
  readonly customer?: string | undefined;
  readonly provider?: string | undefined;
  readonly kind?: PaymentKind | undefined;
  readonly q: string | null;
}

const newestKey: SortKey = { of: sql`p.invoice_payment_id`, type: 'bigint' };
const paymentSorts = {
  paymentId: newestKey,
  paidAt: { of: sql`p.paid_at`, type: 'timestamptz' },
  amount: { of: sql`p.amount`, type: 'numeric' },
} as const satisfies Record<string, SortKey>;

export type PaymentSort = keyof typeof paymentSorts;

/** `limit` at most. With a customer's id: what is theirs, without what they may not read. */
export async function selectPayments(
  db: Queryable,
  { invoice = null, invoiceId = null, customer = null, provider = null, kind = null, q }: Nullable<PaymentFilter>,
  { sort, limit, ...request }: Omit<PageRequest<PaymentSort>, 'q'>,
  customerId: number | null,
): Promise<(PaymentRow & Sorted)[]> {
  const { columns: place, beyond, by } = keyset(paymentSorts[sort], newestKey, request);
  const { rows } = await statement<PaymentRow & Sorted>('invoices.selectPayments')`
    SELECT ${columns(customerId === null)}, ${place} FROM ${tables}
    WHERE ${customerId === null ? sql`true` : sql`p.customer_id = ${customerId}`}
      ${invoiceId === null ? sql`` : sql`AND p.invoice_id = ${invoiceId}`}
      ${invoice === null ? sql`` : sql`AND p.invoice_id = ANY (ARRAY(SELECT n.invoice_id FROM invoices n WHERE lower(n.number) COLLATE "C" = lower(${invoice}::text) AND n.number = ${invoice}))`}
      AND (${customer}::text IS NULL OR c.external_id = ${customer}) AND (${provider}::text IS NULL OR p.provider = ${provider})
      AND (${kind}::text IS NULL OR p.kind = ${kind})
      AND ${holds(q, sql`p.payment`, sql`i.number`, sql`c.external_id`, sql`c.name`)} AND ${beyond}
    ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

type Nullable<Row> = { readonly [Name in keyof Row]: Row[Name] | null };
