import { z } from 'zod';
import { subscriptionPlans } from './billing/prices.ts';
import { defaultImage, imageSlugs, regionSlugs, sizeSlugs } from './catalogue.ts';

/**
 * Everything that can happen in a fleet. A fleet's script is a list of these with their times;
 * POST /_simulator/fleet takes the same, to happen at once. `id` may be left out: the world
 * gives one. `seconds` is how long the provider takes: the action is in progress meanwhile and
 * the effect shows when it completes. An event about something that is not there does nothing.
 */

const id = z.int().positive().optional();
const uuid = z.uuid().optional();
const name = z.string().min(1).max(255);
const region = z.enum(regionSlugs as [string, ...string[]]).default('fra1');
const size = z.enum(sizeSlugs);
const seconds = z.int().min(0).max(2_592_000).default(0);
const tags = z.array(name).max(50).default([]);
/** A project's id; the default project when left out. */
const project = z.string().optional();
const gigabytes = z.number().min(0).max(1_000_000);
const droplet = z.int().positive();

/** When a droplet is backed up, if not when the provider chooses; and whether it is, without events that say so. */
const backupTimes = {
  weekday: z.int().min(0).max(6).optional(),
  hour: z.int().min(0).max(20).optional(),
  automaticBackups: z.boolean().default(false),
};

/** Peers of one protocol and its ports: `22`, `8000-9000`, `0` or `all`. */
const firewallRule = z.strictObject({
  protocol: z.enum(['tcp', 'udp', 'icmp']),
  ports: z.string().regex(/^(?:all|\d{1,5}(?:-\d{1,5})?)$/),
  addresses: z.array(z.string().min(1)).max(1_000).default([]),
  droplets: z.array(droplet).max(1_000).default([]),
  tags,
  loadBalancers: z.array(z.string()).max(1_000).default([]),
});
const firewallRules = z.array(firewallRule).max(100).default([]);
const port = z.int().min(1).max(65_535);
const forwardingRule = z.strictObject({
  entryProtocol: z.enum(['http', 'https', 'http2', 'http3', 'tcp', 'udp']),
  entryPort: port,
  targetProtocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']),
  targetPort: port,
  certificate: z.string().default(''),
  passthrough: z.boolean().default(false),
});
const allowances = z
  .array(z.string().regex(/^(?:ip|cidr):/))
  .max(100)
  .default([]);
/** What a load balancer shows in place of what one has by default. */
const balancerOptions = z.record(z.string(), z.json());
const trustedSource = z.strictObject({
  type: z.enum(['droplet', 'k8s', 'ip_addr', 'tag', 'app']),
  value: z.string().min(1).max(255),
});
/** One of an old name goes on; the workers are droplets that are there by events of their own. */
const nodePool = z.strictObject({
  name,
  size: size.default('s-2vcpu-4gb'),
  droplets: z.array(droplet).max(1_000).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  autoScale: z
    .strictObject({ min: z.int().min(0), max: z.int().min(1) })
    .nullable()
    .default(null),
});

/** What `destroy`, `tag` and `untag` can be asked for, and the word for it in a URN, if it is in projects. */
export const urnTypes = {
  project: null,
  droplet: 'droplet',
  domain: 'domain',
  volume: 'volume',
  reserved_ip: 'floatingip',
  reserved_ipv6: null,
  firewall: null,
  load_balancer: 'loadbalancer',
  snapshot: null,
  backup: null,
  custom_image: null,
  database: 'dbaas',
  kubernetes_cluster: 'kubernetes',
  app: 'app',
  vpc: null,
  certificate: null,
  bucket: 'space',
} as const;
export type Kind = keyof typeof urnTypes;
const kinds = Object.keys(urnTypes) as [Kind, ...Kind[]];
const taggable = z.enum(['droplet', 'volume', 'snapshot', 'database', 'kubernetes_cluster', 'firewall']);

const whatGoes = {
  kind: z.enum(kinds),
  id: z.union([z.int(), z.string()]),
  seconds,
  /** A droplet's volumes, and its network, still count it for so long after it has gone. */
  volumesHeld: seconds,
  membersHeld: seconds,
};

export const fleetEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('create_project'),
    id: uuid,
    name,
    description: z.string().max(255).default(''),
    purpose: z.string().max(255).default('Web Application'),
    environment: z.enum(['Development', 'Staging', 'Production']).default('Production'),
    isDefault: z.boolean().default(false),
  }),
  z.object({ type: z.literal('rename_project'), id: z.string(), name }),
  z.object({
    type: z.literal('describe_project'),
    id: z.string(),
    description: z.string().max(255),
    purpose: z.string().max(255),
    environment: z.enum(['Development', 'Staging', 'Production']),
  }),

  z.object({
    type: z.literal('create_droplet'),
    id,
    name,
    size: size.default('s-1vcpu-1gb'),
    region,
    image: z.enum(imageSlugs).default(defaultImage),
    tags,
    project,
    backups: z.enum(['weekly', 'daily']).nullable().default(null),
    ...backupTimes,
    vpc: z.string().nullable().default(null),
    seconds,
  }),
  z.object({
    type: z.literal('power'),
    droplet,
    action: z.enum(['power_off', 'shutdown', 'power_on', 'power_cycle', 'reboot']),
    seconds,
  }),
  z.object({ type: z.literal('resize_droplet'), droplet, size, keepsDisk: z.boolean().default(false), seconds }),
  z.object({ type: z.literal('rename_droplet'), droplet, name, seconds }),
  z.object({
    type: z.literal('set_backups'),
    droplet,
    plan: z.enum(['weekly', 'daily']).nullable(),
    ...backupTimes,
    /** It had backups before. */
    change: z.boolean().default(false),
    seconds,
  }),
  /** The listing shows this word instead of the status; null ends it. */
  z.object({ type: z.literal('show_status'), droplet, status: z.string().min(1).nullable() }),
  /** An automatic backup. The oldest goes when there are more than the plan keeps (weekly 4, daily 7). */
  z.object({ type: z.literal('create_backup'), id, droplet, sizeGb: gigabytes, seconds }),

  z.object({
    type: z.literal('create_snapshot'),
    id: z.union([z.int().positive(), z.string()]).optional(),
    resourceType: z.enum(['droplet', 'volume']),
    resourceId: z.union([z.int().positive(), z.string()]),
    name,
    sizeGb: gigabytes,
    tags,
    seconds,
  }),

  z.object({ type: z.literal('create_custom_image'), id: droplet.optional(), name, sizeGb: gigabytes, region, tags }),

  /** A snapshot of a droplet, or an uploaded image, is kept in one more region. */
  z.object({ type: z.literal('transfer_image'), image: droplet, region, seconds }),
  /** A backup becomes a snapshot, which keeps its id. */
  z.object({ type: z.literal('convert_backup'), backup: droplet, seconds }),

  z.object({
    type: z.literal('create_volume'),
    id: uuid,
    name,
    description: z.string().default(''),
    sizeGb: z.int().min(1).max(16_384),
    region,
    tags,
    project,
  }),
  z.object({ type: z.literal('resize_volume'), volume: z.string(), sizeGb: z.int().min(1).max(16_384), seconds }),
  z.object({ type: z.literal('attach_volume'), volume: z.string(), droplet, seconds }),
  z.object({ type: z.literal('detach_volume'), volume: z.string(), seconds }),

  z.object({
    type: z.literal('reserve_ip'),
    ip: z.union([z.ipv4(), z.ipv6()]).optional(),
    region,
    droplet: droplet.nullable().default(null),
    project,
  }),
  z.object({ type: z.literal('assign_ip'), ip: z.string(), droplet, seconds }),
  z.object({ type: z.literal('unassign_ip'), ip: z.string(), seconds }),

  z.object({ type: z.literal('create_domain'), name, project }),
  /** One with a known id is replaced. */
  z.object({
    type: z.literal('put_record'),
    domain: z.string(),
    id,
    recordType: z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT']),
    name,
    data: z.string().min(1).max(4_096),
    ttl: z.int().min(30).default(1_800),
    priority: z.int().min(0).nullable().default(null),
    port: z.int().min(0).nullable().default(null),
    weight: z.int().min(0).nullable().default(null),
    flags: z.int().min(0).nullable().default(null),
    tag: z.string().nullable().default(null),
  }),
  z.object({ type: z.literal('delete_record'), domain: z.string(), id: z.int() }),
  z.object({
    type: z.literal('create_firewall'),
    id: uuid,
    name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/),
    droplets: z.array(droplet).max(10_000).default([]),
    tags,
  }),
  z.object({
    type: z.literal('create_vpc'),
    id: uuid,
    name,
    region,
    ipRange: z.cidrv4().default('10.10.10.0/24'),
    description: z.string().max(255).default(''),
  }),
  z.object({ type: z.literal('describe_vpc'), vpc: z.string(), description: z.string().max(255) }),
  z.object({ type: z.literal('create_certificate'), id: uuid, name, domains: z.array(name).min(1).max(50) }),
  /** The same under another id, as the provider does. */
  z.object({ type: z.literal('renew_certificate'), certificate: z.string(), id: uuid }),
  z.object({ type: z.literal('set_firewall_droplets'), firewall: z.string(), droplets: z.array(droplet).max(10_000) }),
  /** All of them, in place of those that there were. So are the rules and pools of what follows. */
  z.object({
    type: z.literal('set_firewall_rules'),
    firewall: z.string(),
    inbound: firewallRules,
    outbound: firewallRules,
  }),
  z.object({
    type: z.literal('create_load_balancer'),
    id: uuid,
    name,
    nodes: z.int().min(1).max(100).default(1),
    kind: z.enum(['REGIONAL', 'REGIONAL_NETWORK', 'GLOBAL']).default('REGIONAL'),
    region,
    droplets: z.array(droplet).max(10_000).default([]),
    tag: z.string().max(255).default(''),
    vpc: z.string().nullable().default(null),
    options: balancerOptions.default({}),
    project,
  }),
  /** In place of what there was, but for the rules. */
  z.object({
    type: z.literal('put_firewall'),
    firewall: z.string(),
    name: z.string(),
    droplets: z.array(droplet).max(10_000),
    tags,
  }),
  z.object({
    type: z.literal('put_load_balancer'),
    loadBalancer: z.string(),
    name,
    nodes: z.int().min(1).max(100),
    droplets: z.array(droplet).max(10_000),
    tag: z.string().max(255),
    options: balancerOptions,
  }),
  z.object({ type: z.literal('resize_load_balancer'), loadBalancer: z.string(), nodes: z.int().min(1).max(100) }),
  z.object({
    type: z.literal('set_load_balancer_rules'),
    loadBalancer: z.string(),
    forwarding: z.array(forwardingRule).min(1).max(50),
    allow: allowances,
    deny: allowances,
  }),
  z.object({
    type: z.literal('create_database'),
    id: uuid,
    name,
    engine: z.enum(['pg', 'mysql', 'valkey', 'mongodb']).default('pg'),
    size: name.default('db-s-1vcpu-1gb'),
    nodes: z.int().min(1).max(9).default(1),
    region,
    tags,
    project,
  }),
  z.object({ type: z.literal('resize_database'), database: z.string(), size: name, nodes: z.int().min(1).max(9) }),
  z.object({ type: z.literal('upgrade_database'), database: z.string(), version: z.string().min(1).max(20) }),
  z.object({ type: z.literal('set_trusted_sources'), database: z.string(), sources: z.array(trustedSource).max(100) }),
  z.object({
    type: z.literal('create_kubernetes_cluster'),
    id: uuid,
    name,
    region,
    size: size.default('s-2vcpu-4gb'),
    /** The worker nodes: droplets that are there by events of their own. */
    droplets: z.array(droplet).max(1_000).default([]),
    project,
  }),
  z.object({ type: z.literal('set_cluster_nodes'), cluster: z.string(), droplets: z.array(droplet).max(1_000) }),
  z.object({ type: z.literal('set_node_pools'), cluster: z.string(), pools: z.array(nodePool).min(1).max(20) }),
  z.object({
    type: z.literal('create_app'),
    id: uuid,
    name: z.string().regex(/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/),
    region,
    project,
  }),

  z.object({
    type: z.literal('create_bucket'),
    name: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    region,
    project,
    objectBytes: z.int().min(1).default(8_388_608),
  }),
  /** What is left out stays as it is. */
  z.object({
    type: z.literal('set_bucket'),
    bucket: z.string(),
    acl: z.enum(['private', 'public-read']).optional(),
    versioning: z.enum(['enabled', 'suspended']).nullable().optional(),
    policy: z.string().max(20_000).nullable().optional(),
  }),
  z.object({ type: z.literal('set_bucket_size'), bucket: z.string(), bytes: z.int().min(0) }),

  /** Another price, in USD; the hour's follows from the month's unless given. A size that was withdrawn is for sale again. */
  z.object({
    type: z.literal('price_size'),
    size,
    monthly: z.number().min(0),
    hourly: z.number().min(0).optional(),
  }),
  /** The listing of sizes shows it no longer; droplets keep it. */
  z.object({ type: z.literal('withdraw_size'), size }),

  /** Sent to the outside by a droplet or from a bucket: only the bill shows it. */
  z.object({
    type: z.literal('transfer_out'),
    source: z.enum(['droplet', 'bucket']),
    id: z.union([z.int(), z.string()]),
    bytes: z.int().min(0),
  }),
  /** A plan that has no resource: the registry, checks, support. So many from now on; 0 ends it. */
  z.object({
    type: z.literal('subscribe'),
    plan: z.enum(subscriptionPlans),
    count: z.int().min(0).max(1_000).default(1),
  }),

  /** A kind that the provider has brought out since: it is known from its URN only. */
  z.object({ type: z.literal('create_other'), urn: z.string().regex(/^do:[a-z]+:.+$/), project }),
  z.object({ type: z.literal('destroy_other'), urn: z.string() }),

  z.object({ type: z.literal('destroy'), ...whatGoes }),
  /** It was never really there: after so many seconds it is gone. */
  z.object({ type: z.literal('lose'), ...whatGoes }),
  /** An action in progress ends as errored, without its effect; a droplet whose creation does so goes. */
  z.object({ type: z.literal('fail_action'), action: z.int() }),

  /** A tag that nothing carries yet. */
  z.object({ type: z.literal('create_tag'), name }),
  z.object({ type: z.literal('destroy_tag'), name }),
  z.object({ type: z.literal('create_key'), name, publicKey: z.string().min(1), fingerprint: z.string().min(1) }),
  z.object({ type: z.literal('destroy_key'), key: z.int() }),
  /** What the account may have at most. */
  z.object({
    type: z.literal('set_account_limits'),
    droplets: z.int().min(0).default(200_000),
    reservedIps: z.int().min(0).default(20_000),
    volumes: z.int().min(0).default(100_000),
  }),
  z.object({ type: z.literal('move'), urn: z.string(), project: z.string() }),
  z.object({
    type: z.literal('tag'),
    kind: taggable,
    id: z.union([z.int(), z.string()]),
    tags: z.array(name).min(1).max(50),
  }),
  z.object({
    type: z.literal('untag'),
    kind: taggable,
    id: z.union([z.int(), z.string()]),
    tags: z.array(name).min(1).max(50),
  }),
]);

/** As it happens: every default filled in. */
export type FleetEvent = z.infer<typeof fleetEvent>;
/** As a script or a request writes it. */
export type FleetEventInput = z.input<typeof fleetEvent>;
export type EventOf<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>;
