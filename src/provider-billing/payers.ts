import type { BillingSource, Provider } from '../cloud/index.ts';
import {
  type Account,
  connectedAccounts,
  gatewayProvider,
  identifyAccount,
  listAccounts,
  openAccount,
  openSecretKey,
} from '../inventory/index.ts';
import { assertClocksAgree, databaseClock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError, type ErrorCode, notFound } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import {
  type BillingPart,
  insertOwnPayers,
  lockPayers,
  type Payer,
  rewriteCoverage,
  selectCoverage,
  selectPayers,
  selectReads,
  updateOrganization,
  upsertRead,
} from './payers.store.ts';

export type { BillingPart, BillingRead, Payer } from './payers.store.ts';

/** A payer, and the accounts that it covers: now, and over time. */
export interface PayerWithAccounts extends Payer {
  readonly accounts: readonly {
    readonly account: string;
    /** null: ever since. */
    readonly from: Temporal.Instant | null;
    /** null: still so. */
    readonly to: Temporal.Instant | null;
  }[];
}

/** Makes accounts that no payer covers their own payers. All payers, by slug. */
export async function ensurePayers(trx: UnitOfWork, by: string, now: Temporal.Instant): Promise<readonly Payer[]> {
  await lockPayers(trx);
  const accounts = (await listAccounts(trx))
    .filter(({ provider }) => provider !== gatewayProvider)
    .map((account) => ({
      account_id: account.accountId,
      slug: account.slug,
      provider: account.provider,
      external_id: account.providerAccountId,
    }));
  await insertOwnPayers(trx, accounts, by, now);
  return selectPayers(trx);
}

/** All payers with their accounts, by slug. */
export async function listPayers(db: Queryable): Promise<readonly PayerWithAccounts[]> {
  const coverage = Map.groupBy(await selectCoverage(db), ({ payerId }) => payerId);
  return (await selectPayers(db)).map((payer) => ({
    ...payer,
    accounts: (coverage.get(payer.payerId) ?? []).map(({ account, from, to }) => ({ account, from, to })),
  }));
}

/** Errors: not_found. */
export async function getPayer(db: Queryable, slug: string): Promise<Payer> {
  const payer = (await selectPayers(db)).find((one) => one.slug === slug);
  if (payer === undefined) throw notFound('bill payer', slug);
  return payer;
}

/**
 * From the beginning of a UTC day on, an account is on a payer's bills. false: it was so already.
 * Errors: not_found; invalid_argument where they are of different providers.
 */
export async function coverAccount(
  trx: UnitOfWork,
  {
    payer: slug,
    account,
    from,
  }: { readonly payer: string; readonly account: string; readonly from: Temporal.PlainDate },
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  await ensurePayers(trx, by, now);
  const payer = await getPayer(trx, slug);
  const covered = (await listAccounts(trx)).find((one) => one.slug === account);
  if (covered === undefined) throw notFound('account', account);
  if (covered.provider !== payer.provider) {
    throw new ArcadiaError(
      'invalid_argument',
      `Account '${account}' is at ${covered.provider}, and bill payer '${slug}' at ${payer.provider}.`,
    );
  }
  const since = from.toZonedDateTime('UTC').toInstant();
  return rewriteCoverage(trx, { accountId: covered.accountId, payerId: payer.payerId, from: since }, by, now);
}

/** Says that a payer is an organization, or with null that it is a team. false: it was so already. Errors: not_found. */
export async function setOrganization(trx: UnitOfWork, slug: string, organizationId: string | null): Promise<boolean> {
  await lockPayers(trx);
  const { payerId } = await getPayer(trx, slug);
  return updateOrganization(trx, payerId, organizationId);
}

/** How the last reading of each part went, by payer. */
export const listReads = selectReads;

/** Errors with which another token of the same payer may still read. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>(['provider_forbidden', 'provider_unauthorized']);

/** What a reading is given: the provider's answers, as of an account that the payer covers. */
export interface BillingReading {
  readonly db: Database;
  readonly payer: Payer;
  readonly source: BillingSource;
  readonly signal: AbortSignal;
  /** The database's clock, read anew. */
  now(): Promise<Temporal.Instant>;
  /** When the first of the payer's accounts was connected. */
  readonly connectedAt: Temporal.Instant;
  report(text: string): void;
}

export interface BillingContext {
  readonly db: Database;
  readonly secretKey: SecretKey;
  readonly signal: AbortSignal;
  report(text: string): void;
}

/**
 * Reads a part of what a payer is charged, with the token of an account that it covers: the first one that may. How it
 * went is kept. A scope that is missing everywhere, or tokens that are refused, are no error: they are kept as such, and
 * the next reading asks again.
 *
 * Errors: not_found; those of BillingSource otherwise; account_changed, clock_conflict, clock_skewed.
 */
export async function readPart(
  { db, secretKey, signal, report }: BillingContext,
  slug: string,
  part: BillingPart,
  work: (reading: BillingReading) => Promise<void>,
): Promise<void> {
  await assertClocksAgree(db);
  const payer = await getPayer(db, slug);
  const clock = databaseClock(db);
  const now = () => clock.now();
  const keep = async (outcome: 'complete' | 'refused' | 'failed', reason: string | null) =>
    upsertRead(db, payer.payerId, { part, readAt: await now(), outcome, reason });
  const accounts = await coveredAccounts(db, payer, await now());
  const [first] = accounts.map(({ connectedAt }) => connectedAt).sort(Temporal.Instant.compare);
  const reasons: string[] = [];
  for (const account of accounts) {
    const provider = await openAccount(db, account, secretKey);
    try {
      await identifyAccount(account, provider, await now(), signal);
      const connectedAt = first as Temporal.Instant;
      await work({ db, payer, source: provider.billing, signal, now, connectedAt, report });
      await keep('complete', null);
      return;
    } catch (error) {
      const { code = null, message } = error instanceof ArcadiaError ? error : { message: String(error) };
      if (code === null || !refusals.has(code)) {
        if (!signal.aborted) await keep('failed', message);
        throw error;
      }
      reasons.push(`account ${account.slug}: ${message}`);
    } finally {
      await provider.close();
    }
  }
  await keep('refused', reasons.join('; ') || 'no account is connected that is on these bills now');
}

/** The accounts that a payer covers at an instant, its own team first. */
async function coveredAccounts(db: Queryable, payer: Payer, at: Temporal.Instant): Promise<readonly Account[]> {
  const covers = (await selectCoverage(db)).filter(
    ({ payerId, from, to }) =>
      payerId === payer.payerId &&
      (from === null || Temporal.Instant.compare(from, at) <= 0) &&
      (to === null || Temporal.Instant.compare(to, at) > 0),
  );
  const ids = new Set(covers.map(({ accountId }) => accountId));
  const accounts = (await connectedAccounts(db)).filter(({ accountId }) => ids.has(accountId));
  const isOwn = ({ providerAccountId }: Account) => Number(providerAccountId !== payer.externalId);
  return accounts.sort((a, b) => isOwn(a) - isOwn(b));
}

/**
 * Asks the provider for something of a payer at once, with the first token that may. Errors: those of BillingSource;
 * provider_forbidden where no account of the payer is connected.
 */
export async function askBilling<T>(
  { db, config, signal }: { readonly db: Database; readonly config: Config; readonly signal: AbortSignal | undefined },
  payer: Payer,
  ask: (source: BillingSource) => Promise<T>,
): Promise<T> {
  const now = await databaseClock(db).now();
  let refusal: unknown = new ArcadiaError(
    'provider_forbidden',
    `No account is connected that is on the bills of '${payer.slug}' now.`,
  );
  for (const account of await coveredAccounts(db, payer, now)) {
    const provider: Provider = await openAccount(db, account, await openSecretKey(db, config));
    try {
      await identifyAccount(account, provider, now, signal);
      return await ask(provider.billing);
    } catch (error) {
      if (!(error instanceof ArcadiaError) || !refusals.has(error.code)) throw error;
      refusal = error;
    } finally {
      await provider.close();
    }
  }
  throw refusal;
}
