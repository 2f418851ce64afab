import { expect, test } from 'vitest';
import type { Json, ListedResource } from '../../provider.ts';
import { collectionsByKind, sizes } from '../collections.ts';
import { gibibytes } from '../spaces.ts';
import { account, readAction } from './account.ts';
import { exactTo9 } from './fields.ts';

function read(kind: string, raw: Json, part = 0): ListedResource {
  const result = collectionsByKind[kind]?.[part]?.read(raw);
  if (result === undefined || result === 'skip' || !result.ok) throw new Error(JSON.stringify(result));
  return result.item;
}

function fault(kind: string, raw: Json): string {
  const result = collectionsByKind[kind]?.[0]?.read(raw);
  if (result === undefined || result === 'skip') return '';
  return result.ok ? result.faults.join('; ') : result.fault;
}

const droplet = {
  id: 3164444,
  name: 'web-01',
  status: 'active',
  memory: 1024,
  vcpus: 1,
  disk: 25,
  size_slug: 's-1vcpu-1gb',
  region: { slug: 'nyc3' },
  image: { id: 63663980, slug: 'ubuntu-20-04-x64' },
  created_at: '2020-07-21T18:37:44.123456789Z',
  tags: ['web', 'env:prod', 'web'],
};

test('a droplet', () => {
  expect(read('droplet', droplet)).toEqual({
    kind: 'droplet',
    externalId: '3164444',
    urn: 'do:droplet:3164444',
    name: 'web-01',
    status: 'active',
    createdAt: Temporal.Instant.from('2020-07-21T18:37:44.123456Z'),
    region: 'nyc3',
    tags: ['env:prod', 'web'],
    parents: [],
    attributes: {
      size_slug: 's-1vcpu-1gb',
      vcpus: 1,
      memory_mb: 1024,
      disk_gb: 25,
      gpu: false,
      image: 'ubuntu-20-04-x64',
    },
    untold: [],
    payload: droplet,
  });
});

test('unknown fields and statuses pass, and what the provider does not tell is absent, and named', () => {
  const { image: _image, created_at: _createdAt, region: _region, tags: _tags, ...bare } = droplet;
  const strange = read('droplet', { ...bare, status: 'hibernating', quantum: { qubits: 3 } });
  expect(strange).toMatchObject({ status: 'hibernating', createdAt: null, region: null, tags: [] });
  expect(Object.keys(strange.attributes)).not.toContain('image');
  expect(strange.untold).toEqual(['region', 'tags', 'image', 'parents:kubernetes_cluster']);
  expect(fault('droplet', bare)).toBe('created_at: missing; region: missing; tags: missing; image: missing');
  expect(strange.payload).toHaveProperty('quantum');
});

test('an item is there by its id; what of it does not fit is told by its field', () => {
  expect(fault('droplet', { ...droplet, vcpus: 'two' })).toMatch(/^vcpus: /);
  expect(fault('droplet', { ...droplet, region: { slug: 3 } })).toMatch(/^region\.slug: /);
  expect(fault('droplet', { ...droplet, created_at: 'yesterday' })).toBe('created_at: not an instant: yesterday');
  expect(read('droplet', { ...droplet, vcpus: 'two' })).toMatchObject({
    attributes: { memory_mb: 1024 },
    untold: ['vcpus'],
  });
  expect(read('droplet', { id: 7 })).toMatchObject({
    externalId: '7',
    name: '7',
    status: 'active',
    attributes: { gpu: false },
  });
  for (const unknown of [
    'droplet',
    null,
    { ...droplet, id: null },
    { ...droplet, id: { id: 3 } },
    { ...droplet, id: 1.5 },
  ]) {
    expect(collectionsByKind.droplet?.[0]?.read(unknown)).toEqual({ ok: false, fault: 'id: missing' });
  }
});

test('a droplet that is known by its GPU, wherever it is listed', () => {
  expect(read('droplet', { ...droplet, gpu_info: { count: 8 } }).attributes.gpu).toBe(true);
  expect(read('droplet', droplet, 1).attributes.gpu).toBe(true);
});

test('a domain has neither id nor creation time: its name is its id', () => {
  expect(read('dns_zone', { name: 'example.com', ttl: 1800, zone_file: null })).toMatchObject({
    kind: 'dns_zone',
    externalId: 'example.com',
    urn: 'do:domain:example.com',
    createdAt: null,
    status: 'active',
  });
});

test('a snapshot belongs to what it was taken of', () => {
  const snapshot = { id: '6372321', name: 's', size_gigabytes: 0.1008, regions: ['nyc3', 'sfo3'], tags: null };
  expect(read('snapshot', { ...snapshot, resource_type: 'droplet', resource_id: '200776916' })).toMatchObject({
    parents: ['droplet:200776916'],
    attributes: { size_gb: 0.1008, source: 'droplet' },
    region: null,
    urn: null,
    tags: [],
  });
  expect(
    read('snapshot', { ...snapshot, regions: ['nyc1'], resource_type: 'volume', resource_id: '89bcc42f' }),
  ).toMatchObject({
    parents: ['volume:89bcc42f'],
    attributes: { size_gb: 0.1008, source: 'volume' },
    region: 'nyc1',
  });
});

test('a volume and a reserved IP belong to their droplets', () => {
  expect(
    read('volume', { id: 'v', name: 'data', size_gigabytes: 100, droplet_ids: [7, 3], region: { slug: 'nyc1' } }),
  ).toMatchObject({
    parents: ['droplet:3', 'droplet:7'],
    attributes: { size_gb: 100 },
  });
  expect(read('volume', { id: 'v', name: 'data', size_gigabytes: 1, droplet_ids: null })).toMatchObject({
    parents: [],
    untold: expect.arrayContaining(['parents:droplet']),
  });
  expect(read('reserved_ip', { ip: '192.0.2.7', droplet: { id: 7 }, region: { slug: 'nyc3' } })).toMatchObject({
    externalId: '192.0.2.7',
    urn: 'do:floatingip:192.0.2.7',
    parents: ['droplet:7'],
    attributes: { assigned: true, ip_version: 4 },
  });
  expect(read('reserved_ip', { ip: '192.0.2.7', droplet: null }).attributes).toEqual({
    assigned: false,
    ip_version: 4,
  });
  expect(
    read('reserved_ip', { ip: '2001:db8::7', region_slug: 'nyc3', reserved_at: '2024-11-20T11:08:30Z' }, 1),
  ).toMatchObject({
    region: 'nyc3',
    createdAt: Temporal.Instant.from('2024-11-20T11:08:30Z'),
    attributes: { assigned: false, ip_version: 6 },
  });
});

test('a firewall belongs to its droplets and to what carries its tags; it has no tags of its own', () => {
  expect(
    read('firewall', { id: 'f', name: 'fw', status: 'succeeded', droplet_ids: [8043964], tags: ['web', 'db'] }),
  ).toMatchObject({
    status: 'succeeded',
    tags: [],
    parents: ['droplet:8043964', 'tag:db', 'tag:web'],
  });
});

test('the nodes of a load balancer are counted, or known from its named size', () => {
  const nodes = (size: Record<string, Json>) =>
    read('load_balancer', { id: 'l', name: 'lb', ...size }).attributes.nodes;
  expect(nodes({ size_unit: 3, size: 'lb-small' })).toBe(3);
  expect(nodes({ size: 'lb-small' })).toBe(1);
  expect(nodes({ size: 'lb-medium' })).toBe(3);
  expect(nodes({ size: 'lb-large' })).toBe(6);
  expect(nodes({ size: 'lb-gigantic' })).toBeUndefined();
  // Not sized by whoever uses them.
  expect(nodes({ type: 'GLOBAL' })).toBe(1);
  expect(nodes({ type: 'REGIONAL_NETWORK', size_unit: 2 })).toBe(2);
  // A named size says how many there are only to whom has not counted them.
  expect(read('load_balancer', { id: 'l', name: 'lb', type: 'REGIONAL', size: 'lb-small' }).untold).toContain('nodes');
  expect(fault('load_balancer', { id: 'l', name: 'lb', type: 'REGIONAL', size: 'lb-small' })).toContain(
    'size_unit: missing',
  );
});

test('nodes of a cluster are those of all its pools', () => {
  const cluster = {
    id: 'k',
    name: 'prod',
    region: 'nyc1',
    status: { state: 'running' },
    node_pools: [{ count: 3 }, { count: 2 }],
  };
  expect(read('kubernetes_cluster', cluster)).toMatchObject({ status: 'running', attributes: { nodes: 5 } });
});

test('what a payload holds of secrets is left out, the rest is kept', () => {
  const database = {
    id: 'd',
    name: 'db',
    engine: 'pg',
    size: 'db-s-2vcpu-4gb',
    num_nodes: 2,
    connection: { uri: 'postgres://u:hunter2@h/d', host: 'h', password: 'hunter2' },
    users: [{ name: 'u', password: 'hunter2' }],
  };
  const listed = read('database', database);
  expect(listed.attributes).toEqual({ engine: 'pg', size_slug: 'db-s-2vcpu-4gb', nodes: 2 });
  expect(JSON.stringify(listed.payload)).not.toContain('hunter2');
  expect(listed.payload).toMatchObject({ connection: { host: 'h' }, users: [{ name: 'u' }] });
  const app = { id: 'a', spec: { name: 'shop', services: [{ name: 's', envs: [{ key: 'KEY', value: 'hunter2' }] }] } };
  expect(JSON.stringify(read('app', app).payload)).not.toContain('hunter2');
  expect(read('app', app).payload).toMatchObject({ spec: { services: [{ envs: [{ key: 'KEY' }] }] } });
});

test('prices and sizes become exact at the door', () => {
  const size = {
    slug: 's',
    vcpus: 1,
    memory: 1024,
    disk: 25,
    transfer: 0.5,
    regions: ['fra1', 'ams3'],
    price_monthly: '5',
    available: true,
  };
  const hourly = (price: number | string) => {
    const result = sizes.read({ ...size, price_hourly: price });
    return result !== 'skip' && result.ok ? result.item.priceHourly : result;
  };
  expect(hourly(0.00743999984115362)).toBe('0.00744');
  expect(hourly(0.0000000005)).toBe('0.000000001');
  expect(hourly(1e-12)).toBe('0');
  expect(hourly(1.5e7)).toBe('15000000');
  // As text, and what single precision made of 23.92, 0.76 and 6.74.
  expect(hourly('0.00743999984115362')).toBe('0.00744');
  expect(hourly('23.920000076293945')).toBe('23.92');
  expect(hourly(Math.fround(0.76))).toBe('0.76');
  expect(hourly('6.73999977111816')).toBe('6.74');
  expect(hourly('0.00744')).toBe('0.00744');
  expect(hourly('565.44')).toBe('565.44');
  expect(hourly('0.123456789')).toBe('0.123456789');
  expect(hourly('4e-3')).toBe('0.004');
  expect(hourly(-1)).toMatchObject({ ok: false });
  expect(sizes.read({ ...size, price_hourly: 1 })).toMatchObject({
    item: { transferTb: 0.5, regions: ['ams3', 'fra1'], gpu: false, priceMonthly: '5' },
  });
  expect(exactTo9(0.1 + 0.2)).toBe(0.3);
  expect(exactTo9(2.34)).toBe(2.34);
  expect(exactTo9(1.0000000005)).toBe(1.000000001);
});

test('bytes are GiB to 9 digits, halves away from zero', () => {
  expect(gibibytes(0n)).toBe(0);
  expect(gibibytes(2n ** 30n)).toBe(1);
  expect(gibibytes(100n * 2n ** 30n)).toBe(100);
  expect(gibibytes(1n)).toBe(0.000000001);
  expect(gibibytes(123_456_789_012n)).toBe(114.978094596);
});

test('an action names what it was done to', () => {
  const action = {
    id: 36804636,
    type: 'resize',
    status: 'completed',
    started_at: '2026-05-01T10:00:00Z',
    completed_at: null,
  };
  const kind = (type: string, id: number | null = 3164444) => {
    const result = readAction({ ...action, resource_type: type, resource_id: id });
    return result.ok ? [result.item.resourceKind, result.item.resourceExternalId] : result;
  };
  expect(kind('droplet')).toEqual(['droplet', '3164444']);
  expect(kind('image')).toEqual(['image', '3164444']);
  // 45.55.97.165, as the API description's own example has it.
  expect(kind('reserved_ip', 758604197)).toEqual(['reserved_ip', '45.55.97.165']);
  expect(kind('floating_ip', 4294967295)).toEqual(['reserved_ip', '255.255.255.255']);
  expect(kind('reserved_ip', 4294967296)).toEqual(['reserved_ip', null]);
  // A number is no IPv6 address, whatever it is.
  expect(kind('reserved_ipv6', 758604968)).toEqual(['reserved_ip', null]);
  expect(kind('volume', null)).toEqual(['volume', null]);
});

test('an account is its team, or, before teams, its person', () => {
  const person = { uuid: 'u', email: 'ops@example.com' };
  expect(account.parse({ account: { ...person, team: { uuid: 't', name: 'Ops' } } }).account).toEqual({
    accountId: 't',
    name: 'Ops',
  });
  expect(account.parse({ account: person }).account).toEqual({ accountId: 'u', name: 'ops@example.com' });
});
