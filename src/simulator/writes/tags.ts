import { z } from 'zod';
import { findTag } from '../routes.ts';
import { deleting, invalid, missing, nothing, taking, type WriteRoute, type Writing } from './write.ts';

const tagName = z
  .string()
  .regex(/^[a-zA-Z0-9_:-]+$/)
  .max(255);
export const tagNames = z
  .array(tagName)
  .max(50)
  .nullish()
  .transform((tags) => tags ?? []);

/** Throws Refusal for one that is not there. */
export function assertTags({ world }: Writing, tags: readonly string[]): void {
  for (const tag of tags) if (findTag(world, tag) === null) throw invalid(`tag "${tag}" does not exist`);
}

/** What is created with a tag brings the tag with it. */
export function ensureTags(writing: Writing, tags: readonly string[]): void {
  for (const name of tags) if (findTag(writing.world, name) === null) writing.happen({ type: 'create_tag', name });
}

const carriers = z.object({
  resources: z.array(
    z.object({ resource_id: z.string(), resource_type: z.enum(['droplet', 'image', 'volume', 'volume_snapshot']) }),
  ),
});

const places = {
  droplet: ['droplet', '/v2/droplets'],
  image: ['snapshot', '/v2/snapshots'],
  volume: ['volume', '/v2/volumes'],
  volume_snapshot: ['snapshot', '/v2/snapshots'],
} as const;

function carry(writing: Writing, type: 'tag' | 'untag', body: z.output<typeof carriers>, path: string): typeof nothing {
  const { world } = writing;
  const tag = findTag(world, path);
  if (tag === null) throw missing();
  const found = body.resources.map(({ resource_id: id, resource_type }) => {
    const [kind, listing] = places[resource_type];
    const there = {
      droplet: world.droplets.get(Number(id)),
      snapshot: world.snapshots.get(id),
      volume: world.volumes.get(id),
    };
    if (there[kind] === undefined) throw missing();
    return { kind, id, path: `${listing}/${id}` };
  });
  for (const { kind, id, path: at } of found) {
    writing.happen({ type, kind, id, tags: [tag['name'] as string] });
    if (type === 'tag') writing.tagged(at);
  }
  return nothing;
}

export const tagWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/tags', 'tag:create', z.object({ name: tagName }), (writing, { name }) => {
    ensureTags(writing, [name]);
    return { status: 201, body: { tag: findTag(writing.world, name) } };
  }),
  deleting('/v2/tags/{tag}', 'tag:delete', (writing, tag) => {
    const found = findTag(writing.world, tag);
    if (found === null) throw missing();
    writing.happen({ type: 'destroy_tag', name: found['name'] as string });
    return nothing;
  }),
  taking('POST', '/v2/tags/{tag}/resources', 'tag:create', carriers, (writing, body, tag) =>
    carry(writing, 'tag', body, tag),
  ),
  taking('DELETE', '/v2/tags/{tag}/resources', 'tag:delete', carriers, (writing, body, tag) =>
    carry(writing, 'untag', body, tag),
  ),
];
