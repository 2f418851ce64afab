import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { type Engine, openEngine } from './engine.ts';
import { deleteEnded, release, promote, readJobs } from './store.ts';
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
