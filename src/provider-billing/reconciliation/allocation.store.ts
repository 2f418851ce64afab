import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../../platform/history.ts';

// Who bears the lines that no resource explains.

const allocationRules: HistoryTable = {
  table: 'allocation_rules',
  id: 'allocation_rule_id',
  key: ['rule_id'],
  values: ['position', 'product', 'description', 'project', 'resource', 'method', 'deployment_id', 'recorded_by'],
};

export const allocationMethods = ['matched_cost', 'spaces', 'deployment', 'operator', 'not_cost'] as const;

export interface AllocationRule {
  /** null: a new one. */
  readonly rule: number | null;
  readonly position: string;
  readonly product: string | null;
  readonly description: string | null;
  readonly project: string | null;
  /** The provider's id of a resource. */
  readonly resource: string | null;
  readonly method: (typeof allocationMethods)[number];
  readonly deploymentId: number | null;
}

interface AllocationRow extends Omit<AllocationRule, 'rule' | 'deploymentId'> {
  readonly rule: number;
  readonly deployment: string | null;
  readonly from: Temporal.Instant | null;
  readonly recordedBy: string;
}

/** The rules of a moment, in their order. */
export async function selectAllocations(db: Queryable, at: Temporal.Instant): Promise<AllocationRow[]> {
  const { rows } = await statement<AllocationRow>('providerBilling.selectAllocations')`
    SELECT a.rule_id AS rule, a.position, a.product, a.description, a.project, a.resource, a.method, d.slug AS deployment, a.valid_from AS "from",
           a.recorded_by AS "recordedBy"
    FROM allocation_rules a LEFT JOIN deployments_list d USING (deployment_id)
    WHERE a.superseded_at = 'infinity' AND a.valid_from <= ${at}::timestamptz AND a.valid_to > ${at}::timestamptz
    ORDER BY a.position, a.rule_id`.execute(db);
  return rows;
}

/** A change of the rules: one that is set, or one that ends. */
export interface AllocationChange {
  readonly set: AllocationRule | null;
  readonly unset: number | null;
}

export type StagedAllocations = TemporaryTable<'staged_allocation_rules'>;

/** The rules of a moment, as they are or as a change would have them: a new one comes last of those at its position. */
export function stageAllocationRules(
  trx: UnitOfWork,
  at: Temporal.Instant,
  change: AllocationChange | null,
): Promise<StagedAllocations> {
  const { set = null, unset = null } = change ?? {};
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageAllocationRules', table: 'staged_allocation_rules' },
    sql`
      SELECT rule_id, position, product, description, project, resource, method, deployment_id FROM allocation_rules
      WHERE superseded_at = 'infinity' AND valid_from <= ${at}::timestamptz AND valid_to > ${at}::timestamptz
        AND rule_id IS DISTINCT FROM ${set?.rule ?? unset}::bigint
      UNION ALL
      SELECT coalesce(${set?.rule ?? null}::bigint, 9223372036854775807), ${set?.position ?? null}::numeric, ${set?.product ?? null}::text, ${set?.description ?? null}::text,
             ${set?.project ?? null}::text, ${set?.resource ?? null}::text, ${set?.method ?? null}::text, ${set?.deploymentId ?? null}::bigint
      WHERE ${set !== null}`,
  );
}

/** Whether there is such a rule at a moment or later. */
export async function selectHasAllocation(db: Queryable, rule: number, from: Temporal.Instant): Promise<boolean> {
  const { rows } = await statement<{ there: boolean }>('providerBilling.selectHasAllocation')`
    SELECT EXISTS (SELECT FROM allocation_rules WHERE rule_id = ${rule} AND superseded_at = 'infinity' AND valid_to > ${from}::timestamptz) AS there`.execute(
    db,
  );
  return rows[0]!.there;
}

/** Has a rule hold from a moment on, or ends it there. The rule's id; null: there is no such rule. */
export async function rewriteAllocation(
  trx: UnitOfWork,
  { set, unset }: AllocationChange,
  from: Temporal.Instant,
  by: string,
  now: Temporal.Instant,
): Promise<number | null> {
  const known = set?.rule ?? unset;
  if (known !== null && !(await selectHasAllocation(trx, known, from))) return null;
  const { rows } = await statement<{ id: number }>('providerBilling.rewriteAllocation.id')`
    SELECT coalesce(${known}::bigint, nextval('allocation_rule_ids')) AS id`.execute(trx);
  const { id } = rows[0]!;
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.rewriteAllocation', table: 'staged_allocations' },
    sql`
      SELECT ${id}::bigint AS rule_id, ${set?.position ?? null}::numeric AS position, ${set?.product ?? null}::text AS product,
             ${set?.description ?? null}::text AS description, ${set?.project ?? null}::text AS project, ${set?.resource ?? null}::text AS resource, ${set?.method ?? null}::text AS method,
             ${set?.deploymentId ?? null}::bigint AS deployment_id, ${by}::text AS recorded_by, ${from}::timestamptz AS valid_from,
             'infinity'::timestamptz AS valid_to, ${set !== null}::boolean AS asserted`,
  );
  await rewriteHistory(trx, allocationRules, staged, now);
  return id;
}
