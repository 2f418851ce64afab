import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { Scope } from './scope.store.ts';

// What a sweep compares: what lives, with its owners; what could be seen of which kind; and what is declared. Settings are
// read where they are asked for, and not copied: they are most of what there is.

export interface SweepTables {
  /** What lives, in the sweep's scope: a row for each resource, without its settings. */
  readonly actual: TemporaryTable;
  /** The same with `settings`, as they were `listed`, and `hidden` keys; to be read FROM. */
  readonly known: RawBuilder<unknown>;
  /** By account and kind: whether the newest listing was whole, and when the newest whole one began. */
  readonly sight: TemporaryTable;
  /** Declared resources in the sweep's scope, with what their declaration is about, without their fields. */
  readonly declared: TemporaryTable;
  /** The same with fields: `exact`, `bounds`, `groups`; to be read FROM. */
  readonly said: RawBuilder<unknown>;
  /** null: all. */
  readonly scope: Scope | null;
}

/** Only one sweep at a time; declarations are applied in turn with it. */
export async function lockDrift(trx: UnitOfWork): Promise<void> {
  await statement('drift.lockDrift')`SELECT pg_advisory_xact_lock(hashtextextended('drift', 0))`.execute(trx);
}

/** Stages what is compared, as of an instant. `sight` was staged before: a listing that ends in between must not vouch for it. */
export async function stageFacts(
  trx: UnitOfWork,
  sight: TemporaryTable,
  scope: Scope | null,
  now: Temporal.Instant,
): Promise<SweepTables> {
  const actual = await stageActual(trx, scope, now);
  const declared = await stageDeclared(trx, scope);
  const said = sql`(SELECT d.*, r.exact, r.bounds, r.groups FROM ${declared} d JOIN declared_resources r USING (declared_resource_id))`;
  return { sight, actual, known: knownOf(actual, now), declared, said, scope };
}

/** Who owns what, by owner set: customers' deployments alone. */
export function stageOwners(trx: UnitOfWork, scope: Scope | null, now: Temporal.Instant): Promise<TemporaryTable> {
  const among =
    scope === null
      ? sql`true`
      : sql`w.owner_set_id IN (SELECT a.owner_set_id FROM ${scope.resources} c JOIN deployments_attributions a USING (resource_id)
              WHERE a.valid_from <= ${now} AND a.valid_to > ${now})`;
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageOwners', table: 'drift_owners', analyze: true },
    sql`
      SELECT w.owner_set_id, array_agg(w.deployment_id ORDER BY w.deployment_id) AS deployments
      FROM deployments_owners w JOIN deployments_list d USING (deployment_id) WHERE d.customer_id IS NOT NULL AND ${among}
      GROUP BY w.owner_set_id`,
  );
}

async function stageActual(trx: UnitOfWork, scope: Scope | null, now: Temporal.Instant): Promise<TemporaryTable> {
  const owners = await stageOwners(trx, scope, now);
  const living =
    scope === null
      ? sql`inventory_states s`
      : sql`${scope.resources} c JOIN inventory_states s ON s.resource_id = c.resource_id`;
  return createTemporaryTableAs(
    trx,
    {
      statement: 'drift.stageActual',
      table: 'drift_actual',
      index: { on: 'resource_id' },
      analyze: ['resource_id', 'account_id', 'kind', 'status', 'of_cluster'],
    },
    sql`
      SELECT s.resource_id, s.account_id, s.kind, r.external_id, s.name, s.status, s.region, s.parents, s.attributes,
             s.valid_from AS state_from, coalesce(r.provider_created_at, r.first_seen_at) AS created_at,
             CASE WHEN lower(array_to_string(s.tags, ' ')) LIKE '%deployment:%' THEN s.tags ELSE '{}' END AS owner_tags,
             p.external_id AS project, coalesce(o.deployments, '{}') AS owners,
             s.parents <> '{}' AND EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'kubernetes_cluster:%') AS of_cluster
      FROM ${living}
      JOIN inventory_resources r ON r.resource_id = s.resource_id
      LEFT JOIN deployments_attributions a ON a.resource_id = s.resource_id AND a.valid_from <= ${now} AND a.valid_to > ${now}
      LEFT JOIN ${owners} o ON o.owner_set_id = a.owner_set_id
      LEFT JOIN inventory_memberships m ON m.resource_id = s.resource_id AND m.valid_from <= ${now} AND m.valid_to > ${now}
      LEFT JOIN inventory_resources p ON p.resource_id = m.project_id
      -- What events are about is no provider's, and declared nowhere.
      WHERE s.valid_from <= ${now} AND s.valid_to > ${now} AND NOT r.unseen AND s.kind <> 'gateway'`,
  );
}

/**
 * Two settings are kept elsewhere than in settings: a volume's droplet is its parent, and the project is a membership. Of
 * the state `v`, or as it is called, its row `k` of settings, and the project's id.
 */
export const settingsIn = (project: RawBuilder<unknown>, state = 'v') => {
  const of = (column: string) => sql.ref(`${state}.${column}`);
  return sql`
  CASE WHEN ${of('kind')} <> 'volume' AND ${project} IS NULL AND k.settings IS NOT NULL THEN k.settings
       ELSE coalesce(k.settings, jsonb_build_object('name', ${of('name')}, 'region', ${of('region')}))
         || CASE WHEN ${of('kind')} = 'volume' THEN jsonb_build_object('droplet', (
              SELECT substr(parent, 9) FROM unnest(${of('parents')}) AS parent WHERE parent LIKE 'droplet:%' LIMIT 1)) ELSE '{}' END
         || CASE WHEN ${project} IS NULL THEN '{}' ELSE jsonb_build_object('project', ${project}) END END`;
};

/** Whether of what is declared, `d.exact`, anything is other: most of what there is was listed with just those settings, which is soon seen. */
export const isOtherwise = (listed: RawBuilder<unknown>, settings: RawBuilder<unknown>) => sql`
  CASE WHEN ${listed} = d.exact AND NOT d.exact ?| ARRAY['droplet', 'project'] THEN false
       ELSE (${settings} || d.exact) <> ${settings} END`;

function knownOf(actual: TemporaryTable, now: Temporal.Instant): RawBuilder<unknown> {
  return sql`(
    SELECT v.*, coalesce(k.hidden, '{}') AS hidden, k.settings AS listed, ${settingsIn(sql`v.project`)} AS settings
    FROM ${actual} v LEFT JOIN inventory_settings k ON k.resource_id = v.resource_id AND k.valid_from <= ${now} AND k.valid_to > ${now})`;
}

/** Of an account that is not connected any more nothing can be seen. */
export function stageSight(trx: UnitOfWork): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageSight', table: 'drift_sight' },
    sql`
      SELECT newest.account_id, newest.kind, newest.outcome = 'complete' AND a.disconnected_at IS NULL AS sighted,
             newest.outcome = 'failed' OR a.disconnected_at IS NOT NULL AS stale, c.started_at AS whole_at
      FROM (SELECT DISTINCT ON (account_id, kind) account_id, kind, outcome
            FROM inventory_sync_runs WHERE outcome <> 'running' ORDER BY account_id, kind, started_at DESC, sync_run_id DESC) newest
      JOIN inventory_accounts a USING (account_id)
      LEFT JOIN inventory_complete_syncs c USING (account_id, kind)`,
  );
}

function stageDeclared(trx: UnitOfWork, scope: Scope | null): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'drift.stageDeclared',
      table: 'drift_declared',
      index: { on: 'declared_resource_id', unique: true },
      analyze: ['declared_resource_id', 'declaration_id', 'kind', 'account_id', 'match', 'count'],
    },
    sql`
      SELECT d.declared_resource_id, d.declaration_id, d.address, d.kind, d.account_id, d.external_id, d.match, d.count,
             d.valid_from AS declared_from, v.deployment_id, v.account_id AS about_account
      FROM declared_resources d JOIN declaration_versions v USING (declaration_id)
      ${scope === null ? sql`` : sql`JOIN ${scope.declared} c USING (declaration_id, address)`}
      WHERE d.superseded_at = 'infinity' AND d.valid_to = 'infinity' AND v.superseded_at = 'infinity' AND v.valid_to = 'infinity'`,
  );
}

interface AccountRow {
  readonly accountId: number;
  readonly slug: string;
}

export async function selectAccounts(db: Queryable): Promise<AccountRow[]> {
  const { rows } = await statement<AccountRow>('drift.selectAccounts')`
    SELECT account_id AS "accountId", slug FROM inventory_accounts ORDER BY slug`.execute(db);
  return rows;
}

/**
 * What every finding rests on, as a digest: the day, whose prices hold; the rules, those of ownership too; which accounts and kinds can be seen;
 * and which settings of firewalls and droplets are hidden, as what others are found by rests on them.
 */
export async function readConditions(trx: UnitOfWork, sight: TemporaryTable, now: Temporal.Instant): Promise<string> {
  const { rows } = await statement<{ conditions: string }>('drift.readConditions')`
    SELECT md5(concat_ws('/', ${now.toZonedDateTimeISO('UTC').toPlainDate().toString()}::text,
      (SELECT max(drift_rule_id) || '-' || count(*) FILTER (WHERE superseded_at <> 'infinity') FROM drift_rules),
      (SELECT max(recorded_at) || '-' || count(*) FROM deployments_rules),
      (SELECT string_agg(account_id || ':' || (disconnected_at IS NULL), ' ' ORDER BY account_id) FROM inventory_accounts),
      (SELECT string_agg(concat_ws(':', account_id, kind, sighted, stale), ' ' ORDER BY account_id, kind) FROM ${sight}),
      (SELECT string_agg(concat_ws(':', account_id, kind, key), ' ' ORDER BY account_id, kind, key) FROM (
         SELECT DISTINCT s.account_id, s.kind, key
         FROM inventory_settings k JOIN inventory_states s ON s.resource_id = k.resource_id AND s.valid_to = 'infinity', unnest(k.hidden) AS key
         WHERE k.valid_to = 'infinity' AND k.hidden <> '{}' AND s.kind IN ('firewall', 'droplet')) AS hidden))) AS conditions`.execute(
    trx,
  );
  return rows[0]!.conditions;
}

interface Progress {
  /** null: there was no sweep. */
  readonly changeId: number | null;
  readonly conditions: string | null;
  readonly sweptAt: Temporal.Instant | null;
}

export async function readProgress(db: Queryable): Promise<Progress> {
  const { rows } = await statement<Progress>('drift.readProgress')`
    SELECT change_id AS "changeId", conditions, swept_at AS "sweptAt" FROM drift_progress`.execute(db);
  return rows[0] ?? { changeId: null, conditions: null, sweptAt: null };
}

export async function writeProgress(
  trx: UnitOfWork,
  { changeId, conditions }: { readonly changeId: number; readonly conditions: string },
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.writeProgress')`
    UPDATE drift_progress SET change_id = ${changeId}, conditions = ${conditions}, swept_at = ${now}`.execute(trx);
}
