import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { generateSecretKey, parseSecretKey, type SecretKey } from './crypto.ts';
import { makeDataDir } from './embedded.ts';
import { ArcadiaError } from './errors.ts';

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret.key');
}

function readKeyFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null;
    throw new ArcadiaError('invalid_config', `The key file ${path} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

/** Written aside and linked in whole, so that of two processes that make it both read the first one's. */
function makeKeyFile(path: string): void {
  const half = `${path}.${process.pid}`;
  try {
    makeDataDir(join(path, '..'));
    writeFileSync(half, `${generateSecretKey()}\n`, { mode: 0o600, flush: true });
    try {
      linkSync(half, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(half, { force: true });
    }
  } catch (cause) {
    throw new ArcadiaError(
      'invalid_config',
      `There is no secret key to keep provider tokens with, and ${path} cannot be made (${(cause as Error).message}). Set ARCADIA_SECRET_KEY to what \`openssl rand -base64 32\` prints, the same in every process, or give a data folder that can be written to (ARCADIA_DATA_DIR).`,
      { cause },
    );
  }
}

/**
 * The key that seals provider tokens: the setting secretKey, else the key file in the data folder,
 * which is made (mode 0600) the first time it is needed.
 */
export function loadSecretKey(config: Pick<Config, 'secretKey' | 'dataDir'>): SecretKey {
  const path = secretKeyFile(config.dataDir);
  let text = config.secretKey ?? readKeyFile(path);
  if (text === null) {
    makeKeyFile(path);
    text = readKeyFile(path);
  }
  const key = parseSecretKey(text ?? '');
  if (key === null) throw new ArcadiaError('invalid_config', `The key file ${path} does not hold 32 bytes in base64.`);
  return key;
}
