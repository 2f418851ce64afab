import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { dayOut, id, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { getAccount, connectedAccounts, openAccount } from '../accounts.ts';
import { syncRunBuiltOn } from '../errors.ts';
import { attributeJob, type SyncJobArguments, syncJobs, syncJobsOf } from '../jobs.ts';
import { listSyncDays as listDays } from '../sync-prune.ts';
import { openSecretKey } from '../secret-key.ts';
import * as revert from '../sync-revert.ts';
import * as sync from '../sync.ts';

const outcomes = ['running', 'complete', 'partial', 'failed', 'reverted'] as const;

const syncRunRow = z
  .object({
    syncRunId: z.int(),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    startedAt: instantOut,
    finishedAt: instantOut.nullable(),
    outcome: z.enum(outcomes),
    reason: z.string().nullable(),
    seen: z.int(),
    new: z.int(),
    changed: z.int(),
    ended: z.int(),
    requests: z.int(),
    revertedAt: instantOut.nullable().meta({ description: 'When it was reverted; null: it was not' }),
    revertedBy: z.string().nullable(),
    revertReason: z.string().nullable(),
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
    outcome: z.enum(outcomes).optional(),
    after: z.int().min(0).optional().meta({ description: 'Only runs that began after this one' }),
  }),
  row: syncRunRow,
  search: { none: 'filters by account, kind and outcome are indexed; a text would read all of them' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'one row for each listing; sync days sums them' },
  async run({ db, query }, { limit, cursor }) {
    const before = cursor === null ? null : Number(cursor);
    const rows = await sync.listSyncRuns(db, query, { limit: limit + 1, before });
    return pageOf(rows, limit, (last) => String(last.syncRunId));
  },
});

const getSyncRun = declareOperation({
  method: 'GET',
  path: '/sync-runs/:run',
  name: 'sync run show',
  operationId: 'getSyncRun',
  tag: 'accounts',
  summary: 'One sync run: what it read, and how it ended',
  description: 'One that is too old is a part of the sums of its day: see listSyncDays.',
  roles: staff,
  params: z.object({ run: id }),
  response: syncRunRow,
  run: ({ db, params }) => sync.getSyncRun(db, params.run),
});

const pageKey = z.tuple([z.iso.date().transform((text) => Temporal.PlainDate.from(text)), z.string(), z.string()]);

export const listSyncDays = declareList({
  path: '/sync-run-days',
  name: 'sync days',
  operationId: 'listSyncDays',
  tag: 'accounts',
  summary: 'What syncs did by UTC day, newest first',
  description: 'Runs that ended and were not reverted, those that are too old to be listed among them.',
  roles: staff,
  query: z.object({
    account: slug.optional(),
    kind: line.optional().meta({ examples: ['droplet'] }),
  }),
  row: z
    .object({
      day: dayOut,
      account: slug,
      kind: z.string().meta({ examples: ['droplet'] }),
      runs: z.int(),
      complete: z.int(),
      partial: z.int(),
      failed: z.int(),
      seen: z.int(),
      new: z.int(),
      changed: z.int(),
      ended: z.int(),
      requests: z.int(),
      seconds: z.number().meta({ description: 'How long they took together' }),
    })
    .meta({ id: 'SyncDay', description: 'What the runs of a kind did in a UTC day, added up' }),
  search: { none: 'filters by account and kind say the same' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'years of days' },
  async run({ db, query }, { limit, cursor }) {
    const key = cursor === null ? null : pageKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { day: key[0], account: key[1], kind: key[2] };
    const rows = await listDays(db, query, { limit: limit + 1, after });
    return pageOf(rows, limit, ({ day, account, kind }) => JSON.stringify([day, account, kind]));
  },
});

/**
 * What runs could not read of what there is, all of it, as one error; null: everything was read. The newest run of a
 * kind that ended counts: beside it one may be running for the schedule, or stay as running because it was cut off.
 * Prices of sizes can wait.
 */
export function incompleteness(runs: readonly z.output<typeof syncRunRow>[]): ArcadiaError | null {
  const newest = new Map(
    runs
      .toSorted(
        (a, b) => Number(b.outcome === 'running') - Number(a.outcome === 'running') || a.syncRunId - b.syncRunId,
      )
      .map((run) => [`${run.account} ${run.kind}`, run]),
  );
  const incomplete = [...newest.values()].filter(({ kind, outcome }) => outcome !== 'complete' && kind !== 'size');
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
    notRead: z
      .array(z.object({ account: slug, kind: z.string(), needs: z.string().meta({ examples: ['Spaces key'] }) }))
      .meta({ description: 'Kinds that the provider has and that nothing reads, for what is needed was not given' }),
    after: z.int().meta({ description: 'The newest run of before: what this reads is in the runs after it' }),
  }),
  status: 202,
  followedBy: syncJobs,
  async run({ db, config, body: { account, kinds = null }, follow }) {
    const accounts = account === undefined ? await connectedAccounts(db) : [await getAccount(db, account)];
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
    const secretKey = await openSecretKey(db, config);
    const notRead: { account: string; kind: string; needs: string }[] = [];
    for (const one of accounts) {
      const provider = await openAccount(db, one, secretKey);
      const missing = provider.notRead.filter(({ kind }) => kinds === null || (kinds as string[]).includes(kind));
      notRead.push(...missing.map((each) => ({ account: one.slug, ...each })));
      await provider.close();
    }
    return { accounts: slugs, kinds, jobs: jobs.map((job) => job.name), notRead, after };
  },
});

export const revertSyncRun = declareOperation({
  method: 'POST',
  path: '/sync-runs/:run/revert',
  name: 'sync run revert',
  operationId: 'revertSyncRun',
  tag: 'accounts',
  summary: 'Revert what one sync run wrote',
  description:
    'History says again what it said before the run, as a correction of now, and the run confirms nothing. Nothing is deleted. The next sync reads anew. Runs that rest on it must be reverted first, or with it.',
  roles: ['owner'],
  command: { confirm: 'Revert what sync run {run} wrote? What only it saw is known again after the next sync.' },
  params: z.object({ run: id }),
  body: z.strictObject({
    reason: line.meta({ description: 'For the record' }),
    andLater: z
      .boolean()
      .optional()
      .meta({ description: 'With the later runs of the account that rest on it, the last first' }),
  }),
  refuses: [syncRunBuiltOn],
  response: z.object({
    syncRuns: z
      .array(z.object({ syncRunId: z.int(), account: slug, kind: z.string(), startedAt: instantOut }))
      .meta({ description: 'What was reverted, the last first' }),
  }),
  async run({ db, params, body: { reason, andLater = false }, principal, now, enqueue }) {
    const runs = await revert.revertSyncRun(db, { syncRunId: params.run, reason, andLater }, principal.subject, now);
    await db.transaction().execute((trx) => enqueue(trx, attributeJob, {}));
    return {
      syncRuns: runs.map(({ syncRunId, account, kind, startedAt }) => ({ syncRunId, account, kind, startedAt })),
    };
  },
});

export const syncRunOperations: readonly Operation[] = [listSyncRuns, getSyncRun, listSyncDays, runSync, revertSyncRun];
