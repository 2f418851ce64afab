import type { Queryable, UnitOfWork } from '../database/database.ts';
import { statement } from '../database/statement.ts';

/** Of the key that this database goes with; undefined: none has been used with it yet. */
export async function selectFingerprint(db: Queryable): Promise<string | undefined> {
  const { rows } = await statement<{ fingerprint: string }>('platform.selectFingerprint')`
    SELECT fingerprint FROM secret_key_fingerprint`.execute(db);
  return rows[0]?.fingerprint;
}

/** Of several processes that begin at once the first one's stays. */
export async function insertFingerprint(db: Queryable, fingerprint: string, now: Temporal.Instant): Promise<void> {
  await statement('platform.insertFingerprint')`
    INSERT INTO secret_key_fingerprint (fingerprint, recorded_at) VALUES (${fingerprint}, ${now})
    ON CONFLICT (singleton) DO NOTHING`.execute(db);
}

/** Holds off every other change of the key until the transaction ends. */
export async function lockFingerprint(trx: UnitOfWork): Promise<void> {
  await statement('platform.lockFingerprint')`LOCK TABLE secret_key_fingerprint IN SHARE ROW EXCLUSIVE MODE`.execute(
    trx,
  );
}

export async function replaceFingerprint(db: Queryable, fingerprint: string, now: Temporal.Instant): Promise<void> {
  await statement('platform.replaceFingerprint')`
    INSERT INTO secret_key_fingerprint (fingerprint, recorded_at) VALUES (${fingerprint}, ${now})
    ON CONFLICT (singleton) DO UPDATE SET fingerprint = excluded.fingerprint, recorded_at = excluded.recorded_at`.execute(
    db,
  );
}
