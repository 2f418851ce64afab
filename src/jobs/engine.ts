import { fromKysely, PgBoss } from 'pg-boss';
import type { Database } from '../platform/database.ts';
import { type QueueDefinition, queues } from './queues.ts';

// pg-boss as this house uses it: its tables, its claims and its settlements. Its worker, its cron
// and its LISTEN are not used (see README.md).

export const leaseSeconds = 12;

/** Waiting jobs are never thrown away, however long nobody was there to run them. */
const retentionSeconds = 10 * 365 * 86_400;

export interface Engine {
  readonly boss: PgBoss;
  close(): Promise<void>;
}

/**
 * Opens pg-boss, makes or migrates its schema, and makes the queues that are missing.
 *
 * With a connection string it holds two connections of its own and keeps house (statistics,
 * indexes); without, it borrows `db` and only enqueues and settles.
 */
export async function openEngine(options: {
  db: Database;
  connectionString?: string;
  instanceName?: string;
  onError: (error: Error) => void;
}): Promise<Engine> {
  const { connectionString } = options;
  const own = connectionString !== undefined;
  const boss = new PgBoss({
    ...(own ? { connectionString, max: 2, application_name: 'arcadia jobs' } : { db: fromKysely(options.db) }),
    supervise: own,
    schedule: false,
    registerInstance: own,
    ...(options.instanceName === undefined ? {} : { instanceName: options.instanceName }),
    // Spans are made where the job's own name is known.
    openTelemetry: { enabled: false },
  });
  boss.on('error', options.onError);
  await boss.start();
  const there = new Set((await boss.getQueues()).map((queue) => queue.name));
  for (const queue of queues) if (!there.has(queue.name)) await makeQueue(boss, queue);
  return { boss, close: () => boss.stop({ graceful: false }) };
}

async function makeQueue(boss: PgBoss, queue: QueueDefinition): Promise<void> {
  await boss.createQueue(queue.name, {
    // One job per key while it waits or runs.
    policy: 'exclusive',
    retryBackoff: true,
    retryDelay: 1,
    retryDelayMax: 900,
    heartbeatSeconds: leaseSeconds,
    retentionSeconds,
    // Never by pg-boss: dead jobs are kept longer than others, see deleteEnded.
    deleteAfterSeconds: 0,
  });
}
