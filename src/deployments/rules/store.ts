import { type RawBuilder, sql } from 'kysely';
import { appendChanges } from '../../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import { rewriteHistory } from '../../platform/history.ts';
import { nameMatches, neverMissed } from '../attribution/store.ts';
import { inheritingKinds } from '../inheritance.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';

export interface RuleRow {
  readonly ruleId: number;
  readonly kind: 'manual' | 'project' | 'deployment_tag' | 'tag' | 'name' | 'inheritance';
  /** Decimal. Rules are tried by position, then by id. */
  readonly position: string;
  /** The project's provider id and name, for a project link. */
  readonly project: string | null;
  readonly projectName: string | null;
  readonly pattern: string | null;
  readonly resourceKinds: string[] | null;
  readonly origin: 'built in' | 'declared' | 'import';
  /** null for the built-in rules, which find an owner themselves. */
  readonly owners: { readonly slug: string; readonly weight: number }[] | null;
  /** null: the beginning of history. */
  readonly from: Temporal.Instant | null;
  /** null: no end. */
  readonly to: Temporal.Instant | null;
}

/**
 * Every rule that is believed, or the links of some projects by provider id, with a row for each interval in which it
 * says something else, in order.
 */
export async function readRules(db: Queryable, projects: readonly string[] | null = null): Promise<RuleRow[]> {
  const { rows } = await statement<RuleRow>('deployments.readRules')`
    SELECT r.rule_id AS "ruleId", r.kind, r.position, p.external_id AS project, n.name AS "projectName", r.pattern,
           r.resource_kinds AS "resourceKinds", r.origin, o.owners, lower(r.held) AS "from", upper(r.held) AS "to"
    FROM (
      SELECT rule_id, kind, position, project_id, pattern, resource_kinds, owner_set_id, origin,
             unnest(range_agg(tstzrange(valid_from, valid_to))) AS held
      FROM ownership_rules WHERE superseded_at = 'infinity'
      GROUP BY rule_id, kind, position, project_id, pattern, resource_kinds, owner_set_id, origin
    ) r
    LEFT JOIN inventory_resources p ON p.resource_id = r.project_id
    LEFT JOIN LATERAL (SELECT s.name FROM inventory_states s WHERE s.resource_id = r.project_id
                       ORDER BY s.valid_from DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('slug', d.slug, 'weight', m.weight) ORDER BY d.slug) AS owners
                       FROM owner_set_members m JOIN deployments d USING (deployment_id)
                       WHERE m.owner_set_id = r.owner_set_id) o ON true
    WHERE ${projects}::text[] IS NULL OR p.external_id = ANY (${projects}::text[])
    ORDER BY r.position, r.rule_id, r.held`.execute(db);
  return rows;
}

/** What a rule says over an interval, and who said so when. */
export interface RuleVersion extends Omit<RuleRow, 'ruleId'> {
  /** null: built in. */
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string;
  /** When something else took its place; null: it is what is believed. */
  readonly supersededAt: Temporal.Instant | null;
}

/** All that was ever recorded of a rule, what is believed first, then the newest first. Empty: there is no such rule. */
export async function readRuleVersions(db: Queryable, ruleId: number, limit: number): Promise<RuleVersion[]> {
  const { rows } = await statement<RuleVersion>('deployments.readRuleVersions')`
    SELECT r.kind, r.position, p.external_id AS project, n.name AS "projectName", r.pattern,
           r.resource_kinds AS "resourceKinds", r.origin, o.owners, nullif(r.valid_from, '-infinity') AS "from",
           nullif(r.valid_to, 'infinity') AS "to", nullif(r.recorded_at, '-infinity') AS "recordedAt",
           r.recorded_by AS "recordedBy", nullif(r.superseded_at, 'infinity') AS "supersededAt"
    FROM ownership_rules r
    LEFT JOIN inventory_resources p ON p.resource_id = r.project_id
    LEFT JOIN LATERAL (SELECT s.name FROM inventory_states s WHERE s.resource_id = r.project_id
                       ORDER BY s.valid_from DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('slug', d.slug, 'weight', m.weight) ORDER BY d.slug) AS owners
                       FROM owner_set_members m JOIN deployments d USING (deployment_id)
                       WHERE m.owner_set_id = r.owner_set_id) o ON true
    WHERE r.rule_id = ${ruleId}
    ORDER BY r.superseded_at DESC, r.valid_from DESC, r.ownership_rule_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** How many resources of each kind are somebody's by a rule at the end of what is known. */
export async function countRuleResources(
  db: Queryable,
  ruleId: number,
): Promise<{ kind: string; resources: number }[]> {
  const { rows } = await statement<{ kind: string; resources: number }>('deployments.countRuleResources')`
    SELECT r.kind, count(*) AS resources
    FROM attributions a JOIN inventory_resources r USING (resource_id)
    WHERE a.rule_id = ${ruleId} AND a.superseded_at = 'infinity' AND a.valid_to = 'infinity'
    GROUP BY r.kind ORDER BY r.kind`.execute(db);
  return rows;
}

/** Resources of kind project by provider id, in any account. */
export async function readProjects(db: Queryable, externalIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await statement<{ external_id: string; resource_id: number }>('deployments.readProjects')`
    SELECT external_id, min(resource_id) AS resource_id FROM inventory_resources
    WHERE kind = 'project' AND external_id = ANY (${externalIds}::text[])
    GROUP BY external_id HAVING count(*) = 1`.execute(db);
  return new Map(rows.map((row) => [row.external_id, row.resource_id]));
}

/** Lets one transaction at a time change the rules. */
export async function lockRules(trx: UnitOfWork): Promise<void> {
  await statement('deployments.lockRules')`LOCK TABLE ownership_rules IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

interface Comparisons {
  readonly states: number;
  /** Of the patterns' beginnings, how many different ones. */
  readonly lengths: number;
  /** Of names and patterns that begin alike; null: to count them alone would take more than `most`. */
  readonly pairs: number | null;
}

/** What matching names with these patterns takes (`nameMatches`), counted without matching any. */
export async function countComparisons(
  trx: UnitOfWork,
  patterns: readonly string[],
  most: number,
): Promise<Comparisons> {
  const { rows } = await statement<Comparisons>('deployments.countComparisons')`
    WITH begun AS MATERIALIZED (
      SELECT length(beginning) AS length, beginning, count(*) AS patterns
      FROM (SELECT substring(pattern FROM '^[^*?]*') AS beginning FROM unnest(${patterns}::text[]) AS pattern) b
      GROUP BY beginning
    ), size AS MATERIALIZED (
      SELECT (SELECT count(*) FROM inventory_states) AS states, (SELECT count(DISTINCT length) FROM begun) AS lengths
    )
    SELECT states, lengths, CASE WHEN states * lengths <= ${most}::bigint THEN (
      -- Grouped, not joined: of a join nobody knows beforehand how many rows it has.
      SELECT coalesce(sum(patterns * states), 0) FROM (
        SELECT sum(patterns) AS patterns, sum(states) AS states FROM (
          SELECT length, beginning, patterns, 0 AS states FROM begun
          UNION ALL
          SELECT l.length, left(s.name, l.length), 0, 1
          FROM (SELECT DISTINCT length FROM begun) l CROSS JOIN inventory_states s
        ) parts GROUP BY length, beginning
      ) grouped
    )::bigint END AS pairs
    FROM size`.execute(trx);
  return rows[0] ?? { states: 0, lengths: 0, pairs: 0 };
}

/** What a rule shall say over an interval. */
export interface WantedRule {
  readonly kind: 'project' | 'tag' | 'name';
  readonly projectId: number | null;
  readonly pattern: string | null;
  readonly resourceKinds: readonly string[] | null;
  readonly position: string;
  readonly ownerSetId: number;
  /** ISO, or -infinity. */
  readonly from: string;
  /** ISO, or infinity. */
  readonly to: string;
}

/** What makes two intervals the same rule: kind, project or pattern, kinds of resource. */
const subject = sql`jsonb_build_array(kind, project_id, pattern, resource_kinds)`;

/**
 * Stages wanted rules, each with the id of the rule that already has its subject, else a new one:
 * wanted intervals of one subject are one rule. With `keepPositions`, rules that are there stay
 * where they stand.
 */
export async function stageWantedRules(
  trx: UnitOfWork,
  wanted: readonly WantedRule[],
  keepPositions: boolean,
): Promise<TemporaryTable<'wanted_rules'>> {
  return createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageWantedRules', table: 'wanted_rules' },
    sql`
      WITH listed AS MATERIALIZED (
        SELECT *, ${subject} AS subject
        FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS (
               kind text, "projectId" bigint, pattern text, "resourceKinds" text[], position numeric,
               "ownerSetId" bigint, "from" timestamptz, "to" timestamptz)) WITH ORDINALITY
             AS w(kind, project_id, pattern, resource_kinds, position, owner_set_id, valid_from, valid_to, place)
      ), present AS MATERIALIZED (
        SELECT DISTINCT ON (subject) subject, rule_id, position FROM (
          SELECT ${subject} AS subject, rule_id, position, valid_from FROM ownership_rules WHERE superseded_at = 'infinity'
        ) r ORDER BY subject, rule_id DESC, valid_from DESC
      ), numbered AS MATERIALIZED (
        SELECT s.subject, coalesce(p.rule_id, nextval('ownership_rule_ids')) AS rule_id, p.position
        FROM (SELECT subject, min(place) AS place FROM listed GROUP BY subject ORDER BY min(place)) s
        LEFT JOIN present p USING (subject)
      )
      SELECT n.rule_id, l.kind, CASE WHEN ${keepPositions} THEN coalesce(n.position, l.position) ELSE l.position END AS position,
             l.project_id, l.pattern, l.resource_kinds, l.owner_set_id, l.valid_from, l.valid_to
      FROM listed l JOIN numbered n USING (subject)`,
  );
}

export interface RuleCounts {
  readonly added: number;
  readonly changed: number;
  readonly ended: number;
  readonly unchanged: number;
}

/**
 * Stages what differs from the rules believed: over wanted intervals what is
 * wanted, nothing between and after them, and what was before the first stays. With `endOthers`,
 * declared rules that are not wanted at all end now.
 */
export async function stageRuleChanges(
  trx: UnitOfWork,
  wanted: TemporaryTable<'wanted_rules'>,
  options: { origin: 'declared' | 'import'; endOthers: boolean; by: string; now: Temporal.Instant },
): Promise<{ readonly counts: RuleCounts; readonly staged: TemporaryTable<'rule_staged'> }> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageRuleChanges', table: 'rule_staged' },
    sql`
      WITH believed AS (
        SELECT * FROM ownership_rules WHERE superseded_at = 'infinity'
      ), said AS (
        SELECT rule_id, range_agg(tstzrange(valid_from, valid_to)) AS held FROM believed GROUP BY rule_id
      ), meant AS (
        SELECT rule_id, range_agg(tstzrange(valid_from, valid_to)) AS held FROM ${wanted} GROUP BY rule_id
      ), asserted AS (
        SELECT w.rule_id, w.kind, w.position, w.project_id, w.pattern, w.resource_kinds, w.owner_set_id,
               tstzmultirange(tstzrange(w.valid_from, w.valid_to)) - coalesce(
                 (SELECT range_agg(tstzrange(b.valid_from, b.valid_to)) FROM believed b
                  WHERE b.rule_id = w.rule_id AND b.position = w.position AND b.owner_set_id = w.owner_set_id
                    AND (b.origin = ${options.origin} OR ${options.origin} = 'import')), '{}') AS held
        FROM ${wanted} w
      ), retracted AS (
        SELECT m.rule_id, s.held * tstzmultirange(tstzrange(lower(m.held), 'infinity')) - m.held AS held
        FROM meant m JOIN said s USING (rule_id)
        UNION ALL
        SELECT s.rule_id, s.held * tstzmultirange(tstzrange(${options.now}, 'infinity'))
        FROM said s
        WHERE ${options.endOthers} AND NOT EXISTS (SELECT FROM meant m WHERE m.rule_id = s.rule_id)
          AND EXISTS (SELECT FROM believed b WHERE b.rule_id = s.rule_id AND b.origin = 'declared')
      )
      SELECT rule_id, kind, position, project_id, pattern, resource_kinds, owner_set_id, ${options.origin}::text AS origin,
             ${options.by}::text AS recorded_by, lower(part) AS valid_from, upper(part) AS valid_to, true AS asserted
      FROM asserted, unnest(held) AS part
      UNION ALL
      SELECT rule_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, lower(part), upper(part), false
      FROM retracted, unnest(held) AS part`,
  );
  const { rows } = await statement<RuleCounts>('deployments.stageRuleChanges.select_count')`
    SELECT count(*) FILTER (WHERE wanted AND staged AND NOT believed) AS added,
           count(*) FILTER (WHERE wanted AND staged AND believed) AS changed,
           count(*) FILTER (WHERE NOT wanted AND staged) AS ended,
           count(*) FILTER (WHERE wanted AND NOT staged) AS unchanged
    FROM (
      SELECT rule_id, bool_or(wanted) AS wanted, bool_or(staged) AS staged, bool_or(believed) AS believed FROM (
        SELECT rule_id, true AS wanted, false AS staged, false AS believed FROM ${wanted}
        UNION ALL SELECT rule_id, false, true, false FROM ${staged}
        UNION ALL SELECT rule_id, false, false, true FROM ownership_rules WHERE superseded_at = 'infinity'
      ) u GROUP BY rule_id
    ) rules`.execute(trx);
  return { counts: rows[0] ?? { added: 0, changed: 0, ended: 0, unchanged: 0 }, staged };
}

/** The rules that end by what is staged: those that are not wanted. */
export async function selectEndingRules(
  trx: UnitOfWork,
  wanted: TemporaryTable<'wanted_rules'>,
  staged: TemporaryTable<'rule_staged'>,
): Promise<ReadonlySet<number>> {
  const { rows } = await statement<{ rule_id: number }>('deployments.selectEndingRules')`
    SELECT rule_id FROM ${staged} EXCEPT SELECT rule_id FROM ${wanted}`.execute(trx);
  return new Set(rows.map((row) => row.rule_id));
}

/** Stages that a rule says nothing any more from an instant on. */
export async function stageRuleEnd(
  trx: UnitOfWork,
  ruleId: number,
  now: Temporal.Instant,
): Promise<TemporaryTable<'rule_staged'>> {
  return createTemporaryTableAs(
    trx,
    { statement: 'deployments.stageRuleEnd', table: 'rule_staged' },
    sql`
      SELECT rule_id, NULL::text AS kind, NULL::numeric AS position, NULL::bigint AS project_id, NULL::text AS pattern,
             NULL::text[] AS resource_kinds, NULL::bigint AS owner_set_id, NULL::text AS origin, NULL::text AS recorded_by,
             greatest(valid_from, ${now}::timestamptz) AS valid_from, valid_to, false AS asserted
      FROM ownership_rules
      WHERE rule_id = ${ruleId} AND superseded_at = 'infinity' AND valid_to > ${now}`,
  );
}

/** Stages other positions for rules, all else as it is. */
export async function stagePositions(
  trx: UnitOfWork,
  positions: readonly { ruleId: number; position: string }[],
  by: string,
): Promise<TemporaryTable<'rule_staged'>> {
  return createTemporaryTableAs(
    trx,
    { statement: 'deployments.stagePositions', table: 'rule_staged' },
    sql`
      SELECT r.rule_id, r.kind, p.position, r.project_id, r.pattern, r.resource_kinds, r.owner_set_id, r.origin,
             ${by}::text AS recorded_by, r.valid_from, r.valid_to, true AS asserted
      FROM jsonb_to_recordset(${JSON.stringify(positions)}::jsonb) AS p("ruleId" bigint, position numeric)
      JOIN ownership_rules r ON r.rule_id = p."ruleId"
      WHERE r.superseded_at = 'infinity' AND r.position <> p.position`,
  );
}

/**
 * Writes staged rules and appends, for every resource that a changed rule matches while it
 * changed, a change with cause 'rule'.
 */
export async function writeStagedRules(
  trx: UnitOfWork,
  staged: TemporaryTable<'rule_staged'>,
  now: Temporal.Instant,
): Promise<void> {
  // A retracted interval names its rule by id alone; what the rule is about is the same in all its versions.
  const touched = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.writeStagedRules', table: 'rules_touched', analyze: true },
    sql`
      SELECT s.rule_id, about.kind, about.project_id, about.pattern, about.resource_kinds,
             tstzrange(s.valid_from, s.valid_to) AS held
      FROM ${staged} s JOIN LATERAL (
        SELECT kind, project_id, pattern, resource_kinds FROM ownership_rules r
        WHERE r.rule_id = s.rule_id AND r.superseded_at = 'infinity'
        UNION ALL SELECT s.kind, s.project_id, s.pattern, s.resource_kinds WHERE s.asserted
        LIMIT 1) about ON true`,
  );
  await rewriteHistory(
    trx,
    {
      table: 'ownership_rules',
      id: 'ownership_rule_id',
      key: ['rule_id'],
      values: ['kind', 'position', 'project_id', 'pattern', 'resource_kinds', 'owner_set_id', 'origin', 'recorded_by'],
    },
    staged,
    now,
  );
  const ruled = sql`
    SELECT resource_id AS subject, min(lower(held)) AS valid_from, max(upper(held)) AS valid_to FROM (
      SELECT m.resource_id, tstzrange(m.valid_from, m.valid_to) * r.held AS held
      FROM ${touched} r JOIN manual_assignments m ON m.superseded_at = 'infinity'
      WHERE r.kind = 'manual'
      UNION ALL
      SELECT m.resource_id, tstzrange(m.valid_from, m.valid_to) * r.held
      FROM ${touched} r JOIN inventory_memberships m USING (project_id)
      WHERE r.kind = 'project'
      UNION ALL
      SELECT s.resource_id, tstzrange(s.valid_from, s.valid_to) * r.held
      FROM ${touched} r JOIN inventory_states s ON s.tags <> '{}' AND without_case(s.tags) @> ARRAY[lower(r.pattern)]
      WHERE r.kind = 'tag'
      UNION ALL
      SELECT s.resource_id, tstzrange(s.valid_from, s.valid_to) * r.held
      FROM ${touched} r JOIN inventory_states s ON s.tags <> '{}'
      WHERE r.kind = 'deployment_tag' AND EXISTS (SELECT FROM unnest(s.tags) AS tag WHERE tag ILIKE 'deployment:%')
      UNION ALL
      SELECT s.resource_id, tstzrange(s.valid_from, s.valid_to) * r.held
      FROM ${touched} r JOIN inventory_states s ON s.parents <> '{}'
      WHERE r.kind = 'inheritance' AND s.kind IN (${sql.join(inheritingKinds.map((kind) => sql.lit(kind)))})
      UNION ALL
      SELECT s.resource_id, tstzrange(s.valid_from, s.valid_to) * r.held
      FROM ${nameMatches(sql`inventory_states`, touched)}
    ) matched WHERE NOT isempty(held) GROUP BY resource_id`;
  await appendChanges(trx, 'resource', 'rule', now, ruled);
}

export interface PreviewRow {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
  readonly from: Temporal.Instant;
  /** null: no end. */
  readonly to: Temporal.Instant | null;
  readonly before: { readonly slug: string; readonly weight: number }[];
  readonly after: { readonly slug: string; readonly weight: number }[];
}

export interface PreviewTotal {
  readonly deployment: string;
  readonly gains: number;
  readonly loses: number;
}

const owners = (set: string) => sql`coalesce((
  SELECT jsonb_agg(jsonb_build_object('slug', d.slug, 'weight', m.weight) ORDER BY d.slug)
  FROM owner_set_members m JOIN deployments d USING (deployment_id)
  WHERE m.owner_set_id = ${sql.ref(set)} AND d.customer_id IS NOT NULL), '[]')`;

/** The staged changes of owners beside what is believed, by resource and time. */
export async function readPreview(
  trx: UnitOfWork,
  changes: TemporaryTable<'owner_changes'>,
  limit: number,
  offset: number,
): Promise<{ rows: PreviewRow[]; total: number }> {
  const { rows } = await statement<PreviewRow>('deployments.readPreview.select_c_resource_id')`
    SELECT c.resource_id AS "resourceId", n.slug AS account, r.kind, r.external_id AS "externalId", s.name,
           greatest(c.valid_from, a.valid_from) AS "from", least(c.valid_to, a.valid_to) AS "to",
           ${owners('a.owner_set_id')} AS before, ${owners('c.owner_set_id')} AS after
    FROM ${changes} c
    JOIN attributions a ON a.resource_id = c.resource_id AND a.superseded_at = 'infinity'
     AND a.valid_from < c.valid_to AND a.valid_to > c.valid_from
    JOIN inventory_resources r ON r.resource_id = c.resource_id
    JOIN inventory_accounts n USING (account_id)
    LEFT JOIN LATERAL (SELECT v.name FROM inventory_states v WHERE v.resource_id = c.resource_id
                       ORDER BY v.valid_from DESC LIMIT 1) s ON true
    ORDER BY r.kind, s.name, c.resource_id, 6 LIMIT ${limit} OFFSET ${offset}`.execute(trx);
  const { rows: counts } = await statement<{ total: number }>('deployments.readPreview.select_count')`
    SELECT count(*) AS total
    FROM ${changes} c JOIN attributions a ON a.resource_id = c.resource_id AND a.superseded_at = 'infinity'
     AND a.valid_from < c.valid_to AND a.valid_to > c.valid_from`.execute(trx);
  return { rows, total: counts[0]?.total ?? 0 };
}

/**
 * Of all of these changes, sha256 in hexadecimal. What begins or ends at `now` does so whenever it is done; a set of owners
 * is its deployments with their weights: one that only the preview made has another number next time.
 */
export async function readPreviewDigest(
  trx: UnitOfWork,
  changes: TemporaryTable<'owner_changes'>,
  now: Temporal.Instant,
): Promise<string> {
  const moment = (at: RawBuilder<unknown>) =>
    sql`CASE ${at} WHEN ${now}::timestamptz THEN 'now' ELSE extract(epoch FROM ${at})::text END`;
  const { rows } = await statement<{ digest: string }>('deployments.readPreviewDigest')`
    SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex') AS digest
    FROM (
      SELECT concat_ws(' ', c.resource_id, ${moment(sql`greatest(c.valid_from, a.valid_from)`)},
                       ${moment(sql`least(c.valid_to, a.valid_to)`)}, was.signature, becomes.signature) AS line
      FROM ${changes} c
      JOIN attributions a ON a.resource_id = c.resource_id AND a.superseded_at = 'infinity'
       AND a.valid_from < c.valid_to AND a.valid_to > c.valid_from
      JOIN owner_sets was ON was.owner_set_id = a.owner_set_id
      JOIN owner_sets becomes ON becomes.owner_set_id = c.owner_set_id) AS moved`.execute(trx);
  return rows[0]?.digest ?? '';
}

/** The same per deployment: resources gained and lost over some interval. */
export async function readPreviewTotals(
  trx: UnitOfWork,
  changes: TemporaryTable<'owner_changes'>,
): Promise<PreviewTotal[]> {
  const { rows } = await statement<PreviewTotal>('deployments.readPreviewTotals')`
    SELECT d.slug AS deployment, count(DISTINCT resource_id) FILTER (WHERE gained) AS gains,
           count(DISTINCT resource_id) FILTER (WHERE NOT gained) AS loses
    FROM (
      SELECT resource_id, owner_set_id, true AS gained FROM ${changes}
      UNION ALL
      SELECT c.resource_id, a.owner_set_id, false
      FROM ${changes} c JOIN attributions a ON a.resource_id = c.resource_id AND a.superseded_at = 'infinity'
       AND a.valid_from < c.valid_to AND a.valid_to > c.valid_from
    ) moved JOIN owner_set_members m USING (owner_set_id) JOIN deployments d USING (deployment_id)
    GROUP BY d.slug ORDER BY d.slug`.execute(trx);
  return rows;
}

/** An interval in which some resource changes owner; to null: without end. */
export interface MovedTime {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
}

/** When any resource changes owner by the staged changes, without overlaps, oldest first. */
export async function readMovedTimes(trx: UnitOfWork, changes: TemporaryTable<'owner_changes'>): Promise<MovedTime[]> {
  const { rows } = await statement<MovedTime>('deployments.readMovedTimes')`
    SELECT lower(part) AS "from", upper(part) AS "to"
    FROM (SELECT range_agg(tstzrange(valid_from, valid_to)) AS held FROM ${changes}) moved, unnest(held) AS part
    ORDER BY 1`.execute(trx);
  return rows;
}

interface SuggestionRow {
  readonly kind: 'project' | 'tag' | 'name';
  readonly subject: string;
  readonly deployment: string;
  readonly reason: string;
  readonly deploymentExists: boolean;
  readonly resources: number;
}

/** A name as a slug would spell it. */
const slugified = (text: string) =>
  sql`trim(BOTH '-' FROM left(trim(BOTH '-' FROM regexp_replace(lower(${sql.ref(text)}), '[^a-z0-9]+', '-', 'g')), 63))`;

/** How deployments are spelled: by slug, with or without hyphens, or by name, where only one is spelled so; and by the first part of a slug. */
const spellings = sql`called AS (
      SELECT slug, ${slugified('name')} AS name FROM deployments WHERE customer_id IS NOT NULL
    ), known AS MATERIALIZED (
      SELECT spelling, min(slug) AS slug FROM (
        SELECT slug AS spelling, slug FROM called
        UNION SELECT replace(slug, '-', ''), slug FROM called
        UNION SELECT name, slug FROM called WHERE name <> ''
      ) k GROUP BY spelling HAVING count(*) = 1
    ), first_words AS MATERIALIZED (
      SELECT split_part(slug, '-', 1) AS word, min(slug) AS slug, count(*) AS deployments FROM called GROUP BY 1
    ), first_parts AS (
      SELECT word AS spelling, slug FROM first_words WHERE deployments = 1
    )`;

/** What lives and can have an owner, whose it is (null: nobody's; of several: their slugs in a row), and its project. */
const living = sql`owners AS (
      SELECT m.owner_set_id, string_agg(d.slug, ' ' ORDER BY d.slug) FILTER (WHERE d.customer_id IS NOT NULL) AS slug
      FROM owner_set_members m JOIN deployments d USING (deployment_id) GROUP BY m.owner_set_id
    ), projects AS MATERIALIZED (
      SELECT s.resource_id AS project_id, r.external_id AS subject, s.name, ${slugified('s.name')} AS spelling
      FROM inventory_states s JOIN inventory_resources r USING (resource_id)
      WHERE s.kind = 'project' AND s.valid_to = 'infinity' AND NOT coalesce((s.attributes ->> 'is_default')::boolean, false)
    ), living AS MATERIALIZED (
      SELECT s.resource_id, s.name, s.tags, o.slug AS owner, p.project_id
      FROM attributions a JOIN inventory_states s USING (resource_id) JOIN owners o USING (owner_set_id)
      LEFT JOIN inventory_memberships m ON m.resource_id = s.resource_id AND m.valid_to = 'infinity'
      LEFT JOIN projects p ON p.project_id = m.project_id
      WHERE a.superseded_at = 'infinity' AND a.valid_to = 'infinity' AND s.valid_to = 'infinity'
        AND s.kind <> ALL (${neverMissed})
        -- What belongs to a cluster gets its owner by the cluster's.
        AND NOT EXISTS (SELECT FROM unnest(s.parents) AS parent WHERE parent LIKE 'kubernetes_cluster:%')
    )`;

/** Each way in which a name could name its deployment: `subject` is the pattern, `spelling` what it says. An address names nobody. */
const affixes = sql`plain AS (
      SELECT resource_id, name FROM living
      WHERE name !~ '[*?]' AND name !~ '^[0-9]{1,3}([.][0-9]{1,3}){3}' AND name !~* '^[0-9a-f]*(:[0-9a-f]*){2,}'
    ), cuts AS (
      SELECT resource_id, name, place, left(name, place - 1) AS beginning, substr(name, place, 1) AS separator
      FROM plain CROSS JOIN generate_series(2, length(name) - 1) AS place
      WHERE substr(name, place, 1) IN ('-', '.', '_')
    ), affixes AS MATERIALIZED (
      SELECT resource_id, beginning || separator || '*' AS subject, ${slugified('beginning')} AS spelling, true AS is_beginning
      FROM cuts
      UNION ALL
      SELECT resource_id, '*' || substr(name, place), ${slugified('label')}, false
      FROM (SELECT *, split_part(substr(name, place + 1), '.', 1) AS label FROM cuts WHERE separator = '.') domains
      UNION ALL
      SELECT resource_id, word[1] || repeat('?', length(word[2])), lower(word[1]), false
      FROM plain CROSS JOIN regexp_match(name, '^([^0-9]*[[:alpha:]])([0-9]+)$') AS word
      WHERE word IS NOT NULL
    )`;

/**
 * Whose a resource seems to be, by each sign of it: its owner, its project, its tags, and the longest spelling of a deployment
 * that its name begins with. A project stands for a deployment that is still to be made where none is called like it.
 */
const claims = sql`named_so AS MATERIALIZED (
      SELECT DISTINCT ON (a.resource_id) a.resource_id, k.slug
      FROM affixes a JOIN known k USING (spelling) WHERE a.is_beginning
      ORDER BY a.resource_id, length(a.spelling) DESC
    ), claims AS MATERIALIZED (
      SELECT resource_id, owner AS slug FROM living WHERE owner IS NOT NULL
      UNION SELECT l.resource_id, coalesce(k.slug, 'project ' || p.subject)
      FROM living l JOIN projects p USING (project_id) LEFT JOIN known k USING (spelling)
      UNION SELECT t.resource_id, k.slug
      FROM (SELECT resource_id, regexp_replace(tag, '^deployment:', '', 'i') AS said FROM living CROSS JOIN unnest(tags) AS tag) t
      JOIN known k ON k.spelling = ${slugified('said')}
      UNION SELECT resource_id, slug FROM named_so
    )`;

/**
 * Rules that would own living resources which nobody owns: of projects first, then of tags, then of names. A deployment is
 * known by its slug, with or without hyphens, and by its name; in resources' names it is looked for
 *   at the beginning, cut before a hyphen, dot or underscore (acme-web-1), where the first part of a
 *   slug will do if only one deployment has it and no name has the whole slug; one part may stand before it
 *   (prod-acme-web-1); before a final number (acme01); and as a domain (web1.acme.example).
 * No rule is suggested that matches anything which another sign says is another's (`claims`), nor one of addresses. What a
 * project holds is left to its project. Of beginnings that mean the same deployment and hold each other only the shortest
 * is suggested. What is left is grouped by the first part of its names, from three names on.
 */
export async function readSuggestions(db: Queryable, limit: number): Promise<SuggestionRow[]> {
  const { rows } = await statement<SuggestionRow>('deployments.readSuggestions')`
    WITH ${spellings}, ${living}, ${affixes}, ${claims}, of_projects AS (
      SELECT p.subject, p.name, coalesce(k.slug, p.spelling) AS slug, k.slug IS NOT NULL AS is_there,
             count(*) FILTER (WHERE l.owner IS NULL) AS resources, count(*) AS matched
      FROM projects p JOIN living l USING (project_id) LEFT JOIN known k USING (spelling)
      GROUP BY p.subject, p.name, p.spelling, k.slug
      HAVING bool_and(l.owner IS NULL OR l.owner = coalesce(k.slug, p.spelling))
    ), hits AS MATERIALIZED (
      SELECT 'tag' AS kind, min(tag) OVER (PARTITION BY lower(tag)) AS subject, k.slug, false AS is_beginning, false AS is_short, l.resource_id
      FROM living l CROSS JOIN unnest(l.tags) AS tag JOIN known k ON k.spelling = ${slugified('tag')}
      UNION
      SELECT 'name', subject, slug, is_beginning, is_short, resource_id
      FROM (
        SELECT a.subject, a.is_beginning, a.resource_id, coalesce(k.slug, f.slug, b.slug) AS slug,
               k.slug IS NULL AND f.slug IS NOT NULL AS is_short
        FROM affixes a LEFT JOIN known k ON k.spelling = a.spelling
        LEFT JOIN first_parts f ON f.spelling = a.spelling AND a.is_beginning
        LEFT JOIN known b ON a.is_beginning AND a.spelling LIKE '%-%' AND b.spelling = regexp_replace(a.spelling, '^[^-]*-', '')
      ) s WHERE slug IS NOT NULL
    ), fitting AS MATERIALIZED (
      SELECT h.kind, h.subject, h.slug, h.is_beginning, count(DISTINCT h.resource_id) AS matched,
             count(DISTINCT h.resource_id) FILTER (WHERE l.owner IS NULL AND l.project_id IS NULL) AS resources
      FROM hits h JOIN living l USING (resource_id)
      LEFT JOIN claims c ON c.resource_id = h.resource_id AND c.slug <> h.slug
      LEFT JOIN named_so n ON n.resource_id = h.resource_id AND h.is_short
      GROUP BY h.kind, h.subject, h.slug, h.is_beginning
      HAVING count(c.resource_id) = 0 AND count(n.resource_id) = 0
    ), named AS MATERIALIZED (
      SELECT f.* FROM fitting f
      WHERE f.resources > 0
        AND NOT EXISTS (
          SELECT FROM fitting w WHERE w.kind = 'name' AND f.kind = 'name' AND w.slug = f.slug AND w.is_beginning AND f.is_beginning
             AND w.resources > 0 AND w.subject <> f.subject AND starts_with(f.subject, left(w.subject, -1)))
        -- A question mark stands for any letter, not for a digit alone.
        AND NOT (f.subject LIKE '%?' AND f.matched < (
          SELECT count(*) FROM living l WHERE l.name LIKE replace(replace(f.subject, '_', '\\_'), '?', '_')))
    ), strange AS (
      SELECT DISTINCT ON (resource_id) resource_id, beginning || separator || '*' AS subject, ${slugified('beginning')} AS slug
      FROM cuts ORDER BY resource_id, place
    ), groups AS (
      SELECT s.subject, s.slug, count(DISTINCT s.resource_id) AS resources
      FROM strange s LEFT JOIN claims c USING (resource_id)
      LEFT JOIN (SELECT h.resource_id FROM hits h JOIN named n USING (kind, subject, slug)) covered USING (resource_id)
      WHERE s.slug ~ '[a-z]' AND NOT EXISTS (SELECT FROM first_words d WHERE d.word = s.slug)
      GROUP BY s.subject, s.slug
      HAVING count(DISTINCT s.resource_id) >= 3 AND count(c.resource_id) = 0 AND count(covered.resource_id) = 0
    )
    SELECT kind, subject, deployment, reason, "deploymentExists", resources FROM (
      SELECT 1 AS place, 'project' AS kind, subject, slug AS deployment,
             format('the project is called %s; of its %s resources none belongs to another', name, matched) AS reason,
             is_there AS "deploymentExists", resources
      FROM of_projects WHERE slug ~ '[a-z]' AND resources > 0
      UNION ALL
      SELECT CASE kind WHEN 'tag' THEN 2 ELSE 3 END, kind, subject, slug,
             format('%s like %s; of the %s that match none belongs to another', CASE kind WHEN 'tag' THEN 'the tag is called' ELSE 'names are made' END, slug, matched),
             true, resources
      FROM named
      UNION ALL
      SELECT 4, 'name', subject, slug, format('%s names match; none of them belongs to another deployment', resources), false, resources FROM groups
    ) suggestions
    ORDER BY place, "deploymentExists" DESC, resources DESC, subject LIMIT ${limit}`.execute(db);
  return rows;
}

/** Keeps suggestions in their order, in place of those that were kept. */
export async function replaceSuggestions(trx: UnitOfWork, suggestions: readonly SuggestionRow[]): Promise<void> {
  await statement('deployments.replaceSuggestions.delete')`DELETE FROM fleet_suggestions`.execute(trx);
  await statement('deployments.replaceSuggestions')`
    INSERT INTO fleet_suggestions (place, kind, subject, deployment, reason, deployment_exists, resources)
    SELECT ordinality, kind, subject, deployment, reason, "deploymentExists", resources
    FROM ROWS FROM (json_to_recordset(${JSON.stringify(suggestions)}::json)
      AS (kind text, subject text, deployment text, reason text, "deploymentExists" boolean, resources bigint))
      WITH ORDINALITY AS s (kind, subject, deployment, reason, "deploymentExists", resources, ordinality)`.execute(trx);
}

/** Those that were kept, the best first. */
export async function selectSuggestions(db: Queryable, limit: number): Promise<SuggestionRow[]> {
  const { rows } = await statement<SuggestionRow>('deployments.selectSuggestions')`
    SELECT kind, subject, deployment, reason, deployment_exists AS "deploymentExists", resources
    FROM fleet_suggestions ORDER BY place LIMIT ${limit}`.execute(db);
  return rows;
}
