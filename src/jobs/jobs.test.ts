import { expect, test } from 'vitest';
import { jobKey } from './jobs.ts';
import { effectiveControl } from './queues.ts';
import type { ScheduleDeclaration } from '../platform/declare/module.ts';
import { overrideSchedule } from './schedule.ts';
import { program } from '../modules.ts';

test('the key of a job is its name and its arguments, in any order', () => {
  expect(jobKey('meter', {})).toBe('meter');
  expect(jobKey('sync', { b: 2, a: 'x' })).toBe('sync {"a":"x","b":2}');
  expect(jobKey('sync', { a: 'x', b: 2 })).toBe(jobKey('sync', { b: 2, a: 'x' }));
  expect(() => jobKey('sync', { a: 'x'.repeat(1000) })).toThrow('longer than 1000');
});

test('a decision for one worker overrules the one for all, which overrules the definition', () => {
  const [queue] = program.queues;
  if (queue === undefined) throw new Error('no queue');
  const all = { paused: true, limit: 4 };
  expect(effectiveControl(queue, undefined, undefined)).toEqual({ paused: false, limit: queue.limit });
  expect(effectiveControl(queue, all, undefined)).toEqual({ paused: true, limit: 4 });
  expect(effectiveControl(queue, all, { paused: false, limit: null })).toEqual({ paused: false, limit: 4 });
});

const job = { name: 'x', queue: 'default' } as ScheduleDeclaration['job'];
const entries: ScheduleDeclaration[] = ['a', 'b', 'c'].map((name) => ({ name, cron: '0 * * * *', job, arguments: {} }));

test('the configuration moves entries and takes them out', () => {
  expect(overrideSchedule(entries, { a: '5 * * * *', b: null }).map(({ name, cron }) => [name, cron])).toEqual([
    ['a', '5 * * * *'],
    ['c', '0 * * * *'],
  ]);
  expect(() => overrideSchedule(entries, { d: null })).toThrow('no entry "d"; it has a, b, c');
  expect(() => overrideSchedule(entries, { a: 'hourly' })).toThrow('"hourly" is no cron expression');
});
