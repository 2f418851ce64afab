import { baseImages } from './catalogue.ts';
import { baseImageView, type Lens, privateImageView, type View } from './views.ts';

const publicImages = [...baseImages.values()].map(baseImageView);

/** The provider's images and the account's own: snapshots and backups of droplets. */
export function images({ world }: Lens, query: URLSearchParams): readonly View[] {
  const tag = query.get('tag_name');
  const type = query.get('type');
  if (type === 'application') return [];
  if (type === 'distribution') return publicImages;
  const snapshots = world.snapshots.view('images', (snapshot) => snapshot.resourceType === 'droplet');
  const own = [...snapshots, ...world.backups.list()].map(privateImageView);
  const listed = query.get('private') === 'true' ? own : [...publicImages, ...own];
  return tag === null ? listed : listed.filter((image) => (image['tags'] as readonly string[]).includes(tag));
}

/** By number, or by slug for the provider's own. */
export function image({ world }: Lens, id: string): View | null {
  const snapshot = world.snapshots.get(id);
  if (snapshot?.resourceType === 'droplet') return privateImageView(snapshot);
  const backup = world.backups.get(Number(id));
  if (backup !== undefined) return privateImageView(backup);
  return publicImages.find((image) => image['slug'] === id || String(image['id']) === id) ?? null;
}
