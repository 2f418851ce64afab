import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';

// Who receives the provider's bills, which accounts they are about, and how the last readings went.

const payerAccounts: HistoryTable = {
  table: 'bill_payer_accounts',
  id: 'bill_payer_account_id',
  key: ['account_id'],
  values: ['payer_id', 'recorded_by'],
};

export interface Payer {
  readonly payerId: number;
  readonly slug: string;
  /** `digitalocean` */
  readonly provider: string;
  /** The team with which it was first known. */
  readonly externalId: string;
  /** null: its bills are those of a team. */
  readonly organizationId: string | null;
  readonly currency: string;
  readonly createdAt: Temporal.Instant;
}

const payerColumns = sql`payer_id AS "payerId", slug, provider, external_id AS "externalId", organization_id AS "organizationId",
  currency, created_at AS "createdAt"`;

/** All, by slug. */
export async function selectPayers(db: Queryable): Promise<Payer[]> {
  const { rows } = await statement<Payer>('providerBilling.selectPayers')`
    SELECT ${payerColumns} FROM bill_payers ORDER BY slug`.execute(db);
  return rows;
}

/** Whoever adds payers, or says what they cover, takes turns until the end of the transaction. */
export async function lockPayers(trx: UnitOfWork): Promise<void> {
  await statement(
    'providerBilling.lockPayers',
  )`SELECT pg_advisory_xact_lock(hashtextextended('bill_payers', 0))`.execute(trx);
}

/** An account, as jsonb_to_recordset reads it. */
interface PayingAccount {
  readonly account_id: number;
  readonly slug: string;
  readonly provider: string;
  readonly external_id: string;
}

/**
 * Makes each of these accounts that no payer has ever covered its own payer, by the account's slug, for all time: its
 * bills of before are its own as well. Where another payer has the slug, the account's id is added.
 */
export async function insertOwnPayers(
  trx: UnitOfWork,
  accounts: readonly PayingAccount[],
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('providerBilling.insertOwnPayers')`
    WITH uncovered AS (
      SELECT a.* FROM jsonb_to_recordset(${JSON.stringify(accounts)}::jsonb)
        AS a (account_id int, slug text, provider text, external_id text)
      WHERE NOT EXISTS (SELECT FROM bill_payer_accounts p WHERE p.account_id = a.account_id)
    ), made AS (
      INSERT INTO bill_payers (slug, provider, external_id, currency, created_at)
      SELECT CASE WHEN EXISTS (SELECT FROM bill_payers p WHERE p.slug = u.slug) THEN left(u.slug, 50) || '-' || u.account_id ELSE u.slug END,
             u.provider, u.external_id, 'USD', ${now}::timestamptz
      FROM uncovered u ON CONFLICT (provider, external_id) DO NOTHING
      RETURNING payer_id, provider, external_id
    )
    INSERT INTO bill_payer_accounts (account_id, payer_id, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
    SELECT u.account_id, m.payer_id, ${by}, '-infinity', 'infinity', ${now}::timestamptz, 'infinity'
    FROM uncovered u JOIN made m ON (m.provider, m.external_id) = (u.provider, u.external_id)`.execute(trx);
}

interface Coverage {
  readonly payerId: number;
  readonly accountId: number;
  readonly account: string;
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
}

/** Which accounts payers cover, when, as is believed now: by payer, account and time. */
export async function selectCoverage(db: Queryable): Promise<Coverage[]> {
  const { rows } = await statement<Coverage>('providerBilling.selectCoverage')`
    SELECT p.payer_id AS "payerId", a.account_id AS "accountId", a.slug AS account, p.valid_from AS "from", p.valid_to AS "to"
    FROM bill_payer_accounts p JOIN inventory_accounts a USING (account_id)
    WHERE p.superseded_at = 'infinity' ORDER BY p.payer_id, a.slug, p.valid_from`.execute(db);
  return rows;
}

/** From an instant on an account is on a payer's bills. What had been said for later gives way. false: it was so. */
export async function rewriteCoverage(
  trx: UnitOfWork,
  {
    accountId,
    payerId,
    from,
  }: { readonly accountId: number; readonly payerId: number; readonly from: Temporal.Instant },
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'providerBilling.rewriteCoverage', table: 'staged_coverage' },
    sql`
      SELECT ${accountId}::int AS account_id, ${payerId}::int AS payer_id, ${by}::text AS recorded_by,
             ${from}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, true AS asserted
      WHERE NOT EXISTS (SELECT FROM bill_payer_accounts b
                        WHERE b.superseded_at = 'infinity' AND b.account_id = ${accountId} AND b.payer_id = ${payerId}
                          AND b.valid_from <= ${from}::timestamptz AND b.valid_to = 'infinity')`,
  );
  const { inserted } = await rewriteHistory(trx, payerAccounts, staged, now);
  return inserted > 0;
}

export async function updateOrganization(
  trx: UnitOfWork,
  payerId: number,
  organizationId: string | null,
): Promise<boolean> {
  const { numAffectedRows } = await statement('providerBilling.updateOrganization')`
    UPDATE bill_payers SET organization_id = ${organizationId}
    WHERE payer_id = ${payerId} AND organization_id IS DISTINCT FROM ${organizationId}`.execute(trx);
  return (numAffectedRows ?? 0n) > 0n;
}

export type BillingPart = 'balance' | 'bills' | 'insights';

export interface BillingRead {
  readonly payer: string;
  readonly part: BillingPart;
  readonly readAt: Temporal.Instant;
  readonly outcome: 'complete' | 'refused' | 'failed';
  readonly reason: string | null;
  /** When it was last read whole; null: never. */
  readonly completedAt: Temporal.Instant | null;
}

/** How the last reading of each part went, by payer. */
export async function selectReads(db: Queryable): Promise<BillingRead[]> {
  const { rows } = await statement<BillingRead>('providerBilling.selectReads')`
    SELECT p.slug AS payer, r.part, r.read_at AS "readAt", r.outcome, r.reason, r.completed_at AS "completedAt"
    FROM provider_billing_reads r JOIN bill_payers p USING (payer_id) ORDER BY p.slug, r.part`.execute(db);
  return rows;
}

export async function upsertRead(
  db: Queryable,
  payerId: number,
  { part, readAt, outcome, reason }: Pick<BillingRead, 'part' | 'readAt' | 'outcome' | 'reason'>,
): Promise<void> {
  const completedAt = outcome === 'complete' ? readAt : null;
  await statement('providerBilling.upsertRead')`
    INSERT INTO provider_billing_reads (payer_id, part, read_at, outcome, reason, completed_at)
    VALUES (${payerId}, ${part}, ${readAt}::timestamptz, ${outcome}, ${reason}, ${completedAt}::timestamptz)
    ON CONFLICT (payer_id, part) DO UPDATE SET read_at = excluded.read_at, outcome = excluded.outcome, reason = excluded.reason,
      completed_at = coalesce(excluded.completed_at, provider_billing_reads.completed_at)`.execute(db);
}
