import type { Effects } from './effects.ts';
import { type World, urnOf } from './world.ts';

/** What a new database of an engine has. */
const firstVersions = { pg: '17', mysql: '8', valkey: '8', mongodb: '8.0' } as const;

/** Projects, managed services, and what has only a URN. */
export const serviceEffects: Effects<
  | 'create_project'
  | 'rename_project'
  | 'describe_project'
  | 'create_database'
  | 'resize_database'
  | 'upgrade_database'
  | 'set_trusted_sources'
  | 'create_kubernetes_cluster'
  | 'set_cluster_nodes'
  | 'set_node_pools'
  | 'create_app'
  | 'create_other'
  | 'destroy_other'
  | 'move'
  | 'tag'
  | 'untag'
> = {
  create_project(world, event) {
    const id = event.id ?? world.nextUuid();
    const { name, description, purpose, environment, isDefault } = event;
    const times = { createdAt: world.now, updatedAt: world.now };
    world.projects.add(id, { id, name, description, purpose, environment, isDefault, ...times, resources: new Map() });
    world.charges.projectName(id, name);
    return id;
  },

  rename_project(world, event) {
    const project = world.projects.get(event.id);
    if (project === undefined) return;
    project.name = event.name;
    world.charges.projectName(event.id, event.name);
    project.updatedAt = world.now;
    world.projects.touch();
  },

  describe_project(world, { id, description, purpose, environment }) {
    const project = world.projects.get(id);
    if (project === undefined) return;
    Object.assign(project, { description, purpose, environment, updatedAt: world.now });
    world.projects.touch();
  },

  create_database(world, event) {
    world.useRegion(event.region);
    const id = event.id ?? world.nextUuid();
    const { name, engine, region, size, nodes } = event;
    const database = {
      id,
      name,
      engine,
      version: firstVersions[engine],
      trusted: [],
      region,
      size,
      nodes,
      tags: world.spell(event.tags),
      createdAt: world.now,
    };
    world.databases.add(id, database);
    world.charges.database(database);
    world.assign(urnOf('database', id) as string, event.project);
    return id;
  },

  resize_database(world, event) {
    const database = world.databases.get(event.database);
    if (database === undefined) return;
    database.size = event.size;
    database.nodes = event.nodes;
    world.charges.database(database);
    world.databases.touch();
  },

  upgrade_database(world, event) {
    const database = world.databases.get(event.database);
    if (database === undefined) return;
    database.version = event.version;
    world.databases.touch();
  },

  set_trusted_sources(world, event) {
    const database = world.databases.get(event.database);
    if (database === undefined) return;
    database.trusted = event.sources.map(({ type, value }) => {
      const known = database.trusted.find((source) => source.type === type && source.value === value);
      return known ?? { id: world.nextUuid(), type, value, createdAt: world.now };
    });
    world.databases.touch();
  },

  create_kubernetes_cluster(world, event) {
    world.useRegion(event.region);
    const id = event.id ?? world.nextUuid();
    const { name, region, size, droplets } = event;
    const pool = { id: world.nextUuid(), name: 'default-pool', size, droplets, labels: {}, autoScale: null };
    const tags = ['k8s', `k8s:${id}`];
    const cluster = { id, name, region, pools: [pool], tags, createdAt: world.now };
    world.clusters.add(id, cluster);
    world.charges.cluster(cluster);
    world.assign(urnOf('kubernetes_cluster', id) as string, event.project);
    return id;
  },

  set_cluster_nodes(world, event) {
    const cluster = world.clusters.get(event.cluster);
    if (cluster === undefined) return;
    cluster.pools = cluster.pools.map((pool, index) => (index === 0 ? { ...pool, droplets: event.droplets } : pool));
    world.charges.cluster(cluster);
    world.clusters.touch();
  },

  set_node_pools(world, event) {
    const cluster = world.clusters.get(event.cluster);
    if (cluster === undefined) return;
    cluster.pools = event.pools.map((pool) => {
      const known = cluster.pools.find(({ name }) => name === pool.name);
      return { id: known?.id ?? world.nextUuid(), ...pool };
    });
    world.charges.cluster(cluster);
    world.clusters.touch();
  },

  create_app(world, event) {
    const id = event.id ?? world.nextUuid();
    const app = { id, name: event.name, region: event.region, createdAt: world.now };
    world.apps.add(id, app);
    world.charges.app(app);
    world.assign(urnOf('app', id) as string, event.project);
    return id;
  },

  create_other(world, event) {
    world.assign(event.urn, event.project);
    return event.urn;
  },

  destroy_other(world, event) {
    world.release(event.urn);
  },

  move(world, event) {
    if (world.projectOf(event.urn) !== undefined) world.assign(event.urn, event.project);
  },

  tag(world, { kind, id, tags }) {
    retag(world, kind, id, (before) => [...new Set([...before, ...world.spell(tags)])]);
  },

  untag(world, { kind, id, tags }) {
    retag(world, kind, id, (before) => before.filter((tag) => !world.spell(tags).includes(tag)));
  },
};

type Taggable = 'droplet' | 'volume' | 'snapshot' | 'database' | 'kubernetes_cluster' | 'firewall';

function retag(
  world: World,
  kind: Taggable,
  id: string | number,
  change: (before: readonly string[]) => readonly string[],
): void {
  const text = String(id);
  const [collection, item] = {
    droplet: () => [world.droplets, world.droplets.get(Number(id))] as const,
    volume: () => [world.volumes, world.volumes.get(text)] as const,
    snapshot: () => [world.snapshots, world.snapshots.get(text)] as const,
    database: () => [world.databases, world.databases.get(text)] as const,
    kubernetes_cluster: () => [world.clusters, world.clusters.get(text)] as const,
    firewall: () => [world.firewalls, world.firewalls.get(text)] as const,
  }[kind]();
  if (item === undefined) return;
  item.tags = change(item.tags);
  collection.touch();
  const droplet = kind === 'droplet' ? world.droplets.get(Number(id)) : undefined;
  if (droplet !== undefined) world.charges.droplet(droplet);
}
