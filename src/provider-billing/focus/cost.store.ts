import { sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { BillState } from '../bill-state.store.ts';
import type { Outcome } from '../reconciliation/shown.store.ts';

// Bills that count of a month, read for an export: their headers, and their lines with what they came to.

export interface CostBill {
  readonly bill: number;
  readonly reconciliationId: number;
  readonly versionId: number;
  readonly payer: string;
  readonly invoice: string;
  readonly kind: 'final' | 'preview';
  readonly state: BillState;
  readonly version: number;
  readonly currency: string;
  readonly amount: string;
  readonly residual: string;
  readonly sealedAt: Temporal.Instant;
  /** When the billing history shows the invoice; null: it does not. */
  readonly issuedAt: Temporal.Instant | null;
}

/** The bills of a month that count, by id. A preview has no number: `preview-2026-06`. */
export async function selectCostBills(db: Queryable, month: Temporal.PlainDate): Promise<CostBill[]> {
  const { rows } = await statement<CostBill>('providerBilling.selectCostBills')`
    SELECT c.bill_id AS bill, c.reconciliation_id AS "reconciliationId", c.bill_version_id AS "versionId", p.slug AS payer,
           CASE c.kind WHEN 'preview' THEN 'preview-' || p.slug || '-' || to_char(c.month, 'YYYY-MM') ELSE coalesce(v.number, v.external_id) END AS invoice,
           c.kind, c.state, v.version, c.currency, r.amount, r.residual, v.sealed_at AS "sealedAt",
           (SELECT min(e.at) FROM provider_billing_entries e WHERE e.payer_id = c.payer_id AND e.invoice_number = v.number AND e.type = 'Invoice') AS "issuedAt"
    FROM provider_billing_counting c JOIN reconciliations r USING (reconciliation_id)
    JOIN provider_bill_versions v ON v.bill_version_id = c.bill_version_id JOIN bill_payers p ON p.payer_id = c.payer_id
    WHERE c.month = ${month}::date ORDER BY c.bill_id`.execute(db);
  return rows;
}

/** Who bears how much of a line. */
interface CostShare {
  readonly target: 'deployment' | 'operator' | 'not_cost';
  /** null: of no deployment. */
  readonly deployment: string | null;
  readonly name: string | null;
  readonly customer: string | null;
  readonly amount: string;
}

export interface CostLine {
  readonly position: number;
  readonly product: string | null;
  readonly resourceKind: string | null;
  readonly class: string | null;
  readonly description: string | null;
  readonly projectName: string | null;
  readonly amount: string;
  readonly startTime: Temporal.Instant | null;
  readonly endTime: Temporal.Instant | null;
  readonly outcome: Outcome;
  readonly rule: string;
  readonly cause: string;
  readonly expected: string | null;
  readonly difference: string;
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly subject: string | null;
  readonly monthly: string | null;
  /** A month's price of a unit by the provider's own list; null: none is known. */
  readonly listMonthly: string | null;
  /** The hours that reach a month's price: of that which was used, and of the list's. */
  readonly limitHours: string;
  readonly listLimitHours: string | null;
  readonly units: string | null;
  readonly externalId: string | null;
  readonly kind: string | null;
  readonly account: string | null;
  /** As it was last in the line's time. */
  readonly resourceName: string | null;
  readonly region: string | null;
  readonly tags: readonly string[] | null;
  /** The greatest first; none: nobody bears it. */
  readonly shares: readonly CostShare[];
}

/** As bills are reconciled: an hour's price has the longest month's hours, and a GPU those of its two prices. */
const limitHours = sql`CASE WHEN q.unit = 'hour' THEN 744
                            WHEN q.subject LIKE 'droplet\\_size:gpu-%' AND q.hourly > 0 THEN round(q.amount / q.hourly * 3600) / 3600
                            ELSE 672 END::numeric`;

/** Lines of a bill in its own order, after a position. */
export async function selectCostLines(
  db: Queryable,
  { reconciliationId, versionId }: Pick<CostBill, 'reconciliationId' | 'versionId'>,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<CostLine[]> {
  const { rows } = await statement<CostLine>('providerBilling.selectCostLines')`
    SELECT o.position, l.product, b.resource_kind AS "resourceKind", b.class, l.description, l.project_name AS "projectName", l.amount,
           l.start_time AS "startTime", l.end_time AS "endTime", o.outcome, o.rule, o.cause, o.expected, o.difference, o.valid_from AS "from",
           o.valid_to AS "to", o.subject, o.monthly, p.monthly AS "listMonthly", coalesce(u.hours, 672)::text AS "limitHours",
           p.hours::text AS "listLimitHours", o.units, r.external_id AS "externalId", r.kind, a.slug AS account,
           s.name AS "resourceName", s.region, s.tags, coalesce(h.shares, '[]'::jsonb) AS shares
    FROM bill_line_outcomes o
    JOIN provider_bill_lines l ON l.bill_version_id = ${versionId} AND l.position = o.position
    LEFT JOIN bill_products b USING (product)
    LEFT JOIN inventory_resources r ON r.resource_id = o.resource_id
    LEFT JOIN inventory_accounts a ON a.account_id = r.account_id
    LEFT JOIN LATERAL (
      SELECT i.name, i.region, i.tags FROM inventory_states i
      WHERE i.resource_id = o.resource_id AND i.valid_from < coalesce(l.end_time, 'infinity') ORDER BY i.valid_from DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (
      SELECT CASE q.unit WHEN 'hour' THEN q.amount * 744 ELSE q.amount END AS monthly, ${limitHours} AS hours FROM inventory_prices q
      WHERE q.subject = o.subject AND q.source <> 'operator' AND q.provider = a.provider
        AND q.valid_from <= coalesce(l.start_time, o.valid_from) AND q.valid_to > coalesce(l.start_time, o.valid_from)
      ORDER BY q.rank, q.last_seen_at IS NOT NULL, q.valid_from DESC, q.account_id LIMIT 1) p ON true
    LEFT JOIN LATERAL (
      SELECT ${limitHours} AS hours FROM inventory_prices q
      WHERE q.subject = o.subject AND q.provider = a.provider AND (q.rank > 0 OR q.account_id = a.account_id)
        AND q.valid_from <= coalesce(l.start_time, o.valid_from) AND q.valid_to > coalesce(l.start_time, o.valid_from)
      ORDER BY q.rank, q.account_id <> a.account_id, q.last_seen_at IS NOT NULL, q.valid_from DESC, q.account_id LIMIT 1) u ON true
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('target', x.target, 'amount', x.amount::text, 'deployment', ${named(sql`d.slug`)},
                                          'name', ${named(sql`d.name`)}, 'customer', d.customer_external_id)
                       ORDER BY abs(x.amount) DESC, d.slug) AS shares
      FROM bill_line_shares x LEFT JOIN deployments_list d USING (deployment_id)
      WHERE x.reconciliation_id = o.reconciliation_id AND x.position = o.position) h ON true
    WHERE o.reconciliation_id = ${reconciliationId} AND o.position > ${after} ORDER BY o.position LIMIT ${limit}`.execute(
    db,
  );
  return rows;
}

/** What is unassigned is of no deployment. */
function named(column: ReturnType<typeof sql>) {
  return sql`CASE WHEN d.slug <> 'unattributed' THEN ${column} END`;
}
