import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { type Engine, openEngine } from './engine.ts';
import { countByJob, countByState, deleteEnded, release, promote, readJobs } from './store.ts';
import { program } from '../modules.ts';

let database: TestDatabase;
let engine: Engine;
beforeAll(async () => {
  database = await openTestDatabase();
  engine = await openEngine({
    connectionString: database.connectionString,
    queues: program.queues,
    worker: null,
    onError: () => {},
  });
});
afterAll(async () => {
  await engine.close();
  await database.close();
});

const age = (state: string, days: number) =>
  sql`
  INSERT INTO pgboss.job (name, state, completed_on, data)
  VALUES ('default', ${state}::pgboss.job_state, now() - ${days} * interval '1 day', ${JSON.stringify({ job: `${state} ${days}`, arguments: {} })})
`.execute(database.db);

test('ended jobs are deleted by age, dead ones later, waiting ones never', async () => {
  for (const state of ['completed', 'cancelled', 'failed']) for (const days of [6, 8, 89, 91]) await age(state, days);
  await sql`
    INSERT INTO pgboss.job (name, created_on, data) VALUES ('default', now() - interval '1000 days', '{"job": "waiting", "arguments": {}}')
  `.execute(database.db);
  expect(await deleteEnded(database.db, 7, 90, 5)).toBe(5);
  expect(await deleteEnded(database.db, 7, 90, 5)).toBe(2);
  expect(await deleteEnded(database.db, 7, 90, 5)).toBe(0);
  const left = (await readJobs(database.db, {}, 100)).map(({ job }) => job);
  expect(left.toSorted()).toEqual(['cancelled 6', 'completed 6', 'failed 6', 'failed 8', 'failed 89', 'waiting']);
  await sql`DELETE FROM pgboss.job`.execute(database.db);
});

test('of what is done the newest of each queue are counted, and since when; a page goes on through all of it', async () => {
  const { db } = database;
  await sql`
    INSERT INTO pgboss.job (name, state, created_on, completed_on, data)
    SELECT CASE n % 2 WHEN 0 THEN 'default' ELSE 'metering' END,
           (CASE WHEN n <= 4 THEN 'failed' WHEN n <= 8 THEN 'cancelled' ELSE 'completed' END)::pgboss.job_state,
           timestamptz '2026-01-01' - n * interval '1 second', timestamptz '2026-01-01',
           jsonb_build_object('job', 'old', 'arguments', jsonb_build_object('n', n))
    FROM generate_series(1, 10020) AS n`.execute(db);
  const counted = (states: readonly { state: string; jobs: number }[]) =>
    Object.fromEntries(states.map(({ state, jobs }) => [state, jobs]));
  const all = await countByState(db, {});
  expect(counted(all.states)).toEqual({ dead: 4, cancelled: 4, completed: 9996 });
  // The newest that is not counted; the other queue has one as well.
  expect(all.countedSince?.until(Temporal.Instant.from('2026-01-01T00:00:00Z')).total('seconds')).toBe(10_005);
  const from = Temporal.Instant.from('2026-01-01T00:00:00Z').subtract({ seconds: 9_000 });
  const since = await countByState(db, { from });
  expect([counted(since.states), since.countedSince]).toEqual([{ dead: 4, cancelled: 4, completed: 8992 }, null]);
  expect(counted((await countByState(db, { job: 'other' })).states)).toEqual({});
  expect((await countByState(db, { states: ['dead'] })).countedSince).toBeNull();
  expect((await countByState(db, { queue: 'default' })).countedSince?.toString()).toBe('2025-12-31T21:13:14Z');
  expect((await countByState(db, { queue: 'invoices' })).countedSince).toBeNull();
  expect(await countByJob(db)).toMatchObject([
    { job: 'old', queue: 'default', cancelled: 2, dead: 2 },
    { job: 'old', queue: 'metering', cancelled: 2, dead: 2 },
  ]);
  const seen: number[] = [];
  for (let after: { createdAt: Temporal.Instant; id: string } | null = null; ; ) {
    const page: Awaited<ReturnType<typeof readJobs>> = await readJobs(db, {}, 3_000, after);
    const last = page.at(-1);
    if (last === undefined) break;
    seen.push(...page.map((job) => Number(job.arguments.n)));
    after = { createdAt: last.createdAt, id: last.id };
  }
  expect(seen).toEqual(Array.from({ length: 10_020 }, (_, index) => index + 1));
  expect((await readJobs(db, { states: ['dead'] }, 10)).map(({ arguments: args }) => args.n)).toEqual([1, 2, 3, 4]);
  await sql`DELETE FROM pgboss.job`.execute(db);
});

test('what waits for an instant of the simulated clock runs when that comes, not before', async () => {
  const { db } = database;
  await engine.boss.send('default', { job: 'snoozed', arguments: {} });
  const [attempt] = await engine.boss.fetch('default');
  if (attempt === undefined) throw new Error('nothing to claim');
  const notBefore = Temporal.Instant.from('2026-05-01T12:00:00Z');
  expect(await release(db, 'default', attempt, 3600, 'rate limited', notBefore)).toBe(true);
  expect(await promote(db, notBefore.subtract({ seconds: 1 }))).toEqual([]);
  expect(await readJobs(db, {}, 1)).toMatchObject([{ state: 'scheduled', reason: 'rate limited', attempt: 0 }]);
  expect(await promote(db, notBefore)).toEqual(['default']);
  expect(await readJobs(db, {}, 1)).toMatchObject([{ state: 'waiting' }]);
});
