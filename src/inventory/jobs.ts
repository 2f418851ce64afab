import { z } from 'zod';
import {
  type ListingEvent,
  type ListingProblem,
  type Provider,
  replaceMembers,
  type SyncPass,
  syncPassOf,
} from '../cloud/index.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { CancelJob, declareJob, type JobDeclaration, type JobRun, referToJob } from '../platform/declare/job.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { loadSecretKey } from '../platform/secrets/secret-key.ts';
import { getAccount, listAccounts, openAccount } from './accounts.ts';
import { syncAccount, syncedKinds } from './sync.ts';

// The syncs as jobs: one per account and part of it, so that accounts do not wait for each other
// and a part that fails is tried again by itself. A sync has no backlog: what is so now is all
// that a missed one would have told.

const accountArguments = z.object({ account: z.string() });
type AccountArguments = z.infer<typeof accountArguments>;

interface Part {
  readonly name: string;
  readonly queue: string;
  readonly title: string;
  readonly pass: SyncPass;
  /** A token that may read nothing of it does not fail the job. */
  readonly mayBeRefused?: true;
  readonly followedBy?: NonNullable<JobDeclaration['followedBy']>;
  /** Enqueues what comes after it, once it has ended, whole or not. */
  enqueueNext?(run: JobRun<AccountArguments>, trx: UnitOfWork): Promise<void>;
}

/** Who owns what follows from what was read; deciding it is another module's. */
const attributeJob = referToJob('attribute');

const syncResourcesJob = declareSyncJob({
  name: 'sync_resources',
  queue: 'cloud_sync_full',
  title: "Reads an account's droplets, volumes and other resources",
  pass: 'resources',
  followedBy: [attributeJob],
  enqueueNext: (run, trx) => run.enqueue(trx, attributeJob, {}),
});

const syncProjectsJob = declareSyncJob({
  name: 'sync_projects',
  queue: 'cloud_sync_fast',
  title: "Reads an account's projects and what they hold, then has the rest read",
  pass: 'projects',
  followedBy: [syncResourcesJob],
  enqueueNext: (run, trx) => run.enqueue(trx, syncResourcesJob, run.arguments),
});

const syncSnapshotsJob = declareSyncJob({
  name: 'sync_snapshots',
  queue: 'cloud_sync_full',
  title: "Reads an account's snapshots",
  pass: 'snapshots',
});

const syncBackupsJob = declareSyncJob({
  name: 'sync_backups',
  queue: 'cloud_sync_full',
  title: "Reads an account's droplet backups",
  pass: 'backups',
});

const syncSpacesJob = declareSyncJob({
  name: 'sync_spaces',
  queue: 'cloud_sync_slow',
  title: "Reads an account's buckets and sums their sizes",
  pass: 'spaces',
});

/** Also right after an account is connected. */
export const syncSizesJob = declareSyncJob({
  name: 'sync_sizes',
  queue: 'cloud_sync_full',
  title: 'Reads what sizes of droplets cost',
  pass: 'sizes',
  // Without its scope the prices that are published hold; `account check` tells that it is missing.
  mayBeRefused: true,
});

/** What together reads all of one account, each part by itself. The resources follow the projects. */
export const syncJobsOfAccount = [
  syncProjectsJob,
  syncSnapshotsJob,
  syncBackupsJob,
  syncSpacesJob,
  syncSizesJob,
] as const;

const syncJobs = new Map([...syncJobsOfAccount, syncResourcesJob].map((job) => [job.name, job]));

/** Enqueues one part's sync of every account: what the schedule calls. */
export const syncAccountsJob = declareJob({
  name: 'sync_accounts',
  queue: 'default',
  title: 'Enqueues one part of the sync for every account',
  arguments: z.object({ part: z.enum([...syncJobs.keys()]) }),
  timeoutSeconds: 60,
  attemptsMax: 5,
  followedBy: [...syncJobs.values()],
  async run(run) {
    const job = syncJobs.get(run.arguments.part);
    if (job === undefined) return;
    const accounts = await listAccounts(run.db);
    await run.db.transaction().execute(async (trx) => {
      for (const { slug } of accounts) await run.enqueue(trx, job, { account: slug });
    });
  },
});

export const inventoryJobs: readonly JobDeclaration[] = [syncAccountsJob, ...syncJobs.values()];

function declareSyncJob({ pass, mayBeRefused, enqueueNext, ...part }: Part): JobDeclaration<AccountArguments> {
  return declareJob({
    ...part,
    arguments: accountArguments,
    timeoutSeconds: 3_600,
    attemptsMax: 3,
    async run(run) {
      const { db, clock, config, signal } = run;
      const account = await getAccount(db, run.arguments.account);
      const provider = await openAccount(db, account, loadSecretKey(config));
      try {
        const kinds = syncedKinds(provider).filter((kind) => syncPassOf(kind) === pass);
        if (kinds.length === 0) return;
        // What one kind was refused for want of requests, the next would be as well: all of it waits.
        const outOfRequests = new AbortController();
        const { observed, problems } = observeProblems(provider, () => outOfRequests.abort());
        const stop = AbortSignal.any([signal, outOfRequests.signal]);
        const results = await syncAccount(db, account, observed, { kinds, clock, signal: stop });
        signal.throwIfAborted();
        assertNotLimited(problems);
        // Also after a part that could not be read whole: what comes next does not need all of it.
        if (enqueueNext !== undefined) await db.transaction().execute((trx) => enqueueNext(run, trx));
        decide(results.length, problems, mayBeRefused === true);
      } finally {
        await provider.close();
      }
    },
  });
}

interface Problem {
  readonly problem: ListingProblem;
  readonly reason: string;
}

/** The provider, and what its listings end with, which a sync tells a person and does not throw. */
function observeProblems(provider: Provider, onLimited: () => void): { observed: Provider; problems: Problem[] } {
  const problems: Problem[] = [];
  async function* watch<Item>(events: AsyncIterable<ListingEvent<Item>>): AsyncIterable<ListingEvent<Item>> {
    for await (const event of events) {
      if (event.type === 'end' && event.end.outcome === 'partial') {
        problems.push(event.end);
        if (event.end.problem === 'rate_limited') onLimited();
      }
      yield event;
    }
  }
  const observed = replaceMembers(provider, {
    list: (...call) => watch(provider.list(...call)),
    listMemberships: (...call) => watch(provider.listMemberships(...call)),
    listActions: (...call) => watch(provider.listActions(...call)),
    listSizes: (...call) => watch(provider.listSizes(...call)),
  });
  return { observed, problems };
}

/** Errors: provider_rate_limited, for which a job waits without spending an attempt. */
function assertNotLimited(problems: readonly Problem[]): void {
  const limited = problems.find(({ problem }) => problem === 'rate_limited');
  if (limited !== undefined) throw new ArcadiaError('provider_rate_limited', limited.reason);
}

/**
 * What incomplete listings mean for the job. A token that is refused, or that may read nothing of
 * this part: never. A failure: again. A listing that is only suspicious has done its part; the next
 * sync confirms it or does not.
 */
function decide(kinds: number, problems: readonly Problem[], mayBeRefused: boolean): void {
  const of = (...wanted: ListingProblem[]) => problems.filter(({ problem }) => wanted.includes(problem));
  const refused = of('unauthorized', 'forbidden');
  const [unauthorized] = of('unauthorized');
  if (unauthorized) throw new CancelJob(unauthorized.reason);
  if (refused.length >= kinds && !mayBeRefused) throw new CancelJob(refused.map(({ reason }) => reason).join('; '));
  const failed = of('provider_error', 'unreachable', 'malformed', 'count_mismatch', 'clock_behind');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason).join('; '));
}
