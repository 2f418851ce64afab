import { sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import { holdsAt, isHidden, isOtherwise } from './actual.store.ts';
import type { BoundTables } from './bindings.store.ts';
import { type FoundTable, free, priceless, pricedSettings, sourceOf, wholeActual } from './found.store.ts';
import { stage } from './stage.store.ts';

// What differs from what is declared. Only what is declared is compared, and only what the inventory tells: a key that
// the actual settings do not have is not told, but for the members of groups, which are told whole.

/** Groups whose members are things of their own, by how many parts of a key name a member: `pool/default`. */
const memberParts = sql`CASE split_part(key, '/', 1) WHEN 'pool' THEN 2 WHEN 'record' THEN 2 WHEN 'component' THEN 3 END`;

/** Groups of which a listing tells all members: what is not there does not exist. */
const wholeGroups = sql`ARRAY['inbound', 'outbound', 'forwarding', 'pool', 'record', 'component']`;

/** The subject of a finding's key: of one of several that a count binds, each for itself. */
const subjectOf = sql`d.declaration_id || ':' || d.address || CASE WHEN d.count IS NULL THEN '' ELSE '#' || d.id END`;

/** What a member of a group is called as a field, of `key`: `pool/default`, or the key itself where members have no parts. */
const memberOf = sql`CASE WHEN ${memberParts} IS NULL THEN key
  ELSE array_to_string((string_to_array(key, '/'))[1:${memberParts}], '/') END`;

export async function findDifferences(
  trx: UnitOfWork,
  tables: BoundTables,
  found: FoundTable,
  now: Temporal.Instant,
): Promise<void> {
  const { compared, has } = await stageCompared(trx, tables);
  if (has.compared) await findChangedFields(trx, compared, found);
  if (has.groups) await findUndeclaredMembers(trx, compared, found);
  if (has.bounds) await findOutOfBounds(trx, compared, found);
  if (has.absent) await findMissing(trx, tables, found);
  await findUnmanaged(trx, tables, found);
  if (has.counts) await findMiscounted(trx, tables, found);
  if (has.others) await findMisattributed(trx, compared, tables, found, now);
  if (has.compared || has.counts) await priceFields(trx, found, tables);
}

/** What there is of each sort: of what there is none, nothing is asked. */
interface Sorts {
  readonly compared: boolean;
  readonly groups: boolean;
  readonly bounds: boolean;
  /** Owned by others. */
  readonly others: boolean;
  readonly absent: boolean;
  readonly counts: boolean;
}

/**
 * Both sides of what is not in all as declared, of what has bounds or whole groups, and of what others own: all is read and
 * joined once. Most of what there is has just the settings that are declared, which is soon seen.
 */
async function stageCompared(
  trx: UnitOfWork,
  { declared, said, bound, unbound, known }: BoundTables,
): Promise<{ readonly compared: TemporaryTable; readonly has: Sorts }> {
  const compared = await stage(
    trx,
    { statement: 'drift.stageCompared', table: 'drift_compared', analyze: ['resource_id'] },
    sql`
      SELECT d.*, a.resource_id, a.account_id AS in_account, a.name, a.external_id AS id, a.parents, a.owners, a.settings, a.hidden
      FROM ${bound} b JOIN ${said} d USING (declared_resource_id) JOIN ${known} a ON a.resource_id = b.resource_id
      WHERE ${isOtherwise({ declared: sql`d.exact`, listed: sql`a.listed`, settings: sql`a.settings`, isAsListed: sql`a.kind <> 'volume' AND a.project IS NULL` })}
         OR d.bounds <> '{}' OR d.groups <> '{}' OR (a.owners <> '{}' AND d.deployment_id <> ALL (a.owners))`,
  );
  const { rows } = await statement<Sorts>('drift.stageCompared.select_sorts')`
    SELECT count(*) > 0 AS compared, coalesce(bool_or(groups <> '{}'), false) AS groups, coalesce(bool_or(bounds <> '{}'), false) AS bounds,
           coalesce(bool_or(owners <> '{}' AND deployment_id <> ALL (owners)), false) AS others,
           EXISTS (SELECT FROM ${bound} b WHERE absent) OR EXISTS (SELECT FROM ${unbound} u) AS absent,
           EXISTS (SELECT FROM ${declared} WHERE count IS NOT NULL) AS counts
    FROM ${compared}`.execute(trx);
  return { compared, has: rows[0]! };
}

/**
 * Exact values that are other, and members that are not there: each of those once, whatever is declared of it. A key of a
 * member that is there is not told where the listing leaves it out, as an app's count of instances.
 */
async function findChangedFields(trx: UnitOfWork, compared: TemporaryTable, found: FoundTable) {
  await statement('drift.findChangedFields')`
    INSERT INTO ${found} (subject, category, rule, field, declaration_id, address, deployment_id, account_id, resource_id, kind,
                          name, declared, actual, how, test_key, test_value, blind, refs, priced, declared_from)
    WITH differing AS (
      SELECT d.*, f.key, f.value, d.settings ? f.key AS is_told, ${subjectOf} AS subject
      FROM ${compared} d CROSS JOIN LATERAL jsonb_each(d.exact) f
      WHERE d.settings -> f.key IS DISTINCT FROM f.value
        AND (d.settings ? f.key OR split_part(f.key, '/', 1) = ANY (${wholeGroups}) AND position('/' IN f.key) > 0)
    ), members AS (
      SELECT *, ${memberOf} AS member FROM differing
    ), there AS (
      SELECT resource_id, ${memberOf} AS member
      FROM (SELECT DISTINCT ON (resource_id) resource_id, settings FROM members WHERE NOT is_told AND ${memberParts} IS NOT NULL) AS looked,
           jsonb_object_keys(settings) AS key
    ), gone AS MATERIALIZED (
      SELECT *, NOT is_told AND ${memberParts} IS NOT NULL AND NOT EXISTS (
        SELECT FROM there t WHERE t.resource_id = members.resource_id AND t.member = members.member) AS is_gone
      FROM members
    ), fields AS (
      SELECT *, CASE WHEN is_gone THEN member ELSE key END AS field, ${isHidden(sql`hidden`, sql`key`)} AS blind FROM gone
      WHERE is_told OR is_gone OR ${memberParts} IS NULL
    )
    SELECT DISTINCT ON (subject, field)
           subject, CASE WHEN is_gone THEN 'missing' ELSE 'changed' END, CASE WHEN is_gone THEN 'missing' ELSE 'changed' END,
           field, declaration_id, address, deployment_id, in_account, resource_id, kind, name,
           CASE WHEN is_gone THEN (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(exact) e WHERE e.key = member OR starts_with(e.key, member || '/'))
                ELSE value END,
           CASE WHEN NOT is_gone THEN settings -> key END, CASE WHEN is_gone THEN 'present' ELSE 'exact' END, key, value,
           blind, parents, CASE WHEN NOT blind AND NOT ${isPricedField} THEN ${free} END, declared_from
    FROM fields ORDER BY subject, field, fields.key`.execute(trx);
}

/** Members of groups that are declared whole, and are not declared. What the provider puts into every zone is nobody's. */
async function findUndeclaredMembers(trx: UnitOfWork, compared: TemporaryTable, found: FoundTable) {
  await statement('drift.findUndeclaredMembers')`
    INSERT INTO ${found} (subject, category, rule, field, declaration_id, address, deployment_id, account_id, resource_id, kind,
                          name, actual, how, test_key, blind, refs, declared_from)
    WITH undeclared AS (
      SELECT d.*, f.key, f.value, ${subjectOf} AS subject
      FROM ${compared} d CROSS JOIN LATERAL jsonb_each(d.settings) f
      WHERE d.groups <> '{}' AND EXISTS (SELECT FROM unnest(d.groups) AS place WHERE starts_with(f.key, place))
    ), members AS (SELECT *, ${memberOf} AS member FROM undeclared),
    said AS (
      SELECT DISTINCT d.declaration_id, d.address, ${memberOf} AS member
      FROM ${compared} d, jsonb_object_keys(d.exact || d.bounds) AS key WHERE d.groups <> '{}')
    SELECT DISTINCT ON (subject, member)
           subject, CASE WHEN member = key THEN 'changed' ELSE 'unmanaged' END, CASE WHEN member = key THEN 'changed' ELSE 'unmanaged' END,
           member, declaration_id, address, deployment_id, in_account, resource_id, kind, name,
           CASE WHEN member = key THEN value
                ELSE (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(settings) e WHERE e.key = member OR starts_with(e.key, member || '/')) END,
           'absent', key, ${isHidden(sql`hidden`, sql`key`)}, parents, declared_from
    FROM members
    WHERE NOT EXISTS (SELECT FROM said s WHERE s.declaration_id = members.declaration_id AND s.address = members.address AND s.member = members.member)
      AND NOT (starts_with(member, 'record/') AND (settings ->> (member || '/type') = 'SOA' OR
               (settings ->> (member || '/type') = 'NS' AND settings ->> (member || '/name') = '@')))
    ORDER BY subject, member, members.key`.execute(trx);
}

async function findOutOfBounds(trx: UnitOfWork, compared: TemporaryTable, found: FoundTable) {
  await statement('drift.findOutOfBounds')`
    INSERT INTO ${found} (subject, category, rule, field, declaration_id, address, deployment_id, account_id, resource_id, kind,
                          name, declared, actual, how, test_key, test_value, blind, refs, declared_from)
    SELECT ${subjectOf}, 'changed', 'changed', f.key, d.declaration_id, d.address, d.deployment_id, d.in_account, d.resource_id,
           d.kind, d.name, f.value, d.settings -> f.key, 'bound', f.key, f.value, ${isHidden(sql`d.hidden`, sql`f.key`)}, d.parents,
           d.declared_from
    FROM ${compared} d CROSS JOIN LATERAL jsonb_each(d.bounds) f
    WHERE d.bounds <> '{}' AND d.settings ? f.key AND NOT drift_agrees(d.settings -> f.key, f.value, 'bound')`.execute(
    trx,
  );
}

/**
 * Whether what is declared and was never seen, of the row `d` of the declared ones, may be there all the same: not every
 * account that it may be in was listed whole since it was declared.
 */
const mayBeUnseen = ({ sight }: BoundTables) => sql`(
  NOT EXISTS (SELECT FROM inventory_accounts c WHERE c.account_id = coalesce(d.account_id, d.about_account, c.account_id) AND c.disconnected_at IS NULL)
  OR EXISTS (SELECT FROM inventory_accounts c LEFT JOIN ${sight} v ON v.account_id = c.account_id AND v.kind = d.kind
             WHERE c.account_id = coalesce(d.account_id, d.about_account, c.account_id) AND c.disconnected_at IS NULL
               AND (v.sighted IS NOT TRUE OR v.whole_at <= d.declared_from)))`;

/**
 * What is not there: it ended, or a whole listing that began after the declaration does not show it. Where a newer one of
 * the same name lives that is not declared, and belongs to no other deployment, that took its place: each the place of
 * one. What several match is nobody's.
 */
async function findMissing(trx: UnitOfWork, tables: BoundTables, found: FoundTable): Promise<void> {
  const { said, bound, unbound, known } = tables;
  await statement('drift.findMissing')`
    INSERT INTO ${found} (subject, category, rule, declaration_id, address, deployment_id, account_id, resource_id, kind, name,
                          declared, actual, since_before, moved, blind, refs, priced, declared_from)
    WITH absent AS (
      SELECT d.*, b.resource_id, r.account_id AS in_account, r.external_id AS id, coalesce(r.provider_created_at, r.first_seen_at) AS born, s.name, s.parents, s.attributes, s.valid_to AS ended_at,
             coalesce(k.settings, '{}') AS last_settings, true AS was_there, false AS blind, NULL::text[] AS external_ids, 0::bigint AS candidates
      FROM ${bound} b JOIN ${said} d USING (declared_resource_id)
      JOIN inventory_resources r ON r.resource_id = b.resource_id
      JOIN LATERAL (SELECT * FROM inventory_states s WHERE s.resource_id = b.resource_id ORDER BY s.valid_to DESC LIMIT 1) s ON true
      LEFT JOIN LATERAL (SELECT settings FROM inventory_settings k WHERE k.resource_id = b.resource_id ORDER BY k.valid_to DESC LIMIT 1) k ON true
      WHERE d.count IS NULL AND b.absent
      UNION ALL
      SELECT d.*, NULL, d.account_id, d.external_id, NULL, coalesce(d.exact ->> 'name', d.match ->> 'name', d.external_id), '{}', '{}', NULL, '{}', false,
             ${mayBeUnseen(tables)}, u.external_ids, u.candidates
      FROM ${unbound} u JOIN ${said} d USING (declared_resource_id)
    ), named AS (
      SELECT b.*, row_number() OVER (PARTITION BY declaration_id, in_account, kind, called, candidates > 1 ORDER BY ended_at DESC NULLS LAST, address) AS place
      FROM (SELECT *, coalesce(nullif(name, ''), exact ->> 'name') AS called FROM absent) b
    ), heirs AS (
      SELECT g.declaration_id, g.in_account, g.kind, g.called, a.resource_id, a.external_id, a.attributes, a.parents, a.settings,
             row_number() OVER (PARTITION BY g.declaration_id, g.in_account, g.kind, g.called ORDER BY a.created_at DESC, a.resource_id DESC) AS place
      FROM (SELECT declaration_id, deployment_id, in_account, kind, called, min(born) AS born FROM named WHERE candidates = 0
            GROUP BY declaration_id, deployment_id, in_account, kind, called) g
      JOIN ${known} a ON a.kind = g.kind AND a.name = g.called AND a.account_id = coalesce(g.in_account, a.account_id)
      WHERE (g.born IS NULL OR a.created_at > g.born) AND (g.deployment_id IS NULL OR a.owners = '{}' OR g.deployment_id = ANY (a.owners))
        AND NOT EXISTS (SELECT FROM ${bound} o WHERE o.resource_id = a.resource_id AND NOT o.is_counted)
    )
    SELECT b.declaration_id || ':' || b.address, c.category, c.category, b.declaration_id, b.address, b.deployment_id, b.in_account,
           coalesce(n.resource_id, b.resource_id), b.kind, b.name,
           CASE WHEN c.category = 'ambiguous' THEN b.match ELSE to_jsonb(b.id) END,
           CASE c.category WHEN 'ambiguous' THEN to_jsonb(b.external_ids) WHEN 'replaced' THEN to_jsonb(n.external_id) END,
           greatest(coalesce(b.ended_at, b.declared_from), b.declared_from), b.was_there AND b.ended_at > b.declared_from,
           b.blind AND c.category <> 'ambiguous', b.parents,
           CASE c.category
             WHEN 'ambiguous' THEN ${priceless}
             WHEN 'missing' THEN jsonb_build_object('what', 'whole', 'sign', -1, 'kind', b.kind, 'attributes', b.attributes,
               'source', ${sourceOf(sql`b.parents`)}, 'settings', ${pricedSettings(sql`b.last_settings || b.exact`)})
             ELSE jsonb_build_object('what', 'instead', 'kind', b.kind, 'attributes', n.attributes, 'source', ${sourceOf(sql`n.parents`)},
               'settings', ${pricedSettings(sql`n.settings`)}, 'before', jsonb_build_object('attributes', b.attributes,
               'settings', ${pricedSettings(sql`b.last_settings || b.exact`)})) END,
           b.declared_from
    FROM named b
    LEFT JOIN heirs n ON b.candidates = 0 AND n.declaration_id = b.declaration_id AND n.in_account IS NOT DISTINCT FROM b.in_account
     AND n.kind = b.kind AND n.called = b.called AND n.place = b.place
    CROSS JOIN LATERAL (SELECT CASE WHEN b.candidates > 1 THEN 'ambiguous' WHEN n.resource_id IS NOT NULL THEN 'replaced' ELSE 'missing' END AS category) c`.execute(
    trx,
  );
}

/** What lives in what is covered, and is declared nowhere: not what belongs to something else that is. */
async function findUnmanaged(trx: UnitOfWork, { declared, bound, actual, known }: BoundTables, found: FoundTable) {
  await statement('drift.findUnmanaged')`
    INSERT INTO ${found} (subject, category, rule, declaration_id, deployment_id, account_id, resource_id, kind, name,
                          actual, since_before, moved, refs, priced, declared_from)
    WITH covering AS NOT MATERIALIZED (
      SELECT * FROM declaration_versions WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND covers <> 'nothing'
    ), undeclared AS MATERIALIZED (
      SELECT a.resource_id, a.owners FROM ${actual} a
      WHERE a.kind <> ALL (ARRAY['snapshot', 'droplet_backup', 'project', 'vpc', 'certificate']) AND NOT a.of_cluster
        AND NOT EXISTS (SELECT FROM ${bound} b WHERE b.resource_id = a.resource_id)
        AND NOT EXISTS (SELECT FROM ${found} f WHERE f.category = 'replaced' AND f.resource_id = a.resource_id)
    ), covered AS (
      SELECT v.declaration_id, a.resource_id
      FROM (SELECT resource_id, unnest(owners) AS deployment_id FROM undeclared) a JOIN covering v USING (deployment_id) WHERE v.covers = 'deployment'
      UNION ALL
      SELECT v.declaration_id, a.resource_id
      FROM undeclared u JOIN ${known} a USING (resource_id) JOIN covering v ON a.settings ->> 'project' = substr(v.covers, 9)
      WHERE v.covers LIKE 'project:%' AND a.settings ? 'project'
    )
    SELECT v.declaration_id || ':resource:' || a.resource_id, 'unmanaged', 'unmanaged', v.declaration_id, v.deployment_id, a.account_id,
           a.resource_id, a.kind, a.name, to_jsonb(a.external_id), greatest(a.created_at, v.valid_from), a.created_at > v.valid_from,
           a.parents, ${wholeActual}, v.valid_from
    FROM covered JOIN covering v USING (declaration_id) JOIN ${known} a USING (resource_id)
    WHERE (v.account_id IS NULL OR v.account_id = a.account_id)
      AND NOT EXISTS (
        SELECT FROM ${found} f JOIN ${declared} d USING (declaration_id, address)
        WHERE f.category = 'ambiguous' AND d.declaration_id = v.declaration_id AND d.kind = a.kind AND f.actual ? a.external_id)`.execute(
    trx,
  );
}

/** More or fewer than declared: since the last of those that matched what is declared now was created or ended. */
async function findMiscounted(trx: UnitOfWork, tables: BoundTables, found: FoundTable) {
  const { declared, bound } = tables;
  await statement('drift.findMiscounted')`
    INSERT INTO ${found} (subject, category, rule, field, declaration_id, address, deployment_id, account_id, kind, name,
                          declared, actual, since_before, moved, blind, declared_from)
    SELECT declaration_id || ':' || address, 'changed', 'changed', 'count', declaration_id, address, deployment_id, account_id,
           kind, name, count, to_jsonb(actual), greatest(turned_at, declared_from), coalesce(turned_at > declared_from, false), blind AND actual < coalesce((count ->> 'min')::numeric, 0),
           declared_from
    FROM (
      SELECT d.*, d.match ->> 'name' AS name, coalesce(n.bound, 0) AS actual,
             (SELECT max(CASE s.valid_to WHEN 'infinity' THEN coalesce(r.provider_created_at, r.first_seen_at) ELSE s.valid_to END)
              FROM drift_bindings h JOIN inventory_resources r USING (resource_id)
              JOIN LATERAL (SELECT max(valid_to) AS valid_to FROM inventory_states s WHERE s.resource_id = h.resource_id) s ON true
              WHERE h.declaration_id = d.declaration_id AND h.address = d.address AND h.superseded_at = 'infinity'
                AND h.valid_to > d.declared_from) AS turned_at,
             ${mayBeUnseen(tables)} AS blind
      FROM ${declared} d
      LEFT JOIN (SELECT declared_resource_id, count(*) AS bound FROM ${bound} b WHERE is_counted GROUP BY declared_resource_id) n
        USING (declared_resource_id)
      WHERE d.count IS NOT NULL) AS counted
    WHERE NOT drift_agrees(to_jsonb(actual), count, 'bound')`.execute(trx);
}

/** Declared of one deployment, and owned by another: what is unassigned is shown as that, and is no finding. */
async function findMisattributed(
  trx: UnitOfWork,
  compared: TemporaryTable,
  { known }: BoundTables,
  found: FoundTable,
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.findMisattributed')`
    INSERT INTO ${found} (subject, category, rule, declaration_id, address, deployment_id, account_id, resource_id, kind, name,
                          declared, actual, since_before, moved, at_once, refs, priced, declared_from)
    SELECT ${subjectOf}, 'misattributed', 'misattributed', d.declaration_id, d.address, d.deployment_id, a.account_id, a.resource_id,
           d.kind, a.name, to_jsonb(l.slug), (SELECT jsonb_agg(o.slug ORDER BY o.slug) FROM deployments_list o WHERE o.deployment_id = ANY (a.owners)),
           greatest(d.declared_from, w.valid_from), false, true, a.parents, ${wholeActual}, d.declared_from
    FROM ${compared} d JOIN ${known} a ON a.resource_id = d.resource_id
    JOIN deployments_list l ON l.deployment_id = d.deployment_id
    LEFT JOIN LATERAL (SELECT max(w.valid_from) AS valid_from FROM deployments_attributions w
                       WHERE w.resource_id = a.resource_id AND ${holdsAt('w', now)}) w ON true
    WHERE d.owners <> '{}' AND d.deployment_id <> ALL (d.owners)`.execute(trx);
}

/** Fields on which a price may rest: what is declared of others is not read to price them. */
const isPricedField = sql`(field IN ('size', 'backups', 'backup_policy/plan', 'size_gb', 'nodes', 'type', 'storage_size_mib', 'droplet', 'ha', 'tier')
  OR starts_with(field, 'pool/') OR starts_with(field, 'component/'))`;

/** Fields are priced one after the other: each is given what is declared of all of its resource's. */
async function priceFields(trx: UnitOfWork, found: FoundTable, { known }: BoundTables): Promise<void> {
  await statement('drift.priceFields')`
    UPDATE ${found} f SET priced = CASE WHEN s.is_priced THEN jsonb_build_object('what', 'field', 'field', f.field, 'kind', a.kind, 'attributes', a.attributes,
      'source', ${sourceOf(sql`a.parents`)}, 'settings', ${pricedSettings(sql`a.settings`)}, 'declared', s.declared) ELSE ${free} END
    FROM ${known} a, (
      SELECT subject, field, ${isPricedField} AS is_priced,
             coalesce(jsonb_object_agg(field, declared) FILTER (WHERE ${isPricedField}) OVER (PARTITION BY subject), '{}') AS declared
      FROM ${found} WHERE field IS NOT NULL AND resource_id IS NOT NULL AND NOT blind AND priced IS NULL) s
    WHERE a.resource_id = f.resource_id AND s.subject = f.subject AND s.field = f.field AND NOT f.blind AND f.priced IS NULL`.execute(
    trx,
  );
}
