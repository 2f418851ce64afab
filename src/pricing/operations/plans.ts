import { z } from 'zod';
import { dayOf } from '../../metering/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Role,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { day, dayOut, decimalOut, instantOut, month, slug, nextOut } from '../../platform/declare/schemas.ts';
import type { PlanVersion } from '../plan.ts';
import * as planApply from '../plan-apply.ts';
import { planFileJsonSchema, planFileLengthMax } from '../plan-problems.ts';
import { countPlanDeployments, planDeployments, readPlanSheet } from '../plan-sheet.ts';
import * as plans from '../plans.ts';
import { retiredPlans, setRetired } from '../retire.ts';
import { costPlusUnitPrice } from '../rating/cost-plus.ts';
import { readers, deciders } from './roles.ts';

// Customers see the plans that their deployments are or were on, with their prices up to today, and nothing of
// other plans: row-level security leaves them out too. Of an item at cost-plus they see the price,
// never the cost or the markup. With the markup of what is passed on, its price tells what it cost: that is shown to nobody
// who does not see cost.

const seesCost = (role: Role): boolean => deciders.includes(role);

const planItem = z.object({
  kind: z.string(),
  allowance: decimalOut,
  carryOver: z.object({ months: z.int(), limit: decimalOut.nullable() }).nullable(),
  model: z.string().meta({ examples: ['standard'] }),
  properties: z.record(z.string(), z.unknown()).meta({ description: 'Of the model; see the plan file schema' }),
  minimum: decimalOut.nullable(),
  cap: decimalOut.nullable(),
});

const planVersion = z
  .object({
    plan: slug,
    name: z.string(),
    from: dayOut.meta({ description: 'The first day on which this version applies' }),
    currency: z.string(),
    base: decimalOut,
    baseEvery: z.string().meta({ description: 'month, quarter, year, or a number of months such as 6 months' }),
    baseDue: z.enum(['arrears', 'advance']),
    minimum: decimalOut.nullable(),
    cap: decimalOut.nullable(),
    discount: z
      .object({ percent: decimalOut.optional(), amount: decimalOut.optional(), until: dayOut.nullable() })
      .nullable(),
    items: z.array(planItem),
    passThrough: z
      .array(
        z.object({
          product: z.string().nullable(),
          resourceKind: z.string().nullable(),
          markupPercent: decimalOut
            .nullable()
            .meta({ description: 'Null: it is shown to the roles owner and finance alone' }),
        }),
      )
      .meta({ description: 'Cost that is passed on with a markup' }),
    retiredAt: instantOut
      .nullable()
      .meta({ description: 'Since when the plan takes no new subscription; null: it takes them' }),
  })
  .meta({ id: 'PlanVersion', description: 'A price list from a day on' });

type Retired = Awaited<ReturnType<typeof retiredPlans>>;

function planAnswer(plan: PlanVersion, role: Role, retired: Retired): z.input<typeof planVersion> {
  const { discount, items, passThrough, ...rest } = plan;
  return {
    ...rest,
    retiredAt: retired.get(plan.plan) ?? null,
    discount: discount && {
      ...(discount.percent !== undefined && { percent: discount.percent }),
      ...(discount.amount !== undefined && { amount: discount.amount }),
      until: discount.until,
    },
    passThrough: passThrough.map((item) => ({
      ...item,
      markupPercent: seesCost(role) ? item.markupPercent : null,
    })),
    items: items.map((item) =>
      item.model === 'cost-plus' && role === 'customer'
        ? { ...item, properties: { unitPrice: costPlusUnitPrice(item.properties).toFixed() } }
        : { ...item, properties: { ...item.properties } },
    ),
  };
}

type PlanAnswer = z.input<typeof planVersion>;

async function planAnswers(
  db: Queryable,
  versions: readonly PlanVersion[],
  role: Role,
  retired: Retired,
): Promise<PlanAnswer[]> {
  const seen = seesCost(role) ? await plans.withMarkups(db, versions) : versions;
  return seen.map((version) => planAnswer(version, role, retired));
}

/** Errors: invalid_argument, of a day that the reader sees no prices of. */
function dayWithin({ lastDay }: plans.PlanSight, day: Temporal.PlainDate): Temporal.PlainDate {
  if (lastDay === null || Temporal.PlainDate.compare(day, lastDay) <= 0) return day;
  throw new ArcadiaError('invalid_argument', `at: ${day} is to come; prices are shown up to ${lastDay}.`);
}

const onDay = z.object({ at: day.optional().meta({ description: 'Another day than today' }) });

export const listPlans = declareList({
  path: '/plans',
  name: 'plan list',
  operationId: 'listPlans',
  tag: 'plans',
  summary: 'The plans as they are on a day',
  roles: readers,
  query: onDay.extend({
    retired: z.boolean().default(false).meta({ description: 'Those too that take no new subscription' }),
  }),
  row: planVersion,
  search: { in: 'the slug and the name' },
  sort: { by: ['plan', 'name', 'currency', 'from'] },
  total: true,
  async run({ db, query, now, principal }, page) {
    const sight = await plans.planSightOf(db, principal.customerId, now, dayOf(now));
    const all = await plans.listPlans(db, dayWithin(sight, query.at ?? dayOf(now)), principal.customerId);
    const retired = await retiredPlans(db);
    const seen = all.filter(({ plan }) => sight.sees(plan) && (query.retired || !retired.has(plan)));
    const { items, ...rest } = pageOfAll(seen, page, (plan) => [plan.plan], {
      texts: ({ plan, name }) => [plan, name],
      sorts: { name: ({ name }) => name.toLowerCase(), currency: (plan) => plan.currency, from: (plan) => plan.from },
    });
    return { items: await planAnswers(db, items, principal.role, retired), ...rest };
  },
});

export const getPlan = declareOperation({
  method: 'GET',
  path: '/plans/:plan',
  name: 'plan show',
  operationId: 'getPlan',
  tag: 'plans',
  summary: 'A plan with its prices, as it is on a day',
  roles: readers,
  params: z.object({ plan: slug }),
  query: onDay,
  response: planVersion,
  async run({ db, params, query, now, principal }) {
    const sight = await plans.planSightOf(db, principal.customerId, now, dayOf(now));
    if (!sight.sees(params.plan)) throw notFound('plan', params.plan);
    const day = dayWithin(sight, query.at ?? dayOf(now));
    const plan = await plans.getPlan(db, params.plan, day, principal.customerId);
    const [answer] = await planAnswers(db, [plan], principal.role, await retiredPlans(db));
    return answer as PlanAnswer;
  },
});

export const listPlanVersions = declareList({
  path: '/plans/:plan/versions',
  name: 'plan versions',
  operationId: 'listPlanVersions',
  tag: 'plans',
  summary: "A plan's versions, the oldest first",
  roles: readers,
  params: z.object({ plan: slug }),
  row: planVersion,
  search: { none: 'one plan' },
  sort: { none: 'the oldest first' },
  total: true,
  async run({ db, params, principal, now }, page) {
    const { sees, lastDay } = await plans.planSightOf(db, principal.customerId, now, dayOf(now));
    if (!sees(params.plan)) throw notFound('plan', params.plan);
    const versions = await plans.listPlanVersions(db, params.plan, principal.customerId);
    const seen = versions.filter(({ from }) => lastDay === null || Temporal.PlainDate.compare(from, lastDay) <= 0);
    const { items, ...rest } = pageOfAll(seen, page, (version) => [version.from]);
    const retired = await retiredPlans(db);
    return { items: await planAnswers(db, items, principal.role, retired), ...rest };
  },
});

export const showPlanSheet = declareOperation({
  method: 'GET',
  path: '/plans/:plan/sheet',
  name: 'plan sheet',
  operationId: 'getPlanSheet',
  tag: 'plans',
  summary: 'A plan on a day with its versions, and what each of its meters costs by quantity',
  roles: staff,
  params: z.object({ plan: slug }),
  query: onDay,
  response: z
    .object({
      plan: planVersion,
      versions: z.array(planVersion).meta({ description: 'The oldest first' }),
      curves: z.array(
        z.object({
          kind: z.string(),
          title: z.string(),
          unit: z.string(),
          points: z
            .array(z.object({ quantity: decimalOut, amount: decimalOut }))
            .readonly()
            .meta({ description: 'What a month with the quantity costs for this meter alone' }),
        }),
      ),
      deployments: z.int().meta({ description: 'On it now' }),
    })
    .meta({ id: 'PlanSheet', description: 'A plan as somebody looks at it' }),
  async run({ db, params, query, now, principal: { role } }) {
    const sheet = await readPlanSheet(db, params.plan, query.at ?? dayOf(now), now);
    const retired = await retiredPlans(db);
    const [plan] = await planAnswers(db, [sheet.plan], role, retired);
    return {
      plan: plan as PlanAnswer,
      versions: await planAnswers(db, sheet.versions, role, retired),
      curves: [...sheet.curves],
      deployments: sheet.deployments,
    };
  },
});

export const listPlanDeployments = declareList({
  path: '/plans/:plan/deployments',
  name: 'plan deployments',
  operationId: 'listPlanDeployments',
  tag: 'plans',
  summary: 'Deployments on a plan in a month, and how near each is to what is included',
  description: 'Rated now, from what is metered.',
  roles: staff,
  params: z.object({ plan: slug }),
  query: z.object({ month: month.optional().meta({ description: 'The month of the last complete day unless given' }) }),
  row: z.object({
    deployment: slug,
    currency: z.string(),
    total: decimalOut.meta({ description: "The month's bill of the deployment as it is now, before tax" }),
    meters: z
      .array(
        z.object({
          kind: z.string(),
          quantity: decimalOut,
          allowance: decimalOut,
          left: decimalOut.meta({ description: 'allowance less quantity: below 0 it is beyond' }),
        }),
      )
      .readonly(),
  }),
  extra: z.object({ month: z.string().meta({ examples: ['2026-06'] }) }),
  search: { none: 'one plan' },
  sort: { none: 'in the order in which they were created' },
  total: true,
  async run({ db, params, query, now }, page) {
    const of = (query.month ?? dayOf(now).subtract({ days: 1 })).toPlainYearMonth();
    const asked = { ...params, month: of, after: Number(page.cursor ?? 0), limit: page.limit };
    const { rows, next } = await planDeployments(db, asked);
    return {
      items: rows,
      nextCursor: next === null ? null : String(next),
      total: await countPlanDeployments(db, params.plan, of),
      month: of.toString(),
    };
  },
});

export const exportPlan = declareDocument({
  path: '/plans/:plan/export',
  name: 'plan export',
  operationId: 'exportPlan',
  tag: 'plans',
  summary: 'A plan as it is on a day, as a plan file',
  description: 'Applied again it changes nothing; under another name it is a plan of its own.',
  roles: staff,
  params: z.object({ plan: slug }),
  query: onDay,
  produces: ['application/yaml'],
  async run({ db, params, query, now, principal: { role } }) {
    const found = await plans.getPlan(db, params.plan, query.at ?? dayOf(now), null);
    if (found.passThrough.length > 0 && !seesCost(role))
      throw new ArcadiaError(
        'forbidden',
        `Plan "${params.plan}" passes cost on: its file has the markup, which the role ${role} does not see.`,
      );
    const [version = found] = await plans.withMarkups(db, [found]);
    const { items, passThrough, ...plan } = version;
    const head = Object.entries(withoutNulls(plan)).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
    const passed = passThrough.length === 0 ? '' : listText('passThrough', passThrough.map(withoutNulls));
    const body = `${head.join('')}${listText('items', items.map(withoutNulls))}${passed}`;
    return { type: 'application/yaml', body, filename: `${params.plan}.yaml` };
  },
});

/** A file says only what is so: what it leaves out is null. */
function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, of]) => of !== null));
}

const retirement = z.object({
  plan: slug,
  retiredAt: instantOut.nullable(),
  deployments: z.int().meta({ description: 'How many are on it, or will be: they stay' }),
});

export const retirePlan = declareOperation({
  method: 'POST',
  path: '/plans/:plan/retire',
  name: 'plan retire',
  operationId: 'retirePlan',
  tag: 'plans',
  summary: 'Have a plan take no new subscription; who is on it stays',
  description:
    'Its deployments are billed by it as before, and it can have new versions. Lists leave it out unless asked.',
  roles: deciders,
  params: z.object({ plan: slug }),
  response: retirement,
  async run({ db, params, now }) {
    const deployments = await setRetired(db, params.plan, now, now);
    return { ...params, retiredAt: (await retiredPlans(db)).get(params.plan) ?? now, deployments };
  },
});

export const reopenPlan = declareOperation({
  method: 'POST',
  path: '/plans/:plan/reopen',
  name: 'plan reopen',
  operationId: 'reopenPlan',
  tag: 'plans',
  summary: 'Have a retired plan take subscriptions again',
  roles: deciders,
  params: z.object({ plan: slug }),
  response: retirement,
  async run({ db, params, now }) {
    return { ...params, retiredAt: null, deployments: await setRetired(db, params.plan, null, now) };
  },
});

export const getPlanSchema = declareOperation({
  method: 'GET',
  path: '/plan-schema',
  name: 'plan schema',
  operationId: 'getPlanSchema',
  tag: 'plans',
  summary: 'The JSON schema of a plan file',
  roles: staff,
  response: z.record(z.string(), z.unknown()),
  run: async () => ({ ...planFileJsonSchema() }),
});

const planFileExample = `plan: basic
name: Basic
from: 2026-05-01
currency: USD
base: 20.00
items:
  - kind: droplet_hours
    allowance: 744
    model: standard
    properties: { unitPrice: 0.05 }
`;

const planFiles = {
  files: z
    .array(
      z.strictObject({
        name: z
          .string()
          .min(1)
          .max(200)
          .meta({ description: 'For problems', examples: ['basic.yaml'] }),
        text: z
          .string()
          .max(planFileLengthMax)
          .meta({
            description: 'YAML or JSON, as GET /plan-schema says',
            contentMediaType: 'application/yaml',
            examples: [planFileExample],
          }),
      }),
    )
    .min(1)
    .max(100)
    .meta({ description: 'Plan files' }),
};

const ofFiles = { positional: ['files'], files: ['files'] } as const;

const warningsOut = z
  .array(
    z.object({
      code: z.string(),
      path: z.array(z.union([z.string(), z.int()])).readonly(),
      message: z.string(),
      next: nextOut.optional(),
    }),
  )
  .readonly();

const compared = z.object({ before: decimalOut, after: decimalOut, difference: decimalOut });

const planChange = z
  .object({
    file: z.string(),
    plan: slug,
    from: dayOut,
    status: z.enum(['unchanged', 'new_plan', 'new_version', 'edited']),
    comparedWith: dayOut.nullable().meta({ description: 'The first day of the version that it is compared with' }),
    differences: z
      .array(z.object({ what: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
      .readonly(),
    warnings: warningsOut,
    impact: z
      .object({
        currency: z.string(),
        deployments: z.int(),
        months: z.array(z.object({ month: z.string(), complete: z.boolean(), sum: compared })),
        most: z.array(z.object({ deployment: slug, months: z.array(compared).readonly() })).readonly(),
        bills: z
          .array(z.object({ month: z.string(), complete: z.boolean(), deployments: z.int(), sum: compared }))
          .meta({ description: 'Each month up to the current one whose bill becomes another, issued or not' }),
      })
      .nullable()
      .meta({ description: 'What it would have cost in the last complete month, and in the current one to date' }),
  })
  .meta({ id: 'PlanChange', description: 'What a plan file changes, for whom, in money' });

export const previewPlans = declareOperation({
  method: 'POST',
  asks: true,
  path: '/plans/preview',
  name: 'plan preview',
  operationId: 'previewPlans',
  tag: 'plans',
  summary: 'What plan files would change, for whom and in money',
  description: 'Nothing is written. A bad file is refused with file, line and reason of each problem.',
  roles: staff,
  command: { ...ofFiles, flags: { deploymentsMax: 'limit' } },
  body: z.strictObject({
    ...planFiles,
    deploymentsMax: z
      .int()
      .min(0)
      .max(1_000)
      .default(100)
      .meta({ description: 'Deployments at most that are named, those for whom it changes most' }),
  }),
  response: z.object({
    digest: z.string().meta({ description: 'sha256, for `expect` of applying' }),
    changes: z.array(planChange),
  }),
  async run({ db, body, now, signal, principal: { role } }) {
    const changes = await planApply.previewPlans(db, body.files, { now, limit: body.deploymentsMax, signal });
    return {
      digest: planApply.digestOf(changes),
      changes: changes.map((change) => ({
        ...change,
        differences: change.differences.map((one) =>
          one.what.startsWith('passThrough.') && !seesCost(role) ? { ...one, before: null } : one,
        ),
        impact: change.impact && {
          ...change.impact,
          months: change.impact.months.map((one) => ({ ...one, month: one.month.toString() })),
          bills: change.impact.bills.map((one) => ({ ...one, month: one.month.toString() })),
        },
      })),
    };
  },
});

export const applyPlans = declareOperation({
  method: 'POST',
  path: '/plans',
  name: 'plan apply',
  operationId: 'applyPlans',
  tag: 'plans',
  summary: 'Apply plan files, all or nothing',
  description: 'Ask for a preview first. A version that deployments have been on never changes.',
  roles: deciders,
  command: ofFiles,
  body: z.strictObject({
    ...planFiles,
    expect: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({ description: 'The digest of the preview that was seen: refused where it says something else by now' }),
  }),
  response: z.object({
    written: z.int().meta({ description: 'How many versions' }),
    warnings: warningsOut.meta({ description: 'Where the plans and metering do not match; the preview has all' }),
  }),
  prepare: ({ db, body, signal }) => planApply.readPlans(db, body.files, signal),
  async run({ db, body, principal, now }, reads) {
    const { written } = await planApply.applyReadPlans(db, reads, principal.subject, now, body.expect);
    return { written, warnings: await planApply.warnAboutPlans(db, reads, now) };
  },
});

export const planOperations: readonly Operation[] = [
  listPlans,
  getPlan,
  listPlanVersions,
  showPlanSheet,
  listPlanDeployments,
  exportPlan,
  retirePlan,
  reopenPlan,
  getPlanSchema,
  previewPlans,
  applyPlans,
];
