import type { Queryable } from '../platform/database/database.ts';
import { preparedStatement } from '../platform/database/statement.ts';

/** Every deployment that was ever believed to own a resource, by id: whose records of it there may be. */
export async function selectOwnersEver(db: Queryable, resourceId: number): Promise<Map<number, string>> {
  const { rows } = await preparedStatement<{ deploymentId: number; slug: string }>('metering.selectOwnersEver')`
    SELECT DISTINCT deployment_id AS "deploymentId", slug
    FROM deployments_owners_ever JOIN deployments_list USING (deployment_id) WHERE resource_id = ${resourceId}
    ORDER BY 1`.execute(db);
  return new Map(rows.map(({ deploymentId, slug }) => [deploymentId, slug]));
}
