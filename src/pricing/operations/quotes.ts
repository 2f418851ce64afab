import { z } from 'zod';
import { assertOwnDeployment } from '../../deployments/index.ts';
import { dayOf, monthOf } from '../../metering/index.ts';
import { planFileLengthMax } from '../plan-problems.ts';
import { planSightOf } from '../plans.ts';
import { declareOperation, type Role, staff, type Operation } from '../../platform/declare/operation.ts';
import {
  decimalOut,
  instantOut,
  month,
  optionalDayRange,
  rangeOr,
  recordOf,
  slug,
} from '../../platform/declare/schemas.ts';
import { plannedResource } from '../planned-resources.ts';
import { readPlannedResources } from '../read-files.ts';
import * as planQuotes from '../plan-quotes.ts';
import { forecastDeployment, quoteDeployment, unbilledOfDeployment } from '../quotes.ts';
import { unbilledOut } from './unbilled.ts';

// Customers quote their own deployments, and usage on the plans that they are or were on: all else is not found.

const readers: readonly Role[] = [...staff, 'customer'];

const monthText = z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] });

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

const tier = z.object({
  from: decimalOut,
  upTo: decimalOut.nullable(),
  units: decimalOut,
  unitPrice: decimalOut,
  flatFee: decimalOut,
  amount: decimalOut,
});

const quoteFields = {
  plan: slug.meta({ description: 'Of several, the last' }),
  currency: z.string(),
  base: decimalOut,
  baseFees: list(z.object({ plan: slug, from: instantOut, to: instantOut, amount: decimalOut })).optional(),
  lines: list(
    z.object({
      kind: z.string(),
      quantity: decimalOut,
      allowance: decimalOut,
      fromEarlierPhase: decimalOut.optional(),
      carriedIn: decimalOut.optional(),
      carriedOut: decimalOut.optional(),
      billable: decimalOut,
      unitPrice: decimalOut.nullable().meta({ description: 'null: units differ in price, or have none' }),
      amount: decimalOut,
      model: z.string().optional(),
      tiers: list(tier).optional(),
      limitedBy: z.enum(['minimum', 'cap']).optional(),
      plan: slug.optional(),
      from: instantOut.optional(),
      to: instantOut.optional(),
    }),
  ),
  passThrough: list(z.object({ product: z.string(), amount: decimalOut, final: z.boolean() }))
    .optional()
    .meta({
      description: "The provider's products that the plan passes on; final: by its final bill, not its preview",
    }),
  overage: decimalOut.meta({ description: "The sum of the lines' amounts, and of what is passed on" }),
  adjustments: list(z.object({ cause: z.enum(['minimum', 'cap', 'discount']), amount: decimalOut })).optional(),
  total: decimalOut.meta({ description: 'The sum of base, overage and adjustments' }),
  otherTotals: list(z.object({ currency: z.string(), total: decimalOut })).optional(),
  uncharged: list(
    z.object({
      reason: z.enum(['paused', 'no_plan']),
      billingKind: z.string(),
      quantity: decimalOut,
      from: instantOut,
      to: instantOut,
    }),
  )
    .optional()
    .meta({ description: 'What was used while paused or on no plan' }),
  cliffs: list(z.object({ kind: z.string(), moreUnits: decimalOut, amount: decimalOut, amountWithMore: decimalOut }))
    .optional()
    .meta({ description: 'Where more units would cost less' }),
};

const quote = z
  .object(quoteFields)
  .meta({ id: 'Quote', description: 'An estimate of what a month costs; not binding' });

/** Several times as many as there are billing kinds anywhere. */
const usageKindsMax = 500;

const usageMap = recordOf(z.string().max(63), z.string().max(64), usageKindsMax);

const planQuotesOut = z.object({
  month: monthText,
  basis: z.string().meta({ description: 'One sentence on where the usage comes from' }),
  usage: z.record(z.string(), decimalOut),
  quotes: z.array(quote),
  comparison: z
    .object({
      plans: list(slug),
      lines: list(
        z.object({
          line: z.string(),
          amounts: list(decimalOut.nullable()),
          differences: list(decimalOut.nullable()).meta({ description: 'To the first; null: in another currency' }),
        }),
      ),
      best: slug.nullable().meta({ description: 'null: their currencies differ' }),
    })
    .nullable(),
  unbilled: unbilledOut,
});

function quotesAnswer({ month: of, usage, quotes, ...answer }: planQuotes.PlanQuotes): z.input<typeof planQuotesOut> {
  return { ...answer, usage: { ...usage }, month: of.toString(), quotes: [...quotes] };
}

export const quotePlans = declareOperation({
  method: 'POST',
  asks: true,
  path: '/quotes',
  name: 'quote compare',
  operationId: 'quotePlans',
  tag: 'plans',
  summary: 'What usage would cost in a month, on one plan or on several side by side',
  description:
    "The usage is given, what a deployment used on days of one month, the mean of its last months, or what resources would use that are not there yet. Each plan with the whole month's base fee and allowances.",
  roles: readers,
  body: z.strictObject({
    basis: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('usage'), usage: usageMap.meta({ examples: [{ droplet_hours: '1488' }] }) }),
      z.strictObject({ kind: z.literal('period'), deployment: slug, ...optionalDayRange }),
      z.strictObject({
        kind: z.literal('average'),
        deployment: slug,
        months: z.int().min(1).max(planQuotes.averageMonthsMax),
      }),
      z.strictObject({ kind: z.literal('resources'), resources: z.array(plannedResource).min(1).max(1000) }),
    ]),
    plans: z
      .union([z.literal('all'), z.array(slug).min(1).max(planQuotes.plansMax)])
      .meta({ description: "Slugs, or all that hold on the month's last day" }),
    month: month.optional().meta({ description: 'By default that of the days, else the current one' }),
  }),
  response: planQuotesOut,
  command: {
    flags: {
      'basis.kind': 'basis',
      'basis.usage': 'usage',
      'basis.deployment': 'deployment',
      'basis.from': 'from',
      'basis.to': 'to',
      'basis.months': 'months',
      'basis.resources': 'resources',
      plans: 'plan',
    },
  },
  async run({ db, body, now, principal }) {
    const { basis } = body;
    if ('deployment' in basis) await assertOwnDeployment(db, basis.deployment, principal.customerId);
    const asked = {
      ...body,
      customerId: principal.customerId,
      sight: await planSightOf(db, principal.customerId, now, dayOf(now)),
      basis: basis.kind === 'period' ? { ...basis, ...rangeOr(basis, monthOf(body.month ?? dayOf(now))) } : basis,
      month: body.month?.toPlainYearMonth(),
    };
    return quotesAnswer(await planQuotes.quotePlans(db, asked, now));
  },
});

export const quoteResources = declareOperation({
  method: 'POST',
  asks: true,
  path: '/quotes/resources',
  name: 'quote resources',
  operationId: 'quoteResources',
  tag: 'plans',
  summary: 'What resources of a file, that are not there yet, would cost in a month',
  description:
    'A list in YAML or JSON, of what `resources` lists in a quote: numbers keep the digits they are written in.',
  roles: staff,
  query: z.object({
    plan: z
      .array(slug)
      .min(1)
      .max(planQuotes.plansMax)
      .optional()
      .meta({ description: "Slugs; all that hold on the month's last day unless given" }),
    month: month.optional().meta({ description: 'Another than the current one' }),
  }),
  consumes: 'application/yaml',
  body: z
    .string()
    .min(1)
    .max(planFileLengthMax)
    .meta({ contentMediaType: 'application/yaml', examples: ['- { kind: droplet, size: s-1vcpu-1gb, count: 2 }\n'] }),
  response: planQuotesOut,
  async run({ db, body, query, now, signal }) {
    const resources = await readPlannedResources({ name: 'The file', text: body }, signal);
    const asked = { basis: { kind: 'resources', resources }, plans: query.plan ?? 'all' } as const;
    return quotesAnswer(await planQuotes.quotePlans(db, { ...asked, month: query.month?.toPlainYearMonth() }, now));
  },
});

const which = z.object({ deployment: slug });

const ofMonth = z.object({ month: month.optional().meta({ description: 'Another than the current one' }) });

export const getDeploymentQuote = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/quote',
  name: 'quote show',
  operationId: 'getDeploymentQuote',
  tag: 'plans',
  summary: "A deployment's bill of a month as it is now, or the same usage on another plan",
  roles: readers,
  params: which,
  query: ofMonth.extend({ plan: slug.optional() }),
  response: z.object({
    deployment: slug,
    from: z.iso.date(),
    to: z.iso.date(),
    meteredThrough: z.iso.date().meta({ description: 'Every day before it is metered' }),
    ...quoteFields,
    unbilled: unbilledOut,
  }),
  async run({ db, params, query, now, principal }) {
    const from = query.month ?? dayOf(now).with({ day: 1 });
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    const { customerId } = principal;
    const asked = { ...params, plan: query.plan, from, to: from.add({ months: 1 }), customerId };
    const { deployment, from: first, to, meteredThrough, ...rest } = await quoteDeployment(db, asked);
    const of = { ...params, plan: query.plan, month: from.toPlainYearMonth(), through: dayOf(now) };
    const unbilled = principal.role === 'customer' ? [] : await unbilledOfDeployment(db, of);
    return { deployment, from: first, to, meteredThrough, ...rest, unbilled };
  },
});

export const getDeploymentForecast = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/forecast',
  name: 'quote forecast',
  operationId: 'getDeploymentForecast',
  tag: 'plans',
  summary: "A deployment's month to date, and as it will be at its end if everything stays as it is",
  roles: readers,
  params: which,
  query: ofMonth,
  response: z.object({
    deployment: slug,
    month: monthText,
    meteredThrough: z.iso.date(),
    method: z.string().meta({ description: 'How it is forecast' }),
    toDate: quote,
    forecast: quote,
    unbilled: unbilledOut,
  }),
  async run({ db, params, query, now, principal }) {
    const of = (query.month ?? dayOf(now)).toPlainYearMonth();
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    const answer = await forecastDeployment(db, params.deployment, of);
    const wholeMonth = { ...params, month: of, through: of.add({ months: 1 }).toPlainDate({ day: 1 }) };
    const unbilled = principal.role === 'customer' ? [] : await unbilledOfDeployment(db, wholeMonth);
    return { ...answer, month: of.toString(), unbilled };
  },
});

export const quoteOperations: readonly Operation[] = [
  quotePlans,
  quoteResources,
  getDeploymentQuote,
  getDeploymentForecast,
];
