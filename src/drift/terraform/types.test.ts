import { expect, test } from 'vitest';
import { collectionsByKind } from '../../cloud/digitalocean/collections.ts';
import { readPolicySettings, readRecordSettings } from '../../cloud/digitalocean/settings/details.ts';
import { settingsOf } from '../../cloud/digitalocean/settings/settings.ts';
import type { Json } from '../../cloud/provider.ts';
import { readTerraform, type TerraformResource } from './read-terraform.ts';

// Each type against what the provider's API says of the same resource: what means the same is no difference, however it
// is written, and what is really different is one.

type Said = Readonly<Record<string, unknown>>;

type TypeAndAttributes = readonly [type: string, attributes: Said];

function state(...resources: readonly TypeAndAttributes[]): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      version: 4,
      lineage: 'l',
      serial: 1,
      resources: resources.map(([type, attributes], index) => ({
        mode: 'managed',
        type,
        name: `r${index}`,
        provider: 'provider["registry.terraform.io/digitalocean/digitalocean"]',
        instances: [{ schema_version: 0, attributes }],
      })),
    }),
  );
}

const declared = (...resources: readonly TypeAndAttributes[]) => readTerraform(state(...resources)).resources;
const only = (...resources: readonly TypeAndAttributes[]) => declared(...resources)[0] as TerraformResource;

/** What the inventory keeps of a resource of which the API says this. */
function actual(kind: string, raw: Said): Record<string, Json> {
  const result = collectionsByKind[kind]?.[0]?.read(raw);
  if (result === undefined || result === 'skip' || !result.ok) throw new Error(JSON.stringify(result));
  return { ...settingsOf(result.item)!.values };
}

/** Of these groups a listing tells all members. */
const wholeGroup = /^(inbound|outbound|forwarding|pool|record|component)\//;

/** The keys that differ: declared ones that are told otherwise, or are gone from what is told whole, and undeclared ones of declared groups. */
function differing({ fields }: TerraformResource, settings: Readonly<Record<string, Json>>): string[] {
  const groups = Object.keys(fields).filter((key) => key.endsWith('/'));
  const flat = Object.entries(fields).flatMap(([key, value]) =>
    key.endsWith('/')
      ? Object.entries(value as Record<string, Json>).map(([member, held]) => [key + member, held] as const)
      : [[key, value as Json] as const],
  );
  const changed = flat.filter(([key, value]) =>
    key in settings ? !agrees(value, settings[key] as Json) : wholeGroup.test(key),
  );
  const names = new Set(flat.map(([key]) => key));
  const further = Object.keys(settings).filter(
    (key) => !names.has(key) && groups.some((group) => key.startsWith(group)),
  );
  return [...changed.map(([key]) => key), ...further].sort();
}

function agrees(declaredValue: Json, actualValue: Json): boolean {
  if (typeof declaredValue === 'object' && declaredValue !== null && 'min' in declaredValue) {
    const { min, max } = declaredValue as { min: number; max?: number };
    return typeof actualValue === 'number' && actualValue >= min && actualValue <= (max ?? Number.POSITIVE_INFINITY);
  }
  const sorted = (value: Json) =>
    JSON.stringify(value, (_, held: Json) =>
      typeof held === 'object' && held !== null && !Array.isArray(held)
        ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
        : held,
    );
  return sorted(declaredValue) === sorted(actualValue);
}

const id = (last: number) => `0a000000-0000-4000-8000-${String(last).padStart(12, '0')}`;

interface Row {
  readonly kind: string;
  /** Attributes of a state, and what the API says: the same, and written as differently as it may be. */
  readonly state: Said;
  readonly api: Said;
  /** What the API says where it is really different, each with the keys that then differ. */
  readonly different: readonly (readonly [api: Said, keys: readonly string[]])[];
  /** What differs too and is never compared. */
  readonly never?: Said;
  /** What is declared, no more and no less. */
  readonly keys: readonly string[];
}

const anywhere = ['0.0.0.0/0', '::/0'];

const rows: Readonly<Record<string, Row>> = {
  digitalocean_droplet: {
    kind: 'droplet',
    state: {
      id: 7,
      name: 'web',
      region: 'FRA1',
      size: 's-1vcpu-1gb',
      image: 'Ubuntu-24-04-x64',
      tags: ['WEB', 'a', 'web'],
      backups: true,
      monitoring: false,
      ipv6: false,
      vpc_uuid: id(1).toUpperCase(),
      backup_policy: [{ plan: 'weekly', weekday: 'SUN', hour: 4 }],
    },
    never: {
      user_data: 'x',
      ssh_keys: ['1'],
      droplet_agent: true,
      resize_disk: false,
      graceful_shutdown: true,
      private_networking: false,
      public_networking: false,
      status: 'off',
      locked: true,
      disk: 1,
      vcpus: 99,
      memory: 1,
      price_hourly: 9,
      price_monthly: 9,
      ipv4_address: '192.0.2.1',
      created_at: '2020-01-01T00:00:00Z',
      urn: 'do:droplet:8',
      volume_ids: ['x'],
    },
    api: {
      id: 7,
      name: 'web',
      region: { slug: 'fra1' },
      size_slug: 's-1vcpu-1gb',
      image: { id: 155133621, slug: 'ubuntu-24-04-x64' },
      tags: ['a', 'web'],
      features: ['backups', 'droplet_agent'],
      vpc_uuid: id(1),
    },
    keys: [
      'backup_policy/hour',
      'backup_policy/plan',
      'backup_policy/weekday',
      'backups',
      'image',
      'ipv6',
      'monitoring',
      'name',
      'region',
      'size',
      'tags',
      'vpc',
    ],
    different: [
      [{ name: 'web2' }, ['name']],
      [{ region: { slug: 'ams3' } }, ['region']],
      [{ size_slug: 's-2vcpu-2gb' }, ['size']],
      [{ image: { id: 1, slug: 'debian-12-x64' } }, ['image']],
      [{ tags: ['a', 'web', 'urgent'] }, ['tags']],
      [{ features: [] }, ['backups']],
      [{ features: ['backups', 'monitoring', 'ipv6'] }, ['ipv6', 'monitoring']],
      [{ vpc_uuid: id(2) }, ['vpc']],
    ],
  },
  digitalocean_volume: {
    kind: 'volume',
    state: { id: id(1).toUpperCase(), name: 'data', region: 'fra1', size: '50.0', tags: ['B', 'a'], description: '' },
    never: {
      initial_filesystem_type: 'xfs',
      snapshot_id: 's',
      filesystem_type: 'xfs',
      filesystem_label: 'y',
      droplet_ids: [9],
      urn: 'x',
    },
    api: {
      id: id(1),
      name: 'data',
      region: { slug: 'fra1' },
      size_gigabytes: 50,
      tags: ['a', 'b'],
      description: '',
      droplet_ids: [],
      filesystem_type: 'ext4',
    },
    keys: ['description', 'name', 'region', 'size_gb', 'tags'],
    different: [
      [{ size_gigabytes: 100 }, ['size_gb']],
      [{ name: 'other', tags: [] }, ['name', 'tags']],
      [{ description: 'old', region: { slug: 'ams3' } }, ['description', 'region']],
    ],
  },
  digitalocean_volume_snapshot: {
    kind: 'snapshot',
    state: { id: '9', name: 'before', tags: ['X'] },
    never: { min_disk_size: 99, size: 99, regions: ['xyz1'], volume_id: 'v', created_at: 'x' },
    api: {
      id: 9,
      name: 'before',
      tags: ['x'],
      regions: ['fra1'],
      resource_type: 'volume',
      resource_id: 'v2',
      size_gigabytes: 1,
      min_disk_size: 1,
    },
    keys: ['name', 'tags'],
    different: [
      [{ name: 'after' }, ['name']],
      [{ tags: [] }, ['tags']],
    ],
  },
  digitalocean_droplet_snapshot: {
    kind: 'snapshot',
    state: { id: 9, name: 'before' },
    never: { min_disk_size: 99, size: 99, regions: ['xyz1'], droplet_id: 'v' },
    api: {
      id: '9',
      name: 'before',
      tags: ['x'],
      regions: ['fra1'],
      resource_type: 'droplet',
      resource_id: '7',
      size_gigabytes: 1,
    },
    keys: ['name'],
    different: [[{ name: 'after' }, ['name']]],
  },
  digitalocean_firewall: {
    kind: 'firewall',
    state: {
      id: id(1),
      name: 'edge',
      droplet_ids: [2, '1', 1],
      tags: ['Web'],
      inbound_rule: [
        {
          protocol: 'tcp',
          port_range: '22-22',
          source_addresses: ['10.0.0.1', '2001:DB8::/32'],
          source_tags: ['Ops'],
          source_droplet_ids: [7],
          source_kubernetes_ids: [id(5)],
          source_load_balancer_uids: [id(4)],
        },
        { protocol: 'icmp', port_range: '', source_addresses: anywhere },
      ],
      outbound_rule: [{ protocol: 'tcp', port_range: '1-65535', destination_addresses: ['::/0', '0.0.0.0/0'] }],
    },
    never: { pending_changes: [{}], status: 'waiting', created_at: 'x' },
    api: {
      id: id(1),
      name: 'edge',
      droplet_ids: [1, 2],
      tags: ['web'],
      inbound_rules: [
        { protocol: 'icmp', ports: '0', sources: { addresses: ['::/0', '0.0.0.0/0'] } },
        {
          protocol: 'tcp',
          ports: '22',
          sources: {
            droplet_ids: [7],
            kubernetes_ids: [id(5)],
            load_balancer_uids: [id(4)],
            tags: ['ops'],
            addresses: ['2001:db8:0::/32', '10.0.0.1/32'],
          },
        },
      ],
      outbound_rules: [{ protocol: 'tcp', ports: 'all', destinations: { addresses: anywhere } }],
    },
    keys: ['droplets', 'inbound/', 'name', 'outbound/', 'tags'],
    different: [
      [
        {
          inbound_rules: [
            { protocol: 'icmp', ports: '0', sources: { addresses: anywhere } },
            { protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } },
          ],
        },
        ['inbound/tcp/22'],
      ],
      [{ inbound_rules: [] }, ['inbound/icmp', 'inbound/tcp/22']],
      [
        {
          outbound_rules: [
            { protocol: 'tcp', ports: 'all', destinations: { addresses: anywhere } },
            { protocol: 'udp', ports: '53', destinations: { addresses: anywhere } },
          ],
        },
        ['outbound/udp/53'],
      ],
      [
        { outbound_rules: [{ protocol: 'tcp', ports: '1-65534', destinations: { addresses: anywhere } }] },
        ['outbound/tcp/1-65534', 'outbound/tcp/all'],
      ],
      [{ droplet_ids: [1], tags: [], name: 'x' }, ['droplets', 'name', 'tags']],
    ],
  },
  digitalocean_loadbalancer: {
    kind: 'load_balancer',
    state: {
      id: id(1),
      name: 'lb',
      region: 'FRA1',
      size: 'lb-small',
      size_unit: 1,
      type: 'REGIONAL',
      droplet_ids: [2, 1],
      droplet_tag: '',
      vpc_uuid: id(9),
      project_id: id(8),
      redirect_http_to_https: false,
      enable_proxy_protocol: false,
      enable_backend_keepalive: false,
      http_idle_timeout_seconds: 60,
      forwarding_rule: [
        {
          entry_protocol: 'https',
          entry_port: 443,
          target_protocol: 'http',
          target_port: 80,
          certificate_name: 'site',
          certificate_id: 'site',
          tls_passthrough: false,
        },
        {
          entry_protocol: 'http',
          entry_port: 80,
          target_protocol: 'http',
          target_port: 80,
          certificate_name: '',
          certificate_id: '',
          tls_passthrough: null,
        },
      ],
      healthcheck: [
        {
          protocol: 'http',
          port: 80,
          path: '/',
          check_interval_seconds: 10,
          response_timeout_seconds: 5,
          healthy_threshold: 5,
          unhealthy_threshold: 3,
        },
      ],
      sticky_sessions: [{ type: 'none', cookie_name: '', cookie_ttl_seconds: 0 }],
      firewall: [{ allow: ['ip:192.0.2.1'], deny: [] }],
      domains: [{ name: 'A.example', is_managed: true }],
    },
    never: {
      algorithm: 'least_connections',
      network: 'INTERNAL',
      network_stack: 'DUALSTACK',
      tls_cipher_policy: 'STRONG',
      disable_lets_encrypt_dns_records: true,
      status: 'x',
      ip: 'y',
      glb_settings: [{}],
    },
    api: {
      id: id(1),
      name: 'lb',
      region: { slug: 'fra1' },
      size_unit: 1,
      type: 'REGIONAL',
      droplet_ids: [1, 2],
      tag: '',
      vpc_uuid: id(9),
      project_id: id(8),
      algorithm: 'round_robin',
      redirect_http_to_https: false,
      enable_proxy_protocol: false,
      enable_backend_keepalive: false,
      http_idle_timeout_seconds: 60,
      network: 'EXTERNAL',
      network_stack: 'IPV4',
      tls_cipher_policy: 'DEFAULT',
      disable_lets_encrypt_dns_records: false,
      forwarding_rules: [
        {
          entry_protocol: 'http',
          entry_port: 80,
          target_protocol: 'http',
          target_port: 80,
          certificate_id: '',
          tls_passthrough: false,
        },
        {
          entry_protocol: 'https',
          entry_port: 443,
          target_protocol: 'http',
          target_port: 80,
          certificate_id: id(77),
          tls_passthrough: false,
        },
      ],
      health_check: {
        protocol: 'http',
        port: 80,
        path: '/',
        check_interval_seconds: 10,
        response_timeout_seconds: 5,
        healthy_threshold: 5,
        unhealthy_threshold: 3,
        proxy_protocol: false,
      },
      sticky_sessions: { type: 'none' },
      firewall: { allow: ['cidr:192.0.2.1/32'], deny: [] },
      domains: [{ name: 'a.example', certificate_id: 'c' }],
    },
    keys: [
      'domains',
      'droplets',
      'enable_backend_keepalive',
      'enable_proxy_protocol',
      'firewall/allow',
      'firewall/deny',
      'forwarding/',
      'health_check/check_interval_seconds',
      'health_check/healthy_threshold',
      'health_check/path',
      'health_check/port',
      'health_check/protocol',
      'health_check/response_timeout_seconds',
      'health_check/unhealthy_threshold',
      'http_idle_timeout_seconds',
      'name',
      'nodes',
      'project',
      'redirect_http_to_https',
      'region',
      'sticky_sessions/type',
      'tag',
      'type',
      'vpc',
    ],
    different: [
      [{ size_unit: 2 }, ['nodes']],
      [{ forwarding_rules: [] }, ['forwarding/http/80', 'forwarding/https/443']],
      [{ sticky_sessions: { type: 'cookies', cookie_name: 'c' } }, ['sticky_sessions/type']],
      [{ health_check: { protocol: 'tcp', port: 80 } }, ['health_check/protocol']],
      [
        {
          http_idle_timeout_seconds: 90,
          redirect_http_to_https: true,
          enable_proxy_protocol: true,
          enable_backend_keepalive: true,
        },
        ['enable_backend_keepalive', 'enable_proxy_protocol', 'http_idle_timeout_seconds', 'redirect_http_to_https'],
      ],
      [{ firewall: { allow: ['ip:192.0.2.2'], deny: ['ip:192.0.2.3'] } }, ['firewall/allow', 'firewall/deny']],
      [
        { domains: [], droplet_ids: [1], project_id: id(7), vpc_uuid: id(6) },
        ['domains', 'droplets', 'project', 'vpc'],
      ],
      [{ type: 'GLOBAL', region: { slug: 'ams3' }, name: 'x', tag: 'web' }, ['name', 'region', 'tag', 'type']],
    ],
  },
  digitalocean_certificate: {
    kind: 'certificate',
    state: { id: 'site', name: 'site', type: 'lets_encrypt', domains: ['B.example', 'a.example'] },
    never: {
      uuid: id(3),
      not_after: 'x',
      sha1_fingerprint: 'x',
      state: 'pending',
      private_key: 'x',
      leaf_certificate: 'x',
    },
    api: {
      id: id(99),
      name: 'site',
      type: 'lets_encrypt',
      dns_names: ['a.example', 'b.example'],
      state: 'verified',
      not_after: 'y',
      sha1_fingerprint: 'y',
    },
    keys: ['domains', 'type'],
    different: [
      [{ dns_names: ['a.example'] }, ['domains']],
      [{ type: 'custom' }, ['type']],
    ],
  },
  digitalocean_domain: {
    kind: 'dns_zone',
    state: { id: 'Acme.example', name: 'Acme.example' },
    never: { ttl: 60, ip_address: '192.0.2.1', urn: 'x' },
    api: { name: 'acme.example', ttl: 1800 },
    keys: [],
    different: [],
  },
  digitalocean_reserved_ip: {
    kind: 'reserved_ip',
    state: { id: '192.0.2.7', ip_address: '192.0.2.7', region: 'FRA1', droplet_id: 7 },
    never: { urn: 'do:reservedip:192.0.2.7' },
    api: { ip: '192.0.2.7', region: { slug: 'fra1' }, droplet: { id: 7 }, project_id: id(1) },
    keys: ['droplet', 'region'],
    different: [
      [{ droplet: null }, ['droplet']],
      [{ droplet: { id: 8 }, region: { slug: 'ams3' } }, ['droplet', 'region']],
    ],
  },
  digitalocean_database_cluster: {
    kind: 'database',
    state: {
      id: id(1),
      name: 'main',
      engine: 'pg',
      version: '17',
      size: 'db-s-1vcpu-1gb',
      region: 'fra1',
      node_count: '2',
      tags: ['A'],
      private_network_uuid: id(9),
      project_id: id(8),
      maintenance_window: [{ day: 'Monday', hour: '04:00' }],
      storage_size_mib: '20480',
    },
    never: {
      eviction_policy: 'x',
      sql_mode: 'y',
      password: 'p',
      uri: 'u',
      host: 'h',
      port: 1,
      user: 'u',
      database: 'd',
      urn: 'x',
    },
    api: {
      id: id(1),
      name: 'main',
      engine: 'pg',
      version: '17',
      size: 'db-s-1vcpu-1gb',
      region: 'fra1',
      num_nodes: 2,
      tags: ['a'],
      private_network_uuid: id(9),
      project_id: id(8),
      maintenance_window: { day: 'monday', hour: '04:00:00' },
      storage_size_mib: 20480,
    },
    keys: [
      'engine',
      'maintenance/day',
      'maintenance/hour',
      'name',
      'nodes',
      'project',
      'region',
      'size',
      'storage_size_mib',
      'tags',
      'version',
      'vpc',
    ],
    different: [
      [{ num_nodes: 1 }, ['nodes']],
      [{ version: '18', size: 'db-s-2vcpu-4gb' }, ['size', 'version']],
      [{ maintenance_window: { day: 'tuesday', hour: '04:30:00' } }, ['maintenance/day', 'maintenance/hour']],
      [{ storage_size_mib: 30720 }, ['storage_size_mib']],
      [{ engine: 'mysql', name: 'x', region: 'ams3' }, ['engine', 'name', 'region']],
      [{ tags: [], project_id: id(7), private_network_uuid: id(6) }, ['project', 'tags', 'vpc']],
    ],
  },
  digitalocean_kubernetes_cluster: {
    kind: 'kubernetes_cluster',
    state: {
      id: id(1),
      name: 'k',
      region: 'fra1',
      version: '1.33.1-do.0',
      auto_upgrade: false,
      surge_upgrade: true,
      ha: false,
      tags: ['Own', 'terraform:default-node-pool', 'k8s'],
      vpc_uuid: id(9),
      maintenance_policy: [{ day: 'any', start_time: '04:00', duration: '4h' }],
      node_pool: [
        {
          id: 'p',
          name: 'default',
          size: 's-2vcpu-4gb',
          auto_scale: false,
          node_count: 3,
          actual_node_count: 9,
          min_nodes: 0,
          max_nodes: 0,
          tags: ['B'],
          labels: { b: '1', a: '2' },
          taint: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
          nodes: [{}],
        },
      ],
    },
    never: {
      registry_integration: true,
      destroy_all_associated_resources: true,
      cluster_subnet: '10.0.0.0/8',
      service_subnet: '10.0.0.0/8',
      kube_config: [{ token: 'x' }],
      endpoint: 'x',
      status: 'x',
      updated_at: 'x',
      ipv4_address: 'x',
    },
    api: {
      id: id(1),
      name: 'k',
      region: 'fra1',
      version: '1.33.1-do.0',
      auto_upgrade: false,
      surge_upgrade: true,
      ha: false,
      tags: ['k8s', `k8s:${id(1)}`, 'own'],
      vpc_uuid: id(9),
      maintenance_policy: { day: 'any', start_time: '4:00' },
      cluster_subnet: '10.244.0.0/16',
      registry_enabled: false,
      node_pools: [
        {
          name: 'default',
          size: 's-2vcpu-4gb',
          auto_scale: false,
          count: 3,
          tags: ['b', 'k8s'],
          labels: { a: '2', b: '1' },
          taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
        },
      ],
    },
    keys: [
      'auto_upgrade',
      'ha',
      'maintenance/day',
      'maintenance/start_time',
      'name',
      'pool/default/auto_scale',
      'pool/default/count',
      'pool/default/labels',
      'pool/default/size',
      'pool/default/tags',
      'pool/default/taints',
      'region',
      'surge_upgrade',
      'tags',
      'version',
      'vpc',
    ],
    different: [
      [{ version: '1.34.0-do.0' }, ['version']],
      [{ auto_upgrade: true, surge_upgrade: false, ha: true }, ['auto_upgrade', 'ha', 'surge_upgrade']],
      [{ tags: ['other'], name: 'x', vpc_uuid: id(7) }, ['name', 'tags', 'vpc']],
      [
        { maintenance_policy: { day: 'monday', start_time: '05:00' }, region: 'ams3' },
        ['maintenance/day', 'maintenance/start_time', 'region'],
      ],
      [
        {
          node_pools: [
            { name: 'default', size: 's-4vcpu-8gb', auto_scale: false, count: 4, tags: [], labels: {}, taints: [] },
          ],
        },
        ['pool/default/count', 'pool/default/labels', 'pool/default/size', 'pool/default/tags', 'pool/default/taints'],
      ],
    ],
  },
  digitalocean_app: {
    kind: 'app',
    state: {
      id: id(1),
      spec: [
        {
          name: 'shop',
          region: 'fra',
          domain: [{ name: 'Shop.example', type: 'PRIMARY' }],
          service: [
            {
              name: 'web',
              instance_count: 2,
              instance_size_slug: 'apps-s-1vcpu-1gb',
              http_port: 80,
              env: [{ key: 'K', value: 'x', type: 'GENERAL', scope: 'RUN_AND_BUILD_TIME' }],
            },
          ],
          worker: [
            {
              name: 'scaled',
              instance_count: 1,
              instance_size_slug: '',
              autoscaling: [{ min_instance_count: 1, max_instance_count: 3 }],
            },
          ],
          job: [],
          static_site: [{ name: 'docs' }],
        },
      ],
    },
    never: {
      live_url: 'x',
      active_deployment_id: 'x',
      updated_at: 'x',
      created_at: 'x',
      default_ingress: 'x',
      project_id: 'x',
    },
    api: {
      id: id(1),
      region: { slug: 'fra' },
      project_id: id(8),
      spec: {
        name: 'shop',
        domains: [{ domain: 'shop.example' }],
        services: [
          {
            name: 'web',
            instance_count: 2,
            instance_size_slug: 'apps-s-1vcpu-1gb',
            http_port: 8080,
            envs: [{ key: 'K', value: 'EV[1:x]', type: 'SECRET' }],
          },
        ],
        workers: [{ name: 'scaled', instance_count: 3 }],
        static_sites: [{ name: 'docs' }],
      },
    },
    keys: [
      'component/services/web',
      'component/services/web/instance_count',
      'component/services/web/instance_size_slug',
      'component/static_sites/docs',
      'component/workers/scaled',
      'domains',
      'name',
      'region',
    ],
    different: [
      [
        {
          spec: {
            name: 'shop',
            domains: [],
            services: [{ name: 'web', instance_count: 3, instance_size_slug: 'apps-s-1vcpu-2gb' }],
            workers: [{ name: 'scaled' }],
            static_sites: [{ name: 'docs' }],
          },
        },
        ['component/services/web/instance_count', 'component/services/web/instance_size_slug', 'domains'],
      ],
      [{ region: { slug: 'ams' } }, ['region']],
      [
        {
          spec: {
            name: 'shop2',
            domains: [{ domain: 'shop.example' }],
            services: [{ name: 'web', instance_count: 2, instance_size_slug: 'apps-s-1vcpu-1gb' }],
            workers: [{ name: 'scaled' }],
          },
        },
        ['component/static_sites/docs', 'name'],
      ],
    ],
  },
  digitalocean_project: {
    kind: 'project',
    state: {
      id: id(1),
      name: 'Acme',
      description: '',
      purpose: 'Other: Shops',
      environment: 'production',
      is_default: false,
    },
    never: { updated_at: 'x', created_at: 'x', owner_id: 1, owner_uuid: 'x' },
    api: { id: id(1), name: 'Acme', description: '', purpose: 'Shops', environment: 'Production', is_default: false },
    keys: ['description', 'environment', 'is_default', 'name', 'purpose'],
    different: [
      [{ name: 'x', description: 'y' }, ['description', 'name']],
      [
        { purpose: 'Web Application', environment: 'Staging', is_default: true },
        ['environment', 'is_default', 'purpose'],
      ],
    ],
  },
  digitalocean_vpc: {
    kind: 'vpc',
    state: { id: id(1), name: 'net', region: 'FRA1', ip_range: '10.1.2.3/16', description: '' },
    never: { default: true, urn: 'x', created_at: 'x' },
    api: { id: id(1), name: 'net', region: 'fra1', ip_range: '10.1.0.0/16', description: '', default: false },
    keys: ['description', 'ip_range', 'name', 'region'],
    different: [
      [{ name: 'x', ip_range: '10.2.0.0/16' }, ['ip_range', 'name']],
      [{ region: 'ams3', description: 'y' }, ['description', 'region']],
    ],
  },
};

const named = Object.entries(rows).map(([type, row]) => ({ type, ...row }));

test.each(named)(
  '$type: what is compared, by the keys of the inventory',
  ({ type, kind, state: attributes, never, keys }) => {
    const one = only([type, { ...attributes, ...never }]);
    expect(one.kind).toBe(kind);
    expect(Object.keys(one.fields).sort()).toEqual([...keys].sort());
    // What is never compared changes nothing.
    expect(one).toEqual(only([type, attributes]));
  },
);

test.each(named)('$type: the same in another spelling is no difference', ({ type, kind, state: attributes, api }) => {
  const reading = readTerraform(state([type, attributes]));
  expect(differing(reading.resources[0]!, actual(kind, api))).toEqual([]);
  expect(reading.notes.filter(({ code }) => code === 'attribute_not_understood')).toEqual([]);
});

test.each(
  named.flatMap(({ different, ...row }) => different.map(([change, keys]) => ({ ...row, change, differs: keys }))),
)('$type: what is really different is one: $differs', ({ type, kind, state: attributes, api, change, differs }) => {
  expect(differing(only([type, attributes]), actual(kind, { ...api, ...change }))).toEqual([...differs].sort());
});

test.each(named)('$type: null and nothing at all are not declared', ({ type, state: attributes }) => {
  const which = new Set(['id', 'name', 'ip_address']);
  const nulls = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, which.has(name) ? value : null]),
  );
  const [one] = declared([type, nulls]);
  expect(Object.keys(one?.fields ?? {}).filter((key) => key !== 'name')).toEqual([]);
});

test('a droplet: an image by its number is one build, and a slug the API does not tell is no difference', () => {
  const droplet = { id: 7, name: 'web' };
  const bySlug = only(['digitalocean_droplet', { ...droplet, image: 'ubuntu-24-04-x64' }]);
  const byNumber = only(['digitalocean_droplet', { ...droplet, image: '155133621' }]);
  const api = (image: Said) => actual('droplet', { id: 7, name: 'web', image });
  expect(differing(byNumber, api({ id: 155133621, slug: 'ubuntu-24-04-x64' }))).toEqual([]);
  expect(differing(byNumber, api({ id: 155133622, slug: 'ubuntu-24-04-x64' }))).toEqual(['image_id']);
  expect(differing(bySlug, api({ id: 199, slug: null }))).toEqual([]);
  expect(differing(bySlug, api({ id: 199, slug: 'debian-12-x64' }))).toEqual(['image']);
});

test('a droplet: a backup policy counts while there are backups', () => {
  const policy = (backups: boolean, held: Said) =>
    only([
      'digitalocean_droplet',
      { id: 7, backups, backup_policy: [{ plan: 'weekly', weekday: 'SUN', hour: 4, ...held }] },
    ]);
  const api = (held: Said) =>
    readPolicySettings({ droplet_id: 7, backup_policy: { plan: 'weekly', weekday: 'SUN', hour: 4, ...held } })!.draft
      .values;
  expect(differing(policy(true, {}), api({}))).toEqual([]);
  expect(differing(policy(true, {}), api({ weekday: 'MON', hour: 8 }))).toEqual([
    'backup_policy/hour',
    'backup_policy/weekday',
  ]);
  expect(differing(policy(true, { plan: 'daily', weekday: '' }), api({ plan: 'daily', weekday: null }))).toEqual([]);
  expect(differing(policy(true, {}), api({ plan: 'daily' }))).toEqual(['backup_policy/plan']);
  expect(differing(policy(true, { hour: 0 }), api({ hour: 8 }))).toEqual([]);
  expect(Object.keys(policy(false, {}).fields)).toEqual(['backups']);
});

test('an app without domains of its own declares none', () => {
  const app = (held: Said) => only(['digitalocean_app', { id: id(1), spec: [{ name: 'shop', ...held }] }]).fields;
  expect(app({})).toEqual({ name: 'shop' });
  expect(app({ domain: [] })).toEqual({ name: 'shop' });
  // As older states have them.
  expect(app({ domains: ['A.example'] })).toEqual({ name: 'shop', domains: ['a.example'] });
});

test('a load balancer: named sizes are nodes, and the droplets of its tag are not its own', () => {
  const nodes = (held: Said) => only(['digitalocean_loadbalancer', { id: 'l', ...held }]).fields['nodes'];
  expect([nodes({ size: 'lb-small' }), nodes({ size: 'lb-medium' }), nodes({ size: 'lb-large' })]).toEqual([1, 3, 6]);
  expect([nodes({ size: 'lb-large', size_unit: 2 }), nodes({ size: 'lb-huge' })]).toEqual([2, undefined]);
  const tagged = only(['digitalocean_loadbalancer', { id: 'l', droplet_tag: 'Web', droplet_ids: [1] }]);
  expect(tagged.fields).toEqual({ tag: 'web' });
});

test('a load balancer: a renewed certificate is no difference, and that its name alone is known is noted', () => {
  const rule = {
    entry_protocol: 'https',
    entry_port: 443,
    target_protocol: 'http',
    target_port: 80,
    certificate_name: 'site',
  };
  const reading = readTerraform(state(['digitalocean_loadbalancer', { id: 'l', forwarding_rule: [rule] }]));
  const api = (held: Said) =>
    actual('load_balancer', {
      id: 'l',
      name: 'lb',
      forwarding_rules: [
        { entry_protocol: 'https', entry_port: 443, target_protocol: 'http', target_port: 80, ...held },
      ],
    });
  expect(reading.notes).toEqual([
    { code: 'named_only', address: 'digitalocean_loadbalancer.r0', attribute: 'forwarding_rule' },
  ]);
  for (const certificate of [id(1), id(2)])
    expect(differing(reading.resources[0]!, api({ certificate_id: certificate }))).toEqual([]);
  expect(differing(reading.resources[0]!, api({ certificate_id: id(1), target_port: 81 }))).toEqual([
    'forwarding/https/443',
  ]);
  expect(differing(reading.resources[0]!, api({ certificate_id: id(1), tls_passthrough: true }))).toEqual([
    'forwarding/https/443',
  ]);
});

test('a certificate is found by its name, whatever its id is by now', () => {
  expect(only(['digitalocean_certificate', { id: 'site', name: 'site', uuid: id(1) }])).toMatchObject({
    match: { name: 'site' },
  });
  expect(declared(['digitalocean_certificate', { name: 's*' }])).toEqual([]);
});

test.each([
  ['CNAME', 'host.example', 'Host.example.', 'other.example'],
  ['CNAME', '@', 'acme.example', 'www.acme.example'],
  ['MX', 'mail.example.', 'mail.example', 'mail2.example'],
  ['NS', 'ns1.example.', 'ns1.example', 'ns2.example'],
  ['TXT', 'v=spf1 -all', 'v=spf1 -all', 'v=spf1 ~all'],
  ['A', '192.0.2.1', '192.0.2.1', '192.0.2.2'],
  ['AAAA', '2001:DB8::1', '2001:db8::1', '2001:db8::2'],
])('a record %s: %s is %s, and is not %s', (type, value, same, other) => {
  const one = only([
    'digitalocean_record',
    {
      id: '48',
      domain: 'Acme.example',
      type,
      name: 'www',
      value,
      ttl: 1800,
      priority: 0,
      port: 0,
      weight: 0,
      flags: 0,
      tag: '',
      fqdn: 'x',
    },
  ]);
  expect(one).toMatchObject({ kind: 'dns_zone', id: 'acme.example', address: 'digitalocean_record.r0' });
  const api = (held: Said) =>
    readRecordSettings('acme.example', {
      id: 48,
      type,
      name: 'www.acme.example.',
      data: same,
      ttl: 1800,
      priority: type === 'MX' ? 0 : null,
      port: null,
      weight: null,
      flags: null,
      tag: null,
      ...held,
    })!;
  expect(differing(one, api({}))).toEqual([]);
  expect(differing(one, api({ data: other }))).toEqual(['record/48/value']);
  expect(differing(one, api({ ttl: 60, name: 'web' }))).toEqual(['record/48/name', 'record/48/ttl']);
  expect(differing(one, {})).toEqual(
    type === 'MX' ? expect.arrayContaining(['record/48/priority']) : expect.not.arrayContaining(['record/48/priority']),
  );
});

test('a record has what its type has: SRV a port and a weight, CAA flags and a tag', () => {
  const srv = {
    id: 1,
    domain: 'a.example',
    type: 'SRV',
    name: '_sip._tcp',
    value: 'sip.example.',
    ttl: 60,
    priority: 10,
    port: 5060,
    weight: 5,
    flags: 0,
    tag: '',
  };
  const caa = { ...srv, id: 2, type: 'CAA', value: 'letsencrypt.org.', flags: 0, tag: 'issue' };
  const fields = only(['digitalocean_record', srv], ['digitalocean_record', caa]).fields;
  expect(fields).toMatchObject({
    'record/1/port': 5060,
    'record/1/weight': 5,
    'record/1/priority': 10,
    'record/2/flags': 0,
    'record/2/tag': 'issue',
  });
  expect(Object.keys(fields)).not.toEqual(expect.arrayContaining(['record/1/flags']));
  expect(Object.keys(fields)).not.toEqual(expect.arrayContaining(['record/2/port']));
});

test.each([
  ['digitalocean_reserved_ip', 'digitalocean_reserved_ip_assignment', 'ip_address'],
  ['digitalocean_floating_ip', 'digitalocean_floating_ip_assignment', 'ip_address'],
  ['digitalocean_reserved_ipv6', 'digitalocean_reserved_ipv6_assignment', 'ip'],
])('%s: an assignment sets its droplet, and none declares none', (type, assignment, address) => {
  const region = address === 'ip' ? { region_slug: 'fra1' } : { region: 'fra1' };
  const ip = { [address]: '2001:DB8::7', ...region };
  expect(only([type, ip])).toMatchObject({ kind: 'reserved_ip', id: '2001:db8::7', fields: { region: 'fra1' } });
  expect(only([type, { ...ip, droplet_id: 0 }]).fields).toEqual({ region: 'fra1' });
  // What the address says of itself was only seen.
  const both = readTerraform(
    state([assignment, { id: 'made-up', [address]: '2001:db8::7', droplet_id: 8 }], [type, { ...ip, droplet_id: 7 }]),
  );
  expect(both.resources).toMatchObject([{ address: `${type}.r1`, fields: { region: 'fra1', droplet: '8' } }]);
  expect(both.counts).toMatchObject({ managed: 2, compared: 2 });
  expect(differing(both.resources[0]!, { region: 'fra1', droplet: null })).toEqual(['droplet']);
});

test('an attachment is a field of its volume, also where the volume is in another state', () => {
  const attachment = ['digitalocean_volume_attachment', { id: '7-x-2026', droplet_id: 7, volume_id: id(1) }] as const;
  const volume = ['digitalocean_volume', { id: id(1), name: 'data', droplet_ids: [9] }] as const;
  expect(declared(attachment, volume)).toMatchObject([
    { address: 'digitalocean_volume.r1', fields: { name: 'data', droplet: '7' } },
  ]);
  expect(declared(attachment)).toMatchObject([
    { address: 'digitalocean_volume_attachment.r0', kind: 'volume', id: id(1), fields: { droplet: '7' } },
  ]);
});

test('two that set one field differently contradict each other, and the first counts', () => {
  const attach = (droplet: number) =>
    ['digitalocean_volume_attachment', { droplet_id: droplet, volume_id: id(1) }] as const;
  const reading = readTerraform(state(attach(7), attach(8), attach(7)));
  expect(reading.resources).toMatchObject([{ fields: { droplet: '7' } }]);
  expect(reading.notes).toEqual([
    {
      code: 'contradicted',
      address: 'digitalocean_volume_attachment.r1',
      other: 'digitalocean_volume_attachment.r0',
      field: 'droplet',
    },
  ]);
});

test('the trusted sources of a database are those of its firewall, in any order', () => {
  const one = only([
    'digitalocean_database_firewall',
    {
      id: 'x',
      cluster_id: id(1),
      rule: [
        { type: 'tag', value: 'Web', uuid: 'u', created_at: 'c' },
        { type: 'ip_addr', value: '192.0.2.1' },
      ],
    },
  ]);
  const api = (...rules: Said[]) => actual('database', { id: id(1), name: 'm', engine: 'pg', rules });
  const ip = { type: 'ip_addr', value: '192.0.2.1/32' };
  expect(one).toMatchObject({ kind: 'database', id: id(1) });
  expect(differing(one, api(ip, { type: 'tag', value: 'web' }))).toEqual([]);
  expect(differing(one, api(ip))).toEqual(['trusted_sources']);
  expect(differing(one, api(ip, { type: 'tag', value: 'web' }, { type: 'ip_addr', value: '0.0.0.0/0' }))).toEqual([
    'trusted_sources',
  ]);
});

test('a caching database: Redis is Valkey, and the provider upgrades it', () => {
  const one = only(['digitalocean_database_cluster', { id: id(1), engine: 'redis', version: '7' }]);
  const api = (held: Said) => actual('database', { id: id(1), name: 'm', ...held });
  expect(differing(one, api({ engine: 'valkey', version: '8' }))).toEqual([]);
  expect(differing(one, api({ engine: 'pg', version: '7' }))).toEqual(['engine']);
});

test('storage that grows by itself has a least size, and the 0 of a plugin that was told none is none', () => {
  const storage = (held: Said) =>
    only(['digitalocean_database_cluster', { id: id(1), ...held }]).fields['storage_size_mib'];
  expect(storage({ storage_size_mib: '20480', storage_autoscale: [{ enabled: true }] })).toEqual({ min: 20480 });
  expect(
    storage({ storage_size_mib: '20480', autoscale: [{ storage: [{ enabled: true, threshold_percent: 80 }] }] }),
  ).toEqual({ min: 20480 });
  expect(storage({ storage_size_mib: '20480', autoscale: [{ storage: [{ enabled: false }] }] })).toBe(20480);
  expect(storage({ storage_size_mib: '0' })).toBeUndefined();
});

test('a cluster that upgrades itself has any version', () => {
  const cluster = (held: Said) =>
    only(['digitalocean_kubernetes_cluster', { id: id(1), version: '1.32.9-do.1', ...held }]);
  const api = (held: Said) => actual('kubernetes_cluster', { id: id(1), name: 'k', version: '1.33.1-do.0', ...held });
  expect(differing(cluster({ auto_upgrade: true }), api({ auto_upgrade: true }))).toEqual([]);
  expect(differing(cluster({ auto_upgrade: true }), api({ auto_upgrade: false }))).toEqual(['auto_upgrade']);
  expect(differing(cluster({ auto_upgrade: false }), api({ auto_upgrade: false }))).toEqual(['version']);
});

test('a pool that scales itself has any count within its bounds, and is a part of its cluster', () => {
  const pool = {
    id: 'p',
    cluster_id: id(1),
    name: 'batch',
    size: 'c-2',
    auto_scale: true,
    min_nodes: 2,
    max_nodes: 5,
    node_count: 2,
    actual_node_count: 2,
    nodes: [{}],
  };
  const cluster = {
    id: id(1),
    name: 'k',
    node_pool: [{ name: 'default', size: 's-1vcpu-2gb', auto_scale: false, node_count: 1 }],
  };
  const [one, ...rest] = declared(
    ['digitalocean_kubernetes_node_pool', pool],
    ['digitalocean_kubernetes_cluster', cluster],
  );
  expect(rest).toEqual([]);
  const own = { name: 'default', size: 's-1vcpu-2gb', auto_scale: false, count: 1 };
  const api = (...pools: Said[]) => actual('kubernetes_cluster', { id: id(1), name: 'k', node_pools: [own, ...pools] });
  const batch = { name: 'batch', size: 'c-2', auto_scale: true, min_nodes: 2, max_nodes: 5 };
  for (const count of [2, 3, 5]) expect(differing(one!, api({ ...batch, count }))).toEqual([]);
  for (const count of [1, 6]) expect(differing(one!, api({ ...batch, count }))).toEqual(['pool/batch/count']);
  expect(differing(one!, api({ ...batch, count: 3, max_nodes: 8 }))).toEqual(['pool/batch/max_nodes']);
  expect(differing(one!, api({ ...batch, count: 3 }, { name: 'further', size: 'c-2', count: 1 }))).toEqual([]);
  expect(differing(one!, api()).every((key) => key.startsWith('pool/batch/'))).toBe(true);
  expect(differing(one!, api())).toContain('pool/batch/count');
});

test('members of a project are in it, each by itself, in either word of their URNs', () => {
  const project = [
    'digitalocean_project',
    { id: id(1), name: 'Acme', resources: ['do:droplet:7', 'do:reservedip:192.0.2.7'] },
  ] as const;
  const further = [
    'digitalocean_project_resources',
    { id: id(1), project: id(1), resources: ['do:floatingip:192.0.2.7', 'do:loadbalancer:L'] },
  ] as const;
  const droplet = ['digitalocean_droplet', { id: '7', name: 'web' }] as const;
  expect(
    declared(project, further, droplet).map(({ address, kind, id: which, fields }) => [address, kind, which, fields]),
  ).toEqual([
    ['digitalocean_project.r0', 'project', id(1), { name: 'Acme' }],
    ['digitalocean_droplet.r2', 'droplet', '7', { name: 'web', project: id(1) }],
    ['digitalocean_project.r0.resources["reserved_ip:192.0.2.7"]', 'reserved_ip', '192.0.2.7', { project: id(1) }],
    ['digitalocean_project_resources.r1.resources["load_balancer:l"]', 'load_balancer', 'l', { project: id(1) }],
  ]);
  expect(readTerraform(state(project, further, droplet)).counts).toMatchObject({ managed: 3, compared: 3 });
});

test('a bucket: what a state says of its permissions is compared where it was written', () => {
  const bucket = (held: Said) =>
    only([
      'digitalocean_spaces_bucket',
      { id: 'x', name: 'media', region: 'nyc3', force_destroy: true, endpoint: 'e', ...held },
    ]);
  expect(bucket({ acl: 'private', versioning: [{ enabled: false }] })).toMatchObject({
    kind: 'spaces_bucket',
    id: 'media',
    fields: { region: 'nyc3' },
  });
  expect(bucket({ acl: 'public-read', versioning: [{ enabled: true }] }).fields).toEqual({
    region: 'nyc3',
    versioning: 'enabled',
    acl: ['AllUsers:READ', 'owner:FULL_CONTROL'],
  });
  expect(differing(bucket({ versioning: [{ enabled: true }] }), { region: 'nyc3', versioning: 'suspended' })).toEqual([
    'versioning',
  ]);
});

test('other kinds are not read, by their names', () => {
  const types = [
    'droplet_autoscale',
    'database_replica',
    'database_db',
    'database_user',
    'database_connection_pool',
    'database_kafka_topic',
    'database_pg_config',
    'database_logsink_rsyslog',
    'vpc_peering',
    'vpc_nat_gateway',
    'tag',
    'ssh_key',
    'cdn',
    'container_registry',
    'nfs',
    'monitor_alert',
    'uptime_check',
    'custom_image',
    'spaces_bucket_object',
    'spaces_bucket_policy',
    'spaces_key',
    'partner_network_connect',
    'byoip_prefix',
    'dedicated_inference',
    'gradientai_agent',
    'vector_database',
    'of_tomorrow',
  ];
  const reading = readTerraform(
    state(...types.map((type) => [`digitalocean_${type}`, { id: 'x', name: 'y' }] as const)),
  );
  expect(reading.resources).toEqual([]);
  expect(reading.skipped.map(({ type, reason }) => [type, reason])).toEqual(
    types.map((type) => [`digitalocean_${type}`, 'kind_not_read']),
  );
  expect(reading.counts).toMatchObject({ managed: types.length, compared: 0, notRead: types.length });
});

test('an attribute that is not what it should be is named, and the rest is compared', () => {
  const reading = readTerraform(
    state(
      ['digitalocean_droplet', { id: 7, name: 'web', tags: [{ a: 1 }], size: {}, backups: 'yes', ipv6: 1 }],
      [
        'digitalocean_firewall',
        { id: 'f', name: 'fw', inbound_rule: [{ protocol: 'tcp', port_range: '22', source_addresses: [null] }] },
      ],
      ['digitalocean_volume', { id: 'v', name: 'a\u0000b', size: 'big' }],
      ['digitalocean_volume', { id: null }],
    ),
  );
  expect(reading.resources.map(({ fields }) => fields)).toEqual([{ name: 'web' }, { name: 'fw' }, {}]);
  expect(reading.notes.map((note) => 'attribute' in note && `${note.address.split('.')[1]}.${note.attribute}`)).toEqual(
    ['r0.size', 'r0.tags', 'r0.backups', 'r0.ipv6', 'r1.inbound_rule', 'r2.name', 'r2.size'],
  );
  expect(reading.skipped).toEqual([
    { address: 'digitalocean_volume.r3', type: 'digitalocean_volume', reason: 'without_id' },
  ]);
});
