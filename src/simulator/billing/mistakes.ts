import { z } from 'zod';

/**
 * What a provider's bill can have wrong, switched on one by one. Each is about one month, and in it
 * about the lines of a resource (its id, address or cluster) or of a product, as the bill shows them.
 */
const month = z.string().regex(/^20\d\d-(?:0[1-9]|1[0-2])$/);
const resource = z
  .union([z.string().min(1).max(255), z.int().positive()])
  .transform(String)
  .optional();
const text = z.string().min(1).max(255);
const product = text.optional();
const amount = z.string().regex(/^\d{1,9}\.\d\d$/);
const percent = z.string().regex(/^\d{1,2}(?:\.\d{1,3})?$/);
const gib = z.int().min(1).max(1_000_000);
const days = z.int().min(1).max(25);

/** About some lines of a month: of a resource, of a product, or of both together. */
function some<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  return z
    .strictObject({ mistake: z.literal(name), month, resource, product, ...shape })
    .refine(
      ({ resource: id, product: named }: { resource?: unknown; product?: unknown }) =>
        id !== undefined || named !== undefined,
      {
        message: 'say which: a resource, a product, or both',
      },
    );
}

/** About the lines of a month that are meant, or all of them. */
function any<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  return z.strictObject({ mistake: z.literal(name), month, resource, product, ...shape });
}

function whole<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  return z.strictObject({ mistake: z.literal(name), month, ...shape });
}

export const mistakeInput = z.discriminatedUnion('mistake', [
  /** Charged for so many hours more than it was there, beyond the cap too. */
  some('extra_hours', { hours: z.int().min(1).max(744).default(24) }),
  some('wrong_price', { percent: z.int().min(0).max(10_000).default(300) }),
  some('cap_ignored', {}),
  /** To the second, without a least time or amount. */
  some('minimum_ignored', {}),
  /** What ended in the month goes on to its end. */
  some('not_ended', {}),
  some('missing_line', {}),
  some('doubled_line', {}),
  /** A line for something that never was. */
  whole('ghost_line', { product: text.default('Droplets'), amount: amount.default('12.00') }),
  some('wrong_id', {}),
  some('no_id', {}),
  /** Ends are the last second that is charged, not the first that is not. */
  any('other_end_convention', {}),
  any('seconds_unit', {}),
  whole('unknown_product', { product: text.default('Serverless Inference'), amount: amount.default('7.77') }),
  some('renamed_product', { to: text }),
  whole('renamed_project', { from: text, to: text }),
  whole('credit', { amount: amount.default('10.00') }),
  /** A credit of so much more than the bill. */
  whole('credit_above_bill', { amount: amount.default('40.00') }),
  whole('promo_in_header_only', { amount: amount.default('5.00') }),
  /** The lines are given back on the next month's invoice. */
  some('refund_next_month', {}),
  any('discount', { percent: z.int().min(1).max(99).default(10) }),
  whole('tax', { percent: percent.default('6.25') }),
  /** Every invoice before `month` has a tax of `from`, and every one since a tax of `to`. */
  whole('tax_change', { from: percent.default('6.25'), to: percent.default('7.5') }),
  /** The lines were charged twice at first; the invoice is made again some days later. */
  some('reissue_same_uuid', { days: days.default(3) }),
  some('reissue_new_uuid', { days: days.default(3) }),
  /** The lines come on a second invoice for the month, some days later. */
  some('supplement', { days: days.default(5) }),
  whole('header_off_by_cent', { cents: z.int().min(-100).max(100).default(1) }),
  whole('late_invoice', { days: days.default(3) }),
  /** The preview is made anew, in another order, whenever its second page is asked for; so many times. */
  whole('regenerate_while_paging', { count: z.int().min(1).max(1_000).default(1) }),
  /** The organization's other team is on the invoice; no listing shows what it has. */
  whole('two_teams', {}),
  whole('bandwidth', { gib: gib.default(500) }),
  /** Each bucket's transfer on a line; from 100 buckets on in the CSV only. */
  whole('bucket_lines', { gib: gib.default(12) }),
  /** Another price from the day on, in later months too. */
  some('price_change_mid_month', {
    day: z.int().min(2).max(28).default(16),
    percent: z.int().min(0).max(10_000).default(125),
  }),
]);

export type Mistake = z.infer<typeof mistakeInput>;
type MistakeName = Mistake['mistake'];
export type MistakeOf<Name extends MistakeName> = Extract<Mistake, { mistake: Name }>;

/** Those of some names, in the order in which they were switched on. */
export function mistakesOf<Name extends MistakeName>(
  mistakes: readonly Mistake[],
  ...names: readonly Name[]
): readonly MistakeOf<Name>[] {
  return mistakes.filter((each) => (names as readonly MistakeName[]).includes(each.mistake)) as MistakeOf<Name>[];
}
