import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../test/http/api-fixture.ts';
import { until } from '../../test/jobs/worker-fixture.ts';
import { createLog } from '../platform/log.ts';
import { overrideSchedule, writeSchedule } from './schedule.ts';
import { startWorker } from './worker.ts';
import { program } from '../modules.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function ask<Answer>(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<Answer> {
  const response = await api.fetch(path, init);
  const answer = (await response.json()) as Answer;
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

interface Job {
  readonly jobId: string;
  readonly job: string;
  readonly state: string;
  readonly reason: string | null;
}
const run = (job: string, args: object = {}) =>
  ask<{ jobId: string; enqueued: boolean }>('/jobs', json('POST', { job, arguments: args }));
const show = (id: string) => ask<Job>(`/jobs/${id}`);

test('a job is run, seen, listed in pages and cancelled, in the name of who asked', async () => {
  const first = await run('sync_snapshots', { account: 'acme' });
  expect(first.enqueued).toBe(true);
  expect(await run('sync_snapshots', { account: 'acme' })).toEqual({ jobId: first.jobId, enqueued: false });
  await run('sync_snapshots', { account: 'beta' });
  await run('meter');
  expect(await show(first.jobId)).toMatchObject({
    jobId: first.jobId,
    queue: 'cloud_sync_full',
    job: 'sync_snapshots',
    arguments: { account: 'acme' },
    state: 'waiting',
    attempt: 0,
    attemptsMax: 3,
    createdAt: expect.stringMatching(/Z$/),
    startedAt: null,
  });

  const seen: string[] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await ask<{ items: Job[]; nextCursor: string | null }>(`/jobs?limit=1${query}`);
    seen.push(...page.items.map(({ job }) => job));
    cursor = page.nextCursor;
    more = cursor !== null;
  }
  expect(seen).toEqual(['meter', 'sync_snapshots', 'sync_snapshots']);
  const narrow = await ask<{ items: Job[] }>('/jobs?queue=metering&state=waiting&job=meter');
  expect(narrow.items.map(({ job }) => job)).toEqual(['meter']);

  const cancelled = await ask('/jobs/cancel', json('POST', { job: 'sync_snapshots', arguments: { account: 'acme' } }));
  expect(cancelled).toEqual({ cancelled: 1, written: true });
  expect(await show(first.jobId)).toMatchObject({ state: 'cancelled', reason: 'cancelled by test owner null' });
  expect(await ask('/jobs/retry', json('POST', { ids: [first.jobId] }))).toEqual({ retried: 1, written: true });
  expect((await show(first.jobId)).state).toBe('waiting');

  const { rows } = await sql<{ actor: string; decision: string }>`
    SELECT actor, after ->> 'decision' AS decision FROM audit_log WHERE table_name = 'job_decisions' ORDER BY position`.execute(
    database.db,
  );
  expect(rows.map(({ decision }) => decision)).toEqual(['run', 'run', 'run', 'run', 'cancel', 'retry']);
  expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(['test owner null']));
});

test('queues are listed, paused and scaled, and a worker follows', async () => {
  const { items } = await ask<{ items: { queue: string; paused: boolean; limit: number; exclusive: boolean }[] }>(
    '/queues',
  );
  expect(Object.fromEntries(items.map(({ queue, limit }) => [queue, limit]))).toEqual({
    provisioning: 5,
    drift: 1,
    cloud_sync_fast: 5,
    cloud_sync_full: 3,
    cloud_sync_slow: 1,
    cloud_billing: 1,
    metering: 2,
    gateway_events: 5,
    webhooks: 5,
    default: 5,
  });
  expect(items.filter(({ exclusive }) => exclusive).map(({ queue }) => queue)).toEqual([
    'cloud_billing',
    'cloud_sync_slow',
    'drift',
  ]);
  expect(await ask('/queues/metering', json('PATCH', { paused: true, limit: 4 }))).toMatchObject({
    paused: true,
    limit: 4,
  });
  expect(await ask('/queues/metering', json('PATCH', { limit: 3, worker: 'big' }))).toMatchObject({
    workers: [{ worker: 'big', limit: 3, paused: true }],
  });
  const { jobId: id } = await run('meter');
  const log = createLog({ level: 'silent', format: 'json' });
  const { db, connectionString } = database;
  const worker = await startWorker({
    db,
    connectionString,
    config: api.config,
    log,
    program,
    registry: new Registry(),
  });
  try {
    const other = await run('prune_jobs');
    await until(async () => (await show(other.jobId)).state === 'completed', 'the others go on');
    expect((await show(id)).state).toBe('waiting');
    await ask('/queues/metering', json('PATCH', { paused: false }));
    await until(async () => (await show(id)).state === 'completed', 'it goes on');
  } finally {
    await worker.stop();
  }
});

test('the schedule is that of the worker that started last, whatever this process is told', async () => {
  const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
  const declared = program.schedule;
  const shown = async () =>
    (await ask<{ items: { name: string; cron: string }[] }>('/schedule')).items.map(({ name, cron }) => [name, cron]);
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  const asDeclared = declared.toSorted(byName).map(({ name, cron }) => [name, cron]);
  expect(await shown()).toEqual(asDeclared);
  const own = overrideSchedule(declared, { spaces: '5 2 * * *', backups: null });
  await writeSchedule(database.db, declared, own, at);
  expect(await shown()).toEqual(own.toSorted(byName).map(({ name, cron }) => [name, cron]));
  await writeSchedule(database.db, declared, declared, at);
  expect(await shown()).toEqual(asDeclared);
});

test('the schedule is as the command shows it', async () => {
  const { items } = await ask<{ items: { name: string; cron: string; next: string; last: string | null }[] }>(
    '/schedule',
  );
  expect(items.find(({ name }) => name === 'resources')).toMatchObject({
    cron: '*/15 * * * *',
    next: expect.stringMatching(/Z$/),
  });
  expect(items.find(({ name }) => name === 'metering')).toMatchObject({
    cron: '10 1 * * *',
    job: 'meter',
    queue: 'metering',
  });
});

test('what is not there, not meant, or not theirs to do is refused', async () => {
  const status = async (path: string, init?: Parameters<TestApi['fetch']>[1]) => (await api.fetch(path, init)).status;
  expect(await status('/jobs/0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e')).toBe(404);
  expect(await status('/jobs', json('POST', { job: 'nonsense' }))).toBe(404);
  expect(await status('/jobs', json('POST', { job: 'sync_snapshots', arguments: { account: 7 } }))).toBe(400);
  expect(await status('/jobs/cancel', json('POST', {}))).toBe(400);
  expect(await status('/queues/metering', json('PATCH', {}))).toBe(400);
  expect(await status('/queues/cloud_billing', json('PATCH', { limit: 2 }))).toBe(400);
  expect(await status('/jobs', { as: 'viewer' })).toBe(200);
  expect(await status('/jobs', { ...json('POST', { job: 'meter' }), as: 'viewer' })).toBe(403);
  expect(await status('/queues/metering', { ...json('PATCH', { paused: true }), as: 'finance' })).toBe(403);
});
