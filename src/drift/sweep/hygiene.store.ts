import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { SweepTables } from './actual.store.ts';
import { type FoundTable, free, wholeActual } from './found.store.ts';

// What needs no declaration to be seen. Each rule has days or lists of its own, and is of the deployment, the account or
// all, the most specific first. Where a kind that a rule asks for could not be listed whole, nothing of it opens or ends.

/** The kinds that a rule looks at: without sight of all of them it says nothing new. */
export const kindsOfRule: Readonly<Record<string, readonly string[]>> = {
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

/** Parameters and severity of a rule for the resource `a`; nothing where it is switched off. */
const ruleOf = (rule: string) => sql`
  CROSS JOIN LATERAL (
    SELECT r.parameters, r.severity, r.enabled FROM drift_rules r
    WHERE r.rule = ${rule} AND r.superseded_at = 'infinity' AND r.valid_to = 'infinity' AND r.account_id IN (0, a.account_id)
      AND (r.deployment_id = 0 OR r.deployment_id = ANY (a.owners))
    ORDER BY r.deployment_id DESC, r.account_id DESC LIMIT 1) p`;

const isBlind = (rule: string, { sight }: SweepTables) => sql`EXISTS (
  SELECT FROM unnest(${kindsOfRule[rule]}::text[]) AS wanted
  LEFT JOIN ${sight} v ON v.account_id = a.account_id AND v.kind = wanted WHERE v.sighted IS NOT TRUE)`;

interface HygieneRule {
  readonly category: 'exposed' | 'unprotected' | 'idle' | 'orphaned' | 'ending';
  readonly rule: string;
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

/** Elements of a setting of a kind, with their accounts: read once, and looked up for each row of `a`. */
const elementsOf = (actual: RawBuilder<unknown>, kind: string, setting: string) => sql`(
  SELECT DISTINCT w.account_id, one FROM ${actual} w, jsonb_array_elements_text(w.settings -> ${setting}::text) AS one WHERE w.kind = ${kind}::text)`;

/** Resources of a kind with a tag that one of another kind in their account has too: joined as sets, not row by row. */
const sharingTags = (actual: RawBuilder<unknown>, kind: string, other: string) => sql`(
  SELECT DISTINCT b.resource_id FROM ${actual} b CROSS JOIN LATERAL jsonb_array_elements_text(b.settings -> 'tags') AS tag
  JOIN ${elementsOf(actual, other, 'tags')} e ON e.account_id = b.account_id AND e.one = tag WHERE b.kind = ${kind}::text)`;

/** Whether of something else in the account of `a` a setting is hidden, so that it is not known what belongs to what. */
const isHiddenElsewhere = (
  actual: RawBuilder<unknown>,
  kind: string,
  settings: readonly string[],
) => sql`a.account_id IN (
  SELECT DISTINCT w.account_id FROM ${actual} w WHERE w.kind = ${kind}::text AND w.hidden && ${[...settings]}::text[])`;

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
const sourceGone = sql`a.kind IN ('snapshot', 'droplet_backup') AND a.parents <> '{}' AND NOT a.of_cluster AND ${isGone}`;

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

function unprotectedRules({ actual }: SweepTables, now: RawBuilder<unknown>): readonly HygieneRule[] {
  return [
    {
      category: 'unprotected',
      rule: 'unprotected_firewall',
      // Sets that no row of `a` is in are read once, whatever there is of it.
      when: sql`a.kind = 'droplet' AND NOT a.of_cluster
        AND (a.account_id, a.external_id) NOT IN ${elementsOf(actual, 'firewall', 'droplets')}
        AND NOT EXISTS (SELECT FROM ${sharingTags(actual, 'droplet', 'firewall')} g WHERE g.resource_id = a.resource_id)`,
      blind: isHiddenElsewhere(actual, 'firewall', ['droplets', 'tags']),
      since: sql`a.created_at`,
      keys: ['tags'],
    },
    {
      category: 'unprotected',
      rule: 'unprotected_backups',
      joined: sql`LEFT JOIN (
        SELECT w.account_id, substr(parent, 9) AS droplet, max(w.created_at) AS newest
        FROM ${actual} w, unnest(w.parents) AS parent WHERE w.kind = 'snapshot' AND parent LIKE 'droplet:%'
        GROUP BY w.account_id, parent) n ON n.account_id = a.account_id AND n.droplet = a.external_id`,
      when: sql`a.kind = 'droplet' AND NOT a.of_cluster AND a.settings -> 'backups' = 'false' AND a.created_at <= ${now} - interval '24 hours'
        AND (n.newest IS NULL OR n.newest <= ${now} - make_interval(hours => 24 * coalesce((p.parameters ->> 'snapshot_days')::int, 0)))`,
      since: settingsOtherwiseUntil(sql`k.settings -> 'backups' = 'true'`),
      // A worker is known by its tags.
      keys: ['backups', 'tags'],
    },
  ];
}

function idleRules({ actual }: SweepTables): readonly HygieneRule[] {
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
        AND NOT (coalesce(a.settings ->> 'tag', '') <> '' AND (a.account_id, a.settings ->> 'tag') IN ${elementsOf(actual, 'droplet', 'tags')})`,
      blind: sql`coalesce(a.settings ->> 'tag', '') <> '' AND ${isHiddenElsewhere(actual, 'droplet', ['tags'])}`,
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
function orphanedRules({ actual }: SweepTables, found: FoundTable): readonly HygieneRule[] {
  return [
    {
      category: 'orphaned',
      rule: 'orphaned_source',
      when: sourceGone,
      joined: parent,
      since: goneSince,
      actual: sql`to_jsonb(a.parents)`,
      priced: wholeActual,
    },
    {
      category: 'orphaned',
      rule: 'orphaned_leftover',
      when: sql`a.of_cluster AND ${isGone}`,
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
      when: sql`a.kind = 'firewall' AND a.settings -> 'droplets' = '[]' AND (a.settings -> 'tags' = '[]'
        OR (a.settings -> 'tags' <> '[]' AND a.resource_id NOT IN ${sharingTags(actual, 'firewall', 'droplet')}))`,
      blind: sql`a.settings -> 'tags' <> '[]' AND ${isHiddenElsewhere(actual, 'droplet', ['tags'])}`,
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

/** Stages what the rules find, those that are switched off left out. */
export async function findHygiene(
  trx: UnitOfWork,
  tables: SweepTables,
  found: FoundTable,
  instant: Temporal.Instant,
): Promise<void> {
  const now = sql`${instant}::timestamptz`;
  const rules = [
    ...exposedRules(),
    ...unprotectedRules(tables, now),
    ...idleRules(tables),
    ...orphanedRules(tables, found),
    ...endingRules(now),
  ];
  for (const one of rules) {
    const keys = [...(one.keys ?? [])];
    await statement('drift.findHygiene')`
      INSERT INTO ${found} (subject, category, rule, field, deployment_id, account_id, resource_id, kind, name, actual, how, test_key,
                            since_before, moved, blind, at_once, severity, refs, priced)
      SELECT 'resource:' || a.resource_id, ${one.category}::text, ${one.rule}::text, ${one.field ?? sql`NULL::text`},
             CASE WHEN cardinality(a.owners) = 1 THEN a.owners[1] END, a.account_id, a.resource_id, a.kind, a.name,
             ${one.actual ?? sql`NULL::jsonb`}, ${one.how ?? sql`NULL::text`}, ${one.field ?? sql`NULL::text`}, w.since, ${one.how !== undefined}::boolean,
             ${isBlind(one.rule, tables)} OR coalesce(${one.blind ?? sql`false`}, false) OR EXISTS (SELECT FROM unnest(${keys}::text[]) AS asked WHERE drift_hides(a.hidden, asked)
               OR EXISTS (SELECT FROM unnest(a.hidden) AS place WHERE place = asked)),
             ${one.how === undefined}::boolean, ${one.severity ?? sql`p.severity`}, a.parents, ${one.priced ?? free}
      FROM ${tables.actual} a ${ruleOf(one.rule)} ${one.joined ?? sql``}
      CROSS JOIN LATERAL (SELECT ${one.since} AS since) w
      WHERE p.enabled AND (${one.when}) AND (w.since IS NULL OR w.since <= ${instant}::timestamptz - ${days})`.execute(
      trx,
    );
  }
}
