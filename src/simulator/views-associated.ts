import { listPrices } from './billing/prices.ts';
import type { Droplet } from './entities.ts';
import type { Ms } from './time.ts';
import type { View } from './views.ts';
import type { World } from './world.ts';

/** What stays, and goes on costing, when a droplet is destroyed alone. */
export function associatedView(droplet: Droplet, world: World): View {
  const costOf = (item: string, units: number) => costAt(world.now, item, units);
  const ips = world.reservedIps.list().filter((ip) => ip.droplet === droplet.id);
  const reserved = ips.map(({ ip }) => ({ id: ip, name: ip, cost: costOf('reserved_ip', 1) }));
  const snapshots = (type: 'droplet' | 'volume', ids: readonly string[]) =>
    world.snapshots
      .list()
      .filter(({ resourceType, resourceId }) => resourceType === type && ids.includes(resourceId))
      .map(({ id, name, sizeGb }) => ({ id, name, cost: costOf(`${type}_snapshot`, sizeGb) }));
  const volumes = droplet.volumeIds.flatMap((id) => world.volumes.get(id) ?? []);
  return {
    reserved_ips: reserved,
    floating_ips: reserved,
    snapshots: snapshots('droplet', [String(droplet.id)]),
    volumes: volumes.map(({ id, name, sizeGb }) => ({ id, name, cost: costOf('volume', sizeGb) })),
    volume_snapshots: snapshots('volume', droplet.volumeIds),
  };
}

/** USD a month, at what such a thing costs at an instant. */
function costAt(now: Ms, item: string, units: number): string {
  const cents = listPrices(item).findLast(({ at }) => at <= now)?.value.cents ?? 0;
  return (Math.round(cents * units) / 100).toFixed(2);
}
