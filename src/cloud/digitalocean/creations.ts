import type { FirewallRule, MadeKind, Specs } from '../provisioner.ts';

/** How one of a kind is created: where, with what, and how the answer names what was created. */
interface Creation<Kind extends MadeKind> {
  readonly path: (spec: Specs[Kind]) => string;
  readonly scope: string;
  readonly body: (spec: Specs[Kind]) => Record<string, unknown>;
  /** Under which key the answer has it, and under which its id. */
  readonly answer: readonly [key: string, id: string];
}

const number = (id: string): number => Number(id);
/** Keys and images go by a number, or by a word. */
const numberOrWord = (id: string): number | string => (/^\d+$/.test(id) ? Number(id) : id);

/** What is null, or an empty list, is not said. */
function said(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

function peers(rule: FirewallRule): Record<string, unknown> {
  return said({
    addresses: rule.addresses,
    tags: rule.tags,
    droplet_ids: rule.droplets.map(number),
    load_balancer_uids: rule.loadBalancers,
  });
}

export const creations: { readonly [Kind in MadeKind]: Creation<Kind> } = {
  project: {
    path: () => '/v2/projects',
    scope: 'project:create',
    body: ({ name, description, purpose, environment }) => ({ name, description, purpose, environment }),
    answer: ['project', 'id'],
  },
  tag: {
    path: () => '/v2/tags',
    scope: 'tag:create',
    body: ({ name }) => ({ name }),
    answer: ['tag', 'name'],
  },
  vpc: {
    path: () => '/v2/vpcs',
    scope: 'vpc:create',
    body: ({ name, description, region, ipRange }) => said({ name, description, region, ip_range: ipRange }),
    answer: ['vpc', 'id'],
  },
  ssh_key: {
    path: () => '/v2/account/keys',
    scope: 'ssh_key:create',
    body: ({ name, publicKey }) => ({ name, public_key: publicKey }),
    answer: ['ssh_key', 'id'],
  },
  firewall: {
    path: () => '/v2/firewalls',
    scope: 'firewall:create',
    body: ({ name, tags, inbound, outbound }) => ({
      name,
      tags,
      inbound_rules: inbound.map((rule) => ({ protocol: rule.protocol, ports: rule.ports, sources: peers(rule) })),
      outbound_rules: outbound.map((rule) => ({
        protocol: rule.protocol,
        ports: rule.ports,
        destinations: peers(rule),
      })),
    }),
    answer: ['firewall', 'id'],
  },
  volume: {
    path: () => '/v2/volumes',
    scope: 'block_storage:create',
    body: ({ name, description, sizeGb, region, tags }) => ({
      name,
      description,
      region,
      tags,
      size_gigabytes: sizeGb,
      filesystem_type: 'ext4',
    }),
    answer: ['volume', 'id'],
  },
  droplet: {
    path: () => '/v2/droplets',
    scope: 'droplet:create',
    body: ({ name, region, size, image, tags, sshKeys, volumes, vpc, backups, userData }) =>
      said({
        name,
        region,
        size,
        tags,
        volumes,
        image: numberOrWord(image),
        ssh_keys: sshKeys.map(numberOrWord),
        vpc_uuid: vpc,
        backups: backups !== null,
        backup_policy: backups === null ? null : { plan: backups },
        user_data: userData,
      }),
    answer: ['droplet', 'id'],
  },
  reserved_ip: {
    path: () => '/v2/reserved_ips',
    scope: 'reserved_ip:create',
    body: (spec) =>
      'droplet' in spec ? { droplet_id: number(spec.droplet) } : { region: spec.region, project_id: spec.project },
    answer: ['reserved_ip', 'ip'],
  },
  load_balancer: {
    path: () => '/v2/load_balancers',
    scope: 'load_balancer:create',
    body: ({ name, region, nodes, project, vpc, targets, forwarding }) =>
      said({
        name,
        region,
        size_unit: nodes,
        project_id: project,
        vpc_uuid: vpc,
        ...('tag' in targets ? { tag: targets.tag } : { droplet_ids: targets.droplets.map(number) }),
        forwarding_rules: forwarding.map((rule) =>
          said({
            entry_protocol: rule.entryProtocol,
            entry_port: rule.entryPort,
            target_protocol: rule.targetProtocol,
            target_port: rule.targetPort,
            certificate_id: rule.certificate,
          }),
        ),
      }),
    answer: ['load_balancer', 'id'],
  },
  dns_zone: {
    path: () => '/v2/domains',
    scope: 'domain:create',
    body: ({ name }) => ({ name }),
    answer: ['domain', 'name'],
  },
  dns_record: {
    path: ({ zone }) => `/v2/domains/${encodeURIComponent(zone)}/records`,
    scope: 'domain:create',
    body: ({ type, name, data, ttl, priority }) => said({ type, name, data, ttl, priority }),
    answer: ['domain_record', 'id'],
  },
  snapshot: {
    path: ({ volume }) => `/v2/volumes/${encodeURIComponent(volume)}/snapshots`,
    scope: 'block_storage_snapshot:create',
    body: ({ name, tags }) => ({ name, tags }),
    answer: ['snapshot', 'id'],
  },
};
