import type { Queryable } from '../platform/database/database.ts';
import type { QueueDeclaration } from '../platform/declare/module.ts';
import * as store from './store.ts';

/** What waits and runs in a queue, over all processes. */
interface QueueLoad extends store.QueueCounts {
  /** For all workers. */
  readonly paused: boolean;
}

/** The load of every queue; all at rest in a database that has never had a job. */
export async function readQueueLoad(db: Queryable, queues: readonly QueueDeclaration[]): Promise<QueueLoad[]> {
  const counts = (await store.isInstalled(db)) ? await store.countJobs(db) : [];
  const controls = await store.readControls(db, '*');
  return queues.map(({ name }) => {
    const paused = controls.find((control) => control.queue === name)?.paused === true;
    const found = counts.find((row) => row.queue === name);
    const { waiting = 0, scheduled = 0, running = 0, dead = 0, lagSeconds = 0 } = found ?? {};
    return { queue: name, waiting, scheduled, running, dead, lagSeconds, paused };
  });
}

/** How late the latest of these queues is, of those that are not paused; null: none is late at all. */
export async function readLongestLag(
  db: Queryable,
  queues: readonly QueueDeclaration[],
): Promise<{ readonly queue: string; readonly seconds: number } | null> {
  const late = (await readQueueLoad(db, queues))
    .filter(({ paused, lagSeconds }) => !paused && lagSeconds > 0)
    .sort((a, b) => b.lagSeconds - a.lagSeconds)[0];
  return late === undefined ? null : { queue: late.queue, seconds: Math.round(late.lagSeconds) };
}
