import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { assertClocksAgree, followSimulatedClock, noteProviderClock } from './clock.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(() => database.close());

test('a clock that is minutes off the provider is not gone by, until the provider says that it is right', async () => {
  const { db } = database;
  await assertClocksAgree(db);
  await noteProviderClock(db, 90);
  await assertClocksAgree(db);
  await noteProviderClock(db, 3 * 86_400);
  await expect(assertClocksAgree(db)).rejects.toMatchObject({
    code: 'clock_skewed',
    message: "This machine's clock is 3 days ahead of the provider's. Nothing is done by it.",
  });
  await noteProviderClock(db, -121);
  await expect(assertClocksAgree(db)).rejects.toThrow("2 minutes, 1 second behind the provider's");
  await noteProviderClock(db, -119);
  await assertClocksAgree(db);
});

test('a simulated clock is what it says it is', async () => {
  const { db } = database;
  await noteProviderClock(db, 3 * 86_400);
  await followSimulatedClock(db, Temporal.Instant.from('2026-05-01T00:00:00Z'));
  await assertClocksAgree(db);
});
