import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { id, instantOut, slug } from '../../platform/declare/schemas.ts';
import { declaredRulesSchema } from '../declared-rules.ts';
import * as preview from '../preview.ts';
import * as rules from '../rules.ts';
import { unattributedResources } from '../attribution.ts';
import { suggestOwners } from '../suggestions.ts';
import { attributeJob } from '../jobs.ts';
import { followUp } from './follow-up.ts';

const owners = z.array(z.object({ deployment: slug, weight: z.int() }));

const ruleFields = {
  kind: z.enum(['manual', 'project', 'deployment_tag', 'tag', 'name', 'inheritance']),
  position: z.string().meta({ description: 'A decimal: rules are tried by it', examples: ['400'] }),
  project: z.string().nullable().meta({ description: "The provider's id, of a link to a project" }),
  projectName: z.string().nullable(),
  pattern: z
    .string()
    .nullable()
    .meta({ examples: ['acme-*'] }),
  resourceKinds: z.array(z.string()).nullable().meta({ description: 'null: every kind' }),
  origin: z.enum(['built in', 'declared', 'import']),
  owners: owners.nullable().meta({ description: 'null: a built-in rule, which finds the owner itself' }),
  from: instantOut.nullable().meta({ description: 'null: the beginning of history' }),
  to: instantOut.nullable().meta({ description: 'null: no end' }),
};

function ownersOut(of: rules.Rule['owners']): z.input<typeof owners> | null {
  return of?.map(({ slug: name, weight }) => ({ deployment: name, weight })) ?? null;
}

export const listRules = declareList({
  path: '/rules',
  name: 'rule list',
  operationId: 'listRules',
  tag: 'rules',
  summary: 'The rules, in the order in which they are tried',
  description: 'A rule that changed over time has several rows.',
  roles: staff,
  row: z
    .object({ ruleId: z.int(), ...ruleFields })
    .meta({ id: 'Rule', description: 'What a rule says over an interval' }),
  async run({ db }, page) {
    const all = (await rules.listRules(db)).map((rule) => ({ ...rule, owners: ownersOut(rule.owners) }));
    return pageOfAll(all, page, (rule) => [Number(rule.position), rule.ruleId, rule.from]);
  },
});

const getRule = declareOperation({
  method: 'GET',
  path: '/rules/:rule',
  name: 'rule show',
  operationId: 'getRule',
  tag: 'rules',
  summary: 'One rule: what it says, who wrote it when, and what it owns now',
  roles: staff,
  params: z.object({ rule: id }),
  response: z.object({
    ruleId: z.int(),
    versions: z
      .array(
        z.object({
          ...ruleFields,
          recordedAt: instantOut.nullable().meta({ description: 'null: built in' }),
          recordedBy: z.string(),
          supersededAt: instantOut
            .nullable()
            .meta({ description: 'When something else took its place; null: it holds' }),
        }),
      )
      .meta({ description: 'What holds first, then the newest; 200 at most' }),
    owns: z
      .array(z.object({ kind: z.string(), resources: z.int() }))
      .readonly()
      .meta({ description: 'How many resources have their owner by it now, by kind' }),
  }),
  async run({ db, params }) {
    const { versions, ...rest } = await rules.getRule(db, params.rule);
    return { ...rest, versions: versions.map((version) => ({ ...version, owners: ownersOut(version.owners) })) };
  },
});

/** As the domain reads a rules file: with its moments as text. */
function asFile({ rules }: z.output<typeof declaredRulesSchema>): unknown {
  return { rules: rules.map(({ from, to, ...rule }) => ({ ...rule, from: from?.toString(), to: to?.toString() })) };
}

const ruleCounts = z.object({ added: z.int(), changed: z.int(), ended: z.int(), unchanged: z.int() });

const rulesBody = declaredRulesSchema.meta({
  description: 'All of your rules: one that is left out ends now',
  examples: [{ rules: [{ name: 'acme-*', deployment: 'acme' }] }],
});

const ownersBeforeAndAfter = z
  .array(z.object({ slug, weight: z.int() }))
  .transform((list) => list.map(({ slug: name, weight }) => ({ deployment: name, weight })))
  .pipe(owners);

export const previewRules = declareOperation({
  method: 'POST',
  path: '/rules/preview',
  name: 'rule preview',
  operationId: 'previewRules',
  tag: 'rules',
  summary: 'What rules would change: which resources, since when, whose they were',
  description: 'Writes nothing.',
  command: { file: true, flags: { changesMax: 'limit' } },
  roles: staff,
  query: z.object({
    changesMax: z.int().min(1).max(1_000).default(100).meta({ description: 'How many of the changes to show' }),
  }),
  body: rulesBody,
  asks: true,
  response: z.object({
    rules: ruleCounts,
    resources: z.int().meta({ description: 'How many would change owner' }),
    totals: z.array(z.object({ deployment: slug, gains: z.int(), loses: z.int() })),
    changes: z.array(
      z.object({
        resourceId: z.int(),
        account: slug,
        kind: z.string(),
        externalId: z.string(),
        name: z.string(),
        from: instantOut,
        to: instantOut.nullable(),
        before: ownersBeforeAndAfter,
        after: ownersBeforeAndAfter,
      }),
    ),
    changesTotal: z.int(),
  }),
  run: ({ db, body, query, now, signal }) =>
    preview.previewRules(db, asFile(body), now, { limit: query.changesMax }, signal),
});

export const applyRules = declareOperation({
  method: 'POST',
  path: '/rules/apply',
  name: 'rule apply',
  operationId: 'applyRules',
  tag: 'rules',
  summary: 'Make the rules those that are given, all or nothing',
  command: { file: true },
  description: 'Applying the same again changes nothing. Ownership follows within seconds, by a job.',
  roles: ['owner', 'operator'],
  body: rulesBody,
  response: ruleCounts,
  followedBy: [attributeJob],
  async run(call) {
    const counts = await rules.applyRules(call.db, asFile(call.body), call.principal.subject, call.now);
    await followUp(call);
    return counts;
  },
});

export const listRuleSuggestions = declareList({
  path: '/rules/suggestions',
  name: 'rule suggest',
  operationId: 'listRuleSuggestions',
  tag: 'rules',
  summary: 'Rules that could own what has no owner',
  description: 'A list to choose from: nothing is applied. The best ones only; there is no next page.',
  roles: staff,
  row: z.object({
    rule: z
      .record(z.string(), z.string())
      .meta({ description: 'Ready to be applied', examples: [{ name: 'acme-*', deployment: 'acme' }] }),
    reason: z.string(),
    deploymentExists: z.boolean(),
    resources: z.int().meta({ description: 'Unassigned ones that it would own' }),
  }),
  extra: z.object({ unassigned: z.int().meta({ description: 'How many resources live and have no owner' }) }),
  async run({ db, now }, { limit }) {
    const { total } = await unattributedResources(db, now, 1);
    return { items: await suggestOwners(db, limit), nextCursor: null, unassigned: total };
  },
});

export const ruleOperations: readonly Operation[] = [listRules, getRule, previewRules, applyRules, listRuleSuggestions];
