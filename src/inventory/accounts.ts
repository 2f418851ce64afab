import {
  isBuiltInSimulator,
  openProvider,
  withJournal,
  type Credentials,
  type Provider,
  type ProviderIdentity,
  type ProviderOptions,
  type ScopeReport,
  resourceKinds,
} from '../cloud/index.ts';
import { databaseClock, followSimulatedClock, readSimulatedClock } from '../platform/clock.ts';
import { type SecretKey, seal, unseal } from '../platform/secrets/crypto.ts';
import type { Queryable, Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { accountChanged, accountDisconnected, accountSends } from './errors.ts';
import { type HiddenMoney, readHiddenMoney } from './hidden-money.ts';
import { assertCurrentKey, credentialsPurpose } from './secret-key.ts';
import {
  type Account,
  appendMeteredFromChanges,
  countHidden,
  countLiving,
  insertAccount,
  lockAccounts,
  selectUnlisted,
  selectAccounts,
  selectCredentials,
  updateAccount,
  updateApiUrl,
  updateDisconnected,
} from './store.ts';

export type { Account } from './store.ts';
export { lockAccounts } from './store.ts';

/** What a sealed credential is for; see src/platform/crypto.ts. */
const slugPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface AccountRequest {
  /** Unless given: made from the name, and kept on reconnecting. */
  readonly slug?: string | undefined;
  /** Unless given: the provider's own name of the account. */
  readonly name?: string | undefined;
  /** `digitalocean`, or `gateway` of a sender */
  readonly provider: string;
  readonly apiUrl: string;
  readonly credentials: Credentials | SenderCredentials;
  /** Nothing before it is metered. Unless given: the moment of connecting. */
  readonly meteredFrom?: Temporal.Instant | undefined;
  readonly secretKey: SecretKey;
}

/** The provider of accounts that are never asked: they send events, see senders.ts. */
export const gatewayProvider = 'gateway';

/** What a sender shows who it is by. */
export interface SenderCredentials {
  readonly secrets: readonly {
    readonly secret: string;
    /** Instants; `to` null: it holds until it is replaced. */
    readonly from: string;
    readonly to: string | null;
  }[];
}

/** What a provider says of credentials, as connectAccount takes it. */
export interface IdentifiedCredentials {
  readonly provider: string;
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly identity: ProviderIdentity;
}

/**
 * Asks DigitalOcean, or a simulator of it, whose credentials these are. A built-in simulator answers from where the
 * database's clock stands.
 *
 * Errors: those of `identify` (src/cloud/provider.ts).
 */
export async function identifyCredentials(
  db: Queryable,
  { apiUrl, credentials }: Pick<IdentifiedCredentials, 'apiUrl' | 'credentials'>,
  signal?: AbortSignal,
): Promise<IdentifiedCredentials> {
  const simulatedAt = await readSimulatedClock(db);
  const provider = await openProvider('digitalocean', {
    apiUrl,
    credentials,
    ...(simulatedAt !== null && { simulatedAt }),
  });
  try {
    return { apiUrl, credentials, provider: provider.name, identity: await provider.identify(signal) };
  } finally {
    await provider.close();
  }
}

function assertSlug(slug: string): void {
  if (slugPattern.test(slug)) return;
  throw new ArcadiaError(
    'invalid_argument',
    `'${slug}' is not a slug: lower-case letters, digits and hyphens, at most 63, not beginning with a hyphen.`,
  );
}

/**
 * Connects a provider account, or connects it again: then its credentials and address are
 * replaced, and of the rest what is given. `identity` is what the provider says of these
 * credentials; a simulated account is connected at the simulator's instant, which the database's
 * clock follows from then on, a real one at `now`.
 *
 * Errors: clock_conflict where simulated and real accounts would meet in one database; clock_behind
 * for a simulator that is behind the database's clock; conflict for a slug that another account has;
 * invalid_argument for one that is none.
 */
export async function connectAccount(
  db: Database,
  request: AccountRequest,
  identity: ProviderIdentity,
  now: Temporal.Instant,
): Promise<Account> {
  if (request.slug !== undefined) assertSlug(request.slug);
  const simulated = identity.simulatedAt !== null;
  const connectedAt = identity.simulatedAt ?? now;
  const credentials = seal(request.secretKey, credentialsPurpose, JSON.stringify(request.credentials));
  return db.transaction().execute(async (trx) => {
    await lockAccounts(trx);
    await assertCurrentKey(trx, request.secretKey);
    const accounts = await selectAccounts(trx);
    const other = accounts.find((account) => account.simulated !== simulated);
    if (other) {
      throw new ArcadiaError(
        'clock_conflict',
        `This database holds the ${other.simulated ? 'simulated' : 'real'} account '${other.slug}'; ` +
          `'${identity.name}' is ${simulated ? 'simulated' : 'real'}.`,
      );
    }
    const known = accounts.find(
      (account) => account.provider === request.provider && account.providerAccountId === identity.accountId,
    );
    const taken = new Set(accounts.filter((account) => account !== known).map((account) => account.slug));
    if (request.slug !== undefined && taken.has(request.slug)) {
      throw new ArcadiaError('already_exists', `Another account is called '${request.slug}'.`);
    }
    if (simulated) {
      const clock = await readSimulatedClock(trx);
      if (clock !== null && Temporal.Instant.compare(connectedAt, clock) < 0) {
        throw new ArcadiaError(
          'clock_behind',
          `The simulator at ${request.apiUrl} stands at ${connectedAt}, and this database at ${clock} already.`,
        );
      }
      await followSimulatedClock(trx, connectedAt);
    }
    if (known) {
      const meteredFrom = request.meteredFrom ?? known.meteredFrom;
      const account = await updateAccount(trx, known.accountId, {
        slug: request.slug ?? known.slug,
        name: request.name ?? known.name,
        // Of a built-in simulator what was written to it stays.
        apiUrl: isSameSimulator(known.apiUrl, request.apiUrl) ? known.apiUrl : request.apiUrl,
        credentials,
        meteredFrom,
      });
      if (!meteredFrom.equals(known.meteredFrom))
        await appendMeteredFromChanges(trx, known.accountId, known.meteredFrom, meteredFrom, now);
      return account;
    }
    const name = request.name ?? identity.name;
    return insertAccount(trx, {
      slug: request.slug ?? freeSlug(name, taken),
      name,
      provider: request.provider,
      apiUrl: request.apiUrl,
      providerAccountId: identity.accountId,
      simulated,
      credentials,
      connectedAt,
      meteredFrom: request.meteredFrom ?? connectedAt,
    });
  });
}

/**
 * Has the built-in simulator of an account keep what is written to it in a file, from now on; one that it keeps already
 * stays. Errors: not_found.
 */
export async function keepJournal(trx: UnitOfWork, slug: string, file: string): Promise<void> {
  const { accountId, apiUrl } = await getAccount(trx, slug);
  if (new URLSearchParams(apiUrl.split('?', 2)[1]).has('journal')) return;
  await updateApiUrl(trx, accountId, withJournal(apiUrl, file));
}

/** Whether an address is of the built-in simulator that another one is of, but for the journal that it names. */
function isSameSimulator(known: string, asked: string): boolean {
  const journal = new URLSearchParams(known.split('?', 2)[1]).get('journal');
  return isBuiltInSimulator(known) && journal !== null && withJournal(asked, journal) === known;
}

/** A slug made from a name, with a number where others have it: `my-team`, `my-team-2`. */
function freeSlug(name: string, taken: ReadonlySet<string>): string {
  const stem =
    name
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 56)
      .replace(/^-+|-+$/g, '') || 'account';
  for (let number = 1; ; number++) {
    const slug = number === 1 ? stem : `${stem}-${number}`;
    if (!taken.has(slug)) return slug;
  }
}

/**
 * Stops reading an account and removes its token; what is known of it stays. What lives goes on as it was last read: its
 * usage is estimated for as long as the limits say (`usage limit list`), then it is a gap.
 * @returns how many of its resources live, as far as is known
 * @throws ArcadiaError not_found; account_disconnected
 */
export async function disconnectAccount(
  db: Database,
  slug: string,
  now: Temporal.Instant,
): Promise<{ readonly account: Account; readonly resources: number }> {
  return db.transaction().execute(async (trx) => {
    await lockAccounts(trx);
    const { accountId, disconnectedAt } = await getAccount(trx, slug);
    if (disconnectedAt !== null) throw disconnectedError(slug, disconnectedAt);
    await updateDisconnected(trx, accountId, now);
    return { account: await getAccount(trx, slug), resources: await countLiving(trx, accountId) };
  });
}

function disconnectedError(slug: string, since: Temporal.Instant) {
  return accountDisconnected(`Account '${slug}' is disconnected since ${since}: it has no token.`, {
    next: { operation: 'account connect', arguments: { account: slug } },
  });
}

/** Those that can be read, by slug: not those that send. */
export async function connectedAccounts(db: Queryable): Promise<Account[]> {
  return (await selectAccounts(db)).filter(
    ({ disconnectedAt, provider }) => disconnectedAt === null && provider !== gatewayProvider,
  );
}

/** All accounts, disconnected ones too, by slug. */
export function listAccounts(db: Queryable): Promise<Account[]> {
  return selectAccounts(db);
}

/** One account by its slug. Errors: not_found. */
export async function getAccount(db: Queryable, slug: string): Promise<Account> {
  const account = (await selectAccounts(db)).find((candidate) => candidate.slug === slug);
  if (!account) throw notFound('account', slug);
  return account;
}

/**
 * Opens the provider of an account with its stored credentials; the caller closes it. Errors:
 * secret_unreadable where they were sealed with another key; account_disconnected; account_sends.
 */
export async function openAccount(
  db: Queryable,
  account: Account,
  secretKey: SecretKey,
  options: Pick<ProviderOptions, 'onRequest'> = {},
): Promise<Provider> {
  if (account.provider === gatewayProvider)
    throw accountSends(`Account '${account.slug}' is a source of gateway events: it sends, and cannot be read.`, {
      next: { operation: 'gateway source show', arguments: { source: account.slug } },
    });
  const sealed = await selectCredentials(db, account.accountId);
  if (sealed === null) throw disconnectedError(account.slug, account.disconnectedAt ?? account.connectedAt);
  const credentials = JSON.parse(unseal(secretKey, credentialsPurpose, sealed)) as Credentials;
  return openProvider(account.provider, {
    ...options,
    apiUrl: account.apiUrl,
    credentials,
    // A simulator that is started anew goes on from where this database left it.
    ...(account.simulated && { simulatedAt: await databaseClock(db).now() }),
  });
}

export interface AccountCheck {
  readonly account: Account;
  readonly identity: ProviderIdentity;
  readonly scopes: readonly CheckedScope[];
  /** What projects show and no listing does: of a kind that is not listed, or of one whose listing leaves it out. */
  readonly unlisted: readonly UnlistedResources[];
}

export interface HiddenResources {
  readonly kind: string;
  readonly hidden: number;
}

export interface UnlistedResources extends HiddenResources {
  /** Some of them, as the provider names them. */
  readonly urns: readonly string[];
  /** When projects first showed one of them. */
  readonly since: Temporal.Instant;
}

export interface CheckedScope extends ScopeReport {
  /** Where the scope is not granted: how many resources of its kinds projects show all the same. */
  readonly hidden: readonly HiddenResources[];
  /** Where the scope is not granted: the money that hangs on each kind and field that it hides. */
  readonly money: readonly HiddenMoney[];
}

/**
 * Who an account's token belongs to, what it may read, and what it hides: a kind that the token
 * may not list still shows in the projects that hold it. What hangs on it in money is by the price book of
 * today, and what was last known of the resources. Errors: those of `identify`; conflict
 * where the token belongs to another account.
 */
export async function checkAccount(
  db: Queryable,
  account: Account,
  provider: Provider,
  signal?: AbortSignal,
): Promise<AccountCheck> {
  const now = await databaseClock(db).now();
  const identity = await identifyAccount(account, provider, now, signal);
  const scopes = await provider.scopes(signal);
  const missing = scopes.filter((scope) => scope.granted !== 'yes').flatMap((scope) => scope.kinds);
  const hidden = await countHidden(db, account.accountId, missing);
  const today = now.toZonedDateTimeISO('UTC').toPlainDate();
  const money = await readHiddenMoney(db, account, scopes, today);
  return {
    account,
    identity,
    scopes: scopes.map((scope) => ({
      ...scope,
      hidden: scope.granted === 'yes' ? [] : hidden.filter(({ kind }) => scope.kinds.includes(kind)),
      money: money.get(scope.scope) ?? [],
    })),
    unlisted: await selectUnlisted(
      db,
      account.accountId,
      provider.kinds,
      // What no scope of a token would list is named as what it is, too.
      missing.filter((kind) => !provider.notRead.some((each) => each.kind === kind)),
    ),
  };
}

/**
 * Of each account, what projects hold and no listing shows, as far as it has been read: it may cost money unseen. Now,
 * or at any time `within`.
 */
export async function listUnlisted(
  db: Queryable,
  within: { readonly from: Temporal.Instant; readonly to: Temporal.Instant } | null = null,
): Promise<(UnlistedResources & { readonly account: string })[]> {
  const found: (UnlistedResources & { readonly account: string })[] = [];
  for (const { accountId, slug } of await selectAccounts(db)) {
    const unlisted = await selectUnlisted(db, accountId, resourceKinds, [], within);
    found.push(...unlisted.map((each) => ({ account: slug, ...each })));
  }
  return found;
}

/**
 * Asks the provider whose token this is. Another account's answer must never be taken for this
 * one's: every resource would seem to have gone; nor may a simulated one's of before `now`, where the
 * database's clock stands. Errors: account_changed, clock_conflict, and those of `identify`.
 */
export async function identifyAccount(
  account: Account,
  provider: Provider,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<ProviderIdentity> {
  if (account.simulated) provider.standAt(now);
  const identity = await provider.identify(signal);
  if (identity.accountId !== account.providerAccountId) {
    throw accountChanged(
      `The token of account '${account.slug}' belongs to another account of the provider now ('${identity.name}'); nothing was read.`,
      { next: { operation: 'account connect', arguments: { account: account.slug } } },
    );
  }
  if ((identity.simulatedAt !== null) !== account.simulated) {
    throw new ArcadiaError(
      'clock_conflict',
      `Account '${account.slug}' was connected as ${account.simulated ? 'a simulated' : 'a real'} one, and what answers now is not.`,
    );
  }
  return identity;
}
