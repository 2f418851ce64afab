import type { Collection } from './collection.ts';
import type { FirewallRule, ForwardingRule, ReservedIp } from './entities.ts';
import type { Effects } from './effects.ts';
import { ipv4Number, ipv4Text } from './ip.ts';
import { type World, urnOf } from './world.ts';

/** 100.64.0.0/10, shared address space (RFC 6598); 2001:db8::/32, documentation (RFC 3849). */
const RESERVED_BASE = 0x64400000;
const BALANCER_BASE = 0x64600000;

/** What a new firewall and a new load balancer have. */
const fromAnywhere = (ports: string): FirewallRule => ({
  protocol: 'tcp',
  ports,
  addresses: ['0.0.0.0/0', '::/0'],
  droplets: [],
  tags: [],
  loadBalancers: [],
});
const plainHttp: ForwardingRule = {
  entryProtocol: 'http',
  entryPort: 80,
  targetProtocol: 'http',
  targetPort: 80,
  certificate: '',
  passthrough: false,
};

export const networkEffects: Effects<
  | 'reserve_ip'
  | 'assign_ip'
  | 'unassign_ip'
  | 'create_domain'
  | 'put_record'
  | 'delete_record'
  | 'create_firewall'
  | 'create_vpc'
  | 'describe_vpc'
  | 'create_certificate'
  | 'renew_certificate'
  | 'set_firewall_droplets'
  | 'set_firewall_rules'
  | 'create_load_balancer'
  | 'resize_load_balancer'
  | 'set_load_balancer_rules'
  | 'put_firewall'
  | 'put_load_balancer'
> = {
  reserve_ip(world, event) {
    const ip = event.ip ?? ipv4Text(RESERVED_BASE + 0x80000 + world.nextIp());
    const droplet = event.droplet === null ? undefined : world.droplets.get(event.droplet);
    const reserved = { ip, region: event.region, reservedAt: world.now, droplet: droplet?.id ?? null };
    ips(world, ip).add(ip, reserved);
    world.charges.reservedIp(reserved);
    if (!isV6(ip)) world.assign(urnOf('reserved_ip', ip) as string, event.project);
    actOnIp(world, ip, event.region, 'reserve_ip', 0, () => {});
    return ip;
  },

  assign_ip(world, event) {
    const reserved = ips(world, event.ip).get(event.ip);
    const droplet = world.droplets.get(event.droplet);
    if (reserved === undefined || droplet === undefined) return;
    actOnIp(world, event.ip, reserved.region, 'assign_ip', event.seconds, () => {
      if (world.droplets.get(droplet.id) === droplet) reserved.droplet = droplet.id;
      world.charges.reservedIp(reserved);
    });
  },

  unassign_ip(world, event) {
    const reserved = ips(world, event.ip).get(event.ip);
    if (reserved === undefined) return;
    actOnIp(world, event.ip, reserved.region, 'unassign_ip', event.seconds, () => {
      reserved.droplet = null;
      world.charges.reservedIp(reserved);
    });
  },

  create_domain(world, event) {
    const records = [1, 2, 3].map((server) => ({
      id: world.nextRecordId(),
      type: 'NS',
      name: '@',
      data: `ns${server}.digitalocean.com`,
      ttl: 1_800,
      priority: null,
      port: null,
      weight: null,
      flags: null,
      tag: null,
    }));
    world.domains.add(event.name, { name: event.name, records });
    world.assign(urnOf('domain', event.name) as string, event.project);
    return event.name;
  },

  put_record(world, event) {
    const domain = world.domains.get(event.domain);
    if (domain === undefined) return;
    const id = event.id ?? world.nextRecordId();
    const { recordType: type, name, data, ttl, priority, port, weight, flags, tag } = event;
    const others = domain.records.filter((record) => record.id !== id);
    domain.records = [...others, { id, type, name, data, ttl, priority, port, weight, flags, tag }];
    world.domains.touch();
    return id;
  },

  delete_record(world, event) {
    const domain = world.domains.get(event.domain);
    if (domain === undefined) return;
    domain.records = domain.records.filter(({ id }) => id !== event.id);
    world.domains.touch();
  },

  create_firewall(world, event) {
    const id = event.id ?? world.nextUuid();
    const { name, droplets, tags } = event;
    const rules = { inbound: ['22', '80', '443'].map(fromAnywhere), outbound: [fromAnywhere('all')] };
    world.firewalls.add(id, { id, name, createdAt: world.now, ...rules, droplets, tags: world.spell(tags) });
    return id;
  },

  create_vpc(world, event) {
    const id = event.id ?? world.nextUuid();
    const { name, region, ipRange, description } = event;
    const fixed = { isDefault: false, createdAt: world.now, membersUntil: Number.NEGATIVE_INFINITY };
    world.vpcs.add(id, { id, name, region, ipRange, description, ...fixed });
    return id;
  },

  describe_vpc(world, event) {
    const vpc = world.vpcs.get(event.vpc);
    if (vpc === undefined) return;
    vpc.description = event.description;
    world.vpcs.touch();
  },

  create_certificate(world, event) {
    const id = event.id ?? world.nextUuid();
    world.certificates.add(id, { id, name: event.name, domains: event.domains, createdAt: world.now });
    return id;
  },

  renew_certificate(world, event) {
    const certificate = world.certificates.get(event.certificate);
    if (certificate === undefined) return;
    const id = event.id ?? world.nextUuid();
    world.certificates.delete(certificate.id);
    world.certificates.add(id, { ...certificate, id, createdAt: world.now });
    return id;
  },

  set_firewall_droplets(world, event) {
    const firewall = world.firewalls.get(event.firewall);
    if (firewall === undefined) return;
    firewall.droplets = event.droplets;
    world.firewalls.touch();
  },

  set_firewall_rules(world, event) {
    const firewall = world.firewalls.get(event.firewall);
    if (firewall === undefined) return;
    const spelled = (rules: typeof event.inbound) => rules.map((rule) => ({ ...rule, tags: world.spell(rule.tags) }));
    firewall.inbound = spelled(event.inbound);
    firewall.outbound = spelled(event.outbound);
    world.firewalls.touch();
  },

  create_load_balancer(world, event) {
    world.useRegion(event.region);
    const id = event.id ?? world.nextUuid();
    const { name, kind, region, nodes, droplets, tag, vpc, options } = event;
    const ip = ipv4Text(BALANCER_BASE + world.nextIp());
    const rules = { forwarding: [plainHttp], allow: [], deny: [] };
    const balancer = { id, name, kind, region, ip, createdAt: world.now, nodes, ...rules, droplets, tag, vpc, options };
    world.loadBalancers.add(id, balancer);
    world.charges.loadBalancer(balancer);
    world.assign(urnOf('load_balancer', id) as string, event.project);
    return id;
  },

  put_firewall(world, { firewall: id, name, droplets, tags }) {
    const firewall = world.firewalls.get(id);
    if (firewall === undefined) return;
    Object.assign(firewall, { name, droplets, tags: world.spell(tags) });
    world.firewalls.touch();
  },

  put_load_balancer(world, { loadBalancer: id, name, droplets, tag, nodes, options }) {
    const balancer = world.loadBalancers.get(id);
    if (balancer === undefined) return;
    Object.assign(balancer, { name, droplets, tag, nodes, options });
    world.charges.loadBalancer(balancer);
    world.loadBalancers.touch();
  },

  resize_load_balancer(world, event) {
    const balancer = world.loadBalancers.get(event.loadBalancer);
    if (balancer === undefined) return;
    balancer.nodes = event.nodes;
    world.charges.loadBalancer(balancer);
    world.loadBalancers.touch();
  },

  set_load_balancer_rules(world, event) {
    const balancer = world.loadBalancers.get(event.loadBalancer);
    if (balancer === undefined) return;
    balancer.forwarding = event.forwarding;
    balancer.allow = event.allow;
    balancer.deny = event.deny;
    world.loadBalancers.touch();
  },
};

export function isV6(ip: string): boolean {
  return ip.includes(':');
}

export function ips(world: World, ip: string): Collection<string, ReservedIp> {
  return isV6(ip) ? world.reservedIpv6s : world.reservedIps;
}

/** An IPv4's actions carry it as a number; an IPv6 does not fit. */
export function actOnIp(
  world: World,
  ip: string,
  region: string,
  type: string,
  seconds: number,
  effect: () => void,
): void {
  const [resourceType, resourceId] = isV6(ip) ? ['reserved_ipv6', null] : ['reserved_ip', ipv4Number(ip)];
  world.act({ type, resourceType, resourceId, region, seconds }, (errored) => {
    if (!errored) effect();
    ips(world, ip).touch();
  });
}
