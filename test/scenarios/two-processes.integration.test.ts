import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { connectAccount, identifyCredentials } from '../../src/inventory/accounts.ts';
import type { FlowContext } from '../../src/flows/context.ts';
import { demonstrate, pilotDemonstration } from '../../src/flows/demonstration.ts';
import { type Account, openAccount } from '../../src/inventory/accounts.ts';
import { syncAccount, syncAll } from '../../src/inventory/sync.ts';
import { meterOutstanding } from '../../src/metering/meter.ts';
import { usageOfAll } from '../../src/metering/usage.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { openTestDatabase } from '../database.ts';
import { secretKey } from './simulated-account.ts';

// Two processes on one database, each with a simulator of its own in it, make the same figures of
// the simulated account as one alone.

const days = 10;
const kinds = ['project', 'droplet', 'action'];

function context(onReport: (text: string) => void = () => {}): FlowContext {
  return {
    now: Temporal.Now.instant(),
    principal: { subject: 'test', role: 'owner' },
    progress: { step: (_, work) => work(onReport) },
  };
}

async function openBoth() {
  const { db, connectionString, close } = await openTestDatabase();
  const other = connect({ connectionString, applicationName: 'other process' });
  onTestFinished(async () => {
    await other.destroy();
    await close();
  });
  return { db, other };
}

/** Opens the other process's provider, when the history begins; gives what it does when the clock has moved to a day. */
type Beside = (other: Database, account: Account) => Promise<(day: number) => Promise<unknown>>;

/** The first days of the agency, each day's power-offs between two syncs, while another process does something. */
async function dropletHours(beside: Beside): Promise<unknown> {
  const { db, other } = await openBoth();
  const credentials = { token: 'simulated' };
  const found = await identifyCredentials(db, { apiUrl: 'simulator:agency?seed=1', credentials });
  const account = await connectAccount(db, { ...found, secretKey }, found.identity, context().now);
  const clock = databaseClock(db);
  const provider = await openAccount(db, account, secretKey);
  const besides = await beside(other, account);
  const start = await clock.now();
  for (let day = 0; day <= days; day += 1) {
    await followSimulatedClock(db, start.add({ hours: 24 * day }));
    await Promise.all([besides(day), syncAccount(db, account, provider, { clock, kinds })]);
  }
  await provider.close();
  const { rows } = await sql`SELECT DISTINCT outcome, reason FROM sync_runs`.execute(db);
  expect(rows).toEqual([{ outcome: 'complete', reason: null }]);
  await meterOutstanding(db, { now: await clock.now() });
  const from = Temporal.PlainDate.from('2026-03-20');
  return usageOfAll(db, from, from.add({ days }));
}

let alone: unknown;

test('one process alone sees power-offs', async () => {
  alone = await dropletHours(async () => async () => {});
  expect(alone).toMatchObject([{ usage: { droplet_hours: expect.stringMatching(/^\d{5,}\.\d+$/) } }]);
});

test.each([
  ['every day', 1],
  ['every fifth day', 5],
])('a process that syncs by a simulator of its own, %s, changes no figure', async (_, every) => {
  const disturbed = await dropletHours(async (other, account) => {
    const provider = await openAccount(other, account, secretKey);
    onTestFinished(() => provider.close());
    return async (day) => {
      if (day % every !== 0) return;
      await syncAccount(other, account, provider, { clock: databaseClock(other), kinds });
      await syncAll(other, { secretKey, kinds });
    };
  });
  expect(disturbed).toEqual(alone);
});

test('two processes that create one history: the second says so, waits, and continues with what is there', async () => {
  const { db, other } = await openBoth();
  const hours = (count: number) => Temporal.Duration.from({ hours: count });
  const request = { ...pilotDemonstration(), cadence: hours(2), length: hours(48), secretKey };
  const said: string[] = [];
  const [first, second] = await Promise.all([
    demonstrate(db, request, context()),
    sleep(100).then(() =>
      demonstrate(
        other,
        request,
        context((text) => said.push(text)),
      ),
    ),
  ]);
  expect([first.syncs, second.syncs]).toEqual([25, 1]);
  expect(said).toContainEqual(
    expect.stringMatching(/^2026-05-0\S+ of 2026-05-03T00:00:00Z: another process creates it/),
  );
  expect(second.account).toEqual(first.account);
});
