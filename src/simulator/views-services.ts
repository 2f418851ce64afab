import { regionOf } from './catalogue.ts';
import type {
  App,
  Certificate,
  DatabaseCluster,
  DnsRecord,
  Domain,
  Firewall,
  FirewallRule,
  KubernetesCluster,
  LoadBalancer,
  NodePool,
  SshKey,
  Vpc,
} from './entities.ts';
import { DAY, rfc3339 } from './time.ts';
import type { Member } from './members.ts';
import type { Lens, View } from './views.ts';
import { urnOf, type World } from './world.ts';

/** How networking, managed services and the account look in the provider's API. */

export function domainView({ name, records }: Domain): View {
  const lines = records.map((record) => {
    const host = record.name === '@' ? `${name}.` : `${record.name}.${name}.`;
    const priority = record.priority === null ? '' : `${record.priority} `;
    return `${host} ${record.ttl} IN ${record.type} ${priority}${record.data}\n`;
  });
  return { name, ttl: 1800, zone_file: `$ORIGIN ${name}.\n$TTL 1800\n${lines.join('')}` };
}

export function recordView({ id, type, name, data, ttl, priority, port, weight, flags, tag }: DnsRecord): View {
  return { id, type, name, data, priority, port, ttl, weight, flags, tag };
}

/** What is not there is left out. */
function peersView({ addresses, droplets, tags, loadBalancers }: FirewallRule): View {
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(droplets.length > 0 && { droplet_ids: droplets }),
    ...(tags.length > 0 && { tags }),
    ...(loadBalancers.length > 0 && { load_balancer_uids: loadBalancers }),
  };
}

export function firewallView(firewall: Firewall): View {
  const rules = (side: 'sources' | 'destinations', all: readonly FirewallRule[]) =>
    all.map((rule) => ({ protocol: rule.protocol, ports: rule.ports, [side]: peersView(rule) }));
  return {
    id: firewall.id,
    name: firewall.name,
    status: 'succeeded',
    inbound_rules: rules('sources', firewall.inbound),
    outbound_rules: rules('destinations', firewall.outbound),
    created_at: rfc3339(firewall.createdAt),
    droplet_ids: firewall.droplets,
    tags: firewall.tags,
    pending_changes: [],
  };
}

export function loadBalancerView(balancer: LoadBalancer, { world }: Lens): View {
  return {
    id: balancer.id,
    name: balancer.name,
    ip: balancer.ip,
    // Types that their users do not size tell none.
    ...((balancer.kind === 'REGIONAL' || balancer.nodes > 1) && { size_unit: balancer.nodes, size: 'lb-small' }),
    algorithm: 'round_robin',
    status: 'active',
    created_at: rfc3339(balancer.createdAt),
    forwarding_rules: balancer.forwarding.map((rule) => ({
      entry_protocol: rule.entryProtocol,
      entry_port: rule.entryPort,
      target_protocol: rule.targetProtocol,
      target_port: rule.targetPort,
      certificate_id: rule.certificate,
      tls_passthrough: rule.passthrough,
    })),
    ...(balancer.allow.length + balancer.deny.length > 0 && {
      firewall: { allow: balancer.allow, deny: balancer.deny },
    }),
    health_check: {
      protocol: 'http',
      port: 80,
      path: '/',
      check_interval_seconds: 10,
      response_timeout_seconds: 5,
      healthy_threshold: 5,
      unhealthy_threshold: 3,
    },
    sticky_sessions: { type: 'none' },
    region: regionOf(balancer.region),
    tag: balancer.tag,
    droplet_ids: balancer.droplets,
    redirect_http_to_https: false,
    enable_proxy_protocol: false,
    enable_backend_keepalive: false,
    vpc_uuid: balancer.vpc ?? world.vpcUuid(balancer.region),
    project_id: (world.projectOf(urnOf('load_balancer', balancer.id) as string) ?? world.defaultProject).id,
    http_idle_timeout_seconds: 60,
    network: 'EXTERNAL',
    network_stack: 'IPV4',
    type: balancer.kind,
    ...balancer.options,
  };
}

/** Of Let's Encrypt, which are good for 90 days. */
export function certificateView({ id, name, domains, createdAt }: Certificate): View {
  return {
    id,
    name,
    not_after: rfc3339(createdAt + 90 * DAY),
    sha1_fingerprint: id.replaceAll('-', '').padEnd(40, '0'),
    created_at: rfc3339(createdAt),
    dns_names: domains,
    state: 'verified',
    type: 'lets_encrypt',
  };
}

export function vpcView(vpc: Vpc): View {
  return {
    id: vpc.id,
    urn: `do:vpc:${vpc.id}`,
    name: vpc.name,
    description: vpc.description,
    region: vpc.region,
    ip_range: vpc.ipRange,
    default: vpc.isDefault,
    created_at: rfc3339(vpc.createdAt),
  };
}

export function memberView({ name, urn, createdAt }: Member): View {
  return { name, urn, created_at: rfc3339(createdAt) };
}

export function keyView({ id, fingerprint, publicKey, name }: SshKey): View {
  return { id, fingerprint, public_key: publicKey, name };
}

export function databaseView(database: DatabaseCluster, { world }: Lens): View {
  return {
    id: database.id,
    name: database.name,
    engine: database.engine,
    version: database.version,
    num_nodes: database.nodes,
    size: database.size,
    region: database.region,
    status: 'online',
    created_at: rfc3339(database.createdAt),
    private_network_uuid: world.vpcUuid(database.region),
    tags: database.tags,
    db_names: ['defaultdb'],
    rules: database.trusted.map(({ id, type, value, createdAt }) => ({
      uuid: id,
      cluster_uuid: database.id,
      type,
      value,
      created_at: rfc3339(createdAt),
    })),
    maintenance_window: { day: 'monday', hour: '04:00:00', pending: false, description: [] },
    project_id: (world.projectOf(urnOf('database', database.id) as string) ?? world.defaultProject).id,
    storage_size_mib: 10240 * database.nodes,
  };
}

function poolView(
  { id, name, size, droplets, labels, autoScale }: NodePool,
  cluster: KubernetesCluster,
  world: World,
): View {
  const nodes = droplets.map((dropletId) => {
    const node = world.droplets.get(dropletId);
    const at = rfc3339(node?.createdAt ?? cluster.createdAt);
    return {
      // A node's own id; the pool's with the droplet's number in place of its end.
      id: id.slice(0, 24) + dropletId.toString(16).padStart(12, '0'),
      name: node?.name ?? '',
      status: { state: node?.status === 'active' ? 'running' : 'provisioning' },
      droplet_id: String(dropletId),
      created_at: at,
      updated_at: at,
    };
  });
  return {
    id,
    name,
    size,
    count: droplets.length,
    tags: cluster.tags,
    labels: Object.keys(labels).length === 0 ? null : labels,
    taints: [],
    auto_scale: autoScale !== null,
    ...(autoScale !== null && { min_nodes: autoScale.min, max_nodes: autoScale.max }),
    nodes,
  };
}

export function clusterView(cluster: KubernetesCluster, { world }: Lens): View {
  const created = rfc3339(cluster.createdAt);
  return {
    id: cluster.id,
    name: cluster.name,
    region: cluster.region,
    version: '1.33.1-do.0',
    cluster_subnet: '10.244.0.0/16',
    service_subnet: '10.245.0.0/16',
    vpc_uuid: world.vpcUuid(cluster.region),
    ipv4: '',
    endpoint: '',
    tags: cluster.tags,
    node_pools: cluster.pools.map((pool) => poolView(pool, cluster, world)),
    maintenance_policy: { start_time: '00:00', duration: '4h0m0s', day: 'any' },
    auto_upgrade: false,
    status: { state: 'running', message: '' },
    created_at: created,
    updated_at: created,
    surge_upgrade: true,
    ha: false,
    registry_enabled: false,
  };
}

export function appView(app: App, { world }: Lens): View {
  const created = rfc3339(app.createdAt);
  const host = `${app.name}-${app.id.slice(0, 5)}.ondigitalocean.app`;
  return {
    id: app.id,
    owner_uuid: world.accountUuid,
    spec: {
      name: app.name,
      region: app.region.slice(0, 3),
      services: [{ name: 'web', instance_count: 1, instance_size_slug: 'apps-s-1vcpu-0.5gb', http_port: 8080 }],
    },
    default_ingress: `https://${host}`,
    live_url: `https://${host}`,
    live_domain: host,
    created_at: created,
    updated_at: created,
    tier_slug: 'basic',
    project_id: (world.projectOf(urnOf('app', app.id) as string) ?? world.defaultProject).id,
  };
}

export function accountView({ world }: Lens, name: string): View {
  return {
    droplet_limit: world.limits.droplets,
    floating_ip_limit: world.limits.reservedIps,
    email: `${name.toLowerCase()}@simulator.example`,
    name: `Simulated ${name}`,
    uuid: world.accountUuid,
    email_verified: true,
    status: 'active',
    status_message: '',
    team: { uuid: world.teamUuid, name: `Simulated ${name}` },
  };
}
