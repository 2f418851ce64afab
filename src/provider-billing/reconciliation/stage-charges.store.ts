import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { plainOf, type StagedJudged } from './judged.store.ts';
import type { StagedThings } from './plain-lines.store.ts';
import { type BillMonth, monthEnd, monthStart, type StagedAccounts, type StagedLines } from './stage-lines.store.ts';

// What should be charged in a month: the lives of the inventory's history, in pieces of one level and one price.

/** The id of the cluster of which a state's tags say that it is a node. Tags have no line breaks. */
const taggedCluster = sql`substring(E'\\n' || array_to_string(s.tags, E'\\n') || E'\\n' FROM E'\\nk8s:([0-9a-f]{8}-[0-9a-f-]{27})\\n')`;

/** What was there in a month, by what it costs: of states in the time of its bills, of which `when` says which count. */
function priced(accounts: StagedAccounts, bills: BillMonth, when: RawBuilder<unknown>): RawBuilder<unknown> {
  const [from, to] = [monthStart(bills), bills.until];
  return sql`
        SELECT s.resource_id, s.account_id, s.kind, s.valid_from, s.valid_to, s.source,
               CASE WHEN c.cluster IS NOT NULL THEN 'pool' ELSE s.kind END AS class, c.cluster,
               CASE s.kind WHEN 'droplet' THEN 'droplet_size:' || (s.attributes ->> 'size_slug')
                           WHEN 'snapshot' THEN 'snapshot:' || split_part(s.parents[1], ':', 1)
                           WHEN 'load_balancer' THEN 'load_balancer:' || lower(s.attributes ->> 'type')
                           WHEN 'database' THEN 'database:' || (s.attributes ->> 'size_slug')
                           WHEN 'reserved_ip' THEN 'reserved_ip:unassigned'
                           WHEN 'app' THEN NULL ELSE s.kind END AS subject,
               CASE WHEN s.kind IN ('volume', 'snapshot', 'custom_image') THEN (s.attributes ->> 'size_gb')::numeric
                    WHEN s.kind = 'load_balancer' THEN (s.attributes ->> 'nodes')::numeric ELSE 1 END AS units,
               coalesce(CASE s.kind WHEN 'database' THEN (s.attributes ->> 'nodes')::int ELSE 1 END, 1) AS count
        FROM inventory_states s
        CROSS JOIN LATERAL (SELECT CASE WHEN s.kind = 'droplet' AND s.tags <> '{}' THEN ${taggedCluster} END AS cluster) c
        WHERE s.account_id = ANY (${accounts.ids}::int[]) AND s.kind IN ('droplet', 'snapshot', 'custom_image', 'volume', 'reserved_ip', 'load_balancer', 'database', 'app')
          AND s.valid_from < ${to}::timestamptz AND s.valid_to > ${from}::timestamptz AND ${when}
          AND (s.kind <> 'reserved_ip' OR (s.attributes ->> 'ip_version') = '4' AND (s.attributes ->> 'assigned') = 'false')`;
}

export type StagedLives = TemporaryTable<'staged_bill_lives'>;

/** Whether a state was the same from the beginning of a month to the end of what its bills cover. */
function isWhole(bills: BillMonth): RawBuilder<unknown> {
  return sql`(s.valid_from <= ${monthStart(bills)}::timestamptz AND s.valid_to >= ${bills.until}::timestamptz)`;
}

/**
 * What began, ended or changed within a month, in intervals in which what it costs by does not change. `starts` and
 * `stops` are the earliest that a boundary can have been, where only a listing saw it: `since` and `until` are the
 * latest. `is_sole`: it is the only one of its resource.
 */
export function stageLives(trx: UnitOfWork, bills: BillMonth, accounts: StagedAccounts): Promise<StagedLives> {
  const [from, to] = [monthStart(bills), bills.until];
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageLives', table: 'staged_bill_lives', analyze: true },
    sql`
      WITH told AS MATERIALIZED (${priced(accounts, bills, sql`NOT ${isWhole(bills)}`)}
      ), marked AS (
        SELECT *, (lag(ROW(valid_to, class, cluster, subject, units, count)) OVER w)
                  IS DISTINCT FROM ROW(valid_from, class, cluster, subject, units, count) AS is_first
        FROM told WINDOW w AS (PARTITION BY resource_id ORDER BY valid_from)
      ), numbered AS (
        SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY resource_id ORDER BY valid_from) AS island FROM marked
      ), islands AS (
        SELECT resource_id, account_id, kind, class, cluster, subject, units, count,
               min(valid_from) AS since, max(valid_to) AS until, (array_agg(source ORDER BY valid_from))[1] AS source
        FROM numbered GROUP BY resource_id, account_id, kind, class, cluster, subject, units, count, island
      )
      SELECT i.resource_id, i.account_id, i.kind, i.class, i.cluster, i.subject, i.units, i.count, i.since, i.until,
             CASE WHEN i.since <= ${from}::timestamptz OR i.source = 'action' OR i.since = r.provider_created_at OR d.began
                  THEN i.since ELSE coalesce(b.started_at, i.since) END AS starts,
             CASE WHEN i.until >= ${to}::timestamptz OR d.ended THEN i.until ELSE coalesce(e.started_at, i.until) END AS stops,
             count(*) OVER (PARTITION BY i.resource_id) = 1 AS is_sole
      FROM islands i JOIN inventory_resources r USING (resource_id)
      CROSS JOIN LATERAL (
        SELECT bool_or(x.completed_at = i.since) AS began, bool_or(x.completed_at = i.until) AS ended FROM inventory_actions x
        WHERE x.account_id = i.account_id AND x.resource_kind = i.kind AND x.resource_external_id = r.external_id
          AND (i.since > ${from}::timestamptz OR i.until < ${to}::timestamptz) AND x.completed_at IN (i.since, i.until)) d
      LEFT JOIN LATERAL (SELECT max(s.started_at) AS started_at FROM inventory_sync_runs s
                         WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.outcome = 'complete' AND s.started_at < i.since
                           AND i.since > ${from}::timestamptz) b ON true
      LEFT JOIN LATERAL (SELECT max(s.started_at) AS started_at FROM inventory_sync_runs s
                         WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.outcome = 'complete' AND s.started_at < i.until
                           AND i.until < ${to}::timestamptz) e ON true`,
  );
}

/**
 * What was what it is from the beginning of a month to the end of what its bills cover. Most are, and these are read from the
 * history itself, without being staged. `is_one`: it may have a plain line; said so that the planner takes it for most.
 */
export function wholeThings(accounts: StagedAccounts, bills: BillMonth): RawBuilder<unknown> {
  return sql`(
    SELECT resource_id, account_id, class, subject, units, ${monthStart(bills)}::timestamptz AS since, ${bills.until}::timestamptz AS until,
           NOT (class IN ('pool', 'reserved_ip') OR kind = 'database' AND count <> 1) AS is_one
    FROM (${priced(accounts, bills, isWhole(bills))}) w)`;
}

/** What may have a plain line, and was there for a part of that time, with boundaries that are known. */
export function livedThings(bills: BillMonth, lives: StagedLives): RawBuilder<unknown> {
  return sql`(
    SELECT resource_id, account_id, class, subject, units, greatest(since, ${monthStart(bills)}::timestamptz) AS since, least(until, ${bills.until}::timestamptz) AS until
    FROM ${lives}
    WHERE is_sole AND starts = since AND stops = until AND count = 1 AND class NOT IN ('pool', 'reserved_ip'))`;
}

type StagedLevels = TemporaryTable<'staged_bill_levels'>;

/** What was there in a month, in intervals as of `stageLives`: of resources that have no plain line. */
export function stageLevels(
  trx: UnitOfWork,
  bills: BillMonth,
  { accounts, lives, judged }: { accounts: StagedAccounts; lives: StagedLives; judged: StagedJudged | null },
): Promise<StagedLevels> {
  const [left, without] =
    judged === null
      ? [sql`true`, sql`true`]
      : [
          sql`s.resource_id IN (SELECT resource_id FROM ${judged} WHERE due IS NULL AND resource_id IS NOT NULL)`,
          sql`NOT EXISTS (SELECT FROM ${plainOf(judged)} o WHERE o.resource_id = l.resource_id)`,
        ];
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageLevels', table: 'staged_bill_levels', analyze: true },
    sql`
      SELECT resource_id, account_id, kind, class, cluster, subject, units, count, valid_from AS since, valid_to AS until,
             valid_from AS starts, valid_to AS stops
      FROM (${priced(accounts, bills, sql`${isWhole(bills)} AND ${left}`)}) w
      UNION ALL
      SELECT resource_id, account_id, kind, class, cluster, subject, units, count, since, until, starts, stops FROM ${lives} l
      WHERE ${without}`,
  );
}

export type StagedPrices = TemporaryTable<'staged_bill_prices'>;

/**
 * What each account is charged for what it had, over the month: a month's price of a unit, and the seconds that reach
 * it. An hour's price has the longest month's; so has a GPU, by the hour's price and the month's that the API shows.
 */
function pricesOf(bills: BillMonth, accounts: StagedAccounts, subjects: RawBuilder<unknown>): RawBuilder<unknown> {
  const [from, to] = [monthStart(bills), monthEnd(bills)];
  return sql`
      WITH wanted AS (
        SELECT s.subject, a.account_id, a.provider, a.currency FROM (${subjects}) s CROSS JOIN ${accounts} a WHERE s.subject IS NOT NULL
      ), held AS MATERIALIZED (
        SELECT p.* FROM inventory_prices p
        WHERE p.valid_from < ${to}::timestamptz AND p.valid_to > ${from}::timestamptz AND p.subject IN (SELECT subject FROM wanted)
      ), bounds AS (
        SELECT *, ${from}::timestamptz AS since FROM wanted
        UNION
        SELECT w.*, b.at FROM wanted w JOIN held h USING (subject)
        CROSS JOIN LATERAL (VALUES (h.valid_from), (h.valid_to)) AS b (at)
        WHERE b.at > ${from}::timestamptz AND b.at < ${to}::timestamptz
      ), chosen AS (
        SELECT b.account_id, b.subject, b.since, p.monthly, p.per
        FROM bounds b LEFT JOIN LATERAL (
          SELECT CASE h.unit WHEN 'hour' THEN h.amount * 744 ELSE h.amount END AS monthly,
                 CASE WHEN h.unit = 'hour' THEN 744 * 3600
                      WHEN h.subject LIKE 'droplet\\_size:gpu-%' AND h.hourly > 0 THEN round(h.amount / h.hourly * 3600)
                      ELSE 672 * 3600 END::numeric AS per
          FROM held h
          WHERE h.provider = b.provider AND h.subject = b.subject AND h.currency = b.currency AND h.valid_from <= b.since
            AND h.valid_to > b.since AND (h.rank > 0 OR h.account_id = b.account_id)
          ORDER BY h.rank, h.account_id <> b.account_id, h.last_seen_at IS NOT NULL, h.valid_from DESC, h.account_id LIMIT 1) p ON true
      ), marked AS (
        SELECT *, (lag(ROW(monthly, per)) OVER w) IS DISTINCT FROM ROW(monthly, per) AS is_first FROM chosen
        WINDOW w AS (PARTITION BY account_id, subject ORDER BY since)
      )
      SELECT account_id, subject, since, lead(since, 1, ${to}::timestamptz) OVER (PARTITION BY account_id, subject ORDER BY since) AS until,
             monthly, per
      FROM marked WHERE is_first`;
}

/** The prices of what was there, and of Spaces. */
export function stagePrices(
  trx: UnitOfWork,
  bills: BillMonth,
  { there, accounts }: { there: StagedThings | StagedLevels; accounts: StagedAccounts },
): Promise<StagedPrices> {
  return createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stagePrices', table: 'staged_bill_prices', analyze: true },
    pricesOf(bills, accounts, sql`SELECT subject FROM ${there} UNION SELECT 'spaces:subscription'`),
  );
}

/** Those of what else was there, and of what lines name and was not there, as far as anybody knows. */
export async function insertOtherPrices(
  trx: UnitOfWork,
  bills: BillMonth,
  {
    lines,
    levels,
    prices,
    accounts,
  }: { lines: StagedLines; levels: StagedLevels; prices: StagedPrices; accounts: StagedAccounts },
): Promise<void> {
  const others = sql`
    (SELECT word_subject AS subject FROM ${lines} UNION SELECT subject FROM ${levels})
    EXCEPT SELECT subject FROM ${prices}`;
  await statement('providerBilling.insertOtherPrices')`
    INSERT INTO ${prices} ${pricesOf(bills, accounts, others)}`.execute(trx);
}

export type StagedCharges = TemporaryTable<'staged_bill_charges'>;

/** One row for each line that the month's bills should have besides plain ones: `count` lines where they are equal. */
export async function stageCharges(
  trx: UnitOfWork,
  bills: BillMonth,
  { levels, prices, accounts }: { levels: StagedLevels; prices: StagedPrices; accounts: StagedAccounts },
): Promise<StagedCharges> {
  const [from, to] = [monthStart(bills), bills.until];
  const charges = await createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageCharges',
      table: 'staged_bill_charges',
      index: { on: 'resource_id' },
      analyze: true,
    },
    sql`
      SELECT row_number() OVER (ORDER BY resource_id, class, since, subject) AS charge_id, c.*,
             extract(epoch FROM c.until - c.since) AS seconds, NULL::numeric AS total
      FROM (
        SELECT l.resource_id, l.account_id, l.class, l.subject, l.units, l.count, p.monthly, coalesce(p.per, 672 * 3600) AS per,
               greatest(l.since, p.since, ${from}::timestamptz) AS since, least(l.until, p.until, ${to}::timestamptz) AS until,
               greatest(l.starts, p.since, ${from}::timestamptz) AS starts, least(l.stops, p.until, ${to}::timestamptz) AS stops
        FROM ${levels} l LEFT JOIN ${prices} p
          ON p.account_id = l.account_id AND p.subject = l.subject AND p.since < l.until AND p.until > l.since
        WHERE l.class <> 'pool'
        UNION ALL
        SELECT NULL, b.account_id, 'spaces', 'spaces:subscription', 1, 1, p.monthly, coalesce(p.per, 672 * 3600),
               lower(b.part), upper(b.part), lower(b.part), upper(b.part)
        FROM (SELECT account_id, unnest(range_agg(tstzrange(s.valid_from, s.valid_to)) * tstzmultirange(tstzrange(${from}::timestamptz, ${to}::timestamptz))) AS part
              FROM inventory_states s JOIN ${accounts} USING (account_id)
              WHERE s.kind = 'spaces_bucket' AND s.valid_from < ${to}::timestamptz AND s.valid_to > ${from}::timestamptz
              GROUP BY account_id) b
        LEFT JOIN ${prices} p ON p.account_id = b.account_id AND p.subject = 'spaces:subscription' AND p.since <= lower(b.part) AND p.until > lower(b.part)
      ) c`,
  );
  await insertPools(trx, bills, { levels, prices, charges });
  return charges;
}

/** The nodes of a cluster's pools are charged by the 672 hours that had most of them: those are its seconds. */
async function insertPools(
  trx: UnitOfWork,
  bills: BillMonth,
  { levels, prices, charges }: { levels: StagedLevels; prices: StagedPrices; charges: StagedCharges },
): Promise<void> {
  const [from, to] = [monthStart(bills), bills.until];
  await statement('providerBilling.insertPools')`
    INSERT INTO ${charges}
    WITH nodes AS (
      SELECT l.account_id, l.cluster, l.subject, p.monthly, p.per, greatest(l.since, p.since, ${from}::timestamptz) AS since,
             least(l.until, p.until, ${to}::timestamptz) AS until
      FROM ${levels} l LEFT JOIN ${prices} p
        ON p.account_id = l.account_id AND p.subject = l.subject AND p.since < l.until AND p.until > l.since
      WHERE l.class = 'pool'
    ), steps AS (
      SELECT account_id, cluster, subject, monthly, per, at, sum(step) AS step
      FROM nodes CROSS JOIN LATERAL (VALUES (since, 1), (until, -1)) AS s (at, step) GROUP BY 1, 2, 3, 4, 5, 6
    ), spans AS (
      SELECT *, sum(step) OVER w AS count, extract(epoch FROM lead(at) OVER w - at) AS seconds
      FROM steps WINDOW w AS (PARTITION BY account_id, cluster, subject, monthly, per ORDER BY at)
    ), ranked AS (
      SELECT *, coalesce(sum(seconds) OVER (PARTITION BY account_id, cluster, subject, monthly, per ORDER BY count DESC, at
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM spans WHERE seconds > 0 AND count > 0
    ), pools AS (
      SELECT account_id, cluster, subject, monthly, coalesce(per, 672 * 3600) AS per,
             sum(count * greatest(0, least(seconds, coalesce(per, 672 * 3600) - before))) AS seconds,
             sum(count * seconds) AS total
      FROM ranked GROUP BY 1, 2, 3, 4, 5
    )
    SELECT (SELECT coalesce(max(charge_id), 0) FROM ${charges}) + row_number() OVER (ORDER BY p.account_id, p.cluster, p.subject, p.monthly),
           r.resource_id, p.account_id, 'pool', p.subject, 1, 1, p.monthly, p.per, n.since, n.until, n.since, n.until, p.seconds, p.total
    FROM pools p
    JOIN inventory_resources r ON r.account_id = p.account_id AND r.kind = 'kubernetes_cluster' AND r.external_id = p.cluster
    CROSS JOIN LATERAL (SELECT min(since) AS since, max(until) AS until FROM nodes n
                        WHERE n.account_id = p.account_id AND n.cluster = p.cluster AND n.subject = p.subject
                          AND n.monthly IS NOT DISTINCT FROM p.monthly) n`.execute(trx);
}
