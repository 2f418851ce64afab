import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import { id, instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { declaredRule, declaredRulesSchema } from '../declared-rules.ts';
import * as preview from '../preview.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import * as rules from '../rules.ts';
import { unattributedResources } from '../attribution.ts';
import { suggestOwners } from '../suggestions.ts';
import { attributeJob } from '../jobs.ts';
import { followUp } from './follow-up.ts';
import { movedOut, owners } from './moved.ts';

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
};

const shownFields = {
  ...ruleFields,
  owners: owners.nullable().meta({ description: 'null: a built-in rule, which finds the owner itself' }),
  from: instantOut.nullable().meta({ description: 'null: the beginning of history' }),
  to: instantOut.nullable().meta({ description: 'null: no end' }),
};

const rule = z
  .object({ ruleId: z.int(), ...shownFields })
  .meta({ id: 'Rule', description: 'What a rule says over an interval' });

function ruleAnswer({ owners: of, ...rest }: rules.Rule): z.input<typeof rule> {
  return { ...rest, owners: ownersOut(of) };
}

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
  row: rule,
  search: { in: 'the kind, the pattern, the project and the owners' },
  sort: { by: ['position', 'ruleId', 'kind', 'from'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(
      (await rules.listRules(db)).map(ruleAnswer),
      page,
      (one) => [Number(one.position), one.ruleId, one.from],
      {
        texts: ({ kind, pattern, project, projectName, owners: of }) => [
          kind,
          pattern,
          project,
          projectName,
          ...(of ?? []).map(({ deployment }) => deployment),
        ],
        sorts: { ruleId: (one) => one.ruleId, kind: (one) => one.kind, from: (one) => one.from },
      },
    );
  },
});

export const exportRules = declareDocument({
  path: '/rules/export',
  name: 'rule export',
  operationId: 'exportRules',
  tag: 'rules',
  summary: 'Your rules as a rules file',
  description: 'With all that they said over time. Applied again, here or elsewhere, it changes nothing.',
  roles: staff,
  produces: ['application/yaml'],
  async run({ db }) {
    const body = listText('rules', await rules.exportRules(db));
    return { type: 'application/yaml', body, filename: 'rules.yaml' };
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
          ...shownFields,
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
function asFile({ rules: declared, items }: z.output<typeof rulesBody>): unknown {
  return {
    rules:
      declared?.map(({ from, to, ...one }) => ({ ...one, from: from?.toString(), to: to?.toString() })) ??
      items?.flatMap(asDeclared),
  };
}

/** A row of `rule list` as a rules file says it. What is built in or imported is not its business. */
function asDeclared({ kind, origin, owners: of, from, to, ...row }: z.output<typeof listedRule>): object[] {
  if (origin !== 'declared' || of === null) return [];
  return [
    {
      [kind]: row.project ?? row.pattern ?? undefined,
      shares: Object.fromEntries(of.map(({ deployment, weight }) => [deployment, weight])),
      from: from?.toString(),
      to: to?.toString(),
      kinds: row.resourceKinds ?? undefined,
      position: Number(row.position),
    },
  ];
}

const ruleCounts = z.object({ added: z.int(), changed: z.int(), ended: z.int(), unchanged: z.int() });

const text = z.string().max(255);
const listedRule = z.strictObject({
  ruleId: z.int(),
  ...ruleFields,
  position: z.string().regex(/^\d{1,20}(\.\d{1,20})?$/),
  project: text.nullable(),
  projectName: text.nullable(),
  pattern: text.nullable(),
  resourceKinds: z.array(z.string().max(63)).max(100).nullable(),
  owners: z
    .array(z.strictObject({ deployment: slug, weight: z.int().min(1) }))
    .max(100)
    .nullable(),
  from: instant.nullable(),
  to: instant.nullable(),
});

const rulesBody = z
  .strictObject({
    rules: declaredRulesSchema.shape.rules.optional(),
    items: z
      .array(listedRule)
      .max(4_000)
      .optional()
      .meta({ description: 'In place of rules: what the list of rules gave' }),
    nextCursor: z.null().optional().meta({ description: 'As the list has it: null, for it must be all of the list' }),
    total: z.int().optional().meta({ description: 'As the list has it' }),
  })
  .refine(({ rules: declared, items }) => (declared === undefined) !== (items === undefined), {
    error: 'needs rules, or items as the list of rules gives them',
  })
  .meta({
    description: 'All of your rules: one that is left out ends now, unless others are kept',
    examples: [{ rules: [{ name: 'acme-*', deployment: 'acme' }] }],
  });

const keepOthers = z.boolean().default(false).meta({ description: 'Rules that are left out stay' });

const previewOut = z.object({
  rules: ruleCounts,
  ending: z.array(rule).meta({ description: 'Rules that would end: those that are left out' }),
  ...movedOut,
});

function previewAnswer({ ending, ...rest }: preview.RulesPreview): z.input<typeof previewOut> {
  return { ...rest, ending: ending.map(ruleAnswer), totals: [...rest.totals], changes: [...rest.changes] };
}

const changesMax = z.int().min(1).max(1_000).default(100).meta({ description: 'How many of the changes to show' });

export const previewRules = declareOperation({
  method: 'POST',
  path: '/rules/preview',
  name: 'rule preview',
  operationId: 'previewRules',
  tag: 'rules',
  summary: 'What rules would change: which end, and which resources change owner, since when, whose they were',
  description: 'Writes nothing.',
  command: { file: true, flags: { changesMax: 'limit' } },
  roles: staff,
  query: z.object({ keepOthers, changesMax }),
  body: rulesBody,
  asks: true,
  response: previewOut,
  run: async ({ db, body, query, now, signal }) => {
    const page = { limit: query.changesMax, keepOthers: query.keepOthers };
    return previewAnswer(await preview.previewRules(db, asFile(body), now, page, signal));
  },
});

export const applyRules = declareOperation({
  method: 'POST',
  path: '/rules/apply',
  name: 'rule apply',
  operationId: 'applyRules',
  tag: 'rules',
  summary: 'Apply a set of rules, all or nothing',
  command: { file: true },
  description: `Applying the same again changes nothing. Rules that are left out end: unless \`endRules\` agrees to that,
it is refused (\`rules_would_end\`) and says which. Ownership follows within seconds, by a job.`,
  roles: ['owner', 'operator'],
  query: z.object({
    keepOthers,
    endRules: z.boolean().default(false).meta({ description: 'Agree that rules which are left out end' }),
  }),
  body: rulesBody,
  response: ruleCounts,
  followedBy: [attributeJob],
  async run(call) {
    const { keepOthers: isPart, endRules: mayEnd } = call.query;
    const options = { keepOthers: isPart, mayEnd };
    const counts = await rules.applyRules(call.db, asFile(call.body), call.principal.subject, call.now, options);
    await followUp(call);
    return counts;
  },
});

const ruleChange = z.object({
  written: z.boolean().meta({ description: 'false: of a preview' }),
  rules: ruleCounts,
  preview: previewOut.nullable().meta({ description: 'What it would change; null where it was written' }),
});

const asPreview = z.object({
  preview: z.boolean().default(false).meta({ description: 'Write nothing, and answer what it would change' }),
});

export const addRule = declareOperation({
  method: 'POST',
  path: '/rules',
  name: 'rule add',
  operationId: 'addRule',
  tag: 'rules',
  summary: 'Add one rule, behind the others of its kind; all others stay',
  description: 'A rule of the same name, tag or project says from its start on what is given here.',
  command: { flags: { kinds: 'kind' } },
  roles: ['owner', 'operator'],
  query: asPreview,
  body: declaredRule.meta({ examples: [{ name: 'acme-*', deployment: 'acme' }] }),
  response: ruleChange,
  followedBy: [attributeJob],
  // A preview rolls back a transaction of its own.
  prepare: async ({ db, query, body, now, signal }) =>
    query.preview ? preview.previewRules(db, asFile({ rules: [body] }), now, { keepOthers: true }, signal) : null,
  async run(call, found) {
    if (found !== null) return { written: false, rules: found.rules, preview: previewAnswer(found) };
    const file = asFile({ rules: [call.body] });
    const options = { keepOthers: true };
    const counts = await rules.applyRules(call.db, file, call.principal.subject, call.now, options);
    await followUp(call);
    return { written: true, rules: counts, preview: null };
  },
});

export const removeRule = declareOperation({
  method: 'POST',
  path: '/rules/:rule/remove',
  name: 'rule remove',
  operationId: 'removeRule',
  tag: 'rules',
  summary: 'End a rule: from now on it says nothing',
  description: 'What it said before stays. A rule that is built in never ends.',
  roles: ['owner', 'operator'],
  params: z.object({ rule: id.meta({ description: 'Its number in the list of rules', examples: [101] }) }),
  query: asPreview,
  response: ruleChange,
  followedBy: [attributeJob],
  prepare: async ({ db, params, query, now, signal }) =>
    query.preview ? preview.previewRuleEnd(db, params.rule, now, {}, signal) : null,
  async run(call, found) {
    if (found !== null) return { written: false, rules: found.rules, preview: previewAnswer(found) };
    const counts = await rules.endRule(call.db, call.params.rule, call.now);
    await followUp(call);
    return { written: true, rules: counts, preview: null };
  },
});

export const listRuleSuggestions = declareList({
  path: '/rules/suggestions',
  name: 'rule suggest',
  operationId: 'listRuleSuggestions',
  tag: 'rules',
  summary: 'Suggested rules for what is unassigned',
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
  extra: z.object({ unassigned: z.int().meta({ description: 'How many live resources are unassigned' }) }),
  search: { none: 'made anew each time, the best first' },
  sort: { none: 'made anew each time, the best first' },
  total: { none: 'the best ones only' },
  async run({ db, now }, { limit }) {
    const { total } = await unattributedResources(db, now, 1);
    return { items: await suggestOwners(db, limit), nextCursor: null, unassigned: total };
  },
});

export const ruleOperations: readonly Operation[] = [
  listRules,
  getRule,
  exportRules,
  previewRules,
  applyRules,
  addRule,
  removeRule,
  listRuleSuggestions,
];
