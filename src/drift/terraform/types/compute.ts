import { canonical, readPolicySettings } from '../../../cloud/index.ts';
import { block, byAttribute, byId, type Fields, settings, type Told, type TypeReader } from '../reader.ts';

const { flag, idText, list, number, object, text, word } = canonical;

const features = ['backups', 'monitoring', 'ipv6'] as const;

/** Never compared, as nobody reads them again or they are set at creation alone: user_data, ssh_keys, droplet_agent, resize_disk. */
const droplet: TypeReader = {
  kind: 'droplet',
  schemaVersion: 1,
  identity: ['id'],
  written: {
    name: 'name',
    size: 'size',
    image: ['image', 'image_id'],
    tags: 'tags',
    backups: 'backups',
    monitoring: 'monitoring',
    ipv6: 'ipv6',
  },
  computed: { region: 'region', vpc_uuid: 'vpc', backup_policy: 'backup_policy/' },
  identify: byId,
  read(told) {
    const { name, region, size, tags, vpc_uuid: vpc, backups } = told;
    const fields = settings('droplet', {
      name,
      region,
      payload: { size_slug: size, tags, vpc_uuid: vpc, image: imageOf(told['image']) },
    });
    for (const feature of features) {
      const on = flag(told[feature]);
      if (on !== undefined) fields[feature] = on;
    }
    if (backups === true) Object.assign(fields, policyOf(told));
    return { fields, ...(backups !== true && { quiet: ['backup_policy'] }) };
  },
};

/** By id it is one build; by slug whatever build has it. */
function imageOf(image: unknown): Told {
  const id = idText(image);
  return id !== undefined && /^\d+$/.test(id) ? { id } : { slug: image };
}

function policyOf(told: Told): Fields {
  const policy = block(told['backup_policy']);
  if (policy === undefined) return {};
  const { plan, weekday, hour } = policy;
  // A daily plan has no day. An hour that nobody wrote is 0 in a state, and what the provider chose is not read back.
  const said = { plan, ...(weekday !== '' && { weekday }), ...(hour !== null && hour !== 0 && { hour }) };
  return { ...readPolicySettings({ droplet_id: '0', backup_policy: said })?.draft.values } as Fields;
}

/** The passwords and addresses that a cluster has are never read. */
const databaseCluster: TypeReader = {
  kind: 'database',
  schemaVersion: 0,
  identity: ['id'],
  written: {
    name: 'name',
    engine: 'engine',
    version: 'version',
    size: 'size',
    region: 'region',
    node_count: 'nodes',
    tags: 'tags',
    maintenance_window: 'maintenance/',
  },
  computed: {
    private_network_uuid: 'vpc',
    project_id: 'project',
    storage_size_mib: 'storage_size_mib',
    autoscale: 'storage_size_mib',
    storage_autoscale: 'storage_size_mib',
  },
  identify: byId,
  read(told) {
    const storage = number(told['storage_size_mib']);
    const { version: _version, ...fields } = settings('database', {
      name: told['name'],
      region: told['region'],
      payload: {
        engine: told['engine'],
        version: told['version'],
        size: told['size'],
        num_nodes: told['node_count'],
        tags: told['tags'],
        private_network_uuid: told['private_network_uuid'],
        project_id: told['project_id'],
        maintenance_window: block(told['maintenance_window']),
        storage_size_mib: told['storage_size_mib'],
      },
    });
    // 0 is what the provider's plugin writes where the API told none.
    if (storage === 0) delete fields['storage_size_mib'];
    else if (storage !== undefined && growsByItself(told)) fields['storage_size_mib'] = { min: storage };
    // A caching engine is upgraded by the provider.
    const isCache = fields['engine'] === 'valkey';
    if (!isCache && _version !== undefined) fields['version'] = _version;
    return {
      fields,
      quiet: [
        'autoscale',
        'storage_autoscale',
        ...(storage === 0 ? ['storage_size_mib'] : []),
        ...(isCache ? ['version'] : []),
      ],
    };
  },
};

function growsByItself(told: Told): boolean {
  const said = told['storage_autoscale'] ?? block(told['autoscale'])?.['storage'] ?? told['autoscale'];
  return said === true || block(said)?.['enabled'] === true;
}

const databaseFirewall: TypeReader = {
  kind: 'database',
  isPart: true,
  schemaVersion: 0,
  identity: ['cluster_id'],
  written: { rule: 'trusted_sources' },
  identify: byAttribute('cluster_id'),
  read: ({ rule }) => ({ fields: settings('database', { payload: { rules: rule } }) }),
};

/** What a cluster's certificate and token are is never read. */
const kubernetesCluster: TypeReader = {
  kind: 'kubernetes_cluster',
  schemaVersion: 3,
  identity: ['id'],
  written: {
    name: 'name',
    region: 'region',
    version: 'version',
    auto_upgrade: 'auto_upgrade',
    surge_upgrade: 'surge_upgrade',
    ha: 'ha',
    tags: 'tags',
    node_pool: 'pool/',
  },
  computed: { vpc_uuid: 'vpc', maintenance_policy: 'maintenance/' },
  identify: byId,
  read(told) {
    const fields = settings('kubernetes_cluster', {
      name: told['name'],
      region: told['region'],
      payload: {
        version: told['version'],
        auto_upgrade: told['auto_upgrade'],
        surge_upgrade: told['surge_upgrade'],
        ha: told['ha'],
        tags: told['tags'],
        vpc_uuid: told['vpc_uuid'],
        maintenance_policy: block(told['maintenance_policy']),
      },
    });
    const { version, ...rest } = fields;
    const upgradesItself = told['auto_upgrade'] === true;
    return {
      fields: {
        ...rest,
        ...(!upgradesItself && version !== undefined && { version }),
        ...poolOf(block(told['node_pool']) ?? {}),
      },
      ...(upgradesItself && { quiet: ['version'] }),
    };
  },
};

const nodePool: TypeReader = {
  kind: 'kubernetes_cluster',
  isPart: true,
  schemaVersion: 1,
  identity: ['cluster_id'],
  written: Object.fromEntries(
    ['name', 'size', 'auto_scale', 'node_count', 'min_nodes', 'max_nodes', 'tags', 'labels', 'taint'].map((name) => [
      name,
      'pool/',
    ]),
  ),
  identify: byAttribute('cluster_id'),
  read: (told) => ({ fields: poolOf(told) }),
};

/** Where the pool is scaled by itself, its count is anywhere within its bounds. */
function poolOf(told: Told): Fields {
  const name = text(told['name']);
  if (name === undefined || name === '') return {};
  const scales = told['auto_scale'] === true;
  const { labels, taint, min_nodes: min, max_nodes: max } = told;
  const read = settings('kubernetes_cluster', {
    payload: {
      node_pools: [
        {
          name,
          size: told['size'],
          auto_scale: told['auto_scale'] ?? undefined,
          ...(scales ? { min_nodes: min, max_nodes: max } : { count: told['node_count'] }),
          tags: told['tags'],
          labels: labelsOf(labels),
          taints: taint ?? undefined,
        },
      ],
    },
  });
  const place = `pool/${name}`;
  const fields: Fields = Object.fromEntries(Object.entries(read).filter(([key]) => key.startsWith(`${place}/`)));
  if (labelsOf(labels) === undefined) delete fields[`${place}/labels`];
  if (list(taint) === undefined) delete fields[`${place}/taints`];
  const bounds = { min: number(min), max: number(max) };
  if (scales && bounds.min !== undefined && bounds.max !== undefined && bounds.min <= bounds.max)
    fields[`${place}/count`] = { min: bounds.min, max: bounds.max };
  return fields;
}

function labelsOf(value: unknown): Record<string, string> | undefined {
  if (value === null || value === undefined || list(value) !== undefined) return undefined;
  const entries = Object.entries(object(value));
  return entries.every(([, held]) => typeof held === 'string')
    ? (Object.fromEntries(entries) as Record<string, string>)
    : undefined;
}

const components = {
  services: 'service',
  workers: 'worker',
  jobs: 'job',
  static_sites: 'static_site',
  functions: 'function',
} as const;

/** Values of the environment are never read, nor is anything else that defaults fill in. */
const app: TypeReader = {
  kind: 'app',
  schemaVersion: 0,
  identity: ['id'],
  written: { spec: ['name', 'region', 'domains', 'component/'] },
  identify(told) {
    return byId({ id: told['id'], name: block(told['spec'])?.['name'] });
  },
  read(told) {
    const spec = block(told['spec']) ?? {};
    const domains = list(spec['domain'])?.map((one) => object(one)['name']) ?? list(spec['domains']) ?? [];
    const payload = {
      ...(domains.length > 0 && { domains: domains.map((domain) => ({ domain })) }),
      ...Object.fromEntries(
        Object.entries(components).map(([place, name]) => [place, (list(spec[name]) ?? []).map(componentOf)]),
      ),
    };
    const fields = settings('app', {
      name: spec['name'],
      region: spec['region'] || undefined,
      payload: { spec: payload },
    });
    if (domains.length === 0) delete fields['domains'];
    return { fields };
  },
};

function componentOf(value: unknown): Told {
  const said = object(value);
  const { name, instance_count: count, instance_size_slug: size } = said;
  // What scales by itself has no count of its own.
  const isCounted = number(count) !== undefined && number(count) !== 0 && block(said['autoscaling']) === undefined;
  return {
    name,
    ...(isCounted && { instance_count: count }),
    ...(word(size) && { instance_size_slug: size }),
  };
}

export const computeTypes: Readonly<Record<string, TypeReader>> = {
  digitalocean_droplet: droplet,
  digitalocean_database_cluster: databaseCluster,
  digitalocean_database_firewall: databaseFirewall,
  digitalocean_kubernetes_cluster: kubernetesCluster,
  digitalocean_kubernetes_node_pool: nodePool,
  digitalocean_app: app,
};
