import type { Queryable } from '../database/database.ts';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { generateSecretKey, isWeak, parseSecretKey, type SecretKey, fingerprintOf } from './crypto.ts';
import { insertFingerprint, replaceFingerprint, selectFingerprint } from './fingerprint.store.ts';
import { ArcadiaError } from '../errors.ts';
import { readKeyFile, readOrMakeKeyFile } from './key-file.ts';

/** Something that is sealed in the database, and with which key. */
export interface SealedSecret {
  /** `the credentials of account acme` */
  readonly what: string;
  /** In hexadecimal digits. */
  readonly keyId: string;
}

type KeyConfig = Pick<Config, 'secretKey' | 'dataDir'> & Partial<Pick<Config, 'databaseUrl'>>;

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret.key');
}

/** The setting secretKey, else what the key file in the data folder holds; null where neither is there. Makes nothing. */
export function readSecretKey(config: KeyConfig): SecretKey | null {
  const text = config.secretKey ?? readKeyFile(secretKeyFile(config.dataDir));
  return text === null ? null : parsed(text, config);
}

/**
 * The key that seals provider tokens: the setting secretKey, else the key file in the data folder,
 * which is made (mode 0600) the first time it is needed. That is only when nothing is sealed yet: a key
 * file that has gone missing must not be replaced by another key. `sealed` says what is; it is asked only
 * where there is no key. Errors: secret_unreadable, invalid_config.
 */
export async function loadSecretKey(
  config: KeyConfig,
  sealed: () => Promise<readonly SealedSecret[]>,
): Promise<SecretKey> {
  const there = readSecretKey(config);
  if (there !== null) return there;
  const path = secretKeyFile(config.dataDir);
  const secrets = await sealed();
  if (secrets.length > 0) throw keyMissing(path, secrets);
  const text = readOrMakeKeyFile(
    path,
    generateSecretKey,
    (reason) =>
      `There is no secret key to keep provider tokens with, and ${path} cannot be made (${reason}). Set ARCADIA_SECRET_KEY to what \`openssl rand -base64 32\` prints, the same in every process, or give a data folder that can be written to (ARCADIA_DATA_DIR).`,
  );
  return parsed(text, config);
}

/**
 * The secret key of this database's processes: the one that it knows by its fingerprint. The first that is used with a
 * database is recorded. A database of several machines (DATABASE_URL) takes no other from then on; an embedded one does
 * while nothing is sealed, because its key file lies beside it. Errors: those of loadSecretKey; secret_unreadable for
 * another key.
 */
export async function openDatabaseKey(
  db: Queryable,
  config: KeyConfig,
  sealed: () => Promise<readonly SealedSecret[]>,
  now: Temporal.Instant,
): Promise<SecretKey> {
  const known = await selectFingerprint(db);
  const isShared = (config.databaseUrl ?? null) !== null;
  if (known !== undefined && isShared && readSecretKey(config) === null) throw anotherKey(config, null);
  const key = await loadSecretKey(config, sealed);
  const fingerprint = fingerprintOf(key);
  if (known === fingerprint) return key;
  if (known === undefined) {
    await insertFingerprint(db, fingerprint, now);
    if ((await selectFingerprint(db)) === fingerprint) return key;
  } else if (!isShared && (await sealed()).length === 0) {
    await replaceFingerprint(db, fingerprint, now);
    return key;
  }
  throw anotherKey(config, key);
}

function anotherKey(config: KeyConfig, key: SecretKey | null): ArcadiaError {
  const file = secretKeyFile(config.dataDir);
  const what =
    key === null
      ? `There is no secret key here (ARCADIA_SECRET_KEY, or ${file})`
      : `The secret key here (${config.secretKey === null ? file : 'ARCADIA_SECRET_KEY'}) is another than this database's`;
  return new ArcadiaError(
    'secret_unreadable',
    `${what}: what one process seals, such as provider tokens and cursors of lists, the others could not read.`,
    {
      todo: `Give every process of this database the same key: set ARCADIA_SECRET_KEY, or put into ${file}, what the process has that ran with it first. If a rotation of the key broke off (${file}.next is there), run it again: secret rotate.`,
      details: { keyFile: file },
    },
  );
}

function keyMissing(path: string, secrets: readonly SealedSecret[]): ArcadiaError {
  const ids = [...new Set(secrets.map(({ keyId }) => keyId))];
  return new ArcadiaError(
    'secret_unreadable',
    `The key file ${path} is missing, and no new key is made while something is sealed with the old one (key ${ids.join(', ')}): ${secrets.map(({ what }) => what).join(', ')}.`,
    {
      todo: 'Put the key file back, or set ARCADIA_SECRET_KEY to what it held. If the key is lost, set ARCADIA_SECRET_KEY to a new one (`openssl rand -base64 32`) and connect the named accounts again.',
      details: { keyFile: path, keyIds: ids },
    },
  );
}

/** The key that a rotation puts in the place of the key file's, kept beside it until everything is sealed with it. */
export function nextKeyFile(dataDir: string): string {
  return `${secretKeyFile(dataDir)}.next`;
}

/** Whether a key is the one that this database goes with. */
export async function isDatabaseKey(db: Queryable, key: SecretKey): Promise<boolean> {
  return (await selectFingerprint(db)) === fingerprintOf(key);
}

function parsed(text: string, config: KeyConfig): SecretKey {
  const key = parseSecretKey(text);
  if (key !== null && isWeak(key.key))
    throw new ArcadiaError(
      'invalid_config',
      `The key file ${secretKeyFile(config.dataDir)} holds no random key: a few bytes again and again.`,
      { todo: 'Replace it by what `openssl rand -base64 32` prints, and connect the accounts again.' },
    );
  if (key === null) {
    throw new ArcadiaError(
      'invalid_config',
      `The key file ${secretKeyFile(config.dataDir)} does not hold 32 bytes in base64.`,
    );
  }
  return key;
}
