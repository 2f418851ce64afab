import type { Command } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';
import { moment } from '../engine/output.ts';

export function addScheduleCommands(program: Command): void {
  const schedule = program.command('schedule').summary('when jobs run').description('When jobs run by themselves.');

  addCommand(schedule, 'list', {
    summary: 'the schedule with next and last run, in UTC',
    details: `A run brings things up to date, however many were missed. Other times for an entry, or none at all:
the setting "schedule" (ARCADIA_SCHEDULE='{"spaces": "5 2 * * *", "backups": null}').`,
    example: `
$ arcadia schedule list
NAME       CRON          JOB            QUEUE    NEXT                  LAST
resources  */15 * * * *  sync_accounts  default  2026-05-01 06:15:00Z  2026-05-01 06:00:01Z`,
  }).action(
    withSession(async (session) => {
      const { readSchedule, overrideSchedule } = await import('../../jobs/schedule.ts');
      const { program: declared } = await import('../../modules.ts');
      const { db, clock } = await session.database();
      const entries = overrideSchedule(declared.schedule, (await session.config()).schedule);
      await session.output.list(
        await readSchedule(db, clock, entries),
        [
          { header: 'name', value: (row) => row.name },
          { header: 'cron', value: (row) => row.cron },
          { header: 'job', value: (row) => row.job },
          { header: 'arguments', value: (row) => JSON.stringify(row.arguments) },
          { header: 'queue', value: (row) => row.queue },
          { header: 'next', value: (row) => moment(row.next) },
          { header: 'last', value: (row) => moment(row.last) },
        ],
        'The schedule is empty.',
      );
    }),
  );
}
