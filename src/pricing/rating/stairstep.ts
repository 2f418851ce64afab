import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText } from './decimal.ts';
import { chargeTier, checkDivision, dividedUnits, division, dueAtZero, spanOf, tierList, upTo } from './tiers.ts';

const step = z.strictObject({
  upTo,
  flatFee: decimalText.describe('What any number of units in this tier costs.'),
});

/** One flat fee for the tier in which the total falls, whatever the units. */
export const stairstepProperties = z
  .strictObject({ tiers: tierList(step), dueAtZero, ...division })
  .superRefine(checkDivision);

export function rateStairstep(properties: z.output<typeof stairstepProperties>, used: Decimal): Charged {
  const units = dividedUnits(properties, used);
  if (units.isZero() && !properties.dueAtZero) return { amount: new Decimal(0), tiers: [] };
  const span = spanOf(properties.tiers, units);
  const tier = chargeTier(span, units, {
    unitPrice: new Decimal(0),
    flatFee: new Decimal(span.tier.flatFee),
  });
  return { amount: tier.amount, tiers: [tier] };
}
