import { diffUsage, listMeteringRuns, runMetering } from '../../metering/operations/meter.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { everyRow, noInput } from '../engine/surface.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Diff = AnswerOf<typeof diffUsage>;
type Difference = Diff['deployments'][number];
type Run = RowOf<typeof listMeteringRuns>;

const signed = (change: string) => (change === '0' || change.startsWith('-') ? change : `+${change}`);

const beforeAndAfter: readonly Column<Difference>[] = [
  { header: 'before', value: (row) => row.before, align: 'right' },
  { header: 'after', value: (row) => row.after, align: 'right' },
  { header: 'change', value: (row) => signed(row.change), align: 'right' },
  { header: 'records', value: (row) => count(row.inserted + row.changed + row.deleted), align: 'right' },
];

const differenceColumns: readonly Column<Difference>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'kind', value: (row) => row.kind },
  ...beforeAndAfter,
];

const resourceColumns: readonly Column<Diff['resources'][number]>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'kind', value: (row) => row.kind },
  { header: 'resource', value: (row) => `${row.resourceKind} ${row.name || row.externalId} (${row.resourceId})` },
  ...beforeAndAfter,
];

const runColumns: readonly Column<Run>[] = [
  { header: 'revision', value: (row) => String(row.revision), align: 'right' },
  { header: 'day', value: (row) => row.day },
  { header: 'cause', value: (row) => row.cause },
  { header: 'started (utc)', value: (row) => moment(row.startedAt) },
  { header: 'records added', value: (row) => count(row.inserted), align: 'right' },
  { header: 'changed', value: (row) => count(row.changed), align: 'right' },
  { header: 'removed', value: (row) => count(row.deleted), align: 'right' },
];

export const meterNoun: Noun = {
  name: 'meter',
  summary: 'metering: bring usage up to date, see what would change, and what changed',
  description:
    'Metering: bring usage up to date, see what would change, and what changed. arcadia meter alone is arcadia meter run.',
  defaultVerb: 'run',
  views: [
    actionView(runMetering, {
      details: `Without a range: every complete day that is not up to date. A day can be metered any number of times; what
differs is replaced, and a day that is up to date is left alone. It waits for the jobs that meter; on the database they
run in this process.`,
      example: `
$ arcadia meter --from 2026-05-01 --to 2026-05-03
REVISION  DAY         CAUSE  STARTED (UTC)         RECORDS ADDED  CHANGED  REMOVED
       1  2026-05-01  first  2026-05-03 01:10:00Z              7        0        0
       2  2026-05-02  first  2026-05-03 01:10:02Z              7        0        0
2 days changed.`,
      text: ({ jobs, from, to }) => (from === null ? `Jobs: ${jobs.join(', ')}.` : `Jobs for ${from} to ${to}.`),
      notes: () => ['What they write: arcadia meter runs'],
      async afterJobs({ after, from, to }, { surface, output }) {
        if (output.json) return null;
        const days = from === null ? {} : { from, to };
        const runs = await everyRow(surface, listMeteringRuns, { ...noInput, query: { after, ...days } });
        runs.reverse();
        if (runs.length > 0) await output.text(table(runs, runColumns));
        output.note(runs.length === 0 ? 'Every complete day is up to date.' : `${plural(runs.length, 'day')} changed.`);
        return null;
      },
    }),
    actionView(diffUsage, {
      summary: 'what metering would change, before and after, without writing',
      details: `Compares as metering does, and changes nothing. Without a range: every complete day. CHANGE is 0 where
only the granularity changes, or where one day loses what another gains.`,
      example: `
$ arcadia meter diff --from 2026-05-01 --to 2026-06-01
DEPLOYMENT    KIND           BEFORE  AFTER  CHANGE  RECORDS
acme          droplet_hours     744    696     -48        2
unattributed  droplet_hours       0     48     +48        2

DEPLOYMENT    KIND           RESOURCE            BEFORE  AFTER  CHANGE  RECORDS
acme          droplet_hours  droplet web-1 (17)     744    696     -48        2
unattributed  droplet_hours  droplet web-1 (17)       0     48     +48        2`,
      text: ({ differs, deployments, resources }) =>
        differs ? `${table(deployments, differenceColumns)}\n\n${table(resources, resourceColumns)}` : '',
      notes({ differs, days, resources, resourcesTotal }) {
        if (!differs) return [`Metering would change nothing; ${plural(days, 'day')} compared.`];
        const more = `The first ${count(resources.length)} of ${count(resourcesTotal)} resources; more with --limit`;
        return [...(resourcesTotal > resources.length ? [more] : []), 'Next: arcadia meter'];
      },
      differs: ({ differs }) => differs,
    }),
    listView(listMeteringRuns, {
      summary: 'the meterings that wrote something, newest first',
      details: 'Each has a revision: arcadia usage as-of acme 41 shows what was known then.',
      example: `
$ arcadia meter runs
REVISION  DAY         CAUSE    STARTED (UTC)         RECORDS ADDED  CHANGED  REMOVED
      41  2026-05-30  changes  2026-06-01 01:10:04Z              1        0        1
      40  2026-05-31  first    2026-06-01 01:10:02Z              7        0        0`,
      columns: runColumns,
      empty: 'Nothing has been metered yet. Next: arcadia meter',
    }),
  ],
};
