import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { correctedTime } from './drafts.store.ts';
import type { LineTax, TaxTotal } from './taxes.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';

// Corrections: which issued months may cost something else now, what they cost, what was decided.

export interface Check {
  readonly customerId: number;
  readonly month: Temporal.PlainDate;
  /** A position in the log of changes from before the facts were read. */
  readonly changeId: number;
}

/**
 * Begins to watch an issued month, from the facts by which it costs what was issued. A month that is
 * watched already, for another currency, is to be rated again.
 */
export async function upsertCheck(trx: UnitOfWork, check: Check): Promise<void> {
  await statement('invoices.upsertCheck')`
    INSERT INTO correction_checks (customer_id, month, change_id, stale, costs_known)
    VALUES (${check.customerId}, ${check.month}, ${check.changeId}, false, false)
    ON CONFLICT (customer_id, month) DO UPDATE SET stale = true`.execute(trx);
}

/** Looking for corrections and rating them goes by turns; held until the end of the transaction. */
export async function lockChecks(trx: UnitOfWork): Promise<void> {
  await statement(
    'invoices.lockChecks',
  )`SELECT pg_advisory_xact_lock(hashtextextended('correction_checks', 0))`.execute(trx);
}

export interface Candidate {
  readonly customerId: number;
  /** Its external id. */
  readonly customer: string;
  readonly month: Temporal.PlainDate;
}

/** The issued months that are to be rated again, of all customers or of one. */
export async function selectCandidates(trx: UnitOfWork, customerId: number | null): Promise<Candidate[]> {
  const { rows } = await statement<Candidate>('invoices.selectCandidates')`
    SELECT customer_id AS "customerId", c.external_id AS customer, k.month
    FROM correction_checks k JOIN deployments_customers c USING (customer_id)
    WHERE k.stale AND (${customerId}::bigint IS NULL OR customer_id = ${customerId})
    ORDER BY k.month, customer_id`.execute(trx);
  return rows;
}

/** Of some customers those whose month nobody has rated meanwhile, by the same facts or newer ones. */
export async function selectToRate(
  db: Queryable,
  month: Temporal.PlainDate,
  changeId: number,
  customerIds: readonly number[],
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('invoices.selectToRate')`
    SELECT customer_id AS id FROM correction_checks
    WHERE month = ${month} AND (stale OR change_id < ${changeId}) AND customer_id = ANY (${[...customerIds]}::bigint[])
    ORDER BY customer_id`.execute(db);
  return rows.map((row) => row.id);
}

/** The customers' months are to be rated again. `touched`: see `applyChanges`. */
export async function markStale(trx: UnitOfWork, touched: RawBuilder<unknown>): Promise<void> {
  await statement('invoices.markStale')`
    UPDATE correction_checks k SET stale = true
    FROM ${touched} AS t WHERE k.customer_id = t.customer_id AND k.month = t.month AND NOT k.stale`.execute(trx);
}

export interface CostRow {
  readonly customerId: number;
  readonly deploymentId: number;
  readonly currency: string;
  readonly component: string;
  readonly description: string;
  readonly amount: string;
}

/** Replaces what customers' month costs, and remembers up to which change it is so. */
export async function replaceCosts(
  trx: UnitOfWork,
  month: Temporal.PlainDate,
  changeId: number,
  customerIds: readonly number[],
  costs: readonly CostRow[],
): Promise<void> {
  const ids = [...customerIds];
  await statement('invoices.replaceCosts.delete_correction_costs')`
    DELETE FROM correction_costs WHERE month = ${month} AND customer_id = ANY (${ids}::bigint[])`.execute(trx);
  await statement('invoices.replaceCosts.insert_correction_costs')`
    INSERT INTO correction_costs (customer_id, deployment_id, month, currency, component, description, amount)
    SELECT "customerId", "deploymentId", ${month}::date, currency, component, description, amount
    FROM jsonb_to_recordset(${JSON.stringify(costs)}::jsonb) AS c (
      "customerId" bigint, "deploymentId" bigint, currency text, component text, description text, amount numeric)`.execute(
    trx,
  );
  await statement('invoices.replaceCosts.update_correction_checks')`
    UPDATE correction_checks SET change_id = ${changeId}, stale = false, costs_known = true
    WHERE month = ${month} AND customer_id = ANY (${ids}::bigint[])`.execute(trx);
}

export interface ProposalRow {
  readonly customerId: number;
  readonly customer: string;
  readonly deploymentId: number;
  readonly deployment: string;
  readonly month: Temporal.PlainDate;
  readonly currency: string;
  readonly component: string;
  readonly description: string;
  /** What the component costs now; what was issued for it; what was decided and is not issued. */
  readonly costs: string;
  readonly issued: string;
  readonly decided: string;
  /** costs - issued - decided, never zero. */
  readonly amount: string;
  /** The time of the service that it corrects, half-open. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

export interface ProposalFilter {
  readonly customerIds?: readonly number[] | undefined;
  readonly deployment?: string | undefined;
  readonly month?: Temporal.PlainDate | undefined;
  readonly customer?: string | undefined;
  readonly currency?: string | undefined;
  /** A part of the customer's id, or of the slug. */
  readonly q?: string | null | undefined;
}

function idsOf({ customerIds }: ProposalFilter): number[] | null {
  return customerIds === undefined ? null : [...customerIds];
}

/** What each month that was looked at costs now beyond what was issued and decided, per line: the statement of a CTE. */
const proposedLines = (filter: ProposalFilter) => sql`(
    WITH looked_at AS MATERIALIZED (
      SELECT k.customer_id, k.month, i.currency
      FROM correction_checks k JOIN invoices i ON i.customer_id = k.customer_id AND i.month = k.month
       AND i.kind = 'invoice' AND i.state = 'issued' AND i.cancelled_at IS NULL
      WHERE k.costs_known AND (${filter.month ?? null}::date IS NULL OR k.month = ${filter.month ?? null}::date)
        AND (${idsOf(filter)}::bigint[] IS NULL OR k.customer_id = ANY (${idsOf(filter)}::bigint[]))
    ), parts AS (
      SELECT k.customer_id, k.deployment_id, k.month, k.currency, k.component, k.description, k.amount AS costs, 0 AS issued, 0 AS decided
      FROM correction_costs k JOIN looked_at USING (customer_id, month, currency)
      UNION ALL
      SELECT i.customer_id, l.deployment_id, l.service_month, i.currency, l.component, l.description, 0, l.amount, 0
      FROM looked_at a JOIN deployments_list d USING (customer_id)
      JOIN invoice_lines l ON l.deployment_id = d.deployment_id AND l.service_month = a.month AND l.kind <> 'manual'
      JOIN invoices i ON i.invoice_id = l.invoice_id AND i.state = 'issued' AND i.currency = a.currency
      UNION ALL
      SELECT c.customer_id, c.deployment_id, c.month, c.currency, c.component, c.description, 0, 0, c.amount
      FROM corrections c JOIN looked_at USING (customer_id, month, currency)
      WHERE c.withdrawn_at IS NULL AND (c.decision = 'waive' OR (c.decision = 'invoice' AND NOT ${isIssued}))
    )
    SELECT p.customer_id AS "customerId", d.customer_external_id AS customer, p.deployment_id AS "deploymentId", d.slug AS deployment,
           p.deployment_id, p.month, p.currency, p.component,
           (array_agg(p.description ORDER BY length(p.description), p.description))[1] AS description,
           sum(p.costs)::text AS costs, sum(p.issued)::text AS issued, sum(p.decided)::text AS decided,
           sum(p.costs - p.issued - p.decided)::text AS amount
    FROM parts p JOIN deployments_list d USING (deployment_id)
    WHERE (${filter.deployment ?? null}::text IS NULL OR d.slug = ${filter.deployment ?? null})
      AND (${filter.customer ?? null}::text IS NULL OR d.customer_external_id = ${filter.customer ?? null})
      AND (${filter.currency ?? null}::text IS NULL OR p.currency = ${filter.currency ?? null})
      AND ${holds(filter.q ?? null, sql`d.customer_external_id`, sql`d.slug`)}
    GROUP BY p.customer_id, d.customer_external_id, p.deployment_id, d.slug, p.month, p.currency, p.component
    HAVING sum(p.costs - p.issued - p.decided) <> 0)`;

const shownLines = sql`
  c."customerId", c.customer, c."deploymentId", c.deployment, c.month, c.currency, c.component, c.description,
  c.costs, c.issued, c.decided, c.amount, ${correctedTime('from')} AS "from", ${correctedTime('to')} AS "to"`;

/** By customer, deployment, month; where there are more lines than the limit, the rest is left out. */
export async function selectProposals(db: Queryable, filter: ProposalFilter, limit: number): Promise<ProposalRow[]> {
  const { rows } = await statement<ProposalRow>('invoices.selectProposals')`
    SELECT ${shownLines}
    FROM (
      SELECT * FROM ${proposedLines(filter)} AS l
      ORDER BY l.customer COLLATE "C", l.deployment COLLATE "C", l.month, l.currency, l.component LIMIT ${limit}
    ) AS c JOIN deployments_list d USING (deployment_id)
    ORDER BY c.customer COLLATE "C", c.deployment COLLATE "C", c.month, c.currency, c.component`.execute(db);
  return rows;
}

const proposalKey: SortKey = { of: sql`concat_ws(' ', g.deployment, g.month, g.currency) COLLATE "C"`, type: 'text' };
const proposalSorts = {
  deployment: proposalKey,
  customer: { of: sql`g.customer COLLATE "C"`, type: 'text' },
  month: { of: sql`g.month`, type: 'date' },
  amount: { of: sql`g.amount`, type: 'numeric' },
} as const satisfies Record<string, SortKey>;

export type ProposalSort = keyof typeof proposalSorts;

/** The lines of `limit` proposals at most: a proposal is all that is to be corrected of a deployment's month in a currency. */
export async function selectProposalPage(
  db: Queryable,
  filter: ProposalFilter,
  { sort, limit, ...request }: Omit<PageRequest<ProposalSort>, 'q'>,
): Promise<(ProposalRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(proposalSorts[sort], proposalKey, request);
  const { rows } = await statement<ProposalRow & Sorted>('invoices.selectProposalPage')`
    WITH lines AS MATERIALIZED (SELECT * FROM ${proposedLines(filter)} AS l),
    page AS (
      SELECT g.*, ${columns}
      FROM (SELECT customer, deployment, month, currency, sum(amount::numeric) AS amount FROM lines GROUP BY 1, 2, 3, 4) AS g
      WHERE ${beyond} ORDER BY ${by} LIMIT ${limit}
    )
    SELECT ${shownLines}, g."sortKey", g."sortTie"
    FROM page g JOIN lines c USING (customer, deployment, month, currency) JOIN deployments_list d USING (deployment_id)
    ORDER BY ${by}, c.component`.execute(db);
  return rows;
}

export interface ProposalTotalRow {
  readonly currency: string;
  /** How many months of deployments. */
  readonly corrections: number;
  readonly amount: string;
}

/** What all proposals come to, by currency. */
export async function sumProposals(db: Queryable, filter: ProposalFilter): Promise<ProposalTotalRow[]> {
  const { rows } = await preparedStatement<ProposalTotalRow>('invoices.sumProposals')`
    SELECT l.currency, count(DISTINCT (l."deploymentId", l.month))::int AS corrections, sum(l.amount::numeric)::text AS amount
    FROM ${proposedLines(filter)} AS l GROUP BY l.currency ORDER BY l.currency`.execute(db);
  return rows;
}

/** Whether the decided correction c is on an issued document. */
const isIssued = sql`EXISTS (
  SELECT FROM invoice_lines x JOIN invoices y USING (invoice_id)
  WHERE x.deployment_id = c.deployment_id AND x.service_month = c.month AND x.kind = 'correction'
    AND x.details ->> 'correctionId' = c.correction_id::text AND y.state = 'issued' AND y.cancelled_at IS NULL)`;

export interface NewDecision {
  readonly decision: 'invoice' | 'credit_note' | 'waive';
  readonly targetMonth: Temporal.PlainDate | null;
  readonly creditNoteId: number | null;
  readonly reason: string | null;
}

/** Writes what was decided about proposals, exactly as they are. Returns their ids, in their order. */
export async function insertCorrections(
  trx: UnitOfWork,
  proposals: readonly ProposalRow[],
  decision: NewDecision,
  by: string,
  now: Temporal.Instant,
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('invoices.insertCorrections')`
    INSERT INTO corrections (decision, customer_id, deployment_id, month, currency, component, description, amount,
                             target_month, credit_note_id, reason, decided_at, decided_by)
    SELECT ${decision.decision}, "customerId", "deploymentId", month, currency, component, description, amount,
           ${decision.targetMonth}::date, ${decision.creditNoteId}::bigint, ${decision.reason}, ${now}::timestamptz, ${by}
    FROM jsonb_to_recordset(${JSON.stringify(proposals)}::jsonb) AS p (
      "customerId" bigint, "deploymentId" bigint, month date, currency text, component text, description text, amount numeric)
    RETURNING correction_id AS id`.execute(trx);
  return rows.map((row) => row.id);
}

/** A decision, and what documents other than that which carries it have issued for the same line. */
export async function selectDecision(
  db: Queryable,
  correctionId: number,
): Promise<{ decidedAt: Temporal.Instant; decidedBy: string; issued: string } | undefined> {
  const { rows } = await statement<{ decidedAt: Temporal.Instant; decidedBy: string; issued: string }>(
    'invoices.selectDecision',
  )`
    SELECT c.decided_at AS "decidedAt", c.decided_by AS "decidedBy", coalesce((
             SELECT sum(l.amount) FROM invoice_lines l JOIN invoices i USING (invoice_id)
             WHERE l.deployment_id = c.deployment_id AND l.service_month = c.month AND l.component = c.component
               AND l.kind <> 'manual' AND i.state = 'issued' AND i.currency = c.currency
               AND l.details ->> 'correctionId' IS DISTINCT FROM c.correction_id::text), 0)::text AS issued
    FROM corrections c WHERE c.correction_id = ${correctionId}`.execute(db);
  return rows[0];
}

/** What was decided about a line and is on no issued document: to come on an invoice, or waived. */
export interface PendingRow {
  readonly correctionId: number;
  readonly component: string;
  readonly decision: 'invoice' | 'waive';
  /** On whose invoice it is to come; null: waived. */
  readonly targetMonth: Temporal.PlainDate | null;
  readonly amount: string;
}

/** Of a deployment's month in a currency, the newest first. */
export async function selectPending(
  trx: UnitOfWork,
  { deploymentId, month, currency }: Pick<ProposalRow, 'deploymentId' | 'month' | 'currency'>,
): Promise<PendingRow[]> {
  const { rows } = await statement<PendingRow>('invoices.selectPending')`
    SELECT c.correction_id AS "correctionId", c.component, c.decision, c.target_month AS "targetMonth", c.amount::text AS amount
    FROM corrections c
    WHERE c.deployment_id = ${deploymentId} AND c.month = ${month} AND c.currency = ${currency} AND c.withdrawn_at IS NULL
      AND (c.decision = 'waive' OR (c.decision = 'invoice' AND NOT ${isIssued}))
    ORDER BY c.correction_id DESC`.execute(trx);
  return rows;
}

/** Withdraws decisions. What is left of an amount (zero: nothing) is decided as it was, by whoever withdraws. */
export async function withdrawPending(
  trx: UnitOfWork,
  taken: readonly { readonly correctionId: number; readonly left: string }[],
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('invoices.withdrawPending')`
    WITH taken AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(taken)}::jsonb) AS t ("correctionId" bigint, "left" numeric)),
    withdrawn AS (
      UPDATE corrections c SET withdrawn_at = ${now} FROM taken t WHERE c.correction_id = t."correctionId"
      RETURNING c.*, t."left")
    INSERT INTO corrections (decision, customer_id, deployment_id, month, currency, component, description, amount,
                             target_month, reason, decided_at, decided_by)
    SELECT decision, customer_id, deployment_id, month, currency, component, description, "left",
           target_month, reason, ${now}::timestamptz, ${by}
    FROM withdrawn WHERE "left" <> 0 ORDER BY correction_id`.execute(trx);
}

/** What an issued invoice and its credit notes still charge of a component of a deployment's month, at one tax. */
export interface ChargedRow {
  readonly invoiceId: number;
  readonly component: string;
  readonly tax: LineTax;
  readonly amount: string;
}

/** By the newest invoice; what has been given back wholly is left out. */
export async function selectCharged(
  trx: UnitOfWork,
  { deploymentId, month, currency }: Pick<ProposalRow, 'deploymentId' | 'month' | 'currency'>,
): Promise<ChargedRow[]> {
  const { rows } = await statement<ChargedRow>('invoices.selectCharged')`
    SELECT o.invoice_id AS "invoiceId", l.component, l.tax, sum(l.amount)::text AS amount
    FROM invoice_lines l JOIN invoices i USING (invoice_id)
    JOIN invoices o ON o.invoice_id = coalesce(i.credits_invoice_id, i.invoice_id)
    WHERE l.deployment_id = ${deploymentId} AND l.service_month = ${month} AND l.kind <> 'manual'
      AND i.state = 'issued' AND i.currency = ${currency}
    GROUP BY o.invoice_id, l.component, l.tax HAVING sum(l.amount) <> 0
    ORDER BY o.issued_at DESC, o.invoice_id DESC, l.component, l.tax::text`.execute(trx);
  return rows;
}

/**
 * The first month, from one on, whose invoice to the customer in the currency is neither approved nor
 * issued, nor is any later one: where a correction can still come.
 */
export async function selectOpenMonth(
  trx: UnitOfWork,
  customerId: number,
  currency: string,
  from: Temporal.PlainDate,
): Promise<Temporal.PlainDate> {
  const { rows } = await statement<{ month: Temporal.PlainDate }>('invoices.selectOpenMonth')`
    SELECT greatest(${from}::date, (max(month) + interval '1 month')::date) AS month FROM invoices
    WHERE kind = 'invoice' AND customer_id = ${customerId} AND currency = ${currency} AND state IN ('approved', 'issued') AND cancelled_at IS NULL`.execute(
    trx,
  );
  return rows[0]?.month ?? from;
}

/** The issued invoice of a customer's month. */
export async function selectIssuedInvoice(
  trx: UnitOfWork,
  customerId: number,
  currency: string,
  month: Temporal.PlainDate,
): Promise<number | undefined> {
  const { rows } = await statement<{ invoiceId: number }>('invoices.selectIssuedInvoice')`
    SELECT invoice_id AS "invoiceId" FROM invoices
    WHERE kind = 'invoice' AND state = 'issued' AND cancelled_at IS NULL AND customer_id = ${customerId} AND currency = ${currency}
      AND month = ${month}`.execute(trx);
  return rows[0]?.invoiceId;
}

export interface CreditedInvoice {
  readonly invoiceId: number;
  readonly number: string;
  readonly legalEntityId: number;
  /** Sums of the invoice and of its credit notes. */
  readonly subtotal: string;
  readonly total: string;
  readonly taxes: readonly TaxTotal[];
}

/** Issued invoices, with what their credit notes left of them, the oldest first. */
export async function selectCredited(trx: UnitOfWork, invoiceIds: readonly number[]): Promise<CreditedInvoice[]> {
  const { rows } = await statement<CreditedInvoice>('invoices.selectCredited')`
    SELECT o.invoice_id AS "invoiceId", o.number, o.legal_entity_id AS "legalEntityId", sum(i.subtotal)::text AS subtotal,
           sum(i.total)::text AS total, jsonb_path_query_array(jsonb_agg(i.taxes), '$[*][*]') AS taxes
    FROM invoices o JOIN invoices i ON (i.invoice_id = o.invoice_id OR i.credits_invoice_id = o.invoice_id) AND i.state = 'issued'
    WHERE o.invoice_id = ANY (${[...invoiceIds]}::bigint[])
    GROUP BY o.invoice_id ORDER BY o.issued_at, o.invoice_id`.execute(trx);
  return rows;
}

export interface NewCreditNote {
  readonly creditsInvoiceId: number;
  readonly legalEntityId: number;
  readonly customerId: number;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
  readonly changeId: number;
  readonly usageRevision: number;
  readonly inputsDigest: string;
  readonly subtotal: string;
  readonly tax: string;
  readonly total: string;
  readonly taxes: readonly unknown[];
}

/** Approved by whoever decided; its lines come before it is issued. */
export async function insertCreditNote(
  trx: UnitOfWork,
  note: NewCreditNote,
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ id: number }>('invoices.insertCreditNote')`
    INSERT INTO invoices (kind, credits_invoice_id, legal_entity_id, customer_id, currency, month, state, change_id,
                          usage_revision, inputs_digest, subtotal, tax, total, taxes, drafted_at, approved_at, approved_by)
    VALUES ('credit_note', ${note.creditsInvoiceId}, ${note.legalEntityId}, ${note.customerId}, ${note.currency}, ${note.month},
            'approved', ${note.changeId}, ${note.usageRevision}, decode(${note.inputsDigest}, 'hex'),
            ${note.subtotal}, ${note.tax}, ${note.total}, ${JSON.stringify(note.taxes)}::jsonb, ${now}, ${now}, ${by})
    RETURNING invoice_id AS id`.execute(trx);
  return (rows[0] as { id: number }).id;
}

interface CorrectedInvoice {
  readonly invoiceId: number;
  readonly customerId: number;
  readonly currency: string;
  readonly month: Temporal.PlainDate;
}

/**
 * Numbers of other issued invoices that rest on an issued one: what charges or gives back corrections of its month; and,
 * where it has corrections of an earlier month itself, what has given back more of that month than would be charged
 * for it without the invoice.
 */
export async function selectCorrectingDocuments(trx: UnitOfWork, invoice: CorrectedInvoice): Promise<string[]> {
  const { rows } = await statement<{ number: string }>('invoices.selectCorrectingDocuments')`
    WITH lines AS (
      SELECT l.deployment_id, l.service_month, l.component, l.kind, l.amount, o.number, o.invoice_id = ${invoice.invoiceId} AS own
      FROM invoice_lines l JOIN invoices i USING (invoice_id)
      JOIN invoices o ON o.invoice_id = coalesce(i.credits_invoice_id, i.invoice_id) JOIN deployments_list d USING (deployment_id)
      WHERE d.customer_id = ${invoice.customerId} AND l.kind <> 'manual' AND i.state = 'issued' AND i.currency = ${invoice.currency}
        AND l.service_month <= ${invoice.month} AND o.cancelled_at IS NULL
    ), overdrawn AS (
      SELECT deployment_id, service_month FROM lines
      GROUP BY deployment_id, service_month
      HAVING bool_or(own) AND sum(amount) FILTER (WHERE NOT own) < 0
    )
    SELECT number FROM lines WHERE service_month = ${invoice.month} AND kind = 'correction' AND NOT own
    GROUP BY number, deployment_id, component HAVING sum(amount) <> 0
    UNION SELECT number FROM lines JOIN overdrawn USING (deployment_id, service_month)
          WHERE amount < 0 AND kind = 'correction' AND NOT own
    ORDER BY number LIMIT 10`.execute(trx);
  return rows.map((row) => row.number);
}

/** What is left of an issued invoice once its credit notes were taken off: of each line, at one tax. */
export interface LeftRow {
  readonly isManual: boolean;
  readonly deploymentId: number | null;
  readonly month: Temporal.PlainDate;
  readonly component: string;
  readonly description: string;
  readonly tax: LineTax;
  readonly amount: string;
  /** The time of the service, half-open, as far as a line says it. */
  readonly from: string | null;
  readonly to: string | null;
}

/** In the order of the invoice's lines, those of which nothing is left among them. */
export async function selectLeft(trx: UnitOfWork, invoiceId: number): Promise<LeftRow[]> {
  const { rows } = await statement<LeftRow>('invoices.selectLeft')`
    SELECT l.kind = 'manual' AS "isManual", l.deployment_id AS "deploymentId", l.service_month AS month, l.component,
           (array_agg(l.description ORDER BY i.invoice_id, l.position))[1] AS description, l.tax, sum(l.amount)::text AS amount,
           (array_agg(l.details ->> 'from' ORDER BY i.invoice_id, l.position))[1] AS "from",
           (array_agg(l.details ->> 'to' ORDER BY i.invoice_id, l.position))[1] AS "to"
    FROM invoice_lines l JOIN invoices i USING (invoice_id)
    WHERE i.invoice_id = ${invoiceId} OR i.credits_invoice_id = ${invoiceId}
    GROUP BY 1, 2, 3, 4, l.tax ORDER BY min(i.invoice_id), min(l.position)`.execute(trx);
  return rows;
}

/** A deployment's month of which an invoice to be issued would give back more than is issued for it; undefined: none. */
export async function selectUncharged(
  trx: UnitOfWork,
  invoiceId: number,
): Promise<{ deployment: string; month: Temporal.PlainDate; correction: string; issued: string } | undefined> {
  const { rows } = await statement<{
    deployment: string;
    month: Temporal.PlainDate;
    correction: string;
    issued: string;
  }>('invoices.selectUncharged')`
    WITH given AS (
      SELECT deployment_id, service_month, currency, sum(amount) AS amount
      FROM invoice_lines JOIN invoices USING (invoice_id)
      WHERE invoice_id = ${invoiceId} AND invoice_lines.kind = 'correction'
      GROUP BY deployment_id, service_month, currency HAVING sum(amount) < 0
    )
    SELECT d.slug AS deployment, g.service_month AS month, g.amount::text AS correction, issued.amount::text AS issued
    FROM given g JOIN deployments_list d USING (deployment_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(l.amount), 0) AS amount FROM invoice_lines l JOIN invoices i USING (invoice_id)
      WHERE l.deployment_id = g.deployment_id AND l.service_month = g.service_month AND l.kind <> 'manual'
        AND i.state = 'issued' AND i.currency = g.currency) AS issued
    WHERE issued.amount + g.amount < 0 ORDER BY d.slug COLLATE "C", g.service_month LIMIT 1`.execute(trx);
  return rows[0];
}

/** What was waived of corrections of an invoice's month, and is so still; null: nothing. */
export async function selectWaived(trx: UnitOfWork, invoice: CorrectedInvoice): Promise<string | null> {
  const { rows } = await statement<{ amount: string | null }>('invoices.selectWaived')`
    SELECT sum(amount)::text AS amount FROM corrections
    WHERE customer_id = ${invoice.customerId} AND month = ${invoice.month} AND currency = ${invoice.currency}
      AND decision = 'waive' AND withdrawn_at IS NULL`.execute(trx);
  return rows[0]?.amount ?? null;
}

/**
 * What was decided about the month of a cancelled invoice ends with it; and so do corrections of other months that were on
 * it and that a credit note had given back before: what is still to be corrected is proposed again.
 * @param noteId the credit note that cancels it
 * @returns the months on whose invoices it was to come
 */
export async function withdrawWith(
  trx: UnitOfWork,
  invoice: CorrectedInvoice,
  noteId: number,
  now: Temporal.Instant,
): Promise<Temporal.PlainDate[]> {
  await statement('invoices.withdrawWith.update_given_back')`
    UPDATE corrections c SET withdrawn_at = ${now}
    WHERE customer_id = ${invoice.customerId} AND target_month = ${invoice.month} AND currency = ${invoice.currency}
      AND withdrawn_at IS NULL
      AND EXISTS (SELECT FROM invoice_lines l JOIN invoices n USING (invoice_id)
                  WHERE n.credits_invoice_id = ${invoice.invoiceId} AND n.invoice_id <> ${noteId}
                    AND l.deployment_id = c.deployment_id AND l.service_month = c.month AND l.component = c.component)`.execute(
    trx,
  );
  const { rows } = await statement<{ month: Temporal.PlainDate | null }>('invoices.withdrawWith.update_of_month')`
    UPDATE corrections SET withdrawn_at = ${now}
    WHERE customer_id = ${invoice.customerId} AND month = ${invoice.month} AND currency = ${invoice.currency}
      AND withdrawn_at IS NULL AND decision <> 'credit_note' RETURNING target_month AS month`.execute(trx);
  // Billed in another currency too, the month stays watched.
  const unwatched = sql`
    customer_id = ${invoice.customerId} AND month = ${invoice.month}
    AND NOT EXISTS (SELECT FROM invoices i WHERE i.customer_id = ${invoice.customerId} AND i.month = ${invoice.month}
                      AND i.kind = 'invoice' AND i.state = 'issued' AND i.cancelled_at IS NULL)`;
  await statement(
    'invoices.withdrawWith.delete_correction_costs',
  )`DELETE FROM correction_costs WHERE ${unwatched}`.execute(trx);
  await statement(
    'invoices.withdrawWith.delete_correction_checks',
  )`DELETE FROM correction_checks WHERE ${unwatched}`.execute(trx);
  return rows.flatMap(({ month }) => month ?? []);
}

export interface DecisionRow {
  readonly correctionId: number;
  readonly decision: 'invoice' | 'credit_note' | 'waive';
  readonly customer: string;
  readonly deployment: string;
  readonly month: Temporal.PlainDate;
  readonly currency: string;
  readonly component: string;
  readonly description: string;
  readonly amount: string;
  readonly targetMonth: Temporal.PlainDate | null;
  readonly creditNote: string | null;
  readonly reason: string | null;
  readonly decidedAt: Temporal.Instant;
  readonly decidedBy: string;
  readonly withdrawn: boolean;
}

/** What was decided, newest first. */
export async function selectDecisions(db: Queryable, filter: ProposalFilter, limit: number): Promise<DecisionRow[]> {
  const { rows } = await statement<DecisionRow>('invoices.selectDecisions')`
    SELECT c.correction_id AS "correctionId", c.decision, d.customer_external_id AS customer, d.slug AS deployment, c.month,
           c.currency, c.component, c.description, c.amount::text AS amount, c.target_month AS "targetMonth", i.number AS "creditNote",
           c.reason, c.decided_at AS "decidedAt", c.decided_by AS "decidedBy", c.withdrawn_at IS NOT NULL AS withdrawn
    FROM corrections c JOIN deployments_list d USING (deployment_id) LEFT JOIN invoices i ON i.invoice_id = c.credit_note_id
    WHERE (${filter.deployment ?? null}::text IS NULL OR d.slug = ${filter.deployment ?? null})
      AND (${filter.month ?? null}::date IS NULL OR c.month = ${filter.month ?? null}::date)
    ORDER BY c.correction_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}
