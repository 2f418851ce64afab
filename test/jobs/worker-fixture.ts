import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { startWorker, type Worker, type WorkerOptions } from '../../src/jobs/worker.ts';
import { loadConfig } from '../../src/platform/config.ts';
import type { Database } from '../../src/platform/database/database.ts';
import type { JobDeclaration } from '../../src/platform/declare/job.ts';
import type { ScheduleDeclaration } from '../../src/platform/declare/module.ts';
import { createLog } from '../../src/platform/log.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { program } from '../../src/modules.ts';

export interface WorkerFixture extends TestDatabase {
  readonly lines: Record<string, unknown>[];
  start(
    options: Partial<WorkerOptions> & {
      readonly jobs: readonly JobDeclaration[];
      readonly schedule?: readonly ScheduleDeclaration[];
    },
  ): Promise<Worker>;
}

/** A database and workers on it, all of which `close` stops. Log lines are kept. */
export async function openWorkerFixture(): Promise<WorkerFixture> {
  const database = await openTestDatabase();
  const workers: Worker[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level: 'info', format: 'json', stream: { write: (text) => lines.push(JSON.parse(text)) } });
  return {
    ...database,
    lines,
    async start({ jobs, schedule = [], ...options }) {
      const worker = await startWorker({
        db: database.db,
        connectionString: database.connectionString,
        config: testConfig(),
        log,
        program: { ...program, jobs, schedule },
        registry: new Registry(),
        ...options,
      });
      workers.push(worker);
      return worker;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.stop({ deadlineSeconds: 0 })));
      await database.close();
    },
  };
}

export function testConfig() {
  return loadConfig({ flags: {}, env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused' } }, program.settings);
}

/** Ends a hopeless wait, and says which; no wait that comes to anything takes nearly as long. */
const hopelessSeconds = 240;

/** A probe asks a database, which other tests need as well. */
const pollMsMin = 20;
const pollMsMax = 250;

/**
 * Polls until `probe` says yes: asks the state, never the time. What has taken long is asked for less often: it is known
 * a twentieth later at most.
 */
export async function until(probe: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const began = performance.now();
  while (!(await probe())) {
    const waited = performance.now() - began;
    if (waited > hopelessSeconds * 1000) throw new Error(`still not so after ${hopelessSeconds} s: ${what}`);
    await sleep(Math.min(Math.max(pollMsMin, waited / 20), pollMsMax));
  }
}

/** Nothing waits, is scheduled or runs. */
export async function untilDrained(db: Database): Promise<void> {
  await until(
    async () => (await sql`SELECT FROM pgboss.job WHERE state <= 'active' LIMIT 1`.execute(db)).rows.length === 0,
    'jobs are left',
  );
}
