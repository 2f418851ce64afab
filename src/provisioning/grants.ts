import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isBuiltInSimulator } from '../cloud/index.ts';
import type { Config } from '../platform/config.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { seal, type SecretKey, unseal } from '../platform/secrets/crypto.ts';
import {
  type Account,
  accountDisconnected,
  accountSends,
  assertCurrentKey,
  gatewayProvider,
  getAccount,
  identifyCredentials,
  keepJournal,
  lockAccounts,
} from '../inventory/index.ts';
import { writeGrantMismatch, writeNotGranted } from './rollout-errors.ts';
import { deleteWriteCredential, selectWriteCredentials, upsertWriteCredential } from './grants.store.ts';

/** What the token is sealed for with which an account is written to. */
export const writeCredentialsPurpose = 'accounts.write_credentials';

/** A grant, without its token. */
export interface WriteGrant {
  readonly account: string;
  readonly grantedAt: Temporal.Instant;
  readonly grantedBy: string;
  /** Of a simulated account: any token is good. */
  readonly simulated: boolean;
}

/**
 * Asks the provider whose write token this is. No write is tried: what a token may write, no endpoint tells.
 * @throws ArcadiaError not_found; account_sends; account_disconnected; write_grant_mismatch: it is another account's;
 *   write_token_unauthorized, write_token_forbidden, and the others of `identify`
 */
export async function checkWriteToken(db: Queryable, slug: string, token: string, signal?: AbortSignal): Promise<void> {
  const account = await getAccount(db, slug);
  if (account.provider === gatewayProvider)
    throw accountSends(`Account '${slug}' is a source of gateway events: it sends, and cannot be written to.`);
  if (account.disconnectedAt !== null) throw disconnected(slug, account.disconnectedAt);
  const { identity } = await identifyCredentials(db, { apiUrl: account.apiUrl, credentials: { token } }, signal).catch(
    (error: unknown) => {
      throw asWriteToken(error);
    },
  );
  if (identity.accountId === account.providerAccountId) return;
  throw writeGrantMismatch(
    `This token belongs to another account of the provider ('${identity.name}') than '${slug}'; nothing was stored.`,
  );
}

/** What is to be done about a write token is something else than about one that reads. */
function asWriteToken(error: unknown): unknown {
  if (!(error instanceof ArcadiaError)) return error;
  const codes = {
    provider_unauthorized: 'write_token_unauthorized',
    provider_forbidden: 'write_token_forbidden',
  } as const;
  const code = error.code in codes ? codes[error.code as keyof typeof codes] : null;
  if (code === null) return error;
  return new ArcadiaError(code, error.message.replace('the token', 'the write token'), { cause: error });
}

/**
 * Stores the token with which an account is written to, in the place of the one before. What is written to the built-in
 * simulator is kept in a journal in the data folder from then on, by which every process knows it.
 * @throws ArcadiaError not_found; secret_unreadable
 */
export async function grantWriting(
  db: Database,
  { account: slug, token, by }: { readonly account: string; readonly token: string; readonly by: string },
  { secretKey, config }: { readonly secretKey: SecretKey; readonly config: Pick<Config, 'dataDir'> },
  now: Temporal.Instant,
): Promise<WriteGrant> {
  return db.transaction().execute(async (trx) => {
    await lockAccounts(trx);
    await assertCurrentKey(trx, secretKey);
    const { accountId, apiUrl, simulated } = await getAccount(trx, slug);
    await upsertWriteCredential(trx, accountId, seal(secretKey, writeCredentialsPurpose, token), by, now);
    if (isBuiltInSimulator(apiUrl)) await keepJournal(trx, slug, journalFile(config.dataDir, slug, now));
    return { account: slug, grantedAt: now, grantedBy: by, simulated };
  });
}

/** A new one: two databases beside each other have accounts of the same name. */
function journalFile(dataDir: string, slug: string, now: Temporal.Instant): string {
  const folder = join(dataDir, 'simulators');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${slug}-${now.epochMilliseconds}-${crypto.randomUUID().slice(0, 8)}.journal`);
}

/**
 * Removes an account's write token.
 * @throws ArcadiaError not_found; write_not_granted
 */
export async function revokeWriting(db: Database, slug: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockAccounts(trx);
    const { accountId } = await getAccount(trx, slug);
    if (!(await deleteWriteCredential(trx, accountId))) throw notGranted(slug);
  });
}

/**
 * The token with which an account is written to.
 * @throws ArcadiaError account_disconnected; write_not_granted; secret_unreadable
 */
export async function readWriteToken(db: Queryable, account: Account, secretKey: SecretKey): Promise<string> {
  if (account.disconnectedAt !== null) throw disconnected(account.slug, account.disconnectedAt);
  const [credential] = await selectWriteCredentials(db, account.accountId);
  if (credential === undefined) throw notGranted(account.slug);
  return unseal(secretKey, writeCredentialsPurpose, credential.sealed);
}

function disconnected(slug: string, since: Temporal.Instant): ArcadiaError {
  return accountDisconnected(`Account '${slug}' is disconnected since ${since}.`);
}

function notGranted(slug: string): ArcadiaError {
  return writeNotGranted(`Account '${slug}' has no write token: nothing can be created or destroyed there.`, {
    next: { operation: 'account grant', arguments: { account: slug } },
  });
}
