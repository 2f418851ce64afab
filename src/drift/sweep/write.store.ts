import { sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../../platform/history.ts';
import { writeMessages } from '../../webhooks/index.ts';
import type { SweepTables } from './actual.store.ts';
import { kindsOfRule } from './hygiene.store.ts';
import { decisionOf } from './life.store.ts';

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
  /** All that there are now, by a person or not. */
  readonly findings: number;
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
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'drift.writeFindings', table: 'drift_staged' },
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
      FULL JOIN (SELECT * FROM drift_findings WHERE superseded_at = 'infinity' AND valid_to = 'infinity') e USING (finding_key)
      WHERE (${columnsOf('w')}) IS DISTINCT FROM (${columnsOf('e')})
        AND NOT (w.finding_key IS NULL AND (
          EXISTS (SELECT FROM ${wanted} b WHERE b.finding_key = e.finding_key AND b.blind)
          OR EXISTS (SELECT FROM ${rulesWithKinds} CROSS JOIN LATERAL unnest(h.kinds) AS looked
                     JOIN ${tables.actual} a ON a.resource_id = e.resource_id
                     LEFT JOIN ${tables.sight} v ON v.account_id = e.account_id AND v.kind = looked
                     WHERE h.rule = e.rule AND v.sighted IS NOT TRUE)))`,
  );
  const { rows } = await statement<SweepCounts>('drift.writeFindings.count')`
    SELECT count(*) FILTER (WHERE is_new) AS found, count(*) FILTER (WHERE asserted AND NOT is_new) AS changed,
           count(*) FILTER (WHERE NOT asserted) AS resolved, 0 AS findings FROM ${staged}`.execute(trx);
  const counts = rows[0]!;
  if (counts.found + counts.changed + counts.resolved > 0) await rewriteHistory(trx, findings, staged, now);
  await noticeResolved(trx, staged, now);
  await announceFound(trx, await noticeFound(trx, now), now);
  await writeBaselines(trx, tables, now);
  const { rows: all } = await statement<{ findings: number }>('drift.writeFindings.count_all')`
    SELECT count(*) AS findings FROM drift_findings WHERE superseded_at = 'infinity' AND valid_to = 'infinity'`.execute(
    trx,
  );
  return { ...counts, findings: all[0]!.findings };
}

/** Once for what was published as found; also of what a baseline held. */
async function noticeResolved(trx: UnitOfWork, staged: TemporaryTable, now: Temporal.Instant): Promise<void> {
  await statement('drift.noticeResolved')`
    INSERT INTO drift_notices (finding_key, episode, what, baseline, recorded_at)
    SELECT n.finding_key, n.episode, 'resolved', false, ${now}
    FROM ${staged} s JOIN drift_notices n ON n.finding_key = s.finding_key AND n.what = 'found'
    WHERE NOT s.asserted ON CONFLICT DO NOTHING`.execute(trx);
}

/**
 * Once per episode: what is open, settled, no part of another, and neither acknowledged nor ignored. An episode ends
 * when it is resolved; one of which some values were acknowledged is another with other values.
 */
async function noticeFound(trx: UnitOfWork, now: Temporal.Instant): Promise<FoundRow[]> {
  const { rows } = await statement<FoundRow>('drift.noticeFound')`
    WITH noticed AS (INSERT INTO drift_notices (finding_key, episode, what, baseline, recorded_at)
    SELECT f.finding_key,
           (SELECT count(DISTINCT split_part(n.episode, ':', 1)) FROM drift_notices n WHERE n.finding_key = f.finding_key AND n.what = 'resolved')
             || CASE WHEN EXISTS (SELECT FROM drift_decisions d WHERE d.finding_key = f.finding_key AND d.decision = 'ack'
                       AND d.values_digest <> f.values_digest AND d.recorded_at >= coalesce((
                         SELECT max(n.recorded_at) FROM drift_notices n WHERE n.finding_key = f.finding_key AND n.what = 'resolved'), '-infinity')) THEN ':' || f.values_digest ELSE '' END,
           'found', NOT EXISTS (SELECT FROM drift_baselines b WHERE b.scope = ${scopeOf}), ${now}
    FROM drift_findings f
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND f.state <> 'settling' AND f.parent_key IS NULL AND f.ignore_reason IS NULL
      AND ${decisionOf(sql`f.finding_key`, sql`f.values_digest`, now)} IS NULL
    ON CONFLICT DO NOTHING RETURNING finding_key, baseline)
    SELECT f.finding_key AS finding, f.category, f.rule, f.severity FROM noticed n JOIN drift_findings f USING (finding_key)
    WHERE NOT n.baseline AND f.superseded_at = 'infinity' AND f.valid_to = 'infinity' ORDER BY f.finding_key`.execute(
    trx,
  );
  return rows;
}

interface FoundRow {
  readonly finding: string;
  readonly category: string;
  readonly rule: string;
  readonly severity: string;
}

/** In place of more than so many messages there is one, as there is of events. */
const announcedMax = 100;

/** Publishes to webhooks what was found. */
async function announceFound(trx: UnitOfWork, found: readonly FoundRow[], now: Temporal.Instant): Promise<void> {
  if (found.length === 0) return;
  const each = found.map((row) => ({ findings: 1, ...row, path: `/api/v1/drift/${encodeURIComponent(row.finding)}` }));
  const together = { finding: null, category: null, rule: null, severity: null, path: '/api/v1/drift' };
  const data = found.length > announcedMax ? [{ findings: found.length, ...together }] : each;
  await writeMessages(
    trx,
    'drift.found',
    data.map((one) => ({ customerId: null, data: one })),
    now,
  );
}

/** Whose first sweep it was: a declaration's, or a rule's in an account. Of the finding `f`. */
const scopeOf = sql`coalesce('declaration:' || f.declaration_id, 'account:' || f.account_id || ':' || f.rule)`;

/** A rule was swept in an account once all that it looks at was listed. */
async function writeBaselines(trx: UnitOfWork, { sight }: SweepTables, now: Temporal.Instant): Promise<void> {
  await statement('drift.writeBaselines')`
    INSERT INTO drift_baselines (scope, recorded_at)
    SELECT 'declaration:' || declaration_id, ${now}::timestamptz FROM declaration_versions WHERE superseded_at = 'infinity' AND valid_to = 'infinity'
    UNION
    SELECT 'account:' || a.account_id || ':' || h.rule, ${now}::timestamptz
    FROM inventory_accounts a CROSS JOIN ${rulesWithKinds}
    WHERE NOT EXISTS (SELECT FROM unnest(h.kinds) AS looked LEFT JOIN ${sight} v ON v.account_id = a.account_id AND v.kind = looked
                      WHERE v.sighted IS NOT TRUE)
    ON CONFLICT DO NOTHING`.execute(trx);
}
