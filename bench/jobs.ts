import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, makeWorkerUtils, type Runner, run, type WorkerUtils } from 'graphile-worker';
import { sql } from 'kysely';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { startWorker, type Worker } from '../src/jobs/worker.ts';
import { loadConfig } from '../src/platform/config.ts';
import { connect, type Database } from '../src/platform/database/database.ts';
import { declareJob } from '../src/platform/declare/job.ts';
import { createLog } from '../src/platform/log.ts';
import { type Row, row, say, withBenchDatabase } from './support.ts';
import { program } from '../src/modules.ts';

// Our runner against pg-boss's own work() and against graphile-worker, on one server in one run,
// 5 jobs at a time: how fast a backlog of jobs that do nothing is drained, and how long a single
// job waits on an idle queue from its enqueueing to the start of its handler.

const atATime = 5;
const backlog = 5_000;
const rounds = 3;
/** pg-boss's work() takes a job per worker and polling interval; a full backlog would take ten minutes. */
const slowBacklog = 60;
const latencySamples = 200;
const slowLatencySamples = 20;

/** Of jobs that take a while, so that how many run at once can be seen. */
const lastingJobs = 200;
const lastingMs = 10;
const slowLastingJobs = 30;

/** Watches handlers from the inside: when the first began, when the last ended, how many at once. */
class Meter {
  readonly #handlerMs: number;
  #running = 0;
  #done = 0;
  #firstAt: number | null = null;
  most = 0;
  #all = Promise.withResolvers<number>();
  #expected = Number.POSITIVE_INFINITY;
  readonly #starts = new Map<number, PromiseWithResolvers<number>>();

  constructor(handlerMs = 0) {
    this.#handlerMs = handlerMs;
  }

  /** Milliseconds from the first job's start to the last one's end. */
  drained(jobs: number): Promise<number> {
    this.#expected = jobs;
    return this.#all.promise;
  }

  /** The instant at which job `n` starts. */
  started(n: number): Promise<number> {
    const start = Promise.withResolvers<number>();
    this.#starts.set(n, start);
    return start.promise;
  }

  readonly handler = async (n: number): Promise<void> => {
    const now = performance.now();
    this.#firstAt ??= now;
    this.#starts.get(n)?.resolve(now);
    this.#running += 1;
    this.most = Math.max(this.most, this.#running);
    if (this.#handlerMs > 0) await sleep(this.#handlerMs);
    else await Promise.resolve();
    this.#running -= 1;
    this.#done += 1;
    if (this.#done === this.#expected) this.#all.resolve(performance.now() - this.#firstAt);
  };
}

interface Contender {
  readonly name: string;
  /** Enqueues all, then drains. Per job. */
  drainMs(db: Database, connectionString: string, jobs: number, meter: Meter): Promise<number>;
  latencies(connectionString: string, samples: number): Promise<number[]>;
}

/** One at a time, each after the last has started, with a pause that no poll keeps step with. */
async function sampleLatencies(
  meter: Meter,
  samples: number,
  enqueue: (n: number) => Promise<unknown>,
): Promise<number[]> {
  const latencies: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    await sleep(5 + ((n * 7) % 23));
    const started = meter.started(n);
    const enqueuedAt = performance.now();
    await enqueue(n);
    latencies.push((await started) - enqueuedAt);
  }
  return latencies;
}

async function startOurs(db: Database, connectionString: string, meter: Meter) {
  const job = declareJob({
    name: 'noop',
    queue: 'default',
    title: 'Does nothing',
    arguments: z.object({ n: z.number() }),
    timeoutSeconds: 60,
    attemptsMax: 1,
    run: (run) => meter.handler(run.arguments.n),
  });
  const worker: Worker = await startWorker({
    db,
    connectionString,
    config: loadConfig({ env: { ARCADIA_DATA_DIR: tmpdir() }, cwd: tmpdir() }, program.settings),
    log: createLog({ level: 'error', format: 'json' }),
    program: { ...program, jobs: [job], schedule: [] },
    queues: ['default'],
    registry: new Registry(),
  });
  return { worker, enqueue: (n: number) => db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n })) };
}

const ours: Contender = {
  name: 'our runner',
  async drainMs(db, connectionString, jobs, meter) {
    const { worker } = await startOurs(db, connectionString, meter);
    await worker.jobs.control('default', { paused: true });
    await sleep(1_500);
    const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
    await boss.start();
    const rows = Array.from({ length: jobs }, (_, n) => ({
      data: { job: 'noop', arguments: { n } },
      singletonKey: `noop ${n}`,
    }));
    await boss.insert('default', rows);
    await boss.stop();
    const drained = meter.drained(jobs);
    await worker.jobs.control('default', { paused: false });
    const ms = await drained;
    await worker.stop();
    return ms / jobs;
  },
  async latencies(connectionString, samples) {
    const meter = new Meter();
    const db = connect({ connectionString });
    const { worker, enqueue } = await startOurs(db, connectionString, meter);
    const latencies = await sampleLatencies(meter, samples, enqueue);
    await worker.stop();
    await db.destroy();
    return latencies;
  },
};

async function startPgBoss(connectionString: string, meter: Meter) {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false, max: 10 });
  await boss.start();
  await boss.createQueue('bench');
  const work = () =>
    boss.work<{ n: number }>('bench', { localConcurrency: atATime, pollingIntervalSeconds: 0.5 }, async ([job]) => {
      if (job !== undefined) await meter.handler(job.data.n);
    });
  return { boss, work };
}

const pgBossWork: Contender = {
  name: 'pg-boss work()',
  async drainMs(_db, connectionString, jobs, meter) {
    const { boss, work } = await startPgBoss(connectionString, meter);
    await boss.insert(
      'bench',
      Array.from({ length: jobs }, (_, n) => ({ data: { n } })),
    );
    const drained = meter.drained(jobs);
    await work();
    const ms = await drained;
    await boss.stop({ graceful: false });
    return ms / jobs;
  },
  async latencies(connectionString, samples) {
    const meter = new Meter();
    const { boss, work } = await startPgBoss(connectionString, meter);
    await work();
    const latencies = await sampleLatencies(meter, samples, (n) => boss.send('bench', { n }));
    await boss.stop({ graceful: false });
    return latencies;
  },
};

const silent = new Logger(() => () => {});

async function withGraphile<Result>(
  connectionString: string,
  meter: Meter,
  work: (start: () => Promise<Runner>, utils: WorkerUtils) => Promise<Result>,
): Promise<Result> {
  // Our claims and settlements do not wait for the disk (see src/jobs/worker.ts); then neither need theirs.
  const pgPool = new pg.Pool({ connectionString, max: 10, options: '-c synchronous_commit=off' });
  pgPool.on('error', () => {});
  pgPool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool, logger: silent });
  await utils.migrate();
  const taskList = { noop: (payload: unknown) => meter.handler((payload as { n: number }).n) };
  const result = await work(
    () => run({ pgPool, concurrency: atATime, noHandleSignals: true, logger: silent, taskList }),
    utils,
  );
  await utils.release();
  await pgPool.end();
  return result;
}

const graphileWorker: Contender = {
  name: 'graphile-worker',
  drainMs(db, connectionString, jobs, meter) {
    return withGraphile(connectionString, meter, async (start) => {
      await sql`
        SELECT graphile_worker.add_job('noop', json_build_object('n', n)) FROM generate_series(0, ${jobs - 1}::int) AS n`.execute(
        db,
      );
      const drained = meter.drained(jobs);
      const runner = await start();
      const ms = await drained;
      while ((await sql`SELECT FROM graphile_worker.jobs LIMIT 1`.execute(db)).rows.length > 0) await sleep(50);
      await runner.stop();
      return ms / jobs;
    });
  },
  latencies(connectionString, samples) {
    const meter = new Meter();
    return withGraphile(connectionString, meter, async (start, utils) => {
      const runner = await start();
      const latencies = await sampleLatencies(meter, samples, (n) => utils.addJob('noop', { n }));
      await runner.stop();
      return latencies;
    });
  },
};

function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Drained jobs as milliseconds per 1,000 jobs; latencies as they are. */
export default async function benchJobs(): Promise<Row[]> {
  const drain = (contender: Contender, jobs: number, meter = new Meter()) =>
    withBenchDatabase(async (db, address) => {
      const ms = 1_000 * (await contender.drainMs(db, address, jobs, meter));
      if (contender === ours && meter.most > atATime)
        throw new Error(`our runner ran ${meter.most} jobs at a time; the limit is ${atATime}`);
      return ms;
    });
  const latencies = (contender: Contender, samples: number) =>
    withBenchDatabase((_db, address) => contender.latencies(address, samples));

  // In turns, and the best of each: whatever else the machine does slows both down.
  let oursDrained = Number.POSITIVE_INFINITY;
  let graphileDrained = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    oursDrained = Math.min(oursDrained, await drain(ours, backlog));
    graphileDrained = Math.min(graphileDrained, await drain(graphileWorker, backlog));
    say(
      `round ${round + 1}: ${Math.round(1e6 / oursDrained)} jobs/s, graphile-worker ${Math.round(1e6 / graphileDrained)}`,
    );
  }
  const bossDrained = await drain(pgBossWork, slowBacklog);
  for (const [contender, jobs] of [
    [ours, lastingJobs],
    [graphileWorker, lastingJobs],
    [pgBossWork, slowLastingJobs],
  ] as const) {
    const meter = new Meter(lastingMs);
    await drain(contender, jobs, meter);
    say(`${contender.name}: of jobs of ${lastingMs} ms at most ${meter.most} ran at once; the limit is ${atATime}`);
  }
  const oursWaited = await latencies(ours, latencySamples);
  const graphileWaited = await latencies(graphileWorker, latencySamples);
  const bossWaited = await latencies(pgBossWork, slowLatencySamples);
  for (const [{ name }, waited] of [
    [ours, oursWaited],
    [graphileWorker, graphileWaited],
    [pgBossWork, bossWaited],
  ] as const) {
    const [p50, p99] = [percentile(waited, 0.5), percentile(waited, 0.99)].map((ms) => ms.toFixed(1));
    say(`${name}: picked up after ${p50} ms (p50), ${p99} ms (p99)`);
  }
  const drained = `ms per 1,000 no-op jobs, ${atATime} at a time`;
  return [
    row(drained, oursDrained, graphileWorker.name, graphileDrained, 1),
    row(drained, oursDrained, pgBossWork.name, bossDrained, 1),
    row(
      'pick-up latency, p50',
      percentile(oursWaited, 0.5),
      graphileWorker.name,
      percentile(graphileWaited, 0.5),
      null,
    ),
    row(
      'pick-up latency, p99',
      percentile(oursWaited, 0.99),
      graphileWorker.name,
      percentile(graphileWaited, 0.99),
      null,
    ),
    row('pick-up latency, p50', percentile(oursWaited, 0.5), pgBossWork.name, percentile(bossWaited, 0.5), 1),
    row('pick-up latency, p99', percentile(oursWaited, 0.99), pgBossWork.name, percentile(bossWaited, 0.99), 1),
  ];
}
