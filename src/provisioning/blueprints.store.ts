import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import type { Blueprint } from './blueprint.ts';

export interface BlueprintRow {
  readonly blueprintVersionId: number;
  readonly blueprint: string;
  readonly version: number;
  readonly digest: string;
  readonly document: Blueprint;
  /** Sealed; null: it has none. */
  readonly userData: Buffer | null;
  readonly appliedAt: Temporal.Instant;
  readonly appliedBy: string;
}

/** The newest version of each, or of one; or one version by its number or its id. */
export async function selectBlueprints(
  db: Queryable,
  only: { readonly blueprint?: string; readonly version?: number | undefined; readonly versionId?: number } = {},
): Promise<BlueprintRow[]> {
  const { blueprint = null, version = null, versionId = null } = only;
  const { rows } = await statement<BlueprintRow>('provisioning.selectBlueprints')`
    SELECT DISTINCT ON (b.slug) v.blueprint_version_id AS "blueprintVersionId", b.slug AS blueprint, v.version, v.digest, v.document,
           v.user_data AS "userData", v.applied_at AS "appliedAt", v.applied_by AS "appliedBy"
    FROM blueprint_versions v JOIN blueprints b USING (blueprint_id)
    WHERE (${blueprint}::text IS NULL OR b.slug = ${blueprint})
      AND (${version}::int IS NULL OR v.version = ${version})
      AND (${versionId}::bigint IS NULL OR v.blueprint_version_id = ${versionId})
    ORDER BY b.slug, v.version DESC`.execute(db);
  return rows;
}

/** So many of a blueprint's versions are listed. */
export const versionsMax = 100;

interface VersionRow {
  readonly version: number;
  readonly appliedAt: Temporal.Instant;
  readonly appliedBy: string;
}

/** The newest first. */
export async function selectVersions(db: Queryable, blueprint: string): Promise<VersionRow[]> {
  const { rows } = await statement<VersionRow>('provisioning.selectVersions')`
    SELECT v.version, v.applied_at AS "appliedAt", v.applied_by AS "appliedBy"
    FROM blueprint_versions v JOIN blueprints b USING (blueprint_id) WHERE b.slug = ${blueprint}
    ORDER BY v.version DESC LIMIT ${versionsMax}`.execute(db);
  return rows;
}

interface NewVersion {
  readonly blueprint: string;
  readonly digest: string;
  readonly document: Blueprint;
  readonly userData: Buffer | null;
}

/** Adds a version, where the newest one says something else. */
export async function insertVersion(
  trx: UnitOfWork,
  { blueprint, digest, document, userData }: NewVersion,
  by: string,
  now: Temporal.Instant,
): Promise<{ readonly row: BlueprintRow; readonly changed: boolean }> {
  await statement('provisioning.insertVersion.blueprint')`
    INSERT INTO blueprints (slug, created_at) VALUES (${blueprint}, ${now}) ON CONFLICT (slug) DO NOTHING`.execute(trx);
  await statement('provisioning.insertVersion.lock')`
    SELECT FROM blueprints WHERE slug = ${blueprint} FOR UPDATE`.execute(trx);
  const [newest] = await selectBlueprints(trx, { blueprint });
  if (newest?.digest === digest) return { row: newest, changed: false };
  await statement('provisioning.insertVersion')`
    INSERT INTO blueprint_versions (blueprint_id, version, digest, document, user_data, applied_at, applied_by)
    SELECT blueprint_id, ${(newest?.version ?? 0) + 1}::int, ${digest}, ${toStorableJson(document)}::jsonb, ${userData}::bytea, ${now}, ${by}
    FROM blueprints WHERE slug = ${blueprint}`.execute(trx);
  const [row] = await selectBlueprints(trx, { blueprint });
  return { row: row as BlueprintRow, changed: true };
}
