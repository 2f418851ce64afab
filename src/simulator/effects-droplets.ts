import { backupPlans, backupSchedule } from './backup-schedule.ts';
import { sizeOf } from './catalogue.ts';
import type { Droplet } from './entities.ts';
import type { Effects } from './effects.ts';
import { rfc3339 } from './time.ts';
import { type World, urnOf } from './world.ts';

/** 198.18.0.0/15 and 10.0.0.0/8: addresses that can never be somebody's server. */
const PUBLIC_BASE = 0xc6120000;
const PUBLIC_COUNT = 0x20000;
const PRIVATE_BASE = 0x0a000000;
const PRIVATE_COUNT = 0x1000000;

export const dropletEffects: Effects<
  'create_droplet' | 'power' | 'resize_droplet' | 'rename_droplet' | 'set_backups' | 'show_status' | 'create_backup'
> = {
  create_droplet(world, event) {
    world.useRegion(event.region);
    const id = event.id ?? world.nextId();
    const address = world.nextIp();
    const droplet: Droplet = {
      id,
      name: event.name,
      size: event.size,
      diskGb: sizeOf(event.size).disk,
      region: event.region,
      image: event.image,
      status: 'new',
      shownStatus: null,
      inFlight: 0,
      createdAt: world.now,
      tags: world.spell(event.tags),
      backups: event.backups === null ? null : { plan: event.backups, ...backupSchedule(world.seed, id) },
      lastBackupAt: null,
      backupIds: [],
      snapshotIds: [],
      volumeIds: [],
      publicIp: PUBLIC_BASE + ((address * 7) % PUBLIC_COUNT),
      privateIp: PRIVATE_BASE + 2 + (address % (PRIVATE_COUNT - 2)),
    };
    world.droplets.add(id, droplet);
    world.charges.droplet(droplet);
    world.assign(urnOf('droplet', id) as string, event.project);
    actOn(world, droplet, 'create', event.seconds, () => {
      droplet.status = 'active';
    });
    return id;
  },

  power(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet === undefined) return;
    actOn(world, droplet, event.action, event.seconds, () => {
      if (event.action === 'power_off' || event.action === 'shutdown') droplet.status = 'off';
      if (event.action === 'power_on') droplet.status = 'active';
    });
  },

  resize_droplet(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet === undefined) return;
    actOn(world, droplet, 'resize', event.seconds, () => {
      droplet.size = event.size;
      droplet.diskGb = Math.max(droplet.diskGb, sizeOf(event.size).disk);
      world.charges.droplet(droplet);
    });
  },

  rename_droplet(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet === undefined) return;
    actOn(world, droplet, 'rename', event.seconds, () => {
      droplet.name = event.name;
      world.charges.droplet(droplet);
    });
  },

  set_backups(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet === undefined) return;
    const { plan } = event;
    actOn(world, droplet, plan === null ? 'disable_backups' : 'enable_backups', event.seconds, () => {
      droplet.backups = plan === null ? null : { plan, ...backupSchedule(world.seed, droplet.id) };
    });
  },

  show_status(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet === undefined) return;
    droplet.shownStatus = event.status;
    world.droplets.touch();
  },

  create_backup(world, event) {
    const droplet = world.droplets.get(event.droplet);
    if (droplet?.backups == null) return;
    const { plan } = droplet.backups;
    const id = event.id ?? world.nextId();
    const createdAt = world.now;
    actOn(world, droplet, 'backup', event.seconds, () => {
      const backup = {
        id,
        name: `${droplet.name} ${rfc3339(createdAt).slice(0, 10)}`,
        droplet: droplet.id,
        sizeGb: event.sizeGb,
        minDiskGb: droplet.diskGb,
        region: droplet.region,
        distribution: 'Ubuntu',
        createdAt,
      };
      world.backups.add(id, backup);
      world.charges.backup(backup, plan);
      const all = [...droplet.backupIds, id];
      const kept = all.slice(-backupPlans[plan].kept);
      for (const old of all.slice(0, all.length - kept.length)) world.backups.delete(old);
      droplet.backupIds = kept;
      droplet.lastBackupAt = createdAt;
    });
    return id;
  },
};

/** An action on a droplet locks it until it completes; its effect is lost with the droplet. */
export function actOn(world: World, droplet: Droplet, type: string, seconds: number, effect: () => void): void {
  droplet.inFlight++;
  world.droplets.touch();
  world.act({ type, resourceType: 'droplet', resourceId: droplet.id, region: droplet.region, seconds }, () => {
    droplet.inFlight--;
    if (world.droplets.get(droplet.id) !== droplet) return;
    effect();
    world.droplets.touch();
  });
}
