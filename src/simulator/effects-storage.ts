import { actOn } from './act-on-droplet.ts';
import { imageOf } from './catalogue.ts';
import type { Snapshot, Volume } from './entities.ts';
import type { Effects } from './effects.ts';
import { type World, urnOf } from './world.ts';

export const storageEffects: Effects<
  | 'create_snapshot'
  | 'create_volume'
  | 'resize_volume'
  | 'attach_volume'
  | 'detach_volume'
  | 'create_bucket'
  | 'create_custom_image'
  | 'transfer_image'
  | 'convert_backup'
  | 'set_bucket'
  | 'set_bucket_size'
> = {
  create_snapshot(world, event) {
    const { name, sizeGb, seconds } = event;
    const common = { name, sizeGb, tags: world.spell(event.tags), createdAt: world.now };
    if (event.resourceType === 'volume') {
      const volume = world.volumes.get(String(event.resourceId));
      if (volume === undefined) return;
      const id = String(event.id ?? world.nextUuid());
      const { region } = volume;
      const source = { resourceType: 'volume' as const, resourceId: volume.id, minDiskGb: volume.sizeGb };
      const snapshot = { ...common, ...source, id, regions: [region], distribution: 'Unknown' };
      world.snapshots.add(id, snapshot);
      world.charges.snapshot(snapshot, world.now);
      return id;
    }
    const droplet = world.droplets.get(Number(event.resourceId));
    if (droplet === undefined) return;
    const id = String(event.id ?? world.nextId());
    const snapshot: Snapshot = {
      ...common,
      id,
      resourceType: 'droplet',
      resourceId: String(droplet.id),
      minDiskGb: droplet.diskGb,
      regions: [droplet.region],
      distribution: imageOf(droplet.image).distribution,
    };
    actOn(world, droplet, 'snapshot', seconds, () => {
      world.snapshots.add(id, snapshot);
      world.charges.snapshot(snapshot, snapshot.createdAt);
      droplet.snapshotIds = [...droplet.snapshotIds, Number(id)];
    });
    return id;
  },

  create_custom_image(world, event) {
    const id = event.id ?? world.nextId();
    const { name, sizeGb, region } = event;
    const made = { minDiskGb: Math.ceil(sizeGb), distribution: 'Unknown OS', createdAt: world.now };
    const image = { ...made, id, name, sizeGb, regions: [region], tags: world.spell(event.tags) };
    world.customImages.add(id, image);
    world.charges.customImage(image);
    return id;
  },

  transfer_image(world, event) {
    const { image: id, region, seconds } = event;
    const find = () => world.snapshots.get(String(id)) ?? world.customImages.get(id);
    const first = find()?.regions[0];
    if (first === undefined) return;
    world.act({ type: 'transfer', resourceType: 'image', resourceId: id, region: first, seconds }, () => {
      const image = find();
      if (image === undefined || image.regions.includes(region)) return;
      image.regions = [...image.regions, region];
      world.snapshots.touch();
      world.customImages.touch();
    });
  },

  convert_backup(world, event) {
    const { backup: id, seconds } = event;
    const backup = world.backups.get(id);
    if (backup === undefined) return;
    const { region, droplet, ...image } = backup;
    world.act({ type: 'convert', resourceType: 'image', resourceId: id, region, seconds }, () => {
      const source = world.droplets.get(droplet);
      if (world.backups.get(id) !== backup || source === undefined) return;
      world.backups.delete(id);
      source.backupIds = source.backupIds.filter((other) => other !== id);
      source.snapshotIds = [...source.snapshotIds, id];
      const of = { resourceType: 'droplet' as const, resourceId: String(droplet) };
      const snapshot = { ...image, ...of, id: String(id), regions: [region], tags: [] };
      world.snapshots.add(String(id), snapshot);
      world.charges.snapshot(snapshot, world.now);
      world.droplets.touch();
    });
  },

  create_volume(world, event) {
    const id = event.id ?? world.nextUuid();
    const volume = {
      id,
      name: event.name,
      description: event.description,
      sizeGb: event.sizeGb,
      region: event.region,
      createdAt: world.now,
      droplet: null,
      tags: world.spell(event.tags),
    };
    world.volumes.add(id, volume);
    world.charges.volume(volume);
    world.assign(urnOf('volume', id) as string, event.project);
    return id;
  },

  resize_volume(world, event) {
    const volume = world.volumes.get(event.volume);
    if (volume === undefined) return;
    actOnVolume(world, volume, 'resize', event.seconds, () => {
      volume.sizeGb = event.sizeGb;
      world.charges.volume(volume);
    });
  },

  attach_volume(world, event) {
    const volume = world.volumes.get(event.volume);
    const droplet = world.droplets.get(event.droplet);
    if (volume === undefined || droplet === undefined) return;
    actOnVolume(world, volume, 'attach_volume', event.seconds, () => {
      if (world.droplets.get(droplet.id) !== droplet) return;
      detach(world, volume);
      volume.droplet = droplet.id;
      droplet.volumeIds = [...droplet.volumeIds, volume.id];
      world.droplets.touch();
    });
  },

  detach_volume(world, event) {
    const volume = world.volumes.get(event.volume);
    if (volume === undefined) return;
    actOnVolume(world, volume, 'detach_volume', event.seconds, () => detach(world, volume));
  },

  create_bucket(world, event) {
    const { name, region, objectBytes } = event;
    const settings = { acl: 'private' as const, versioning: null, policy: null };
    const times = { createdAt: world.now, changedAt: world.now };
    const bucket = { name, region, objectBytes, bytes: 0, ...times, ...settings };
    world.buckets.add(name, bucket);
    world.charges.bucket(bucket);
    world.assign(urnOf('bucket', name) as string, event.project);
    return name;
  },

  set_bucket(world, { bucket: name, acl, versioning, policy }) {
    const bucket = world.buckets.get(name);
    if (bucket === undefined) return;
    if (acl !== undefined) bucket.acl = acl;
    if (versioning !== undefined) bucket.versioning = versioning;
    if (policy !== undefined) bucket.policy = policy;
    world.buckets.touch();
  },

  set_bucket_size(world, event) {
    const bucket = world.buckets.get(event.bucket);
    if (bucket === undefined) return;
    bucket.bytes = event.bytes;
    bucket.changedAt = world.now;
    world.charges.bucket(bucket);
    world.buckets.touch();
  },
};

/** Takes a volume off its droplet, if it is on one. */
export function detach(world: World, volume: Volume): void {
  const droplet = volume.droplet === null ? undefined : world.droplets.get(volume.droplet);
  if (droplet !== undefined) {
    droplet.volumeIds = droplet.volumeIds.filter((id) => id !== volume.id);
    world.droplets.touch();
  }
  volume.droplet = null;
  world.volumes.touch();
}

/** Volumes have UUIDs, and an action's resource_id is a number: the provider leaves it null. */
function actOnVolume(world: World, volume: Volume, type: string, seconds: number, effect: () => void): void {
  const { id: about, region } = volume;
  world.act({ type, resourceType: 'volume', resourceId: null, about, region, seconds }, (errored) => {
    if (errored || world.volumes.get(about) !== volume) return;
    effect();
    world.volumes.touch();
  });
}
