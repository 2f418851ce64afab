import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syncAccount } from '../../src/inventory/sync.ts';
import { getAccount, openAccount } from '../../src/inventory/accounts.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { noteToken } from '../../src/inventory/token-check.ts';
import { replaceMembers, type ListingEvent } from '../../src/cloud/index.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Whether everything can be seen: of each account and kind when it was read whole, since when there is a gap, what the
// token may still send and what it may not read.

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase({ beginning: smallDemonstration });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

interface Status {
  readonly accounts: readonly {
    readonly account: string;
    readonly requests: { remaining: number; limit: number } | null;
    readonly token: { checkedAt: string; missing: { scope: string; money: unknown[] }[] } | null;
    readonly kinds: readonly {
      kind: string;
      lastComplete: string | null;
      ageSeconds: number | null;
      listed: number | null;
      lastRun: { outcome: string; reason: string | null } | null;
      running: { seen: number } | null;
      gapSince: string | null;
      estimatedUntil: string | null;
      nextRun: string | null;
    }[];
  }[];
  readonly gaps: number;
  readonly incomplete: number;
  readonly kinds: number;
}
async function status(): Promise<Status> {
  const response = await api.fetch('/account-status', { as: 'viewer' });
  expect(response.status).toBe(200);
  return (await response.json()) as Status;
}
async function droplets() {
  const found = (await status()).accounts[0]?.kinds.find(({ kind }) => kind === 'droplet');
  if (found === undefined) throw new Error('Droplets were never read.');
  return found;
}

test('what was read whole says when, how many, what is left of the budget, and when it is read next', async () => {
  const { accounts, incomplete, gaps, kinds } = await status();
  expect([incomplete, gaps]).toEqual([0, 0]);
  expect(kinds).toBe(accounts[0]?.kinds.length);
  expect(accounts[0]).toMatchObject({ requests: { limit: 5000 }, token: null });
  expect(accounts[0]?.requests?.remaining).toBeGreaterThan(0);
  const found = await droplets();
  expect(found).toMatchObject({
    lastRun: { outcome: 'complete', reason: null },
    running: null,
    gapSince: null,
    nextRun: expect.stringMatching(/Z$/),
  });
  expect(found.listed).toBeGreaterThan(0);
});

test('what was not seen for longer than it may is a gap, and says until when it is estimated', async () => {
  const { db } = database;
  const read = (await droplets()).lastComplete ?? '';
  // The demonstration is read once a day, and its limits are as wide.
  const limit = { resourceKind: 'droplet', fromDay: '2026-05-01', gapAfterHours: 6, carryForwardHours: 72 };
  expect((await api.fetch('/usage/limits', json('POST', limit))).status).toBe(200);
  const hours = (count: number) => Temporal.Instant.from(read).add({ hours: count });
  await sql`UPDATE simulated_clock SET instant = ${hours(7)}`.execute(db);
  const found = await droplets();
  expect(found).toMatchObject({ gapSince: read, estimatedUntil: hours(72).toString(), ageSeconds: 7 * 3600 });
  expect((await status()).gaps).toBeGreaterThan(0);
});

test('a listing that goes on says how many it has seen; a scope that is missing says what it hides', async () => {
  const { db } = database;
  const account = await getAccount(db, (await status()).accounts[0]?.account ?? '');
  const provider = await openAccount(db, account, await openSecretKey(db, api.config));
  const between = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  async function* slowly<Item>(events: AsyncIterable<ListingEvent<Item>>): AsyncIterable<ListingEvent<Item>> {
    for await (const event of events) {
      if (event.type !== 'end') await new Promise((resolve) => setTimeout(resolve, 1_100));
      else {
        reached.resolve();
        await between.promise;
      }
      yield event;
    }
  }
  const slow = replaceMembers(provider, { list: (...call) => slowly(provider.list(...call)) });
  const reading = syncAccount(db, account, slow, { kinds: ['droplet'], clock: databaseClock(db) });
  await reached.promise;
  expect((await droplets()).running?.seen).toBeGreaterThan(0);
  between.resolve();
  await reading;
  expect((await droplets()).running).toBeNull();

  const without = replaceMembers(provider, {
    scopes: async () =>
      (await provider.scopes()).map((each) =>
        each.scope === 'droplet:read' ? { ...each, granted: 'no' as const } : each,
      ),
  });
  await noteToken(db, account, without, await databaseClock(db).now());
  const missing = (await status()).accounts[0]?.token?.missing;
  expect(missing?.map(({ scope }) => scope)).toEqual(['droplet:read', 'Spaces key']);
  expect(missing?.[0]?.money.slice(0, 2)).toMatchObject([
    { kind: 'droplet', field: null, resources: 2 },
    { kind: 'droplet_backup', field: null },
  ]);
  await provider.close();
});

test('a token is asked once an hour at most, and what could not be asked for stays as it was known', async () => {
  const { db } = database;
  const account = await getAccount(db, (await status()).accounts[0]?.account ?? '');
  const provider = await openAccount(db, account, await openSecretKey(db, api.config));
  let asked = 0;
  const unknown = (isUnknown: (scope: string) => boolean) =>
    replaceMembers(provider, {
      scopes: async () => {
        asked += 1;
        const found = await provider.scopes();
        return found.map((each) => (isUnknown(each.scope) ? { ...each, granted: 'unknown' as const } : each));
      },
    });
  const token = async () => {
    const { checkedAt, missing } = (await status()).accounts[0]?.token ?? { checkedAt: '', missing: [] };
    return [checkedAt, missing.map(({ scope }) => scope)];
  };
  const before = await token();
  expect(before[1]).toContain('droplet:read');
  const now = await databaseClock(db).now();
  const silent = unknown((scope) => scope !== 'Spaces key');
  await noteToken(db, account, silent, now.add({ minutes: 59 }));
  expect(asked).toBe(0);
  await noteToken(db, account, silent, now.add({ minutes: 60 }));
  expect([asked, await token()]).toEqual([1, before]);
  const later = now.add({ minutes: 61 });
  await noteToken(
    db,
    account,
    unknown((scope) => scope === 'droplet:read'),
    later,
  );
  expect(await token()).toEqual([later.toString(), before[1]]);
  await provider.close();
});
