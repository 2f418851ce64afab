import { type RawBuilder, sql } from 'kysely';
import type { PricedGroup, ResourceAt } from '../inventory/index.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import type { SortKey } from '../platform/database/keyset.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { neverMissed, unattributedSet } from './attribution/store.ts';

// What the provider lists, beside whose it is: read from what inventory and deployments believe.

export interface FleetFilters {
  /** The instant that is asked about; null: now, at this instant. */
  readonly at: Temporal.Instant | null;
  readonly now: Temporal.Instant;
  /** A part of the name, a provider's id, a URN, or our id. */
  readonly q?: string | undefined;
  readonly kind?: readonly string[] | undefined;
  /** Accounts' slugs. */
  readonly account?: readonly string[] | undefined;
  readonly status?: readonly string[] | undefined;
  readonly region?: readonly string[] | undefined;
  readonly tag?: string | undefined;
  /** A deployment's slug, `none`, or `several`. */
  readonly owner?: string | undefined;
  /** A customer's external id. */
  readonly customer?: string | undefined;
  readonly rule?: number | undefined;
  /** A project's id at the provider. */
  readonly project?: string | undefined;
  readonly source?: 'listing' | 'action' | 'operator' | 'assumed' | undefined;
  readonly sinceFrom?: Temporal.Instant | undefined;
  readonly sinceTo?: Temporal.Instant | undefined;
  readonly createdFrom?: Temporal.Instant | undefined;
  readonly createdTo?: Temporal.Instant | undefined;
  /** Those that have ended by then, as they were last, in place of those that live. */
  readonly ended?: boolean | undefined;
}

export interface FleetOrder {
  readonly sort: 'resourceId' | 'name' | 'kind' | 'since' | 'createdAt';
  readonly order: 'asc' | 'desc';
}

/** What a page is sorted by, as it is stored, so that an index serves. */
const sortKeys: Readonly<Record<FleetOrder['sort'], SortKey>> = {
  resourceId: { of: sql`s.resource_id`, type: 'bigint' },
  name: { of: sql`lower(s.name) COLLATE "C"`, type: 'text' },
  kind: { of: sql`s.kind`, type: 'text' },
  since: { of: sql`s.valid_from`, type: 'timestamptz' },
  createdAt: { of: sql`coalesce(r.provider_created_at, r.first_seen_at)`, type: 'timestamptz' },
};

/** Filters by values that a facet counts: left out where the facet itself is counted. `isKept`: of what was counted last. */
function facetFilters({ kind, account, status, region, owner }: FleetFilters, isKept = false) {
  const owned = isKept ? sql`s.owner` : sql`coalesce(${ownerClass}, ${noneOf(sql`s.kind`)})`;
  const among = (column: RawBuilder<unknown>, values: readonly string[] | undefined) =>
    values === undefined ? sql`true` : sql`${column} = ANY (${[...values]}::text[])`;
  return {
    kind: among(sql`s.kind`, kind),
    account: among(sql`c.slug`, account),
    status: among(sql`s.status`, status),
    region: among(sql`coalesce(s.region, '')`, region),
    owner: owner === undefined ? sql`true` : sql`coalesce(${owned} = ${owner}, false)`,
  };
}

/** `none` where nobody owns what somebody should; null of a kind that nobody misses. */
const noneOf = (kind: RawBuilder<unknown>) => sql`CASE WHEN ${kind} <> ALL (${neverMissed}) THEN 'none' END`;

/** The slug of its owner, `several`, or null; of the attribution `o`. */
const ownerClass = sql`(
  SELECT CASE WHEN count(*) > 1 THEN 'several' ELSE min(d.slug) END
  FROM deployments_owners w JOIN deployments_list d USING (deployment_id)
  WHERE w.owner_set_id = o.owner_set_id AND w.owner_set_id <> ${unattributedSet})`;

function hasName(q: string, name: RawBuilder<unknown>): RawBuilder<unknown> {
  const part = q.replaceAll(/[\\%_]/g, '\\$&');
  return sql`lower(${name}) LIKE lower(${`%${part}%`}::text)`;
}

const isCalled = (q: string) => sql`r.external_id = ${q} OR r.urn = ${q} OR r.resource_id::text = ${q}`;

const named = (q: string) => sql`(${hasName(q, sql`s.name`)} OR ${isCalled(q)})`;

/** The same of what lives, by the indexes of names and ids. */
const namedNow = (q: string) => sql`s.resource_id IN (
  SELECT n.resource_id FROM inventory_states n WHERE n.valid_to = 'infinity' AND ${hasName(q, sql`n.name`)}
  UNION ALL
  SELECT r.resource_id FROM inventory_resources r WHERE r.external_id = ${q} OR r.urn = ${q} OR r.resource_id = ${idOf(q)}::bigint)`;

/** null: it is none of ours. */
function idOf(q: string): string | null {
  return /^[1-9]\d{0,17}$/.test(q) ? q : null;
}

/**
 * Owned by one deployment, by the index of owners: what the class of owners says, and more than that. First all that it ever
 * owned: for a page by name, all of the fleet would else be gone through by name.
 */
const isOwnedBy = (slug: string) => {
  const sets = sql`(SELECT w.owner_set_id FROM deployments_owners w JOIN deployments_list d USING (deployment_id) WHERE d.slug = ${slug})`;
  return sql`o.owner_set_id IN ${sets} AND s.resource_id = ANY (ARRAY(
    SELECT a.resource_id FROM deployments_attributions a WHERE a.owner_set_id IN ${sets}))`;
};

/** The states `s` of resources `r` of accounts `c` with their attributions `o`, by all filters but those of facets. */
function fleet(filters: FleetFilters): RawBuilder<unknown> {
  const { at, now, q, tag, customer, rule, project, source, ended = false } = filters;
  const instant = at ?? now;
  const alive =
    at === null
      ? sql`s.valid_to = 'infinity' AND s.valid_from <= ${instant}`
      : sql`s.valid_from <= ${instant} AND s.valid_to > ${instant}`;
  const last = sql`s.valid_to <= ${instant} AND NOT EXISTS (
    SELECT FROM inventory_states later WHERE later.resource_id = s.resource_id AND later.valid_to > s.valid_to)`;
  const owned = ended
    ? sql`o.valid_from < s.valid_to AND o.valid_to >= s.valid_to`
    : sql`o.valid_from <= ${instant} AND o.valid_to > ${instant}`;
  const conditions: RawBuilder<unknown>[] = [ended ? last : alive];
  if (q !== undefined) conditions.push(at === null && !ended ? namedNow(q) : named(q));
  if (tag !== undefined) conditions.push(sql`lower(${tag}) = ANY (without_case(s.tags))`);
  if (source !== undefined) conditions.push(sql`s.source = ${source}`);
  if (rule !== undefined) conditions.push(sql`o.rule_id = ${rule}`);
  if (project !== undefined)
    conditions.push(sql`EXISTS (
      SELECT FROM inventory_memberships m JOIN inventory_resources p ON p.resource_id = m.project_id
      WHERE m.resource_id = s.resource_id AND p.external_id = ${project} AND m.valid_from <= s.valid_from AND m.valid_to > s.valid_from)`);
  if (customer !== undefined)
    conditions.push(sql`EXISTS (
      SELECT FROM deployments_owners w JOIN deployments_list d USING (deployment_id)
      WHERE w.owner_set_id = o.owner_set_id AND d.customer_external_id = ${customer})`);
  const { sinceFrom, sinceTo, createdFrom, createdTo } = filters;
  if (sinceFrom !== undefined) conditions.push(sql`s.valid_from >= ${sinceFrom}`);
  if (sinceTo !== undefined) conditions.push(sql`s.valid_from < ${sinceTo}`);
  if (createdFrom !== undefined) conditions.push(sql`r.provider_created_at >= ${createdFrom}`);
  if (createdTo !== undefined) conditions.push(sql`r.provider_created_at < ${createdTo}`);
  return sql`
    FROM inventory_states s
    JOIN inventory_resources r USING (resource_id)
    JOIN inventory_accounts c ON c.account_id = s.account_id
    LEFT JOIN deployments_attributions o ON o.resource_id = s.resource_id AND ${owned}
    WHERE ${sql.join(conditions, sql` AND `)}`;
}

export interface FleetRow extends Omit<ResourceAt, 'validFrom'> {
  /** Since when all of this is so. */
  readonly since: Temporal.Instant;
  readonly until: Temporal.Instant | null;
  readonly source: 'listing' | 'action' | 'operator' | 'assumed';
  readonly createdAt: Temporal.Instant | null;
  readonly firstSeenAt: Temporal.Instant;
  /** Empty: it is unassigned; null: it is, and of a kind that nobody misses. */
  readonly owners:
    | readonly {
        readonly deployment: string;
        readonly name: string;
        readonly weight: number;
        readonly weightTotal: number;
      }[]
    | null;
  /** The rule that found the owner; null: none did. */
  readonly rule: number | null;
  /** What it is sorted by, as text. */
  readonly key: string;
}

export async function selectFleet(
  db: Queryable,
  filters: FleetFilters,
  { sort, order }: FleetOrder,
  page: { readonly after: { readonly key: string; readonly resourceId: number } | null; readonly limit: number },
): Promise<FleetRow[]> {
  const { of, type } = sortKeys[sort];
  const { after, limit } = page;
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const beyond = order === 'asc' ? sql`>` : sql`<`;
  const facets = facetFilters(filters);
  const { owner } = filters;
  const isOwned = owner === undefined || owner === 'none' || owner === 'several' ? sql`true` : isOwnedBy(owner);
  const { rows } = await statement<FleetRow>('deployments.selectFleet')`
    WITH page AS (
      SELECT s.resource_id, c.slug AS account, s.kind, r.external_id, r.urn, s.name, s.status, s.region, s.tags, s.parents,
             s.attributes, s.valid_from, s.valid_to, s.source, r.provider_created_at, r.first_seen_at, o.owner_set_id, o.rule_id,
             ${of} AS key
      ${fleet(filters)} AND ${sql.join(Object.values(facets), sql` AND `)} AND ${isOwned}
        AND ${after === null ? sql`true` : sql`(${of}, s.resource_id) ${beyond} (${after.key}::text::${sql.raw(type)}, ${after.resourceId})`}
      ORDER BY ${of} ${direction}, s.resource_id ${direction} LIMIT ${limit}
    )
    SELECT p.resource_id AS "resourceId", p.account, p.kind, p.external_id AS "externalId", p.urn, p.name, p.status, p.region,
           p.tags, p.parents, p.attributes, m.project, p.valid_from AS since, nullif(p.valid_to, 'infinity') AS until, p.source,
           p.provider_created_at AS "createdAt", p.first_seen_at AS "firstSeenAt", coalesce(w.owners, CASE WHEN p.kind <> ALL (${neverMissed}) THEN '[]'::jsonb END) AS owners,
           p.rule_id AS rule, p.key::text AS key
    FROM page p
    LEFT JOIN LATERAL (
      SELECT q.external_id AS project FROM inventory_memberships i JOIN inventory_resources q ON q.resource_id = i.project_id
      WHERE i.resource_id = p.resource_id AND i.valid_from <= coalesce(${filters.at}::timestamptz, ${filters.now})
        AND i.valid_to > least(coalesce(${filters.at}::timestamptz, ${filters.now}), p.valid_to - interval '1 microsecond')
      ORDER BY i.valid_from DESC LIMIT 1) m ON true
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('deployment', d.slug, 'name', d.name, 'weight', v.weight, 'weightTotal', v.weight_total)
                       ORDER BY v.weight_before) AS owners
      FROM deployments_owners v JOIN deployments_list d USING (deployment_id)
      WHERE v.owner_set_id = p.owner_set_id AND v.owner_set_id <> ${unattributedSet}) w ON true
    ORDER BY p.key ${direction}, p.resource_id ${direction}`.execute(db);
  return rows;
}

export interface FacetRow {
  /** owners: how many deployments own any. */
  readonly facet: 'kind' | 'account' | 'status' | 'region' | 'owner' | 'owners' | 'all';
  readonly value: string;
  readonly resources: number;
}

/**
 * What was counted last, in place of what lives: it has what facets filter by. Without owners there are few rows; with them
 * as many as deployments have kinds.
 */
function counted({ owner }: FleetFilters): RawBuilder<unknown> {
  return sql`FROM ${owner === undefined ? sql`fleet_totals` : sql`fleet_counts`} s JOIN inventory_accounts c USING (account_id) WHERE true`;
}

/** The class of each set of owners. */
const ownerSets = sql`(
  SELECT w.owner_set_id, CASE WHEN count(*) > 1 THEN 'several' ELSE min(d.slug) END AS owner
  FROM deployments_owners w JOIN deployments_list d USING (deployment_id)
  WHERE w.owner_set_id <> ${unattributedSet} GROUP BY w.owner_set_id)`;

interface FacetCounts {
  /** Without owners, the most first. */
  readonly facets: readonly FacetRow[];
  /** `none` and `several`, where there are any, then deployments, no more than asked for; the most first. */
  readonly owners: readonly FacetRow[];
  /** All deployments that own any. */
  readonly ownersTotal: number;
}

/**
 * Counts by each facet, without the facet's own filter; a region that is none is ''.
 * @param isKept of what was counted last, for which other filters than those of facets are nothing
 */
export async function countFleet(
  db: Queryable,
  filters: FleetFilters,
  { isKept, ownersMax }: { readonly isKept: boolean; readonly ownersMax: number },
): Promise<FacetCounts> {
  const { kind, account, status, region, owner } = facetFilters(filters, isKept);
  const marks = sql`${kind} AS of_kind, ${account} AS of_account, ${status} AS of_status, ${region} AS of_region, ${owner} AS of_owner`;
  const all = [kind, account, status, region];
  const found = isKept
    ? sql`
    cells AS MATERIALIZED (
      SELECT s.kind, c.slug AS account, s.status, s.region, ${marks}, sum(s.resources) AS n ${counted(filters)} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ), owners AS MATERIALIZED (
      SELECT s.owner AS value, sum(s.resources)::bigint AS resources FROM fleet_counts s JOIN inventory_accounts c USING (account_id)
      WHERE s.owner IS NOT NULL AND ${sql.join(all, sql` AND `)} GROUP BY 1
    )`
    : sql`
    found AS MATERIALIZED (
      SELECT s.kind, c.slug AS account, s.status, coalesce(s.region, '') AS region, o.owner_set_id, ${marks} ${fleet(filters)}
    ), cells AS MATERIALIZED (
      SELECT kind, account, status, region, of_kind, of_account, of_status, of_region, of_owner, count(*) AS n FROM found GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ), owned AS (
      SELECT owner_set_id, ${noneOf(sql`kind`)} AS none, count(*) AS n FROM found WHERE of_kind AND of_account AND of_status AND of_region GROUP BY 1, 2
    ), owners AS MATERIALIZED (
      SELECT coalesce(t.owner, f.none) AS value, sum(f.n)::bigint AS resources FROM owned f LEFT JOIN ${ownerSets} t USING (owner_set_id)
      WHERE coalesce(t.owner, f.none) IS NOT NULL GROUP BY 1
    )`;
  const isClass = sql`value IN ('none', 'several')`;
  const { rows } = await statement<FacetRow>('deployments.countFleet')`
    WITH ${found}
    SELECT * FROM (
      SELECT 'all' AS facet, '' AS value, coalesce(sum(n), 0)::bigint AS resources FROM cells
        WHERE of_kind AND of_account AND of_status AND of_region AND of_owner
      UNION ALL
      SELECT 'kind', kind, sum(n)::bigint FROM cells WHERE of_account AND of_status AND of_region AND of_owner GROUP BY kind
      UNION ALL
      SELECT 'account', account, sum(n)::bigint FROM cells WHERE of_kind AND of_status AND of_region AND of_owner GROUP BY account
      UNION ALL
      SELECT 'status', status, sum(n)::bigint FROM cells WHERE of_kind AND of_account AND of_region AND of_owner GROUP BY status
      UNION ALL
      SELECT 'region', region, sum(n)::bigint FROM cells WHERE of_kind AND of_account AND of_status AND of_owner GROUP BY region
      UNION ALL
      (SELECT 'owner', value, resources FROM owners WHERE NOT ${isClass} ORDER BY resources DESC, value LIMIT ${ownersMax})
      UNION ALL
      SELECT 'owner', value, resources FROM owners WHERE ${isClass}
      UNION ALL
      SELECT 'owners', '', count(*) FROM owners WHERE NOT ${isClass}
    ) AS counts ORDER BY facet, (facet = 'owner' AND ${isClass}) DESC, resources DESC, value`.execute(db);
  const counts = Map.groupBy(rows, ({ facet }) => facet);
  return {
    facets: rows.filter(({ facet }) => facet !== 'owner' && facet !== 'owners'),
    owners: counts.get('owner') ?? [],
    ownersTotal: counts.get('owners')?.[0]?.resources ?? 0,
  };
}

/** What the price book charges a state by, as columns that `fleet_counts` and `fleet_totals` have by the same names. */
const priced = sql`
  split_part(s.parents[1], ':', 1) AS source, s.attributes ->> 'size_slug' AS size_slug, s.attributes ->> 'type' AS type,
  (s.attributes ->> 'assigned')::boolean AS assigned, (s.attributes ->> 'ip_version')::int AS ip_version,
  (s.attributes ->> 'size_gb')::numeric AS size_gb, (s.attributes ->> 'nodes')::numeric AS nodes`;

const pricedColumns = sql`source, size_slug, type, assigned, ip_version`;

/** What matches, in groups that the price book charges alike. `isKept`: as of `countFleet`. */
export async function groupFleet(db: Queryable, filters: FleetFilters, isKept: boolean): Promise<PricedGroup[]> {
  const facets = facetFilters(filters, isKept);
  const columns = isKept
    ? sql`s.source, s.size_slug, s.type, s.assigned, s.ip_version, s.size_gb, s.nodes, s.resources AS n`
    : sql`${priced}, 1 AS n`;
  const { rows } = await statement<PricedGroup>('deployments.groupFleet')`
    SELECT account, kind, source, size_slug AS "sizeSlug", type, assigned, ip_version AS "ipVersion", sum(n)::bigint AS resources,
           sum(size_gb)::text AS "sizeGb", sum(nodes)::text AS nodes
    FROM (SELECT c.slug AS account, s.kind, ${columns}
          ${isKept ? counted(filters) : fleet(filters)} AND ${sql.join(Object.values(facets), sql` AND `)}) AS found
    GROUP BY account, kind, source, size_slug, type, assigned, ip_version, size_gb IS NULL, found.nodes IS NULL
    ORDER BY 1, 2, 3, 4, 5, 6, 7`.execute(db);
  return rows;
}

/** When and of what the fleet was counted last. */
export interface Counted {
  readonly countedAt: Temporal.Instant;
  /** The last change that it knows of. */
  readonly changeId: number;
  /** All that there were. */
  readonly resources: number;
}

/** null: never. */
export async function selectCounted(db: Queryable): Promise<Counted | null> {
  const { rows } = await statement<Counted>('deployments.selectCounted')`
    SELECT counted_at AS "countedAt", change_id AS "changeId", resources FROM fleet_counted`.execute(db);
  return rows[0] ?? null;
}

/** Counts the fleet anew, as it lives at `countedAt`. */
export async function replaceCounts(
  trx: UnitOfWork,
  { countedAt, changeId }: Omit<Counted, 'resources'>,
): Promise<void> {
  await statement(
    'deployments.replaceCounts.lock',
  )`LOCK TABLE fleet_counts, fleet_totals IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
  await statement('deployments.replaceCounts.delete')`DELETE FROM fleet_counts`.execute(trx);
  await statement('deployments.replaceCounts.insert')`
    INSERT INTO fleet_counts (account_id, kind, status, region, owner, ${pricedColumns}, resources, size_gb, nodes)
    SELECT account_id, kind, status, region, coalesce(t.owner, ${noneOf(sql`kind`)}), ${pricedColumns}, n, gb, nodes
    FROM (SELECT account_id, kind, status, region, owner_set_id, ${pricedColumns}, count(*) AS n, sum(size_gb) AS gb, sum(nodes) AS nodes
          FROM (SELECT s.account_id, s.kind, s.status, coalesce(s.region, '') AS region, o.owner_set_id, ${priced}
                ${fleet({ at: null, now: countedAt })}) AS found
          GROUP BY account_id, kind, status, region, owner_set_id, ${pricedColumns}, size_gb IS NULL, found.nodes IS NULL) AS counts
    LEFT JOIN ${ownerSets} t USING (owner_set_id)`.execute(trx);
  await statement('deployments.replaceCounts.delete_totals')`DELETE FROM fleet_totals`.execute(trx);
  await statement('deployments.replaceCounts.insert_totals')`
    INSERT INTO fleet_totals (account_id, kind, status, region, ${pricedColumns}, resources, size_gb, nodes)
    SELECT account_id, kind, status, region, ${pricedColumns}, sum(resources), sum(size_gb), sum(nodes)
    FROM fleet_counts c GROUP BY account_id, kind, status, region, ${pricedColumns}, size_gb IS NULL, c.nodes IS NULL`.execute(
    trx,
  );
  await statement('deployments.replaceCounts.upsert')`
    INSERT INTO fleet_counted (counted_at, change_id, resources)
    SELECT ${countedAt}, ${changeId}, coalesce(sum(resources), 0) FROM fleet_counts
    ON CONFLICT (singleton) DO UPDATE SET counted_at = excluded.counted_at, change_id = excluded.change_id, resources = excluded.resources`.execute(
    trx,
  );
}

/** An interval in which the same deployments owned a resource, by the same rule. */
export interface OwnerInterval {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly rule: number | null;
  readonly ruleKind: string | null;
  /** Empty: nobody. */
  readonly owners: NonNullable<FleetRow['owners']>;
}

export async function selectOwners(db: Queryable, resourceId: number): Promise<OwnerInterval[]> {
  const { rows } = await preparedStatement<OwnerInterval>('deployments.selectOwners')`
    SELECT o.valid_from AS "from", nullif(o.valid_to, 'infinity') AS "to", o.recorded_at AS "recordedAt", o.rule_id AS rule,
           (SELECT l.kind FROM deployments_rules l WHERE l.rule_id = o.rule_id ORDER BY l.valid_from DESC LIMIT 1) AS "ruleKind",
           coalesce(w.owners, '[]') AS owners
    FROM deployments_attributions o
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('deployment', d.slug, 'name', d.name, 'weight', v.weight, 'weightTotal', v.weight_total)
                       ORDER BY v.weight_before) AS owners
      FROM deployments_owners v JOIN deployments_list d USING (deployment_id)
      WHERE v.owner_set_id = o.owner_set_id AND v.owner_set_id <> ${unattributedSet}) w ON true
    WHERE o.resource_id = ${resourceId} ORDER BY o.valid_from`.execute(db);
  return rows;
}
