import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';

// What a sweep compares: what lives, with its settings and owners; what could be seen of which kind; what is declared;
// and the rules that hold. Each is a temporary table of the sweep's transaction.

export interface SweepTables {
  /** What lives: one row for each resource, with settings, hidden keys, owners. */
  readonly actual: TemporaryTable;
  /** By account and kind: whether the newest listing was whole, and when the newest whole one began. */
  readonly sight: TemporaryTable;
  /** Declared resources with what their declaration says. */
  readonly declared: TemporaryTable;
}

/** Only one sweep at a time; declarations are applied in turn with it. */
export async function lockDrift(trx: UnitOfWork): Promise<void> {
  await statement('drift.lockDrift')`SELECT pg_advisory_xact_lock(hashtextextended('drift', 0))`.execute(trx);
}

/** Stages what is compared, as of an instant. */
export async function stageFacts(trx: UnitOfWork, now: Temporal.Instant): Promise<SweepTables> {
  // What could be seen comes first: a listing that ends in between must not vouch for what was read before it.
  const sight = await stageSight(trx);
  return { sight, actual: await stageActual(trx, now), declared: await stageDeclared(trx, now) };
}

/**
 * Two settings are kept elsewhere than in settings: a volume's droplet is its parent, and the project is a membership.
 * `in_settings` has the settings alone, whose history tells since when a value is so.
 */
function stageActual(trx: UnitOfWork, now: Temporal.Instant): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageActual', table: 'drift_actual', index: { on: 'resource_id' }, analyze: true },
    sql`
      SELECT s.resource_id, s.account_id, s.kind, r.external_id, s.name, s.status, s.region, s.parents, s.attributes,
             s.valid_from AS state_from, coalesce(r.provider_created_at, r.first_seen_at) AS created_at,
             coalesce(k.settings, '{}') AS in_settings,
             coalesce(k.settings, jsonb_build_object('name', s.name, 'region', s.region))
               || CASE WHEN s.kind = 'volume' THEN jsonb_build_object('droplet', (
                    SELECT substr(parent, 9) FROM unnest(s.parents) AS parent WHERE parent LIKE 'droplet:%' LIMIT 1)) ELSE '{}' END
               || CASE WHEN p.external_id IS NULL THEN '{}' ELSE jsonb_build_object('project', p.external_id) END AS settings,
             coalesce(k.hidden, '{}') AS hidden, coalesce(o.deployments, '{}') AS owners,
             EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'kubernetes_cluster:%') AS of_cluster
      FROM inventory_states s
      JOIN inventory_resources r USING (resource_id)
      LEFT JOIN inventory_settings k ON k.resource_id = s.resource_id AND k.valid_from <= ${now} AND k.valid_to > ${now}
      LEFT JOIN deployments_attributions a ON a.resource_id = s.resource_id AND a.valid_from <= ${now} AND a.valid_to > ${now}
      LEFT JOIN (
        SELECT w.owner_set_id, array_agg(w.deployment_id ORDER BY w.deployment_id) AS deployments
        FROM deployments_owners w JOIN deployments_list d USING (deployment_id) WHERE d.customer_id IS NOT NULL
        GROUP BY w.owner_set_id) o ON o.owner_set_id = a.owner_set_id
      LEFT JOIN inventory_memberships m ON m.resource_id = s.resource_id AND m.valid_from <= ${now} AND m.valid_to > ${now}
      LEFT JOIN inventory_resources p ON p.resource_id = m.project_id
      -- What events are about is no provider's, and declared nowhere.
      WHERE s.valid_from <= ${now} AND s.valid_to > ${now} AND NOT r.unseen AND s.kind <> 'gateway'`,
  );
}

/** Of an account that is not connected any more nothing can be seen. */
function stageSight(trx: UnitOfWork): Promise<TemporaryTable> {
  return createTemporaryTableAs(trx, { statement: 'drift.stageSight', table: 'drift_sight' }, sightQuery);
}

const sightQuery = sql`
  SELECT newest.account_id, newest.kind, newest.outcome = 'complete' AND a.disconnected_at IS NULL AS sighted,
         newest.outcome, newest.reason, c.started_at AS whole_at
  FROM (SELECT DISTINCT ON (account_id, kind) account_id, kind, outcome, reason
        FROM inventory_sync_runs WHERE outcome <> 'running' ORDER BY account_id, kind, started_at DESC, sync_run_id DESC) newest
  JOIN inventory_accounts a USING (account_id)
  LEFT JOIN inventory_complete_syncs c USING (account_id, kind)`;

function stageDeclared(trx: UnitOfWork, now: Temporal.Instant): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageDeclared', table: 'drift_declared', analyze: true },
    sql`
      SELECT d.declaration_id, d.address, d.kind, d.account_id, d.external_id, d.match, d.count, d.exact, d.bounds, d.groups,
             d.valid_from AS declared_from, v.deployment_id, v.account_id AS about_account, v.covers, v.ignore
      FROM declared_resources d
      JOIN declaration_versions v USING (declaration_id)
      WHERE d.superseded_at = 'infinity' AND d.valid_from <= ${now} AND d.valid_to > ${now}
        AND v.superseded_at = 'infinity' AND v.valid_from <= ${now} AND v.valid_to > ${now}`,
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

/** What a sweep rests on, as a text: where it is the same, there is nothing new. */
export async function readSeen(db: Queryable): Promise<string> {
  const { rows } = await statement<{ seen: string }>('drift.readSeen')`
    SELECT concat_ws('/',
      (SELECT max(change_id) FROM changes),
      (SELECT max(sync_run_id) FROM inventory_sync_runs WHERE outcome <> 'running'),
      (SELECT max(declaration_version_id) || '-' || count(*) FILTER (WHERE superseded_at <> 'infinity') FROM declaration_versions),
      (SELECT max(drift_rule_id) || '-' || count(*) FILTER (WHERE superseded_at <> 'infinity') FROM drift_rules),
      (SELECT max(drift_decision_id) FROM drift_decisions),
      (SELECT change_id FROM deployments_progress)) AS seen`.execute(db);
  return rows[0]!.seen;
}

interface Progress {
  readonly seen: string | null;
  readonly sweptAt: Temporal.Instant | null;
}

export async function readProgress(db: Queryable): Promise<Progress> {
  const { rows } = await statement<Progress>('drift.readProgress')`
    SELECT seen, swept_at AS "sweptAt" FROM drift_progress`.execute(db);
  return rows[0] ?? { seen: null, sweptAt: null };
}

export async function writeProgress(trx: UnitOfWork, seen: string, now: Temporal.Instant): Promise<void> {
  await statement('drift.writeProgress')`UPDATE drift_progress SET seen = ${seen}, swept_at = ${now}`.execute(trx);
}
