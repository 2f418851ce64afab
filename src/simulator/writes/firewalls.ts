import { z } from 'zod';
import { regionSlugs } from '../catalogue.ts';
import type { FleetEventInput } from '../events.ts';
import { firewallView, loadBalancerView } from '../views-services.ts';
import type { World } from '../world.ts';
import { assertTags, tagNames } from './tags.ts';
import { deleting, invalid, missing, nothing, taking, type WriteRoute, type Writing } from './write.ts';

const droplets = z
  .array(z.int())
  .max(10_000)
  .nullish()
  .transform((ids) => ids ?? []);

function assertDroplets(world: World, ids: readonly number[]): void {
  for (const id of ids) if (world.droplets.get(id) === undefined) throw invalid(`Droplet ${id} does not exist`);
}

const peers = z.object({
  addresses: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
  droplet_ids: droplets,
  load_balancer_uids: z.array(z.string()).default([]),
  tags: tagNames,
});
const rule = {
  protocol: z.enum(['tcp', 'udp', 'icmp']),
  ports: z.string().regex(/^(?:all|\d{1,5}(?:-\d{1,5})?)$/),
};
const firewall = z
  .object({
    name: z
      .string()
      .max(255)
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/),
    droplet_ids: droplets,
    tags: tagNames,
    inbound_rules: z.array(z.object({ ...rule, sources: peers })).nullish(),
    outbound_rules: z.array(z.object({ ...rule, destinations: peers })).nullish(),
  })
  .refine(
    ({ inbound_rules: inbound, outbound_rules: outbound }) => (inbound ?? outbound) != null,
    'must have at least one rule',
  );
type FirewallBody = z.output<typeof firewall>;

type Rules = Extract<FleetEventInput, { type: 'set_firewall_rules' }>['inbound'];

function rulesOf(body: FirewallBody): { inbound: Rules; outbound: Rules } {
  const ruled = (protocol: 'tcp' | 'udp' | 'icmp', ports: string, given: z.output<typeof peers>) => {
    const { addresses, tags, droplet_ids, load_balancer_uids: loadBalancers } = given;
    return { protocol, ports, addresses, droplets: droplet_ids, tags, loadBalancers };
  };
  return {
    inbound: (body.inbound_rules ?? []).map(({ protocol, ports, sources }) => ruled(protocol, ports, sources)),
    outbound: (body.outbound_rules ?? []).map(({ protocol, ports, destinations }) =>
      ruled(protocol, ports, destinations),
    ),
  };
}

/** Throws Refusal where a firewall names what is not there. */
function assertFirewall(writing: Writing, body: FirewallBody): void {
  const all = [
    ...(body.inbound_rules ?? []).map(({ sources }) => sources),
    ...(body.outbound_rules ?? []).map(({ destinations }) => destinations),
  ];
  assertTags(writing, [...body.tags, ...all.flatMap(({ tags }) => tags)]);
  assertDroplets(writing.world, [...body.droplet_ids, ...all.flatMap(({ droplet_ids: ids }) => ids)]);
  for (const id of all.flatMap(({ load_balancer_uids: ids }) => ids))
    if (writing.world.loadBalancers.get(id) === undefined) throw invalid(`load balancer ${id} does not exist`);
}

const port = z.int().min(1).max(65_535);
const forwardingRule = z.object({
  entry_protocol: z.enum(['http', 'https', 'http2', 'http3', 'tcp', 'udp']),
  entry_port: port,
  target_protocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']),
  target_port: port,
  certificate_id: z.string().default(''),
  tls_passthrough: z.boolean().default(false),
});
const allowances = z.array(z.string().regex(/^(?:ip|cidr):/)).default([]);

/** What is shown as it was given. */
const shownAsGiven = z
  .object({
    algorithm: z.json(),
    health_check: z.json(),
    sticky_sessions: z.json(),
    redirect_http_to_https: z.boolean(),
    enable_proxy_protocol: z.boolean(),
    enable_backend_keepalive: z.boolean(),
    http_idle_timeout_seconds: z.int().min(30).max(600),
    disable_lets_encrypt_dns_records: z.boolean(),
  })
  .partial();

const balancer = z.object({
  name: z.string().min(1).max(255),
  region: z.enum(regionSlugs as [string, ...string[]]).default('nyc3'),
  size_unit: z.int().min(1).max(100).default(1),
  type: z.enum(['REGIONAL', 'REGIONAL_NETWORK', 'GLOBAL']).default('REGIONAL'),
  droplet_ids: droplets,
  tag: z.string().max(255).default(''),
  forwarding_rules: z.array(forwardingRule).min(1).max(50),
  firewall: z.object({ allow: allowances, deny: allowances }).default({ allow: [], deny: [] }),
  vpc_uuid: z.string().optional(),
  project_id: z.string().optional(),
  ...shownAsGiven.shape,
});
type BalancerBody = z.output<typeof balancer>;

function partsOf(body: BalancerBody) {
  const options = JSON.parse(JSON.stringify(shownAsGiven.parse(body))) as Record<string, z.core.util.JSONType>;
  return {
    shape: { name: body.name, nodes: body.size_unit, droplets: body.droplet_ids, tag: body.tag, options },
    rules: {
      forwarding: body.forwarding_rules.map((each) => ({
        entryProtocol: each.entry_protocol,
        entryPort: each.entry_port,
        targetProtocol: each.target_protocol,
        targetPort: each.target_port,
        certificate: each.certificate_id,
        passthrough: each.tls_passthrough,
      })),
      ...body.firewall,
    },
  };
}

function assertBalancer({ world }: Writing, body: BalancerBody): void {
  if (body.tag !== '' && body.droplet_ids.length > 0) throw invalid('droplet_ids and tag are mutually exclusive');
  assertDroplets(world, body.droplet_ids);
  const { vpc_uuid: vpc, project_id: project } = body;
  if (vpc !== undefined && world.vpcs.get(vpc)?.region !== body.region) throw invalid('the VPC is not in this region');
  if (project !== undefined && world.projects.get(project) === undefined) throw invalid('the project does not exist');
  for (const { certificate_id: id } of body.forwarding_rules)
    if (id !== '' && world.certificates.get(id) === undefined) throw invalid(`certificate ${id} does not exist`);
}

const firewallBody = (world: World, id: string) => {
  const found = world.firewalls.get(id);
  return { firewall: found && firewallView(found) };
};

const balancerBody = ({ world, lens }: Writing, id: string) => {
  const found = world.loadBalancers.get(id);
  return { load_balancer: found && loadBalancerView(found, lens) };
};

export const firewallWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/firewalls', 'firewall:create', firewall, (writing, body) => {
    assertFirewall(writing, body);
    const { name, droplet_ids, tags } = body;
    const id = writing.happen({ type: 'create_firewall', name, droplets: droplet_ids, tags }) as string;
    writing.happen({ type: 'set_firewall_rules', firewall: id, ...rulesOf(body) });
    writing.created('firewall', id, `/v2/firewalls/${id}`);
    return { status: 202, body: firewallBody(writing.world, id) };
  }),
  taking('PUT', '/v2/firewalls/{id}', 'firewall:update', firewall, (writing, body, id) => {
    if (writing.world.firewalls.get(id) === undefined) throw missing();
    assertFirewall(writing, body);
    const { name, droplet_ids, tags } = body;
    writing.happen({ type: 'put_firewall', firewall: id, name, droplets: droplet_ids, tags });
    writing.happen({ type: 'set_firewall_rules', firewall: id, ...rulesOf(body) });
    return { status: 200, body: firewallBody(writing.world, id) };
  }),
  deleting('/v2/firewalls/{id}', 'firewall:delete', (writing, id) => {
    if (writing.world.firewalls.get(id) === undefined) throw missing();
    writing.happen({ type: 'destroy', kind: 'firewall', id });
    return nothing;
  }),
  taking('POST', '/v2/load_balancers', 'load_balancer:create', balancer, (writing, body) => {
    assertBalancer(writing, body);
    const { shape, rules } = partsOf(body);
    const place = { region: body.region, vpc: body.vpc_uuid ?? null, project: body.project_id, kind: body.type };
    const id = writing.happen({ type: 'create_load_balancer', ...shape, ...place }) as string;
    writing.happen({ type: 'set_load_balancer_rules', loadBalancer: id, ...rules });
    writing.created('load_balancer', id, `/v2/load_balancers/${id}`);
    return { status: 202, body: balancerBody(writing, id) };
  }),
  taking('PUT', '/v2/load_balancers/{id}', 'load_balancer:update', balancer, (writing, body, id) => {
    if (writing.world.loadBalancers.get(id) === undefined) throw missing();
    assertBalancer(writing, body);
    const { shape, rules } = partsOf(body);
    writing.happen({ type: 'put_load_balancer', loadBalancer: id, ...shape });
    writing.happen({ type: 'set_load_balancer_rules', loadBalancer: id, ...rules });
    return { status: 200, body: balancerBody(writing, id) };
  }),
  deleting('/v2/load_balancers/{id}', 'load_balancer:delete', (writing, id) => {
    if (writing.world.loadBalancers.get(id) === undefined) throw missing();
    const { membersHeld } = writing.held();
    writing.happen({ type: 'destroy', kind: 'load_balancer', id, membersHeld });
    return nothing;
  }),
];
