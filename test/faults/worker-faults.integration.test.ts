import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openJobs, type Jobs } from '../../src/jobs/jobs.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import type { JobArguments, JobDeclaration } from '../../src/platform/declare/job.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { until, untilDrained } from '../jobs/worker-fixture.ts';
import { createFaultTables, daysJob, faultProgram, holdJob, stepsJob } from './fault-jobs.ts';
import { startWorkerProcess, type WorkerProcess } from './processes.ts';

// Real worker processes, really killed. After each fault: no job is lost, no effect happened
// twice, and what a dead or paused worker held runs elsewhere.

interface Effect {
  readonly pid: number;
  readonly n: number;
  readonly step: number;
}

class FaultScene {
  readonly database: TestDatabase;
  readonly jobs: Jobs;
  readonly #workers: WorkerProcess[] = [];

  constructor(database: TestDatabase, jobs: Jobs) {
    this.database = database;
    this.jobs = jobs;
  }

  async startWorker(name: string): Promise<WorkerProcess> {
    const worker = await startWorkerProcess(this.database.connectionString, name);
    this.#workers.push(worker);
    return worker;
  }

  async enqueue<Arguments extends JobArguments>(job: JobDeclaration<Arguments>, args: Arguments): Promise<void> {
    const id = await this.database.db.transaction().execute((trx) => this.jobs.enqueue(trx, job, args));
    if (id === null) throw new Error('it waits already');
  }

  async effects(): Promise<Effect[]> {
    return (await sql<Effect>`SELECT pid, n, step FROM effects ORDER BY effect_id`.execute(this.database.db)).rows;
  }

  async runsIn(worker: WorkerProcess): Promise<boolean> {
    return (await this.effects()).some((effect) => effect.pid === worker.pid);
  }

  untilDrained(): Promise<void> {
    return untilDrained(this.database.db);
  }

  /** The steps of each job, as they were done. */
  async steps(): Promise<Record<number, number[]>> {
    const done: Record<number, number[]> = {};
    for (const { n, step } of await this.effects()) (done[n] ??= []).push(step);
    return done;
  }

  async endWorkers(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }
}

/** Every step of each of the jobs, once and in order. */
function eachOnce(jobs: number, steps: number): Record<number, number[]> {
  const inOrder = Array.from({ length: steps }, (_, index) => index + 1);
  return Object.fromEntries(Array.from({ length: jobs }, (_, n) => [n, inOrder]));
}

async function inScene(play: (scene: FaultScene) => Promise<void>): Promise<void> {
  const database = await openTestDatabase();
  const { db } = database;
  await createFaultTables(db);
  const jobs = await openJobs({
    db,
    connectionString: database.connectionString,
    clock: databaseClock(db),
    program: faultProgram,
  });
  const scene = new FaultScene(database, jobs);
  try {
    await play(scene);
  } finally {
    await scene.endWorkers();
    await jobs.close();
    await database.close();
  }
}

// They mostly wait for leases to run out; so they wait together.

test.concurrent('kill -9 in the middle of its jobs: another worker ends them', () =>
  inScene(async (scene) => {
    const doomed = await scene.startWorker('doomed');
    for (let n = 0; n < 2; n += 1) await scene.enqueue(stepsJob, { n, steps: 50, pause_ms: 100 });
    await until(async () => (await scene.effects()).some((effect) => effect.step === 5), 'it is in the middle');
    await doomed.end('SIGKILL');
    const heir = await scene.startWorker('heir');
    await until(() => scene.runsIn(heir), 'the heir has taken over');
    await scene.untilDrained();
    expect(await scene.steps()).toEqual(eachOnce(2, 50));
    expect(await scene.jobs.list({ states: ['completed'] })).toHaveLength(2);
  }));

test.concurrent('kill -9 with nobody else there: the same worker, started again, ends its jobs', () =>
  inScene(async (scene) => {
    const first = await scene.startWorker('only');
    await scene.enqueue(stepsJob, { n: 0, steps: 50, pause_ms: 100 });
    await until(async () => (await scene.effects()).some((effect) => effect.step === 5), 'it is in the middle');
    await first.end('SIGKILL');
    const again = await scene.startWorker('only');
    await until(() => scene.runsIn(again), 'it has taken over from itself');
    await scene.untilDrained();
    expect(await scene.steps()).toEqual(eachOnce(1, 50));
  }));

test.concurrent('a worker paused past its lease writes nothing when it goes on, and works again', () =>
  inScene(async (scene) => {
    const paused = await scene.startWorker('paused');
    await scene.enqueue(stepsJob, { n: 0, steps: 40, pause_ms: 200 });
    await until(() => scene.runsIn(paused), 'it is in the middle');
    paused.signal('SIGSTOP');
    const heir = await scene.startWorker('heir');
    await until(() => scene.runsIn(heir), 'the heir has taken over');
    const before = (await scene.effects()).filter((effect) => effect.pid === paused.pid).length;
    paused.signal('SIGCONT');
    await scene.untilDrained();
    expect(await scene.steps()).toEqual(eachOnce(1, 40));
    expect((await scene.effects()).filter((effect) => effect.pid === paused.pid)).toHaveLength(before);
    await until(() => paused.said.some((line) => line.includes('"outcome":"lost"')), 'it has noticed');
    await heir.end('SIGTERM');
    await scene.enqueue(stepsJob, { n: 1, steps: 1, pause_ms: 0 });
    await scene.untilDrained();
    expect((await scene.effects()).at(-1)).toEqual({ pid: paused.pid, n: 1, step: 1 });
  }));

test.concurrent('a worker paused inside a transaction does not hold its locks for ever, nor commit', () =>
  inScene(async (scene) => {
    const paused = await scene.startWorker('paused');
    await scene.enqueue(holdJob, { n: 0, hold_ms: 4_000 });
    await until(() => paused.said.includes('holding 0'), 'it holds its lock');
    paused.signal('SIGSTOP');
    const heir = await scene.startWorker('heir');
    await until(() => scene.runsIn(heir), 'the heir has the lock');
    paused.signal('SIGCONT');
    await until(() => paused.said.some((line) => line.includes('"outcome":"lost"')), 'it has noticed');
    await scene.untilDrained();
    expect(await scene.effects()).toEqual([{ pid: heir.pid, n: 0, step: 1 }]);
  }));

test.concurrent('two workers share the work, each within its limit, and nothing runs twice', () =>
  inScene(async (scene) => {
    const [one, two] = await Promise.all([scene.startWorker('one'), scene.startWorker('two')]);
    for (let n = 0; n < 30; n += 1) await scene.enqueue(stepsJob, { n, steps: 3, pause_ms: 100 });
    let most = 0;
    await until(async () => {
      const queue = (await scene.jobs.queues()).find((status) => status.queue === 'metering');
      most = Math.max(most, queue?.running ?? 0);
      return queue?.running === 0 && queue.waiting === 0 && queue.scheduled === 0;
    }, 'all is done');
    expect(await scene.steps()).toEqual(eachOnce(30, 3));
    expect(most).toBeLessThanOrEqual(4);
    const pids = new Set((await scene.effects()).map((effect) => effect.pid));
    expect(pids).toEqual(new Set([one.pid, two.pid]));
  }));

// A clock that jumps, and downtime, as the database's clock shows them.

async function setClock({ database }: FaultScene, instant: string): Promise<void> {
  await sql`
    INSERT INTO simulated_clock (instant) VALUES (${instant}) ON CONFLICT (singleton) DO UPDATE SET instant = excluded.instant
  `.execute(database.db);
}

async function ticked({ database }: FaultScene, since: string): Promise<boolean> {
  const { rows } = await sql`SELECT FROM schedule_ticks WHERE name = 'days' AND last_run_at >= ${since}`.execute(
    database.db,
  );
  return rows.length === 1;
}

async function days(scene: FaultScene): Promise<string[]> {
  return (await scene.effects()).map((effect) =>
    Temporal.Instant.fromEpochMilliseconds(effect.n * 86_400_000)
      .toString()
      .slice(0, 10),
  );
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `2026-05-${String(from + index).padStart(2, '0')}`);

test.concurrent('a clock that jumps a day either way, seven days of downtime, and two workers: every day once', () =>
  inScene(async (scene) => {
    await setClock(scene, '2026-05-02T00:30:00Z');
    const one = await scene.startWorker('one');
    await scene.startWorker('two');
    await until(
      async () => (await sql`SELECT FROM schedule_ticks`.execute(scene.database.db)).rows.length === 1,
      'the entry is known',
    );
    await setClock(scene, '2026-05-02T01:10:00Z');
    await until(() => ticked(scene, '2026-05-02T01:10:00Z'), 'the first tick');
    await scene.untilDrained();
    expect(await days(scene)).toEqual(range(1, 1));

    await setClock(scene, '2026-05-03T05:00:00Z');
    await until(() => ticked(scene, '2026-05-03T05:00:00Z'), 'the clock jumped forward');
    await scene.untilDrained();
    expect(await days(scene)).toEqual(range(1, 2));

    await setClock(scene, '2026-05-02T05:00:00Z');
    await until(async () => !(await ticked(scene, '2026-05-03T00:00:00Z')), 'the clock jumped back');
    await scene.untilDrained();
    expect(await days(scene)).toEqual(range(1, 2));
    await setClock(scene, '2026-05-04T01:10:00Z');
    await until(() => ticked(scene, '2026-05-04T01:10:00Z'), 'and goes on');
    await scene.untilDrained();
    expect(await days(scene)).toEqual(range(1, 3));

    await scene.endWorkers();
    expect(one.said.join('\n')).not.toContain('"level":"error"');
    await setClock(scene, '2026-05-11T12:00:00Z');
    await Promise.all([scene.startWorker('one'), scene.startWorker('two')]);
    await until(() => ticked(scene, '2026-05-11T12:00:00Z'), 'the tick after the downtime');
    await scene.untilDrained();
    expect(await days(scene)).toEqual(range(1, 10));
    expect((await scene.jobs.list({ job: daysJob.name })).every((job) => job.state === 'completed')).toBe(true);
  }));
