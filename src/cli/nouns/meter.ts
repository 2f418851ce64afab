import type { Command } from 'commander';
import type { MeteredDay } from '../../metering/meter.ts';
import type { ResourceDifference, UsageDifference } from '../../metering/diff.ts';
import type { MeteringRun } from '../../metering/runs.ts';
import { defaultLimit, whole } from '../engine/arguments.ts';
import { addCommand, describeCommand, withSession } from '../engine/command.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { addRangeOptions, parseRange, type RangeOptions } from '../engine/range.ts';

export function addMeterCommands(program: Command): void {
  const meter = program
    .command('meter')
    .summary('metering: bring usage up to date, see what would change, and what changed')
    .description(
      'Metering: bring usage up to date, see what would change, and what changed. arcadia meter alone is meter run.',
    );
  addRun(meter);
  addDiff(meter);
  addRuns(meter);
}

function addRun(meter: Command): void {
  // Of the group's commands the one that runs where none is named: `arcadia meter`.
  const command = describeCommand(meter.command('run', { isDefault: true }), {
    summary: 'bring usage up to date, day by day',
    details:
      'Without a range: every complete day that is not up to date. A day can be metered any number of times; what differs is replaced, and a day that is up to date is left alone. "run" may be left out.',
    example: `
$ arcadia meter run --from 2026-05-01 --to 2026-05-03
DAY         CAUSE  RECORDS ADDED  CHANGED  REMOVED
2026-05-01  first              7        0        0
2026-05-02  first              7        0        0`,
  }).option('--verify', 'compare every record with what the facts say, changed or not');
  addRangeOptions(command).action(
    withSession(async (session, options: RangeOptions & { verify?: boolean }) => {
      const range = parseRange(options, null);
      const { meterOutstanding, meterRange } = await import('../../metering/meter.ts');
      const { db, clock } = await session.database();
      const now = await clock.now();
      const days = await session.progress.step('Metering', (report) => {
        const common = {
          now,
          verify: options.verify === true,
          signal: session.signal,
          onProgress: (metered: MeteredDay, done: number, of: number) =>
            report(`${metered.day} (${count(done)} of ${count(of)} days)`),
        };
        return range === null ? meterOutstanding(db, common) : meterRange(db, { ...common, ...range });
      });
      if (session.output.json) return session.output.value(days);
      if (days.length > 0) await session.output.list(days, columns, '');
      const changed = days.filter((day) => day.revision !== null).length;
      session.output.note(
        days.length === 0
          ? 'Every complete day is up to date.'
          : `${plural(days.length, 'day')} looked at, ${count(changed)} changed.`,
      );
    }),
  );
}

const columns = [
  { header: 'day', value: (row: MeteredDay) => row.day },
  { header: 'cause', value: (row: MeteredDay) => row.cause ?? 'up to date' },
  { header: 'records added', value: (row: MeteredDay) => count(row.inserted), align: 'right' as const },
  { header: 'changed', value: (row: MeteredDay) => count(row.changed), align: 'right' as const },
  { header: 'removed', value: (row: MeteredDay) => count(row.deleted), align: 'right' as const },
];

interface DiffOptions extends RangeOptions {
  readonly verify?: boolean;
  readonly limit: number;
  readonly exitCode?: boolean;
}

function addDiff(meter: Command): void {
  const command = addCommand(meter, 'diff', {
    summary: 'what metering would change, before and after, without writing',
    details: `Compares as metering does, and leaves usage as it is. Without a range: every complete day. CHANGE is 0 where
only the granularity changes, or where one day loses what another gains.`,
    example: `
$ arcadia meter diff --from 2026-05-01 --to 2026-06-01
DEPLOYMENT    KIND           BEFORE  AFTER  CHANGE  RECORDS
acme          droplet_hours     744    696     -48       2
unattributed  droplet_hours       0     48     +48       2

DEPLOYMENT    KIND           RESOURCE             BEFORE  AFTER  CHANGE
acme          droplet_hours  droplet web-1 (17)      744    696     -48
unattributed  droplet_hours  droplet web-1 (17)        0     48     +48`,
  })
    .option('--verify', 'compare every record, also where nothing says that anything changed')
    .option('--limit <n>', 'resources at most, those that change most first', whole('--limit', 1, 10_000), defaultLimit)
    .option('--exit-code', 'end with 3 where anything would change');
  addRangeOptions(command).action(
    withSession(async (session, options: DiffOptions) => {
      const asked = parseRange(options, null);
      const { diffUsage } = await import('../../metering/diff.ts');
      const { db, clock } = await session.database();
      const now = await clock.now();
      const diff = await session.progress.step('Comparing', (report) =>
        diffUsage(db, {
          now,
          range: asked ?? undefined,
          verify: options.verify,
          limit: options.limit,
          signal: session.signal,
          onProgress: (day, done, of) => report(`${day} (${count(done)} of ${count(of)} days)`),
        }),
      );
      const exitCode = options.exitCode === true && diff.differs ? 3 : 0;
      if (session.output.json) {
        await session.output.value(diff);
        return exitCode;
      }
      if (!diff.differs) {
        session.output.note(`Metering would change nothing; ${plural(diff.days, 'day')} compared.`);
        return exitCode;
      }
      await session.output.text(
        `${table(diff.deployments, differenceColumns)}\n\n${table(diff.resources, resourceColumns)}`,
      );
      if (diff.resourcesTotal > diff.resources.length) {
        session.output.note(
          `The first ${count(diff.resources.length)} of ${count(diff.resourcesTotal)} resources; more with --limit`,
        );
      }
      session.output.note('Next: arcadia meter');
      return exitCode;
    }),
  );
}

const signed = (change: string) => (change === '0' || change.startsWith('-') ? change : `+${change}`);

const beforeAndAfter: readonly Column<UsageDifference>[] = [
  { header: 'before', value: (row) => row.before, align: 'right' },
  { header: 'after', value: (row) => row.after, align: 'right' },
  { header: 'change', value: (row) => signed(row.change), align: 'right' },
  { header: 'records', value: (row) => count(row.inserted + row.changed + row.deleted), align: 'right' },
];

const differenceColumns: readonly Column<UsageDifference>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'kind', value: (row) => row.kind },
  ...beforeAndAfter,
];

const resourceColumns: readonly Column<ResourceDifference>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'kind', value: (row) => row.kind },
  { header: 'resource', value: (row) => `${row.resourceKind} ${row.name || row.externalId} (${row.resourceId})` },
  ...beforeAndAfter,
];

function addRuns(meter: Command): void {
  const command = addCommand(meter, 'runs', {
    summary: 'the meterings that wrote something, newest first',
    details: 'Each has a revision: arcadia usage acme --as-of-revision 41 shows what was known then.',
    example: `
$ arcadia meter runs
REVISION  DAY         CAUSE    STARTED (UTC)         RECORDS ADDED  CHANGED  REMOVED
      41  2026-05-30  changes  2026-06-01 01:10:04Z              1        0        1
      40  2026-05-31  first    2026-06-01 01:10:02Z              7        0        0`,
  }).option('--limit <n>', 'lines at most', whole('--limit', 1, 10_000), defaultLimit);
  addRangeOptions(command).action(
    withSession(async (session, options: RangeOptions & { limit: number }) => {
      const range = parseRange(options, null);
      const { listRuns } = await import('../../metering/runs.ts');
      const { db } = await session.database();
      const { items } = await listRuns(db, { range, limit: options.limit });
      await session.output.list(items, runColumns, 'Nothing has been metered yet. Next: arcadia meter');
    }),
  );
}

const runColumns: readonly Column<MeteringRun>[] = [
  { header: 'revision', value: (row) => String(row.revision), align: 'right' },
  { header: 'day', value: (row) => row.day.toString() },
  { header: 'cause', value: (row) => row.cause },
  { header: 'started (utc)', value: (row) => moment(row.startedAt) },
  { header: 'records added', value: (row) => count(row.inserted), align: 'right' },
  { header: 'changed', value: (row) => count(row.changed), align: 'right' },
  { header: 'removed', value: (row) => count(row.deleted), align: 'right' },
];
