import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import {
  announceHistory,
  followSimulatedClock,
  moveSimulatedClock,
  notSimulated,
  paceMax,
  readSimulation,
  setPace,
} from '../platform/clock.ts';
import { keepClockGoing } from './living-clock.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

const begin = Temporal.Instant.from('2026-06-18T00:00:00Z');
const quarters = async () => (await readSimulation(db))!.instant.since(begin).total('minutes') / 15;

/** For as long as it would move on twice. */
async function standsStill(): Promise<boolean> {
  const before = await quarters();
  await sleep(1_200);
  return (await quarters()) === before;
}

function fail(error: unknown): never {
  throw error;
}

test('a real clock cannot be set', async () => {
  await expect(setPace(db, 60)).rejects.toMatchObject({ code: notSimulated.declaration.code });
  await announceHistory(db, begin);
  await moveSimulatedClock(db, 900);
  expect(await readSimulation(db)).toBeNull();
});

test('a simulated clock goes at its pace, a quarter of an hour at a time, by one process, while somebody watches', async () => {
  await followSimulatedClock(db, begin);
  await expect(setPace(db, paceMax + 1)).rejects.toThrow('simulated_clock');
  await setPace(db, paceMax);
  const ending = new AbortController();
  let watching = 0;
  const options = { watchers: () => watching, signal: ending.signal, onError: fail };
  const going = [keepClockGoing(db, options), keepClockGoing(db, options)];
  // As long as two of its looks at who watches.
  await sleep(1_200);
  expect(await quarters()).toBe(0);

  watching = 1;
  const since = performance.now();
  await expect.poll(quarters).toBeGreaterThanOrEqual(2);
  const secondsOfStep = 900 / paceMax;
  expect(await quarters()).toBeLessThanOrEqual((performance.now() - since) / 1_000 / secondsOfStep + 1);

  // What is being created moves the clock itself.
  await announceHistory(db, begin.add({ hours: 24 * 90 }));
  await expect.poll(standsStill).toBe(true);
  const stood = await quarters();
  await setPace(db, 0);
  await announceHistory(db, null);
  expect(await standsStill()).toBe(true);
  expect(await quarters()).toBe(stood);

  await setPace(db, paceMax);
  await expect.poll(quarters).toBeGreaterThan(stood);
  ending.abort();
  await Promise.all(going);
});
