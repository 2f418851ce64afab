import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type RuleRow, selectRules } from '../rules.store.ts';
import { holdsAt, isHidden, type SweepTables } from './actual.store.ts';
import { type FoundTable, free, freelyMended, mendedByBackups, wholeActual } from './found.store.ts';
import { isFor } from './scope.store.ts';
import { stage } from './stage.store.ts';

// What needs no declaration to be seen. Each rule has days or lists of its own, and is of the deployment, the account or
// all, the most specific first. Where a kind that a rule asks for could not be listed whole, nothing of it opens or ends.

/** The kinds that a rule looks at: without sight of all of them it says nothing new. */
export const kindsOfRule: Readonly<Record<string, readonly string[]>> = {
  disputed_owner: ['project'],
  exposed_ports: ['firewall'],
  exposed_database: ['database'],
  exposed_bucket: ['spaces_bucket'],
  unprotected_firewall: ['droplet', 'firewall'],
  unprotected_backups: ['droplet', 'snapshot'],
  idle_volume: ['volume', 'droplet'],
  idle_reserved_ip: ['reserved_ip', 'droplet'],
  idle_load_balancer: ['load_balancer', 'droplet'],
  idle_droplet: ['droplet'],
  orphaned_snapshot: ['snapshot'],
  orphaned_source: ['snapshot', 'droplet', 'volume'],
  orphaned_leftover: ['kubernetes_cluster'],
  orphaned_firewall: ['firewall', 'droplet'],
  ending_database: ['database'],
};

/**
 * Parameters and severity of a rule for the resource `a`, as `p`. Where it says the same of all, it is a constant, by which
 * the planner knows what to read; null: it is off everywhere.
 */
function ruleOf(rule: string, rules: readonly RuleRow[]): RawBuilder<unknown> | null {
  const ofRule = rules.filter((one) => one.rule === rule);
  if (!ofRule.some(({ enabled }) => enabled)) return null;
  const [only, ...others] = ofRule;
  if (only !== undefined && others.length === 0)
    return sql`CROSS JOIN (SELECT ${JSON.stringify(only.parameters)}::jsonb AS parameters, ${only.severity}::text AS severity, true AS enabled) p`;
  return sql`
    CROSS JOIN LATERAL (
      SELECT r.parameters, r.severity, r.enabled FROM drift_rules r
      WHERE r.rule = ${rule} AND r.superseded_at = 'infinity' AND r.valid_to = 'infinity' AND r.account_id IN (0, a.account_id)
        AND (r.deployment_id = 0 OR r.deployment_id = ANY (a.owners))
      ORDER BY r.deployment_id DESC, r.account_id DESC LIMIT 1) p`;
}

const isBlind = (rule: string, { sight }: SweepTables) => sql`EXISTS (
  SELECT FROM unnest(${kindsOfRule[rule]}::text[]) AS wanted
  LEFT JOIN ${sight} v ON v.account_id = a.account_id AND v.kind = wanted WHERE v.sighted IS NOT TRUE)`;

interface HygieneRule {
  readonly category: 'exposed' | 'unprotected' | 'idle' | 'orphaned' | 'ending';
  readonly rule: string;
  /** Of `a` alone, where it is to be asked before anything is joined. */
  readonly among?: RawBuilder<unknown>;
  /** Of `a`, and what `joined` adds to it. */
  readonly when: RawBuilder<unknown>;
  /** Since when it is so. */
  readonly since: RawBuilder<unknown>;
  readonly joined?: RawBuilder<unknown>;
  readonly actual?: RawBuilder<unknown>;
  readonly priced?: RawBuilder<unknown>;
  /** Keys of settings that it looks at. */
  readonly keys?: readonly string[];
  readonly field?: RawBuilder<unknown>;
  readonly severity?: RawBuilder<unknown>;
  /** Where it rests on settings of others that cannot be seen: nothing of it opens or ends. */
  readonly blind?: RawBuilder<unknown>;
  /** Of what its history is asked for. */
  readonly how?: RawBuilder<unknown>;
}

const days = sql`make_interval(hours => 24 * coalesce((p.parameters ->> 'days')::int, 0))`;
/** When the state of `a` last was otherwise: since then, or since it was created, it is so. */
const otherwiseUntil = (condition: RawBuilder<unknown>) => sql`coalesce((
  SELECT max(s.valid_to) FROM inventory_states s WHERE s.resource_id = a.resource_id AND s.valid_to <= a.state_from AND ${condition}), a.created_at)`;
const settingsOtherwiseUntil = (condition: RawBuilder<unknown>) => sql`coalesce((
  SELECT max(k.valid_to) FROM inventory_settings k WHERE k.resource_id = a.resource_id AND k.valid_to <> 'infinity' AND ${condition}), a.created_at)`;
const hasParent = (parents: RawBuilder<unknown>, pattern: string) =>
  sql`EXISTS (SELECT FROM unnest(${parents}) AS parent WHERE parent LIKE ${pattern})`;

/** What rules ask of others than the resource itself, each read once, where anything in scope is asked of. */
interface Around {
  /** resource_id: droplets that a firewall is for, by themselves or by a tag of theirs. */
  readonly behind: RawBuilder<unknown>;
  /** account_id, ref: a tag that a firewall or load balancer in scope is for and a droplet has. */
  readonly tagged: RawBuilder<unknown>;
  /** account_id, droplet, newest: its newest snapshot. */
  readonly snapshots: RawBuilder<unknown>;
}

/** What is so of a row whatever a rule finds of it, besides its kind: of its settings, and of its state. */
export function suspicionsOf(row: string, settings: RawBuilder<unknown>) {
  return {
    ofSettings: {
      exposed_database: sql`${settings} -> 'trusted_sources' = '[]'`,
      unprotected_backups: sql`${settings} -> 'backups' = 'false'`,
      orphaned_firewall: sql`${settings} -> 'droplets' = '[]'`,
    },
    ofState: {
      idle_reserved_ip: sql`${sql.ref(`${row}.attributes`)} ->> 'assigned' = 'false'`,
      idle_droplet: sql`${sql.ref(`${row}.status`)} = 'off'`,
    },
  } as const;
}

const { ofSettings, ofState } = suspicionsOf('a', sql`a.settings`);
const isAlone = sql`NOT ${hasParent(sql`a.parents`, 'droplet:%')}`;
/** Of a sweep of all, settings are not staged. */
const suspicionsOfAll: Readonly<Record<string, RawBuilder<unknown>>> = {
  ...ofState,
  idle_volume: isAlone,
  idle_load_balancer: isAlone,
  orphaned_source: sql`a.parents <> '{}'`,
};
const suspicionsOfScope: Readonly<Record<string, RawBuilder<unknown>>> = { ...suspicionsOfAll, ...ofSettings };

/** The rules that may find anything of what is in scope. */
async function readPresent(trx: UnitOfWork, { actual, scope }: SweepTables): Promise<ReadonlySet<string>> {
  const rules = Object.keys(kindsOfRule).map((rule) => {
    if (rule === 'disputed_owner') return sql`bool_or(a.owner_tags <> '{}')`;
    if (rule === 'orphaned_leftover') return sql`bool_or(a.of_cluster)`;
    const kinds = rule === 'orphaned_source' ? ['snapshot', 'droplet_backup'] : [kindsOfRule[rule]![0]!];
    const suspicion = (scope === null ? suspicionsOfAll : suspicionsOfScope)[rule];
    return sql`bool_or(a.kind IN (${sql.join(kinds.map((kind) => sql.lit(kind)))}) ${suspicion === undefined ? sql`` : sql`AND ${suspicion}`})`;
  });
  const { rows } = await statement<{ present: readonly (boolean | null)[] }>('drift.readPresent')`
    SELECT ARRAY[${sql.join(rules)}] AS present FROM ${actual} a`.execute(trx);
  return new Set(Object.keys(kindsOfRule).filter((_, index) => rows[0]!.present[index] === true));
}

/** The texts of a jsonb array. */
export const textsOf = (list: RawBuilder<unknown>) =>
  sql`jsonb_array_elements_text(CASE jsonb_typeof(${list}) WHEN 'array' THEN ${list} ELSE '[]' END)`;

/** No row of these columns. */
const none = (columns: RawBuilder<unknown>) => sql`(SELECT ${columns} WHERE false)`;

async function stageAround(
  trx: UnitOfWork,
  tables: SweepTables,
  isAsked: (rule: string) => boolean,
  now: Temporal.Instant,
): Promise<Around> {
  const making = { statement: 'drift.stageAround', analyze: true } as const;
  const { actual, known, scope } = tables;
  // Of few it costs more than it saves.
  const indexOfAll = (on: string) => (scope === null ? { index: { on } } : {});
  const tagged =
    isAsked('orphaned_firewall') || isAsked('idle_load_balancer')
      ? await stage(trx, { ...making, table: 'drift_tagged' }, taggedIn(tables, now))
      : none(sql`NULL::int AS account_id, NULL::text AS ref`);
  // As a subquery it was read again for each droplet: of 20,000 resources 8 s in place of none.
  const snapshots = isAsked('unprotected_backups')
    ? await stage(trx, { ...making, table: 'drift_snapshots', ...indexOfAll('droplet') }, snapshotsOf(tables))
    : none(sql`NULL::int AS account_id, NULL::text AS droplet, NULL::timestamptz AS newest`);
  const behind = isAsked('unprotected_firewall')
    ? await stage(
        trx,
        { ...making, table: 'drift_behind', ...indexOfAll('resource_id') },
        sql`
          WITH guards AS MATERIALIZED (${scope === null ? guardsOfAll(known) : guardsOf(actual)}),
          guarded AS MATERIALIZED (
            SELECT DISTINCT g.account_id, place.what, texts.ref COLLATE "C" AS ref FROM guards g
            CROSS JOIN LATERAL (VALUES ('droplets', g.settings -> 'droplets'), ('tags', g.settings -> 'tags')) AS place(what, refs)
            CROSS JOIN LATERAL ${textsOf(sql`place.refs`)} AS texts(ref))
          SELECT a.resource_id FROM ${actual} a JOIN guarded g ON g.account_id = a.account_id AND g.ref = a.external_id AND g.what = 'droplets'
          WHERE a.kind = 'droplet'
          UNION
          SELECT a.resource_id FROM ${known} a CROSS JOIN LATERAL ${textsOf(sql`a.settings -> 'tags'`)} AS tag
          JOIN guarded g ON g.account_id = a.account_id AND g.ref = tag AND g.what = 'tags'
          WHERE a.kind = 'droplet' AND NOT a.of_cluster`,
      )
    : none(sql`NULL::bigint AS resource_id`);
  return { behind, tagged, snapshots };
}

const guardsOfAll = (known: RawBuilder<unknown>) =>
  sql`SELECT a.account_id, a.settings FROM ${known} a WHERE a.kind = 'firewall'`;

/** Firewalls that are for a droplet in scope, or for a tag of one. */
const guardsOf = (actual: TemporaryTable) => sql`
  SELECT s.account_id, k.settings FROM (
    SELECT account_id, array_agg(ref) AS refs FROM (
      SELECT account_id, 'droplet:' || lower(external_id) AS ref FROM ${actual} WHERE kind = 'droplet'
      UNION SELECT account_id, 'tag:' || lower(tag) FROM ${actual}, unnest(tags) AS tag WHERE kind = 'droplet') AS asked
    GROUP BY account_id) q
  JOIN inventory_states s ON ${isFor(sql`q.account_id`, sql`q.refs`)} AND s.kind = 'firewall'
  JOIN inventory_settings k ON k.resource_id = s.resource_id AND k.valid_to = 'infinity'`;

/** Most tags of a scope are those of a droplet in it, which is sooner seen than all that have them. */
function taggedIn({ actual, known, scope }: SweepTables, now: Temporal.Instant): RawBuilder<unknown> {
  const isInScope =
    scope === null
      ? sql`false`
      : sql`EXISTS (SELECT FROM ${actual} d WHERE d.kind = 'droplet' AND d.account_id = t.account_id AND lower(t.ref) = ANY (without_case(d.tags)))`;
  return sql`
    SELECT t.account_id, t.ref FROM (
      SELECT DISTINCT a.account_id, texts.ref COLLATE "C" AS ref FROM ${known} a
      CROSS JOIN LATERAL (SELECT CASE a.kind WHEN 'firewall' THEN a.settings -> 'tags' ELSE jsonb_build_array(nullif(a.settings ->> 'tag', '')) END AS refs) p
      CROSS JOIN LATERAL ${textsOf(sql`p.refs`)} AS texts(ref)
      WHERE a.kind IN ('firewall', 'load_balancer') AND texts.ref IS NOT NULL) t
    WHERE ${isInScope} OR EXISTS (
      SELECT FROM inventory_states s JOIN inventory_resources r ON r.resource_id = s.resource_id
      WHERE without_case(s.tags) && ARRAY[lower(t.ref)] AND s.tags <> '{}' AND s.kind = 'droplet' AND s.account_id = t.account_id
        AND ${holdsAt('s', now)} AND NOT r.unseen)`;
}

/** The newest snapshot of each droplet in scope that has no backups. */
function snapshotsOf({ actual, known, scope }: SweepTables): RawBuilder<unknown> {
  if (scope === null)
    return sql`
      SELECT w.account_id, substr(parent, 9) AS droplet, max(w.created_at) AS newest
      FROM ${actual} w, unnest(w.parents) AS parent WHERE w.kind = 'snapshot' AND parent LIKE 'droplet:%'
      GROUP BY w.account_id, parent`;
  return sql`
    SELECT d.account_id, d.external_id AS droplet, max(coalesce(r.provider_created_at, r.first_seen_at)) AS newest
    FROM ${known} d
    JOIN inventory_states s ON s.parents && ARRAY['droplet:' || d.external_id] AND s.parents <> '{}' AND s.account_id = d.account_id
     AND s.kind = 'snapshot' AND s.valid_to = 'infinity'
    JOIN inventory_resources r ON r.resource_id = s.resource_id AND NOT r.unseen
    WHERE d.kind = 'droplet' AND d.settings -> 'backups' = 'false' GROUP BY d.account_id, d.external_id`;
}

/** Whether a tag of the settings of `a` is among those: looked up one by one. */
const hasTagOf = (tags: RawBuilder<unknown>) => sql`EXISTS (
  SELECT FROM ${textsOf(sql`a.settings -> 'tags'`)} AS tag JOIN ${tags} e ON e.ref = tag AND e.account_id = a.account_id)`;

/** Whether of something else in the account of `a` a setting is hidden, so that it is not known what belongs to what. */
function isHiddenElsewhere({ hidden }: SweepTables, kind: string, settings: readonly string[]): RawBuilder<unknown> {
  const accounts = hidden
    .filter((one) => one.kind === kind && settings.includes(one.key))
    .map(({ accountId }) => accountId);
  return sql`a.account_id = ANY (${[...new Set(accounts)]}::int[])`;
}

/** What the first of the parents of `a` was, and until when it lived: of what belongs to a cluster that. */
const parent = sql`
  LEFT JOIN LATERAL (
    SELECT r.resource_id, (SELECT max(s.valid_to) FROM inventory_states s WHERE s.resource_id = r.resource_id) AS lived_until
    FROM unnest(a.parents) AS ref JOIN inventory_resources r ON r.account_id = a.account_id
     AND r.kind = split_part(ref, ':', 1) AND r.external_id = substr(ref, position(':' IN ref) + 1)
    WHERE r.kind = CASE WHEN a.of_cluster THEN 'kubernetes_cluster' ELSE r.kind END
    ORDER BY ref LIMIT 1) o ON true`;
const goneSince = sql`CASE WHEN o.resource_id IS NULL THEN a.created_at ELSE o.lived_until END`;
const isGone = sql`(o.resource_id IS NULL OR o.lived_until <> 'infinity')`;

/** Whether what `a` belongs to by nature does not live, found as sets: only of these it is looked up what it was. Of few it is looked up at once. */
function mayBeGone({ actual, scope }: SweepTables, ref: RawBuilder<unknown>): RawBuilder<unknown> {
  if (scope !== null) return sql`true`;
  return sql`NOT EXISTS (SELECT FROM ${actual} l WHERE l.account_id = a.account_id AND l.kind || ':' || l.external_id = ${ref}
    AND l.kind IN ('droplet', 'volume', 'kubernetes_cluster'))`;
}
const clusterOf = sql`(SELECT min(ref) FROM unnest(a.parents) AS ref WHERE ref LIKE 'kubernetes_cluster:%')`;

function exposedRules(): readonly HygieneRule[] {
  return [
    {
      category: 'exposed',
      rule: 'exposed_ports',
      joined: sql`
        CROSS JOIN LATERAL jsonb_each(a.settings) f
        CROSS JOIN LATERAL (SELECT split_part(f.key, '/', 3) AS ports) q
        CROSS JOIN LATERAL (
          SELECT level FROM unnest(ARRAY['critical', 'high', 'medium', 'low']) WITH ORDINALITY AS levels(level, place)
          WHERE EXISTS (
            SELECT FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(p.parameters -> level) = 'array' THEN p.parameters -> level ELSE '[]' END) AS port
            WHERE port = q.ports OR (port ~ '^[0-9]{1,5}$' AND q.ports ~ '^[0-9]{1,5}(-[0-9]{1,5})?$' AND port::int BETWEEN
              split_part(q.ports, '-', 1)::int AND coalesce(nullif(split_part(q.ports, '-', 2), ''), split_part(q.ports, '-', 1))::int))
          ORDER BY place LIMIT 1) l`,
      when: sql`a.kind = 'firewall' AND f.key LIKE 'inbound/%' AND NOT drift_agrees(f.value, NULL, 'closed')
        AND (a.settings -> 'droplets' <> '[]' OR a.settings -> 'tags' <> '[]')
        AND (split_part(f.key, '/', 2) = 'tcp' OR q.ports = 'all')`,
      since: sql`NULL::timestamptz`,
      field: sql`f.key`,
      actual: sql`f.value`,
      severity: sql`l.level`,
      how: sql`'closed'`,
      keys: ['droplets', 'tags', 'inbound/'],
    },
    {
      category: 'exposed',
      rule: 'exposed_database',
      when: sql`a.kind = 'database' AND a.settings -> 'trusted_sources' = '[]'`,
      since: settingsOtherwiseUntil(sql`k.settings -> 'trusted_sources' <> '[]'`),
      field: sql`'trusted_sources'`,
      actual: sql`a.settings -> 'trusted_sources'`,
      keys: ['trusted_sources'],
    },
    {
      category: 'exposed',
      rule: 'exposed_bucket',
      when: sql`a.kind = 'spaces_bucket' AND EXISTS (
        SELECT FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(a.settings -> 'acl') = 'array' THEN a.settings -> 'acl' ELSE '[]' END) AS acl
        WHERE acl LIKE 'AllUsers:%' OR acl LIKE 'AuthenticatedUsers:%')`,
      since: settingsOtherwiseUntil(sql`k.settings ->> 'acl' NOT LIKE '%Users:%'`),
      field: sql`'acl'`,
      actual: sql`a.settings -> 'acl'`,
      keys: ['acl'],
    },
  ];
}

function unprotectedRules(tables: SweepTables, around: Around, now: RawBuilder<unknown>): readonly HygieneRule[] {
  return [
    {
      category: 'unprotected',
      rule: 'unprotected_firewall',
      when: sql`a.kind = 'droplet' AND NOT a.of_cluster AND NOT EXISTS (SELECT FROM ${around.behind} b WHERE b.resource_id = a.resource_id)`,
      blind: isHiddenElsewhere(tables, 'firewall', ['droplets', 'tags']),
      since: sql`a.created_at`,
      keys: ['tags'],
    },
    {
      category: 'unprotected',
      rule: 'unprotected_backups',
      joined: sql`LEFT JOIN ${around.snapshots} n ON n.account_id = a.account_id AND n.droplet = a.external_id`,
      when: sql`a.kind = 'droplet' AND NOT a.of_cluster AND a.settings -> 'backups' = 'false' AND a.created_at <= ${now} - interval '24 hours'
        AND (n.newest IS NULL OR n.newest <= ${now} - make_interval(hours => 24 * coalesce((p.parameters ->> 'snapshot_days')::int, 0)))`,
      since: settingsOtherwiseUntil(sql`k.settings -> 'backups' = 'true'`),
      priced: mendedByBackups,
      // A worker is known by its tags.
      keys: ['backups', 'tags'],
    },
  ];
}

function idleRules(tables: SweepTables, around: Around): readonly HygieneRule[] {
  return [
    {
      category: 'idle',
      rule: 'idle_volume',
      when: sql`a.kind = 'volume' AND NOT ${hasParent(sql`a.parents`, 'droplet:%')} AND NOT (a.of_cluster AND ${isGone})`,
      joined: parent,
      since: otherwiseUntil(hasParent(sql`s.parents`, 'droplet:%')),
      priced: wholeActual,
    },
    {
      category: 'idle',
      rule: 'idle_reserved_ip',
      when: sql`a.kind = 'reserved_ip' AND a.attributes ->> 'assigned' = 'false' AND coalesce(a.attributes ->> 'ip_version', '4') <> '6'`,
      since: otherwiseUntil(sql`s.attributes ->> 'assigned' = 'true'`),
      priced: wholeActual,
      keys: ['droplet'],
    },
    {
      category: 'idle',
      rule: 'idle_load_balancer',
      when: sql`a.kind = 'load_balancer' AND NOT ${hasParent(sql`a.parents`, 'droplet:%')} AND NOT (a.of_cluster AND ${isGone})
        AND NOT EXISTS (SELECT FROM ${around.tagged} e WHERE e.account_id = a.account_id AND e.ref = a.settings ->> 'tag')`,
      blind: sql`coalesce(a.settings ->> 'tag', '') <> '' AND ${isHiddenElsewhere(tables, 'droplet', ['tags'])}`,
      joined: parent,
      since: otherwiseUntil(hasParent(sql`s.parents`, 'droplet:%')),
      priced: wholeActual,
      keys: ['droplets', 'tag'],
    },
    {
      category: 'idle',
      rule: 'idle_droplet',
      when: sql`a.kind = 'droplet' AND a.status = 'off'`,
      since: otherwiseUntil(sql`s.status <> 'off'`),
      priced: wholeActual,
    },
  ];
}

/** In this order: what one finds of a snapshot, a later one does not find again. */
function orphanedRules(tables: SweepTables, around: Around, found: FoundTable): readonly HygieneRule[] {
  return [
    {
      category: 'orphaned',
      rule: 'orphaned_source',
      among: sql`a.kind IN ('snapshot', 'droplet_backup') AND a.parents <> '{}' AND NOT a.of_cluster
        AND ${mayBeGone(tables, sql`a.parents[1]`)}`,
      when: isGone,
      joined: parent,
      since: goneSince,
      actual: sql`to_jsonb(a.parents)`,
      priced: wholeActual,
    },
    {
      category: 'orphaned',
      rule: 'orphaned_leftover',
      among: sql`a.of_cluster AND ${mayBeGone(tables, clusterOf)}`,
      when: isGone,
      joined: parent,
      since: goneSince,
      actual: sql`to_jsonb(a.parents)`,
      priced: wholeActual,
    },
    {
      category: 'orphaned',
      rule: 'orphaned_snapshot',
      when: sql`a.kind = 'snapshot' AND NOT EXISTS (SELECT FROM ${found} g WHERE g.rule = 'orphaned_source' AND g.resource_id = a.resource_id)`,
      since: sql`a.created_at`,
      priced: wholeActual,
    },
    {
      category: 'orphaned',
      rule: 'orphaned_firewall',
      when: sql`a.kind = 'firewall' AND a.settings -> 'droplets' = '[]' AND a.settings ? 'tags'
        AND NOT ${hasTagOf(around.tagged)}`,
      blind: sql`a.settings -> 'tags' <> '[]' AND ${isHiddenElsewhere(tables, 'droplet', ['tags'])}`,
      since: settingsOtherwiseUntil(sql`k.settings -> 'droplets' <> '[]'`),
      keys: ['droplets', 'tags'],
    },
  ];
}

function endingRules(now: RawBuilder<unknown>): readonly HygieneRule[] {
  return [
    {
      category: 'ending',
      rule: 'ending_database',
      joined: sql`CROSS JOIN LATERAL (SELECT (p.parameters -> (a.settings ->> 'engine')
        ->> split_part(a.settings ->> 'version', '.', 1))::timestamp AT TIME ZONE 'UTC' AS ends_at) e`,
      when: sql`a.kind = 'database' AND e.ends_at <= ${now}`,
      since: sql`e.ends_at`,
      field: sql`'version'`,
      actual: sql`a.settings -> 'version'`,
      keys: ['version'],
    },
  ];
}

/**
 * What a linked project and the tag of a deployment name different owners of: whichever comes first has it, and the other
 * is not what somebody meant. Whoever assigned it has decided.
 */
async function findDisputed(
  trx: UnitOfWork,
  tables: SweepTables,
  found: FoundTable,
  rules: readonly RuleRow[],
): Promise<void> {
  const parameters = ruleOf('disputed_owner', rules);
  if (parameters === null) return;
  await statement('drift.findDisputed')`
    INSERT INTO ${found} (subject, category, rule, deployment_id, account_id, resource_id, kind, name, declared, actual, since_before, moved,
                          blind, at_once, severity, refs, priced)
    WITH says AS (
      SELECT a.resource_id, 'project' AS what, w.deployment_id
      FROM ${tables.actual} a JOIN inventory_memberships m ON m.resource_id = a.resource_id AND m.valid_to = 'infinity'
      JOIN deployments_rules r ON r.kind = 'project' AND r.project_id = m.project_id AND r.valid_to = 'infinity'
       AND (r.resource_kinds IS NULL OR a.kind = ANY (r.resource_kinds))
      JOIN deployments_owners w ON w.owner_set_id = r.owner_set_id
      UNION ALL
      SELECT a.resource_id, 'tag', d.deployment_id
      FROM ${tables.actual} a CROSS JOIN LATERAL unnest(a.owner_tags) AS tag
      JOIN deployments_list d ON 'deployment:' || d.slug = lower(tag) AND d.customer_id IS NOT NULL WHERE a.owner_tags <> '{}'
    ), disputed AS (
      SELECT resource_id, array_agg(deployment_id) FILTER (WHERE what = 'project') AS by_project,
             array_agg(deployment_id) FILTER (WHERE what = 'tag') AS by_tag
      FROM says GROUP BY resource_id
    )
    SELECT 'resource:' || a.resource_id, 'misattributed', 'disputed_owner', CASE WHEN cardinality(a.owners) = 1 THEN a.owners[1] END,
           a.account_id, a.resource_id, a.kind, a.name, slugs.of_project, slugs.of_tag, a.state_from, false,
           ${isBlind('disputed_owner', tables)} OR ${isHidden(sql`a.hidden`, sql`'tags'`)}, true, p.severity, a.parents, ${wholeActual}
    FROM disputed q JOIN ${tables.known} a USING (resource_id) ${parameters}
    CROSS JOIN LATERAL (
      SELECT (SELECT jsonb_agg(DISTINCT o.slug) FROM deployments_list o WHERE o.deployment_id = ANY (q.by_project)) AS of_project,
             (SELECT jsonb_agg(DISTINCT o.slug) FROM deployments_list o WHERE o.deployment_id = ANY (q.by_tag)) AS of_tag) slugs
    WHERE p.enabled AND NOT q.by_project && q.by_tag
      AND NOT EXISTS (SELECT FROM deployments_assignments i WHERE i.resource_id = a.resource_id AND i.valid_to = 'infinity')`.execute(
    trx,
  );
}

/** Stages what the rules find, those that are switched off left out. */
export async function findHygiene(
  trx: UnitOfWork,
  tables: SweepTables,
  found: FoundTable,
  instant: Temporal.Instant,
): Promise<void> {
  const now = sql`${instant}::timestamptz`;
  const held = await selectRules(trx);
  const present = await readPresent(trx, tables);
  const isAsked = (rule: string) => present.has(rule) && held.some((one) => one.rule === rule && one.enabled);
  const around = await stageAround(trx, tables, isAsked, instant);
  if (isAsked('disputed_owner')) await findDisputed(trx, tables, found, held);
  const rules = [
    ...exposedRules(),
    ...unprotectedRules(tables, around, now),
    ...idleRules(tables, around),
    ...orphanedRules(tables, around, found),
    ...endingRules(now),
  ];
  for (const one of rules.filter(({ rule }) => isAsked(rule))) {
    const parameters = ruleOf(one.rule, held);
    if (parameters === null) continue;
    const keys = [...(one.keys ?? [])];
    // Without OFFSET the planner asks since when of all, three times over, and may look up what belongs to what before it knows that it need not.
    const rows =
      one.among === undefined ? tables.known : sql`(SELECT a.* FROM ${tables.known} a WHERE ${one.among} OFFSET 0)`;
    await statement('drift.findHygiene')`
      INSERT INTO ${found} (subject, category, rule, field, deployment_id, account_id, resource_id, kind, name, actual, how, test_key,
                            since_before, moved, blind, at_once, severity, refs, priced)
      SELECT 'resource:' || a.resource_id, ${one.category}::text, ${one.rule}::text, ${one.field ?? sql`NULL::text`},
             CASE WHEN cardinality(a.owners) = 1 THEN a.owners[1] END, a.account_id, a.resource_id, a.kind, a.name,
             ${one.actual ?? sql`NULL::jsonb`}, ${one.how ?? sql`NULL::text`}, ${one.field ?? sql`NULL::text`}, w.since, ${one.how !== undefined}::boolean,
             ${isBlind(one.rule, tables)} OR coalesce(${one.blind ?? sql`false`}, false) OR a.hidden <> '{}' AND EXISTS (SELECT FROM unnest(${keys}::text[]) AS asked WHERE drift_hides(a.hidden, asked)
               OR EXISTS (SELECT FROM unnest(a.hidden) AS place WHERE place = asked)),
             ${one.how === undefined}::boolean, ${one.severity ?? sql`p.severity`}, a.parents, ${one.priced ?? (one.category === 'exposed' || one.category === 'unprotected' ? freelyMended : free)}
      FROM ${rows} a ${parameters} ${one.joined ?? sql``}
      CROSS JOIN LATERAL (SELECT ${one.since} AS since OFFSET 0) w
      WHERE p.enabled AND (${one.when}) AND (w.since IS NULL OR w.since <= ${instant}::timestamptz - ${days})`.execute(
      trx,
    );
  }
}
