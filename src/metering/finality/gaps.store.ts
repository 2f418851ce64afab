import { sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { accruedWithin, levelIn, meteredSpans } from '../accrual.store.ts';
import type { DayRange } from '../period.ts';
import { startOfDay } from '../period.ts';
import { statement } from '../../platform/database/statement.ts';
import { ownRaises, raisedShare, raisesWithin } from '../raises.store.ts';

/** A gap over which usage is carried forward. */
export interface GapRow {
  readonly accountId: number;
  readonly account: string;
  readonly resourceKind: string;
  readonly from: Temporal.Instant;
  /** The listing that closed it; null: none has. */
  readonly to: Temporal.Instant | null;
  /** Up to here usage may be estimated. */
  readonly limit: Temporal.Instant;
}

/**
 * Gaps that reach into a range, the latest first: open ones, of accounts and kinds that are not
 * confirmed through the range (or through now, once that is longer ago than a gap needs), and
 * closed ones in which resources went unseen.
 */
export async function selectGaps(
  db: Queryable,
  range: DayRange,
  now: Temporal.Instant,
  only: { account?: string | undefined; resourceKind?: string | undefined },
  limit: number,
): Promise<GapRow[]> {
  const from = startOfDay(range.from);
  const to = startOfDay(range.to);
  const chosen = sql`
    (${only.account ?? null}::text IS NULL OR a.slug = ${only.account ?? null})
    AND (${only.resourceKind ?? null}::text IS NULL OR g.resource_kind = ${only.resourceKind ?? null})`;
  const { rows } = await statement<GapRow>('metering.selectGaps')`
    WITH open AS (
      SELECT o.account_id, o.resource_kind, b.begins, NULL::timestamptz AS ends, b.begins + v.carry_forward AS carried_until
      FROM metering_observed o
      CROSS JOIN LATERAL (SELECT greatest(o.confirmed_through, o.metered_from) AS begins) AS b
      CROSS JOIN LATERAL observation_limits_at(o.resource_kind, b.begins) AS v
      WHERE b.begins < least(${to}::timestamptz, ${now}::timestamptz)
        AND (${to}::timestamptz <= ${now}::timestamptz OR ${now}::timestamptz - b.begins > v.gap_after)
    ), closed AS (
      SELECT e.account_id, e.resource_kind, e.carried_from, max(e.carried_to), min(e.beyond_from)
      FROM metering_uncertain_ends e
      WHERE e.carried_to > ${from} AND e.carried_from < ${to}
      GROUP BY 1, 2, 3
    )
    SELECT a.account_id AS "accountId", a.slug AS account, g.resource_kind AS "resourceKind",
           g.begins AS "from", g.ends AS "to", g.carried_until AS "limit"
    FROM (SELECT * FROM open UNION ALL SELECT * FROM closed) AS g
    JOIN inventory_accounts a USING (account_id)
    WHERE ${chosen}
    ORDER BY g.begins DESC, a.slug, g.resource_kind, g.ends NULLS FIRST LIMIT ${limit}`.execute(db);
  return rows;
}

/** What was carried forward over a gap; deployment and kind null: all of the gap's resources. */
export interface GapUsageRow {
  readonly gap: number;
  readonly deployment: string | null;
  readonly kind: string | null;
  readonly quantity: string;
  readonly resources: number;
}

/** Of each gap, by its place in the list: how many resources, and what they used on metered days of the range. */
export async function selectGapUsage(
  db: Queryable,
  range: DayRange,
  gaps: readonly GapRow[],
  limit: number,
): Promise<GapUsageRow[]> {
  const listed = gaps.map(({ accountId, resourceKind, from, to }, gap) => ({
    gap,
    account_id: accountId,
    resource_kind: resourceKind,
    begins: from.toString(),
    open: to === null,
  }));
  const { rows } = await statement<GapUsageRow>('metering.selectGapUsage')`
    WITH spans AS MATERIALIZED (${meteredSpans(range)}),
    gaps AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(listed)}::jsonb)
        AS g(gap int, account_id int, resource_kind text COLLATE "C", begins timestamptz, open boolean)
    ), stretches AS (
      SELECT g.gap, r.resource_id, g.begins AS carried_from, 'infinity'::timestamptz AS carried_to
      FROM gaps g JOIN inventory_resources r ON r.account_id = g.account_id AND r.kind = g.resource_kind
      WHERE g.open
      UNION ALL
      SELECT g.gap, e.resource_id, e.carried_from, e.carried_to
      FROM gaps g JOIN metering_uncertain_ends e
        ON e.account_id = g.account_id AND e.resource_kind = g.resource_kind AND e.carried_from = g.begins
      WHERE NOT g.open
    ), carried AS (
      SELECT t.gap, l.deployment_id, l.billing_kind_id, l.resource_id,
             CASE WHEN s.discarded_us IS NULL THEN ${accruedWithin(sql`t.carried_from`, sql`t.carried_to`)} ELSE 0 END AS quantity
      FROM stretches t
      JOIN metered_levels l ON l.resource_id = t.resource_id AND l.valid_from < t.carried_to AND l.valid_to > t.carried_from
      JOIN spans s ON s.billing_kind_id = l.billing_kind_id
       AND s.span_from < least(l.valid_to, t.carried_to) AND s.span_to > greatest(l.valid_from, t.carried_from)
      WHERE ${levelIn(range)}
    ), ${raisesWithin(sql`SELECT DISTINCT resource_id FROM stretches`)},
    every AS (
      SELECT * FROM carried
      UNION ALL
      SELECT t.gap, l.deployment_id, l.billing_kind_id, l.resource_id, ${raisedShare}
      FROM ${ownRaises} JOIN stretches t ON t.resource_id = r.resource_id AND t.carried_from <= r.raised_at AND t.carried_to > r.raised_at
    )
    SELECT c.gap, d.slug AS deployment, k.slug AS kind, c.quantity, c.resources
    FROM (SELECT gap, deployment_id, billing_kind_id, trim_scale(sum(quantity))::text AS quantity,
                 count(DISTINCT resource_id) AS resources
          FROM every GROUP BY GROUPING SETS ((gap, deployment_id, billing_kind_id), (gap))) AS c
    LEFT JOIN deployments_list d USING (deployment_id) LEFT JOIN billing_kinds k USING (billing_kind_id)
    ORDER BY c.gap, d.slug NULLS FIRST, k.slug LIMIT ${limit}`.execute(db);
  return rows;
}
