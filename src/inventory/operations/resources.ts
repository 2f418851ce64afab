import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import * as resources from '../resources.ts';
import type { ResourceHistory } from '../resources.ts';

const identified = {
  resourceId: z.int().meta({ examples: [17] }),
  account: slug,
  kind: z.string().meta({ examples: ['droplet'] }),
  externalId: z.string(),
  urn: z.string().nullable(),
};

const provenance = {
  from: instantOut,
  to: instantOut.nullable().meta({ description: 'null: still so' }),
  recordedAt: instantOut.meta({ description: 'When we knew' }),
  source: z.enum(['listing', 'action', 'operator', 'assumed']),
  syncRunId: z.int().nullable(),
  recordedBy: z.string().nullable(),
};

const resourceHistory = z
  .object({
    ...identified,
    createdAt: instantOut.nullable().meta({ description: 'By the provider' }),
    firstSeenAt: instantOut,
    states: z.array(
      z.object({
        ...provenance,
        name: z.string(),
        status: z.string(),
        region: z.string().nullable(),
        tags: z.array(z.string()),
        parents: z.array(z.string()),
        attributes: z.record(z.string(), z.unknown()),
      }),
    ),
    memberships: z
      .array(
        z.object({
          ...provenance,
          source: z.enum(['listing', 'resource', 'action', 'operator', 'assumed']).meta({
            description: 'listing: the project shows it; resource: none does, and it says itself which one it is in',
          }),
          project: z.string(),
        }),
      )
      .meta({ description: 'Projects that held it' }),
  })
  .meta({ id: 'ResourceHistory', description: 'One resource: what it was when, and how we know' });

/** An interval as the API names its ends. */
function named<Interval extends { validFrom: Temporal.Instant; validTo: Temporal.Instant | null }>({
  validFrom,
  validTo,
  ...rest
}: Interval) {
  return { from: validFrom, to: validTo, ...rest };
}

function historyAnswer({ states, memberships, ...identity }: ResourceHistory): z.input<typeof resourceHistory> {
  return { ...identity, states: states.map(named), memberships: memberships.map(named) };
}

const resourceParams = z.object({
  resource: z
    .string()
    .min(1)
    .max(300)
    .meta({ description: "Our id, a URN, or `kind:provider's-id`", examples: ['17'] }),
});

export const getResource = declareOperation({
  method: 'GET',
  path: '/resources/:resource',
  name: 'resource show',
  operationId: 'getResource',
  tag: 'resources',
  summary: 'One resource: what it was when, and how we know',
  roles: staff,
  params: resourceParams,
  response: resourceHistory,
  async run({ db, params }) {
    return historyAnswer(await resources.getResource(db, params.resource));
  },
});

const resourceSettings = z
  .object({
    ...identified,
    phases: z
      .array(
        z.object({
          ...provenance,
          settings: z
            .record(z.string(), z.unknown())
            .meta({ description: 'Flat keys to canonical values', examples: [{ backups: true, size: 's-1vcpu-1gb' }] }),
          hidden: z
            .array(z.string())
            .meta({ description: 'Keys that the token may not see: their values are what was known last' }),
        }),
      )
      .meta({ description: 'In order; each differs from the one before' }),
  })
  .meta({ id: 'ResourceSettings', description: 'How one resource was configured when, and how we know' });

export const getResourceSettings = declareOperation({
  method: 'GET',
  path: '/resources/:resource/settings',
  name: 'resource settings',
  operationId: 'getResourceSettings',
  tag: 'resources',
  summary: 'How one resource was configured when, and how we know',
  description:
    'Settings are what is configured beside what is billed: backups, firewall rules, versions. Values are canonical: what means the same is the same.',
  roles: staff,
  params: resourceParams,
  query: z.object({ at: instant.optional().meta({ description: 'Only how it was then; all phases unless given' }) }),
  response: resourceSettings,
  async run({ db, params, query }) {
    const found = await resources.getResourceSettings(db, params.resource, query.at ?? null);
    const { phases, createdAt: _createdAt, firstSeenAt: _firstSeenAt, ...identity } = found;
    return { ...identity, phases: phases.map(named) };
  },
});

const actionKey = z.tuple([z.string().transform((text) => Temporal.Instant.from(text)), z.string()]);

const listResourceActions = declareList({
  path: '/resources/:resource/actions',
  name: 'resource actions',
  operationId: 'listResourceActions',
  tag: 'resources',
  summary: "What the provider's action log says of one resource, the newest first",
  description: 'Times of changes come from it where it has them; else from the listing that showed them.',
  roles: staff,
  params: resourceParams,
  row: z
    .object({
      action: z.string().meta({ description: "The provider's id", examples: ['36804636'] }),
      type: z.string().meta({ description: "The provider's word", examples: ['power_off'] }),
      status: z.string().meta({ examples: ['completed'] }),
      region: z.string().nullable(),
      startedAt: instantOut.nullable(),
      completedAt: instantOut.nullable(),
      seenAt: instantOut.meta({ description: 'When a sync read it' }),
      appliedAt: instantOut.nullable().meta({ description: 'When history was brought in line with it; null: not yet' }),
      appliedByRun: z.int().nullable().meta({ description: 'The sync run that did so' }),
    })
    .meta({ id: 'ResourceAction', description: "One entry of the provider's action log" }),
  search: { none: 'one resource' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'what the provider keeps of one resource' },
  async run({ db, params }, { limit, cursor }) {
    const key = cursor === null ? null : actionKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { at: key[0], action: key[1] };
    const rows = await resources.listResourceActions(db, params.resource, { limit: limit + 1, after });
    return pageOf(rows, limit, ({ at, action }) => JSON.stringify([at, action]));
  },
});

export const resourceOperations: readonly Operation[] = [getResource, getResourceSettings, listResourceActions];
