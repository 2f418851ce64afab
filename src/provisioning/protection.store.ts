import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** Why a resource, or the deployment, is protected; null: neither is. */
export async function selectProtection(
  db: Queryable,
  of: { readonly kind: string; readonly externalId: string; readonly accountId: number; readonly deployment: string },
): Promise<string | null> {
  const { rows } = await statement<{ reason: string }>('provisioning.selectProtection')`
    SELECT p.reason FROM protections p
    LEFT JOIN inventory_resources r USING (resource_id) LEFT JOIN deployments_list d ON d.deployment_id = p.deployment_id
    WHERE p.ended_at IS NULL
      AND (d.slug = ${of.deployment}
           OR (r.account_id = ${of.accountId} AND r.kind = ${of.kind} AND r.external_id = ${of.externalId}))
    LIMIT 1`.execute(db);
  return rows[0]?.reason ?? null;
}

/** When the provider says that it created a resource, by our id; null: it does not say. */
export async function selectCreatedAt(db: Queryable, resourceId: number): Promise<Temporal.Instant | null> {
  const { rows } = await statement<{ createdAt: Temporal.Instant | null }>('provisioning.selectCreatedAt')`
    SELECT provider_created_at AS "createdAt" FROM inventory_resources WHERE resource_id = ${resourceId}`.execute(db);
  return rows[0]?.createdAt ?? null;
}

/** Our ids of resources that the inventory knows, by the provider's. */
export async function selectResourceIds(
  db: Queryable,
  accountId: number,
  kind: string,
  externalId: string,
): Promise<number | undefined> {
  const { rows } = await statement<{ resourceId: number }>('provisioning.selectResourceIds')`
    SELECT resource_id AS "resourceId" FROM inventory_resources
    WHERE account_id = ${accountId} AND kind = ${kind} AND external_id = ${externalId}`.execute(db);
  return rows[0]?.resourceId;
}

/** What is protected already stays so. */
export async function insertProtection(
  db: Queryable,
  { resourceId, reason, by }: { readonly resourceId: number; readonly reason: string; readonly by: string },
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.insertProtection')`
    INSERT INTO protections (resource_id, reason, protected_at, protected_by) VALUES (${resourceId}, ${reason}, ${now}, ${by})
    ON CONFLICT (resource_id) WHERE ended_at IS NULL AND resource_id IS NOT NULL DO NOTHING`.execute(db);
}

export async function endProtection(
  db: Queryable,
  resourceId: number,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.endProtection')`
    UPDATE protections SET ended_at = ${now}, ended_by = ${by}
    WHERE resource_id = ${resourceId} AND ended_at IS NULL`.execute(db);
}
