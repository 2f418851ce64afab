import { openProvider, type Credentials } from '../cloud/index.ts';
import { type Account, connectAccount as storeAccount } from '../inventory/index.ts';
import { readSimulatedClock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import type { FlowContext } from './context.ts';

interface ConnectAccount {
  /** Unless given: made from the name, and kept on connecting again. */
  readonly slug?: string | undefined;
  /** Unless given: the provider's own name of the account. */
  readonly name?: string | undefined;
  /** Where the API answers, or a built-in fleet: `simulator:agency?seed=1`. */
  readonly apiUrl: string;
  readonly credentials: Credentials;
  /** Nothing before it is metered. Unless given: the moment of connecting. */
  readonly meteredFrom?: Temporal.Instant | undefined;
  readonly secretKey: SecretKey;
}

/**
 * Asks DigitalOcean, or a simulator of it, whose token this is, and connects the account; one that is
 * connected gets the new token. A built-in simulator answers from where the database's clock stands.
 *
 * Errors: those of `identify` (src/cloud/provider.ts) and of connectAccount (src/inventory/accounts.ts).
 */
export async function connectAccount(
  db: Database,
  input: ConnectAccount,
  { now, signal }: Pick<FlowContext, 'now' | 'signal'>,
): Promise<Account> {
  const { apiUrl, credentials } = input;
  const simulatedAt = await readSimulatedClock(db);
  const provider = await openProvider('digitalocean', {
    apiUrl,
    credentials,
    ...(simulatedAt !== null && { simulatedAt }),
  });
  try {
    const identity = await provider.identify(signal);
    return await storeAccount(db, { ...input, provider: provider.name }, identity, now);
  } finally {
    await provider.close();
  }
}
