import { ArcadiaError } from '../platform/errors.ts';
import { type QueueName, queueNames } from '../platform/declare/job.ts';

export interface QueueDefinition {
  readonly name: QueueName;
  /** Jobs that one process runs at a time, until an operator says otherwise. */
  readonly limit: number;
  /** Runs one job at a time over all processes. */
  readonly alone: boolean;
}

const limits: Record<QueueName, { limit: number; alone?: true }> = {
  provisioning: { limit: 5 },
  cloud_sync_fast: { limit: 5 },
  cloud_sync_full: { limit: 3 },
  cloud_sync_slow: { limit: 1, alone: true },
  cloud_billing: { limit: 1, alone: true },
  metering: { limit: 2 },
  gateway_events: { limit: 5 },
  default: { limit: 5 },
};

export const queues: readonly QueueDefinition[] = queueNames.map((name) => ({
  name,
  limit: limits[name].limit,
  alone: limits[name].alone === true,
}));

export function isQueueName(name: string): name is QueueName {
  return (queueNames as readonly string[]).includes(name);
}

/** The queues with an operator's own limits. Errors: invalid_config. */
export function configureQueues(own: Readonly<Record<string, number>>): readonly QueueDefinition[] {
  for (const [name, limit] of Object.entries(own)) {
    const queue = queues.find((one) => one.name === name);
    if (queue === undefined)
      throw new ArcadiaError('invalid_config', `There is no queue "${name}"; there are ${queueNames.join(', ')}.`);
    if (queue.alone && limit > 1)
      throw new ArcadiaError('invalid_config', `Queue ${name} runs one job at a time; its limit is 1, or 0.`);
  }
  return queues.map((queue) => ({ ...queue, limit: own[queue.name] ?? queue.limit }));
}

/** What operators decided about a queue on one worker; null: nothing. */
export interface QueueControl {
  readonly paused: boolean | null;
  readonly limit: number | null;
}

/** What holds for a queue on a worker: a decision for this worker, else for all, else the definition. */
export function effectiveControl(
  queue: QueueDefinition,
  all: QueueControl | undefined,
  own: QueueControl | undefined,
): { readonly paused: boolean; readonly limit: number } {
  return {
    paused: own?.paused ?? all?.paused ?? false,
    limit: own?.limit ?? all?.limit ?? queue.limit,
  };
}
