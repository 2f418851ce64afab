import type { Provider, ScopeReport } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { selectTokenCheck, writeTokenCheck } from './status.store.ts';
import type { Account } from './store.ts';

/** A job that is tried again, or that somebody asks for, does not spend the account's requests on it once more. */
const againAfterMinutes = 60;

/**
 * Asks what the account's token may read, and keeps what it may not: once a day, with the sizes, and not again within
 * the hour. A scope that could not be asked for stays as it was known; where none could be, nothing is written.
 */
export async function noteToken(
  db: Queryable,
  account: Account,
  provider: Provider,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<void> {
  const before = await selectTokenCheck(db, account.accountId);
  const dueAt = before?.checkedAt.add({ minutes: againAfterMinutes });
  if (dueAt !== undefined && Temporal.Instant.compare(now, dueAt) < 0) return;
  const scopes = await provider.scopes(signal);
  signal?.throwIfAborted();
  const unasked = new Set(scopes.filter(({ granted }) => granted === 'unknown').map(({ scope }) => scope));
  if (unasked.size > 0 && !scopes.some(({ granted }) => granted === 'yes')) return;
  const missing: ScopeReport[] = scopes.flatMap((each) => {
    if (each.granted === 'no') return [each];
    const known = unasked.has(each.scope) ? before?.missing.find(({ scope }) => scope === each.scope) : undefined;
    return known === undefined ? [] : [known];
  });
  await writeTokenCheck(db, account.accountId, missing, now);
}
