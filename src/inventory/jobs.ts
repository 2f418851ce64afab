import { z } from 'zod';
import type { ListingEvent, ListingProblem, Provider } from '../cloud/provider.ts';
import {
  CancelJob,
  declareJob,
  type JobArguments,
  type JobDeclaration,
  type QueueName,
} from '../platform/declare/job.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { loadSecretKey } from '../platform/secrets/secret-key.ts';
import { getAccount, listAccounts, openAccount } from './accounts.ts';
import { syncAccount } from './sync.ts';

// The syncs as jobs: one per account and part of it, so that accounts do not wait for each other
// and a part that fails is tried again by itself. A sync has no backlog: what is so now is all
// that a missed one would have told.

interface Part {
  readonly name: string;
  readonly queue: QueueName;
  readonly title: string;
  readonly kinds: readonly string[];
}

const projects: Part = {
  name: 'sync_projects',
  queue: 'cloud_sync_fast',
  title: "Reads an account's projects and what they hold, then has the rest read",
  kinds: ['project'],
};

const parts: readonly Part[] = [
  {
    name: 'sync_resources',
    queue: 'cloud_sync_full',
    title: "Reads an account's droplets, volumes and other resources",
    kinds: [
      'droplet',
      'dns_zone',
      'volume',
      'reserved_ip',
      'firewall',
      'load_balancer',
      'database',
      'kubernetes_cluster',
      'app',
      'action',
    ],
  },
  { name: 'sync_snapshots', queue: 'cloud_sync_full', title: "Reads an account's snapshots", kinds: ['snapshot'] },
  {
    name: 'sync_backups',
    queue: 'cloud_sync_full',
    title: "Reads an account's droplet backups",
    kinds: ['droplet_backup'],
  },
  {
    name: 'sync_spaces',
    queue: 'cloud_sync_slow',
    title: "Reads an account's buckets and sums their sizes",
    kinds: ['spaces_bucket'],
  },
];

const accountArguments = z.object({ account: z.string() });
type AccountArguments = z.infer<typeof accountArguments>;

export interface InventoryJobs {
  readonly all: readonly JobDeclaration[];
  /** Enqueues one part's sync of every account: what the schedule calls. */
  readonly syncAccounts: JobDeclaration<{ part: string }>;
  /** What together reads all of one account, each part by itself. */
  readonly ofAccount: readonly JobDeclaration<{ account: string }>[];
}

/** The jobs of the inventory. `then` is enqueued when an account's resources have been read. */
export function inventoryJobs(then: JobDeclaration): InventoryJobs {
  const rest = parts.map((part) =>
    syncJob(part, part.name === 'sync_resources' ? () => ({ job: then, arguments: {} }) : null),
  );
  const resources = rest.find((job) => job.name === 'sync_resources');
  const first = syncJob(projects, ({ account }) => resources && { job: resources, arguments: { account } });
  const syncs = new Map([first, ...rest].map((job) => [job.name, job]));

  const syncAccounts = declareJob({
    name: 'sync_accounts',
    queue: 'default',
    title: 'Enqueues one part of the sync for every account',
    arguments: z.object({ part: z.enum([...syncs.keys()]) }),
    timeoutSeconds: 60,
    attemptsMax: 5,
    async run(run) {
      const job = syncs.get(run.arguments.part);
      if (job === undefined) return;
      const accounts = await listAccounts(run.db);
      await run.db.transaction().execute(async (trx) => {
        for (const { slug } of accounts) await run.enqueue(trx, job, { account: slug });
      });
    },
  });
  // The resources follow the projects by themselves.
  const ofAccount = [first, ...rest.filter((job) => job !== resources)];
  return { all: [syncAccounts, ...syncs.values()], syncAccounts, ofAccount };
}

/** What comes after a part that has ended, whole or not. */
type Next = (done: AccountArguments) => { job: JobDeclaration; arguments: JobArguments } | undefined;

function syncJob(part: Part, next: Next | null): JobDeclaration<AccountArguments> {
  return declareJob({
    name: part.name,
    queue: part.queue,
    title: part.title,
    arguments: accountArguments,
    timeoutSeconds: 3_600,
    attemptsMax: 3,
    async run({ db, clock, config, signal, arguments: args, enqueue }) {
      const account = await getAccount(db, args.account);
      const provider = await openAccount(db, account, loadSecretKey(config));
      try {
        const kinds = part.kinds.filter((kind) => kind === 'action' || provider.kinds.includes(kind));
        if (kinds.length === 0) return;
        // What one kind was refused for want of requests, the next would be as well: all of it waits.
        const outOfRequests = new AbortController();
        const { observed, problems } = observeProblems(provider, () => outOfRequests.abort());
        const stop = AbortSignal.any([signal, outOfRequests.signal]);
        const results = await syncAccount(db, account, observed, { kinds, clock, signal: stop });
        signal.throwIfAborted();
        assertNotLimited(problems);
        // Also after a part that could not be read whole: what comes next does not need all of it.
        const following = next?.(args);
        if (following !== undefined) {
          await db.transaction().execute((trx) => enqueue(trx, following.job, following.arguments));
        }
        decide(results.length, problems);
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
  const observed = Object.create(provider, {
    list: { value: (...call: Parameters<Provider['list']>) => watch(provider.list(...call)) },
    listMemberships: {
      value: (...call: Parameters<Provider['listMemberships']>) => watch(provider.listMemberships(...call)),
    },
    listActions: { value: (...call: Parameters<Provider['listActions']>) => watch(provider.listActions(...call)) },
    requests: { get: () => provider.requests },
  }) as Provider;
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
function decide(kinds: number, problems: readonly Problem[]): void {
  const of = (...wanted: ListingProblem[]) => problems.filter(({ problem }) => wanted.includes(problem));
  const refused = of('unauthorized', 'forbidden');
  const [unauthorized] = of('unauthorized');
  if (unauthorized) throw new CancelJob(unauthorized.reason);
  if (refused.length >= kinds) throw new CancelJob(refused.map(({ reason }) => reason).join('; '));
  const failed = of('provider_error', 'unreachable', 'malformed', 'count_mismatch');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason).join('; '));
}
