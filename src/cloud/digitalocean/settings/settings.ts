import type { ListedResource, Settings } from '../../provider.ts';
import { flag, network, number, object, setOf, SettingsDraft, tagSet, text, word } from './canonical.ts';
import {
  ownTags,
  readAppSettings,
  readDatabaseSettings,
  readDropletSettings,
  readKubernetesClusterSettings,
} from './compute.ts';
import {
  readDnsZoneSettings,
  readFirewallSettings,
  readLoadBalancerSettings,
  readReservedIpSettings,
} from './network.ts';

type Said = Readonly<Record<string, unknown>>;
type Read = (draft: SettingsDraft, said: Said) => void;

/**
 * To be raised with every change of what is read here: then all of it is read anew, also where the provider
 * says what it said before.
 */
export const settingsVersion = 2;

const readers: Readonly<Record<string, Read>> = {
  droplet: readDropletSettings,
  volume(draft, said) {
    draft.setAll({
      size_gb: number(said['size_gigabytes']),
      description: text(said['description']),
      filesystem_type: word(said['filesystem_type']),
      filesystem_label: text(said['filesystem_label']),
    });
  },
  snapshot: (draft, said) => draft.set('regions', setOf(said['regions'], word)),
  firewall: readFirewallSettings,
  load_balancer: readLoadBalancerSettings,
  reserved_ip: readReservedIpSettings,
  dns_zone: readDnsZoneSettings,
  database: readDatabaseSettings,
  kubernetes_cluster: readKubernetesClusterSettings,
  app: readAppSettings,
  vpc(draft, said) {
    draft.setAll({
      ip_range: network(said['ip_range']),
      description: text(said['description']),
      default: flag(said['default']),
    });
  },
  // What moves with every renewal is no setting.
  certificate: (draft, said) => draft.setAll({ type: word(said['type']), domains: setOf(said['dns_names'], word) }),
  project(draft, said) {
    draft.setAll({
      description: text(said['description']),
      purpose: text(said['purpose'])?.replace(/^Other:\s*/, ''),
      environment: word(said['environment']),
      is_default: flag(said['is_default']),
    });
  },
  spaces_bucket: (draft) => draft.untold.push('acl', 'versioning', 'policy'),
};

/** Kinds that are taggable: of the others, tags are something else, or there are none. */
const tagged = new Set(['droplet', 'volume', 'snapshot', 'database', 'kubernetes_cluster']);
/** Kinds whose name is their id. */
const unnamed = new Set(['reserved_ip', 'dns_zone', 'spaces_bucket']);
/** Kinds that are nowhere in particular, or in several places. */
const placeless = new Set(['dns_zone', 'firewall', 'project', 'snapshot', 'certificate']);

/**
 * The settings of a resource, from what the provider said of it: a pure function, in canonical form, so that
 * what means the same compares equal. null: its kind has none.
 */
export function settingsOf({ kind, name, region, attributes, payload, untold }: ListedResource): Settings | null {
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (read === undefined) return null;
  const said = object(payload);
  const draft = new SettingsDraft();
  const isTold = (field: string) => !untold.includes(field);
  if (!unnamed.has(kind)) draft.set('name', isTold('name') ? name : undefined);
  if (!placeless.has(kind)) draft.set('region', isTold('region') ? (region?.toLowerCase() ?? null) : undefined);
  if (tagged.has(kind)) draft.set('tags', kind === 'kubernetes_cluster' ? ownTags(said['tags']) : tagSet(said['tags']));
  if (kind === 'load_balancer') draft.set('nodes', isTold('nodes') ? attributes['nodes'] : undefined);
  read(draft, said);
  return draft;
}
