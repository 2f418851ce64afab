import { listSchedule } from '../../jobs/operations/schedule.ts';
import { type Column, moment } from '../engine/output.ts';
import { listView, type Noun, type RowOf } from '../engine/views.ts';

const columns: readonly Column<RowOf<typeof listSchedule>>[] = [
  { header: 'name', value: (row) => row.name },
  { header: 'cron', value: (row) => row.cron },
  { header: 'job', value: (row) => row.job },
  { header: 'arguments', value: (row) => JSON.stringify(row.arguments) },
  { header: 'queue', value: (row) => row.queue },
  { header: 'next', value: (row) => moment(row.next) },
  { header: 'last', value: (row) => moment(row.last) },
];

export const scheduleNoun: Noun = {
  name: 'schedule',
  summary: 'when jobs run',
  description: 'When jobs run by themselves.',
  views: [
    listView(listSchedule, {
      summary: 'the schedule with next and last run, in UTC',
      details: `A run brings things up to date, however many were missed. Other times for an entry, or none at all:
the setting "schedule" (ARCADIA_SCHEDULE='{"spaces": "5 2 * * *", "backups": null}').`,
      example: `
$ arcadia schedule list
NAME       CRON          JOB            ARGUMENTS                 QUEUE    NEXT                  LAST
resources  */15 * * * *  sync_accounts  {"part":"sync_projects"}  default  2026-05-01 06:15:00Z  2026-05-01 06:00:01Z`,
      columns,
      empty: 'The schedule is empty.',
    }),
  ],
};
