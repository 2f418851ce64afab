import type { Pool } from 'pg';
import type { Db, PgBoss } from 'pg-boss';
import type { QueueDeclaration } from '../platform/declare/module.ts';

// pg-boss as this program uses it: its tables, its claims and its settlements. Its worker, its cron
// and its LISTEN are not used (see README.md).

export const leaseSeconds = 12;

/** Waiting jobs are never thrown away, however long nobody was there to run them. */
const retentionSeconds = 10 * 365 * 86_400;

export interface Engine {
  readonly boss: PgBoss;
  close(): Promise<void>;
}

interface EngineOptions {
  readonly connectionString: string;
  readonly queues: readonly QueueDeclaration[];
  /** A worker keeps house (statistics, indexes) and is listed as an instance by its name; null: only enqueues and looks. */
  readonly worker: string | null;
  readonly onError: (error: Error) => void;
}

/** Opens pg-boss on connections of its own, makes or migrates its schema, and makes the queues that are missing. */
export async function openEngine({ connectionString, queues, worker, onError }: EngineOptions): Promise<Engine> {
  const { PgBoss: Boss } = await import('pg-boss');
  const boss = new Boss({
    connectionString,
    max: worker === null ? 1 : 2,
    application_name: 'arcadia jobs',
    supervise: worker !== null,
    schedule: false,
    ...(worker === null ? { registerInstance: false } : { instanceName: worker }),
    // Spans are made where the job's own name is known.
    openTelemetry: { enabled: false },
  });
  boss.on('error', onError);
  await boss.start();
  const there = new Set((await boss.getQueues()).map((queue) => queue.name));
  for (const queue of queues) if (!there.has(queue.name)) await makeQueue(boss, queue);
  return { boss, close: () => boss.stop({ graceful: false }) };
}

/**
 * A connection pool as pg-boss takes it, with each of its statements prepared once per connection:
 * they are long, and planning one costs more than running it. A connection on which one failed is
 * not used again, for its plans may be of a schema that is gone.
 */
export function preparedStatements(pool: Pool): Db {
  const names = new Map<string, string>();
  return {
    async executeSql(text, values = []) {
      const name = names.get(text) ?? `pgboss_${names.size}`;
      names.set(text, name);
      const client = await pool.connect();
      try {
        const { rows } = await client.query({ name, text, values });
        client.release();
        return { rows };
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
  };
}

async function makeQueue(boss: PgBoss, queue: QueueDeclaration): Promise<void> {
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
