import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import type { Severity } from './findings.store.ts';

const rulesHistory: HistoryTable = {
  table: 'drift_rules',
  id: 'drift_rule_id',
  key: ['rule', 'account_id', 'deployment_id'],
  values: ['enabled', 'severity', 'parameters', 'recorded_by'],
};

export interface RuleRow {
  readonly rule: string;
  /** null: of all. */
  readonly account: string | null;
  readonly deployment: string | null;
  readonly enabled: boolean;
  readonly severity: Severity;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** null: as it is shipped. */
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string;
}

/** What holds now, that of all first. */
export async function selectRules(db: Queryable): Promise<RuleRow[]> {
  const { rows } = await statement<RuleRow>('drift.selectRules')`
    SELECT r.rule, a.slug AS account, d.slug AS deployment, r.enabled, r.severity, r.parameters, r.recorded_at AS "recordedAt",
           r.recorded_by AS "recordedBy"
    FROM drift_rules r LEFT JOIN inventory_accounts a ON a.account_id = r.account_id
    LEFT JOIN deployments_list d ON d.deployment_id = nullif(r.deployment_id, 0)
    WHERE r.superseded_at = 'infinity' AND r.valid_to = 'infinity' ORDER BY r.rule, a.slug NULLS FIRST, d.slug NULLS FIRST`.execute(
    db,
  );
  return rows;
}

interface RuleKey {
  readonly rule: string;
  /** 0: of all. */
  readonly accountId: number;
  readonly deploymentId: number;
}

/** What a rule says from now on; null: nothing of its own, so that a more general one holds. */
export async function rewriteRule(
  trx: UnitOfWork,
  { rule, accountId, deploymentId }: RuleKey,
  says: Pick<RuleRow, 'enabled' | 'severity' | 'parameters'> | null,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'drift.rewriteRule', table: 'drift_rules_staged' },
    sql`
      SELECT * FROM (
        SELECT ${rule}::text AS rule, ${accountId}::int AS account_id, ${deploymentId}::bigint AS deployment_id,
               ${says?.enabled ?? null}::boolean AS enabled, ${says?.severity ?? null}::text AS severity,
               ${says === null ? null : JSON.stringify(says.parameters)}::jsonb AS parameters, ${by}::text AS recorded_by,
               greatest(${now}::timestamptz, h.valid_from) AS valid_from, 'infinity'::timestamptz AS valid_to, ${says !== null}::boolean AS asserted,
               h.enabled AS was_enabled, h.severity AS was_severity, h.parameters AS said
        FROM (SELECT 1) AS one LEFT JOIN drift_rules h ON h.rule = ${rule} AND h.account_id = ${accountId} AND h.deployment_id = ${deploymentId}
          AND h.superseded_at = 'infinity' AND h.valid_to = 'infinity') s
      WHERE (enabled, severity, parameters) IS DISTINCT FROM (was_enabled, was_severity, said)`,
  );
  const written = await rewriteHistory(trx, rulesHistory, staged, now);
  return written.inserted + written.superseded > 0;
}

/** What the next sweep finds of a rule that was off until now is a baseline. */
export async function markEnabled(
  trx: UnitOfWork,
  { rule, accountId, deploymentId }: RuleKey,
  now: Temporal.Instant,
): Promise<void> {
  await statement('drift.markEnabled')`
    INSERT INTO drift_baselines (scope, recorded_at) VALUES (${`enabled:${rule}:${accountId}:${deploymentId}`}, ${now})
    ON CONFLICT DO NOTHING`.execute(trx);
}
