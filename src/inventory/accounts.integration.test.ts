import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, secretKey } from '../../test/scenarios/simulated-account.ts';
import type { ProviderIdentity } from '../cloud/provider.ts';
import { databaseClock } from '../platform/clock.ts';
import { generateSecretKey, parseSecretKey } from '../platform/secrets/crypto.ts';
import {
  type AccountRequest,
  checkAccount,
  connectAccount,
  connectedAccounts,
  disconnectAccount,
  getAccount,
  listAccounts,
  openAccount,
} from './accounts.ts';
import { setOwnPrice } from './prices.ts';
import { syncAccount, syncAll } from './sync.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(() => database.close());

const now = Temporal.Instant.from('2026-05-01T10:00:00Z');
const real: ProviderIdentity = {
  accountId: 'team-1',
  name: 'Ährenfeld & Söhne GmbH',
  simulatedAt: null,
  answeredAt: null,
};
const request: AccountRequest = {
  provider: 'digitalocean',
  apiUrl: 'https://api.example',
  credentials: { token: 'dop_v1_first' },
  secretKey,
};

test('an account is connected once, and connecting it again replaces its token', async () => {
  const { db } = database;
  const account = await connectAccount(db, request, real, now);
  expect(account).toMatchObject({
    slug: 'a-hrenfeld-so-hne-gmbh',
    name: real.name,
    connectedAt: now,
    meteredFrom: now,
    simulated: false,
  });
  const later = now.add({ hours: 1 });
  const again = await connectAccount(
    db,
    { ...request, name: 'Team', credentials: { token: 'dop_v1_second' } },
    real,
    later,
  );
  expect(again).toEqual({ ...account, name: 'Team' });
  expect(await listAccounts(db)).toEqual([again]);
  const { rows } = await sql<{ credentials: Buffer }>`SELECT credentials FROM accounts`.execute(db);
  expect(rows[0]!.credentials.includes('dop_v1')).toBe(false);
});

test('accounts have slugs of their own', async () => {
  const { db } = database;
  await connectAccount(db, { ...request, slug: 'team' }, real, now);
  const other = await connectAccount(db, request, { ...real, accountId: 'team-2', name: 'Team' }, now);
  expect(other.slug).toBe('team-2');
  expect((await connectAccount(db, request, { ...real, accountId: 'team-3', name: '…' }, now)).slug).toBe('account');
  const third = { ...real, accountId: 'team-4' };
  await expect(connectAccount(db, { ...request, slug: 'team' }, third, now)).rejects.toMatchObject({
    code: 'already_exists',
  });
  await expect(connectAccount(db, { ...request, slug: 'No Slug' }, third, now)).rejects.toMatchObject({
    code: 'invalid_argument',
  });
  expect((await getAccount(db, 'team-2')).providerAccountId).toBe('team-2');
  await expect(getAccount(db, 'team-9')).rejects.toMatchObject({ code: 'not_found' });
});

test('simulated and real accounts never share a database, and a simulated one sets its clock', async () => {
  const { db } = database;
  const simulated = { accountId: 'sim', name: 'Simulated', simulatedAt: now, answeredAt: now };
  const account = await connectAccount(db, request, simulated, Temporal.Now.instant());
  expect(account).toMatchObject({ simulated: true, connectedAt: now, meteredFrom: now });
  expect(await databaseClock(db).now()).toEqual(now);
  await expect(connectAccount(db, request, real, now)).rejects.toMatchObject({ code: 'clock_conflict' });
  expect(await listAccounts(db)).toHaveLength(1);
});

test('stored credentials open an account, with the key that sealed them and no other', async () => {
  const { db } = database;
  const cloud = await openSimulatedAccount(db);
  try {
    const provider = await openAccount(db, cloud.account, secretKey);
    expect((await provider.identify()).accountId).toBe(cloud.account.providerAccountId);
    await provider.close();
    const otherKey = parseSecretKey(generateSecretKey())!;
    await expect(openAccount(db, cloud.account, otherKey)).rejects.toMatchObject({ code: 'secret_unreadable' });
  } finally {
    await cloud.close();
  }
});

test('a check names each missing scope together with what it hides', async () => {
  const { db } = database;
  const cloud = await openSimulatedAccount(db);
  try {
    await cloud.upset({ fault: 'missing_scope', scopes: ['block_storage:read'] });
    await cloud.happen(
      { type: 'create_volume', name: 'data', sizeGb: 10 },
      { type: 'create_volume', name: 'logs', sizeGb: 10 },
    );
    const results = await cloud.sync();
    expect(results.find(({ kind }) => kind === 'volume')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('block_storage:read'),
    });
    const { scopes, identity, unlisted } = await checkAccount(db, cloud.account, cloud.provider);
    expect(identity.accountId).toBe(cloud.account.providerAccountId);
    expect(unlisted).toEqual([]);
    expect(scopes.filter(({ granted }) => granted !== 'yes')).toEqual([
      {
        scope: 'block_storage:read',
        granted: 'no',
        kinds: ['volume'],
        fields: [],
        others: [],
        hidden: [{ kind: 'volume', hidden: 2 }],
        // They were never listed: how large they are nobody knows.
        money: [{ kind: 'volume', field: null, resources: 2, unknown: 2, monthly: [] }],
      },
    ]);
    // Of a known kind that is not listed there is no history, and nothing ends.
    const { rows } = await sql`SELECT FROM inventory_states WHERE kind = 'volume'`.execute(db);
    expect(rows).toEqual([]);
    await cloud.calm();
    expect((await cloud.sync()).find(({ kind }) => kind === 'volume')).toMatchObject({ outcome: 'complete', new: 2 });
  } finally {
    await cloud.close();
  }
});

test('a check with three scopes missing tells the money that hangs on each kind and field', async () => {
  const { db } = database;
  const cloud = await openSimulatedAccount(db);
  try {
    const [web] = await cloud.happen({ type: 'create_droplet', name: 'web', size: 's-2vcpu-4gb' });
    await cloud.happen(
      { type: 'create_droplet', name: 'db', size: 's-1vcpu-1gb' },
      { type: 'create_volume', name: 'data', sizeGb: 105 },
      { type: 'create_snapshot', resourceType: 'droplet', resourceId: web as number, name: 'before', sizeGb: 14.22 },
      { type: 'create_load_balancer', name: 'lb', nodes: 3 },
      { type: 'create_load_balancer', name: 'net', kind: 'REGIONAL_NETWORK' },
      { type: 'reserve_ip' },
      { type: 'reserve_ip', droplet: web as number },
      { type: 'create_firewall', name: 'fw' },
      { type: 'create_database', name: 'pg' },
    );
    await cloud.sync();
    await cloud.upset({ fault: 'missing_scope', scopes: ['droplet:read', 'block_storage:read', 'tag:read'] });
    await cloud.happen({ type: 'create_volume', name: 'new', sizeGb: 10 });
    await cloud.sync();
    const { scopes } = await checkAccount(db, cloud.account, cloud.provider);
    const usd = (amount: string) => [{ currency: 'USD', amount }];
    const all = scopes.flatMap(({ scope, money }) =>
      money.map(({ kind, field, resources, unknown, monthly }) => [scope, kind, field, resources, unknown, monthly]),
    );
    // Beside what settings it hides.
    expect(all).toEqual(
      expect.arrayContaining([
        ['droplet:read', 'droplet', null, 2, 0, usd('30.00')],
        ['droplet:read', 'droplet_backup', null, 0, 0, []],
        ['droplet:read', 'volume', 'parents:droplet', 2, 1, usd('10.50')],
        ['droplet:read', 'reserved_ip', 'parents:droplet', 2, 0, usd('5.00')],
        ['droplet:read', 'reserved_ip', 'assigned', 2, 0, usd('5.00')],
        ['droplet:read', 'firewall', 'parents:droplet', 1, 0, []],
        ['droplet:read', 'load_balancer', 'parents:droplet', 2, 0, usd('51.00')],
        ['block_storage:read', 'volume', null, 2, 1, usd('10.50')],
        ['tag:read', 'droplet', 'tags', 2, 0, usd('30.00')],
        ['tag:read', 'droplet', 'parents:kubernetes_cluster', 2, 0, usd('30.00')],
        ['tag:read', 'volume', 'tags', 2, 1, usd('10.50')],
        ['tag:read', 'volume', 'parents:kubernetes_cluster', 2, 1, usd('10.50')],
        ['tag:read', 'snapshot', 'tags', 1, 0, usd('0.85')],
        ['tag:read', 'droplet_backup', 'tags', 0, 0, []],
        ['tag:read', 'custom_image', 'tags', 0, 0, []],
        ['tag:read', 'database', 'tags', 1, 1, []],
        ['tag:read', 'kubernetes_cluster', 'tags', 0, 0, []],
        ['tag:read', 'firewall', 'parents:tag', 1, 0, []],
        ['tag:read', 'load_balancer', 'parents:tag', 2, 0, usd('51.00')],
      ]),
    );
    const today = (await databaseClock(db).now()).toZonedDateTimeISO('UTC').toPlainDate();
    await setOwnPrice(
      db,
      { subject: 'database:db-s-1vcpu-1gb', from: today, amount: '15.15', unit: 'month' },
      'ada',
      now,
    );
    const again = await checkAccount(db, cloud.account, cloud.provider);
    expect(again.scopes.flatMap(({ money }) => money).find(({ kind }) => kind === 'database')).toMatchObject({
      unknown: 0,
      monthly: usd('15.15'),
    });
  } finally {
    await cloud.close();
  }
});

test('buckets that nobody has keys for are named as what they are', async () => {
  const { db } = database;
  const cloud = await openSimulatedAccount(db);
  try {
    await cloud.happen({ type: 'create_bucket', name: 'acme-media' });
    await connectAccount(
      db,
      { ...request, apiUrl: cloud.simulator.url, credentials: { token: `no-keys-${process.pid}` } },
      await cloud.provider.identify(),
      now,
    );
    const { results, failures } = await syncAll(db, { secretKey, kinds: ['project'] });
    expect(failures).toEqual([]);
    expect(results).toEqual([expect.objectContaining({ kind: 'project', outcome: 'complete', new: 1 })]);
    const provider = await openAccount(db, cloud.account, secretKey);
    const { scopes, unlisted } = await checkAccount(db, cloud.account, provider);
    expect(unlisted).toEqual([
      { kind: 'spaces_bucket', hidden: 1, urns: ['do:space:acme-media'], since: cloud.simulator.now() },
    ]);
    // The provider has buckets: they are not read.
    expect(scopes.at(-1)).toMatchObject({
      scope: 'Spaces key',
      granted: 'no',
      kinds: ['spaces_bucket'],
      hidden: [{ kind: 'spaces_bucket', hidden: 1 }],
    });
    const clock = { now: async () => cloud.simulator.now() };
    await expect(syncAccount(db, cloud.account, provider, { kinds: ['spaces_bucket'], clock })).rejects.toMatchObject({
      code: 'conflict',
      message: 'spaces_bucket is not read: the account has no Spaces key.',
    });
    await provider.close();
  } finally {
    await cloud.close();
  }
});

test('an account that cannot be reached keeps no other from its sync', async () => {
  const { db } = database;
  const cloud = await openSimulatedAccount(db, { resources: 3 });
  const gone = await openSimulatedAccount(db, { resources: 3, seed: 2 });
  await gone.close();
  try {
    const { results, failures } = await syncAll(db, { secretKey, kinds: ['droplet'] });
    expect(results).toEqual([expect.objectContaining({ account: cloud.account.slug, outcome: 'complete', seen: 3 })]);
    expect(failures).toEqual([
      { account: gone.account.slug, error: expect.objectContaining({ code: 'provider_unreachable' }) },
    ]);
  } finally {
    await cloud.close();
  }
});

test('a disconnected account is read no more and has no token, keeps its history, and can be connected again', async () => {
  const { db } = database;
  const { account, provider } = await openSimulatedAccount(db, {});
  await syncAccount(db, account, provider, { clock: databaseClock(db) });
  await provider.close();
  const before = await sql`SELECT resource_id, valid_from, valid_to FROM resource_states`.execute(db);
  const at = await databaseClock(db).now();
  const { account: gone, resources } = await disconnectAccount(db, account.slug, at);
  expect(gone.disconnectedAt).toEqual(at);
  expect(resources).toBeGreaterThan(0);
  expect((await sql`SELECT credentials FROM accounts`.execute(db)).rows).toEqual([{ credentials: null }]);
  expect((await sql`SELECT resource_id, valid_from, valid_to FROM resource_states`.execute(db)).rows).toEqual(
    before.rows,
  );
  expect(await connectedAccounts(db)).toEqual([]);
  expect(await listAccounts(db)).toEqual([gone]);
  expect(await syncAll(db, { secretKey })).toEqual({ results: [], failures: [] });
  await expect(openAccount(db, gone, secretKey)).rejects.toMatchObject({ code: 'account_disconnected' });
  await expect(disconnectAccount(db, account.slug, at)).rejects.toMatchObject({ code: 'account_disconnected' });
  const identity = { accountId: account.providerAccountId, name: account.name, simulatedAt: at, answeredAt: null };
  const again = { ...request, apiUrl: account.apiUrl, provider: account.provider };
  expect(await connectAccount(db, again, identity, at)).toMatchObject({
    accountId: account.accountId,
    disconnectedAt: null,
  });
  expect(await connectedAccounts(db)).toHaveLength(1);
});
