import type {
  App,
  Backup,
  Bucket,
  CustomImage,
  DatabaseCluster,
  Droplet,
  KubernetesCluster,
  LoadBalancer,
  ReservedIp,
  Snapshot,
  Volume,
} from '../entities.ts';
import { type Kind, urnTypes } from '../events.ts';
import type { Ms } from '../time.ts';
import type { World } from '../world.ts';
import type { Charges } from './charges.ts';
import { type Dated, setFrom } from './dated.ts';
import { type ChargedKind, listPrices, type Price } from './prices.ts';

/** Levels are counted in millionths: of a node, of a GiB. */
export const ONE = 1_000_000;

/** What a charge is for, between two changes. */
export interface Level {
  readonly item: string;
  /** In millionths; a bucket's in bytes. */
  readonly units: number;
  /** The Kubernetes cluster that it is billed under, and the pool of a node. */
  readonly cluster: string | null;
  readonly pool: string | null;
}

/** One life of one thing that costs money. It stays when the thing is gone. */
export interface Charge {
  readonly kind: ChargedKind;
  readonly id: string;
  readonly region: string;
  readonly urn: string | null;
  /** When it was written down: later than its beginning where the provider took its time. */
  readonly writtenAt: Ms;
  /** The first is its beginning. */
  readonly levels: Dated<Level>[];
  readonly names: Dated<string>[];
  closedAt: Ms | null;
}

interface BackupMade {
  readonly droplet: string;
  readonly plan: 'weekly' | 'daily';
  readonly at: Ms;
  readonly writtenAt: Ms;
}

interface Transfer {
  readonly source: 'droplet' | 'bucket';
  readonly bytes: number;
  readonly at: Ms;
}

type Opening = Omit<Charge, 'writtenAt' | 'levels' | 'names' | 'closedAt'> & {
  readonly name: string;
  readonly item: string;
  readonly units?: number;
  readonly cluster?: string | null;
  readonly pool?: string | null;
  /** When it began, if that was before now. */
  readonly from?: Ms;
};

/** What a destroyed resource was charged as. */
const chargedAs: Readonly<Partial<Record<Kind, readonly ChargedKind[]>>> = {
  droplet: ['droplet', 'node'],
  snapshot: ['droplet_snapshot', 'volume_snapshot'],
  custom_image: ['custom_image'],
  volume: ['volume'],
  reserved_ip: ['reserved_ip'],
  load_balancer: ['load_balancer'],
  database: ['database'],
  app: ['app'],
  bucket: ['bucket'],
};

/**
 * Everything that is charged for, since the first event: written by each event at its effect, in
 * the order of time, and never changed afterwards. Bills are made of it and of nothing else.
 */
export class Ledger implements Charges {
  readonly charges: Charge[] = [];
  readonly backups: BackupMade[] = [];
  readonly transfers: Transfer[] = [];
  hadBuckets = false;
  readonly #open = new Map<string, Charge>();
  readonly #prices = new Map<string, Dated<Price>[]>();
  readonly #projectNames = new Map<string, Dated<string>[]>();
  readonly #places = new Map<string, Dated<string>[]>();
  readonly #clusterNames = new Map<string, string>();
  #world: World;

  /** Is written by what happens in `world` from now on. */
  constructor(world: World) {
    this.#world = world;
    this.follow(world);
  }

  /** Goes on with another world, which has come as far. */
  follow(world: World): void {
    this.#world = world;
    world.charges = this;
  }

  /** What an item has cost, in the order of time. */
  pricesOf(item: string): readonly Dated<Price>[] {
    const known = this.#prices.get(item);
    if (known !== undefined) return known;
    const listed = [...listPrices(item)];
    this.#prices.set(item, listed);
    return listed;
  }

  projectNames(id: string): readonly Dated<string>[] {
    return this.#projectNames.get(id) ?? [];
  }

  /** The projects that a resource has been in. */
  placesOf(urn: string): readonly Dated<string>[] {
    return this.#places.get(urn) ?? [];
  }

  clusterName(id: string): string {
    return this.#clusterNames.get(id) ?? '';
  }

  droplet(droplet: Droplet): void {
    const { id, name, size: item, region } = droplet;
    const home = this.#homeOf(droplet);
    const [kind, other] = home === null ? (['droplet', 'node'] as const) : (['node', 'droplet'] as const);
    const before = this.#open.get(`${other} ${id}`);
    if (before !== undefined) this.#turn(before);
    const from = before === undefined ? droplet.createdAt : this.#world.now;
    this.#put({ kind, id: String(id), region, name, item, urn: `do:droplet:${id}`, from, ...home });
  }

  /** Of a droplet that is a worker: its cluster and pool, by the pool's list or by its tag. */
  #homeOf({ id, tags, size }: Droplet): { cluster: string; pool: string } | null {
    const clusters = this.#world.clusters.list();
    for (const { id: cluster, pools } of clusters) {
      const pool = pools.find(({ droplets }) => droplets.includes(id));
      if (pool !== undefined) return { cluster, pool: pool.id };
    }
    const tagged = clusters.find((cluster) => tags.includes(`k8s:${cluster.id}`));
    if (tagged === undefined) return null;
    const pool = tagged.pools.find((each) => each.size === size) ?? tagged.pools[0];
    return { cluster: tagged.id, pool: pool?.id ?? tagged.id };
  }

  cluster({ id, name, pools }: KubernetesCluster): void {
    this.#clusterNames.set(id, name);
    const listed = pools.flatMap(({ droplets }) => droplets);
    for (const droplet of new Set([...listed, ...this.#nodesOf(id)])) this.#again(droplet);
  }

  #nodesOf(cluster: string): number[] {
    const nodes = [...this.#open.values()].filter(({ kind }) => kind === 'node');
    return nodes.filter(({ levels }) => levels.at(-1)?.value.cluster === cluster).map(({ id }) => Number(id));
  }

  /** A droplet whose cluster is another than before. */
  #again(id: number): void {
    const droplet = this.#world.droplets.get(id);
    if (droplet !== undefined) this.droplet(droplet);
  }

  backup({ droplet, createdAt }: Backup, plan: 'weekly' | 'daily'): void {
    this.backups.push({ droplet: String(droplet), plan, at: createdAt, writtenAt: this.#world.now });
  }

  snapshot({ id, name, sizeGb, regions, resourceType }: Snapshot, from: Ms): void {
    const kind = resourceType === 'droplet' ? 'droplet_snapshot' : 'volume_snapshot';
    this.#put({ kind, id, name, region: regions[0] as string, urn: null, item: kind, units: millionths(sizeGb), from });
  }

  customImage({ id, name, sizeGb, regions }: CustomImage): void {
    const kind = 'custom_image';
    const region = regions[0] as string;
    this.#put({ kind, id: String(id), name, region, urn: null, item: kind, units: millionths(sizeGb) });
  }

  volume({ id, name, sizeGb, region, tags }: Volume): void {
    const kind = 'volume';
    const cluster = this.#clusterOf(tags);
    this.#put({ kind, id, name, region, urn: `do:volume:${id}`, item: kind, units: sizeGb * ONE, cluster });
  }

  loadBalancer({ id, name, kind: item, region, nodes, tag }: LoadBalancer): void {
    const urn = `do:loadbalancer:${id}`;
    const cluster = this.#clusterOf([tag]);
    this.#put({ kind: 'load_balancer', id, name, region, urn, item, units: nodes * ONE, cluster });
  }

  #clusterOf(tags: readonly string[]): string | null {
    return this.#world.clusters.list().find(({ id }) => tags.includes(`k8s:${id}`))?.id ?? null;
  }

  /** Free while it is on a droplet, and of version 6. */
  reservedIp(reserved: ReservedIp): void {
    const { ip, region, droplet } = reserved;
    const kind = 'reserved_ip';
    // An action that completes after the address was given back changes nothing.
    if (this.#world.reservedIps.get(ip) !== reserved) return;
    if (droplet === null) this.#put({ kind, id: ip, name: ip, region, urn: `do:floatingip:${ip}`, item: kind });
    else this.#close(`${kind} ${ip}`);
  }

  database({ id, name, region, size: item, nodes }: DatabaseCluster): void {
    this.#put({ kind: 'database', id, name, region, urn: `do:dbaas:${id}`, item, units: nodes * ONE });
  }

  app({ id, name, region }: App): void {
    this.#put({ kind: 'app', id, name, region, urn: `do:app:${id}`, item: 'apps-s-1vcpu-0.5gb' });
  }

  bucket({ name, region, bytes }: Bucket): void {
    this.hadBuckets = true;
    this.#put({ kind: 'bucket', id: name, name, region, urn: `do:space:${name}`, item: 'bucket', units: bytes });
    this.#put({ kind: 'spaces', id: 'spaces', name: 'Spaces', region: '', urn: null, item: 'spaces' });
  }

  subscription(plan: string, count: number): void {
    if (count === 0) return this.#close(`subscription ${plan}`);
    const units = count * ONE;
    this.#put({ kind: 'subscription', id: plan, name: plan, region: '', urn: null, item: plan, units });
  }

  transfer(source: 'droplet' | 'bucket', bytes: number): void {
    this.transfers.push({ source, bytes, at: this.#world.now });
  }

  gone(kind: Kind, id: string): void {
    if (kind === 'kubernetes_cluster') for (const node of this.#nodesOf(id)) this.#again(node);
    for (const charged of chargedAs[kind] ?? []) this.#close(`${charged} ${id}`);
    // Spaces cost something for as long as there is any bucket.
    if (kind === 'bucket' && this.#world.buckets.list().length === 0) this.#close('spaces spaces');
  }

  price(size: string, cents: number, seconds: number): void {
    this.pricesOf(size);
    setFrom(this.#prices.get(size) ?? [], this.#world.now, { cents, seconds });
  }

  projectName(id: string, name: string): void {
    note(this.#projectNames, id, this.#world.now, name);
  }

  place(urn: string, project: string): void {
    // Zones, and what is known from its URN only, cost nothing: nobody will ask.
    if (billedUrns.has(urn.split(':', 2).join(':'))) note(this.#places, urn, this.#world.now, project);
  }

  /** Opens a charge, or says how it is from now on. */
  #put(opening: Opening): void {
    const { kind, id, region, urn, name, item, units = ONE, cluster = null, pool = null } = opening;
    const { now } = this.#world;
    const key = `${kind} ${id}`;
    const level: Level = { item, units, cluster, pool };
    const open = this.#open.get(key);
    if (open === undefined) {
      const from = opening.from ?? now;
      const names = [{ at: from, value: name }];
      const levels = [{ at: from, value: level }];
      const charge: Charge = { kind, id, region, urn, writtenAt: now, levels, names, closedAt: null };
      this.#open.set(key, charge);
      this.charges.push(charge);
      return;
    }
    setFrom(open.names, now, name);
    if (!sameLevel(open.levels.at(-1)?.value, level)) setFrom(open.levels, now, level);
  }

  #close(key: string): void {
    const charge = this.#open.get(key);
    if (charge === undefined) return;
    charge.closedAt = this.#world.now;
    this.#open.delete(key);
  }

  /** Ends a charge whose thing goes on as another: at the same instant, it has never been. */
  #turn(charge: Charge): void {
    this.#close(`${charge.kind} ${charge.id}`);
    if (charge.levels[0]?.at === charge.closedAt) this.charges.splice(this.charges.lastIndexOf(charge), 1);
  }
}

const billedUrns: ReadonlySet<string> = new Set(
  (
    ['droplet', 'volume', 'reserved_ip', 'load_balancer', 'database', 'kubernetes_cluster', 'app', 'bucket'] as const
  ).map((kind) => `do:${urnTypes[kind]}`),
);

function note(histories: Map<string, Dated<string>[]>, key: string, at: Ms, value: string): void {
  const history = histories.get(key);
  if (history === undefined) histories.set(key, [{ at, value }]);
  else setFrom(history, at, value);
}

function sameLevel(a: Level | undefined, b: Level): boolean {
  return a?.item === b.item && a.units === b.units && a.cluster === b.cluster && a.pool === b.pool;
}

function millionths(amount: number): number {
  return Math.round(amount * ONE);
}
