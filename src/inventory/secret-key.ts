import type { Config } from '../platform/config.ts';
import type { Queryable } from '../platform/database/database.ts';
import { type SecretKey, sealingKeyId } from '../platform/secrets/crypto.ts';
import { loadSecretKey, type SealedSecret } from '../platform/secrets/secret-key.ts';
import { selectAllCredentials } from './store.ts';

/** All that this database holds sealed: the credentials of its accounts. */
export async function listSealedSecrets(db: Queryable): Promise<SealedSecret[]> {
  const rows = await selectAllCredentials(db);
  return rows.flatMap(({ slug, credentials }) => {
    const keyId = sealingKeyId(credentials);
    return keyId === null ? [] : [{ what: `the credentials of account ${slug}`, keyId }];
  });
}

/**
 * The key that seals provider tokens. A key file that is missing is made only while nothing is sealed in this database.
 * Errors: secret_unreadable where the key file is missing and something is; invalid_config.
 */
export function openSecretKey(db: Queryable, config: Pick<Config, 'secretKey' | 'dataDir'>): Promise<SecretKey> {
  return loadSecretKey(config, () => listSealedSecrets(db));
}
