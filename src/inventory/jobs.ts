import { z } from 'zod';
import {
  type ListingEvent,
  type ListingProblem,
  type Provider,
  replaceMembers,
  type SyncPass,
  syncPassOf,
} from '../cloud/index.ts';
import { assertClocksAgree } from '../platform/clock.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import {
  CancelJob,
  declareJob,
  type JobDeclaration,
  type JobReference,
  type JobRun,
  referToJob,
} from '../platform/declare/job.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { openSecretKey } from './secret-key.ts';
import { getAccount, connectedAccounts, openAccount } from './accounts.ts';
import { inventorySettings } from './settings.ts';
import { pruneSyncRuns } from './sync-prune.ts';
import { syncAccount, syncedKinds } from './sync.ts';
import { noteToken } from './token-check.ts';

// The syncs as jobs: one per account and part of it, so that accounts do not wait for each other
// and a part that fails is tried again by itself. A sync has no backlog: what is so now is all
// that a missed one would have told.

const syncJobArguments = z.strictObject({
  account: z.string(),
  /** Of the part's kinds only these, with commas between them; all of them unless given. */
  kinds: z.string().exactOptional(),
});
export type SyncJobArguments = z.infer<typeof syncJobArguments>;

interface Part {
  readonly name: string;
  readonly queue: string;
  readonly title: string;
  readonly pass: SyncPass;
  /** A token that may read nothing of it does not fail the job. */
  readonly mayBeRefused?: true;
}

/** Who owns what follows from what was read; deciding it is another module's. */
export const attributeJob = referToJob('attribute');

const syncResourcesJob = declareSyncJob({
  name: 'sync_resources',
  queue: 'cloud_sync_full',
  title: "Reads an account's droplets, volumes and other resources",
  pass: 'resources',
});

const syncProjectsJob = declareSyncJob({
  name: 'sync_projects',
  queue: 'cloud_sync_fast',
  title: "Reads an account's projects and what they hold, then has the rest read",
  pass: 'projects',
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
  title: 'Reads what sizes of droplets cost, and what the token may read',
  pass: 'sizes',
  // Without its scope the prices that are published hold; `account check` tells that it is missing.
  mayBeRefused: true,
});

const jobOfPass: Readonly<Record<SyncPass, JobDeclaration<SyncJobArguments>>> = {
  projects: syncProjectsJob,
  resources: syncResourcesJob,
  snapshots: syncSnapshotsJob,
  backups: syncBackupsJob,
  spaces: syncSpacesJob,
  sizes: syncSizesJob,
};

/** A job for each part in which an account is read. */
export const syncJobs = Object.values(jobOfPass);

/** The jobs that together read these kinds of one account; null: all. The resources follow the projects. */
export function syncJobsOf(kinds: readonly string[] | null): readonly JobDeclaration<SyncJobArguments>[] {
  const wanted = kinds === null ? null : new Set(kinds.map(syncPassOf));
  const parts = Object.entries(jobOfPass).filter(([pass]) => wanted === null || wanted.has(pass as SyncPass));
  const jobs = parts.map(([, job]) => job);
  return jobs.includes(syncProjectsJob) ? jobs.filter((job) => job !== syncResourcesJob) : jobs;
}

/** Enqueues one part's sync of every account: what the schedule calls. */
export const syncAccountsJob = declareJob({
  name: 'sync_accounts',
  queue: 'default',
  title: 'Enqueues one part of the sync for every account',
  arguments: z.strictObject({ part: z.enum(syncJobs.map(({ name }) => name)) }),
  timeoutSeconds: 60,
  attemptsMax: 5,
  followedBy: syncJobs,
  async run(run) {
    const job = syncJobs.find(({ name }) => name === run.arguments.part);
    if (job === undefined) return;
    const accounts = await connectedAccounts(run.db);
    await run.db.transaction().execute(async (trx) => {
      for (const { slug } of accounts) await run.enqueue(trx, job, { account: slug });
    });
  },
});

/** Not by a clock that is off: what is old would go too soon. */
export const pruneSyncRunsJob = declareJob({
  name: 'prune_sync_runs',
  queue: 'default',
  title: 'Makes sums by day of old sync runs that say nothing any more',
  arguments: z.strictObject({}),
  timeoutSeconds: 3_600,
  attemptsMax: 3,
  async run({ db, clock, config, signal, log }) {
    await assertClocksAgree(db);
    const before = (await clock.now()).subtract({ hours: 24 * inventorySettings.of(config).syncRunsDays });
    const pruned = await pruneSyncRuns(db, before, signal);
    if (pruned > 0) log.info({ pruned, before: before.toString() }, 'sync runs summed up');
  },
});

export const inventoryJobs: readonly JobDeclaration[] = [syncAccountsJob, ...syncJobs, pruneSyncRunsJob];

function declareSyncJob({ pass, mayBeRefused, ...part }: Part): JobDeclaration<SyncJobArguments> {
  return declareJob({
    ...part,
    followedBy: followersOf(pass),
    arguments: syncJobArguments,
    timeoutSeconds: 3_600,
    attemptsMax: 3,
    async run(run) {
      const { db, clock, config, signal, report } = run;
      const wanted = run.arguments.kinds?.split(',');
      const account = await getAccount(db, run.arguments.account);
      // Enqueued before it was disconnected.
      if (account.disconnectedAt !== null) return;
      const provider = await openAccount(db, account, await openSecretKey(db, config));
      try {
        const kinds = syncedKinds(provider).filter(
          (kind) => syncPassOf(kind) === pass && (wanted === undefined || wanted.includes(kind)),
        );
        if (kinds.length === 0) return;
        // What one kind was refused for want of requests, the next would be as well: all of it waits.
        const outOfRequests = new AbortController();
        const { observed, problems } = observeProblems(provider, () => outOfRequests.abort());
        const stop = AbortSignal.any([signal, outOfRequests.signal]);
        const results = await syncAccount(db, account, observed, {
          kinds,
          clock,
          signal: stop,
          onProgress: ({ kind, seen }) => report(`${kind}: ${seen.toLocaleString('en')} seen`),
        });
        signal.throwIfAborted();
        assertNotLimited(problems);
        // Also after a part that could not be read whole: what comes next does not need all of it.
        await db.transaction().execute((trx) => enqueueNext(run, trx, pass));
        if (pass === 'sizes') await noteToken(db, account, provider, await clock.now(), signal);
        decide(results.length, problems, mayBeRefused === true);
      } finally {
        await provider.close();
      }
    },
  });
}

/** The resources after the projects that hold them; after all other resources who owns what. */
function followersOf(pass: SyncPass): readonly (JobDeclaration | JobReference)[] {
  if (pass === 'sizes') return [];
  return pass === 'projects' ? [referToJob('sync_resources'), attributeJob] : [attributeJob];
}

async function enqueueNext(run: JobRun<SyncJobArguments>, trx: UnitOfWork, pass: SyncPass): Promise<void> {
  const wanted = run.arguments.kinds?.split(',');
  const hasResources = wanted === undefined || wanted.some((kind) => syncPassOf(kind) === 'resources');
  if (pass === 'projects' && hasResources) await run.enqueue(trx, syncResourcesJob, run.arguments);
  else if (pass !== 'sizes') await run.enqueue(trx, attributeJob, {});
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
