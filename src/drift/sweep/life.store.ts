import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { MonthlyChange, Priced } from '../money.ts';
import type { SweepTables } from './actual.store.ts';
import type { BoundTables } from './bindings.store.ts';
import { type FoundTable, free } from './found.store.ts';
import { stage } from './stage.store.ts';

// What was found becomes findings: since when, how severe, at what price, a part of which, and whether it has settled.

/** The key of the found `f`: of its subject, its rule and its field, with no value in it. */
const keyOfFound = sql`left(encode(sha256(convert_to(concat_ws('|', f.subject,
  CASE WHEN f.rule IN ('missing', 'replaced', 'ambiguous') THEN 'presence' ELSE f.rule END, coalesce(f.field, '')), 'UTF8')), 'hex'), 20)`;

/** The rule that holds for the found `f`, the most specific one. */
const ruleOfFound = sql`(
  SELECT r.* FROM drift_rules r
  WHERE r.rule = f.rule AND r.superseded_at = 'infinity' AND r.valid_to = 'infinity'
    AND r.account_id IN (0, coalesce(f.account_id, 0)) AND r.deployment_id IN (0, coalesce(f.deployment_id, 0))
  ORDER BY r.deployment_id DESC, r.account_id DESC LIMIT 1)`;

/** declaration_id: of what was found, and of what may be kept. */
export const declarationsOf = (found: FoundTable, declared: TemporaryTable) => sql`
  SELECT declaration_id FROM ${found} UNION SELECT declaration_id FROM ${declared}`;

/** What the documents of those declarations ignore now: most of them nothing. */
export function stageIgnores(
  trx: UnitOfWork,
  found: FoundTable,
  { declared }: SweepTables,
  now: Temporal.Instant,
): Promise<TemporaryTable<'drift_ignores'>> {
  return stage(
    trx,
    { statement: 'drift.stageIgnores', table: 'drift_ignores', index: { on: 'declaration_id' } },
    sql`
      SELECT v.declaration_id, g.fields, g.addresses, g.reason, g.until
      FROM declaration_versions v, jsonb_to_recordset(v.ignore) AS g(fields text[], addresses text[], reason text, until timestamptz)
      WHERE v.declaration_id IN (${declarationsOf(found, declared)}) AND v.superseded_at = 'infinity' AND v.valid_to = 'infinity'
        AND v.ignore <> '[]' AND (g.until IS NULL OR g.until > ${now}::timestamptz)`,
  );
}

type Ignores = TemporaryTable<'drift_ignores'> | null;

/** By what its document ignores the found `f`: a row with reason and end, or none. */
const ignoreOfFound = (ignores: Ignores) =>
  ignores === null
    ? sql`(SELECT NULL::text AS reason, NULL::timestamptz AS until WHERE false)`
    : sql`(
  SELECT g.reason, g.until FROM ${ignores} g
  WHERE g.declaration_id = f.declaration_id
    AND (g.fields IS NULL OR EXISTS (SELECT FROM unnest(g.fields) AS p WHERE drift_matches(f.field, p) OR drift_matches(split_part(f.field, '/', 1), p)))
    AND (g.addresses IS NULL OR EXISTS (SELECT FROM unnest(g.addresses) AS p WHERE drift_matches(coalesce(f.address, f.name), p)))
  ORDER BY g.until DESC NULLS FIRST LIMIT 1)`;

/**
 * Opened to the world by a change of what is declared is one finding: that change, as severe as the rule says. Where nobody
 * would be shown that change, as its rule is off or it is ignored, it is exposed all the same.
 */
export async function mergeExposed(
  trx: UnitOfWork,
  found: FoundTable,
  ignores: Ignores,
  now: Temporal.Instant,
): Promise<void> {
  const isShown = sql`f.rule = 'changed' AND x.category = 'exposed' AND f.resource_id = x.resource_id AND f.field = x.field
    AND EXISTS (SELECT FROM ${ruleOfFound} r WHERE r.enabled) AND NOT EXISTS (SELECT FROM ${ignoreOfFound(ignores)} i)
    AND (SELECT k.decision = 'ignore' AND (k.until IS NULL OR k.until > ${now}::timestamptz) FROM drift_decisions k
         WHERE k.finding_key = ${keyOfFound} ORDER BY k.drift_decision_id DESC LIMIT 1) IS NOT TRUE`;
  await statement('drift.mergeExposed.update_found')`
    UPDATE ${found} f SET severity = x.severity FROM ${found} x WHERE ${isShown}`.execute(trx);
  await statement('drift.mergeExposed.delete_found')`
    DELETE FROM ${found} x USING ${found} f WHERE ${isShown}`.execute(trx);
}

/** Since when: from the history of the setting, or of the state where that has it; what is declared later begins then. */
export async function dateFound(
  trx: UnitOfWork,
  found: FoundTable,
  { known }: BoundTables,
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.dateFound')`
    UPDATE ${found} f SET since_before = greatest(h.agreed_until, f.declared_from), moved = h.agreed_until > f.declared_from, looks = h.looks
    FROM (
      SELECT g.ctid AS row, k.looks,
             CASE WHEN g.how IN ('exact', 'bound') AND (a.listed ? g.test_key) IS NOT TRUE THEN a.state_from
             ELSE coalesce(k.agreed_until, CASE WHEN g.declared_from = '-infinity' THEN a.created_at ELSE '-infinity' END) END AS agreed_until
      FROM ${found} g JOIN ${known} a USING (resource_id)
      CROSS JOIN LATERAL (
        SELECT max(k.valid_to) FILTER (WHERE drift_agrees(k.settings -> g.test_key, g.test_value, g.how)) AS agreed_until,
               count(*) FILTER (WHERE k.valid_to > ${now}::timestamptz - ${flappingTime}) AS looks
        FROM inventory_settings k WHERE k.resource_id = g.resource_id AND k.valid_to <> 'infinity') k
      WHERE g.test_key IS NOT NULL AND g.since_before IS NULL) h
    WHERE h.row = f.ctid`.execute(trx);
}

/** What flaps within 24 hours, and has not been quiet for six. */
const flappingTime = sql`interval '30 hours'`;
/** So many settings have ended in that time where one agrees and differs three times in turn. */
const flappingLooks = 5;

/** Three times within 24 hours, and not yet quiet for six: of a setting that is compared with a value. */
function flaps(
  resource: RawBuilder<unknown>,
  [key, value, how]: readonly [RawBuilder<unknown>, RawBuilder<unknown>, RawBuilder<unknown>],
  now: Temporal.Instant,
): RawBuilder<unknown> {
  return sql`coalesce((
    SELECT onsets[3] >= onsets[1] - interval '24 hours' AND turned > ${now}::timestamptz - interval '6 hours'
    FROM (SELECT array_agg(valid_from ORDER BY valid_from DESC) FILTER (WHERE before AND NOT agrees) AS onsets,
                 max(valid_from) FILTER (WHERE before <> agrees) AS turned
          FROM (SELECT valid_from, agrees, lag(agrees) OVER (ORDER BY valid_from) AS before
                FROM (SELECT k.valid_from, drift_agrees(k.settings -> ${key}, ${value}, ${how}) AS agrees FROM inventory_settings k
                      WHERE k.resource_id = ${resource} AND k.valid_to > ${now}::timestamptz - ${flappingTime}) AS looks) AS turns) AS t), false)`;
}

/** Keeps what flaps and agrees at this moment: it is no less a finding. */
export async function keepFlapping(
  trx: UnitOfWork,
  found: FoundTable,
  { said, known }: BoundTables,
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.keepFlapping')`
    INSERT INTO ${found} (subject, category, rule, field, declaration_id, address, deployment_id, account_id, resource_id, kind, name,
                          declared, actual, how, test_key, test_value, since_before, refs, priced, declared_from)
    WITH agreeing AS MATERIALIZED (
    SELECT d.declaration_id, d.address, e.field, d.deployment_id, a.account_id, a.resource_id, d.kind, a.name, t.value,
           a.settings -> e.field AS actual, t.how, e.since_before, a.parents, d.declared_from
    FROM drift_findings e
    JOIN ${said} d USING (declaration_id, address) JOIN ${known} a ON a.resource_id = e.resource_id
    CROSS JOIN LATERAL (
      SELECT coalesce(d.exact -> e.field, d.bounds -> e.field) AS value,
             CASE WHEN d.exact ? e.field THEN 'exact' WHEN d.bounds ? e.field THEN 'bound' ELSE 'absent' END AS how) t
    WHERE e.superseded_at = 'infinity' AND e.valid_to = 'infinity' AND e.rule = 'changed' AND e.field IS NOT NULL AND d.count IS NULL
      AND drift_agrees(a.settings -> e.field, t.value, t.how))
    SELECT declaration_id || ':' || address, 'changed', 'changed', field, declaration_id, address, deployment_id, account_id,
           resource_id, kind, name, value, actual, how, field, value, since_before, parents, ${free}, declared_from
    FROM agreeing WHERE ${flaps(sql`agreeing.resource_id`, [sql`agreeing.field`, sql`agreeing.value`, sql`agreeing.how`], now)}`.execute(
    trx,
  );
}

/** Each way in which something costs, once: a key, its account and what it is. */
export async function selectPriced(
  trx: UnitOfWork,
  found: FoundTable,
): Promise<{ accountId: number | null; text: string; priced: Priced }[]> {
  const { rows } = await statement<{ accountId: number | null; text: string; priced: Priced }>('drift.selectPriced')`
    SELECT DISTINCT account_id AS "accountId", priced::text AS text, priced FROM ${found} WHERE priced IS NOT NULL`.execute(
    trx,
  );
  return rows;
}

interface PricedRow extends MonthlyChange {
  readonly account_id: number | null;
  readonly text: string;
}

/** What people have decided of a finding `w`: `ack` of its values since it was last reopened, `ignore` that has not ended. */
export function decisionOf(
  key: RawBuilder<unknown>,
  digest: RawBuilder<unknown>,
  now: Temporal.Instant,
): RawBuilder<unknown> {
  return sql`(
    SELECT CASE
      WHEN latest.decision = 'ignore' AND (latest.until IS NULL OR latest.until > ${now}::timestamptz) THEN 'ignored'
      WHEN EXISTS (
        SELECT FROM drift_decisions k WHERE k.finding_key = ${key} AND k.decision = 'ack' AND k.values_digest = ${digest}
          AND k.drift_decision_id > coalesce((SELECT max(o.drift_decision_id) FROM drift_decisions o
            WHERE o.finding_key = ${key} AND o.decision = 'reopen'), 0)) THEN 'acknowledged' END
    FROM drift_decisions latest WHERE latest.finding_key = ${key} ORDER BY latest.drift_decision_id DESC LIMIT 1)`;
}

/** What was found, with all that a finding says, by its key. */
export async function stageWanted(
  trx: UnitOfWork,
  found: FoundTable,
  amounts: readonly PricedRow[],
  { sight, ignores }: BoundTables & { readonly ignores: Ignores },
  now: Temporal.Instant,
): Promise<TemporaryTable> {
  const keyed = await stageKeyed(trx, found, amounts, { sight, ignores }, now);
  return stage(
    trx,
    {
      statement: 'drift.stageWanted',
      table: 'drift_wanted',
      index: { on: 'finding_key' },
      analyze: ['finding_key', 'resource_id', 'blind'],
    },
    sql`
      WITH gone AS MATERIALIZED (
        SELECT finding_key, account_id, kind || ':' || (declared #>> '{}') AS ref
        FROM ${keyed} WHERE category IN ('missing', 'replaced') AND field IS NULL AND stands
      ), folded AS MATERIALIZED (
        -- A part of what is missing itself.
        SELECT o.finding_key AS part, min(g.finding_key) AS finding_key
        FROM ${keyed} o CROSS JOIN LATERAL unnest(o.refs) AS parent JOIN gone g ON g.account_id = o.account_id AND g.ref = parent
        WHERE o.field IS NULL AND g.finding_key <> o.finding_key GROUP BY o.finding_key)
      SELECT k.*, coalesce(t.finding_key, p.finding_key, w.finding_key) AS parent_key,
             CASE WHEN w.finding_key IS NULL THEN k.amount ELSE 0 END AS monthly,
             CASE WHEN w.finding_key IS NULL THEN k.amount_currency ELSE coalesce(k.amount_currency, 'USD') END AS currency,
             CASE WHEN w.finding_key IS NULL THEN k.amount_source END AS price_source
      FROM ${keyed} k
      LEFT JOIN folded p ON p.part = k.finding_key
      -- A load balancer belongs to workers, and those to a cluster: all of them are parts of that.
      LEFT JOIN folded t ON t.part = p.finding_key
      -- The same resource's amount counts once: with what says most of it.
      LEFT JOIN LATERAL (
        SELECT o.finding_key FROM ${keyed} o
        WHERE k.whole_rank > 0 AND o.whole_rank > 0 AND o.stands AND o.resource_id = k.resource_id AND (o.whole_rank, o.finding_key) < (k.whole_rank, k.finding_key)
        ORDER BY o.whole_rank, o.finding_key LIMIT 1) w ON true`,
  );
}

/** Statuses in which a resource is still becoming what it is to be. */
const transient = ['new', 'creating', 'provisioning', 'resizing', 'migrating', 'upgrading', 'forking', 'waiting'];

async function stageKeyed(
  trx: UnitOfWork,
  found: FoundTable,
  amounts: readonly PricedRow[],
  { sight, ignores }: { readonly sight: TemporaryTable; readonly ignores: Ignores },
  now: Temporal.Instant,
): Promise<TemporaryTable> {
  const raised = (
    severity: RawBuilder<unknown>,
  ) => sql`CASE WHEN abs(m.monthly) >= 100 AND ${severity} IN ('low', 'medium')
    THEN CASE ${severity} WHEN 'low' THEN 'medium' ELSE 'high' END ELSE ${severity} END`;
  const ofField = sql`coalesce(f.severity,
    (SELECT level FROM unnest(ARRAY['critical', 'high', 'medium', 'low']) AS level
     WHERE f.rule = 'changed' AND r.parameters -> level ?| ARRAY[f.field, split_part(f.field, '/', 1)] LIMIT 1), r.severity)`;
  // A count may be of all accounts.
  const looks = (account: RawBuilder<unknown>) => sql`(
    SELECT count(*) FROM (SELECT FROM inventory_sync_runs u WHERE ${account} AND u.kind = f.kind
      AND u.outcome IN ('complete', 'partial') AND u.started_at >= f.since_before LIMIT 2) AS looks)`;
  const settling = sql`f.moved AND NOT f.at_once AND s.severity <> 'critical' AND (
    f.since_before > ${now}::timestamptz - interval '20 minutes'
    OR CASE WHEN f.account_id IS NULL THEN ${looks(sql`true`)} ELSE ${looks(sql`u.account_id = f.account_id`)} END < 2
    OR EXISTS (SELECT FROM inventory_actions i JOIN inventory_resources x ON x.resource_id = f.resource_id
       WHERE i.account_id = x.account_id AND i.resource_kind = x.kind AND i.resource_external_id = x.external_id AND i.status = 'in-progress')
    OR EXISTS (SELECT FROM inventory_states y WHERE y.resource_id = f.resource_id AND y.valid_to = 'infinity' AND y.status = ANY (${transient}::text[])))`;
  return stage(
    trx,
    {
      statement: 'drift.stageKeyed',
      table: 'drift_keyed',
      index: { on: 'resource_id' },
      analyze: ['finding_key', 'resource_id', 'category', 'whole_rank', 'stands'],
    },
    sql`
      SELECT DISTINCT ON (k.finding_key) k.finding_key, f.category, f.rule, s.severity,
             CASE WHEN f.rule = 'changed' AND f.test_key IS NOT NULL AND (f.looks IS NULL OR f.looks >= ${sql.lit(flappingLooks)})
                    AND ${flaps(sql`f.resource_id`, [sql`f.test_key`, sql`f.test_value`, sql`f.how`], now)} THEN 'flapping'
                  WHEN ${settling} THEN 'settling' ELSE 'open' END AS state,
             f.declaration_id, f.address, f.deployment_id, f.account_id, f.resource_id, f.kind, f.name, f.field, f.declared, f.actual,
             left(encode(sha256(convert_to(concat_ws('|', coalesce(f.declared::text, '-'), coalesce(f.actual::text, '-')), 'UTF8')), 'hex'), 20) AS values_digest,
             m.monthly AS amount, m.currency AS amount_currency, m.source AS amount_source, m.remedy AS remedy_monthly, i.reason AS ignore_reason, i.until AS ignore_until,
             CASE WHEN f.moved THEN l.since_after END AS since_after,
             f.since_before, b.blind, f.refs,
             NOT b.blind OR EXISTS (SELECT FROM drift_findings e WHERE e.finding_key = k.finding_key AND e.superseded_at = 'infinity' AND e.valid_to = 'infinity') AS stands,
             CASE WHEN f.field IS NOT NULL THEN 0 WHEN f.category IN ('missing', 'replaced', 'unmanaged') THEN 1 WHEN f.category = 'misattributed' THEN 2
                  WHEN f.category IN ('orphaned', 'idle') THEN 3 ELSE 0 END AS whole_rank
      FROM ${found} f
      -- Without OFFSET each is worked out anew where it is named.
      CROSS JOIN LATERAL (SELECT ${keyOfFound} AS finding_key OFFSET 0) k
      CROSS JOIN LATERAL ${ruleOfFound} r
      LEFT JOIN ${sight} v ON v.account_id = f.account_id AND v.kind = f.kind
      -- What no listing shows any more is what was known last: no difference opens by it.
      CROSS JOIN LATERAL (SELECT f.blind OR (v.stale IS TRUE AND (f.field IS NOT NULL OR f.category NOT IN ('missing', 'ambiguous'))) AS blind) b
      LEFT JOIN jsonb_to_recordset(${JSON.stringify(amounts)}::jsonb)
        AS m(account_id int, text text, monthly numeric, currency text, source text, remedy numeric)
        ON m.account_id IS NOT DISTINCT FROM f.account_id AND m.text = f.priced::text
      CROSS JOIN LATERAL (SELECT ${raised(ofField)} AS severity OFFSET 0) s
      LEFT JOIN LATERAL ${ignoreOfFound(ignores)} i ON true
      -- Of most that were found together it is the same.
      LEFT JOIN LATERAL (
        SELECT max(u.started_at) AS since_after FROM inventory_sync_runs u WHERE u.account_id = f.account_id AND u.kind = f.kind
          AND u.outcome IN ('complete', 'partial') AND u.started_at < f.since_before) l ON true
      WHERE r.enabled
      ORDER BY k.finding_key, f.declaration_id NULLS LAST, f.resource_id`,
  );
}
