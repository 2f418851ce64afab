import { createHash } from 'node:crypto';
import type { MadeKind, Specs } from '../cloud/index.ts';
import { type Blueprint, listOf, recordTypes } from './blueprint.ts';
import { filled } from './templates.ts';

// What a deployment consists of, with every name and number in place: what a blueprint comes to, and what lives is read
// into, so that both compare.

export interface SystemDroplet {
  /** `web-1`: what the blueprint calls it. */
  readonly key: string;
  readonly group: string;
  readonly name: string;
  readonly size: string;
  readonly image: string;
  readonly backups: 'weekly' | 'daily' | null;
  readonly sshKeys: readonly string[];
  /** The name of its user data; null: none. */
  readonly userData: string | null;
  readonly tags: readonly string[];
}

export interface SystemVolume {
  readonly key: string;
  readonly name: string;
  readonly sizeGb: number;
  /** The droplet's key; null: none. */
  readonly attach: string | null;
  readonly protected: boolean;
}

/** Peers by protocol and ports, `tcp/443` and `icmp`: networks, `balancer`, `tag:x` and `droplet:<key>`, sorted. */
export type Rules = Readonly<Record<string, readonly string[]>>;

export interface SystemFirewall {
  readonly name: string;
  /** Keys of droplets, sorted; null: all. */
  readonly droplets: readonly string[] | null;
  readonly inbound: Rules;
  readonly outbound: Rules;
}

export interface Forwarding {
  readonly entryProtocol: Specs['load_balancer']['forwarding'][number]['entryProtocol'];
  readonly entryPort: number;
  readonly targetProtocol: Specs['load_balancer']['forwarding'][number]['targetProtocol'];
  readonly targetPort: number;
  readonly certificate: string | null;
}

export interface SystemBalancer {
  readonly name: string;
  readonly nodes: number;
  readonly targets: readonly string[] | null;
  readonly forwarding: readonly Forwarding[];
}

export interface SystemRecord {
  readonly type: string;
  readonly name: string;
  /** The value, or whose address it is: `balancer`, `reserved_ip` or a droplet's key. */
  readonly to: { readonly value: string } | { readonly addressOf: string };
  readonly ttl: number;
  readonly priority: number | null;
}

export interface SystemZone {
  readonly zone: string;
  readonly records: readonly SystemRecord[];
}

export interface System {
  readonly region: string;
  readonly project: { readonly name: string; readonly purpose: string; readonly environment: Environment };
  readonly vpc: { readonly name: string; readonly ipRange: string | null } | null;
  readonly keys: readonly { readonly name: string; readonly publicKey: string; readonly fingerprint: string }[];
  readonly droplets: readonly SystemDroplet[];
  readonly volumes: readonly SystemVolume[];
  readonly firewalls: readonly SystemFirewall[];
  readonly balancers: readonly SystemBalancer[];
  /** The keys of the droplets that have one. */
  readonly reservedIps: readonly string[];
  readonly zones: readonly SystemZone[];
  readonly plan: string | null;
}

export type Environment = Specs['project']['environment'];

/** What a blueprint comes to, and what it says of things that are not in it. */
export interface ReadSystem {
  readonly system: System;
  readonly problems: readonly string[];
}

/**
 * @param values of the parameters that are no secrets
 * @param of the deployment's slug and its customer's id
 */
export function systemOf(
  blueprint: Blueprint,
  values: Readonly<Record<string, string>>,
  of: { readonly slug: string; readonly customer: string },
): ReadSystem {
  const problems: string[] = [];
  const all = { ...values, ...of };
  const { slug } = of;
  const fill = (text: string) => filled(text, all);
  const number = (value: number | string, max: number, what: string): number => {
    const found = typeof value === 'number' ? value : Number(fill(value));
    if (Number.isInteger(found) && found >= 1 && found <= max) return found;
    problems.push(`${what} is ${typeof value === 'number' ? value : `"${fill(value)}"`}, and not from 1 to ${max}.`);
    return 1;
  };

  const droplets = Object.entries(blueprint.droplets).flatMap(([group, asked]): SystemDroplet[] => {
    const stem = asked.name === undefined ? `${slug}-${group}` : fill(asked.name);
    const rest = {
      group,
      size: fill(asked.size),
      image: fill(asked.image),
      backups: asked.backups,
      sshKeys: asked.ssh_keys,
      userData: typeof asked.user_data === 'string' ? asked.user_data : null,
      tags: asked.tags.map(fill).sort(),
    };
    if (asked.count === undefined) return [{ key: group, name: stem, ...rest }];
    const count = number(asked.count, 50, `The count of droplets ${group}`);
    return Array.from({ length: count }, (_, index) => ({
      key: `${group}-${index + 1}`,
      name: `${stem}-${index + 1}`,
      ...rest,
    }));
  });
  problems.push(...repeated(droplets.map(({ key }) => key)).map((key) => `There are two droplets ${key}.`));
  const keysOf = (groups: string | readonly string[] | undefined, what: string): readonly string[] | null => {
    if (groups === undefined) return null;
    const wanted = listOf(groups);
    const unknown = wanted.filter((group) => !Object.hasOwn(blueprint.droplets, group));
    problems.push(...unknown.map((group) => `${what}: there is no group of droplets ${group}.`));
    return droplets
      .filter(({ group }) => wanted.includes(group))
      .map(({ key }) => key)
      .sort();
  };
  const dropletKey = (key: string, what: string): string => {
    if (!droplets.some((each) => each.key === key)) problems.push(`${what}: there is no droplet ${key}.`);
    return key;
  };

  const keys = Object.entries(blueprint.keys).map(([name, { public_key: publicKey }]) => ({
    name,
    publicKey,
    fingerprint: fingerprintOf(publicKey),
  }));
  for (const { key, sshKeys } of droplets)
    for (const name of sshKeys)
      if (!keys.some((each) => each.name === name) && !/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/.test(name))
        problems.push(`Droplet ${key}: ${name} is neither one of keys nor a fingerprint.`);

  const volumes = Object.entries(blueprint.volumes).map(
    ([key, asked]): SystemVolume => ({
      key,
      name: asked.name === undefined ? `${slug}-${key}` : fill(asked.name),
      sizeGb: number(asked.size, 16_384, `The size of volume ${key}`),
      attach: asked.attach === null ? null : dropletKey(fill(asked.attach), `Volume ${key}`),
      protected: asked.protected,
    }),
  );
  const nameOf = (name: string | undefined, index: number, word: string): string =>
    name === undefined ? `${slug}-${word}${index === 0 ? '' : `-${index + 1}`}` : fill(name);
  const balancers = listOf(blueprint.balancer).map(
    (asked, index): SystemBalancer => ({
      name: nameOf(asked.name, index, 'balancer'),
      nodes: number(asked.nodes, 200, 'The nodes of the balancer'),
      targets: keysOf(asked.targets, 'Balancer'),
      forwarding: asked.forward.map(forwardingOf).sort((a, b) => a.entryPort - b.entryPort),
    }),
  );
  const firewalls = listOf(blueprint.firewall).map((asked, index): SystemFirewall => {
    const name = nameOf(asked.name, index, 'firewall');
    const peer = (text: string): string => {
      const said = fill(text);
      if (said === 'balancer' && balancers.length !== 1)
        problems.push(`Firewall ${name}: there is not one balancer but ${balancers.length}.`);
      if (said.startsWith('droplet:')) dropletKey(said.slice('droplet:'.length), `Firewall ${name}`);
      return said;
    };
    return {
      name,
      droplets: keysOf(asked.droplets, `Firewall ${name}`),
      inbound: rulesOf(asked.inbound.map(({ from, ...rule }) => ({ ...rule, peers: listOf(from).map(peer) }))),
      outbound: rulesOf(asked.outbound.map(({ to, ...rule }) => ({ ...rule, peers: listOf(to).map(peer) }))),
    };
  });
  const reservedIps = listOf(blueprint.reserved_ip).map(({ droplet }) => dropletKey(fill(droplet), 'Reserved IP'));
  problems.push(...repeated(reservedIps).map((key) => `Droplet ${key} would have two reserved IPs.`));
  const counted = { balancer: balancers.length, reserved_ip: reservedIps.length };
  const zones = listOf(blueprint.dns).map(({ zone, records }): SystemZone => {
    const name = fill(zone);
    return {
      zone: name,
      records: records.map((asked): SystemRecord => {
        const type = recordTypes.find((each) => asked[each] !== undefined) ?? 'A';
        const said = fill(asked.to);
        const isAddress = type === 'A' || type === 'AAAA';
        const named = isAddress && (droplets.some(({ key }) => key === said) || said in counted);
        if (said in counted && isAddress && counted[said as keyof typeof counted] !== 1)
          problems.push(`Record ${type} of ${name}: there is not one ${said}.`);
        return {
          type,
          name: fill(asked[type] ?? '@').toLowerCase(),
          to: named ? { addressOf: said } : { value: said },
          ttl: asked.ttl,
          priority: asked.priority,
        };
      }),
    };
  });

  const { project, network } = blueprint;
  const system: System = {
    region: fill(blueprint.region),
    project: { ...project, name: project.name === undefined ? slug : fill(project.name) },
    vpc: network.vpc && {
      name: network.vpc.name === undefined ? slug : fill(network.vpc.name),
      ipRange: network.vpc.ip_range,
    },
    keys,
    droplets,
    volumes,
    firewalls,
    balancers,
    reservedIps,
    zones,
    plan: blueprint.plan === null ? null : fill(blueprint.plan),
  };
  for (const [what, names] of Object.entries(namesOf(system)))
    problems.push(...repeated(names).map((name) => `There are two ${what} ${name}.`));
  return { system, problems };
}

function namesOf({ droplets, volumes, firewalls, balancers, zones }: System): Record<string, readonly string[]> {
  return {
    'droplets named': droplets.map(({ name }) => name),
    'volumes named': volumes.map(({ name }) => name),
    'firewalls named': firewalls.map(({ name }) => name),
    'balancers named': balancers.map(({ name }) => name),
    zones: zones.map(({ zone }) => zone),
  };
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

interface AskedRule {
  readonly tcp?: number | string | undefined;
  readonly udp?: number | string | undefined;
  readonly icmp?: string | undefined;
  readonly peers: readonly string[];
}

function rulesOf(asked: readonly AskedRule[]): Rules {
  const found = new Map<string, string[]>();
  for (const { tcp, udp, icmp, peers } of asked) {
    const key = icmp === undefined ? (tcp === undefined ? `udp/${udp}` : `tcp/${tcp}`) : 'icmp';
    found.set(key, [...(found.get(key) ?? []), ...peers]);
  }
  return Object.fromEntries([...found].sort().map(([key, peers]) => [key, [...new Set(peers)].sort()]));
}

const entries = ['http', 'https', 'http2', 'http3', 'tcp', 'udp'] as const;

type AskedForward = Exclude<Blueprint['balancer'], readonly unknown[] | null>['forward'][number];

function forwardingOf({ to, certificate, ...asked }: AskedForward): Forwarding {
  const entryProtocol = entries.find((name) => asked[name] !== undefined) ?? 'http';
  const usual = entryProtocol === 'tcp' || entryProtocol === 'udp' ? entryProtocol : 'http';
  const target = typeof to === 'number' ? { protocol: usual, port: to } : to;
  return {
    entryProtocol,
    entryPort: asked[entryProtocol] as number,
    targetProtocol: target.protocol as Forwarding['targetProtocol'],
    targetPort: target.port,
    certificate,
  };
}

/** As the provider has it: MD5 of the key's bytes. */
export function fingerprintOf(publicKey: string): string {
  const bytes = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  // oxlint-disable-next-line no-md5
  return createHash('md5').update(bytes).digest('hex').match(/../g)?.join(':') ?? '';
}

/** Names that end with six digits of a mark were generated for what a rollout created: it goes by the rest. */
export function plainName(name: string): string {
  return name.replace(/-[0-9a-f]{6}$/, '');
}

/** For the keys of a proposal's steps. */
export const words: Readonly<Record<MadeKind, string>> = {
  project: 'project',
  tag: 'tag',
  vpc: 'network',
  ssh_key: 'key',
  firewall: 'firewall',
  volume: 'volume',
  droplet: 'droplet',
  reserved_ip: 'reserved IP',
  load_balancer: 'balancer',
  dns_zone: 'zone',
  dns_record: 'record',
  snapshot: 'snapshot',
};
