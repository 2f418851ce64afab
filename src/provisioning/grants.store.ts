import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

interface WriteCredential {
  readonly accountId: number;
  readonly account: string;
  readonly sealed: Uint8Array;
  readonly grantedAt: Temporal.Instant;
  readonly grantedBy: string;
}

/** The write tokens that are granted, by account: of all, or of one. */
export async function selectWriteCredentials(
  db: Queryable,
  accountId: number | null = null,
): Promise<WriteCredential[]> {
  const { rows } = await statement<WriteCredential>('provisioning.selectWriteCredentials')`
    SELECT w.account_id AS "accountId", a.slug AS account, w.sealed, w.granted_at AS "grantedAt", w.granted_by AS "grantedBy"
    FROM write_credentials w JOIN inventory_accounts a USING (account_id)
    WHERE ${accountId}::int IS NULL OR w.account_id = ${accountId} ORDER BY a.slug`.execute(db);
  return rows;
}

/** The one that was there before is gone. */
export async function upsertWriteCredential(
  trx: UnitOfWork,
  accountId: number,
  sealed: Uint8Array,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.upsertWriteCredential')`
    INSERT INTO write_credentials (account_id, sealed, granted_at, granted_by) VALUES (${accountId}, ${sealed}, ${now}, ${by})
    ON CONFLICT (account_id) DO UPDATE
    SET sealed = excluded.sealed, granted_at = excluded.granted_at, granted_by = excluded.granted_by`.execute(trx);
}

export async function updateWriteCredential(trx: UnitOfWork, accountId: number, sealed: Uint8Array): Promise<void> {
  await statement('provisioning.updateWriteCredential')`
    UPDATE write_credentials SET sealed = ${sealed} WHERE account_id = ${accountId}`.execute(trx);
}

/** False: there was none. */
export async function deleteWriteCredential(trx: UnitOfWork, accountId: number): Promise<boolean> {
  const { numAffectedRows } = await statement('provisioning.deleteWriteCredential')`
    DELETE FROM write_credentials WHERE account_id = ${accountId}`.execute(trx);
  return numAffectedRows === 1n;
}
