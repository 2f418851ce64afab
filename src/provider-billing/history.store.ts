import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { ProviderBalance } from '../cloud/index.ts';

// Balances and the billing history, over time.

/** Keeps a balance, with what an hour of what was there then costs. false: it is known already. */
export async function insertBalance(
  db: Queryable,
  payerId: number,
  { generatedAt, accountBalance, monthToDateUsage, monthToDateBalance }: ProviderBalance,
  { hourlyRate, unpriced }: { readonly hourlyRate: string; readonly unpriced: number },
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('providerBilling.insertBalance')`
    INSERT INTO provider_balances (payer_id, generated_at, read_at, account_balance, month_to_date_usage, month_to_date_balance,
                                   hourly_rate, unpriced)
    VALUES (${payerId}, ${generatedAt}::timestamptz, ${now}::timestamptz, ${accountBalance}::numeric, ${monthToDateUsage}::numeric,
            ${monthToDateBalance}::numeric, ${hourlyRate}::numeric, ${unpriced})
    ON CONFLICT DO NOTHING`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/** Whether a balance is known. */
export async function selectHasBalance(
  db: Queryable,
  payerId: number,
  generatedAt: Temporal.Instant,
): Promise<boolean> {
  const { rows } = await statement('providerBilling.selectHasBalance')`
    SELECT 1 FROM provider_balances WHERE payer_id = ${payerId} AND generated_at = ${generatedAt}::timestamptz`.execute(
    db,
  );
  return rows.length > 0;
}

export interface BalancePoint {
  readonly payer: string;
  readonly currency: string;
  readonly generatedAt: Temporal.Instant;
  readonly used: string;
  /** What was there since the month began, by the price book: by each reading's rate up to the next. null: some was not looked up. */
  readonly expected: string | null;
  readonly hourlyRate: string | null;
  readonly unpriced: number | null;
}

/**
 * How a month's use grew, by payer: of each UTC day the last balance. What was expected by then is each reading's rate
 * over the time since the one before, from the month's beginning on.
 */
export async function selectMonthBalances(db: Queryable, month: Temporal.PlainDate): Promise<BalancePoint[]> {
  const { rows } = await statement<BalancePoint>('providerBilling.selectMonthBalances')`
    WITH bounds AS (SELECT ${month}::timestamp AT TIME ZONE 'UTC' AS since, (${month}::date + interval '1 month') AT TIME ZONE 'UTC' AS until),
    points AS (
      SELECT b.*, extract(epoch FROM b.generated_at - coalesce(lag(b.generated_at) OVER w, m.since)) / 3600 AS hours
      FROM provider_balances b CROSS JOIN bounds m WHERE b.generated_at > m.since AND b.generated_at <= m.until
      WINDOW w AS (PARTITION BY b.payer_id ORDER BY b.generated_at)
    ), grown AS (
      SELECT *, sum(hourly_rate * hours) OVER w AS expected, bool_and(hourly_rate IS NOT NULL) OVER w AS is_known,
             ((generated_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date AS day
      FROM points WINDOW w AS (PARTITION BY payer_id ORDER BY generated_at)
    ), last AS (SELECT DISTINCT ON (payer_id, day) * FROM grown ORDER BY payer_id, day, generated_at DESC)
    SELECT p.slug AS payer, p.currency, g.generated_at AS "generatedAt", g.month_to_date_usage AS used,
           CASE WHEN g.is_known THEN round(g.expected, 2) END AS expected, g.hourly_rate AS "hourlyRate", g.unpriced
    FROM last g JOIN bill_payers p USING (payer_id) ORDER BY p.slug, g.generated_at`.execute(db);
  return rows;
}

export interface BalanceRow {
  readonly payer: string;
  readonly currency: string;
  readonly generatedAt: Temporal.Instant;
  readonly readAt: Temporal.Instant;
  readonly accountBalance: string;
  readonly monthToDateUsage: string;
  readonly monthToDateBalance: string;
}

interface BalancePage {
  readonly payer?: string | undefined;
  readonly from?: Temporal.Instant | undefined;
  readonly to?: Temporal.Instant | undefined;
  readonly limit: number;
  readonly after: { readonly generatedAt: Temporal.Instant; readonly payer: string } | null;
}

/** Balances, the newest first. */
export async function selectBalances(
  db: Queryable,
  { payer, from, to, limit, after }: BalancePage,
): Promise<BalanceRow[]> {
  const { rows } = await statement<BalanceRow>('providerBilling.selectBalances')`
    SELECT p.slug AS payer, p.currency, b.generated_at AS "generatedAt", b.read_at AS "readAt",
           b.account_balance AS "accountBalance", b.month_to_date_usage AS "monthToDateUsage",
           b.month_to_date_balance AS "monthToDateBalance"
    FROM provider_balances b JOIN bill_payers p USING (payer_id)
    WHERE (${payer ?? null}::text IS NULL OR p.slug = ${payer ?? null})
      AND b.generated_at >= coalesce(${from ?? null}::timestamptz, '-infinity')
      AND b.generated_at < coalesce(${to ?? null}::timestamptz, 'infinity')
      AND (${after?.generatedAt ?? null}::timestamptz IS NULL OR b.generated_at < ${after?.generatedAt ?? null}::timestamptz
           OR b.generated_at = ${after?.generatedAt ?? null}::timestamptz AND p.slug > ${after?.payer ?? ''})
    ORDER BY b.generated_at DESC, p.slug LIMIT ${limit}`.execute(db);
  return rows;
}

export interface WrittenEntries {
  readonly added: number;
  readonly gone: number;
}

/**
 * Brings the billing history in line with what the provider shows, entries as jsonb_to_recordset reads them. What it
 * shows no longer stays, and is marked. Unchanged, it writes nothing.
 */
export async function writeEntries(
  trx: UnitOfWork,
  payerId: number,
  entries: string,
  now: Temporal.Instant,
): Promise<WrittenEntries> {
  const { rows } = await statement<WrittenEntries>('providerBilling.writeEntries')`
    WITH told AS (
      SELECT e.*, md5(ROW(at, type, trim_scale(amount), description, "invoiceUuid", "invoiceNumber")::text) AS digest
      FROM jsonb_to_recordset(${entries}::jsonb)
        AS e (at timestamptz, type text, amount numeric, description text, "invoiceUuid" text, "invoiceNumber" text)
    ), shown AS (
      SELECT *, row_number() OVER (PARTITION BY digest) AS ordinal FROM told
    ), added AS (
      INSERT INTO provider_billing_entries (payer_id, digest, ordinal, at, type, amount, description, invoice_uuid, invoice_number,
                                            first_seen_at)
      SELECT ${payerId}, digest, ordinal, at, type, amount, description, "invoiceUuid", "invoiceNumber", ${now}::timestamptz
      FROM shown
      ON CONFLICT (payer_id, digest, ordinal) DO UPDATE SET missing_since = NULL
        WHERE provider_billing_entries.missing_since IS NOT NULL
      RETURNING 1
    ), gone AS (
      UPDATE provider_billing_entries k SET missing_since = ${now}::timestamptz
      WHERE k.payer_id = ${payerId} AND k.missing_since IS NULL
        AND NOT EXISTS (SELECT FROM shown s WHERE (s.digest, s.ordinal) = (k.digest, k.ordinal))
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM gone) AS gone`.execute(trx);
  return rows[0]!;
}

export interface EntryRow {
  readonly payer: string;
  readonly currency: string;
  readonly at: Temporal.Instant;
  readonly type: string;
  readonly amount: string;
  readonly description: string | null;
  readonly invoiceNumber: string | null;
  readonly missingSince: Temporal.Instant | null;
  readonly digest: string;
  readonly ordinal: number;
}

interface EntryPage {
  readonly payer?: string | undefined;
  readonly limit: number;
  readonly after: Pick<EntryRow, 'at' | 'payer' | 'digest' | 'ordinal'> | null;
}

/** The billing history, the newest first. */
export async function selectEntries(db: Queryable, { payer, limit, after }: EntryPage): Promise<EntryRow[]> {
  const { rows } = await statement<EntryRow>('providerBilling.selectEntries')`
    SELECT p.slug AS payer, p.currency, e.at, e.type, e.amount, e.description, e.invoice_number AS "invoiceNumber",
           e.missing_since AS "missingSince", e.digest, e.ordinal
    FROM provider_billing_entries e JOIN bill_payers p USING (payer_id)
    WHERE (${payer ?? null}::text IS NULL OR p.slug = ${payer ?? null})
      AND (${after?.at ?? null}::timestamptz IS NULL OR e.at < ${after?.at ?? null}::timestamptz
           OR e.at = ${after?.at ?? null}::timestamptz
              AND (p.slug, e.digest, e.ordinal) > (${after?.payer ?? ''}, ${after?.digest ?? ''}, ${after?.ordinal ?? 0}::int))
    ORDER BY e.at DESC, p.slug, e.digest, e.ordinal LIMIT ${limit}`.execute(db);
  return rows;
}
