import type { MadeKind } from '../cloud/index.ts';
import { canonicalJson, digestOf } from './canonical.ts';
import * as living from './living.ts';
import type { DeferredValue, ProposedStep, SeenThing, StepWork } from './proposal-document.ts';
import type { SeenResource } from './seen.ts';
import {
  balancerName,
  isBalancerName,
  isPeer,
  type OfDeployment,
  plainName,
  reservedIpName,
  type Rules,
  type System,
  type SystemDroplet,
  words,
} from './system.ts';

/** What steps are made from: a pure function of it. */
interface StepsInput {
  readonly purpose: 'create' | 'change';
  readonly deployment: OfDeployment;
  readonly system: System;
  /** What is the deployment's now, alone. */
  readonly owned: readonly SeenResource[];
  /** All that the account has besides. */
  readonly others: readonly SeenResource[];
  /** The provider's id of the project that is the deployment's; null: it has none. */
  readonly project: string | null;
  /** The first day of the subscription of a new deployment. */
  readonly subscriptionFrom: Temporal.PlainDate;
}

interface ProposedSteps {
  readonly steps: readonly ProposedStep[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Droplets that are resized, by their ids: to what. */
  readonly resized: ReadonlyMap<string, string>;
  /** Droplets whose backups change, by their ids: to which policy. */
  readonly backups: ReadonlyMap<string, 'weekly' | 'daily'>;
  /** What is created. */
  readonly created: System;
}

const scopesOfKind: Readonly<Record<MadeKind, readonly string[]>> = {
  project: ['project:create', 'project:read'],
  tag: ['tag:create', 'tag:read'],
  vpc: ['vpc:create', 'vpc:read'],
  ssh_key: ['ssh_key:create', 'ssh_key:read'],
  firewall: ['firewall:create', 'firewall:read'],
  volume: ['block_storage:create', 'block_storage:read', 'tag:create'],
  droplet: ['droplet:create', 'droplet:read', 'tag:create', 'tag:read'],
  reserved_ip: ['reserved_ip:create', 'reserved_ip:read'],
  load_balancer: ['load_balancer:create', 'load_balancer:read'],
  dns_zone: ['domain:create', 'domain:read'],
  dns_record: ['domain:create', 'domain:read'],
  snapshot: ['block_storage_snapshot:create', 'snapshot:read'],
};

type Created = Extract<StepWork, { do: 'create' }>;

function creation(key: string, says: string, work: Created): ProposedStep {
  return { key, says, work, scopes: scopesOfKind[work.kind], undo: 'destroy', loses: null };
}

export function acting(
  key: string,
  says: string,
  act: Extract<StepWork, { do: 'act' }>['act'],
  { scopes, ...rest }: Pick<ProposedStep, 'scopes' | 'undo'> & { readonly loses?: string },
): ProposedStep {
  return { key, says, work: { do: 'act', act }, scopes, loses: null, ...rest };
}

export function recording(
  key: string,
  says: string,
  work: Extract<StepWork, { do: 'record' }>,
  undo: ProposedStep['undo'] = 'reverse',
): ProposedStep {
  return { key, says, work, scopes: [], undo, loses: null };
}

type Reference = string | DeferredValue;

/** The tag by which what is created is the deployment's from its first moment on. */
export function deploymentTag(slug: string): string {
  return `deployment:${slug}`;
}

/**
 * What has to be done for a deployment to be what its blueprint comes to, in order: what costs nothing before what costs,
 * a firewall before the droplets that it is for. Nothing that is there is destroyed by it.
 */
export function proposeSteps(input: StepsInput): ProposedSteps {
  return new StepsOfChange(input).propose();
}

class StepsOfChange {
  readonly #input: StepsInput;
  readonly #system: System;
  readonly #slug: string;
  readonly #steps: ProposedStep[] = [];
  readonly #problems: string[] = [];
  readonly #notes: string[] = [];
  readonly #resized = new Map<string, string>();
  readonly #backups = new Map<string, 'weekly' | 'daily'>();
  readonly #ownDroplets: readonly SeenResource[];
  /** Those of the system that are there, by their keys. */
  readonly #droplets = new Map<string, SeenResource>();
  /** By the system's own names. */
  readonly #volumes = new Map<string, SeenResource>();
  readonly #firewalls = new Map<string, SeenResource>();
  readonly #balancers = new Map<string, SeenResource>();
  readonly #zones = new Map<string, SeenResource>();
  readonly #addresses = new Map<string, SeenResource>();
  readonly #network: SeenResource | undefined;
  /** Its resources by the ids under which firewalls name them. */
  readonly #peers = new Map<string, string>();
  /** All that rules of firewalls can call what is the deployment's. */
  readonly #calls: living.Calls;

  constructor(input: StepsInput) {
    this.#input = input;
    this.#system = input.system;
    this.#slug = input.deployment.slug;
    const { owned, others, system } = input;
    const ofKind = (kind: string) => owned.filter((each) => each.kind === kind);
    this.#ownDroplets = ofKind('droplet').filter((each) => !living.isOfCluster(each));
    for (const { key, name } of system.droplets) this.#match(this.#droplets, key, this.#ownDroplets, name, 'droplets');
    for (const { key, name } of system.volumes) this.#match(this.#volumes, key, ofKind('volume'), name, 'volumes');
    for (const { name } of system.firewalls) this.#match(this.#firewalls, name, ofKind('firewall'), name, 'firewalls');
    for (const { name } of system.balancers)
      this.#match(this.#balancers, name, ofKind('load_balancer'), name, 'balancers');
    for (const { zone } of system.zones) this.#match(this.#zones, zone, ofKind('dns_zone'), zone, 'zones');
    const keyOf = new Map([...this.#droplets].map(([key, { externalId }]) => [externalId, key]));
    for (const address of ofKind('reserved_ip').filter(living.isIpv4)) {
      const key = keyOf.get(living.dropletOf(address) ?? '');
      if (key !== undefined && !this.#addresses.has(key)) this.#addresses.set(key, address);
    }
    for (const [id, key] of keyOf) this.#peers.set(`droplet:${id}`, `droplet:${key}`);
    for (const [index, { name }] of system.balancers.entries()) {
      const there = this.#balancers.get(name);
      if (there !== undefined)
        this.#peers.set(`load_balancer:${there.externalId}`, balancerName(index, system.balancers.length));
    }
    this.#network =
      input.purpose === 'create' ? undefined : networkOf(system, this.#ownDroplets, [...owned, ...others]);
    this.#calls = living.callsOf([...owned, ...(this.#network === undefined ? [] : [this.#network])]);
  }

  #match(
    into: Map<string, SeenResource>,
    key: string,
    there: readonly SeenResource[],
    name: string,
    what: string,
  ): void {
    const exact = there.filter((each) => each.name === name);
    const found = exact.length > 0 ? exact : there.filter((each) => plainName(each.name) === name);
    if (found.length > 1)
      this.#problems.push(`There are ${found.length} ${what} ${name}: which is meant is not known.`);
    if (found[0] !== undefined) into.set(key, found[0]);
  }

  propose(): ProposedSteps {
    const isNew = this.#input.purpose === 'create';
    if (isNew) this.#begin();
    this.#tagNew();
    this.#createNetwork();
    this.#createKeys();
    const [early, late] = [true, false].map((isNamed) =>
      this.#system.balancers.filter(() => isNamed === this.#namesBalancer()),
    );
    // Where a firewall lets a balancer in it has to be there before it.
    for (const balancer of early ?? []) this.#balancer(balancer);
    for (const firewall of this.#system.firewalls) this.#firewall(firewall);
    for (const volume of this.#system.volumes) this.#volume(volume);
    for (const droplet of this.#system.droplets) this.#droplet(droplet);
    for (const volume of this.#system.volumes) this.#attach(volume);
    for (const key of this.#system.reservedIps) this.#address(key);
    for (const balancer of late ?? []) this.#balancer(balancer);
    for (const zone of this.#system.zones) this.#zone(zone);
    this.#assignToProject();
    this.#recordOwnership();
    if (this.#steps.length > 0) {
      const work = { do: 'record', what: 'declaration' } as const;
      this.#steps.push(recording('declaration', 'declare what it consists of, for drift to compare', work));
    }
    if (!isNew) this.#noteOthers();
    return {
      steps: this.#steps,
      problems: this.#problems,
      notes: this.#notes,
      resized: this.#resized,
      backups: this.#backups,
      created: this.#created(),
    };
  }

  /** What of the system is not there yet. */
  #created(): System {
    const { vpc, droplets, volumes, firewalls, balancers, reservedIps, zones } = this.#system;
    return {
      ...this.#system,
      vpc: this.#network === undefined ? vpc : null,
      droplets: droplets.filter(({ key }) => !this.#droplets.has(key)),
      volumes: volumes.filter(({ key }) => !this.#volumes.has(key)),
      firewalls: firewalls.filter(({ name }) => !this.#firewalls.has(name)),
      balancers: balancers.filter(({ name }) => !this.#balancers.has(name)),
      reservedIps: reservedIps.filter((key) => !this.#addresses.has(key)),
      zones: zones.filter(({ zone }) => !this.#zones.has(zone)),
    };
  }

  #create(key: string, says: string, work: Created): void {
    this.#steps.push(creation(key, says, work));
  }

  /** Whom it is of and who pays for it, before anything costs. */
  #begin(): void {
    const { name, customer } = this.#input.deployment;
    const { project, plan } = this.#system;
    this.#create('project', `create project ${project.name}`, {
      do: 'create',
      kind: 'project',
      spec: { ...project, description: { $mark: 'text' } },
      marker: { name: project.name, mark: { $mark: 'text' } },
      mayAdopt: false,
    });
    const work = { do: 'record', what: 'deployment', customer, name, project: { $id: 'project' } } as const;
    this.#steps.push(recording('deployment', `create deployment ${this.#slug} of ${customer}`, work));
    if (plan === null) return;
    const from = this.#input.subscriptionFrom.toString();
    const ofPlan = { do: 'record', what: 'subscription', plan, from } as const;
    this.#steps.push(recording('subscription', `put it on plan ${plan} from ${from}`, ofPlan));
  }

  /** The tag by which a firewall or a balancer knows its droplets: the deployment's, or one of its own. */
  #roleTag(kind: 'firewall' | 'balancer', name: string, droplets: readonly string[] | null): string {
    if (droplets === null) return deploymentTag(this.#slug);
    const of = kind === 'firewall' ? this.#system.firewalls : this.#system.balancers;
    const place = of.findIndex((each) => each.name === name);
    return `${this.#slug}:${kind}${place === 0 ? '' : `-${place + 1}`}`;
  }

  /** What is created knows its droplets by a tag alone: one that is there has to have it already. */
  #coversLiving(kind: 'firewall' | 'balancer', name: string, keys: readonly string[] | null): void {
    const tag = this.#roleTag(kind, name, keys);
    for (const key of this.#wantedKeys(keys)) {
      const there = this.#droplets.get(key);
      if (there !== undefined && !living.hasTag(there, tag))
        this.#problems.push(
          `The ${kind} ${name} is to be of droplet ${there.name}, which has no tag ${tag}, and no rollout sets it: set it first.`,
        );
    }
  }

  /** The tags of a droplet that is created. */
  #tagsFor({ key, tags }: SystemDroplet): string[] {
    const { firewalls, balancers } = this.#system;
    const covers = (keys: readonly string[] | null) => keys === null || keys.includes(key);
    const roles = [
      ...firewalls.map(({ name, droplets }) => ({
        kind: 'firewall' as const,
        name,
        keys: droplets,
        there: this.#firewalls.get(name),
      })),
      ...balancers.map(({ name, targets }) => ({
        kind: 'balancer' as const,
        name,
        keys: targets,
        there: this.#balancers.get(name),
      })),
    ].filter(({ keys }) => covers(keys));
    const ofRoles = roles.map(({ kind, name, keys, there }) => {
      if (there === undefined) return this.#roleTag(kind, name, keys);
      const [tag] = living.tagsOf(there);
      if (tag === undefined)
        this.#problems.push(
          `The ${kind} ${there.name} names its droplets one by one, which no rollout changes: give it a tag, for droplet ${key} to be one of them.`,
        );
      return tag;
    });
    const own = [deploymentTag(this.#slug), ...tags, ...ofRoles];
    return [...new Set(own.filter((tag) => tag !== undefined))].sort();
  }

  #newDroplets(): readonly SystemDroplet[] {
    return this.#system.droplets.filter(({ key }) => !this.#droplets.has(key));
  }

  #tagNew(): void {
    const { firewalls, balancers, volumes } = this.#system;
    const wanted = new Set<string>();
    for (const { name, droplets } of firewalls)
      if (!this.#firewalls.has(name)) wanted.add(this.#roleTag('firewall', name, droplets));
    for (const { name, targets } of balancers)
      if (!this.#balancers.has(name)) wanted.add(this.#roleTag('balancer', name, targets));
    for (const droplet of this.#newDroplets()) for (const tag of this.#tagsFor(droplet)) wanted.add(tag);
    if (volumes.some(({ key }) => !this.#volumes.has(key))) wanted.add(deploymentTag(this.#slug));
    // Said once for each droplet above, and again where it is created.
    this.#problems.splice(0, this.#problems.length, ...new Set(this.#problems));
    for (const name of [...wanted].sort())
      this.#create(`tag ${name}`, `create tag ${name}, or take the one that is there`, {
        do: 'create',
        kind: 'tag',
        spec: { name },
        marker: { name },
        mayAdopt: true,
      });
  }

  #createNetwork(): void {
    const { vpc, region } = this.#system;
    if (vpc === null || this.#network !== undefined) return;
    const { name, ipRange } = vpc;
    const range = ipRange === null ? '' : ` (${ipRange})`;
    this.#create('network', `create private network ${name}${range} in ${region}`, {
      do: 'create',
      kind: 'vpc',
      spec: { name, ipRange, region, description: { $mark: 'text' } },
      marker: { name, mark: { $mark: 'text' } },
      mayAdopt: false,
    });
  }

  #vpc(): Reference | null {
    if (this.#system.vpc === null) return null;
    return this.#network?.externalId ?? { $id: 'network' };
  }

  #createKeys(): void {
    const used = new Set(this.#newDroplets().flatMap(({ sshKeys }) => sshKeys));
    for (const { name, publicKey, fingerprint } of this.#system.keys.filter((each) => used.has(each.name)))
      this.#create(`key ${name}`, `add the SSH key ${name}, or take the one that is there`, {
        do: 'create',
        kind: 'ssh_key',
        spec: { name, publicKey },
        marker: { fingerprint },
        mayAdopt: true,
      });
  }

  #project(): Reference {
    if (this.#input.purpose === 'create') return { $id: 'project' };
    const usual = [...this.#input.owned, ...this.#input.others].find(
      ({ kind, attributes }) => kind === 'project' && attributes['is_default'] === true,
    );
    return this.#input.project ?? usual?.externalId ?? '';
  }

  #namesBalancer(): boolean {
    return this.#system.firewalls.some(
      ({ name, inbound, outbound }) =>
        !this.#firewalls.has(name) &&
        [inbound, outbound].some((rules) => Object.values(rules).flat().some(isBalancerName)),
    );
  }

  #balancer({ name, nodes, targets, forwarding }: System['balancers'][number]): void {
    const there = this.#balancers.get(name);
    if (there !== undefined) {
      this.#compare(`balancer ${there.name}`, {
        nodes: [living.nodesOf(there), nodes],
        targets: [this.#keysOf(there), this.#wantedKeys(targets)],
        forwarding: [living.forwardingOf(there), forwarding],
      });
      return;
    }
    this.#coversLiving('balancer', name, targets);
    this.#create(`balancer ${name}`, `create load balancer ${name} of ${nodes} node${nodes === 1 ? '' : 's'}`, {
      do: 'create',
      kind: 'load_balancer',
      spec: {
        name: { $name: name },
        region: this.#system.region,
        nodes,
        project: this.#project(),
        vpc: this.#vpc(),
        targets: { tag: this.#roleTag('balancer', name, targets) },
        forwarding,
      },
      marker: { name: { $name: name }, project: this.#project() },
      mayAdopt: false,
    });
  }

  /** The keys of the system's droplets that something that is there is of. */
  #keysOf(there: SeenResource): readonly string[] {
    const covered = living.coveredBy(there, this.#ownDroplets);
    return [...this.#droplets]
      .filter(([, { externalId }]) => covered.includes(externalId))
      .map(([key]) => key)
      .sort();
  }

  /** Those of the droplets that are there already: those to come bring its tag. */
  #wantedKeys(keys: readonly string[] | null): readonly string[] {
    return [...this.#droplets.keys()].filter((key) => keys === null || keys.includes(key)).sort();
  }

  /** What differs of a thing that no rollout changes. */
  #compare(what: string, fields: Readonly<Record<string, readonly [is: unknown, wanted: unknown]>>): void {
    for (const [field, [is, wanted]] of Object.entries(fields))
      if (canonicalJson(is) !== canonicalJson(wanted))
        this.#problems.push(
          `The ${what} differs in ${field}, which no rollout changes: it is ${shown(is)}, and not ${shown(wanted)}.`,
        );
  }

  #firewall({ name, droplets, inbound, outbound }: System['firewalls'][number]): void {
    const there = this.#firewalls.get(name);
    if (there !== undefined) {
      this.#compare(`firewall ${there.name}`, {
        droplets: [this.#keysOf(there), this.#wantedKeys(droplets)],
        inbound: [this.#rulesOf(there, 'inbound', inbound), inbound],
        outbound: [this.#rulesOf(there, 'outbound', outbound), outbound],
      });
      return;
    }
    this.#coversLiving('firewall', name, droplets);
    // It is there before the droplets, so that none is open for a minute.
    for (const peer of [inbound, outbound].flatMap((rules) => Object.values(rules).flat())) {
      const key = peer.startsWith('droplet:') ? peer.slice('droplet:'.length) : null;
      if (key !== null && !isId(key) && !this.#droplets.has(key))
        this.#problems.push(
          `Firewall ${name} names droplet ${key}, which is created after it: name a tag of the droplet in its place.`,
        );
    }
    this.#create(`firewall ${name}`, `create firewall ${name}`, {
      do: 'create',
      kind: 'firewall',
      spec: {
        name: { $name: name },
        tags: [this.#roleTag('firewall', name, droplets)],
        inbound: this.#rules(inbound),
        outbound: this.#rules(outbound),
      },
      marker: { name: { $name: name } },
      mayAdopt: false,
    });
  }

  /** Rules that are there, without the peers that no blueprint of the deployment says: those stay, and are noted. */
  #rulesOf(there: SeenResource, side: 'inbound' | 'outbound', wanted: Rules): Rules {
    const unsaid = new Set<string>();
    const rules = Object.entries(living.rulesOf(there, side, this.#peers)).map(([key, peers]) => {
      const said = peers.filter((peer) => {
        const isKnown = wanted[key]?.includes(peer) === true || [...this.#peers.values()].includes(peer);
        if (isKnown || (isPeer(peer) && !living.isCalled(peer, this.#calls))) return true;
        unsaid.add(peer);
        return false;
      });
      return [key, said] as const;
    });
    if (unsaid.size > 0)
      this.#notes.push(
        `Firewall ${there.name} names ${[...unsaid].sort().join(', ')} (${side}), which the blueprint does not have: that stays.`,
      );
    return Object.fromEntries(rules.filter(([, peers]) => peers.length > 0));
  }

  #rules(rules: Rules) {
    return Object.entries(rules).map(([key, peers]) => {
      const [protocol = 'tcp', ports = 'all'] = key.split('/');
      const of = (prefix: string) =>
        peers.filter((peer) => peer.startsWith(prefix)).map((peer) => peer.slice(prefix.length));
      const balancers = peers.filter((peer) => isBalancerName(peer) || peer.startsWith('load_balancer:'));
      return {
        protocol: protocol as 'tcp' | 'udp' | 'icmp',
        // The provider asks for ports of ICMP too.
        ports,
        addresses: peers.filter((peer) => !isBalancerName(peer) && !/^(tag|droplet|load_balancer):/.test(peer)),
        tags: of('tag:'),
        droplets: of('droplet:').map((key): Reference => this.#dropletReference(key)),
        loadBalancers: balancers.map(
          (peer): Reference =>
            isBalancerName(peer) ? this.#balancerReference(peer) : peer.slice('load_balancer:'.length),
        ),
      };
    });
  }

  #dropletReference(key: string): Reference {
    if (isId(key)) return key;
    return this.#droplets.get(key)?.externalId ?? { $id: `droplet ${key}` };
  }

  /** The system's own name of a balancer, as rules and records call it. */
  #balancerCalled(what: string): string {
    const { balancers } = this.#system;
    return balancers.find((_, index) => balancerName(index, balancers.length) === what)?.name ?? '';
  }

  /** The droplet of a reserved IP, as records call it; undefined: it is none. */
  #dropletOfAddress(what: string): string | undefined {
    const { reservedIps } = this.#system;
    return reservedIps.find((key) => reservedIpName(key, reservedIps.length) === what);
  }

  #balancerReference(what: string): Reference {
    const name = this.#balancerCalled(what);
    return this.#balancers.get(name)?.externalId ?? { $id: `balancer ${name}` };
  }

  #volume({ key, name, sizeGb, protected: isProtected }: System['volumes'][number]): void {
    const there = this.#volumes.get(key);
    if (there !== undefined) {
      this.#compare(`volume ${name}`, { 'its size in GiB': [living.gigabytesOf(there), sizeGb] });
      return;
    }
    const { region } = this.#system;
    this.#create(`volume ${key}`, `create volume ${name} of ${sizeGb} GiB in ${region}`, {
      do: 'create',
      kind: 'volume',
      spec: {
        name,
        description: '',
        sizeGb,
        region,
        tags: [deploymentTag(this.#slug), { $mark: 'tag' }],
      },
      marker: { name, region, mark: { $mark: 'tag' } },
      mayAdopt: false,
    });
    if (!isProtected) return;
    const reason = 'protected by its blueprint';
    const work = {
      do: 'record',
      what: 'protection',
      kind: 'volume',
      externalId: { $id: `volume ${key}` },
      reason,
    } as const;
    this.#steps.push(recording(`protection of volume ${key}`, `protect volume ${name}`, work));
  }

  #droplet(droplet: SystemDroplet): void {
    const { key, name, size, image, backups, sshKeys, userData } = droplet;
    const there = this.#droplets.get(key);
    if (there !== undefined) {
      this.#changeDroplet(droplet, there);
      return;
    }
    const { region, volumes, keys } = this.#system;
    const withIt = volumes.filter((each) => each.attach === key && !this.#volumes.has(each.key));
    const withBackups = backups === null ? '' : `, with ${backups} backups`;
    this.#create(`droplet ${key}`, `create droplet ${name}, ${size} in ${region} from ${image}${withBackups}`, {
      do: 'create',
      kind: 'droplet',
      spec: {
        name,
        region,
        size,
        image,
        tags: [...this.#tagsFor(droplet), { $mark: 'tag' }],
        sshKeys: sshKeys.map(
          (asked): Reference => (keys.some((each) => each.name === asked) ? { $id: `key ${asked}` } : asked),
        ),
        volumes: withIt.map((each): Reference => ({ $id: `volume ${each.key}` })),
        vpc: this.#vpc(),
        backups,
        userData: userData === null ? null : { $secret: userDataName(key) },
      },
      marker: { mark: { $mark: 'tag' } },
      mayAdopt: false,
    });
  }

  #changeDroplet({ key, name, size, image, backups }: SystemDroplet, there: SeenResource): void {
    const id = there.externalId;
    const was = living.sizeOf(there);
    if (was !== size) this.#resize({ key, name, id, was, size, isOff: there.status === 'off' });
    const hadBackups = living.backupsOf(there);
    const update = { scopes: ['droplet:read', 'droplet:update'] };
    if (hadBackups !== backups) {
      if (backups === null)
        this.#problems.push(`Droplet ${name} has ${hadBackups} backups, which no rollout switches off.`);
      else {
        const what = hadBackups === null ? 'enable_backups' : 'change_backup_policy';
        this.#backups.set(id, backups);
        this.#steps.push(
          acting(
            `backups of droplet ${key}`,
            `make ${backups} backups of droplet ${name}`,
            { on: 'droplet', id, do: what, plan: backups },
            { ...update, undo: 'nothing' },
          ),
        );
      }
    }
    const isFrom = living.textOf(there.settings['image']) ?? living.textOf(there.attributes['image']);
    if (isFrom !== null && isFrom !== image)
      this.#notes.push(`Droplet ${name} was created from ${isFrom}, and stays as it is; the blueprint says ${image}.`);
    const { region } = this.#system;
    if (there.region !== null && there.region !== region)
      this.#problems.push(`Droplet ${name} is in ${there.region}, and not in ${region}: no rollout moves it.`);
    const { vpc } = this.#system;
    if (vpc !== null && there.settings['vpc'] !== this.#network?.externalId)
      this.#problems.push(
        `Droplet ${name} is not in the private network ${this.#network?.name ?? vpc.name}: no rollout moves it.`,
      );
  }

  #resize(of: { key: string; name: string; id: string; was: string; size: string; isOff: boolean }): void {
    const { key, name, id, was, size, isOff } = of;
    const scopes = ['droplet:read', 'droplet:update'];
    const loses = `droplet ${name} is off while it is resized, a few minutes for each 10 GB that are used`;
    this.#resized.set(id, size);
    if (!isOff)
      this.#steps.push(
        acting(
          `shut down droplet ${key}`,
          `shut down droplet ${name}`,
          { on: 'droplet', id, do: 'shutdown' },
          { scopes, undo: 'reverse', loses },
        ),
        // One whose system takes its time would be refused the resize, and stay down.
        acting(
          `power off droplet ${key}`,
          `power off droplet ${name}, where it has not shut down within a minute`,
          { on: 'droplet', id, do: 'power_off' },
          { scopes, undo: 'reverse', loses },
        ),
      );
    this.#steps.push(
      acting(
        `resize droplet ${key}`,
        `resize droplet ${name} from ${was} to ${size}; its disk stays as large as it is`,
        { on: 'droplet', id, do: 'resize', size, growsDisk: false },
        { scopes, undo: 'reverse', loses },
      ),
    );
    if (!isOff)
      this.#steps.push(
        acting(
          `power on droplet ${key}`,
          `power on droplet ${name}`,
          { on: 'droplet', id, do: 'power_on' },
          // It has to be off for its size to be turned back.
          { scopes, undo: 'reverse' },
        ),
      );
  }

  #attach({ key, name, attach }: System['volumes'][number]): void {
    const there = this.#volumes.get(key);
    const at = there === undefined ? null : living.dropletOf(there);
    if (attach === null) {
      if (at !== null)
        this.#notes.push(`Volume ${name} is attached to droplet ${at}; the blueprint attaches it nowhere.`);
      return;
    }
    const droplet = this.#droplets.get(attach);
    // A droplet that is created takes along a volume that is.
    if (there === undefined && droplet === undefined) return;
    if (at !== null && at === droplet?.externalId) return;
    if (at !== null) {
      this.#problems.push(`Volume ${name} is attached to droplet ${at}, and not to ${attach}: detach it first.`);
      return;
    }
    this.#steps.push(
      acting(
        `attach volume ${key}`,
        `attach volume ${name} to droplet ${attach}`,
        {
          on: 'volume',
          id: there?.externalId ?? { $id: `volume ${key}` },
          do: 'attach',
          droplet: this.#dropletReference(attach),
        },
        { scopes: ['block_storage:read', 'block_storage_action:create'], undo: 'reverse' },
      ),
    );
  }

  #address(key: string): void {
    if (this.#addresses.has(key)) return;
    const droplet = this.#dropletReference(key);
    this.#create(`reserved IP ${key}`, `reserve an IP address for droplet ${key}`, {
      do: 'create',
      kind: 'reserved_ip',
      spec: { droplet },
      marker: { droplet },
      mayAdopt: false,
    });
  }

  #zone({ zone, records }: System['zones'][number]): void {
    const there = this.#zones.get(zone);
    if (there === undefined)
      this.#create(`zone ${zone}`, `create DNS zone ${zone}`, {
        do: 'create',
        kind: 'dns_zone',
        spec: { name: zone },
        marker: { name: zone },
        mayAdopt: false,
      });
    const listed = there === undefined ? [] : living.recordsOf(there);
    const met = new Set<string>();
    for (const { type, name, to, ttl, priority } of records) {
      const value = 'value' in to ? living.plainValue(type, to.value, zone) : this.#addressOf(to.addressOf);
      const found = listed.find(
        (each) => each.type === type && each.name === name && value !== null && each.value === value,
      );
      if (found !== undefined) {
        met.add(found.id);
        continue;
      }
      const target = 'value' in to ? to.value : to.addressOf;
      const data = 'value' in to ? living.recordData(type, to.value) : this.#addressReference(to.addressOf);
      this.#create(
        `record ${type} ${name} ${target} of ${zone}`,
        `create record ${type} ${name} of ${zone}: ${target}`,
        {
          do: 'create',
          kind: 'dns_record',
          spec: { zone, type, name, data, ttl, priority },
          marker: { zone, type, name, data },
          mayAdopt: false,
        },
      );
    }
    const extra = listed.filter(({ id }) => !met.has(id));
    if (extra.length > 0)
      this.#notes.push(
        `Zone ${zone} has ${extra.length} record${extra.length === 1 ? '' : 's'} that the blueprint does not have, which stay.`,
      );
  }

  /** Of what is there; null: it is not, or tells none. */
  #addressOf(what: string): string | null {
    return this.#addressed(what)?.address ?? null;
  }

  #addressed(what: string): SeenResource | undefined {
    if (isBalancerName(what)) return this.#balancers.get(this.#balancerCalled(what));
    const droplet = this.#dropletOfAddress(what);
    return droplet === undefined ? this.#droplets.get(what) : this.#addresses.get(droplet);
  }

  #addressReference(what: string): Reference {
    const there = this.#addressOf(what);
    if (there !== null) return there;
    if (isBalancerName(what)) return { $address: `balancer ${this.#balancerCalled(what)}` };
    const droplet = this.#dropletOfAddress(what);
    // Its address is its id.
    if (droplet !== undefined) return { $id: `reserved IP ${droplet}` };
    return { $address: `droplet ${what}` };
  }

  /** What no creation puts into a project; of firewalls and networks projects know nothing. */
  #assignToProject(): void {
    const project = this.#input.purpose === 'create' ? { $id: 'project' } : this.#input.project;
    if (project === null) return;
    const inProjects: readonly MadeKind[] = ['droplet', 'volume', 'reserved_ip', 'dns_zone'];
    const urns = this.#steps.flatMap(({ key, work }): DeferredValue[] =>
      work.do === 'create' && inProjects.includes(work.kind) ? [{ $urn: key }] : [],
    );
    if (urns.length === 0) return;
    this.#steps.push(
      acting(
        'assign to project',
        `put what is created into the project`,
        { on: 'project', id: project, do: 'assign', urns },
        { scopes: ['project:assign_resource', 'project:read'], undo: 'nothing' },
      ),
    );
  }

  /** Of what neither a tag nor a project can own. */
  #recordOwnership(): void {
    const hasNoProject = this.#input.purpose === 'change' && this.#input.project === null;
    const kinds: readonly MadeKind[] = hasNoProject
      ? ['vpc', 'firewall', 'load_balancer', 'reserved_ip', 'dns_zone']
      : ['vpc', 'firewall'];
    for (const { key, work } of this.#steps.slice()) {
      if (work.do !== 'create' || !kinds.includes(work.kind)) continue;
      this.#steps.push(
        recording(`assignment of ${key}`, `assign the ${words[work.kind]} to ${this.#slug}`, {
          do: 'record',
          what: 'assignment',
          kind: work.kind,
          externalId: { $id: key },
        }),
      );
    }
  }

  /** What is the deployment's and in no blueprint. */
  #noteOthers(): void {
    const met = new Set(
      [
        ...this.#droplets.values(),
        ...this.#volumes.values(),
        ...this.#firewalls.values(),
        ...this.#balancers.values(),
        ...this.#zones.values(),
        ...this.#addresses.values(),
      ].map(referenceOf),
    );
    const ours = new Set(['droplet', 'volume', 'firewall', 'load_balancer', 'dns_zone', 'reserved_ip']);
    for (const each of this.#input.owned)
      if (ours.has(each.kind) && !met.has(referenceOf(each)))
        this.#notes.push(`${nameOf(each)} is not in the blueprint, and stays.`);
  }
}

/** The private network of a deployment that is there: of the name that the blueprint gives, or that its droplets are in. */
function networkOf(
  { vpc, region }: System,
  droplets: readonly SeenResource[],
  resources: readonly SeenResource[],
): SeenResource | undefined {
  if (vpc === null) return undefined;
  const here = resources.filter((each) => each.region === region);
  const used = vpc.isUsual
    ? living.networkOf(
        droplets.filter((each) => each.region === region),
        here,
      )
    : undefined;
  return used ?? here.find(({ kind, name }) => kind === 'vpc' && name === vpc.name);
}

/** Keys of droplets begin with a letter; a number is the provider's id of one that is not the deployment's. */
function isId(key: string): boolean {
  return /^\d+$/.test(key);
}

/** Under which name the user data of a droplet is sealed. */
export function userDataName(key: string): string {
  return `user data of ${key}`;
}

export function referenceOf({ kind, externalId }: Pick<SeenResource, 'kind' | 'externalId'>): string {
  return `${kind}:${externalId}`;
}

/** `droplet 17 web-1` */
export function nameOf({ kind, externalId, name }: Pick<SeenResource, 'kind' | 'externalId' | 'name'>): string {
  return name === externalId ? `${kind} ${name}` : `${kind} ${externalId} ${name}`;
}

function shown(value: unknown): string {
  const text = canonicalJson(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** Keys that move without anybody's doing. */
const movesByItself = new Set(['image_id', 'ttl']);

/** What of a resource a proposal rests on; groups of many keys by what they come to. */
export function seenThing(resource: SeenResource): SeenThing {
  const plain: Record<string, string> = {};
  const groups = new Map<string, Record<string, unknown>>();
  for (const [key, value] of Object.entries(resource.settings)) {
    const [place = '', ...rest] = key.split('/');
    if (rest.length > 0) groups.set(place, { ...groups.get(place), [rest.join('/')]: value });
    else if (!movesByItself.has(key)) plain[key] = typeof value === 'string' ? value : canonicalJson(value ?? null);
  }
  for (const [place, values] of groups) plain[place] = digestOf(values).slice(0, 12);
  const { attributes, kind } = resource;
  const size = attributes['size_slug'] ?? (kind === 'volume' || kind === 'load_balancer' ? undefined : null);
  if (typeof size === 'string') plain['size'] = size;
  const at = living.dropletOf(resource);
  if (kind === 'volume') plain['attached to'] = at ?? 'nothing';
  return { what: nameOf(resource), is: plain };
}
