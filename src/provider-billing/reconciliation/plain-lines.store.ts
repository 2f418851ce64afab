import { sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import {
  createTemporaryTable,
  createTemporaryTableAs,
  type TemporaryTable,
} from '../../platform/database/temporary-table.ts';
import type { StagedDecisions } from './decisions.store.ts';
import {
  type BillMonth,
  monthStart,
  type StagedAccounts,
  exclusiveEnd,
  lineId,
  lineTimes,
  toldSeconds,
} from './stage-lines.store.ts';
import type { StagedCosts } from './expected-cost.store.ts';
import { outcomeValues, type ResultTables, shareValues } from './result-tables.store.ts';
import { sharedColumns, type StagedShared, type StagedSums } from './shares.store.ts';
import { simpleThings, type StagedLives, type StagedPrices } from './stage-charges.store.ts';

// Most lines of a bill are plain: of something that was the same all month, known by its id, for what it costs. They are
// judged in one statement, and all else, which takes many, on what is left.

export type StagedPlain = TemporaryTable<'staged_bill_plain'>;

/** Which lines are plain, and of which resource and amount: none yet. */
export function createPlain(trx: UnitOfWork): Promise<StagedPlain> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.createPlain', table: 'staged_bill_plain' },
    sql`line_id bigint, bill_id bigint, resource_id bigint, expected numeric`,
  );
}

/**
 * Plans statements as they are written, joining and grouping by hashing. The planner knows no values of expressions and of
 * common table expressions, takes a few rows for all, and went through all of them for each line or sorted them.
 */
export async function planAsWritten<T>(trx: UnitOfWork, work: () => Promise<T>): Promise<T> {
  await statement('providerBilling.planAsWritten')`
    SELECT set_config('enable_nestloop', 'off', true), set_config('enable_sort', 'off', true), set_config('join_collapse_limit', '1', true)`.execute(
    trx,
  );
  const result = await work();
  await statement('providerBilling.planFreely')`
    SELECT set_config('enable_nestloop', 'on', true), set_config('enable_sort', 'on', true), set_config('join_collapse_limit', '8', true)`.execute(
    trx,
  );
  return result;
}

export type StagedThings = TemporaryTable<'staged_bill_things'>;

/** What may have a plain line: each kind of it and each time once. */
export function stageThings(
  trx: UnitOfWork,
  bills: BillMonth,
  { accounts, lives }: { accounts: StagedAccounts; lives: StagedLives },
): Promise<StagedThings> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageThings', table: 'staged_bill_things', analyze: true },
    sql`SELECT account_id, class, subject, units, since, until FROM ${simpleThings(accounts, bills, lives)} t GROUP BY 1, 2, 3, 4, 5, 6`,
  );
}

export type StagedShapes = TemporaryTable<'staged_bill_shapes'>;

/** The same with its price, where there was one price all the time. */
export function stageShapes(
  trx: UnitOfWork,
  { things, prices }: { things: StagedThings; prices: StagedPrices },
): Promise<StagedShapes> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageShapes', table: 'staged_bill_shapes', analyze: true },
    sql`
      SELECT *, ROW(class, subject, units, monthly, per, seconds)::text AS shape
      FROM (
        SELECT t.*, p.monthly, p.per, extract(epoch FROM t.until - t.since) AS seconds, 1::bigint AS pieces, 0::numeric AS before_first,
               0::numeric AS before_highest
        FROM ${things} t
        JOIN ${prices} p ON p.account_id = t.account_id AND p.subject = t.subject AND p.since <= t.since AND p.until >= t.until
        WHERE p.monthly IS NOT NULL AND t.units IS NOT NULL) AS priced`,
  );
}

type StagedTimes = TemporaryTable<'staged_bill_times'>;

/** The times of a bill's lines by product, of products that may have plain lines: most lines of a product are of the same time. */
export function stageTimes(trx: UnitOfWork, bills: BillMonth, { targets }: ResultTables): Promise<StagedTimes> {
  const { begins, ends } = lineTimes(bills);
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageTimes', table: 'staged_bill_times', analyze: true },
    sql`
      SELECT bill_id, bill_version_id, reconciliation_id, product, start_time, end_time, duration, duration_unit, class, resource_kind, begins, ${exclusiveEnd} AS until
      FROM (SELECT l.*, v.bill_id, v.reconciliation_id, p.class, p.resource_kind, ${toldSeconds} AS told_s, ${begins} AS begins, ${ends} AS ends
            FROM (SELECT DISTINCT bill_version_id, product, start_time, end_time, duration, duration_unit FROM provider_bill_lines
                  WHERE bill_version_id = ANY (${versionsOf(bills)}::bigint[])) l
            JOIN ${targets} v USING (bill_version_id) JOIN bill_products p USING (product)
            WHERE p.class NOT IN ('pool', 'reserved_ip', 'backup', 'spaces', 'bucket')) AS line`,
  );
}

type StagedDoubts = TemporaryTable<'staged_bill_doubts'>;

/**
 * The ids on lines that are not plain whatever they cost: several lines of a class have it, or it is on a line of a
 * product that is not known, with two ids, or about which somebody decided.
 */
export function stageDoubts(trx: UnitOfWork, bills: BillMonth, decisions: StagedDecisions): Promise<StagedDoubts> {
  const ofBills = sql`l.bill_version_id = ANY (${versionsOf(bills)}::bigint[])`;
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageDoubts', table: 'staged_bill_doubts', analyze: true },
    sql`
      SELECT coalesce(l.resource_uuid, l.resource_id) AS key
      FROM provider_bill_lines l LEFT JOIN bill_products p USING (product)
      WHERE ${ofBills} AND (l.resource_uuid IS NOT NULL OR l.resource_id IS NOT NULL)
      GROUP BY 1, p.class HAVING count(*) > 1 OR p.class IS NULL
      UNION ALL
      SELECT unnest(ARRAY[l.resource_uuid, l.resource_id]) FROM provider_bill_lines l
      WHERE ${ofBills} AND l.resource_uuid IS NOT NULL AND l.resource_id IS NOT NULL
      UNION ALL
      SELECT coalesce(l.resource_uuid, l.resource_id) FROM provider_bill_lines l JOIN ${decisions} d USING (bill_version_id, position)
      WHERE l.resource_uuid IS NOT NULL OR l.resource_id IS NOT NULL`,
  );
}

/**
 * Judges the plain lines: of one resource that was one thing at one price all the time that it was there in the month, with
 * boundaries that are known, since its account was connected; no other line of its class is about it, nobody decided about
 * the line, and its amount is what is expected. Where one deployment owned it all the line's time, that one bears it. What
 * comes of them is written to the results by the statement that judges them: it is most of all that is written.
 */
export async function insertPlainLines(
  trx: UnitOfWork,
  bills: BillMonth,
  results: ResultTables,
  staged: {
    plain: StagedPlain;
    shared: StagedShared;
    sums: StagedSums;
    accounts: StagedAccounts;
    lives: StagedLives;
    shapes: StagedShapes;
    costs: StagedCosts;
    times: StagedTimes;
    doubts: StagedDoubts;
  },
): Promise<void> {
  const { plain, shared, sums, accounts, lives, shapes, costs, times, doubts } = staged;
  await statement('providerBilling.insertPlainLines')`
    WITH variants AS (
      SELECT shape, jsonb_object_agg(rule, named) AS variants
      FROM (SELECT c.shape, c.rule, jsonb_agg(c.variant ORDER BY c.variant) FILTER (WHERE c.cost = b.cost) AS named
            FROM ${costs} c JOIN ${costs} b ON b.shape = c.shape AND b.rule IS NULL
            WHERE c.rule IS NOT NULL GROUP BY 1, 2 HAVING count(DISTINCT c.cost) > 1) AS each
      WHERE named IS NOT NULL GROUP BY shape
    ), due AS MATERIALIZED (
      SELECT row_number() OVER () AS due, h.account_id, h.subject, h.units, h.since, h.until, h.monthly::amount AS monthly, c.cost::amount AS cost,
             2 AS digits, coalesce(v.variants, '{}') AS variants, a.connected_at
      FROM ${shapes} h JOIN ${accounts} a ON a.account_id = h.account_id JOIN ${costs} c ON c.shape = h.shape AND c.rule IS NULL
      LEFT JOIN variants v ON v.shape = h.shape
      WHERE c.cost IS NOT NULL
    ), judged AS MATERIALIZED (
      SELECT t.bill_id, t.reconciliation_id, l.position, l.amount, t.begins, t.until AS ends, l.product,
             CASE WHEN l.resource_uuid IS NULL THEN 'id' ELSE 'uuid' END AS rule, r.resource_id, d.due, w.deployment_id AS owner
      FROM provider_bill_lines l
      JOIN ${times} t ON t.bill_version_id = l.bill_version_id AND t.product = l.product AND t.start_time = l.start_time AND t.end_time = l.end_time
       AND t.duration = l.duration AND t.duration_unit = l.duration_unit
      JOIN inventory_resources r ON r.external_id = coalesce(l.resource_uuid, l.resource_id) AND r.kind = t.resource_kind AND NOT r.unseen
      JOIN ${simpleThings(accounts, bills, lives)} s ON s.resource_id = r.resource_id
      JOIN due d ON d.account_id = s.account_id AND d.subject = s.subject AND d.units = s.units AND d.since = s.since AND d.until = s.until
       AND d.cost = l.amount AND d.digits = scale(l.amount)
      LEFT JOIN (deployments_attributions o JOIN deployments_owners w ON w.owner_set_id = o.owner_set_id AND w.weight = w.weight_total)
        ON o.resource_id = r.resource_id AND o.valid_from <= t.begins AND o.valid_to >= greatest(t.until, t.begins + interval '1 microsecond')
      WHERE l.bill_version_id = ANY (${versionsOf(bills)}::bigint[])
        AND t.begins >= d.connected_at AND t.begins <= d.until + interval '1 second' AND t.until >= d.since - interval '1 second'
        AND t.until > ${monthStart(bills)}::timestamptz
        AND NOT EXISTS (SELECT FROM ${doubts} x WHERE x.key = r.external_id)
        AND ((SELECT count(*) FROM ${accounts}) = 1 OR NOT EXISTS (
          SELECT FROM inventory_resources x JOIN ${accounts} b USING (account_id)
          WHERE x.external_id = r.external_id AND x.kind = r.kind AND x.account_id <> r.account_id AND NOT x.unseen))
    ), written AS (
      INSERT INTO ${results.outcomes} (reconciliation_id, ${outcomeValues})
      SELECT reconciliation_id, position, 'matched', rule, resource_id, cost, 0.00, 'none', since, until, monthly, units, subject, variants, '{}'
      FROM judged JOIN due USING (due)
    ), borne AS (
      INSERT INTO ${results.shares} (reconciliation_id, ${shareValues})
      SELECT reconciliation_id, position, 'deployment', owner, amount FROM judged WHERE owner IS NOT NULL
    ), summed AS (
      INSERT INTO ${sums} (bill_id, target, deployment_id, product, from_bill, amount)
      SELECT bill_id, 'deployment', owner, product, false, sum(amount) FROM judged WHERE owner IS NOT NULL GROUP BY bill_id, owner, product
    ), divided AS (
      INSERT INTO ${shared} (${sharedColumns})
      SELECT ${lineId(sql`j`, sql`j`)}, bill_id, position, amount, product, false, 'matched', rule, NULL, NULL, resource_id, begins, ends
      FROM judged j WHERE owner IS NULL
    )
    INSERT INTO ${plain} SELECT ${lineId(sql`j`, sql`j`)}, bill_id, resource_id, amount FROM judged j`.execute(trx);
  await statement('providerBilling.analyzePlainLines')`ANALYZE ${plain}`.execute(trx);
}

function versionsOf({ bills }: BillMonth): number[] {
  return bills.map(({ versionId }) => versionId);
}
