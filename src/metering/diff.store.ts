import { sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTable, type TemporaryTable } from '../platform/database/temporary-table.ts';

/**
 * What metering would change, by day, deployment, kind and resource: sums of
 * the records that differ, before and after, and how many would be inserted, changed and deleted.
 */
export type Differences = TemporaryTable<'usage_differences'>;

/** Makes an empty table of them. */
export function createDifferences(trx: UnitOfWork): Promise<Differences> {
  return createTemporaryTable(
    trx,
    { statement: 'metering.createDifferences', table: 'usage_differences', drop: [] },
    sql`deployment_id bigint NOT NULL, billing_kind_id smallint NOT NULL, resource_id bigint NOT NULL,
        before numeric NOT NULL, after numeric NOT NULL,
        inserted bigint NOT NULL, changed bigint NOT NULL, deleted bigint NOT NULL`,
  );
}

/** Adds sums that a store outside of this database has reckoned. */
export async function insertDifferences(
  trx: UnitOfWork,
  differences: Differences,
  rows: readonly {
    readonly deploymentId: number;
    readonly kindId: number;
    readonly resourceId: number;
    readonly before: string;
    readonly after: string;
    readonly inserted: number;
    readonly changed: number;
    readonly deleted: number;
  }[],
): Promise<void> {
  await statement('metering.insertDifferences')`
    INSERT INTO ${differences} (deployment_id, billing_kind_id, resource_id, before, after, inserted, changed, deleted)
    SELECT "deploymentId", "kindId", "resourceId", before, after, inserted, changed, deleted
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS d("deploymentId" bigint, "kindId" smallint, "resourceId" bigint, before numeric, after numeric,
           inserted bigint, changed bigint, deleted bigint)`.execute(trx);
}

/** What would change in one place. */
export interface DifferenceRow {
  readonly deploymentId: number;
  readonly deployment: string;
  readonly kind: string;
  /** after less before, of the records that differ. */
  readonly change: string;
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
  /** How many rows there are in all. */
  readonly total: number;
}

const figures = sql`
  sum(after - before) AS change, sum(inserted)::bigint AS inserted, sum(changed)::bigint AS changed,
  sum(deleted)::bigint AS deleted, count(*) OVER () AS total`;

/** By deployment and kind. */
export async function selectDeploymentDifferences(
  trx: Queryable,
  differences: Differences,
  limit: number,
): Promise<DifferenceRow[]> {
  const { rows } = await statement<DifferenceRow>('metering.selectDeploymentDifferences')`
    SELECT x.deployment_id AS "deploymentId", d.slug AS deployment, k.slug AS kind, trim_scale(x.change)::text AS change,
           x.inserted, x.changed, x.deleted, x.total
    FROM (SELECT deployment_id, billing_kind_id, ${figures} FROM ${differences} GROUP BY 1, 2) AS x
    JOIN deployments_list d USING (deployment_id) JOIN billing_kinds k USING (billing_kind_id)
    ORDER BY d.slug, k.slug LIMIT ${limit}`.execute(trx);
  return rows;
}

export interface ResourceDifferenceRow extends DifferenceRow {
  readonly resourceId: number;
  readonly resourceKind: string;
  readonly externalId: string;
  readonly name: string | null;
}

/** By deployment, kind and resource, the largest changes first. */
export async function selectResourceDifferences(
  trx: Queryable,
  differences: Differences,
  limit: number,
): Promise<ResourceDifferenceRow[]> {
  const { rows } = await statement<ResourceDifferenceRow>('metering.selectResourceDifferences')`
    SELECT x.deployment_id AS "deploymentId", d.slug AS deployment, k.slug AS kind, x.resource_id AS "resourceId",
           r.kind AS "resourceKind", r.external_id AS "externalId", n.name, trim_scale(x.change)::text AS change,
           x.inserted, x.changed, x.deleted, x.total
    FROM (SELECT deployment_id, billing_kind_id, resource_id, ${figures} FROM ${differences} GROUP BY 1, 2, 3
          ORDER BY abs(sum(after - before)) DESC, 3, 1, 2 LIMIT ${limit}) AS x
    JOIN deployments_list d USING (deployment_id) JOIN billing_kinds k USING (billing_kind_id)
    JOIN inventory_resources r USING (resource_id)
    LEFT JOIN LATERAL (
      SELECT s.name FROM inventory_states s WHERE s.resource_id = x.resource_id ORDER BY s.valid_from DESC LIMIT 1) AS n ON true
    ORDER BY abs(x.change) DESC, x.resource_id, d.slug, k.slug`.execute(trx);
  return rows;
}
