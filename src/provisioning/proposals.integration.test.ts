import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { json, startTestApi, type TestApi, testSecretKey } from '../../test/http/api-fixture.ts';
import { applyRules, assign, bringAttributionsUpToDate } from '../deployments/index.ts';
import { connectAccount, identifyCredentials, syncAccount } from '../inventory/index.ts';
import { createDigitalOcean } from '../cloud/digitalocean/client.ts';
import { generateSecretKey, parseSecretKey } from '../platform/secrets/crypto.ts';
import { readFile } from 'node:fs/promises';
import { startOfDay } from '../metering/index.ts';
import { followSimulatedClock } from '../platform/clock.ts';
import { applyPlans, changeSubscription, endSubscription, startSubscription } from '../pricing/index.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { differencesOf } from './proposal.ts';
import { getProposal, openProposal } from './proposals.ts';
import { resealProvisioning } from './reseal.ts';
import type { FleetEventInput } from '../simulator/events.ts';

// Proposals over HTTP, of an account that the simulator answers for: nothing is written to it by any of them.

const planted = { parameter: 'planted-parameter-7Qm', inUserData: 'planted-user-data-9Zx' };

const shop = (change: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    blueprint: 'shop',
    schema: 1,
    parameters: {
      size: { type: 'size', default: 's-2vcpu-4gb', allow: ['s-2vcpu-4gb', 's-4vcpu-8gb'] },
      domain: { type: 'domain' },
      count: { type: 'number', default: 2, min: 1, max: 40 },
      admin_key: { type: 'secret' },
    },
    region: 'fra1',
    network: { vpc: { ip_range: null } },
    keys: {
      ops: { public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrT1vNLMaTsHSMBdwMQHgpTDTCoNQqOSPOW5sHDKLZj ops' },
    },
    droplets: {
      web: {
        count: '${count}',
        size: '${size}',
        image: 'ubuntu-24-04-x64',
        ssh_keys: ['ops'],
        user_data: 'web.yaml',
      },
    },
    volumes: { data: { size: 100, attach: 'web-1', protected: true } },
    firewall: {
      inbound: [
        { tcp: 443, from: 'balancer' },
        { tcp: 22, from: ['203.0.113.0/24'] },
      ],
    },
    balancer: { targets: 'web', forward: [{ http: 80, to: 80 }] },
    dns: { zone: '${domain}', records: [{ A: '@', to: 'balancer' }] },
    plan: 'studio',
    ...change,
  });

let database: TestDatabase;
let api: TestApi;
let simulator: Simulator;
let sync: () => Promise<void>;
const secretKey = parseSecretKey(testSecretKey)!;

async function control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${simulator.url}/_simulator${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

const happen = (...events: FleetEventInput[]) => control('POST', '/fleet', { events });
const writes = async () => (await control('GET', '/requests'))['writes'];

type Answer = Record<string, unknown> & {
  hash: string;
  state: string;
  ours: { monthly: { before: string; after: string; difference: string }; restOfMonth: string };
  customers: {
    months: { month: string; plan: string; before: string | null; after: string; difference: string }[];
    margin: string;
  };
  problems: string[];
  notMetered: string[];
  stepList: { key: string; says: string; scopes: string[]; request: Record<string, unknown> }[];
  detail: string;
  code: string;
};

type As = 'owner' | 'operator' | 'finance' | 'viewer';

async function ask(path: string, body?: unknown, as: As = 'owner'): Promise<{ status: number; answer: Answer }> {
  const response = await api.fetch(path, body === undefined ? { as } : { as, ...json('POST', body) });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const apply = async (text: string, name = 'shop.yaml') =>
  ask('/blueprints', {
    files: [
      { name, text },
      { name: 'cloud/web.yaml', text: `#cloud-config ${planted.inUserData} \${admin_key} \${HOME} \${slug}` },
    ],
  });

const create = (change: Readonly<Record<string, unknown>> = {}, as: As = 'operator') =>
  ask(
    '/proposals/creations',
    {
      deployment: 'beta-shop',
      customer: 'cus-88',
      blueprint: 'shop',
      parameters: { domain: 'beta.example', admin_key: planted.parameter },
      ...change,
    },
    as,
  );

async function setMeters(enabled: boolean): Promise<void> {
  for (const kind of ['volume_gb_month', 'load_balancer_hours'])
    await sql`UPDATE metering_config SET enabled = ${enabled} FROM billing_kinds b
      WHERE b.billing_kind_id = metering_config.billing_kind_id AND b.slug = ${kind}`.execute(database.db);
}

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  simulator = await startSimulator({
    fleet: 'bare',
    seed: 3,
    resources: 2,
    writable: true,
    at: Temporal.Instant.from('2026-06-09T10:00:00Z'),
  });
  await control('POST', '/limits', { perHour: null, perMinute: null });
  const credentials = { token: `proposals-${process.pid}` };
  const identified = await identifyCredentials(db, { apiUrl: simulator.url, credentials });
  const account = await connectAccount(
    db,
    { ...identified, slug: 'cloud', secretKey },
    identified.identity,
    simulator.now(),
  );
  const provider = createDigitalOcean({ apiUrl: simulator.url, credentials });
  sync = async () => {
    await syncAccount(db, account, provider, { clock: { now: async () => simulator.now() } });
    await bringAttributionsUpToDate(db, simulator.now());
  };
  await sync();
  const studio = await readFile('plans/studio.yaml', 'utf8');
  await applyPlans(db, [{ name: 'studio.yaml', text: studio }], 'test', simulator.now());
  api = await startTestApi(database, { env: { ARCADIA_PROVISIONING_OPERATOR_LIMIT: '75' } });
  await ask('/customers', { customer: 'cus-88', name: 'Beta Ltd', currency: 'USD' });
  await apply(shop());
});
afterAll(async () => {
  await api?.close();
  await simulator?.close();
  await database?.close();
});
beforeEach(async () => {
  await setMeters(true);
});

test('what a new deployment costs is proposed for both sides, and nothing is written', async () => {
  const before = await writes();
  const { status, answer } = await create();
  expect([status, answer.detail]).toEqual([201, undefined]);
  expect(answer.problems).toEqual([]);
  expect(answer.state).toBe('proposed');
  expect(answer.ours.monthly).toEqual({ before: '0.00', after: '70.00', difference: '70.00' });
  const version = expect.stringMatching(/^[0-9a-f]{12}$/);
  expect(answer.customers.months).toEqual([
    { month: '2026-06', plan: 'studio', version, before: null, after: '88.00', difference: '88.00' },
    { month: '2026-07', plan: 'studio', version, before: null, after: '88.84', difference: '88.84' },
  ]);
  // On its plan from the next day on: 21 of June's 30 days. Margins are the owner's.
  const from = '2026-06-10T00:00:00Z';
  expect(answer.customers).toMatchObject({ margin: null, restOfMonth: { from, difference: '61.60', margin: null } });
  expect((await ask(`/proposals/${answer.hash}`)).answer.customers).toMatchObject({
    margin: '18.84',
    restOfMonth: { from, difference: '61.60', margin: '7.64' },
  });
  // 518 of 672 hours are left of June.
  expect(answer.ours.restOfMonth).toBe('53.96');
  expect(answer.stepList.map(({ key }) => key)).toEqual([
    'project',
    'deployment',
    'subscription',
    'tag beta-shop:balancer',
    'tag deployment:beta-shop',
    'network',
    'key ops',
    'balancer beta-shop-balancer',
    'firewall beta-shop-firewall',
    'volume data',
    'protection of volume data',
    'droplet web-1',
    'droplet web-2',
    'zone beta.example',
    'record A @ balancer of beta.example',
    'assign to project',
    'assignment of network',
    'assignment of firewall beta-shop-firewall',
    'declaration',
  ]);
  expect(await writes()).toBe(before);
  // The clock of the simulator stands: the same facts are the same proposal.
  expect((await create()).answer.hash).toBe(answer.hash);
});

test('weekly backups are a fifth of their droplets', async () => {
  const web = {
    count: 2,
    size: '${size}',
    image: 'ubuntu-24-04-x64',
    ssh_keys: ['ops'],
    backups: 'weekly',
    user_data: 'web.yaml',
  };
  await apply(shop({ blueprint: 'safe-shop', droplets: { web } }));
  const { answer } = await create({ blueprint: 'safe-shop' });
  expect(answer.ours.monthly.after).toBe('79.60');
  expect(answer.customers.months.map(({ after }) => after)).toEqual(['88.00', '88.84']);
  expect(String(answer['notes'])).toContain('backups');
});

test('what would be quoted and not metered blocks, unless it is accepted', async () => {
  await setMeters(false);
  const { answer } = await create();
  expect(answer.customers.months[0]?.after).toBe('88.00');
  expect(answer.notMetered).toEqual(['load_balancer_hours', 'volume_gb_month']);
  expect(answer.state).toBe('blocked');
  const refused = await ask(`/proposals/${answer.hash}/approvals`, {});
  expect([refused.status, refused.answer.code]).toEqual([409, 'proposal_blocked']);
  const { answer: accepted } = await create({ acceptUnmetered: true });
  expect(accepted.state).toBe('proposed');
});

test('who may approve what', async () => {
  const { answer } = await create();
  expect((await ask(`/proposals/${answer.hash}/approvals`, {}, 'viewer')).status).toBe(403);
  expect((await ask(`/proposals/${answer.hash}`, undefined, 'finance')).status).toBe(200);
  expect((await create({}, 'finance')).status).toBe(403);
  // 70.00 is within the limit of 75; 118.00 is not.
  const small = await ask(`/proposals/${answer.hash}/approvals`, {}, 'operator');
  expect([small.status, small.answer.state]).toEqual([200, 'approved']);
  const parameters = { domain: 'big.example', admin_key: 'x', size: 's-4vcpu-8gb' };
  const { answer: big } = await create({ deployment: 'big-shop', parameters });
  expect(big.ours.monthly.after).toBe('118.00');
  const refused = await ask(`/proposals/${big.hash}/approvals`, {}, 'operator');
  expect([refused.status, refused.answer.code]).toEqual([403, 'forbidden']);
  expect((await ask(`/proposals/${big.hash}/approvals`, {})).answer.state).toBe('approved');
  const discarded = await ask(`/proposals/${big.hash}/discard`, {});
  expect(discarded.answer.state).toBe('discarded');
  await expect(openProposal(database.db, big.hash, { secretKey, now: simulator.now() })).rejects.toThrow('discarded');
});

test('an approved proposal is opened with its sealed values, until it expires', async () => {
  const { answer } = await create({ name: 'Beta' });
  const open = (now: Temporal.Instant) => openProposal(database.db, answer.hash, { secretKey, now });
  await expect(open(simulator.now())).rejects.toThrow('approved by 0 of 1');
  await ask(`/proposals/${answer.hash}/approvals`, {});
  const opened = await open(simulator.now());
  expect(opened.secrets.get('user data of web-2')).toBe(
    `#cloud-config ${planted.inUserData} ${planted.parameter} \${HOME} beta-shop`,
  );
  await expect(open(simulator.now().add({ hours: 24 }))).rejects.toThrow('expired');
});

test('an approved proposal is begun once, however often and at once it is asked for', async () => {
  const { answer } = await create({
    deployment: 'gamma-shop',
    parameters: { domain: 'gamma.example', admin_key: 'x' },
  });
  const proposal = answer.hash;
  const early = await ask('/rollouts', { proposal });
  expect([early.status, early.answer.code]).toEqual([409, 'proposal_not_approved']);
  await ask(`/proposals/${proposal}/approvals`, {});
  const begun = await Promise.all([1, 2, 3].map(() => ask('/rollouts', { proposal }, 'operator')));
  expect(begun.map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(new Set(begun.map((each) => each.answer['rollout'])).size).toBe(1);
  expect(begun.filter((each) => each.answer['begun'] === true)).toHaveLength(1);
  expect((await ask(`/proposals/${proposal}`)).answer.state).toBe('rolled_out');
  const discarded = await ask(`/proposals/${proposal}/discard`, {});
  expect([discarded.status, discarded.answer.code]).toEqual([409, 'proposal_closed']);
});

test('a deployment that was created since makes a proposal of creating it stale', async () => {
  const { answer } = await create({ deployment: 'made-by-hand' });
  expect(answer.problems).toEqual([]);
  await ask('/deployments', { deployment: 'made-by-hand', customer: 'cus-88' });
  const refused = await ask(`/proposals/${answer.hash}/approvals`, {});
  expect([refused.status, refused.answer.code]).toEqual([409, 'proposal_stale']);
  expect(refused.answer.detail).toContain('There is a deployment made-by-hand already.');
});

test('what is sealed is read with the key that it was sealed with last', async () => {
  const { answer } = await create({ name: 'Beta again' });
  await ask(`/proposals/${answer.hash}/approvals`, {});
  const other = parseSecretKey(generateSecretKey())!;
  const reseal = (from: typeof other, to: typeof other) =>
    database.db.transaction().execute((trx) => resealProvisioning(trx, { from, to }));
  expect(await reseal(secretKey, other)).toBeGreaterThan(1);
  const opened = await openProposal(database.db, answer.hash, { secretKey: other, now: simulator.now() });
  expect(opened.secrets.get('parameter admin_key')).toBe(planted.parameter);
  const withOld = openProposal(database.db, answer.hash, { secretKey, now: simulator.now() });
  await expect(withOld).rejects.toMatchObject({ code: 'secret_unreadable' });
  await reseal(other, secretKey);
});

test('a price that changes makes a proposal stale, and the refusal names it', async () => {
  const { answer } = await create();
  await ask('/prices/droplet_size:s-2vcpu-4gb', undefined);
  await sql`INSERT INTO own_prices (provider, subject, account_id, currency, amount, unit, evidence, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
    VALUES ('digitalocean', 'volume', 0, 'USD', 0.2, 'GiB-month', 'test', 'test', '2026-01-01', 'infinity', ${simulator.now()}, 'infinity')`.execute(
    database.db,
  );
  const refused = await ask(`/proposals/${answer.hash}/approvals`, {});
  expect([refused.status, refused.answer.code]).toEqual([409, 'proposal_stale']);
  expect(refused.answer.detail).toContain('it cost us 70.00 USD a month, and costs 80.00 USD a month');
  await sql`DELETE FROM own_prices`.execute(database.db);
});

test('what the account may not have is refused before anything is asked for', async () => {
  const before = await writes();
  const { meta } = (await (
    await fetch(`${simulator.url}/v2/droplets`, { headers: { authorization: 'Bearer x' } })
  ).json()) as {
    meta: { total: number };
  };
  const live = meta.total;
  await happen({ type: 'set_account_limits', droplets: live + 1, reservedIps: 0, volumes: 10 });
  const { answer } = await create({ deployment: 'many-shop' });
  expect(answer.problems).toEqual(['It needs 2 droplets, 1 left: ask the provider for a higher limit.']);
  expect(answer.state).toBe('blocked');
  expect(await writes()).toBe(before);
  await happen({ type: 'set_account_limits', droplets: 100, reservedIps: 10, volumes: 10 });
});

test('a plan in another currency than the customer pays in blocks: nothing of it is created first', async () => {
  const grand = (await readFile('plans/grand.yaml', 'utf8')).replace('currency: USD', 'currency: EUR');
  await applyPlans(database.db, [{ name: 'grand.yaml', text: grand }], 'test', simulator.now());
  await apply(shop({ blueprint: 'euro-shop', plan: 'grand' }));
  const { answer } = await create({ blueprint: 'euro-shop', acceptUnmetered: true });
  expect(answer.problems).toEqual(['The customer pays in USD, and plan grand is in EUR: take a plan in USD.']);
  expect(answer.state).toBe('blocked');
});

test('parameters, names and files that do not fit are said', async () => {
  const wrong = await create({ parameters: { domain: 'no domain', size: 's-1vcpu-1gb', extra: 'x' } });
  expect([wrong.status, wrong.answer.detail]).toEqual([
    400,
    'There is no parameter extra. Parameter size: "s-1vcpu-1gb" is none of s-2vcpu-4gb, s-4vcpu-8gb. Parameter domain: "no domain" is no domain. Parameter admin_key is not given (secret).',
  ]);
  const { status, answer } = await apply(
    'blueprint: shop\nschema: 1\nregion: ${nowhere}\ndroplets:\n  web:\n    size: 7\n',
  );
  expect([status, answer.code]).toEqual([400, 'blueprint_invalid']);
  expect(answer.detail).toContain('shop.yaml:6: droplets.web.size');
  expect(answer.detail).toContain('droplets.web.image: is missing');
});

test('planted secrets are in no table unsealed, in no log and in no answer', async () => {
  const { answer } = await create();
  const said = [
    JSON.stringify(answer),
    JSON.stringify((await ask(`/proposals/${answer.hash}`)).answer),
    JSON.stringify((await ask('/blueprints/shop')).answer),
    JSON.stringify((await ask('/proposals')).answer),
    JSON.stringify(api.lines),
  ].join('\n');
  const { rows: tables } = await sql<{ name: string }>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`.execute(
    database.db,
  );
  for (const word of Object.values(planted)) {
    expect(said).not.toContain(word);
    for (const { name } of tables) {
      const { rows } = await sql`SELECT FROM ${sql.raw(name)} AS t WHERE position(${word} IN t::text) > 0
        OR position(encode(${word}::bytea, 'hex') IN t::text) > 0 LIMIT 1`.execute(database.db);
      expect(rows, `${word} in ${name}`).toEqual([]);
    }
  }
});

test('a droplet that is resized behind its back makes a change stale; what differs is proposed', async () => {
  const project = 'aaaaaaaa-0000-4000-8000-000000000001';
  await happen(
    { type: 'create_project', id: project, name: 'acme-shop' },
    { type: 'create_droplet', id: 900_001, name: 'acme-shop-web-1', size: 's-2vcpu-4gb', region: 'fra1', project },
    { type: 'create_droplet', id: 900_002, name: 'acme-shop-web-2', size: 's-2vcpu-4gb', region: 'fra1', project },
  );
  await ask('/deployments', { deployment: 'acme-shop', customer: 'cus-88' });
  await sync();
  await applyRules(database.db, { rules: [{ project, deployment: 'acme-shop' }] }, 'test', simulator.now());
  await bringAttributionsUpToDate(database.db, simulator.now());
  const from = await ask('/blueprints/from', { deployment: 'acme-shop' }, 'viewer');
  expect([from.status, from.answer.detail]).toEqual([200, undefined]);
  const written = String(from.answer['text']);
  expect(written).toContain('count: 2');
  const change = (blueprint: string) =>
    ask('/deployments/acme-shop/proposals/changes', { blueprint, parameters: {} }, 'operator');
  await apply(written, 'acme-shop.yaml');
  const same = await change('acme-shop');
  expect([same.answer.stepList, same.answer.problems]).toEqual([[], []]);
  expect(same.answer.ours.monthly).toEqual({ before: '48.00', after: '48.00', difference: '0.00' });
  await apply(written.replace('count: 2', 'count: 3'), 'acme-shop.yaml');
  const more = await change('acme-shop');
  expect(more.answer.problems).toEqual([]);
  expect(more.answer.stepList.map(({ key }) => key)).toEqual([
    'tag deployment:acme-shop',
    'droplet web-3',
    'assign to project',
    'declaration',
  ]);
  expect(more.answer.ours.monthly.difference).toBe('24.00');
  await apply(written.replace('s-2vcpu-4gb', 's-4vcpu-8gb'), 'acme-shop.yaml');
  const larger = await change('acme-shop');
  expect(larger.answer.stepList.map(({ key }) => key)).toEqual([
    'shut down droplet web-1',
    'power off droplet web-1',
    'resize droplet web-1',
    'power on droplet web-1',
    'shut down droplet web-2',
    'power off droplet web-2',
    'resize droplet web-2',
    'power on droplet web-2',
    'declaration',
  ]);
  expect(larger.answer.ours.monthly).toEqual({ before: '48.00', after: '96.00', difference: '48.00' });
  await happen({ type: 'resize_droplet', droplet: 900_002, size: 's-8vcpu-16gb' });
  simulator.advanceTo(simulator.now().add({ minutes: 10 }));
  const refused = await ask(`/proposals/${larger.answer.hash}/approvals`, {});
  expect([refused.status, refused.answer.code]).toEqual([409, 'proposal_stale']);
  expect(refused.answer.detail).toContain('droplet 900002 acme-shop-web-2: size was s-2vcpu-4gb, and is s-8vcpu-16gb');
  const begun = await ask('/rollouts', { proposal: larger.answer.hash });
  expect([begun.status, begun.answer.code]).toEqual([409, 'proposal_stale']);
});

test('what is protected is not proposed to be destroyed; else all of it, with what goes on costing', async () => {
  const destroy = (as: As = 'owner') => ask('/deployments/acme-shop/proposals/destructions', {}, as);
  expect((await destroy('operator')).status).toBe(403);
  await ask('/protections', { resource: 'droplet:900001', reason: 'holds the orders' });
  const blocked = await destroy();
  expect(blocked.answer.problems).toEqual(['droplet 900001 acme-shop-web-1 is protected: holds the orders.']);
  await ask('/protections/end', { resource: 'droplet:900001' });
  const { answer } = await destroy();
  expect(answer.problems).toEqual([]);
  expect(answer.stepList.map(({ key }) => key.replace(/ [0-9a-f-]{36}$/, ''))).toEqual([
    'shut down droplet 900001',
    'power off droplet 900001',
    'shut down droplet 900002',
    'power off droplet 900002',
    'snapshot of droplet 900001',
    'snapshot of droplet 900002',
    'destroy droplet 900001',
    'destroy droplet 900002',
    'end',
    'destroy project',
  ]);
  expect(answer['stays']).toHaveLength(2);
  expect(JSON.stringify(answer['stays'])).toContain('0.06');
  const untyped = await ask(`/proposals/${answer.hash}/approvals`, {});
  expect([untyped.status, untyped.answer.code]).toEqual([400, 'invalid_argument']);
  expect((await ask(`/proposals/${answer.hash}/approvals`, { typeName: 'acme-shops' })).status).toBe(400);
  expect((await ask(`/proposals/${answer.hash}/approvals`, { typeName: 'acme-shop' })).answer.state).toBe('approved');
});

test("what carries its tag and is another deployment's is not taken for its own", async () => {
  const droplet = (id: number, name: string): FleetEventInput => ({
    type: 'create_droplet',
    id,
    name,
    region: 'fra1',
    tags: ['Deployment:Delta-Shop'],
  });
  await ask('/deployments', { deployment: 'delta-shop', customer: 'cus-88' });
  await ask('/deployments', { deployment: 'gamma-two', customer: 'cus-88' });
  await happen(droplet(900_011, 'delta-web'), droplet(900_012, 'moved-web'));
  await sync();
  const { rows } = await sql<{
    id: number;
  }>`SELECT resource_id AS id FROM resources WHERE external_id = '900012'`.execute(database.db);
  const owners = [{ slug: 'gamma-two', weight: 1 }];
  await assign(database.db, { resourceIds: rows.map(({ id }) => id), owners, from: null }, 'test', simulator.now());
  await bringAttributionsUpToDate(database.db, simulator.now());
  const sharing = { resourceIds: rows.map(({ id }) => id), from: null };
  const both = [owners[0]!, { slug: 'delta-shop', weight: 1 }];
  await assign(database.db, { ...sharing, owners: both }, 'test', simulator.now());
  await bringAttributionsUpToDate(database.db, simulator.now());
  const { answer: shared } = await ask('/deployments/delta-shop/proposals/changes', { parameters: {} });
  expect(shared['notes']).toContain('droplet 900012 moved-web is of gamma-two too: no figure has its share of it.');
  await assign(database.db, { ...sharing, owners }, 'test', simulator.now());
  await bringAttributionsUpToDate(database.db, simulator.now());
  const keys = async () => {
    const { answer } = await ask('/deployments/delta-shop/proposals/destructions', { snapshots: false });
    return [answer.problems, answer.stepList.map(({ key }) => key)];
  };
  const ofOther =
    'droplet 900012 moved-web carries the tag deployment:delta-shop and is of gamma-two: take the tag from it, or assign it to delta-shop.';
  const steps = ['shut down droplet 900011', 'power off droplet 900011', 'destroy droplet 900011', 'end'];
  expect(await keys()).toEqual([[ofOther], steps]);
  const { answer: destruction } = await ask('/deployments/delta-shop/proposals/destructions', { snapshots: false });
  // On none: no subscription ends with it.
  expect(destruction['plan']).toBeNull();
  const { answer } = await ask('/blueprints/from', { deployment: 'delta-shop' });
  expect(answer['leftOut']).toContain(ofOther);
  expect(answer['text']).not.toContain('moved');
  // What nobody has read yet is nobody's: the tag makes it its own.
  await happen(droplet(900_013, 'new-web'));
  expect((await keys())[1]).toContain('destroy droplet 900013');
  // What the token may not list may be there.
  const snapshot = {
    type: 'create_snapshot',
    resourceType: 'droplet',
    resourceId: 900_011,
    name: 'kept',
    sizeGb: 7,
  } as const;
  await happen(snapshot);
  await sync();
  await control('POST', '/faults', { fault: 'missing_scope', scopes: ['snapshot:read'] });
  const { answer: hidden } = await ask('/deployments/delta-shop/proposals/destructions', { snapshots: false });
  await control('DELETE', '/faults');
  const why = 'it could not be listed, and may be there';
  expect(hidden['stays']).toEqual([{ what: expect.stringMatching(/^snapshot \d+ kept$/), why, monthly: null }]);
});

test('each month is rated on the plan that it will be on at its end', async () => {
  const { db } = database;
  const decide = { deployment: 'acme-shop', from: startOfDay(Temporal.PlainDate.from('2026-06-10')) };
  await startSubscription(db, { ...decide, plan: 'studio' }, 'test', simulator.now());
  await applyPlans(
    db,
    [{ name: 'atelier.yaml', text: await readFile('plans/atelier.yaml', 'utf8') }],
    'test',
    simulator.now(),
  );
  const change = async () =>
    (await ask('/deployments/acme-shop/proposals/changes', { blueprint: 'acme-shop', parameters: {} })).answer;
  const plans = async () => (await change()).customers.months.map(({ month, plan }) => `${month} ${plan}`);
  expect(await plans()).toEqual(['2026-06 studio', '2026-07 studio']);
  const ending = await ask('/deployments/acme-shop/proposals/destructions', { snapshots: false });
  expect(ending.answer['plan']).toBe('studio');
  const proposed = await change();
  const july = { deployment: 'acme-shop', from: startOfDay(Temporal.PlainDate.from('2026-07-01')) };
  await changeSubscription(db, { ...july, plan: 'atelier' }, 'test', simulator.now());
  expect(await plans()).toEqual(['2026-06 studio', '2026-07 atelier']);
  const refused = await ask(`/proposals/${proposed.hash}/approvals`, {});
  expect([refused.status, refused.answer.code]).toEqual([409, 'proposal_stale']);
  expect(refused.answer.detail).toContain('in 2026-07 (plan atelier)');
  await endSubscription(db, july, 'test', simulator.now());
  expect(await plans()).toEqual(['2026-06 studio']);
  // It ends within this month: what is left of it is foreseen all the same.
  const mid = { deployment: 'acme-shop', from: startOfDay(Temporal.PlainDate.from('2026-06-20')) };
  await endSubscription(db, mid, 'test', simulator.now());
  const { answer: last } = await ask('/deployments/acme-shop/proposals/changes', {
    blueprint: 'acme-shop',
    parameters: {},
  });
  expect(last.customers).toMatchObject({ months: [], margin: null, restOfMonth: { difference: '0.00' } });
  expect(last['notes']).toContain('It is on plan studio, and from next month on none.');
  // What the rest of the month comes to is named too.
  const { document } = await getProposal(db, proposed.hash);
  const { customers } = document;
  if (customers?.restOfMonth == null) throw new Error('it is on a plan');
  const other = { ...customers, restOfMonth: { ...customers.restOfMonth, difference: '7.00' } };
  expect(differencesOf(document, { ...document, customers: other })).toEqual([
    'the rest of the month was to be 0.00 USD more for the customer, and now 7.00 USD',
  ]);
});

test('a price of the plan that is not reached, and one that holds from tomorrow on, make a proposal stale', async () => {
  const parameters = { domain: 'eta.example', admin_key: 'x' };
  const proposed = async () => (await create({ deployment: 'eta-shop', parameters })).answer.hash;
  const refusal = async (hash: string) => (await ask(`/proposals/${hash}/approvals`, {})).answer;
  const first = await proposed();
  const studio = await readFile('plans/studio.yaml', 'utf8');
  // Of snapshots, of which it has none.
  const dearer = studio.replace('from: 2000-01-01', 'from: 2026-07-01').replace('unitPrice: 0.10', 'unitPrice: 0.11');
  await applyPlans(database.db, [{ name: 'studio.yaml', text: dearer }], 'test', simulator.now());
  expect((await refusal(first)).detail).toContain("the prices of the customer's plan have changed");
  const second = await proposed();
  await sql`INSERT INTO own_prices (provider, subject, account_id, currency, amount, unit, evidence, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
    VALUES ('digitalocean', 'volume', 0, 'USD', 0.2, 'GiB-month', 'test', 'test', '2026-06-10', 'infinity', ${simulator.now()}, 'infinity')`.execute(
    database.db,
  );
  simulator.advanceTo(simulator.now().add({ hours: 23 }));
  await followSimulatedClock(database.db, simulator.now());
  expect((await refusal(second)).detail).toContain('it cost us 70.00 USD a month, and costs 80.00 USD a month');
});

test('of several accounts, what is like another is to be where that one is; else they are named', async () => {
  const { db } = database;
  const annex = await startSimulator({ fleet: 'bare', seed: 4, resources: 1, at: simulator.now() });
  try {
    const credentials = { token: `annex-${process.pid}` };
    const identified = await identifyCredentials(db, { apiUrl: annex.url, credentials });
    await connectAccount(db, { ...identified, slug: 'annex', secretKey }, identified.identity, simulator.now());
    const parameters = { domain: 'theta.example', admin_key: 'x' };
    const refused = await create({ deployment: 'theta-shop', parameters });
    expect(refused.answer).toMatchObject({ status: 400, detail: 'Say in which account it is to be: annex or cloud.' });
    const alike = await create({ deployment: 'theta-shop', blueprint: undefined, like: 'acme-shop', parameters: {} });
    expect(alike).toMatchObject({ status: 201, answer: { account: 'cloud' } });
  } finally {
    await annex.close();
  }
});
