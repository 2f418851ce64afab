import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type RuleRow, selectRules } from '../rules.store.ts';
import { holdsAt, isOtherwise, settingsIn } from './actual.store.ts';
import { kindsOfRule, suspicionsOf, textsOf } from './hygiene.store.ts';
import { boundTo, closeScope, isBound, isCurrent, type Scope } from './scope.store.ts';
import { stage } from './stage.store.ts';

// What a sweep of all compares: most of what there is is bound by its id, has what is declared and is no rule's matter,
// which one statement sees, as it reads all once. What is left is in question, and with it what findings there are and what
// they rest on. In question may be more than is found, and never less.

/** From so many on it is asked whether that is most of all, which is then compared without a scope. */
const fewAtMost = 10_000;

/** Whether what is bound by an id since it was declared is taken to be so: which id a resource has never changes. */
interface Trust {
  readonly bindings: boolean;
}

/** Of what is in question, or has a finding; null: that is so much that all is compared. */
export async function scopeInQuestion(trx: UnitOfWork, now: Temporal.Instant, trust: Trust): Promise<Scope | null> {
  const questioned = await stageQuestioned(trx, now, trust);
  const { rows } = await statement<{ most: boolean }>('drift.scopeInQuestion')`
    SELECT CASE WHEN questioned > ${fewAtMost}::int THEN 4 * questioned > (SELECT count(*) FROM inventory_states WHERE valid_to = 'infinity')
                ELSE false END AS most
    FROM (SELECT count(*) AS questioned FROM ${questioned}) AS q`.execute(trx);
  if (rows[0]!.most) return null;
  const reached = await stage(
    trx,
    { statement: 'drift.scopeInQuestion', table: 'drift_reached', analyze: true },
    sql`
      WITH near AS MATERIALIZED (
        SELECT resource_id FROM ${questioned} WHERE resource_id IS NOT NULL
        UNION SELECT e.resource_id FROM drift_findings e WHERE ${isCurrent('e')} AND e.resource_id IS NOT NULL)
      SELECT resource_id, NULL::int AS declaration_id, NULL::text AS address FROM near
      UNION SELECT NULL::bigint, declaration_id, address FROM ${questioned} WHERE declaration_id IS NOT NULL
      UNION SELECT NULL::bigint, e.declaration_id, e.address FROM drift_findings e WHERE ${isCurrent('e')} AND e.address IS NOT NULL
      UNION SELECT NULL::bigint, b.declaration_id, b.address FROM near n ${boundTo('n')}`,
  );
  return closeScope(trx, reached, null);
}

// Of each row `q` of both sides joined it is asked twice. First by what needs no other row, which the server's workers ask
// together of all; then, of what is left, by what has to look something up.

interface Question {
  readonly first: RawBuilder<unknown>;
  /** Of what the first is true of; none: that is all. */
  readonly further?: RawBuilder<unknown>;
}

const either = (conditions: readonly RawBuilder<unknown>[]) =>
  conditions.length === 0 ? sql`false` : sql`(${sql.join(conditions, sql` OR `)})`;

const anyOf = (questions: readonly Question[]): Question => ({
  first: either(questions.map(({ first }) => first)),
  further: either(
    questions.map(({ first, further }) => (further === undefined ? first : sql`(${first} AND ${further})`)),
  ),
});

const ofCluster = sql`EXISTS (SELECT FROM unnest(q.parents) AS ref WHERE ref LIKE 'kubernetes_cluster:%')`;
const isAlone: Question = {
  first: sql`q.parents[1] LIKE 'droplet:%' IS NOT TRUE`,
  further: sql`NOT EXISTS (SELECT FROM unnest(q.parents) AS ref WHERE ref LIKE 'droplet:%')`,
};
/** Whether what is named so does not live, in the account of the row. */
const isGone = (ref: RawBuilder<unknown>, row: string) => sql`NOT EXISTS (
  SELECT FROM inventory_resources o JOIN inventory_states t ON t.resource_id = o.resource_id AND t.account_id = o.account_id AND t.kind = o.kind
  WHERE t.valid_to = 'infinity' AND o.account_id = ${sql.ref(`${row}.account_id`)}
    AND o.kind = split_part(${ref}, ':', 1) AND o.external_id = substr(${ref}, position(':' IN ${ref}) + 1))`;

const externalId = sql`(SELECT r.external_id FROM inventory_resources r WHERE r.resource_id = q.resource_id)`;

const { ofSettings, ofState } = suspicionsOf('q', sql`q.listed`);

/** What a rule may find of the row `q`, of its first kind or of any; of a rule that is not here, all of the first of its kinds. */
const suspicions: Readonly<Record<string, Question & { readonly ofAny?: true }>> = {
  disputed_owner: {
    ofAny: true,
    first: sql`(q.project IS NOT NULL AND q.tags <> '{}' AND lower(array_to_string(q.tags, ' ')) LIKE '%deployment:%')`,
  },
  exposed_ports: {
    first: sql`true`,
    further: sql`EXISTS (SELECT FROM jsonb_each(q.listed) f WHERE f.key LIKE 'inbound/%' AND NOT drift_agrees(f.value, NULL, 'closed'))`,
  },
  exposed_database: { first: ofSettings.exposed_database },
  exposed_bucket: { first: sql`q.listed ->> 'acl' LIKE '%Users:%'` },
  unprotected_firewall: {
    // Most have a tag of a firewall as it is spelled there.
    first: sql`(q.guarded_tags ?| q.tags) IS NOT TRUE`,
    further: sql`NOT ${ofCluster} AND (q.guarded_tags ?| ARRAY(SELECT ${textsOf(sql`q.listed -> 'tags'`)})) IS NOT TRUE
      AND (q.guarded_droplets ? ${externalId}) IS NOT TRUE`,
  },
  unprotected_backups: { first: ofSettings.unprotected_backups, further: sql`NOT ${ofCluster}` },
  idle_volume: isAlone,
  idle_reserved_ip: { first: ofState.idle_reserved_ip },
  idle_load_balancer: isAlone,
  idle_droplet: { first: ofState.idle_droplet },
  orphaned_leftover: {
    ofAny: true,
    first: sql`(q.parents[1] LIKE 'kubernetes_cluster:%' OR cardinality(q.parents) > 1)`,
    further: sql`EXISTS (SELECT FROM unnest(q.parents) AS ref WHERE ref LIKE 'kubernetes_cluster:%' AND ${isGone(sql`ref`, 'q')})`,
  },
  orphaned_firewall: { first: ofSettings.orphaned_firewall },
  ending_database: {
    first: sql`true`,
    further: sql`EXISTS (
      SELECT FROM drift_rules r WHERE ${isCurrent('r')} AND r.rule = 'ending_database'
        AND (r.parameters -> (q.listed ->> 'engine') ->> split_part(q.listed ->> 'version', '.', 1))::timestamp AT TIME ZONE 'UTC' <= q.at)`,
  },
};

/** Rules of what has an index of its own, as few are of their kinds. */
const snapshotRules = new Set(['orphaned_snapshot', 'orphaned_source']);

/** Whether a rule that is on anywhere may find something of the row `q`: by its kind, so that of most of them nothing is asked. */
function mayBeFound(rules: readonly string[]): Question {
  const asked = rules
    .filter((rule) => !snapshotRules.has(rule))
    .map((rule) => ({ kind: kindsOfRule[rule]![0]!, ...(suspicions[rule] ?? { first: sql`true` }) }));
  const ofAny = asked.filter((one) => one.ofAny === true);
  const byKind = [
    ...Map.groupBy(
      asked.filter((one) => one.ofAny !== true),
      ({ kind }) => kind,
    ),
  ].map(([kind, questions]) => ({ kind, ...anyOf(questions) }));
  const cases = (which: 'first' | 'further') =>
    byKind.length === 0
      ? sql`false`
      : sql`CASE q.kind ${sql.join(
          byKind.map((one) => sql`WHEN ${sql.lit(one.kind)} THEN ${one[which]!}`),
          sql` `,
        )} ELSE false END`;
  return anyOf([{ first: cases('first'), further: cases('further') }, ...ofAny]);
}

/**
 * Whether the declared one is not simply bound to what lives: since it was declared, by its id, of which there is no other, or
 * by its match.
 */
const isBoundAnew: readonly Question[] = [
  { first: sql`(q.resource_id IS NULL OR q.absent OR q.count IS NOT NULL)` },
  {
    first: sql`q.bound_from < q.declared_from`,
    further: sql`(q.declared_id = ${externalId} AND q.declared_kind = q.kind AND q.how = 'id'
      AND q.account_id = coalesce(q.declared_account, q.account_id)) IS NOT TRUE`,
  },
  {
    first: sql`(q.declared_account IS NULL AND q.declared_id IS NOT NULL)`,
    further: sql`EXISTS (
      SELECT FROM inventory_resources o WHERE o.external_id = q.declared_id AND o.kind = q.declared_kind AND o.resource_id <> q.resource_id)`,
  },
];
/** What was bound since it was declared was bound to just that: asked where that is not taken to be so. */
const isBoundWrongly: Question = {
  first: sql`(q.declared_id <> q.external_id OR q.declared_kind <> q.kind OR q.declared_account <> q.account_id
    OR q.how <> CASE WHEN q.declared_id IS NULL THEN 'match' ELSE 'id' END)`,
};

const settings = settingsIn({ state: 'q', listed: sql`q.listed`, project: sql`q.project` });

/** By owner set: its customers' deployments. */
const ownersOfCustomers = sql`
  SELECT w.owner_set_id, w.deployment_id FROM deployments_owners w JOIN deployments_list d USING (deployment_id) WHERE d.customer_id IS NOT NULL`;

/** Whether of what is declared anything is other: a value, a bound, a member of a whole group, or whose it is. */
const differs: readonly Question[] = [
  {
    first: isOtherwise({
      declared: sql`q.exact`,
      listed: sql`q.listed`,
      settings,
      isAsListed: sql`q.kind <> 'volume' AND q.project IS NULL`,
    }),
  },
  {
    // Most have at most two owners.
    first: sql`(q.deployment_id <> q.first_owner AND q.deployment_id <> q.last_owner)`,
    further: sql`NOT EXISTS (
      SELECT FROM (${ownersOfCustomers}) o WHERE o.owner_set_id = q.owner_set_id AND o.deployment_id = q.deployment_id)`,
  },
  {
    first: sql`q.bounds <> '{}'`,
    further: sql`EXISTS (
      SELECT FROM jsonb_each(q.bounds) f WHERE ${settings} ? f.key AND NOT drift_agrees(${settings} -> f.key, f.value, 'bound'))`,
  },
  {
    first: sql`cardinality(q.groups) > 0`,
    further: sql`EXISTS (
      SELECT FROM jsonb_object_keys(${settings}) AS key
      WHERE NOT q.exact ? key AND NOT q.bounds ? key AND EXISTS (SELECT FROM unnest(q.groups) AS place WHERE starts_with(key, place)))`,
  },
];

/** Whether what lives and is declared nowhere is in what a declaration covers. */
const isCovered = sql`(
  q.owner_set_id IN (
    SELECT o.owner_set_id FROM (${ownersOfCustomers}) o JOIN declaration_versions v USING (deployment_id) WHERE ${isCurrent('v')} AND v.covers = 'deployment')
  OR coalesce(q.project, q.listed ->> 'project') IN (
    SELECT substr(v.covers, 9) FROM declaration_versions v WHERE ${isCurrent('v')} AND v.covers LIKE 'project:%'))`;

/** By account the droplets and the tags that firewalls are for, as keys: the provider lets a firewall have few of each. */
async function selectGuarded(db: Queryable): Promise<string> {
  const { rows } = await statement<{ guarded: string }>('drift.selectGuarded')`
    SELECT coalesce(jsonb_agg(to_jsonb(g)), '[]')::text AS guarded FROM (
      SELECT s.account_id, coalesce(jsonb_object_agg(ref, true) FILTER (WHERE place.what = 'droplets'), '{}') AS droplets,
             coalesce(jsonb_object_agg(ref, true) FILTER (WHERE place.what = 'tags'), '{}') AS tags
      FROM inventory_accounts c
      JOIN inventory_states s ON s.account_id = c.account_id AND s.kind = 'firewall' AND s.valid_to = 'infinity'
      JOIN inventory_settings k ON k.resource_id = s.resource_id AND k.valid_to = 'infinity'
      CROSS JOIN LATERAL (VALUES ('droplets', k.settings -> 'droplets'), ('tags', k.settings -> 'tags')) AS place(what, refs)
      CROSS JOIN LATERAL ${textsOf(sql`place.refs`)} AS texts(ref)
      GROUP BY s.account_id) AS g`.execute(db);
  return rows[0]!.guarded;
}

/**
 * resource_id, declaration_id, address: what lives, what is declared, or both where it is bound, each as often as it is bound.
 * Both sides are read and joined once. What workers are to do reads no temporary table, and looks nothing up row by row.
 */
async function stageQuestioned(trx: UnitOfWork, now: Temporal.Instant, trust: Trust): Promise<TemporaryTable> {
  const held = (await selectRules(trx)).filter(({ rule, enabled }) => enabled && kindsOfRule[rule] !== undefined);
  const rules = [...new Set(held.map(({ rule }) => rule))];
  const ofDeclared = anyOf([...isBoundAnew, ...(trust.bindings ? [] : [isBoundWrongly]), ...differs]);
  const found = mayBeFound(rules);
  const asked = (which: 'first' | 'further') => sql`
    CASE WHEN q.is_declared THEN ${ofDeclared[which]!} ELSE q.is_bound OR ${isCovered} END
    OR q.resource_id IS NOT NULL AND ${found[which]!}`;
  const holds = (table: string) => holdsAt(table, now);
  // The planner takes most to be in question, whose rows would have to be handed over: hardly any are.
  await statement('drift.stageQuestioned.together')`SET LOCAL parallel_tuple_cost = 0`.execute(trx);
  const questioned = await stage(
    trx,
    { statement: 'drift.stageQuestioned', table: 'drift_questioned', analyze: true },
    sql`
      SELECT q.resource_id, q.declaration_id, q.address
      FROM (SELECT q.* FROM (
        SELECT a.resource_id, a.account_id, a.kind, a.name, a.region, a.status, a.parents, a.tags, a.attributes,
               b.declaration_id IS NOT NULL AS is_bound, b.how, b.absent, b.valid_from AS bound_from,
               coalesce(d.declaration_id, b.declaration_id) AS declaration_id, coalesce(d.address, b.address) AS address,
               d.declaration_id IS NOT NULL AS is_declared, d.kind AS declared_kind, d.account_id AS declared_account,
               d.external_id AS declared_id, d.count, d.exact, d.bounds, d.groups, d.valid_from AS declared_from, d.deployment_id,
               a.settings AS listed, a.project, a.owner_set_id, w.first_owner, w.last_owner, g.tags AS guarded_tags, g.droplets AS guarded_droplets,
               ${now}::timestamptz AS at ${trust.bindings ? sql`` : sql`, a.external_id`}
        FROM (
          SELECT v.*, k.settings, t.owner_set_id, m.project ${trust.bindings ? sql`` : sql`, r.external_id`}
          FROM inventory_states v
          LEFT JOIN inventory_settings k ON k.resource_id = v.resource_id AND ${holds('k')}
          LEFT JOIN deployments_attributions t ON t.resource_id = v.resource_id AND ${holds('t')}
          LEFT JOIN (
            SELECT m.resource_id, p.external_id AS project FROM inventory_memberships m JOIN inventory_resources p ON p.resource_id = m.project_id
            WHERE p.kind = 'project' AND ${holds('m')}) m ON m.resource_id = v.resource_id
          ${trust.bindings ? sql`` : sql`LEFT JOIN inventory_resources r ON r.resource_id = v.resource_id`}
          WHERE ${holds('v')} AND v.kind <> 'gateway') a
        FULL JOIN (SELECT * FROM drift_bindings b WHERE ${isBound('b')}) b ON b.resource_id = a.resource_id
        FULL JOIN (
          SELECT d.*, v.deployment_id FROM declared_resources d JOIN declaration_versions v USING (declaration_id)
          WHERE ${isCurrent('d')} AND ${isCurrent('v')}) d ON d.declaration_id = b.declaration_id AND d.address = b.address
        LEFT JOIN (
          SELECT o.owner_set_id, min(o.deployment_id) AS first_owner, max(o.deployment_id) AS last_owner
          FROM (${ownersOfCustomers}) o GROUP BY o.owner_set_id) w ON w.owner_set_id = a.owner_set_id
        LEFT JOIN jsonb_to_recordset(${await selectGuarded(trx)}::jsonb) AS g(account_id int, tags jsonb, droplets jsonb)
          ON g.account_id = a.account_id) q
      WHERE ${asked('first')} OFFSET 0) q
      WHERE ${asked('further')}
      ${snapshotsInQuestion(held, now)}`,
  );
  await statement('drift.stageQuestioned.as_usual')`SET LOCAL parallel_tuple_cost TO DEFAULT`.execute(trx);
  return questioned;
}

/** Snapshots that are old, and those and backups whose source does not live: as other branches, each looked up by an index. */
function snapshotsInQuestion(held: readonly RuleRow[], now: Temporal.Instant): RawBuilder<unknown> {
  const living = (kinds: readonly string[]) => sql`
    UNION ALL
    SELECT a.resource_id, NULL, NULL FROM inventory_accounts c
    JOIN inventory_states a ON a.account_id = c.account_id AND a.kind = ANY (${[...kinds]}::text[]) AND a.valid_to = 'infinity'`;
  const daysOf = held
    .filter(({ rule }) => rule === 'orphaned_snapshot')
    .map(({ parameters }) => Number(parameters['days'] ?? 0));
  const old = () => sql`
    UNION ALL
    SELECT a.resource_id, NULL, NULL FROM inventory_resources r
    JOIN inventory_states a ON a.resource_id = r.resource_id AND a.account_id = r.account_id AND a.kind = r.kind AND a.valid_to = 'infinity'
    WHERE r.kind = 'snapshot' AND coalesce(r.provider_created_at, r.first_seen_at)
      <= ${now.subtract({ hours: 24 * Math.min(...daysOf) })}::timestamptz`;
  const sourceless = sql`${living(['snapshot', 'droplet_backup'])} WHERE a.parents <> '{}' AND ${isGone(sql`a.parents[1]`, 'a')}`;
  return sql`${daysOf.length === 0 ? sql`` : old()} ${held.some(({ rule }) => rule === 'orphaned_source') ? sourceless : sql``}`;
}
