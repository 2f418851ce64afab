/** Resources of one kind that are charged alike, and what is known of them. */
export interface ResourceGroup {
  readonly kind: string;
  /** The kind of what it belongs to by nature: a snapshot's source. */
  readonly source: string | null;
  readonly sizeSlug: string | null;
  /** A load balancer's, as the provider writes it. */
  readonly type: string | null;
  readonly assigned: boolean | null;
  readonly ipVersion: number | null;
  readonly resources: number;
  /** Of all together, in GiB; an exact decimal. null: it is not known. */
  readonly sizeGb: string | null;
  /** Of all together; an exact decimal. null: it is not known. */
  readonly nodes: string | null;
}

interface Charge {
  /** Of the price book. */
  readonly subject: string;
  /** How many of its units; an exact decimal. */
  readonly quantity: string;
}

/** A group as it is charged: `resources` may be an exact decimal, where they are counted by their part of a month. */
export type ChargedGroup = Omit<ResourceGroup, 'resources'> & { readonly resources: number | string };

/** What a group is charged as. null: nobody can tell, or it is charged by more than a price. */
export function chargeOf(group: ChargedGroup): Charge | 'free' | null {
  const { kind, source, sizeSlug, type, assigned, ipVersion, sizeGb, nodes, resources } = group;
  const each = (subject: string): Charge => ({ subject, quantity: String(resources) });
  const by = (quantity: string | null, subject: string): Charge | null =>
    quantity === null ? null : { subject, quantity };
  switch (kind) {
    case 'droplet':
      return sizeSlug === null ? null : each(`droplet_size:${sizeSlug}`);
    case 'database':
      return sizeSlug === null ? null : by(nodes, `database:${sizeSlug}`);
    case 'load_balancer':
      return type === null ? null : by(nodes, `load_balancer:${type.toLowerCase()}`);
    case 'snapshot':
      return source === null ? null : by(sizeGb, `snapshot:${source}`);
    case 'volume':
    case 'custom_image':
      return by(sizeGb, kind);
    case 'reserved_ip':
      if (ipVersion === 6) return each('reserved_ip:ipv6');
      return assigned === null ? null : each(`reserved_ip:${assigned ? 'assigned' : 'unassigned'}`);
    case 'project':
    case 'firewall':
    case 'vpc':
    case 'certificate':
      return 'free';
    case 'dns_zone':
      return each('dns_zone');
    default:
      return null;
  }
}
