import type { MadeKind } from '../cloud/index.ts';
import { Decimal } from '../platform/quantity.ts';
import { formatMoney } from '../platform/money.ts';
import * as living from './living.ts';
import { billableOf } from './billables.ts';
import { monthlyOf, type PriceList } from './money.ts';
import type { DeferredValue, ProposedStep, StayingThing } from './proposal-document.ts';
import { acting, nameOf, recording, referenceOf } from './propose.ts';
import type { KnownThing } from './proposal.ts';
import type { SeenResource } from './seen.ts';
import { words } from './system.ts';

interface TeardownInput {
  readonly slug: string;
  /** What is the deployment's, alone. */
  readonly owned: readonly SeenResource[];
  /** What is the deployment's and could not be listed: it may be there. */
  readonly unseen: readonly KnownThing[];
  /** What it shares, by `kind:id`: with whom. */
  readonly shared: ReadonlyMap<string, string>;
  readonly others: readonly SeenResource[];
  /** The provider's id; null: it has none of its own. */
  readonly project: string | null;
  /** What is in it, by `kind:id`. */
  readonly members: readonly string[];
  /** By `kind:id`, and `deployment` for all of it: why. */
  readonly protections: ReadonlyMap<string, string>;
  /** Whether droplets and volumes are kept as snapshots. */
  readonly snapshots: boolean;
  readonly day: Temporal.PlainDate;
}

interface Teardown {
  readonly steps: readonly ProposedStep[];
  readonly problems: readonly string[];
  readonly stays: readonly StayingThing[];
  /** What goes, by `kind:id`. */
  readonly goes: ReadonlySet<string>;
}

/** In this order: what points to others before those, and what can hold data last of what costs. */
const scopesToDestroy: Readonly<Partial<Record<MadeKind, readonly string[]>>> = {
  dns_zone: ['domain:delete', 'domain:read'],
  load_balancer: ['load_balancer:delete', 'load_balancer:read'],
  reserved_ip: ['reserved_ip:delete', 'reserved_ip:read'],
  droplet: ['droplet:delete', 'droplet:read'],
  volume: ['block_storage:delete', 'block_storage:read'],
  firewall: ['firewall:delete', 'firewall:read'],
  project: ['project:delete', 'project:read'],
  vpc: ['vpc:delete', 'vpc:read'],
};
/** Kinds that a token may hide, and that are in a network. */
const inNetworks: ReadonlySet<string> = new Set(['database', 'kubernetes_cluster']);
const destroyable = new Set<string>(Object.keys(scopesToDestroy));

/** Takes down what is a deployment's alone, each thing by its id, and keeps what droplets and volumes hold as snapshots. */
export function proposeTeardown(input: TeardownInput, prices: PriceList): Teardown {
  return new StepsOfTeardown(input, prices).propose();
}

const updates = ['droplet:read', 'droplet:update'];

class StepsOfTeardown {
  readonly #input: TeardownInput;
  readonly #prices: PriceList;
  /** What clusters have made. */
  readonly #ofClusters: ReadonlySet<SeenResource>;
  readonly #going: readonly SeenResource[];
  readonly #steps: ProposedStep[] = [];
  readonly #stays: StayingThing[] = [];

  constructor(input: TeardownInput, prices: PriceList) {
    this.#input = input;
    this.#prices = prices;
    this.#ofClusters = living.madeByClusters([...input.owned, ...input.others]);
    this.#going = input.owned.filter(
      (each) =>
        destroyable.has(each.kind) && each.settings['default'] !== true && !isIpv6(each) && !this.#ofClusters.has(each),
    );
  }

  propose(): Teardown {
    const { slug, snapshots } = this.#input;
    const droplets = this.#ofKind('droplet');
    const volumes = this.#ofKind('volume');
    for (const zone of this.#ofKind('dns_zone')) {
      const records = living.recordsOf(zone).length;
      this.#destroy(
        zone,
        `zone ${zone.name}${records === 0 ? '' : ` and its ${records} record${records === 1 ? '' : 's'}`}`,
      );
    }
    for (const balancer of this.#ofKind('load_balancer')) this.#destroy(balancer);
    for (const address of this.#ofKind('reserved_ip')) this.#destroy(address, `the address ${address.externalId}`);
    for (const droplet of droplets) this.#switchOff(droplet);
    if (snapshots) {
      for (const droplet of droplets) this.#keepDroplet(droplet);
      for (const volume of volumes) this.#keepVolume(volume);
    }
    for (const volume of volumes) this.#detach(volume);
    const kept = snapshots ? ', but for its last snapshot' : ', for good';
    for (const droplet of droplets) this.#destroy(droplet, `droplet ${droplet.name}, its disk and its backups${kept}`);
    for (const volume of volumes) this.#destroy(volume, `volume ${volume.name} and what is on it${kept}`);
    for (const firewall of this.#ofKind('firewall')) this.#destroy(firewall);
    const goes = new Set(this.#going.map(referenceOf));
    for (const network of this.#ofKind('vpc').filter((each) => this.#isHeld(each, this.#membersOf(each, goes))))
      goes.delete(referenceOf(network));
    this.#noteStaying(goes);
    // Nothing is billed from here on, however long the provider takes for what is left: it costs nothing.
    const work = { do: 'record', what: 'end' } as const;
    this.#steps.push(recording('end', `end deployment ${slug} and its subscription`, work, 'nothing'));
    const project = this.#ownProject();
    if (project !== undefined && !this.#isHeld(project, this.#left(goes))) {
      this.#destroy(project);
      goes.add(referenceOf(project));
    }
    for (const network of this.#ofKind('vpc')) if (goes.has(referenceOf(network))) this.#destroy(network);
    return { steps: this.#steps, problems: protectedOf(this.#input), stays: this.#stays, goes };
  }

  /** Of the project, what does not go: the provider keeps a project for as long as something is in it. */
  #left(goes: ReadonlySet<string>): readonly string[] {
    const { owned, others, members } = this.#input;
    const known = new Map([...owned, ...others].map((each) => [referenceOf(each), nameOf(each)]));
    return members.filter((each) => !goes.has(each)).map((each) => known.get(each) ?? each.replace(':', ' '));
  }

  /** What stays in a network, or may: for so long the provider keeps it. */
  #membersOf({ externalId }: SeenResource, goes: ReadonlySet<string>): readonly string[] {
    const { owned, others, unseen } = this.#input;
    return [
      ...[...owned, ...others].filter((each) => each.settings['vpc'] === externalId && !goes.has(referenceOf(each))),
      ...unseen.filter(({ kind }) => inNetworks.has(kind)),
    ].map(nameOf);
  }

  /** Says of what holds something that it stays with it. */
  #isHeld(holder: SeenResource, members: readonly string[]): boolean {
    if (members.length === 0) return false;
    this.#stays.push({ what: nameOf(holder), why: `it holds ${members.toSorted().join(', ')}`, monthly: '0.00' });
    return true;
  }

  #ofKind(kind: string): readonly SeenResource[] {
    return this.#going.filter((each) => each.kind === kind);
  }

  #destroy(seen: SeenResource, loses: string | null = null): void {
    const kind = seen.kind as MadeKind;
    this.#steps.push({
      key: `destroy ${words[kind]} ${seen.externalId}`,
      says: `destroy ${words[kind]} ${seen.name}${seen.name === seen.externalId ? '' : ` (${seen.externalId})`}`,
      work: { do: 'destroy', kind, externalId: seen.externalId },
      scopes: scopesToDestroy[kind] ?? [],
      undo: 'nothing',
      loses,
    });
  }

  #switchOff({ externalId: id, name, status }: SeenResource): void {
    if (status === 'off') return;
    const asked = { scopes: updates, undo: 'reverse' } as const;
    this.#steps.push(
      acting(`shut down droplet ${id}`, `shut down droplet ${name}`, { on: 'droplet', id, do: 'shutdown' }, asked),
      acting(`power off droplet ${id}`, `power off droplet ${name}`, { on: 'droplet', id, do: 'power_off' }, asked),
    );
  }

  #keepDroplet(droplet: SeenResource): void {
    const { externalId: id, name, attributes } = droplet;
    // A name of its own: one that somebody else took on that day is not the last one.
    const called: DeferredValue = { $name: `${this.#input.slug}-${name}-${this.#input.day}` };
    this.#steps.push(
      acting(
        `snapshot of droplet ${id}`,
        `take the last snapshot of droplet ${name}`,
        { on: 'droplet', id, do: 'snapshot', name: called },
        { scopes: [...updates, 'snapshot:read'], undo: 'nothing' },
      ),
    );
    this.#keeps(droplet, Number(attributes['disk_gb'] ?? 0), 'droplet');
  }

  #keepVolume(volume: SeenResource): void {
    const { externalId, name } = volume;
    const called: DeferredValue = { $name: `${this.#input.slug}-${name}-${this.#input.day}` };
    this.#steps.push({
      key: `snapshot of volume ${externalId}`,
      says: `take the last snapshot of volume ${name}`,
      work: {
        do: 'create',
        kind: 'snapshot',
        spec: { volume: externalId, name: called, tags: [] },
        marker: { name: called, source: externalId },
        mayAdopt: false,
      },
      scopes: ['block_storage_snapshot:create', 'snapshot:read'],
      undo: 'nothing',
      loses: null,
    });
    this.#keeps(volume, living.gigabytesOf(volume), 'volume');
  }

  /** What a last snapshot costs from then on: it is at most as large as what it is of. */
  #keeps(seen: SeenResource, gigabytes: number, of: 'droplet' | 'volume'): void {
    const price = this.#prices.book.get(`snapshot:${of}`);
    const each = price === undefined ? 'no known price' : `${price.amount} ${price.currency} for each ${price.unit}`;
    this.#stays.push({
      what: `the last snapshot of ${nameOf(seen)}`,
      why: `kept until somebody destroys it: ${each}, at most ${gigabytes} of them`,
      monthly: price === undefined ? null : formatMoney(new Decimal(price.amount).times(gigabytes), price.currency),
    });
  }

  #detach(volume: SeenResource): void {
    const droplet = living.dropletOf(volume);
    if (droplet === null) return;
    this.#steps.push(
      acting(
        `detach volume ${volume.externalId}`,
        `detach volume ${volume.name}`,
        { on: 'volume', id: volume.externalId, do: 'detach', droplet },
        { scopes: ['block_storage:read', 'block_storage_action:create'], undo: 'reverse' },
      ),
    );
  }

  #noteStaying(goes: ReadonlySet<string>): void {
    const { owned, others, shared, unseen } = this.#input;
    for (const each of [...owned, ...others.filter((one) => shared.has(referenceOf(one)))]) {
      if (goes.has(referenceOf(each)) || each.kind === 'project') continue;
      // Said with what it holds.
      if (each.kind === 'vpc' && this.#going.includes(each)) continue;
      // Its droplet takes it along.
      if (each.kind === 'droplet_backup' && each.parents.some((parent) => goes.has(parent))) continue;
      const other = shared.get(referenceOf(each));
      const why = other === undefined ? whyItStays(each, this.#ofClusters) : `it is of ${other} too`;
      this.#stays.push({ what: nameOf(each), why, monthly: this.#monthly(each) });
    }
    for (const each of unseen)
      this.#stays.push({ what: nameOf(each), why: 'it could not be listed, and may be there', monthly: null });
  }

  #monthly(seen: SeenResource): string | null {
    const nothingChanges = { resized: new Map<string, string>(), backups: new Map(), sizes: this.#prices.sizes };
    return monthlyOf(billableOf(seen, nothingChanges), this.#prices);
  }

  #ownProject(): SeenResource | undefined {
    const { owned, others, project } = this.#input;
    const found = [...owned, ...others].find(({ kind, externalId }) => kind === 'project' && externalId === project);
    return found?.attributes['is_default'] === true ? undefined : found;
  }
}

/** Rollouts know where addresses of IPv4 answer, and no others. */
function isIpv6(each: SeenResource): boolean {
  return each.kind === 'reserved_ip' && !living.isIpv4(each);
}

function whyItStays(each: SeenResource, ofClusters: ReadonlySet<SeenResource>): string {
  const { kind, settings } = each;
  if (isIpv6(each)) return 'no rollout destroys an IPv6 address';
  if (ofClusters.has(each)) return 'its Kubernetes cluster, which no rollout destroys, would make it anew';
  if (kind === 'vpc' && settings['default'] === true) return 'it is the default network of its region';
  if (kind === 'snapshot' || kind === 'droplet_backup') return 'snapshots and backups are kept';
  return 'no rollout destroys what is of this kind';
}

function protectedOf({ slug, owned, protections }: TeardownInput): string[] {
  const all = protections.get('deployment');
  return [
    ...(all === undefined ? [] : [`Deployment ${slug} is protected: ${all}.`]),
    ...owned.flatMap((each) => {
      const reason = protections.get(referenceOf(each));
      return reason === undefined ? [] : [`${nameOf(each)} is protected: ${reason}.`];
    }),
  ];
}
