import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { getResource, getResourceSettings } from './resources.ts';

let database: TestDatabase;
let cloud: SimulatedAccount;
let born: Temporal.Instant;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web' },
    { type: 'create_droplet', id: 7002, name: 'db' },
  );
  born = cloud.simulator.now();
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await cloud.advance({ minutes: 1 });
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

async function states(id = 7001): Promise<string[]> {
  const found = await getResource(database.db, `droplet:${id}`);
  return found.states.map(({ status, attributes, source, validFrom, validTo }) => {
    const time = (at: Temporal.Instant | null) =>
      at === null ? '' : String(at.since(born, { largestUnit: 'minutes' }).minutes);
    return `${time(validFrom)}-${time(validTo)} ${status} ${String(attributes.size_slug)} ${source}`;
  });
}

const written = async () => {
  const { rows } = await sql<{ count: number }>`
    SELECT (SELECT count(*) FROM resource_states) + (SELECT count(*) FROM changes) AS count`.execute(database.db);
  return rows[0]!.count;
};

test('a droplet that went off and on between two listings was off in between, and that is said once', async () => {
  await cloud.advance({ minutes: 3 });
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_on' });
  await cloud.advance({ minutes: 7 });
  await cloud.sync();
  expect(await states()).toEqual([
    '0-19 active s-1vcpu-1gb listing',
    '19-24 off s-1vcpu-1gb action',
    '24- active s-1vcpu-1gb listing',
  ]);
  const before = await written();
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  // Read again from the beginning, they say what they said.
  await sql`UPDATE provider_actions SET applied_at = NULL`.execute(database.db);
  await cloud.sync();
  expect(await written()).toBe(before);
  const { rows } = await sql<{ cause: string; from: Temporal.Instant; to: Temporal.Instant }>`
    SELECT valid_from AS "from", valid_to AS "to", cause FROM changes ORDER BY change_id DESC LIMIT 1`.execute(
    database.db,
  );
  expect(rows).toEqual([{ from: born.add({ minutes: 19 }), to: born.add({ minutes: 24 }), cause: 'state' }]);
});

test('a resize takes the time that its action took, with the power around it', async () => {
  await cloud.happen({ type: 'power', droplet: 7001, action: 'shutdown' });
  await cloud.advance({ minutes: 1 });
  await cloud.happen({ type: 'resize_droplet', droplet: 7001, size: 's-2vcpu-4gb', seconds: 240 });
  await cloud.advance({ minutes: 6 });
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_on' });
  await cloud.advance({ minutes: 8 });
  await cloud.sync();
  expect(await states()).toEqual([
    '0-16 active s-1vcpu-1gb listing',
    '16-21 off s-1vcpu-1gb action',
    '21-23 off s-2vcpu-4gb action',
    '23-31 active s-2vcpu-4gb action',
    '31- active s-2vcpu-4gb listing',
  ]);
});

test('an end is dated to its destroy action, and its membership with it', async () => {
  await cloud.advance({ minutes: 4 });
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
  await cloud.advance({ minutes: 11 });
  await cloud.sync();
  expect(await states()).toEqual(['0-20 active s-1vcpu-1gb listing']);
  const { memberships } = await getResource(database.db, 'droplet:7001');
  expect(memberships.at(-1)!.validTo).toEqual(born.add({ minutes: 20 }));
});

test('an action that is not followed by a listing yet waits for it', async () => {
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
  await cloud.advance({ minutes: 5 });
  await cloud.syncKind('action');
  expect(await states()).toEqual(['0- active s-1vcpu-1gb listing']);
  await cloud.advance({ minutes: 10 });
  await cloud.syncKind('droplet');
  expect(await states()).toEqual(['0-31 active s-1vcpu-1gb listing', '31- off s-1vcpu-1gb listing']);
  await cloud.syncKind('action');
  expect(await states()).toEqual([
    '0-16 active s-1vcpu-1gb listing',
    '16-31 off s-1vcpu-1gb action',
    '31- off s-1vcpu-1gb listing',
  ]);
});

test('an action log that failed for days is caught up with', async () => {
  await cloud.upset({ fault: 'server_error', path: '/v2/actions' });
  for (let day = 0; day < 3; day++) {
    await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
    await cloud.advance({ minutes: 10 });
    await cloud.happen({ type: 'power', droplet: 7001, action: 'power_on' });
    await cloud.advance({ hours: 23, minutes: 50 });
    await cloud.syncKind('droplet');
    expect(await cloud.syncKind('action')).toMatchObject({ outcome: 'failed', seen: 0 });
  }
  expect(await states()).toEqual(['0- active s-1vcpu-1gb listing']);
  await cloud.calm();
  expect(await cloud.syncKind('action')).toMatchObject({ outcome: 'complete', new: 6 });
  expect((await states()).filter((state) => state.includes(' off '))).toEqual([
    '16-26 off s-1vcpu-1gb action',
    '1456-1466 off s-1vcpu-1gb action',
    '2896-2906 off s-1vcpu-1gb action',
  ]);
});

test('what is told of the time before the account was connected stays assumed', async () => {
  await cloud.close();
  await database.close();
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  const { connectedAt } = cloud.account;
  await sql`UPDATE accounts SET metered_from = ${connectedAt.subtract({ hours: 24 })}`.execute(database.db);
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await cloud.advance({ hours: 1 });
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
  await cloud.advance({ hours: 2 });
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_on' });
  await cloud.advance({ hours: 1 });
  // As if it had been connected while the droplet was off.
  const connected = connectedAt.add({ hours: 2 });
  await sql`UPDATE accounts SET connected_at = ${connected}`.execute(database.db);
  Object.assign(cloud.account, { connectedAt: connected });
  await cloud.sync();
  born = connectedAt;
  expect(await states()).toEqual([
    '0-60 active s-1vcpu-1gb assumed',
    '60-120 off s-1vcpu-1gb assumed',
    '120-180 off s-1vcpu-1gb action',
    '180- active s-1vcpu-1gb listing',
  ]);
});

/** The phases of a resource, in minutes since the test's beginning. */
async function phases(ref: string): Promise<string[]> {
  const found = await getResource(database.db, ref);
  const time = (at: Temporal.Instant | null) =>
    at === null ? '' : String(at.since(born, { largestUnit: 'minutes' }).minutes);
  return found.states.map(({ parents, region, attributes, source, validFrom, validTo }) => {
    const facts = [...parents, region ?? 'everywhere', attributes.size_gb ?? attributes.assigned].join(' ');
    return `${time(validFrom)}-${time(validTo)} ${facts} ${source}`;
  });
}

const configured = async (ref: string) => (await getResourceSettings(database.db, ref, null)).phases;

test('a reserved IP is dated by its actions: birth, droplet and end, with its project and settings', async () => {
  const ip = '100.72.0.7';
  await cloud.happen({ type: 'reserve_ip', ip, region: 'fra1' });
  await cloud.advance({ minutes: 4 });
  await cloud.happen({ type: 'assign_ip', ip, droplet: 7001, seconds: 60 });
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  expect(await phases(`reserved_ip:${ip}`)).toEqual([
    '16-21 fra1 false action',
    '21-30 droplet:7001 fra1 true action',
    '30- droplet:7001 fra1 true listing',
  ]);
  const { memberships } = await getResource(database.db, `reserved_ip:${ip}`);
  const settings = await configured(`reserved_ip:${ip}`);
  expect([memberships[0]!.validFrom, settings[0]!.validFrom]).toEqual(Array(2).fill(born.add({ minutes: 16 })));
  await cloud.advance({ minutes: 2 });
  await cloud.happen({ type: 'unassign_ip', ip });
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'assign_ip', ip, droplet: 7002 });
  await cloud.advance({ minutes: 8 });
  await cloud.sync();
  await cloud.advance({ minutes: 3 });
  await cloud.happen({ type: 'destroy', kind: 'reserved_ip', id: ip });
  await cloud.advance({ minutes: 12 });
  await cloud.sync();
  expect((await phases(`reserved_ip:${ip}`)).slice(2)).toEqual([
    '30-32 droplet:7001 fra1 true listing',
    '32-37 fra1 false action',
    '37-45 droplet:7002 fra1 true action',
    '45-48 droplet:7002 fra1 true listing',
  ]);
  const ended = await getResource(database.db, `reserved_ip:${ip}`);
  expect([ended.memberships.at(-1)!.validTo, (await configured(`reserved_ip:${ip}`)).at(-1)!.validTo]).toEqual(
    Array(2).fill(born.add({ minutes: 48 })),
  );
  const before = await written();
  await sql`UPDATE provider_actions SET applied_at = NULL`.execute(database.db);
  await cloud.sync();
  expect(await written()).toBe(before);
  const { rows } = await sql`SELECT FROM provider_actions WHERE applied_at IS NULL`.execute(database.db);
  expect(rows).toEqual([]);
});

test('images are dated by their actions, also where these come late', async () => {
  await cloud.happen(
    { type: 'set_backups', droplet: 7001, plan: 'daily' },
    { type: 'create_backup', id: 8001, droplet: 7001, sizeGb: 12 },
    { type: 'create_snapshot', id: 8002, resourceType: 'droplet', resourceId: 7001, name: 'one', sizeGb: 10 },
    { type: 'create_snapshot', id: 8003, resourceType: 'droplet', resourceId: 7001, name: 'two', sizeGb: 14 },
    { type: 'create_custom_image', id: 8004, name: 'own', sizeGb: 3 },
  );
  await cloud.sync();
  await cloud.upset({ fault: 'lagging_actions', path: '/v2/actions', bySeconds: 1_800 });
  await cloud.advance({ minutes: 4 });
  await cloud.happen(
    { type: 'convert_backup', backup: 8001 },
    { type: 'destroy', kind: 'snapshot', id: '8002' },
    { type: 'transfer_image', image: 8003, region: 'ams3' },
    { type: 'destroy', kind: 'custom_image', id: 8004 },
  );
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  expect(await phases('snapshot:8002')).toEqual(['16-30 droplet:7001 fra1 10 listing']);
  await cloud.calm();
  await cloud.sync();
  expect(await phases('snapshot:8002')).toEqual(['16-20 droplet:7001 fra1 10 listing']);
  expect(await phases('custom_image:8004')).toEqual(['16-20 fra1 3 listing']);
  expect(await phases('snapshot:8003')).toEqual([
    '16-20 droplet:7001 fra1 14 listing',
    '20-30 droplet:7001 everywhere 14 action',
    '30- droplet:7001 everywhere 14 listing',
  ]);
  expect(await phases('droplet_backup:8001')).toEqual(['16-20 droplet:7001 fra1 12 listing']);
  // Listed since its creation as a backup; it is a snapshot since it was converted.
  expect(await phases('snapshot:8001')).toEqual(['20- droplet:7001 fra1 12 listing']);
  const settings = await configured('snapshot:8001');
  expect(settings.map(({ validFrom, validTo }) => [validFrom, validTo])).toEqual([[born.add({ minutes: 20 }), null]]);
});

test('a volume is dated by an action that can mean no other, and else by when it was seen', async () => {
  const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string];
  for (const [n, id] of ids.entries()) await cloud.happen({ type: 'create_volume', id, name: `v${n}`, sizeGb: 100 });
  await cloud.sync();
  await cloud.advance({ minutes: 4 });
  await cloud.happen({ type: 'attach_volume', volume: ids[0], droplet: 7001 });
  await cloud.advance({ minutes: 4 });
  await cloud.happen({ type: 'resize_volume', volume: ids[1], sizeGb: 200 });
  await cloud.advance({ minutes: 6 });
  await cloud.sync();
  expect(await phases(`volume:${ids[0]}`)).toEqual([
    '16-20 fra1 100 listing',
    '20-30 droplet:7001 fra1 100 action',
    '30- droplet:7001 fra1 100 listing',
  ]);
  expect((await phases(`volume:${ids[1]}`))[1]).toBe('24-30 fra1 200 action');
  await cloud.advance({ minutes: 2 });
  await cloud.happen({ type: 'attach_volume', volume: ids[1], droplet: 7001 });
  await cloud.upset({ fault: 'lagging_actions', path: '/v2/actions', bySeconds: 900 });
  await cloud.advance({ minutes: 3 });
  await cloud.happen({ type: 'attach_volume', volume: ids[2], droplet: 7002 });
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  const seen = '45- droplet:7002 fra1 100 listing';
  expect((await phases(`volume:${ids[2]}`)).at(-1)).toBe(seen);
  await cloud.calm();
  await cloud.sync();
  expect((await phases(`volume:${ids[2]}`)).at(-1)).toBe(seen);
  expect((await phases(`volume:${ids[1]}`)).at(-1)).toBe('45- droplet:7001 fra1 200 listing');
});
