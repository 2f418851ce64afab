import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import type { SyncOptions } from '../../src/inventory/sync.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { type Fault, openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// The action log is read from what it showed, not from when we looked: it may lag, in whole or in part, be
// in another order, and be read by a machine with a wrong clock. In the end the figures are exact.

let database: TestDatabase;
let cloud: SimulatedAccount;
let start: Temporal.Instant;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { real: true });
  start = cloud.simulator.now();
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'one' },
    { type: 'create_droplet', id: 7002, name: 'two' },
  );
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const sync = (options: Partial<SyncOptions> = {}) => cloud.sync({ kinds: ['droplet', 'action'], ...options });
const power = (droplet: number, action: 'power_off' | 'power_on', seconds = 0): FleetEventInput => ({
  type: 'power',
  droplet,
  action,
  seconds,
});

/** Every twelve hours each droplet is off for one, unseen by any listing but those of every hour. */
const script: Readonly<Record<number, FleetEventInput>> = {
  4: power(7001, 'power_off'),
  5: power(7001, 'power_on'),
  10: power(7002, 'power_off'),
  11: power(7002, 'power_on'),
};

/** Lets hours pass, with a sync of every `every` hours; `moments` happen before what is due at their hour. */
async function pass(
  hours: number,
  every: number,
  moments: Readonly<Record<number, () => Promise<unknown>>> = {},
  options: (hour: number) => Partial<SyncOptions> = () => ({}),
): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    await moments[hour]?.();
    const due = script[hour % 12];
    if (due !== undefined) await cloud.happen(due);
    if (hour % every === 0) await sync(options(hour));
    await cloud.advance({ hours: 1 });
  }
}

/** Droplet hours of the first days of May. */
async function hours(days: number): Promise<string | undefined> {
  const from = Temporal.PlainDate.from('2026-05-01');
  const range = { from, to: from.add({ days }) };
  await meterRange(database.db, { ...range, now: cloud.simulator.now() });
  return (await usageForPeriod(database.db, 'unattributed', range.from, range.to)).usage.droplet_hours;
}

/** Four days, two droplets, off for an hour twice a day each. */
const truth = String(2 * 96 - 16);

const lagging = (minutes: number, droplet?: number): Fault => ({
  fault: 'lagging_actions',
  path: '/v2/actions',
  bySeconds: minutes * 60,
  ...(droplet !== undefined && { droplet }),
});

describe('four days end exact', () => {
  test.each([
    ['by half an hour', 3, lagging(30)],
    ['by 90 minutes', 3, lagging(90)],
    ['by 13 hours', 3, lagging(13 * 60)],
    ['by 20 hours', 6, lagging(20 * 60)],
    ['by 13 hours, of one droplet only', 3, lagging(13 * 60, 7001)],
  ])('with a log that lags %s for two days', async (_, every, fault) => {
    await pass(96, every, { 24: () => cloud.upset(fault), 72: () => cloud.calm() });
    await sync();
    expect(await hours(4)).toBe(truth);
  });

  test('with a log that lags for good, a lag later', async () => {
    await cloud.upset(lagging(90));
    await pass(96, 3);
    await cloud.advance({ hours: 2 });
    await sync();
    expect(await hours(4)).toBe(truth);
  });

  test.each([
    ['three hours', 3 * 60],
    ['twenty hours', 20 * 60],
  ])('with one answer that is %s old', async (_, minutes) => {
    await pass(96, 12, { 48: () => cloud.upset({ ...lagging(minutes), count: 1 }) });
    await sync();
    expect(await hours(4)).toBe(truth);
  });

  test('with a log that is in the order of completion', async () => {
    await cloud.upset({ fault: 'unordered_actions' });
    await pass(96, 12, {
      12: () => cloud.happen({ type: 'rename_droplet', droplet: 7002, name: 'new', seconds: 3 * 86_400 }),
    });
    await sync();
    expect(await hours(4)).toBe(truth);
  });

  test('with a reading that breaks off behind its newest page', async () => {
    // More than a page between two readings, of which only the first can be read.
    const many = Array.from(
      { length: 250 },
      (): FleetEventInput => ({ type: 'rename_droplet', droplet: 7002, name: 'two' }),
    );
    await pass(96, 12, {
      43: () => cloud.happen(...many),
      48: () => cloud.upset({ fault: 'server_error', path: '/v2/actions', afterPage: 1 }),
      50: () => cloud.calm(),
    });
    await sync();
    expect(await hours(4)).toBe(truth);
  });

  const ahead = (hours: number): Partial<SyncOptions> => ({
    clock: { now: async () => cloud.simulator.now().add({ hours }) },
  });

  test.each([
    ['two hours ahead for a day', 2, 24, 48, /2 hours ahead of the provider's/],
    ['two hours behind for a day', -2, 24, 48, /2 hours behind the provider's/],
    ['forty days ahead once', 960, 24, 25, /40 days ahead of the provider's/],
  ])('with a machine whose clock is %s', async (_, by, from, to, reason) => {
    await pass(96, 3, {}, (hour) => (hour >= from && hour < to ? ahead(by) : {}));
    await sync();
    expect(await hours(4)).toBe(truth);
    const { rows } = await sql<{ reason: string; outcome: string; wrong: boolean }>`
      SELECT DISTINCT reason, outcome, started_at NOT BETWEEN ${start.add({ hours: from })} AND ${start.add({ hours: to })} AS wrong
      FROM sync_runs WHERE reason IS NOT NULL`.execute(database.db);
    expect(rows).toEqual([{ reason: expect.stringMatching(reason), outcome: 'partial', wrong: false }]);
    const { rows: known } = await sql`SELECT ahead_seconds FROM provider_clock`.execute(database.db);
    expect(known).toEqual([{ ahead_seconds: 0 }]);
  });

  test('with a provider whose clock is off', async () => {
    await pass(96, 3, { 24: () => cloud.upset({ fault: 'clock_skew', seconds: 600 }), 48: () => cloud.calm() });
    await sync();
    expect(await hours(4)).toBe(truth);
    const { rows } = await sql`SELECT FROM sync_runs WHERE reason ~ '10 minutes behind'`.execute(database.db);
    expect(rows).toHaveLength(16);
  });
});

test('an action that is open for eight days is applied when it has completed, and not before', async () => {
  await sync();
  await cloud.advance({ hours: 4 });
  await cloud.happen(power(7002, 'power_off', 8 * 86_400));
  await cloud.advance({ hours: 8 });
  for (let half = 1; half < 20; half++) {
    await sync();
    await cloud.advance({ hours: 12 });
  }
  await sync();
  // Off from the eighth day at four o'clock on.
  expect(await hours(10)).toBe(String(2 * 240 - 44));
});

test('an action that the provider knows no longer is asked for once', async () => {
  await cloud.happen(power(7002, 'power_off', 20 * 86_400));
  await sync();
  await cloud.advance({ days: 4 });
  await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'uno' });
  await sync();
  await cloud.advance({ hours: 2 });
  await cloud.upset({ fault: 'refuse', path: '/v2/actions/' }, lagging(20 * 1440, 7002));
  const requests = async () => (await sync()).find(({ kind }) => kind === 'action')?.requests;
  expect([await requests(), await requests()]).toEqual([2, 1]);
});
