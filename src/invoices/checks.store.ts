import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';

// What is remembered of customers' months, and which of it the log of changes has touched since.
//
// A check is written with the position in the log from before the facts that it rests on were read.
// Whoever looks for changes looks at new checks from their own position on, and at all others from
// the common one on (`check_progress`); then the new ones join them. So a look costs what has changed,
// however many months are remembered, and where nothing has changed it writes one row.

/** What is remembered: of issued months, what they cost; of others, that nothing else is due. */
type Checks = 'correction_checks' | 'draft_checks';

/**
 * Calls `apply` with the checks that changes up to a watermark have touched (rows with customer_id and
 * month, to be read FROM) unless there are none, then moves on to the watermark. Looks are taken by turns: the
 * caller holds the lock of the checks. With a customer only their checks are looked at, and none moves on.
 */
export async function applyChanges(
  trx: UnitOfWork,
  checks: Checks,
  watermark: number,
  customerId: number | null,
  apply: (touched: RawBuilder<unknown>) => Promise<void>,
): Promise<void> {
  const looked = await selectProgress(trx, checks);
  // Somebody may have looked further since the watermark was read.
  const upTo = Math.max(watermark, looked);
  const { newChecks, since } = await prepareNewChecks(trx, checks, looked, upTo, customerId);
  const { newChanges, count } = await prepareNewChanges(trx, since, upTo, customerId);
  if (count > 0) await apply(touchedOf(checks, newChanges, looked, customerId));
  if (customerId !== null) return;
  await statement('invoices.applyChanges.set_change_id')`
    UPDATE ${sql.table(checks)} k SET change_id = NULL FROM ${newChecks} n
    WHERE k.customer_id = n.customer_id AND k.month = n.month AND k.change_id = n.change_id`.execute(trx);
  if (upTo > looked)
    await statement(
      'invoices.applyChanges.update_check_progress',
    )`UPDATE check_progress SET change_id = ${upTo} WHERE checks = ${checks}`.execute(trx);
}

/**
 * How many customers' months are marked as stale, or have been touched by changes up to a watermark that nobody has
 * looked at. Writes nothing.
 */
export async function countUnlookedMonths(db: Queryable, watermark: number): Promise<number> {
  const checks = 'correction_checks';
  const looked = await selectProgress(db, checks);
  const upTo = Math.max(watermark, looked);
  const since = sql`least(${looked}::bigint, (SELECT min(change_id) FROM ${sql.table(checks)} WHERE change_id <= ${upTo}))`;
  const touched = touchedOf(checks, sql`(${newChangesOf(since, upTo, null)})`, looked, null);
  const { rows } = await statement<{ count: number }>('invoices.countUnlookedMonths')`
    SELECT count(*) AS count FROM (
      SELECT customer_id, month FROM ${touched} AS t
      UNION SELECT customer_id, month FROM ${sql.table(checks)} WHERE stale) AS u`.execute(db);
  return rows[0]?.count ?? 0;
}

async function selectProgress(trx: Queryable, checks: Checks): Promise<number> {
  const { rows } = await statement<{ position: number }>('invoices.selectProgress')`
    SELECT change_id AS position FROM check_progress WHERE checks = ${checks}`.execute(trx);
  return rows[0]?.position ?? 0;
}

/** Those with a position of their own, and the position from which on they, and all others, are to be looked at. */
async function prepareNewChecks(
  trx: UnitOfWork,
  checks: Checks,
  looked: number,
  upTo: number,
  customerId: number | null,
): Promise<{ readonly newChecks: TemporaryTable<'new_checks'>; readonly since: number }> {
  const newChecks = await createTemporaryTableAs(
    trx,
    { statement: 'invoices.prepareNewChecks', table: 'new_checks' },
    sql`
      SELECT customer_id, month, change_id FROM ${sql.table(checks)}
      WHERE change_id IS NOT NULL AND change_id <= ${upTo}
        AND (${customerId}::bigint IS NULL OR customer_id = ${customerId})`,
  );
  const { rows } = await statement<{ since: number | null }>(
    'invoices.prepareNewChecks.select_min',
  )`SELECT min(change_id) AS since FROM ${newChecks}`.execute(trx);
  return { newChecks, since: Math.min(rows[0]?.since ?? looked, looked) };
}

/**
 * The changes in (since, upTo] that months' costs rest on (usage, plans and subscriptions, and when
 * deployments start), and how many there are. Without a customer it is a change of all.
 */
async function prepareNewChanges(
  trx: UnitOfWork,
  since: number,
  upTo: number,
  customerId: number | null,
): Promise<{ readonly newChanges: TemporaryTable<'new_changes'>; readonly count: number }> {
  const newChanges = await createTemporaryTableAs(
    trx,
    { statement: 'invoices.prepareNewChanges', table: 'new_changes', analyze: true },
    newChangesOf(sql`${since}::bigint`, upTo, customerId),
  );
  const { rows } = await statement<{ count: number }>(
    'invoices.prepareNewChanges.select_count',
  )`SELECT count(*) AS count FROM ${newChanges}`.execute(trx);
  return { newChanges, count: rows[0]?.count ?? 0 };
}

function newChangesOf(since: RawBuilder<unknown>, upTo: number, customerId: number | null): RawBuilder<unknown> {
  return sql`
      SELECT c.change_id, c.topic, d.customer_id, d.starts_at, c.valid_from, c.valid_to,
             d.deployment_id IN (SELECT deployment_id FROM pricing_yearly) AS yearly
      FROM changes c LEFT JOIN deployments_list d ON d.deployment_id = c.subject
      WHERE c.change_id > ${since} AND c.change_id <= ${upTo} AND c.topic IN ('usage', 'pricing', 'deployment')
        AND (c.subject IS NULL OR d.customer_id IS NOT NULL)
        AND (${customerId}::bigint IS NULL OR c.subject IS NULL OR d.customer_id = ${customerId})`;
}

/**
 * The checks that new changes have touched behind their positions.
 *
 * - Usage: of the month, and of those before it as far as allowances are carried over.
 * - Plans and subscriptions, of deployments that start before the month ends: any other has nothing on
 *   its bill. A month holds fees of the next one where they are due in advance, and carries allowances in
 *   from the last 12. A fee by the year rests on all of the year that begins in the month, and on when
 *   its term began, however long ago.
 * - A start: of every month that ends after it.
 */
function touchedOf(
  checks: Checks,
  newChanges: RawBuilder<unknown>,
  looked: number,
  customerId: number | null,
): RawBuilder<unknown> {
  const table = sql.table(checks);
  return sql`(
    WITH months AS MATERIALIZED (
      SELECT DISTINCT month, month::timestamptz AS begins, month::timestamptz + interval '1 month' AS ends FROM ${table}
      WHERE ${customerId}::bigint IS NULL OR customer_id = ${customerId}
    ), carried AS MATERIALIZED (
      SELECT make_interval(months => months) AS time FROM pricing_carry_over
    ), touched AS MATERIALIZED (
      SELECT c.customer_id, m.month, max(c.change_id) AS change_id
      FROM ${newChanges} c CROSS JOIN carried JOIN months m ON CASE c.topic
        WHEN 'usage' THEN c.valid_from < m.ends AND c.valid_to > m.begins - carried.time
        WHEN 'pricing' THEN c.starts_at < m.ends AND c.valid_from < m.ends + CASE WHEN c.yearly THEN interval '12 months' ELSE interval '1 month' END
          AND (c.yearly OR c.valid_to > m.begins - interval '12 months')
        ELSE c.valid_from < m.ends END
      GROUP BY c.customer_id, m.month
    )
    SELECT k.customer_id, k.month FROM ${table} k JOIN touched t USING (customer_id, month)
    WHERE t.change_id > coalesce(k.change_id, ${looked})
    UNION
    SELECT k.customer_id, k.month FROM ${table} k JOIN touched t USING (month)
    WHERE t.customer_id IS NULL AND t.change_id > coalesce(k.change_id, ${looked})
      AND (${customerId}::bigint IS NULL OR k.customer_id = ${customerId}))`;
}
