import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SearchHit, SearchText } from '../platform/search.ts';

// Finding accounts, resources and sync runs by what a person knows of them.

/** Of those that match by name, no more are looked at: nobody reads a list of what a third of a million have in their names. */
const namesLookedAt = 200;

/**
 * Of the newest, so many names are read one by one before the index of parts is: a word that many names have is found
 * there in a few ms, where the index would first collect all that have it (a million: 200 ms).
 */
const newestLookedAt = 5_000;

/** By id or URN those that have ended too; by name those that are there. Who gives a whole name is not looked up a part of others. */
export async function searchResources(
  db: Queryable,
  { typed, text, prefix, part, rare, id }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('inventory.searchResources')`
    WITH beginning AS MATERIALIZED (
      SELECT resource_id, lower(name) AS name FROM resource_states
      WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND lower(name) COLLATE "C" LIKE ${prefix}
      ORDER BY lower(name) COLLATE "C" LIMIT ${namesLookedAt}
    ), newest AS MATERIALIZED (
      SELECT resource_id FROM (
        SELECT resource_id, name FROM resource_states WHERE superseded_at = 'infinity' AND valid_to = 'infinity'
        ORDER BY resource_state_id DESC LIMIT ${newestLookedAt}) AS latest
      WHERE (SELECT count(*) FROM beginning) < ${limit} AND lower(name) LIKE ${part}::text LIMIT ${namesLookedAt}
    ), found AS (
      (SELECT resource_id, 0 AS rank FROM resources
       WHERE NOT unseen AND (resource_id = ${id}::bigint OR urn = ${typed} OR external_id = ANY (${ownIdsIn(typed)}))
       LIMIT ${namesLookedAt})
      UNION ALL
      SELECT resource_id, 1 FROM beginning
      UNION ALL
      SELECT resource_id, 2 FROM newest
      UNION ALL
      (SELECT resource_id, 2 FROM resource_states
       -- By the index for what few names share, and by the names for the rest.
       WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND lower(name) LIKE ${rare}::text AND lower(name) || '' LIKE ${part}::text
         AND (SELECT count(*) FROM beginning) + (SELECT count(*) FROM newest) < ${limit}
         AND NOT EXISTS (SELECT FROM beginning WHERE name = ${text})
       LIMIT ${namesLookedAt})
    ), best AS (
      SELECT f.resource_id, CASE WHEN min(f.rank) = 1 AND lower(min(s.name)) = ${text} THEN 0 ELSE min(f.rank) END AS rank,
             min(s.name) AS name, min(s.status) AS status
      FROM found f
      LEFT JOIN resource_states s ON s.resource_id = f.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
      GROUP BY f.resource_id ORDER BY 2, lower(min(s.name)) COLLATE "C", 1 LIMIT ${limit}
    )
    SELECT b.resource_id::text AS id, coalesce(nullif(coalesce(b.name, l.name), ''), r.external_id) AS title,
           concat_ws(', ', replace(r.kind, '_', ' ') || ' of ' || a.slug, CASE WHEN b.status IS NULL THEN 'ended' ELSE nullif(b.status, '') END) AS detail,
           (ARRAY['exact', 'prefix', 'within'])[b.rank + 1] AS match
    FROM best b JOIN resources r USING (resource_id) JOIN accounts a USING (account_id)
    LEFT JOIN LATERAL (
      SELECT s.name FROM resource_states s WHERE s.resource_id = b.resource_id AND s.superseded_at = 'infinity'
      ORDER BY s.valid_from DESC LIMIT 1) l ON b.name IS NULL
    ORDER BY b.rank, lower(b.name) COLLATE "C", b.resource_id`.execute(db);
  return rows;
}

/** The provider's id, alone or as the end of `droplet:17` and `do:droplet:17`. */
function ownIdsIn(text: string): readonly string[] {
  return [...new Set([text, text.slice(text.lastIndexOf(':') + 1)])].filter((each) => each !== '');
}

/** By slug, name, or the provider's id of it. */
export async function searchAccounts(
  db: Queryable,
  { typed, text, prefix, part }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('inventory.searchAccounts')`
    SELECT slug AS id, name AS title, concat_ws(', ', slug, provider) AS detail,
           CASE WHEN slug = ${text} OR lower(name) = ${text} OR provider_account_id = ${typed} THEN 'exact'
                WHEN slug LIKE ${prefix} OR lower(name) LIKE ${prefix} THEN 'prefix' ELSE 'within' END AS match
    FROM accounts
    WHERE slug LIKE ${part ?? prefix} OR lower(name) LIKE ${part ?? prefix} OR provider_account_id = ${typed}
    ORDER BY match, slug LIMIT ${limit}`.execute(db);
  return rows;
}

/** By its id alone. */
export async function searchSyncRuns(db: Queryable, { id }: SearchText): Promise<SearchHit[]> {
  if (id === null) return [];
  const { rows } = await statement<SearchHit>('inventory.searchSyncRuns')`
    SELECT s.sync_run_id::text AS id, 'Sync run ' || s.sync_run_id AS title,
           concat_ws(', ', replace(s.kind, '_', ' ') || ' of ' || a.slug, s.outcome) AS detail, 'exact' AS match
    FROM sync_runs s JOIN accounts a USING (account_id) WHERE s.sync_run_id = ${id}`.execute(db);
  return rows;
}
