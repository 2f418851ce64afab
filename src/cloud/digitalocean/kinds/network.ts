import { z } from 'zod';
import { id, ids, instant, known, parents, reader, regionObject, resource, sorted } from './fields.ts';

/** A domain has no id but its name, and no creation time. */
export const readDnsZone = reader(z.object({ name: z.string().min(1) }), (said, payload) =>
  resource({ kind: 'dns_zone', externalId: said.name, name: said.name, payload }),
);

const droplet = z
  .object({ id: id.nullish() })
  .nullish()
  .transform((said) => (said?.id == null ? [] : [said.id]));

const reservedIpv4 = z.object({ ip: z.string().min(1), region: regionObject, droplet });

export const readReservedIpv4 = reader(reservedIpv4, (said, payload) =>
  resource({
    kind: 'reserved_ip',
    externalId: said.ip,
    name: said.ip,
    region: said.region,
    parents: parents('droplet', said.droplet),
    attributes: { assigned: said.droplet.length > 0, ip_version: 4 },
    payload,
  }),
);

const reservedIpv6 = z.object({
  ip: z.string().min(1),
  region_slug: z.string().nullish(),
  reserved_at: instant,
  droplet,
});

export const readReservedIpv6 = reader(reservedIpv6, (said, payload) =>
  resource({
    kind: 'reserved_ip',
    externalId: said.ip,
    // The provider documents no URN for these.
    urn: null,
    name: said.ip,
    createdAt: said.reserved_at,
    region: said.region_slug ?? null,
    parents: parents('droplet', said.droplet),
    attributes: { assigned: said.droplet.length > 0, ip_version: 6 },
    payload,
  }),
);

const firewall = z.object({
  id,
  name: z.string(),
  status: z.string().nullish(),
  created_at: instant,
  droplet_ids: ids,
  tags: z
    .array(z.string())
    .nullish()
    .transform((values) => values ?? []),
});

/** A firewall's tags are those it applies to, not its own: it belongs to what carries them. */
export const readFirewall = reader(firewall, (said, payload) =>
  resource({
    kind: 'firewall',
    externalId: said.id,
    name: said.name,
    status: said.status ?? 'active',
    createdAt: said.created_at,
    parents: sorted([...parents('droplet', said.droplet_ids), ...parents('tag', said.tags)]),
    payload,
  }),
);

const loadBalancer = z.object({
  id,
  name: z.string(),
  status: z.string().nullish(),
  created_at: instant,
  region: regionObject,
  size_unit: z.int().nullish(),
  size: z.string().nullish(),
  type: z.string().nullish(),
});

/** What the named sizes were before nodes could be counted; the API description gives them. */
const nodesBySize: Readonly<Record<string, number>> = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };

export const readLoadBalancer = reader(loadBalancer, (said, payload) =>
  resource({
    kind: 'load_balancer',
    externalId: said.id,
    name: said.name,
    status: said.status ?? 'active',
    createdAt: said.created_at,
    region: said.region,
    attributes: known({
      nodes: said.size_unit || nodesBySize[said.size ?? ''],
      type: said.type,
    }),
    payload,
  }),
);
