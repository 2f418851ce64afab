import { expect, test } from 'vitest';
import type { Json, ListedResource, Settings } from '../../provider.ts';
import { collectionsByKind } from '../collections.ts';
import { settingsOf } from './settings.ts';

function settings(kind: string, raw: Json): Settings {
  const result = collectionsByKind[kind]?.[0]?.read(raw);
  if (result === undefined || result === 'skip' || !result.ok) throw new Error(JSON.stringify(result));
  return settingsOf(result.item)!;
}

const values = (kind: string, raw: Json) => settings(kind, raw).values;

test('a droplet: what is on, and its image by slug and by build', () => {
  const droplet = {
    id: 7,
    name: 'web',
    region: { slug: 'FRA1' },
    size_slug: 's-1vcpu-1gb',
    image: { id: 63663980, slug: 'ubuntu-24-04-x64' },
    features: ['ipv6', 'Backups'],
    tags: ['Web', 'web', 'a'],
    vpc_uuid: '5A4981AA-9653-4bd1-bef5-d6bff52042e4',
  };
  expect(settings('droplet', droplet)).toEqual({
    values: {
      name: 'web',
      region: 'fra1',
      tags: ['a', 'web'],
      size: 's-1vcpu-1gb',
      image: 'ubuntu-24-04-x64',
      image_id: '63663980',
      vpc: '5a4981aa-9653-4bd1-bef5-d6bff52042e4',
      backups: true,
      monitoring: false,
      ipv6: true,
      private_networking: false,
      droplet_agent: false,
    },
    untold: ['backup_policy/'],
  });
  const { features: _features, ...untold } = droplet;
  expect(settings('droplet', { ...untold, image: { id: 7, slug: null } }).untold).toEqual([
    'image',
    'backups',
    'monitoring',
    'ipv6',
    'private_networking',
    'droplet_agent',
    'backup_policy/',
  ]);
});

test('a firewall: who may come in and go out, by protocol and ports', () => {
  const rules = {
    inbound_rules: [
      { protocol: 'tcp', ports: '22-22', sources: { addresses: ['10.0.0.1', '10.1.2.3/8'], tags: ['Ops'] } },
      { protocol: 'tcp', ports: '22', sources: { droplet_ids: [7], load_balancer_uids: ['L'], kubernetes_ids: ['k'] } },
      { protocol: 'icmp', ports: '0', sources: { addresses: ['::/0', '0.0.0.0/0'] } },
    ],
    outbound_rules: [{ protocol: 'udp', ports: '1-65535', destinations: { addresses: ['2001:DB8:0:0::1/64'] } }],
  };
  expect(values('firewall', { id: 'f', name: 'fw', droplet_ids: [9, 10], tags: ['Web'], ...rules })).toEqual({
    name: 'fw',
    droplets: ['10', '9'],
    tags: ['web'],
    'inbound/tcp/22': ['10.0.0.0/8', '10.0.0.1/32', 'droplet:7', 'kubernetes_cluster:k', 'load_balancer:l', 'tag:ops'],
    'inbound/icmp': ['0.0.0.0/0', '::/0'],
    'outbound/udp/all': ['2001:db8::/64'],
  });
  expect(settings('firewall', { id: 'f', name: 'fw', inbound_rules: [{ ports: '22' }] }).untold).toEqual([
    'droplets',
    'tags',
    'inbound/',
    'outbound/',
  ]);
});

test('a load balancer: rules by their entry, and the droplets of its tag are not its own', () => {
  const balancer = {
    id: 'l',
    name: 'lb',
    size_unit: 2,
    type: 'REGIONAL',
    region: { slug: 'fra1' },
    tag: 'web',
    droplet_ids: [1, 2],
    forwarding_rules: [
      { entry_protocol: 'https', entry_port: 443, target_protocol: 'http', target_port: 80, certificate_id: 'C1' },
    ],
    health_check: { protocol: 'http', port: 80, path: '/' },
    sticky_sessions: { type: 'none' },
    firewall: { allow: ['ip:1.2.3.4', 'cidr:2.3.0.0/16'], deny: [] },
    domains: [{ name: 'b.example', certificate_id: 'x' }, { name: 'A.example' }],
    redirect_http_to_https: false,
  };
  const found = values('load_balancer', balancer);
  expect(found).toMatchObject({
    nodes: 2,
    tag: 'web',
    'forwarding/https/443': { target: 'http/80', tls_passthrough: false },
    'certificate/https/443': 'c1',
    'health_check/path': '/',
    'sticky_sessions/type': 'none',
    'firewall/allow': ['1.2.3.4/32', '2.3.0.0/16'],
    'firewall/deny': [],
    domains: ['a.example', 'b.example'],
  });
  expect(found).not.toHaveProperty('droplets');
  expect(values('load_balancer', { ...balancer, tag: '' })).toMatchObject({ droplets: ['1', '2'] });
  expect(values('load_balancer', { ...balancer, firewall: null })).not.toHaveProperty('firewall/allow');
});

test('a reserved IP: whom it is for, or nobody', () => {
  const ip = { ip: '192.0.2.7', region: { slug: 'nyc3' }, project_id: 'P' };
  expect(values('reserved_ip', { ...ip, droplet: { id: 7, name: 'web' } })).toEqual({
    region: 'nyc3',
    droplet: '7',
    project: 'p',
  });
  expect(values('reserved_ip', { ...ip, droplet: null })).toMatchObject({ droplet: null });
  expect(settings('reserved_ip', ip).untold).toEqual(['droplet']);
});

test('a database: Redis is Valkey, hours are hours, and who may connect', () => {
  const database = {
    id: 'd',
    name: 'db',
    engine: 'redis',
    version: '8',
    size: 'db-s-1vcpu-1gb',
    num_nodes: 1,
    region: 'fra1',
    storage_size_mib: '10240',
    maintenance_window: { day: 'Monday', hour: '04:00:00' },
    rules: [
      { uuid: 'u', type: 'ip_addr', value: '10.0.0.1' },
      { uuid: 'v', type: 'tag', value: 'Web' },
    ],
  };
  expect(values('database', database)).toMatchObject({
    engine: 'valkey',
    storage_size_mib: 10_240,
    'maintenance/day': 'monday',
    'maintenance/hour': '04:00',
    trusted_sources: ['ip_addr:10.0.0.1/32', 'tag:web'],
  });
});

test('a cluster: its pools by name, with bounds where it scales by itself', () => {
  const pool = { id: 'p', name: 'main', size: 's-2vcpu-4gb', count: 3, tags: ['k8s', 'k8s:worker'], labels: null };
  const cluster = {
    id: 'k',
    name: 'prod',
    region: 'fra1',
    version: '1.33.1-do.0',
    tags: ['k8s', 'k8s:1', 'terraform:default-node-pool', 'Prod'],
    node_pools: [
      {
        ...pool,
        auto_scale: true,
        min_nodes: 2,
        max_nodes: 5,
        taints: [{ key: 'a', value: 'b', effect: 'NoExecute' }],
      },
      { ...pool, name: 'other', auto_scale: false, min_nodes: 0, max_nodes: 0 },
    ],
  };
  const found = values('kubernetes_cluster', cluster);
  expect(found).toMatchObject({
    tags: ['prod'],
    'pool/main/min_nodes': 2,
    'pool/main/max_nodes': 5,
    'pool/main/taints': ['a=b:NoExecute'],
    'pool/main/tags': [],
    'pool/main/labels': {},
    'pool/other/count': 3,
  });
  expect(found).not.toHaveProperty('pool/other/min_nodes');
});

test('an app and a project', () => {
  const app = {
    id: 'a',
    tier_slug: 'basic',
    region: { slug: 'fra' },
    spec: {
      name: 'shop',
      domains: [{ domain: 'Shop.example' }],
      services: [{ name: 'web', instance_count: 2, instance_size_slug: 'apps-s-1vcpu-0.5gb' }],
      workers: [{ name: 'mail' }],
    },
  };
  expect(values('app', app)).toEqual({
    name: 'shop',
    region: 'fra',
    tier: 'basic',
    domains: ['shop.example'],
    'component/services/web': true,
    'component/services/web/instance_count': 2,
    'component/services/web/instance_size_slug': 'apps-s-1vcpu-0.5gb',
    'component/workers/mail': true,
  });
  expect(
    values('project', { id: 'p', name: 'P', purpose: 'Other: X', environment: 'Production', is_default: false }),
  ).toEqual({ name: 'P', purpose: 'X', environment: 'production', is_default: false });
});

test('a network and a certificate; what moves with a renewal is no setting', () => {
  const vpc = { id: 'v', name: 'net', region: 'fra1', ip_range: '10.10.10.7/24', description: '', default: true };
  expect(values('vpc', vpc)).toEqual({
    name: 'net',
    region: 'fra1',
    ip_range: '10.10.10.0/24',
    description: '',
    default: true,
  });
  const certificate = { id: 'c', name: 'web', type: 'lets_encrypt', dns_names: ['B.example', 'a.example'] };
  const renewed = { ...certificate, id: 'd', not_after: '2027-01-01T00:00:00Z', sha1_fingerprint: 'f' };
  expect(values('certificate', certificate)).toEqual({
    name: 'web',
    type: 'lets_encrypt',
    domains: ['a.example', 'b.example'],
  });
  expect(values('certificate', renewed)).toEqual(values('certificate', certificate));
});

test('a kind without settings has none, and no answer is too strange', () => {
  expect(settingsOf({ kind: 'genai', payload: {} } as ListedResource)).toBeNull();
  for (const kind of Object.keys(collectionsByKind)) {
    const idField = { dns_zone: 'name', reserved_ip: 'ip' }[kind] ?? 'id';
    if (kind === 'custom_image') continue;
    expect(settings(kind, { [idField]: 'x' }).values).toEqual(kind === 'load_balancer' ? expect.anything() : {});
  }
});

test('no secret gets into settings', () => {
  const secret = 'hunter2';
  const database = {
    id: 'd',
    connection: { uri: `postgres://u:${secret}@h/d`, password: secret },
    private_connection: { uri: secret, password: secret },
    ui_connection: { password: secret },
    users: [{ name: 'u', password: secret, access_cert: secret, access_key: secret }],
    rules: [],
  };
  const component = {
    name: 'web',
    envs: [{ key: 'KEY', value: secret, type: 'SECRET' }],
    image: { registry_credentials: secret },
    log_destinations: [{ datadog: { api_key: secret }, logtail: { token: secret } }],
  };
  const app = {
    id: 'a',
    spec: { name: 's', envs: [{ key: 'K', value: secret }], services: [component], jobs: [component] },
  };
  const droplet = { id: 7, user_data: secret, features: [], ssh_keys: [secret] };
  const cluster = { id: 'k', kube_config: secret, token: secret, node_pools: [] };
  for (const [kind, raw] of Object.entries({ database, app, droplet, kubernetes_cluster: cluster }))
    expect(JSON.stringify(settings(kind, raw))).not.toContain(secret);
});
