import { z } from 'zod';
import {
  applyRules as apply,
  attributeJob,
  declaredRule,
  endRule,
  expectPreview,
  followUp,
  movedOut,
  ruleAnswer,
  ruleCounts,
  ruleOut,
  rulesBody,
  rulesFileOf,
} from '../../deployments/index.ts';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import { declareOperation, type Operation, type OperationCall, staff } from '../../platform/declare/operation.ts';
import { id } from '../../platform/declare/schemas.ts';
import { changeAsPreviewed } from '../preview-ownership.ts';
import * as flow from '../preview-rules.ts';
import { movedMoney } from './moved-money.ts';

const keepOthers = z.boolean().default(false).meta({ description: 'Rules that are left out stay' });

const previewOut = z.object({
  rules: ruleCounts,
  ending: z.array(ruleOut).meta({ description: 'Rules that would end: those that are left out' }),
  ...movedOut,
  money: movedMoney,
});

function previewAnswer({ ending, ...rest }: flow.RulesPreview): z.input<typeof previewOut> {
  return { ...rest, ending: ending.map(ruleAnswer), totals: [...rest.totals], changes: [...rest.changes] };
}

const changesMax = z.int().min(1).max(1_000).default(100).meta({ description: 'How many of the changes to show' });

export const previewRules = declareOperation({
  method: 'POST',
  path: '/rules/preview',
  name: 'rule preview',
  operationId: 'previewRules',
  tag: 'rules',
  summary: 'What rules would change: which end, which resources change owner, and what months come to',
  description: 'Writes nothing: all of it is done (rules, owners, usage, amounts) and rolled back.',
  command: { file: true, flags: { changesMax: 'limit' } },
  roles: staff,
  query: z.object({ keepOthers, changesMax }),
  body: rulesBody,
  asks: true,
  response: previewOut,
  run: async ({ db, body, query, now, signal }) => {
    const context = { now, signal, limit: query.changesMax };
    return previewAnswer(await flow.previewRules(db, rulesFileOf(body), query.keepOthers, context));
  },
});

type Call = Pick<
  OperationCall<unknown, { readonly expect?: string | undefined }>,
  'db' | 'query' | 'principal' | 'now' | 'signal' | 'follow'
>;

async function written(call: Call, file: unknown, options: Parameters<typeof apply>[4]) {
  const { db, query, principal, now, signal } = call;
  const change = (trx: UnitOfWork) => apply(nestedDatabase(trx), file, principal.subject, now, options);
  const counts = await changeAsPreviewed(db, change, { expect: query.expect, now, signal });
  await followUp(call);
  return counts;
}

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
    expect: expectPreview,
  }),
  body: rulesBody,
  response: ruleCounts,
  followedBy: [attributeJob],
  async run(call) {
    const { keepOthers: isPart, endRules: mayEnd } = call.query;
    const options = { keepOthers: isPart, mayEnd };
    return written(call, rulesFileOf(call.body), options);
  },
});

const ruleChange = z.object({
  written: z.boolean().meta({ description: 'false: of a preview' }),
  rules: ruleCounts,
  preview: previewOut.nullable().meta({ description: 'What it would change; null where it was written' }),
});

const asPreview = z.object({
  preview: z.boolean().default(false).meta({ description: 'Write nothing, and answer what it would change' }),
  expect: expectPreview,
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
    query.preview ? flow.previewRules(db, rulesFileOf({ rules: [body] }), true, { now, signal }) : null,
  async run(call, found) {
    if (found !== null) return { written: false, rules: found.rules, preview: previewAnswer(found) };
    const counts = await written(call, rulesFileOf({ rules: [call.body] }), { keepOthers: true });
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
    query.preview ? flow.previewRuleEnd(db, params.rule, { now, signal }) : null,
  async run(call, found) {
    if (found !== null) return { written: false, rules: found.rules, preview: previewAnswer(found) };
    const { db, query: asked, now, signal } = call;
    const end = (trx: UnitOfWork) => endRule(nestedDatabase(trx), call.params.rule, now);
    const counts = await changeAsPreviewed(db, end, { expect: asked.expect, now, signal });
    await followUp(call);
    return { written: true, rules: counts, preview: null };
  },
});

/** What changes rules, after a preview of what it comes to. */
export const ruleOperations: readonly Operation[] = [previewRules, applyRules, addRule, removeRule];
