import { type RawBuilder, sql } from 'kysely';
import type { PricedGroup } from '../inventory/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { nameAlike, neverMissed, unattributedSet } from './attribution/store.ts';

// What lives and is unassigned, beside the suggested rule that would own it.

/** A suggested rule; of several that match a resource the first is meant. */
export interface SuggestedRule {
  readonly kind: 'project' | 'tag' | 'name';
  /** The project's provider id, the tag, or the pattern of names. */
  readonly subject: string;
  readonly deployment: string;
}

export interface UnassignedQuery {
  readonly at: Temporal.Instant;
  /** In the order in which they are preferred. */
  readonly rules: readonly SuggestedRule[];
  /** Only what would be this deployment's, or `none`: what no rule matches. */
  readonly suggestion?: string | undefined;
}

/** Unassigned resources `u` with the place of their suggestion, counted from 0; null: none. */
function unassigned({ at, rules, suggestion }: UnassignedQuery): RawBuilder<unknown> {
  const chosen =
    suggestion === undefined
      ? sql`true`
      : suggestion === 'none'
        ? sql`u.place IS NULL`
        : sql`u.deployment = ${suggestion}`;
  return sql`
    WITH suggested AS MATERIALIZED (
      SELECT ordinality - 1 AS place, kind, subject AS pattern, deployment
      FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) AS (kind text, subject text, deployment text))
        WITH ORDINALITY AS r (kind, subject, deployment, ordinality)
    ), u AS (
      SELECT s.resource_id, c.slug AS account, s.kind, r.external_id, s.name, s.tags, s.parents, s.attributes,
             a.valid_from AS since, g.place, g.deployment
      FROM attributions a
      JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_from <= ${at} AND s.valid_to > ${at}
      JOIN inventory_resources r ON r.resource_id = s.resource_id
      JOIN inventory_accounts c ON c.account_id = r.account_id
      LEFT JOIN LATERAL (
        SELECT place, deployment FROM suggested WHERE CASE suggested.kind
          WHEN 'tag' THEN lower(pattern) = ANY (without_case(s.tags))
          WHEN 'name' THEN s.name LIKE ${nameAlike(sql`pattern`)}
          ELSE EXISTS (SELECT FROM inventory_memberships m JOIN inventory_resources p ON p.resource_id = m.project_id
                       WHERE m.resource_id = s.resource_id AND m.valid_from <= ${at} AND m.valid_to > ${at}
                         AND p.external_id = pattern) END
        ORDER BY place LIMIT 1) g ON true
      WHERE a.superseded_at = 'infinity' AND a.owner_set_id = ${unattributedSet}
        AND a.valid_from <= ${at} AND a.valid_to > ${at} AND s.kind <> ALL (${neverMissed})
    ), chosen AS (SELECT * FROM u WHERE ${chosen})`;
}

export interface UnassignedRow {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
  readonly tags: string[];
  readonly parents: string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Since when it is unassigned. */
  readonly since: Temporal.Instant;
  /** Of its suggestion among the rules; null: none. */
  readonly place: number | null;
}

/** By kind and name, beyond a row. */
export async function selectUnassigned(
  db: Queryable,
  query: UnassignedQuery,
  {
    after,
    limit,
  }: { readonly after: Pick<UnassignedRow, 'kind' | 'name' | 'resourceId'> | null; readonly limit: number },
): Promise<UnassignedRow[]> {
  const behind =
    after === null ? sql`true` : sql`(kind, name, resource_id) > (${after.kind}, ${after.name}, ${after.resourceId})`;
  const { rows } = await statement<UnassignedRow>('deployments.selectUnassigned')`
    ${unassigned(query)}
    SELECT resource_id AS "resourceId", account, kind, external_id AS "externalId", name, tags, parents, attributes, since,
           place::int AS place
    FROM chosen WHERE ${behind} ORDER BY kind, name, resource_id LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countUnassigned(db: Queryable, query: UnassignedQuery): Promise<number> {
  const { rows } = await statement<{ count: number }>('deployments.countUnassigned')`
    ${unassigned(query)} SELECT count(*) AS count FROM chosen`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Unassigned resources of one suggestion that are charged alike, and since when the one that is longest so. */
export interface UnassignedGroup extends PricedGroup {
  readonly place: number | null;
  readonly oldest: Temporal.Instant;
}

export async function groupUnassigned(db: Queryable, query: UnassignedQuery): Promise<UnassignedGroup[]> {
  const { rows } = await statement<UnassignedGroup>('deployments.groupUnassigned')`
    ${unassigned(query)}
    SELECT place::int AS place, account, kind, split_part(parents[1], ':', 1) AS source, attributes ->> 'size_slug' AS "sizeSlug",
           attributes ->> 'type' AS type, (attributes ->> 'assigned')::boolean AS assigned,
           (attributes ->> 'ip_version')::int AS "ipVersion", count(*) AS resources,
           sum((attributes ->> 'size_gb')::numeric)::text AS "sizeGb", sum((attributes ->> 'nodes')::numeric)::text AS nodes,
           min(since) AS oldest
    FROM chosen
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, attributes ->> 'size_gb' IS NULL, attributes ->> 'nodes' IS NULL
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8`.execute(db);
  return rows;
}
