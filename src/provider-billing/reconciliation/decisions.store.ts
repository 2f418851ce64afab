import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { BillMonth } from './stage-lines.store.ts';

// What people say about bills and lines: appended, and signing.

export type DecisionKind = 'note' | 'assign' | 'accept' | 'sign' | 'reopen';

interface DecisionRow {
  readonly decision: number;
  readonly kind: DecisionKind;
  readonly position: number | null;
  readonly version: number;
  readonly deployment: string | null;
  readonly reason: string;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
}

/** A bill's decisions, the newest first. */
export async function selectDecisions(
  db: Queryable,
  billId: number,
  {
    position,
    limit,
    before,
  }: { readonly position?: number | undefined; readonly limit: number; readonly before: number | null },
): Promise<DecisionRow[]> {
  const { rows } = await statement<DecisionRow>('providerBilling.selectDecisions')`
    SELECT d.bill_decision_id AS decision, d.kind, d.position, v.version, l.slug AS deployment, d.reason, d.recorded_at AS "recordedAt",
           d.recorded_by AS "recordedBy"
    FROM bill_decisions d JOIN provider_bill_versions v USING (bill_version_id) LEFT JOIN deployments_list l USING (deployment_id)
    WHERE v.bill_id = ${billId} AND (${position ?? null}::int IS NULL OR d.position = ${position ?? null})
      AND (${before}::bigint IS NULL OR d.bill_decision_id < ${before})
    ORDER BY d.bill_decision_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

interface Decision {
  readonly versionId: number;
  readonly position: number | null;
  readonly kind: DecisionKind;
  readonly deploymentId: number | null;
  readonly reason: string;
}

export async function insertDecision(
  trx: UnitOfWork,
  { versionId, position, kind, deploymentId, reason }: Decision,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('providerBilling.insertDecision')`
    INSERT INTO bill_decisions (bill_version_id, position, kind, deployment_id, reason, recorded_at, recorded_by)
    VALUES (${versionId}, ${position}, ${kind}, ${deploymentId}, ${reason}, ${now}::timestamptz, ${by})`.execute(trx);
}

/** The id of a deployment; null: there is none of that slug. */
export async function selectDeploymentId(db: Queryable, slug: string): Promise<number | null> {
  const { rows } = await statement<{ id: number }>('providerBilling.selectDeploymentId')`
    SELECT deployment_id AS id FROM deployments_list WHERE slug = ${slug}`.execute(db);
  return rows[0]?.id ?? null;
}

/** Signs the open reconciliation of a bill. false: it is not there any more. */
export async function signReconciliation(
  trx: UnitOfWork,
  reconciliationId: number,
  reason: string | null,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('providerBilling.signReconciliation')`
    UPDATE reconciliations SET signed_at = ${now}::timestamptz, signed_by = ${by}, signed_reason = ${reason}
    WHERE reconciliation_id = ${reconciliationId} AND signed_at IS NULL`.execute(trx);
  return numAffectedRows === 1n;
}

/** What was signed counts no more; it stays on record. false: it was reopened already. */
export async function reopenReconciliation(
  trx: UnitOfWork,
  reconciliationId: number,
  reason: string,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('providerBilling.reopenReconciliation')`
    UPDATE reconciliations SET reopened_at = ${now}::timestamptz, reopened_by = ${by}, reopened_reason = ${reason}
    WHERE reconciliation_id = ${reconciliationId} AND signed_at IS NOT NULL AND reopened_at IS NULL`.execute(trx);
  return numAffectedRows === 1n;
}

/** A line that would be assigned to a deployment, or, where that is null, to nobody any more. */
export interface SupposedAssignment {
  readonly versionId: number;
  readonly position: number;
  readonly deploymentId: number | null;
}

export type StagedDecisions = TemporaryTable<'staged_bill_decisions'>;

/** Whom people assigned lines of a month's bills to, also lines of earlier versions: of each line the newest that was decided. */
export function stageDecisions(
  trx: UnitOfWork,
  { bills }: BillMonth,
  supposed: SupposedAssignment | null,
): Promise<StagedDecisions> {
  const versions = bills.map(({ versionId }) => versionId);
  const same = sql`ROW(l.product, l.description, l.group_description, l.resource_uuid, l.resource_id, l.start_time)::text`;
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageDecisions', table: 'staged_bill_decisions', analyze: true },
    sql`
      WITH earlier AS MATERIALIZED (
        -- What was decided of a line of an earlier version: of equal ones, by their order. Amounts may differ.
        SELECT d.bill_decision_id, d.deployment_id, v.bill_id, s.same,
               (SELECT count(*) FROM provider_bill_lines e WHERE e.bill_version_id = l.bill_version_id AND e.position <= l.position
                  AND ROW(e.product, e.description, e.group_description, e.resource_uuid, e.resource_id, e.start_time)::text = s.same) AS place
        FROM bill_decisions d JOIN provider_bill_versions v USING (bill_version_id)
        JOIN provider_bill_lines l ON l.bill_version_id = d.bill_version_id AND l.position = d.position
        CROSS JOIN LATERAL (SELECT ${same} AS same) s
        WHERE d.kind = 'assign' AND v.bill_id = ANY (${bills.map(({ billId }) => billId)}::bigint[]) AND v.bill_version_id <> ALL (${versions}::bigint[])
      ), carried AS (
        SELECT n.bill_version_id, n.position, e.deployment_id, e.bill_decision_id
        FROM earlier e JOIN (
          SELECT v.bill_id, l.bill_version_id, l.position, s.same, row_number() OVER (PARTITION BY l.bill_version_id, s.same ORDER BY l.position) AS place
          FROM provider_bill_lines l JOIN provider_bill_versions v USING (bill_version_id)
          CROSS JOIN LATERAL (SELECT ${same} AS same) s
          WHERE EXISTS (SELECT FROM earlier) AND l.bill_version_id = ANY (${versions}::bigint[])) n USING (bill_id, same, place)
      )
      SELECT DISTINCT ON (bill_version_id, position) bill_version_id, position, deployment_id
      FROM (SELECT * FROM carried
            UNION ALL
            SELECT bill_version_id, position, deployment_id, bill_decision_id FROM bill_decisions
            WHERE kind = 'assign' AND bill_version_id = ANY (${versions}::bigint[])
            UNION ALL
            SELECT ${supposed?.versionId ?? null}::bigint, ${supposed?.position ?? null}::int, ${supposed?.deploymentId ?? null}::bigint, NULL
            WHERE ${supposed !== null}) d
      ORDER BY bill_version_id, position, bill_decision_id DESC NULLS FIRST`,
  );
}
