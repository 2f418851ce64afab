import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, type Operation } from '../../platform/declare/operation.ts';
import { instantOut } from '../../platform/declare/schemas.ts';
import { describeCron } from '../cron.ts';
import { readSchedule } from '../schedule.ts';
import { readers, argumentValue } from './calls.ts';

const scheduled = z
  .object({
    name: z.string(),
    cron: z.string().meta({ description: 'UTC', examples: ['*/15 * * * *'] }),
    when: z.string().meta({ description: 'The same in words, UTC', examples: ['every 15 minutes'] }),
    job: z.string(),
    arguments: z.record(z.string(), argumentValue),
    queue: z.string(),
    next: instantOut.meta({ description: 'In the past while no worker runs' }),
    last: instantOut.nullable(),
  })
  .meta({ id: 'ScheduledJob' });

export const listSchedule = declareList({
  path: '/schedule',
  name: 'schedule list',
  operationId: 'listSchedule',
  tag: 'jobs',
  summary: 'When jobs run by themselves, by name',
  description:
    'As the worker that started last has it, by the clock of the database. A run brings things up to date, however many were missed.',
  roles: readers,
  row: scheduled,
  search: { in: 'the name and the job' },
  sort: { by: ['name', 'job', 'next', 'last'] },
  total: true,
  async run({ db, clock, program }, page) {
    const entries = (await readSchedule(db, clock, program.schedule)).map((entry) => ({
      ...entry,
      when: describeCron(entry.cron),
    }));
    return pageOfAll(entries, page, (entry) => [entry.name], {
      texts: ({ name, job }) => [name, job],
      sorts: { job: ({ job }) => job, next: ({ next }) => next, last: ({ last }) => last },
    });
  },
});

export const scheduleOperations: readonly Operation[] = [listSchedule];
