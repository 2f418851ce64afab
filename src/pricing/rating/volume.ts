import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import {
  chargeTier,
  checkDivision,
  dividedUnits,
  division,
  dueAtZero,
  linePerTier,
  pricedTier,
  spanOf,
  tierList,
} from './tiers.ts';

/**
 * All units cost the price of the tier in which their total falls, with that tier's flat fee. One
 * more unit can make everything cheaper: such a cliff is allowed.
 */
export const volumeProperties = z
  .strictObject({ tiers: tierList(pricedTier), dueAtZero, ...division, linePerTier })
  .superRefine(checkDivision);

export function rateVolume(properties: z.output<typeof volumeProperties>, used: Decimal): Charged {
  const units = dividedUnits(properties, used);
  if (units.isZero() && !properties.dueAtZero) return { amount: new Decimal(0), tiers: [] };
  const span = spanOf(properties.tiers, units);
  const tier = chargeTier(span, units, {
    unitPrice: new Decimal(span.tier.unitPrice),
    flatFee: new Decimal(span.tier.flatFee),
  });
  return { amount: tier.amount, tiers: [tier] };
}
