import { mkdtempSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fleetEvent } from '../../src/simulator/events.ts';
import { fleets } from '../../src/simulator/fleets/index.ts';
import { writeRoutes } from '../../src/simulator/writes/routes.ts';
import { Timeline } from '../../src/simulator/timeline.ts';
import { openApiDescription } from './api-description.ts';
import { open, type Opened, type Reply } from './simulator-client.ts';

// The simulator as a provider that is written to: what it does, what it refuses, and how its answers can be lost.

const description = openApiDescription();
const folder = mkdtempSync(join(tmpdir(), 'arcadia-writes-'));
afterAll(() => rmSync(folder, { recursive: true }));

let opened: Opened;
let answered: Set<string>;
beforeEach(async () => {
  answered = new Set();
  opened = await open({ fleet: 'pilot', seed: 1, writable: true });
  await opened.control('limits', { perHour: null, perMinute: null });
});
afterEach(() => opened.close());

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4gq0mJXg7Kx3u2nPq0Zk2sCw0p0d8yq3m2kq3b9b5d ops';

/** One request, held against the description: what is asked, and what is answered. */
async function ask(method: string, path: string, body?: unknown): Promise<Reply> {
  const reply = await opened.send(path, { method, body });
  const place = writeRoutes.find(
    (route) => route.method === method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  if (place !== undefined && reply.status < 300) answered.add(`${method} ${place.path}`);
  if (description === null) return reply;
  const problems = [
    ...(reply.status < 300 ? description.bodyProblems(method, path, body) : []),
    ...description.answerProblems(method, path, reply.status, reply.body),
  ];
  expect({ method, path, status: reply.status, problems }).toEqual({
    method,
    path,
    status: reply.status,
    problems: [],
  });
  return reply;
}

const pass = (seconds: number) => opened.control('clock', { advanceBy: `PT${seconds}S` });
const fault = (body: object) => opened.control('faults', body);
const refused = ({ status, body }: Reply) => [status, body.id, body.message];

const droplet = (more: object = {}) => ({
  name: 'web-1',
  region: 'fra1',
  size: 's-2vcpu-4gb',
  image: 'ubuntu-24-04-x64',
  ...more,
});

async function made(path: string, body: object, name: string): Promise<{ id: never } & Record<string, never>> {
  return (await ask('POST', path, body)).body[name];
}

/** A whole system, and its end: every route of the list. */
async function wholeLife(): Promise<{ urns: string[] }> {
  const project = await made(
    '/v2/projects',
    { name: 'Beta Shop', purpose: 'Web Application', environment: 'Production' },
    'project',
  );
  await ask('PATCH', `/v2/projects/${project.id}`, { description: 'arcadia-step:1' });
  await ask('POST', '/v2/tags', { name: 'deployment:beta-shop' });
  await ask('POST', '/v2/tags', { name: 'spare' });
  const ssh = await made('/v2/account/keys', { name: 'ops', public_key: key }, 'ssh_key');
  const vpc = await made('/v2/vpcs', { name: 'beta-shop', region: 'fra1', description: 'arcadia-step:2' }, 'vpc');
  const rules = {
    inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['203.0.113.0/24'] } }],
    outbound_rules: [{ protocol: 'tcp', ports: 'all', destinations: { addresses: ['0.0.0.0/0', '::/0'] } }],
  };
  const firewall = await made(
    '/v2/firewalls',
    { name: 'beta-shop', tags: ['deployment:beta-shop'], ...rules },
    'firewall',
  );
  const volume = await made(
    '/v2/volumes',
    { name: 'beta-data', region: 'fra1', size_gigabytes: 100, filesystem_type: 'ext4', tags: ['deployment:beta-shop'] },
    'volume',
  );
  const created = await ask(
    'POST',
    '/v2/droplets',
    droplet({
      ssh_keys: [ssh.id],
      volumes: [volume.id],
      vpc_uuid: vpc.id,
      user_data: '#cloud-config',
      backups: true,
      backup_policy: { plan: 'weekly', weekday: 'SUN', hour: 4 },
      tags: ['deployment:beta-shop', 'arcadia-step:3'],
    }),
  );
  const { id } = created.body.droplet;
  expect(created.body.links.actions[0]).toMatchObject({ rel: 'create' });
  await pass(60);
  const reserved = (await ask('POST', '/v2/reserved_ips', { droplet_id: id })).body.reserved_ip;
  const balancer = await made(
    '/v2/load_balancers',
    {
      name: 'beta-shop-lb',
      region: 'fra1',
      size_unit: 1,
      vpc_uuid: vpc.id,
      project_id: project.id,
      tag: 'deployment:beta-shop',
      forwarding_rules: [{ entry_protocol: 'http', entry_port: 80, target_protocol: 'http', target_port: 80 }],
      health_check: {
        protocol: 'http',
        port: 80,
        path: '/alive',
        check_interval_seconds: 10,
        response_timeout_seconds: 5,
        healthy_threshold: 5,
        unhealthy_threshold: 3,
      },
    },
    'load_balancer',
  );
  await ask('PUT', `/v2/firewalls/${firewall.id}`, {
    name: 'beta-shop',
    tags: ['deployment:beta-shop'],
    outbound_rules: rules.outbound_rules,
    inbound_rules: [{ protocol: 'tcp', ports: '80', sources: { load_balancer_uids: [balancer.id] } }],
  });
  await ask('PUT', `/v2/load_balancers/${balancer.id}`, {
    name: 'beta-shop-lb',
    region: 'fra1',
    size_unit: 2,
    droplet_ids: [id],
    forwarding_rules: [{ entry_protocol: 'http', entry_port: 80, target_protocol: 'http', target_port: 8080 }],
  });
  await ask('POST', '/v2/domains', { name: 'beta-shop.example' });
  const record = (
    await ask('POST', '/v2/domains/beta-shop.example/records', { type: 'A', name: '@', data: '198.51.100.7' })
  ).body.domain_record;
  const records = `/v2/domains/beta-shop.example/records/${record.id}`;
  await ask('PUT', records, { type: 'A', name: '@', data: '198.51.100.8', ttl: 300 });
  await ask('PATCH', records, { type: 'A', ttl: 600 });
  expect((await ask('GET', records)).body.domain_record).toMatchObject({ data: '198.51.100.8', ttl: 600 });
  const urns = [
    `do:droplet:${id}`,
    `do:volume:${volume.id}`,
    `do:floatingip:${reserved.ip}`,
    'do:domain:beta-shop.example',
  ];
  const assigned = await ask('POST', `/v2/projects/${project.id}/resources`, { resources: [...urns, 'do:droplet:1'] });
  expect(assigned.body.resources.map((each: { status: string }) => each.status)).toEqual([
    ...urns.map(() => 'assigned'),
    'not_found',
  ]);
  const held = await opened.all(`/v2/projects/${project.id}/resources`, 'resources');
  expect(held.map(({ urn }) => urn)).toEqual([`do:loadbalancer:${balancer.id}`, ...urns]);

  const members = (await ask('GET', `/v2/vpcs/${vpc.id}/members`)).body.members;
  expect(members.map(({ urn }: { urn: string }) => urn)).toEqual([
    `do:droplet:${id}`,
    `do:loadbalancer:${balancer.id}`,
  ]);
  expect((await ask('GET', `/v2/droplets/${id}`)).body.droplet).toMatchObject({
    status: 'active',
    vpc_uuid: vpc.id,
    volume_ids: [volume.id],
  });
  await endOf({
    id,
    volume: volume.id,
    ip: reserved.ip,
    balancer: balancer.id,
    firewall: firewall.id,
    vpc: vpc.id,
    project: project.id,
    records,
    key: ssh.id,
  });
  return { urns };
}

async function endOf(
  of: Record<'id' | 'volume' | 'ip' | 'balancer' | 'firewall' | 'vpc' | 'project' | 'records' | 'key', string>,
): Promise<void> {
  const act = async (path: string, body: object) => {
    const { action } = (await ask('POST', `${path}/actions`, body)).body;
    expect((await ask('GET', `${path}/actions/${action.id}`)).body.action.status).toBe('in-progress');
    await pass(300);
    expect((await ask('GET', `${path}/actions/${action.id}`)).body.action.status).toBe('completed');
  };
  const machine = `/v2/droplets/${of.id}`;
  await act(machine, { type: 'shutdown' });
  await act(machine, { type: 'resize', size: 's-4vcpu-8gb', disk: false });
  await act(machine, { type: 'power_on' });
  await act(machine, { type: 'power_off' });
  await act(machine, { type: 'snapshot', name: 'beta-final' });
  await act(machine, { type: 'disable_backups' });
  await act(machine, { type: 'enable_backups', backup_policy: { plan: 'daily', hour: 8 } });
  await act(`/v2/volumes/${of.volume}`, { type: 'detach', droplet_id: Number(of.id), region: 'fra1' });
  await act(`/v2/volumes/${of.volume}`, { type: 'resize', size_gigabytes: 120, region: 'fra1' });
  await act(`/v2/volumes/${of.volume}`, { type: 'attach', droplet_id: Number(of.id), region: 'fra1' });
  await act(`/v2/reserved_ips/${of.ip}`, { type: 'unassign' });
  await act(`/v2/reserved_ips/${of.ip}`, { type: 'assign', droplet_id: Number(of.id) });
  const taken = (await ask('POST', `/v2/volumes/${of.volume}/snapshots`, { name: 'beta-data-final', tags: ['final'] }))
    .body.snapshot;
  await ask('POST', '/v2/tags/spare/resources', {
    resources: [{ resource_id: String(of.id), resource_type: 'droplet' }],
  });
  expect((await ask('GET', '/v2/tags/spare')).body.tag.resources.count).toBe(1);
  await ask('DELETE', '/v2/tags/spare/resources', {
    resources: [{ resource_id: String(of.id), resource_type: 'droplet' }],
  });
  const associated = (await ask('GET', `${machine}/destroy_with_associated_resources`)).body;
  expect(associated.volumes).toEqual([{ id: of.volume, name: 'beta-data', cost: '12.00' }]);
  expect([associated.snapshots[0].name, associated.volume_snapshots[0].name, associated.reserved_ips.length]).toEqual([
    'beta-final',
    'beta-data-final',
    1,
  ]);

  await ask('DELETE', of.records);
  await ask('DELETE', '/v2/domains/beta-shop.example');
  await ask('DELETE', `/v2/load_balancers/${of.balancer}`);
  await ask('DELETE', machine);
  await pass(60);
  expect((await ask('GET', machine)).status).toBe(404);
  await ask('DELETE', `/v2/reserved_ips/${of.ip}`);
  await pass(10);
  await ask('DELETE', `/v2/volumes/${of.volume}`);
  await ask('DELETE', `/v2/snapshots/${taken.id}`);
  await ask('DELETE', `/v2/firewalls/${of.firewall}`);
  await ask('DELETE', `/v2/vpcs/${of.vpc}`);
  await ask('DELETE', '/v2/tags/deployment%3Abeta-shop');
  await ask('DELETE', `/v2/account/keys/${of.key}`);
  await ask('DELETE', `/v2/projects/${of.project}`);
}

describe('a whole system', () => {
  test('comes to be, changes and goes, through every route, as the description has it', async () => {
    await wholeLife();
    expect([...answered].toSorted()).toEqual(writeRoutes.map(({ method, path }) => `${method} ${path}`).toSorted());
    // What nobody destroyed is still there: the droplet's snapshot.
    const left = (await opened.all('/v2/snapshots', 'snapshots')).map(({ name }) => name);
    expect(left).toContain('beta-final');
    for (const [path, what] of [
      ['/v2/droplets', 'droplets'],
      ['/v2/volumes', 'volumes'],
      ['/v2/load_balancers', 'load_balancers'],
    ] as const)
      expect((await opened.all(path, what)).filter(({ name }) => String(name).startsWith('beta'))).toEqual([]);
  });

  test.skipIf(description === null)('needs the scopes that the description asks for', () => {
    for (const { method, path, scope } of writeRoutes) {
      const url = path.replaceAll(/\{\w+\}/g, '7');
      expect([method, path, description?.scopes(method, url)]).toEqual([method, path, expect.arrayContaining([scope])]);
    }
  });

  test('is billed as it was: hours, gigabytes and backups', async () => {
    opened.simulator.advanceTo(Temporal.Instant.from('2026-05-31T00:00:00Z'));
    const volume = await made(
      '/v2/volumes',
      { name: 'beta-data', region: 'fra1', size_gigabytes: 100, filesystem_type: 'ext4' },
      'volume',
    );
    const { id } = (
      await ask('POST', '/v2/droplets', droplet({ backups: true, backup_policy: { plan: 'daily', hour: 4 } }))
    ).body.droplet;
    await pass(86_400 * 32);
    const [invoice] = (await opened.all('/v2/customers/my/invoices', 'invoices')).filter(
      ({ invoice_period: period }) => period === '2026-06',
    );
    const lines = await opened.all(`/v2/customers/my/invoices/${invoice.invoice_uuid}`, 'invoice_items');
    const of = (product: string, resource: unknown) =>
      lines
        .filter((line) => line.product === product && [line.resource_id, line.resource_uuid].includes(String(resource)))
        .map(({ amount }) => amount);
    expect([of('Droplets', id), of('Volumes', volume.id)]).toEqual([['24.00'], ['10.00']]);
    const images = await opened.all('/v2/images?private=true', 'images');
    expect(images.filter(({ type, name }) => type === 'backup' && name.startsWith('web-1'))).toHaveLength(7);
    expect(of('Droplet Backups', id)).not.toEqual([]);
  });
});

test('without write mode every write is refused, and counted', async () => {
  const strict = await open({ fleet: 'pilot', seed: 1 });
  for (const { method, path } of writeRoutes)
    expect((await strict.send(path.replaceAll(/\{\w+\}/g, '7'), { method, body: {} })).status).toBe(403);
  expect((await strict.send('/_simulator/requests')).body.writes).toBe(writeRoutes.length);
  await strict.close();
});

describe('what the provider refuses', () => {
  const locked = [422, 'unprocessable_entity', 'Droplet already has a pending event.'];

  test('a firewall of a tag that is not there', async () => {
    const body = {
      name: 'by-tag',
      tags: ['not-there'],
      inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }],
    };
    expect(refused(await ask('POST', '/v2/firewalls', body))).toEqual([
      422,
      'unprocessable_entity',
      'tag "not-there" does not exist',
    ]);
    const source = {
      ...body,
      tags: [],
      inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { tags: ['not-there'] } }],
    };
    expect((await ask('POST', '/v2/firewalls', source)).status).toBe(422);
    await ask('POST', '/v2/tags', { name: 'not-there' });
    expect((await ask('POST', '/v2/firewalls', body)).status).toBe(202);
  });

  test('anything of a droplet while something is done to it', async () => {
    const { id } = (await ask('POST', '/v2/droplets', droplet())).body.droplet;
    expect(refused(await ask('POST', `/v2/droplets/${id}/actions`, { type: 'power_off' }))).toEqual(locked);
    expect(refused(await ask('DELETE', `/v2/droplets/${id}`))).toEqual(locked);
    await pass(60);
    expect((await ask('POST', `/v2/droplets/${id}/actions`, { type: 'power_off' })).status).toBe(201);
    await pass(60);
    expect((await ask('POST', `/v2/droplets/${id}/actions`, { type: 'shutdown' })).status).toBe(422);
    expect((await ask('DELETE', `/v2/droplets/${id}`)).status).toBe(204);
  });

  test('a resize of one that is on, to a smaller disk, or to what is not sold there', async () => {
    const { id } = (await ask('POST', '/v2/droplets', droplet())).body.droplet;
    await pass(60);
    const resize = async (size: string) =>
      (await ask('POST', `/v2/droplets/${id}/actions`, { type: 'resize', size })).body.message;
    expect(await resize('s-4vcpu-8gb')).toBe('Droplet must be powered off to be resized.');
    await ask('POST', `/v2/droplets/${id}/actions`, { type: 'power_off' });
    await pass(60);
    expect(await resize('s-1vcpu-1gb')).toBe('This size has a smaller disk than the Droplet.');
    expect(await resize('gpu-4000adax1-20gb')).toBe('Size is not available in this region.');
  });

  test('to destroy a volume that is attached, a project that holds something, a network with members, or the default one', async () => {
    const project = await made('/v2/projects', { name: 'Beta', purpose: 'Other' }, 'project');
    const vpc = await made('/v2/vpcs', { name: 'beta', region: 'fra1' }, 'vpc');
    const volume = await made('/v2/volumes', { name: 'beta', region: 'fra1', size_gigabytes: 1 }, 'volume');
    const { id } = (await ask('POST', '/v2/droplets', droplet({ volumes: [volume.id], vpc_uuid: vpc.id }))).body
      .droplet;
    await pass(60);
    await ask('POST', `/v2/projects/${project.id}/resources`, { resources: [`do:droplet:${id}`] });
    expect((await ask('DELETE', `/v2/volumes/${volume.id}`)).status).toBe(409);
    expect((await ask('DELETE', `/v2/projects/${project.id}`)).status).toBe(412);
    expect((await ask('DELETE', `/v2/vpcs/${vpc.id}`)).status).toBe(409);
    const standard = (await opened.all('/v2/vpcs', 'vpcs')).find((each) => each.default);
    expect((await ask('DELETE', `/v2/vpcs/${standard.id}`)).status).toBe(403);
    await fault({ fault: 'slow_destroy', path: '/v2/droplets', seconds: 20 });
    await fault({ fault: 'slow_members', path: '/v2/droplets', seconds: 40 });
    await ask('DELETE', `/v2/droplets/${id}`);
    await pass(15);
    expect((await ask('GET', `/v2/droplets/${id}`)).status).toBe(404);
    expect((await ask('DELETE', `/v2/projects/${project.id}`)).status).toBe(204);
    expect((await ask('DELETE', `/v2/volumes/${volume.id}`)).status).toBe(409);
    await pass(20);
    expect((await ask('DELETE', `/v2/volumes/${volume.id}`)).status).toBe(204);
    expect((await ask('DELETE', `/v2/vpcs/${vpc.id}`)).status).toBe(409);
    await pass(20);
    expect((await ask('DELETE', `/v2/vpcs/${vpc.id}`)).status).toBe(204);
  });

  test('names that are taken, and ranges', async () => {
    const twice = async (path: string, body: object) => [
      (await ask('POST', path, body)).status,
      (await ask('POST', path, body)).status,
    ];
    expect(await twice('/v2/projects', { name: 'Beta', purpose: 'Other' })).toEqual([201, 409]);
    expect(await twice('/v2/volumes', { name: 'beta', region: 'fra1', size_gigabytes: 1 })).toEqual([201, 409]);
    expect(await twice('/v2/vpcs', { name: 'beta', region: 'fra1', ip_range: '10.200.0.0/20' })).toEqual([201, 422]);
    expect(await twice('/v2/account/keys', { name: 'ops', public_key: key })).toEqual([201, 422]);
    expect(await twice('/v2/domains', { name: 'beta.example' })).toEqual([201, 422]);
    const range = async (ip_range: string) =>
      (await ask('POST', '/v2/vpcs', { name: 'other', region: 'fra1', ip_range })).status;
    expect([await range('10.200.8.0/24'), await range('10.0.0.0/8'), await range('10.200.16.0/24')]).toEqual([
      422, 422, 201,
    ]);
    const free = await made('/v2/vpcs', { name: 'any', region: 'fra1' }, 'vpc');
    expect(free['ip_range']).toBe('10.116.0.0/20');
  });

  test.each([
    ['a size of another region', { size: 'gpu-4000adax1-20gb' }],
    ['an unknown size', { size: 's-9vcpu-9gb' }],
    ['an unknown image', { image: 'plan-9' }],
    ['an unknown key', { ssh_keys: [7] }],
    ['an unknown volume', { volumes: ['00000000-0000-4000-8000-000000000000'] }],
    ['an unknown network', { vpc_uuid: '00000000-0000-4000-8000-000000000000' }],
    ['too much user data', { user_data: 'x'.repeat(65_537) }],
    ['a name that is none', { name: 'no_host' }],
    ['several at a time', { name: undefined, names: ['a', 'b'] }],
  ])('a droplet with %s', async (_, more) => {
    expect((await ask('POST', '/v2/droplets', droplet(more))).status).toBe(422);
    expect((await opened.all('/v2/droplets', 'droplets')).map(({ name }) => name)).not.toContain('web-1');
  });

  test('more than the account may have', async () => {
    await opened.control('fleet', {
      events: [{ type: 'set_account_limits', droplets: 3, reservedIps: 1, volumes: 1 }],
    });
    expect((await opened.send('/v2/account')).body.account).toMatchObject({ droplet_limit: 3, floating_ip_limit: 1 });
    expect((await ask('POST', '/v2/droplets', droplet())).status).toBe(202);
    expect(refused(await ask('POST', '/v2/droplets', droplet()))).toEqual([
      422,
      'unprocessable_entity',
      'creating this/these droplet(s) will exceed your droplet limit',
    ]);
    const volume = (name: string) => ask('POST', '/v2/volumes', { name, region: 'fra1', size_gigabytes: 1 });
    expect([(await volume('a')).status, refused(await volume('b'))[0]]).toEqual([201, 403]);
    const ip = () => ask('POST', '/v2/reserved_ips', { region: 'fra1' });
    expect([(await ip()).status, (await ip()).status]).toEqual([202, 422]);
  });

  test('what is not JSON, not there, or cannot be written', async () => {
    expect((await opened.send('/v2/droplets/7', { method: 'DELETE' })).status).toBe(404);
    expect((await opened.send('/v2/droplets', { method: 'DELETE' })).status).toBe(404);
    expect((await opened.send('/v2/droplets?tag_name=deployment:acme-studio', { method: 'DELETE' })).status).toBe(404);
    expect((await opened.send('/v2/nothing', { method: 'POST', body: {} })).status).toBe(404);
    expect((await opened.send('/v2/droplets', { method: 'POST', body: 'x' })).status).toBe(422);
    expect(await opened.all('/v2/droplets', 'droplets')).toHaveLength(2);
  });
});

describe('awkward moments of writing', () => {
  const count = async () =>
    (await opened.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'web-1').length;
  const create = (more: object = {}) => opened.send('/v2/droplets', { method: 'POST', body: droplet(more) });

  test.each([500, 502, 504])('it is done, and the answer is %i', async (what) => {
    await fault({ fault: 'create_then', path: '/v2/droplets', what, count: 1 });
    expect((await create()).status).toBe(what);
    expect([await count(), (await create()).status, await count()]).toEqual([1, 202, 2]);
  });

  test('it is done, and the connection drops, or nothing ever comes', async () => {
    await fault({ fault: 'create_then', path: '/v2/droplets', what: 'drop', count: 1 });
    await expect(create()).rejects.toThrow('socket hang up');
    expect(await count()).toBe(1);
    await fault({ fault: 'create_then', path: '/v2/droplets', what: 'timeout', count: 1 });
    const controller = new AbortController();
    const waiting = fetch(`${opened.simulator.url}/v2/droplets`, {
      method: 'POST',
      headers: { authorization: 'Bearer any' },
      body: JSON.stringify(droplet()),
      signal: controller.signal,
    });
    await expect.poll(count).toBe(2);
    controller.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });

  test('a destruction that is done and not confirmed', async () => {
    const { id } = (await create()).body.droplet;
    await pass(60);
    await fault({ fault: 'create_then', path: '/v2/droplets', method: 'DELETE', what: 502, count: 1 });
    expect((await opened.send(`/v2/droplets/${id}`, { method: 'DELETE' })).status).toBe(502);
    await pass(60);
    expect(await count()).toBe(0);
  });

  test('it is refused before anything is done', async () => {
    await fault({ fault: 'refuse_before', path: '/v2/droplets', count: 1 });
    expect((await create()).status).toBe(503);
    await fault({ fault: 'refuse_before', path: '/v2/droplets', status: 429, count: 1 });
    expect([(await create()).status, await count()]).toEqual([429, 0]);
    await fault({ fault: 'refuse_before' });
    expect((await opened.send('/v2/droplets')).status).toBe(200);
  });

  test('what was created is lost later', async () => {
    await fault({ fault: 'create_lost', path: '/v2/droplets', seconds: 20, count: 1 });
    expect([(await create()).status, await count()]).toEqual([202, 1]);
    await pass(20);
    expect(await count()).toBe(0);
  });

  test('what was created does not answer by its id, or is not listed, or not by its tag', async () => {
    await fault({ fault: 'not_yet', path: '/v2/droplets', seconds: 5 });
    await fault({ fault: 'late_listing', path: '/v2/droplets', seconds: 10 });
    await fault({ fault: 'late_tags', path: '/v2/droplets', seconds: 30 });
    const { id } = (await create({ tags: ['mark'] })).body.droplet;
    const seen = async () => [
      (await opened.send(`/v2/droplets/${id}`)).status,
      await count(),
      (await opened.send('/v2/droplets?tag_name=mark')).body.meta.total,
    ];
    expect(await seen()).toEqual([404, 0, 0]);
    await pass(5);
    expect(await seen()).toEqual([200, 0, 0]);
    await pass(5);
    expect(await seen()).toEqual([200, 1, 0]);
    await pass(20);
    expect(await seen()).toEqual([200, 1, 1]);
  });

  test('an action that hangs, and one that fails: a droplet whose creation fails goes', async () => {
    await fault({ fault: 'action_stuck', path: '/v2/droplets', seconds: 3_600, count: 1 });
    const { id } = (await create()).body.droplet;
    const one = async () => (await opened.send(`/v2/droplets/${id}`)).body.droplet;
    await pass(3_599);
    expect(await one()).toMatchObject({ status: 'new', locked: true });
    await pass(1);
    expect(await one()).toMatchObject({ status: 'active', locked: false });

    await fault({ fault: 'action_errored', path: '/v2/droplets', count: 2 });
    const { action } = (
      await opened.send(`/v2/droplets/${id}/actions`, { method: 'POST', body: { type: 'power_off' } })
    ).body;
    const failed = (await create({ name: 'web-2' })).body;
    await pass(60);
    expect((await opened.send(`/v2/actions/${action.id}`)).body.action.status).toBe('errored');
    expect(await one()).toMatchObject({ status: 'active', locked: false });
    expect((await opened.send(`/v2/actions/${failed.links.actions[0].id}`)).body.action.status).toBe('errored');
    expect((await opened.send(`/v2/droplets/${failed.droplet.id}`)).status).toBe(404);
  });

  test('a limit, a lock and a scope that is missing', async () => {
    await fault({ fault: 'limit_reached', path: '/v2/droplets', count: 1 });
    expect((await create()).status).toBe(422);
    await fault({ fault: 'limit_reached', path: '/v2/volumes', count: 1 });
    expect((await ask('POST', '/v2/volumes', { name: 'a', region: 'fra1', size_gigabytes: 1 })).status).toBe(403);
    const { id } = (await create()).body.droplet;
    await pass(60);
    await fault({ fault: 'locked', path: `/v2/droplets/${id}`, count: 1 });
    expect((await ask('DELETE', `/v2/droplets/${id}`)).body.message).toBe('Droplet already has a pending event.');
    await fault({ fault: 'missing_scope', scopes: ['load_balancer:create', 'droplet:delete'] });
    expect((await ask('DELETE', `/v2/droplets/${id}`)).status).toBe(403);
    const balancer = {
      name: 'lb',
      region: 'fra1',
      forwarding_rules: [{ entry_protocol: 'http', entry_port: 80, target_protocol: 'http', target_port: 80 }],
      droplet_ids: [id],
    };
    expect((await ask('POST', '/v2/load_balancers', balancer)).status).toBe(403);
    expect((await create()).status).toBe(202);
  });
});

describe('a journal', () => {
  /** Every byte that says what there is. */
  async function everything({ send, all }: Opened): Promise<string[]> {
    const paths = [
      'projects',
      'droplets',
      'volumes',
      'snapshots',
      'vpcs',
      'firewalls',
      'load_balancers',
      'domains',
      'reserved_ips',
      'tags',
      'actions',
      'account/keys',
      'images',
      'account',
      'customers/my/balance',
      'customers/my/invoices',
    ];
    const texts: string[] = [];
    for (const path of paths) texts.push((await send(`/v2/${path}?per_page=200`)).text);
    for (const project of await all('/v2/projects', 'projects'))
      texts.push((await send(`/v2/projects/${project.id}/resources?per_page=200`)).text);
    return texts;
  }

  test('is done again at the start: the same fleet, seed and journal are the same bytes, and go on so', async () => {
    const journal = join(folder, 'replayed');
    const writable = () => open({ fleet: 'agency', seed: 3, writable: true, journal });
    await opened.close();
    opened = await writable();
    const first = opened;
    await first.control('limits', { perHour: null, perMinute: null });
    await wholeLife();
    await first.control('fleet', { events: [{ type: 'create_droplet', name: 'beside', seconds: 30 }] });
    await fault({ fault: 'create_lost', path: '/v2/droplets', seconds: 90, count: 1 });
    await ask('POST', '/v2/droplets', droplet({ tags: ['mark'] }));
    await pass(86_400 * 9);
    const last = await ask('POST', '/v2/droplets', droplet({ backups: true }));
    await pass(40);
    opened = await writable();
    await opened.control('limits', { perHour: null, perMinute: null });
    opened.simulator.advanceTo(first.simulator.now());
    expect(await everything(opened)).toEqual(await everything(first));
    expect((await ask('GET', `/v2/droplets/${last.body.droplet.id}`)).status).toBe(200);
    // The next thing gets the same id in both.
    const next = [
      await opened.send('/v2/droplets', { method: 'POST', body: droplet() }),
      await first.send('/v2/droplets', { method: 'POST', body: droplet() }),
    ];
    expect(next[0]?.body.droplet).toEqual(next[1]?.body.droplet);
    await first.close();
  });

  test('belongs to one fleet, and forgets a line that was cut off', async () => {
    const journal = join(folder, 'cut');
    const first = await open({ fleet: 'pilot', seed: 1, writable: true, journal });
    await first.send('/v2/tags', { method: 'POST', body: { name: 'kept' } });
    await first.close();
    const whole = readFileSync(journal, 'utf8');
    appendFileSync(journal, '{"at":"2026-05-01T00:00:00Z","event":{"type":"crea');
    const second = await open({ fleet: 'pilot', seed: 1, writable: true, journal });
    expect((await second.all('/v2/tags', 'tags')).map(({ name }) => name)).toContain('kept');
    await second.close();
    expect(readFileSync(journal, 'utf8')).toBe(whole);
    await expect(open({ fleet: 'pilot', seed: 2, journal })).rejects.toThrow('is the journal of');
    writeFileSync(journal, `${whole}nonsense\n`);
    await expect(open({ fleet: 'pilot', seed: 1, journal })).rejects.toThrow('is no line of a journal');
  });

  test('a fleet without one is what it was: its script alone', () => {
    const { start, ...script } = fleets.pilot(1);
    const recorded: unknown[] = [];
    const timeline = new Timeline({ start, ...script }, 1, start, [], (happened) => recorded.push(happened));
    expect(recorded).toEqual([]);
    timeline.happen(fleetEvent.parse({ type: 'create_tag', name: 'x' }));
    expect(recorded).toEqual([{ at: start, event: { type: 'create_tag', name: 'x' } }]);
  });
});
