import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { MadeKind, Specs } from '../cloud/index.ts';
import { type Blueprint, dropletsMax, listOf, nodesMax, recordTypes, volumeGibMax } from './blueprint.ts';
import { filled, namesIn } from './templates.ts';

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

interface SystemVolume {
  readonly key: string;
  readonly name: string;
  readonly sizeGb: number;
  /** The droplet's key; null: none. */
  readonly attach: string | null;
  readonly protected: boolean;
}

/** Peers by protocol and ports, `tcp/443` and `icmp`: what `isPeer` knows, sorted. */
export type Rules = Readonly<Record<string, readonly string[]>>;

interface SystemFirewall {
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

interface SystemBalancer {
  readonly name: string;
  readonly nodes: number;
  readonly targets: readonly string[] | null;
  readonly forwarding: readonly Forwarding[];
}

interface SystemRecord {
  readonly type: string;
  readonly name: string;
  /** The value, or whose address it is: a droplet's key, or as `balancerName` and `reservedIpName` call the others. */
  readonly to: { readonly value: string } | { readonly addressOf: string };
  readonly ttl: number;
  readonly priority: number | null;
}

interface SystemZone {
  readonly zone: string;
  readonly records: readonly SystemRecord[];
}

export interface System {
  readonly region: string;
  readonly project: { readonly name: string; readonly purpose: string; readonly environment: Environment };
  /** `isUsual`: the blueprint gives it no name, and any private network that its droplets are in is it. */
  readonly vpc: { readonly name: string; readonly ipRange: string | null; readonly isUsual: boolean } | null;
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
  /** Names that parameters give, as `volume beta-data`: which parameters. */
  readonly givenBy: ReadonlyMap<string, readonly string[]>;
}

/** What is known of a deployment before it is made. */
export interface OfDeployment {
  readonly slug: string;
  /** How people call it. */
  readonly name: string;
  /** Its customer's id. */
  readonly customer: string;
}

/** @param values of the parameters that are no secrets */
export function systemOf(blueprint: Blueprint, values: Readonly<Record<string, string>>, of: OfDeployment): ReadSystem {
  return new SystemReading(blueprint, { ...values, ...valuesOf(of), deployment_name: of.name }, of.slug).read();
}

/** What texts may refer to besides parameters; user data may not to the name, which may hold what a shell carries out. */
export function valuesOf({
  slug,
  customer,
}: Pick<OfDeployment, 'slug' | 'customer'>): Readonly<Record<string, string>> {
  return { slug, customer };
}

type Several<Kind extends 'firewall' | 'balancer' | 'dns'> = Exclude<Blueprint[Kind], readonly unknown[] | null>;

class SystemReading {
  readonly #blueprint: Blueprint;
  readonly #values: Readonly<Record<string, string>>;
  readonly #slug: string;
  readonly #problems: string[] = [];
  readonly #givenBy = new Map<string, readonly string[]>();
  readonly #droplets: readonly SystemDroplet[];
  /** As rules and records call them. */
  readonly #balancerNames: readonly string[];
  readonly #reservedIpNames: readonly string[];

  constructor(blueprint: Blueprint, values: Readonly<Record<string, string>>, slug: string) {
    this.#blueprint = blueprint;
    this.#values = values;
    this.#slug = slug;
    this.#droplets = Object.entries(blueprint.droplets).flatMap(([group, asked]) => this.#group(group, asked));
    this.#balancerNames = listOf(blueprint.balancer).map((_, index, all) => balancerName(index, all.length));
    this.#reservedIpNames = listOf(blueprint.reserved_ip).map(({ droplet }, _, all) =>
      reservedIpName(this.#fill(droplet), all.length),
    );
  }

  read(): ReadSystem {
    const { project, network, region, plan, reserved_ip: addresses } = this.#blueprint;
    this.#refuseRepeated(
      this.#droplets.map(({ key }) => key),
      'droplets',
    );
    const keys = this.#keys();
    const volumes = Object.entries(this.#blueprint.volumes).map(([key, asked]) => this.#volume(key, asked));
    const balancers = listOf(this.#blueprint.balancer).map((asked, index) => this.#balancer(asked, index));
    const firewalls = listOf(this.#blueprint.firewall).map((asked, index) => this.#firewall(asked, index));
    const reservedIps = listOf(addresses).map(({ droplet }) => this.#dropletKey(this.#fill(droplet), 'Reserved IP'));
    for (const key of repeated(reservedIps)) this.#problems.push(`Droplet ${key} would have two reserved IPs.`);
    const zones = listOf(this.#blueprint.dns).map((asked) => this.#zone(asked));
    const system: System = {
      region: this.#fill(region),
      project: { ...project, name: this.#named(project.name, this.#slug, 'project') },
      vpc: network.vpc && {
        name: this.#named(network.vpc.name, this.#slug, 'private network'),
        ipRange: network.vpc.ip_range,
        isUsual: network.vpc.name === undefined,
      },
      keys,
      droplets: this.#droplets,
      volumes,
      firewalls,
      balancers,
      reservedIps,
      zones,
      plan: plan === null ? null : this.#fill(plan),
    };
    for (const [what, names] of Object.entries(namesOf(system))) this.#refuseRepeated(names, what);
    return { system, problems: this.#problems, givenBy: this.#givenBy };
  }

  #refuseRepeated(names: readonly string[], what: string): void {
    for (const name of repeated(names)) this.#problems.push(`There are two ${what} ${name}.`);
  }

  #fill(text: string): string {
    return filled(text, this.#values);
  }

  #named(name: string | undefined, usual: string, what: string): string {
    if (name === undefined) return usual;
    const filled = this.#fill(name);
    this.#give(what, filled, name);
    return filled;
  }

  /** Notes which parameters a name is made from. */
  #give(what: string, name: string, template: string): void {
    const parameters = namesIn(template).filter((each) => Object.hasOwn(this.#blueprint.parameters, each));
    if (parameters.length > 0) this.#givenBy.set(`${what} ${name}`, parameters);
  }

  #number(value: number | string, max: number, what: string): number {
    const found = typeof value === 'number' ? value : Number(this.#fill(value));
    if (Number.isInteger(found) && found >= 1 && found <= max) return found;
    this.#problems.push(
      `${what} is ${typeof value === 'number' ? value : `"${this.#fill(value)}"`}, and not from 1 to ${max}.`,
    );
    return 1;
  }

  #group(group: string, asked: Blueprint['droplets'][string]): SystemDroplet[] {
    const stem = this.#named(asked.name, `${this.#slug}-${group}`, 'droplet');
    const rest = {
      group,
      size: this.#fill(asked.size),
      image: this.#fill(asked.image),
      backups: asked.backups,
      sshKeys: asked.ssh_keys,
      userData: typeof asked.user_data === 'string' ? asked.user_data : null,
      tags: asked.tags.map((tag) => this.#fill(tag)).sort(),
    };
    if (asked.count === undefined) return [{ key: group, name: stem, ...rest }];
    const count = this.#number(asked.count, dropletsMax, `The count of droplets ${group}`);
    return Array.from({ length: count }, (_, index) => {
      const name = `${stem}-${index + 1}`;
      this.#give('droplet', name, asked.name ?? '');
      return { key: `${group}-${index + 1}`, name, ...rest };
    });
  }

  /** The keys of the droplets of some groups; null: all. */
  #keysOf(groups: string | readonly string[] | undefined, what: string): readonly string[] | null {
    if (groups === undefined) return null;
    const wanted = listOf(groups);
    for (const group of wanted)
      if (!Object.hasOwn(this.#blueprint.droplets, group))
        this.#problems.push(`${what}: there is no group of droplets ${group}.`);
    return this.#droplets
      .filter(({ group }) => wanted.includes(group))
      .map(({ key }) => key)
      .sort();
  }

  #dropletKey(key: string, what: string): string {
    if (!this.#droplets.some((each) => each.key === key)) this.#problems.push(`${what}: there is no droplet ${key}.`);
    return key;
  }

  #keys(): System['keys'] {
    const keys = Object.entries(this.#blueprint.keys).map(([name, { public_key: publicKey }]) => ({
      name,
      publicKey,
      fingerprint: fingerprintOf(publicKey),
    }));
    for (const { key, sshKeys } of this.#droplets)
      for (const name of sshKeys)
        if (!keys.some((each) => each.name === name) && !/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/.test(name))
          this.#problems.push(`Droplet ${key}: ${name} is neither one of keys nor a fingerprint.`);
    return keys;
  }

  #volume(key: string, asked: Blueprint['volumes'][string]): SystemVolume {
    return {
      key,
      name: this.#named(asked.name, `${this.#slug}-${key}`, 'volume'),
      sizeGb: this.#number(asked.size, volumeGibMax, `The size of volume ${key}`),
      attach: asked.attach === null ? null : this.#dropletKey(this.#fill(asked.attach), `Volume ${key}`),
      protected: asked.protected,
    };
  }

  #numbered(name: string | undefined, index: number, word: string): string {
    return this.#named(name, `${this.#slug}-${word}${index === 0 ? '' : `-${index + 1}`}`, word);
  }

  #balancer(asked: Several<'balancer'>, index: number): SystemBalancer {
    return {
      name: this.#numbered(asked.name, index, 'balancer'),
      nodes: this.#number(asked.nodes, nodesMax, 'The nodes of the balancer'),
      targets: this.#keysOf(asked.targets, 'Balancer'),
      forwarding: asked.forward.map((each) => this.#forwarding(each)).sort((a, b) => a.entryPort - b.entryPort),
    };
  }

  #forwarding(asked: AskedForward): Forwarding {
    const { certificate } = asked;
    return { ...forwardingOf(asked), certificate: certificate === null ? null : this.#fill(certificate) };
  }

  #firewall(asked: Several<'firewall'>, index: number): SystemFirewall {
    const name = this.#numbered(asked.name, index, 'firewall');
    const peer = (text: string): string => {
      const said = this.#fill(text);
      if (!isPeer(said))
        this.#problems.push(
          `Firewall ${name}: ${said} is no network, balancer, balancer:<number>, tag:<tag>, droplet:<name> or load_balancer:<id>.`,
        );
      if (isBalancerName(said) && !this.#balancerNames.includes(said))
        this.#problems.push(`Firewall ${name}: ${unknownOf(said, 'balancer', this.#balancerNames)}`);
      // What is a number is a droplet outside of it, by the provider's id.
      if (said.startsWith('droplet:') && !/^droplet:\d+$/.test(said))
        this.#dropletKey(said.slice('droplet:'.length), `Firewall ${name}`);
      return said;
    };
    return {
      name,
      droplets: this.#keysOf(asked.droplets, `Firewall ${name}`),
      inbound: rulesOf(asked.inbound.map(({ from, ...rule }) => ({ ...rule, peers: listOf(from).map(peer) }))),
      outbound: rulesOf(asked.outbound.map(({ to, ...rule }) => ({ ...rule, peers: listOf(to).map(peer) }))),
    };
  }

  #zone({ zone, records }: Several<'dns'>): SystemZone {
    const name = this.#named(zone, '', 'DNS zone');
    return { zone: name, records: records.map((asked) => this.#record(asked, name)) };
  }

  #record(asked: Several<'dns'>['records'][number], zone: string): SystemRecord {
    const type = recordTypes.find((each) => asked[each] !== undefined) ?? 'A';
    const said = this.#fill(asked.to);
    const what = isBalancerName(said) ? 'balancer' : isReservedIpName(said) ? 'reserved_ip' : null;
    const isAddress = type === 'A' && (what !== null || this.#droplets.some(({ key }) => key === said));
    const names = what === 'balancer' ? this.#balancerNames : this.#reservedIpNames;
    if (isAddress && what !== null && !names.includes(said))
      this.#problems.push(`Record ${type} of ${zone}: ${unknownOf(said, what, names)}`);
    return {
      type,
      name: this.#fill(asked[type] ?? '@').toLowerCase(),
      to: isAddress ? { addressOf: said } : { value: said },
      ttl: asked.ttl,
      priority: asked.priority,
    };
  }
}

/** How rules and records call a balancer: by its place, counted from 1, where there are several. */
export function balancerName(index: number, count: number): string {
  return count === 1 ? 'balancer' : `balancer:${index + 1}`;
}

export function isBalancerName(text: string): boolean {
  return /^balancer(:\d+)?$/.test(text);
}

/** How records call a reserved IP: by its droplet's key, where there are several. */
export function reservedIpName(droplet: string, count: number): string {
  return count === 1 ? 'reserved_ip' : `reserved_ip:${droplet}`;
}

function isReservedIpName(text: string): boolean {
  return /^reserved_ip(:.*)?$/.test(text);
}

function unknownOf(said: string, what: string, names: readonly string[]): string {
  return names.length === 0 ? `there is no ${what}.` : `there is no ${said}, but ${names.join(', ')}.`;
}

/** What a rule of a firewall may name: networks, balancers, tags and droplets. */
export function isPeer(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const isNetwork = isIP(address) !== 0 && more.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
  return isNetwork || isBalancerName(text) || /^(tag|droplet|load_balancer):./.test(text);
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
  return Object.fromEntries(
    [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, peers]) => [key, [...new Set(peers)].sort()]),
  );
}

const entries = ['http', 'https', 'http2', 'http3', 'tcp', 'udp'] as const;

type AskedForward = Exclude<Blueprint['balancer'], readonly unknown[] | null>['forward'][number];

function forwardingOf({ to, ...asked }: AskedForward): Omit<Forwarding, 'certificate'> {
  const entryProtocol = entries.find((name) => asked[name] !== undefined) ?? 'http';
  const usual = entryProtocol === 'tcp' || entryProtocol === 'udp' ? entryProtocol : 'http';
  const target = typeof to === 'number' ? { protocol: usual, port: to } : to;
  return {
    entryProtocol,
    entryPort: asked[entryProtocol] as number,
    targetProtocol: target.protocol as Forwarding['targetProtocol'],
    targetPort: target.port,
  };
}

/** As the provider has it: MD5 of the key's bytes. */
function fingerprintOf(publicKey: string): string {
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
