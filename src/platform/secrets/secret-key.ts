import { join } from 'node:path';
import type { Config } from '../config.ts';
import { generateSecretKey, parseSecretKey, type SecretKey } from './crypto.ts';
import { ArcadiaError } from '../errors.ts';
import { readOrMakeKeyFile } from './key-file.ts';

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret.key');
}

/**
 * The key that seals provider tokens: the setting secretKey, else the key file in the data folder,
 * which is made (mode 0600) the first time it is needed.
 */
export function loadSecretKey(config: Pick<Config, 'secretKey' | 'dataDir'>): SecretKey {
  const path = secretKeyFile(config.dataDir);
  const text =
    config.secretKey ??
    readOrMakeKeyFile(
      path,
      generateSecretKey,
      (reason) =>
        `There is no secret key to keep provider tokens with, and ${path} cannot be made (${reason}). Set ARCADIA_SECRET_KEY to what \`openssl rand -base64 32\` prints, the same in every process, or give a data folder that can be written to (ARCADIA_DATA_DIR).`,
    );
  const key = parseSecretKey(text);
  if (key === null) throw new ArcadiaError('invalid_config', `The key file ${path} does not hold 32 bytes in base64.`);
  return key;
}
