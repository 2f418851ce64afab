import type { Droplet } from './entities.ts';
import type { Effect } from './effects.ts';
import { actOn } from './act-on-droplet.ts';
import { actOnIp, ips, isV6 } from './effects-network.ts';
import { detach } from './effects-storage.ts';
import { SECOND } from './time.ts';
import { type World, urnOf } from './world.ts';

/** Takes a resource away, with what goes with it. Snapshots outlive their source; backups do not. */
export const destroy: Effect<'destroy'> = (world, event) => {
  const { kind, id, seconds } = event;
  const text = String(id);
  const urn = urnOf(kind, id);
  if (urn !== null && world.projectOf(urn) === undefined) return;
  switch (kind) {
    case 'droplet': {
      const droplet = world.droplets.get(Number(id));
      if (droplet !== undefined) actOn(world, droplet, 'destroy', seconds, () => removeDroplet(world, droplet, event));
      return;
    }
    case 'snapshot':
      return removeSnapshot(world, text, seconds);
    case 'custom_image':
      return removeCustomImage(world, Number(id), seconds);
    case 'backup':
      return removeBackup(world, Number(id), seconds);
    case 'volume': {
      const volume = world.volumes.get(text);
      if (volume !== undefined) detach(world, volume);
      world.volumes.delete(text);
      break;
    }
    case 'reserved_ip':
    case 'reserved_ipv6':
      return removeIp(world, text, seconds);
    case 'project': {
      const project = world.projects.get(text);
      if (project === undefined || project.isDefault) return;
      for (const resource of project.resources.keys()) world.assign(resource, undefined);
      world.projects.delete(text);
      return;
    }
    case 'domain':
      world.domains.delete(text);
      break;
    case 'firewall':
      world.firewalls.delete(text);
      break;
    case 'load_balancer': {
      const balancer = world.loadBalancers.get(text);
      if (balancer !== undefined) holdMembers(world, balancer, event.membersHeld);
      world.loadBalancers.delete(text);
      break;
    }
    case 'database':
      world.databases.delete(text);
      break;
    case 'kubernetes_cluster':
      world.clusters.delete(text);
      break;
    case 'app':
      world.apps.delete(text);
      break;
    case 'vpc':
      world.vpcs.delete(text);
      break;
    case 'certificate':
      world.certificates.delete(text);
      break;
    case 'bucket':
      world.buckets.delete(text);
      break;
  }
  if (urn !== null) world.release(urn);
  world.charges.gone(kind, text);
};

/** `volumesHeld` and `membersHeld`: its volumes, and its network, still count it for so many seconds. */
export function removeDroplet(
  world: World,
  droplet: Droplet,
  { volumesHeld = 0, membersHeld = 0 }: { readonly volumesHeld?: number; readonly membersHeld?: number } = {},
): void {
  const { id } = droplet;
  for (const volumeId of droplet.volumeIds) {
    const volume = world.volumes.get(volumeId);
    if (volume === undefined) continue;
    world.schedule(world.now + volumesHeld * SECOND, () => {
      if (volume.droplet === id) detach(world, volume);
    });
  }
  holdMembers(world, droplet, membersHeld);
  for (const collection of [world.reservedIps, world.reservedIpv6s]) {
    for (const reserved of collection.list()) {
      if (reserved.droplet !== id) continue;
      reserved.droplet = null;
      world.charges.reservedIp(reserved);
      collection.touch();
    }
  }
  for (const cluster of world.clusters.list()) {
    if (!cluster.pools.some(({ droplets }) => droplets.includes(id))) continue;
    cluster.pools = cluster.pools.map((pool) => ({ ...pool, droplets: pool.droplets.filter((other) => other !== id) }));
    world.clusters.touch();
  }
  for (const collection of [world.firewalls, world.loadBalancers]) {
    for (const item of collection.list()) {
      if (!item.droplets.includes(id)) continue;
      item.droplets = item.droplets.filter((other) => other !== id);
      collection.touch();
    }
  }
  for (const backup of droplet.backupIds) world.backups.delete(backup);
  world.droplets.delete(id);
  world.charges.gone('droplet', String(id));
  world.release(urnOf('droplet', id) as string);
}

/** Its network still counts a member that goes for so many seconds. */
function holdMembers(
  world: World,
  { vpc, region }: { readonly vpc: string | null; readonly region: string },
  seconds: number,
): void {
  const network = world.vpcs.get(vpc ?? world.vpcUuid(region));
  if (network !== undefined && seconds > 0) network.membersUntil = world.now + seconds * SECOND;
}

function removeIp(world: World, ip: string, seconds: number): void {
  const reserved = ips(world, ip).get(ip);
  if (reserved === undefined) return;
  actOnIp(world, ip, reserved.region, 'release_ip', seconds, () => {
    if (ips(world, ip).get(ip) !== reserved) return;
    ips(world, ip).delete(ip);
    world.charges.gone('reserved_ip', ip);
    if (!isV6(ip)) world.release(urnOf('reserved_ip', ip) as string);
  });
}

function removeSnapshot(world: World, id: string, seconds: number): void {
  const snapshot = world.snapshots.get(id);
  if (snapshot === undefined) return;
  const { regions, resourceType } = snapshot;
  const region = regions[0] as string;
  if (resourceType === 'volume') {
    world.snapshots.delete(id);
    world.charges.gone('snapshot', id);
    return;
  }
  world.act({ type: 'image_destroy', resourceType: 'image', resourceId: Number(id), region, seconds }, () => {
    world.snapshots.delete(id);
    world.charges.gone('snapshot', id);
    const droplet = world.droplets.get(Number(snapshot.resourceId));
    if (droplet === undefined) return;
    droplet.snapshotIds = droplet.snapshotIds.filter((other) => String(other) !== id);
    world.droplets.touch();
  });
}

function removeCustomImage(world: World, id: number, seconds: number): void {
  const region = world.customImages.get(id)?.regions[0];
  if (region === undefined) return;
  world.act({ type: 'image_destroy', resourceType: 'image', resourceId: id, region, seconds }, () => {
    world.customImages.delete(id);
    world.charges.gone('custom_image', String(id));
  });
}

function removeBackup(world: World, id: number, seconds: number): void {
  const backup = world.backups.get(id);
  if (backup === undefined) return;
  const { region } = backup;
  world.act({ type: 'image_destroy', resourceType: 'image', resourceId: id, region, seconds }, () => {
    world.backups.delete(id);
    const droplet = world.droplets.get(backup.droplet);
    if (droplet === undefined) return;
    droplet.backupIds = droplet.backupIds.filter((other) => other !== id);
    world.droplets.touch();
  });
}
