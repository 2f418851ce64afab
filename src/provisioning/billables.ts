import type { ProviderSize } from '../cloud/index.ts';
import { backupsOf } from './living.ts';
import { nameOf } from './propose.ts';
import type { SeenResource } from './seen.ts';
import type { System } from './system.ts';

/** Something that is charged for, there already or to come, as billing reads it. */
export interface Billable {
  readonly what: string;
  readonly kind: string;
  readonly status: string;
  readonly parents: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly backups: 'weekly' | 'daily' | null;
}

/** What is there, with what a proposal changes of it. */
export function billableOf(
  seen: SeenResource,
  {
    resized,
    backups,
    sizes,
  }: {
    readonly resized: ReadonlyMap<string, string>;
    readonly backups: ReadonlyMap<string, 'weekly' | 'daily'>;
    readonly sizes: readonly ProviderSize[];
  },
): Billable {
  const { kind, externalId, status, parents, attributes } = seen;
  const size = kind === 'droplet' ? resized.get(externalId) : undefined;
  return {
    what: nameOf(seen),
    kind,
    status,
    parents,
    attributes: size === undefined ? attributes : { ...attributes, ...attributesOfSize(size, sizes) },
    backups: kind === 'droplet' ? (backups.get(externalId) ?? backupsOf(seen)) : null,
  };
}

/** What is to come, as a listing will show it. */
export function billablesOf(system: System, sizes: readonly ProviderSize[]): Billable[] {
  const active = { status: 'active', parents: [], backups: null };
  return [
    ...system.droplets.map(({ key, size, backups }) => ({
      ...active,
      what: `droplet ${key}`,
      kind: 'droplet',
      attributes: attributesOfSize(size, sizes),
      backups,
    })),
    ...system.volumes.map(({ key, sizeGb }) => ({
      ...active,
      what: `volume ${key}`,
      kind: 'volume',
      attributes: { size_gb: sizeGb },
    })),
    ...system.reservedIps.map((key) => ({
      ...active,
      what: `reserved IP ${key}`,
      kind: 'reserved_ip',
      attributes: { assigned: true, ip_version: 4 },
    })),
    ...system.balancers.map(({ name, nodes }) => ({
      ...active,
      what: `balancer ${name}`,
      kind: 'load_balancer',
      attributes: { nodes, type: 'REGIONAL' },
    })),
    ...system.zones.map(({ zone }) => ({ ...active, what: `zone ${zone}`, kind: 'dns_zone', attributes: {} })),
  ];
}

function attributesOfSize(slug: string, sizes: readonly ProviderSize[]): Record<string, unknown> {
  const size = sizes.find((each) => each.slug === slug);
  if (size === undefined) return { size_slug: slug };
  const { vcpus, memoryMb, diskGb, gpu } = size;
  return { size_slug: slug, vcpus, memory_mb: memoryMb, disk_gb: diskGb, gpu };
}
