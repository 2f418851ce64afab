import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type RuleRow, selectRules } from '../rules.store.ts';
import { isOtherwise, settingsIn, stageOwners } from './actual.store.ts';
import { kindsOfRule, stageGuarded } from './hygiene.store.ts';
import { closeScope, isCurrent, type Scope } from './scope.store.ts';

// What a sweep of all compares: most of what there is is bound by its id, has what is declared and is no rule's matter,
// which one statement sees, as it reads all once. What is left is in question, and with it what findings there are and what
// they rest on. In question may be more than is found, and never less.

/** From so many on it is asked whether that is most of all, which is then compared without a scope. */
const fewAtMost = 10_000;

/** Of what is in question, or has a finding; null: that is so much that all is compared. */
export async function scopeInQuestion(trx: UnitOfWork, now: Temporal.Instant): Promise<Scope | null> {
  const guarded = await stageGuarded(trx, sql`true`);
  const questioned = await stageQuestioned(trx, guarded, now);
  const { rows } = await statement<{ most: boolean }>('drift.scopeInQuestion')`
    SELECT CASE WHEN questioned > ${fewAtMost}::int THEN 4 * questioned > (SELECT count(*) FROM inventory_states WHERE valid_to = 'infinity')
                ELSE false END AS most
    FROM (SELECT count(*) AS questioned FROM ${questioned}) AS q`.execute(trx);
  if (rows[0]!.most) return null;
  const near = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeInQuestion', table: 'drift_near', analyze: true },
    sql`
      SELECT resource_id FROM ${questioned} WHERE resource_id IS NOT NULL
      UNION SELECT e.resource_id FROM drift_findings e WHERE ${isCurrent('e')} AND e.resource_id IS NOT NULL`,
  );
  const addresses = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeInQuestion', table: 'drift_addresses', analyze: true },
    sql`
      SELECT declaration_id, address FROM ${questioned} WHERE declaration_id IS NOT NULL
      UNION SELECT e.declaration_id, e.address FROM drift_findings e WHERE ${isCurrent('e')} AND e.address IS NOT NULL
      UNION SELECT b.declaration_id, b.address FROM ${near} n JOIN drift_bindings b ON b.resource_id = n.resource_id WHERE ${isCurrent('b')}`,
  );
  return { ...(await closeScope(trx, near, addresses, null)), guarded };
}

/** Of the row `a` of what lives; of most of it the first parent says so. */
const ofCluster = sql`(a.parents <> '{}' AND EXISTS (SELECT FROM unnest(a.parents) AS ref WHERE ref LIKE 'kubernetes_cluster:%'))`;
const isAlone = sql`a.parents[1] LIKE 'droplet:%' IS NOT TRUE AND NOT EXISTS (SELECT FROM unnest(a.parents) AS ref WHERE ref LIKE 'droplet:%')`;
const isGone = (ref: RawBuilder<unknown>) => sql`NOT EXISTS (
  SELECT FROM inventory_resources o JOIN inventory_states t ON t.resource_id = o.resource_id AND t.account_id = o.account_id AND t.kind = o.kind
  WHERE t.valid_to = 'infinity' AND o.account_id = a.account_id
    AND o.kind = split_part(${ref}, ':', 1) AND o.external_id = substr(${ref}, position(':' IN ${ref}) + 1))`;

/** What a rule may find, of the row `a` of what lives and its `k.settings`; of a rule that is not here, all of the first of its kinds. */
interface Suspicion {
  /** null: of any kind. */
  readonly of: string | null;
  readonly when: RawBuilder<unknown>;
}

function suspicionOf(
  rule: string,
  held: readonly RuleRow[],
  guarded: TemporaryTable,
  now: Temporal.Instant,
): Suspicion {
  const days = Math.min(...held.map(({ parameters }) => Number(parameters['days'] ?? 0)));
  const suspicions: Readonly<Record<string, Suspicion>> = {
    disputed_owner: {
      of: null,
      when: sql`m.project_id IS NOT NULL AND a.tags <> '{}' AND lower(array_to_string(a.tags, ' ')) LIKE '%deployment:%'`,
    },
    exposed_ports: {
      of: 'firewall',
      when: sql`EXISTS (SELECT FROM jsonb_each(k.settings) f WHERE f.key LIKE 'inbound/%' AND NOT drift_agrees(f.value, NULL, 'closed'))`,
    },
    exposed_database: { of: 'database', when: sql`k.settings -> 'trusted_sources' = '[]'` },
    exposed_bucket: { of: 'spaces_bucket', when: sql`k.settings ->> 'acl' LIKE '%Users:%'` },
    unprotected_firewall: {
      of: 'droplet',
      when: sql`NOT ${ofCluster} 
        AND NOT EXISTS (SELECT FROM ${guarded} g WHERE g.account_id = a.account_id AND g.ref = a.external_id AND g.what = 'droplets')
        AND NOT EXISTS (
        SELECT FROM jsonb_array_elements_text(CASE jsonb_typeof(k.settings -> 'tags') WHEN 'array' THEN k.settings -> 'tags' ELSE '[]' END) AS tag
        WHERE (a.account_id, tag) IN (SELECT g.account_id, g.ref FROM ${guarded} g WHERE g.what = 'tags'))`,
    },
    unprotected_backups: { of: 'droplet', when: sql`k.settings -> 'backups' = 'false' AND NOT ${ofCluster}` },
    idle_volume: { of: 'volume', when: isAlone },
    idle_reserved_ip: { of: 'reserved_ip', when: sql`a.attributes ->> 'assigned' = 'false'` },
    idle_load_balancer: { of: 'load_balancer', when: isAlone },
    idle_droplet: { of: 'droplet', when: sql`a.status = 'off'` },
    orphaned_leftover: {
      of: null,
      when: sql`a.parents <> '{}' AND array_to_string(a.parents, ' ') LIKE '%kubernetes_cluster:%' AND EXISTS (
        SELECT FROM unnest(a.parents) AS ref WHERE ref LIKE 'kubernetes_cluster:%' AND ${isGone(sql`ref`)})`,
    },
    orphaned_snapshot: {
      of: 'snapshot',
      when: sql`a.created_at <= ${now.subtract({ hours: 24 * days })}::timestamptz`,
    },
    orphaned_firewall: { of: 'firewall', when: sql`k.settings -> 'droplets' = '[]'` },
    ending_database: {
      of: 'database',
      when: sql`EXISTS (SELECT FROM drift_rules r WHERE ${isCurrent('r')} AND r.rule = 'ending_database'
        AND (r.parameters -> (k.settings ->> 'engine') ->> split_part(k.settings ->> 'version', '.', 1))::timestamp AT TIME ZONE 'UTC' <= ${now})`,
    },
  };
  return suspicions[rule] ?? { of: kindsOfRule[rule]![0]!, when: sql`true` };
}

/** Whether a rule that is on anywhere may find something of the row `a`: by its kind, so that of most of them nothing is asked. */
function mayBeFound(suspicions: readonly Suspicion[]): RawBuilder<unknown> {
  const whens = [...Map.groupBy(suspicions, ({ of }) => of)].map(([of, those]) => ({
    of,
    when: sql.join(
      those.map(({ when }) => sql`(${when})`),
      sql` OR `,
    ),
  }));
  const cases = whens.filter(({ of }) => of !== null).map(({ of, when }) => sql`WHEN ${sql.lit(of)} THEN ${when}`);
  const others = whens.filter(({ of }) => of === null).map(({ when }) => sql`OR ${when}`);
  return sql`(${cases.length === 0 ? sql`false` : sql`CASE a.kind ${sql.join(cases, sql` `)} ELSE false END`} ${sql.join(others, sql` `)})`;
}

/**
 * Whether the declared `d` is not simply bound to the living `a`: by its id, of which there is no other, or by the match that
 * was made of it as it is declared. What was bound and is no more declared, and the other way, has no `a`.
 */
const isBoundAnew = sql`(
  a.resource_id IS NULL OR b.absent OR d.kind IS DISTINCT FROM a.kind OR d.count IS NOT NULL
  OR CASE WHEN d.external_id IS NULL THEN b.how <> 'match' OR b.bound_from < d.declared_from
          ELSE b.how <> 'id' OR d.external_id <> a.external_id OR CASE WHEN d.account_id IS NULL
            THEN EXISTS (SELECT FROM inventory_resources o WHERE o.external_id = a.external_id AND o.kind = a.kind AND o.resource_id <> a.resource_id)
            ELSE d.account_id <> a.account_id END END)`;

/** Whether of the declared `d`, bound to `a`, anything is other: a value, a bound, a member of a whole group, or whose it is. */
const differs = (settings: RawBuilder<unknown>) => sql`(
  ${isOtherwise(sql`k.settings`, settings)}
  OR d.bounds <> '{}' AND EXISTS (
    SELECT FROM jsonb_each(d.bounds) f WHERE ${settings} ? f.key AND NOT drift_agrees(${settings} -> f.key, f.value, 'bound'))
  OR d.groups <> '{}' AND EXISTS (
    SELECT FROM jsonb_object_keys(${settings}) AS key
    WHERE NOT d.exact ? key AND NOT d.bounds ? key AND EXISTS (SELECT FROM unnest(d.groups) AS place WHERE starts_with(key, place)))
  OR w.deployments <> '{}' AND d.deployment_id <> ALL (w.deployments))`;

/** Whether the living `a`, which is declared nowhere, is in what a declaration covers. */
const isCovered = sql`(
  w.deployments && (SELECT array_agg(v.deployment_id) FROM declaration_versions v WHERE ${isCurrent('v')} AND v.covers = 'deployment')
  OR coalesce(p.external_id, k.settings ->> 'project') IN (
    SELECT substr(v.covers, 9) FROM declaration_versions v WHERE ${isCurrent('v')} AND v.covers LIKE 'project:%'))`;

/** resource_id, declaration_id, address: what lives, what is declared, or both where it is bound, each as often as it is bound. */
async function stageQuestioned(
  trx: UnitOfWork,
  guarded: TemporaryTable,
  now: Temporal.Instant,
): Promise<TemporaryTable> {
  const owners = await stageOwners(trx, null, now);
  const rules = (await selectRules(trx)).filter(({ rule, enabled }) => enabled && kindsOfRule[rule] !== undefined);
  const ofRule = Map.groupBy(rules, ({ rule }) => rule);
  const { orphaned_source: ofSource, ...others } = Object.fromEntries(ofRule);
  const suspicions = Object.entries(others).map(([rule, held]) => suspicionOf(rule, held, guarded, now));
  const holds = (table: string) =>
    sql`${sql.ref(`${table}.valid_from`)} <= ${now} AND ${sql.ref(`${table}.valid_to`)} > ${now}`;
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageQuestioned', table: 'drift_questioned', analyze: true },
    sql`
      SELECT a.resource_id, coalesce(d.declaration_id, b.declaration_id) AS declaration_id, coalesce(d.address, b.address) AS address
      FROM (
        SELECT v.resource_id, v.account_id, v.kind, r.external_id, v.name, v.region, v.status, v.parents, v.tags, v.attributes,
               coalesce(r.provider_created_at, r.first_seen_at) AS created_at
        FROM inventory_states v JOIN inventory_resources r ON r.resource_id = v.resource_id
        WHERE ${holds('v')} AND NOT r.unseen AND v.kind <> 'gateway') a
      FULL JOIN (
        SELECT b.resource_id, b.how, b.absent, b.valid_from AS bound_from, b.declaration_id, b.address
        FROM drift_bindings b WHERE ${isCurrent('b')}) b ON b.resource_id = a.resource_id
      FULL JOIN (
        SELECT d.declaration_id, d.address, d.kind, d.account_id, d.external_id, d.count, d.exact, d.bounds, d.groups,
               d.valid_from AS declared_from, v.deployment_id
        FROM declared_resources d JOIN declaration_versions v USING (declaration_id) WHERE ${isCurrent('d')} AND ${isCurrent('v')}) d
        ON d.declaration_id = b.declaration_id AND d.address = b.address
      LEFT JOIN inventory_settings k ON k.resource_id = a.resource_id AND ${holds('k')}
      LEFT JOIN deployments_attributions t ON t.resource_id = a.resource_id AND ${holds('t')}
      LEFT JOIN ${owners} w ON w.owner_set_id = t.owner_set_id
      LEFT JOIN inventory_memberships m ON m.resource_id = a.resource_id AND ${holds('m')}
      LEFT JOIN inventory_resources p ON p.resource_id = m.project_id AND p.kind = 'project'
      WHERE CASE WHEN d.declaration_id IS NOT NULL THEN ${isBoundAnew} OR ${differs(settingsIn(sql`p.external_id`, 'a'))}
                 ELSE b.declaration_id IS NOT NULL OR ${isCovered} END
         OR a.resource_id IS NOT NULL AND ${mayBeFound(suspicions)}
      ${ofSource === undefined ? sql`` : ofSources}`,
  );
}

/** What belongs to something that does not live: by itself, as few kinds do, which are looked up by an index. */
const ofSources = sql`
  UNION ALL
  SELECT a.resource_id, NULL, NULL FROM inventory_accounts c
  JOIN inventory_states a ON a.account_id = c.account_id AND a.kind IN ('snapshot', 'droplet_backup') AND a.valid_to = 'infinity'
  WHERE a.parents <> '{}' AND ${isGone(sql`a.parents[1]`)}`;
