import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
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
import { plainOf, type StagedJudged } from './judged.store.ts';
import { outcomeValues, type ResultTables, shareValues } from './result-tables.store.ts';
import { sharedColumns, type StagedShared, type StagedSums } from './shares.store.ts';
import { livedThings, type StagedLives, type StagedPrices, wholeThings } from './stage-charges.store.ts';

// Most lines of a bill are plain: of something that was the same all month, known by its id, for what it costs. They are
// judged in one query, and all else, which takes many, on what is left.

/**
 * Plans statements as they are written, joining and grouping by hashing. The planner knows no values of expressions and of
 * common table expressions, takes a few rows for all, and went through all of them for each line or sorted them.
 */
export async function planAsWritten<T>(trx: UnitOfWork, work: () => Promise<T>): Promise<T> {
  await statement('providerBilling.planAsWritten')`
    SELECT set_config('enable_nestloop', 'off', true), set_config('enable_sort', 'off', true), set_config('join_collapse_limit', '1', true), set_config('parallel_tuple_cost', '0', true)`.execute(
    trx,
  );
  const result = await work();
  await statement('providerBilling.planFreely')`
    SELECT set_config('enable_nestloop', 'on', true), set_config('enable_sort', 'on', true), set_config('join_collapse_limit', '8', true), set_config('parallel_tuple_cost', '0.1', true)`.execute(
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
    sql`
      SELECT account_id, class, subject, units, ${monthStart(bills)}::timestamptz AS since, ${bills.until}::timestamptz AS until
      FROM ${wholeThings(accounts, bills)} t WHERE is_one GROUP BY 1, 2, 3, 4
      UNION
      SELECT account_id, class, subject, units, since, until FROM ${livedThings(bills, lives)} t GROUP BY 1, 2, 3, 4, 5, 6`,
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

const isPlainClass = sql`p.class NOT IN ('pool', 'reserved_ip', 'backup', 'spaces', 'bucket')`;

type StagedTimes = TemporaryTable<'staged_bill_times'>;

/** The times of a bill's lines by product, of products that may have plain lines: most lines of a product are of the same time. */
export function stageTimes(trx: UnitOfWork, bills: BillMonth, { targets }: ResultTables): Promise<StagedTimes> {
  const { begins, ends } = lineTimes(bills);
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageTimes', table: 'staged_bill_times', analyze: true },
    sql`
      SELECT row_number() OVER ()::int AS time, bill_id, bill_version_id, reconciliation_id, product, start_time, end_time, duration, duration_unit, resource_kind, begins,
             ${exclusiveEnd} AS until
      FROM (SELECT l.*, v.bill_id, v.reconciliation_id, p.class, p.resource_kind, ${toldSeconds} AS told_s, ${begins} AS begins, ${ends} AS ends
            FROM (SELECT DISTINCT bill_version_id, product, start_time, end_time, duration, duration_unit FROM provider_bill_lines
                  WHERE bill_version_id = ANY (${versionsOf(bills)}::bigint[])) l
            JOIN ${targets} v USING (bill_version_id) JOIN bill_products p USING (product)
            WHERE ${isPlainClass}) AS line`,
  );
}

type StagedDue = TemporaryTable<'staged_bill_due'>;

/** What a plain line of each of those comes to, and since when its account is known. */
export function stageDue(
  trx: UnitOfWork,
  { shapes, costs, accounts }: { shapes: StagedShapes; costs: StagedCosts; accounts: StagedAccounts },
): Promise<StagedDue> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageDue', table: 'staged_bill_due', analyze: true },
    sql`
      WITH variants AS (
        SELECT shape, jsonb_object_agg(rule, named) AS variants
        FROM (SELECT c.shape, c.rule, jsonb_agg(c.variant ORDER BY c.variant) FILTER (WHERE c.cost = b.cost) AS named
              FROM ${costs} c JOIN ${costs} b ON b.shape = c.shape AND b.rule IS NULL
              WHERE c.rule IS NOT NULL GROUP BY 1, 2 HAVING count(DISTINCT c.cost) > 1) AS each
        WHERE named IS NOT NULL GROUP BY shape
      )
      SELECT row_number() OVER ()::int AS due, h.account_id, h.subject, h.units, h.since, h.until, h.monthly::amount AS monthly, c.cost::amount AS cost,
             0.00::amount AS difference, coalesce(v.variants, '{}') AS variants, a.connected_at
      FROM ${shapes} h JOIN ${accounts} a ON a.account_id = h.account_id JOIN ${costs} c ON c.shape = h.shape AND c.rule IS NULL
      LEFT JOIN variants v ON v.shape = h.shape
      WHERE c.cost IS NOT NULL`,
  );
}

interface StagedForPlain {
  readonly accounts: StagedAccounts;
  readonly due: StagedDue;
  readonly times: StagedTimes;
}

/** Who alone bears what is of resource `r` in the time `t`. */
const ownedAlone = sql`
  (deployments_attributions o JOIN deployments_owners w ON w.owner_set_id = o.owner_set_id AND w.weight = w.weight_total)
    ON o.resource_id = r.resource_id AND o.valid_from <= t.begins AND o.valid_to >= greatest(t.until, t.begins + interval '1 microsecond')`;

/** What is due, of `d`, for a thing `s` by line `l` in the time `t`. */
function isDue(bills: BillMonth): RawBuilder<unknown> {
  return sql`
  d.account_id = s.account_id AND d.subject = s.subject AND d.units = s.units AND d.since = s.since AND d.until = s.until
    AND d.cost = l.amount AND scale(l.amount) = 2
    AND t.begins >= d.connected_at AND t.begins <= d.until + interval '1 second' AND t.until >= d.since - interval '1 second'
    AND t.until > ${monthStart(bills)}::timestamptz`;
}

/**
 * Judges the plain lines: of one resource that was one thing at one price all the time that it was there in the month, with
 * boundaries that are known, since its account was connected; no other line of its class is about it, nobody decided about
 * the line, and its amount is what is expected. Where one deployment owned it all the line's time, that one bears it.
 */
export async function judgePlainLines(
  trx: UnitOfWork,
  bills: BillMonth,
  results: ResultTables,
  staged: StagedForPlain & { readonly lives: StagedLives; readonly decisions: StagedDecisions },
): Promise<StagedJudged> {
  const judged = await planAsWritten(trx, async () => {
    const whole = await stageJudged(trx, bills, results, staged);
    await updateLived(trx, bills, whole, staged);
    return whole;
  });
  await updateDoubtful(trx, judged, await stageDoubts(trx, judged, staged));
  return judged;
}

/**
 * Judges what was the same all month, which is most of it, in parallel. No process but the first can read a temporary table:
 * they are given what is in them. It joins outwards, so that the planner knows how many rows there are, and so that what is
 * left is known too.
 */
async function stageJudged(
  trx: UnitOfWork,
  bills: BillMonth,
  { targets }: ResultTables,
  { accounts, due, times }: StagedForPlain,
): Promise<StagedJudged> {
  const judged = await createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageJudged', table: 'staged_bill_judged', analyze: ['time', 'resource_id', 'due'] },
    sql`
      SELECT l.bill_version_id, l.reconciliation_id, l.position, l.amount, t.time, CASE WHEN l.resource_uuid IS NULL THEN 'id' ELSE 'uuid' END AS rule,
             r.resource_id, d.due, w.deployment_id AS owner
      FROM (SELECT b.*, g.reconciliation_id
            FROM provider_bill_lines b
            JOIN unnest((SELECT array_agg(ROW(bill_version_id, reconciliation_id)) FROM ${targets})) AS g (bill_version_id bigint, reconciliation_id bigint)
              USING (bill_version_id)
            WHERE b.bill_version_id = ANY (${versionsOf(bills)}::bigint[])) l
      LEFT JOIN unnest((SELECT array_agg(ROW(time, bill_version_id, product, start_time, end_time, duration, duration_unit, resource_kind, begins, until)) FROM ${times}))
        AS t (time int, bill_version_id bigint, product text, start_time timestamptz, end_time timestamptz, duration numeric, duration_unit text,
              resource_kind text, begins timestamptz, until timestamptz)
        ON t.bill_version_id = l.bill_version_id AND t.product = l.product AND t.start_time = l.start_time AND t.end_time = l.end_time
       AND t.duration = l.duration AND t.duration_unit = l.duration_unit AND (l.resource_uuid IS NULL) <> (l.resource_id IS NULL)
      FULL JOIN (${wholeThings(accounts, bills)} s JOIN inventory_resources r USING (resource_id))
        ON r.external_id = coalesce(l.resource_uuid, l.resource_id) AND r.kind = t.resource_kind AND NOT r.unseen
      LEFT JOIN unnest((SELECT array_agg(ROW(due, account_id, subject, units, since, until, cost::numeric, connected_at)) FROM ${due}))
        AS d (due int, account_id int, subject text, units numeric, since timestamptz, until timestamptz, cost numeric, connected_at timestamptz)
        ON s.is_one AND ${isDue(bills)}
      LEFT JOIN ${ownedAlone}
      ORDER BY l.reconciliation_id, l.position`,
  );
  // What is left is few, and is read several times.
  await statement(
    'providerBilling.indexJudged',
  )`CREATE INDEX ON ${judged} (time, resource_id) WHERE due IS NULL`.execute(trx);
  return judged;
}

/** Judges what was there for a part of the month, with boundaries that are known. */
async function updateLived(
  trx: UnitOfWork,
  bills: BillMonth,
  judged: StagedJudged,
  { lives, due, times }: StagedForPlain & { readonly lives: StagedLives },
): Promise<void> {
  await statement('providerBilling.updateLived')`
    UPDATE ${judged} j SET resource_id = m.resource_id, due = m.due, owner = m.owner
    FROM (
      SELECT l.bill_version_id, l.position, r.resource_id, d.due, w.deployment_id AS owner
      FROM ${livedThings(bills, lives)} s JOIN inventory_resources r USING (resource_id)
      JOIN (${judged} n JOIN ${times} t USING (time) JOIN provider_bill_lines l ON l.bill_version_id = n.bill_version_id AND l.position = n.position)
        ON n.due IS NULL AND n.resource_id IS NULL AND coalesce(l.resource_uuid, l.resource_id) = r.external_id AND t.resource_kind = r.kind AND NOT r.unseen
      LEFT JOIN ${due} d ON ${isDue(bills)}
      LEFT JOIN ${ownedAlone}) m
    WHERE j.bill_version_id = m.bill_version_id AND j.position = m.position`.execute(trx);
}

type StagedDoubts = TemporaryTable<'staged_bill_doubts'>;

/**
 * The ids on lines that are not plain whatever they cost: with two ids, of a product that is not known, about which somebody
 * decided, or of a time that is not told; or several accounts have it. What is about one of them is not plain then, nor what
 * several lines of its class are about.
 */
function stageDoubts(
  trx: UnitOfWork,
  judged: StagedJudged,
  { decisions, accounts }: { decisions: StagedDecisions; accounts: StagedAccounts },
): Promise<StagedDoubts> {
  const idsOfSeveral = sql`
      UNION ALL
      SELECT external_id FROM inventory_resources WHERE account_id = ANY (${accounts.ids}::int[]) AND NOT unseen
      GROUP BY external_id, kind HAVING count(*) > 1`;
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageDoubts', table: 'staged_bill_doubts', analyze: true },
    sql`
      SELECT unnest(array_remove(ARRAY[l.resource_uuid, l.resource_id], NULL)) AS key
      FROM ${judged} j JOIN provider_bill_lines l USING (bill_version_id, position) LEFT JOIN bill_products p USING (product)
      WHERE j.due IS NULL AND j.time IS NULL AND (p.class IS NULL OR ${isPlainClass} OR l.resource_uuid IS NOT NULL AND l.resource_id IS NOT NULL)
      UNION ALL
      SELECT coalesce(l.resource_uuid, l.resource_id) FROM provider_bill_lines l JOIN ${decisions} d USING (bill_version_id, position)
      WHERE l.resource_uuid IS NOT NULL OR l.resource_id IS NOT NULL
      ${accounts.ids.length === 1 ? sql`` : idsOfSeveral}`,
  );
}

async function updateDoubtful(trx: UnitOfWork, judged: StagedJudged, doubts: StagedDoubts): Promise<void> {
  await statement('providerBilling.updateDoubtful')`
    UPDATE ${judged} SET due = NULL
    WHERE due IS NOT NULL AND resource_id IN (
      SELECT resource_id FROM ${judged}
      WHERE resource_id IS NOT NULL AND (SELECT count(resource_id) > count(DISTINCT resource_id) FROM ${judged}) GROUP BY 1 HAVING count(*) > 1
      UNION ALL
      SELECT r.resource_id FROM ${doubts} x JOIN inventory_resources r ON r.external_id = x.key)`.execute(trx);
}

/** Writes what comes of plain lines: it is most of all that is written. */
export async function insertPlainLines(
  trx: UnitOfWork,
  results: ResultTables,
  {
    judged,
    due,
    times,
    shared,
    sums,
  }: { judged: StagedJudged; due: StagedDue; times: StagedTimes; shared: StagedShared; sums: StagedSums },
): Promise<void> {
  const plain = plainOf(judged);
  await statement('providerBilling.insertPlainOutcomes')`
    INSERT INTO ${results.outcomes} (reconciliation_id, ${outcomeValues})
    SELECT reconciliation_id, position, 'matched', rule, resource_id, expected, difference, 'none', since, until, monthly, units, subject, variants, '{}'
    FROM ${plain} p JOIN ${due} USING (due)`.execute(trx);
  await statement('providerBilling.insertPlainShares')`
    INSERT INTO ${results.shares} (reconciliation_id, ${shareValues})
    SELECT reconciliation_id, position, 'deployment', owner, expected FROM ${plain} p WHERE owner IS NOT NULL`.execute(
    trx,
  );
  await statement('providerBilling.insertPlainSums')`
    INSERT INTO ${sums} (bill_id, target, deployment_id, product, from_bill, amount)
    SELECT bill_id, 'deployment', owner, product, false, sum(amount)
    FROM (SELECT time, owner, sum(expected) AS amount FROM ${plain} p WHERE owner IS NOT NULL GROUP BY 1, 2) s JOIN ${times} USING (time)
    GROUP BY bill_id, owner, product`.execute(trx);
  await statement('providerBilling.insertDividedLines')`
    INSERT INTO ${shared} (${sharedColumns})
    SELECT ${lineId(sql`t`, sql`p`)}, bill_id, position, expected, product, false, 'matched', rule, NULL, NULL, resource_id, begins, until
    FROM ${plain} p JOIN ${times} t USING (time) WHERE owner IS NULL`.execute(trx);
}

function versionsOf({ bills }: BillMonth): number[] {
  return bills.map(({ versionId }) => versionId);
}
