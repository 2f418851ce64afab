import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { readWatermark } from '../platform/changes.ts';
import { getResourceSettings } from './resources.ts';

let database: TestDatabase;
let cloud: SimulatedAccount;
let start: Temporal.Instant;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  start = cloud.simulator.now();
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

interface Phase {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hidden: readonly string[];
  readonly source: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
}

async function phases(ref: string): Promise<Phase[]> {
  const [kind, id] = [ref.slice(0, ref.indexOf(':')), ref.slice(ref.indexOf(':') + 1)];
  const { rows } = await sql<Phase>`
    SELECT k.settings, k.hidden, k.source, k.valid_from AS "from", k.valid_to AS "to"
    FROM inventory_settings k JOIN resources r USING (resource_id)
    WHERE r.kind = ${kind} AND r.external_id = ${id} ORDER BY k.valid_from`.execute(database.db);
  return rows;
}

/** `15-30 true`: from which minute to which the key had this value. */
const told = async (ref: string, key: string) =>
  (await phases(ref)).map(({ settings, from, to }) => {
    const minute = (at: Temporal.Instant | null) => (at === null ? '' : String(at.since(start).total('minutes')));
    return `${minute(from)}-${minute(to)} ${JSON.stringify(settings[key])}`;
  });

const last = async (ref: string) => (await phases(ref)).at(-1)!;

test('settings hold from birth, change when seen, and end with the resource', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', tags: ['Web', 'a'] });
  await cloud.happen({ type: 'create_droplet', id: 7002, name: 'db' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  expect((await last('droplet:7001')).settings).toEqual({
    name: 'web',
    region: 'fra1',
    tags: ['a', 'web'],
    size: 's-1vcpu-1gb',
    image: 'ubuntu-24-04-x64',
    image_id: expect.any(String),
    vpc: expect.any(String),
    backups: false,
    monitoring: false,
    ipv6: false,
    private_networking: true,
    droplet_agent: true,
  });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: 'weekly' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: null });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  expect(await told('droplet:7001', 'backups')).toEqual(['0-30 false', '30-45 true', '45- false']);
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  expect(await told('droplet:7001', 'backups')).toEqual(['0-30 false', '30-45 true', '45-60 false']);
  expect(await told('droplet:7002', 'backups')).toEqual(['0- false']);
});

const count = async (table: string) => {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.table(table)}`.execute(database.db);
  return rows[0]!.count;
};

test('an unchanged sync writes no settings and asks for no more than it did', async () => {
  await cloud.close();
  await database.close();
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { fleet: 'agency' });
  await cloud.sync();
  const counts = async () => [
    await count('resource_settings'),
    await count('changes'),
    await count('resource_payloads'),
  ];
  const before = await counts();
  expect(before[0]).toBeGreaterThan(200);
  await cloud.advance({ minutes: 1 });
  const results = await cloud.sync();
  expect(await counts()).toEqual(before);
  const requests = Object.fromEntries(results.map((result) => [result.kind, result.requests]));
  // A page for each collection: nothing has more than 200.
  expect(requests).toMatchObject({
    droplet: 2,
    dns_zone: 1,
    firewall: 1,
    load_balancer: 1,
    database: 1,
    reserved_ip: 2,
  });
});

test('changes of settings are a topic of their own, which makes nobody attribute or meter', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await cloud.sync();
  const resources = await readWatermark(database.db, ['resource', 'ownership']);
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: 'daily' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  expect(await readWatermark(database.db, ['resource', 'ownership'])).toBe(resources);
  const { rows } = await sql<{ topic: string; from: Temporal.Instant; to: Temporal.Instant | null }>`
    SELECT topic, valid_from AS "from", valid_to AS "to" FROM changes ORDER BY change_id DESC LIMIT 1`.execute(
    database.db,
  );
  expect(rows).toEqual([{ topic: 'settings', from: start.add({ minutes: 15 }), to: null }]);
});

test('settings that a listing does not tell stay, and those of an item that nobody can identify', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', backups: 'weekly' },
    { type: 'create_droplet', id: 7002, name: 'db', tags: ['db'] },
  );
  await cloud.sync();
  const before = [await phases('droplet:7001'), await phases('droplet:7002')];
  await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7001, field: 'features' });
  await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7002, field: 'id', value: null });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'partial', ended: 0 });
  await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7001, field: 'features', value: 'backups' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  expect([await phases('droplet:7001'), await phases('droplet:7002')]).toEqual(before);
});

test('a name that comes back has settings for each of its lives', async () => {
  await cloud.happen({ type: 'create_domain', name: 'one.example' }, { type: 'create_domain', name: 'two.example' });
  await cloud.syncKind('dns_zone');
  await cloud.happen({ type: 'destroy', kind: 'domain', id: 'one.example' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('dns_zone');
  await cloud.happen({ type: 'create_domain', name: 'one.example' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('dns_zone');
  expect(await told('dns_zone:one.example', 'ttl')).toEqual(['0-15 1800', '30- 1800']);
});

test('a scope that hides a field keeps its last value and names the key, until it is seen again', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', tags: ['web'] },
    { type: 'create_droplet', id: 7002, name: 'db' },
  );
  await cloud.sync();
  const { vpc } = (await last('droplet:7001')).settings;
  await cloud.upset({ fault: 'missing_scope', scopes: ['tag:read', 'vpc:read'], hidden: true });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', changed: 0 });
  // What was empty before may be so no longer.
  for (const id of [7001, 7002]) {
    const { settings, hidden } = await last(`droplet:${id}`);
    expect([settings.tags, settings.vpc, hidden]).toEqual([id === 7001 ? ['web'] : [], vpc, ['tags', 'vpc']]);
  }
  const before = await count('resource_settings');
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ reason: expect.stringContaining('vpc (vpc:read)') });
  expect(await count('resource_settings')).toBe(before);
  await cloud.happen({ type: 'untag', kind: 'droplet', id: 7001, tags: ['web'] });
  await cloud.happen({ type: 'create_droplet', id: 7003, name: 'new' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  const born = await last('droplet:7003');
  expect([born.hidden, 'tags' in born.settings, 'vpc' in born.settings]).toEqual([['tags', 'vpc'], false, false]);
  await cloud.calm();
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  for (const id of [7001, 7002, 7003])
    expect(await last(`droplet:${id}`)).toMatchObject({ settings: { tags: [], vpc }, hidden: [] });
});

test('backups that went off and on between two listings were off in between, and that is said once', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', backups: 'weekly' });
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: null });
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: 'weekly' });
  await cloud.advance({ minutes: 5 });
  await cloud.sync();
  expect(await told('droplet:7001', 'backups')).toEqual(['0-20 true', '20-25 false', '25- true']);
  expect((await phases('droplet:7001')).map(({ source }) => source)).toEqual(['listing', 'action', 'listing']);
  const before = await count('resource_settings');
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  // Read again from the beginning, they say what they said.
  await sql`UPDATE provider_actions SET applied_at = NULL`.execute(database.db);
  await cloud.sync();
  expect(await count('resource_settings')).toBe(before);
});

test('a switch that is seen is dated to its action, also before a droplet was seen first', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: 'weekly' });
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: null });
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  expect(await told('droplet:7001', 'backups')).toEqual(['0-5 false', '5-20 true', '20-30 false', '30- false']);
  await cloud.advance({ minutes: 5 });
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
  await cloud.advance({ minutes: 10 });
  await cloud.sync();
  expect((await told('droplet:7001', 'backups')).at(-1)).toBe('30-35 false');
});

test('a resource tells how it was configured, in all phases or at a moment', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'web-1' });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('droplet');
  const names = async (at: Temporal.Instant | null) =>
    (await getResourceSettings(database.db, 'droplet:7001', at)).phases.map(({ settings }) => settings.name);
  expect(await names(null)).toEqual(['web', 'web-1']);
  expect(await names(start.add({ minutes: 29 }))).toEqual(['web']);
  expect(await names(start.add({ minutes: 30 }))).toEqual(['web-1']);
  expect(await names(start.subtract({ minutes: 1 }))).toEqual([]);
  await expect(getResourceSettings(database.db, 'droplet:1', null)).rejects.toMatchObject({ code: 'not_found' });
});
