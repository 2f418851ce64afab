import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { json, startTestApi, type TestApi } from '../../test/http/api-fixture.ts';
import { openWorkerFixture, until, type WorkerFixture } from '../../test/jobs/worker-fixture.ts';
import { declareJob } from '../platform/declare/job.ts';
import { AttemptLog } from './attempt-log.ts';

// What is kept of jobs for whoever looks: each attempt with its worker and error, how far it is, what queues did in each
// minute; and decisions about many, which state how many.

let fixture: WorkerFixture;
let api: TestApi;
beforeAll(async () => {
  fixture = await openWorkerFixture();
  api = await startTestApi(fixture);
});
afterAll(async () => {
  await api.close();
  await fixture.close();
});

async function ask<Answer>(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<Answer> {
  const response = await api.fetch(path, init);
  const answer = (await response.json()) as Answer;
  if (!response.ok) throw new Error(JSON.stringify([answer, api.lines.filter(({ err }) => err !== undefined)]));
  return answer;
}

interface Life {
  readonly state: string;
  readonly attempts: readonly { attempt: number; worker: string; outcome: string | null; reason: string | null }[];
  readonly progress: { text: string } | null;
}
const life = (id: string) => ask<Life>(`/jobs/${id}`);

const release = Promise.withResolvers<void>();

/** It fails twice, then says how far it is and waits. */
const slow = declareJob({
  name: 'test_slow',
  queue: 'default',
  title: 'For tests',
  arguments: z.strictObject({ what: z.string() }),
  timeoutSeconds: 120,
  attemptsMax: 3,
  async run({ attempt, report }) {
    if (attempt < 3) throw new Error(`not at attempt ${attempt}`);
    report('7 of 9 seen');
    await release.promise;
  },
});

const failing = declareJob({
  name: 'test_failing',
  queue: 'default',
  title: 'For tests',
  arguments: z.strictObject({ n: z.number() }),
  timeoutSeconds: 60,
  attemptsMax: 1,
  run: async ({ arguments: { n } }) => {
    throw new Error(`refused ${n}`);
  },
});

test('each attempt is kept with its worker and error, and what runs says how far it is', async () => {
  const worker = await fixture.start({ jobs: [slow], name: 'big-host', queues: ['default'] });
  const id = await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, slow, { what: 'all' }));
  if (id === null) throw new Error('It was enqueued already.');
  // Between attempts the queue waits; nobody does here.
  await until(async () => {
    await sql`UPDATE pgboss.job SET start_after = pgboss.job_now() WHERE id = ${id} AND state = 'retry'`.execute(
      fixture.db,
    );
    return (await life(id)).progress !== null;
  }, 'it says how far it is');
  expect(await life(id)).toMatchObject({
    state: 'running',
    progress: { text: '7 of 9 seen' },
    attempts: [
      { attempt: 1, worker: 'big-host', outcome: 'failed', reason: 'not at attempt 1' },
      { attempt: 2, worker: 'big-host', outcome: 'failed', reason: 'not at attempt 2' },
      { attempt: 3, worker: 'big-host', outcome: null, reason: null },
    ],
  });
  release.resolve();
  await until(async () => (await life(id)).state === 'completed', 'it ends');
  await until(async () => (await life(id)).attempts.at(-1)?.outcome === 'completed', 'its end is kept');
  expect((await life(id)).progress).toBeNull();

  const summary = await ask<{
    minutes: number;
    queues: { queue: string; completed: number; failed: number; failedPerMinute: number[] }[];
    totals: { completed: number; failed: number };
  }>('/jobs/summary?minutes=30');
  const queue = summary.queues.find((each) => each.queue === 'default');
  expect(queue).toMatchObject({ completed: 1, failed: 2 });
  expect([queue?.failedPerMinute.length, queue?.failedPerMinute.reduce((a, b) => a + b)]).toEqual([30, 2]);
  const { rows } = await sql<{ type: string }>`
    SELECT DISTINCT type FROM event_outbox WHERE type = 'job.progress' AND subject = ${id}
    UNION SELECT DISTINCT type FROM events WHERE type = 'job.progress' AND subject = ${id}`.execute(fixture.db);
  expect(rows).toEqual([{ type: 'job.progress' }]);
  await worker.stop();
});

test('what PostgreSQL takes in no text refuses no attempt', async () => {
  const log = new AttemptLog();
  const jobId = '0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e';
  const startedAt = Temporal.Instant.from('2026-06-01T00:00:00Z');
  log.begin({ jobId, claim: 0, attempt: 1, queue: 'default', job: 'test_slow', worker: 'big-host', startedAt });
  log.say({ jobId, claim: 0 }, `${'a'.repeat(499)}\u{1f4be}`);
  await log.flush(fixture.db);
  log.end({ jobId, claim: 0 }, 'failed', 'no \0 in a text');
  await log.flush(fixture.db);
  const { rows } = await sql<{ progress: string; reason: string }>`
    SELECT progress, reason FROM job_attempts WHERE job_id = ${jobId}`.execute(fixture.db);
  expect(rows).toEqual([{ progress: `${'a'.repeat(499)}\ufffd`, reason: 'no \ufffd in a text' }]);
});

test('jobs run and are tried again while their attempts cannot be written', async () => {
  await sql`ALTER TABLE job_attempts RENAME TO job_attempts_away`.execute(fixture.db);
  const again = { ...slow, run: slow.run, name: 'test_again' };
  const worker = await fixture.start({ jobs: [again], queues: ['default'] });
  const id = await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, again, { what: 'again' }));
  const state = async () => (await worker.jobs.show(id ?? '')).state;
  await until(async () => {
    // Nobody is notified of it: the worker sees it when it looks.
    await sql`UPDATE pgboss.job SET start_after = pgboss.job_now() WHERE id = ${id} AND state = 'retry'`.execute(
      fixture.db,
    );
    return (await state()) === 'completed';
  }, 'it is done at its third attempt');
  await sql`ALTER TABLE job_attempts_away RENAME TO job_attempts`.execute(fixture.db);
  await worker.stop();
});

test('a decision about many states how many, and is refused once they are others', async () => {
  const worker = await fixture.start({ jobs: [failing], queues: ['default'] });
  await fixture.db.transaction().execute(async (trx) => {
    // Figures that no id begins with by chance.
    for (let n = 0; n < 40; n += 1) await worker.jobs.enqueue(trx, failing, { n: 9_990_000 + n });
  });
  type Summary = { matching: number; states: { state: string; jobs: number }[] };
  const dead = async (filter = 'job=test_failing') =>
    (await ask<Summary>(`/jobs/summary?${filter}`)).states.find(({ state }) => state === 'dead')?.jobs;
  await until(async () => (await dead()) === 40, 'all are dead');
  await worker.stop();
  expect(
    (await ask<{ items: { reason: string }[] }>('/jobs?state=dead&q=9990037')).items.map(({ reason }) => reason),
  ).toEqual(['refused 9990037']);
  expect(await dead('q=9990037')).toBe(1);
  const [first] = (await ask<{ items: { jobId: string }[] }>('/jobs?state=dead&limit=1')).items;
  expect(await dead(`q=${first?.jobId.slice(0, 23)}`)).toBeGreaterThan(0);
  expect(await dead('q=nothing')).toBe(0);
  expect(await dead('to=2020-01-01T00:00:00Z')).toBe(0);

  const which = { job: 'test_failing', state: 'dead' };
  expect(await ask('/jobs/retry?preview=true', json('POST', which))).toEqual({ retried: 40, written: false });
  expect(await dead()).toBe(40);
  const refused = await api.fetch('/jobs/retry', json('POST', { ...which, expectedCount: 39 }));
  expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
    409,
    '40 jobs would run again now, not 39.',
  ]);
  expect(await dead()).toBe(40);
  expect(await ask('/jobs/retry', json('POST', { ...which, expectedCount: 40 }))).toEqual({
    retried: 40,
    written: true,
  });
  expect(await dead()).toBe(0);
  const waiting = { job: 'test_failing' };
  expect(await ask('/jobs/cancel?preview=true', json('POST', waiting))).toEqual({ cancelled: 40, written: false });
  expect((await api.fetch('/jobs/cancel', json('POST', { ...waiting, expectedCount: 41 }))).status).toBe(409);
  expect(await ask('/jobs/cancel', json('POST', { ...waiting, expectedCount: 40 }))).toEqual({
    cancelled: 40,
    written: true,
  });
});
