import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// What is a deployment's now, as far as it is known here.

interface OwnedRow {
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
  /** The other deployments that have a share; null: it is this one's alone. */
  readonly sharedWith: string | null;
}

/** Of a deployment, by kind and id. */
export async function selectOwned(db: Queryable, deployment: string): Promise<OwnedRow[]> {
  const { rows } = await statement<OwnedRow>('provisioning.selectOwned')`
    SELECT c.slug AS account, s.kind, r.external_id AS "externalId", s.name,
           (SELECT string_agg(d.slug, ', ' ORDER BY d.slug) FROM deployments_owners other JOIN deployments_list d USING (deployment_id)
            WHERE other.owner_set_id = w.owner_set_id AND other.deployment_id <> w.deployment_id) AS "sharedWith"
    FROM deployments_list own JOIN deployments_owners w USING (deployment_id)
    JOIN deployments_attributions a ON a.owner_set_id = w.owner_set_id AND a.valid_to = 'infinity'
    JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_to = 'infinity'
    JOIN inventory_resources r ON r.resource_id = s.resource_id JOIN inventory_accounts c ON c.account_id = s.account_id
    WHERE own.slug = ${deployment} ORDER BY s.kind, r.external_id`.execute(db);
  return rows;
}

/** Of things of an account those that are somebody's now, with the slugs of all who have a share. */
export async function selectOwners(
  db: Queryable,
  accountId: number,
  things: readonly { readonly kind: string; readonly externalId: string }[],
): Promise<{ readonly kind: string; readonly externalId: string; readonly owners: string }[]> {
  const [kinds, ids] = [things.map(({ kind }) => kind), things.map(({ externalId }) => externalId)];
  const { rows } = await statement<{ kind: string; externalId: string; owners: string }>('provisioning.selectOwners')`
    SELECT r.kind, r.external_id AS "externalId", string_agg(d.slug, ', ' ORDER BY d.slug) AS owners
    FROM unnest(${kinds}::text[], ${ids}::text[]) AS asked (kind, external_id)
    JOIN inventory_resources r ON r.account_id = ${accountId} AND r.kind = asked.kind AND r.external_id = asked.external_id
    JOIN deployments_attributions a ON a.resource_id = r.resource_id AND a.valid_to = 'infinity'
    JOIN deployments_owners w USING (owner_set_id) JOIN deployments_list d USING (deployment_id)
    WHERE d.slug <> 'unattributed' GROUP BY r.kind, r.external_id ORDER BY r.kind, r.external_id`.execute(db);
  return rows;
}

/** The provider's ids of the projects that are a deployment's alone. */
export async function selectProjects(
  db: Queryable,
  deployment: string,
  now: Temporal.Instant,
): Promise<{ readonly account: string; readonly project: string }[]> {
  const { rows } = await statement<{ account: string; project: string }>('provisioning.selectProjects')`
    SELECT c.slug AS account, p.external_id AS project
    FROM deployments_rules r JOIN deployments_owners w USING (owner_set_id) JOIN deployments_list d USING (deployment_id)
    JOIN inventory_resources p ON p.resource_id = r.project_id JOIN inventory_accounts c ON c.account_id = p.account_id
    WHERE r.kind = 'project' AND d.slug = ${deployment} AND w.weight = w.weight_total
      AND r.valid_from <= ${now} AND r.valid_to > ${now} ORDER BY p.external_id`.execute(db);
  return rows;
}

/** What is protected of a deployment: of a resource by `kind:id`, of all of it as `deployment`. */
export async function selectProtections(
  db: Queryable,
  deployment: string,
): Promise<{ readonly what: string; readonly reason: string }[]> {
  const { rows } = await statement<{ what: string; reason: string }>('provisioning.selectProtections')`
    SELECT coalesce(r.kind || ':' || r.external_id, 'deployment') AS what, p.reason FROM protections p
    LEFT JOIN inventory_resources r USING (resource_id) LEFT JOIN deployments_list d ON d.deployment_id = p.deployment_id
    WHERE p.ended_at IS NULL AND (p.resource_id IS NOT NULL OR d.slug = ${deployment}) ORDER BY 1`.execute(db);
  return rows;
}
