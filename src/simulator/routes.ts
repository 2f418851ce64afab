import { billingRoutes } from './billing/routes.ts';
import { regions, sizeOf } from './catalogue.ts';
import type { Collection } from './collection.ts';
import type { Action, DnsRecord, Droplet } from './entities.ts';
import { associatedView } from './views-associated.ts';
import { membersOf } from './members.ts';
import { image, images } from './images.ts';
import { ipv4Number } from './ip.ts';
import type { Ms } from './time.ts';
import * as services from './views-services.ts';
import type { Lens, View } from './views.ts';
import * as views from './views.ts';
import type { World } from './world.ts';

/** What the simulator answers to, as the provider's description has it: one route per path. */

interface Common {
  /** `/v2/droplets/{id}` */
  readonly path: string;
  readonly scope: string;
  /** Grows whenever an answer could have changed; null: with every tick of the clock. */
  readonly version: ((world: World) => number) | null;
  /** It depends on more than the world and the clock. */
  readonly uncached?: boolean;
}

export interface ListRoute extends Common {
  readonly type: 'list';
  readonly key: string;
  /** What is listed, in an order that stays; null: what it hangs on is not there; `invalid`: what was asked makes no sense. */
  readonly items: (lens: Lens, query: URLSearchParams, id: string) => Sequence | 'invalid' | null;
  readonly view: (item: never, lens: Lens) => View;
  /** An object by this property, not an array. */
  readonly keyedBy?: string;
  /** The provider sends the whole list, without `links` and `meta`. */
  readonly unpaged?: boolean;
  /** Takes place once for each page that is read, before it is made. */
  readonly reads?: (lens: Lens, page: number, id: string) => void;
  /** What stands beside the list. */
  readonly beside?: (lens: Lens) => View;
  /** `total_items`, `total_pages` and `current_page` in place of `links` and `meta`. */
  readonly counts?: 'items';
}

/** What is no JSON. */
export interface FileRoute extends Common {
  readonly type: 'file';
  readonly find: (lens: Lens, id: string) => { type: string; name: string; body: string | Buffer } | null;
}

export interface OneRoute extends Common {
  readonly type: 'one';
  /** Null: the thing is the whole answer. */
  readonly key: string | null;
  readonly find: (lens: Lens, id: string) => View | null;
}

type Route = ListRoute | OneRoute | FileRoute;

/** A list that is read by position, so that a page costs a page. */
export interface Sequence {
  readonly length: number;
  at(index: number): unknown;
}

type Versioned = { readonly version: number };

const sum = (of: (world: World) => readonly Versioned[]) => (world: World) =>
  of(world).reduce((total, { version }) => total + version, 0);

/** Both routes of a resource whose id is a text: the listing, and one by its id. */
function resource<T>(given: {
  readonly path: string;
  readonly scope: string;
  /** Plural and singular, as the answers' keys. */
  readonly keys: readonly [string, string];
  readonly collection: (world: World) => Collection<string, T>;
  readonly view: (item: T, lens: Lens) => View;
  /** Query parameters that filter, by what they are compared with. */
  readonly filters?: Readonly<Record<string, (item: T, value: string) => boolean>>;
  /** What else the view shows. */
  readonly shows?: (world: World) => readonly Versioned[];
  readonly unpaged?: boolean;
}): Route[] {
  const { path, scope, keys, collection, view, filters = {}, shows = () => [], unpaged } = given;
  const version = sum((world) => [collection(world), ...shows(world)]);
  const items = ({ world }: Lens, query: URLSearchParams) => {
    const tests = Object.entries(filters).flatMap(([name, test]) => {
      const value = query.get(name);
      return value === null ? [] : [(item: T) => test(item, value)];
    });
    const all = collection(world).list();
    return tests.length === 0 ? all : all.filter((item) => tests.every((test) => test(item)));
  };
  const find = (lens: Lens, id: string) => {
    const item = collection(lens.world).get(id);
    return item === undefined ? null : view(item, lens);
  };
  return [
    { path, scope, version, type: 'list', key: keys[0], items, view, ...(unpaged && { unpaged }) },
    { path: `${path}/{id}`, scope, version, type: 'one', key: keys[1], find },
  ];
}

const ofProjects = (world: World) => [world.projects];
const ofDroplets = (world: World) => [world.droplets];

const isGpu = (droplet: Droplet) => sizeOf(droplet.size).gpu_info !== undefined;

/** Without `type=gpus`, the provider leaves GPU droplets out. */
function droplets({ world }: Lens, query: URLSearchParams): readonly Droplet[] {
  const gpus = query.get('type') === 'gpus';
  const listed = world.droplets.view(gpus ? 'gpus' : 'cpus', (droplet) => isGpu(droplet) === gpus);
  const tag = query.get('tag_name');
  const name = query.get('name');
  if (tag === null && name === null) return listed;
  return listed.filter((d) => (tag === null || d.tags.includes(tag)) && (name === null || d.name === name));
}

/** Newest first. */
function actions({ world, actionsLag, actionsUnordered }: Lens): Sequence {
  const isHidden = ({ startedAt, resourceType, resourceId }: Action) =>
    actionsLag.some(
      ({ by, droplet }) =>
        startedAt > world.now - by && (droplet === null || (resourceType === 'droplet' && resourceId === droplet)),
    );
  let shown: readonly Action[] = world.actions;
  if (actionsLag.length > 0) shown = shown.filter((each) => !isHidden(each));
  const completed = ({ completedAt }: Action) => (completedAt > world.now ? Number.NEGATIVE_INFINITY : completedAt);
  if (actionsUnordered) shown = shown.toSorted((a, b) => completed(a) - completed(b));
  const { length } = shown;
  return { length, at: (i) => shown[length - 1 - i] };
}

function action(lens: Lens, id: string): View | null {
  const found: Action | undefined = lens.world.actions.findLast((a) => String(a.id) === id);
  return found === undefined ? null : views.actionView(found, lens);
}

/** The scope that shows what a URN names. What is newer than this list needs none. */
const scopeByUrnType: Readonly<Record<string, string>> = {
  droplet: 'droplet:read',
  domain: 'domain:read',
  volume: 'block_storage:read',
  floatingip: 'reserved_ip:read',
  loadbalancer: 'load_balancer:read',
  dbaas: 'database:read',
  kubernetes: 'kubernetes:read',
  app: 'app:read',
};

function projectResources({ world, hiddenScopes }: Lens, id: string): readonly (readonly [string, Ms])[] | null {
  const project = id === 'default' ? world.defaultProject : world.projects.get(id);
  if (project === undefined) return null;
  const all = [...project.resources];
  if (hiddenScopes.size === 0) return all;
  return all.filter(([urn]) => !hiddenScopes.has(scopeByUrnType[urn.split(':')[1] as string] ?? ''));
}

/** A record's whole name, by which records are asked for. */
function hostOf({ name }: DnsRecord, domain: string): string {
  return name === '@' ? domain : `${name}.${domain}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whatever its case, and as a path has it. */
export function findTag(world: World, tag: string): View | null {
  const wanted = unescaped(tag).toLowerCase();
  return tagsOf(world).find(({ name }) => (name as string).toLowerCase() === wanted) ?? null;
}

/** The tags in use, as the provider shows them: with how much carries each. */
function tagsOf(world: World): readonly View[] {
  const all = [world.droplets, world.volumes, world.snapshots, world.databases, world.clusters];
  const counts = new Map<string, number>();
  for (const collection of all)
    for (const { tags } of collection.list()) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  for (const { name } of world.tags.list()) if (!counts.has(name)) counts.set(name, 0);
  return [...counts].map(([name, count]) => ({ name, resources: { count } }));
}

/** Newest first. */
function actionsOf(world: World, type: string, id: number): readonly Action[] {
  return world.actions
    .filter(({ resourceType, resourceId }) => resourceType === type && resourceId === id)
    .toReversed();
}

/** One of a resource's own actions, by both their ids: `7/2100000001`. */
function oneAction(lens: Lens, ids: string, isAbout: (action: Action, id: string) => boolean): View | null {
  const [id = '', own] = ids.split('/');
  const found = lens.world.actions.findLast((each) => String(each.id) === own && isAbout(each, id));
  return found === undefined ? null : views.actionView(found, lens);
}

/** By its number, or by its fingerprint. */
function key({ world }: Lens, id: string): View | null {
  const found = world.keys.list().find((each) => String(each.id) === id || each.fingerprint === id);
  return found === undefined ? null : services.keyView(found);
}

const dropletVersion = sum((world) => [world.droplets, world.sizes]);
const imageVersion = sum((world) => [world.snapshots, world.backups, world.customImages]);
const actionVersion = (world: World) => world.actionVersion;
const never = () => 0;

/** Of the account, whose name is the fleet's. */
function accountRoutes(fleet: string): readonly Route[] {
  return [
    {
      path: '/v2/account',
      scope: 'account:read',
      version: never,
      type: 'one',
      key: 'account',
      find: (lens) => services.accountView(lens, fleet),
    },
    {
      path: '/v2/account/keys',
      scope: 'ssh_key:read',
      version: sum((world) => [world.keys]),
      type: 'list',
      key: 'ssh_keys',
      items: ({ world }) => world.keys.list(),
      view: services.keyView,
    },
    {
      path: '/v2/account/keys/{id}',
      scope: 'ssh_key:read',
      version: sum((world) => [world.keys]),
      type: 'one',
      key: 'ssh_key',
      find: key,
    },
    ...billingRoutes(fleet),
  ];
}

const projectRoutes: readonly Route[] = [
  {
    path: '/v2/projects/default',
    scope: 'project:read',
    version: sum(ofProjects),
    type: 'one',
    key: 'project',
    find: (lens) => views.projectView(lens.world.defaultProject, lens),
  },
  ...resource({
    path: '/v2/projects',
    scope: 'project:read',
    keys: ['projects', 'project'],
    collection: (w) => w.projects,
    view: views.projectView,
  }),
  {
    path: '/v2/projects/{id}/resources',
    scope: 'project:read',
    version: sum(ofProjects),
    type: 'list',
    key: 'resources',
    items: (lens, _, id) => projectResources(lens, id),
    view: views.projectResourceView,
  },
];

const dropletRoutes: readonly Route[] = [
  {
    path: '/v2/droplets',
    scope: 'droplet:read',
    version: dropletVersion,
    type: 'list',
    key: 'droplets',
    items: droplets,
    view: views.dropletView,
  },
  {
    path: '/v2/droplets/backups/policies',
    scope: 'droplet:read',
    version: dropletVersion,
    type: 'list',
    key: 'policies',
    keyedBy: 'droplet_id',
    items: ({ world }) => world.droplets.list(),
    view: views.backupPolicyView,
  },
  {
    path: '/v2/droplets/{id}',
    scope: 'droplet:read',
    version: dropletVersion,
    type: 'one',
    key: 'droplet',
    find(lens, id) {
      const droplet = lens.world.droplets.get(Number(id));
      return droplet === undefined ? null : views.dropletView(droplet, lens);
    },
  },
  {
    path: '/v2/droplets/{id}/backups/policy',
    scope: 'droplet:read',
    version: dropletVersion,
    type: 'one',
    key: 'policy',
    find(lens, id) {
      const droplet = lens.world.droplets.get(Number(id));
      return droplet === undefined ? null : views.backupPolicyView(droplet);
    },
  },
  {
    path: '/v2/droplets/{id}/backups',
    scope: 'droplet:read',
    version: dropletVersion,
    type: 'list',
    key: 'backups',
    items: ({ world }, _, id) =>
      world.droplets.get(Number(id))?.backupIds.map((backup) => world.backups.get(backup)) ?? null,
    view: views.dropletBackupView,
  },
  {
    path: '/v2/droplets/{id}/actions',
    scope: 'droplet:read',
    version: actionVersion,
    type: 'list',
    key: 'actions',
    items: ({ world }, _, id) => (world.droplets.get(Number(id)) ? actionsOf(world, 'droplet', Number(id)) : null),
    view: views.actionView,
  },
  {
    path: '/v2/droplets/{id}/actions/{action}',
    scope: 'droplet:read',
    version: actionVersion,
    type: 'one',
    key: 'action',
    find: (lens, ids) =>
      oneAction(lens, ids, (each, id) => each.resourceType === 'droplet' && String(each.resourceId) === id),
  },
  {
    path: '/v2/droplets/{id}/destroy_with_associated_resources',
    scope: 'droplet:read',
    version: null,
    type: 'one',
    key: null,
    find(lens, id) {
      const droplet = lens.world.droplets.get(Number(id));
      return droplet === undefined ? null : associatedView(droplet, lens.world);
    },
  },
];

const imageRoutes: readonly Route[] = [
  {
    path: '/v2/images',
    scope: 'image:read',
    version: imageVersion,
    type: 'list',
    key: 'images',
    items: images,
    view: (listed: View) => listed,
  },
  { path: '/v2/images/{id}', scope: 'image:read', version: imageVersion, type: 'one', key: 'image', find: image },
  ...resource({
    path: '/v2/snapshots',
    scope: 'snapshot:read',
    keys: ['snapshots', 'snapshot'],
    collection: (w) => w.snapshots,
    view: views.snapshotView,
    filters: { resource_type: (snapshot, type) => snapshot.resourceType === type },
  }),
  ...resource({
    path: '/v2/volumes',
    scope: 'block_storage:read',
    keys: ['volumes', 'volume'],
    collection: (w) => w.volumes,
    view: views.volumeView,
    filters: { name: (volume, name) => volume.name === name, region: (volume, region) => volume.region === region },
  }),
  {
    path: '/v2/volumes/{id}/actions/{action}',
    scope: 'block_storage_action:read',
    version: actionVersion,
    type: 'one',
    key: 'action',
    find: (lens, ids) => oneAction(lens, ids, (each, id) => each.about === id),
  },
];

const networkRoutes: readonly Route[] = [
  ...resource({
    path: '/v2/domains',
    scope: 'domain:read',
    keys: ['domains', 'domain'],
    collection: (w) => w.domains,
    view: services.domainView,
  }),
  {
    path: '/v2/domains/{id}/records',
    scope: 'domain:read',
    version: sum((world) => [world.domains]),
    type: 'list',
    key: 'domain_records',
    items: ({ world }, query, id) => {
      const [name, type] = [query.get('name'), query.get('type')];
      const isMeant = (record: DnsRecord) =>
        (name === null || name === hostOf(record, id)) && (type === null || type === record.type);
      return world.domains.get(id)?.records.filter(isMeant) ?? null;
    },
    view: services.recordView,
  },
  {
    path: '/v2/domains/{id}/records/{record}',
    scope: 'domain:read',
    version: sum((world) => [world.domains]),
    type: 'one',
    key: 'domain_record',
    find({ world }, ids) {
      const [domain = '', record] = ids.split('/');
      const found = world.domains.get(domain)?.records.find(({ id }) => String(id) === record);
      return found === undefined ? null : services.recordView(found);
    },
  },
  ...resource({
    path: '/v2/reserved_ips',
    scope: 'reserved_ip:read',
    keys: ['reserved_ips', 'reserved_ip'],
    collection: (w) => w.reservedIps,
    view: views.reservedIpView,
    shows: (world) => [world.droplets, world.projects],
  }),
  {
    path: '/v2/reserved_ips/{id}/actions/{action}',
    scope: 'reserved_ip:read',
    version: actionVersion,
    type: 'one',
    key: 'action',
    find: (lens, ids) =>
      oneAction(lens, ids, (each, ip) => each.resourceType === 'reserved_ip' && each.resourceId === ipv4Number(ip)),
  },
  ...resource({
    path: '/v2/reserved_ipv6',
    scope: 'reserved_ip:read',
    keys: ['reserved_ipv6s', 'reserved_ipv6'],
    collection: (w) => w.reservedIpv6s,
    view: views.reservedIpv6View,
    shows: ofDroplets,
  }),
  ...resource({
    path: '/v2/firewalls',
    scope: 'firewall:read',
    keys: ['firewalls', 'firewall'],
    collection: (w) => w.firewalls,
    view: services.firewallView,
  }),
  ...resource({
    path: '/v2/load_balancers',
    scope: 'load_balancer:read',
    keys: ['load_balancers', 'load_balancer'],
    collection: (w) => w.loadBalancers,
    view: services.loadBalancerView,
    shows: ofProjects,
  }),
  ...resource({
    path: '/v2/vpcs',
    scope: 'vpc:read',
    keys: ['vpcs', 'vpc'],
    collection: (w) => w.vpcs,
    view: services.vpcView,
  }),
  {
    path: '/v2/vpcs/{id}/members',
    scope: 'vpc:read',
    version: null,
    type: 'list',
    key: 'members',
    items: ({ world }, query, id) => {
      const type = query.get('resource_type');
      return world.vpcs.get(id) === undefined
        ? null
        : membersOf(world, id).filter(({ urn }) => type === null || urn.startsWith(`do:${type}:`));
    },
    view: services.memberView,
  },
  ...resource({
    path: '/v2/certificates',
    scope: 'certificate:read',
    keys: ['certificates', 'certificate'],
    collection: (w) => w.certificates,
    view: services.certificateView,
  }),
];

const serviceRoutes: readonly Route[] = [
  ...resource({
    path: '/v2/databases',
    scope: 'database:read',
    keys: ['databases', 'database'],
    collection: (w) => w.databases,
    view: services.databaseView,
    filters: { tag_name: (database, tag) => database.tags.includes(tag) },
    shows: ofProjects,
    unpaged: true,
  }),
  ...resource({
    path: '/v2/kubernetes/clusters',
    scope: 'kubernetes:read',
    keys: ['kubernetes_clusters', 'kubernetes_cluster'],
    collection: (w) => w.clusters,
    view: services.clusterView,
    shows: ofDroplets,
  }),
  ...resource({
    path: '/v2/apps',
    scope: 'app:read',
    keys: ['apps', 'app'],
    collection: (w) => w.apps,
    view: services.appView,
    shows: ofProjects,
  }),
];

const otherRoutes: readonly Route[] = [
  {
    path: '/v2/actions',
    scope: 'actions:read',
    version: actionVersion,
    type: 'list',
    key: 'actions',
    items: actions,
    view: views.actionView,
  },
  {
    path: '/v2/actions/{id}',
    scope: 'actions:read',
    version: actionVersion,
    type: 'one',
    key: 'action',
    find: action,
  },
  {
    path: '/v2/tags',
    scope: 'tag:read',
    version: null,
    type: 'list',
    key: 'tags',
    items: ({ world }) => tagsOf(world),
    view: (tag: View) => tag,
  },
  {
    path: '/v2/tags/{tag}',
    scope: 'tag:read',
    version: null,
    type: 'one',
    key: 'tag',
    find: ({ world }, tag) => findTag(world, tag),
  },
  {
    path: '/v2/sizes',
    scope: 'sizes:read',
    version: sum((world) => [world.sizes]),
    type: 'list',
    key: 'sizes',
    items: ({ world }) => world.sizes.list(),
    view: (size: View) => size,
  },
  {
    path: '/v2/regions',
    scope: 'regions:read',
    version: never,
    type: 'list',
    key: 'regions',
    items: () => [...regions.values()],
    view: (region: View) => region,
  },
];

/** `fleet` names the account. */
export function routesOf(fleet: string): readonly Route[] {
  return [
    ...accountRoutes(fleet),
    ...projectRoutes,
    ...dropletRoutes,
    ...imageRoutes,
    ...networkRoutes,
    ...serviceRoutes,
    ...otherRoutes,
  ];
}

/** Finds the route for a path, and the id in it; several ids with a slash between them. Fixed paths come before those with an id. */
export function matcher(routes: readonly Route[]): (path: string) => { route: Route; id: string } | null {
  const fixedPaths = new Map(routes.filter((r) => !r.path.includes('{')).map((route) => [route.path, route]));
  const withId = routes
    .filter((route) => route.path.includes('{'))
    .map((route) => {
      // Only a URN, which stands among other ids, may be escaped.
      const pattern = route.path.replace('{id}', '([^/%]+)').replaceAll(/\{\w+\}/g, '([^/]+)');
      return { route, pattern: new RegExp(`^${pattern}$`) };
    });
  return (path) => {
    const fixed = fixedPaths.get(path);
    if (fixed !== undefined) return { route: fixed, id: '' };
    for (const { route, pattern } of withId) {
      const found = pattern.exec(path);
      if (found !== null) return { route, id: found.slice(1).join('/') };
    }
    return null;
  };
}
