import { z } from 'zod';
import { baseImages, regionSlugs, sizeOf, type Size } from '../catalogue.ts';
import type { Droplet } from '../entities.ts';
import type { FleetEventInput } from '../events.ts';
import { dropletView } from '../views.ts';
import type { World } from '../world.ts';
import { ensureTags, tagNames } from './tags.ts';
import { deleting, invalid, missing, nothing, pending, taking, type WriteRoute, type Writing } from './write.ts';

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
const backupPolicy = z.object({
  plan: z.enum(['weekly', 'daily']),
  weekday: z.enum(weekdays).optional(),
  hour: z.literal([0, 4, 8, 12, 16, 20]).optional(),
});
type BackupPolicy = z.output<typeof backupPolicy>;

const region = z.enum(regionSlugs as [string, ...string[]]);
const hostName = z
  .string()
  .max(255)
  .regex(
    /^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/,
    'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)',
  );
const USER_DATA_BYTES_MAX = 65_536;

/** One at a time: `names` is not understood. */
const newDroplet = z.object({
  name: hostName,
  region: region.default('nyc3'),
  size: z.string(),
  image: z.union([z.string(), z.int()]),
  ssh_keys: z.array(z.union([z.string(), z.int()])).default([]),
  backups: z.boolean().default(false),
  backup_policy: backupPolicy.optional(),
  tags: tagNames,
  user_data: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= USER_DATA_BYTES_MAX, 'user_data is limited to 64 KiB')
    .optional(),
  volumes: z.array(z.string()).max(15).default([]),
  vpc_uuid: z.string().optional(),
});

/** Throws Refusal for a size that is not for sale in a region. */
function sizeIn(world: World, slug: string, place: string): Size {
  const size = world.sizes.get(slug);
  if (size === undefined || !size.available) throw invalid('You specified an invalid size for Droplet creation.');
  if (!size.regions.includes(place)) throw invalid('Size is not available in this region.');
  return size;
}

function imageSlug(given: string | number): string {
  const found = [...baseImages.values()].find(({ id, slug }) => slug === given || String(id) === String(given));
  if (found === undefined) throw invalid('You specified an invalid image for Droplet creation.');
  return found.slug;
}

/** Throws Refusal where something that a new droplet names is not there, or elsewhere. */
function assertParts(world: World, body: z.output<typeof newDroplet>): void {
  for (const key of body.ssh_keys) {
    const known = world.keys.list().some(({ id, fingerprint }) => String(id) === String(key) || fingerprint === key);
    if (!known) throw invalid(`${key} are invalid key identifiers for Droplet creation.`);
  }
  for (const id of body.volumes) {
    const volume = world.volumes.get(id);
    if (volume?.region !== body.region) throw invalid(`volume ${id} is not in the region ${body.region}`);
    if (volume.droplet !== null) throw invalid(`volume ${id} is already attached to a Droplet`);
  }
  const network = body.vpc_uuid === undefined ? undefined : world.vpcs.get(body.vpc_uuid);
  if (body.vpc_uuid !== undefined && network?.region !== body.region) throw invalid('the VPC is not in this region');
}

export const dropletLimit = () => invalid('creating this/these droplet(s) will exceed your droplet limit');

function createDroplet(writing: Writing, body: z.output<typeof newDroplet>) {
  const { world, lens } = writing;
  sizeIn(world, body.size, body.region);
  const image = imageSlug(body.image);
  assertParts(world, body);
  if (world.droplets.list().length >= world.limits.droplets) throw dropletLimit();
  ensureTags(writing, body.tags);
  const { name, size, tags } = body;
  const plan = body.backup_policy?.plan ?? 'weekly';
  const event = {
    type: 'create_droplet',
    name,
    size,
    region: body.region,
    image,
    tags,
    backups: body.backups || body.backup_policy !== undefined ? plan : null,
    ...timesOf(body.backup_policy),
    vpc: body.vpc_uuid ?? null,
  } satisfies FleetEventInput;
  const { id, action } = writing.act(event, 30, 60);
  for (const volume of body.volumes) writing.act({ type: 'attach_volume', volume, droplet: id as number }, 20, 40);
  writing.created('droplet', id, `/v2/droplets/${id}`, tags);
  const droplet = world.droplets.get(id as number);
  const links = { actions: [writing.actionLink(action, 'create')] };
  return { status: 202, body: { droplet: droplet && dropletView(droplet, lens), links } };
}

function timesOf(policy: BackupPolicy | undefined) {
  const weekday = policy?.weekday === undefined ? undefined : weekdays.indexOf(policy.weekday);
  return { weekday, hour: policy?.hour, automaticBackups: true };
}

/** The droplet that a write is about, at rest. Throws Refusal. */
export function restingDroplet(world: World, id: string | number): Droplet {
  const droplet = world.droplets.get(Number(id));
  if (droplet === undefined) throw missing();
  if (droplet.inFlight > 0) throw pending();
  return droplet;
}

const power = (type: 'shutdown' | 'power_off' | 'power_on' | 'power_cycle' | 'reboot') =>
  z.object({ type: z.literal(type) });

const dropletAction = z.discriminatedUnion('type', [
  power('shutdown'),
  power('power_off'),
  power('power_on'),
  power('power_cycle'),
  power('reboot'),
  z.object({ type: z.literal('snapshot'), name: z.string().min(1).max(255).optional() }),
  z.object({ type: z.literal('rename'), name: hostName }),
  z.object({ type: z.literal('resize'), size: z.string(), disk: z.boolean().default(false) }),
  z.object({ type: z.literal('enable_backups'), backup_policy: backupPolicy.optional() }),
  z.object({ type: z.literal('change_backup_policy'), backup_policy: backupPolicy }),
  z.object({ type: z.literal('disable_backups') }),
]);
type DropletAction = z.output<typeof dropletAction>;

/** What an action lets happen, and how many seconds it takes. Throws Refusal. */
function eventOf(writing: Writing, droplet: Droplet, asked: DropletAction): [FleetEventInput, number, number] {
  const { world } = writing;
  const { id, status, diskGb } = droplet;
  switch (asked.type) {
    case 'snapshot': {
      const name = asked.name ?? `${droplet.name}-${world.now / 1_000}`;
      const sizeGb = writing.random.size(1, diskGb / 3);
      return [{ type: 'create_snapshot', resourceType: 'droplet', resourceId: id, name, sizeGb }, 60, 300];
    }
    case 'rename':
      return [{ type: 'rename_droplet', droplet: id, name: asked.name }, 1, 5];
    case 'resize': {
      const size = sizeIn(world, asked.size, droplet.region);
      if (status !== 'off') throw invalid('Droplet must be powered off to be resized.');
      if (sizeOf(size.slug).disk < diskGb) throw invalid('This size has a smaller disk than the Droplet.');
      return [{ type: 'resize_droplet', droplet: id, size: size.slug, keepsDisk: !asked.disk }, 60, 120];
    }
    case 'enable_backups':
    case 'change_backup_policy': {
      const change = asked.type === 'change_backup_policy';
      if ((droplet.backups !== null) !== change)
        throw invalid(change ? 'Backups are not enabled.' : 'Backups are already enabled.');
      const { backup_policy: policy } = asked;
      const plan = policy?.plan ?? 'weekly';
      return [{ type: 'set_backups', droplet: id, plan, change, ...timesOf(policy) }, 1, 5];
    }
    case 'disable_backups':
      if (droplet.backups === null) throw invalid('Backups are already disabled.');
      return [{ type: 'set_backups', droplet: id, plan: null }, 1, 5];
    default:
      if (asked.type !== 'power_on' && status === 'off') throw invalid('Droplet is already powered off.');
      if (asked.type === 'power_on' && status === 'active') throw invalid('Droplet is already powered on.');
      return [{ type: 'power', droplet: id, action: asked.type }, 5, 30];
  }
}

export const dropletWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/droplets', 'droplet:create', newDroplet, createDroplet),
  deleting('/v2/droplets/{id}', 'droplet:delete', (writing, id) => {
    const droplet = restingDroplet(writing.world, id);
    writing.act({ type: 'destroy', kind: 'droplet', id: droplet.id, ...writing.held() }, 5, 15);
    return nothing;
  }),
  taking('POST', '/v2/droplets/{id}/actions', 'droplet:update', dropletAction, (writing, asked, id) => {
    const droplet = restingDroplet(writing.world, id);
    const { id: made, action } = writing.act(...eventOf(writing, droplet, asked));
    if (asked.type === 'snapshot') writing.created('snapshot', made, `/v2/snapshots/${made}`);
    return { status: 201, body: writing.actionBody(action) };
  }),
];
