import { z } from 'zod';
import type { ListedResource } from '../../provider.ts';
import type { Read } from '../paginate.ts';
import { exactNumber, id, ids, instant, known, parents, reader, regionObject, resource, tags } from './fields.ts';

const volume = z.object({
  id,
  name: z.string(),
  size_gigabytes: exactNumber,
  droplet_ids: ids,
  region: regionObject,
  created_at: instant,
  tags,
});

export const readVolume = reader(volume, (said, payload) =>
  resource({
    kind: 'volume',
    externalId: said.id,
    name: said.name,
    createdAt: said.created_at,
    region: said.region,
    tags: said.tags,
    parents: parents('droplet', said.droplet_ids),
    attributes: { size_gb: said.size_gigabytes },
    payload,
  }),
);

const regions = z
  .array(z.string())
  .nullish()
  .transform((slugs) => (slugs?.length === 1 ? (slugs[0] as string) : null));

const snapshot = z.object({
  id,
  name: z.string(),
  size_gigabytes: exactNumber,
  resource_id: id,
  resource_type: z.string(),
  regions,
  created_at: instant,
  tags,
});

/** A snapshot of a droplet or a volume. One that is kept in several regions has no region of its own. */
export const readSnapshot = reader(snapshot, (said, payload) =>
  resource({
    kind: 'snapshot',
    externalId: said.id,
    name: said.name,
    createdAt: said.created_at,
    region: said.regions,
    tags: said.tags,
    parents: parents(said.resource_type, [said.resource_id]),
    attributes: { size_gb: said.size_gigabytes },
    payload,
  }),
);

const image = z.object({
  id,
  name: z.string(),
  // Not known while the backup is being made.
  size_gigabytes: exactNumber.nullish(),
  status: z.string().nullish(),
  regions,
  created_at: instant,
  tags,
});

const imageType = z.object({ type: z.string() });

const readBackupImage = reader(image, (said, payload) =>
  resource({
    kind: 'droplet_backup',
    externalId: said.id,
    name: said.name,
    status: said.status ?? 'active',
    createdAt: said.created_at,
    region: said.regions,
    tags: said.tags,
    parents: null,
    attributes: known({ size_gb: said.size_gigabytes }),
    payload,
  }),
);

/** A backup among the private images, without its source: an image does not say which droplet it was made of. */
export function readBackup(raw: unknown): Read<ListedResource> | 'skip' {
  return imageType.safeParse(raw).data?.type === 'backup' ? readBackupImage(raw) : 'skip';
}

/** The same backup with its droplet, and with that droplet's plan where it has one. */
export function withSource(backup: ListedResource, dropletId: string, plan: string | undefined): ListedResource {
  return {
    ...backup,
    parents: parents('droplet', [dropletId]),
    attributes: { ...backup.attributes, ...known({ backup_plan: plan }) },
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
