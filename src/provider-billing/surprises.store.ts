import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { createTemporaryTable, type TemporaryTable } from '../platform/database/temporary-table.ts';
import type { StagedCosts, StagedItems } from './reconciliation/expected-cost.store.ts';
import type { StagedBackups } from './reconciliation/outcomes.store.ts';

/** What is more than expected by less than this, or by less than a quarter, is no surprise; a cent a row is rounding. */
const least = sql`0.10`;
const leastPart = sql`0.25`;
/** What has no price is one where it is twice as much as on any of so many days before, and by so much more. */
const daysBefore = 7;
const leastByDays = sql`0.50`;

/** What a row is about, by its words: the name of a cluster, an address, or a name before what is in parentheses. */
const nameOf = sql`
  CASE WHEN i.group_description <> '' THEN i.group_description
       ELSE coalesce(substring(i.description FROM ' - ([0-9A-Fa-f.:]+)$'),
                     regexp_replace(i.description, ' \\([^()]*\\)( [0-9.]+ ?GB)?$', '')) END`;

interface UncheckedDay {
  readonly insightDayId: number;
  readonly day: Temporal.PlainDate;
}

/** Days as they read now that nobody has looked at, the earliest first: whole ones of after the connection. */
export async function selectUncheckedDays(db: Queryable, payerId: number): Promise<UncheckedDay[]> {
  const { rows } = await statement<UncheckedDay>('providerBilling.selectUncheckedDays')`
    SELECT d.insight_day_id AS "insightDayId", d.day
    FROM provider_insight_days d
    WHERE d.payer_id = ${payerId} AND d.superseded_at = 'infinity'
      AND NOT EXISTS (SELECT FROM provider_checked_days c WHERE c.insight_day_id = d.insight_day_id)
      AND d.day::timestamp AT TIME ZONE 'UTC' >= (
        SELECT min(a.connected_at) FROM bill_payer_accounts p JOIN inventory_accounts a USING (account_id)
        WHERE p.payer_id = ${payerId} AND p.superseded_at = 'infinity')
    ORDER BY d.day`.execute(db);
  return rows;
}

export type StagedExpected = TemporaryTable<'staged_expected_days'>;

export function stageExpected(trx: UnitOfWork): Promise<StagedExpected> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.stageExpected', table: 'staged_expected_days' },
    sql`resource_id bigint, class text NOT NULL, cost numeric, is_end boolean NOT NULL`,
  );
}

/** Adds what each resource should be charged up to a moment; null: nobody says what it costs. */
export async function insertExpected(
  trx: UnitOfWork,
  expected: StagedExpected,
  {
    items,
    costs,
    backups,
    isEnd,
  }: {
    readonly items: StagedItems;
    readonly costs: StagedCosts;
    readonly backups: StagedBackups;
    readonly isEnd: boolean;
  },
): Promise<void> {
  await statement('providerBilling.insertExpected')`
    INSERT INTO ${expected}
    SELECT i.resource_id, i.class, c.cost, ${isEnd}::boolean FROM ${items} i JOIN ${costs} c USING (shape) WHERE c.rule IS NULL
    UNION ALL
    SELECT resource_id, 'backup', cost, ${isEnd}::boolean FROM ${backups} WHERE line_id IS NULL`.execute(trx);
}

/**
 * Keeps what of a day costs more than expected, in place of what was found of it before; how many rows those are. A name
 * that several resources have is looked at as a whole, then each of its rows against the resource that comes nearest.
 */
export async function writeSurprises(
  trx: UnitOfWork,
  insightDayId: number,
  expected: StagedExpected,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ count: number }>('providerBilling.writeSurprises')`
    WITH today AS (SELECT * FROM provider_insight_days WHERE insight_day_id = ${insightDayId}), told AS (
      SELECT i.team_urn, i.sku, i.region, i.description, i.group_description, sum(i.amount) AS amount, count(*) AS rows,
             ${nameOf} AS name
      FROM provider_insights i WHERE i.insight_day_id = ${insightDayId} GROUP BY 1, 2, 3, 4, 5
    ), due AS (
      -- What was there before its account was connected, in the month of that: its first days are assumed.
      SELECT e.resource_id, e.class, CASE WHEN bool_or(e.cost IS NULL OR a.connected_at > date_trunc('month', t.day::timestamp) AT TIME ZONE 'UTC'
                                                       AND r.provider_created_at IS DISTINCT FROM greatest(r.provider_created_at, a.connected_at)) THEN NULL
             ELSE sum(CASE WHEN e.is_end THEN e.cost ELSE -e.cost END) END AS cost
      FROM ${expected} e JOIN inventory_resources r USING (resource_id) JOIN inventory_accounts a USING (account_id) CROSS JOIN today t GROUP BY 1, 2
    ), named AS (
      SELECT DISTINCT n.name, d.resource_id, d.class, d.cost FROM due d
      CROSS JOIN today t
      CROSS JOIN LATERAL (
        SELECT s.name FROM inventory_states s
        WHERE s.resource_id = d.resource_id AND s.valid_from < (t.day + 1)::timestamp AT TIME ZONE 'UTC' AND s.valid_to > t.day::timestamp AT TIME ZONE 'UTC'
        UNION SELECT r.external_id FROM inventory_resources r WHERE r.resource_id = d.resource_id AND r.kind = 'reserved_ip') n
    ), sums AS (
      SELECT name, sum(cost) AS cost, count(*) AS resources FROM named GROUP BY name HAVING bool_and(cost IS NOT NULL)
    ), by_name AS (SELECT name, sum(amount) AS amount, sum(rows) AS rows FROM told GROUP BY name), before AS (
      SELECT team_urn, sku, region, name, group_description, max(amount) AS amount FROM (
        SELECT d.day, i.team_urn, i.sku, i.region, ${nameOf} AS name, i.group_description, sum(i.amount) AS amount
        FROM today t JOIN provider_insight_days d ON d.payer_id = t.payer_id AND d.urn = t.urn AND d.superseded_at = 'infinity'
         AND d.day < t.day AND d.day >= t.day - ${daysBefore}::int
        JOIN provider_insights i ON i.insight_day_id = d.insight_day_id GROUP BY 1, 2, 3, 4, 5, 6) AS each
      GROUP BY 1, 2, 3, 4, 5
    ), judged AS (
      SELECT o.*, CASE WHEN s.name IS NOT NULL THEN 'history' WHEN b.amount IS NOT NULL THEN 'days_before' ELSE 'new' END AS compared,
             CASE WHEN s.name IS NOT NULL THEN nearest.cost ELSE coalesce(b.amount, 0.00) END AS expected,
             s.name IS NULL OR w.amount - s.cost > greatest(${least}, ${leastPart} * s.cost) + 0.01 * (w.rows + s.resources) AS is_more
      FROM told o JOIN by_name w USING (name) LEFT JOIN sums s USING (name)
      LEFT JOIN before b USING (team_urn, sku, region, name, group_description)
      LEFT JOIN LATERAL (SELECT n.cost FROM named n WHERE n.name = o.name ORDER BY abs(n.cost - o.amount), n.cost LIMIT 1) nearest ON true
    ), found AS (
      SELECT * FROM judged WHERE is_more AND amount - expected > CASE compared WHEN 'history' THEN greatest(${least}, ${leastPart} * expected) + 0.01 * rows
                                                              ELSE greatest(${leastByDays}, expected) END
    ), gone AS (
      DELETE FROM provider_surprises p USING provider_insight_days d, today t
      WHERE d.insight_day_id = p.insight_day_id AND d.payer_id = t.payer_id AND d.urn = t.urn AND d.day = t.day
    ), kept AS (
      INSERT INTO provider_surprises (insight_day_id, team_urn, sku, region, description, group_description, compared, expected, amount, found_at)
      SELECT ${insightDayId}, team_urn, sku, region, description, group_description, compared, round(expected, 2), amount, ${now}::timestamptz FROM found
    ), checked AS (INSERT INTO provider_checked_days (insight_day_id, checked_at) VALUES (${insightDayId}, ${now}::timestamptz))
    SELECT count(*) AS count FROM found`.execute(trx);
  return rows[0]!.count;
}

export interface SurpriseRow {
  readonly day: Temporal.PlainDate;
  readonly payer: string;
  readonly teamUrn: string;
  readonly sku: string;
  readonly region: string;
  readonly description: string;
  readonly groupDescription: string;
  readonly compared: 'history' | 'days_before' | 'new';
  readonly expected: string;
  readonly amount: string;
  readonly difference: string;
  readonly currency: string;
  readonly foundAt: Temporal.Instant;
}

interface SurprisePage {
  readonly payer?: string | undefined;
  readonly from: Temporal.PlainDate;
  /** Not included. */
  readonly to: Temporal.PlainDate;
  readonly limit: number;
  readonly after: { readonly day: Temporal.PlainDate; readonly place: number } | null;
}

/** Surprises, the newest day first, of a day the greatest first; and the place of each in its day. */
export async function selectSurprises(
  db: Queryable,
  { payer, from, to, limit, after }: SurprisePage,
): Promise<(SurpriseRow & { readonly place: number })[]> {
  const { rows } = await preparedStatement<SurpriseRow & { place: number }>('providerBilling.selectSurprises')`
    WITH placed AS (
      SELECT d.day, b.slug AS payer, b.currency, p.*,
             row_number() OVER (PARTITION BY d.day ORDER BY p.amount - p.expected DESC, b.slug, p.team_urn, p.sku, p.region, p.description, p.group_description)::int AS place
      FROM provider_surprises p JOIN provider_insight_days d USING (insight_day_id) JOIN bill_payers b USING (payer_id)
      WHERE d.superseded_at = 'infinity' AND d.day >= ${from}::date AND d.day < ${to}::date AND (${payer ?? null}::text IS NULL OR b.slug = ${payer ?? null})
    )
    SELECT day, payer, team_urn AS "teamUrn", sku, region, description, group_description AS "groupDescription", compared, expected,
           amount, amount - expected AS difference, currency, found_at AS "foundAt", place
    FROM placed WHERE ${after === null} OR (day, -place) < (${after?.day ?? null}::date, ${-(after?.place ?? 0)}::int)
    ORDER BY day DESC, place LIMIT ${limit}`.execute(db);
  return rows;
}

/** How many rows of days cost more than expected. */
export async function countSurprises(db: Queryable, from: Temporal.PlainDate, to: Temporal.PlainDate): Promise<number> {
  const { rows } = await preparedStatement<{ count: number }>('providerBilling.countSurprises')`
    SELECT count(*) AS count FROM provider_surprises JOIN provider_insight_days d USING (insight_day_id)
    WHERE d.superseded_at = 'infinity' AND d.day >= ${from}::date AND d.day < ${to}::date`.execute(db);
  return rows[0]!.count;
}
