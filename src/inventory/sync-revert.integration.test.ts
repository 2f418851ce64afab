import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { replaceMembers } from '../cloud/replace-members.ts';
import { readOverview } from '../flows/overview.ts';
import { monthStatus } from '../metering/finality/attestations.ts';
import { getResource } from './resources.ts';
import { revertSyncRun } from './sync-revert.ts';
import { listSyncRuns, newestSyncRun, syncAccount } from './sync.ts';

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const kinds = ['project', 'droplet', 'action'];
const now = () => cloud.simulator.now();
const lives = async (id: number) =>
  (await getResource(database.db, `droplet:${id}`)).states.map(
    ({ name, status, validFrom, validTo }) => `${name} ${status} ${validFrom}/${validTo ?? ''}`,
  );
const runsSince = async (after: number) =>
  (await listSyncRuns(database.db, { after }, { limit: 100, before: null })).toReversed();
const revert = (syncRunId: number, andLater = false) =>
  revertSyncRun(database.db, { syncRunId, reason: 'the clock was ahead', andLater }, 'ana', now());

/** Syncs by a machine's clock that is ahead, with a provider that says nothing of the time. */
async function syncAhead(days: number): Promise<number> {
  const before = await newestSyncRun(database.db);
  const provider = replaceMembers(cloud.provider, {
    identify: async () => ({ ...(await cloud.provider.identify()), answeredAt: null }),
  });
  const clock = { now: async () => now().add({ hours: 24 * days }) };
  await syncAccount(database.db, cloud.account, provider, { clock, kinds });
  return before;
}

describe('runs of a machine whose clock was ahead', () => {
  test('end and confirm what has not happened, until they are reverted', async () => {
    cloud = await openSimulatedAccount(database.db, { real: true });
    await cloud.happen(
      { type: 'create_droplet', id: 7001, name: 'web' },
      { type: 'create_droplet', id: 7002, name: 'db' },
      { type: 'create_droplet', id: 7003, name: 'mail' },
    );
    await cloud.advance({ minutes: 15 });
    await cloud.sync({ kinds });
    const before = await lives(7002);
    await cloud.advance({ hours: 50 });
    await cloud.happen(
      { type: 'destroy', kind: 'droplet', id: 7002 },
      { type: 'rename_droplet', droplet: 7001, name: 'www' },
    );
    const month = now().toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth();
    const status = async () => {
      const { accounts } = await monthStatus(database.db, { month, now: now() });
      return accounts.map(({ resourceKind }) => resourceKind);
    };
    expect(await status()).toContain('droplet');

    const last = await syncAhead(40);
    expect(await status()).not.toContain('droplet');
    expect((await lives(7002)).at(-1)).toMatch(/\/20\d\d-/);
    const [first] = await runsSince(last);

    // By a right clock it would go on in the future: no run begins before the last of its kind.
    const reverted = await revert(first!.syncRunId, true);
    const standing = async () => (await runsSince(last)).find(({ outcome }) => outcome !== 'reverted');
    for (let run = await standing(); run !== undefined; run = await standing()) await revert(run.syncRunId, true);
    expect(reverted.map(({ kind }) => kind)).toContain('project');
    expect(await lives(7002)).toEqual(before);
    expect(await status()).toContain('droplet');
    const { revertedSyncs } = await readOverview(database.db, { now: now() });
    expect(revertedSyncs.map(({ kind, revertedBy }) => [kind, revertedBy])).toEqual([
      ['action', 'ana'],
      ['droplet', 'ana'],
      ['project', 'ana'],
    ]);

    await cloud.advance({ minutes: 5 });
    await cloud.sync({ kinds });
    expect((await runsSince(last)).at(-1)!.startedAt).toEqual(now());
    expect((await lives(7001)).at(-1)).toBe(`www active ${now()}/`);
    expect((await lives(7002)).at(-1)).toMatch(/^db active .*Z\/20\d\d-/);
    expect((await readOverview(database.db, { now: now() })).revertedSyncs).toEqual([]);
  });
});

describe('one run', () => {
  beforeEach(async () => {
    cloud = await openSimulatedAccount(database.db);
    await cloud.happen(
      { type: 'create_droplet', id: 7001, name: 'web' },
      { type: 'create_droplet', id: 7002, name: 'db' },
    );
    await cloud.sync({ kinds: ['droplet', 'dns_zone'] });
    await cloud.advance({ minutes: 15 });
    await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'www' });
    await cloud.sync({ kinds: ['droplet', 'dns_zone'] });
    await cloud.advance({ minutes: 15 });
  });

  test('is reverted after those that rest on it, which are named; once', async () => {
    const runs = await runsSince(0);
    const [a, b] = runs.filter(({ kind }) => kind === 'droplet').map(({ syncRunId }) => syncRunId) as [number, number];
    await expect(revert(a)).rejects.toMatchObject({
      code: 'sync_run_built_on',
      message: expect.stringContaining(`${b} (droplet, `),
      details: { syncRuns: [b] },
    });
    expect(await lives(7001)).toHaveLength(2);
    expect((await revert(a, true)).map(({ syncRunId }) => syncRunId)).toEqual([b, a]);
    expect(await lives(7001)).toEqual([]);
    await expect(revert(a)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('was reverted'),
    });
    await expect(revert(b + 1000)).rejects.toMatchObject({ code: 'not_found' });
    const shown = (await runsSince(0)).find(({ syncRunId }) => syncRunId === a);
    expect(shown).toMatchObject({
      outcome: 'reverted',
      revertedBy: 'ana',
      revertReason: 'the clock was ahead',
      new: 2,
    });
    // Domains were read by runs of their own.
    expect((await runsSince(0)).filter(({ outcome }) => outcome === 'complete').map(({ kind }) => kind)).toEqual([
      'dns_zone',
      'dns_zone',
    ]);
  });

  test('is not reverted while its account is being synced', async () => {
    const newest = await newestSyncRun(database.db);
    let refused: unknown;
    const provider = replaceMembers(cloud.provider, {
      async *list(...call) {
        refused ??= await revert(newest).catch((error: unknown) => error);
        yield* cloud.provider.list(...call);
      },
    });
    const clock = { now: async () => now() };
    await syncAccount(database.db, cloud.account, provider, { clock, kinds: ['droplet'] });
    expect(refused).toMatchObject({ code: 'conflict', message: expect.stringContaining('is being synced') });
  });
});
