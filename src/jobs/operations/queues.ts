import { z } from 'zod';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { readers, deciders, jobsOf, queueName } from './calls.ts';

export const queue = z
  .object({
    queue: z.string(),
    limit: z
      .int()
      .meta({ description: 'Jobs that one process runs at a time; of `exclusive`, all processes together' }),
    exclusive: z.boolean().meta({ description: 'One job at a time over all processes' }),
    paused: z.boolean(),
    running: z.int(),
    waiting: z.int(),
    scheduled: z.int().meta({ description: 'Waiting for a time' }),
    dead: z.int(),
    lagSeconds: z.int().meta({ description: 'How long the oldest of those that wait has waited' }),
    workers: z
      .array(z.object({ worker: z.string(), limit: z.int(), paused: z.boolean() }))
      .readonly()
      .meta({ description: 'Where it is otherwise on one worker' }),
  })
  .meta({ id: 'Queue' });

export const listQueues = declareList({
  path: '/queues',
  name: 'queue list',
  operationId: 'listQueues',
  tag: 'jobs',
  summary: 'Queues by their name, with what waits and runs',
  roles: readers,
  row: queue,
  search: { none: 'there are few' },
  sort: { by: ['queue', 'waiting', 'running', 'dead'] },
  total: true,
  async run(call, page) {
    return pageOfAll(await jobsOf(call).queues(), page, (each) => [each.queue], {
      sorts: { waiting: ({ waiting }) => waiting, running: ({ running }) => running, dead: ({ dead }) => dead },
    });
  },
});

export const controlQueue = declareOperation({
  method: 'PATCH',
  path: '/queues/:queue',
  name: 'queue set',
  operationId: 'controlQueue',
  tag: 'jobs',
  summary: 'Pause, resume or scale a queue',
  description: 'Running workers follow at once, and it is remembered. What runs is not stopped.',
  roles: deciders,
  params: z.object({ queue: queueName }),
  body: z
    .strictObject({
      paused: z.boolean().optional(),
      limit: z.int().min(0).max(1_000).optional(),
      worker: z
        .string()
        .regex(/^[\w.-]{1,63}$/)
        .optional()
        .meta({ description: 'Only on the worker of this name, instead of all of them' }),
    })
    .meta({ description: 'At least one of paused and limit', examples: [{ paused: true }] }),
  response: queue,
  async run(call) {
    const { paused, limit, worker } = call.body;
    if (paused === undefined && limit === undefined)
      throw new ArcadiaError('invalid_argument', 'What about it? Give paused, limit or both.');
    const jobs = jobsOf(call);
    await jobs.control(call.params.queue, {
      ...(paused !== undefined && { paused }),
      ...(limit !== undefined && { limit }),
      ...(worker !== undefined && { worker }),
    });
    const found = (await jobs.queues()).find((each) => each.queue === call.params.queue);
    if (found === undefined) throw notFound('queue', call.params.queue);
    return found;
  },
});

export const queueOperations: readonly Operation[] = [listQueues, controlQueue];
