import { type RawBuilder, sql } from 'kysely';
import { keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { settingsIn } from './sweep/actual.store.ts';
import { isBound } from './sweep/scope.store.ts';
import { decisionOf } from './sweep/life.store.ts';

// Findings as they stand: what a sweep wrote, with what people decided of it.

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];
export const states = ['open', 'flapping', 'settling', 'acknowledged', 'ignored'] as const;
type FindingState = (typeof states)[number];
export const categories = [
  'missing',
  'unmanaged',
  'replaced',
  'changed',
  'ambiguous',
  'misattributed',
  'exposed',
  'unprotected',
  'idle',
  'orphaned',
  'ending',
] as const;

export interface FindingRow {
  readonly finding: string;
  readonly category: (typeof categories)[number];
  readonly rule: string;
  readonly severity: Severity;
  readonly state: FindingState;
  readonly declaration: string | null;
  readonly address: string | null;
  readonly deployment: string | null;
  readonly account: string | null;
  readonly resourceId: number | null;
  readonly kind: string;
  readonly name: string;
  readonly field: string | null;
  readonly declared: unknown;
  readonly actual: unknown;
  readonly valuesDigest: string;
  readonly monthly: string | null;
  readonly currency: string | null;
  readonly priceSource: string | null;
  readonly remedyMonthly: string | null;
  readonly partOf: string | null;
  /** How many others are parts of it. */
  readonly parts: number;
  readonly reason: string | null;
  readonly until: Temporal.Instant | null;
  readonly sinceAfter: Temporal.Instant | null;
  readonly sinceBefore: Temporal.Instant;
  readonly foundAt: Temporal.Instant;
  /** Its kind could not be listed whole, or its field is hidden: it is what was known last. */
  readonly stale: boolean;
}

export interface FindingFilters {
  readonly now: Temporal.Instant;
  readonly finding?: string | undefined;
  readonly declaration?: string | undefined;
  readonly deployment?: string | undefined;
  readonly account?: string | undefined;
  readonly kind?: string | undefined;
  readonly category?: readonly string[] | undefined;
  readonly rule?: string | undefined;
  /** At or above it. */
  readonly severity?: Severity | undefined;
  readonly state?: readonly FindingState[] | undefined;
  /** Those that are parts of others too. */
  readonly parts?: boolean | undefined;
  /** Parts of this one. */
  readonly partOf?: string | undefined;
  readonly q?: string | null;
}

const severityRank = (severity: RawBuilder<unknown>) => sql`array_position(${[...severities]}::text[], ${severity})`;

/** The findings `f` with their state `st`, those that are asked for. */
function findings(filters: FindingFilters): RawBuilder<unknown> {
  const {
    now,
    finding,
    declaration,
    deployment,
    account,
    kind,
    category,
    rule,
    severity,
    state,
    parts = false,
    partOf,
    q = null,
  } = filters;
  const only = (column: RawBuilder<unknown>, value: string | undefined) =>
    value === undefined ? sql`true` : sql`${column} = ${value}`;
  const among = (column: RawBuilder<unknown>, values: readonly string[] | undefined) =>
    values === undefined ? sql`true` : sql`${column} = ANY (${[...values]}::text[])`;
  return sql`
    FROM drift_findings f
    LEFT JOIN declarations n ON n.declaration_id = f.declaration_id
    LEFT JOIN deployments_list d ON d.deployment_id = f.deployment_id
    LEFT JOIN inventory_accounts a ON a.account_id = f.account_id
    CROSS JOIN LATERAL (SELECT ${decisionOf(sql`f.finding_key`, sql`f.values_digest`, now)} AS decided) c
    CROSS JOIN LATERAL (SELECT coalesce(c.decided, CASE
      WHEN f.ignore_reason IS NOT NULL AND (f.ignore_until IS NULL OR f.ignore_until > ${now}::timestamptz) THEN 'ignored' ELSE f.state END) AS state) st
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND (${parts}::boolean OR f.parent_key IS NULL OR ${finding ?? null}::text IS NOT NULL)
      AND ${only(sql`f.finding_key`, finding)} AND ${only(sql`f.parent_key`, partOf)} AND ${only(sql`n.slug`, declaration)} AND ${deployment === 'unattributed' ? sql`f.deployment_id IS NULL` : only(sql`d.slug`, deployment)}
      AND ${only(sql`a.slug`, account)} AND ${only(sql`f.kind`, kind)} AND ${only(sql`f.rule`, rule)}
      AND ${among(sql`f.category`, category)} AND ${among(sql`st.state`, state)}
      AND ${severity === undefined ? sql`true` : sql`${severityRank(sql`f.severity`)} >= ${severityRank(sql`${severity}::text`)}`}
      AND ${
        q === null
          ? sql`true`
          : sql`position(lower(${q}) IN lower(concat_ws(' ', f.name, f.address, f.field, f.rule, f.finding_key, d.slug))) > 0`
      }`;
}

const sorts = {
  severity: {
    of: sql`lpad((9 - ${severityRank(sql`f.severity`)})::text, 2, '0') || to_char(20000000000 - coalesce(abs(f.monthly), 0), 'FM00000000000.000000')`,
    type: 'text',
  },
  monthly: { of: sql`coalesce(f.monthly, 0)`, type: 'numeric' },
  since: { of: sql`f.since_before`, type: 'timestamptz' },
  name: { of: sql`lower(f.name)`, type: 'text' },
} as const satisfies Record<string, SortKey>;
export type FindingSort = keyof typeof sorts;

const columns = sql`
  f.finding_key AS finding, f.category, f.rule, f.severity, st.state, n.slug AS declaration, f.address, d.slug AS deployment,
  a.slug AS account, f.resource_id AS "resourceId", f.kind, f.name, f.field, f.declared, f.actual, f.values_digest AS "valuesDigest",
  f.monthly, f.currency, f.price_source AS "priceSource", f.remedy_monthly AS "remedyMonthly", f.parent_key AS "partOf",
  (SELECT count(*) FROM drift_findings p WHERE p.parent_key = f.finding_key AND p.superseded_at = 'infinity' AND p.valid_to = 'infinity') AS parts,
  f.since_after AS "sinceAfter", f.since_before AS "sinceBefore", f.valid_from AS "foundAt",
  coalesce(CASE WHEN c.decided IS NULL THEN f.ignore_reason END,
    (SELECT k.reason FROM drift_decisions k WHERE k.finding_key = f.finding_key AND c.decided IS NOT NULL ORDER BY k.drift_decision_id DESC LIMIT 1)) AS reason,
  CASE WHEN c.decided IS NULL THEN f.ignore_until ELSE
    (SELECT k.until FROM drift_decisions k WHERE k.finding_key = f.finding_key ORDER BY k.drift_decision_id DESC LIMIT 1) END AS until,
  coalesce((SELECT u.outcome <> 'complete' FROM inventory_sync_runs u WHERE u.account_id = f.account_id AND u.kind = f.kind AND u.outcome <> 'running'
     ORDER BY u.started_at DESC, u.sync_run_id DESC LIMIT 1), false)
    OR EXISTS (SELECT FROM inventory_settings k WHERE k.resource_id = f.resource_id AND k.valid_to = 'infinity'
         AND f.field IS NOT NULL AND drift_hides(k.hidden, f.field)) AS stale`;

export async function selectFindings(
  db: Queryable,
  filters: FindingFilters,
  page: Pick<PageRequest<FindingSort>, 'limit' | 'cursor' | 'sort' | 'order'>,
): Promise<(FindingRow & Sorted)[]> {
  const order = keyset(sorts[page.sort], { of: sql`f.finding_key`, type: 'text' }, page);
  const { rows } = await statement<FindingRow & Sorted>('drift.selectFindings')`
    SELECT ${columns}, ${order.columns} ${findings(filters)} AND ${order.beyond} ORDER BY ${order.by} LIMIT ${page.limit}`.execute(
    db,
  );
  return rows;
}

export async function countFindings(db: Queryable, filters: FindingFilters): Promise<number> {
  const { rows } = await statement<{ count: number }>('drift.countFindings')`
    SELECT count(*) AS count ${findings(filters)}`.execute(db);
  return rows[0]!.count;
}

export interface FindingGroup {
  readonly deployment: string | null;
  readonly rule: string;
  readonly category: (typeof categories)[number];
  readonly severity: Severity;
  readonly findings: number;
  /** Of those whose price is known, by currency. */
  readonly monthly: readonly { readonly currency: string; readonly amount: string }[];
  /** Of how many nobody knows what they cost. */
  readonly unpriced: number;
}

/** By deployment and rule, the most severe first; parts are in their whole's. */
export async function selectGroups(db: Queryable, filters: FindingFilters): Promise<FindingGroup[]> {
  const { rows } = await preparedStatement<FindingGroup>('drift.selectGroups')`
    WITH asked AS (SELECT d.slug AS deployment, f.rule, f.category, f.severity, f.currency, f.monthly, f.parent_key ${findings({ ...filters, parts: true })}),
    summed AS (
      SELECT deployment, rule, category, currency, max(${severityRank(sql`severity`)}) AS rank, sum(monthly) AS amount,
             count(*) FILTER (WHERE parent_key IS NULL) AS findings, count(*) FILTER (WHERE monthly IS NULL) AS unpriced
      FROM asked GROUP BY deployment, rule, category, currency)
    SELECT deployment, rule, category, (${[...severities]}::text[])[max(rank)] AS severity, sum(findings)::bigint AS findings,
           coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'amount', amount::text) ORDER BY currency) FILTER (WHERE currency IS NOT NULL), '[]') AS monthly,
           sum(unpriced)::bigint AS unpriced
    FROM summed GROUP BY deployment, rule, category
    ORDER BY max(rank) DESC, deployment NULLS LAST, rule`.execute(db);
  return rows;
}

export interface FindingTotals {
  /** Settling ones not counted, nor in any of the others. */
  readonly findings: number;
  readonly settling: number;
  /** High or critical. */
  readonly severe: number;
  readonly monthly: readonly { readonly currency: string; readonly amount: string }[];
  readonly unpriced: number;
}

/** All that is asked for, in a few figures; parts are counted by their money alone. */
export async function selectTotals(db: Queryable, filters: FindingFilters): Promise<FindingTotals> {
  const { rows } = await statement<FindingTotals>('drift.selectTotals')`
    WITH asked AS (SELECT st.state = 'settling' AS settles, f.severity, f.currency, f.monthly, f.parent_key IS NULL AS is_whole ${findings({ ...filters, parts: true })}),
    summed AS (
      SELECT currency, sum(monthly) FILTER (WHERE NOT settles) AS amount, count(*) FILTER (WHERE is_whole AND NOT settles) AS findings,
             count(*) FILTER (WHERE is_whole AND settles) AS settling, count(*) FILTER (WHERE monthly IS NULL AND NOT settles) AS unpriced,
             count(*) FILTER (WHERE is_whole AND NOT settles AND severity IN ('high', 'critical')) AS severe
      FROM asked GROUP BY currency)
    SELECT coalesce(sum(findings), 0)::bigint AS findings, coalesce(sum(settling), 0)::bigint AS settling, coalesce(sum(severe), 0)::bigint AS severe,
           coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'amount', amount::text) ORDER BY currency)
             FILTER (WHERE currency IS NOT NULL AND amount IS NOT NULL), '[]') AS monthly,
           coalesce(sum(unpriced), 0)::bigint AS unpriced
    FROM summed`.execute(db);
  return rows[0]!;
}

export interface DecisionRow {
  readonly decision: 'ack' | 'ignore' | 'reopen';
  readonly reason: string;
  readonly until: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
}

/** The newest first; 100 at most. */
export async function selectDecisions(db: Queryable, finding: string): Promise<DecisionRow[]> {
  const { rows } = await statement<DecisionRow>('drift.selectDecisions')`
    SELECT decision, reason, until, recorded_at AS "recordedAt", recorded_by AS "recordedBy" FROM drift_decisions
    WHERE finding_key = ${finding} ORDER BY drift_decision_id DESC LIMIT 100`.execute(db);
  return rows;
}

export interface CauseRow {
  readonly action: string;
  readonly type: string;
  readonly status: string;
  readonly startedAt: Temporal.Instant | null;
  readonly completedAt: Temporal.Instant | null;
}

/** Actions on a finding's resource between the last look that agreed and the first that differed; 50 at most. */
export async function selectCauses(db: Queryable, finding: string): Promise<CauseRow[]> {
  const { rows } = await statement<CauseRow>('drift.selectCauses')`
    SELECT i.external_id AS action, i.type, i.status, i.started_at AS "startedAt", i.completed_at AS "completedAt"
    FROM drift_findings f JOIN inventory_resources r USING (resource_id)
    JOIN inventory_actions i ON i.account_id = r.account_id AND i.resource_kind = r.kind AND i.resource_external_id = r.external_id
    WHERE f.finding_key = ${finding} AND f.superseded_at = 'infinity' AND f.valid_to = 'infinity'
      AND coalesce(i.completed_at, i.started_at) >= coalesce(f.since_after, '-infinity') AND coalesce(i.started_at, i.completed_at) <= f.since_before
    ORDER BY coalesce(i.completed_at, i.started_at), i.external_id LIMIT 50`.execute(db);
  return rows;
}

export interface ComparedField {
  readonly field: string;
  /** An exact value or a bound. */
  readonly declared: unknown;
  readonly actual: unknown;
  /** null: the actual side does not tell it, or it is hidden. */
  readonly agrees: boolean | null;
}

/** All that is declared of a finding's resource beside what there is, what differs first; 1,000 at most. */
export async function selectCompared(db: Queryable, finding: string): Promise<ComparedField[]> {
  const { rows } = await statement<ComparedField>('drift.selectCompared')`
    SELECT f.key AS field, f.value AS declared, c.settings -> f.key AS actual,
           CASE WHEN c.settings ? f.key AND NOT drift_hides(coalesce(k.hidden, '{}'), f.key) THEN drift_agrees(c.settings -> f.key, f.value, f.how) END AS agrees
    FROM drift_findings e JOIN declared_resources d USING (declaration_id, address)
    JOIN inventory_states v ON v.resource_id = e.resource_id AND v.valid_to = 'infinity'
    LEFT JOIN inventory_settings k ON k.resource_id = v.resource_id AND k.valid_to = 'infinity'
    LEFT JOIN inventory_memberships m ON m.resource_id = v.resource_id AND m.valid_to = 'infinity'
    LEFT JOIN inventory_resources p ON p.resource_id = m.project_id
    CROSS JOIN LATERAL (SELECT ${settingsIn({ state: 'v', listed: sql`k.settings`, project: sql`p.external_id` })} AS settings) c
    CROSS JOIN LATERAL (SELECT key, value, 'exact' AS how FROM jsonb_each(d.exact) UNION ALL SELECT key, value, 'bound' FROM jsonb_each(d.bounds)) f
    WHERE e.finding_key = ${finding} AND e.superseded_at = 'infinity' AND e.valid_to = 'infinity'
      AND d.superseded_at = 'infinity' AND d.valid_to = 'infinity'
    ORDER BY agrees NULLS LAST, f.key LIMIT 1000`.execute(db);
  return rows;
}

export async function insertDecision(
  trx: UnitOfWork,
  decision: {
    readonly finding: string;
    readonly decision: 'ack' | 'ignore' | 'reopen';
    readonly valuesDigest: string | null;
    readonly reason: string;
    readonly until: Temporal.Instant | null;
  },
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const { finding, valuesDigest, reason, until } = decision;
  await statement('drift.insertDecision')`
    INSERT INTO drift_decisions (finding_key, decision, values_digest, reason, until, recorded_at, recorded_by)
    VALUES (${finding}, ${decision.decision}, ${valuesDigest}, ${reason}, ${until}, ${now}, ${by})`.execute(trx);
}

export interface CoverageRow {
  readonly account: string;
  readonly kind: string;
  /** A key of settings; null: the kind as a whole. */
  readonly field: string | null;
  readonly reason: string;
  /** Since when; null: it never could be seen. */
  readonly since: Temporal.Instant | null;
  readonly resources: number;
  /** How many declared resources it keeps from being compared. */
  readonly declared: number;
}

/** What a check is about: a declaration alone, or what a deployment owns and what is declared of it. */
type CoverageScope = { readonly declaration: string } | { readonly deployment: string; readonly now: Temporal.Instant };

/** Of what is declared `d`, what belongs to a scope; and, of what cannot be seen `b`, the accounts that it concerns as a whole. */
function coverageWithin(scope: CoverageScope | null): {
  readonly declared: RawBuilder<unknown>;
  readonly whole: RawBuilder<unknown>;
} {
  if (scope === null) return { declared: sql`true`, whole: sql`true` };
  if ('declaration' in scope)
    return {
      declared: sql`d.declaration_id = (SELECT declaration_id FROM declarations WHERE slug = ${scope.declaration})`,
      whole: sql`false`,
    };
  const { deployment, now } = scope;
  return {
    declared: sql`d.declaration_id IN (
      SELECT v.declaration_id FROM declaration_versions v JOIN deployments_list l USING (deployment_id)
      WHERE l.slug = ${deployment} AND v.superseded_at = 'infinity' AND v.valid_to = 'infinity')`,
    whole: sql`b.field IS NULL AND b.account_id IN (
      SELECT r.account_id FROM deployments_list l JOIN deployments_owners w USING (deployment_id)
      JOIN deployments_attributions o USING (owner_set_id) JOIN inventory_resources r USING (resource_id)
      WHERE l.slug = ${deployment} AND o.valid_from <= ${now} AND o.valid_to > ${now})`,
  };
}

/**
 * What cannot be seen: kinds whose newest listing was not whole, settings that a token may not see, and what is declared
 * of a kind that was never listed, or in an account that is not connected any more. Within a scope, what keeps that from
 * being compared.
 */
export async function selectCoverage(db: Queryable, scope: CoverageScope | null = null): Promise<CoverageRow[]> {
  const within = coverageWithin(scope);
  const { rows } = await preparedStatement<CoverageRow>('drift.selectCoverage')`
    WITH newest AS (
      SELECT account_id, kind, outcome, reason FROM inventory_newest_runs
    ), connected AS (
      SELECT account_id FROM inventory_accounts WHERE disconnected_at IS NULL
    ), blind AS (
      SELECT n.account_id, n.kind, NULL::text AS field, coalesce(n.reason, n.outcome) AS reason, c.started_at AS since,
             (SELECT count(*) FROM inventory_states s WHERE s.account_id = n.account_id AND s.kind = n.kind AND s.valid_to = 'infinity') AS resources
      FROM newest n JOIN connected USING (account_id) LEFT JOIN LATERAL (
        SELECT y.started_at FROM inventory_complete_syncs y WHERE y.account_id = n.account_id AND y.kind = n.kind) c ON true
      WHERE n.outcome <> 'complete'
      UNION ALL
      SELECT a.account_id, d.kind, NULL, CASE WHEN a.disconnected_at IS NULL THEN 'never listed' ELSE 'the account is disconnected' END, a.disconnected_at,
             (SELECT count(*) FROM inventory_states s WHERE s.account_id = a.account_id AND s.kind = d.kind AND s.valid_to = 'infinity')
      FROM (SELECT DISTINCT o.account_id, d.kind FROM declared_resources d JOIN inventory_accounts o ON o.account_id = coalesce(d.account_id, o.account_id)
            WHERE d.superseded_at = 'infinity' AND d.valid_to = 'infinity' AND (d.account_id IS NOT NULL OR (
              o.disconnected_at IS NULL AND (d.count IS NOT NULL OR NOT EXISTS (
                SELECT FROM drift_bindings b WHERE b.declaration_id = d.declaration_id AND b.address = d.address
                  AND ${isBound('b')} AND b.how <> 'none'))))) d
      JOIN inventory_accounts a USING (account_id) LEFT JOIN newest n USING (account_id, kind)
      WHERE n.outcome IS NULL OR a.disconnected_at IS NOT NULL
      UNION ALL
      SELECT r.account_id, r.kind, h.field, 'hidden from the token', min(k.valid_from), count(*)
      FROM inventory_settings k JOIN inventory_resources r USING (resource_id) JOIN connected USING (account_id), unnest(k.hidden) AS h(field)
      WHERE k.valid_to = 'infinity' AND k.hidden <> '{}' GROUP BY r.account_id, r.kind, h.field
    )
    SELECT a.slug AS account, b.kind, b.field, b.reason, b.since, b.resources, n.declared
    FROM blind b JOIN inventory_accounts a USING (account_id) CROSS JOIN LATERAL (
      SELECT count(*) AS declared FROM declared_resources d
      WHERE d.superseded_at = 'infinity' AND d.valid_to = 'infinity' AND d.kind = b.kind AND ${within.declared}
        AND (d.account_id IS NULL OR d.account_id = b.account_id)
        AND (b.field IS NULL OR EXISTS (SELECT FROM jsonb_object_keys(d.exact || d.bounds) AS said WHERE drift_hides(ARRAY[b.field], said)))) n
    WHERE n.declared > 0 OR ${within.whole}
    ORDER BY a.slug, b.kind, b.field NULLS FIRST`.execute(db);
  return rows;
}

export interface StandingRow {
  readonly severity: Severity;
  readonly category: (typeof categories)[number];
  readonly state: FindingState;
  readonly findings: number;
}

/** How many findings there are, parts of others not counted, by what they are and how they stand. */
export async function selectStanding(db: Queryable, now: Temporal.Instant): Promise<StandingRow[]> {
  const { rows } = await statement<StandingRow>('drift.selectStanding')`
    SELECT f.severity, f.category, st.state, count(*) AS findings ${findings({ now })}
    GROUP BY f.severity, f.category, st.state`.execute(db);
  return rows;
}
