import { z } from 'zod';
import { regionSlugs } from '../catalogue.ts';
import type { Volume } from '../entities.ts';
import type { FleetEventInput } from '../events.ts';
import { snapshotView, volumeView } from '../views.ts';
import { restingDroplet } from './droplets.ts';
import { ensureTags, tagNames } from './tags.ts';
import { deleting, invalid, missing, nothing, Refusal, taking, type WriteRoute, type Writing } from './write.ts';

const newVolume = z.object({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z][a-z0-9-]*$/, 'must be comprised of lower case letters, digits and dashes'),
  description: z.string().default(''),
  size_gigabytes: z.int().min(1).max(16_384),
  region: z.enum(regionSlugs as [string, ...string[]]),
  tags: tagNames,
});

export const volumeLimit = () => new Refusal(403, 'failed to create volume: volume/snapshot capacity limit exceeded');

function createVolume(writing: Writing, body: z.output<typeof newVolume>) {
  const { world } = writing;
  const { name, description, size_gigabytes: sizeGb, region, tags } = body;
  if (world.volumes.list().some((volume) => volume.name === name && volume.region === region)) {
    throw new Refusal(409, `failed to create volume: a volume named ${name} already exists in ${region}`);
  }
  if (world.volumes.list().length >= world.limits.volumes) throw volumeLimit();
  ensureTags(writing, tags);
  const id = writing.happen({ type: 'create_volume', name, description, sizeGb, region, tags }) as string;
  writing.created('volume', id, `/v2/volumes/${id}`, tags);
  const volume = world.volumes.get(id);
  return { status: 201, body: { volume: volume && volumeView(volume) } };
}

const region = z.string().optional();
const volumeAction = z.discriminatedUnion('type', [
  z.object({ type: z.literal('attach'), droplet_id: z.int(), region }),
  z.object({ type: z.literal('detach'), droplet_id: z.int(), region }),
  z.object({ type: z.literal('resize'), size_gigabytes: z.int().min(1).max(16_384), region }),
]);

function eventOf({ world }: Writing, volume: Volume, asked: z.output<typeof volumeAction>): FleetEventInput {
  if (asked.region !== undefined && asked.region !== volume.region) throw invalid('the volume is in another region');
  if (asked.type === 'resize') {
    if (asked.size_gigabytes <= volume.sizeGb) throw invalid('a volume can only become larger');
    return { type: 'resize_volume', volume: volume.id, sizeGb: asked.size_gigabytes };
  }
  if (asked.type === 'detach') {
    if (volume.droplet !== asked.droplet_id) throw invalid('the volume is not attached to this Droplet');
    restingDroplet(world, asked.droplet_id);
    return { type: 'detach_volume', volume: volume.id };
  }
  const droplet = restingDroplet(world, asked.droplet_id);
  if (volume.droplet !== null) throw invalid('the volume is already attached to a Droplet');
  if (droplet.region !== volume.region) throw invalid('the volume and the Droplet are in different regions');
  return { type: 'attach_volume', volume: volume.id, droplet: droplet.id };
}

const newSnapshot = z.object({ name: z.string().min(1).max(255), tags: tagNames });

export const storageWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/volumes', 'block_storage:create', newVolume, createVolume),
  deleting('/v2/volumes/{id}', 'block_storage:delete', (writing, id) => {
    const volume = writing.world.volumes.get(id);
    if (volume === undefined) throw missing();
    if (volume.droplet !== null) throw new Refusal(409, 'failed to delete volume: it is attached to a Droplet');
    writing.happen({ type: 'destroy', kind: 'volume', id });
    return nothing;
  }),
  taking('POST', '/v2/volumes/{id}/actions', 'block_storage_action:create', volumeAction, (writing, asked, id) => {
    const volume = writing.world.volumes.get(id);
    if (volume === undefined) throw missing();
    const { action } = writing.act(eventOf(writing, volume, asked), 3, 8);
    return { status: 202, body: writing.actionBody(action) };
  }),
  taking('POST', '/v2/volumes/{id}/snapshots', 'block_storage_snapshot:create', newSnapshot, (writing, body, id) => {
    const volume = writing.world.volumes.get(id);
    if (volume === undefined) throw missing();
    ensureTags(writing, body.tags);
    const sizeGb = writing.random.size(0.1, volume.sizeGb / 2);
    const event = { type: 'create_snapshot', resourceType: 'volume', resourceId: id, ...body, sizeGb } as const;
    const made = writing.happen(event) as string;
    writing.created('snapshot', made, `/v2/snapshots/${made}`, body.tags);
    const snapshot = writing.world.snapshots.get(made);
    return { status: 201, body: { snapshot: snapshot && snapshotView(snapshot) } };
  }),
  deleting('/v2/snapshots/{id}', 'snapshot:delete', (writing, id) => {
    if (writing.world.snapshots.get(id) === undefined) throw missing();
    writing.happen({ type: 'destroy', kind: 'snapshot', id });
    return nothing;
  }),
];
