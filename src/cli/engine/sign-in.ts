import type { Config } from '../../platform/config.ts';
import type { Role } from '../../platform/declare/operation.ts';
import { operator } from './operator.ts';

const validity = { hours: 1 };

/**
 * An address that signs whoever started a database of their own in, as its owner unless told, or as one of its customers,
 * for an hour; null where the operator has configured who issues tokens. The token stands behind #: a browser
 * sends that part nowhere, so that no log has it.
 */
export async function signInLink(
  config: Config,
  url: string,
  role: Role = 'owner',
  customer: string | null = null,
): Promise<string | null> {
  const { hasDevelopmentSecret } = await import('../../platform/secrets/token-secret.ts');
  const { issueToken } = await import('../../platform/secrets/issue-token.ts');
  if (!hasDevelopmentSecret(config)) return null;
  const token = await issueToken(config, {
    subject: operator(),
    role: customer === null ? role : 'customer',
    customer,
    expiresIn: Temporal.Duration.from(validity),
  });
  return `${url}/#token=${token}`;
}
