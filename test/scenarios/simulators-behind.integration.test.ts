import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceMembers } from '../../src/cloud/replace-members.ts';
import { openProvider } from '../../src/cloud/open.ts';
import type { Provider } from '../../src/cloud/provider.ts';
import { type Account, connectAccount } from '../../src/inventory/accounts.ts';
import { syncAccount } from '../../src/inventory/sync.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { secretKey } from './simulated-account.ts';

// A simulator that is started anew shows its fleet as it was. Everything that came since seems to
// have gone: it must not be believed.

let database: TestDatabase;
let simulator: Simulator;
let provider: Provider;
let account: Account;
let start: Temporal.Instant;

beforeEach(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'agency', seed: 1 });
  start = simulator.start;
  simulator.advanceTo(start.add({ hours: 24 * 40 }));
  const spaces = { accessKeyId: 'k', secretAccessKey: 's', regions: ['ams3'], endpoint: simulator.s3Endpoint };
  const request = {
    provider: 'digitalocean',
    apiUrl: simulator.url,
    credentials: { token: 'behind', spaces },
    secretKey,
  };
  provider = await openProvider('digitalocean', request);
  account = await connectAccount(database.db, request, await provider.identify(), start);
  await sync(provider);
});
afterEach(async () => {
  await provider.close();
  await simulator.close();
  await database.close();
});

function sync(through: Provider) {
  return syncAccount(database.db, account, through, { clock: databaseClock(database.db) });
}

/** At the same address, as a person would who starts it again. */
async function restart(at: Temporal.Instant): Promise<void> {
  await simulator.close();
  simulator = await startSimulator({ fleet: 'agency', seed: 1, at, port: Number(new URL(simulator.url).port) });
}

async function facts() {
  const { rows } = await sql<{ facts: string }>`
    SELECT string_agg(s::text, E'\n' ORDER BY s::text) AS facts FROM inventory_states s`.execute(database.db);
  return rows[0]?.facts;
}

test('one that stands before the clock of the database is refused, and ends nothing', async () => {
  const before = await facts();
  await restart(start);
  await expect(sync(provider)).rejects.toMatchObject({ code: 'clock_behind' });
  const credentials = { token: 'behind' };
  const request = { provider: 'digitalocean', apiUrl: simulator.url, credentials, secretKey };
  const fresh = await openProvider('digitalocean', request);
  await expect(connectAccount(database.db, request, await fresh.identify(), start)).rejects.toMatchObject({
    code: 'clock_behind',
  });
  await fresh.close();
  expect(await facts()).toEqual(before);

  await restart(start.add({ hours: 24 * 40 }));
  expect(new Set((await sync(provider)).map(({ outcome }) => outcome))).toEqual(new Set(['complete']));
  expect(await facts()).toEqual(before);
});

test('one that is started anew within a sync ends nothing, buckets included', async () => {
  const before = await facts();
  const interrupted = replaceMembers(provider, {
    async identify() {
      const identity = await provider.identify();
      await restart(start);
      return identity;
    },
  });
  const results = await sync(interrupted);
  expect(results.map(({ kind }) => kind)).toContain('spaces_bucket');
  for (const { outcome, reason } of results)
    expect([outcome, reason]).toEqual(['failed', expect.stringContaining('before 2026-04-29')]);
  expect(await facts()).toEqual(before);
});
