import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openTestDatabase } from '../../../test/database.ts';
import { startTestApi } from '../../../test/http/api-fixture.ts';
import { insertAccount } from '../../../test/fixtures/inventory.ts';
import { followSimulatedClock } from '../../platform/clock.ts';
import { declareOperation, staff } from '../../platform/declare/operation.ts';

const operations = [
  declareOperation({
    method: 'GET',
    path: '/now',
    name: 'test now',
    operationId: 'now',
    tag: 'jobs',
    summary: 'The instant of the request',
    roles: staff,
    response: z.object({ now: z.string() }),
    run: async ({ now }) => ({ now: now.toString() }),
  }),
];

async function serve() {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const api = await startTestApi(database, { operations });
  onTestFinished(() => api.close());
  const now = async () => {
    const { now: said } = (await (await api.fetch('/now')).json()) as { now: string };
    return Temporal.Instant.from(said);
  };
  return { db: database.db, now };
}

test('a request has the instant of the simulated cloud, as it is when the request comes', async () => {
  const { db, now } = await serve();
  const before = Temporal.Now.instant().subtract({ milliseconds: 1 });
  expect(Temporal.Instant.compare(before, await now())).toBe(-1);
  let instant = Temporal.Instant.from('2031-05-01T00:00:00Z');
  for (let hour = 0; hour < 3; hour += 1) {
    instant = instant.add({ hours: 1 });
    await followSimulatedClock(db, instant);
    expect((await now()).toString()).toBe(instant.toString());
  }
});

test('a request to a database of real accounts does not ask it for the time', async () => {
  const { db, now } = await serve();
  await insertAccount(db, 'real');
  await now();
  const held = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const holding = db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE simulated_clock IN ACCESS EXCLUSIVE MODE`.execute(trx);
    held.resolve();
    await end.promise;
  });
  await held.promise;
  try {
    const before = Temporal.Now.instant().subtract({ milliseconds: 1 });
    expect(Temporal.Instant.compare(before, await now())).toBe(-1);
  } finally {
    end.resolve();
    await holding;
  }
});
