import type { Database } from '../../platform/database/database.ts';

/** The ids of resources that somebody named: by our id, a URN, or kind:external-id. Errors: not_found, conflict. */
export async function resolveResources(db: Database, refs: readonly string[]): Promise<number[]> {
  const { getResource } = await import('../../inventory/resources.ts');
  const ids: number[] = [];
  for (const ref of refs) ids.push((await getResource(db, ref)).resourceId);
  return ids;
}
