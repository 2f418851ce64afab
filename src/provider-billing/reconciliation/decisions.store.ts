import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

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
