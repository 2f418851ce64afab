import { sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { DecidedCorrection, Line, ManualLine } from './lines.ts';
import type { LineTax, TaxTotal } from './taxes.ts';
import { statement } from '../platform/database/statement.ts';

// What drafts are made from, and the drafts themselves, many customers at a time.

/** One drafting of a month at a time; held until the end of the transaction. */
export async function lockMonth(trx: UnitOfWork, month: Temporal.PlainDate): Promise<void> {
  await statement(
    'invoices.lockMonth',
  )`SELECT pg_advisory_xact_lock(hashtextextended('invoice_drafts', extract(epoch FROM ${month}::date)::bigint))`.execute(
    trx,
  );
}

/** By which facts a document is made. */
export interface Seen {
  /** A position in the log of changes: it has seen all up to there, if not more. */
  readonly changeId: number;
  /** The newest revision of the month's usage; 0: nothing was metered. */
  readonly usageRevision: number;
}

/** What a month is made from now, within a transaction. To be read before the facts themselves. */
export async function selectSeen(db: Queryable, month: Temporal.PlainDate): Promise<Seen> {
  const { rows } = await statement<Seen>('invoices.selectSeen')`
    SELECT (SELECT change_id FROM check_progress WHERE checks = 'correction_checks') AS "changeId",
           (SELECT coalesce(max(revision), 0) FROM metering_day_revisions
            WHERE day >= ${month} AND day < ${month.add({ months: 1 })}) AS "usageRevision"`.execute(db);
  return rows[0] as Seen;
}

export interface BilledCustomer {
  readonly customerId: number;
  readonly externalId: string;
  /** Who bills it on the month's last day. */
  readonly legalEntityId: number;
}

/**
 * Customers by id, after one, that a month may have to be billed to: with deployments, manual lines
 * or a draft; each with who bills it.
 */
export async function selectBilledCustomers(
  db: Queryable,
  month: Temporal.PlainDate,
  only: { readonly after: number; readonly limit: number; readonly customerIds?: readonly number[] },
): Promise<BilledCustomer[]> {
  const last = month.add({ months: 1 }).subtract({ days: 1 });
  const ids = only.customerIds ? [...only.customerIds] : null;
  const { rows } = await statement<BilledCustomer>('invoices.selectBilledCustomers')`
    WITH chosen AS (
      SELECT c.customer_id, c.external_id FROM deployments_customers c
      WHERE c.customer_id > ${only.after} AND (${ids}::bigint[] IS NULL OR c.customer_id = ANY (${ids}::bigint[]))
        AND (EXISTS (SELECT FROM deployments_list d WHERE d.customer_id = c.customer_id)
          OR EXISTS (SELECT FROM manual_lines m WHERE m.customer_id = c.customer_id AND m.month = ${month} AND m.removed_at IS NULL)
          OR EXISTS (SELECT FROM invoices i WHERE i.customer_id = c.customer_id AND i.month = ${month} AND i.state = 'draft'))
      ORDER BY c.customer_id LIMIT ${only.limit}
    )
    SELECT c.customer_id AS "customerId", c.external_id AS "externalId", e.legal_entity_id AS "legalEntityId"
    FROM chosen c
    LEFT JOIN customer_billing b ON b.customer_id = c.customer_id AND b.superseded_at = 'infinity'
      AND b.valid_from <= ${last}::date AND b.valid_to > ${last}::date
    JOIN legal_entities e ON CASE WHEN b.legal_entity_id IS NULL THEN e.is_default ELSE e.legal_entity_id = b.legal_entity_id END
    ORDER BY c.customer_id`.execute(db);
  return rows;
}

export interface DeploymentRow {
  readonly deploymentId: number;
  readonly customerId: number;
  readonly slug: string;
  readonly name: string;
}

/** The deployments of some customers, by slug. */
export async function selectDeployments(db: Queryable, customerIds: readonly number[]): Promise<DeploymentRow[]> {
  const { rows } = await statement<DeploymentRow>('invoices.selectDeployments')`
    SELECT deployment_id AS "deploymentId", customer_id AS "customerId", slug, name FROM deployments_list
    WHERE customer_id = ANY (${[...customerIds]}::bigint[]) ORDER BY slug COLLATE "C"`.execute(db);
  return rows;
}

export interface ManualLineRow extends ManualLine {
  readonly customerId: number;
  readonly currency: string;
}

export async function selectManualLines(
  db: Queryable,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
): Promise<ManualLineRow[]> {
  const { rows } = await statement<ManualLineRow>('invoices.selectManualLines')`
    SELECT customer_id AS "customerId", currency, manual_line_id AS "manualLineId", deployment_id AS "deploymentId", description,
           trim_scale(quantity)::text AS quantity, unit, unit_price::text AS "unitPrice", tax_category AS "taxCategory"
    FROM manual_lines
    WHERE month = ${month} AND customer_id = ANY (${[...customerIds]}::bigint[]) AND removed_at IS NULL
    ORDER BY manual_line_id`.execute(db);
  return rows;
}

export interface DecidedRow extends DecidedCorrection {
  readonly customerId: number;
  readonly currency: string;
}

/** Corrections that were decided to come on the customers' invoices of the month. */
export async function selectDecidedCorrections(
  db: Queryable,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
): Promise<DecidedRow[]> {
  const { rows } = await statement<DecidedRow>('invoices.selectDecidedCorrections')`
    SELECT c.customer_id AS "customerId", c.currency, c.correction_id AS "correctionId", c.deployment_id AS "deploymentId", c.month,
           c.component, c.description, c.amount::text AS amount, ${correctedTime('from')} AS "from", ${correctedTime('to')} AS "to",
           (SELECT y.number FROM invoices y WHERE y.kind = 'invoice' AND y.state = 'issued' AND y.cancelled_at IS NULL AND y.customer_id = c.customer_id
              AND y.currency = c.currency AND y.month = c.month) AS corrects
    FROM corrections c JOIN deployments_list d USING (deployment_id)
    WHERE c.decision = 'invoice' AND c.target_month = ${month} AND c.customer_id = ANY (${[...customerIds]}::bigint[])
      AND c.withdrawn_at IS NULL
    ORDER BY c.month, c.correction_id`.execute(db);
  return rows;
}

/**
 * An end of the time of the service that a row c (deployment_id, month, component) of deployment d corrects: that of
 * the first issued line of the same component; of what was not issued before, the month's, from the deployment's start on.
 */
export function correctedTime(end: 'from' | 'to'): ReturnType<typeof sql<Temporal.Instant>> {
  const month = sql`c.month::timestamp AT TIME ZONE 'UTC'`;
  const whole =
    end === 'from'
      ? sql`least(greatest(${month}, d.starts_at), ${month} + interval '1 month')`
      : sql`${month} + interval '1 month'`;
  return sql`coalesce((
    SELECT (x.details ->> ${sql.lit(end)})::timestamptz FROM invoice_lines x JOIN invoices y USING (invoice_id)
    WHERE x.deployment_id = c.deployment_id AND x.service_month = c.month AND x.component = c.component
      AND y.state = 'issued' AND x.details ? ${sql.lit(end)}
    ORDER BY y.invoice_id, x.position LIMIT 1), ${whole})`;
}

/**
 * How issued invoices taxed what is corrected, in the order asked: the line of the same component on
 * the corrected month's invoice, else another one of the deployment; null: it has none there.
 */
export async function selectChargedTaxes(
  db: Queryable,
  corrections: readonly Pick<DecidedRow, 'customerId' | 'currency' | 'deploymentId' | 'month' | 'component'>[],
): Promise<(LineTax | null)[]> {
  if (corrections.length === 0) return [];
  const { rows } = await statement<{ tax: LineTax | null }>('invoices.selectChargedTaxes')`
    SELECT x.tax
    FROM jsonb_array_elements(${JSON.stringify(corrections)}::jsonb) WITH ORDINALITY AS a (asked, position)
    LEFT JOIN LATERAL (
      SELECT l.tax FROM invoice_lines l JOIN invoices i USING (invoice_id)
      WHERE l.deployment_id = (a.asked ->> 'deploymentId')::bigint AND l.service_month = (a.asked ->> 'month')::date
        AND l.kind <> 'manual' AND i.kind = 'invoice' AND i.state = 'issued' AND i.cancelled_at IS NULL AND i.month = l.service_month
        AND i.customer_id = (a.asked ->> 'customerId')::bigint AND i.currency = a.asked ->> 'currency'
      ORDER BY l.component <> (a.asked ->> 'component'), l.position LIMIT 1) AS x ON true
    ORDER BY a.position`.execute(db);
  return rows.map((row) => row.tax);
}

export interface TaxProfileRow {
  readonly customerId: number;
  readonly month: Temporal.PlainDate;
  readonly legalEntityId: number;
  readonly taxCategory: string;
  readonly taxTreatment: LineTax['treatment'];
  readonly taxNote: string | null;
  /** What the category and every other is charged at on the month's last day. */
  readonly rates: Readonly<Record<string, { title: string; percent: string }>>;
}

/** How each customer is taxed for each month: what holds on the month's last day. */
export async function selectTaxProfiles(
  db: Queryable,
  pairs: readonly { readonly customerId: number; readonly month: Temporal.PlainDate }[],
): Promise<TaxProfileRow[]> {
  const { rows } = await statement<TaxProfileRow>('invoices.selectTaxProfiles')`
    WITH asked AS (
      SELECT * FROM unnest(${pairs.map((pair) => pair.customerId)}::bigint[], ${pairs.map((pair) => pair.month.toString())}::date[])
        AS a (customer_id, month)
    ), placed AS (
      SELECT a.customer_id, a.month, e.legal_entity_id, b.tax_category, b.tax_treatment, b.tax_note
      FROM asked a
      LEFT JOIN customer_billing b ON b.customer_id = a.customer_id AND b.superseded_at = 'infinity'
        AND b.valid_from < a.month + interval '1 month' - interval '1 day' + interval '1 microsecond'
        AND b.valid_to > a.month + interval '1 month' - interval '1 day'
      JOIN legal_entities e ON CASE WHEN b.legal_entity_id IS NULL THEN e.is_default ELSE e.legal_entity_id = b.legal_entity_id END
    ), rates AS (
      SELECT p.legal_entity_id, p.month,
             coalesce((SELECT jsonb_object_agg(r.category, jsonb_build_object('title', r.title, 'percent', trim_scale(r.percent)::text))
                       FROM tax_rates r
                       WHERE r.legal_entity_id = p.legal_entity_id AND r.superseded_at = 'infinity'
                         AND r.valid_from <= p.month + interval '1 month' - interval '1 day'
                         AND r.valid_to > p.month + interval '1 month' - interval '1 day'), '{}') AS rates
      FROM (SELECT DISTINCT legal_entity_id, month FROM placed) AS p
    )
    SELECT p.customer_id AS "customerId", p.month, p.legal_entity_id AS "legalEntityId",
           coalesce(p.tax_category, 'standard') AS "taxCategory", coalesce(p.tax_treatment, 'taxed') AS "taxTreatment",
           p.tax_note AS "taxNote", r.rates
    FROM placed p JOIN rates r USING (legal_entity_id, month)`.execute(db);
  return rows;
}

// The drafts ------------------------------------------------------------------------------------

export interface ExistingInvoice {
  readonly invoiceId: number;
  readonly customerId: number;
  readonly currency: string;
  readonly state: 'draft' | 'approved' | 'issued';
  readonly inputsDigest: string;
}

/** What invoices of a month that are not cancelled are made from: one for each customer and currency. */
export async function selectDigests(
  db: Queryable,
  month: Temporal.PlainDate,
): Promise<(Omit<ExistingInvoice, 'invoiceId'> & { readonly customer: string })[]> {
  const { rows } = await statement<Omit<ExistingInvoice, 'invoiceId'> & { customer: string }>('invoices.selectDigests')`
    SELECT i.customer_id AS "customerId", c.external_id AS customer, i.currency, i.state,
           encode(i.inputs_digest, 'hex') AS "inputsDigest"
    FROM invoices i JOIN deployments_customers c USING (customer_id)
    WHERE i.kind = 'invoice' AND i.month = ${month} AND i.cancelled_at IS NULL`.execute(db);
  return rows;
}

/** Locks the customers' invoices of a month that are not cancelled. */
export async function lockInvoices(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  customerIds: readonly number[],
): Promise<ExistingInvoice[]> {
  const { rows } = await statement<ExistingInvoice>('invoices.lockInvoices')`
    SELECT invoice_id AS "invoiceId", customer_id AS "customerId", currency, state, encode(inputs_digest, 'hex') AS "inputsDigest"
    FROM invoices
    WHERE kind = 'invoice' AND month = ${month} AND cancelled_at IS NULL AND customer_id = ANY (${[...customerIds]}::bigint[])
    ORDER BY invoice_id FOR UPDATE`.execute(trx);
  return rows;
}

/** An invoice as it is written, with its lines in their order. */
export interface DraftContent {
  /** Null: a new one. */
  readonly invoiceId: number | null;
  readonly customerId: number;
  readonly legalEntityId: number;
  readonly currency: string;
  readonly subtotal: string;
  readonly tax: string;
  readonly total: string;
  readonly taxes: readonly TaxTotal[];
  readonly inputsDigest: string;
  readonly lines: readonly DraftLine[];
}

export interface DraftLine extends Omit<Line, 'serviceMonth' | 'taxCategory' | 'charged'> {
  readonly serviceMonth: string;
  readonly tax: LineTax;
}

/** Writes drafts: new ones, and what others say now. Returns each one's id, in their order. */
export async function writeDrafts(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  seen: Seen,
  drafts: readonly DraftContent[],
  now: Temporal.Instant,
): Promise<number[]> {
  if (drafts.length === 0) return [];
  const heads = JSON.stringify(drafts.map(({ lines: _, ...head }) => head));
  const columns = sql`(
    "invoiceId" bigint, "customerId" bigint, "legalEntityId" int, currency text, subtotal numeric, tax numeric, total numeric,
    taxes jsonb, "inputsDigest" text)`;
  await statement('invoices.writeDrafts.delete_invoice_lines')`
    DELETE FROM invoice_lines USING jsonb_to_recordset(${heads}::jsonb) AS h ("invoiceId" bigint)
    WHERE invoice_id = h."invoiceId"`.execute(trx);
  await statement('invoices.writeDrafts.update_invoices')`
    UPDATE invoices SET legal_entity_id = h."legalEntityId", subtotal = h.subtotal, tax = h.tax, total = h.total,
      taxes = h.taxes, inputs_digest = decode(h."inputsDigest", 'hex'),
      change_id = ${seen.changeId}, usage_revision = ${seen.usageRevision}, drafted_at = ${now}
    FROM jsonb_to_recordset(${heads}::jsonb) AS h ${columns}
    WHERE invoices.invoice_id = h."invoiceId"`.execute(trx);
  await statement('invoices.writeDrafts.insert_invoices')`
    INSERT INTO invoices (kind, legal_entity_id, customer_id, currency, month, state, change_id, usage_revision,
                          inputs_digest, subtotal, tax, total, taxes, drafted_at)
    SELECT 'invoice', h."legalEntityId", h."customerId", h.currency, ${month}::date, 'draft', ${seen.changeId}::bigint,
           ${seen.usageRevision}::bigint, decode(h."inputsDigest", 'hex'), h.subtotal, h.tax, h.total,
           h.taxes, ${now}::timestamptz
    FROM jsonb_to_recordset(${heads}::jsonb) AS h ${columns}
    WHERE h."invoiceId" IS NULL`.execute(trx);
  const { rows } = await statement<{ id: number }>('invoices.writeDrafts.select_i_invoice_id')`
    SELECT i.invoice_id AS id
    FROM jsonb_array_elements(${heads}::jsonb) WITH ORDINALITY AS h (head, position)
    JOIN invoices i ON i.customer_id = (h.head ->> 'customerId')::bigint AND i.currency = h.head ->> 'currency'
     AND i.month = ${month} AND i.kind = 'invoice' AND i.cancelled_at IS NULL
    ORDER BY h.position`.execute(trx);
  const ids = rows.map((row) => row.id);
  await insertLines(
    trx,
    drafts.flatMap((draft, index) =>
      draft.lines.map((line, position) => ({ ...line, invoiceId: ids[index] as number, position: position + 1 })),
    ),
  );
  return ids;
}

/** Few enough at a time that a batch stays small in memory, whatever a customer has. */
const linesPerStatement = 5_000;

export async function insertLines(
  trx: UnitOfWork,
  lines: readonly (DraftLine & { readonly invoiceId: number; readonly position: number })[],
): Promise<void> {
  for (let start = 0; start < lines.length; start += linesPerStatement) {
    await statement('invoices.insertLines')`
      INSERT INTO invoice_lines (invoice_id, position, kind, deployment_id, service_month, component, description, quantity,
                                 unit, unit_price, amount, tax, details)
      SELECT "invoiceId", position, kind, "deploymentId", "serviceMonth", component, description, quantity, unit, "unitPrice",
             amount, tax, details
      FROM jsonb_to_recordset(${JSON.stringify(lines.slice(start, start + linesPerStatement))}::jsonb) AS l (
        "invoiceId" bigint, position int, kind text, "deploymentId" bigint, "serviceMonth" date, component text,
        description text, quantity numeric, unit text, "unitPrice" numeric, amount numeric, tax jsonb, details jsonb)`.execute(
      trx,
    );
  }
}

/** Remembers that drafts say the same by newer usage. */
export async function touchDrafts(trx: UnitOfWork, invoiceIds: readonly number[], seen: Seen): Promise<void> {
  await statement('invoices.touchDrafts')`
    UPDATE invoices SET change_id = ${seen.changeId}, usage_revision = ${seen.usageRevision}
    WHERE invoice_id = ANY (${[...invoiceIds]}::bigint[]) AND usage_revision <> ${seen.usageRevision}`.execute(trx);
}

/** Drafts of what is no longer billed. */
export async function deleteDrafts(trx: UnitOfWork, invoiceIds: readonly number[]): Promise<void> {
  await statement(
    'invoices.deleteDrafts',
  )`DELETE FROM invoices WHERE invoice_id = ANY (${[...invoiceIds]}::bigint[]) AND state = 'draft'`.execute(trx);
}
