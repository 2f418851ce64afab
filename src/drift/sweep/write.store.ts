import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../../platform/history.ts';
import { writeMessages } from '../../webhooks/index.ts';
import type { SweepTables } from './actual.store.ts';
import type { FoundTable } from './found.store.ts';
import { kindsOfRule } from './hygiene.store.ts';
import { declarationsOf, decisionOf } from './life.store.ts';
import { stage } from './stage.store.ts';

// What a sweep writes: findings that are new, other or gone, and what is to be published of them. Nothing else.

const values = [
  'category',
  'rule',
  'severity',
  'state',
  'declaration_id',
  'address',
  'deployment_id',
  'account_id',
  'resource_id',
  'kind',
  'name',
  'field',
  'declared',
  'actual',
  'values_digest',
  'monthly',
  'currency',
  'price_source',
  'remedy_monthly',
  'parent_key',
  'ignore_reason',
  'ignore_until',
  'since_after',
  'since_before',
] as const;

const findings: HistoryTable = { table: 'drift_findings', id: 'drift_finding_id', key: ['finding_key'], values };

const columnsOf = (table: string) => sql.join(values.map((name) => sql.ref(`${table}.${name}`)));

/** Rules and the kinds that they look at, as rows. */
const rulesWithKinds = sql`jsonb_to_recordset(${JSON.stringify(
  Object.entries(kindsOfRule).map(([rule, kinds]) => ({ rule, kinds })),
)}::jsonb) AS h(rule text, kinds text[])`;

export interface SweepCounts {
  /** New ones. */
  readonly found: number;
  readonly changed: number;
  readonly resolved: number;
  /** One of those that were written; null: none was. */
  readonly first: Difference | null;
}

/** A finding that was not as it is to be. */
export interface Difference {
  readonly finding: string;
  readonly what: 'found' | 'changed' | 'resolved';
  readonly rule: string;
  readonly kind: string;
  readonly name: string;
  readonly field: string | null;
}

/**
 * Writes what is wanted and is not there. What cannot be seen now stays as it was: a finding whose field is hidden, or
 * whose rule looks at a kind that could not be listed; and nothing of it opens.
 */
export async function writeFindings(
  trx: UnitOfWork,
  wanted: TemporaryTable,
  tables: SweepTables,
  now: Temporal.Instant,
): Promise<SweepCounts> {
  const staged = await stageDifferent(trx, wanted, tables, now);
  const { rows } = await statement<SweepCounts>('drift.writeFindings.count')`
    SELECT count(*) FILTER (WHERE is_new) AS found, count(*) FILTER (WHERE asserted AND NOT is_new) AS changed,
           count(*) FILTER (WHERE NOT asserted) AS resolved,
           (SELECT jsonb_build_object('finding', finding_key, 'what', CASE WHEN is_new THEN 'found' WHEN asserted THEN 'changed' ELSE 'resolved' END,
              'rule', rule, 'kind', kind, 'name', name, 'field', field)
            FROM (SELECT * FROM ${staged} ORDER BY finding_key LIMIT 1) AS f) AS first FROM ${staged}`.execute(trx);
  const counts = rows[0]!;
  if (counts.found + counts.changed + counts.resolved > 0) await rewriteHistory(trx, findings, staged, now);
  await announce(trx, 'drift.resolved', await noticeResolved(trx, staged, now), now);
  await announce(trx, 'drift.found', await noticeFound(trx, wanted, now), now);
  await writeBaselines(trx, tables, now);
  return counts;
}

interface Sorts {
  readonly any: boolean;
  readonly exposed: boolean;
  /** Some document ignores something. */
  readonly ignored: boolean;
}

/** What sorts of things were found, and whether there were any in the sweep's scope: of what there is none, nothing is asked. */
export async function sortFound(trx: UnitOfWork, found: FoundTable, { declared, scope }: SweepTables): Promise<Sorts> {
  const { rows } = await statement<Sorts>('drift.sortFound')`
    SELECT f.rows > 0 OR EXISTS (SELECT FROM ${foundBefore(sql`(SELECT NULL AS finding_key WHERE false)`, scope)} e) AS any, f.exposed,
           EXISTS (SELECT FROM declaration_versions v WHERE v.declaration_id IN (${declarationsOf(found, declared)}) AND v.superseded_at = 'infinity'
             AND v.valid_to = 'infinity' AND v.ignore <> '[]') AS ignored
    FROM (SELECT count(*) AS rows, coalesce(bool_or(category = 'exposed'), false) AS exposed FROM ${found}) AS f`.execute(
    trx,
  );
  return rows[0]!;
}

/** The findings in the sweep's scope that there are, as `e`. */
const foundBefore = (wanted: RawBuilder<unknown>, scope: SweepTables['scope']) =>
  scope === null
    ? sql`(SELECT e.* FROM drift_findings e WHERE e.superseded_at = 'infinity' AND e.valid_to = 'infinity')`
    : sql`(
        SELECT e.* FROM drift_findings e JOIN (
          SELECT w.finding_key FROM ${wanted} w
          UNION SELECT o.finding_key FROM ${scope.resources} r JOIN drift_findings o ON o.resource_id = r.resource_id
          WHERE o.superseded_at = 'infinity' AND o.valid_to = 'infinity'
          UNION SELECT o.finding_key FROM ${scope.declared} d JOIN drift_findings o ON o.declaration_id = d.declaration_id AND o.address = d.address
          WHERE o.superseded_at = 'infinity' AND o.valid_to = 'infinity') AS looked USING (finding_key)
        WHERE e.superseded_at = 'infinity' AND e.valid_to = 'infinity')`;

/** What is wanted and is otherwise, or not there; and what is there and not wanted. */
function stageDifferent(
  trx: UnitOfWork,
  wanted: TemporaryTable,
  tables: SweepTables,
  now: Temporal.Instant,
): Promise<TemporaryTable> {
  return stage(
    trx,
    { statement: 'drift.stageDifferent', table: 'drift_staged', analyze: ['finding_key', 'asserted'] },
    sql`
      SELECT coalesce(w.finding_key, e.finding_key) AS finding_key, ${sql.join(
        values.map(
          (name) =>
            sql`CASE WHEN w.finding_key IS NULL THEN e.${sql.ref(name)} ELSE w.${sql.ref(name)} END AS ${sql.ref(name)}`,
        ),
      )},
             greatest(${now}::timestamptz, e.valid_from) AS valid_from, 'infinity'::timestamptz AS valid_to,
             w.finding_key IS NOT NULL AS asserted, e.finding_key IS NULL AS is_new
      FROM (SELECT * FROM ${wanted} WHERE NOT blind) w
      FULL JOIN ${foundBefore(wanted, tables.scope)} e USING (finding_key)
      WHERE (${columnsOf('w')}) IS DISTINCT FROM (${columnsOf('e')})
        AND NOT (w.finding_key IS NULL AND (
          EXISTS (SELECT FROM ${wanted} b WHERE b.finding_key = e.finding_key AND b.blind)
          OR EXISTS (SELECT FROM ${rulesWithKinds} CROSS JOIN LATERAL unnest(h.kinds) AS looked
                     JOIN ${tables.actual} a ON a.resource_id = e.resource_id
                     LEFT JOIN ${tables.sight} v ON v.account_id = e.account_id AND v.kind = looked
                     WHERE h.rule = e.rule AND v.sighted IS NOT TRUE)))`,
  );
}

/** Once for what was published as found; also of what a baseline held. */
async function noticeResolved(trx: UnitOfWork, staged: TemporaryTable, now: Temporal.Instant): Promise<NoticedRow[]> {
  const { rows } = await statement<NoticedRow>('drift.noticeResolved')`
    WITH noticed AS (INSERT INTO drift_notices (finding_key, episode, what, baseline, recorded_at)
    SELECT n.finding_key, n.episode, 'resolved', false, ${now}
    FROM ${staged} s JOIN drift_notices n ON n.finding_key = s.finding_key AND n.what = 'found'
    WHERE NOT s.asserted ON CONFLICT DO NOTHING RETURNING finding_key)
    SELECT s.finding_key AS finding, s.category, s.rule, s.severity FROM ${staged} s
    WHERE s.finding_key IN (SELECT finding_key FROM noticed) ORDER BY s.finding_key`.execute(trx);
  return rows;
}

/**
 * Once per episode: what is open, settled, no part of another, and neither acknowledged nor ignored. An episode ends
 * when it is resolved; one of which some values were acknowledged is another with other values.
 */
async function noticeFound(trx: UnitOfWork, wanted: TemporaryTable, now: Temporal.Instant): Promise<NoticedRow[]> {
  const { rows } = await statement<NoticedRow>('drift.noticeFound')`
    WITH noticed AS (INSERT INTO drift_notices (finding_key, episode, what, baseline, recorded_at)
    SELECT f.finding_key,
           n.episodes || CASE WHEN EXISTS (
             SELECT FROM drift_decisions d WHERE d.finding_key = f.finding_key AND d.decision = 'ack' AND d.values_digest <> f.values_digest
               AND d.recorded_at >= coalesce(n.resolved_at, '-infinity')) THEN ':' || f.values_digest ELSE '' END,
           'found', NOT EXISTS (SELECT FROM drift_baselines b WHERE b.scope = ${scopeOf}) OR EXISTS (
             SELECT FROM drift_baselines b WHERE b.scope IN (${enabledScope('f.rule', 'coalesce(f.account_id, 0)', 'coalesce(f.deployment_id, 0)')},
               ${enabledScope('f.rule', 'coalesce(f.account_id, 0)', '0')}, ${enabledScope('f.rule', '0', 'coalesce(f.deployment_id, 0)')},
               ${enabledScope('f.rule', '0', '0')})), ${now}
    FROM drift_findings f JOIN (
      -- What can be seen is written as it is wanted.
      SELECT finding_key FROM ${wanted} WHERE blind OR (state <> 'settling' AND parent_key IS NULL AND ignore_reason IS NULL)) w USING (finding_key)
    LEFT JOIN LATERAL (
      SELECT count(DISTINCT split_part(r.episode, ':', 1)) AS episodes, max(r.recorded_at) AS resolved_at
      FROM drift_notices r WHERE r.finding_key = f.finding_key AND r.what = 'resolved') n ON true
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND f.state <> 'settling' AND f.parent_key IS NULL AND f.ignore_reason IS NULL
      AND ${decisionOf(sql`f.finding_key`, sql`f.values_digest`, now)} IS NULL
    ON CONFLICT DO NOTHING RETURNING finding_key, baseline)
    SELECT f.finding_key AS finding, f.category, f.rule, f.severity FROM noticed n JOIN drift_findings f USING (finding_key)
    WHERE NOT n.baseline AND f.superseded_at = 'infinity' AND f.valid_to = 'infinity' ORDER BY f.finding_key`.execute(
    trx,
  );
  return rows;
}

interface NoticedRow {
  readonly finding: string;
  readonly category: string;
  readonly rule: string;
  readonly severity: string;
}

/** In place of more than so many messages there is one, as there is of events. */
const announcedMax = 100;

/** Publishes to webhooks what was found or resolved: what is resolved has no path of its own any more. */
async function announce(
  trx: UnitOfWork,
  type: 'drift.found' | 'drift.resolved',
  noticed: readonly NoticedRow[],
  now: Temporal.Instant,
): Promise<void> {
  if (noticed.length === 0) return;
  const path = '/api/v1/drift';
  const each = noticed.map((row) => ({
    findings: 1,
    ...row,
    path: type === 'drift.found' ? `${path}/${encodeURIComponent(row.finding)}` : path,
  }));
  const together = { finding: null, category: null, rule: null, severity: null, path };
  const data = noticed.length > announcedMax ? [{ findings: noticed.length, ...together }] : each;
  await writeMessages(
    trx,
    type,
    data.map((one) => ({ customerId: null, data: one })),
    now,
  );
}

/** That a rule was switched on in an account or for a deployment, or (0) for all. */
const enabledScope = (rule: string, account: string, deployment: string) =>
  sql.raw(`'enabled:' || ${rule} || ':' || ${account} || ':' || ${deployment}`);

/** Whose first sweep it was: a declaration's, or a rule's in an account. Of the finding `f`. */
const scopeOf = sql`coalesce('declaration:' || f.declaration_id, 'account:' || f.account_id || ':' || f.rule)`;

/**
 * A rule was swept in an account once all that it looks at was listed. A declaration that is swept for itself says
 * nothing of rules; and each is when it is applied.
 */
export async function writeBaselines(
  trx: UnitOfWork,
  { sight, scope }: SweepTables,
  now: Temporal.Instant,
): Promise<void> {
  const declarationId = scope?.declarationId ?? null;
  const declarations = sql`
    SELECT 'declaration:' || v.declaration_id AS scope FROM declaration_versions v WHERE v.superseded_at = 'infinity' AND v.valid_to = 'infinity'`;
  const rules = sql`
    SELECT 'account:' || a.account_id || ':' || h.rule FROM inventory_accounts a CROSS JOIN ${rulesWithKinds}
    WHERE NOT EXISTS (SELECT FROM unnest(h.kinds) AS looked LEFT JOIN ${sight} v ON v.account_id = a.account_id AND v.kind = looked
                      WHERE v.sighted IS NOT TRUE)`;
  const swept =
    declarationId !== null
      ? sql`${declarations} AND v.declaration_id = ${declarationId}`
      : scope === null
        ? sql`${declarations} UNION ${rules}`
        : rules;
  await statement('drift.writeBaselines')`
    WITH enabled AS (DELETE FROM drift_baselines WHERE scope LIKE 'enabled:%' AND ${declarationId === null}::boolean)
    INSERT INTO drift_baselines (scope, recorded_at)
    SELECT swept.scope, ${now}::timestamptz FROM (${swept}) AS swept(scope)
    WHERE NOT EXISTS (SELECT FROM drift_baselines b WHERE b.scope = swept.scope) ON CONFLICT DO NOTHING`.execute(trx);
}
