import { z } from 'zod';
import { id, ids, instant, names, regionObject, resourceReader } from './fields.ts';

/** A domain has no id but its name, and no creation time. */
export const readDnsZone = resourceReader('name', {}, (_, externalId, payload) => ({
  kind: 'dns_zone',
  externalId,
  name: externalId,
  payload,
}));

/** The droplet that a reserved IP is assigned to; null: to none. */
const assignee = z
  .object({ id })
  .nullable()
  .transform((droplet) => (droplet === null ? [] : [droplet.id]));

/** Of which that is not told counts as unassigned, which costs, until it is. */
function ofDroplet(droplets: readonly string[] | undefined, version: 4 | 6) {
  return droplets === undefined
    ? { parents: { droplet: undefined }, attributes: { ip_version: version }, assumed: { assigned: false } }
    : { parents: { droplet: droplets }, attributes: { assigned: droplets.length > 0, ip_version: version } };
}

export const readReservedIpv4 = resourceReader(
  'ip',
  { region: regionObject, droplet: assignee },
  (said, externalId, payload) => ({
    kind: 'reserved_ip',
    externalId,
    name: externalId,
    region: said.region,
    ...ofDroplet(said.droplet, 4),
    payload,
  }),
);

export const readReservedIpv6 = resourceReader(
  'ip',
  { region_slug: z.string(), reserved_at: instant, droplet: assignee },
  (said, externalId, payload) => ({
    kind: 'reserved_ip',
    externalId,
    // The provider documents no URN for these.
    urn: null,
    name: externalId,
    createdAt: said.reserved_at,
    region: said.region_slug,
    ...ofDroplet(said.droplet, 6),
    payload,
  }),
);

/** A firewall's tags are those it applies to, not its own: it belongs to what carries them. */
export const readFirewall = resourceReader(
  'id',
  { name: z.string(), status: z.string(), created_at: instant, droplet_ids: ids, tags: names },
  (said, externalId, payload) => ({
    kind: 'firewall',
    externalId,
    name: said.name,
    status: said.status,
    createdAt: said.created_at,
    parents: { droplet: said.droplet_ids, tag: said.tags },
    payload,
  }),
);

const loadBalancer = {
  name: z.string(),
  status: z.string(),
  created_at: instant,
  // A global one has none.
  region: regionObject.nullish(),
  size_unit: z.int().positive().nullish(),
  size: z.string().nullish(),
  type: z.string(),
  droplet_ids: ids,
  // Without a tag it is empty.
  tag: z.string(),
};

/** What the named sizes were before nodes could be counted; the API description gives them. */
const nodesBySize: Readonly<Record<string, number>> = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };
/** What is billed as one node where no size is told: these types are not sized by their users. */
const oneNodeTypes: readonly (string | undefined)[] = ['GLOBAL', 'REGIONAL_NETWORK'];

export const readLoadBalancer = resourceReader('id', loadBalancer, (said, externalId, payload) => {
  const { size_unit: counted, size, type } = said;
  const sized = counted != null;
  const nodes = nodesBySize[size ?? ''] ?? (oneNodeTypes.includes(type) ? 1 : undefined);
  return {
    kind: 'load_balancer',
    externalId,
    name: said.name,
    status: said.status,
    createdAt: said.created_at,
    region: said.region ?? (type === 'GLOBAL' ? null : undefined),
    parents: { droplet: said.droplet_ids, tag: said.tag === undefined ? undefined : [said.tag].filter(Boolean) },
    attributes: { type, ...(sized ? { nodes: counted } : nodes === undefined && { nodes: undefined }) },
    ...(!sized && nodes !== undefined && { assumed: { nodes } }),
    faults: sized || oneNodeTypes.includes(type) ? [] : ['size_unit: missing'],
    payload,
  };
});

/** A private network. Projects hold none: it has no URN that they know. */
export const readVpc = resourceReader(
  'id',
  { name: z.string(), region: z.string(), created_at: instant },
  (said, externalId, payload) => ({
    kind: 'vpc',
    externalId,
    name: said.name,
    createdAt: said.created_at,
    region: said.region,
    payload,
  }),
);

/** One that is renewed has another id. */
export const readCertificate = resourceReader(
  'id',
  { name: z.string(), state: z.string(), created_at: instant },
  (said, externalId, payload) => ({
    kind: 'certificate',
    externalId,
    name: said.name,
    status: said.state,
    createdAt: said.created_at,
    payload,
  }),
);
