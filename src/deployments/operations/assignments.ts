import { z } from 'zod';
import { getResource } from '../../inventory/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { assign, unassign } from '../assignments.ts';
import { unattributedResources } from '../attribution.ts';
import { attributeJob } from '../jobs.ts';
import { followUp } from './follow-up.ts';

const resourceRefs = z
  .array(z.union([z.int().min(1), z.string().min(1).max(300)]))
  .min(1)
  .max(1_000)
  .meta({ description: "Our ids, URNs, or `kind:provider's-id`", examples: [['droplet:3164494']] });

const interval = {
  from: instant.optional().meta({ description: 'The beginning of history unless given' }),
  to: instant.optional().meta({ description: 'Not included; no end unless given' }),
};

const written = z.object({
  resources: z.int(),
  inserted: z.int().meta({ description: 'Intervals that were written' }),
  superseded: z.int().meta({ description: 'Intervals that no longer hold' }),
});

async function resolveResources(db: Queryable, refs: z.output<typeof resourceRefs>): Promise<number[]> {
  const ids: number[] = [];
  for (const ref of refs) ids.push(typeof ref === 'number' ? ref : (await getResource(db, ref)).resourceId);
  return ids;
}

export const assignResources = declareOperation({
  method: 'POST',
  path: '/assignments',
  name: 'deployment assign',
  operationId: 'assignResources',
  tag: 'rules',
  summary: 'Assign resources manually, ahead of the rules',
  command: { positional: ['owners'], flags: { resources: 'resource' } },
  description: 'Several owners share by their weights. Past days that it changes are metered again.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    resources: resourceRefs,
    owners: z
      .array(z.strictObject({ deployment: slug, weight: z.int().min(1).max(1_000_000).default(1) }))
      .min(1)
      .max(100),
    ...interval,
  }),
  response: written,
  followedBy: [attributeJob],
  async run(call) {
    const { resources, owners: shares, from = null, to = null } = call.body;
    const resourceIds = await resolveResources(call.db, resources);
    const assignment = {
      resourceIds,
      owners: shares.map(({ deployment: name, weight }) => ({ slug: name, weight })),
      from,
      to,
    };
    const { inserted, superseded } = await assign(call.db, assignment, call.principal.subject, call.now);
    await followUp(call);
    return { resources: resourceIds.length, inserted, superseded };
  },
});

export const unassignResources = declareOperation({
  method: 'POST',
  path: '/assignments/remove',
  name: 'deployment unassign',
  operationId: 'unassignResources',
  tag: 'rules',
  summary: 'Remove manual assignments: the rules apply again',
  command: { positional: ['resources'], confirm: 'Remove the manual assignment of {resources}?' },
  roles: ['owner', 'operator'],
  body: z.strictObject({ resources: resourceRefs, ...interval }),
  response: written,
  followedBy: [attributeJob],
  async run(call) {
    const { resources, from = null, to = null } = call.body;
    const resourceIds = await resolveResources(call.db, resources);
    const { inserted, superseded } = await unassign(
      call.db,
      { resourceIds, from, to },
      call.principal.subject,
      call.now,
    );
    await followUp(call);
    return { resources: resourceIds.length, inserted, superseded };
  },
});

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

export const assignmentOperations: readonly Operation[] = [
  assignResources,
  unassignResources,
  listUnattributedResources,
];
