import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { TierCharge } from './charge.ts';
import { decimalText, positiveDecimalText } from './decimal.ts';

/** The end of a tier. A bound belongs to the tier that it ends: 10 is in "up to 10", 10.000000001 is not. */
export const upTo = positiveDecimalText
  .nullable()
  .describe('The last unit of this tier; null in the last tier, which has no end.');

export const dueAtZero = z
  .boolean({ error: 'must be true or false' })
  .default(false)
  .describe('Whether the fixed part is due although nothing was used.');

/** How units are divided before they meet the tiers, whose bounds and prices are of the quotient. */
export const division = {
  per: positiveDecimalText
    .optional()
    .describe('How many units make one that the tiers count: "1000" for prices per thousand; left out: 1.'),
  roundUp: z
    .boolean({ error: 'must be true or false' })
    .optional()
    .describe('Whether the tiers count whole ones only, one that is begun included.'),
};

/** How invoices show what tiers come to. */
export const linePerTier = z
  .boolean({ error: 'must be true or false' })
  .optional()
  .describe('Whether electronic invoices show each tier by itself, with its price; left out: their sum.');

interface Division {
  readonly per?: string | undefined;
  readonly roundUp?: boolean | undefined;
}

/** A quotient without end would have to be rounded before it is multiplied. */
export function checkDivision({ per = '1', roundUp }: Division, context: z.RefinementCtx): void {
  if (roundUp || new Decimal(1).div(per).times(per).eq(1)) return;
  context.addIssue({
    code: 'custom',
    path: ['per'],
    message: `units divided by ${per} have digits without end: use one such as 1000 or 1024, or roundUp`,
  });
}

/** The units that the tiers count. */
export function dividedUnits({ per = '1', roundUp = false }: Division, units: Decimal): Decimal {
  if (per === '1' && !roundUp) return units;
  const size = new Decimal(per);
  if (!roundUp) return units.div(size);
  // Not ceil(units / size): a quotient without end must not be rounded onto a whole number.
  const full = units.divToInt(size);
  return full.times(size).lt(units) ? full.plus(1) : full;
}

/** Tiers with a price per unit, a flat fee, or both. */
export const pricedTier = z.strictObject({
  upTo,
  unitPrice: decimalText.default('0').describe('The price of a unit in this tier.'),
  flatFee: decimalText.default('0').describe('Due once as soon as the tier is reached.'),
});

/** More than any price list has. */
const tiersMax = 1_000;

/** A list of tiers that follow each other without gap or overlap, the last without end. */
export function tierList<Tier extends z.ZodType<{ upTo: string | null }>>(tier: Tier) {
  return z
    .array(tier, { error: 'must be a list of tiers' })
    .min(1, { abort: true, error: 'needs at least one tier' })
    .max(tiersMax, { abort: true, error: `has more than ${tiersMax} tiers` })
    .superRefine((tiers, context) => {
      let previous: Decimal | null = new Decimal(0);
      for (const [index, { upTo: text }] of tiers.entries()) {
        const refuse = (message: string) => context.addIssue({ code: 'custom', path: [index, 'upTo'], message });
        const bound = text === null ? null : new Decimal(text);
        if (previous === null) return refuse('tiers overlap: the tier before this one has no end');
        if (bound !== null && index > 0 && bound.lte(previous)) {
          return refuse(`tiers overlap: it ends at ${text}, and the tier before it at ${previous.toFixed()}`);
        }
        previous = bound;
      }
      if (previous !== null) {
        const path = [tiers.length - 1, 'upTo'];
        context.addIssue({
          code: 'custom',
          path,
          message: 'the last tier must have no end (upTo: null)',
        });
      }
    });
}

interface Span<Tier> {
  readonly tier: Tier;
  readonly from: Decimal;
  readonly upTo: Decimal | null;
}

/** The tiers with both their bounds. */
export function spans<Tier extends { upTo: string | null }>(tiers: readonly Tier[]): Span<Tier>[] {
  let from = new Decimal(0);
  return tiers.map((tier) => {
    const span = {
      tier,
      from,
      upTo: tier.upTo === null ? null : new Decimal(tier.upTo),
    };
    from = span.upTo ?? from;
    return span;
  });
}

/** The tier in which a total falls; zero falls in the first. */
export function spanOf<Tier extends { upTo: string | null }>(tiers: readonly Tier[], units: Decimal): Span<Tier> {
  const found = spans(tiers).find((span) => span.upTo === null || units.lte(span.upTo));
  if (found === undefined) throw new RangeError('the last tier has an end');
  return found;
}

/** Charges units in a tier at its price, with its flat fee. */
export function chargeTier(
  { from, upTo }: Span<unknown>,
  units: Decimal,
  { unitPrice, flatFee }: { readonly unitPrice: Decimal; readonly flatFee: Decimal },
): TierCharge {
  return {
    from,
    upTo,
    units,
    unitPrice,
    flatFee,
    amount: units.times(unitPrice).plus(flatFee),
  };
}
