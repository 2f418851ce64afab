import { type RawBuilder, sql } from 'kysely';
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
import type { StagedLevels, StagedPrices } from './stage-charges.store.ts';

// Most lines of a bill are plain: of something that was the same all month, known by its id, for what it costs. They are
// judged in one statement, and all else, which takes many, on what is left.

/**
 * What came of each line. `owner`: who alone bears it, where that is known already; `method`: how it is shared where no
 * resource says.
 */
export type StagedOutcomes = TemporaryTable<'staged_bill_outcomes'>;

export const outcomeColumns = sql`line_id, bill_id, bill_version_id, position, amount, begins, ends, class, product, outcome, rule,
  method, deployment_id, resource_id, expected, difference, cause, since, until, monthly, units, subject, variants, remarks, owner`;

/** Outcomes, none yet. */
export function createOutcomes(trx: UnitOfWork): Promise<StagedOutcomes> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.createOutcomes', table: 'staged_bill_outcomes' },
    sql`line_id bigint, bill_id bigint, bill_version_id bigint, position int, amount numeric, begins timestamptz, ends timestamptz,
        class text, product text, outcome text, rule text, method text, deployment_id bigint, resource_id bigint, expected numeric,
        difference numeric, cause text, since timestamptz, until timestamptz, monthly numeric, units numeric, subject text,
        variants jsonb, remarks text[], owner bigint`,
  );
}

export type StagedShapes = TemporaryTable<'staged_bill_shapes'>;

/** Levels `l` that may have a plain line: the only one of their resource, with boundaries that are known. */
const isSimple = sql`l.is_sole AND l.count = 1 AND l.starts = l.since AND l.stops = l.until AND l.class NOT IN ('pool', 'reserved_ip')`;

/** What there was at one price, each kind of it and each time once. */
export function stageShapes(
  trx: UnitOfWork,
  bills: BillMonth,
  { levels, prices }: { levels: StagedLevels; prices: StagedPrices },
): Promise<StagedShapes> {
  const { since, until } = withinMonth(bills);
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageShapes', table: 'staged_bill_shapes', analyze: true },
    sql`
      SELECT *, ROW(class, subject, units, monthly, per, seconds)::text AS shape
      FROM (
        SELECT s.*, p.monthly, p.per, extract(epoch FROM s.until - s.since) AS seconds, 1::bigint AS pieces, 0::numeric AS before_first,
               0::numeric AS before_highest
        FROM (SELECT DISTINCT l.account_id, l.class, l.subject, l.units, ${since} AS since, ${until} AS until
              FROM ${levels} l WHERE ${isSimple} AND l.units IS NOT NULL) s
        JOIN ${prices} p ON p.account_id = s.account_id AND p.subject = s.subject AND p.since <= s.since AND p.until >= s.until
        WHERE p.monthly IS NOT NULL) AS priced`,
  );
}

/** The time of a level `l` within what a month's bills cover. */
function withinMonth(bills: BillMonth): { readonly since: RawBuilder<unknown>; readonly until: RawBuilder<unknown> } {
  return {
    since: sql`greatest(l.since, ${monthStart(bills)}::timestamptz)`,
    until: sql`least(l.until, ${bills.until}::timestamptz)`,
  };
}

/**
 * Judges the plain lines: of one resource that was one thing at one price all the time that it was there in the month, with
 * boundaries that are known, since its account was connected; no other line of its class is about it, nobody decided about
 * the line, and its amount is what is expected. Where one deployment owned it all the line's time, that one bears it.
 */
export async function insertPlainLines(
  trx: UnitOfWork,
  bills: BillMonth,
  staged: {
    outcomes: StagedOutcomes;
    accounts: StagedAccounts;
    levels: StagedLevels;
    shapes: StagedShapes;
    costs: StagedCosts;
    decisions: StagedDecisions;
  },
): Promise<void> {
  const { outcomes, accounts, levels, shapes, costs, decisions } = staged;
  const { since, until } = withinMonth(bills);
  const versions = bills.bills.map(({ versionId }) => versionId);
  const { begins, ends } = lineTimes(bills);
  // The planner knows no values of common table expressions, takes a few rows for all that are left, and went through all
  // levels for each line. Joined as they stand here, by hashing, each step has an id to join by.
  await statement('providerBilling.planAsWritten')`
    SELECT set_config('enable_nestloop', 'off', true), set_config('join_collapse_limit', '1', true)`.execute(trx);
  await statement('providerBilling.insertPlainLines')`
    INSERT INTO ${outcomes} (${outcomeColumns})
    WITH variants AS (
      SELECT shape, jsonb_object_agg(rule, named) AS variants
      FROM (SELECT c.shape, c.rule, jsonb_agg(c.variant ORDER BY c.variant) FILTER (WHERE c.cost = b.cost) AS named
            FROM ${costs} c JOIN ${costs} b ON b.shape = c.shape AND b.rule IS NULL
            WHERE c.rule IS NOT NULL GROUP BY 1, 2 HAVING count(DISTINCT c.cost) > 1) AS each
      WHERE named IS NOT NULL GROUP BY shape
    ), due AS MATERIALIZED (
      SELECT h.account_id, h.class, h.subject, h.units, h.since, h.until, h.monthly, c.cost, coalesce(v.variants, '{}') AS variants
      FROM ${shapes} h JOIN ${costs} c ON c.shape = h.shape AND c.rule IS NULL LEFT JOIN variants v ON v.shape = h.shape
    ), told AS MATERIALIZED (
      SELECT *, ${exclusiveEnd} AS until, coalesce(resource_uuid, external_id) AS key
      FROM (SELECT ${lineId} AS line_id, v.bill_id, l.bill_version_id, l.position, l.amount, l.product, p.class, p.resource_kind,
                   l.resource_uuid, l.resource_id AS external_id, ${begins} AS begins, ${ends} AS ends, ${toldSeconds} AS told_s
            FROM provider_bill_lines l JOIN provider_bill_versions v USING (bill_version_id) LEFT JOIN bill_products p USING (product)
            WHERE l.bill_version_id = ANY (${versions}::bigint[]) AND num_nonnulls(l.resource_uuid, l.resource_id) > 0) AS line
    ), repeated AS (
      SELECT key, class FROM told GROUP BY key, class HAVING count(*) > 1
    ), unclear AS (
      SELECT unnest(ARRAY[resource_uuid, external_id]) AS key FROM told WHERE class IS NULL OR num_nonnulls(resource_uuid, external_id) > 1
    )
    SELECT t.line_id, t.bill_id, t.bill_version_id, t.position, t.amount, t.begins, t.until, t.class, t.product, 'matched',
           CASE WHEN t.resource_uuid IS NULL THEN 'id' ELSE 'uuid' END, NULL, NULL, r.resource_id, d.cost, 0.00, 'none',
           d.since, d.until, d.monthly, l.units, l.subject, d.variants, '{}', w.deployment_id
    FROM told t
    JOIN inventory_resources r ON r.external_id = t.key AND r.kind = t.resource_kind AND NOT r.unseen
    JOIN ${accounts} a ON a.account_id = r.account_id
    JOIN ${levels} l ON l.resource_id = r.resource_id AND l.class = t.class AND ${isSimple}
    JOIN due d ON d.account_id = l.account_id AND d.class = l.class AND d.subject = l.subject AND d.units = l.units
     AND d.since = ${since} AND d.until = ${until} AND d.cost = t.amount
    LEFT JOIN deployments_attributions o ON o.resource_id = r.resource_id AND o.valid_from <= t.begins
     AND o.valid_to >= greatest(t.until, t.begins + interval '1 microsecond')
    LEFT JOIN deployments_owners w ON w.owner_set_id = o.owner_set_id AND w.weight = w.weight_total
    WHERE t.begins >= a.connected_at AND t.begins <= d.until + interval '1 second' AND t.until >= d.since - interval '1 second'
      AND t.until > ${monthStart(bills)}::timestamptz AND scale(t.amount) = 2
      AND NOT EXISTS (SELECT FROM repeated x WHERE x.key = t.key AND x.class = t.class)
      AND NOT EXISTS (SELECT FROM unclear x WHERE x.key = t.key)
      AND NOT EXISTS (SELECT FROM ${decisions} x WHERE x.bill_version_id = t.bill_version_id AND x.position = t.position)
      AND ((SELECT count(*) FROM ${accounts}) = 1 OR NOT EXISTS (
        SELECT FROM inventory_resources x JOIN ${accounts} b USING (account_id)
        WHERE x.external_id = r.external_id AND x.kind = r.kind AND x.account_id <> r.account_id AND NOT x.unseen))`.execute(
    trx,
  );
  await statement('providerBilling.planFreely')`
    SELECT set_config('enable_nestloop', 'on', true), set_config('join_collapse_limit', '8', true)`.execute(trx);
}
