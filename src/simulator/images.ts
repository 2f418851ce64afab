import { baseImages } from './catalogue.ts';
import type { Sequence } from './routes.ts';
import { baseImageView, type Lens, privateImageView, type View } from './views.ts';

const publicImages = [...baseImages.values()].map(baseImageView);

/** The provider's images and the account's own: snapshots and backups of droplets, and those that were uploaded. */
export function images({ world }: Lens, query: URLSearchParams): Sequence {
  const tag = query.get('tag_name');
  const type = query.get('type');
  if (type === 'application') return [];
  if (type === 'distribution') return publicImages;
  const snapshots = world.snapshots.view('images', (snapshot) => snapshot.resourceType === 'droplet');
  const backups = world.backups.list();
  const uploaded = world.customImages.list();
  // The usual question, of a large account, costs a page and not all of them.
  if (query.get('private') === 'true' && tag === null) {
    const others = snapshots.length + backups.length;
    const length = others + uploaded.length;
    return {
      length,
      at(index) {
        if (index >= others) return privateImageView(uploaded[index - others]!, 'custom');
        const found = index < snapshots.length ? snapshots[index] : backups[index - snapshots.length];
        return found && privateImageView(found);
      },
    };
  }
  const own = [
    ...[...snapshots, ...backups].map((image) => privateImageView(image)),
    ...uploaded.map((image) => privateImageView(image, 'custom')),
  ];
  const listed = query.get('private') === 'true' ? own : [...publicImages, ...own];
  return tag === null ? listed : listed.filter((image) => (image['tags'] as readonly string[]).includes(tag));
}

/** By number, or by slug for the provider's own. */
export function image({ world }: Lens, id: string): View | null {
  const snapshot = world.snapshots.get(id);
  if (snapshot?.resourceType === 'droplet') return privateImageView(snapshot);
  const backup = world.backups.get(Number(id));
  if (backup !== undefined) return privateImageView(backup);
  const uploaded = world.customImages.get(Number(id));
  if (uploaded !== undefined) return privateImageView(uploaded, 'custom');
  return publicImages.find((image) => image['slug'] === id || String(image['id']) === id) ?? null;
}
