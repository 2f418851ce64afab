import { sql } from 'kysely';
import type { BillItem } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// Bills as people ask for them: the list, one bill with its versions, its lines.

export interface BillRow {
  readonly bill: number;
  readonly payer: string;
  readonly month: Temporal.PlainDate;
  readonly kind: 'final' | 'preview';
  /** null: no version is sealed yet. */
  readonly source: 'api' | 'csv' | null;
  readonly number: string | null;
  readonly externalId: string;
  readonly version: number | null;
  readonly versions: number;
  readonly currency: string;
  readonly amount: string | null;
  readonly linesAmount: string | null;
  readonly residual: string | null;
  readonly lines: number | null;
  readonly updatedAt: Temporal.Instant | null;
  readonly sealedAt: Temporal.Instant | null;
  /** Lines that a reading under way has stored; null: none is. */
  readonly readingLines: number | null;
  readonly readingTotal: number | null;
  readonly missingSince: Temporal.Instant | null;
  /** Of a preview: whether a final bill of the month has been sealed. */
  readonly replaced: boolean;
  /** How far it is: null: it has not been reconciled. */
  readonly review: 'open' | 'signed' | 'changed' | null;
  readonly expected: string | null;
  /** By how much it differs from what was expected, of all that has a price. */
  readonly difference: string | null;
  readonly allocated: string | null;
  readonly unexplained: string | null;
  /** How many charges should have been on it and are not. */
  readonly missing: number | null;
  /** What it comes to by what became known since it was signed; null: nothing has changed, or it is not signed. */
  readonly changedSince: {
    readonly version: number;
    readonly amount: string;
    readonly difference: string;
    readonly unexplained: string;
  } | null;
}

interface BillFilters {
  readonly bill?: number | undefined;
  readonly payer?: string | undefined;
  readonly month?: Temporal.PlainDate | undefined;
  readonly kind?: 'final' | 'preview' | undefined;
  readonly limit: number;
  readonly after: { readonly month: Temporal.PlainDate; readonly bill: number } | null;
}

/**
 * Bills, the newest month first: with what the version says whose figures count, which is the one that was signed, or else
 * the current one.
 */
export async function selectBills(db: Queryable, filters: BillFilters): Promise<BillRow[]> {
  const { bill = null, payer = null, month = null, kind = null, limit, after } = filters;
  const { rows } = await statement<BillRow>('providerBilling.selectBills')`
    SELECT b.bill_id AS bill, p.slug AS payer, b.period AS month, b.kind, v.source, v.number, b.external_id AS "externalId",
           v.version, (SELECT count(*) FROM provider_bill_versions s WHERE s.bill_id = b.bill_id AND s.state = 'sealed') AS versions,
           p.currency, v.amount, v.lines_amount AS "linesAmount", v.amount - v.lines_amount AS residual, v.lines,
           v.updated_at AS "updatedAt", v.sealed_at AS "sealedAt", r.lines AS "readingLines", r.total AS "readingTotal",
           b.missing_since AS "missingSince",
           b.kind = 'preview' AND EXISTS (
             SELECT FROM provider_bills f JOIN provider_bill_versions s USING (bill_id)
             WHERE f.payer_id = b.payer_id AND f.period = b.period AND f.kind = 'final' AND s.state = 'sealed') AS replaced,
           CASE WHEN c.signed_at IS NULL AND c.reconciliation_id IS NOT NULL THEN 'open' WHEN c.signed_at IS NULL THEN NULL
                WHEN n.reconciliation_id IS NOT NULL THEN 'changed' ELSE 'signed' END AS review,
           c.expected, c.differences AS difference, c.allocated, c.unexplained,
           CASE WHEN c.reconciliation_id IS NOT NULL THEN (
             SELECT count(*) FROM bill_missing m WHERE m.reconciliation_id = c.reconciliation_id) END AS missing,
           CASE WHEN n.reconciliation_id IS NOT NULL THEN (
             SELECT jsonb_build_object('version', w.version, 'amount', n.amount::text, 'difference', n.differences::text, 'unexplained', n.unexplained::text)
             FROM provider_bill_versions w WHERE w.bill_version_id = n.bill_version_id) END AS "changedSince"
    FROM provider_bills b JOIN bill_payers p USING (payer_id)
    LEFT JOIN LATERAL (
      SELECT r.* FROM reconciliations r
      WHERE r.bill_id = b.bill_id AND r.reopened_at IS NULL ORDER BY r.signed_at NULLS LAST LIMIT 1) c ON true
    LEFT JOIN reconciliations n ON n.bill_id = b.bill_id AND n.signed_at IS NULL AND c.signed_at IS NOT NULL
    LEFT JOIN provider_bill_versions v ON v.bill_id = b.bill_id AND v.state = 'sealed'
     AND CASE WHEN c.signed_at IS NULL THEN v.superseded_at = 'infinity' ELSE v.bill_version_id = c.bill_version_id END
    LEFT JOIN provider_bill_versions r ON r.bill_id = b.bill_id AND r.state = 'reading'
    WHERE (${bill}::bigint IS NULL OR b.bill_id = ${bill}) AND (${payer}::text IS NULL OR p.slug = ${payer})
      AND (${month}::date IS NULL OR b.period = ${month}::date) AND (${kind}::text IS NULL OR b.kind = ${kind})
      AND (${after === null} OR b.period < ${after?.month ?? null}::date
           OR b.period = ${after?.month ?? null}::date AND b.bill_id > ${after?.bill ?? 0}::bigint)
    ORDER BY b.period DESC, b.bill_id LIMIT ${limit}`.execute(db);
  return rows;
}

export interface VersionRow {
  readonly versionId: number;
  readonly version: number;
  readonly source: 'api' | 'csv';
  readonly externalId: string;
  readonly number: string | null;
  readonly amount: string;
  readonly linesAmount: string;
  readonly residual: string;
  readonly pages: number;
  readonly lines: number;
  readonly updatedAt: Temporal.Instant | null;
  readonly beganAt: Temporal.Instant;
  readonly sealedAt: Temporal.Instant;
  /** null: it is the current one. */
  readonly supersededAt: Temporal.Instant | null;
  readonly recordedBy: string;
  readonly digest: string;
}

/** A bill's sealed versions, the newest first. */
export async function selectVersions(db: Queryable, billId: number): Promise<VersionRow[]> {
  const { rows } = await statement<VersionRow>('providerBilling.selectVersions')`
    SELECT bill_version_id AS "versionId", version, source, external_id AS "externalId", number, amount,
           lines_amount AS "linesAmount", amount - lines_amount AS residual, pages, lines, updated_at AS "updatedAt",
           began_at AS "beganAt", sealed_at AS "sealedAt", superseded_at AS "supersededAt", recorded_by AS "recordedBy", digest
    FROM provider_bill_versions WHERE bill_id = ${billId} AND state = 'sealed' ORDER BY version DESC`.execute(db);
  return rows;
}

/** The provider's summary of a version, as received; null: there is none. */
export async function selectSummary(db: Queryable, versionId: number): Promise<string | null> {
  const { rows } = await statement<{ summary: string | null }>('providerBilling.selectSummary')`
    SELECT summary FROM provider_bill_versions WHERE bill_version_id = ${versionId}`.execute(db);
  return rows[0]?.summary ?? null;
}

export interface ProductRow {
  readonly product: string | null;
  readonly lines: number;
  readonly amount: string;
}

/** What the lines of a version come to, by product. */
export async function selectProducts(db: Queryable, versionId: number): Promise<ProductRow[]> {
  const { rows } = await statement<ProductRow>('providerBilling.selectProducts')`
    SELECT product, count(*) AS lines, sum(amount) AS amount FROM provider_bill_lines
    WHERE bill_version_id = ${versionId} GROUP BY product ORDER BY product COLLATE "C"`.execute(db);
  return rows;
}

/** A line with its place in the bill. */
export interface LineRow extends BillItem {
  readonly position: number;
  readonly page: number;
  readonly ordinal: number;
}

interface LineFilters {
  readonly product?: string | undefined;
  /** In any of its texts and ids, whatever the case. */
  readonly search?: string | undefined;
  readonly limit: number;
  readonly after: number;
}

/** Lines of a version in the bill's own order. */
export async function selectLines(
  db: Queryable,
  versionId: number,
  { product, search, limit, after }: LineFilters,
): Promise<LineRow[]> {
  const ofProduct = product === undefined ? sql`` : sql`AND product = ${product}`;
  const found =
    search === undefined
      ? sql``
      : sql`AND position(lower(${search}::text) IN lower(concat_ws(' ', description, group_description, resource_uuid, resource_id,
                                                            project_name))) > 0`;
  const { rows } = await statement<LineRow>('providerBilling.selectLines')`
    SELECT position, page, ordinal, product, category, description, group_description AS "groupDescription",
           resource_uuid AS "resourceUuid", resource_id AS "resourceId", project_name AS "projectName", amount, duration,
           duration_unit AS "durationUnit", start_time AS "startTime", end_time AS "endTime"
    FROM provider_bill_lines WHERE bill_version_id = ${versionId} AND position > ${after} ${ofProduct} ${found}
    ORDER BY position LIMIT ${limit}`.execute(db);
  return rows;
}
