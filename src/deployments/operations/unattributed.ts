import { z } from 'zod';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { decimalOut, instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { countUnassigned, listUnassigned, summarizeUnassigned, type UnassignedSummary } from '../unassigned.ts';

const amount = z.object({ currency: z.string(), amount: decimalOut });

const suggestion = z.object({
  rule: z
    .record(z.string(), z.string())
    .meta({ description: 'Ready to be applied', examples: [{ name: 'acme-*', deployment: 'acme' }] }),
  reason: z.string(),
  deploymentExists: z.boolean(),
});

export const listUnattributedResources = declareList({
  path: '/unattributed-resources',
  name: 'resource unassigned',
  operationId: 'listUnattributedResources',
  tag: 'rules',
  summary: 'Live resources that are unassigned, what each costs in a month, and whose it may be',
  roles: staff,
  query: z.object({
    at: instant.optional().meta({ description: 'As it was then; now unless given' }),
    suggestion: slug
      .optional()
      .meta({ description: 'Only what suggested rules would give to this deployment; `none`: what none would' }),
  }),
  row: z.object({
    resourceId: z.int(),
    account: slug,
    kind: z.string(),
    externalId: z.string(),
    name: z.string(),
    tags: z.array(z.string()),
    since: instantOut.meta({ description: 'Since when it is unassigned' }),
    costPerMonth: amount
      .nullable()
      .meta({ description: 'By the provider prices; null: unknown, or charged by more than one price' }),
    suggestion: suggestion.nullable().meta({ description: 'The suggested rule that would own it; null: none' }),
  }),
  search: { none: 'resource list --owner none looks through them' },
  sort: { none: 'by kind and name, as they are assigned' },
  total: true,
  async run({ db, query, now }, { limit, cursor }) {
    const { at = now, ...rest } = query;
    const after = cursor === null ? null : afterOf(cursor);
    const rows = await listUnassigned(db, { at, ...rest }, { after, limit: limit + 1 });
    const total = await countUnassigned(db, { at, ...rest });
    return {
      ...pageOf(rows, limit, ({ kind, name, resourceId }) => JSON.stringify([kind, name, resourceId])),
      total,
    };
  },
});

const sum = {
  resources: z.int(),
  oldest: instantOut.nullable().meta({ description: 'Since when the oldest of them is unassigned' }),
  costPerMonth: z.array(amount).readonly().meta({ description: 'By the price book, of those whose price is known' }),
  unpriced: z.int().meta({ description: 'How many have no known price' }),
};

type Sum = Pick<UnassignedSummary, 'resources' | 'oldest' | 'monthly' | 'unknown'>;

function sumAnswer({ resources, oldest, monthly, unknown }: Sum) {
  return { resources, oldest, costPerMonth: monthly, unpriced: unknown };
}

const getUnattributedSummary = declareOperation({
  method: 'GET',
  path: '/unattributed-resources/summary',
  name: 'resource unassigned-summary',
  operationId: 'getUnattributedSummary',
  tag: 'rules',
  summary: 'How much is unassigned and what it costs in a month, by the suggested rule that would own it',
  description: 'Each resource is counted once: at the first suggestion that matches it.',
  roles: staff,
  query: z.object({ at: instant.optional().meta({ description: 'As it was then; now unless given' }) }),
  response: z.object({
    ...sum,
    bySuggestion: z.array(suggestion.extend(sum)),
    unexplained: z.object(sum).meta({ description: 'What no suggestion would own' }),
    asOf: instantOut,
  }),
  async run({ db, query, now }) {
    const { at = now } = query;
    const { bySuggestion, unexplained, ...all } = await summarizeUnassigned(db, at);
    return {
      ...sumAnswer(all),
      bySuggestion: bySuggestion.map(({ suggestion: found, ...own }) => ({
        rule: found.rule,
        reason: found.reason,
        deploymentExists: found.deploymentExists,
        ...sumAnswer(own),
      })),
      unexplained: sumAnswer(unexplained),
      asOf: at,
    };
  },
});

function afterOf(cursor: string): { kind: string; name: string; resourceId: number } {
  const [kind, name, resourceId] = JSON.parse(cursor) as [string, string, number];
  return { kind, name, resourceId };
}

export const unattributedOperations: readonly Operation[] = [listUnattributedResources, getUnattributedSummary];
