import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SearchHit, SearchText } from '../platform/search.ts';

// Finding deployments, customers and rules by what a person knows of them. There are some ten thousands at most: they
// are looked through.

/** By slug or name. */
export async function searchDeployments(
  db: Queryable,
  { text, prefix, part }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('deployments.searchDeployments')`
    SELECT slug AS id, name AS title, concat_ws(', ', slug, customer_name, CASE WHEN ends_at IS NOT NULL THEN 'ended' END) AS detail,
           CASE WHEN slug = ${text} OR lower(name) = ${text} THEN 'exact'
                WHEN slug LIKE ${prefix} OR lower(name) LIKE ${prefix} THEN 'prefix' ELSE 'within' END AS match
    FROM deployments_list
    WHERE customer_id IS NOT NULL AND (slug LIKE ${part ?? prefix} OR lower(name) LIKE ${part ?? prefix})
    ORDER BY match, slug LIMIT ${limit}`.execute(db);
  return rows;
}

/** By external id or name. */
export async function searchCustomers(
  db: Queryable,
  { text, prefix, part }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('deployments.searchCustomers')`
    SELECT external_id AS id, name AS title, external_id AS detail,
           CASE WHEN lower(external_id) = ${text} OR lower(name) = ${text} THEN 'exact'
                WHEN lower(external_id) LIKE ${prefix} OR lower(name) LIKE ${prefix} THEN 'prefix' ELSE 'within' END AS match
    FROM customers
    WHERE lower(external_id) LIKE ${part ?? prefix} OR lower(name) LIKE ${part ?? prefix}
    ORDER BY match, lower(name), external_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** By id, or by the tag or name that it matches. */
export async function searchRules(
  db: Queryable,
  { text, prefix, part, id }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('deployments.searchRules')`
    SELECT rule_id::text AS id, 'Rule ' || rule_id AS title, concat_ws(': ', replace(kind, '_', ' '), pattern) AS detail,
           CASE WHEN rule_id = ${id}::bigint OR lower(pattern) = ${text} THEN 'exact'
                WHEN lower(pattern) LIKE ${prefix} THEN 'prefix' ELSE 'within' END AS match
    FROM ownership_rules
    WHERE superseded_at = 'infinity' AND valid_to = 'infinity'
      AND (rule_id = ${id}::bigint OR lower(pattern) LIKE ${part ?? prefix})
    ORDER BY match, rule_id LIMIT ${limit}`.execute(db);
  return rows;
}
