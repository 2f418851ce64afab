import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import { getResource } from '../../src/inventory/resources.ts';
import { syncAccount } from '../../src/inventory/sync.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// The law "no false deaths", continued: how a suspicious listing is confirmed or refuted, and the
// awkward moments that are about something else than a listing's end.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const ids = [7001, 7002, 7003, 7004];
const create = (...wanted: number[]): FleetEventInput[] =>
  wanted.map((id) => ({ type: 'create_droplet', id, name: `web-${id}` }));
const destroy = (...wanted: number[]): FleetEventInput[] =>
  wanted.map((id) => ({ type: 'destroy', kind: 'droplet', id }));

const shown = async (ref: string) => {
  const { states, memberships } = await getResource(database.db, ref);
  return {
    states: states.map(({ status, validFrom, validTo }) => `${validFrom}/${validTo ?? ''} ${status}`),
    memberships: memberships.map(({ validFrom, validTo }) => `${validFrom}/${validTo ?? ''}`),
  };
};
const ends = () =>
  Promise.all(ids.map(async (id) => (await getResource(database.db, `droplet:${id}`)).states.at(-1)?.validTo ?? null));
const alive = async () => (await ends()).filter((end) => end === null).length;

async function fleet(): Promise<Temporal.Instant> {
  await cloud.happen(...create(...ids));
  const born = cloud.simulator.now();
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  return born;
}

describe('a suspicious listing', () => {
  test('that look-ups confirm is believed at once', async () => {
    await fleet();
    await cloud.happen(...destroy(...ids));
    await cloud.advance({ minutes: 15 });
    const at = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({
      outcome: 'complete',
      reason: null,
      seen: 0,
      ended: 4,
      requests: 6,
    });
    expect(await ends()).toEqual(ids.map(() => at));
  });

  test('that one look-up refutes counts against nobody, however often it comes', async () => {
    await fleet();
    await cloud.upset({ fault: 'empty', path: '/v2/droplets', what: 'items' });
    for (let listing = 0; listing < 5; listing++) {
      expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'partial', ended: 0, requests: 3 });
      await cloud.advance({ minutes: 15 });
    }
    expect(await alive()).toBe(4);
    await cloud.calm();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', changed: 0, ended: 0 });
  });

  test('that nobody can confirm is believed the third time, dated to the first, and only ten minutes apart', async () => {
    const born = await fleet();
    await cloud.upset({ fault: 'missing_scope', scopes: ['droplet:read'], hidden: true });
    const first = cloud.simulator.now();
    const suspicious = {
      outcome: 'partial',
      seen: 0,
      ended: 0,
      reason: expect.stringContaining('0 of 4 known (droplet); 4 that it leaves out'),
    };
    expect(await cloud.syncKind('droplet')).toMatchObject(suspicious);
    await cloud.advance({ minutes: 9, seconds: 59 });
    expect(await cloud.syncKind('droplet')).toMatchObject(suspicious);
    await cloud.advance({ seconds: 1 });
    expect(await cloud.syncKind('droplet')).toMatchObject(suspicious);
    await cloud.advance({ minutes: 9 });
    expect(await cloud.syncKind('droplet')).toMatchObject(suspicious);
    expect(await alive()).toBe(4);
    await cloud.advance({ minutes: 1 });
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', reason: null, ended: 4 });
    expect(await ends()).toEqual(ids.map(() => first));
    expect((await shown('droplet:7001')).memberships).toEqual([`${born}/${first}`]);

    // The scope was missing after all. What the provider says it created before it "ended" never did.
    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    await cloud.happen({ type: 'power', droplet: 7002, action: 'power_off' });
    const back = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', new: 0, changed: 4, ended: 0 });
    expect(await shown('droplet:7001')).toEqual({
      states: [`${born}/${first} active`, `${first}/ active`],
      memberships: [`${born}/${first}`, `${first}/`],
    });
    expect((await shown('droplet:7002')).states).toEqual([
      `${born}/${first} active`,
      `${first}/${back} active`,
      `${back}/ off`,
    ]);
  });

  test('forgets who is seen in between', async () => {
    await fleet();
    const hide = () => cloud.upset({ fault: 'missing_scope', scopes: ['droplet:read'], hidden: true });
    for (let round = 0; round < 2; round++) {
      await hide();
      for (let listing = 0; listing < 2; listing++) {
        expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'partial', ended: 0 });
        await cloud.advance({ minutes: 15 });
      }
      await cloud.calm();
      expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', ended: 0 });
      expect((await sql`SELECT FROM end_candidates`.execute(database.db)).rows).toEqual([]);
      await cloud.advance({ minutes: 15 });
    }
    expect(await alive()).toBe(4);
  });

  test('is not one that shows half', async () => {
    await fleet();
    await cloud.happen(...destroy(7001, 7002));
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 2, ended: 2, requests: 2 });
  });

  test('looks up fifty at most, and others the next time', async () => {
    const many = Array.from({ length: 120 }, (_, index) => 8001 + index);
    await cloud.happen(...create(...many));
    await cloud.syncKind('droplet');
    await cloud.advance({ minutes: 15 });
    await cloud.happen(...destroy(...many));
    const first = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'partial', ended: 50, requests: 52 });
    await cloud.advance({ minutes: 1 });
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'partial', ended: 50, requests: 52 });
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', ended: 20, requests: 22 });
    const { rows } = await sql`
      SELECT DISTINCT valid_to AS at FROM inventory_states WHERE kind = 'droplet'`.execute(database.db);
    expect(rows).toEqual([{ at: first }]);
  });

  test('of projects hides what only they show, and ends none of it', async () => {
    await cloud.happen(
      { type: 'create_other', urn: 'do:genai:one' },
      { type: 'create_other', urn: 'do:genai:two' },
      { type: 'create_domain', name: 'acme.example' },
    );
    await cloud.sync();
    const before = await shown('dns_zone:acme.example');
    await cloud.upset({ fault: 'empty', path: '/v2/projects', what: 'items' });
    await cloud.advance({ minutes: 15 });
    for (let listing = 0; listing < 4; listing++) {
      const result = await cloud.syncKind('project');
      expect(result).toMatchObject({ outcome: 'partial', seen: 0, ended: 0 });
      await cloud.advance({ minutes: 5 });
    }
    expect((await shown('genai:one')).states).toEqual([expect.stringMatching(/\/ active$/)]);
    expect(await shown('dns_zone:acme.example')).toEqual(before);
    await cloud.calm();
    expect(await cloud.syncKind('project')).toMatchObject({ outcome: 'complete', new: 0, changed: 0, ended: 0 });
  });
});

describe('an awkward moment', () => {
  test('a token of another account is refused before anything is read', async () => {
    await fleet();
    const other = await openSimulatedAccount(database.db, { resources: 3, seed: 99 });
    try {
      await expect(
        syncAccount(database.db, cloud.account, other.provider, { clock: databaseClock(database.db) }),
      ).rejects.toMatchObject({
        code: 'account_changed',
      });
    } finally {
      await other.close();
    }
    expect(await alive()).toBe(4);
  });

  test('a token that is no longer good stops the sync before anything is read', async () => {
    await fleet();
    await cloud.upset({ fault: 'bad_token' });
    await expect(cloud.sync()).rejects.toMatchObject({ code: 'provider_unauthorized' });
    expect(await alive()).toBe(4);
    await cloud.calm();
    expect((await cloud.sync()).every(({ outcome }) => outcome === 'complete')).toBe(true);
  });

  test('a provider that fails everywhere but at the door ends nothing of any kind', async () => {
    await cloud.happen(
      ...create(...ids),
      { type: 'create_domain', name: 'acme.example' },
      { type: 'create_volume', name: 'data', sizeGb: 10 },
    );
    await cloud.sync();
    await cloud.advance({ minutes: 15 });
    await cloud.upset(
      ...[
        'projects',
        'droplets',
        'domains',
        'volumes',
        'reserved_ip',
        'firewalls',
        'load_balancers',
        'snapshots',
        'images',
        'databases',
        'kubernetes',
        'apps',
        'vpcs',
        'certificates',
        'sizes',
        'actions',
      ].map((path) => ({ fault: 'server_error', path: `/v2/${path}` }) as const),
    );
    const results = await cloud.sync();
    expect(results.filter(({ kind }) => kind !== 'spaces_bucket').map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 17 }, () => 'failed'),
    );
    const { rows } =
      await sql`SELECT FROM inventory_states WHERE valid_to <> 'infinity' AND source = 'listing'`.execute(database.db);
    expect(rows).toEqual([]);
    await cloud.calm();
    expect((await cloud.sync()).map(({ outcome, ended, changed }) => [outcome, ended, changed])).toEqual(
      Array.from({ length: 18 }, () => ['complete', 0, 0]),
    );
  });

  test('an unknown status is kept as it was said, and leaves when it does', async () => {
    const born = await fleet();
    await cloud.upset({ fault: 'unknown_status', status: 'hibernating', droplet: 7001 });
    const strange = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', changed: 1, ended: 0 });
    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    const calm = cloud.simulator.now();
    await cloud.syncKind('droplet');
    expect((await shown('droplet:7001')).states).toEqual([
      `${born}/${strange} active`,
      `${strange}/${calm} hibernating`,
      `${calm}/ active`,
    ]);
  });

  test('a reserved IP is the same whichever word its URN has', async () => {
    await fleet();
    const [ip] = await cloud.happen({ type: 'reserve_ip', region: 'fra1' });
    await cloud.sync();
    const before = await shown(`reserved_ip:${ip}`);
    expect(before.states).toHaveLength(1);
    expect(before.memberships).toHaveLength(1);
    await cloud.upset({ fault: 'reservedip_urns' });
    await cloud.advance({ minutes: 15 });
    expect((await cloud.sync()).map((result) => [result.new, result.changed, result.ended])).toEqual(
      Array.from({ length: 18 }, () => [0, 0, 0]),
    );
    expect(await shown(`reserved_ip:${ip}`)).toEqual(before);
    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    await cloud.sync();
    expect(await shown(`reserved_ip:${ip}`)).toEqual(before);
  });

  test('GPU droplets, listed apart, begin, stay and end like any other', async () => {
    await cloud.happen(
      ...create(7001, 7002),
      { type: 'create_droplet', id: 7003, name: 'gpu', size: 'gpu-4000adax1-20gb', region: 'tor1' },
      ...create(7004),
    );
    const born = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 4, new: 4 });
    expect((await getResource(database.db, 'droplet:7003')).states[0]!.attributes).toMatchObject({
      size_slug: 'gpu-4000adax1-20gb',
    });
    await cloud.advance({ minutes: 15 });
    await cloud.upset({ fault: 'server_error', path: '/v2/droplets' });
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'failed', ended: 0 });
    await cloud.calm();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 4, changed: 0, ended: 0 });
    expect((await shown('droplet:7003')).states).toEqual([`${born}/ active`]);
    await cloud.happen(...destroy(7003));
    await cloud.advance({ minutes: 15 });
    const ended = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 3, ended: 1 });
    expect((await shown('droplet:7003')).states).toEqual([`${born}/${ended} active`]);
  });

  test('actions that complete later than their effect shows correct history when they do', async () => {
    const born = await fleet();
    await cloud.upset({ fault: 'late_actions', bySeconds: 3600 });
    const off = cloud.simulator.now();
    await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
    await cloud.advance({ minutes: 10 });
    const seen = cloud.simulator.now();
    await cloud.sync();
    expect((await shown('droplet:7001')).states).toEqual([`${born}/${seen} active`, `${seen}/ off`]);
    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    await cloud.sync();
    expect((await shown('droplet:7001')).states).toEqual([
      `${born}/${off} active`,
      `${off}/${seen} off`,
      `${seen}/ off`,
    ]);
    expect(await alive()).toBe(4);
  });
});
