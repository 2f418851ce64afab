import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { type BillState, leastState } from '../bill-state.store.ts';
import { chargedKind, metersOf } from '../costs.store.ts';

// Reconciliations as people ask for them: the one that counts of a bill, its bridge, lines, what is missing.

export type Outcome = 'matched' | 'from_bill' | 'allocated' | 'unexplained';

export interface ReconciliationRow {
  readonly reconciliationId: number;
  readonly billId: number;
  readonly versionId: number;
  readonly version: number;
  readonly payer: string;
  readonly month: Temporal.PlainDate;
  readonly kind: 'final' | 'preview';
  readonly currency: string;
  readonly amount: string;
  readonly expected: string;
  readonly differences: string;
  readonly allocated: string;
  readonly unexplained: string;
  readonly residual: string;
  readonly madeAt: Temporal.Instant;
  readonly signedAt: Temporal.Instant | null;
  readonly signedBy: string | null;
  readonly signedReason: string | null;
}

/**
 * A bill's reconciliation that counts: what was signed, or else what stands now. The one that stands beside what was
 * signed comes second, where it differs. Empty: it has not been reconciled.
 */
export async function selectReconciliations(db: Queryable, billId: number): Promise<ReconciliationRow[]> {
  const { rows } = await statement<ReconciliationRow>('providerBilling.selectReconciliations')`
    SELECT r.reconciliation_id AS "reconciliationId", r.bill_id AS "billId", r.bill_version_id AS "versionId", v.version, p.slug AS payer,
           b.period AS month, b.kind, p.currency, r.amount, r.expected, r.differences, r.allocated, r.unexplained, r.residual,
           r.made_at AS "madeAt", r.signed_at AS "signedAt", r.signed_by AS "signedBy", r.signed_reason AS "signedReason"
    FROM reconciliations r JOIN provider_bills b USING (bill_id) JOIN bill_payers p USING (payer_id)
    JOIN provider_bill_versions v USING (bill_version_id)
    WHERE r.bill_id = ${billId} AND r.reopened_at IS NULL ORDER BY r.signed_at NULLS LAST`.execute(db);
  return rows;
}

export interface CauseRow {
  readonly cause: string;
  readonly lines: number;
  readonly amount: string;
}

/** What a reconciliation differs by, by cause; what is missing is one of them. Causes without a difference are left out. */
export async function selectDifferences(db: Queryable, reconciliationId: number): Promise<CauseRow[]> {
  const { rows } = await statement<CauseRow>('providerBilling.selectDifferences')`
    SELECT cause, count(*) AS lines, sum(difference) AS amount FROM bill_line_outcomes
    WHERE reconciliation_id = ${reconciliationId} AND cause <> 'none' GROUP BY cause
    UNION ALL
    SELECT 'missing', count(*), -sum(expected) FROM bill_missing
    WHERE reconciliation_id = ${reconciliationId} AND expected IS NOT NULL HAVING count(*) > 0
    ORDER BY 1`.execute(db);
  return rows;
}

/** How many lines have which outcome. */
export async function selectOutcomeCounts(
  db: Queryable,
  reconciliationId: number,
): Promise<{ readonly outcome: Outcome; readonly lines: number; readonly amount: string }[]> {
  const { rows } = await statement<{ outcome: Outcome; lines: number; amount: string }>(
    'providerBilling.selectOutcomeCounts',
  )`
    SELECT o.outcome, count(*) AS lines, sum(l.amount) AS amount
    FROM bill_line_outcomes o JOIN reconciliations r USING (reconciliation_id)
    JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
    WHERE o.reconciliation_id = ${reconciliationId} GROUP BY 1 ORDER BY 1`.execute(db);
  return rows;
}

export interface ReconciledLineRow {
  readonly position: number;
  readonly product: string | null;
  readonly description: string | null;
  readonly amount: string;
  readonly startTime: Temporal.Instant | null;
  readonly endTime: Temporal.Instant | null;
  readonly outcome: Outcome;
  readonly rule: string;
  readonly resource: number | null;
  readonly resourceKind: string | null;
  readonly externalId: string | null;
  readonly expected: string | null;
  readonly difference: string;
  readonly cause: string;
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly subject: string | null;
  readonly monthly: string | null;
  readonly units: string | null;
  readonly variants: Readonly<Record<string, readonly string[]>>;
  readonly remarks: readonly string[];
  readonly accepted: boolean;
}

export interface LineFilters {
  readonly outcome?: Outcome | undefined;
  readonly cause?: string | undefined;
  readonly product?: string | undefined;
  readonly resource?: number | undefined;
  readonly position?: number | undefined;
  /** In any of its texts and ids, whatever the case. */
  readonly search?: string | undefined;
  readonly limit: number;
  readonly after: number;
}

/** Lines with what they came to, in the bill's order. */
export async function selectReconciledLines(
  db: Queryable,
  reconciliationId: number,
  { outcome, cause, product, resource, position, search, limit, after }: LineFilters,
): Promise<ReconciledLineRow[]> {
  const { rows } = await statement<ReconciledLineRow>('providerBilling.selectReconciledLines')`
    SELECT o.position, l.product, l.description, l.amount, l.start_time AS "startTime", l.end_time AS "endTime", o.outcome, o.rule,
           o.resource_id AS resource, i.kind AS "resourceKind", i.external_id AS "externalId", o.expected, o.difference, o.cause,
           o.valid_from AS "from", o.valid_to AS "to", o.subject, o.monthly, o.units, o.variants, o.remarks,
           EXISTS (SELECT FROM bill_decisions d WHERE d.bill_version_id = r.bill_version_id AND d.position = o.position AND d.kind = 'accept') AS accepted
    FROM bill_line_outcomes o JOIN reconciliations r USING (reconciliation_id)
    JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
    LEFT JOIN inventory_resources i ON i.resource_id = o.resource_id
    WHERE o.reconciliation_id = ${reconciliationId} AND o.position > ${after}
      ${outcome === undefined ? sql`` : sql`AND o.outcome = ${outcome}`} ${cause === undefined ? sql`` : sql`AND o.cause = ${cause}`}
      ${product === undefined ? sql`` : sql`AND l.product = ${product}`} ${resource === undefined ? sql`` : sql`AND o.resource_id = ${resource}`}
      ${position === undefined ? sql`` : sql`AND o.position = ${position}`}
      ${search === undefined ? sql`` : sql`AND position(lower(${search}::text) IN lower(concat_ws(' ', l.description, l.group_description, l.resource_uuid, l.resource_id, l.project_name))) > 0`}
    ORDER BY o.position LIMIT ${limit}`.execute(db);
  return rows;
}

export interface Bracket {
  readonly place: number;
  /** Began behind `beginsAfter`, and by `beginsBy`; null: the moment is known. */
  readonly beginsAfter: Temporal.Instant | null;
  readonly beginsBy: Temporal.Instant | null;
  readonly endsAfter: Temporal.Instant | null;
  readonly endsBy: Temporal.Instant | null;
}

/**
 * Of intervals of resources, whose beginnings and ends only listings saw: the complete listing before, and the one that
 * showed the change. `place` is that of an interval among those that are asked about; those that are known are left out.
 */
export async function selectBrackets(
  db: Queryable,
  intervals: readonly {
    readonly place: number;
    readonly resource: number | null;
    readonly from: Temporal.Instant | null;
    readonly to: Temporal.Instant | null;
  }[],
): Promise<Bracket[]> {
  const asked = JSON.stringify(
    intervals.flatMap(({ place, resource, from, to }) =>
      resource === null || from === null || to === null ? [] : [{ place, resource, from, to }],
    ),
  );
  const before = (at: RawBuilder<unknown>) => sql`
    (SELECT max(x.started_at) FROM inventory_sync_runs x
     WHERE x.account_id = r.account_id AND x.kind = r.kind AND x.outcome = 'complete' AND x.started_at < ${at})`;
  const isTold = (at: RawBuilder<unknown>) => sql`
    EXISTS (SELECT FROM inventory_actions x WHERE x.account_id = r.account_id AND x.resource_kind = r.kind
              AND x.resource_external_id = r.external_id AND x.completed_at = ${at})`;
  const { rows } = await statement<Bracket>('providerBilling.selectBrackets')`
    WITH asked AS (SELECT * FROM jsonb_to_recordset(${asked}::jsonb) AS a (place int, resource bigint, "from" timestamptz, "to" timestamptz))
    SELECT a.place, b.earliest AS "beginsAfter", b.at AS "beginsBy", e.earliest AS "endsAfter", e.at AS "endsBy"
    FROM asked a JOIN inventory_resources r ON r.resource_id = a.resource
    LEFT JOIN LATERAL (
      SELECT s.valid_from AS at, ${before(sql`s.valid_from`)} AS earliest FROM inventory_states s
      WHERE s.resource_id = a.resource AND s.valid_from >= a."from" AND s.source <> 'action'
        AND s.valid_from IS DISTINCT FROM r.provider_created_at AND NOT ${isTold(sql`s.valid_from`)}
      ORDER BY s.valid_from LIMIT 1) b ON b.earliest <= a."from"
    LEFT JOIN LATERAL (
      SELECT s.valid_to AS at, ${before(sql`s.valid_to`)} AS earliest FROM inventory_states s
      WHERE s.resource_id = a.resource AND s.valid_to >= a."to" AND s.valid_to < 'infinity' AND NOT ${isTold(sql`s.valid_to`)}
      ORDER BY s.valid_to LIMIT 1) e ON e.earliest <= a."to"
    WHERE num_nonnulls(b.at, e.at) > 0`.execute(db);
  return rows;
}

export interface ShareRow {
  readonly target: 'deployment' | 'operator' | 'not_cost';
  readonly deployment: string | null;
  readonly amount: string;
}

/** Who bears a line, the largest share first. */
export async function selectShares(db: Queryable, reconciliationId: number, position: number): Promise<ShareRow[]> {
  const { rows } = await statement<ShareRow>('providerBilling.selectShares')`
    SELECT s.target, d.slug AS deployment, s.amount FROM bill_line_shares s LEFT JOIN deployments_list d USING (deployment_id)
    WHERE s.reconciliation_id = ${reconciliationId} AND s.position = ${position}
    ORDER BY abs(s.amount) DESC, d.slug`.execute(db);
  return rows;
}

export interface MissingRow {
  readonly ordinal: number;
  readonly resource: number | null;
  readonly resourceKind: string | null;
  readonly externalId: string | null;
  readonly class: string;
  readonly subject: string | null;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly expected: string | null;
}

/** What should have been charged and is on no line. */
export async function selectMissing(
  db: Queryable,
  reconciliationId: number,
  { limit, after }: { readonly limit: number; readonly after: number },
): Promise<MissingRow[]> {
  const { rows } = await statement<MissingRow>('providerBilling.selectMissing')`
    SELECT m.ordinal, m.resource_id AS resource, i.kind AS "resourceKind", i.external_id AS "externalId", m.class, m.subject,
           m.valid_from AS "from", m.valid_to AS "to", m.expected
    FROM bill_missing m LEFT JOIN inventory_resources i USING (resource_id)
    WHERE m.reconciliation_id = ${reconciliationId} AND m.ordinal > ${after} ORDER BY m.ordinal LIMIT ${limit}`.execute(
    db,
  );
  return rows;
}

/** How many of them there are. */
export async function selectMissingCount(db: Queryable, reconciliationId: number): Promise<number> {
  const { rows } = await statement<{ count: number }>('providerBilling.selectMissingCount')`
    SELECT count(*) AS count FROM bill_missing WHERE reconciliation_id = ${reconciliationId}`.execute(db);
  return rows[0]!.count;
}

export interface FindingRow {
  readonly finding: string;
  readonly position: number | null;
  readonly resource: number | null;
  readonly resourceKind: string | null;
  readonly externalId: string | null;
  readonly name: string | null;
  readonly amount: string;
  /** Of a finding about time: over how many hours. */
  readonly hours: string | null;
}

/**
 * A bill against what was used: what costs money and does nothing, and what nobody pays for. Droplets that were off,
 * addresses that were on no droplet, volumes that were attached to none, lines that nobody owns, lives that no listing
 * saw, and nodes that their cluster's line covers. And what of it may count twice: signed bills of its month that are
 * listed no more.
 */
export async function selectFindings(
  db: Queryable,
  reconciliationId: number,
  {
    limit,
    after,
  }: { readonly limit: number; readonly after: { readonly finding: string; readonly place: number } | null },
): Promise<(FindingRow & { readonly place: number })[]> {
  const { rows } = await statement<FindingRow & { place: number }>('providerBilling.selectFindings')`
    WITH lines AS (
      SELECT o.*, l.amount, l.description, coalesce(l.product, '') AS product, coalesce(r.kind, p.resource_kind) AS resource_kind, ${chargedKind} AS charged,
             coalesce(l.start_time, '-infinity') AS begins, coalesce(l.end_time, 'infinity') AS ends, p.class
      FROM bill_line_outcomes o JOIN reconciliations c USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = c.bill_version_id AND l.position = o.position
      LEFT JOIN bill_products p USING (product) LEFT JOIN inventory_resources r ON r.resource_id = o.resource_id
      WHERE o.reconciliation_id = ${reconciliationId}
    ), meters AS (${metersOf(sql`SELECT DISTINCT product, charged FROM lines`)}
    ), found AS (
      SELECT CASE l.class WHEN 'droplet' THEN 'off_yet_billed' ELSE 'unattached_volume' END AS finding, l.position, l.resource_id, l.description AS name,
             l.amount, sum(extract(epoch FROM least(s.valid_to, l.ends) - greatest(s.valid_from, l.begins))) / 3600 AS hours
      FROM lines l JOIN inventory_states s ON s.resource_id = l.resource_id AND s.valid_from < l.ends AND s.valid_to > l.begins
      WHERE l.amount > 0 AND (l.class = 'droplet' AND s.status = 'off' OR l.class = 'volume' AND s.parents = '{}')
      GROUP BY 1, 2, 3, 4, 5
      UNION ALL
      SELECT 'unassigned_address', position, resource_id, description, amount, NULL FROM lines WHERE class = 'reserved_ip' AND amount > 0
      UNION ALL
      SELECT 'unowned', l.position, l.resource_id, l.description, sum(s.amount), NULL
      FROM lines l JOIN bill_line_shares s USING (reconciliation_id, position) JOIN deployments_list d USING (deployment_id)
      WHERE d.slug = 'unattributed' GROUP BY 1, 2, 3, 4
      UNION ALL
      SELECT CASE rule WHEN 'between_syncs' THEN 'lived_between_syncs' ELSE 'not_visible' END, position, resource_id, description, amount, NULL
      FROM lines WHERE outcome = 'from_bill' AND rule IN ('between_syncs', 'not_visible') OR cause = 'not_visible'
      UNION ALL
      SELECT DISTINCT 'covered_by_cluster', l.position, n.resource_id, n.name, 0::numeric, NULL::numeric
      FROM lines l JOIN inventory_resources c ON c.resource_id = l.resource_id
      JOIN inventory_states n ON n.account_id = c.account_id AND n.kind = 'droplet' AND n.valid_from < l.ends AND n.valid_to > l.begins
       AND without_case(n.tags) @> ARRAY['k8s:' || lower(c.external_id)]
      WHERE l.class = 'pool'
      UNION ALL
      -- What a customer's deployment costs, and its plan has no price for, by any meter of it, nor passes on.
      SELECT 'no_plan_item', l.position, l.resource_id, l.description, sum(s.amount), NULL
      FROM lines l JOIN meters m USING (product, charged)
      JOIN bill_line_shares s USING (reconciliation_id, position) JOIN deployments_list d USING (deployment_id)
      WHERE l.outcome IN ('matched', 'from_bill') AND s.amount > 0 AND d.customer_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM pricing_items i WHERE i.deployment_id = s.deployment_id AND i.valid_from < l.ends AND i.valid_to > l.begins
                        AND (i.billing_kind = ANY (m.meters) OR i.resource_kind = l.resource_kind OR fits_pattern(l.product, i.product) AND i.product IS NOT NULL))
      GROUP BY 1, 2, 3, 4
      UNION ALL
      SELECT 'not_charged', NULL, m.resource_id, coalesce(m.subject, m.class), coalesce(m.expected, 0), NULL
      FROM bill_missing m WHERE m.reconciliation_id = ${reconciliationId}
      UNION ALL
      -- Both count: this one may have taken its place.
      SELECT 'beside_signed', NULL, NULL, coalesce(v.number, g.external_id), s.amount, NULL
      FROM provider_billing_counting c JOIN provider_billing_counting n ON n.payer_id = c.payer_id AND n.month = c.month AND n.signed
      JOIN provider_bills g ON g.bill_id = n.bill_id AND g.missing_since IS NOT NULL
      JOIN reconciliations s ON s.reconciliation_id = n.reconciliation_id
      JOIN provider_bill_versions v ON v.bill_version_id = n.bill_version_id
      WHERE c.reconciliation_id = ${reconciliationId} AND NOT c.signed
    ), placed AS (SELECT *, row_number() OVER (PARTITION BY finding ORDER BY position, resource_id, name) AS place FROM found)
    SELECT f.finding, f.place, f.position, f.resource_id AS resource, i.kind AS "resourceKind", i.external_id AS "externalId", f.name, f.amount,
           round(f.hours, 2) AS hours
    FROM placed f LEFT JOIN inventory_resources i USING (resource_id)
    WHERE ${after === null} OR (f.finding, f.place) > (${after?.finding ?? ''}, ${after?.place ?? 0}::bigint)
    ORDER BY f.finding, f.place LIMIT ${limit}`.execute(db);
  return rows;
}

export interface CostRow {
  readonly month: Temporal.PlainDate;
  readonly target: 'deployment' | 'operator' | 'not_cost';
  readonly deployment: string | null;
  readonly customer: string | null;
  readonly currency: string;
  readonly amount: string;
  /** Of the amount, what nothing but the bill says. */
  readonly fromBill: string;
  readonly state: BillState;
}

/** What each deployment cost in months, by the best bill of each: what is unattributed, ours, and no cost, is there too. */
export async function selectCosts(
  db: Queryable,
  {
    from,
    to,
    limit,
    after,
  }: {
    readonly from: Temporal.PlainDate;
    readonly to: Temporal.PlainDate;
    readonly limit: number;
    readonly after: { readonly month: Temporal.PlainDate; readonly key: string } | null;
  },
): Promise<(CostRow & { readonly key: string })[]> {
  const { rows } = await statement<CostRow & { key: string }>('providerBilling.selectCosts')`
    WITH sums AS (
      SELECT c.month, c.target, c.deployment_id, c.currency, sum(c.amount) AS amount, coalesce(sum(c.amount) FILTER (WHERE c.from_bill), 0.00) AS from_bill,
             ${leastState(sql`c.state`)} AS state
      FROM provider_billing_sums c WHERE c.month >= ${from}::date AND c.month < ${to}::date GROUP BY 1, 2, 3, 4
    ), named AS (
      SELECT s.*, d.slug, d.customer_external_id, concat_ws(' ', s.target, d.slug, s.currency) AS key
      FROM sums s LEFT JOIN deployments_list d USING (deployment_id)
    )
    SELECT month, target, slug AS deployment, customer_external_id AS customer, currency, amount, from_bill AS "fromBill", state, key FROM named
    WHERE ${after === null} OR (month, key COLLATE "C") > (${after?.month ?? null}::date, ${after?.key ?? ''})
    ORDER BY month, key COLLATE "C" LIMIT ${limit}`.execute(db);
  return rows;
}

/** How much of a bill those who bear less now than was signed bear less. */
export async function selectMoved(db: Queryable, signedId: number, sinceId: number): Promise<string> {
  const { rows } = await statement<{ moved: string }>('providerBilling.selectMoved')`
    WITH sums AS (
      SELECT target, deployment_id, sum(CASE reconciliation_id WHEN ${signedId} THEN amount ELSE -amount END) AS amount
      FROM bill_line_shares WHERE reconciliation_id IN (${signedId}, ${sinceId}) GROUP BY 1, 2
    ) SELECT coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS moved FROM sums`.execute(db);
  return rows[0]!.moved;
}

export interface BillResourceRow {
  readonly payer: string;
  readonly kind: string;
  readonly externalId: string | null;
  readonly name: string | null;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly months: number;
  readonly lines: number;
  readonly amount: string;
  readonly currency: string;
}

/** What only bills know, by payer, kind and id. */
export async function selectBillResources(
  db: Queryable,
  asked: {
    readonly payer?: string | undefined;
    readonly kind?: string | undefined;
    readonly limit: number;
    readonly after: readonly [payer: string, kind: string, key: string] | null;
  },
): Promise<(BillResourceRow & { readonly key: string })[]> {
  const { payer = null, kind = null, limit, after } = asked;
  const [afterPayer, afterKind, afterKey] = after ?? ['', '', ''];
  const { rows } = await statement<BillResourceRow & { key: string }>('providerBilling.selectBillResources')`
    WITH named AS (
      SELECT p.slug AS payer, r.*, concat_ws(' ', coalesce(r.external_id, ''), r.words, r.currency) AS key
      FROM provider_billing_resources r JOIN bill_payers p USING (payer_id)
      WHERE (${payer}::text IS NULL OR p.slug = ${payer}) AND (${kind}::text IS NULL OR r.kind = ${kind})
    )
    SELECT payer, kind, external_id AS "externalId", name, first_at AS "from", last_at AS "to", months, lines, amount, currency, key
    FROM named WHERE ${after === null} OR (payer COLLATE "C", kind COLLATE "C", key COLLATE "C") > (${afterPayer}, ${afterKind}, ${afterKey})
    ORDER BY payer COLLATE "C", kind COLLATE "C", key COLLATE "C" LIMIT ${limit}`.execute(db);
  return rows;
}
