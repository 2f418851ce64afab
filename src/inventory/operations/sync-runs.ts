import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { getAccount, listAccounts } from '../accounts.ts';
import { type SyncJobArguments, syncJobs, syncJobsOf } from '../jobs.ts';
import * as sync from '../sync.ts';

const syncRunRow = z
  .object({
    syncRunId: z.int(),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    startedAt: instantOut,
    finishedAt: instantOut.nullable(),
    outcome: z.enum(['running', 'complete', 'partial', 'failed']),
    reason: z.string().nullable(),
    seen: z.int(),
    new: z.int(),
    changed: z.int(),
    ended: z.int(),
    requests: z.int(),
  })
  .meta({ id: 'SyncRun', description: 'One reading of one kind. Only a complete one ends a resource' });

export const listSyncRuns = declareList({
  path: '/sync-runs',
  name: 'sync runs',
  operationId: 'listSyncRuns',
  tag: 'accounts',
  summary: 'What syncs read, newest first',
  roles: staff,
  query: z.object({
    account: slug.optional(),
    kind: line.optional().meta({ examples: ['droplet'] }),
    outcome: z.enum(['running', 'complete', 'partial', 'failed']).optional(),
    after: z.int().min(0).optional().meta({ description: 'Only runs that began after this one' }),
  }),
  row: syncRunRow,
  async run({ db, query }, { limit, cursor }) {
    const before = cursor === null ? null : Number(cursor);
    const rows = await sync.listSyncRuns(db, query, { limit: limit + 1, before });
    return pageOf(rows, limit, (last) => String(last.syncRunId));
  },
});

/** What runs could not read of what there is, all of it, as one error; null: everything was read. Prices of sizes can wait. */
export function incompleteness(runs: readonly z.output<typeof syncRunRow>[]): ArcadiaError | null {
  const incomplete = runs.filter(({ kind, outcome }) => outcome !== 'complete' && kind !== 'size');
  if (incomplete.length === 0) return null;
  const what = incomplete.map(({ account, kind, outcome, reason }) => `${account} ${kind} (${reason ?? outcome})`);
  return new ArcadiaError('sync_incomplete', `Not everything could be read: ${what.join('; ')}.`);
}

export const runSync = declareOperation({
  method: 'POST',
  path: '/sync-runs',
  name: 'sync run',
  operationId: 'runSync',
  tag: 'accounts',
  summary: 'Read what the provider lists, and write down what changed',
  description:
    'By jobs, which follow each other; what waits or runs already is not enqueued twice. Each kind is a run of its own: see sync-runs.',
  roles: ['owner', 'operator'],
  command: { positional: ['account'], flags: { kinds: 'kind' } },
  body: z.strictObject({
    account: slug.optional().meta({ description: 'Every account unless given' }),
    kinds: z
      .array(z.enum(sync.kindsOfSyncs))
      .min(1)
      .max(sync.kindsOfSyncs.length)
      .optional()
      .meta({ description: 'Only these kinds', examples: [['droplet']] }),
  }),
  response: z.object({
    accounts: z.array(slug),
    kinds: z.array(z.string()).nullable().meta({ description: 'null: all' }),
    jobs: z.array(z.string()).meta({ examples: [['sync_projects']] }),
    after: z.int().meta({ description: 'The newest run of before: what this reads is in the runs after it' }),
  }),
  status: 202,
  followedBy: syncJobs,
  async run({ db, body: { account, kinds = null }, follow }) {
    const accounts = account === undefined ? await listAccounts(db) : [await getAccount(db, account)];
    if (accounts.length === 0)
      throw new ArcadiaError('not_found', 'No account is connected.', { next: { operation: 'account connect' } });
    const slugs = accounts.map(({ slug: name }) => name);
    const jobs = syncJobsOf(kinds);
    const after = await sync.newestSyncRun(db);
    await db.transaction().execute(async (trx) => {
      for (const name of slugs) {
        const args: SyncJobArguments = { account: name, ...(kinds !== null && { kinds: kinds.join(',') }) };
        for (const job of jobs) await follow(trx, job, args);
      }
    });
    return { accounts: slugs, kinds, jobs: jobs.map((job) => job.name), after };
  },
});

export const syncRunOperations: readonly Operation[] = [listSyncRuns, runSync];
