import type { Config } from '../platform/config.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { seal, type SecretKey, sealingKeyId, unseal } from '../platform/secrets/crypto.ts';
import { selectFingerprint } from '../platform/secrets/fingerprint.store.ts';
import { openDatabaseKey, readSecretKey, type SealedSecret } from '../platform/secrets/secret-key.ts';
import { selectSealed, updateSealed } from './endpoints.store.ts';

/** What an endpoint's secrets are sealed for. */
export const keyPurpose = 'webhooks.keys';

type KeyConfig = Pick<Config, 'secretKey' | 'dataDir'> & Partial<Pick<Config, 'databaseUrl'>>;

/**
 * The key of this database, to seal with. What other modules have sealed is not seen here: a database that knows its key
 * takes no other, and one that knows none has sealed nothing yet. Errors: secret_unreadable; invalid_config.
 */
export async function sealingKey(db: Queryable, config: KeyConfig, now: Temporal.Instant): Promise<SecretKey> {
  const known = await selectFingerprint(db);
  const sealed: SealedSecret[] =
    known === undefined ? [] : [{ what: 'what this database holds sealed', keyId: 'unknown' }];
  return openDatabaseKey(db, config, async () => sealed, now);
}

/** The key that secrets were sealed with. Errors: secret_unreadable. */
export async function existingKey(db: Queryable, config: KeyConfig): Promise<SecretKey> {
  const key = readSecretKey(config);
  if (key !== null) return key;
  const what = (await listSealedWebhooks(db)).map((secret) => secret.what).join(', ');
  throw new ArcadiaError('secret_unreadable', `There is no secret key here to read ${what} with.`);
}

/** All that is sealed of endpoints. */
export async function listSealedWebhooks(db: Queryable): Promise<SealedSecret[]> {
  return (await selectSealed(db)).flatMap(({ slug, sealed }) => {
    const keyId = sealingKeyId(sealed);
    return keyId === null ? [] : [{ what: `the secret of webhook ${slug}`, keyId }];
  });
}

/** Seals all of it anew, as part of a rotation of the key. Returns how many secrets it was. Errors: secret_unreadable. */
export async function resealWebhooks(
  trx: UnitOfWork,
  { from, to }: { readonly from: SecretKey; readonly to: SecretKey },
): Promise<number> {
  const secrets = await selectSealed(trx);
  for (const { webhookKeyId, sealed } of secrets)
    await updateSealed(trx, webhookKeyId, seal(to, keyPurpose, unseal(from, keyPurpose, sealed)));
  return secrets.length;
}
