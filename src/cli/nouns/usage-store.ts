import type { Command } from 'commander';
import type { LateFact, RetiredMonth } from '../../metering/retention/retention.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, count, plural } from '../engine/output.ts';

/** Where usage records are kept, and for how long. */
export function addUsageStoreCommands(usage: Command): void {
  addMove(usage);
  addRetain(usage);
  addLate(usage);
}

function addMove(usage: Command): void {
  addCommand(usage, 'move', {
    summary: 'move all usage records to a ClickHouse, or back to PostgreSQL, and switch over',
    details:
      'Copies day by day with every version, compares counts and exact sums by deployment, kind and day, then switches every process over at once. Metering goes on meanwhile. Stopped anywhere, it goes on from there. Set ARCADIA_USAGE_STORE_URL to the ClickHouse first, for every process, and leave it set on the way back until usage is in PostgreSQL again. The records stay where they came from. See docs/usage-store.md.',
    example: `
$ arcadia usage move
Moved 420,113 records of 31 days to the ClickHouse at ch.example.com:8443/usage; usage is there now.
$ arcadia usage move --to postgresql
Moved 420,113 records of 31 days to PostgreSQL; usage is there now.`,
  })
    .option('--to <url>', `http(s)://user:password@host:port/database (ARCADIA_USAGE_STORE_URL), or "${postgresql}"`)
    .action(
      withSession(async (session, options: { to?: string }) => {
        const { moveUsage } = await import('../../metering/records/move/move.ts');
        const { useClickHouse } = await import('../../metering/records/open.ts');
        const url =
          options.to === postgresql ? null : clickHouseUrl(options.to ?? (await session.config()).usageStoreUrl);
        const { db, clock } = await session.database();
        let target: Parameters<typeof moveUsage>[1] = postgresql;
        if (url !== null) {
          const { clickHouse, close } = await useClickHouse(url);
          session.onClose(close);
          target = clickHouse;
        }
        const now = await clock.now();
        const moved = await session.progress.step('Moving', (report) =>
          moveUsage(db, target, {
            now,
            signal: session.signal,
            onProgress: (day, done, of) => report(`${day} (${count(done)} of ${count(of)} days)`),
          }),
        );
        if (session.output.json) return session.output.value(moved);
        const place = moved.engine === postgresql ? 'PostgreSQL' : `the ClickHouse at ${moved.address}`;
        await session.output.text(
          moved.already
            ? `Usage is in ${place} already.`
            : `Moved ${plural(moved.records, 'record')} of ${plural(moved.days, 'day')} to ${place}; usage is there now.`,
        );
      }),
    );
}

const postgresql = 'postgresql';

function clickHouseUrl(url: string | null): string {
  if (url === null) {
    throw new ArcadiaError('invalid_argument', 'Where to? Give --to, or set ARCADIA_USAGE_STORE_URL.');
  }
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new ArcadiaError(
    'invalid_argument',
    `--to is neither "${postgresql}" nor an http(s) address with a database as its path.`,
  );
}

function addRetain(usage: Command): void {
  addCommand(usage, 'retain', {
    summary: 'roll up and remove usage records that are past their retention',
    details:
      "A kind's month goes when its last day is older than the kind's retention and the month is final: one exact sum per deployment stays, and the records are removed. The schedule does this every day.",
    example: `
$ arcadia usage retain --dry-run
KIND           MONTH    OUTCOME  RECORDS  REASON
droplet_hours  2024-10  due            -  -`,
  })
    .option('--dry-run', 'only say what would be done')
    .action(
      withSession(async (session, options: { dryRun?: boolean }) => {
        const { applyRetention } = await import('../../metering/retention/retention.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        const months = await session.progress.step('Retaining', (report) =>
          applyRetention(db, {
            now,
            dryRun: options.dryRun === true,
            signal: session.signal,
            onProgress: (month) => report(`${month.kind} ${month.month}`),
          }),
        );
        await session.output.list(months, retiredColumns, 'Nothing is past its retention.');
      }),
    );
}

function addLate(usage: Command): void {
  addCommand(usage, 'late', {
    summary: 'facts that came when the records of their time were gone already',
    details:
      'Nothing is metered from them: the month is rolled up. Settle them with the customer by hand where it matters.',
    example: `
$ arcadia usage late
FACT   RESOURCE        CAUSE  FROM                  TO  KINDS
48211  droplet 311200  state  2024-10-03T07:00:00Z  -   droplet_hours`,
  })
    .option('--limit <n>', 'how many, newest first', whole('--limit', 1, 1_000), 100)
    .action(
      withSession(async (session, options: { limit: number }) => {
        const { listLateFacts } = await import('../../metering/retention/retention.ts');
        const { db } = await session.database();
        const { items } = await listLateFacts(db, { limit: options.limit });
        await session.output.list(items, lateColumns, 'No fact came too late.');
      }),
    );
}

const retiredColumns: Column<RetiredMonth>[] = [
  { header: 'kind', value: (row) => row.kind },
  { header: 'month', value: (row) => row.month },
  { header: 'outcome', value: (row) => row.outcome },
  { header: 'records', value: (row) => (row.records === null ? null : count(row.records)), align: 'right' },
  { header: 'reason', value: (row) => row.reason },
];

const lateColumns: Column<LateFact>[] = [
  { header: 'fact', value: (row) => String(row.changeId), align: 'right' },
  { header: 'resource', value: (row) => `${row.resourceKind} ${row.externalId}` },
  { header: 'cause', value: (row) => row.cause },
  { header: 'from', value: (row) => row.from.toString() },
  { header: 'to', value: (row) => row.to?.toString() ?? null },
  { header: 'kinds', value: (row) => row.kinds.join(', ') },
];
