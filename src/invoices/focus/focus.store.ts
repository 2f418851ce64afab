import { sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import type { BilledLine } from './charge.ts';
import type { DetailedDocument } from './invoice-detail.ts';
import { statement } from '../../platform/database/statement.ts';

// What was issued, read for an export. Issued is frozen, so pages that are read one after another
// fit together without a transaction around them: whether a document belongs is asked once, as of
// one instant.

export interface DocumentRow extends Omit<DetailedDocument, 'billingMonth'> {
  readonly invoiceId: number;
  /** Deployments' names on the document, by slug. */
  readonly deploymentNames: Readonly<Record<string, string>>;
  readonly lines: number;
}

/** What is billed in a month: its invoices, and the credit notes that were issued in it; as of an instant. */
const billedIn = (month: Temporal.PlainDate, asOf: Temporal.Instant) => sql`
  i.issued_at <= ${asOf}
  AND (i.kind = 'invoice' AND i.month = ${month}::date
    OR i.kind = 'credit_note' AND i.issued_at >= ${month}::date AND i.issued_at < ${month.add({ months: 1 })}::date)`;

/** A month's documents by id, after one. Names are those that were issued, whatever they are today. */
export async function selectDocuments(
  db: Queryable,
  month: Temporal.PlainDate,
  asOf: Temporal.Instant,
  page: { readonly after: number; readonly limit: number },
): Promise<DocumentRow[]> {
  const { rows } = await statement<DocumentRow>('invoices.selectDocuments')`
    SELECT i.invoice_id AS "invoiceId", i.kind, i.number, i.currency, i.total::text AS total,
           coalesce(nullif(d.document #>> '{seller,name}', ''), e.slug) AS issuer, d.document #>> '{buyer,customer}' AS customer,
           d.document ->> 'issuedOn' AS "issuedOn", d.document ->> 'dueOn' AS "dueOn",
           coalesce((d.document ->> 'termsDays')::int, 0) AS "termsDays", d.document #>> '{buyer,poNumber}' AS "poNumber",
           i.issued_at AS "issuedAt",
           d.document #>> '{buyer,name}' AS "customerName", d.document ->> 'credits' AS credits, d.document -> 'taxes' AS taxes,
           coalesce((SELECT jsonb_object_agg(s ->> 'deployment', s ->> 'name')
                     FROM jsonb_array_elements(d.document -> 'sections') AS s
                     WHERE s ->> 'deployment' IS NOT NULL), '{}') AS "deploymentNames",
           coalesce((SELECT max(l.position) FROM invoice_lines l WHERE l.invoice_id = i.invoice_id), 0) AS lines
    FROM (SELECT * FROM invoices i WHERE ${billedIn(month, asOf)} AND i.invoice_id > ${page.after}
          ORDER BY i.invoice_id LIMIT ${page.limit}) AS i
    -- Parsed once, not once for each of its parts.
    CROSS JOIN LATERAL (SELECT i.document::jsonb AS document OFFSET 0) AS d
    JOIN legal_entities e USING (legal_entity_id)
    ORDER BY i.invoice_id`.execute(db);
  return rows;
}

export interface LineRow extends Omit<BilledLine, 'deploymentName'> {
  readonly invoiceId: number;
}

/** The lines of some documents in their order, after a position. */
export async function selectLines(
  db: Queryable,
  invoiceIds: readonly number[],
  page: { readonly after: number; readonly limit: number },
): Promise<LineRow[]> {
  const { rows } = await statement<LineRow>('invoices.selectFocusLines')`
    SELECT l.invoice_id AS "invoiceId", l.position, l.kind, d.slug AS deployment, l.service_month AS "serviceMonth",
           l.component, l.description, trim_scale(l.quantity)::text AS quantity, l.unit,
           trim_scale(l.unit_price)::text AS "unitPrice", l.amount::text AS amount, l.tax, l.details
    FROM invoice_lines l LEFT JOIN deployments_list d USING (deployment_id)
    WHERE l.invoice_id = ANY (${[...invoiceIds]}::bigint[]) AND l.position > ${page.after}
    ORDER BY l.invoice_id, l.position LIMIT ${page.limit}`.execute(db);
  return rows;
}

export interface PeriodRow {
  readonly issuer: string;
  readonly updatedAt: Temporal.Instant;
  readonly isClosed: boolean;
}

/**
 * How far a month is with each legal entity that has documents in it: closed once its grace period is over and
 * no invoice of it is to be issued yet.
 */
export async function selectPeriods(
  db: Queryable,
  month: Temporal.PlainDate,
  asOf: Temporal.Instant,
): Promise<PeriodRow[]> {
  const { rows } = await statement<PeriodRow>('invoices.selectPeriods')`
    SELECT issuer, max(changed_at) AS "updatedAt", bool_and(is_issued AND is_over) AS "isClosed"
    FROM (
      SELECT coalesce(nullif(i.document::jsonb #>> '{seller,name}', ''), nullif(p.name, ''), e.slug) AS issuer,
             i.issued_at IS NOT NULL AS is_issued,
             greatest(i.drafted_at, i.approved_at, i.issued_at) AS changed_at,
             ${month.add({ months: 1 })}::date + e.grace_days * interval '1 day' <= ${asOf}::timestamptz AS is_over
      FROM invoices i JOIN legal_entities e USING (legal_entity_id)
      LEFT JOIN legal_entity_parties p ON p.legal_entity_id = e.legal_entity_id AND p.superseded_at = 'infinity'
        AND p.valid_to = 'infinity'
      WHERE i.drafted_at <= ${asOf}
        AND (i.kind = 'invoice' AND i.month = ${month}::date
          OR i.kind = 'credit_note' AND i.issued_at >= ${month}::date AND i.issued_at < ${month.add({ months: 1 })}::date)
    ) AS documents
    GROUP BY issuer ORDER BY issuer COLLATE "C"`.execute(db);
  return rows;
}

export interface LeftOut {
  /** Invoices of the month that nobody has issued: drafts and approved ones. */
  readonly unissued: number;
}

/** What a month's export does not hold. */
export async function selectLeftOut(db: Queryable, month: Temporal.PlainDate): Promise<LeftOut> {
  const { rows } = await statement<LeftOut>('invoices.selectLeftOut')`
    SELECT count(*) AS unissued FROM invoices
    WHERE kind = 'invoice' AND month = ${month}::date AND state IN ('draft', 'approved')`.execute(db);
  return rows[0] as LeftOut;
}
