import { join } from 'node:path';
import type { Config } from '../config.ts';
import { generateSecretKey, parseSecretKey, type SecretKey } from './crypto.ts';
import { ArcadiaError } from '../errors.ts';
import { readKeyFile, readOrMakeKeyFile } from './key-file.ts';

/** Something that is sealed in the database, and with which key. */
export interface SealedSecret {
  /** `the credentials of account acme` */
  readonly what: string;
  /** In hexadecimal digits. */
  readonly keyId: string;
}

type KeyConfig = Pick<Config, 'secretKey' | 'dataDir'>;

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

function parsed(text: string, config: KeyConfig): SecretKey {
  const key = parseSecretKey(text);
  if (key === null) {
    throw new ArcadiaError(
      'invalid_config',
      `The key file ${secretKeyFile(config.dataDir)} does not hold 32 bytes in base64.`,
    );
  }
  return key;
}
