import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { plainOf, type StagedJudged } from './judged.store.ts';

// The lines of a month as they are reconciled, and which resource each is about.

/** What is reconciled together: a payer's bills of a month, because a charge may be on any of them. */
export interface BillMonth {
  readonly payerId: number;
  readonly month: Temporal.PlainDate;
  /** The end of what the bills cover: of a preview, when it was made. */
  readonly until: Temporal.Instant;
  readonly bills: readonly { readonly billId: number; readonly versionId: number }[];
}

interface CurrentBill {
  readonly billId: number;
  readonly versionId: number;
  readonly kind: 'final' | 'preview';
  readonly until: Temporal.Instant;
}

/**
 * A payer's bills of a month as they are now: the final ones, or else the preview. One that the provider lists no longer
 * is none of them, unless it is signed.
 */
export async function selectBillMonth(
  db: Queryable,
  payerId: number,
  month: Temporal.PlainDate,
): Promise<BillMonth | null> {
  const { rows } = await statement<CurrentBill>('providerBilling.selectBillMonth')`
    SELECT b.bill_id AS "billId", v.bill_version_id AS "versionId", b.kind,
           CASE b.kind WHEN 'final' THEN e.month_end ELSE least(e.month_end, coalesce(v.updated_at, v.sealed_at)) END AS until
    FROM provider_bills b JOIN provider_bill_versions v USING (bill_id)
    CROSS JOIN LATERAL (SELECT (b.period + interval '1 month') AT TIME ZONE 'UTC' AS month_end) e
    WHERE b.payer_id = ${payerId} AND b.period = ${month}::date AND v.state = 'sealed' AND v.superseded_at = 'infinity'
      AND (b.missing_since IS NULL OR EXISTS (
        SELECT FROM reconciliations r WHERE r.bill_id = b.bill_id AND r.signed_at IS NOT NULL AND r.reopened_at IS NULL))
    ORDER BY b.bill_id`.execute(db);
  const finals = rows.filter(({ kind }) => kind === 'final');
  const [first, ...rest] = finals.length > 0 ? finals : rows;
  if (first === undefined) return null;
  return { payerId, month, until: first.until, bills: [first, ...rest] };
}

/** Months of which a payer has bills, the earliest first. */
export async function selectBillMonths(db: Queryable, payerId: number): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ month: Temporal.PlainDate }>('providerBilling.selectBillMonths')`
    SELECT DISTINCT b.period AS month FROM provider_bills b JOIN provider_bill_versions v USING (bill_id)
    WHERE b.payer_id = ${payerId} AND v.state = 'sealed' AND v.superseded_at = 'infinity' ORDER BY 1`.execute(db);
  return rows.map(({ month }) => month);
}

export function monthStart({ month }: Pick<BillMonth, 'month'>): Temporal.Instant {
  return month.toZonedDateTime('UTC').toInstant();
}

export function monthEnd({ month }: Pick<BillMonth, 'month'>): Temporal.Instant {
  return month.add({ months: 1 }).toZonedDateTime('UTC').toInstant();
}

export type StagedLines = TemporaryTable<'staged_bill_lines'>;
/** With the ids besides: what is read in parallel cannot read a temporary table. */
export type StagedAccounts = TemporaryTable<'staged_bill_accounts'> & { readonly ids: readonly number[] };

/** The accounts that a payer's bills of a month are about. */
export async function stageAccounts(trx: UnitOfWork, bills: BillMonth): Promise<StagedAccounts> {
  const accounts = await createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.stageAccounts', table: 'staged_bill_accounts', analyze: true },
    sql`
      SELECT DISTINCT a.account_id, a.connected_at, a.provider, p.currency
      FROM bill_payer_accounts c JOIN inventory_accounts a USING (account_id) JOIN bill_payers p ON p.payer_id = c.payer_id
      WHERE c.payer_id = ${bills.payerId} AND c.superseded_at = 'infinity'
        AND c.valid_from < ${monthEnd(bills)}::timestamptz AND c.valid_to > ${monthStart(bills)}::timestamptz`,
  );
  const { rows } = await statement<{ id: number }>('providerBilling.selectAccountIds')`
    SELECT account_id AS id FROM ${accounts} ORDER BY 1`.execute(trx);
  return Object.assign(accounts, { ids: rows.map(({ id }) => id) });
}

/** When a bill's line `l` begins and ends, as the bill says. */
export function lineTimes(bills: BillMonth): {
  readonly begins: RawBuilder<unknown>;
  readonly ends: RawBuilder<unknown>;
} {
  return {
    begins: sql`coalesce(l.start_time, ${monthStart(bills)}::timestamptz)`,
    ends: sql`coalesce(l.end_time, ${bills.until}::timestamptz)`,
  };
}

/** The seconds that it says it is about. */
export const toldSeconds = sql`
  (l.duration * CASE lower(l.duration_unit) WHEN 'hours' THEN 3600 WHEN 'minutes' THEN 60 WHEN 'seconds' THEN 1 END)`;

/**
 * Its end, of `begins`, `ends` and `told_s`. Some lines end with the last second that is charged: by its own duration, or
 * at the last second of an hour.
 */
export const exclusiveEnd = sql`
  CASE WHEN told_s = extract(epoch FROM ends - begins) + 1 OR mod(floor(extract(epoch FROM ends)), 3600) = 3599
       THEN ends + interval '1 second' ELSE ends END`;

/** A line in one number, of the tables that have its bill and its place: in the order of bills and of their lines: much is joined by it. */
export function lineId(bill: RawBuilder<unknown>, line: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(${bill}.bill_id * 2147483648 + ${line}.position)`;
}

/**
 * The lines that are not plain, with their times as intervals, and what their words say: a name, what has the price, how
 * many units.
 */
export function stageLines(trx: UnitOfWork, bills: BillMonth, judged: StagedJudged): Promise<StagedLines> {
  const { begins, ends } = lineTimes(bills);
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageLines',
      table: 'staged_bill_lines',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      WITH told AS (
        SELECT l.*, v.bill_id, ${lineId(sql`v`, sql`l`)} AS line_id, p.class, p.resource_kind, p.product IS NOT NULL AS is_known_product,
               ${toldSeconds} AS told_s, ${begins} AS begins, ${ends} AS ends,
               CASE WHEN p.class IN ('droplet', 'database') THEN substring(l.description FROM '\\(([^()]*)\\)$') END AS item,
               CASE WHEN p.class IN ('snapshot', 'volume', 'custom_image') THEN substring(l.description FROM '([0-9]+(?:\\.[0-9]+)?) ?GB\\)?$')::numeric END AS gb,
               CASE p.class WHEN 'load_balancer' THEN substring(l.description FROM '\\(([0-9]+) nodes?\\)$')::numeric END AS nodes
        FROM (SELECT DISTINCT bill_version_id, position FROM ${judged} WHERE due IS NULL) o
        JOIN provider_bill_lines l USING (bill_version_id, position) JOIN provider_bill_versions v USING (bill_version_id)
        LEFT JOIN bill_products p USING (product)
      )
      SELECT line_id, bill_id, bill_version_id, position, amount, product,
             description, group_description, project_name, class, resource_kind, is_known_product, resource_uuid, resource_id AS external_id, told_s,
             begins, ${exclusiveEnd} AS ends,
             CASE class WHEN 'bucket' THEN split_part(description, ' ', 1)
                        ELSE regexp_replace(description, ' \\([^()]*\\)( [0-9.]+ ?GB)?$', '') END AS name,
             CASE class WHEN 'droplet' THEN 'droplet_size:' || item WHEN 'database' THEN 'database:' || item
                        WHEN 'snapshot' THEN CASE WHEN product LIKE 'Volume%' THEN 'snapshot:volume' ELSE 'snapshot:droplet' END
                        WHEN 'reserved_ip' THEN 'reserved_ip:unassigned' WHEN 'spaces' THEN 'spaces:subscription'
                        WHEN 'volume' THEN 'volume' WHEN 'custom_image' THEN 'custom_image' END AS word_subject,
             CASE WHEN class IN ('snapshot', 'volume', 'custom_image') THEN gb WHEN class = 'load_balancer' THEN nodes ELSE 1 END AS word_units
      FROM told`,
  );
}

export type StagedMatches = TemporaryTable<'staged_bill_matches'>;

/**
 * Which resource each line is about. By its uuid, its number within the product's kinds, the address or bucket in its
 * words; else by its name, where exactly one life of the product's kind had it in the line's time and no line has that
 * life by its id. Two candidates are none.
 */
export function stageMatches(
  trx: UnitOfWork,
  lines: StagedLines,
  accounts: StagedAccounts,
  judged: StagedJudged,
): Promise<StagedMatches> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'providerBilling.stageMatches',
      table: 'staged_bill_matches',
      index: { on: 'line_id', unique: true },
      analyze: true,
    },
    sql`
      WITH mine AS NOT MATERIALIZED (
        SELECT r.resource_id, r.account_id, r.kind, r.external_id
        FROM inventory_resources r JOIN ${accounts} a USING (account_id) WHERE NOT r.unseen
      ), found AS (
        SELECT l.line_id, r.resource_id, r.account_id, r.kind, 'uuid' AS rule
        FROM ${lines} l JOIN mine r ON r.external_id = l.resource_uuid AND r.kind = coalesce(l.resource_kind, r.kind)
        UNION ALL
        SELECT l.line_id, r.resource_id, r.account_id, r.kind, 'id'
        FROM ${lines} l JOIN mine r ON r.external_id = l.external_id
         AND (r.kind = l.resource_kind OR l.resource_kind IS NULL AND r.kind IN ('droplet', 'snapshot', 'custom_image'))
        UNION ALL
        SELECT l.line_id, r.resource_id, r.account_id, r.kind, 'address'
        FROM ${lines} l JOIN mine r ON r.kind = 'reserved_ip' AND r.external_id = substring(l.description FROM ' - ([0-9A-Fa-f.:]+)$')
        WHERE l.class = 'reserved_ip' AND num_nonnulls(l.resource_uuid, l.external_id) = 0
        UNION ALL
        SELECT l.line_id, r.resource_id, r.account_id, r.kind, 'name'
        FROM ${lines} l JOIN mine r ON r.kind = 'spaces_bucket' AND r.external_id = l.name WHERE l.class = 'bucket'
      ), by_id AS (
        SELECT line_id, min(resource_id) AS resource_id, min(account_id) AS account_id, min(kind) AS kind, min(rule) AS rule
        FROM found GROUP BY line_id HAVING min(resource_id) = max(resource_id)
      ), nameless AS MATERIALIZED (
        SELECT l.line_id, l.class, l.resource_kind, l.begins, l.ends, CASE l.class WHEN 'pool' THEN l.group_description ELSE l.name END AS name
        FROM ${lines} l
        WHERE l.class NOT IN ('spaces', 'bucket', 'reserved_ip') AND NOT EXISTS (SELECT FROM found f WHERE f.line_id = l.line_id)
      ), named AS (
        SELECT DISTINCT l.line_id, r.resource_id, r.account_id, r.kind
        FROM nameless l
        JOIN inventory_states s ON s.kind = l.resource_kind AND s.valid_from < l.ends AND s.valid_to > l.begins
         AND s.name = l.name
        JOIN mine r ON r.resource_id = s.resource_id
        WHERE NOT EXISTS (SELECT FROM by_id f JOIN ${lines} o USING (line_id) WHERE f.resource_id = r.resource_id AND o.class = l.class)
          -- A plain line is of the class that its resource's kind is.
          AND NOT EXISTS (SELECT FROM ${plainOf(judged)} o WHERE o.resource_id = r.resource_id AND r.kind = l.class)
      )
      SELECT * FROM by_id
      UNION ALL
      SELECT line_id, min(resource_id), min(account_id), min(kind), 'name' FROM named GROUP BY line_id HAVING count(*) = 1`,
  );
}

/** Lines of a product that nobody told us about, about a resource that is known: what its kind is charged as. */
export async function updateClasses(trx: UnitOfWork, lines: StagedLines, matches: StagedMatches): Promise<void> {
  await statement('providerBilling.updateClasses')`
    UPDATE ${lines} l SET resource_kind = m.kind,
      class = CASE WHEN m.kind = 'droplet' AND l.description ~ 'backups\\)$' THEN 'backup'
                   WHEN m.kind = 'kubernetes_cluster' THEN 'pool' WHEN m.kind = 'spaces_bucket' THEN 'bucket' ELSE m.kind END
    FROM ${matches} m WHERE m.line_id = l.line_id AND l.class IS NULL`.execute(trx);
}
