import { sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import {
  chargedAmount,
  chargedSeconds,
  costOf,
  type StagedCosts,
  type StagedItems,
  type StagedRules,
} from './expected-cost.store.ts';
import { plainOf, type StagedJudged } from './judged.store.ts';
import {
  type BillMonth,
  monthStart,
  type StagedAccounts,
  type StagedLines,
  type StagedMatches,
} from './stage-lines.store.ts';

// What each line comes to: matched, known from the bill alone, allocated or unexplained, and why it differs.

/** All that a month is reconciled with. */
export interface Staged {
  readonly lines: StagedLines;
  readonly matches: StagedMatches;
  readonly accounts: StagedAccounts;
  readonly items: StagedItems;
  readonly rules: StagedRules;
  readonly costs: StagedCosts;
  /** What was judged before: plain lines are not among these. */
  readonly judged: StagedJudged;
}

export type StagedBackups = TemporaryTable<'staged_bill_backups'>;

/**
 * What backups should cost: a part of what their droplet costs in the month for each that was made, weekly 5 % and at
 * most 20 %, daily 1 % and at most 30 %. Before the account was connected, and since its last listing, nobody knows how
 * many there were: as many as explain the line best. `line_id` is null where there is no line; `is_made` is false where no
 * listing showed one.
 */
export function stageBackups(trx: UnitOfWork, bills: BillMonth, staged: Staged): Promise<StagedBackups> {
  const { lines, matches, accounts, items, costs, judged } = staged;
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageBackups', table: 'staged_bill_backups', analyze: true },
    sql`
      WITH made AS (
        SELECT d.resource_id, a.connected_at, count(*) AS count, min(b.attributes ->> 'backup_plan') AS plan,
               min(r.provider_created_at) AS first, bool_and(r.provider_created_at > a.connected_at) AS is_lived
        FROM inventory_resources r JOIN ${accounts} a USING (account_id)
        CROSS JOIN LATERAL (SELECT parents, attributes FROM inventory_states s WHERE s.resource_id = r.resource_id ORDER BY valid_from DESC LIMIT 1) b
        JOIN inventory_resources d ON d.account_id = r.account_id AND d.kind = 'droplet' AND 'droplet:' || d.external_id = b.parents[1]
        WHERE r.kind = 'droplet_backup' AND NOT r.unseen AND r.provider_created_at >= ${monthStart(bills)}::timestamptz
          AND r.provider_created_at < ${bills.until}::timestamptz
        GROUP BY 1, 2
      ), told AS (
        SELECT l.line_id, l.bill_id, l.amount, m.resource_id, coalesce(m.resource_id::text, l.external_id) AS droplet,
               l.description LIKE '%daily%' AS is_daily, l.begins < (SELECT min(connected_at) FROM ${accounts}) OR NOT EXISTS (
                 SELECT FROM inventory_sync_runs s JOIN ${accounts} USING (account_id)
                 WHERE s.kind = 'droplet_backup' AND s.outcome = 'complete' AND s.started_at >= ${bills.until}::timestamptz) AS is_assumed,
               row_number() OVER (PARTITION BY coalesce(m.resource_id::text, l.external_id) ORDER BY l.line_id) > 1 AS is_doubled
        FROM ${lines} l LEFT JOIN ${matches} m USING (line_id) WHERE l.class = 'backup' AND l.amount >= 0
      ), droplets AS (
        SELECT coalesce(i.resource_id::text, l.external_id) AS droplet, sum(c.cost) AS cost, bool_or(c.cost IS NULL) AS is_unpriced
        FROM ${items} i JOIN ${costs} c USING (shape) LEFT JOIN ${lines} l USING (line_id)
        WHERE c.rule IS NULL AND i.class = 'droplet' AND NOT i.is_doubled GROUP BY 1
        UNION ALL
        SELECT resource_id::text, expected, false FROM ${plainOf(judged)} p
        WHERE resource_id IN (SELECT resource_id FROM told UNION ALL SELECT resource_id FROM made)
      ), every AS (
        SELECT t.line_id, t.bill_id, t.amount, t.resource_id, t.is_doubled, d.cost, d.is_unpriced OR d.cost IS NULL AS is_unpriced,
               CASE WHEN t.is_daily THEN 30 ELSE 20 END AS most, CASE WHEN t.is_daily THEN 1 ELSE 5 END AS each,
               CASE WHEN t.is_assumed THEN greatest(1, round(t.amount * 100 / nullif(d.cost, 0) / CASE WHEN t.is_daily THEN 1 ELSE 5 END))
                    ELSE coalesce(b.count, 0) END AS count, b.first
        FROM told t LEFT JOIN droplets d USING (droplet) LEFT JOIN made b USING (resource_id)
        UNION ALL
        SELECT NULL, NULL, NULL, b.resource_id, false, d.cost, d.is_unpriced OR d.cost IS NULL, CASE b.plan WHEN 'daily' THEN 30 ELSE 20 END,
               CASE b.plan WHEN 'daily' THEN 1 ELSE 5 END, b.count, b.first
        FROM made b LEFT JOIN droplets d ON d.droplet = b.resource_id::text
        WHERE b.is_lived AND NOT EXISTS (SELECT FROM told t WHERE t.resource_id = b.resource_id)
      )
      SELECT line_id, bill_id, amount, resource_id, is_doubled, count > 0 AS is_made, coalesce(first, ${monthStart(bills)}::timestamptz) AS first,
             CASE WHEN NOT is_unpriced THEN round(cost * least(count * each, most) / 100, 2) END AS cost
      FROM every`,
  );
}

export type StagedReplays = TemporaryTable<'staged_bill_replays'>;

/**
 * What each line would come to if it were explained in one way: `theirs` by its own duration, `longer` by so much more
 * than its times say, `uncapped` without the limit, `least` without a minimum. `theirs_s`: its seconds.
 */
export function stageReplays(
  trx: UnitOfWork,
  bills: BillMonth,
  { lines, items, rules, costs }: Staged,
): Promise<StagedReplays> {
  const least = chargedAmount({
    monthly: sql`i.monthly`,
    units: sql`c.units`,
    seconds: sql`least(i.seconds, ${chargedSeconds(sql`i.seconds`)})`,
    per: sql`c.per`,
    isFive: sql`false`,
  });
  const replay = (charged: ReturnType<typeof sql>) => costOf(bills, { monthly: sql`i.monthly`, charged });
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageReplays',
      table: 'staged_bill_replays',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      SELECT l.line_id, l.bill_id, l.amount, i.subject, i.is_doubled, i.resource_id, i.charge_id, i.by_words, i.since, i.until,
             i.monthly, i.units, i.seconds, c.counted, c.charged, c.cost, s.theirs_s,
             l.ends > i.life_ends + interval '1 second' OR l.begins < i.since - interval '1 second' AS is_outside,
             CASE WHEN d.differs THEN ${replay(chargedSeconds(sql`counted_seconds(c.timing, s.theirs_s)`))} END AS theirs,
             CASE WHEN d.differs THEN ${replay(sql`(c.charged + s.theirs_s - s.span_counted)`)} END AS longer,
             CASE WHEN d.differs THEN ${replay(sql`(CASE i.class WHEN 'pool' THEN i.total ELSE c.counted END)`)} END AS uncapped,
             CASE WHEN d.differs THEN ${least} END AS least
      FROM ${items} i JOIN ${lines} l USING (line_id) JOIN ${costs} c ON c.shape = i.shape AND c.rule IS NULL
      JOIN ${rules} r ON r.rule IS NULL
      CROSS JOIN LATERAL (SELECT extract(epoch FROM l.ends - l.begins) AS span, c.timing) t
      CROSS JOIN LATERAL (
        SELECT CASE WHEN l.told_s > t.span + 1 THEN l.told_s ELSE t.span END AS theirs_s,
               CASE WHEN i.class = 'pool' THEN t.span ELSE counted_seconds(c.timing, t.span) END AS span_counted) s
      CROSS JOIN LATERAL (SELECT l.amount IS DISTINCT FROM c.cost AS differs) d`,
  );
}

export type StagedVariants = TemporaryTable<'staged_bill_variants'>;

/** Of rules whose variants come to different amounts for a line, those that explain it to the cent. */
export function stageVariants(trx: UnitOfWork, { items, costs, lines }: Staged): Promise<StagedVariants> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageVariants',
      table: 'staged_bill_variants',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      WITH alike AS MATERIALIZED (
        SELECT i.line_id, i.shape, l.amount FROM ${items} i JOIN ${lines} l USING (line_id) WHERE NOT i.is_doubled
      ), told AS (
        SELECT shape, amount, jsonb_object_agg(rule, variants) AS variants
        FROM (SELECT a.shape, a.amount, c.rule, jsonb_agg(c.variant ORDER BY c.variant) FILTER (WHERE c.cost = a.amount) AS variants
              FROM (SELECT DISTINCT shape, amount FROM alike) a JOIN ${costs} c USING (shape)
              WHERE c.rule IS NOT NULL GROUP BY 1, 2, 3 HAVING count(DISTINCT c.cost) > 1) AS each
        WHERE variants IS NOT NULL GROUP BY 1, 2
      )
      SELECT a.line_id, t.variants FROM alike a JOIN told t USING (shape, amount)`,
  );
}
