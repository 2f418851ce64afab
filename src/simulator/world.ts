import { type Charges, unbilled } from './billing/charges.ts';
import { regionSlugs, type Size, sizes } from './catalogue.ts';
import { Collection } from './collection.ts';
import type {
  Action,
  App,
  Backup,
  CustomImage,
  Bucket,
  Certificate,
  DatabaseCluster,
  Domain,
  Droplet,
  Firewall,
  KubernetesCluster,
  LoadBalancer,
  Project,
  ReservedIp,
  Snapshot,
  SshKey,
  Tag,
  Volume,
  Vpc,
} from './entities.ts';
import { type Kind, urnTypes } from './events.ts';
import { Random } from './random.ts';
import { type Ms, SECOND } from './time.ts';

/** Where the numbers of automatic ids begin; scripts give ids of their own below these. */
const FIRST_OWN_ID = 900_000_001;
const FIRST_ACTION_ID = 2_100_000_001;
const FIRST_RECORD_ID = 1_700_000_001;

interface AccountLimits {
  readonly droplets: number;
  readonly reservedIps: number;
  readonly volumes: number;
}

/**
 * What the provider holds at one instant. It changes only through effects.ts, in the order
 * of time, and holds no randomness but what its seed gives: the same events make the same world.
 */
export class World {
  readonly projects = new Collection<string, Project>();
  readonly droplets = new Collection<number, Droplet>();
  readonly domains = new Collection<string, Domain>();
  readonly volumes = new Collection<string, Volume>();
  readonly reservedIps = new Collection<string, ReservedIp>();
  readonly reservedIpv6s = new Collection<string, ReservedIp>();
  readonly firewalls = new Collection<string, Firewall>();
  readonly loadBalancers = new Collection<string, LoadBalancer>();
  readonly snapshots = new Collection<string, Snapshot>();
  readonly backups = new Collection<number, Backup>();
  readonly customImages = new Collection<number, CustomImage>();
  readonly databases = new Collection<string, DatabaseCluster>();
  readonly clusters = new Collection<string, KubernetesCluster>();
  readonly apps = new Collection<string, App>();
  readonly certificates = new Collection<string, Certificate>();
  readonly vpcs = new Collection<string, Vpc>();
  readonly buckets = new Collection<string, Bucket>();
  /** Those that were made for themselves, by their names in lower case. */
  readonly tags = new Collection<string, Tag>();
  readonly keys = new Collection<number, SshKey>();
  /** What is for sale; droplets may have a size that is no longer. */
  readonly sizes = new Collection<string, Size>();
  /** In the order in which they started. */
  readonly actions: Action[] = [];
  /** Writes down what costs money; nobody does until a bill is asked for. */
  charges: Charges = unbilled;
  /** Grows when an action starts or completes. */
  actionVersion = 0;
  /** What the account may have at most. */
  limits: AccountLimits = { droplets: 200_000, reservedIps: 20_000, volumes: 100_000 };

  readonly seed: number;
  readonly accountUuid: string;
  readonly teamUuid: string;
  readonly #defaultVpcs: ReadonlyMap<string, string>;
  /** The instant of the event that is being applied, or up to which all have been. */
  now: Ms = Number.NEGATIVE_INFINITY;
  /** URN -> project. */
  readonly #homes = new Map<string, Project>();
  readonly #later: { readonly at: Ms; readonly effect: () => void }[] = [];
  readonly #random: Random;
  #nextId = FIRST_OWN_ID;
  #nextActionId = FIRST_ACTION_ID;
  #nextRecordId = FIRST_RECORD_ID;
  #nextIp = 0;

  /** Each tag in the spelling in which it came first: the provider tells no case apart. */
  readonly #spellings = new Map<string, string>();

  constructor(seed: number) {
    this.seed = seed;
    const fixed = new Random(seed, 'account');
    this.accountUuid = fixed.uuid();
    this.teamUuid = fixed.uuid();
    this.#defaultVpcs = new Map(regionSlugs.map((region) => [region, fixed.uuid()]));
    this.#random = new Random(seed, 'world');
    for (const [slug, size] of sizes) this.sizes.add(slug, size);
  }

  spell(tags: readonly string[]): readonly string[] {
    return tags.map((tag) => {
      const key = tag.toLowerCase();
      const spelling = this.#spellings.get(key) ?? tag;
      this.#spellings.set(key, spelling);
      return spelling;
    });
  }

  /** The private network that a region has by default. */
  vpcUuid(region: string): string {
    return this.#defaultVpcs.get(region) as string;
  }

  /** Whatever first comes to be in a region brings its default network with it. */
  useRegion(region: string): void {
    const id = this.vpcUuid(region);
    if (this.vpcs.get(id) !== undefined) return;
    const network = { ipRange: `10.${100 + regionSlugs.indexOf(region)}.0.0/20`, isDefault: true, createdAt: this.now };
    const membersUntil = Number.NEGATIVE_INFINITY;
    this.vpcs.add(id, { id, name: `default-${region}`, description: '', region, ...network, membersUntil });
  }

  /** An id that no script gives. */
  nextId(): number {
    return this.#nextId++;
  }

  nextRecordId(): number {
    return this.#nextRecordId++;
  }

  nextUuid(): string {
    return this.#random.uuid();
  }

  /** The how many-th address this is; addresses are never given twice. */
  nextIp(): number {
    return this.#nextIp++;
  }

  /** When the next effect of an action in progress is due. */
  get nextEffectAt(): Ms {
    return this.#later[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Lets the earliest effect take place. */
  completeNext(): void {
    const next = this.#later.shift();
    if (next === undefined) return;
    this.now = next.at;
    next.effect();
  }

  /** `effect` takes place when the clock gets to `at`; at once when it is there. */
  schedule(at: Ms, effect: () => void): void {
    if (at <= this.now) return effect();
    // Few are in progress at a time, and most new ones end last: looked for from the end.
    let i = this.#later.length;
    while (i > 0 && (this.#later[i - 1] as { at: Ms }).at > at) i--;
    this.#later.splice(i, 0, { at, effect });
  }

  /** Records an action that starts now, and lets `effect` take place when it completes, or is told that it erred. */
  act(
    action: {
      type: string;
      resourceType: string;
      resourceId: number | null;
      about?: string;
      region: string;
      seconds: number;
    },
    effect: (errored: boolean) => void,
  ): void {
    const { seconds, about = null, ...rest } = action;
    const completedAt = this.now + seconds * SECOND;
    const begun: Action = {
      id: this.#nextActionId++,
      ...rest,
      about,
      startedAt: this.now,
      completedAt,
      errored: false,
    };
    this.actions.push(begun);
    this.actionVersion++;
    this.schedule(completedAt, () => {
      this.actionVersion++;
      effect(begun.errored);
    });
  }

  get defaultProject(): Project {
    const project = this.projects.view('default', (p) => p.isDefault)[0];
    if (project === undefined) throw new Error('a fleet begins with its default project');
    return project;
  }

  projectOf(urn: string): Project | undefined {
    return this.#homes.get(urn);
  }

  /** Puts a resource into a project, out of the one that held it. An unknown project is the default one. */
  assign(urn: string, projectId: string | undefined): void {
    const project = (projectId === undefined ? undefined : this.projects.get(projectId)) ?? this.defaultProject;
    const before = this.#homes.get(urn);
    if (before === project) return;
    before?.resources.delete(urn);
    project.resources.set(urn, this.now);
    this.#homes.set(urn, project);
    this.projects.touch();
    this.charges.place(urn, project.id);
  }

  release(urn: string): void {
    this.#homes.get(urn)?.resources.delete(urn);
    this.#homes.delete(urn);
    this.projects.touch();
  }
}

/** `do:droplet:123`; null for what projects do not hold. */
export function urnOf(kind: Kind, id: string | number): string | null {
  const type = urnTypes[kind];
  return type === null ? null : `do:${type}:${id}`;
}
