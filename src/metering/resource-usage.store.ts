import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** Every deployment that was ever believed to own a resource: whose records of it there may be. */
export async function selectOwnersEver(db: Queryable, resourceId: number): Promise<number[]> {
  const { rows } = await statement<{ deploymentId: number }>('metering.selectOwnersEver')`
    SELECT DISTINCT deployment_id AS "deploymentId" FROM deployments_owners_ever WHERE resource_id = ${resourceId}
    ORDER BY 1`.execute(db);
  return rows.map(({ deploymentId }) => deploymentId);
}
