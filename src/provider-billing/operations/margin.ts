import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { day, dayOut, decimalOut, line, month, slug } from '../../platform/declare/schemas.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { currencyDigits } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import { billStateMeaning, billStates } from '../bill-state.store.ts';
import { selectDeploymentExists } from '../margin/deployments.store.ts';
import { groupings, type MarginFilters, marginSorts } from '../margin/margin.store.ts';
import { findConversion, listMargins, readMarginTotals } from '../margin/margin.ts';

const tag = 'provider billing';
const basis = z.enum(['accrued', 'billed']).default('accrued').meta({
  description:
    'accrued: what the month itself earns, of a yearly fee its part; billed: by the documents that were issued for the month',
});
const target = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,3})?$/, { error: 'is not a percentage from 0 to less than 100, such as 40' })
  .optional()
  .meta({ description: 'The margin that is wanted, in percent of the revenue', examples: ['40'] });
const notKnown = z.enum(['no_bill', 'not_rated', 'no_exchange_rate']).nullable().meta({
  description:
    'Why the margin is null. no_bill: no bill of the month is reconciled; not_rated: the month was never rated; no_exchange_rate: revenue and cost are in several currencies: ask for one of them, which needs a rate of the other',
});
const state = z
  .enum(billStates)
  .nullable()
  .meta({ description: `${billStateMeaning}; null: none is reconciled` });
const money = {
  revenue: decimalOut.nullable().meta({ description: 'Before tax' }),
  cost: decimalOut.nullable().meta({ description: "By the provider's bills" }),
  margin: decimalOut.nullable(),
  fromBill: decimalOut.nullable().meta({
    description:
      'Of the cost, what is known from bills alone and was never metered: of before the account was connected, or of what no listing showed',
  }),
};
const row = z
  .object({
    month: dayOut,
    part: z.enum(['customers', 'unassigned', 'operator', 'unexplained', 'residual']).meta({
      description:
        'unassigned: of no deployment; operator: ours; unexplained: lines that nothing explains; residual: by how much bills differ from their lines',
    }),
    deployment: slug.nullable(),
    customer: z.string().nullable(),
    plan: slug.nullable(),
    kind: z.string().nullable().meta({ description: 'The meter; null: a fee, or a product without a meter' }),
    product: z
      .string()
      .nullable()
      .meta({ description: "Of the bill; null: revenue that is not of one product's meter" }),
    currency: z.string(),
    ...money,
    marginPercent: decimalOut.nullable().meta({ description: 'Of the revenue' }),
    notKnown,
    state,
    baseFeeNeeded: decimalOut
      .nullable()
      .meta({ description: 'What the base fee would have to be for `target`, by deployment' }),
    reasons: z
      .array(z.string())
      .readonly()
      .meta({ description: 'Of a loss, what most of it is for', examples: [['droplet web-1 off 31 days, 6.00 USD']] }),
    trend: z
      .array(z.object({ month: dayOut, margin: decimalOut.nullable() }))
      .readonly()
      .meta({
        description: 'The margin month by month up to its own, as many months as `trend` asks for; none unless asked',
      }),
  })
  .meta({ id: 'Margin' });
const totals = z
  .array(z.object({ month: dayOut, currency: z.string(), ...money, notKnown, state }))
  .meta({ description: 'The sum of all rows, whatever they are grouped by' });

const keyOf = z
  .tuple([z.iso.date().transform((text) => Temporal.PlainDate.from(text)), z.int(), z.string(), z.string()])
  .transform(([month, group, value, key]) => ({ month, group, value, key }));
/** Of a row, without its place in the order. */
const shownOf = <Row extends { readonly group: number; readonly value: string; readonly key: string }>({
  group: _group,
  value: _value,
  key: _key,
  ...rest
}: Row) => rest;
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'is not a currency code such as EUR' })
  .optional()
  .meta({
    description:
      'All in this currency: what months earned and cost in another is converted in total, at the rate of the last day of the month, and then divided',
    examples: ['EUR'],
  });
const rates = z
  .array(z.object({ month: dayOut, base: z.string(), day: dayOut, rate: decimalOut, source: z.string() }))
  .readonly()
  .meta({ description: 'By what was converted, with its source; empty: nothing was' });

interface Converted {
  readonly filters: MarginFilters;
  readonly rates: z.input<typeof rates>;
}

async function convertedTo(
  db: Queryable,
  filters: MarginFilters,
  { into, now }: { readonly into: string | undefined; readonly now: Temporal.Instant },
): Promise<Converted> {
  if (into === undefined) return { filters, rates: [] };
  const { conversion, rates: used } = await findConversion(db, filters, codeOf(into), dayOf(now));
  return { filters: { ...filters, conversion }, rates: used };
}

/** Errors: invalid_argument. */
function codeOf(text: string): string {
  try {
    currencyDigits(text);
  } catch (error) {
    throw new ArcadiaError('invalid_argument', (error as Error).message);
  }
  return text;
}

function dayOf(now: Temporal.Instant): Temporal.PlainDate {
  return now.toZonedDateTimeISO('UTC').toPlainDate();
}

/** Months that one question may be about. */
const monthsMax = 60;
const trendMax = 12;

function partOf(percent: string | undefined): Decimal | null {
  return percent === undefined ? null : new Decimal(percent).div(100);
}

export const listMarginRows = declareList({
  path: '/margins',
  name: 'margin list',
  operationId: 'listMargins',
  tag,
  summary: 'What months earn and cost: by deployment, customer, plan, meter, product or in all',
  description:
    'By month. Cost that no customer bears is a row of its own in every grouping and comes first, and whatever is asked for adds up to the whole.',
  roles,
  query: z.object({
    from: day
      .optional()
      .meta({ description: 'Months that begin on this UTC day or later; that of the last complete day unless given' }),
    to: day
      .optional()
      .meta({ description: 'Months that begin before this UTC day; a month after `from` unless given' }),
    by: z.enum(groupings).default('deployment'),
    basis,
    target,
    currency,
    deployment: slug.optional(),
    customer: line.optional(),
    plan: slug.optional(),
    kind: line.optional().meta({ description: 'A meter', examples: ['droplet_hours'] }),
    product: line.optional().meta({ examples: ['Droplets'] }),
    trend: z.coerce
      .number()
      .int()
      .min(0)
      .max(trendMax)
      .default(0)
      .meta({ description: 'So many months before its own each row has the margin of, too' }),
  }),
  row,
  extra: z.object({ totals, rates }),
  search: { none: 'deployments and customers are searched' },
  sort: { by: marginSorts },
  total: { none: 'they are summed up from lines' },
  async run({ db, query, now }, { limit, cursor, sort, order }) {
    const lastDay = dayOf(now).subtract({ days: 1 });
    const { by, target: wanted, trend, currency: into, from: first = lastDay.with({ day: 1 }), ...rest } = query;
    const { to = first.add({ months: 1 }), ...chosen } = rest;
    const from = first.day === 1 ? first : first.with({ day: 1 }).add({ months: 1 });
    if (from.until(to, { largestUnit: 'months' }).months > monthsMax)
      throw new ArcadiaError('too_costly', `More than ${monthsMax} months are asked for.`);
    // The months before, which rows show the margin of, are converted too.
    const since = from.subtract({ months: trend });
    const { filters: all, rates: used } = await convertedTo(db, { ...chosen, from: since, to }, { into, now });
    const filters = { ...all, from };
    const after = cursor === null ? null : keyOf.parse(JSON.parse(cursor));
    const asked = { by, limit: limit + 1, sort, order, after, target: partOf(wanted), trendMonths: trend };
    const rows = await listMargins(db, filters, asked);
    const page = pageOf(rows, limit, (last) => JSON.stringify([last.month, last.group, last.value, last.key]));
    return { ...page, items: page.items.map(shownOf), totals: await readMarginTotals(db, filters), rates: used };
  },
});

/** Products and meters of one deployment that are shown. */
const shownMax = 200;

export const showMargin = declareOperation({
  method: 'GET',
  path: '/margins/:deployment',
  name: 'margin show',
  operationId: 'getMargin',
  tag,
  summary: 'What a deployment earned and cost in a month, by meter and by product',
  description: 'The deployment "unattributed" is what no deployment owns: it costs, and earns nothing.',
  roles,
  params: z.object({ deployment: slug }),
  query: z.object({ month, basis, target, currency }),
  response: z
    .object({
      deployment: slug,
      month: dayOut,
      totals: z.array(row).meta({ description: 'By currency; none: it neither earned nor cost anything' }),
      kinds: z.array(row).meta({ description: 'By meter; 200 at most' }),
      products: z.array(row).meta({ description: 'By product; 200 at most' }),
      rates,
    })
    .meta({ id: 'MarginDetails' }),
  async run({ db, params: { deployment }, query: { month: of, basis: on, target: wanted, currency: into }, now }) {
    if (!(await selectDeploymentExists(db, deployment))) throw notFound('deployment', deployment);
    const asked = { from: of, to: of.add({ months: 1 }), basis: on, deployment };
    const { filters, rates: used } = await convertedTo(db, asked, { into, now });
    const read = async (by: 'deployment' | 'kind' | 'product') =>
      (await listMargins(db, filters, { by, limit: shownMax, target: partOf(wanted) })).map(shownOf);
    return {
      deployment,
      month: of,
      totals: await read('deployment'),
      kinds: await read('kind'),
      products: await read('product'),
      rates: used,
    };
  },
});

export const marginOperations: readonly Operation[] = [listMarginRows, showMargin];
