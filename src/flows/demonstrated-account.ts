import type { Credentials, Provider } from '../cloud/index.ts';
import { type Account, connectAccount, identifyCredentials, listAccounts, syncAccount } from '../inventory/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import type { FleetName } from '../simulator/index.ts';
import type { FlowContext } from './context.ts';

// An account of a demonstration: its fleet is built in, and it is read like any other.

/** Where an account's stored address says that its fleet is built in. */
export function fleetAddress(fleet: string, seed: number): string {
  return `simulator:${fleet}?seed=${seed}`;
}

export interface BuiltInAccount {
  readonly slug: string;
  readonly fleet: FleetName;
  readonly seed: number;
  /** A simulator takes any; one that ends with `-without-snapshot:read` lacks that scope. */
  readonly token: string;
  /** Where the fleet has buckets. */
  readonly spacesRegions: readonly string[];
}

type Connecting = Pick<FlowContext, 'now' | 'signal'> & { readonly secretKey: SecretKey };

/** Connects it, or connects it again with another token. */
export async function connectBuiltIn(db: Database, account: BuiltInAccount, { now, signal, secretKey }: Connecting) {
  const { slug, token, spacesRegions } = account;
  const keys = { accessKeyId: 'simulated', secretAccessKey: 'simulated', regions: spacesRegions };
  const credentials: Credentials = { token, ...(spacesRegions.length > 0 && { spaces: keys }) };
  const apiUrl = fleetAddress(account.fleet, account.seed);
  const { identity, ...found } = await identifyCredentials(db, { apiUrl, credentials }, signal);
  return connectAccount(db, { slug, secretKey, ...found }, identity, now);
}

/** Stored without the address of a running simulator: every process that opens the account starts its own. */
export async function findOrConnect(db: Database, account: BuiltInAccount, context: Connecting): Promise<Account> {
  const apiUrl = fleetAddress(account.fleet, account.seed);
  const known = (await listAccounts(db)).find((one) => one.apiUrl === apiUrl);
  return known ?? connectBuiltIn(db, account, context);
}

/** On a machine that is busy with something else a request may be cut off: what could not be read is read again. */
const attemptsMax = 3;

interface Reading {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Kinds that the token may not read. */
  readonly refused?: ReadonlySet<string>;
}

/** Errors: sync_incomplete; those of syncAccount. */
export async function syncWhole(
  db: Database,
  account: Account,
  provider: Provider,
  { clock, signal, refused = new Set() }: Reading,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const results = await syncAccount(db, account, provider, { clock, signal });
    signal?.throwIfAborted();
    const incomplete = results.find(({ kind, outcome }) => outcome !== 'complete' && !refused.has(kind));
    if (incomplete === undefined) return;
    if (attempt < attemptsMax) continue;
    const { kind, reason } = incomplete;
    throw new ArcadiaError('sync_incomplete', `At ${await clock.now()}, ${kind} could not be read: ${reason}.`);
  }
}
