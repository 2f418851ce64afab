/**
 * Which kinds of resource take their owner from what they belong to, and in which order owners are
 * derived: a kind inherits only from kinds of a lower layer, so a chain is never longer than this
 * (kubernetes_cluster -> droplet -> volume -> snapshot) and never goes round in a circle. Kinds that are not named are
 * of layer 0 and inherit nothing.
 */
export const inheritanceLayers: Readonly<Record<string, number>> = {
  droplet: 1,
  volume: 2,
  reserved_ip: 2,
  firewall: 2,
  load_balancer: 2,
  snapshot: 3,
  droplet_backup: 3,
};

export const lastLayer: number = Math.max(...Object.values(inheritanceLayers));

export const inheritingKinds: readonly string[] = Object.keys(inheritanceLayers);
