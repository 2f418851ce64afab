import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, type Operation } from '../../platform/declare/operation.ts';
import { instantOut } from '../../platform/declare/schemas.ts';
import { jobsSettings } from '../settings.ts';
import { overrideSchedule, readSchedule } from '../schedule.ts';
import { readers, argumentValue } from './calls.ts';

const scheduled = z
  .object({
    name: z.string(),
    cron: z.string().meta({ description: 'UTC', examples: ['*/15 * * * *'] }),
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
  description: 'By the clock of the database. A run brings things up to date, however many were missed.',
  roles: readers,
  row: scheduled,
  async run({ db, clock, config, program }, page) {
    const entries = overrideSchedule(program.schedule, jobsSettings.of(config).schedule);
    return pageOfAll(await readSchedule(db, clock, entries), page, (entry) => [entry.name]);
  },
});

export const scheduleOperations: readonly Operation[] = [listSchedule];
