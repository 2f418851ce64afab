import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SearchHit, SearchText } from '../platform/search.ts';

/** Plans by slug, or by the name of their newest version. */
export async function searchPlans(
  db: Queryable,
  { text, prefix, part }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('pricing.searchPlans')`
    SELECT p.slug AS id, v.name AS title, concat_ws(', ', p.slug, v.currency) AS detail,
           CASE WHEN p.slug = ${text} OR lower(v.name) = ${text} THEN 'exact'
                WHEN p.slug LIKE ${prefix} OR lower(v.name) LIKE ${prefix} THEN 'prefix' ELSE 'within' END AS match
    FROM plans p JOIN LATERAL (
      SELECT name, currency FROM plan_versions WHERE plan_id = p.plan_id ORDER BY from_day DESC LIMIT 1) v ON true
    WHERE p.slug LIKE ${part ?? prefix} OR lower(v.name) LIKE ${part ?? prefix}
    ORDER BY match, p.slug LIMIT ${limit}`.execute(db);
  return rows;
}
