import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, staff, type Operation } from '../../platform/declare/operation.ts';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { unattributedResources } from '../attribution.ts';

export const listUnattributedResources = declareList({
  path: '/unattributed-resources',
  name: 'resource unassigned',
  operationId: 'listUnattributedResources',
  tag: 'rules',
  summary: 'Live resources that are unassigned',
  roles: staff,
  query: z.object({ at: instant.optional().meta({ description: 'As it was then; now unless given' }) }),
  row: z.object({
    resourceId: z.int(),
    account: slug,
    kind: z.string(),
    externalId: z.string(),
    name: z.string(),
    tags: z.array(z.string()),
    since: instantOut.meta({ description: 'Since when it is unassigned' }),
  }),
  search: { none: 'resource list --owner none looks through them' },
  sort: { none: 'by kind and name, as they are assigned' },
  total: true,
  async run({ db, query, now }, { limit, cursor }) {
    const after = cursor === null ? null : afterOf(cursor);
    const { resources, total } = await unattributedResources(db, query.at ?? now, limit + 1, after);
    return {
      ...pageOf(resources, limit, ({ kind, name, resourceId }) => JSON.stringify([kind, name, resourceId])),
      total,
    };
  },
});

function afterOf(cursor: string): { kind: string; name: string; resourceId: number } {
  const [kind, name, resourceId] = JSON.parse(cursor) as [string, string, number];
  return { kind, name, resourceId };
}

export const unattributedOperations: readonly Operation[] = [listUnattributedResources];
