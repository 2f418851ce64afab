import type { ResourceKind } from '../provider.ts';
import type { Decimals, Query } from './request.ts';

/** One collection of the provider's API, and the scope that a token needs to see it. */
export interface Endpoint {
  readonly path: string;
  /** Where the items are in the answer. */
  readonly key: string;
  readonly scope: string;
  readonly query: Query;
  /** Answers everything at once and knows no `page` and `per_page`. */
  readonly unpaged?: true;
  /** The items are the values of an object, not the elements of an array. */
  readonly keyed?: true;
  readonly decimals?: Decimals;
}

export const endpoints = {
  projects: { path: '/v2/projects', key: 'projects', scope: 'project:read', query: {} },
  droplets: { path: '/v2/droplets', key: 'droplets', scope: 'droplet:read', query: {} },
  /** The plain listing leaves these out. */
  gpuDroplets: { path: '/v2/droplets', key: 'droplets', scope: 'droplet:read', query: { type: 'gpus' } },
  domains: { path: '/v2/domains', key: 'domains', scope: 'domain:read', query: {} },
  volumes: { path: '/v2/volumes', key: 'volumes', scope: 'block_storage:read', query: {} },
  reservedIpv4: { path: '/v2/reserved_ips', key: 'reserved_ips', scope: 'reserved_ip:read', query: {} },
  reservedIpv6: { path: '/v2/reserved_ipv6', key: 'reserved_ipv6s', scope: 'reserved_ip:read', query: {} },
  firewalls: { path: '/v2/firewalls', key: 'firewalls', scope: 'firewall:read', query: {} },
  loadBalancers: { path: '/v2/load_balancers', key: 'load_balancers', scope: 'load_balancer:read', query: {} },
  snapshots: { path: '/v2/snapshots', key: 'snapshots', scope: 'snapshot:read', query: {} },
  /** Snapshots, backups and custom images of the account; each tells its `type`. */
  privateImages: { path: '/v2/images', key: 'images', scope: 'image:read', query: { private: 'true' } },
  baseImages: { path: '/v2/images', key: 'images', scope: 'image:read', query: { type: 'distribution' } },
  sshKeys: { path: '/v2/account/keys', key: 'ssh_keys', scope: 'ssh_key:read', query: {} },
  backupPolicies: {
    path: '/v2/droplets/backups/policies',
    key: 'policies',
    scope: 'droplet:read',
    query: {},
    keyed: true,
  },
  databases: { path: '/v2/databases', key: 'databases', scope: 'database:read', query: {}, unpaged: true },
  kubernetesClusters: {
    path: '/v2/kubernetes/clusters',
    key: 'kubernetes_clusters',
    scope: 'kubernetes:read',
    query: {},
  },
  apps: { path: '/v2/apps', key: 'apps', scope: 'app:read', query: {} },
  vpcs: { path: '/v2/vpcs', key: 'vpcs', scope: 'vpc:read', query: {} },
  certificates: { path: '/v2/certificates', key: 'certificates', scope: 'certificate:read', query: {} },
  tags: { path: '/v2/tags', key: 'tags', scope: 'tag:read', query: {} },
  sizes: {
    path: '/v2/sizes',
    key: 'sizes',
    scope: 'sizes:read',
    query: {},
    decimals: ['price_hourly', 'price_monthly'],
  },
  actions: { path: '/v2/actions', key: 'actions', scope: 'actions:read', query: {} },
  balance: { path: '/v2/customers/my/balance', key: '', scope: 'billing:read', query: {}, unpaged: true },
  /** Takes no number of items a page; its links do. */
  billingHistory: {
    path: '/v2/customers/my/billing_history',
    key: 'billing_history',
    scope: 'billing:read',
    query: {},
    unpaged: true,
    decimals: ['amount', 'invoice_id'],
  },
  invoices: {
    path: '/v2/customers/my/invoices',
    key: 'invoices',
    scope: 'billing:read',
    query: {},
    decimals: ['amount', 'invoice_id'],
  },
} as const satisfies Record<string, Endpoint>;

/** The items of an invoice, by its uuid or `preview`. */
export function invoiceItems(invoice: string): Endpoint {
  return {
    path: `${endpoints.invoices.path}/${encodeURIComponent(invoice)}`,
    key: 'invoice_items',
    scope: 'billing:read',
    query: {},
    decimals: ['amount', 'duration', 'resource_id'],
  };
}

/** What a team or an organization used on some days, the last included. */
export function insightsOf(urn: string, from: Temporal.PlainDate, to: Temporal.PlainDate): Endpoint {
  return {
    path: `/v2/billing/${encodeURIComponent(urn)}/insights/${from}/${to}`,
    key: 'data_points',
    scope: 'billing:read',
    query: {},
    decimals: ['total_amount'],
  };
}

/** What a project holds. */
export function projectResources(projectExternalId: string): Endpoint {
  return {
    path: `/v2/projects/${encodeURIComponent(projectExternalId)}/resources`,
    key: 'resources',
    scope: 'project:read',
    query: {},
  };
}

/** The records of a zone. */
export function recordsOf(zone: string): Endpoint {
  const path = `/v2/domains/${encodeURIComponent(zone)}/records`;
  return { path, key: 'domain_records', scope: 'domain:read', query: {} };
}

/** The backup policy of one droplet. */
export function backupPolicyOf(droplet: string): Endpoint {
  const path = `/v2/droplets/${encodeURIComponent(droplet)}/backups/policy`;
  return { path, key: 'policy', scope: 'droplet:read', query: {} };
}

/** Where one resource answers by its id; null for a kind that has no such place. */
export function lookupPath(kind: ResourceKind, externalId: string): string | null {
  const id = encodeURIComponent(externalId);
  switch (kind) {
    case 'project':
      return `/v2/projects/${id}`;
    case 'droplet':
      return `/v2/droplets/${id}`;
    case 'dns_zone':
      return `/v2/domains/${id}`;
    case 'volume':
      return `/v2/volumes/${id}`;
    case 'reserved_ip':
      return externalId.includes(':') ? `/v2/reserved_ipv6/${id}` : `/v2/reserved_ips/${id}`;
    case 'firewall':
      return `/v2/firewalls/${id}`;
    case 'load_balancer':
      return `/v2/load_balancers/${id}`;
    case 'snapshot':
      return `/v2/snapshots/${id}`;
    case 'droplet_backup':
    case 'custom_image':
      return `/v2/images/${id}`;
    case 'database':
      return `/v2/databases/${id}`;
    case 'kubernetes_cluster':
      return `/v2/kubernetes/clusters/${id}`;
    case 'app':
      return `/v2/apps/${id}`;
    case 'vpc':
      return `/v2/vpcs/${id}`;
    case 'certificate':
      return `/v2/certificates/${id}`;
    default:
      return null;
  }
}

/** Fields that need a scope besides the one of their kind, by the names that `untold` has, and keys of settings. */
export const fieldScopes: readonly {
  readonly endpoint: Endpoint;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    endpoint: endpoints.tags,
    fields: {
      droplet: ['tags', 'parents:kubernetes_cluster'],
      volume: ['tags', 'parents:kubernetes_cluster'],
      snapshot: ['tags'],
      droplet_backup: ['tags'],
      custom_image: ['tags'],
      database: ['tags'],
      kubernetes_cluster: ['tags'],
      firewall: ['parents:tag', 'tags'],
      load_balancer: ['parents:tag', 'tag'],
    },
  },
  {
    endpoint: endpoints.droplets,
    fields: {
      volume: ['parents:droplet'],
      reserved_ip: ['parents:droplet', 'assigned', 'droplet'],
      firewall: ['parents:droplet', 'droplets'],
      load_balancer: ['parents:droplet', 'droplets'],
    },
  },
  {
    endpoint: endpoints.vpcs,
    fields: { droplet: ['vpc'], load_balancer: ['vpc'], database: ['vpc'], kubernetes_cluster: ['vpc'] },
  },
  {
    endpoint: endpoints.projects,
    fields: { load_balancer: ['project'], reserved_ip: ['project'], database: ['project'], app: ['project'] },
  },
  { endpoint: endpoints.privateImages, fields: { droplet: ['image', 'image_id'] } },
];

/** The scopes that this client can use, and the kinds that each hides when it is missing. */
export const scopes: readonly {
  readonly endpoint: Endpoint;
  readonly kinds: readonly ResourceKind[];
  /** What is no resource, in words. */
  readonly others?: readonly string[];
}[] = [
  { endpoint: endpoints.projects, kinds: ['project'] },
  // Without it a backup's droplet is unknown, and a reserved IP looks unassigned.
  { endpoint: endpoints.droplets, kinds: ['droplet', 'droplet_backup'] },
  { endpoint: endpoints.domains, kinds: ['dns_zone'] },
  { endpoint: endpoints.volumes, kinds: ['volume'] },
  { endpoint: endpoints.reservedIpv4, kinds: ['reserved_ip'] },
  { endpoint: endpoints.firewalls, kinds: ['firewall'] },
  { endpoint: endpoints.loadBalancers, kinds: ['load_balancer'] },
  { endpoint: endpoints.snapshots, kinds: ['snapshot'] },
  { endpoint: endpoints.privateImages, kinds: ['droplet_backup', 'custom_image'] },
  { endpoint: endpoints.databases, kinds: ['database'] },
  { endpoint: endpoints.kubernetesClusters, kinds: ['kubernetes_cluster'] },
  { endpoint: endpoints.apps, kinds: ['app'] },
  { endpoint: endpoints.vpcs, kinds: ['vpc'] },
  { endpoint: endpoints.certificates, kinds: ['certificate'] },
  { endpoint: endpoints.tags, kinds: [] },
  // These hide no resource.
  { endpoint: endpoints.actions, kinds: [], others: ['exact times of power changes and resizes'] },
  { endpoint: endpoints.sizes, kinds: [], others: ['prices of droplet sizes'] },
  { endpoint: endpoints.balance, kinds: [], others: ["the provider's balance, bills and daily Insights"] },
];
