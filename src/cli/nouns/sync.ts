import {
  incompleteness,
  listSyncDays,
  listSyncRuns,
  revertSyncRun,
  runSync,
} from '../../inventory/operations/sync-runs.ts';
import { type Column, count, moment, table } from '../engine/output.ts';
import { everyRow, noInput } from '../engine/surface.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Run = RowOf<typeof listSyncRuns>;

const columns: readonly Column<Run>[] = [
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'outcome', value: (row) => row.outcome },
  { header: 'seen', value: (row) => count(row.seen), align: 'right' },
  { header: 'new', value: (row) => count(row.new), align: 'right' },
  { header: 'changed', value: (row) => count(row.changed), align: 'right' },
  { header: 'ended', value: (row) => count(row.ended), align: 'right' },
  { header: 'requests', value: (row) => count(row.requests), align: 'right' },
  { header: 'reason', value: (row) => row.revertReason ?? row.reason },
];

/** What nothing reads is in no run, and may cost money. */
function notReadText({ account, kind, needs }: AnswerOf<typeof runSync>['notRead'][number]): string {
  return `${account}: ${kind} is not read, for the account has no ${needs}. To give one: arcadia account connect ${account} --help`;
}

export const syncNoun: Noun = {
  name: 'sync',
  summary: 'read what the provider lists, and what was read',
  description: 'Read what the provider lists, and see what was read. arcadia sync alone is arcadia sync run.',
  defaultVerb: 'run',
  views: [
    actionView(runSync, {
      details: `Each kind is a run of its own and is recorded. Only a complete listing ends a resource; one that fails ends
nothing, and the next sync carries on. It waits for the jobs that read; on the database they run in this process.`,
      example: `
$ arcadia sync acme
ACCOUNT  KIND     OUTCOME   SEEN  NEW  CHANGED  ENDED  REQUESTS  REASON
acme     project  complete     2    2        0      0         3  -
acme     droplet  complete     2    2        0      0         2  -`,
      help: {
        account: 'its slug; every account without one',
        kinds: 'only this kind, such as droplet; can be repeated',
      },
      text: ({ accounts, jobs }) => `Jobs for ${accounts.join(', ')}: ${jobs.join(', ')}.`,
      notes: ({ notRead }) => ['What they read: arcadia sync runs', ...notRead.map(notReadText)],
      async afterJobs({ accounts, after, notRead }, { surface, output }) {
        const page = { ...noInput, query: { after } };
        const runs = (await everyRow(surface, listSyncRuns, page)).filter(({ account }) => accounts.includes(account));
        runs.reverse();
        if (!output.json) {
          if (runs.length > 0) await output.text(table(runs, columns));
          else output.note('Nothing was read.');
          for (const each of notRead) output.note(notReadText(each));
        }
        return incompleteness(runs);
      },
    }),
    listView(listSyncRuns, {
      example: `
$ arcadia sync runs --account acme --limit 1
RUN  STARTED (UTC)         ACCOUNT  KIND     OUTCOME   SEEN  NEW  CHANGED  ENDED  REQUESTS  REASON
4711  2026-05-01 09:30:00Z  acme     droplet  complete     2    0        0      0         2  -`,
      columns: [
        { header: 'run', value: (row) => String(row.syncRunId), align: 'right' },
        { header: 'started (utc)', value: (row) => moment(row.startedAt) },
        ...columns,
      ],
      empty: 'Nothing has been read yet. Next: arcadia sync',
      details: 'Old runs that say nothing any more are sums by day: arcadia sync days.',
    }),
    listView(listSyncDays, {
      example: `
$ arcadia sync days --account acme --kind droplet --limit 1
DAY         ACCOUNT  KIND     RUNS  COMPLETE  PARTIAL  FAILED  SEEN  NEW  CHANGED  ENDED  REQUESTS
2026-05-01  acme     droplet    96        95        1       0   190    2        0      0       192`,
      columns: [
        { header: 'day', value: (row) => row.day },
        { header: 'account', value: (row) => row.account },
        { header: 'kind', value: (row) => row.kind },
        ...(['runs', 'complete', 'partial', 'failed', 'seen', 'new', 'changed', 'ended', 'requests'] as const).map(
          (field): Column<RowOf<typeof listSyncDays>> => ({
            header: field,
            value: (row) => count(row[field]),
            align: 'right',
          }),
        ),
      ],
      empty: 'Nothing has been read yet. Next: arcadia sync',
    }),
    actionView(revertSyncRun, {
      details: `History says again what it said before the run; the run stays on record as reverted, and confirms nothing. Runs
of the account that rest on it are named: revert them first, or all of them with --and-later. Sync again after it.`,
      example: `
$ arcadia sync run revert 4711 --reason "the clock was ahead" --yes
Reverted: 4711 (acme droplet).`,
      text: ({ syncRuns }) =>
        `Reverted: ${syncRuns.map(({ syncRunId, account, kind }) => `${syncRunId} (${account} ${kind})`).join(', ')}.`,
      notes: () => ['Read it anew: arcadia sync'],
    }),
  ],
};
