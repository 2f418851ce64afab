import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { Scope } from './scope.store.ts';
import { stage } from './stage.store.ts';

// What a sweep compares: what lives, with its owners; what could be seen of which kind; and what is declared. Settings are
// read where they are asked for, and not copied: they are most of what there is.

export interface SweepTables {
  /** What lives, in the sweep's scope: a row for each resource, without its settings. */
  readonly actual: TemporaryTable;
  /** The same with `settings`, as they were `listed`, and `hidden` keys; to be read FROM. Of a scope they are copied. */
  readonly known: RawBuilder<unknown>;
  /** By account and kind: whether the newest listing was whole, and when the newest whole one began. */
  readonly sight: TemporaryTable;
  readonly hidden: readonly HiddenRow[];
  /** Declared resources in the sweep's scope, with what their declaration is about, without their fields. */
  readonly declared: TemporaryTable;
  /** The same with fields: `exact`, `bounds`, `groups`; to be read FROM. Of a scope they are copied. */
  readonly said: RawBuilder<unknown>;
  /** null: all. */
  readonly scope: Scope | null;
}

/** Only one sweep at a time; declarations are applied in turn with it. */
export async function lockDrift(trx: UnitOfWork): Promise<void> {
  await statement('drift.lockDrift')`SELECT pg_advisory_xact_lock(hashtextextended('drift', 0))`.execute(trx);
}

/** Stages what is compared, as of an instant. What can be seen was read before: a listing that ends in between must not vouch for it. */
export async function stageFacts(
  trx: UnitOfWork,
  { sight, hidden }: Seen,
  scope: Scope | null,
  now: Temporal.Instant,
): Promise<SweepTables> {
  const actual = await stageActual(trx, scope, now);
  const declared = await stageDeclared(trx, scope);
  const said =
    scope === null
      ? sql`(SELECT d.*, r.exact, r.bounds, r.groups FROM ${declared} d JOIN declared_resources r USING (declared_resource_id))`
      : sql`${declared}`;
  const known = scope === null ? knownOf(actual, now) : sql`${actual}`;
  return { sight, hidden, actual, known, declared, said, scope };
}

async function stageActual(trx: UnitOfWork, scope: Scope | null, now: Temporal.Instant): Promise<TemporaryTable> {
  const settings = settingsIn({ state: 's', listed: sql`k.settings`, project: sql`p.external_id` });
  const isHeld = (table: string) => holdsAt(table, now);
  return stage(
    trx,
    {
      statement: 'drift.stageActual',
      table: 'drift_actual',
      index: { on: 'resource_id' },
      analyze: ['resource_id', 'account_id', 'kind', 'status', 'of_cluster'],
    },
    sql`
      WITH ${
        scope === null
          ? sql``
          : sql`
            owned AS MATERIALIZED (
              SELECT c.resource_id, a.owner_set_id FROM ${scope.resources} c
              JOIN deployments_attributions a ON a.resource_id = c.resource_id AND ${isHeld('a')}),`
      }
      owners AS MATERIALIZED (
        -- By owner set: customers' deployments alone.
        SELECT w.owner_set_id, array_agg(w.deployment_id ORDER BY w.deployment_id) AS deployments
        FROM deployments_owners w JOIN deployments_list d USING (deployment_id)
        WHERE d.customer_id IS NOT NULL ${scope === null ? sql`` : sql`AND w.owner_set_id IN (SELECT owner_set_id FROM owned)`}
        GROUP BY w.owner_set_id)
      SELECT s.resource_id, s.account_id, s.kind, r.external_id, s.name, s.status, s.region, s.parents, s.attributes,
             s.valid_from AS state_from, coalesce(r.provider_created_at, r.first_seen_at) AS created_at,
             CASE WHEN lower(array_to_string(s.tags, ' ')) LIKE '%deployment:%' THEN s.tags ELSE '{}' END AS owner_tags,
             p.external_id AS project, coalesce(o.deployments, '{}') AS owners,
             s.parents <> '{}' AND EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'kubernetes_cluster:%') AS of_cluster
             ${scope === null ? sql`` : sql`, s.tags, coalesce(k.hidden, '{}') AS hidden, k.settings AS listed, ${settings} AS settings`}
      FROM ${scope === null ? sql`inventory_states s` : sql`${scope.resources} c JOIN inventory_states s ON s.resource_id = c.resource_id`}
      JOIN inventory_resources r ON r.resource_id = s.resource_id
      LEFT JOIN ${
        scope === null
          ? sql`deployments_attributions a ON a.resource_id = s.resource_id AND ${isHeld('a')}`
          : sql`owned a ON a.resource_id = s.resource_id`
      }
      LEFT JOIN owners o ON o.owner_set_id = a.owner_set_id
      LEFT JOIN inventory_memberships m ON m.resource_id = s.resource_id AND ${isHeld('m')}
      LEFT JOIN inventory_resources p ON p.resource_id = m.project_id
      ${scope === null ? sql`` : sql`LEFT JOIN inventory_settings k ON k.resource_id = s.resource_id AND ${isHeld('k')}`}
      -- What events are about is no provider's, and declared nowhere.
      WHERE ${isHeld('s')} AND NOT r.unseen AND s.kind <> 'gateway'`,
  );
}

/** What holds at an instant, of a table with validity. */
export const holdsAt = (table: string, now: Temporal.Instant) =>
  sql`${sql.ref(`${table}.valid_from`)} <= ${now} AND ${sql.ref(`${table}.valid_to`)} > ${now}`;

interface Settings {
  /** The name of the row of a state. */
  readonly state: string;
  readonly listed: RawBuilder<unknown>;
  /** The project's id. */
  readonly project: RawBuilder<unknown>;
}

/**
 * Settings as they are compared. Two are kept elsewhere than in settings as they were listed: a volume's droplet is its
 * parent, and the project is a membership.
 */
export function settingsIn({ state, listed, project }: Settings): RawBuilder<unknown> {
  const of = (column: string) => sql.ref(`${state}.${column}`);
  const droplet = sql`nullif(split_part(split_part(' ' || array_to_string(${of('parents')}, ' '), ' droplet:', 2), ' ', 1), '')`;
  return sql`
  CASE WHEN ${of('kind')} <> 'volume' AND ${project} IS NULL AND ${listed} IS NOT NULL THEN ${listed}
       ELSE coalesce(${listed}, jsonb_build_object('name', ${of('name')}, 'region', ${of('region')}))
         || CASE WHEN ${of('kind')} = 'volume' THEN jsonb_build_object('droplet', ${droplet}) ELSE '{}' END
         || CASE WHEN ${project} IS NULL THEN '{}' ELSE jsonb_build_object('project', ${project}) END END`;
}

interface Compared {
  readonly declared: RawBuilder<unknown>;
  readonly listed: RawBuilder<unknown>;
  /** As they are compared. */
  readonly settings: RawBuilder<unknown>;
  /** Whether that is as they were listed, where they were. */
  readonly isAsListed: RawBuilder<unknown>;
}

/** Whether of what is declared anything is other: most of what there is was listed with just those settings, which their bytes show soonest. */
export const isOtherwise = ({ declared, listed, settings, isAsListed }: Compared) => sql`
  CASE WHEN ROW(${listed})::record *= ROW(${declared})::record AND (${isAsListed} OR NOT ${declared} ?| ARRAY['droplet', 'project']) THEN false
       ELSE (${settings} || ${declared}) <> ${settings} END`;

/** Whether a key of settings may not be seen: of most nothing is hidden, for which no function is called. */
export const isHidden = (hidden: RawBuilder<unknown>, key: RawBuilder<unknown>) =>
  sql`(${hidden} <> '{}' AND drift_hides(${hidden}, ${key}))`;

function knownOf(actual: TemporaryTable, now: Temporal.Instant): RawBuilder<unknown> {
  const settings = settingsIn({ state: 'v', listed: sql`k.settings`, project: sql`v.project` });
  return sql`(
    SELECT v.*, coalesce(k.hidden, '{}') AS hidden, k.settings AS listed, ${settings} AS settings
    FROM ${actual} v LEFT JOIN inventory_settings k ON k.resource_id = v.resource_id AND k.valid_from <= ${now} AND k.valid_to > ${now})`;
}

/** account_id, kind, sighted, stale, whole_at. Of an account that is not connected any more nothing can be seen. */
export function stageSight(trx: UnitOfWork): Promise<TemporaryTable> {
  return stage(trx, { statement: 'drift.stageSight', table: 'drift_sight' }, sightings);
}

/** The newest runs of each kind, found one by one by an index: there are many of each. */
const sightings = sql`
  WITH RECURSIVE kinds AS (
    SELECT a.account_id, a.disconnected_at, (SELECT min(u.kind) FROM inventory_sync_runs u WHERE u.account_id = a.account_id) AS kind
    FROM inventory_accounts a
    UNION ALL
    SELECT k.account_id, k.disconnected_at, (SELECT min(u.kind) FROM inventory_sync_runs u WHERE u.account_id = k.account_id AND u.kind > k.kind)
    FROM kinds k WHERE k.kind IS NOT NULL)
  SELECT k.account_id, k.kind, newest.outcome = 'complete' AND k.disconnected_at IS NULL AS sighted,
         newest.outcome = 'failed' OR k.disconnected_at IS NOT NULL AS stale, whole.started_at AS whole_at
  FROM kinds k
  CROSS JOIN LATERAL (
    SELECT u.outcome FROM inventory_sync_runs u WHERE u.account_id = k.account_id AND u.kind = k.kind AND u.outcome <> 'running'
    ORDER BY u.started_at DESC, u.sync_run_id DESC LIMIT 1) newest
  LEFT JOIN LATERAL (
    SELECT u.started_at FROM inventory_sync_runs u WHERE u.account_id = k.account_id AND u.kind = k.kind AND u.outcome = 'complete'
    ORDER BY u.started_at DESC LIMIT 1) whole ON true`;

function stageDeclared(trx: UnitOfWork, scope: Scope | null): Promise<TemporaryTable> {
  return stage(
    trx,
    {
      statement: 'drift.stageDeclared',
      table: 'drift_declared',
      analyze: ['declared_resource_id', 'declaration_id', 'kind', 'account_id', 'match', 'count'],
    },
    sql`
      SELECT d.declared_resource_id, d.declaration_id, d.address, d.kind, d.account_id, d.external_id, d.match, d.count,
             d.valid_from AS declared_from, v.deployment_id, v.account_id AS about_account
             ${scope === null ? sql`` : sql`, d.exact, d.bounds, d.groups`}
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
 * What every finding rests on, as a digest: the day, whose prices hold; the rules, those of ownership too; which accounts and kinds can be seen.
 * @param sight rows of `stageSight`, or what selects them
 */
export const conditionsAt = (now: Temporal.Instant, sight: RawBuilder<unknown> = sightings) => sql`
  md5(concat_ws('/', ${now.toZonedDateTimeISO('UTC').toPlainDate().toString()}::text,
    (SELECT max(drift_rule_id) || '-' || count(*) FILTER (WHERE superseded_at <> 'infinity') FROM drift_rules),
    (SELECT max(recorded_at) || '-' || count(*) FROM deployments_rules),
    (SELECT string_agg(account_id || ':' || (disconnected_at IS NULL), ' ' ORDER BY account_id) FROM inventory_accounts),
    (SELECT string_agg(concat_ws(':', account_id, kind, sighted, stale), ' ' ORDER BY account_id, kind) FROM (${sight}) AS seen)))`;

/** A setting of a firewall or a droplet that is hidden of some of an account: what others are found by rests on it. */
interface HiddenRow {
  readonly accountId: number;
  readonly kind: string;
  readonly key: string;
}

interface Conditions {
  readonly conditions: string;
  readonly hidden: readonly HiddenRow[];
}

/** What a sweep sees by. */
export interface Seen extends Conditions {
  readonly sight: TemporaryTable;
}

export async function readConditions(
  trx: UnitOfWork,
  sight: TemporaryTable,
  now: Temporal.Instant,
): Promise<Conditions> {
  const { rows } = await statement<Conditions>('drift.readConditions')`
    SELECT ${conditionsAt(now, sql`SELECT * FROM ${sight}`)} AS conditions, coalesce((
      SELECT jsonb_agg(jsonb_build_object('accountId', account_id, 'kind', kind, 'key', key) ORDER BY account_id, kind, key) FROM (
        SELECT DISTINCT s.account_id, s.kind, key
        FROM inventory_settings k JOIN inventory_states s ON s.resource_id = k.resource_id AND s.valid_to = 'infinity', unnest(k.hidden) AS key
        WHERE k.valid_to = 'infinity' AND k.hidden <> '{}' AND s.kind IN ('firewall', 'droplet')) AS places), '[]') AS hidden`.execute(
    trx,
  );
  return rows[0]!;
}

interface Progress {
  /** null: there was no sweep. */
  readonly changeId: number | null;
  readonly conditions: string | null;
  readonly hidden: string | null;
  readonly sweptAt: Temporal.Instant | null;
}

export async function readProgress(db: Queryable): Promise<Progress> {
  const { rows } = await statement<Progress>('drift.readProgress')`
    SELECT change_id AS "changeId", conditions, hidden, swept_at AS "sweptAt" FROM drift_progress`.execute(db);
  return rows[0] ?? { changeId: null, conditions: null, hidden: null, sweptAt: null };
}

export async function writeProgress(
  trx: UnitOfWork,
  { changeId, conditions, hidden }: Conditions & { readonly changeId: number },
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.writeProgress')`
    UPDATE drift_progress SET change_id = ${changeId}, conditions = ${conditions}, hidden = ${JSON.stringify(hidden)}, swept_at = ${now}`.execute(
    trx,
  );
}
