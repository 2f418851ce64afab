import type { Bills } from './billing/bills.ts';
import { BACKUP_WINDOW_HOURS, backupPlans, nextBackupWindow } from './backup-schedule.ts';
import { type BaseImage, baseImages, imageOf, regionOf, regionSlugs, sizeOf } from './catalogue.ts';
import type { Action, Backup, CustomImage, Droplet, Project, ReservedIp, Snapshot, Volume } from './entities.ts';
import { ipv4Text } from './ip.ts';
import { type Ms, rfc3339 } from './time.ts';
import type { World } from './world.ts';

/** How the provider's compute, storage and projects look in its API. The description is the referee. */

export type View = Record<string, unknown>;

/** The world, and through which of its awkward moments it is seen. */
export interface Lens {
  readonly world: World;
  readonly bills: Bills;
  /** What a droplet shows instead of its status; null: nothing. */
  readonly shownStatus: (droplet: Droplet) => string | null;
  /** `floatingip`, as the description has it, or the newer `reservedip`. */
  readonly reservedIpUrn: string;
  /** Actions are told of as in progress for this long after they completed. */
  readonly actionsLate: Ms;
  /** What began within so long is not in the action log yet; of one droplet, or of all (null). */
  readonly actionsLag: readonly { readonly by: Ms; readonly droplet: number | null }[];
  /** The action log is in the order of completion, not in that of beginning. */
  readonly actionsUnordered: boolean;
  /** Scopes that the token lacks without being told: what they would show is left out. */
  readonly hiddenScopes: ReadonlySet<string>;
}

export function projectView(project: Project, { world }: Lens): View {
  return {
    id: project.id,
    owner_uuid: world.accountUuid,
    owner_id: 258992 + (world.seed % 1000),
    name: project.name,
    description: project.description,
    purpose: project.purpose,
    environment: project.environment,
    is_default: project.isDefault,
    created_at: rfc3339(project.createdAt),
    updated_at: rfc3339(project.updatedAt),
  };
}

const resourcePaths: Readonly<Record<string, string>> = {
  droplet: 'droplets',
  domain: 'domains',
  volume: 'volumes',
  floatingip: 'floating_ips',
  loadbalancer: 'load_balancers',
  dbaas: 'databases',
  kubernetes: 'kubernetes/clusters',
  app: 'apps',
};

export function projectResourceView([urn, assignedAt]: readonly [string, Ms], lens: Lens): View {
  const [, type = '', ...rest] = urn.split(':');
  const id = rest.join(':');
  const self =
    type === 'space'
      ? `https://${id}.${lens.world.buckets.get(id)?.region ?? 'fra1'}.digitaloceanspaces.com`
      : `https://api.digitalocean.com/v2/${resourcePaths[type] ?? type}/${id}`;
  return {
    urn: type === 'floatingip' ? `do:${lens.reservedIpUrn}:${id}` : urn,
    assigned_at: rfc3339(assignedAt),
    links: { self },
    status: 'ok',
  };
}

export function dropletView(droplet: Droplet, lens: Lens): View {
  const size = lens.world.sizes.get(droplet.size) ?? sizeOf(droplet.size);
  const { backups } = droplet;
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: droplet.diskGb,
    disk_info: [{ type: 'local', size: { amount: droplet.diskGb, unit: 'gib' } }],
    locked: droplet.inFlight > 0,
    status: lens.shownStatus(droplet) ?? droplet.shownStatus ?? droplet.status,
    kernel: null,
    created_at: rfc3339(droplet.createdAt),
    features:
      backups === null ? ['droplet_agent', 'private_networking'] : ['backups', 'droplet_agent', 'private_networking'],
    backup_ids: droplet.backupIds,
    next_backup_window: backups === null ? null : windowView(droplet, backups),
    snapshot_ids: droplet.snapshotIds,
    image: baseImageView(imageOf(droplet.image)),
    volume_ids: droplet.volumeIds,
    size,
    size_slug: droplet.size,
    networks: {
      v4: [
        { ip_address: ipv4Text(droplet.privateIp), netmask: '255.0.0.0', gateway: '10.0.0.1', type: 'private' },
        { ip_address: ipv4Text(droplet.publicIp), netmask: '255.254.0.0', gateway: '198.18.0.1', type: 'public' },
      ],
      v6: [],
    },
    region: regionOf(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpc ?? lens.world.vpcUuid(droplet.region),
    ...(size.gpu_info !== undefined && { gpu_info: size.gpu_info }),
  };
}

function windowView(droplet: Droplet, policy: NonNullable<Droplet['backups']>): View {
  const { start, end } = nextBackupWindow(policy, droplet.lastBackupAt ?? droplet.createdAt);
  return { start: rfc3339(start), end: rfc3339(end) };
}

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export function backupPolicyView(droplet: Droplet): View {
  const { backups } = droplet;
  if (backups === null) return { droplet_id: droplet.id, backup_enabled: false };
  const weekly = backups.plan === 'weekly';
  return {
    droplet_id: droplet.id,
    backup_enabled: true,
    backup_policy: {
      plan: backups.plan,
      ...(weekly && { weekday: weekdays[backups.weekday] }),
      hour: backups.hour,
      window_length_hours: BACKUP_WINDOW_HOURS,
      retention_period_days: backupPlans[backups.plan].retentionDays,
    },
    next_backup_window: windowView(droplet, backups),
  };
}

const imageViews: ReadonlyMap<string, View> = new Map(
  [...baseImages.values()].map((image) => [
    image.slug,
    {
      id: image.id,
      name: image.name,
      distribution: image.distribution,
      slug: image.slug,
      public: true,
      regions: regionSlugs,
      created_at: '2025-06-02T16:00:00Z',
      min_disk_size: 7,
      type: 'base',
      size_gigabytes: 0.74,
      description: `${image.distribution} ${image.name}`,
      tags: [],
      status: 'available',
    },
  ]),
);

export function baseImageView(image: BaseImage): View {
  return imageViews.get(image.slug) as View;
}

/** A droplet's snapshot or backup as an image. */
export function privateImageView(image: Snapshot | Backup | CustomImage, type?: 'custom'): View {
  return {
    id: Number(image.id),
    name: image.name,
    distribution: image.distribution,
    slug: null,
    public: false,
    regions: 'regions' in image ? image.regions : [image.region],
    created_at: rfc3339(image.createdAt),
    min_disk_size: image.minDiskGb,
    type: type ?? ('droplet' in image ? 'backup' : 'snapshot'),
    size_gigabytes: image.sizeGb,
    description: '',
    tags: 'tags' in image ? image.tags : [],
    status: 'available',
    error_message: '',
  };
}

export function dropletBackupView(backup: Backup): View {
  return {
    id: backup.id,
    name: backup.name,
    created_at: rfc3339(backup.createdAt),
    regions: [backup.region],
    min_disk_size: backup.minDiskGb,
    size_gigabytes: backup.sizeGb,
    type: 'backup',
  };
}

export function snapshotView(snapshot: Snapshot): View {
  return {
    id: snapshot.id,
    name: snapshot.name,
    created_at: rfc3339(snapshot.createdAt),
    regions: snapshot.regions,
    min_disk_size: snapshot.minDiskGb,
    size_gigabytes: snapshot.sizeGb,
    resource_id: snapshot.resourceId,
    resource_type: snapshot.resourceType,
    tags: snapshot.tags,
  };
}

export function volumeView(volume: Volume): View {
  return {
    id: volume.id,
    name: volume.name,
    description: volume.description,
    droplet_ids: volume.droplet === null ? [] : [volume.droplet],
    size_gigabytes: volume.sizeGb,
    created_at: rfc3339(volume.createdAt),
    region: regionOf(volume.region),
    filesystem_type: 'ext4',
    filesystem_label: 'data',
    tags: volume.tags,
  };
}

export function reservedIpView(reserved: ReservedIp, lens: Lens): View {
  const { world } = lens;
  return {
    ip: reserved.ip,
    region: regionOf(reserved.region),
    droplet: assignedTo(reserved, lens),
    locked: false,
    project_id: (world.projectOf(`do:floatingip:${reserved.ip}`) ?? world.defaultProject).id,
  };
}

export function reservedIpv6View(reserved: ReservedIp, lens: Lens): View {
  return {
    ip: reserved.ip,
    region_slug: reserved.region,
    reserved_at: rfc3339(reserved.reservedAt),
    droplet: assignedTo(reserved, lens),
  };
}

function assignedTo(reserved: ReservedIp, lens: Lens): View | null {
  const droplet = reserved.droplet === null ? undefined : lens.world.droplets.get(reserved.droplet);
  return droplet === undefined ? null : dropletView(droplet, lens);
}

export function actionView(action: Action, { world, actionsLate }: Lens): View {
  const done = action.completedAt + actionsLate <= world.now;
  return {
    id: action.id,
    status: done ? (action.errored ? 'errored' : 'completed') : 'in-progress',
    type: action.type,
    started_at: rfc3339(action.startedAt),
    completed_at: done ? rfc3339(action.completedAt) : null,
    resource_id: action.resourceId,
    resource_type: action.resourceType,
    region: regionOf(action.region),
    region_slug: action.region,
  };
}
