import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** What is protected: a resource or a deployment, by our ids. */
export type Protected = { readonly resourceId: number } | { readonly deployment: string };

/** False: it is protected already. */
export async function insertProtectionOf(
  trx: UnitOfWork,
  of: Protected,
  reason: string,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const resourceId = 'resourceId' in of ? of.resourceId : null;
  const deployment = 'deployment' in of ? of.deployment : null;
  const { numAffectedRows } = await statement('provisioning.insertProtectionOf')`
    INSERT INTO protections (deployment_id, resource_id, reason, protected_at, protected_by)
    SELECT (SELECT deployment_id FROM deployments_list WHERE slug = ${deployment}), ${resourceId}::bigint, ${reason}, ${now}, ${by}
    ON CONFLICT DO NOTHING`.execute(trx);
  return numAffectedRows === 1n;
}

/** False: it was not protected. */
export async function updateProtectionEnded(
  trx: UnitOfWork,
  of: Protected,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const resourceId = 'resourceId' in of ? of.resourceId : null;
  const deployment = 'deployment' in of ? of.deployment : null;
  const { numAffectedRows } = await statement('provisioning.updateProtectionEnded')`
    UPDATE protections SET ended_at = ${now}, ended_by = ${by}
    WHERE ended_at IS NULL
      AND (resource_id = ${resourceId}::bigint OR deployment_id = (SELECT deployment_id FROM deployments_list WHERE slug = ${deployment}))`.execute(
    trx,
  );
  return (numAffectedRows ?? 0n) > 0n;
}

interface ProtectionRow {
  readonly protectionId: number;
  readonly deployment: string | null;
  readonly resourceId: number | null;
  readonly kind: string | null;
  readonly externalId: string | null;
  readonly reason: string;
  readonly protectedAt: Temporal.Instant;
  readonly protectedBy: string;
}

/** All that is protected now. */
export async function selectProtected(db: Queryable): Promise<ProtectionRow[]> {
  const { rows } = await statement<ProtectionRow>('provisioning.selectProtected')`
    SELECT p.protection_id AS "protectionId", d.slug AS deployment, p.resource_id AS "resourceId", r.kind,
           r.external_id AS "externalId", p.reason, p.protected_at AS "protectedAt", p.protected_by AS "protectedBy"
    FROM protections p LEFT JOIN inventory_resources r USING (resource_id) LEFT JOIN deployments_list d ON d.deployment_id = p.deployment_id
    WHERE p.ended_at IS NULL ORDER BY p.protection_id`.execute(db);
  return rows;
}
