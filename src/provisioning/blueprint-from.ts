import {
  type BlueprintDocument,
  dropletsMax,
  groupsMax,
  listsMax,
  type Parameter,
  parametersMax,
  peersMax,
  recordsMax,
  recordTypes,
  rulesMax,
  ttlMax,
  ttlMin,
  valueLengthMax,
} from './blueprint.ts';
import { canonicalJson } from './canonical.ts';
import * as living from './living.ts';
import { deploymentTag, nameOf, referenceOf } from './propose.ts';
import type { SeenResource } from './seen.ts';
import { balancerName, type Environment, isPeer, plainName, reservedIpName, type Rules } from './system.ts';

interface LivingDeployment {
  readonly slug: string;
  /** How people call it. */
  readonly name: string;
  readonly blueprint: string;
  readonly owned: readonly SeenResource[];
  readonly others: readonly SeenResource[];
  /** The provider's id; null: none of its own. */
  readonly project: string | null;
  readonly plan: string | null;
  /** By `kind:id`: why. */
  readonly protections: ReadonlyMap<string, string>;
}

export interface WrittenBlueprint {
  readonly document: BlueprintDocument;
  /** What it does not say of what is there, in words. */
  readonly leftOut: readonly string[];
}

type Droplets = NonNullable<BlueprintDocument['droplets']>;

/** A blueprint of what lives. Proposed against the same it has nothing to do. Pure. */
export function blueprintFrom(from: LivingDeployment): WrittenBlueprint {
  return new BlueprintWriting(from).write();
}

/** Kinds that a blueprint has. */
const covered = ['droplet', 'volume', 'firewall', 'load_balancer', 'reserved_ip', 'dns_zone', 'project', 'vpc'];
const recordTypesOf: readonly string[] = recordTypes;

class BlueprintWriting {
  readonly #from: LivingDeployment;
  readonly #slug: string;
  readonly #leftOut: string[] = [];
  /** What clusters have made. */
  readonly #ofClusters: ReadonlySet<SeenResource>;
  readonly #region: string;
  readonly #droplets: readonly SeenResource[];
  readonly #balancers: readonly SeenResource[];
  readonly #groups: readonly Group[];
  /** By the droplet's id. */
  readonly #keyOf: ReadonlyMap<string, string>;
  /** What another deployment has to have of its own, and has no name for that its slug gives. */
  readonly #parameters = new Map<string, Parameter>();
  readonly #firewalls: readonly SeenResource[];
  readonly #volumes: readonly SeenResource[];
  readonly #zones: readonly SeenResource[];
  /** The parameters that stand for zones, by their names. */
  readonly #domains: ReadonlyMap<string, string>;
  /** The droplets that have a reserved IP, by its id. */
  readonly #reservedIps: ReadonlyMap<string, string>;
  /** All that rules and records can call what is the deployment's: another one has none of it. */
  readonly #calls: living.Calls;

  constructor(from: LivingDeployment) {
    this.#from = from;
    this.#slug = from.slug;
    this.#ofClusters = living.madeByClusters([...from.owned, ...from.others]);
    const regions = Map.groupBy([...this.#ofKind('droplet'), ...this.#ofKind('volume')], ({ region }) => region ?? '');
    const [region = 'fra1', ...elsewhere] = [...regions].sort(([, a], [, b]) => b.length - a.length).map(([of]) => of);
    if (elsewhere.length > 0)
      this.#leftOut.push(`A blueprint has one region: what is in ${elsewhere.join(', ')} is left out, and stays.`);
    this.#region = region;
    this.#droplets = this.#here('droplet');
    this.#balancers = this.#atMost(listsMax, this.#balancersKept());
    this.#firewalls = this.#atMost(
      listsMax,
      this.#ofKind('firewall').filter((each) => this.#fits(each)),
    );
    this.#volumes = this.#atMost(groupsMax, this.#here('volume'));
    // What is covered otherwise is no group with the others.
    const covering = [...this.#firewalls, ...this.#balancers].map((each) => living.coveredBy(each, this.#droplets));
    this.#zones = this.#atMost(listsMax, this.#ofKind('dns_zone'));
    const fixed = this.#zones.filter(({ name }) => this.#named(name) === name);
    this.#domains = new Map(
      fixed.map(({ name }) => [name, this.#parameter('domain', { type: 'domain', default: name })]),
    );
    const { groups, keyOf, beyond } = groupsOf(this.#droplets, {
      slug: this.#slug,
      roles: ({ externalId }) => covering.map((ids) => ids.includes(externalId)),
      named: (name, key) => this.#ownName(name, key),
    });
    this.#groups = groups;
    this.#keyOf = keyOf;
    if (beyond.length > 0)
      this.#leftOut.push(
        `A blueprint has at most ${groupsMax} groups of ${dropletsMax} droplets: ${listed(beyond)} left out.`,
      );
    this.#reservedIps = this.#addressesKept();
    const network = living.networkOf(this.#droplets, [...from.owned, ...from.others]);
    this.#calls = living.callsOf([...from.owned, ...(network === undefined ? [] : [network])]);
  }

  /** A parameter of that name, or of one after it that is free. */
  #parameter(wanted: string, declared: Parameter): string {
    let name = wanted;
    for (let number = 2; this.#parameters.has(name); number += 1) name = `${wanted}_${number}`;
    this.#parameters.set(name, declared);
    return name;
  }

  /** The name of something of which an account has one: the slug gives it, or a parameter. */
  #ownName(name: string, key: string): string {
    const said = this.#named(name);
    if (said !== name) return said;
    if (this.#parameters.size >= parametersMax) {
      this.#leftOut.push(
        `A blueprint has at most ${parametersMax} parameters: the name ${name} has none, and another deployment needs another name there.`,
      );
      return said;
    }
    const parameter = this.#parameter(`${key.replaceAll('-', '_')}_name`, { type: 'text', default: name });
    return `\${${parameter}}`;
  }

  write(): WrittenBlueprint {
    const { blueprint, owned, others, plan } = this.#from;
    const own = [...owned, ...others].find(
      ({ kind, externalId }) => kind === 'project' && externalId === this.#from.project,
    );
    const vpc = this.#network();
    const project = own && this.#projectName(own.name);
    const vpcName = vpc && this.#named(vpc.name);
    const parts = {
      droplets: Object.fromEntries(this.#groups.map(({ key, droplet }) => [key, droplet])),
      volumes: this.#writtenVolumes(),
      firewall: this.#writtenFirewalls(),
      balancer: this.#balancers.map((each) => this.#balancer(each)),
      reserved_ip: [...this.#reservedIps.values()].map((droplet) => ({ droplet })),
      dns: this.#writtenZones(),
    };
    this.#noteOthers();
    return {
      leftOut: this.#leftOut,
      document: {
        blueprint,
        schema: 1,
        ...(this.#parameters.size > 0 && { parameters: Object.fromEntries(this.#parameters) }),
        region: this.#region,
        ...(own !== undefined && {
          project: {
            ...(project !== own.name && { name: project }),
            purpose: living.textOf(own.settings['purpose']) ?? 'Web Application',
            environment: environmentOf(own),
          },
        }),
        // Its range is this one's alone: another like it gets one that is free. So is a name without the slug.
        ...(vpc !== undefined && {
          network: { vpc: { ...(vpcName !== vpc.name && { name: vpcName }), ip_range: null } },
        }),
        ...parts,
        ...(plan !== null && { plan }),
      },
    };
  }

  #ofKind(kind: string): SeenResource[] {
    return this.#from.owned
      .filter((each) => each.kind === kind && !this.#ofClusters.has(each))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  #here(kind: string): SeenResource[] {
    return this.#ofKind(kind).filter(({ region }) => region === this.#region);
  }

  /** As many as a blueprint has; what is beyond is left out, and said. */
  #atMost(max: number, things: readonly SeenResource[]): readonly SeenResource[] {
    const beyond = things.slice(max);
    const [first] = beyond;
    if (first !== undefined)
      this.#leftOut.push(`A blueprint has at most ${max} of ${first.kind}: ${listed(beyond)} left out.`);
    return things.slice(0, max);
  }

  /** Those of the region that a creation makes as they are: another one must not be open where this one is not. */
  #balancersKept(): readonly SeenResource[] {
    return this.#ofKind('load_balancer').filter((each) => {
      const why = [
        ...(each.region === this.#region ? [] : [`it is in ${each.region ?? 'no region'}, and not in ${this.#region}`]),
        ...living.notMadeSo(each),
      ];
      if (why.length > 0) this.#leftOut.push(`${nameOf(each)} is left out: ${why.join('; ')}.`);
      return why.length === 0;
    });
  }

  /** Whether a blueprint has room for the rules of a firewall. */
  #fits(firewall: SeenResource): boolean {
    const sides = (['inbound', 'outbound'] as const).map((side) => living.rulesOf(firewall, side, new Map()));
    const fits = sides.every((rules) => {
      const peers = Object.values(rules);
      return peers.length <= rulesMax && peers.every(({ length }) => length <= peersMax);
    });
    if (!fits)
      this.#leftOut.push(
        `${nameOf(firewall)} is left out: a blueprint has at most ${rulesMax} rules of ${peersMax} peers.`,
      );
    return fits;
  }

  #named(name: string): string {
    return templated(name, this.#slug);
  }

  /** Projects alone are called as people call the deployment. */
  #projectName(project: string): string {
    const { slug, name } = this.#from;
    return templated(project, slug, name);
  }

  #writtenVolumes(): NonNullable<BlueprintDocument['volumes']> {
    return unique(
      this.#volumes,
      ({ name }) => keyFor(name, this.#slug),
      (each, key) => {
        const at = living.dropletOf(each);
        const attach = at === null ? undefined : this.#keyOf.get(at);
        return {
          size: living.gigabytesOf(each),
          name: this.#ownName(each.name, key),
          ...(attach !== undefined && { attach }),
          ...(this.#from.protections.has(referenceOf(each)) && { protected: true }),
        };
      },
    );
  }

  /** The groups that a firewall or a balancer is of; undefined: all. */
  #groupsOf(each: SeenResource): string[] | undefined {
    const ids = living.coveredBy(each, this.#droplets);
    if (ids.length === this.#droplets.length) return undefined;
    return this.#groups.filter(({ ids: own }) => own.some((id) => ids.includes(id))).map(({ key }) => key);
  }

  #writtenFirewalls() {
    const peers = new Map([...this.#keyOf].map(([id, key]) => [`droplet:${id}`, `droplet:${key}`]));
    for (const [index, { externalId }] of this.#balancers.entries())
      peers.set(`load_balancer:${externalId}`, balancerName(index, this.#balancers.length));
    return this.#firewalls.map((each) => {
      const droplets = this.#groupsOf(each);
      return {
        name: this.#named(plainName(each.name)),
        ...(droplets !== undefined && { droplets }),
        inbound: ruleTexts(this.#rulesOf(each, 'inbound', peers), 'from'),
        outbound: ruleTexts(this.#rulesOf(each, 'outbound', peers), 'to'),
      };
    });
  }

  /** Tags of the deployment's own are those of another one there; what else is its own alone is left out. */
  #rulesOf(each: SeenResource, side: 'inbound' | 'outbound', named: ReadonlyMap<string, string>): Rules {
    const relative = new Set(named.values());
    const rules = Object.entries(living.rulesOf(each, side, named)).map(([key, peers]) => {
      const said = peers.flatMap((peer) => {
        if (relative.has(peer)) return [peer];
        if (peer.startsWith('tag:')) return [this.#named(peer)];
        if (isPeer(peer) && !living.isCalled(peer, this.#calls)) return [peer];
        this.#leftOut.push(
          `Firewall ${each.name} names ${peer} (${side} ${key}), which another deployment does not have: left out.`,
        );
        return [];
      });
      return [key, said] as const;
    });
    return Object.fromEntries(rules.filter(([, peers]) => peers.length > 0));
  }

  #balancer(each: SeenResource) {
    const targets = this.#groupsOf(each);
    const unsaid = living.unsaidOfBalancer(each);
    if (unsaid.length > 0)
      this.#leftOut.push(`${nameOf(each)} has what a blueprint cannot say, left out: ${unsaid.join(', ')}.`);
    return {
      name: this.#named(plainName(each.name)),
      ...(targets !== undefined && { targets }),
      nodes: living.nodesOf(each),
      forward: living
        .forwardingOf(each)
        .map(({ entryProtocol, entryPort, targetProtocol, targetPort, certificate }) => ({
          [entryProtocol]: entryPort,
          to: { protocol: targetProtocol, port: targetPort },
          ...(certificate !== null && { certificate: this.#certificate(certificate) }),
        })),
    };
  }

  /** Another deployment has one of its own. */
  #certificate(id: string): string {
    const known = [...this.#parameters].find(([, each]) => each.type === 'text' && each.default === id)?.[0];
    if (known === undefined && this.#parameters.size >= parametersMax) {
      this.#leftOut.push(
        `Certificate ${id} is this deployment's: a blueprint has at most ${parametersMax} parameters, and none for it.`,
      );
      return id;
    }
    const parameter = known ?? this.#parameter('certificate', { type: 'text', default: id });
    if (known === undefined)
      this.#leftOut.push(`Certificate ${id} is this deployment's: give another one for the parameter ${parameter}.`);
    return `\${${parameter}}`;
  }

  #addressesKept(): Map<string, string> {
    const droplets = new Map<string, string>();
    for (const each of this.#ofKind('reserved_ip')) {
      const droplet = living.isIpv4(each) ? this.#keyOf.get(living.dropletOf(each) ?? '') : undefined;
      if (droplet !== undefined && ![...droplets.values()].includes(droplet)) droplets.set(each.externalId, droplet);
      else
        this.#leftOut.push(
          `A blueprint has one reserved IPv4 address for each droplet: ${each.externalId} is another, and left out.`,
        );
    }
    return droplets;
  }

  #writtenZones() {
    const addresses = this.#addresses();
    return this.#zones.map((each) => ({
      zone: this.#zoneNamed(each.name),
      records: this.#records(each, addresses),
    }));
  }

  #records(each: SeenResource, addresses: ReadonlyMap<string, string>) {
    const records = living.recordsOf(each).flatMap(({ type, name, value, ttl, priority }) => {
      if (!recordTypesOf.includes(type)) {
        this.#leftOut.push(
          `Record ${type} ${name} of ${each.name} is of a type that blueprints do not have, and left out.`,
        );
        return [];
      }
      const said = addresses.get(value) ?? this.#relative(value);
      const to = said === null || said.length > valueLengthMax ? null : said;
      if ([name, value].some((text) => text.includes('${')) || said !== to) {
        this.#leftOut.push(
          `Record ${type} ${name} of ${each.name} has a value that a blueprint cannot say, and is left out.`,
        );
        return [];
      }
      if (to === null) {
        this.#leftOut.push(
          `Record ${type} ${name} of ${each.name} says ${value}, which another deployment does not have: left out.`,
        );
        return [];
      }
      const lasts = Math.min(ttlMax, Math.max(ttlMin, ttl));
      if (lasts !== ttl)
        this.#leftOut.push(`Record ${type} ${name} of ${each.name} has a TTL of ${ttl} s: ${lasts} s is written.`);
      return [{ [type]: name, to, ttl: lasts, ...(priority !== null && { priority }) }];
    });
    const beyond = records.length - recordsMax;
    if (beyond > 0)
      this.#leftOut.push(
        `A zone of a blueprint has at most ${recordsMax} records: ${beyond} more of ${each.name} are left out.`,
      );
    return records.slice(0, recordsMax);
  }

  #zoneNamed(zone: string): string {
    const parameter = this.#domains.get(zone);
    return parameter === undefined ? this.#named(zone) : `\${${parameter}}`;
  }

  /** Addresses of what is the deployment's own, by what a record calls them. */
  #addresses(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const { externalId, address } of this.#droplets) {
      const key = this.#keyOf.get(externalId);
      if (address !== null && key !== undefined) found.set(address, key);
    }
    for (const [index, { address }] of this.#balancers.entries())
      if (address !== null) found.set(address, balancerName(index, this.#balancers.length));
    for (const [address, droplet] of this.#reservedIps)
      found.set(address, reservedIpName(droplet, this.#reservedIps.size));
    return found;
  }

  /** A value in which hosts of its zones move with them; null: it says what is this deployment's alone. */
  #relative(value: string): string | null {
    if (living.saysOne(value, this.#calls)) return null;
    const zones = this.#zones.map(({ name }) => name).sort((a, b) => b.length - a.length);
    if (zones.length === 0) return value;
    const either = zones.map((zone) => RegExp.escape(zone)).join('|');
    const ofZone = new RegExp(`(?<![\\p{L}\\p{N}-])(?:${either})(?!-|\\.?[\\p{L}\\p{N}])`, 'giu');
    return value.replaceAll(ofZone, (zone) => this.#zoneNamed(zone.toLowerCase()));
  }

  /** The private network of its droplets; undefined: the region's default one, or several. */
  #network(): SeenResource | undefined {
    const { owned, others } = this.#from;
    const networks = new Set(this.#droplets.map(({ settings }) => living.textOf(settings['vpc'])));
    if (networks.size > 1) this.#leftOut.push('Its droplets are in several private networks, and a blueprint has one.');
    return living.networkOf(this.#droplets, [...owned, ...others]);
  }

  #noteOthers(): void {
    const others = Map.groupBy(
      this.#from.owned.filter(({ kind }) => !covered.includes(kind)),
      ({ kind }) => kind,
    );
    for (const kind of ['droplet', 'volume', 'load_balancer']) {
      const ofClusters = this.#from.owned.filter((each) => each.kind === kind && this.#ofClusters.has(each)).length;
      if (ofClusters > 0)
        this.#leftOut.push(
          `A Kubernetes cluster makes its own: ${ofClusters} ${kind}${ofClusters === 1 ? '' : 's'} left out.`,
        );
    }
    for (const [kind, all] of others) this.#leftOut.push(`Blueprints have no ${kind}: ${all.length} left out.`);
    if (this.#droplets.length > 0)
      this.#leftOut.push('No provider tells SSH keys and user data of droplets that are there: add them for new ones.');
  }
}

/** For people: the first of them by name. */
function listed(things: readonly SeenResource[]): string {
  const named = things.slice(0, namedMax).map(nameOf).join(', ');
  return things.length > namedMax ? `${named} and ${things.length - namedMax} more` : named;
}

const namedMax = 10;

interface Group {
  readonly key: string;
  readonly ids: readonly string[];
  readonly droplet: Droplets[string];
}

/** Droplets named web-1 to web-n that are alike are one group; every other is one of its own. */
function groupsOf(
  droplets: readonly SeenResource[],
  {
    slug,
    roles,
    named,
  }: {
    readonly slug: string;
    readonly roles: (droplet: SeenResource) => unknown;
    readonly named: (name: string, key: string) => string;
  },
): { groups: Group[]; keyOf: Map<string, string>; beyond: SeenResource[] } {
  const alike = Map.groupBy(droplets, (each) =>
    canonicalJson([stemOf(each.name)?.stem ?? each.name, saidOf(each, slug), roles(each)]),
  );
  const groups: Group[] = [];
  const beyond: SeenResource[] = [];
  const keyOf = new Map<string, string>();
  // What rules and records call the balancer, no droplet may be called.
  const taken = new Set<string>(['balancer']);
  const freeKey = (name: string) => {
    const wanted = keyFor(name, slug);
    let key = wanted;
    for (let number = 2; taken.has(key); number += 1) key = `${wanted}-${number}`;
    taken.add(key);
    return key;
  };
  const single = (each: SeenResource) => {
    if (groups.length === groupsMax) {
      beyond.push(each);
      return;
    }
    const key = freeKey(each.name);
    keyOf.set(each.externalId, key);
    groups.push({ key, ids: [each.externalId], droplet: { name: named(each.name, key), ...saidOf(each, slug) } });
  };
  for (const members of alike.values()) {
    const stems = members.map(({ name }) => stemOf(name));
    const numbers = stems.map((each) => each?.number ?? 0).sort((a, b) => a - b);
    const [first] = stems;
    const isRow = first != null && numbers.every((number, index) => number === index + 1);
    // One that is called web-1 is one of a row too.
    if (!isRow || members[0] === undefined) {
      for (const each of members) single(each);
      continue;
    }
    if (groups.length === groupsMax) {
      beyond.push(...members);
      continue;
    }
    const key = freeKey(first.stem);
    const row = members.toSorted((a, b) => (stemOf(a.name)?.number ?? 0) - (stemOf(b.name)?.number ?? 0));
    const kept = row.slice(0, dropletsMax);
    beyond.push(...row.slice(dropletsMax));
    for (const { externalId, name } of kept) keyOf.set(externalId, `${key}-${stemOf(name)?.number}`);
    groups.push({
      key,
      ids: kept.map(({ externalId }) => externalId),
      droplet: { count: kept.length, name: named(first.stem, key), ...saidOf(members[0], slug) },
    });
  }
  return { groups, keyOf, beyond };
}

function stemOf(name: string): { readonly stem: string; readonly number: number } | null {
  const [, stem, number] = /^(.+)-([1-9]\d?)$/.exec(name) ?? [];
  return stem === undefined ? null : { stem, number: Number(number) };
}

function saidOf(each: SeenResource, slug: string) {
  const { tags, settings, attributes } = each;
  const own = tags.filter((tag) => !isOurs(tag, slug));
  const backups = living.backupsOf(each);
  return {
    size: living.sizeOf(each),
    image:
      living.textOf(settings['image']) ??
      living.textOf(attributes['image']) ??
      living.textOf(settings['image_id']) ??
      'unknown',
    ...(backups !== null && { backups }),
    ...(own.length > 0 && { tags: own.map((tag) => templated(tag, slug)) }),
  };
}

/** Tags that rollouts set themselves. */
function isOurs(tag: string, slug: string): boolean {
  const plain = tag.toLowerCase();
  return plain === deploymentTag(slug) || plain.startsWith('arcadia-step:') || plain.startsWith(`${slug}:`);
}

/** The deployment's slug stands for whichever it will be, and its name too where that is given. */
function templated(text: string, slug: string, name?: string): string {
  const words = new Map([...(name === undefined ? [] : [[name, '${deployment_name}'] as const]), [slug, '${slug}']]);
  // The longer one first: one may hold the other.
  const longest = [...words.keys()].sort((a, b) => b.length - a.length);
  const either = longest.map((word) => RegExp.escape(word)).join('|');
  return text
    .replaceAll('${', '$ {')
    .replaceAll(
      new RegExp(`(?<![\\p{L}\\p{N}])(?:${either})(?![\\p{L}\\p{N}])`, 'gu'),
      (word) => words.get(word) ?? word,
    );
}

/** `acme-shop-web` of acme-shop is `web`. */
function keyFor(name: string, slug: string): string {
  const rest = name.toLowerCase().startsWith(`${slug}-`) ? name.slice(slug.length + 1) : name;
  const plain = rest
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 27)
    .replace(/-+$/, '');
  return plain === '' ? 'item' : plain;
}

function unique<Item, Value>(
  items: readonly Item[],
  key: (item: Item) => string,
  value: (item: Item, key: string) => Value,
): Record<string, Value> {
  const found: Record<string, Value> = {};
  for (const item of items) {
    const wanted = key(item);
    let name = wanted;
    for (let number = 2; name in found; number += 1) name = `${wanted}-${number}`;
    found[name] = value(item, name);
  }
  return found;
}

/** One of each side of a rule: with the ports as the provider writes them. */
function ruleTexts<Side extends 'from' | 'to'>(rules: Rules, side: Side) {
  return Object.entries(rules).map(([key, peers]) => {
    const [protocol = 'tcp', ports = 'all'] = key.split('/');
    const said = /^\d+$/.test(ports) ? Number(ports) : ports;
    const rule = protocol === 'icmp' ? { icmp: 'all' as const } : { [protocol]: said };
    return { ...rule, [side]: [...peers] } as { readonly [Name in Side]: string[] } & { tcp?: number };
  });
}

function environmentOf({ settings }: SeenResource): Environment {
  const said = living.textOf(settings['environment'])?.toLowerCase();
  return said === 'development' ? 'Development' : said === 'staging' ? 'Staging' : 'Production';
}
