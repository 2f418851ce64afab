import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

export async function selectDeploymentExists(db: Queryable, slug: string): Promise<boolean> {
  const { rows } = await statement('providerBilling.selectDeploymentExists')`
    SELECT FROM deployments_list WHERE slug = ${slug}`.execute(db);
  return rows.length > 0;
}
