import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { databaseClock, followSimulatedClock, toMicroseconds } from './clock.ts';
import { connect } from './database/database.ts';

const { db, connectionString, close } = await openTestDatabase();
afterAll(close);

test('real time until a simulator speaks; then its instant, for every process, and never back', async () => {
  const clock = databaseClock(db);
  const before = toMicroseconds(Temporal.Now.instant());
  const now = await clock.now();
  expect(Temporal.Instant.compare(before, now)).toBeLessThanOrEqual(0);
  expect(Temporal.Instant.compare(now, Temporal.Now.instant())).toBeLessThanOrEqual(0);

  const may = Temporal.Instant.from('2026-05-01T00:00:00.123456Z');
  await followSimulatedClock(db, may);
  const other = connect({ connectionString, max: 1 });
  expect((await databaseClock(other).now()).equals(may)).toBe(true);
  await other.destroy();

  await followSimulatedClock(db, may.subtract({ hours: 1 }));
  expect((await clock.now()).equals(may)).toBe(true);
  await followSimulatedClock(db, may.add({ hours: 1 }));
  expect((await clock.now()).equals(may.add({ hours: 1 }))).toBe(true);
});
