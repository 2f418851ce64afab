import { readSimulatedClock } from '../platform/clock.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { type SecretKey, seal, unseal } from '../platform/secrets/crypto.ts';
import { connectAccount, gatewayProvider, type SenderCredentials } from './accounts.ts';
import { assertCurrentKey, credentialsPurpose } from './secret-key.ts';
import { subjectKind } from './subject-kind.ts';
import { insertCompleteRun, insertSubjects, selectNewResources } from './senders.store.ts';
import { type Account, lockAccounts, selectAccounts, selectCredentials, updateCredentials } from './store.ts';

// Accounts that are never read: they send events. What events are about are their resources, so that ownership, shares,
// confirmation and corrections hold for them as for all others. What the events say is the gateway module's.

/** What a sender shows who it is by, the newest first. */
export type SenderSecrets = SenderCredentials['secrets'];

interface SenderRequest {
  readonly slug: string;
  readonly name: string;
  /** Nothing before it is metered. */
  readonly meteredFrom?: Temporal.Instant | undefined;
  readonly secrets: SenderSecrets;
  readonly secretKey: SecretKey;
}

/**
 * Adds an account that sends. In a database whose clock is simulated it follows that clock.
 * Errors: already_exists; invalid_argument for a name that is no slug.
 */
export async function addSender(db: Database, request: SenderRequest, now: Temporal.Instant): Promise<Account> {
  const { slug, name, meteredFrom, secrets, secretKey } = request;
  return db.transaction().execute(async (trx) => {
    await lockAccounts(trx);
    if ((await selectAccounts(trx)).some((account) => account.slug === slug))
      throw new ArcadiaError('already_exists', `Another account is called '${slug}'.`);
    return connect(trx, { slug, name, meteredFrom, secrets, secretKey }, now);
  });
}

async function connect(trx: UnitOfWork, request: SenderRequest, now: Temporal.Instant): Promise<Account> {
  const { slug, name, meteredFrom, secrets, secretKey } = request;
  return connectAccount(
    nestedDatabase(trx),
    {
      slug,
      name,
      provider: gatewayProvider,
      apiUrl: `${gatewayProvider}:${slug}`,
      credentials: { secrets },
      meteredFrom,
      secretKey,
    },
    { accountId: slug, name, simulatedAt: await readSimulatedClock(trx), answeredAt: null },
    now,
  );
}

/** The secrets of a sender; none of one that is disconnected. Errors: secret_unreadable. */
export async function readSecrets(db: Queryable, accountId: number, secretKey: SecretKey): Promise<SenderSecrets> {
  const sealed = await selectCredentials(db, accountId);
  if (sealed === null) return [];
  return (JSON.parse(unseal(secretKey, credentialsPurpose, sealed)) as SenderCredentials).secrets;
}

/** Gives a sender other secrets than it has, one caller after the other: it has none if it is disconnected. Errors: secret_unreadable. */
export async function replaceSecrets(
  trx: UnitOfWork,
  { accountId, slug }: Pick<Account, 'accountId' | 'slug'>,
  secretKey: SecretKey,
  replace: (held: SenderSecrets) => SenderSecrets,
): Promise<void> {
  await lockAccounts(trx);
  await assertCurrentKey(trx, secretKey);
  const credentials: SenderCredentials = { secrets: replace(await readSecrets(trx, accountId, secretKey)) };
  await updateCredentials(trx, slug, seal(secretKey, credentialsPurpose, JSON.stringify(credentials)));
}

/** How many subjects of a sender became known at or after an instant. */
export function countNewSubjects(db: Queryable, accountId: number, since: Temporal.Instant): Promise<number> {
  return selectNewResources(db, accountId, subjectKind, since);
}

/** Makes resources of the subjects that a sender has named for the first time. Returns how many are new. */
export async function sightSubjects(
  trx: UnitOfWork,
  accountId: number,
  names: readonly string[],
  now: Temporal.Instant,
): Promise<number> {
  if (names.length === 0) return 0;
  return insertSubjects(trx, { accountId, kind: subjectKind }, names, now);
}

/** Confirms usage of a sender up to an instant, as a complete listing would. Returns whether it was not confirmed so far. */
export function confirmSent(
  trx: UnitOfWork,
  accountId: number,
  through: Temporal.Instant,
  now: Temporal.Instant,
): Promise<boolean> {
  return insertCompleteRun(trx, { accountId, kind: subjectKind }, through, now);
}
