import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepClockGoing } from '../../src/flows/index.ts';
import {
  type Account,
  connectAccount,
  getAccount,
  identifyCredentials,
  openAccount,
  openSecretKey,
  syncAccount,
} from '../../src/inventory/index.ts';
import { program } from '../../src/modules.ts';
import { databaseClock, paceMax, setPace } from '../../src/platform/clock.ts';
import { type Config, loadConfig } from '../../src/platform/config.ts';
import { SnoozeJob } from '../../src/platform/declare/job.ts';
import { grantWriting } from '../../src/provisioning/grants.ts';
import { beginRollout } from '../../src/provisioning/rollouts.ts';
import { selectRollouts } from '../../src/provisioning/rollouts.store.ts';
import { runRollout } from '../../src/provisioning/run-rollout.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { testSecretKey } from '../http/api-fixture.ts';
import { proposeIn, shop } from './rollout-fixture.ts';

// The demonstration's provider is started anew by whoever needs it: what was written to it is there for all of them.

let database: TestDatabase;
let folder: string;
let config: Config;

beforeEach(async () => {
  database = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'arcadia-simulator-'));
  const env = { ARCADIA_DATA_DIR: folder, ARCADIA_SECRET_KEY: testSecretKey };
  config = loadConfig({ flags: {}, env }, program.settings);
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

async function namesOf(account: Account, kind: string): Promise<string[]> {
  const provider = await openAccount(database.db, account, await openSecretKey(database.db, config));
  try {
    const names: string[] = [];
    for await (const event of provider.list(kind))
      if (event.type === 'page') names.push(...event.items.map(({ name }) => name));
    return names.filter((name) => name.startsWith('beta-shop'));
  } finally {
    await provider.close();
  }
}

test('what a rollout writes to the built-in simulator is read by whoever opens it next', async () => {
  const { db } = database;
  const secretKey = await openSecretKey(db, config);
  const clock = databaseClock(db);
  const connect = async () => {
    const found = await identifyCredentials(db, { apiUrl: 'simulator:pilot?seed=1', credentials: { token: 'any' } });
    return connectAccount(db, { slug: 'pilot', secretKey, ...found }, found.identity, await clock.now());
  };
  const { accountId } = await connect();
  await grantWriting(db, { account: 'pilot', token: 'any', by: 'owner' }, { secretKey, config }, await clock.now());
  const granted = await getAccount(db, 'pilot');
  expect(granted.apiUrl).toContain('journal=');
  const hash = await proposeIn(db, { accountId, account: 'pilot', secretKey, now: await clock.now() }, shop());
  const now = await clock.now();
  const { rolloutId } = await db
    .transaction()
    .execute((trx) => beginRollout({ trx, enqueue: async () => 'a job', secretKey, by: 'owner', now }, hash));
  const log = pino({ level: 'silent' });
  const run = { db, clock, config, log, signal: new AbortController().signal, report: () => {}, read: async () => {} };
  // Nobody watches: the clock goes on because a rollout does.
  const ending = new AbortController();
  await setPace(db, paceMax);
  const going = keepClockGoing(db, {
    watchers: () => 0,
    signal: ending.signal,
    onError: (error) => expect(error).toBeUndefined(),
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    const before = await clock.now();
    try {
      await runRollout(run, rolloutId);
      break;
    } catch (error) {
      if (!(error instanceof SnoozeJob)) throw error;
      await expect.poll(async () => (await clock.now()).epochMilliseconds).toBeGreaterThan(before.epochMilliseconds);
    }
  }
  expect((await selectRollouts(db, { rolloutId }))[0]).toMatchObject({ state: 'done', reason: null });
  const ended = await clock.now();
  await sleep(1_200);
  expect((await clock.now()).since(ended).total('seconds')).toBeLessThanOrEqual(900);
  ending.abort();
  await going;
  expect(await namesOf(granted, 'droplet')).toEqual(['beta-shop-web-1', 'beta-shop-web-2']);
  // Connected again it is the same provider, with what was written to it.
  const again = await connect();
  expect(again.apiUrl).toBe(granted.apiUrl);
  expect(await namesOf(again, 'volume')).toEqual(['beta-shop-data']);
  const provider = await openAccount(db, again, secretKey);
  const results = await syncAccount(db, again, provider, { clock, kinds: ['project', 'droplet'] });
  await provider.close();
  expect(results.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
});
