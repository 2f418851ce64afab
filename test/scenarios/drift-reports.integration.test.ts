import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assign, bringAttributionsUpToDate, createCustomer, createDeployment } from '../../src/deployments/index.ts';
import { type DeclarationDocument, declarationSchema } from '../../src/drift/declaration.ts';
import { adoptDeployment, applyDeclaration } from '../../src/drift/declarations.ts';
import { checkDrift, driftCoverage, findingGroups, getFinding } from '../../src/drift/findings.ts';
import { categories, type FindingRow, selectFindings } from '../../src/drift/findings.store.ts';
import { sweep } from '../../src/drift/sweep/sweep.ts';
import { importDocument } from '../../src/drift/terraform/import-document.ts';
import { readTerraform } from '../../src/drift/terraform/read-terraform.ts';
import type { FleetName } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// What people report of other tools that find drift, each as a scenario: what is right here. Numbers are those of the
// list that they were collected in.

let database: TestDatabase;
let cloud: SimulatedAccount;

async function open(fleet?: FleetName): Promise<void> {
  cloud = await openSimulatedAccount(database.db, fleet === undefined ? {} : { fleet });
  const start = now();
  await createCustomer(database.db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(database.db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
}

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const now = () => cloud.simulator.now();

async function look(after: Temporal.DurationLike = { minutes: 15 }) {
  await cloud.advance(after);
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, now());
  return sweep(database.db, now());
}

async function settle(): Promise<void> {
  for (let looks = 0; looks < 3; looks += 1) await look();
}

const apply = (document: Omit<DeclarationDocument, 'declaration'> & { declaration?: string }) =>
  applyDeclaration(database.db, declarationSchema.parse({ declaration: 'acme', deployment: 'acme', ...document }), {
    by: 'test',
    now: now(),
  });

/** Everything that there is belongs to the deployment, and is declared as it is. */
async function adopt(): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    SELECT resource_id AS id FROM inventory_states WHERE valid_to = 'infinity'`.execute(database.db);
  const owners = [{ slug: 'acme', weight: 1 }];
  await assign(database.db, { resourceIds: rows.map(({ id }) => id), owners, from: now() }, 'test', now());
  await bringAttributionsUpToDate(database.db, now());
  await adoptDeployment(database.db, 'acme', 'acme', { by: 'test', now: now() });
}

const page = { limit: 1_000, cursor: null, sort: 'name', order: 'asc' } as const;

async function found(
  of: Partial<Parameters<typeof selectFindings>[1]> = { category: categories.slice(0, 6) },
): Promise<FindingRow[]> {
  return selectFindings(database.db, { now: now(), ...of }, page);
}

/** `changed web size 18.00` */
const told = async (...of: Parameters<typeof found>) =>
  (await found(...of))
    .map(({ category, name, field, monthly }) =>
      [category, name, field, monthly === null ? 'unknown' : Number(monthly).toFixed(2)]
        .filter((part) => part !== null)
        .join(' '),
    )
    .sort();

const asked = { severity: 'low', allowBlind: false } as const;
const provider = 'provider["registry.terraform.io/digitalocean/digitalocean"]';
type Instance = readonly [type: string, attributes: object];
const stateOf = (...resources: readonly Instance[]) =>
  new TextEncoder().encode(
    JSON.stringify({
      version: 4,
      terraform_version: '1.9.8',
      serial: 1,
      lineage: 'l',
      resources: resources.map(([type, attributes], index) => ({
        mode: 'managed',
        type,
        name: `r${index}`,
        provider,
        instances: [{ attributes }],
      })),
    }),
  );
const importState = (...resources: readonly Instance[]) =>
  apply(importDocument(readTerraform(stateOf(...resources)), { declaration: 'acme', deployment: 'acme' }));

test('1: a listing that is forbidden makes nothing missing, is one blind spot, and a check fails', async () => {
  await open();
  const names = Array.from({ length: 28 }, (_, index) => `fw-${index}`);
  const ids = await cloud.happen(...names.map((name) => ({ type: 'create_firewall', name }) as const));
  await look();
  await apply({ resources: ids.map((id) => ({ address: `fw.${id}`, kind: 'firewall', id: String(id) })) });
  await look();
  await cloud.upset({ fault: 'missing_scope', scopes: ['firewall:read'] });
  await settle();
  expect(await told()).toEqual([]);
  const blind = await driftCoverage(database.db);
  expect(blind.filter(({ kind }) => kind === 'firewall')).toMatchObject([{ field: null, resources: 28, declared: 28 }]);
  await expect(checkDrift(database.db, asked, now())).rejects.toMatchObject({ code: 'drift_blind' });
});

test('2: the first look at a whole fleet is a summary, and nothing of it is published one by one', async () => {
  await open('pilot');
  await cloud.advance({ days: 40 });
  await look();
  const groups = await findingGroups(database.db, { now: now() });
  expect(groups.length).toBeGreaterThan(0);
  expect(groups.length).toBeLessThan((await found({})).length);
  const published = async () =>
    (await sql<{ count: number }>`SELECT count(*) AS count FROM drift_notices WHERE NOT baseline`.execute(database.db))
      .rows[0]!.count;
  expect(await published()).toBe(0);
  expect(await sweep(database.db, now(), { full: true })).toMatchObject({ found: 0, changed: 0, resolved: 0 });
  expect(await published()).toBe(0);
});

test('3: a deleted cluster is one finding with its parts, its money once', async () => {
  await open();
  const workers = [7001, 7002, 7003];
  const cluster = '0a000000-0000-4000-8000-0000000000c1';
  const tags = ['k8s', `k8s:${cluster}`];
  const [balancer, first, second] = await cloud.happen(
    { type: 'create_load_balancer', name: 'lb', droplets: workers },
    { type: 'create_volume', name: 'pvc-1', sizeGb: 10, region: 'fra1', tags },
    { type: 'create_volume', name: 'pvc-2', sizeGb: 10, region: 'fra1', tags },
    ...workers.map((id) => ({ type: 'create_droplet', id, name: `worker-${id}`, size: 's-2vcpu-4gb', tags }) as const),
    { type: 'create_kubernetes_cluster', id: cluster, name: 'k8s', droplets: workers },
  );
  await look();
  const parts = [
    { kind: 'load_balancer', id: String(balancer) },
    { kind: 'volume', id: String(first) },
    { kind: 'volume', id: String(second) },
    ...workers.map((id) => ({ kind: 'droplet', id: String(id) })),
  ];
  await apply({
    resources: [
      { address: 'cluster', kind: 'kubernetes_cluster', id: cluster },
      ...parts.map((part) => ({ address: `${part.kind}.${part.id}`, ...part })),
    ],
  });
  await look();
  await cloud.happen(
    { type: 'destroy', kind: 'kubernetes_cluster', id: cluster },
    { type: 'destroy', kind: 'load_balancer', id: String(balancer) },
    { type: 'destroy', kind: 'volume', id: String(first) },
    { type: 'destroy', kind: 'volume', id: String(second) },
    ...workers.map((id) => ({ type: 'destroy', kind: 'droplet', id }) as const),
  );
  await settle();
  expect(await found()).toMatchObject([{ category: 'missing', name: 'k8s', parts: 6 }]);
});

test('4: one field is ignored until a day, and found again by itself; the others are found meanwhile', async () => {
  await open();
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', tags: ['a'] });
  await look();
  const until = now().add({ hours: 30 }).toString();
  await apply({
    resources: [{ address: 'web', kind: 'droplet', id: '7001', fields: { tags: ['a'], size: 's-1vcpu-1gb' } }],
    ignore: [{ fields: ['tags'], until, reason: 'moves with each release' }],
  });
  await look();
  await cloud.happen(
    { type: 'tag', kind: 'droplet', id: 7001, tags: ['b'] },
    { type: 'resize_droplet', droplet: 7001, size: 's-1vcpu-2gb' },
  );
  await settle();
  expect(await told({ state: ['open'], rule: 'changed' })).toEqual(['changed web size 6.00']);
  await look({ hours: 24 });
  expect(await told({ state: ['open'], rule: 'changed' })).toEqual(['changed web size 6.00']);
  await look({ hours: 6 });
  expect(await told({ state: ['open'], rule: 'changed' })).toEqual(['changed web size 6.00', 'changed web tags 0.00']);
});

test('5: the order and the spelling of firewall rules are no difference; one address more is one', async () => {
  await open();
  const [firewall] = await cloud.happen({ type: 'create_firewall', name: 'fw', droplets: [] });
  const rule = (ports: string, addresses: string[]) => ({ protocol: 'tcp' as const, ports, addresses });
  const set = (...inbound: ReturnType<typeof rule>[]) =>
    cloud.happen({ type: 'set_firewall_rules', firewall: String(firewall), inbound, outbound: [] });
  await set(rule('22', ['10.0.0.0/8', '192.0.2.0/24']), rule('0', ['10.1.0.0/16']));
  await look();
  await apply({
    resources: [
      {
        address: 'fw',
        kind: 'firewall',
        id: String(firewall),
        fields: { 'inbound/': { 'tcp/1-65535': ['10.1.0.0/16'], 'TCP/22-22': ['192.0.2.0/24', '10.0.0.0/8'] } },
      },
    ],
  });
  expect(await told()).toEqual([]);
  await set(rule('all', ['10.1.0.0/16']), rule('22', ['192.0.2.0/24', '10.0.0.0/8']));
  await settle();
  expect(await told()).toEqual([]);
  await set(rule('all', ['10.1.0.0/16']), rule('22', ['192.0.2.0/24', '10.0.0.0/8', '203.0.113.7']));
  await settle();
  expect(await found()).toMatchObject([
    { field: 'inbound/tcp/22', actual: ['10.0.0.0/8', '192.0.2.0/24', '203.0.113.7/32'] },
  ]);
});

test('6: a slug that moves to a newer build is no difference', async () => {
  await open();
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', image: 'ubuntu-24-04-x64' });
  await look();
  await adopt();
  const { rows } = await sql<{ declares: boolean; slug: string }>`
    SELECT fields ? 'image_id' AS declares, fields ->> 'image' AS slug FROM declared_resources WHERE kind = 'droplet'`.execute(
    database.db,
  );
  expect(rows).toEqual([{ declares: false, slug: 'ubuntu-24-04-x64' }]);
});

test('7: a certificate that is renewed has another id, and nothing differs', async () => {
  await open();
  const certificate = '0c000000-0000-4000-8000-000000000001';
  const [balancer] = await cloud.happen(
    { type: 'create_load_balancer', name: 'lb' },
    { type: 'create_certificate', id: certificate, name: 'shop', domains: ['shop.example'] },
  );
  const rule = { entryProtocol: 'https', entryPort: 443, targetProtocol: 'http', targetPort: 80, certificate } as const;
  await cloud.happen({ type: 'set_load_balancer_rules', loadBalancer: String(balancer), forwarding: [rule] });
  await look();
  await adopt();
  await cloud.happen({ type: 'renew_certificate', certificate, id: '0c000000-0000-4000-8000-000000000002' });
  await settle();
  expect(await told()).toEqual([]);
});

test('8: an address that was unassigned is found, with its money and the action that did it', async () => {
  await open();
  const [ip] = await cloud.happen(
    { type: 'reserve_ip', region: 'fra1' },
    { type: 'create_droplet', id: 7001, name: 'web' },
  );
  await cloud.happen({ type: 'assign_ip', ip: String(ip), droplet: 7001 });
  await look();
  await apply({ resources: [{ address: 'vip', kind: 'reserved_ip', id: String(ip), fields: { droplet: '7001' } }] });
  await look();
  await cloud.happen({ type: 'unassign_ip', ip: String(ip) });
  await settle();
  expect(await told()).toEqual([`changed ${ip} droplet 5.00`]);
  const [{ finding } = { finding: '' }] = await found();
  expect((await getFinding(database.db, finding, now())).causes.map(({ type }) => type)).toContain('unassign_ip');
});

test('9: the two names of an address in a project are one', async () => {
  await open();
  const project = '0d000000-0000-4000-8000-000000000001';
  await cloud.happen({ type: 'create_project', id: project, name: 'shop' });
  const [ip] = await cloud.happen({ type: 'reserve_ip', region: 'fra1', project });
  await look();
  for (const urn of [`do:reservedip:${ip}`, `do:floatingip:${ip}`]) {
    const { findings } = await importState(
      ['digitalocean_reserved_ip', { id: String(ip), ip_address: String(ip), region: 'fra1' }],
      ['digitalocean_project_resources', { id: project, project, resources: [urn] }],
    );
    expect(findings).toBe(0);
  }
});

test('10: a pool that was deleted is one finding under its cluster', async () => {
  await open();
  const cluster = '0a000000-0000-4000-8000-0000000000c1';
  const pool = (name: string, size = 's-2vcpu-4gb' as const) => ({ name, size, droplets: [] });
  await cloud.happen(
    { type: 'create_kubernetes_cluster', id: cluster, name: 'k8s' },
    { type: 'set_node_pools', cluster, pools: [pool('default'), pool('batch')] },
  );
  await look();
  await adopt();
  await cloud.happen({ type: 'set_node_pools', cluster, pools: [pool('default')] });
  await settle();
  expect(await found()).toMatchObject([{ category: 'missing', name: 'k8s', field: 'pool/batch' }]);
});

test('11: what an autoscaler does within its bounds is no difference, and beyond them is', async () => {
  await open();
  const cluster = '0a000000-0000-4000-8000-0000000000c1';
  const droplets = [7001, 7002, 7003, 7004, 7005, 7006];
  const tags = ['k8s', `k8s:${cluster}`];
  await cloud.happen(...droplets.map((id) => ({ type: 'create_droplet', id, name: `w-${id}`, tags }) as const), {
    type: 'create_kubernetes_cluster',
    id: cluster,
    name: 'k8s',
  });
  const scale = (count: number) =>
    cloud.happen({
      type: 'set_node_pools',
      cluster,
      pools: [{ name: 'p', droplets: droplets.slice(0, count), autoScale: { min: 2, max: 5 } }],
    });
  await scale(2);
  await look();
  await apply({
    resources: [
      { address: 'k8s', kind: 'kubernetes_cluster', id: cluster, fields: { 'pool/p/count': { min: 2, max: 5 } } },
    ],
  });
  for (const count of [4, 3]) {
    await scale(count);
    await settle();
    expect(await told()).toEqual([]);
  }
  await scale(6);
  await settle();
  expect(await found()).toMatchObject([{ category: 'changed', field: 'pool/p/count', actual: 6 }]);
});

test('12: the environment of an app is nothing that is compared', async () => {
  await open();
  await cloud.happen({ type: 'create_app', name: 'shop' });
  await look();
  await adopt();
  const { rows } = await sql<{ keys: string[] }>`
    SELECT array_agg(key) AS keys FROM declared_resources, jsonb_object_keys(exact) AS key WHERE kind = 'app'`.execute(
    database.db,
  );
  expect(rows[0]!.keys.filter((key) => /env/i.test(key))).toEqual([]);
  await settle();
  expect(await told()).toEqual([]);
});

test('13: a dot at the end of a target is no difference, and another target is', async () => {
  await open();
  await cloud.happen({ type: 'create_domain', name: 'acme.example' });
  const put = (data: string) =>
    cloud.happen({ type: 'put_record', domain: 'acme.example', id: 480_001, recordType: 'CNAME', name: 'www', data });
  await put('host.example');
  await look();
  const record = { id: 480_001, domain: 'acme.example', type: 'CNAME', name: 'www', ttl: 1_800 };
  for (const value of ['host.example', 'host.example.'])
    expect(await importState(['digitalocean_record', { ...record, value }])).toMatchObject({ findings: 0 });
  await put('host.example.');
  await settle();
  expect(await told()).toEqual([]);
  await put('other.example.');
  await settle();
  expect(await told()).toEqual(['changed acme.example record/480001/value 0.00']);
});

test('14: what lives on for 90 days as it was declared has no difference', async () => {
  await open();
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', backups: 'weekly', tags: ['a'] },
    { type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1' },
    { type: 'create_database', name: 'pg' },
    { type: 'create_domain', name: 'acme.example' },
    { type: 'create_app', name: 'shop' },
    { type: 'create_bucket', name: 'media', region: 'fra1' },
  );
  await look();
  await adopt();
  for (let month = 0; month < 3; month += 1) {
    await cloud.happen(
      { type: 'create_backup', droplet: 7001, sizeGb: 3 },
      { type: 'power', droplet: 7001, action: 'reboot' },
      { type: 'create_snapshot', resourceType: 'droplet', resourceId: 7001, name: `s-${month}`, sizeGb: 3 },
      { type: 'set_bucket_size', bucket: 'media', bytes: 1_000_000 * (month + 1) },
    );
    await look({ days: 30 });
    expect(await told()).toEqual([]);
  }
});

test('15: a state that a refresh emptied is refused', async () => {
  await open();
  const ids = [7001, 7002, 7003];
  await cloud.happen(...ids.map((id) => ({ type: 'create_droplet', id, name: `web-${id}` }) as const));
  await look();
  const droplets = ids.map((id) => ['digitalocean_droplet', { id: String(id), name: `web-${id}` }] as const);
  expect(await importState(...droplets)).toMatchObject({ resources: { added: 3 }, findings: 0 });
  await expect(importState()).rejects.toMatchObject({ code: 'declaration_shrinks' });
});

test('16: what a deleted cluster left behind is one group under it, with its money', async () => {
  await open();
  const cluster = '0a000000-0000-4000-8000-0000000000c1';
  const tags = [`k8s:${cluster}`];
  await cloud.happen(
    { type: 'create_kubernetes_cluster', id: cluster, name: 'k8s' },
    { type: 'create_volume', name: 'pvc-1', sizeGb: 10, region: 'fra1', tags },
    { type: 'create_volume', name: 'pvc-2', sizeGb: 20, region: 'fra1', tags },
  );
  await look();
  await adopt();
  await cloud.happen({ type: 'destroy', kind: 'kubernetes_cluster', id: cluster });
  await settle();
  const leftovers = await found({ rule: 'orphaned_leftover', parts: true });
  expect(leftovers.map(({ name, monthly, deployment }) => [name, monthly, deployment])).toEqual([
    ['pvc-1', '1.00', 'acme'],
    ['pvc-2', '2.00', 'acme'],
  ]);
  const [missing] = await found({ rule: 'missing' });
  expect(leftovers.map(({ partOf }) => partOf)).toEqual([missing?.finding, missing?.finding]);
  const groups = await findingGroups(database.db, { now: now(), rule: 'orphaned_leftover' });
  expect(groups).toMatchObject([{ deployment: 'acme', monthly: [{ amount: '3.00' }] }]);
});

test('and: a declaration of a kind that is not read stops no other, and says so', async () => {
  await open();
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await apply({ declaration: 'broken', resources: [{ address: 'r', kind: 'container_registry', id: 'r' }] });
  await apply({ resources: [{ address: 'web', kind: 'droplet', id: '7001', fields: { size: 's-8vcpu-16gb' } }] });
  await settle();
  expect((await found()).map(({ declaration, field }) => `${declaration} ${field}`)).toEqual(['acme size']);
  expect(await driftCoverage(database.db)).toContainEqual(
    expect.objectContaining({ kind: 'container_registry', reason: 'never listed', declared: 1 }),
  );
});
