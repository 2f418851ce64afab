import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import { inheritanceLayers, inheritingKinds, lastLayer } from '../inheritance.ts';
import { statement } from '../../platform/database/statement.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../platform/database/temporary-table.ts';

// Derivation of attributions, in temporary tables of the caller's transaction. Each step takes the tables of those
// before it.
//
// A multirange per (resource, rule, owner) instead of rows per interval: intersecting,
// subtracting and comparing whole histories are then single expressions.

/** What a derivation is of. */
interface Subjects {
  /** The resources to derive. */
  readonly touched: TemporaryTable<'touched'>;
  /** Their birth, when they were alive, their layer of inheritance. */
  readonly subjects: TemporaryTable<'subjects'>;
  /** Who owns them: (resource, rule, owner set) held over a multirange; rule 0 is "no rule found an owner". */
  readonly derived: TemporaryTable<'derived'>;
}

/** And what it is made from. */
interface Derivation extends Subjects {
  readonly rules: TemporaryTable<'rules_now'>;
  /** What each rule says of them, in the way of `derived`. */
  readonly candidates: TemporaryTable<'candidates'>;
}

/** Kinds' layers as a CASE over the column. */
function layerOf(kind: RawBuilder<unknown>): RawBuilder<number> {
  const cases = Object.entries(inheritanceLayers).map(
    ([name, layer]) => sql`WHEN ${sql.lit(name)} THEN ${sql.lit(layer)}`,
  );
  return sql`(CASE ${kind} ${sql.join(cases, sql` `)} ELSE 0 END)`;
}

const inheriting = sql`(${sql.join(inheritingKinds.map((kind) => sql.lit(kind)))})`;

export const unattributedSet = sql`
  (SELECT s.owner_set_id FROM deployments d JOIN owner_sets s ON s.signature = d.deployment_id || ':1'
   WHERE d.slug = 'unattributed')`;

/** Kinds of which a resource without an owner is no gap: they hold others, or cost nothing. */
export const neverMissedKinds: readonly string[] = ['project', 'vpc', 'certificate'];
export const neverMissed = sql`${sql.lit(`{${neverMissedKinds.join(',')}}`)}::text[]`;

/** Where isLargePart draws the line: more than this many resources, and than this part (a twentieth) of all. */
const MANY = 10_000;
const LARGE_PART = 20;

/**
 * Lets one derivation run at a time. A LOCK takes no snapshot, so that in a repeatable read
 * transaction all that was committed until it was granted is seen.
 */
export async function lockAttributions(trx: UnitOfWork): Promise<void> {
  await statement('deployments.lockAttributions')`LOCK TABLE attribution_progress IN EXCLUSIVE MODE`.execute(trx);
}

/** Lets nobody else assign resources or change rules until the transaction ends. */
export async function lockDecisions(trx: UnitOfWork): Promise<void> {
  await statement('deployments.lockDecisions')`
    LOCK TABLE manual_assignments, ownership_rules IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

/** How long each statement of the transaction may take from here on. Takes no snapshot. */
export async function limitStatements(trx: UnitOfWork, milliseconds: number): Promise<void> {
  await statement('deployments.limitStatements')`
    SET LOCAL statement_timeout = ${sql.lit(milliseconds)}`.execute(trx);
}

/** How long each statement of the transaction may wait for a lock from here on. Takes no snapshot. */
export async function limitWaiting(trx: UnitOfWork, milliseconds: number): Promise<void> {
  await statement('deployments.limitWaiting')`SET LOCAL lock_timeout = ${sql.lit(milliseconds)}`.execute(trx);
}

/** The last change that has been turned into attributions. */
export async function readProgress(trx: UnitOfWork): Promise<number> {
  const { rows } = await statement<{ position: number }>('deployments.readProgress')`
    SELECT change_id AS position FROM attribution_progress`.execute(trx);
  return rows[0]?.position ?? 0;
}

export async function writeProgress(trx: UnitOfWork, position: number): Promise<void> {
  await statement('deployments.writeProgress')`UPDATE attribution_progress SET change_id = ${position}`.execute(trx);
}

/** The resources of the changes in (after, upTo], and how many they are. */
export async function touchChanged(
  trx: UnitOfWork,
  after: number,
  upTo: number,
): Promise<{ readonly touched: TemporaryTable<'touched'>; readonly count: number }> {
  // For a first derivation of millions: sorts in memory; and sorted groups, one range_agg at a time,
  // where a hash would hold them all at once and spill.
  await statement(
    'deployments.touchChanged.select_set_config',
  )`SELECT set_config('work_mem', '64MB', true), set_config('enable_hashagg', 'off', true)`.execute(trx);
  const touched = await createTemporaryTableAs(
    trx,
    {
      statement: 'deployments.touchChanged',
      table: 'touched',
      index: { on: 'resource_id', unique: true },
      analyze: true,
    },
    sql`
      SELECT DISTINCT subject AS resource_id FROM changes
      WHERE change_id > ${after} AND change_id <= ${upTo} AND topic = 'resource'
      ORDER BY resource_id`,
  );
  const { rows } = await statement<{ count: number }>(
    'deployments.touchChanged.select_count',
  )`SELECT count(*) AS count FROM ${touched}`.execute(trx);
  return { touched, count: rows[0]?.count ?? 0 };
}

/** Whether so many are touched that deriving everything is cheaper than looking for what inherits. */
export async function isLargePart(trx: UnitOfWork, touched: number): Promise<boolean> {
  if (touched <= MANY) return false;
  const { rows } = await statement<{ large: boolean }>('deployments.isLargePart')`
    SELECT ${touched} > count(*) / ${sql.lit(LARGE_PART)} AS large FROM inventory_resources`.execute(trx);
  return rows[0]?.large ?? false;
}

/** Adds every resource to `touched`. */
export async function touchAll(trx: UnitOfWork, touched: TemporaryTable<'touched'>): Promise<void> {
  await statement('deployments.touchAll')`
    INSERT INTO ${touched}
    SELECT resource_id FROM inventory_resources r
    WHERE NOT EXISTS (SELECT FROM ${touched} t WHERE t.resource_id = r.resource_id)`.execute(trx);
}

/**
 * Adds to `touched` what inherits from it; returns how much that is. A firewall or a load balancer that names a tag is
 * added whenever a droplet of its account is touched: a tag that a droplet no longer has cannot be seen any more.
 *
 * Heirs are found by all their parents at once: the index of parents is then read once, and not for each parent, nor is
 * each parent compared with every heir of its account.
 */
export async function touchHeirs(trx: UnitOfWork, touched: TemporaryTable<'touched'>): Promise<number> {
  const { numAffectedRows } = await statement('deployments.touchHeirs')`
    INSERT INTO ${touched}
    WITH parents AS MATERIALIZED (
      SELECT r.account_id, r.kind, r.kind || ':' || r.external_id AS ref
      FROM ${touched} t JOIN inventory_resources r USING (resource_id)
      WHERE ${layerOf(sql`r.kind`)} < ${sql.lit(lastLayer)}
    ), heirs AS MATERIALIZED (
      SELECT s.resource_id, s.account_id, s.parents FROM inventory_states s
      WHERE s.parents <> '{}' AND s.parents && ARRAY(SELECT ref FROM parents) AND s.kind IN ${inheriting}
    )
    SELECT h.resource_id FROM heirs h CROSS JOIN unnest(h.parents) AS ref JOIN parents p USING (account_id, ref)
    UNION
    SELECT f.resource_id
    FROM (SELECT DISTINCT account_id FROM parents WHERE kind = 'droplet') p
    JOIN inventory_resources f ON f.account_id = p.account_id AND f.kind IN ('firewall', 'load_balancer')
    JOIN inventory_states s ON s.resource_id = f.resource_id
    WHERE EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'tag:%')
    ON CONFLICT DO NOTHING`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

/** Stages `subjects` and an empty `derived`; and of which layers the subjects are, the lowest first. */
export async function stageSubjects(
  trx: UnitOfWork,
  touched: TemporaryTable<'touched'>,
): Promise<Subjects & { readonly layers: number[] }> {
  await statement('deployments.stageSubjects.analyze_touched')`ANALYZE ${touched}`.execute(trx);
  const subjects = await createTemporaryTableAs(
    trx,
    {
      statement: 'deployments.stageSubjects',
      table: 'subjects',
      drop: ['subjects', 'derived'],
      index: { on: 'resource_id', unique: true },
      analyze: true,
    },
    sql`
      SELECT r.resource_id, r.kind, r.first_seen_at, ${layerOf(sql`r.kind`)} AS layer, l.born, l.alive,
             tstzmultirange(tstzrange(l.born, 'infinity')) AS life
      FROM (
        SELECT s.resource_id, min(s.valid_from) AS born, range_agg(tstzrange(s.valid_from, s.valid_to)) AS alive
        FROM ${touched} t JOIN inventory_states s USING (resource_id) GROUP BY s.resource_id
      ) l JOIN inventory_resources r USING (resource_id)`,
  );
  const derived = await createTemporaryTable(
    trx,
    { statement: 'deployments.stageSubjects', table: 'derived', drop: [] },
    sql`resource_id bigint NOT NULL, owner_set_id bigint NOT NULL, rule_id bigint NOT NULL, held tstzmultirange NOT NULL`,
  );
  const { rows } = await statement<{ layer: number }>('deployments.stageSubjects.select_layers')`
    SELECT DISTINCT layer FROM ${subjects} ORDER BY layer`.execute(trx);
  return { touched, subjects, derived, layers: rows.map(({ layer }) => layer) };
}

/** A pattern of names, as LIKE wants it. */
export function nameAlike(pattern: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`translate(replace(replace(replace(${pattern}, ${'\\'}, ${'\\\\'}), '%', ${'\\%'}), '_', ${'\\_'}), '*?', '%_')`;
}

/**
 * The states that a name rule matches, for a FROM clause: `s` the state, `r` the rule. Names are
 * looked up by the patterns' literal beginnings (one hash probe per distinct length), and only what
 * begins right is compared with its pattern: hundreds of rules cost little more than one. OFFSET 0 keeps PostgreSQL from
 * comparing every name with every pattern first, which of 10,000 each took 100 s in place of 1.5 s.
 */
export function nameMatches(states: RawBuilder<unknown>, rules: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    (
      SELECT s.*, l.beginning, left(s.name, l.beginning) AS name_begins
      FROM (SELECT DISTINCT length(substring(pattern FROM '^[^*?]*')) AS beginning FROM ${rules} WHERE kind = 'name') l
      CROSS JOIN ${states} s OFFSET 0
    ) s JOIN (
      SELECT *, substring(pattern FROM '^[^*?]*') AS pattern_begins, ${nameAlike(sql`pattern`)} AS alike
      FROM ${rules} WHERE kind = 'name' OFFSET 0
    ) r ON length(r.pattern_begins) = s.beginning AND r.pattern_begins = s.name_begins AND s.name LIKE r.alike
     AND (r.resource_kinds IS NULL OR s.kind = ANY (r.resource_kinds))`;
}

/**
 * Stages `candidates`: what the rules that look at the resource itself say. A deployment tag that
 * stands beside another one loses to the older deployment's (owner sets are numbered in the order
 * in which deployments were made).
 */
export async function stageDirectCandidates(trx: UnitOfWork, of: Subjects): Promise<Derivation> {
  const { subjects } = of;
  const rules = await createTemporaryTableAs(
    trx,
    {
      statement: 'deployments.stageDirectCandidates',
      table: 'rules_now',
      drop: ['rules_now', 'candidates'],
      analyze: true,
    },
    sql`
      SELECT rule_id, kind, position, project_id, pattern, resource_kinds, owner_set_id,
             tstzrange(valid_from, valid_to) AS held
      FROM ownership_rules WHERE superseded_at = 'infinity'`,
  );
  const candidates = await createTemporaryTableAs(
    trx,
    {
      statement: 'deployments.stageDirectCandidates',
      table: 'candidates',
      drop: [],
      index: { on: 'resource_id' },
      analyze: true,
    },
    sql`
      WITH said AS (
        SELECT m.resource_id, r.position, r.rule_id, m.owner_set_id, tstzrange(m.valid_from, m.valid_to) * r.held AS held
        FROM ${subjects} j JOIN manual_assignments m USING (resource_id) JOIN ${rules} r ON r.kind = 'manual'
        WHERE m.superseded_at = 'infinity'
        UNION ALL
        SELECT m.resource_id, r.position, r.rule_id, r.owner_set_id, tstzrange(m.valid_from, m.valid_to) * r.held
        FROM ${subjects} j JOIN inventory_memberships m USING (resource_id)
        JOIN ${rules} r ON r.kind = 'project' AND r.project_id = m.project_id
        WHERE r.resource_kinds IS NULL OR j.kind = ANY (r.resource_kinds)
        UNION ALL
        SELECT s.resource_id, r.position, r.rule_id, o.owner_set_id, tstzrange(s.valid_from, s.valid_to) * r.held
        FROM ${subjects} j JOIN inventory_states s USING (resource_id) CROSS JOIN unnest(s.tags) AS tag
        JOIN deployments d ON 'deployment:' || d.slug = lower(tag) AND d.customer_id IS NOT NULL
        JOIN owner_sets o ON o.signature = d.deployment_id || ':1'
        JOIN ${rules} r ON r.kind = 'deployment_tag'
        WHERE s.tags <> '{}'
        UNION ALL
        SELECT s.resource_id, r.position, r.rule_id, r.owner_set_id, tstzrange(s.valid_from, s.valid_to) * r.held
        FROM ${subjects} j JOIN inventory_states s USING (resource_id) CROSS JOIN unnest(s.tags) AS tag
        JOIN ${rules} r ON r.kind = 'tag' AND lower(r.pattern) = lower(tag)
        WHERE s.tags <> '{}' AND (r.resource_kinds IS NULL OR s.kind = ANY (r.resource_kinds))
        UNION ALL
        SELECT s.resource_id, r.position, r.rule_id, r.owner_set_id, tstzrange(s.valid_from, s.valid_to) * r.held
        FROM ${nameMatches(sql`(SELECT v.* FROM ${subjects} j JOIN inventory_states v USING (resource_id))`, rules)}
      )
      SELECT resource_id, position, rule_id, owner_set_id, range_agg(held) AS held
      FROM said GROUP BY resource_id, position, rule_id, owner_set_id`,
  );
  return { ...of, rules, candidates };
}

/**
 * Adds to `candidates` what the subjects of a layer inherit: their parents' owner at each instant,
 * where all parents that are known have the same one. A parent's attribution goes on after its
 * end, so that what it leaves behind stays with its last owner.
 */
export async function stageInheritedCandidates(
  trx: UnitOfWork,
  { touched, subjects, derived, rules, candidates }: Derivation,
  layer: number,
): Promise<void> {
  const links = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageInheritedCandidates', table: 'parent_links', analyze: true },
    sql`
      WITH named AS MATERIALIZED (
        SELECT s.resource_id, s.account_id, lower(substr(parent, 5)) AS tag, tstzrange(s.valid_from, s.valid_to) AS held
        FROM ${subjects} j JOIN inventory_states s USING (resource_id) CROSS JOIN unnest(s.parents) AS parent
        WHERE j.layer = ${layer} AND j.kind IN ('firewall', 'load_balancer') AND parent LIKE 'tag:%'
      ), tagged AS MATERIALIZED (
        SELECT p.resource_id, p.account_id, lower(tag) AS tag, tstzrange(p.valid_from, p.valid_to) AS held
        FROM inventory_states p CROSS JOIN unnest(p.tags) AS tag
        WHERE p.kind = 'droplet' AND p.tags <> '{}' AND without_case(p.tags) && ARRAY(SELECT tag FROM named)
      )
      SELECT s.resource_id, p.resource_id AS parent_id, range_agg(tstzrange(s.valid_from, s.valid_to)) AS held
      FROM ${subjects} j JOIN inventory_states s USING (resource_id) CROSS JOIN unnest(s.parents) AS parent
      JOIN inventory_resources p ON p.account_id = s.account_id AND p.kind = split_part(parent, ':', 1)
       AND p.external_id = substr(parent, strpos(parent, ':') + 1)
      WHERE j.layer = ${layer} AND ${layerOf(sql`p.kind`)} < ${layer}
      GROUP BY s.resource_id, p.resource_id
      UNION ALL
      SELECT n.resource_id, t.resource_id, range_agg(n.held * t.held)
      FROM named n JOIN tagged t USING (account_id, tag) GROUP BY n.resource_id, t.resource_id`,
  );
  await statement('deployments.stageInheritedCandidates.analyze_derived')`ANALYZE ${derived}`.execute(trx);
  await statement('deployments.stageInheritedCandidates.insert_candidates')`
    INSERT INTO ${candidates} (resource_id, position, rule_id, owner_set_id, held)
    WITH parent_owners AS (
      SELECT l.resource_id, d.owner_set_id, d.held * l.held AS held
      FROM ${links} l JOIN ${derived} d ON d.resource_id = l.parent_id
      UNION ALL
      SELECT l.resource_id, a.owner_set_id, tstzmultirange(tstzrange(a.valid_from, a.valid_to)) * l.held
      FROM ${links} l JOIN attributions a ON a.resource_id = l.parent_id AND a.superseded_at = 'infinity'
      WHERE NOT EXISTS (SELECT FROM ${touched} t WHERE t.resource_id = l.parent_id)
    ), by_owner AS (
      SELECT resource_id, owner_set_id, range_agg(held) AS held FROM parent_owners GROUP BY resource_id, owner_set_id
    ), agreed AS (
      SELECT resource_id, owner_set_id, held - coalesce(range_agg(held) OVER (
               PARTITION BY resource_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW), '{}') AS held
      FROM by_owner
    )
    SELECT a.resource_id, r.position, r.rule_id, a.owner_set_id, a.held * tstzmultirange(r.held)
    FROM agreed a JOIN ${rules} r ON r.kind = 'inheritance'
    WHERE NOT isempty(a.held) AND a.owner_set_id <> ${unattributedSet}`.execute(trx);
}

/**
 * Adds to `derived` who owns the subjects of a layer: at each instant from birth on, what the first
 * candidate in the rules' order says.
 *
 * While a resource does not exist (after its end, or in a gap) only manual assignments speak; else
 * its owner just before stays. The first owner that is found within 24 hours of first sight holds
 * from birth.
 */
export async function deriveLayer(
  trx: UnitOfWork,
  { subjects, derived, rules, candidates }: Derivation,
  layer: number,
): Promise<void> {
  const intervals = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.deriveLayer', table: 'owned_intervals', index: { on: 'resource_id' }, analyze: true },
    sql`
      WITH clipped AS (
        SELECT c.resource_id, c.position, c.rule_id, c.owner_set_id,
               c.held * CASE WHEN r.kind = 'manual' THEN j.life ELSE j.alive END AS held
        FROM ${subjects} j JOIN ${candidates} c USING (resource_id)
        JOIN (SELECT DISTINCT rule_id, kind FROM ${rules}) r USING (rule_id)
        WHERE j.layer = ${layer}
      ), owned AS (
        SELECT resource_id, rule_id, owner_set_id, held - coalesce(range_agg(held) OVER (
                 PARTITION BY resource_id ORDER BY position, rule_id, owner_set_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '{}') AS held
        FROM clipped
      )
      SELECT resource_id, rule_id, owner_set_id, held FROM owned WHERE NOT isempty(held)
      UNION ALL
      SELECT resource_id, 0, ${unattributedSet}, held FROM (
        SELECT j.resource_id, j.alive - coalesce(o.held, '{}') AS held
        FROM ${subjects} j
        LEFT JOIN (SELECT resource_id, range_agg(held) AS held FROM owned GROUP BY resource_id) o USING (resource_id)
        WHERE j.layer = ${layer}
      ) unowned WHERE NOT isempty(held)`,
  );
  await statement('deployments.deriveLayer.insert_gaps')`
    INSERT INTO ${intervals}
    WITH gone AS (
      SELECT j.resource_id, gap, p.held
      FROM ${subjects} j CROSS JOIN unnest(j.life - j.alive) AS gap
      CROSS JOIN LATERAL (SELECT range_agg(held) AS held FROM ${intervals} p WHERE p.resource_id = j.resource_id) p
      WHERE j.layer = ${layer} AND j.alive <> j.life
    )
    SELECT g.resource_id, p.rule_id, p.owner_set_id, tstzmultirange(g.gap) - g.held
    FROM gone g JOIN ${intervals} p USING (resource_id) CROSS JOIN unnest(p.held) AS part
    WHERE lower(part) < lower(g.gap) AND upper(part) >= lower(g.gap)`.execute(trx);
  await statement('deployments.deriveLayer.insert_derived')`
    INSERT INTO ${derived}
    WITH first_owner AS (
      SELECT DISTINCT ON (j.resource_id) j.resource_id, p.rule_id, p.owner_set_id, j.born, lower(p.held) AS since, j.first_seen_at
      FROM ${subjects} j JOIN ${intervals} p USING (resource_id)
      WHERE p.rule_id <> 0
      ORDER BY j.resource_id, lower(p.held)
    ), early AS (
      SELECT resource_id, rule_id, owner_set_id, tstzmultirange(tstzrange(born, since)) AS held
      FROM first_owner WHERE born < since AND since < first_seen_at + interval '24 hours'
    )
    SELECT resource_id, owner_set_id, rule_id, range_agg(held) FROM (
      SELECT p.resource_id, p.owner_set_id, p.rule_id, CASE WHEN p.rule_id = 0 THEN p.held - coalesce(e.held, '{}') ELSE p.held END AS held
      FROM ${intervals} p LEFT JOIN early e USING (resource_id)
      UNION ALL
      SELECT resource_id, owner_set_id, rule_id, held FROM early
    ) p GROUP BY resource_id, owner_set_id, rule_id HAVING NOT isempty(range_agg(held))`.execute(trx);
}

export interface StagedChanges {
  /** Resources whose owner differs somewhere: a preview counts the same. */
  readonly resources: number;
  readonly ownerChanges: number;
  readonly ruleChanges: number;
  /** Another owner, or no longer any history there. */
  readonly owners: TemporaryTable<'owner_changes'>;
  /** The same owner by another rule. */
  readonly rules: TemporaryTable<'rule_changes'>;
}

/**
 * Compares `derived` with what is believed of `touched` and stages exactly what differs. In the
 * resources' order: the index that forbids overlaps is filled several times faster so.
 */
export async function stageChanges(trx: UnitOfWork, { touched, derived }: Subjects): Promise<StagedChanges> {
  await statement('deployments.stageChanges.analyze_derived')`ANALYZE ${derived}`.execute(trx);
  const differing = await createTemporaryTableAs(
    trx,
    {
      statement: 'deployments.stageChanges',
      table: 'differing',
      drop: ['differing', 'owner_changes', 'rule_changes'],
      analyze: true,
    },
    sql`
      WITH believed AS (
        SELECT a.resource_id, a.owner_set_id, coalesce(a.rule_id, 0) AS rule_id,
               range_agg(tstzrange(a.valid_from, a.valid_to)) AS held
        FROM ${touched} t JOIN attributions a USING (resource_id)
        WHERE a.superseded_at = 'infinity'
        GROUP BY a.resource_id, a.owner_set_id, coalesce(a.rule_id, 0)
      )
      SELECT resource_id, owner_set_id, rule_id, coalesce(d.held, '{}') AS derived, coalesce(b.held, '{}') AS believed,
             coalesce(range_agg(b.held) OVER (PARTITION BY resource_id, owner_set_id), '{}') AS owner_believed
      FROM ${derived} d FULL JOIN believed b USING (resource_id, owner_set_id, rule_id)
      WHERE d.held IS DISTINCT FROM b.held`,
  );
  const owners = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageChanges', table: 'owner_changes', drop: [], analyze: true },
    sql`
      SELECT resource_id, owner_set_id, nullif(rule_id, 0) AS rule_id,
             lower(part) AS valid_from, upper(part) AS valid_to, true AS asserted
      FROM ${differing}, unnest(derived - owner_believed) AS part
      UNION ALL
      SELECT resource_id, NULL, NULL, lower(part), upper(part), false
      FROM (
        SELECT resource_id, range_agg(believed) - range_agg(derived) AS held FROM ${differing}
        WHERE resource_id IN (SELECT resource_id FROM ${differing} WHERE NOT isempty(believed))
        GROUP BY resource_id
      ) gone, unnest(gone.held) AS part
      ORDER BY resource_id, valid_from`,
  );
  const rules = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageChanges', table: 'rule_changes', drop: [] },
    sql`
      SELECT resource_id, owner_set_id, nullif(rule_id, 0) AS rule_id,
             lower(part) AS valid_from, upper(part) AS valid_to, true AS asserted
      FROM ${differing}, unnest((derived - believed) * owner_believed) AS part`,
  );
  const { rows } = await statement<Omit<StagedChanges, 'owners' | 'rules'>>('deployments.stageChanges.select_count')`
    SELECT (SELECT count(DISTINCT resource_id) FROM ${owners}) AS resources,
           (SELECT count(*) FROM ${owners}) AS "ownerChanges",
           (SELECT count(*) FROM ${rules}) AS "ruleChanges"`.execute(trx);
  return { ...(rows[0] ?? { resources: 0, ownerChanges: 0, ruleChanges: 0 }), owners, rules };
}

export interface UnattributedRow {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
  readonly tags: string[];
  /** Since when it is unassigned. */
  readonly since: Temporal.Instant;
}

/** What lived at an instant and had no owner then; at most `limit` beyond `after`, and how many there are in all. */
export async function readUnattributed(
  db: Queryable,
  at: Temporal.Instant,
  limit: number,
  after: Pick<UnattributedRow, 'kind' | 'name' | 'resourceId'> | null,
): Promise<{ resources: UnattributedRow[]; total: number }> {
  const { rows } = await statement<UnattributedRow & { total: number }>('deployments.readUnattributed')`
    SELECT * FROM (
      SELECT s.resource_id AS "resourceId", c.slug AS account, s.kind, r.external_id AS "externalId", s.name, s.tags,
             a.valid_from AS since, count(*) OVER () AS total
      FROM attributions a
      JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_from <= ${at} AND s.valid_to > ${at}
      JOIN inventory_resources r ON r.resource_id = s.resource_id
      JOIN inventory_accounts c ON c.account_id = r.account_id
      WHERE a.superseded_at = 'infinity' AND a.owner_set_id = ${unattributedSet}
        AND a.valid_from <= ${at} AND a.valid_to > ${at} AND s.kind <> ALL (${neverMissed})) AS unowned
    WHERE ${after === null ? sql`true` : sql`(kind, name, "resourceId") > (${after.kind}, ${after.name}, ${after.resourceId})`}
    ORDER BY kind, name, "resourceId" LIMIT ${limit}`.execute(db);
  return { resources: rows.map(({ total: _, ...row }) => row), total: rows[0]?.total ?? 0 };
}
