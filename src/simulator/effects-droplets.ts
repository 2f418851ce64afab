import { actOn } from './act-on-droplet.ts';
import { BACKUP_WINDOW_HOURS, backupPlans, backupSchedule, nextBackupWindow } from './backup-schedule.ts';
import { sizeOf } from './catalogue.ts';
import type { Droplet } from './entities.ts';
import type { Effects } from './effects.ts';
import { removeDroplet } from './effects-destroy.ts';
import type { EventOf } from './events.ts';
import { Random } from './random.ts';
import { rfc3339, SECOND } from './time.ts';
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
      backups: policyOf(world, id, event.backups, event),
      lastBackupAt: null,
      backupIds: [],
      snapshotIds: [],
      volumeIds: [],
      publicIp: PUBLIC_BASE + ((address * 7) % PUBLIC_COUNT),
      privateIp: PRIVATE_BASE + 2 + (address % (PRIVATE_COUNT - 2)),
      vpc: event.vpc,
    };
    world.droplets.add(id, droplet);
    world.charges.droplet(droplet);
    world.assign(urnOf('droplet', id) as string, event.project);
    actOn(
      world,
      droplet,
      'create',
      event.seconds,
      () => {
        droplet.status = 'active';
      },
      () => removeDroplet(world, droplet),
    );
    if (event.automaticBackups) backUpByItself(world, droplet);
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
      if (!event.keepsDisk) droplet.diskGb = Math.max(droplet.diskGb, sizeOf(event.size).disk);
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
    const type = plan === null ? 'disable_backups' : event.change ? 'change_backup_policy' : 'enable_backups';
    actOn(world, droplet, type, event.seconds, () => {
      droplet.backups = policyOf(world, droplet.id, plan, event);
      if (event.automaticBackups) backUpByItself(world, droplet);
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
    return droplet === undefined ? undefined : backUp(world, droplet, event);
  },
};

function backUp(
  world: World,
  droplet: Droplet,
  event: Pick<EventOf<'create_backup'>, 'id' | 'sizeGb' | 'seconds'>,
): number | undefined {
  if (droplet.backups === null) return undefined;
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
}

/** When a droplet is backed up: as it was asked for, else as the provider chose. */
function policyOf(
  world: World,
  id: number,
  plan: 'weekly' | 'daily' | null,
  { weekday, hour }: { readonly weekday?: number | undefined; readonly hour?: number | undefined },
): Droplet['backups'] {
  if (plan === null) return null;
  const chosen = backupSchedule(world.seed, id);
  return { plan, weekday: weekday ?? chosen.weekday, hour: hour ?? chosen.hour };
}

/** Backs a droplet up in each window of its policy, until it has another policy, or none, or is gone. */
function backUpByItself(world: World, droplet: Droplet): void {
  const policy = droplet.backups;
  if (policy === null) return;
  const { start } = nextBackupWindow(policy, world.now);
  const random = new Random(world.seed, 'automatic backup', droplet.id, start);
  const sizeGb = random.size(1, droplet.diskGb / 4);
  const at = start + random.int(0, BACKUP_WINDOW_HOURS * 3_600 - 1_800) * SECOND;
  world.schedule(at, () => {
    if (world.droplets.get(droplet.id) !== droplet || droplet.backups !== policy) return;
    backUp(world, droplet, { id: undefined, sizeGb, seconds: random.int(60, 600) });
    backUpByItself(world, droplet);
  });
}
