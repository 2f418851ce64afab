import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import type { StagedShapes } from './plain-lines.store.ts';
import type { StagedCharges, StagedPrices } from './stage-charges.store.ts';
import {
  type BillMonth,
  monthEnd,
  monthStart,
  type StagedAccounts,
  type StagedLines,
  type StagedMatches,
} from './stage-lines.store.ts';

// Each line beside the charge that it is for, and what that comes to under every variant of every rule.

const second = sql`interval '1 second'`;

type StagedPairs = TemporaryTable<'staged_bill_pairs'>;

/**
 * Which charge each line is for: of its resource and class, the one that its words name, then the one that it overlaps
 * most. Lines of pools, and of Spaces, name none: they are paired by rank. `earlier`: lines before it that are for the
 * same at the same time; `is_split`: others are for other parts of its time.
 */
export function stagePairs(
  trx: UnitOfWork,
  { lines, matches, charges }: { lines: StagedLines; matches: StagedMatches; charges: StagedCharges },
): Promise<StagedPairs> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stagePairs',
      table: 'staged_bill_pairs',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      WITH ranked AS (
        SELECT DISTINCT ON (l.line_id) l.line_id, c.charge_id
        FROM ${lines} l JOIN ${matches} m USING (line_id)
        JOIN ${charges} c ON c.resource_id = m.resource_id AND c.class = l.class
         AND c.starts <= l.ends + ${second} AND c.until >= l.begins - ${second}
        WHERE l.class <> 'pool'
        ORDER BY l.line_id, c.subject IS DISTINCT FROM coalesce(l.word_subject, c.subject), c.units IS DISTINCT FROM coalesce(l.word_units, c.units),
                 least(c.until, l.ends) - greatest(c.starts, l.begins) DESC, c.charge_id
      ), told AS (
        SELECT l.line_id, l.class, m.resource_id, l.begins,
               row_number() OVER (PARTITION BY l.class, m.resource_id ORDER BY l.amount DESC, l.line_id) AS place
        FROM ${lines} l LEFT JOIN ${matches} m USING (line_id)
        WHERE l.class = 'spaces' OR l.class = 'pool' AND m.resource_id IS NOT NULL
      ), due AS (
        SELECT charge_id, class, resource_id, row_number() OVER w AS place, count(*) OVER (PARTITION BY class, resource_id) AS places
        FROM ${charges} WHERE class IN ('spaces', 'pool')
        WINDOW w AS (PARTITION BY class, resource_id ORDER BY monthly * seconds DESC NULLS LAST, charge_id)
      ), paired AS (
        SELECT * FROM ranked
        UNION ALL
        SELECT t.line_id, d.charge_id FROM told t JOIN due d ON d.class = t.class AND d.resource_id IS NOT DISTINCT FROM t.resource_id
         AND d.place = least(t.place, d.places)
      ), keyed AS (
        SELECT l.line_id, p.charge_id, l.begins, l.ends, l.amount,
               coalesce(p.charge_id::text, l.class || ' ' || coalesce(l.resource_uuid, l.external_id, m.resource_id::text)) AS same
        FROM ${lines} l LEFT JOIN paired p USING (line_id) LEFT JOIN ${matches} m USING (line_id)
        WHERE l.amount >= 0
      ), shared AS MATERIALIZED (
        SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY same) AS lines FROM keyed WHERE same IS NOT NULL) AS counted WHERE lines > 1
      ), others AS (
        SELECT line_id, count(*) FILTER (WHERE other < line_id AND meets) AS earlier, bool_or(NOT meets) AS is_split
        FROM (SELECT k.line_id, o.line_id AS other,
                     o.begins < k.ends - ${second} AND o.ends > k.begins + ${second} OR o.begins = k.begins AND o.ends = k.ends AS meets
              FROM shared k JOIN shared o ON o.same = k.same AND o.line_id <> k.line_id) AS x
        GROUP BY line_id
      )
      SELECT k.line_id, k.charge_id, coalesce(o.earlier, 0) AS earlier, coalesce(o.is_split, false) AS is_split
      FROM keyed k LEFT JOIN others o USING (line_id)`,
  );
}

export type StagedItems = TemporaryTable<'staged_bill_items'>;

/** Items with what is charged of the same resource before them, by time and by price, and how many pieces that is in. */
const piecesOfResources = sql`several AS (SELECT class, same FROM every GROUP BY 1, 2 HAVING count(*) > 1), pieced AS (
        -- Most are all that there is of their resource.
        SELECT e.*, 0::numeric AS before_first, 0::numeric AS before_highest, CASE WHEN e.is_doubled THEN 0 ELSE 1 END::bigint AS pieces
        FROM every e LEFT JOIN several s USING (class, same) WHERE s.class IS NULL
        UNION ALL
        SELECT e.*,
               coalesce(sum(extract(epoch FROM e.until - e.since)) FILTER (WHERE NOT e.is_doubled) OVER (w ORDER BY e.since, e.line_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
               coalesce(sum(extract(epoch FROM e.until - e.since)) FILTER (WHERE NOT e.is_doubled) OVER (w ORDER BY e.monthly DESC, e.since, e.line_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
               count(*) FILTER (WHERE NOT e.is_doubled) OVER w
        FROM every e JOIN several USING (class, same) WINDOW w AS (PARTITION BY e.class, e.same)
      )`;

/**
 * What is reckoned: a row for each line that is for something with a price, and for each charge that has no line. A
 * boundary of ours that only a listing saw is the line's, where that lies in between. Before an account was connected
 * its history is assumed: there the line's own words count, where they name what has a price.
 */
export function stageItems(
  trx: UnitOfWork,
  bills: BillMonth,
  staged: {
    lines: StagedLines;
    matches: StagedMatches;
    charges: StagedCharges;
    pairs: StagedPairs;
    prices: StagedPrices;
    accounts: StagedAccounts;
  },
): Promise<StagedItems> {
  const { lines, matches, charges, pairs, prices, accounts } = staged;
  const connected = sql`(SELECT min(connected_at) FROM ${accounts})`;
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageItems', table: 'staged_bill_items', index: { on: 'line_id' }, analyze: true },
    sql`
      WITH told AS (
        SELECT l.line_id, l.class, l.begins, l.ends, l.word_units, p.charge_id, p.earlier, p.is_split, m.resource_id,
               coalesce(m.resource_id::text, l.external_id, l.resource_uuid, l.line_id::text) AS same,
               -- The words of a load balancer say its nodes and not its type, which never changes.
               CASE l.class WHEN 'load_balancer' THEN c.subject ELSE l.word_subject END AS by_word,
               coalesce(m.account_id, (SELECT min(account_id) FROM ${accounts})) AS account_id,
               l.begins < coalesce(a.connected_at, ${connected}) AS is_assumed
        FROM ${lines} l JOIN ${pairs} p USING (line_id) LEFT JOIN ${matches} m USING (line_id) LEFT JOIN ${accounts} a ON a.account_id = m.account_id
        LEFT JOIN ${charges} c ON c.charge_id = p.charge_id AND l.class = 'load_balancer'
        WHERE l.class NOT IN ('backup', 'bucket') AND l.ends > ${monthStart(bills)}::timestamptz
      ), own AS (
        SELECT t.line_id, t.same, c.charge_id, c.resource_id, c.account_id, c.class, c.subject, c.units, c.monthly, c.per, t.earlier >= c.count AS is_doubled,
               CASE WHEN t.begins BETWEEN c.starts - ${second} AND c.since + ${second} AND c.starts < c.since THEN t.begins
                    WHEN t.is_split AND c.class <> 'pool' THEN greatest(t.begins, c.since) ELSE c.since END AS since,
               CASE WHEN t.ends BETWEEN c.stops - ${second} AND c.until + ${second} AND c.stops < c.until THEN t.ends
                    WHEN t.is_split AND c.class <> 'pool' THEN least(t.ends, c.until) ELSE c.until END AS until,
               CASE c.class WHEN 'pool' THEN c.seconds END AS seconds, c.total, c.until AS life_ends, false AS by_words
        FROM told t JOIN ${charges} c USING (charge_id)
        WHERE NOT (t.is_assumed AND t.class <> 'pool' AND EXISTS (
          SELECT FROM ${prices} p WHERE p.account_id = t.account_id AND p.subject = t.by_word AND p.monthly IS NOT NULL AND t.word_units IS NOT NULL))
      ), words AS (
        SELECT t.line_id, t.same, t.charge_id, t.resource_id, t.account_id, t.class, t.by_word, t.word_units, p.monthly, coalesce(p.per, 672 * 3600),
               t.class <> 'database' AND t.earlier > 0, t.begins, greatest(t.ends, t.begins + ${second}), NULL::numeric, NULL::numeric, NULL::timestamptz,
               t.is_assumed OR t.resource_id IS NULL
        FROM told t LEFT JOIN ${prices} p ON p.account_id = t.account_id AND p.subject = t.by_word AND p.since <= t.begins AND p.until > t.begins
        WHERE NOT EXISTS (SELECT FROM own o WHERE o.line_id = t.line_id)
      ), missing AS (
        SELECT NULL::bigint, c.resource_id::text, c.charge_id, c.resource_id, c.account_id, c.class, c.subject, c.units, c.monthly, c.per, false, c.since, c.until,
               CASE c.class WHEN 'pool' THEN c.seconds END, c.total, c.until, false
        FROM ${charges} c JOIN ${accounts} a USING (account_id)
        LEFT JOIN (SELECT charge_id, count(*) AS lines FROM ${pairs} GROUP BY charge_id) p USING (charge_id)
        CROSS JOIN LATERAL unnest(array_fill(1, ARRAY[(c.count - coalesce(p.lines, 0))::int])) AS each
        WHERE c.until > a.connected_at AND c.count > coalesce(p.lines, 0)
      ), every AS MATERIALIZED (
        SELECT * FROM own UNION ALL SELECT * FROM words UNION ALL SELECT * FROM missing
      ), ${piecesOfResources}, timed AS (
        SELECT line_id, charge_id, resource_id, account_id, class, subject, units, monthly, per, is_doubled, since, until, total, life_ends, by_words,
               coalesce(seconds, extract(epoch FROM until - since)) AS seconds, before_first, before_highest, pieces
        FROM pieced
      )
      SELECT *, ROW(class, subject, units, monthly, per, seconds, pieces, before_first, before_highest)::text AS shape FROM timed`,
  );
}

export type StagedRules = TemporaryTable<'staged_bill_rules'>;

/**
 * How a month's bills are reckoned: as is believed (`rule` is null), and with each variant of one rule in its place.
 * `instead`: variants that are believed in place of those.
 */
export function stageRules(
  trx: UnitOfWork,
  bills: Pick<BillMonth, 'month'>,
  instead: Readonly<Record<string, string>>,
): Promise<StagedRules> {
  const from = monthStart(bills);
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageRules', table: 'staged_bill_rules' },
    sql`
      WITH believed AS (
        SELECT jsonb_object_agg(v.rule, coalesce(b.variant, v.variant)) || ${JSON.stringify(instead)}::jsonb AS rules
        FROM billing_rule_variants v
        LEFT JOIN billing_rule_beliefs b ON b.rule = v.rule AND b.superseded_at = 'infinity'
         AND b.valid_from <= ${from}::timestamptz AND b.valid_to > ${from}::timestamptz
        WHERE v.position = 1
      ), every AS (
        SELECT NULL AS rule, NULL AS variant, rules FROM believed
        UNION ALL
        SELECT v.rule, v.variant, b.rules || jsonb_build_object(v.rule, v.variant) FROM billing_rule_variants v CROSS JOIN believed b
      )
      SELECT rule, variant, rules ->> 'duration_before_2026' AS duration_before, rules ->> 'monthly_from_2026' AS monthly_rule,
             rules ->> 'droplet_cap' AS droplet_cap, rules ->> 'rate_digits' AS rate_digits, rules ->> 'snapshot_unit' AS snapshot_unit
      FROM every`,
  );
}

/** Whether a month's bills are of the time before droplets were charged by the second. */
function isBefore2026({ month }: Pick<BillMonth, 'month'>): boolean {
  return month.year < 2026;
}

export type StagedCosts = TemporaryTable<'staged_bill_costs'>;

/**
 * What items come to, as is believed and under each variant of a rule that concerns them, with the seconds that count:
 * `counted` without a limit, `charged` with it. Once for all items of one `shape`: most lines of a bill are alike.
 */
export function stageCosts(
  trx: UnitOfWork,
  bills: BillMonth,
  { items, rules }: { items: StagedItems | StagedShapes; rules: StagedRules },
): Promise<StagedCosts> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageCosts', table: 'staged_bill_costs', index: { on: 'shape' }, analyze: true },
    sql`
      SELECT i.shape, r.rule, r.variant, c.timing, c.per, c.units, c.counted, c.charged,
             ${costOf(bills, { monthly: sql`i.monthly`, charged: sql`c.charged` })} AS cost
      FROM (SELECT DISTINCT ON (shape) * FROM ${items} ORDER BY shape) i JOIN ${rules} r ON r.rule IS NULL OR i.monthly IS NOT NULL AND ${concerns(bills)}
      CROSS JOIN LATERAL (
        SELECT t.*, ${chargedSeconds(sql`t.counted`)} AS charged FROM (
          SELECT ${timingOf(bills)} AS timing, ${perOf(bills)} AS per,
                 CASE WHEN r.snapshot_unit = 'gb' AND (i.class = 'custom_image' OR i.subject = 'snapshot:droplet')
                      THEN round(i.units * 1.073741824, 6) ELSE i.units END AS units,
                 counted_seconds(${timingOf(bills)}, i.seconds) AS counted) AS t) AS c`,
  );
}

function timingOf(bills: BillMonth): RawBuilder<unknown> {
  return sql`charge_timing(i.class, ${isBefore2026(bills)}::boolean, r.duration_before, r.monthly_rule)`;
}

function perOf(bills: BillMonth): RawBuilder<unknown> {
  const seconds = monthStart(bills).until(monthEnd(bills)).total('seconds');
  return sql`CASE ${timingOf(bills)} WHEN 'month' THEN ${seconds}::numeric ELSE i.per END`;
}

/** With what is left of the limit: a pool's seconds have been limited, and the month's own length is no limit. */
export function chargedSeconds(counted: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    (CASE WHEN t.timing = 'month' OR i.class = 'pool' THEN ${counted}
         ELSE least(${counted}, CASE WHEN i.class <> 'droplet' OR i.pieces = 1 THEN i.per
                                     ELSE greatest(0, i.per - CASE r.droplet_cap WHEN 'first' THEN i.before_first
                                                                                WHEN 'highest' THEN i.before_highest ELSE 0 END) END) END)`;
}

interface Charged {
  readonly monthly: RawBuilder<unknown>;
  readonly units: RawBuilder<unknown>;
  readonly seconds: RawBuilder<unknown>;
  readonly per: RawBuilder<unknown>;
  /** Whether the rate is the printed one, of five digits an hour. */
  readonly isFive: RawBuilder<unknown>;
}

/**
 * `monthly` for `units` over so many of `per` seconds: exact, and rounded once to the cent, half up. Written out, because a
 * function of the database that has to be called took ten times as long.
 */
export function chargedAmount({ monthly, units, seconds, per, isFive }: Charged): RawBuilder<unknown> {
  const rate = sql`(div(200000 * ${monthly} * 3600 + ${per}, 2 * ${per}) / 100000)`;
  const five = sql`div(200 * ${rate} * ${units} * ${seconds} + 3600, 7200)`;
  return sql`round(CASE WHEN NOT (${isFive}) THEN div(200 * ${monthly} * ${units} * ${seconds} + ${per}, 2 * ${per})
                        WHEN ${seconds} > ${per} THEN ${five} ELSE least(${five}, div(200 * ${monthly} * ${units} + 1, 2)) END / 100, 2)`;
}

/** What so many seconds come to, by columns of an item `i`, rules `r` and their reckoning `c`. */
export function costOf(
  bills: BillMonth,
  { monthly, charged }: { monthly: RawBuilder<unknown>; charged: RawBuilder<unknown> },
): RawBuilder<unknown> {
  return sql`CASE WHEN ${monthly} * c.units IS NOT NULL THEN
    greatest(${chargedAmount({ monthly, units: sql`c.units`, seconds: charged, per: sql`c.per`, isFive: sql`i.class = 'droplet' AND r.rate_digits = 'five'` })},
             least_amount(i.class, ${isBefore2026(bills)}::boolean)) END`;
}

function concerns(bills: BillMonth): RawBuilder<unknown> {
  const before = isBefore2026(bills);
  return sql`
    CASE r.rule WHEN 'duration_before_2026' THEN ${before}::boolean
                WHEN 'monthly_from_2026' THEN NOT ${before}::boolean AND i.class IN ('snapshot', 'custom_image', 'volume', 'reserved_ip', 'load_balancer', 'spaces')
                WHEN 'droplet_cap' THEN i.class = 'droplet' AND i.pieces > 1
                WHEN 'rate_digits' THEN i.class = 'droplet'
                WHEN 'snapshot_unit' THEN i.class = 'custom_image' OR i.subject = 'snapshot:droplet' END`;
}
