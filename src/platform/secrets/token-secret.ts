import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { readOrMakeKeyFile } from './key-file.ts';

export type TokenConfig = Pick<
  Config,
  | 'databaseUrl'
  | 'dataDir'
  | 'jwtSecret'
  | 'jwtJwks'
  | 'jwtIssuer'
  | 'jwtAudience'
  | 'jwtRoleClaim'
  | 'jwtCustomerClaim'
> &
  Partial<Pick<Config, 'jwtRoles' | 'jwtDefaultRole' | 'jwtHoursMax'>>;

export function developmentSecretFile(dataDir: string): string {
  return join(dataDir, 'token.key');
}

/**
 * An embedded database, for which nobody has configured anything, has a secret of its own, kept
 * beside it: so that a first start can sign its user in. One with DATABASE_URL has not: its
 * processes may run on several machines, and who may sign in there is for the operator to say.
 */
export function hasDevelopmentSecret(config: TokenConfig): boolean {
  return config.jwtSecret === null && config.jwtJwks === null && config.databaseUrl === null;
}

/**
 * The secret of HS512 tokens, or null where there is none: tokens are verified with public keys
 * only, or with nothing yet. Errors: invalid_config.
 */
export function tokenSecret(config: TokenConfig): string | null {
  if (!hasDevelopmentSecret(config)) return config.jwtSecret;
  const path = developmentSecretFile(config.dataDir);
  return readOrMakeKeyFile(
    path,
    () => randomBytes(64).toString('base64'),
    (reason) =>
      `There is no secret to sign tokens with, and ${path} cannot be made (${reason}). Set ARCADIA_JWT_SECRET, or give a data folder that can be written to (ARCADIA_DATA_DIR).`,
  );
}
