import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { decimalOut, id, instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import * as fleet from '../fleet.ts';

const several = z.array(line).min(1).max(50).optional();

const filters = {
  kind: several.meta({ description: 'Only these kinds', examples: [['droplet']] }),
  account: several.meta({ description: 'Only these accounts' }),
  status: several.meta({ description: "Only in these states, in the provider's words", examples: [['off']] }),
  region: several.meta({ examples: [['fra1']] }),
  tag: line.optional().meta({ description: 'Tags compare without case' }),
  owner: slug.optional().meta({ description: 'A deployment, `none`, or `several`' }),
  customer: line.optional().meta({ description: 'Owned by a deployment of this customer, by external id' }),
  rule: id.optional().meta({ description: 'Whose owner this rule found' }),
  project: line.optional().meta({ description: "The provider's id of the project that holds it" }),
  source: z
    .enum(['listing', 'action', 'operator', 'assumed'])
    .optional()
    .meta({ description: 'How its state is known; assumed: from before the account was connected' }),
  sinceFrom: instant.optional().meta({ description: 'As it is since then or later' }),
  sinceTo: instant.optional(),
  createdFrom: instant.optional(),
  createdTo: instant.optional(),
  ended: z.boolean().default(false).meta({ description: 'Those that have ended, as they were last' }),
  at: instant.optional().meta({ description: 'As it was then; now unless given' }),
};

const amount = z.object({ currency: z.string(), amount: decimalOut });

const resourceRow = z
  .object({
    resourceId: z.int().meta({ examples: [17] }),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    externalId: z.string().meta({ description: "The provider's id", examples: ['3164494'] }),
    urn: z.string().nullable(),
    name: z.string().meta({ examples: ['acme-web'] }),
    status: z.string().meta({ description: "The provider's word", examples: ['active'] }),
    region: z.string().nullable(),
    tags: z.array(z.string()),
    parents: z.array(z.string()).meta({ description: 'As kind:external_id', examples: [['droplet:3164494']] }),
    attributes: z.record(z.string(), z.unknown()).meta({ description: 'Facts that billing reads' }),
    project: z.string().nullable().meta({ description: "The provider's id of the project that holds it" }),
    since: instantOut.meta({ description: 'Since when all of this is so' }),
    until: instantOut.nullable().meta({ description: 'Until when it was so; null: it still is' }),
    source: z.enum(['listing', 'action', 'operator', 'assumed']).meta({ description: 'How that is known' }),
    createdAt: instantOut.nullable().meta({ description: 'By the provider' }),
    firstSeenAt: instantOut,
    owners: z
      .array(z.object({ deployment: slug, name: z.string(), weight: z.int(), weightTotal: z.int() }))
      .readonly()
      .nullable()
      .meta({ description: 'Empty: unassigned; null: a project, private network or certificate that is' }),
    rule: z.int().nullable().meta({ description: 'The rule that found the owner' }),
    costPerMonth: amount
      .nullable()
      .meta({ description: 'By the provider prices; null: unknown, or charged by more than one price' }),
  })
  .meta({ id: 'Resource', description: 'One thing that the provider lists, as it was at one moment' });

const key = z.tuple([z.string(), z.int()]);

export const listResources = declareList({
  path: '/resources',
  name: 'resource list',
  operationId: 'listResources',
  tag: 'resources',
  summary: 'What lives, or lived at another moment, and whose it is',
  roles: staff,
  query: z.object(filters),
  row: resourceRow,
  search: { in: "the name; or that are this provider's id, URN, or our id" },
  sort: { by: ['resourceId', 'name', 'kind', 'since', 'createdAt'] },
  total: { none: 'resource summary counts them' },
  async run({ db, query, now }, { limit, cursor, q, sort, order }) {
    const { at = null, ...filter } = query;
    const rest = { ...filter, ...(q !== null && { q }) };
    const last = cursor === null ? null : key.parse(JSON.parse(cursor));
    const after = last === null ? null : { key: last[0], resourceId: last[1] };
    const rows = await fleet.listFleet(db, { ...rest, at, now }, { sort, order }, { after, limit: limit + 1 });
    return pageOf(rows, limit, (row) => JSON.stringify([row.key, row.resourceId]));
  },
});

const facet = z.array(z.object({ value: z.string(), resources: z.int() })).readonly();

const getResourcesSummary = declareOperation({
  method: 'GET',
  path: '/resources/summary',
  name: 'resource summary',
  operationId: 'getResourcesSummary',
  tag: 'resources',
  summary: 'How many resources match, by kind, account, status, region and owner, and what they cost in a month',
  description: `The same filters as the list of resources. Each count is without the filter by its own field. A fleet of more than
10,000 is counted by a job every ten minutes, where something changed: \`asOf\` says when. Filters by anything but kind,
account, status, region and owner count it now.`,
  roles: staff,
  query: z.object({
    q: line
      .optional()
      .meta({ description: "A part of the name, a provider's id, a URN, or our id", examples: ['web'] }),
    ...filters,
  }),
  response: z.object({
    total: z.int(),
    byKind: facet,
    byAccount: facet,
    byStatus: facet,
    byRegion: facet.meta({ description: 'An empty value: in no region' }),
    byOwner: facet.meta({ description: 'none, several, and the 20 deployments that own most' }),
    ownersTotal: z.int().meta({ description: 'How many deployments own some' }),
    costPerMonth: z.array(amount).readonly().meta({ description: 'By the price book, of those whose price is known' }),
    unpriced: z.int().meta({ description: 'How many have no known price' }),
    exact: z.boolean().meta({ description: 'false: as it was counted last' }),
    asOf: instantOut,
  }),
  async run({ db, query, now }) {
    const { at = null, ...rest } = query;
    const found = await fleet.summarizeFleet(db, { ...rest, at, now });
    const { resources, unknown, monthly, countedAt, ...facets } = found;
    const asOf = countedAt ?? at ?? now;
    return { total: resources, ...facets, costPerMonth: monthly, unpriced: unknown, exact: countedAt === null, asOf };
  },
});

export const resourceOperations: readonly Operation[] = [listResources, getResourcesSummary];
