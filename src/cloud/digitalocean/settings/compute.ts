import type { Json } from '../../provider.ts';
import {
  flag,
  idText,
  list,
  network,
  number,
  object,
  setOf,
  type SettingsDraft,
  tagSet,
  text,
  timeOfDay,
  within,
  word,
} from './canonical.ts';

type Said = Readonly<Record<string, unknown>>;

const dropletFeatures = ['backups', 'monitoring', 'ipv6', 'private_networking', 'droplet_agent'] as const;

/**
 * `image` is the image's slug, which moves on to newer builds and is no longer told of old ones; `image_id` the
 * build itself. The backup policy is not in the listing.
 */
export function readDropletSettings(draft: SettingsDraft, said: Said): void {
  const features = setOf(said['features'], word);
  const image = object(said['image']);
  draft.setAll({
    size: word(said['size_slug']),
    image: word(image['slug']),
    image_id: idText(image['id']),
    vpc: word(said['vpc_uuid']),
  });
  for (const feature of dropletFeatures) draft.set(feature, features?.includes(feature));
  // One without backups has no policy.
  if (features === undefined || features.includes('backups')) draft.setGroup('backup_policy', undefined);
}

export function readDatabaseSettings(draft: SettingsDraft, said: Said): void {
  const engine = word(said['engine']);
  const maintenance = object(said['maintenance_window']);
  draft.setAll({
    // Redis has become Valkey, without anybody's doing.
    engine: engine === 'redis' ? 'valkey' : engine,
    version: text(said['version']),
    size: word(said['size']),
    nodes: number(said['num_nodes']),
    storage_size_mib: number(said['storage_size_mib']),
    vpc: word(said['private_network_uuid']),
    project: word(said['project_id']),
    trusted_sources: setOf(said['rules'], trustedSource),
    'maintenance/day': word(maintenance['day']),
    'maintenance/hour': timeOfDay(maintenance['hour']),
  });
}

/** `ip_addr:10.0.0.1/32`, `tag:web`, `droplet:17`, `k8s:...`, `app:...` */
function trustedSource(rule: unknown): string | undefined {
  const said = object(rule);
  const type = word(said['type']);
  const value = type === 'ip_addr' ? network(said['value']) : word(said['value']);
  return type === undefined || value === undefined ? undefined : `${type}:${value}`;
}

export function readKubernetesClusterSettings(draft: SettingsDraft, said: Said): void {
  const maintenance = object(said['maintenance_policy']);
  draft.setAll({
    version: text(said['version']),
    auto_upgrade: flag(said['auto_upgrade']),
    surge_upgrade: flag(said['surge_upgrade']),
    ha: flag(said['ha']),
    registry_enabled: flag(said['registry_enabled']),
    cluster_subnet: network(said['cluster_subnet']),
    service_subnet: network(said['service_subnet']),
    vpc: word(said['vpc_uuid']),
    'maintenance/day': word(maintenance['day']),
    'maintenance/start_time': timeOfDay(maintenance['start_time']),
  });
  draft.setGroup(
    'control_plane_firewall',
    within(said['control_plane_firewall'], ({ enabled, allowed_addresses: allowed }) => ({
      enabled: flag(enabled),
      allowed_addresses: setOf(allowed ?? [], network),
    })),
  );
  draft.setGroup('pool', pools(said['node_pools']));
}

/** By the pool's name. The bounds of an autoscaler are told where there is one. */
function pools(value: unknown): Record<string, Json | undefined> | undefined {
  const found: Record<string, Json | undefined> = {};
  for (const pool of list(value) ?? []) {
    const said = object(pool);
    const name = text(said['name']);
    if (name === undefined) return undefined;
    const autoScale = flag(said['auto_scale']);
    const values: Record<string, Json | undefined> = {
      size: word(said['size']),
      count: number(said['count']),
      auto_scale: autoScale,
      ...(autoScale !== false && { min_nodes: number(said['min_nodes']), max_nodes: number(said['max_nodes']) }),
      tags: ownTags(said['tags']),
      labels: (said['labels'] ?? {}) as Json,
      taints: setOf(said['taints'] ?? [], (taint) => {
        const { key, value: held, effect } = object(taint);
        return `${text(key) ?? ''}=${text(held) ?? ''}:${text(effect) ?? ''}`;
      }),
    };
    for (const [key, each] of Object.entries(values)) found[`${name}/${key}`] = each;
  }
  return list(value) === undefined ? undefined : found;
}

/** Without those that Kubernetes and tools put there themselves. */
export function ownTags(value: unknown): string[] | undefined {
  return tagSet(value)?.filter((tag) => !/^(?:k8s$|k8s[:-]|terraform:)/.test(tag));
}

const componentKinds = ['services', 'workers', 'jobs', 'static_sites', 'functions'] as const;

/** What an app consists of. The values of its environment are secrets, and read by nobody. */
export function readAppSettings(draft: SettingsDraft, said: Said): void {
  const { spec } = said;
  const isTold = typeof spec === 'object' && spec !== null;
  const held = object(spec);
  draft.set('project', word(said['project_id']));
  draft.set('tier', word(said['tier_slug']));
  if (!isTold) draft.set('domains', undefined);
  else
    draft.set(
      'domains',
      setOf(held['domains'] ?? [], (domain) => word(object(domain)['domain'])),
    );
  const components: Record<string, Json | undefined> = {};
  for (const kind of componentKinds) {
    for (const component of list(held[kind]) ?? []) {
      const each = object(component);
      const place = `${kind}/${text(each['name']) ?? ''}`;
      components[place] = true;
      // Defaults that are filled in at will are no settings: only what is there.
      if (each['instance_count'] !== undefined) components[`${place}/instance_count`] = number(each['instance_count']);
      if (each['instance_size_slug'] !== undefined)
        components[`${place}/instance_size_slug`] = word(each['instance_size_slug']);
      if (each['http_port'] !== undefined) components[`${place}/http_port`] = number(each['http_port']);
    }
  }
  draft.setGroup('component', isTold ? components : undefined);
}
