import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { getResourceSettings } from './resources.ts';

// Settings that listings do not tell: read where there is reason to, and once a day.

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

const phases = async (ref: string) => (await getResourceSettings(database.db, ref, null)).phases;
const last = async (ref: string) => (await phases(ref)).at(-1)!.settings;
const count = async () => {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM resource_settings`.execute(database.db);
  return rows[0]!.count;
};

test('records are read where the zone file has changed, and of all zones once a day', async () => {
  await cloud.happen({ type: 'create_domain', name: 'one.example' }, { type: 'create_domain', name: 'two.example' });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 3 });
  const names = (settings: Readonly<Record<string, unknown>>) =>
    Object.entries(settings).flatMap(([key, value]) => (key.endsWith('/value') ? [value] : []));
  const servers = ['ns1.digitalocean.com', 'ns2.digitalocean.com', 'ns3.digitalocean.com'];
  expect(names(await last('dns_zone:one.example'))).toEqual(servers);
  await cloud.advance({ minutes: 15 });
  const written = await count();
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 1 });
  const [id] = await cloud.happen({
    type: 'put_record',
    domain: 'one.example',
    recordType: 'CNAME',
    name: 'WWW',
    data: 'Host.example.',
  });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({
    outcome: 'complete',
    reason: null,
    requests: 2,
    changed: 0,
  });
  expect(await last('dns_zone:one.example')).toMatchObject({
    ttl: 1_800,
    [`record/${id}/type`]: 'CNAME',
    [`record/${id}/name`]: 'www',
    [`record/${id}/value`]: 'host.example',
  });
  expect(await count()).toBe(written + 2);
  await cloud.happen({ type: 'delete_record', domain: 'one.example', id: Number(id) });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 2 });
  expect(names(await last('dns_zone:one.example'))).toEqual(servers);
  const after = await count();
  await cloud.advance({ days: 1 });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 3 });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 1 });
  expect(await count()).toBe(after);
});

test('records that could not be read stay, end nothing, and are read the next time', async () => {
  await cloud.happen({ type: 'create_domain', name: 'one.example' });
  await cloud.syncKind('dns_zone');
  const [id] = await cloud.happen({
    type: 'put_record',
    domain: 'one.example',
    recordType: 'A',
    name: '@',
    data: '192.0.2.1',
  });
  const before = await phases('dns_zone:one.example');
  await cloud.upset({ fault: 'server_error', path: '/v2/domains/one.example/records' });
  await cloud.advance({ minutes: 15 });
  // The listing itself was whole: it counts as complete.
  expect(await cloud.syncKind('dns_zone')).toMatchObject({
    outcome: 'complete',
    reason: expect.stringMatching(/^settings that are read again next time: GET \/v2\/domains\/one.example\/records/),
  });
  expect(await phases('dns_zone:one.example')).toEqual(before);
  await cloud.calm();
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ outcome: 'complete', reason: null, requests: 2 });
  expect(await last('dns_zone:one.example')).toHaveProperty(`record/${id}/value`, '192.0.2.1');
  expect(await cloud.syncKind('dns_zone')).toMatchObject({ requests: 1 });
});

test('a backup policy is read where there are backups, and goes with them', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', backups: 'daily', tags: ['web'] },
    { type: 'create_droplet', id: 7002, name: 'db' },
  );
  // Two collections, and the policy of one droplet.
  expect(await cloud.syncKind('droplet')).toMatchObject({ requests: 3 });
  expect(await last('droplet:7001')).toMatchObject({ 'backup_policy/plan': 'daily', backups: true });
  expect(await last('droplet:7002')).not.toHaveProperty('backup_policy/plan');
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ requests: 2 });
  await cloud.happen({ type: 'set_backups', droplet: 7001, plan: null });
  await cloud.happen({ type: 'set_backups', droplet: 7002, plan: 'weekly' });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ requests: 3 });
  expect(await last('droplet:7001')).not.toHaveProperty('backup_policy/plan');
  expect(await last('droplet:7002')).toMatchObject({
    'backup_policy/plan': 'weekly',
    'backup_policy/weekday': expect.stringMatching(/^[a-z]{3}$/),
    'backup_policy/hour': expect.any(Number),
  });
});

test('policies of many droplets are read in bulk', async () => {
  for (let id = 7001; id <= 7030; id++)
    await cloud.happen({ type: 'create_droplet', id, name: `web-${id}`, backups: 'weekly', tags: ['web'] });
  expect(await cloud.syncKind('droplet')).toMatchObject({ requests: 3 });
  expect(await last('droplet:7030')).toHaveProperty('backup_policy/plan', 'weekly');
});

test("a bucket's ACL, versioning and policy are read once a day; what the keys may not read is not told", async () => {
  await cloud.happen({ type: 'create_bucket', name: 'media' });
  await cloud.syncKind('spaces_bucket');
  expect(await last('spaces_bucket:media')).toEqual({
    region: 'fra1',
    acl: ['owner:FULL_CONTROL'],
    versioning: 'off',
    policy: null,
  });
  const policy = { Statement: [{ Action: ['s3:b', 's3:a'], Effect: 'Allow' }], Version: '2012-10-17' };
  await cloud.happen({
    type: 'set_bucket',
    bucket: 'media',
    acl: 'public-read',
    versioning: 'enabled',
    policy: JSON.stringify(policy),
  });
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({ requests: 2 });
  await cloud.advance({ days: 1 });
  // The bucket, its objects, and the three settings.
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({ requests: 5 });
  expect(await last('spaces_bucket:media')).toEqual({
    region: 'fra1',
    acl: ['AllUsers:READ', 'owner:FULL_CONTROL'],
    versioning: 'enabled',
    policy: { Statement: [{ Action: ['s3:a', 's3:b'], Effect: 'Allow' }], Version: '2012-10-17' },
  });
  const written = await count();
  await cloud.advance({ days: 1 });
  await cloud.upset({ fault: 'refuse', path: '/_spaces/media', status: 403 });
  expect(await cloud.syncKind('spaces_bucket')).toMatchObject({ ended: 0 });
  expect(await count()).toBe(written);
});

test('networks and certificates have lives and settings, and nobody is asked whose they are', async () => {
  const [vpc] = await cloud.happen({ type: 'create_vpc', name: 'prod', region: 'fra1' });
  const [certificate] = await cloud.happen({ type: 'create_certificate', name: 'web', domains: ['shop.example'] });
  await cloud.sync();
  expect(await last(`vpc:${vpc}`)).toMatchObject({ name: 'prod', ip_range: '10.10.10.0/24', description: '' });
  await cloud.happen({ type: 'describe_vpc', vpc: String(vpc), description: 'of the shop' });
  const [renewed] = await cloud.happen({ type: 'renew_certificate', certificate: String(certificate) });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('vpc')).toMatchObject({ requests: 1, changed: 0 });
  expect(await cloud.syncKind('certificate')).toMatchObject({ new: 1 });
  expect((await phases(`vpc:${vpc}`)).map(({ settings }) => settings.description)).toEqual(['', 'of the shop']);
  expect(await last(`certificate:${renewed}`)).toEqual(await last(`certificate:${certificate}`));
});
