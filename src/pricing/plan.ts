import { z } from 'zod';
import { currencyDigits } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { decimalText } from './rating/decimal.ts';
import { chargeWith } from './rating/models.ts';

const text = (options: { pattern: RegExp; error: string }) =>
  z
    .string({
      error: (issue) => (issue.input === undefined ? 'is missing' : options.error),
    })
    .regex(options.pattern, { abort: true, error: options.error });

const day = z.iso
  .date({
    abort: true,
    error: (issue) => (issue.input === undefined ? 'is missing' : 'must be a day such as 2026-05-01'),
  })
  .transform((iso) => Temporal.PlainDate.from(iso));

const minimum = decimalText.nullable().default(null);
const cap = decimalText.nullable().default(null);

const everyError = 'must be month, quarter, year, or a number of months such as 6 months, 12 at most';

/** What a base fee is for. Three months are a quarter and twelve a year, however they are written. */
const baseEvery = z
  .string({ error: everyError })
  .regex(/^(month|quarter|year|([2-9]|1[0-2]) months)$/, { error: everyError })
  .transform((every) => (every === '3 months' ? 'quarter' : every === '12 months' ? 'year' : every));

/** How many months a base fee is for. */
export function monthsOfFee({ baseEvery: every }: { readonly baseEvery: string }): number {
  return { month: 1, quarter: 3, year: 12 }[every] ?? Number.parseInt(every, 10);
}

/** A month's carried allowance rests on as many months before it, so that none has to look back further. */
export const carryOverMonthsMax = 12;
const carryOverMonthsError = `must be a whole number from 1 to ${carryOverMonthsMax}`;

/** One billing kind's price. */
const planItemSchema = chargeWith({
  kind: text({
    pattern: /^[a-z][a-z0-9_]{0,62}$/,
    error: 'must be a meter such as droplet_hours',
  }),
  allowance: decimalText
    .default('0')
    .describe('Units of each month that the base fee covers; the charge is for those beyond.'),
  carryOver: z
    .strictObject({
      months: z
        .union(
          [
            z.int(),
            z
              .string()
              .regex(/^\d{1,2}$/)
              .transform(Number),
          ],
          { error: carryOverMonthsError },
        )
        .pipe(z.int().min(1, { error: carryOverMonthsError }).max(carryOverMonthsMax, { error: carryOverMonthsError }))
        .default(1)
        .describe('For how many months what is left of an allowance can still be used.'),
      limit: decimalText.nullable().default(null).describe('The most units that go over into a month; null: no limit.'),
    })
    .nullable()
    .default(null)
    .describe('What is left of the allowance at the end of a month can be used in later ones; null: it lapses.'),
  minimum: minimum.describe('The least that the item costs in a month, used or not.'),
  cap: cap.describe('The most that the item costs in a month.'),
});
export type PlanItem = z.output<typeof planItemSchema>;

/** What the provider charged for a deployment, passed on to its customer. The cost is from the bill: nobody types it. */
const passThroughSchema = z
  .strictObject({
    product: text({
      pattern: /^.{1,255}$/,
      error: "must be a product of the provider's bills, * and ? stand for anything",
    })
      .nullable()
      .default(null)
      .describe('The product as bills name it, with * and ?; Taxes and Credits only by their whole names.'),
    resourceKind: text({ pattern: /^[a-z][a-z0-9_]{0,62}$/, error: 'must be a kind of resource such as database' })
      .nullable()
      .default(null)
      .describe('In place of a product: the kind of resource that the cost is of.'),
    markupPercent: decimalText.describe('Percent on top of the cost: "20" makes 10 into 12.'),
  })
  .superRefine(({ product, resourceKind }, context) => {
    if ((product === null) === (resourceKind === null))
      context.addIssue({ code: 'custom', path: [], message: 'needs either product or resourceKind' });
  });

const discountSchema = z
  .strictObject({
    percent: decimalText.optional().describe('Percent of all that the month costs.'),
    amount: decimalText.optional().describe('Off what the month costs, down to nothing.'),
    until: day
      .nullable()
      .default(null)
      .describe('The first month that no longer has it, by its first day; null: no end.'),
  })
  .superRefine(({ percent, amount, until }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if ((percent === undefined) === (amount === undefined)) refuse([], 'needs either percent or amount');
    if (percent !== undefined && new Decimal(percent).gt(100)) refuse(['percent'], 'must not be more than 100');
    if (until !== null && until.day !== 1) refuse(['until'], 'must be the first day of a month');
  });

/**
 * A plan as it is from a day on: what a plan file says, what the database keeps, what rating
 * takes. Decimals are strings. Months are calendar months, UTC.
 */
export const planSchema = z
  .strictObject({
    plan: text({
      pattern: /^[a-z0-9][a-z0-9-]{0,62}$/,
      error: 'must be a short name such as studio',
    }).describe('The short name by which commands know the plan.'),
    name: text({ pattern: /\S/, error: 'must be a name for people' }).describe('The name for people.'),
    from: day.describe('The first day on which this version applies.'),
    currency: text({
      pattern: /^[A-Z]{3}$/,
      error: 'must be a currency code such as USD',
    }),
    base: decimalText.describe('The base fee, for the time that baseEvery says.'),
    baseEvery: baseEvery
      .default('month')
      .describe('What the base fee is for: month, quarter, year, or a number of months such as 6 months.'),
    baseDue: z
      .enum(['arrears', 'advance'], { error: 'must be arrears or advance' })
      .default('arrears')
      .describe('Whether it is billed once its time is over, or before.'),
    minimum: minimum.describe('The least that a month costs before a discount, base fee included.'),
    cap: cap.describe('The most that a month costs before a discount, base fee included.'),
    discount: discountSchema.nullable().default(null),
    items: z.array(planItemSchema, { error: 'must be a list of items' }),
    passThrough: z
      .array(passThroughSchema, { error: 'must be a list' })
      .default([])
      .describe('Cost that is passed on with a markup; the first that fits. What a meter has a price for is not.'),
  })
  .superRefine((plan, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    let digits: number;
    try {
      digits = currencyDigits(plan.currency);
    } catch (error) {
      return refuse(['currency'], (error as Error).message);
    }

    /** Shown as they are, so they must be amounts that exist. */
    const money = (path: (string | number)[], amount: string | null | undefined) => {
      if (amount != null && new Decimal(amount).decimalPlaces() > digits) {
        refuse(path, `${amount} is finer than the currency: ${plan.currency} has ${digits} digits after the point`);
      }
    };
    const bounds = (path: (string | number)[], limits: { minimum: string | null; cap: string | null }) => {
      money([...path, 'minimum'], limits.minimum);
      money([...path, 'cap'], limits.cap);
      if (limits.minimum !== null && limits.cap !== null && new Decimal(limits.cap).lt(limits.minimum)) {
        refuse([...path, 'cap'], `is below the minimum (${limits.minimum})`);
      }
    };

    money(['base'], plan.base);
    money(['discount', 'amount'], plan.discount?.amount);
    bounds([], plan);
    const seen = new Set<string>();
    for (const [index, item] of plan.items.entries()) {
      bounds(['items', index], item);
      if (seen.has(item.kind)) refuse(['items', index, 'kind'], `${item.kind} has an item already`);
      seen.add(item.kind);
    }
    const passed = new Set<string>();
    for (const [index, { product, resourceKind }] of plan.passThrough.entries()) {
      const what = product === null ? `kind ${resourceKind}` : `product ${product.toLowerCase()}`;
      if (passed.has(what)) refuse(['passThrough', index], `${product ?? resourceKind} is passed on already`);
      passed.add(what);
    }
  });

/** One version of a plan. */
export type PlanVersion = z.output<typeof planSchema>;

interface PlanProblem {
  /** Where in the plan, e.g. ['items', 2, 'properties', 'unitPrice']. */
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

/** Checks a plan from outside. `kinds`: the billing kinds that there are. */
export function checkPlan(
  input: unknown,
  kinds: ReadonlySet<string>,
): { readonly plan: PlanVersion; readonly problems: [] } | { readonly plan: null; readonly problems: PlanProblem[] } {
  const parsed = planSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue): PlanProblem[] => {
      const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      if (issue.code !== 'unrecognized_keys') return [{ path, reason: issue.message }];
      return issue.keys.map((key) => ({
        path: [...path, key],
        reason: 'is not known here',
      }));
    });
    return { plan: null, problems };
  }
  const plan = parsed.data;
  const problems = [...undefinedLimits(plan), ...withoutEffect(plan), ...unknownKinds(plan, kinds)];
  return problems.length > 0 ? { plan: null, problems } : { plan, problems: [] };
}

/** A month's minimum and cap are compared with a month's fee: beside a longer one they mean nothing yet. */
function undefinedLimits({ baseEvery: every, ...plan }: PlanVersion): PlanProblem[] {
  if (every === 'month') return [];
  return (['minimum', 'cap'] as const)
    .filter((limit) => plan[limit] !== null)
    .map((limit) => ({
      path: [limit],
      reason: `is of each month, and the base fee is of ${every.endsWith('months') ? every : `a ${every}`}: a plan has one or the other`,
    }));
}

/** What is said and does nothing is a mistake. */
function withoutEffect({ discount, items }: PlanVersion): PlanProblem[] {
  const isZero = (text: string | null | undefined) => text != null && new Decimal(text).isZero();
  const problems: PlanProblem[] = [];
  for (const name of ['percent', 'amount'] as const) {
    if (isZero(discount?.[name])) {
      problems.push({ path: ['discount', name], reason: 'must be more than 0; leave the discount out for none' });
    }
  }
  for (const [index, { allowance, carryOver }] of items.entries()) {
    if (carryOver === null) continue;
    if (isZero(allowance)) {
      problems.push({
        path: ['items', index, 'carryOver'],
        reason: 'has no allowance of which something could be left',
      });
    }
    if (isZero(carryOver.limit)) {
      const reason = 'must be more than 0; leave carryOver out for an allowance that lapses, or limit for none';
      problems.push({ path: ['items', index, 'carryOver', 'limit'], reason });
    }
  }
  return problems;
}

function unknownKinds(plan: PlanVersion, kinds: ReadonlySet<string>): PlanProblem[] {
  return plan.items.flatMap(({ kind }, index) =>
    kinds.has(kind)
      ? []
      : [
          {
            path: ['items', index, 'kind'],
            reason: `there is no meter ${kind}; there are ${[...kinds].sort().join(', ')}`,
          },
        ],
  );
}

/** `items[2].properties.unitPrice` */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index > 0 ? `.${part}` : part)).join('');
}
