import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openJobs } from '../../src/jobs/jobs.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { verifyAudit } from '../../src/platform/audit.ts';
import { until, untilDrained } from '../jobs/worker-fixture.ts';
import { createFaultTables, faultProgram, stepsJob } from './fault-jobs.ts';
import { openOwnServer } from './own-server.ts';
import { startWorkerProcess } from './processes.ts';

// A server of its own: nobody else's tests live through this.

test('the database is restarted, hard, while jobs run: the workers stay, and each step happens once', async () => {
  const server = await openOwnServer({ fsync: 'off' });
  const { db, connectionString } = server;
  const closing: (() => Promise<void>)[] = [];
  try {
    await createFaultTables(db);
    const jobs = await openJobs({
      db,
      connectionString,
      clock: databaseClock(db),
      program: faultProgram,
    });
    closing.unshift(() => jobs.close());
    const workers = [
      await startWorkerProcess(connectionString, 'one'),
      await startWorkerProcess(connectionString, 'two'),
    ];
    closing.unshift(...workers.map((worker) => () => worker.end()));
    await db.transaction().execute(async (trx) => {
      for (let n = 0; n < 4; n += 1) await jobs.enqueue(trx, stepsJob, { n, steps: 30, pause_ms: 50 });
    });
    const steps = async () =>
      (await sql<{ n: number; step: number }>`SELECT n, step FROM effects ORDER BY effect_id`.execute(db)).rows;
    await until(async () => (await steps()).some((effect) => effect.step === 10), 'they are in the middle');

    await server.restart();

    await untilDrained(db);
    const done = await steps();
    for (let n = 0; n < 4; n += 1) {
      expect(done.filter((effect) => effect.n === n).map((effect) => effect.step)).toEqual(
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
    }
    expect((await jobs.list({})).map((job) => job.state)).toEqual(['completed', 'completed', 'completed', 'completed']);
    expect(await verifyAudit(db, null)).toMatchObject({ intact: true, faults: [], rewritings: [] });
    for (const worker of workers) {
      await worker.end('SIGTERM');
      expect(worker.said, 'neither died of it').toContain('stopped');
    }
  } finally {
    for (const close of closing) await close();
    await server.close();
  }
});
