import { Buffer } from 'node:buffer';
import { type Config, loadConfig } from '../../src/platform/config.ts';
import type { Role } from '../../src/platform/declare/operation.ts';
import { issueToken } from '../../src/platform/secrets/issue-token.ts';
import { program } from '../../src/modules.ts';

// What the processes of this run have in common: how the server is configured, and who may ask it.

/** With the limits that the program has unless somebody sets them. */
export function configOf(connectionString: string): Config {
  const env = {
    ARCADIA_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => 7 + at)).toString('base64'),
    ARCADIA_JWT_SECRET: 'a secret for tests that is long enough for HS512, which wants 64 bytes of it',
    DATABASE_URL: connectionString,
  };
  return loadConfig({ env, cwd: import.meta.dirname }, program.settings);
}

export interface Who {
  readonly role: Role;
  readonly subject: string;
  /** The external id, with the role customer. */
  readonly customer?: string;
}

/** Tokens that are issued once for each who asks, good for a day. */
export function tokensOf(config: Config): (who: Who) => Promise<string> {
  const issued = new Map<string, Promise<string>>();
  return ({ role, subject, customer = null }) => {
    const name = `${role} ${customer} ${subject}`;
    const expiresIn = Temporal.Duration.from({ hours: 24 });
    const token = issued.get(name) ?? issueToken(config, { role, customer, subject, expiresIn });
    issued.set(name, token);
    return token;
  };
}
