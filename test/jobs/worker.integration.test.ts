import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { settleDeadTwins } from '../../src/jobs/store.ts';
import { ArcadiaError } from '../../src/platform/errors.ts';
import { CancelJob, declareJob, type JobDeclaration, SnoozeJob } from '../../src/platform/declare/job.ts';
import { openWorkerFixture, until, untilDrained, type WorkerFixture } from './worker-fixture.ts';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await openWorkerFixture();
  await sql`CREATE TABLE effects (effect_id bigint GENERATED ALWAYS AS IDENTITY, job_id uuid, what text NOT NULL)`.execute(
    fixture.db,
  );
});
afterEach(() => fixture.close());

const numbered = z.object({ n: z.number() });
type Numbered = { n: number };

function numberedJob(
  run: JobDeclaration<Numbered>['run'],
  more: Partial<JobDeclaration<Numbered>> = {},
): JobDeclaration<Numbered> {
  return declareJob({
    name: 'numbered',
    queue: 'default',
    title: 'a test',
    arguments: numbered,
    timeoutSeconds: 60,
    attemptsMax: 3,
    run,
    ...more,
  });
}

async function effects(): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`SELECT what FROM effects ORDER BY effect_id`.execute(fixture.db);
  return rows.map((row) => row.what);
}

test('a job runs once with its arguments, and its end is kept and told', async () => {
  const job = numberedJob(async (run) => {
    await sql`INSERT INTO effects (what) VALUES (${`n=${run.arguments.n} attempt=${run.attempt}`})`.execute(run.db);
  });
  const worker = await fixture.start({ jobs: [job] });
  const id = await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 7 }));
  await untilDrained(fixture.db);
  expect(await effects()).toEqual(['n=7 attempt=1']);
  expect(await worker.jobs.show(id as string)).toMatchObject({
    state: 'completed',
    attempt: 1,
    attemptsMax: 3,
    arguments: { n: 7 },
    queue: 'default',
  });
  const told = () => fixture.lines.find((line) => line.outcome !== undefined);
  await until(() => told() !== undefined, 'its end is told');
  expect(told()).toMatchObject({
    queue: 'default',
    job: 'numbered',
    id,
    attempt: 1,
    outcome: 'completed',
    wait_ms: expect.any(Number),
    run_ms: expect.any(Number),
  });
});

test('enqueueing belongs to the transaction of the caller', async () => {
  const job = numberedJob(async (run) => void (await sql`INSERT INTO effects (what) VALUES ('ran')`.execute(run.db)));
  const worker = await fixture.start({ jobs: [job] });
  await expect(
    fixture.db.transaction().execute(async (trx) => {
      await worker.jobs.enqueue(trx, job, { n: 1 });
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await worker.jobs.list({})).toEqual([]);
});

test('the same job with the same arguments exists once while it waits or runs, in whatever order they are named', async () => {
  const release = Promise.withResolvers<void>();
  const pair = z.object({ a: z.string(), b: z.number() });
  const job = declareJob({
    name: 'pair',
    queue: 'default',
    title: 'a test',
    arguments: pair,
    timeoutSeconds: 60,
    attemptsMax: 1,
    run: () => release.promise,
  });
  const worker = await fixture.start({ jobs: [job] });
  const enqueue = (args: z.infer<typeof pair>) =>
    fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, args));
  const first = await enqueue({ a: 'x', b: 1 });
  expect(await enqueue({ b: 1, a: 'x' })).toBeNull();
  await until(async () => (await worker.jobs.show(first as string)).state === 'running', 'it runs');
  expect(await enqueue({ a: 'x', b: 1 })).toBeNull();
  expect(await enqueue({ a: 'x', b: 2 })).not.toBeNull();
  release.resolve();
  await untilDrained(fixture.db);
  expect(await enqueue({ a: 'x', b: 1 })).not.toBeNull();
});

test('a failing job is tried again and ends dead, with the reason, and can be retried with all its attempts', async () => {
  let mend = false;
  const attempts: number[] = [];
  const job = numberedJob(
    async (run) => {
      attempts.push(run.attempt);
      if (!mend) throw new Error('no luck');
    },
    { attemptsMax: 2 },
  );
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await until(async () => (await worker.jobs.show(id)).state === 'dead', 'it is dead');
  expect(await worker.jobs.show(id)).toMatchObject({ attempt: 2, attemptsMax: 2, reason: 'no luck' });
  expect(attempts).toEqual([1, 2]);

  mend = true;
  expect(await worker.jobs.retry({ job: 'another' })).toBe(0);
  expect(await worker.jobs.retry({ job: 'numbered', states: ['dead'], arguments: { n: 1 } })).toBe(1);
  await until(async () => (await worker.jobs.show(id)).state === 'completed', 'it is completed');
  expect(attempts).toEqual([1, 2, 1]);
  expect(await worker.jobs.show(id)).toMatchObject({ attempt: 1, attemptsMax: 2 });
});

test('a dead job is not revived beside the same one that waits', async () => {
  const job = numberedJob(async () => Promise.reject(new Error('no')), { attemptsMax: 1 });
  const worker = await fixture.start({ jobs: [job] });
  const enqueue = (delaySeconds?: number) =>
    fixture.db
      .transaction()
      .execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }, delaySeconds === undefined ? {} : { delaySeconds }));
  const dead = (await enqueue()) as string;
  await until(async () => (await worker.jobs.show(dead)).state === 'dead', 'it is dead');
  expect(await enqueue(3600)).not.toBeNull();
  expect(await worker.jobs.retry({ ids: [dead] })).toBe(0);
  expect((await worker.jobs.show(dead)).state).toBe('dead');
});

test('dead jobs of the same name and arguments are settled by the latest of them', async () => {
  let mend = false;
  const job = numberedJob(
    async () => {
      if (!mend) throw new Error('no luck');
    },
    { attemptsMax: 1 },
  );
  const worker = await fixture.start({ jobs: [job] });
  const ended = async (state: 'dead' | 'completed', n: number) => {
    const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n }))) as string;
    await until(async () => (await worker.jobs.show(id)).state === state, `it is ${state}`);
    return id;
  };
  const first = await ended('dead', 1);
  const second = await ended('dead', 1);
  const other = await ended('dead', 2);
  mend = true;
  expect(await worker.jobs.retry({ states: ['dead'] })).toBe(2);
  for (const id of [second, other])
    await until(async () => (await worker.jobs.show(id)).state === 'completed', 'it is completed');
  expect(await worker.jobs.show(first)).toMatchObject({
    state: 'cancelled',
    reason: `the same job died later: ${second}`,
  });
  expect(await worker.jobs.retry({ states: ['dead'] })).toBe(0);

  mend = false;
  const third = await ended('dead', 3);
  mend = true;
  const fourth = await ended('completed', 3);
  expect(await settleDeadTwins(fixture.db)).toBe(1);
  expect(await worker.jobs.show(third)).toMatchObject({
    state: 'cancelled',
    reason: `the same job was done later: ${fourth}`,
  });
});

test('a snooze spends no attempt', async () => {
  const attempts: number[] = [];
  const job = numberedJob(
    async (run) => {
      attempts.push(run.attempt);
      if (attempts.length <= 3) throw new SnoozeJob(0.1, 'rate limited');
    },
    { attemptsMax: 1 },
  );
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await untilDrained(fixture.db);
  expect(attempts).toEqual([1, 1, 1, 1]);
  expect(await worker.jobs.show(id)).toMatchObject({ state: 'completed', attempt: 1, attemptsMax: 1 });
});

test.each([
  ['a handler that says so', () => new CancelJob('nobody wants this'), 'nobody wants this'],
  [
    'a bad token',
    () => new ArcadiaError('provider_unauthorized', 'token refused'),
    'provider_unauthorized: token refused',
  ],
  ['a missing scope', () => new ArcadiaError('provider_forbidden', 'droplet:read'), 'provider_forbidden: droplet:read'],
])('what will never work is cancelled at once: %s', async (_, error, reason) => {
  const job = numberedJob(async () => Promise.reject(error()));
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await until(async () => (await worker.jobs.show(id)).state === 'cancelled', 'it is cancelled');
  expect(await worker.jobs.show(id)).toMatchObject({ attempt: 1, reason });
});

test('an attempt that takes too long fails, and what it wrote in an open transaction is undone', async () => {
  const job = numberedJob(
    async (run) => {
      await run.db.transaction().execute(async (trx) => {
        await sql`INSERT INTO effects (what) VALUES ('too late')`.execute(trx);
        await sql`SELECT pg_sleep(30)`.execute(trx);
      });
    },
    { timeoutSeconds: 1, attemptsMax: 1 },
  );
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await until(async () => (await worker.jobs.show(id)).state === 'dead', 'it is dead');
  expect((await worker.jobs.show(id)).reason).toBe('took longer than 1 s');
  expect(await effects()).toEqual([]);
});

test("a person's cancel aborts the handler's signal, and what it then writes is not stored", async () => {
  const aborted = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const job = numberedJob(async (run) => {
    run.signal.addEventListener('abort', () => aborted.resolve());
    await aborted.promise;
    await sql`INSERT INTO effects (what) VALUES ('after the cancel')`
      .execute(run.db)
      .then(ended.resolve, ended.resolve);
  });
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await until(async () => (await worker.jobs.show(id)).state === 'running', 'it runs');
  expect(await worker.jobs.cancel({ ids: [id] }, 'changed my mind')).toBe(1);
  expect(await ended.promise).toBeInstanceOf(Error);
  expect(await worker.jobs.show(id)).toMatchObject({ state: 'cancelled', reason: 'changed my mind' });
  expect(await effects()).toEqual([]);
});

test('a transaction that is open when the cancel comes does not commit', async () => {
  const inside = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const job = numberedJob(async (run) => {
    const transaction = run.db.transaction().execute(async (trx) => {
      await sql`INSERT INTO effects (what) VALUES ('half done')`.execute(trx);
      inside.resolve();
      await new Promise((resolve) => run.signal.addEventListener('abort', resolve));
    });
    await transaction.then(ended.resolve, ended.resolve);
  });
  const worker = await fixture.start({ jobs: [job] });
  const id = (await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }))) as string;
  await inside.promise;
  await worker.jobs.cancel({ ids: [id] }, 'stop');
  expect(await ended.promise).toBeInstanceOf(Error);
  expect(await effects()).toEqual([]);
});

test('pause, resume and scale hold on running workers, on one or all, and over a restart', async () => {
  let running = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const job = numberedJob(async () => {
    running += 1;
    most = Math.max(most, running);
    await gate.promise;
    running -= 1;
  });
  const jobs = [job];
  const first = await fixture.start({ jobs, name: 'one' });
  await first.jobs.control('default', { paused: true });
  await first.jobs.control('default', { limit: 3, worker: 'two' });
  await first.stop();

  const one = await fixture.start({ jobs, name: 'one' });
  for (let n = 0; n < 20; n += 1) await fixture.db.transaction().execute((trx) => one.jobs.enqueue(trx, job, { n }));
  const status = async () => (await one.jobs.queues()).find((queue) => queue.queue === 'default');
  expect(await status()).toMatchObject({
    paused: true,
    limit: 5,
    waiting: 20,
    running: 0,
    workers: [{ worker: 'two', limit: 3, paused: true }],
  });
  await sleep(1_500);
  expect(running).toBe(0);

  await one.jobs.control('default', { paused: false });
  await until(() => running === 5, 'one runs five');
  await fixture.start({ jobs, name: 'two' });
  await until(() => running === 8, 'two runs three more');
  await one.jobs.control('default', { limit: 6 });
  await until(() => running === 12, 'six on each');
  gate.resolve();
  await untilDrained(fixture.db);
  expect(most).toBe(12);
  await expect(one.jobs.control('cloud_billing', { limit: 2 })).rejects.toThrow('one job at a time');
  await expect(one.jobs.control('nonsense', { paused: true })).rejects.toThrow('no queue nonsense');
});

test('a queue that runs alone runs one job at a time over two workers', async () => {
  const job = numberedJob(
    async (run) => {
      await sql`INSERT INTO effects (what) VALUES ('begin')`.execute(run.db);
      await sleep(5);
      await sql`INSERT INTO effects (what) VALUES ('end')`.execute(run.db);
    },
    { queue: 'cloud_billing' },
  );
  const jobs = [job];
  const [worker] = await Promise.all([fixture.start({ jobs, name: 'a' }), fixture.start({ jobs, name: 'b' })]);
  await fixture.db.transaction().execute(async (trx) => {
    for (let n = 0; n < 40; n += 1) await worker?.jobs.enqueue(trx, job, { n });
  });
  await untilDrained(fixture.db);
  expect(await effects()).toEqual(Array.from({ length: 80 }, (_, index) => (index % 2 === 0 ? 'begin' : 'end')));
});

test('a graceful stop lets short work end and hands long work back without spending its attempt', async () => {
  const attempts: string[] = [];
  const stopping = Promise.withResolvers<void>();
  const job = numberedJob(async (run) => {
    attempts.push(`${run.arguments.n}/${run.attempt}`);
    if (run.arguments.n === 1) await stopping.promise;
    else if (attempts.length <= 2)
      await new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason as Error)));
  });
  const jobs = [job];
  const first = await fixture.start({ jobs });
  const ids = await fixture.db
    .transaction()
    .execute(async (trx) => [
      await first.jobs.enqueue(trx, job, { n: 1 }),
      await first.jobs.enqueue(trx, job, { n: 2 }),
    ]);
  await until(() => attempts.length === 2, 'both run');
  const stopped = first.stop({ deadlineSeconds: 3 });
  stopping.resolve();
  await stopped;
  const second = await fixture.start({ jobs });
  await untilDrained(fixture.db);
  expect(attempts.toSorted()).toEqual(['1/1', '2/1', '2/1']);
  for (const id of ids) expect(await second.jobs.show(id as string)).toMatchObject({ state: 'completed', attempt: 1 });
});

test('run now enqueues, or promotes the one that waits; job unknown names the jobs there are', async () => {
  const ran: number[] = [];
  const job = numberedJob(async (run) => void ran.push(run.arguments.n));
  const worker = await fixture.start({ jobs: [job] });
  const id = await fixture.db
    .transaction()
    .execute((trx) => worker.jobs.enqueue(trx, job, { n: 1 }, { delaySeconds: 3600 }));
  expect((await worker.jobs.show(id as string)).state).toBe('scheduled');
  expect(await worker.jobs.runNow('numbered', { n: 1 })).toEqual({ id, enqueued: false });
  expect(await worker.jobs.runNow('numbered', { n: 2 })).toMatchObject({ enqueued: true });
  await untilDrained(fixture.db);
  expect(ran.toSorted((a, b) => a - b)).toEqual([1, 2]);
  await expect(worker.jobs.runNow('other', {})).rejects.toThrow('there are numbered');
  await expect(worker.jobs.runNow('numbered', { n: 'x' })).rejects.toThrow('Arguments of job numbered');
});
