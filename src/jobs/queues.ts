import { ArcadiaError } from '../platform/errors.ts';
import type { QueueDeclaration } from '../platform/declare/module.ts';

/** The queues with an operator's own limits. Errors: invalid_config. */
export function configureQueues(
  queues: readonly QueueDeclaration[],
  own: Readonly<Record<string, number>>,
): readonly QueueDeclaration[] {
  const names = queues.map((queue) => queue.name).join(', ');
  for (const [name, limit] of Object.entries(own)) {
    const queue = queues.find((one) => one.name === name);
    if (queue === undefined)
      throw new ArcadiaError('invalid_config', `There is no queue "${name}"; there are ${names}.`);
    if (queue.exclusive === true && limit > 1)
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
  queue: QueueDeclaration,
  all: QueueControl | undefined,
  own: QueueControl | undefined,
): { readonly paused: boolean; readonly limit: number } {
  return {
    paused: own?.paused ?? all?.paused ?? false,
    limit: own?.limit ?? all?.limit ?? queue.limit,
  };
}
