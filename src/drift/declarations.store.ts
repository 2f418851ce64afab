import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import { isBound } from './sweep/scope.store.ts';

// Declarations with their history: what each says is versions of a head and of its resources.

const versions: HistoryTable = {
  table: 'declaration_versions',
  id: 'declaration_version_id',
  key: ['declaration_id'],
  values: ['deployment_id', 'account_id', 'covers', 'ignore', 'origin', 'digest', 'resources', 'recorded_by'],
};

const declaredResources: HistoryTable = {
  table: 'declared_resources',
  id: 'declared_resource_id',
  key: ['declaration_id', 'address'],
  values: ['kind', 'account_id', 'external_id', 'match', 'count', 'fields', 'exact', 'bounds', 'groups', 'recorded_by'],
};

/** The id of a declaration, which is made where there is none of this name. */
export async function ensureDeclaration(trx: UnitOfWork, slug: string, now: Temporal.Instant): Promise<number> {
  await statement('drift.ensureDeclaration.insert')`
    INSERT INTO declarations (slug, created_at) VALUES (${slug}, ${now}) ON CONFLICT (slug) DO NOTHING`.execute(trx);
  const { rows } = await statement<{ id: number }>('drift.ensureDeclaration.select')`
    SELECT declaration_id AS id FROM declarations WHERE slug = ${slug}`.execute(trx);
  return rows[0]!.id;
}

/**
 * Overtakes a sweep that waits for this transaction: it took its snapshot before, would call done what changed meanwhile
 * without a look at what is declared now, and is so made to begin anew.
 */
export async function overtakeSweep(trx: UnitOfWork): Promise<void> {
  await statement('drift.overtakeSweep')`UPDATE drift_progress SET change_id = change_id`.execute(trx);
}

interface VersionColumns {
  readonly deployment_id: number | null;
  readonly account_id: number | null;
  readonly covers: string;
  readonly ignore: unknown;
  readonly origin: unknown;
  readonly digest: string;
  readonly resources: number;
}

/** What a declaration says from now on; null: nothing. Writes nothing where it says the same: then false. */
export async function rewriteVersion(
  trx: UnitOfWork,
  declarationId: number,
  version: VersionColumns | null,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'drift.rewriteVersion', table: 'declaration_versions_staged' },
    sql`
      SELECT * FROM (
        SELECT ${declarationId}::int AS declaration_id, v.deployment_id, v.account_id, v.covers, v.ignore, v.origin, v.digest, v.resources,
               ${by}::text AS recorded_by, greatest(${now}::timestamptz, h.valid_from) AS valid_from, 'infinity'::timestamptz AS valid_to,
               v.digest IS NOT NULL AS asserted, h.digest AS believed
        FROM jsonb_to_record(${JSON.stringify(version ?? {})}::jsonb)
          AS v(deployment_id bigint, account_id int, covers text, ignore jsonb, origin jsonb, digest text, resources int)
        LEFT JOIN declaration_versions h ON h.declaration_id = ${declarationId} AND h.superseded_at = 'infinity' AND h.valid_to = 'infinity') s
      WHERE digest IS DISTINCT FROM believed`,
  );
  const written = await rewriteHistory(trx, versions, staged, now);
  return written.inserted + written.superseded > 0;
}

export interface ResourceColumns {
  readonly address: string;
  readonly kind: string;
  readonly account_id: number | null;
  readonly external_id: string | null;
  readonly match: unknown;
  readonly count: unknown;
  readonly fields: unknown;
  readonly exact: unknown;
  readonly bounds: unknown;
  readonly groups: readonly string[];
}

export interface ResourceCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
}

/** Which resources a declaration has from now on; those that say the same stay as they are. */
export async function rewriteResources(
  trx: UnitOfWork,
  declarationId: number,
  resources: readonly ResourceColumns[],
  by: string,
  now: Temporal.Instant,
): Promise<ResourceCounts> {
  const said = (table: string) =>
    sql.raw(
      `${table}.kind, ${table}.account_id, ${table}.external_id, ${table}.match, ${table}.count, ${table}.fields`,
    );
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'drift.rewriteResources', table: 'declared_resources_staged' },
    sql`
      SELECT ${declarationId}::int AS declaration_id, coalesce(d.address, h.address) AS address, d.kind, d.account_id, d.external_id,
             d.match, d.count, d.fields, d.exact, d.bounds, d.groups, ${by}::text AS recorded_by,
             greatest(${now}::timestamptz, h.valid_from) AS valid_from, 'infinity'::timestamptz AS valid_to,
             d.address IS NOT NULL AS asserted, h.address IS NULL AS is_new, d.kind IS NOT NULL AND (${said('d')}) IS NOT DISTINCT FROM (${said('h')}) AS is_same
      FROM jsonb_to_recordset(${JSON.stringify(resources)}::jsonb)
        AS d(address text, kind text, account_id int, external_id text, match jsonb, count jsonb, fields jsonb, exact jsonb, bounds jsonb, groups text[])
      FULL JOIN (SELECT * FROM declared_resources WHERE declaration_id = ${declarationId} AND superseded_at = 'infinity' AND valid_to = 'infinity') h
        ON h.address = d.address`,
  );
  const { rows } = await statement<ResourceCounts>('drift.rewriteResources.count')`
    SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE asserted AND NOT is_new AND NOT is_same) AS changed,
           count(*) FILTER (WHERE NOT asserted) AS removed, count(*) FILTER (WHERE is_same) AS unchanged FROM ${staged}`.execute(
    trx,
  );
  await statement('drift.rewriteResources.delete_same')`DELETE FROM ${staged} WHERE is_same`.execute(trx);
  await rewriteHistory(trx, declaredResources, staged, now);
  return rows[0]!;
}

export interface DeclarationRow {
  readonly declarationId: number;
  readonly declaration: string;
  readonly deployment: string | null;
  readonly account: string | null;
  readonly covers: string;
  readonly ignore: readonly { fields?: string[]; addresses?: string[]; reason: string; until?: string }[];
  readonly origin: { source: string; lineage: string | null; serial: number | null; digest: string | null };
  readonly resources: number;
  readonly from: Temporal.Instant;
  /** null: it holds. */
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
  /** null: it is still believed. */
  readonly supersededAt: Temporal.Instant | null;
}

const versionColumns = sql`
  v.declaration_id AS "declarationId", n.slug AS declaration, d.slug AS deployment, a.slug AS account, v.covers, v.ignore, v.origin,
  v.resources, v.valid_from AS "from", v.valid_to AS "to", v.recorded_at AS "recordedAt", v.recorded_by AS "recordedBy",
  v.superseded_at AS "supersededAt"`;

const versionTables = sql`
  declaration_versions v JOIN declarations n USING (declaration_id)
  LEFT JOIN deployments_list d ON d.deployment_id = v.deployment_id LEFT JOIN inventory_accounts a ON a.account_id = v.account_id`;

/** What is declared now, by name; of one name, where one is given. */
export async function selectDeclarations(db: Queryable, slug: string | null = null): Promise<DeclarationRow[]> {
  const { rows } = await preparedStatement<DeclarationRow>('drift.selectDeclarations')`
    SELECT ${versionColumns} FROM ${versionTables}
    WHERE v.superseded_at = 'infinity' AND v.valid_to = 'infinity' AND (${slug}::text IS NULL OR n.slug = ${slug}) ORDER BY n.slug`.execute(
    db,
  );
  return rows;
}

/** All that a declaration ever said, the newest first; 1,000 at most. */
export async function selectVersions(db: Queryable, slug: string): Promise<DeclarationRow[]> {
  const { rows } = await statement<DeclarationRow>('drift.selectVersions')`
    SELECT ${versionColumns} FROM ${versionTables} WHERE n.slug = ${slug}
    ORDER BY v.recorded_at DESC, v.valid_from DESC, v.declaration_version_id DESC LIMIT 1000`.execute(db);
  return rows;
}

export interface DeclaredRow {
  readonly address: string;
  readonly kind: string;
  readonly account: string | null;
  readonly id: string | null;
  readonly match: { name: string; region?: string } | null;
  readonly count: { min?: number; max?: number } | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of what it is bound to: the provider's id; null: of nothing, or of several. */
  readonly boundTo: string | null;
}

/** What a declaration has now, by address. */
export async function selectDeclared(db: Queryable, declarationId: number): Promise<DeclaredRow[]> {
  const { rows } = await statement<DeclaredRow>('drift.selectDeclared')`
    SELECT d.address, d.kind, a.slug AS account, d.external_id AS id, d.match, d.count, d.fields, b.id AS "boundTo"
    FROM declared_resources d LEFT JOIN inventory_accounts a USING (account_id)
    LEFT JOIN LATERAL (
      SELECT CASE WHEN count(*) = 1 THEN min(r.external_id) END AS id FROM drift_bindings b JOIN inventory_resources r USING (resource_id)
      WHERE b.declaration_id = d.declaration_id AND b.address = d.address AND ${isBound('b')}) b ON true
    WHERE d.declaration_id = ${declarationId} AND d.superseded_at = 'infinity' AND d.valid_to = 'infinity' ORDER BY d.address`.execute(
    db,
  );
  return rows;
}

export interface AdoptableRow {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hidden: readonly string[];
}

/** What a deployment owns now, alone or with others, as far as it is to be declared: not what belongs to something else that is. */
export async function selectAdoptable(
  db: Queryable,
  deploymentId: number,
  now: Temporal.Instant,
): Promise<AdoptableRow[]> {
  const { rows } = await statement<AdoptableRow>('drift.selectAdoptable')`
    SELECT s.kind, r.external_id AS id, s.name, c.slug AS account, coalesce(k.hidden, '{}') AS hidden,
           coalesce(k.settings, '{}')
             || CASE WHEN s.kind = 'volume' THEN jsonb_build_object('droplet', (
                  SELECT substr(parent, 9) FROM unnest(s.parents) AS parent WHERE parent LIKE 'droplet:%' LIMIT 1)) ELSE '{}' END
             || CASE WHEN p.external_id IS NULL THEN '{}' ELSE jsonb_build_object('project', p.external_id) END AS settings
    FROM inventory_states s JOIN inventory_resources r USING (resource_id) JOIN inventory_accounts c ON c.account_id = s.account_id
    JOIN deployments_attributions o ON o.resource_id = s.resource_id AND o.valid_from <= ${now} AND o.valid_to > ${now}
    JOIN deployments_owners w ON w.owner_set_id = o.owner_set_id AND w.deployment_id = ${deploymentId}
    LEFT JOIN inventory_settings k ON k.resource_id = s.resource_id AND k.valid_from <= ${now} AND k.valid_to > ${now}
    LEFT JOIN inventory_memberships m ON m.resource_id = s.resource_id AND m.valid_from <= ${now} AND m.valid_to > ${now}
    LEFT JOIN inventory_resources p ON p.resource_id = m.project_id
    WHERE s.valid_from <= ${now} AND s.valid_to > ${now} AND NOT r.unseen
      AND s.kind <> ALL (ARRAY['snapshot', 'droplet_backup', 'project', 'vpc', 'certificate', 'gateway'])
      AND NOT EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'kubernetes_cluster:%')
    ORDER BY s.kind, s.name, r.external_id`.execute(db);
  return rows;
}
