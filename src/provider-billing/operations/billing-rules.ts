import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf, pageOfAll } from '../../platform/declare/pages.ts';
import { dayOut, decimalOut, id, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import { notFound } from '../../platform/errors.ts';
import { followReconciling, reconcileBillsJob } from '../jobs.ts';
import { listPayers } from '../payers.ts';
import {
  allocationMethods,
  type AllocationRule,
  rewriteAllocation,
  selectAllocations,
  selectHasAllocation,
} from '../reconciliation/allocation.store.ts';
import { selectDeploymentId } from '../reconciliation/decisions.store.ts';
import { previewMonths } from '../reconciliation/previews.ts';
import * as rules from '../reconciliation/rules.store.ts';

// How the provider counts, and who bears what no resource explains: dated data that operators decide on.

const tag = 'prices';
const from = month.meta({ description: 'The first month whose bills it is about' });
const reason = line.meta({ description: 'Why', examples: ['1,204 lines of the May bill'] });
const changed = z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) });
const rule = line.meta({ examples: ['rate_digits'] });
const variant = line.meta({ examples: ['five'] });
const startOf = (day: Temporal.PlainDate) => day.toZonedDateTime('UTC').toInstant();

export const listPriceEvidence = declareList({
  path: '/billing-rules',
  name: 'price evidence',
  operationId: 'listPriceEvidence',
  tag,
  summary: 'How the provider counts: the variants of each rule, and how many bill lines explain or contradict each',
  description:
    'Only lines of final bills count on which the variants of a rule come to different amounts, and one of them to the cent.',
  roles,
  query: z.object({
    month: month.optional().meta({ description: 'Believed for bills of this month; the running one unless given' }),
  }),
  row: z
    .object({
      rule,
      variant,
      describes: z.string(),
      certainty: z.enum(['official', 'reported', 'inferred']),
      evidence: z.string().meta({ description: 'What it rested on before there were bills' }),
      believed: z.boolean(),
      explained: z.int().meta({ description: 'Lines whose amount it explains to the cent' }),
      contradicted: z.int().meta({ description: 'Lines that another variant explains and it does not' }),
    })
    .meta({ id: 'BillingRuleVariant' }),
  search: { none: 'there are few' },
  sort: { none: 'by rule, in the order in which the variants were thought of' },
  total: { none: 'there are few' },
  async run({ db, query, now }, page) {
    const at = query.month === undefined ? now : startOf(query.month);
    const all = (await rules.selectEvidence(db, at)).map((row, place) => ({ row, place }));
    const shown = pageOfAll(all, page, ({ place }) => [place]);
    return { ...shown, items: shown.items.map(({ row }) => row) };
  },
});

const lineKey = z.tuple([z.int(), z.int()]);

export const listContradictions = declareList({
  path: '/billing-rules/:rule/:variant/contradictions',
  name: 'price contradictions',
  operationId: 'listContradictions',
  tag,
  summary: 'Lines of final bills that contradict a variant of a billing rule, and which variants explain them',
  roles,
  params: z.object({ rule, variant }),
  row: z
    .object({
      bill: id,
      position: z.int(),
      description: z.string().nullable(),
      amount: decimalOut,
      variants: z.array(z.string()),
    })
    .meta({ id: 'Contradiction' }),
  search: { none: 'the lines of a bill are searched' },
  sort: { none: 'by bill, in its own order' },
  total: { none: 'price evidence counts them' },
  async run({ db, params }, { limit, cursor }) {
    if (!(await rules.selectHasVariant(db, params.rule, params.variant)))
      throw notFound('variant', `${params.rule}/${params.variant}`);
    const key = cursor === null ? null : lineKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { bill: key[0], position: key[1] };
    const rows = (await rules.selectContradictions(db, { ...params, limit: limit + 1, after })).map((row) => ({
      ...row,
      variants: [...row.variants],
    }));
    return pageOf(rows, limit, ({ bill, position }) => JSON.stringify([bill, position]));
  },
});

const sums = z.object({
  expected: decimalOut,
  differences: decimalOut,
  allocated: decimalOut,
  unexplained: decimalOut,
});
export const preview = z
  .object({
    months: z.array(z.object({ payer: slug, month: dayOut, before: sums, after: sums })),
    bearers: z
      .array(
        z.object({
          target: z.enum(['deployment', 'operator', 'not_cost']),
          deployment: slug.nullable(),
          before: decimalOut,
          after: decimalOut,
          difference: decimalOut.meta({ description: 'after less before' }),
        }),
      )
      .meta({ description: 'Who would bear another amount over these months' }),
  })
  .meta({ id: 'ReconciliationPreview', description: 'The latest twelve months at most' });
type Preview = z.input<typeof preview>;

async function previewed(...args: Parameters<typeof previewMonths>): Promise<Preview> {
  const { months, bearers } = await previewMonths(...args);
  return { months: [...months], bearers: [...bearers] };
}

export const previewBillingRule = declareOperation({
  method: 'POST',
  path: '/billing-rules/:rule/:variant/preview',
  asks: true,
  name: 'price rule preview',
  operationId: 'previewBillingRule',
  tag,
  summary: 'What bills would be expected to come to if another variant of a rule were believed',
  description: 'Nothing is written.',
  roles,
  params: z.object({ rule, variant }),
  body: z.strictObject({ from }),
  response: preview,
  async run({ db, params, body }) {
    if (!(await rules.selectHasVariant(db, params.rule, params.variant)))
      throw notFound('variant', `${params.rule}/${params.variant}`);
    return previewed(db, await payersOf(db), body, { variants: { [params.rule]: params.variant } });
  },
});

export const believeBillingRule = declareOperation({
  method: 'PUT',
  path: '/billing-rules/:rule',
  name: 'price rule believe',
  operationId: 'believeBillingRule',
  tag,
  summary: 'Have a variant of a billing rule be believed, for bills of a month on',
  description:
    'Open bills are reconciled again; those that were signed stand. What was decided for later months gives way.',
  roles,
  params: z.object({ rule }),
  body: z.strictObject({ variant, from, reason }),
  response: changed,
  followedBy: [reconcileBillsJob],
  run: ({ db, params, body, principal, now, follow }) =>
    db.transaction().execute(async (trx) => {
      if (!(await rules.selectHasVariant(trx, params.rule, body.variant)))
        throw notFound('variant', `${params.rule}/${body.variant}`);
      const belief = { rule: params.rule, ...body, from: startOf(body.from) };
      const done = await rules.rewriteBelief(trx, belief, principal.subject, now);
      if (done) await followReconciling(trx, follow);
      return { changed: done };
    }),
});

async function payersOf(db: Parameters<typeof listPayers>[0]) {
  return (await listPayers(db)).map(({ payerId, slug: name }) => ({ payerId, slug: name }));
}

const pattern = line.meta({ description: 'With * and ?, whatever the case', examples: ['Support*'] });
const allocation = {
  position: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, { error: 'is not a decimal number of zero or more such as 150' })
    .meta({ description: 'Rules are tried in this order', examples: ['150'] }),
  product: pattern.optional(),
  description: pattern.optional(),
  project: pattern.optional().meta({ description: "The project's name when the bill was made" }),
  resource: line
    .optional()
    .meta({ description: "The provider's id of a resource, as bill lines have it", examples: ['412345678'] }),
  method: z.enum(allocationMethods).meta({
    description:
      'matched_cost: like what was matched in the month; spaces: like what is stored in Spaces; operator: ours; not_cost: given back, such as a tax that is reclaimed',
  }),
  deployment: slug.optional().meta({ description: 'Of the method deployment: which' }),
};
const allocationBody = z
  .strictObject({
    rule: id.optional().meta({ description: 'The rule that it takes the place of; a new one unless given' }),
    ...allocation,
    from,
  })
  .refine(({ product, description, project, resource }) => product ?? description ?? project ?? resource, {
    error: 'names no lines: give product, description, project or resource',
  })
  .refine(({ method, deployment }) => (method === 'deployment') === (deployment !== undefined), {
    error: 'names a deployment with the method deployment, and with no other',
  })
  .meta({ examples: [{ position: '150', product: 'Support*', method: 'matched_cost', from: '2026-05' }] });

export const listAllocations = declareList({
  path: '/allocation-rules',
  name: 'allocation list',
  operationId: 'listAllocations',
  tag,
  summary: 'Who bears the bill lines that no resource explains: the rules in their order',
  roles,
  query: z.object({
    month: month.optional().meta({ description: 'For bills of this month; the running one unless given' }),
  }),
  row: z
    .object({
      rule: id,
      position: decimalOut,
      product: z.string().nullable(),
      description: z.string().nullable(),
      project: z.string().nullable(),
      resource: z.string().nullable(),
      method: z.enum(allocationMethods),
      deployment: slug.nullable(),
      from: instantOut.nullable().meta({ description: 'null: ever since' }),
      recordedBy: z.string(),
    })
    .meta({ id: 'AllocationRule' }),
  search: { none: 'there are few' },
  sort: { none: 'the order in which they are tried' },
  total: { none: 'there are few' },
  async run({ db, query, now }, page) {
    const at = query.month === undefined ? now : startOf(query.month);
    const all = (await selectAllocations(db, at)).map((row, place) => ({ row, place }));
    const shown = pageOfAll(all, page, ({ place }) => [place]);
    return { ...shown, items: shown.items.map(({ row }) => row) };
  },
});

type Asked = z.output<typeof allocationBody>;

async function ruleOf(db: Parameters<typeof selectDeploymentId>[0], asked: Asked): Promise<AllocationRule> {
  const {
    rule: known = null,
    position,
    product = null,
    description = null,
    project = null,
    resource = null,
    method,
    deployment,
  } = asked;
  const deploymentId = deployment === undefined ? null : await selectDeploymentId(db, deployment);
  if (deployment !== undefined && deploymentId === null) throw notFound('deployment', deployment);
  return { rule: known, position, product, description, project, resource, method, deploymentId };
}

export const previewAllocation = declareOperation({
  method: 'POST',
  path: '/allocation-rules/preview',
  asks: true,
  name: 'allocation preview',
  operationId: 'previewAllocation',
  tag,
  summary: 'What an allocation rule would change, in money',
  description: 'Nothing is written.',
  roles,
  body: allocationBody,
  response: preview,
  async run({ db, body }) {
    const change = { set: await ruleOf(db, body), unset: null };
    if (body.rule !== undefined && !(await selectHasAllocation(db, body.rule, startOf(body.from))))
      throw notFound('allocation rule', String(body.rule));
    return previewed(db, await payersOf(db), body, { allocation: change });
  },
});

export const setAllocation = declareOperation({
  method: 'POST',
  path: '/allocation-rules',
  name: 'allocation set',
  operationId: 'setAllocation',
  tag,
  summary: 'Set an allocation rule, for bills of a month on',
  description: 'Open bills are reconciled again; those that were signed stand.',
  roles,
  body: allocationBody,
  response: z.object({ rule: id }),
  followedBy: [reconcileBillsJob],
  run: ({ db, body, principal, now, follow }) =>
    db.transaction().execute(async (trx) => {
      const set = await ruleOf(trx, body);
      const done = await rewriteAllocation(trx, { set, unset: null }, startOf(body.from), principal.subject, now);
      if (done === null) throw notFound('allocation rule', String(set.rule));
      await followReconciling(trx, follow);
      return { rule: done };
    }),
});

export const unsetAllocation = declareOperation({
  method: 'DELETE',
  path: '/allocation-rules/:rule',
  name: 'allocation unset',
  operationId: 'unsetAllocation',
  tag,
  summary: 'End an allocation rule, for bills of a month on',
  roles,
  params: z.object({ rule: id }),
  query: z.object({ month: month.meta({ description: 'The first month for whose bills it does not apply' }) }),
  response: changed,
  followedBy: [reconcileBillsJob],
  run: ({ db, params, query, principal, now, follow }) =>
    db.transaction().execute(async (trx) => {
      const done = await rewriteAllocation(
        trx,
        { set: null, unset: params.rule },
        startOf(query.month),
        principal.subject,
        now,
      );
      if (done === null) throw notFound('allocation rule', String(params.rule));
      await followReconciling(trx, follow);
      return { changed: true };
    }),
});

export const billingRuleOperations: readonly Operation[] = [
  listPriceEvidence,
  listContradictions,
  previewBillingRule,
  believeBillingRule,
  listAllocations,
  previewAllocation,
  setAllocation,
  unsetAllocation,
];
