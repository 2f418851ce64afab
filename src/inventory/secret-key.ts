import type { Config } from '../platform/config.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { fingerprintOf, type SecretKey, seal, sealingKeyId, unseal } from '../platform/secrets/crypto.ts';
import { lockFingerprint, replaceFingerprint, selectFingerprint } from '../platform/secrets/fingerprint.store.ts';
import { openDatabaseKey, type SealedSecret } from '../platform/secrets/secret-key.ts';
import { listSealedWebhooks, resealWebhooks } from '../webhooks/index.ts';
import { lockAccounts, selectAllCredentials, selectSealedByOthers, updateCredentials } from './store.ts';

/** What an account's credentials are sealed for. */
export const credentialsPurpose = 'accounts.credentials';

/** All that this database holds sealed: the credentials of its accounts, what provisioning says that it holds, and the secrets of its webhooks. */
export async function listSealedSecrets(db: Queryable): Promise<SealedSecret[]> {
  const rows = await selectAllCredentials(db);
  const ofAccounts = rows.flatMap(({ slug, credentials }) => {
    const keyId = sealingKeyId(credentials);
    return keyId === null ? [] : [{ what: `the credentials of account ${slug}`, keyId }];
  });
  const ofOthers = (await selectSealedByOthers(db)).flatMap(({ what, sealed }) => {
    const keyId = sealingKeyId(sealed);
    return keyId === null ? [] : [{ what, keyId }];
  });
  return [...ofAccounts, ...ofOthers, ...(await listSealedWebhooks(db))];
}

/**
 * The key of this database, which seals provider tokens and cursors. A key file that is missing is made only while
 * nothing is sealed in this database. Errors: secret_unreadable where the key is missing and something is sealed, or is
 * another than this database's; invalid_config.
 */
export function openSecretKey(
  db: Queryable,
  config: Pick<Config, 'secretKey' | 'dataDir'> & Partial<Pick<Config, 'databaseUrl'>>,
): Promise<SecretKey> {
  // Of a record that nothing is derived from.
  const now = Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'trunc' });
  return openDatabaseKey(db, config, () => listSealedSecrets(db), now);
}

export interface Resealed {
  readonly accounts: number;
  readonly webhookSecrets: number;
  /** Of what the caller has sealed anew besides. */
  readonly others: number;
}

/** Seals anew what another module has sealed. Returns how many values it was. */
type Reseal = (trx: UnitOfWork, keys: { readonly from: SecretKey; readonly to: SecretKey }) => Promise<number>;

/**
 * Seals everything anew with another key, in one transaction: all of it, or nothing. Whoever runs with the old key cannot
 * read it from then on. Returns how many of each it was.
 * @param reseal does so with what modules have sealed that this one does not know
 * Errors: secret_unreadable, where the old key is not the one that it was sealed with.
 */
export async function rotateSecretKey(
  db: Database,
  { from, to }: { readonly from: SecretKey; readonly to: SecretKey },
  now: Temporal.Instant,
  reseal: Reseal,
): Promise<Resealed> {
  return db.transaction().execute(async (trx) => {
    await lockFingerprint(trx);
    await lockAccounts(trx);
    const accounts = await selectAllCredentials(trx);
    for (const { slug, credentials } of accounts) {
      const opened = unseal(from, credentialsPurpose, credentials);
      await updateCredentials(trx, slug, seal(to, credentialsPurpose, opened));
    }
    const webhookSecrets = await resealWebhooks(trx, { from, to });
    const others = await reseal(trx, { from, to });
    await replaceFingerprint(trx, fingerprintOf(to), now);
    return { accounts: accounts.length, webhookSecrets, others };
  });
}

/** Errors: secret_unreadable, where the key was replaced since this process began with it. */
export async function assertCurrentKey(db: Queryable, key: SecretKey): Promise<void> {
  const known = await selectFingerprint(db);
  if (known === undefined || known === fingerprintOf(key)) return;
  throw new ArcadiaError('secret_unreadable', 'The secret key of this database was replaced while this process ran.', {
    todo: 'Give this process the new key (ARCADIA_SECRET_KEY, or secret.key in its data folder) and start it again.',
  });
}
