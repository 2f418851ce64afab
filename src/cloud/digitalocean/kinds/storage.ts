import { z } from 'zod';
import type { ListedResource, ResourceKind } from '../../provider.ts';
import type { Read } from '../paginate.ts';
import {
  clustersOf,
  exactNumber,
  id,
  ids,
  instant,
  names,
  reader,
  regionObject,
  resourceReader,
  soleRegion,
} from './fields.ts';

export const readVolume = resourceReader(
  'id',
  {
    name: z.string(),
    size_gigabytes: exactNumber,
    droplet_ids: ids,
    region: regionObject,
    created_at: instant,
    tags: names,
  },
  (said, externalId, payload) => ({
    kind: 'volume',
    externalId,
    name: said.name,
    createdAt: said.created_at,
    region: said.region,
    tags: said.tags,
    parents: { droplet: said.droplet_ids, kubernetes_cluster: clustersOf(said.tags) },
    attributes: { size_gb: said.size_gigabytes },
    payload,
  }),
);

/** A snapshot of a droplet or a volume. One that is kept in several regions has no region of its own. */
export const readSnapshot = resourceReader(
  'id',
  {
    name: z.string(),
    size_gigabytes: exactNumber,
    resource_id: id,
    resource_type: z.string(),
    regions: soleRegion,
    created_at: instant,
    tags: names,
  },
  (said, externalId, payload) => ({
    kind: 'snapshot',
    externalId,
    name: said.name,
    createdAt: said.created_at,
    region: said.regions,
    tags: said.tags,
    parents:
      said.resource_type === undefined || said.resource_id === undefined
        ? undefined
        : { [said.resource_type]: [said.resource_id] },
    attributes: {
      size_gb: said.size_gigabytes,
      ...(said.resource_type !== undefined && { source: said.resource_type }),
    },
    // Of which that is not told counts as a droplet's, so that it is metered until it is.
    ...(said.resource_type === undefined && { assumed: { source: 'droplet' } }),
    payload,
  }),
);

/** Of an image that is still being made the size is not known yet. */
const image = {
  name: z.string(),
  size_gigabytes: exactNumber,
  status: z.string(),
  regions: soleRegion,
  created_at: instant,
  tags: names,
};

/** @param untold what the listing of images does not tell of this kind, each undefined */
const privateImage = (
  kind: ResourceKind,
  untold: { parents?: undefined; attributes?: { backup_plan: undefined } } = {},
) =>
  resourceReader('id', image, (said, externalId, payload) => ({
    kind,
    externalId,
    name: said.name,
    status: said.status,
    createdAt: said.created_at,
    region: said.regions,
    tags: said.tags,
    payload,
    ...untold,
    attributes: { size_gb: said.size_gigabytes, ...untold.attributes },
  }));

/** The provider's word for the kinds that are images. */
export const imageTypes: Readonly<Record<string, string>> = { droplet_backup: 'backup', custom_image: 'custom' };

const imageType = z.object({ type: z.string() });

/** One type among the private images. An image of which nobody can tell the type may be one that seems to be missing. */
function ofType(wanted: string, read: (raw: unknown) => Read<ListedResource>) {
  return (raw: unknown): Read<ListedResource> | 'skip' => {
    const type = imageType.safeParse(raw);
    if (!type.success) return { ok: false, fault: 'type: not understood' };
    return type.data.type === wanted ? read(raw) : 'skip';
  };
}

/** A backup, without its source: an image does not say which droplet it was made of. */
export const readBackup = ofType(
  'backup',
  privateImage('droplet_backup', { parents: undefined, attributes: { backup_plan: undefined } }),
);

/** An image that the operator has uploaded. */
export const readCustomImage = ofType('custom', privateImage('custom_image'));

/** What is known of a backup's source: null: this droplet has no plan; undefined: its plan is not known. */
interface BackupSource {
  readonly dropletId: string;
  readonly plan: string | null | undefined;
}

/** The same backup with its droplet, and with that droplet's plan. */
export function withSource(backup: ListedResource, { dropletId, plan }: BackupSource): ListedResource {
  return {
    ...backup,
    parents: [`droplet:${dropletId}`],
    attributes: { ...backup.attributes, ...(plan != null && { backup_plan: plan }) },
    untold: backup.untold.filter((name) => name !== 'parents' && (name !== 'backup_plan' || plan === undefined)),
  };
}

/** Which backups a droplet has. */
export const readDropletBackups = reader(z.object({ id, backup_ids: ids }), (said) => ({
  dropletId: said.id,
  backupIds: said.backup_ids,
}));

const policy = z.object({
  droplet_id: id,
  backup_policy: z.object({ plan: z.string() }).nullish(),
});

/** How often a droplet is backed up: daily, weekly; null where it is not. */
export const readBackupPolicy = reader(policy, (said) => ({
  dropletId: said.droplet_id,
  plan: said.backup_policy?.plan ?? null,
}));
