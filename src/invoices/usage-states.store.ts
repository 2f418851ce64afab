import { sql } from 'kysely';
import type { Database, Transaction } from '../platform/database/database.ts';
import { ratingMarkOf } from './drafts.store.ts';

// What metering knew of months when something was made of them, and of whom it is different by now.

export interface UsageState {
  readonly usageStateId: number;
  /** The newest revision in it; 0: nothing was metered. */
  readonly usageRevision: number;
}

/** What metering knows of a month now. Read before its usage, so that what comes in between shows as a change later. */
export async function insertUsageState(trx: Transaction, month: Temporal.PlainDate): Promise<UsageState> {
  const states = await insertUsageStates(trx, [month]);
  return states.get(month.toString()) as UsageState;
}

/** The same of several months, by their first days. */
async function insertUsageStates(
  trx: Transaction,
  months: readonly Temporal.PlainDate[],
): Promise<Map<string, UsageState>> {
  // Always in one order, so that of two who write the same states none waits for the other for ever.
  const state = sql`
    SELECT m.month, array_agg(coalesce(r.revision, 0) ORDER BY d.day) AS day_revisions
    FROM unnest(${months.map((month) => month.toString())}::date[]) AS m (month)
    CROSS JOIN LATERAL generate_series(m.month, (m.month + interval '1 month')::date - 1, interval '1 day') AS d (day)
    LEFT JOIN metering_day_revisions r ON r.day = d.day::date
    GROUP BY m.month ORDER BY m.month`;
  const { rows } = await sql<UsageState & { month: Temporal.PlainDate }>`
    WITH state AS MATERIALIZED (${state}), made AS (
      INSERT INTO usage_states (month, day_revisions) SELECT month, day_revisions FROM state
      ON CONFLICT (month, day_revisions) DO NOTHING RETURNING usage_state_id, month, day_revisions
    )
    SELECT month, usage_state_id AS "usageStateId", (SELECT max(r) FROM unnest(day_revisions) AS r) AS "usageRevision"
    FROM (SELECT * FROM made
          UNION SELECT u.usage_state_id, u.month, u.day_revisions FROM usage_states u JOIN state USING (month, day_revisions)) AS s`.execute(
    trx,
  );
  // Else somebody has just written the same state, after this statement began.
  if (rows.length < months.length) return insertUsageStates(trx, months);
  return new Map(rows.map(({ month, ...row }) => [month.toString(), row]));
}

/** A month and those before it of which it may carry allowances: what metering knew of all of them. */
export interface UsageWindow {
  readonly month: Temporal.PlainDate;
  readonly usageWindowId: number;
}

/** For so many months an allowance can be carried over, at most. */
const monthsBefore = 12;

/** What metering knows now of all that months' costs rest on. Read before their usage, as a state is. */
export async function insertUsageWindows(
  trx: Transaction,
  months: readonly Temporal.PlainDate[],
): Promise<UsageWindow[]> {
  const within = (month: Temporal.PlainDate) =>
    Array.from({ length: monthsBefore + 1 }, (_, back) => month.subtract({ months: back }));
  const all = new Map(months.flatMap(within).map((month) => [month.toString(), month]));
  const states = await insertUsageStates(trx, [...all.values()]);
  const windows = months.map((month) => ({
    month,
    ids: within(month).map((one) => (states.get(one.toString()) as UsageState).usageStateId),
  }));
  return insertWindows(trx, windows);
}

async function insertWindows(
  trx: Transaction,
  windows: readonly { readonly month: Temporal.PlainDate; readonly ids: readonly number[] }[],
): Promise<UsageWindow[]> {
  const { rows } = await sql<UsageWindow>`
    WITH now AS MATERIALIZED (
      SELECT month, usage_state_ids::bigint[]
      FROM unnest(${windows.map(({ month }) => month.toString())}::date[], ${windows.map(({ ids }) => `{${ids.join()}}`)}::text[])
        AS w (month, usage_state_ids)
    ), made AS (
      INSERT INTO usage_windows (month, usage_state_ids) SELECT month, usage_state_ids FROM now ORDER BY month
      ON CONFLICT (month, usage_state_ids) DO NOTHING RETURNING usage_window_id, month
    )
    SELECT month, usage_window_id AS "usageWindowId"
    FROM (SELECT * FROM made
          UNION SELECT w.usage_window_id, w.month FROM usage_windows w JOIN now USING (month, usage_state_ids)) AS w
    ORDER BY month`.execute(trx);
  return rows.length < windows.length ? insertWindows(trx, windows) : rows;
}

/** The same for one month. */
export async function insertUsageWindow(trx: Transaction, month: Temporal.PlainDate): Promise<number> {
  const [window] = await insertUsageWindows(trx, [month]);
  return (window as UsageWindow).usageWindowId;
}

/**
 * What is remembered of customers' months: by which usage, and at which mark of all else
 * (`ratingMarkOf`), they were last composed.
 */
export type Remembered = 'correction_checks' | 'draft_checks';

/** The months of which anything is remembered, oldest first. */
export async function selectRememberedMonths(db: Database, remembered: Remembered): Promise<Temporal.PlainDate[]> {
  const { rows } = await sql<{ month: Temporal.PlainDate }>`
    SELECT DISTINCT month FROM ${sql.table(remembered)} ORDER BY month LIMIT 1200`.execute(db);
  return rows.map((row) => row.month);
}

/**
 * `examined`: of what is remembered, what rests on other facts than there are now; `changed` says
 * whether the customer's month may cost something else by them. `windows` are the months' as they are now.
 *
 * On a day whose revision has grown, what a later metering changed since says whose it was; the first
 * metering of a day, or of a kind, does not say and stands for everybody. What changed in one month
 * can change the next ones too, as far as allowances are carried over.
 */
export async function prepareExamined(
  trx: Transaction,
  remembered: Remembered,
  windows: readonly UsageWindow[],
  customerId: number | null,
): Promise<void> {
  await sql`DROP TABLE IF EXISTS pg_temp.examined`.execute(trx);
  await sql`
    CREATE TEMPORARY TABLE examined ON COMMIT DROP AS
    WITH current AS MATERIALIZED (
      SELECT usage_window_id, month, usage_state_ids FROM usage_windows
      WHERE usage_window_id = ANY (${windows.map((window) => window.usageWindowId)}::bigint[])
    ), known AS MATERIALIZED (
      SELECT k.customer_id, k.month, k.usage_window_id, current.usage_window_id AS current_window_id,
             k.rating_mark <> ${ratingMarkOf(sql`k.customer_id`, sql`k.month`)} AS otherwise_changed
      FROM ${sql.table(remembered)} k JOIN current USING (month)
      WHERE ${customerId}::bigint IS NULL OR k.customer_id = ${customerId}
    ), states AS MATERIALIZED (
      SELECT old.usage_window_id, s.old AS usage_state_id, s.new AS current_state_id
      FROM (SELECT DISTINCT usage_window_id, current_window_id FROM known WHERE usage_window_id <> current_window_id) AS k
      JOIN usage_windows old USING (usage_window_id) JOIN current ON current.usage_window_id = k.current_window_id
      CROSS JOIN LATERAL unnest(old.usage_state_ids, current.usage_state_ids) WITH ORDINALITY AS s (old, new, position)
      WHERE s.old <> s.new AND s.position <= 1 + (SELECT months FROM pricing_carry_over)
    ), days AS MATERIALIZED (
      SELECT old.usage_state_id, old.month + (d.position::int - 1) AS day, d.old AS since
      FROM (SELECT DISTINCT usage_state_id, current_state_id FROM states) AS s
      JOIN usage_states old USING (usage_state_id) JOIN usage_states new ON new.usage_state_id = s.current_state_id
      CROSS JOIN LATERAL unnest(old.day_revisions, new.day_revisions) WITH ORDINALITY AS d (old, new, position)
      WHERE d.old IS DISTINCT FROM d.new
    ), changed AS MATERIALIZED (
      SELECT DISTINCT days.usage_state_id, l.customer_id
      FROM days JOIN metering_changes c ON c.revision > days.since
       AND c.period_start >= days.day::timestamptz AND c.period_start < (days.day + 1)::timestamptz
      JOIN deployments_list l USING (deployment_id)
    ), changed_for_all AS MATERIALIZED (
      SELECT DISTINCT days.usage_state_id
      FROM days JOIN metering_revisions r ON r.day = days.day AND r.revision > days.since AND r.cause IN ('first', 'config')
    )
    SELECT k.customer_id, k.month, k.usage_window_id, k.current_window_id,
           k.otherwise_changed
             OR k.usage_window_id IN (SELECT usage_window_id FROM states JOIN changed_for_all USING (usage_state_id))
             OR (k.usage_window_id, k.customer_id) IN (SELECT usage_window_id, customer_id FROM states JOIN changed USING (usage_state_id)) AS changed
    FROM known k WHERE k.usage_window_id <> k.current_window_id OR k.otherwise_changed`.execute(trx);
}

/**
 * What was examined and has not changed is known up to the windows. Only what is still remembered as
 * it was when it was examined: who has written it anew since knows it by what they read.
 */
export async function advanceExamined(trx: Transaction, remembered: Remembered): Promise<void> {
  await sql`
    UPDATE ${sql.table(remembered)} k SET usage_window_id = e.current_window_id
    FROM examined e
    WHERE e.customer_id = k.customer_id AND e.month = k.month AND e.usage_window_id = k.usage_window_id AND NOT e.changed`.execute(
    trx,
  );
}
