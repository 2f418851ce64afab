import { type Provider, type ProviderOptions, resourceKinds } from '../cloud/index.ts';
import {
  type Clock,
  clockSkewSecondsMax,
  databaseClock,
  describeSkew,
  followSimulatedClock,
  noteProviderClock,
} from '../platform/clock.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { type Queryable, type Database, inSession } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { type Account, identifyAccount, connectedAccounts, openAccount } from './accounts.ts';
import { nothingApplied } from './listing.ts';
import { syncActions } from './sync-actions.ts';
import { syncKind } from './sync-kind.ts';
import { syncProjects } from './sync-projects.ts';
import { syncSizes } from './sync-sizes.ts';
import { recordRun, releaseLock, type SyncContext, type SyncProgress, type SyncResult } from './sync-run.ts';
import { selectNewestSyncRun, selectSyncRuns, type SyncRunFilters, type SyncRunRow } from './store.ts';
import { prepareStaging } from './sync.store.ts';

export type { SyncRunFilters, SyncRunRow } from './store.ts';
export type { SyncProgress, SyncResult } from './sync-run.ts';

/** What syncs did, newest first; at most `limit` of those before the run `before`. */
export function listSyncRuns(
  db: Queryable,
  filters: SyncRunFilters,
  page: { readonly limit: number; readonly before: number | null },
): Promise<SyncRunRow[]> {
  return selectSyncRuns(db, filters, page.before, page.limit);
}

/** One run. Errors: not_found, also of one that is too old and now only a part of its day's sums. */
export async function getSyncRun(db: Queryable, syncRunId: number): Promise<SyncRunRow> {
  const [run] = await selectSyncRuns(db, { syncRunId }, null, 1);
  if (run === undefined) throw notFound('sync run', String(syncRunId));
  return run;
}

/** The id of the newest run; 0: there is none. */
export function newestSyncRun(db: Queryable): Promise<number> {
  return selectNewestSyncRun(db);
}

export interface SyncOptions {
  /** Unless given: all kinds of the provider, `action` and `size`. Read in the order of a full sync whatever theirs. */
  readonly kinds?: readonly string[] | undefined;
  readonly clock: Clock;
  /** Ends the kind under way as partial, keeping what was read, and begins no other. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  /** Stages every listing, also one that says what is believed already: the short way has to come to the same. */
  readonly stagesAll?: boolean | undefined;
}

/**
 * Syncs one account: who it is, then projects and what they hold, then every other kind, then the
 * action log and the prices of sizes. Each kind is a run of its own: one that fails keeps no other from being read.
 *
 * Takes one connection for as long as it lasts, and another now and then to read the clock.
 *
 * A machine's clock that is minutes off the provider's reads nothing: every run is partial and says so.
 *
 * Errors: those of identifyAccount and clock_conflict (nothing was read then), invalid_argument for a kind that the
 * provider has not, cancelled if another run was waited for; what the database says.
 */
export async function syncAccount(
  db: Database,
  account: Account,
  provider: Provider,
  options: SyncOptions,
): Promise<SyncResult[]> {
  const kinds = chooseKinds(provider, options.kinds);
  const identity = await identifyAccount(account, provider, await options.clock.now(), options.signal);
  const { simulatedAt, answeredAt } = identity;
  if (simulatedAt !== null) await followSimulatedClock(db, simulatedAt);
  // A simulated account's clock is its simulator's own.
  const skew = simulatedAt === null ? await clockSkew(db, options.clock, answeredAt) : null;
  return inSession(db, async (conn) => {
    const session: SyncContext = {
      conn,
      lock: { kind: null },
      staging: await prepareStaging(conn),
      account,
      provider,
      clock: options.clock,
      signal: options.signal,
      onProgress: options.onProgress,
      stagesAll: options.stagesAll,
    };
    const results: SyncResult[] = [];
    try {
      for (const kind of kinds) {
        if (options.signal?.aborted) break;
        results.push(await (skew === null ? syncOne(session, kind) : refuseToSync(session, kind, skew)));
      }
      return results;
    } finally {
      await releaseLock(session);
    }
  });
}

interface Skew {
  readonly providerAt: Temporal.Instant;
  readonly reason: string;
}

/** How far the clock is off the provider's, where that is too far; kept for whoever else goes by that clock. */
async function clockSkew(db: Queryable, clock: Clock, answeredAt: Temporal.Instant | null): Promise<Skew | null> {
  if (answeredAt === null) return null;
  const ahead = Math.round((await clock.now()).since(answeredAt).total('seconds'));
  await noteProviderClock(db, ahead);
  if (Math.abs(ahead) <= clockSkewSecondsMax) return null;
  return { providerAt: answeredAt, reason: `${describeSkew(ahead, "the provider's")} Nothing was read.` };
}

/** Records a run that reads nothing, at the provider's time: what is dated by a wrong clock stays wrong. */
function refuseToSync(session: SyncContext, kind: string, { providerAt, reason }: Skew): Promise<SyncResult> {
  const clock: Clock = { now: async () => providerAt };
  return recordRun({ ...session, clock }, kind, (run) =>
    run.finish(session.conn, { outcome: 'partial', reason, unread: null, ...nothingApplied }, providerAt),
  );
}

function syncOne(session: SyncContext, kind: string): Promise<SyncResult> {
  if (kind === 'project') return syncProjects(session);
  if (kind === actionLog) return syncActions(session);
  if (kind === sizes) return syncSizes(session);
  return syncKind(session, kind);
}

/** The log of actions, and what sizes cost, have runs of their own, as a kind of resource has. */
const actionLog = 'action';
const sizes = 'size';

/** All that a sync can be asked for. */
export const kindsOfSyncs = [...resourceKinds, actionLog, sizes] as const;

/** All that a sync reads of a provider, in the order of a full one. */
export function syncedKinds(provider: Provider): readonly string[] {
  return [...provider.kinds, actionLog, sizes];
}

function chooseKinds(provider: Provider, wanted: readonly string[] | undefined): readonly string[] {
  const all = syncedKinds(provider);
  const keyless = provider.notRead.find(({ kind }) => wanted?.includes(kind));
  if (keyless !== undefined) {
    throw new ArcadiaError('conflict', `${keyless.kind} is not read: the account has no ${keyless.needs}.`, {
      todo: 'Connect the account again with it.',
    });
  }
  const unknown = wanted?.filter((kind) => !all.includes(kind)) ?? [];
  if (unknown.length > 0) {
    throw new ArcadiaError(
      'invalid_argument',
      `${provider.name} does not list ${unknown.join(', ')}; it lists ${all.join(', ')}.`,
    );
  }
  return all.filter((kind) => wanted === undefined || wanted.includes(kind));
}

export interface SyncAllOptions extends Omit<SyncOptions, 'clock'> {
  readonly secretKey: SecretKey;
  readonly onRequest?: ProviderOptions['onRequest'];
}

export interface SyncAllResult {
  readonly results: readonly SyncResult[];
  /** Accounts of which nothing could be read, and why. */
  readonly failures: readonly { readonly account: string; readonly error: unknown }[];
}

/** Syncs every account in turn, by the database's clock. One that fails keeps no other from its sync. */
export async function syncAll(db: Database, options: SyncAllOptions): Promise<SyncAllResult> {
  const { secretKey, onRequest, ...sync } = options;
  const results: SyncResult[] = [];
  const failures: { account: string; error: unknown }[] = [];
  for (const account of await connectedAccounts(db)) {
    if (options.signal?.aborted) break;
    try {
      const provider = await openAccount(db, account, secretKey, onRequest === undefined ? {} : { onRequest });
      try {
        results.push(...(await syncAccount(db, account, provider, { ...sync, clock: databaseClock(db) })));
      } finally {
        await provider.close();
      }
    } catch (error) {
      failures.push({ account: account.slug, error });
    }
  }
  return { results, failures };
}
