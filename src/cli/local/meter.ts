import { type MeteredDay, meterOutstanding, meterRange } from '../../metering/index.ts';
import type { Command } from 'commander';
import { describeCommand, withSession } from '../engine/command.ts';
import { count, plural } from '../engine/output.ts';
import { addRangeOptions, parseRange, type RangeOptions } from '../engine/range.ts';

export function addMeterCommands(program: Command): void {
  const meter = program
    .command('meter')
    .summary('metering: bring usage up to date, see what would change, and what changed')
    .description(
      'Metering: bring usage up to date, see what would change, and what changed. arcadia meter alone is meter run.',
    );
  addRun(meter);
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
