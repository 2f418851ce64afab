import { z } from 'zod';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { decimalOut, instantOut, slug } from '../../platform/declare/schemas.ts';
import { inSnapshot } from '../../platform/database/in-snapshot.ts';
import { readResourceLife } from '../resource-life.ts';

const known = {
  from: instantOut,
  to: instantOut.nullable().meta({ description: 'null: still so' }),
  recordedAt: instantOut.meta({ description: 'When we knew' }),
  source: z.string().meta({ description: 'listing, action, operator, resource or assumed', examples: ['listing'] }),
  syncRunId: z.int().nullable(),
  recordedBy: z.string().nullable(),
};

const owner = z.object({
  from: instantOut,
  to: instantOut.nullable(),
  recordedAt: instantOut,
  rule: z.int().nullable().meta({ description: 'The rule that found the owner; null: none did' }),
  ruleKind: z.string().nullable(),
  owners: z
    .array(z.object({ deployment: slug, name: z.string(), weight: z.int(), weightTotal: z.int() }))
    .readonly()
    .meta({ description: 'Empty: unassigned' }),
});

const getResourceLife = declareOperation({
  method: 'GET',
  path: '/resources/:resource/life',
  name: 'resource life',
  operationId: 'getResourceLife',
  tag: 'resources',
  summary:
    'One resource over time: state, size, tags, project and owner, its actions and usage, and what was believed before',
  roles: staff,
  params: z.object({
    resource: z
      .string()
      .min(1)
      .max(300)
      .meta({ description: "Our id, a URN, or `kind:provider's-id`", examples: ['17'] }),
  }),
  response: z
    .object({
      resourceId: z.int(),
      account: slug,
      kind: z.string(),
      externalId: z.string(),
      urn: z.string().nullable(),
      name: z.string().nullable().meta({ description: 'Its last name' }),
      status: z.string().nullable().meta({ description: 'null: it has ended' }),
      createdAt: instantOut.nullable().meta({ description: 'By the provider' }),
      firstSeenAt: instantOut,
      costPerMonth: z
        .object({ currency: z.string(), amount: decimalOut })
        .nullable()
        .meta({ description: 'By the provider prices of today; null: unknown' }),
      expectsOwner: z
        .boolean()
        .meta({ description: 'false: of a kind that nobody misses an owner of, such as projects' }),
      lanes: z
        .object({
          state: z.array(z.object({ ...known, status: z.string(), name: z.string() })),
          size: z.array(z.object({ ...known, size: z.record(z.string(), z.string()) })),
          tags: z.array(z.object({ ...known, tags: z.array(z.string()), region: z.string().nullable() })),
          project: z.array(z.object({ ...known, project: z.string(), projectName: z.string() })),
          owner: z.array(owner),
        })
        .meta({ description: 'Intervals in order; what follows and is the same is one' }),
      relations: z
        .array(
          z.object({
            direction: z.enum(['of', 'has']).meta({ description: 'of: it belongs to that; has: that belongs to it' }),
            resourceId: z.int(),
            kind: z.string(),
            name: z.string(),
            ended: z.boolean(),
          }),
        )
        .readonly()
        .meta({
          description: 'What it belongs to and what belongs to it, by nature: a volume and its droplet; 100 at most',
        }),
      actions: z
        .array(
          z.object({
            action: z.string(),
            type: z.string(),
            status: z.string(),
            startedAt: instantOut.nullable(),
            completedAt: instantOut.nullable(),
            appliedAt: instantOut.nullable(),
          }),
        )
        .meta({ description: "The newest 100 of the provider's action log" }),
      seen: z.object({
        first: instantOut,
        last: instantOut.nullable().meta({ description: 'The last complete listing of its kind while it lived' }),
        missed: z
          .array(
            z.object({ syncRunId: z.int(), startedAt: instantOut, outcome: z.string(), reason: z.string().nullable() }),
          )
          .readonly()
          .meta({ description: 'Listings of its kind that were not complete, the newest 100' }),
      }),
      usage: z
        .array(
          z.object({
            deployment: slug.meta({ description: 'Whose it was; `unattributed`: it was unassigned' }),
            kind: z.string(),
            month: z.string(),
            quantity: decimalOut,
          }),
        )
        .meta({ description: 'Of 13 months, for each of its owners' }),
      knownBefore: z
        .array(
          z.object({
            from: instantOut,
            to: instantOut.nullable(),
            name: z.string(),
            status: z.string(),
            attributes: z.record(z.string(), z.unknown()),
            source: z.string(),
            recordedAt: instantOut,
            supersededAt: instantOut,
            supersededByRun: z.int().nullable().meta({ description: 'The sync run that corrected it' }),
          }),
        )
        .meta({ description: 'What was believed and is not any more, the newest 100' }),
    })
    .meta({ id: 'ResourceLife', description: 'One resource over time' }),
  run: ({ db, params, now }) => inSnapshot(db, (trx) => readResourceLife(trx, params.resource, now)),
});

export const lifeOperations: readonly Operation[] = [getResourceLife];
