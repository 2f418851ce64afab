import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs } from '../../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../../platform/history.ts';

// Billing rules and their variants: which is believed, and how many lines explain which.

const beliefs: HistoryTable = {
  table: 'billing_rule_beliefs',
  id: 'billing_rule_belief_id',
  key: ['rule'],
  values: ['variant', 'reason', 'recorded_by'],
};

export interface EvidenceRow {
  readonly rule: string;
  readonly variant: string;
  readonly describes: string;
  readonly certainty: 'official' | 'reported' | 'inferred';
  readonly evidence: string;
  /** Whether bills of the month are reckoned with it. */
  readonly believed: boolean;
  /** Lines of final bills, where the rule's variants differ, whose amount it explains to the cent. */
  readonly explained: number;
  /** Those that another variant explains and it does not. */
  readonly contradicted: number;
}

const told = sql`
  SELECT e.rule, e.variants, r.bill_id, r.bill_version_id, o.position FROM bill_line_outcomes o JOIN reconciliations r USING (reconciliation_id)
  JOIN provider_bills b USING (bill_id)
  CROSS JOIN LATERAL (SELECT key AS rule, value AS variants FROM jsonb_each(o.variants)) e
  WHERE b.kind = 'final' AND b.missing_since IS NULL AND r.reopened_at IS NULL AND o.variants <> '{}'
    AND (r.signed_at IS NULL OR NOT EXISTS (SELECT FROM reconciliations n WHERE n.bill_id = r.bill_id AND n.signed_at IS NULL))`;

/** Every variant, with what the bills say of it; believed as of a day. */
export async function selectEvidence(db: Queryable, at: Temporal.Instant): Promise<EvidenceRow[]> {
  const { rows } = await statement<EvidenceRow>('providerBilling.selectEvidence')`
    WITH told AS (${told}), counts AS (
      SELECT v.rule, v.variant, count(*) FILTER (WHERE t.variants ? v.variant) AS explained,
             count(t.position) FILTER (WHERE NOT t.variants ? v.variant) AS contradicted
      FROM billing_rule_variants v LEFT JOIN told t USING (rule) GROUP BY 1, 2
    )
    SELECT v.rule, v.variant, v.describes, v.certainty, v.evidence, coalesce(b.variant = v.variant, v.position = 1) AS believed,
           c.explained, c.contradicted
    FROM billing_rule_variants v JOIN counts c USING (rule, variant)
    LEFT JOIN billing_rule_beliefs b ON b.rule = v.rule AND b.superseded_at = 'infinity'
     AND b.valid_from <= ${at}::timestamptz AND b.valid_to > ${at}::timestamptz
    ORDER BY v.rule, v.position`.execute(db);
  return rows;
}

export interface EvidenceLineRow {
  readonly bill: number;
  readonly position: number;
  readonly description: string | null;
  readonly amount: string;
  readonly variants: readonly string[];
}

/** Lines of final bills that contradict a variant: which variants explain each. */
export async function selectContradictions(
  db: Queryable,
  {
    rule,
    variant,
    limit,
    after,
  }: {
    readonly rule: string;
    readonly variant: string;
    readonly limit: number;
    readonly after: { readonly bill: number; readonly position: number } | null;
  },
): Promise<EvidenceLineRow[]> {
  const { rows } = await statement<EvidenceLineRow>('providerBilling.selectContradictions')`
    WITH told AS (${told})
    SELECT t.bill_id AS bill, t.position, l.description, l.amount, t.variants
    FROM told t JOIN provider_bill_lines l ON l.bill_version_id = t.bill_version_id AND l.position = t.position
    WHERE t.rule = ${rule} AND NOT t.variants ? ${variant}
      AND (${after === null} OR (t.bill_id, t.position) > (${after?.bill ?? 0}::bigint, ${after?.position ?? 0}::int))
    ORDER BY t.bill_id, t.position LIMIT ${limit}`.execute(db);
  return rows;
}

/** Whether a rule has such a variant. */
export async function selectHasVariant(db: Queryable, rule: string, variant: string): Promise<boolean> {
  const { rows } = await statement<{ has: boolean }>('providerBilling.selectHasVariant')`
    SELECT EXISTS (SELECT FROM billing_rule_variants WHERE rule = ${rule} AND variant = ${variant}) AS has`.execute(db);
  return rows[0]!.has;
}

/** Has a variant be believed for bills of a month on. false: it was so. */
export async function rewriteBelief(
  trx: UnitOfWork,
  {
    rule,
    variant,
    reason,
    from,
  }: {
    readonly rule: string;
    readonly variant: string;
    readonly reason: string;
    readonly from: Temporal.Instant;
  },
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.rewriteBelief', table: 'staged_beliefs' },
    sql`
      SELECT ${rule}::text AS rule, ${variant}::text AS variant, ${reason}::text AS reason, ${by}::text AS recorded_by,
             ${from}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, true AS asserted
      WHERE NOT EXISTS (SELECT FROM billing_rule_beliefs b WHERE b.superseded_at = 'infinity' AND b.rule = ${rule} AND b.variant = ${variant}
                        AND b.valid_from <= ${from}::timestamptz AND b.valid_to = 'infinity')`,
  );
  const { inserted } = await rewriteHistory(trx, beliefs, staged, now);
  return inserted > 0;
}
