import type { Provider, ScopeReport } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { writeTokenCheck } from './status.store.ts';
import type { Account } from './store.ts';

/** Asks what the account's token may read, and keeps what it may not: once a day, with the sizes. */
export async function noteToken(
  db: Queryable,
  account: Account,
  provider: Provider,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<void> {
  const scopes = await provider.scopes(signal);
  // A scope that could not be asked for says nothing.
  const missing: ScopeReport[] = scopes.filter(({ granted }) => granted === 'no');
  await writeTokenCheck(db, account.accountId, missing, now);
}
