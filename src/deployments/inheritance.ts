/**
 * Which kinds of resource take their owner from what they belong to, and in which order owners are
 * derived: a kind inherits only from kinds of a lower layer, so a chain is never longer than this
 * (droplet -> volume -> snapshot) and never goes round in a circle. Kinds that are not named are
 * of layer 0 and inherit nothing.
 */
export const inheritanceLayers: Readonly<Record<string, number>> = {
  volume: 1,
  reserved_ip: 1,
  firewall: 1,
  snapshot: 2,
  droplet_backup: 2,
};

export const lastLayer: number = Math.max(...Object.values(inheritanceLayers));

export const inheritingKinds: readonly string[] = Object.keys(inheritanceLayers);
