import type { FaultInput } from './faults.ts';
import type { View } from './views.ts';

/**
 * Fields that need a scope of their own, by the path that lists them: without it the answer
 * succeeds with a list that is empty, or without the field.
 */
const fieldScopes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '/v2/droplets': {
    'tag:read': ['tags'],
    'vpc:read': ['vpc_uuid'],
    'block_storage:read': ['volume_ids'],
    'image:read': ['image', 'backup_ids', 'snapshot_ids'],
  },
  '/v2/volumes': { 'tag:read': ['tags'], 'droplet:read': ['droplet_ids'] },
  '/v2/snapshots': { 'tag:read': ['tags'] },
  '/v2/images': { 'tag:read': ['tags'] },
  '/v2/reserved_ips': { 'droplet:read': ['droplet'], 'project:read': ['project_id'] },
  '/v2/reserved_ipv6': { 'droplet:read': ['droplet'] },
  '/v2/firewalls': { 'tag:read': ['tags'], 'droplet:read': ['droplet_ids'] },
  '/v2/load_balancers': {
    'tag:read': ['tag'],
    'droplet:read': ['droplet_ids'],
    'project:read': ['project_id'],
    'vpc:read': ['vpc_uuid'],
  },
  '/v2/databases': {
    'tag:read': ['tags'],
    'project:read': ['project_id'],
    'vpc:read': ['private_network_uuid'],
  },
  '/v2/kubernetes/clusters': { 'tag:read': ['tags'], 'vpc:read': ['vpc_uuid'] },
  '/v2/apps': { 'project:read': ['project_id'] },
};

/** The same item without what these scopes would show. */
export function hideFields(routePath: string, hiddenScopes: ReadonlySet<string>, view: View): View {
  const scopes = fieldScopes[routePath.replace(/\/\{id\}$/, '')];
  if (scopes === undefined || hiddenScopes.size === 0) return view;
  const shown = { ...view };
  for (const field of [...hiddenScopes].flatMap((scope) => scopes[scope] ?? [])) {
    if (field === 'droplet') shown[field] = null;
    else if (Array.isArray(shown[field])) shown[field] = [];
    else delete shown[field];
  }
  return shown;
}

/** What a line of a bill is for, and an invoice. */
function billed(view: View): unknown {
  return view['resource_id'] ?? view['resource_uuid'] ?? view['invoice_uuid'];
}

/** The same item with one field damaged, if it is the one that is meant. */
export function damageField(view: View, { id, field, value }: Extract<FaultInput, { fault: 'field' }>): View {
  const own = view['id'] ?? view['ip'] ?? view['urn'] ?? view['droplet_id'] ?? view['name'] ?? billed(view);
  if (id !== undefined && String(own) !== String(id)) return view;
  const damaged = structuredClone(view);
  const path = field.split('.');
  const last = path.pop() as string;
  let holder: unknown = damaged;
  for (const name of path) holder = (holder as View | undefined)?.[name];
  if (typeof holder !== 'object' || holder === null) return view;
  if (value === undefined) delete (holder as View)[last];
  else (holder as View)[last] = value;
  return damaged;
}
