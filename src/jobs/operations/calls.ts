import { z } from 'zod';
import { ArcadiaError } from '../../platform/errors.ts';
import type { OperationCall } from '../../platform/declare/operation.ts';
import { Jobs } from '../jobs.ts';
import { jobsSettings } from '../settings.ts';

// What the operations on jobs, queues and the schedule have in common.

export const readers = ['owner', 'operator', 'viewer'] as const;
export const deciders = ['owner', 'operator'] as const;

/** Jobs as this call may use them: in its own transaction, in its own name. */
export function jobsOf({ db, clock, config, program, enqueue }: OperationCall<unknown, unknown, unknown>): Jobs {
  return new Jobs({ db, clock, program, queueLimits: jobsSettings.of(config).queueLimits, enqueue });
}

/** Errors: invalid_argument for a queue that the program does not have. */
export function assertQueue({ program }: OperationCall<unknown, unknown, unknown>, name: string | undefined): void {
  const known = program.queues.map((queue) => queue.name);
  if (name !== undefined && !known.includes(name))
    throw new ArcadiaError('invalid_argument', `There is no queue ${name}; there are ${known.join(', ')}.`);
}

export const queueName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A queue', examples: ['metering'] });
export const argumentValue = z.union([z.string().max(500), z.number(), z.boolean(), z.null()]);
