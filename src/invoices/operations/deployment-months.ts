import { z } from 'zod';
import { dayOf } from '../../metering/index.ts';
import { cursorOf } from '../../platform/database/keyset.ts';
import { declareList, type Operation, staff } from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { dayOut, decimalOut, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import {
  type DeploymentMonths,
  listCustomerMonths as readCustomers,
  listDeploymentMonths as readMonths,
  monthSorts,
} from '../deployment-months.ts';

const amounts = {
  amountToDate: decimalOut,
  forecast: decimalOut.meta({ description: "At the month's end, if everything stays as it is" }),
  lastMonthSameDay: decimalOut.meta({ description: 'Of the month before, by usage up to the same day' }),
  lastMonth: decimalOut,
  change: decimalOut.meta({ description: 'amountToDate less lastMonthSameDay' }),
};

/** null: nothing is due. */
const amountsOrNone = {
  amountToDate: amounts.amountToDate.nullable(),
  forecast: amounts.forecast.nullable(),
  lastMonthSameDay: amounts.lastMonthSameDay.nullable(),
  lastMonth: amounts.lastMonth.nullable(),
  change: amounts.change.nullable(),
};

const row = z
  .object({
    deployment: slug,
    name: z.string().meta({ examples: ['Acme shop'] }),
    customer: z.string(),
    customerName: z.string(),
    startsAt: instantOut,
    endsAt: instantOut.nullable().meta({ description: 'Nothing from it on is billed; null: it has no end' }),
    plan: slug.nullable().meta({ description: "Now, or at the month's end; null: on none" }),
    paused: z.boolean(),
    currency: z
      .string()
      .nullable()
      .meta({ description: 'null: nothing is due of it in this month and the one before, or the month is not rated' }),
    ...amountsOrNone,
    resources: z.int().meta({ description: 'Living resources that it owns now, or a share of' }),
    alerts: z.int().meta({ description: 'How many fired on the month; 0 to a customer' }),
  })
  .meta({ id: 'DeploymentMonth', description: "What a deployment's month comes to, before tax, in one currency" });

const extra = z.object({
  month: z.string().meta({ examples: ['2026-06'] }),
  totals: z
    .array(z.object({ currency: z.string(), deployments: z.int(), ...amounts }))
    .readonly()
    .meta({ description: 'Of all that match, on all pages; currencies are never added up' }),
  ratedAt: instantOut.nullable().meta({ description: 'null: the month is not rated, and no amount is known' }),
  meteredThrough: dayOut.nullable().meta({ description: 'Every day before it is in the amounts' }),
});

function extraOf(
  of: Temporal.PlainDate,
  { totals, rated }: Pick<DeploymentMonths, 'totals' | 'rated'>,
): z.input<typeof extra> {
  return {
    month: of.toPlainYearMonth().toString(),
    totals,
    ratedAt: rated?.at ?? null,
    meteredThrough: rated?.meteredThrough ?? null,
  };
}

const lastMonthOf = (now: Temporal.Instant) => dayOf(now).subtract({ days: 1 }).with({ day: 1 });

const listDeploymentMonths = declareList({
  path: '/deployment-months',
  name: 'deployment months',
  operationId: 'listDeploymentMonths',
  tag: 'deployments',
  summary: "How each deployment's month stands: so far, by month's end, and beside the month before",
  description: `As the last rating kept it (\`ratedAt\`): what the month's invoices come to before tax. Deployments without any amount come
last where the list is sorted by one. A customer sees their own.`,
  roles: [...staff, 'customer'],
  query: z.object({
    month: month.optional().meta({ description: 'The month of the last complete day unless given' }),
    customer: line.optional().meta({ description: "Only this customer's, by external id" }),
    plan: slug.optional().meta({ description: 'Only those on it' }),
    state: z.enum(['active', 'paused', 'no_plan']).optional(),
  }),
  row,
  extra,
  search: { in: "the name, the slug, and the customer's name" },
  sort: { by: monthSorts },
  total: true,
  async run({ db, query, principal, now }, page) {
    const { month: asked, ...filters } = query;
    const of = asked ?? lastMonthOf(now);
    const { customerId } = principal;
    const found = await readMonths(
      db,
      {
        ...filters,
        q: page.q,
        month: of,
        now,
        isStaff: customerId === null,
        ...(customerId === null ? {} : { customerId }),
      },
      { ...page, limit: page.limit + 1 },
    );
    return {
      ...pageOf(found.rows, page.limit, cursorOf),
      total: found.total,
      ...extraOf(of, found),
    };
  },
});

const listCustomerMonths = declareList({
  path: '/customer-months',
  name: 'customer months',
  operationId: 'listCustomerMonths',
  tag: 'customers',
  summary: "How each customer's month stands: all their deployments together",
  description:
    'As the last rating kept it (`ratedAt`), before tax. A customer with amounts in two currencies has two rows.',
  roles: staff,
  query: z.object({
    month: month.optional().meta({ description: 'The month of the last complete day unless given' }),
  }),
  row: z
    .object({
      customer: z.string(),
      name: z.string().meta({ examples: ['Acme Ltd'] }),
      deployments: z.int(),
      currency: z.string(),
      ...amountsOrNone,
    })
    .meta({ id: 'CustomerMonth', description: "What a customer's month comes to, before tax, in one currency" }),
  extra,
  search: { in: 'the name and the id' },
  sort: { by: monthSorts },
  total: true,
  async run({ db, query, now }, page) {
    const of = query.month ?? lastMonthOf(now);
    const found = await readCustomers(db, { q: page.q, month: of }, { ...page, limit: page.limit + 1 });
    return {
      ...pageOf(found.rows, page.limit, cursorOf),
      total: found.total,
      ...extraOf(of, found),
    };
  },
});

export const deploymentMonthOperations: readonly Operation[] = [listDeploymentMonths, listCustomerMonths];
